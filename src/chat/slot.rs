//! What follows each word of the table where a platform asks for it piece by piece, as Discord's slash commands do.

use super::command::{Command, Unclear, parse, parse_accept, usage};
use super::errand;
use crate::domain::DraftId;
use crate::domain::trial::Stars;

/// One piece of what follows a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether nothing can be done without it.
    pub required: bool,
    /// What it is, with an example; at most 100 characters (Discord).
    pub help: &'static str,
}

/// What a piece holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Words, of this length at most.
    Text(u16),
    /// A draft's number; offered while it is typed.
    Draft,
    /// A prompt's name; offered while it is typed.
    Prompt,
    /// A topic; offered while it is typed.
    Topic,
    /// A model; offered while it is typed.
    Model,
    /// One to five stars.
    Stars,
    /// A whole number.
    Number,
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// A piece without which nothing can be done.
pub(super) const fn needed(name: &'static str, kind: Kind, help: &'static str) -> Slot {
    Slot { name, kind, required: true, help }
}

/// A piece that may be left out.
pub(super) const fn optional(name: &'static str, kind: Kind, help: &'static str) -> Slot {
    Slot { name, kind, required: false, help }
}

/// What follows a word of the table.
pub fn slots(verb: &str) -> &'static [Slot] {
    const DRAFT: Slot =
        optional("draft", Kind::Draft, "The draft's number, such as 7; the one that lives here when left out");
    match verb {
        "new" => {
            const NEED: &str = "What you need, such as: executive-level financial analysis with risk focus";
            const { &[optional("need", Kind::Text(6_000), NEED)] }
        }
        "open" => const { &[needed("draft", Kind::Draft, "The draft's number, such as 7")] },
        "restore" => const { &[needed("draft", Kind::Draft, "The expired draft's number, such as 7")] },
        "accept" => {
            const { &[optional("changes", Kind::Text(100), "The numbers of some changes, such as 1 3; all when left out")] }
        }
        "test" => {
            const {
                &[
                    optional(
                        "question",
                        Kind::Text(1_000),
                        "Such as: How did war-risk premiums move? A form asks when left out",
                    ),
                    optional("topic", Kind::Topic, "The articles' topic; that of the last test when left out"),
                    optional("model", Kind::Model, "The model, when not the usual one"),
                    DRAFT,
                ]
            }
        }
        "rate" => {
            const {
                &[
                    optional("stars", Kind::Stars, "1 to 5"),
                    optional("note", Kind::Text(500), "Why, such as: good timelines, one source missing"),
                ]
            }
        }
        "commit" => {
            const {
                &[
                    optional(
                        "name",
                        Kind::Text(50),
                        "The prompt's name, such as financial_risk_executive; a form asks when left out",
                    ),
                    optional("title", Kind::Text(100), "Its title, such as: Financial risk for executives"),
                    DRAFT,
                ]
            }
        }
        "clone" => const { &[needed("prompt", Kind::Prompt, "The prompt's name, such as auspex_default")] },
        "library" => const { &[optional("words", Kind::Text(200), "Words to look for, such as: financial risk")] },
        "ask" => {
            const {
                &[
                    needed(
                        "prompt",
                        Kind::Prompt,
                        "Its name, such as auspex_default, or with a version or label: memo@production",
                    ),
                    needed("question", Kind::Text(1_000), "Such as: What are the main risks for shipping now?"),
                ]
            }
        }
        "improve" => {
            const HELP: &str = "version: to become the prompt's next version; clone: a prompt of its own";
            const { &[optional("as", Kind::Choice(&["clone", "version"]), HELP)] }
        }
        "link" => {
            const { &[optional("code", Kind::Text(40), "The code from where you are known, such as ABCD-EFGH-JKLM")] }
        }
        verb => errand::words().find(|word| word.entry.verb == verb).map_or(&[], |word| word.slots),
    }
}

