//! An answer as [`crate::domain::citation`] reads it: paragraphs, list items and table rows in plain text, and the links
//! in them.
//!
//! Links are what CommonMark takes for links, outside code and images. Two things are mended first, because models write
//! them and Markdown would cut them off: the address of a known source that holds brackets which do not match, and an
//! address with brackets whose own closing bracket was taken for that of the link.

use crate::domain::markdown::{Insertions, fold};
use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd};
use std::ops::Range;

/// Longer ones are not mended.
const LONGEST_ADDRESS: usize = 2000;

/// A link of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its text, without markup.
    pub title: String,
    /// Where it points.
    pub url: String,
    /// The bytes of the answer it takes.
    pub range: Range<usize>,
}

/// What a passage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassageKind {
    /// A heading, a line set in bold as one, or the head of a table: it names and does not claim.
    Heading,
    /// A paragraph.
    Paragraph,
    /// The first paragraph of a list item.
    Item,
    /// A row of a table.
    Row,
}

/// A piece of an answer whose sentences belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// What it is.
    pub kind: PassageKind,
    /// How many lists it is in.
    pub depth: usize,
    /// Its text, without markup; a line that ends by intent ends in a line feed.
    pub text: String,
    /// Where its links are in the text, and which they are.
    pub links: Vec<(Range<usize>, usize)>,
    /// Where code is in the text.
    pub code: Vec<Range<usize>>,
}

/// Reads an answer: its passages, and all links in order. `known` holds the addresses of sources.
pub fn read<'a>(answer: &str, known: impl Iterator<Item = &'a str>) -> (Vec<Passage>, Vec<Link>) {
    let (mended, insertions) = mend(answer, known);
    let mut reader = Reader::default();
    for (event, range) in Parser::new_ext(&mended, Options::ENABLE_TABLES).into_offset_iter() {
        reader.take(event, insertions.original(range.start)..insertions.original(range.end));
    }
    reader.end_passage();
    (reader.passages, reader.links)
}

/// A passage and a link being read.
#[derive(Default)]
struct Reader {
    passages: Vec<Passage>,
    links: Vec<Link>,
    text: String,
    spans: Vec<(Range<usize>, usize)>,
    code: Vec<Range<usize>>,
    /// The link, and where its text begins.
    open_link: Option<(Link, usize)>,
    depth: usize,
    opens_item: bool,
    in_heading: bool,
    in_row: bool,
    in_code_block: bool,
    images: usize,
    strong: usize,
    /// Text that is not bold was seen.
    plain: bool,
}

