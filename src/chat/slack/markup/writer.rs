//! Writes what the Markdown parser reports: lines with their quote marks, indentation and bullets, and the formatting
//! within them.

use super::guard::{self, GUARD};
use super::link::Link;
use crate::chat::table::Table;
use pulldown_cmark::{Event, LinkType, Tag, TagEnd};
use std::ops::Range;

/// Quotes and lists within more of them look like these, so that nonsense does not grow into masses of spaces.
const DEEPEST: usize = 16;
const BULLET: &str = "• ";

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Look {
    /// Slack's markup.
    #[default]
    Mrkdwn,
    /// Lines of text.
    Plain,
}

/// What comes between the text written and the text to come.
struct Gap {
    has_empty_line: bool,
    /// How many quotes an empty line is in.
    quotes: usize,
}

/// Formatted text that is being written. Its marks stand on every line that has text, since Slack ends them with a line.
struct Span {
    /// None within another span of the same mark.
    mark: Option<char>,
    is_open: bool,
}

/// Text as it is being written.
#[derive(Default)]
pub struct Writer {
    look: Look,
    out: String,
    gap: Option<Gap>,
    quotes: usize,
    /// The number of the next item of each list that is open, if it is numbered.
    lists: Vec<Option<u64>>,
    /// Stands before the first line of an item, until that is written.
    marker: Option<String>,
    spans: Vec<Span>,
    after_span: bool,
    link: Option<Link>,
    code: Option<String>,
    table: Option<Table>,
}

/// What the parser reports.
impl Writer {
    /// A writer that has not written yet.
    pub fn new(look: Look) -> Self {
        Self { look, gap: Some(Gap { has_empty_line: false, quotes: 0 }), ..Self::default() }
    }

    /// Takes the next of what the parser found, which lies in `range` of the Markdown.
    pub fn event(&mut self, event: Event<'_>, markdown: &str, range: &Range<usize>) {
        match event {
            Event::Start(Tag::Emphasis) | Event::End(TagEnd::Emphasis) if is_product(markdown, range) => self.text("*"),
            Event::Start(Tag::Strong) | Event::End(TagEnd::Strong) if is_product(markdown, range) => self.text("**"),
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.text(&text),
            Event::Code(code) => self.inline_code(&code),
            Event::SoftBreak | Event::HardBreak => self.text("\n"),
            Event::Rule => self.rule(),
            Event::TaskListMarker(is_done) => self.task(is_done),
            _ => {}
        }
    }

    /// What was written.
    pub fn finish(self) -> String {
        let text = self.out.trim_end();
        match self.look {
            Look::Mrkdwn => text.to_owned(),
            Look::Plain => guard::escape(&guard::without_mentions(text)),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.leave_gap(true),
            Tag::Heading { .. } => {
                self.leave_gap(true);
                self.start_span('*');
            }
            Tag::BlockQuote(_) => {
                self.leave_gap(true);
                self.quotes += 1;
            }
            Tag::CodeBlock(_) => self.code = Some(String::new()),
            Tag::List(first) => {
                self.end_marker();
                self.leave_gap(true);
                self.lists.push(first);
            }
            Tag::Item => self.start_item(),
            Tag::Table(alignments) => self.table = Some(Table { alignments, rows: Vec::new() }),
            Tag::TableHead | Tag::TableRow => self.table.iter_mut().for_each(|table| table.rows.push(Vec::new())),
            Tag::TableCell => {
                self.table.iter_mut().filter_map(|t| t.rows.last_mut()).for_each(|row| row.push(String::new()));
            }
            Tag::Emphasis => self.start_span('_'),
            Tag::Strong => self.start_span('*'),
            Tag::Strikethrough => self.start_span('~'),
            Tag::Link { link_type: LinkType::Email, dest_url, .. } => self.start_link(format!("mailto:{dest_url}")),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => self.start_link(dest_url.into_string()),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock => self.leave_gap(true),
            TagEnd::Heading(_) => {
                self.end_span();
                self.leave_gap(true);
            }
            TagEnd::BlockQuote(_) => {
                self.quotes = self.quotes.saturating_sub(1);
                self.leave_gap(true);
            }
            TagEnd::CodeBlock => {
                let code = self.code.take().unwrap_or_default();
                self.code_block(&code);
            }
            TagEnd::List(_) => {
                self.lists.pop();
                self.leave_gap(true);
            }
            TagEnd::Item => self.end_marker(),
            TagEnd::Table => self.end_table(),
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => self.end_span(),
            TagEnd::Link | TagEnd::Image => self.end_link(),
            _ => {}
        }
    }

