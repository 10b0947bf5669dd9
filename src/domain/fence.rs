//! The draft in an assistant's message: one fenced block, found by a CommonMark parser and never by a pattern.
//!
//! Which block it is, when there are several:
//! 1. the last one tagged `prompt` that holds text;
//! 2. else the last one tagged `markdown`, `md`, `text` or `txt`, or not tagged at all, of at least 100 characters (the
//!    shortest text that can be committed);
//! 3. else, when the message has one fenced block only, that one, if it is of the second kind and has at least 40
//!    characters. Anything shorter is an example or a question, not a draft.
//!
//! Blocks with another tag (`json`, `python`, …) are never the draft.
//!
//! **A repair.** CommonMark has no nesting: a block opened with three backticks ends at the first bare line of three,
//! also when that line was meant to close a ` ```json ` within. Small models write this all the time and would lose the
//! second half of their prompt. So when a block tagged as in 1 or 2 holds an opening fence *with an info string*, of the
//! same character and at least its own length, fences are balanced instead: each such opening wants a close of its own,
//! and the block ends where all are closed. When they never are, CommonMark's reading stands. A block tagged `prompt`
//! inside one tagged `markdown` and the like (a model that wrapped its whole answer) is taken out of its wrapping.

use crate::domain::markdown::{self, Insertions, LineKind};
use crate::domain::text;
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use std::ops::Range;

/// A message is mended at most this often; more broken blocks than that are not a message.
const MOST_REPAIRS: usize = 16;
/// Fences that nest deeper than this were left open one after the other.
const DEEPEST: usize = 6;
const LONG_ENOUGH: usize = 100;
const LONG_ENOUGH_ALONE: usize = 40;
const LONGEST_REASON: usize = 500;

/// The draft found in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftBlock {
    /// What stands between the fences, without the indentation of a list around it and without outer empty lines.
    pub text: String,
    /// The bytes of the whole block in the message, fences included.
    pub range: Range<usize>,
    /// What follows the opening fence, for example `prompt`.
    pub info: String,
}

/// The draft in an assistant's message, if it holds one. How it is chosen is told at the top of this file.
pub fn draft_block(markdown: &str) -> Option<DraftBlock> {
    let blocks = mended_blocks(markdown);
    let alone = blocks.len() == 1;
    let long_enough =
        |block: &&Block, least: usize| block.tag() == BlockTag::Plain && block.text.trim().chars().count() >= least;
    let chosen = blocks
        .iter()
        .rfind(|block| block.tag() == BlockTag::Prompt && !block.text.trim().is_empty())
        .or_else(|| blocks.iter().rfind(|block| long_enough(block, LONG_ENOUGH)))
        .or_else(|| blocks.iter().find(|block| alone && long_enough(block, LONG_ENOUGH_ALONE)))?;
    Some(DraftBlock { text: without_outer_lines(&chosen.text), range: chosen.range.clone(), info: chosen.info.clone() })
}

/// The message without its draft: what stood before and after it, an empty line between.
pub fn prose_around(markdown: &str, block: &DraftBlock) -> String {
    let before = markdown.get(..block.range.start).unwrap_or_default().trim_end();
    let after = markdown.get(block.range.end..).unwrap_or_default().trim();
    match (before.trim().is_empty(), after.is_empty()) {
        (true, _) => after.to_owned(),
        (false, true) => before.trim_start_matches('\n').to_owned(),
        (false, false) => format!("{}\n\n{after}", before.trim_start_matches('\n')),
    }
}