/// The command that somebody chose; `given` has what they typed into each piece.
pub fn choose(verb: &str, given: impl Fn(&str) -> Option<String>) -> Result<Command, Unclear> {
    if let Some(errand) = errand::choose(verb, &given) {
        return errand.map(Command::Errand);
    }
    let given = |name: &str| given(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
    let words = |name: &str| given(name).unwrap_or_default();
    let draft = |name: &str| given(name).and_then(|value| value.trim_start_matches('#').parse::<DraftId>().ok());
    // What is offered is a number; what is typed need not be one.
    let named = |verb: &'static str| match (given("draft"), draft("draft")) {
        (Some(_), None) => Err(usage(verb)),
        (_, draft) => Ok(draft),
    };
    Ok(match verb {
        "new" => Command::New(words("need")),
        "open" => Command::Open(draft("draft").ok_or_else(|| usage("open"))?),
        "accept" => parse_accept(&words("changes"))?,
        "test" => Command::Test {
            draft: named("test")?,
            question: words("question"),
            topic: given("topic"),
            model: given("model"),
        },
        "rate" => {
            let stars = match given("stars") {
                Some(stars) => Some(Stars::parse(stars.parse().map_err(|_| usage("rate"))?)?),
                None => None,
            };
            Command::Rate { stars, note: words("note") }
        }
        "commit" => {
            Command::Commit { draft: named("commit")?, name: words("name"), title: words("title"), confirm: false }
        }
        "clone" => Command::Clone(given("prompt").ok_or_else(|| usage("clone"))?),
        "library" => Command::Library(words("words")),
        "ask" => Command::Ask {
            prompt: given("prompt").ok_or_else(|| usage("ask"))?,
            question: given("question").ok_or_else(|| usage("ask"))?,
        },
        "improve" => Command::Improve { as_version: words("as") == "version" },
        "restore" => Command::Restore(draft("draft").ok_or_else(|| usage("restore"))?),
        "link" => Command::Link(words("code")),
        // Nothing follows the others.
        other => return parse(other),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::command::{TABLE, Where, entries};

    #[test]
    fn every_word_is_chosen_as_it_is_typed() {
        for entry in TABLE.iter().filter(|entry| entry.said != Where::Terminal) {
            let (typed, value): (&str, fn(&str) -> &str) = match entry.verb {
                "open" | "restore" => ("7", |_| "7"),
                "rate" => ("4 good", |name| if name == "stars" { "4" } else { "good" }),
                "accept" => ("1 2", |_| "1 2"),
                "improve" => ("version", |_| "version"),
                "ask" => ("some_prompt Why so?", |name| if name == "prompt" { "some_prompt" } else { "Why so?" }),
                "test" => ("7 Why so?", |name| match name {
                    "draft" => "7",
                    "question" => "Why so?",
                    _ => "",
                }),
                "commit" => ("7 some_name A title", |name| match name {
                    "draft" => "7",
                    "name" => "some_name",
                    _ => "A title",
                }),
                _ => ("words", |_| "words"),
            };
            let chosen = choose(entry.verb, |name| Some(value(name).to_owned())).unwrap();
            assert_eq!(chosen, parse(&format!("{} {typed}", entry.verb)).unwrap());
        }
    }

    #[test]
    fn every_piece_is_named_and_explained_within_limits() {
        for entry in entries(Where::Platforms) {
            let mut optional_before = false;
            for slot in slots(entry.verb) {
                assert!((1..=100).contains(&slot.help.chars().count()), "{}: {}", entry.verb, slot.help);
                assert!(!(slot.required && optional_before), "{}: what is needed stands first", entry.verb);
                optional_before |= !slot.required;
            }
            assert_eq!(entry.arguments.is_empty(), slots(entry.verb).is_empty(), "{}", entry.verb);
        }
    }

    #[test]
    fn a_question_that_begins_with_a_number_stays_one() {
        let chosen = choose("test", |name| (name == "question").then(|| "2026 was how different?".to_owned()));
        assert!(matches!(chosen, Ok(Command::Test { draft: None, question, .. }) if question.starts_with("2026")));
    }
}
