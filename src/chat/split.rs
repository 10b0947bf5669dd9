//! Cuts Markdown into parts that each render by themselves, for platforms that limit the length of a message.
//!
//! Where a part ends is a question of `Border`; what has to be said again at the start of the next part is a
//! `Frame`. White space around a cut may go, nothing else does: what a frame adds are fences, the head of a table and
//! the marks of a quote.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use std::collections::BTreeMap;
use std::ops::Range;

const OPTIONS: Options = Options::ENABLE_STRIKETHROUGH.union(Options::ENABLE_TABLES).union(Options::ENABLE_TASKLISTS);
/// Blocks within more blocks than this are not text that someone wants to read.
const DEEPEST: usize = 32;
const SENTENCE_ENDS: [char; 7] = ['.', '!', '?', '…', '。', '！', '？'];
/// May stand between the end of a sentence and the space behind it.
const CLOSING: [char; 5] = ['"', '”', ')', '*', '_'];
/// These need no space behind them.
const FULL_WIDTH_ENDS: [char; 3] = ['。', '！', '？'];
/// At the start of a line these would begin a heading, a list, a quote or a fence.
const LINE_MARKS: [char; 7] = ['#', '>', '~', '-', '+', '=', '*'];
/// What quotes and lists put before the lines of their blocks.
const CONTAINER_MARKS: [char; 3] = [' ', '\t', '>'];

/// The parts of a Markdown text, each at most `most` characters (at least 200) long and readable alone.
pub fn split(markdown: &str, most: usize) -> Vec<String> {
    let most = most.max(1);
    let outline = Outline::read(markdown, most);
    let mut parts = Vec::new();
    let mut from = 0;
    while let Some(start) = outline.next_start(from) {
        let end = outline.best_cut(start, most);
        parts.push(outline.part(start, end));
        from = end;
    }
    parts
}

/// How good a place to cut is, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Border {
    /// Between top-level blocks, or items of a top-level list.
    Block,
    /// Between blocks that share a list item or a quote.
    Inner,
    Line,
    Sentence,
    Word,
    /// Where words or lines end, but something belongs together: a link, bold text, a heading and what follows it.
    Together,
    Hard,
}

/// What must surround a piece of a block for the piece to look like the block.
struct Frame {
    /// Cuts here need the frame.
    inside: Range<usize>,
    open: String,
    /// Goes before the rest of a line that was cut.
    line: String,
    close: String,
    /// How far the list around the block indents it.
    indent: usize,
}

impl Frame {
    fn length(&self) -> usize {
        length(&self.open) + length(&self.line) + length(&self.close)
    }
}

/// What can stand at the top level.
struct TopBlock {
    range: Range<usize>,
    /// Its indentation means nothing once it is cut.
    flows: bool,
}

/// What is known about a text before it is cut.
struct Outline<'a> {
    markdown: &'a str,
    /// The starts of blocks.
    borders: BTreeMap<usize, Border>,
    /// What better stays together, in order.
    together: Vec<Range<usize>>,
    /// In order of their starts, so the innermost comes last.
    frames: Vec<Frame>,
    top: Vec<TopBlock>,
}

impl<'a> Outline<'a> {
    fn read(markdown: &'a str, most: usize) -> Self {
        let mut outline =
            Self { markdown, borders: BTreeMap::new(), together: Vec::new(), frames: Vec::new(), top: Vec::new() };
        let (mut depth, mut quotes, mut after_heading) = (0, 0, false);
        for (event, range) in Parser::new_ext(markdown, OPTIONS).into_offset_iter() {
            match event {
                Event::Start(tag) => {
                    if let Tag::BlockQuote(_) = tag {
                        quotes += 1;
                    }
                    if starts_block(&tag) && depth < DEEPEST {
                        let is_top = depth == 0 || (depth == 1 && tag == Tag::Item);
                        outline.note_border(range.start, is_top, std::mem::take(&mut after_heading));
                    }
                    if depth == 0 {
                        let flows = matches!(tag, Tag::List(_) | Tag::Paragraph);
                        outline.top.push(TopBlock { range: range.clone(), flows });
                    }
                    if depth < DEEPEST {
                        outline.note_frame(&tag, &range, quotes);
                    }
                    outline.note_together(&tag, range);
                    depth += 1;
                }
                Event::End(tag) => {
                    depth -= 1;
                    quotes -= usize::from(matches!(tag, TagEnd::BlockQuote(_)));
                    after_heading |= matches!(tag, TagEnd::Heading(_));
                }
                Event::Rule => outline.note_border(range.start, depth == 0, std::mem::take(&mut after_heading)),
                Event::Code(_) | Event::InlineHtml(_) => outline.keep_together(range),
                _ => {}
            }
        }
        // A frame that takes up most of a part (a fence of a hundred backticks) is no help to a reader.
        outline.frames.retain(|frame| frame.length() <= most / 3);
        outline
    }