impl Reader {
    fn take(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag),
            Event::Text(text) if !self.in_code_block => self.push(&text),
            Event::Code(text) => {
                let start = self.text.len();
                self.push(&text);
                self.code.push(start..self.text.len());
            }
            Event::SoftBreak => self.push(" "),
            Event::HardBreak => self.push("\n"),
            // Line breaks in tables are written as HTML.
            Event::InlineHtml(_) => self.push(" "),
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>, range: Range<usize>) {
        match tag {
            Tag::List(_) => {
                self.end_passage();
                self.depth += 1;
            }
            Tag::Item => {
                self.end_passage();
                self.opens_item = true;
            }
            Tag::Heading { .. } | Tag::TableHead => {
                self.end_passage();
                self.in_heading = true;
            }
            Tag::TableRow => {
                self.end_passage();
                self.in_row = true;
            }
            Tag::TableCell if !self.text.is_empty() => self.push(" | "),
            Tag::CodeBlock(_) => {
                self.end_passage();
                self.in_code_block = true;
            }
            Tag::Paragraph | Tag::BlockQuote(_) | Tag::HtmlBlock | Tag::Table(_) => self.end_passage(),
            Tag::Strong => self.strong += 1,
            Tag::Image { .. } => self.images += 1,
            Tag::Link { link_type, dest_url, .. } => {
                let elsewhere = link_type != LinkType::Email && !dest_url.starts_with('#');
                if elsewhere && !dest_url.starts_with("mailto:") && self.images == 0 {
                    let link = Link { title: String::new(), url: dest_url.trim().to_owned(), range };
                    self.open_link = Some((link, self.text.len()));
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::List(_) => {
                self.end_passage();
                self.depth = self.depth.saturating_sub(1);
            }
            TagEnd::Item => {
                self.end_passage();
                self.opens_item = false;
            }
            TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::TableHead | TagEnd::TableRow | TagEnd::BlockQuote(_) => {
                self.end_passage();
            }
            TagEnd::CodeBlock => self.in_code_block = false,
            TagEnd::Strong => self.strong = self.strong.saturating_sub(1),
            TagEnd::Image => self.images = self.images.saturating_sub(1),
            TagEnd::Link => {
                if let Some((link, start)) = self.open_link.take() {
                    let title = fold(&self.text[start..]);
                    self.spans.push((start..self.text.len(), self.links.len()));
                    self.links.push(Link { title, ..link });
                }
            }
            _ => {}
        }
    }

    fn push(&mut self, text: &str) {
        if self.images == 0 {
            self.plain |= self.strong == 0 && text.contains(char::is_alphanumeric);
            self.text.push_str(text);
        }
    }

    fn end_passage(&mut self) {
        let text = std::mem::take(&mut self.text);
        let (links, code) = (std::mem::take(&mut self.spans), std::mem::take(&mut self.code));
        let label = !self.plain && links.is_empty() && !text.trim_end().ends_with(['.', '!', '?', '"', '”']);
        let kind = if self.in_heading || (label && !self.in_row) {
            PassageKind::Heading
        } else if self.in_row {
            PassageKind::Row
        } else if self.opens_item {
            PassageKind::Item
        } else {
            PassageKind::Paragraph
        };
        (self.in_heading, self.in_row, self.plain) = (false, false, false);
        if !text.trim().is_empty() || !links.is_empty() {
            self.opens_item = false;
            self.passages.push(Passage { kind, depth: self.depth, text, links, code });
        }
    }
}

/// The answer with addresses that Markdown would cut off put into angle brackets.
fn mend<'a>(answer: &str, known: impl Iterator<Item = &'a str>) -> (String, Insertions) {
    let can_be_wrapped = |uri: &&str| uri.contains(['(', ')', ' ']) && !uri.contains(['<', '>', '\n', '\\']);
    let mut bracketed: Vec<&str> = known.map(str::trim).filter(can_be_wrapped).collect();
    bracketed.sort_by_key(|uri| std::cmp::Reverse(uri.len()));
    let mut mended = String::with_capacity(answer.len() + 16);
    let mut insertions = Insertions::default();
    let mut copied = 0;
    for (at, _) in answer.match_indices("](") {
        let start = at + 2;
        if start < copied {
            continue;
        }
        let rest = &answer[start..];
        let of_source = bracketed.iter().find(|uri| rest.starts_with(**uri) && ends_address(&rest[uri.len()..]));
        let Some(url) = of_source.copied().or_else(|| unclosed(rest)) else { continue };
        let closed = rest[url.len()..].starts_with(')') || rest[url.len()..].starts_with(" \"");
        mended.push_str(&answer[copied..start]);
        insertions.note(mended.len(), 1);
        mended.push('<');
        mended.push_str(url);
        let end = if closed { ">" } else { ">)" };
        insertions.note(mended.len(), end.len());
        mended.push_str(end);
        copied = start + url.len();
    }
    mended.push_str(&answer[copied..]);
    (mended, insertions)
}

/// Whether an address can end here.
fn ends_address(rest: &str) -> bool {
    let rest = rest.trim_start_matches(['.', ',', ';', ':', '!', '?']);
    rest.is_empty() || rest.starts_with(')') || rest.starts_with(char::is_whitespace)
}