/// Why the assistant changed what it changed: the items of the lists below a heading or label that starts with
/// "Changes", one line of plain text each. Items within an item are part of it.
pub fn reasons(markdown_after_block: &str) -> Vec<String> {
    // The depth of the items wanted, once the label was seen; the label may itself be an item.
    let mut wanted: Option<usize> = None;
    let mut found: Vec<String> = Vec::new();
    for line in markdown::lines(markdown_after_block) {
        if is_changes_label(&line.text) && found.is_empty() {
            wanted = Some(line.depth + 1);
            continue;
        }
        let Some(depth) = wanted else { continue };
        let inside = line.depth >= depth;
        match (line.kind, found.last_mut()) {
            (LineKind::Item, _) if line.depth == depth => found.push(line.text),
            (_, Some(reason)) if inside => {
                reason.push(' ');
                reason.push_str(&line.text);
            }
            (LineKind::Heading | LineKind::Paragraph | LineKind::Item, Some(_)) => break,
            (LineKind::Heading, None) => wanted = None,
            // Between the label and its list a sentence may stand.
            (LineKind::Paragraph | LineKind::Continued | LineKind::Item, _) => {}
        }
    }
    found.iter().map(|reason| text::excerpt(reason, LONGEST_REASON)).collect()
}

fn is_changes_label(line: &str) -> bool {
    const LONGEST_LABEL: usize = 80;
    let start = line.get(.."changes".len()).unwrap_or_default();
    let rest = line.get("changes".len()..).unwrap_or_default();
    start.eq_ignore_ascii_case("changes")
        && !rest.starts_with(char::is_alphanumeric)
        && line.chars().count() <= LONGEST_LABEL
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BlockTag {
    Prompt,
    Plain,
    Other,
}

struct Block {
    text: String,
    info: String,
    range: Range<usize>,
}

impl Block {
    fn tag(&self) -> BlockTag {
        tag_of(&self.info)
    }
}

fn tag_of(info: &str) -> BlockTag {
    let word = info.split(|c: char| c.is_whitespace() || c == ',').next().unwrap_or_default();
    match word.to_lowercase().as_str() {
        "prompt" => BlockTag::Prompt,
        "" | "markdown" | "md" | "text" | "txt" => BlockTag::Plain,
        _ => BlockTag::Other,
    }
}

/// The fenced blocks of a text as CommonMark reads it.
fn blocks(markdown: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for (event, range) in Parser::new(markdown).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                open = Some(Block { text: String::new(), info: info.trim().to_owned(), range });
            }
            Event::Text(piece) => {
                if let Some(block) = &mut open {
                    block.text.push_str(&piece);
                }
            }
            Event::End(TagEnd::CodeBlock) => found.extend(open.take()),
            _ => {}
        }
    }
    found
}

/// The fenced blocks of a text, the repair made; the ranges are of the text as given.
fn mended_blocks(markdown: &str) -> Vec<Block> {
    let mut mended = Mended { text: markdown.to_owned(), added: Insertions::default() };
    let mut found = blocks(&mended.text);
    let mut done = 0;
    for _ in 0..MOST_REPAIRS {
        let broken = found.iter().filter(|block| block.range.start >= done).find_map(|block| {
            let repair = repair_of(&mended.text, block)?;
            Some((block.range.start, repair))
        });
        let Some((start, repair)) = broken else { break };
        let before = mended.clone();
        mended.make(&repair);
        let again = blocks(&mended.text);
        let held = match &repair {
            Repair::Lengthen { close, by, .. } => {
                let end = close.end + by * 2;
                again.iter().any(|block| {
                    let rest = mended.text.get(end..block.range.end);
                    block.range.start == start && rest.is_some_and(|rest| rest.trim().is_empty())
                })
            }
            Repair::Unwrap { .. } => true,
        };
        if held {
            found = again;
        } else {
            mended = before;
        }
        done = start + 1;
    }
    for block in &mut found {
        block.range = mended.added.original(block.range.start)..mended.added.original(block.range.end);
    }
    found
}

/// A change to the text after which CommonMark reads it as it was meant. Ranges are of fences, in bytes.
enum Repair {
    /// Both fences of a block get longer than all within.
    Lengthen { open: Range<usize>, close: Range<usize>, by: usize },
    /// The fence of a wrapping goes.
    Unwrap { open: Range<usize> },
}

/// A text with repairs made.
#[derive(Clone)]
struct Mended {
    text: String,
    added: Insertions,
}