    fn note_border(&mut self, at: usize, is_top: bool, after_heading: bool) {
        let line = self.line_start(at);
        // A block that starts within a line (an item in an item) is cut where the line starts.
        if self.markdown[line..at].chars().all(|c| CONTAINER_MARKS.contains(&c)) {
            let border = match (after_heading, is_top) {
                (true, _) => Border::Together,
                (false, true) => Border::Block,
                (false, false) => Border::Inner,
            };
            self.borders.entry(line).or_insert(border);
        }
    }

    fn note_frame(&mut self, tag: &Tag<'_>, range: &Range<usize>, quotes: usize) {
        match tag {
            Tag::CodeBlock(CodeBlockKind::Fenced(_)) => self.note_fence(range),
            Tag::CodeBlock(CodeBlockKind::Indented) => self.note_plain_frame(range, "    ".to_owned()),
            Tag::BlockQuote(_) => self.note_plain_frame(range, "> ".repeat(quotes)),
            Tag::Table(_) => self.note_table(range),
            _ => {}
        }
    }

    fn note_plain_frame(&mut self, range: &Range<usize>, line: String) {
        let indent = indent_of(&self.prefix(range.start));
        let inside = range.start + 1..range.end;
        self.frames.push(Frame { inside, open: String::new(), line, close: String::new(), indent });
    }

    fn note_fence(&mut self, range: &Range<usize>) {
        let block = self.markdown[range.clone()].trim_end();
        let Some(first_end) = block.find('\n') else { return };
        let opening = block[..first_end].trim_end();
        let fence: String = opening.trim_start().chars().take_while(|c| matches!(c, '`' | '~')).collect();
        let last_start = block.rfind('\n').unwrap_or(first_end) + 1;
        let last = block[last_start..].trim_start_matches(CONTAINER_MARKS);
        let is_closed = last.starts_with(&fence) && last.chars().all(|c| fence.starts_with(c));
        let prefix = self.prefix(range.start);
        let close = format!("\n{prefix}{}", if is_closed { last } else { &fence });
        let indent = indent_of(&prefix);
        let inside = range.start + first_end + 1..if is_closed { range.start + last_start + 1 } else { range.end };
        self.keep_together(range.start..inside.start + 1);
        if is_closed {
            // The line that closes the block would open one at the start of a part.
            self.keep_together(range.start + last_start - 1..range.start + block.len());
        }
        self.frames.push(Frame { inside, open: format!("{prefix}{opening}\n"), line: prefix, close, indent });
    }

    fn note_table(&mut self, range: &Range<usize>) {
        let block = &self.markdown[range.clone()];
        let head: usize = block.split_inclusive('\n').take(2).map(str::len).sum();
        if head < block.trim_end().len() {
            let prefix = self.prefix(range.start);
            let open = format!("{prefix}{}", &block[..head]);
            let inside = range.start + head..range.end;
            self.keep_together(range.start..inside.start + 1);
            self.frames.push(Frame {
                inside,
                open,
                line: prefix.clone(),
                close: String::new(),
                indent: indent_of(&prefix),
            });
        }
    }

    fn note_together(&mut self, tag: &Tag<'_>, range: Range<usize>) {
        let belongs = matches!(
            tag,
            Tag::Heading { .. }
                | Tag::Emphasis
                | Tag::Strong
                | Tag::Strikethrough
                | Tag::Link { .. }
                | Tag::Image { .. }
        );
        if belongs {
            self.keep_together(range);
        }
    }

    fn keep_together(&mut self, range: Range<usize>) {
        if self.together.last().is_none_or(|last| last.end < range.end) {
            self.together.push(range);
        }
    }

