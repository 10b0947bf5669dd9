//! A conversation with the assistant: who says what, and the questions found in an answer.

use crate::choice;
use crate::domain::markdown::{self, Line, LineKind};
use crate::domain::text::{self, Invalid};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// How many characters a person's message may have.
pub const MESSAGE_LENGTH: RangeInclusive<usize> = 1..=8000;

/// What is taken for an answer when a question names none.
pub const NO_DEFAULT: &str = "decide for me";

const MOST_QUESTIONS: usize = 3;
const MOST_OPTIONS: usize = 8;

choice! {
    /// Who said a message.
    pub enum MessageRole {
        /// A person (or a program with a token) in the conversation.
        Person = "person",
        /// The assistant.
        Assistant = "assistant",
    }
}

choice! {
    /// What became of a message.
    pub enum Outcome {
        /// It was said in full.
        Said = "said",
        /// The assistant could not answer; the text says why.
        Failed = "failed",
    }
}

/// A question of the assistant, with answers to tap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Question {
    /// The question, in plain text.
    pub text: String,
    /// The answers offered; none means that any answer will do.
    pub options: Vec<String>,
    /// The answer taken when the person leaves it to the assistant: one of the options, or "decide for me".
    pub default: String,
}

impl Question {
    /// The answers to tap: the options, and the default where it is an answer and none of them.
    pub fn offered(&self) -> impl Iterator<Item = &str> {
        let default = Some(&self.default).filter(|default| *default != NO_DEFAULT && !self.options.contains(default));
        self.options.iter().chain(default).map(String::as_str)
    }
}

/// A person's message: cleaned, trimmed and neither empty nor too long.
pub fn parse_message(raw: &str) -> Result<String, Invalid> {
    text::block("content", raw, *MESSAGE_LENGTH.start(), *MESSAGE_LENGTH.end())
}

/// The questions of an assistant's message, the first three at most.
///
/// A question is a numbered or bulleted item with a question mark or with options. `Options: a / b / c` and
/// `Default: a` may follow it in its line, on lines of their own or as items below it; items below it without such a
/// word are options too. "1. …" set in bold or as a heading, which Markdown does not take for a list, is read likewise.
pub fn questions(markdown: &str) -> Vec<Question> {
    let mut asked: Vec<Asked> = Vec::new();
    let mut open = false;
    for line in markdown::lines(markdown) {
        let below = open && asked.last().is_some_and(|question| line.depth > question.depth);
        let marked = Marker::of(&line.text).is_some_and(|(before, ..)| before.is_empty());
        match (numbered(&line), asked.last_mut()) {
            (_, Some(question)) if open && marked => question.lines.push(line.text),
            (_, Some(question)) if below && line.kind == LineKind::Item => question.items.push(line.text),
            (Some(text), _) => {
                asked.push(Asked { depth: line.depth, lines: vec![text.to_owned()], items: Vec::new() });
                open = true;
            }
            (None, Some(question)) if open && (below || line.kind == LineKind::Continued || question.only_named()) => {
                question.lines.push(line.text);
            }
            (None, _) => open = false,
        }
    }
    asked.into_iter().filter_map(Asked::question).take(MOST_QUESTIONS).collect()
}

/// What an assistant's message says before it asks: the questions themselves are shown with answers to tap.
pub fn before_questions<'a>(content: &'a str, questions: &[Question]) -> &'a str {
    let first: Option<String> = questions.first().map(|question| question.text.chars().take(20).collect());
    let at = first.and_then(|first| content.find(&first));
    match at.and_then(|at| content.get(..at)) {
        Some(before) => before.rfind('\n').map_or("", |end| &before[..end]).trim_end(),
        None => content,
    }
}

/// The text of a line that opens a list item, or looks as if it did.
fn numbered(line: &Line) -> Option<&str> {
    let unmarked = line.text.strip_prefix(['Q', 'q']).unwrap_or(&line.text);
    let rest = unmarked.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = unmarked.len() - rest.len();
    let after = rest.strip_prefix(['.', ')', ':']).filter(|after| after.starts_with(' '));
    match after {
        Some(after) if (1..=2).contains(&digits) => Some(after.trim_start()),
        _ => (line.kind == LineKind::Item).then_some(line.text.as_str()),
    }
}