impl Mended {
    fn make(&mut self, repair: &Repair) {
        match repair {
            Repair::Lengthen { open, close, by } => {
                let fence = self.text[open.start..=open.start].repeat(*by);
                self.text.insert_str(close.end, &fence);
                self.text.insert_str(open.end, &fence);
                self.added.note(open.end, *by);
                self.added.note(close.end + by, *by);
            }
            Repair::Unwrap { open } => {
                // To the end of the line: an info string left behind would read as prose.
                let end = self.text[open.end..].find('\n').map_or(self.text.len(), |at| open.end + at);
                let blank = " ".repeat(end - open.start);
                self.text.replace_range(open.start..end, &blank);
            }
        }
    }
}

/// The repair a block wants, by the rule at the top of this file.
fn repair_of(markdown: &str, block: &Block) -> Option<Repair> {
    if block.tag() == BlockTag::Other || block.info.is_empty() {
        return None;
    }
    let line_start = markdown[..block.range.start].rfind('\n').map_or(0, |at| at + 1);
    let outer = Fence::read(&markdown[block.range.start..], 0)?;
    let indent = block.range.start - line_start + outer.at;
    let open = block.range.start + outer.at..block.range.start + outer.at + outer.length;
    let mut longest = outer.length;
    let mut nested = false;
    let mut waiting = vec![outer.length];
    let mut at = markdown[open.end..].find('\n')? + open.end + 1;
    for line in markdown[at..].split_inclusive('\n') {
        if let Some(fence) = Fence::read(line, indent).filter(|fence| fence.character == outer.character) {
            let top = *waiting.last()?;
            if fence.bare && fence.length >= top {
                waiting.pop();
                if waiting.is_empty() {
                    // With nothing nested, CommonMark ended it here too.
                    let close = at + fence.at..at + fence.at + fence.length;
                    return nested.then(|| Repair::Lengthen { open, by: longest + 1 - outer.length, close });
                }
                longest = longest.max(fence.length);
            } else if !fence.bare && fence.length >= outer.length {
                if tag_of(fence.info) == BlockTag::Prompt && block.tag() == BlockTag::Plain && waiting.len() == 1 {
                    return Some(Repair::Unwrap { open });
                }
                if waiting.len() > DEEPEST {
                    return None;
                }
                nested = true;
                waiting.push(fence.length);
                longest = longest.max(fence.length);
            }
        }
        at += line.len();
    }
    None
}

/// A line that can open or close a block.
struct Fence<'a> {
    character: char,
    length: usize,
    /// Where in the line it begins.
    at: usize,
    info: &'a str,
    bare: bool,
}

impl<'a> Fence<'a> {
    /// Reads the first line of a text in a container whose content is indented by `indent`.
    fn read(text: &'a str, indent: usize) -> Option<Self> {
        let line = text.lines().next()?;
        let contained = line.bytes().take(indent).take_while(|byte| matches!(byte, b' ' | b'\t' | b'>')).count();
        let spaces = line[contained..].bytes().take(3).take_while(|byte| *byte == b' ').count();
        let at = contained + spaces;
        let character = line[at..].chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let length = line[at..].chars().take_while(|c| *c == character).count();
        let info = line[at + length..].trim();
        let is_fence = length >= 3 && !(character == '`' && info.contains('`'));
        is_fence.then_some(Self { character, length, at, info, bare: info.is_empty() })
    }
}