    /// What the containers of a block put at the start of its lines: the marks of quotes, and spaces for those of lists.
    fn prefix(&self, block: usize) -> String {
        let before = &self.markdown[self.line_start(block)..block];
        before.chars().map(|c| if matches!(c, '>' | '\t') { c } else { ' ' }).collect()
    }

    fn line_start(&self, at: usize) -> usize {
        self.markdown[..at].rfind('\n').map_or(0, |newline| newline + 1)
    }

    fn is_line_start(&self, at: usize) -> bool {
        self.markdown[..at].is_empty() || self.markdown[..at].ends_with('\n')
    }

    fn is_blank_line(&self, at: usize) -> bool {
        self.markdown[at..].lines().next().is_none_or(|line| line.chars().all(|c| CONTAINER_MARKS.contains(&c)))
    }

    fn frame(&self, at: usize) -> Option<&Frame> {
        self.frames.iter().rfind(|frame| frame.inside.contains(&at))
    }
}

/// Choosing where to cut.
impl Outline<'_> {
    /// Where the next part starts: without the empty lines before it, but with the indentation of its first line.
    fn next_start(&self, from: usize) -> Option<usize> {
        let rest = &self.markdown[from..];
        let text = from + rest.find(|c: char| !c.is_whitespace())?;
        match self.frame(from) {
            Some(frame) if !frame.open.is_empty() => Some(from),
            _ => Some(self.line_start(text).max(from)),
        }
    }

    /// Where the part that starts at `start` ends.
    fn best_cut(&self, start: usize, most: usize) -> usize {
        let said_again = self.frame(start).map_or(0, |frame| length(&frame.open) + length(&frame.line));
        let room = most.saturating_sub(said_again);
        let mut best: Option<(Border, usize)> = None;
        // Characters so far, and how many of them a part has that ends here and loses its last spaces.
        let (mut count, mut filled) = (0, 0);
        for (offset, c) in self.markdown[start..].char_indices() {
            let at = start + offset;
            if filled > 0 {
                let border = self.border(at, filled * 2 >= room);
                let is_better = best.is_none_or(|(found, _)| border <= found);
                if is_better && filled + self.frame(at).map_or(0, |frame| length(&frame.close)) <= room {
                    best = Some((border, at));
                }
            }
            count += 1;
            if !c.is_whitespace() {
                filled = count;
            }
            if filled > room {
                let next = at + c.len_utf8();
                return best.map_or(next, |(_, cut)| cut);
            }
        }
        self.markdown.len()
    }

    fn border(&self, at: usize, is_full: bool) -> Border {
        let border = match self.borders.get(&at) {
            Some(border) => *border,
            None if self.is_line_start(at) && !self.is_blank_line(at) => Border::Line,
            None => self.border_in_line(at, is_full),
        };
        let next = self.together.partition_point(|range| range.start < at);
        let is_within = next.checked_sub(1).is_some_and(|last| at < self.together[last].end);
        if is_within { border.max(Border::Together) } else { border }
    }

    fn border_in_line(&self, at: usize, is_full: bool) -> Border {
        let (before, after) = self.markdown.split_at(at);
        if before.ends_with(FULL_WIDTH_ENDS) && is_full {
            return Border::Sentence;
        }
        if !before.ends_with(char::is_whitespace) || after.starts_with(char::is_whitespace) || is_indentation(before) {
            return Border::Hard;
        }
        match after.starts_with(LINE_MARKS) {
            true => Border::Together,
            // A short sentence at the start is no reason to leave the rest of a part empty.
            false if is_full && before.trim_end().trim_end_matches(CLOSING).ends_with(SENTENCE_ENDS) => {
                Border::Sentence
            }
            false => Border::Word,
        }
    }
}

