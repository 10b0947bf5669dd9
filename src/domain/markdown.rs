//! Markdown read as the lines a person sees: what [`crate::domain::fence`] and [`crate::domain::conversation`] look for
//! in an assistant's message.

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

/// Where a line of text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// A heading.
    Heading,
    /// The first line of a list item.
    Item,
    /// The first line of any other paragraph.
    Paragraph,
    /// A further line of the heading, item or paragraph before it.
    Continued,
}

/// One line of text without its markup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it stands.
    pub kind: LineKind,
    /// How many lists it is in.
    pub depth: usize,
    /// The text, white space folded.
    pub text: String,
}

/// The lines of a Markdown text, without code blocks, HTML, rules and empty lines.
pub fn lines(markdown: &str) -> Vec<Line> {
    let mut reader = Reader { lines: Vec::new(), text: String::new(), kind: LineKind::Paragraph, depth: 0 };
    let mut in_code = false;
    for event in Parser::new(markdown) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => {
                reader.end_line(LineKind::Paragraph);
                in_code = true;
            }
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Start(Tag::List(_)) => {
                reader.end_line(LineKind::Paragraph);
                reader.depth += 1;
            }
            Event::End(TagEnd::List(_)) => {
                reader.end_line(LineKind::Paragraph);
                reader.depth = reader.depth.saturating_sub(1);
            }
            Event::Start(Tag::Item) => reader.end_line(LineKind::Item),
            Event::Start(Tag::Heading { .. }) => reader.end_line(LineKind::Heading),
            // A paragraph that opens a list item is the item's line, so an item stays an item until it has text.
            Event::Start(Tag::Paragraph) => reader.end_line(match reader.kind {
                LineKind::Item => LineKind::Item,
                LineKind::Heading | LineKind::Paragraph | LineKind::Continued => LineKind::Paragraph,
            }),
            Event::End(TagEnd::Heading(_) | TagEnd::Paragraph | TagEnd::Item) => reader.end_line(LineKind::Paragraph),
            Event::Text(text) | Event::Code(text) if !in_code => reader.text.push_str(&text),
            Event::SoftBreak | Event::HardBreak => reader.end_line(LineKind::Continued),
            _ => {}
        }
    }
    reader.end_line(LineKind::Paragraph);
    reader.lines
}

/// White space folded to single spaces, none at the ends.
pub fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Characters put into a text before it was parsed, so that offsets can be told in the text as it was given.
#[derive(Debug, Clone, Default)]
pub struct Insertions {
    /// Offsets in the text with them, how many bytes, and how many with all before, in order.
    made: Vec<(usize, usize, usize)>,
}

impl Insertions {
    /// Notes bytes put in at an offset of the text with them, behind all noted before.
    pub fn note(&mut self, at: usize, count: usize) {
        let before = self.made.last().map_or(0, |(_, _, total)| *total);
        self.made.push((at, count, before + count));
    }

    /// Where an offset of the text with them lies in the text as given.
    pub fn original(&self, offset: usize) -> usize {
        let before = self.made.partition_point(|(at, ..)| *at < offset);
        match before.checked_sub(1).and_then(|last| self.made.get(last)) {
            Some((at, count, total)) => offset - (total - count) - (*count).min(offset - at),
            None => offset,
        }
    }
}

struct Reader {
    lines: Vec<Line>,
    text: String,
    kind: LineKind,
    depth: usize,
}

impl Reader {
    /// Ends the line being read, if it has text, and begins one of the kind given.
    fn end_line(&mut self, next: LineKind) {
        let text = fold(&self.text);
        self.text.clear();
        if !text.is_empty() {
            self.lines.push(Line { kind: self.kind, depth: self.depth, text });
        }
        self.kind = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_know_where_they_stand() {
        let found = lines(
            "# A *big* title\n\nOne\ntwo\n\n1. first\n   more\n\n   again\n   - `inner`\n2. second\n\n```\ncode\n```\nend",
        );
        let told: Vec<String> = found.iter().map(|l| format!("{:?} {} {}", l.kind, l.depth, l.text)).collect();
        assert_eq!(
            told,
            [
                "Heading 0 A big title",
                "Paragraph 0 One",
                "Continued 0 two",
                "Item 1 first",
                "Continued 1 more",
                "Paragraph 1 again",
                "Item 2 inner",
                "Item 1 second",
                "Paragraph 0 end",
            ]
        );
    }

    #[test]
    fn offsets_are_told_in_the_text_as_given() {
        // "ab" with two bytes put in before "a" and one between: "..a.b".
        let mut insertions = Insertions::default();
        insertions.note(0, 2);
        insertions.note(3, 1);
        let told: Vec<usize> = (0..=5).map(|offset| insertions.original(offset)).collect();
        assert_eq!(told, [0, 0, 0, 1, 1, 2]);
    }

    #[test]
    fn an_item_that_holds_only_a_list_gives_no_line_of_its_own() {
        assert_eq!(lines("- - a").iter().map(|l| l.depth).collect::<Vec<_>>(), [2]);
    }
}