/// Without empty lines at the start and white space at the end; the first line keeps its indentation.
fn without_outer_lines(text: &str) -> String {
    let text = text.trim_end();
    let start = text.len() - text.trim_start().len();
    let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
    text[line..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LONG: &str = "You are a research assistant for executives. Name the risks first, cite every claim, and say \
                        plainly when the evidence is thin.";

    fn text_of(markdown: &str) -> String {
        draft_block(markdown).unwrap().text
    }

    #[test]
    fn the_block_tagged_prompt_is_the_draft_whatever_its_length() {
        let message = format!("Here:\n\n```prompt\nBe brief.\n```\n\nFor example:\n\n```\n{LONG}\n```\n");
        let block = draft_block(&message).unwrap();
        assert_eq!((block.text.as_str(), block.info.as_str()), ("Be brief.", "prompt"));
        assert_eq!(&message[block.range], "```prompt\nBe brief.\n```");
    }

    #[test]
    fn the_last_of_several_counts() {
        assert_eq!(text_of("```prompt\nold\n```\n\n```Prompt v2\nnew\n```"), "new");
        assert_eq!(
            text_of(&format!("```\n{LONG} 1\n```\n\n~~~md\n{LONG} 2\n~~~\n\n```\nshort\n```")),
            format!("{LONG} 2")
        );
    }

    #[test]
    fn an_empty_prompt_block_is_no_draft() {
        assert_eq!(draft_block("```prompt\n\n```"), None);
        assert_eq!(text_of("```prompt\nfull\n```\n```prompt\n```"), "full");
    }

    #[test]
    fn code_and_short_blocks_are_no_drafts() {
        assert_eq!(draft_block(&format!("```json\n{LONG}\n```")), None);
        assert_eq!(draft_block(&format!("```python\n{LONG}\n```")), None);
        assert_eq!(draft_block("```\nWhat did the bank say?\n```"), None);
        assert_eq!(draft_block("No block at all, only `code`."), None);
        assert_eq!(draft_block(&format!("    {LONG}")), None, "indented code is quoted, not offered");
        assert_eq!(draft_block(""), None);
    }

    #[test]
    fn a_middling_block_is_a_draft_only_when_it_is_alone() {
        let middling = "You are a financial analyst. Cite every claim.";
        assert_eq!(text_of(&format!("Try this:\n```\n{middling}\n```")), middling);
        assert_eq!(draft_block(&format!("```\n{middling}\n```\n\n```\nWhat happened?\n```")), None);
    }

    #[test]
    fn longer_fences_hold_shorter_ones() {
        let inner = format!("{LONG}\n\n```\nexample\n```\n\n~~~\nother\n~~~");
        assert_eq!(text_of(&format!("````prompt\n{inner}\n````\nDone.")), inner);
        assert_eq!(text_of(&format!("~~~~~ prompt\n{inner}\n~~~~~")), inner);
    }

    #[test]
    fn a_fence_in_a_list_loses_the_indentation_of_the_list() {
        let message = "1. Here it is:\n\n   ```prompt\n   # Role\n     You analyse.\n   ```\n\n2. Next";
        let block = draft_block(message).unwrap();
        assert_eq!(block.text, "# Role\n  You analyse.");
        assert!(message[block.range.clone()].starts_with("```prompt") && message[block.range].ends_with("```"));
    }

    #[test]
    fn an_unclosed_fence_runs_to_the_end() {
        let message = "Here:\n```prompt\nYou analyse.\n\nCite.\n";
        let block = draft_block(message).unwrap();
        assert_eq!((block.text.as_str(), block.range.end), ("You analyse.\n\nCite.", message.len()));
    }

    #[test]
    fn windows_line_ends_are_read() {
        assert_eq!(text_of("Here:\r\n```prompt\r\nOne\r\nTwo\r\n```\r\n"), "One\nTwo");
    }

    #[test]
    fn an_inner_fence_of_the_same_length_is_balanced() {
        let inner = format!("# Role\nYou analyse.\n\n```json\n{{\"risk\": 1}}\n```\n\n# Rules\n{LONG}");
        for open in ["```prompt", "```markdown"] {
            let message = format!("Here:\n\n{open}\n{inner}\n```\n\nChanges:\n- more\n\n```\nasked\n```\n");
            let block = draft_block(&message).unwrap();
            assert_eq!(block.text, inner);
            assert_eq!(&message[block.range.clone()], format!("{open}\n{inner}\n```"));
            assert!(prose_around(&message, &block).starts_with("Here:\n\nChanges:"));
        }
    }

    #[test]
    fn several_inner_fences_also_longer_ones_are_balanced() {
        let inner = "A\n```json\n{}\n```\nB\n````text\n```\nx\n```\n````\nC";
        assert_eq!(text_of(&format!("```prompt\n{inner}\n```\nEnd")), inner);
    }

    #[test]
    fn an_inner_fence_in_a_list_is_balanced_too() {
        let message = "- Draft:\n\n  ```prompt\n  A\n  ```json\n  {}\n  ```\n  B\n  ```\n\n- Next";
        let block = draft_block(message).unwrap();
        assert_eq!(block.text, "A\n```json\n{}\n```\nB");
        assert!(message[block.range.clone()].ends_with("B\n  ```"), "{:?}", &message[block.range]);
    }

    #[test]
    fn two_broken_blocks_are_both_mended() {
        let first = "```prompt\nA\n```json\n1\n```\nB\n```";
        let second = "```prompt\nC\n```json\n2\n```\nD\n```";
        let message = format!("x\n\n{first}\n\ny\n\n{second}\n\nz");
        let block = draft_block(&message).unwrap();
        assert_eq!(block.text, "C\n```json\n2\n```\nD");
        assert_eq!(&message[block.range], second);
    }

    #[test]
    fn commonmark_stands_when_the_balance_never_closes() {
        let message = "```prompt\nA\n```json\n{}\n```\nThat was it.";
        let block = draft_block(message).unwrap();
        assert_eq!(block.text, "A\n```json\n{}");
        assert_eq!(prose_around(message, &block), "That was it.");
    }

    #[test]
    fn a_prompt_in_a_wrapping_is_taken_out() {
        let message = "```markdown\nHere is a draft:\n\n```prompt\nYou analyse.\n```\n\nChanges\n- none\n```";
        let block = draft_block(message).unwrap();
        assert_eq!((block.text.as_str(), block.info.as_str()), ("You analyse.", "prompt"));
        assert_eq!(&message[block.range], "```prompt\nYou analyse.\n```");
    }

    #[test]
    fn the_prose_around_keeps_its_paragraphs() {
        let message = "Before.\n\n```prompt\nx\n```\n\nAfter.\n\nMore.\n";
        assert_eq!(prose_around(message, &draft_block(message).unwrap()), "Before.\n\nAfter.\n\nMore.");
        let message = "```prompt\nx\n```";
        assert_eq!(prose_around(message, &draft_block(message).unwrap()), "");
    }

    #[test]
    fn reasons_are_the_items_below_changes() {
        let list = "- Timelines come first,\n  as `asked`.\n- **Sources** must be [named](https://example.com).\n";
        let plain = ["Timelines come first, as asked.", "Sources must be named."];
        for label in ["Changes:", "## Changes", "**CHANGES**", "Changes in this version", "changes made:\n"] {
            assert_eq!(
                reasons(&format!("I did it.\n\n{label}\n\n{list}\nShall I go on?\n\n- no reason")),
                plain,
                "{label}"
            );
            assert_eq!(reasons(&format!("{label}\n{list}")), plain, "{label}");
        }
        assert_eq!(reasons("Changes:\n1. a\n2. b\n   - c\n\n## Questions\n1. d"), ["a", "b c"]);
        assert_eq!(reasons("- **Changes**\n  - a\n  - b\n- Questions\n  - c"), ["a", "b"]);
    }

    #[test]
    fn without_a_label_there_are_no_reasons() {
        assert!(reasons("- a\n- b").is_empty());
        assert!(reasons("Changeset:\n- a").is_empty());
        assert!(reasons("## Changes\n\nNone.\n\n## Questions\n- a").is_empty());
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_the_range_lies_in_it(message in "([`~>\\- a-zé\n]|```|```json|```prompt|```md|\n){0,60}") {
            if let Some(block) = draft_block(&message) {
                prop_assert!(message.get(block.range.clone()).is_some());
                prop_assert!(!block.text.trim().is_empty());
                prose_around(&message, &block);
            }
            reasons(&message);
        }

        #[test]
        fn a_draft_within_long_fences_comes_back_as_it_was(inner in "[a-zA-Z0-9 .,`#*\n-]{0,200}") {
            prop_assume!(!inner.trim().is_empty());
            let longest = inner.split(|c| c != '`').map(str::len).max().unwrap_or(0);
            let fence = "`".repeat(longest.max(2) + 1);
            let message = format!("Here:\n\n{fence}prompt\n{inner}\n{fence}\n\nAnything else?");
            let block = draft_block(&message).unwrap();
            prop_assert_eq!(block.text, without_outer_lines(&inner));
        }
    }
}