/// Writing a part.
impl Outline<'_> {
    fn part(&self, start: usize, end: usize) -> String {
        let close = self.frame(end).map_or("", |frame| &frame.close);
        match self.top.iter().find(|top| top.flows && top.range.contains(&start)) {
            Some(top) if top.range.end < end => {
                let block = unindented(&self.framed(start, top.range.end), self.indent(start, top));
                (block + &self.markdown[top.range.end..end]).trim_end().to_owned() + close
            }
            Some(top) => unindented(&(self.framed(start, end).trim_end().to_owned() + close), self.indent(start, top)),
            None => self.framed(start, end).trim_end().to_owned() + close,
        }
    }

    fn framed(&self, start: usize, end: usize) -> String {
        let text = &self.markdown[start..end];
        match self.frame(start) {
            Some(frame) if self.is_line_start(start) => format!("{}{text}", frame.open),
            Some(frame) => format!("{}{}{text}", frame.open, frame.line),
            None => text.to_owned(),
        }
    }

    /// How far a block that was cut is indented by what went before: by its frame, or like its first whole line.
    fn indent(&self, start: usize, top: &TopBlock) -> usize {
        if let Some(frame) = self.frame(start) {
            return frame.indent;
        }
        let text = &self.markdown[start..top.range.end];
        let lines = if self.is_line_start(start) { text } else { text.split_once('\n').map_or("", |(_, lines)| lines) };
        lines.lines().find(|line| !line.trim().is_empty()).map_or(0, indent_of)
    }
}

fn starts_block(tag: &Tag<'_>) -> bool {
    matches!(
        tag,
        Tag::Paragraph
            | Tag::Heading { .. }
            | Tag::BlockQuote(_)
            | Tag::CodeBlock(_)
            | Tag::HtmlBlock
            | Tag::List(_)
            | Tag::Item
            | Tag::Table(_)
    )
}