/// A question as it stands in the message.
struct Asked {
    depth: usize,
    lines: Vec<String>,
    items: Vec<String>,
}

impl Asked {
    fn asks(&self) -> bool {
        self.lines.iter().any(|line| line.contains('?') || Marker::of(line).is_some())
    }

    /// A numbered heading whose question is still to come.
    fn only_named(&self) -> bool {
        self.depth == 0 && !self.asks()
    }

    fn question(self) -> Option<Question> {
        let (marked, plain): (Vec<_>, Vec<_>) = self.items.into_iter().partition(|item| Marker::of(item).is_some());
        let whole = self.lines.into_iter().chain(marked).collect::<Vec<_>>().join("\n");
        let (text, options, default) = cut(&whole);
        let asks = text.contains('?');
        let options = match options.map(split_options) {
            Some(options) => options,
            None if asks => plain.iter().filter_map(|item| option(item)).take(MOST_OPTIONS).collect(),
            None => Vec::new(),
        };
        let text = markdown::fold(text.trim_end_matches(['(', '[', '-', '–', '—', ' ', '\n']));
        if text.is_empty() || (!asks && options.is_empty()) {
            return None;
        }
        let default = default.and_then(option).unwrap_or_else(|| NO_DEFAULT.to_owned());
        let default = options.iter().find(|o| o.to_lowercase() == default.to_lowercase()).cloned().unwrap_or(default);
        Some(Question { text, options, default })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Marker {
    Options,
    Default,
}

impl Marker {
    /// The first marker of a text, what stands before it and what after.
    fn of(text: &str) -> Option<(&str, Self, &str)> {
        let lower = text.to_ascii_lowercase();
        let find = |word: &str, marker: Self| {
            let mut from = 0;
            while let Some(at) = lower[from..].find(word).map(|at| at + from) {
                let before = &text[..at];
                if !before.ends_with(char::is_alphanumeric) {
                    return Some((before, marker, &text[at + word.len()..]));
                }
                from = at + word.len();
            }
            None
        };
        let options = find("options:", Self::Options);
        let default = find("default:", Self::Default);
        [options, default].into_iter().flatten().min_by_key(|(before, ..)| before.len())
    }
}

/// A question cut at its markers: the text, the options and the default.
fn cut(whole: &str) -> (&str, Option<&str>, Option<&str>) {
    let (mut options, mut default) = (None, None);
    let Some((text, mut marker, mut rest)) = Marker::of(whole) else { return (whole, None, None) };
    loop {
        let next = Marker::of(rest);
        let value = next.map_or(rest, |(before, ..)| before);
        match marker {
            Marker::Options => options = options.or(Some(value)),
            // A default is one line; what follows it is chat.
            Marker::Default => default = default.or(value.trim().lines().next()),
        }
        match next {
            Some((_, next_marker, next_rest)) => (marker, rest) = (next_marker, next_rest),
            None => return (text, options, default),
        }
    }
}

/// `a / b / c`, or the same with another separator.
fn split_options(raw: &str) -> Vec<String> {
    let separator = [" / ", " | ", "\n", ";", ",", "/"].into_iter().find(|s| raw.trim().contains(s)).unwrap_or("/");
    raw.split(separator).filter_map(option).take(MOST_OPTIONS).collect()
}

fn option(raw: &str) -> Option<String> {
    let outer = |c: char| c.is_whitespace() || "[]\"“”'.,;/|".contains(c);
    let text = raw.trim_matches(outer);
    // A bracket that was opened before the marker is closed here.
    let text = if text.contains('(') { text } else { text.trim_end_matches(')').trim_end_matches(outer) };
    let text = markdown::fold(text);
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Each question in a line: its text, options and default.
    fn told(markdown: &str) -> Vec<String> {
        questions(markdown).iter().map(|q| format!("{} [{}] {}", q.text, q.options.join("|"), q.default)).collect()
    }

    #[test]
    fn the_format_of_the_meta_prompt_is_read() {
        let message = "Gladly. Two questions first:\n\n\
                       1. Who reads this?\n   Options: executives / analysts / the public\n   Default: analysts\n\
                       2. How long may it be?\n   Options: one page / as needed\n   Default: as needed\n\n\
                       Or say \"decide for me\".";
        assert_eq!(
            told(message),
            [
                "Who reads this? [executives|analysts|the public] analysts",
                "How long may it be? [one page|as needed] as needed",
            ]
        );
    }

    #[test]
    fn options_and_default_may_stand_anywhere_after_the_question() {
        let expected = ["Who reads this? [executives|analysts] analysts"];
        for message in [
            "1. Who reads this? Options: executives / analysts. Default: analysts.",
            "- Who reads this? (Options: executives / analysts; Default: analysts)",
            "* **Who reads this?**\n  - **Options:** executives / analysts\n  - **Default:** Analysts",
            "1) Who reads this?\n\nOptions: executives / analysts\nDefault: analysts\n",
            "1. Who reads this?\n\n   Options: [executives] / [analysts]\n\n   Default: \"analysts\"\n",
            "**1. Who reads this?**\nOptions: executives | analysts\nDefault: analysts",
            "### Q1: Who reads this?\n\nOptions: executives, analysts\n\nDefault: analysts",
            "1. Who reads this?\n   - executives\n   - analysts\n   - Default: analysts",
        ] {
            assert_eq!(told(message), expected, "{message}");
        }
    }

    #[test]
    fn a_plain_question_is_left_to_the_assistant_by_default() {
        assert_eq!(
            told("1. What must never happen?\n2. Which region?"),
            ["What must never happen? [] decide for me", "Which region? [] decide for me"]
        );
        assert_eq!(told("1. **Region**\n   Which one?"), ["Region Which one? [] decide for me"]);
    }

    #[test]
    fn a_default_that_is_no_option_stays() {
        assert_eq!(
            told("1. Tone? Options: plain / formal. Default: decide for me"),
            ["Tone? [plain|formal] decide for me"]
        );
    }

    #[test]
    fn at_most_three_are_asked() {
        assert_eq!(questions("1. a?\n2. b?\n3. c?\n4. d?").len(), 3);
    }

    #[test]
    fn statements_prose_and_drafts_hold_no_questions() {
        assert!(questions("- Timelines come first\n- Sources are named").is_empty());
        assert!(questions("- Timelines come first\n\nShall I go on?").is_empty());
        assert!(questions("Shall I go on? It is ready.").is_empty());
        assert!(questions("```prompt\n1. Which risks?\n   Options: a / b\n```").is_empty());
        assert!(questions("").is_empty());
    }

    #[test]
    fn prose_after_the_questions_is_not_part_of_them() {
        assert_eq!(
            told("1. Which region?\n\nI will take Europe otherwise.\n\n2. Which years?"),
            ["Which region? [] decide for me", "Which years? [] decide for me"]
        );
    }

    #[test]
    fn an_option_may_hold_brackets_and_slashes() {
        assert_eq!(
            told("1. Form? Options: bullets (short) / pros/cons / prose"),
            ["Form? [bullets (short)|pros/cons|prose] decide for me"]
        );
    }

    #[test]
    fn a_message_is_trimmed_and_measured() {
        assert_eq!(parse_message("  make it shorter\r\n").unwrap(), "make it shorter");
        assert_eq!(parse_message(" \n ").unwrap_err().field, "content");
        assert!(parse_message(&"ä".repeat(8000)).is_ok());
        assert!(parse_message(&"ä".repeat(8001)).is_err());
    }

    #[test]
    fn the_words_of_roles_are_stored_data() {
        assert_eq!(MessageRole::Person.as_str(), "person");
        assert_eq!("failed".parse(), Ok(Outcome::Failed));
    }

    proptest! {
        #[test]
        fn any_text_is_read(message in "([0-9a-z?:/() é\n*#-]|1\\. |- |Options: |Default: | / |\n){0,60}") {
            let found = questions(&message);
            prop_assert!(found.len() <= MOST_QUESTIONS);
            for question in found {
                prop_assert!(!question.text.is_empty() && !question.default.is_empty());
                prop_assert!(question.options.iter().all(|option| !option.is_empty()));
            }
        }
    }
}
