//! What people can say: one table that feeds the parser and the help, on every platform.

use crate::domain::trial::Stars;
use crate::domain::{DraftId, Invalid};

/// One thing that a person can say.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Test the draft on a question.
    Test(String),
    /// Choose the topic of the tests that follow.
    Topic(String),
    /// Show the tests.
    Tests,
    /// Rate the last test.
    Rate {
        /// The stars.
        stars: Stars,
        /// Why.
        note: String,
    },
    /// Show the open proposal.
    Diff,
    /// Accept the open proposal, or some of its changes.
    Accept(Vec<usize>),
    /// Reject the open proposal.
    Reject,
    /// Commit the draft under a name, perhaps with a title.
    Commit {
        /// The prompt's name; the draft's own when empty.
        name: String,
        /// The prompt's title; the draft's name when empty.
        title: String,
        /// The second yes.
        confirm: bool,
    },
    /// Start a workshop on a copy of a prompt.
    Clone(String),
    /// Ask a prompt a question.
    Ask {
        /// The prompt's name.
        prompt: String,
        /// The question.
        question: String,
    },
    /// Look for prompts.
    Library(String),
    /// Leave.
    Quit,
    /// Talk with the assistant.
    Say(String),
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
}

/// Everything that can be said, in the order of the help.
pub const TABLE: &[Entry] = &[
    Entry { verb: "new", arguments: "[what you need]", help: "start a workshop" },
    Entry { verb: "list", arguments: "", help: "list your drafts" },
    Entry { verb: "open", arguments: "N", help: "go on with draft N" },
    Entry { verb: "draft", arguments: "", help: "show the draft's text" },
    Entry { verb: "diff", arguments: "", help: "show the change the assistant proposes" },
    Entry { verb: "accept", arguments: "[1 2 …]", help: "accept it, or some of its changes" },
    Entry { verb: "reject", arguments: "", help: "reject it" },
    Entry { verb: "topic", arguments: "[NAME]", help: "choose the topic for tests, or list them" },
    Entry { verb: "test", arguments: "QUESTION", help: "test the draft on real articles" },
    Entry { verb: "tests", arguments: "", help: "list the tests of this draft" },
    Entry { verb: "rate", arguments: "1–5 [note]", help: "rate the last test" },
    Entry { verb: "commit", arguments: "NAME [title]", help: "put the prompt into the library" },
    Entry { verb: "clone", arguments: "NAME", help: "start from a prompt of the library" },
    Entry { verb: "ask", arguments: "NAME QUESTION", help: "ask a prompt of the library" },
    Entry { verb: "library", arguments: "[words]", help: "look for prompts" },
    Entry { verb: "help", arguments: "", help: "show this" },
    Entry { verb: "quit", arguments: "", help: "leave; everything is kept" },
];

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
    let (verb, rest) = said.trim().split_once(char::is_whitespace).unwrap_or((said.trim(), ""));
    let rest = rest.trim();
    let usage = |verb: &'static str| {
        let arguments = TABLE.iter().find(|entry| entry.verb == verb).map_or("", |entry| entry.arguments);
        Unclear::Usage(verb, arguments)
    };
    match verb.to_lowercase().as_str() {
        "" | "help" | "?" => Ok(Command::Help),
        "new" => Ok(Command::New(rest.to_owned())),
        "list" => Ok(Command::List),
        "open" => rest.trim_start_matches('#').parse().map(Command::Open).map_err(|_| usage("open")),
        "draft" => Ok(Command::Draft),
        "diff" => Ok(Command::Diff),
        "accept" => {
            let numbers =
                rest.split([' ', ',']).filter(|word| !word.is_empty()).map(str::parse).collect::<Result<_, _>>();
            numbers.map(Command::Accept).map_err(|_| usage("accept"))
        }
        "reject" => Ok(Command::Reject),
        "topic" | "topics" => Ok(Command::Topic(rest.to_owned())),
        "test" if rest.is_empty() => Err(usage("test")),
        "test" => Ok(Command::Test(rest.to_owned())),
        "tests" => Ok(Command::Tests),
        "rate" => {
            let (stars, note) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            let stars = Stars::parse(stars.trim_end_matches('*').parse().map_err(|_| usage("rate"))?)?;
            Ok(Command::Rate { stars, note: note.trim().to_owned() })
        }
        "commit" => {
            let confirm = rest.split_whitespace().any(|word| word == "--yes");
            let words: Vec<&str> = rest.split_whitespace().filter(|word| *word != "--yes").collect();
            let (name, title) = words
                .split_first()
                .map_or((String::new(), String::new()), |(name, title)| ((*name).to_owned(), title.join(" ")));
            Ok(Command::Commit { name, title, confirm })
        }
        "clone" if rest.is_empty() => Err(usage("clone")),
        "clone" => Ok(Command::Clone(rest.to_owned())),
        "ask" => {
            let (prompt, question) = rest.split_once(char::is_whitespace).ok_or_else(|| usage("ask"))?;
            Ok(Command::Ask { prompt: prompt.to_owned(), question: question.trim().to_owned() })
        }
        "library" => Ok(Command::Library(rest.to_owned())),
        "quit" | "exit" | "q" => Ok(Command::Quit),
        other => Err(Unclear::Unknown { verb: other.to_owned(), nearest: nearest(other) }),
    }
}

/// The word of the table that differs least, if it is near at all.
fn nearest(said: &str) -> Option<&'static str> {
    let ratio = |verb: &str| similar::TextDiff::from_chars(said, verb).ratio();
    TABLE
        .iter()
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
                "open" => "open 7".to_owned(),
                "rate" => "rate 4 good".to_owned(),
                "ask" => "ask some_prompt something".to_owned(),
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
        assert!(matches!(parse("rate"), Err(Unclear::Usage("rate", _))));
    }
}