/// Whether the end of a text is only what stands before a line's own text.
fn is_indentation(before: &str) -> bool {
    before.chars().rev().take(DEEPEST * 4).find(|c| !CONTAINER_MARKS.contains(c)) == Some('\n')
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

/// Lines without up to `indent` of their indentation.
fn unindented(text: &str, indent: usize) -> String {
    text.split_inclusive('\n').map(|line| &line[indent_of(line).min(indent)..]).collect()
}

fn length(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Words of a text of the length asked for, in sentences of eight.
    fn prose(length: usize) -> String {
        let words = (1..).map(|n| if n % 8 == 0 { format!("w{n}. ") } else { format!("w{n} ") });
        words.flat_map(|word| word.chars().collect::<Vec<_>>()).take(length).collect::<String>().trim_end().to_owned()
    }

    fn letters(text: &str) -> Vec<char> {
        text.chars().filter(|c| !c.is_whitespace()).collect()
    }

    fn is_in_order(all: &[char], within: &[char]) -> bool {
        let mut rest = within.iter();
        all.iter().all(|c| rest.any(|other| other == c))
    }

    /// What a reader sees, without white space; code in brackets, so that it stays code.
    fn visible(markdown: &str) -> String {
        let mut seen = String::new();
        for event in Parser::new_ext(markdown, OPTIONS) {
            match event {
                Event::Text(text) | Event::Code(text) => seen.extend(text.chars().filter(|c| !c.is_whitespace())),
                Event::Start(Tag::CodeBlock(_)) => seen.push('['),
                Event::End(TagEnd::CodeBlock) => seen.push(']'),
                _ => {}
            }
        }
        seen
    }

    /// A block as models write them.
    fn block() -> impl Strategy<Value = String> {
        let words = || "([a-z]{1,9} ){3,60}[a-z]{1,9}\\.";
        let code =
            || prop::collection::vec("[a-z]{1,5} {0,3}[a-z*#>-]{1,30}", 1..30).prop_map(|lines| lines.join("\n"));
        let indented = |text: String, by: &str| text.replace('\n', &format!("\n{by}"));
        prop_oneof![
            words(),
            words().prop_map(|text| format!("## {}", text.split_at(7).0)),
            code().prop_map(|code| format!("```rs\n{code}\n```")),
            prop::collection::vec(words(), 1..6).prop_map(|items| format!("- {}", items.join("\n- "))),
            prop::collection::vec(words(), 1..6).prop_map(|items| format!("1. top\n   - {}", items.join("\n   - "))),
            (words(), code()).prop_map(move |(text, code)| {
                format!("1. {text}\n\n   ```\n   {}\n   ```\n\n   after", indented(code, "   "))
            }),
            (words(), code()).prop_map(move |(text, code)| {
                format!("> {text}\n>\n> ```\n> {}\n> ```\n> after", indented(code, "> "))
            }),
            (words(), code()).prop_map(move |(text, code)| {
                format!("- a\n  - {text}\n    ~~~~ x\n    {}\n    ~~~~\n- b", indented(code, "    "))
            }),
        ]
    }

    #[test]
    fn what_fits_stays_whole() {
        assert!(split("", 200).is_empty());
        assert!(split(" \n\n\t ", 200).is_empty());
        assert_eq!(split("\n\nOne.\n\n    code\n\n", 200), ["One.\n\n    code"]);
        assert_eq!(split("    code\n", 200), ["    code"]);
    }

    #[test]
    fn parts_end_between_blocks() {
        let (a, b, c) = (prose(90), prose(80), prose(100));
        assert_eq!(split(&format!("{a}\n\n{b}\n\n{c}\n"), 200), [format!("{a}\n\n{b}"), c.clone()]);
        assert_eq!(split(&format!("- {a}\n- {b}\n- {c}\n"), 200), [format!("- {a}\n- {b}"), format!("- {c}")]);
        assert_eq!(split(&format!("{a}\n\n***\n\n{b}\n{c}"), 200), [format!("{a}\n\n***"), format!("{b}\n{c}")]);
    }

    #[test]
    fn a_heading_stays_with_what_follows() {
        let (a, b) = (prose(120), prose(100));
        assert_eq!(
            split(&format!("{a}\n\n# One\n\n## Two\n\n{b}"), 200),
            [a.clone(), format!("# One\n\n## Two\n\n{b}")]
        );
        let long = prose(300);
        let parts = split(&format!("{a}\n\n# One\n\n{long}"), 200);
        assert!(parts[0] == a && parts[1].starts_with("# One\n\nw1 w2"), "{parts:#?}");
    }

    #[test]
    fn a_long_paragraph_ends_with_a_line_a_sentence_or_a_word() {
        let lines = [prose(80), prose(90), prose(100)];
        assert_eq!(split(&lines.join("\n"), 200), [lines[..2].join("\n"), lines[2].clone()]);
        let parts = split(&prose(500), 200);
        assert!(parts.len() == 3 && parts[..2].iter().all(|part| part.ends_with('.')), "{parts:#?}");
        let words = prose(500).replace('.', "");
        assert!(split(&words, 200).iter().all(|part| part.starts_with('w')));
        assert_eq!(split(&"x".repeat(450), 200).iter().map(String::len).collect::<Vec<_>>(), [200, 200, 50]);
        assert_eq!(split(&"é".repeat(300), 200).len(), 2, "characters count, not bytes");
    }

    #[test]
    fn links_and_bold_text_stay_whole() {
        let text = format!(
            "{} [a title of words](https://example.com/a) and **bold words here** end",
            prose(175).replace('.', "")
        );
        let parts = split(&text, 200);
        assert!(parts[1].starts_with("[a title of words](https://example.com/a)"), "{parts:#?}");
    }

    #[test]
    fn code_is_closed_and_opened_again() {
        let code: String = (1..=70).map(|n| format!("line {n};\n")).collect();
        for (open, close) in [("```rust", "```"), ("~~~~ a b", "~~~~"), ("```", "`````")] {
            let parts = split(&format!("Here:\n\n{open}\n{code}{close}\n\nDone."), 200);
            assert_eq!(parts[0], "Here:");
            let blocks: Vec<&str> = parts[1..].iter().map(|part| part.trim_end_matches("\n\nDone.")).collect();
            assert!(blocks.len() > 2);
            let mut lines = String::new();
            for block in blocks {
                let inner =
                    block.strip_prefix(&format!("{open}\n")).unwrap().strip_suffix(&format!("\n{close}")).unwrap();
                lines += &format!("{inner}\n");
            }
            assert_eq!(lines, code);
        }
    }

    #[test]
    fn code_keeps_its_indentation() {
        let code: String = (1..=40).map(|n| format!("    line {n};\n")).collect();
        let indented = split(&code, 200);
        assert!(indented.iter().all(|part| part.lines().all(|line| line.starts_with("    line"))), "{indented:#?}");
        let fenced = split(&format!("```\n{code}```"), 200);
        assert!(fenced.iter().all(|part| part.starts_with("```\n    line") && part.ends_with(";\n```")), "{fenced:#?}");
    }

    #[test]
    fn code_in_lists_and_quotes_is_opened_again() {
        let lines: Vec<String> = (1..=40).map(|n| format!("line {n};")).collect();
        let list = split(&format!("1. Do:\n\n   ```sh\n   {}\n   ```\n2. Next", lines.join("\n   ")), 200);
        assert!(list[1].starts_with("```sh\nline") && list[1].ends_with(";\n```"), "{list:#?}");
        assert!(list.last().unwrap().ends_with(";\n```\n2. Next") || list.last().unwrap() == "2. Next", "{list:#?}");
        let quote = split(&format!("> ```sh\n> {}\n> ```", lines.join("\n> ")), 200);
        assert!(
            quote.iter().all(|part| part.starts_with("> ```sh\n> line") && part.ends_with("\n> ```")),
            "{quote:#?}"
        );
    }

    #[test]
    fn nested_items_start_at_the_margin() {
        let items: Vec<String> = (1..=8).map(|n| format!("    - {n} {}\n      more", prose(60))).collect();
        let parts = split(&format!("1.  Top\n{}\n2.  Next", items.join("\n")), 200);
        assert!(parts[1].starts_with("- 3 w1") && parts[1].contains("\n  more\n- 4"), "{parts:#?}");
    }

    #[test]
    fn a_long_line_of_a_quote_stays_quoted() {
        let parts = split(&format!("> {}\n\nend", prose(500)), 200);
        assert!(parts.iter().filter(|part| *part != "end").all(|part| part.starts_with("> w")), "{parts:#?}");
        let code = split(&format!("```\n> {}\n```", prose(500)), 200);
        assert!(code[1].starts_with("```\nw"), "{code:#?}");
    }

    #[test]
    fn every_part_of_a_table_has_its_head() {
        let rows: String = (1..=20).map(|n| format!("| {n} | {} |\n", prose(20))).collect();
        let parts = split(&format!("| a | b |\n|---|---|\n{rows}"), 200);
        assert!(parts.len() > 2 && parts.iter().all(|part| part.starts_with("| a | b |\n|---|---|\n| ")), "{parts:#?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn parts_are_short_enough_and_hold_everything(
            text in "([a-zé中*_`~#>|<&\\[\\]()!.:+=\t -]{0,40}|\n|\n\n|```rs\n|\n```\n|~~~~\n|> |- |  - |    |1\\. |\\|a\\|b\\|\n\\|-\\|-\\|\n|\n# |\r\n){0,120}",
            most in 200usize..400,
        ) {
            let parts = split(&text, most);
            let joined: String = parts.concat();
            prop_assert!(parts.iter().all(|part| part.chars().count() <= most && !part.trim().is_empty()));
            prop_assert!(is_in_order(&letters(&text), &letters(&joined)), "{parts:#?}");
        }

        #[test]
        fn without_frames_nothing_is_added(text in "([a-zé .!?*_#-]{0,60}|\n|\n\n|\n- |\n# |\n  - |\\[a b\\](u)){0,60}") {
            let parts = split(&text, 200);
            prop_assume!(!text.contains("\n    "));
            prop_assert_eq!(letters(&parts.concat()), letters(&text));
        }

        #[test]
        fn parts_read_like_the_whole(blocks in prop::collection::vec(block(), 1..12), most in 200usize..500) {
            let text = blocks.join("\n\n");
            let parts = split(&text, most);
            let read: String = parts.iter().map(|part| visible(part)).collect();
            // Where code was cut, it ends and begins again.
            prop_assert_eq!(read.replace("][", ""), visible(&text).replace("][", ""), "{:#?}", parts);
        }

        #[test]
        fn code_comes_back_line_by_line(lines in prop::collection::vec("[a-z ]{0,50}[a-z]", 1..60)) {
            let parts = split(&format!("```text\n{}\n```", lines.join("\n")), 200);
            let inner = parts.iter().map(|part| part.strip_prefix("```text\n").unwrap().strip_suffix("\n```").unwrap());
            prop_assert_eq!(inner.collect::<Vec<_>>().join("\n"), lines.join("\n"));
        }
    }
}