    /// Text, wherever it belongs. A line end in it is a line end for Slack too: models mean it.
    fn text(&mut self, text: &str) {
        if let Some(code) = &mut self.code {
            code.push_str(text);
        } else if let Some(link) = &mut self.link {
            link.title.push_str(text);
        } else if let Some(cell) = self.table.as_mut().and_then(|t| t.rows.last_mut()).and_then(|row| row.last_mut()) {
            cell.push_str(text);
        } else {
            for (number, line) in text.split('\n').enumerate() {
                if number > 0 {
                    self.close_spans();
                    self.leave_gap(false);
                }
                if !line.trim().is_empty() || (self.gap.is_none() && !line.is_empty()) {
                    self.literal(line);
                }
            }
        }
    }

    fn inline_code(&mut self, code: &str) {
        if self.link.is_some() || self.table.is_some() || self.look == Look::Plain {
            return self.text(code);
        }
        self.begin();
        self.open_spans();
        self.end_word('`');
        // Slack has no way to show a backtick within code; this one looks the same.
        self.out.push_str(&format!("`{}`", guard::escape(code).replace('`', "ˋ")));
        self.after_span = true;
    }

    fn rule(&mut self) {
        self.leave_gap(true);
        if self.look == Look::Mrkdwn {
            self.begin();
            self.out.push_str("───");
            self.leave_gap(true);
        }
    }
}

/// Lines and what stands at their start.
impl Writer {
    fn leave_gap(&mut self, with_empty_line: bool) {
        // Slack's lists are lines; empty ones would tear them apart.
        let has_empty_line = with_empty_line && self.lists.is_empty() && self.look == Look::Mrkdwn;
        let gap = self.gap.get_or_insert(Gap { has_empty_line, quotes: self.quotes });
        gap.has_empty_line |= has_empty_line;
        gap.quotes = gap.quotes.min(self.quotes);
    }

    /// Makes sure that text can follow.
    fn begin(&mut self) {
        self.begin_line(true);
    }

    fn begin_line(&mut self, indented: bool) {
        let Some(gap) = self.gap.take() else { return };
        if !self.out.is_empty() {
            self.out.push('\n');
            if gap.has_empty_line {
                self.out.push_str(&quote_marks(gap.quotes));
                self.out.push('\n');
            }
        }
        if self.look == Look::Mrkdwn {
            self.out.push_str(&quote_marks(self.quotes));
        }
        match self.marker.take() {
            Some(marker) => self.out.push_str(&(nesting(self.lists.len().saturating_sub(1)) + &marker)),
            None if indented => self.out.push_str(&nesting(self.lists.len())),
            None => {}
        }
        self.after_span = false;
    }

    fn start_item(&mut self) {
        self.end_marker();
        self.leave_gap(false);
        self.marker = match self.lists.last_mut() {
            Some(Some(number)) => {
                let marker = format!("{number}. ");
                *number += 1;
                Some(marker)
            }
            Some(None) | None => Some(BULLET.to_owned()),
        };
    }

    fn task(&mut self, is_done: bool) {
        let mark = if is_done { "☑ " } else { "☐ " };
        self.marker = match self.marker.take() {
            Some(number) if number != BULLET => Some(number + mark),
            _ => Some(mark.to_owned()),
        };
    }

    /// Writes the marker of an item that has no text of its own.
    fn end_marker(&mut self) {
        if self.marker.is_some() {
            self.begin();
            self.leave_gap(false);
        }
    }
}

/// Formatting within lines.
impl Writer {
    fn start_span(&mut self, mark: char) {
        if self.link.is_none() && self.table.is_none() {
            let is_new = self.look == Look::Mrkdwn && !self.spans.iter().any(|span| span.mark == Some(mark));
            self.spans.push(Span { mark: is_new.then_some(mark), is_open: false });
        }
    }

    fn end_span(&mut self) {
        if self.link.is_none() && self.table.is_none() {
            let ended = self.spans.pop().filter(|span| span.is_open);
            self.after_span |= ended.is_some();
            self.out.extend(ended.and_then(|span| span.mark));
        }
    }

