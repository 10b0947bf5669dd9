//! What people can say: one table that feeds the parser and the help, on every platform.

use serde::{Deserialize, Serialize};

use super::errand::{self, Errand};
use crate::domain::trial::Stars;
use crate::domain::{DraftId, Invalid};

/// One thing that a person can say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Show what can be said.
    Help,
    /// Start a workshop, perhaps with what is needed.
    New(String),
    /// List the drafts.
    List,
    /// Go on with a draft.
    Open(DraftId),
    /// Show the draft.
    Draft,
    /// Test a draft on a question; an empty one is asked for.
    Test {
        /// The draft; the open one when not named.
        draft: Option<DraftId>,
        /// The question.
        question: String,
        /// The topic; that of the last test, or a fitting one, when not named.
        topic: Option<String>,
        /// The model; the usual one when not named.
        model: Option<String>,
    },
    /// Choose the topic of the tests that follow.
    Topic(String),
    /// Show the tests.
    Tests,
    /// Rate the last test; without stars, ask for them.
    Rate {
        /// The stars.
        stars: Option<Stars>,
        /// Why.
        note: String,
    },
    /// Show the open proposal.
    Diff,
    /// Accept the open proposal, or some of its changes.
    Accept(Vec<usize>),
    /// Reject the open proposal.
    Reject,
    /// Say that the draft is good.
    Ready,
    /// Commit a draft under a name, perhaps with a title.
    Commit {
        /// The draft; the open one when not named.
        draft: Option<DraftId>,
        /// The prompt's name; asked for when empty.
        name: String,
        /// The prompt's title; the draft's name when empty.
        title: String,
        /// The second yes.
        confirm: bool,
    },
    /// Start a workshop on a copy of a prompt.
    Clone(String),
    /// Look for prompts.
    Library(String),
    /// Ask a prompt of the library.
    Ask {
        /// The prompt's name.
        prompt: String,
        /// The question.
        question: String,
    },
    /// Start a workshop on the prompt that answered last.
    Improve {
        /// Whether it is to become the prompt's next version, rather than a prompt of its own.
        as_version: bool,
    },
    /// Bring an expired draft back.
    Restore(DraftId),
    /// Go on in a browser.
    Web,
    /// Join this identity to an account by a code, or ask for a code.
    Link(String),
    /// Something beside the main job.
    Errand(Errand),
    /// Leave.
    Quit,
    /// Talk with the assistant.
    Say(String),
}

impl Command {
    /// Whether it changes nothing, so that it may be answered at once, without being stored.
    pub fn only_reads(&self) -> bool {
        match self {
            Self::Errand(errand) => errand.only_reads(),
            Self::Help
            | Self::Quit
            | Self::Topic(_)
            | Self::List
            | Self::Library(_)
            | Self::Draft
            | Self::Tests
            | Self::Diff => true,
            Self::New(_)
            | Self::Open(_)
            | Self::Say(_)
            | Self::Test { .. }
            | Self::Rate { .. }
            | Self::Accept(_)
            | Self::Reject
            | Self::Ready
            | Self::Commit { .. }
            | Self::Clone(_)
            | Self::Ask { .. }
            | Self::Improve { .. }
            | Self::Restore(_)
            | Self::Link(_)
            | Self::Web => false,
        }
    }

    /// The words in it that somebody may have thought about for long.
    pub fn typed(&self) -> &str {
        match self {
            Self::New(words) | Self::Say(words) | Self::Library(words) | Self::Clone(words) => words,
            Self::Test { question, .. } | Self::Ask { question, .. } => question,
            Self::Rate { note, .. } => note,
            Self::Commit { title, .. } => title,
            Self::Errand(errand) => errand.typed(),
            Self::Help
            | Self::Improve { .. }
            | Self::List
            | Self::Open(_)
            | Self::Draft
            | Self::Topic(_)
            | Self::Tests
            | Self::Diff
            | Self::Accept(_)
            | Self::Reject
            | Self::Ready
            | Self::Restore(_)
            | Self::Web
            | Self::Link(_)
            | Self::Quit => "",
        }
    }
}

/// Where a word can be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// Everywhere.
    Everywhere,
    /// In the terminal, which has no buttons or forms.
    Terminal,
    /// On chat platforms.
    Platforms,
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The word.
    pub verb: &'static str,
    /// What follows it.
    pub arguments: &'static str,
    /// What it does.
    pub help: &'static str,
    /// Where it can be said.
    pub said: Where,
}