/// The address of a link that ends without a closing bracket of its own: `[A](https://example.com/A_(b)`.
fn unclosed(rest: &str) -> Option<&str> {
    if !rest.starts_with("http") {
        return None;
    }
    let run = match rest.char_indices().take(LONGEST_ADDRESS + 1).find(|(_, c)| c.is_whitespace()) {
        Some((end, _)) => &rest[..end],
        None if rest.len() <= LONGEST_ADDRESS => rest,
        None => return None,
    };
    if rest[run.len()..].starts_with(" \"") {
        return None;
    }
    let mut open = 1_u32;
    for c in run.chars() {
        match c {
            '(' => open += 1,
            ')' if open == 1 => return None,
            ')' => open -= 1,
            '<' | '>' | '\\' | '[' => return None,
            _ => {}
        }
    }
    // Without a closing bracket the answer was cut off, and nothing says where the address ends.
    run.rfind(')').map(|last| &run[..=last])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(answer: &str) -> Vec<String> {
        let (passages, _) = read(answer, std::iter::empty());
        passages.iter().map(|p| format!("{:?} {} {}", p.kind, p.depth, p.text)).collect()
    }

    fn links(answer: &str, known: &[&str]) -> Vec<String> {
        let (_, links) = read(answer, known.iter().copied());
        links.iter().map(|l| format!("{} -> {} = {}", l.title, l.url, &answer[l.range.clone()])).collect()
    }

    #[test]
    fn passages_are_paragraphs_items_and_rows() {
        let answer = "# Title 2024\n\nOne\ntwo  \nthree\n\n1. item\n\n   again\n   - inner\n\n| a | b |\n|---|---|\n| 1 | *2* |\n\n\
                      **Bold label**\n\n**Bold** text\n\n```\ncode 5\n```\n\n> quoted\n\n<div>5</div>\n\n![alt 5](x)\n";
        assert_eq!(
            told(answer),
            [
                "Heading 0 Title 2024",
                "Paragraph 0 One two\nthree",
                "Item 1 item",
                "Paragraph 1 again",
                "Item 2 inner",
                "Heading 0 a | b",
                "Row 0 1 | 2",
                "Heading 0 Bold label",
                "Paragraph 0 Bold text",
                "Paragraph 0 quoted",
            ]
        );
    }

    #[test]
    fn links_of_all_kinds_are_found() {
        assert_eq!(
            links("A [*B* `c` \\[d\\]](<http://x/a b> \"t\") and [e][1].\n\n[1]: http://x/e", &[]),
            ["B c [d] -> http://x/a b = [*B* `c` \\[d\\]](<http://x/a b> \"t\")", "e -> http://x/e = [e][1]",]
        );
        assert_eq!(
            links("é [W](http://x/W_(d)) <http://x/f>", &[]),
            ["W -> http://x/W_(d) = [W](http://x/W_(d))", "http://x/f -> http://x/f = <http://x/f>"]
        );
    }

    #[test]
    fn images_code_mail_and_anchors_are_no_links() {
        let answer = "![a](http://x/a) `[b](http://x/b)` <me@example.com> [up](#top) [m](mailto:a@b.c)\n\n```\n[c](http://x/c)\n```";
        assert!(links(answer, &[]).is_empty());
    }

    #[test]
    fn addresses_with_brackets_that_do_not_match_are_mended() {
        assert_eq!(
            links("See [T](http://x/a)b), [U](http://x/c).", &["http://x/a)b"]),
            ["T -> http://x/a)b = [T](http://x/a)b)", "U -> http://x/c = [U](http://x/c)"]
        );
        assert_eq!(
            links("é [T](http://x/A_(b). [U](http://x/c) ok", &["http://x/A_(b)"]),
            ["T -> http://x/A_(b) = [T](http://x/A_(b)", "U -> http://x/c = [U](http://x/c)"]
        );
        assert_eq!(links("[T](http://x/A_(b) and more", &[]), ["T -> http://x/A_(b) = [T](http://x/A_(b)"]);
        assert_eq!(links("[T](http://x/a b)", &["http://x/a b"]), ["T -> http://x/a b = [T](http://x/a b)"]);
        assert!(links("[T](http://x/a", &[]).is_empty());
    }
}