    /// Marks are written when there is text for them, for an empty span would show its marks.
    fn open_spans(&mut self) {
        for at in 0..self.spans.len() {
            if std::mem::replace(&mut self.spans[at].is_open, true) {
                continue;
            }
            if let Some(mark) = self.spans[at].mark {
                self.end_word(mark);
                self.out.push(mark);
            }
        }
    }

    fn close_spans(&mut self) {
        for span in self.spans.iter_mut().rev() {
            if std::mem::replace(&mut span.is_open, false) {
                self.out.extend(span.mark);
            }
        }
    }

    /// Slack reads marks only at the borders of words.
    fn end_word(&mut self, mark: char) {
        let touches = |last: char| last.is_alphanumeric() || last == mark;
        if self.out.ends_with(touches) {
            self.out.push(GUARD);
        }
        self.after_span = false;
    }

    fn literal(&mut self, text: &str) {
        self.begin();
        self.open_spans();
        if std::mem::take(&mut self.after_span) && text.starts_with(|c: char| c.is_alphanumeric() || guard::is_mark(c))
        {
            self.out.push(GUARD);
        }
        if self.look == Look::Mrkdwn && text.starts_with('>') && (self.out.is_empty() || self.out.ends_with('\n')) {
            // Escaped or not, Slack takes it for a quote.
            self.out.push(GUARD);
        }
        match self.look {
            Look::Mrkdwn => {
                let open: Vec<char> = self.spans.iter().filter_map(|span| span.mark).collect();
                guard::guard(&mut self.out, text, &open);
            }
            // Escaped once all is written.
            Look::Plain => self.out.push_str(text),
        }
    }

    fn start_link(&mut self, url: String) {
        match &mut self.link {
            Some(link) => link.within += 1,
            None => self.link = Some(Link { url, title: String::new(), within: 0 }),
        }
    }

    fn end_link(&mut self) {
        match self.link.take() {
            Some(link) if link.within == 0 => self.link(&link),
            Some(link) => self.link = Some(Link { within: link.within - 1, ..link }),
            None => {}
        }
    }

    fn link(&mut self, link: &Link) {
        let is_text_only = self.look == Look::Plain || self.table.is_some();
        match link.control().filter(|_| !is_text_only) {
            Some(control) => {
                self.begin();
                self.open_spans();
                self.after_span = false;
                self.out.push_str(&control);
            }
            None => self.text(&link.text()),
        }
    }
}

/// Blocks of code, and tables, which Slack shows best as code.
impl Writer {
    fn code_block(&mut self, code: &str) {
        self.leave_gap(true);
        if self.look == Look::Plain {
            self.text(code);
            return self.leave_gap(true);
        }
        self.end_marker();
        self.begin_line(false);
        // Two backticks beside each other are harmless, so every second one is set off.
        let code = if code.contains("```") { code.replace("``", &format!("`{GUARD}`")) } else { code.to_owned() };
        self.out.push_str("```");
        for line in code.lines().map(guard::escape).chain(["```".to_owned()]) {
            self.out.push('\n');
            self.out.push_str(&quote_marks(self.quotes));
            self.out.push_str(&line);
        }
        self.leave_gap(true);
    }

    fn end_table(&mut self) {
        let Some(table) = self.table.take() else { return };
        match self.look {
            Look::Mrkdwn => self.code_block(&guard::without_mentions(&table.aligned())),
            Look::Plain => self.code_block(&table.rows.iter().map(|row| row.join(" | ") + "\n").collect::<String>()),
        }
    }
}

/// Whether emphasis is multiplication, as in `2*3*4`: between ASCII letters or digits, one of them a digit.
fn is_product(markdown: &str, range: &Range<usize>) -> bool {
    let before = range.start.checked_sub(1).and_then(|at| markdown.as_bytes().get(at));
    match (before, markdown.as_bytes().get(range.end)) {
        (Some(a), Some(b)) => {
            a.is_ascii_alphanumeric() && b.is_ascii_alphanumeric() && (a.is_ascii_digit() || b.is_ascii_digit())
        }
        _ => false,
    }
}

fn quote_marks(depth: usize) -> String {
    "> ".repeat(depth.min(DEEPEST))
}

fn nesting(depth: usize) -> String {
    "    ".repeat(depth.min(DEEPEST))
}