const fn entry(verb: &'static str, arguments: &'static str, help: &'static str) -> Entry {
    Entry { verb, arguments, help, said: Where::Everywhere }
}

/// What can be said beside errands, in the order of the help.
pub const TABLE: &[Entry] = &[
    entry("new", "[what you need]", "start a workshop"),
    entry("list", "", "list your drafts"),
    entry("open", "N", "go on with draft N"),
    entry("draft", "", "show the draft's text"),
    entry("diff", "", "show the change the assistant proposes"),
    entry("accept", "[1 2 …]", "accept it, or some of its changes"),
    entry("reject", "", "reject it"),
    Entry { said: Where::Terminal, ..entry("topic", "[NAME]", "choose the topic for tests, or list them") },
    entry("test", "[N] QUESTION", "test a draft on real articles"),
    entry("tests", "", "list the tests of this draft"),
    entry("rate", "[1–5 [note]]", "rate the last test"),
    entry("ready", "", "say that the draft is good"),
    entry("commit", "[N] [NAME [title]]", "put the prompt into the library"),
    entry("clone", "NAME", "start from a prompt of the library"),
    entry("library", "[words]", "look for prompts"),
    entry("ask", "NAME[@LABEL] QUESTION", "ask a prompt of the library"),
    entry("improve", "[version]", "design a better prompt than the one that answered last"),
    entry("restore", "N", "bring an expired draft back"),
    entry("web", "", "go on in a browser"),
    entry("link", "[CODE]", "join this identity to an account you have, or get a code for that"),
    entry("help", "", "show this"),
    Entry { said: Where::Terminal, ..entry("quit", "", "leave; everything is kept") },
];

/// Everything that can be said in a place, in the order of the help.
pub fn entries(place: Where) -> impl Iterator<Item = &'static Entry> {
    let all = TABLE.iter().chain(errand::words().map(|word| &word.entry));
    all.filter(move |entry| entry.said == Where::Everywhere || entry.said == place)
}

/// Why something that was said is no command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unclear {
    /// There is no such word; perhaps another was meant.
    #[error("There is no command {verb:?}.{}", nearest.map(|near| format!(" Did you mean {near}?")).unwrap_or_default())]
    Unknown {
        /// What was said.
        verb: String,
        /// The nearest word of the table.
        nearest: Option<&'static str>,
    },
    /// The word needs something else after it.
    #[error("{0} needs: {0} {1}")]
    Usage(&'static str, &'static str),
    /// A value is wrong.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

/// Reads a command that was said with its marker (`/` in a terminal) taken off.
pub fn parse(said: &str) -> Result<Command, Unclear> {
    if let Some(errand) = errand::parse(said) {
        return errand.map(Command::Errand);
    }
    let (verb, rest) = first_word(said);
    match verb.to_lowercase().as_str() {
        "" | "help" | "?" => Ok(Command::Help),
        "new" => Ok(Command::New(rest.to_owned())),
        "list" => Ok(Command::List),
        "open" => number(rest).map(Command::Open).ok_or_else(|| usage("open")),
        "restore" => number(rest).map(Command::Restore).ok_or_else(|| usage("restore")),
        "draft" => Ok(Command::Draft),
        "diff" => Ok(Command::Diff),
        "accept" => parse_accept(rest),
        "reject" => Ok(Command::Reject),
        "ready" => Ok(Command::Ready),
        "topic" | "topics" => Ok(Command::Topic(rest.to_owned())),
        "test" => {
            let (draft, question) = leading_number(rest);
            Ok(Command::Test { draft, question: question.to_owned(), topic: None, model: None })
        }
        "tests" => Ok(Command::Tests),
        "rate" => parse_rate(rest),
        "commit" => Ok(parse_commit(rest)),
        "clone" if rest.is_empty() => Err(usage("clone")),
        "clone" => Ok(Command::Clone(rest.to_owned())),
        "library" => Ok(Command::Library(rest.to_owned())),
        "ask" => {
            let (prompt, question) = first_word(rest);
            if question.is_empty() {
                return Err(usage("ask"));
            }
            Ok(Command::Ask { prompt: prompt.to_owned(), question: question.to_owned() })
        }
        "improve" => match rest {
            "" | "clone" => Ok(Command::Improve { as_version: false }),
            "version" => Ok(Command::Improve { as_version: true }),
            _ => Err(usage("improve")),
        },
        "web" => Ok(Command::Web),
        "link" => Ok(Command::Link(rest.to_owned())),
        "quit" | "exit" | "q" => Ok(Command::Quit),
        other => Err(Unclear::Unknown { verb: other.to_owned(), nearest: nearest(other) }),
    }
}

pub(super) fn first_word(said: &str) -> (&str, &str) {
    let said = said.trim();
    let (word, rest) = said.split_once(char::is_whitespace).unwrap_or((said, ""));
    (word, rest.trim())
}

pub(super) fn usage(verb: &'static str) -> Unclear {
    let arguments = TABLE.iter().find(|entry| entry.verb == verb).map_or("", |entry| entry.arguments);
    Unclear::Usage(verb, arguments)
}

fn number(said: &str) -> Option<DraftId> {
    said.trim_start_matches('#').parse().ok()
}

/// A draft's number in front of something else.
fn leading_number(said: &str) -> (Option<DraftId>, &str) {
    let (word, rest) = first_word(said);
    match number(word) {
        Some(draft) => (Some(draft), rest),
        None => (None, said),
    }
}

pub(super) fn parse_accept(said: &str) -> Result<Command, Unclear> {
    let numbers = said.split([' ', ',']).filter(|word| !word.is_empty()).map(str::parse).collect::<Result<_, _>>();
    numbers.map(Command::Accept).map_err(|_| usage("accept"))
}

fn parse_rate(said: &str) -> Result<Command, Unclear> {
    if said.is_empty() {
        return Ok(Command::Rate { stars: None, note: String::new() });
    }
    let (stars, note) = first_word(said);
    let stars = Stars::parse(stars.trim_end_matches('*').parse().map_err(|_| usage("rate"))?)?;
    Ok(Command::Rate { stars: Some(stars), note: note.to_owned() })
}

fn parse_commit(said: &str) -> Command {
    let (draft, rest) = leading_number(said);
    let confirm = rest.split_whitespace().any(|word| word == "--yes");
    let words: Vec<&str> = rest.split_whitespace().filter(|word| *word != "--yes").collect();
    let (name, title) = words
        .split_first()
        .map_or((String::new(), String::new()), |(name, title)| ((*name).to_owned(), title.join(" ")));
    Command::Commit { draft, name, title, confirm }
}

/// The word of the table that differs least, if it is near at all.
fn nearest(said: &str) -> Option<&'static str> {
    let ratio = |verb: &str| similar::TextDiff::from_chars(said, verb).ratio();
    TABLE
        .iter()
        .chain(errand::words().map(|word| &word.entry))
        .map(|entry| (entry.verb, ratio(entry.verb)))
        .filter(|(_, ratio)| *ratio > 0.6)
        .max_by(|(_, a), (_, b)| a.total_cmp(b))
        .map(|(verb, _)| verb)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_table_is_understood() {
        for entry in TABLE {
            let said = match entry.verb {
                verb @ ("open" | "restore") => format!("{verb} 7"),
                "rate" => "rate 4 good".to_owned(),
                "ask" => "ask some_prompt What changed?".to_owned(),
                "improve" => "improve version".to_owned(),
                verb => format!("{verb} something"),
            };
            let parsed = parse(if entry.verb == "accept" { "accept 1 2" } else { &said });
            assert!(parsed.is_ok(), "{}: {parsed:?}", entry.verb);
        }
    }

    #[test]
    fn a_slip_is_answered_with_the_nearest_word() {
        let unclear = parse("comit x").unwrap_err();
        assert_eq!(unclear, Unclear::Unknown { verb: "comit".to_owned(), nearest: Some("commit") });
        assert!(matches!(parse("xyzzy"), Err(Unclear::Unknown { nearest: None, .. })));
    }

    #[test]
    fn a_rating_needs_one_to_five_stars() {
        assert!(parse("rate 4 note with words").is_ok());
        assert!(matches!(parse("rate 9"), Err(Unclear::Invalid(_))));
        assert!(matches!(parse("rate well"), Err(Unclear::Usage("rate", _))));
        assert_eq!(parse("rate").unwrap(), Command::Rate { stars: None, note: String::new() });
    }

    #[test]
    fn a_draft_may_be_named_by_its_number() {
        let test =
            |draft, question: &str| Command::Test { draft, question: question.to_owned(), topic: None, model: None };
        assert_eq!(parse("test 5 What changed here?").unwrap(), test(Some(DraftId(5)), "What changed here?"));
        assert_eq!(parse("test What changed in 2026?").unwrap(), test(None, "What changed in 2026?"));
        assert!(matches!(parse("commit 5 some_name").unwrap(), Command::Commit { draft: Some(DraftId(5)), .. }));
    }
}
