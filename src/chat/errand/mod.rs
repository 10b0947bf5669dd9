//! Errands: what people do beside the main job, with prompts of the library and all that belongs to them.
//!
//! Each file has one noun: the words that can be said about it, how they are read, and what they do, which is the same on
//! every platform. A new word is an entry of its file's table; a new noun is a file and a line in `NOUNS`.

mod comment;
mod feed;
mod prompt;
mod share;
mod suite;

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::command::{Entry, Unclear, Where};
use super::reply::Reply;
use super::slot::{Kind, Slot};
use crate::domain::draft::Draft;
use crate::domain::place::Place;
use crate::domain::{Actor, DraftId, Invalid};
use crate::workshop::{Error, Workshop};

/// One errand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Errand {
    /// About feeds.
    Feed(feed::Errand),
    /// About a prompt of the library.
    Prompt(prompt::Errand),
    /// About who may do what.
    Share(share::Errand),
    /// About comments.
    Comment(comment::Errand),
    /// About a suite of questions.
    Suite(suite::Errand),
}

impl Errand {
    /// Whether it changes nothing, so that it may be answered at once, without being stored.
    pub fn only_reads(&self) -> bool {
        match self {
            Self::Feed(errand) => errand.only_reads(),
            Self::Prompt(errand) => errand.only_reads(),
            Self::Share(errand) => errand.only_reads(),
            Self::Comment(errand) => errand.only_reads(),
            Self::Suite(errand) => errand.only_reads(),
        }
    }

    /// The words in it that somebody may have thought about for long.
    pub fn typed(&self) -> &str {
        match self {
            Self::Feed(errand) => errand.typed(),
            Self::Prompt(errand) => errand.typed(),
            Self::Share(errand) => errand.typed(),
            Self::Comment(errand) => errand.typed(),
            Self::Suite(errand) => errand.typed(),
        }
    }

    /// Does it, and says what came of it.
    pub(super) async fn run(&self, caller: &Caller<'_>) -> Result<Reply, Error> {
        match self {
            Self::Feed(errand) => errand.run(caller).await,
            Self::Prompt(errand) => errand.run(caller).await,
            Self::Share(errand) => errand.run(caller).await,
            Self::Comment(errand) => errand.run(caller).await,
            Self::Suite(errand) => errand.run(caller).await,
        }
    }
}

/// A word, and what follows it piece by piece.
#[derive(Debug, Clone, Copy)]
pub struct Word {
    /// The word as the table of all commands has it; a verb of two words is one of a group.
    pub entry: Entry,
    /// What follows, in this order when it is typed.
    pub slots: &'static [Slot],
}

/// A word that can be said everywhere.
const fn word(verb: &'static str, arguments: &'static str, help: &'static str, slots: &'static [Slot]) -> Word {
    Word { entry: Entry { verb, arguments, help, said: Where::Everywhere }, slots }
}

/// The words of one noun, and how they are read.
struct Noun {
    words: &'static [Word],
    read: fn(&Given<'_>) -> Result<Errand, Unclear>,
}

/// Every noun that errands are about.
const NOUNS: &[Noun] = &[prompt::NOUN, suite::NOUN, share::NOUN, comment::NOUN, feed::NOUN];

/// Every word, in the order of the help.
pub fn words() -> impl Iterator<Item = &'static Word> {
    NOUNS.iter().flat_map(|noun| noun.words)
}

/// What was given with a word.
struct Given<'a> {
    verb: &'static str,
    arguments: &'static str,
    piece: &'a dyn Fn(&str) -> Option<String>,
}

impl Given<'_> {
    /// A piece, if it was given.
    fn some(&self, name: &str) -> Option<String> {
        (self.piece)(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// A piece; empty when it was not given.
    fn text(&self, name: &str) -> String {
        self.some(name).unwrap_or_default()
    }

    /// A piece without which nothing can be done.
    fn needed(&self, name: &str) -> Result<String, Unclear> {
        self.some(name).ok_or_else(|| self.usage())
    }

    /// A piece as what it stands for, such as a number.
    fn parsed<T: FromStr>(&self, name: &str) -> Result<Option<T>, Unclear> {
        let parse = |text: String| text.trim_start_matches('#').parse().map_err(|_| self.usage());
        self.some(name).map(parse).transpose()
    }

    /// The same, needed.
    fn parsed_needed<T: FromStr>(&self, name: &str) -> Result<T, Unclear> {
        self.parsed(name)?.ok_or_else(|| self.usage())
    }

    fn usage(&self) -> Unclear {
        Unclear::Usage(self.verb, self.arguments)
    }
}

fn read(word: &'static Word, piece: &dyn Fn(&str) -> Option<String>) -> Result<Errand, Unclear> {
    let Entry { verb, arguments, .. } = word.entry;
    let noun = NOUNS.iter().find(|noun| noun.words.iter().any(|known| known.entry.verb == verb));
    noun.map_or(Err(Unclear::Usage(verb, arguments)), |noun| (noun.read)(&Given { verb, arguments, piece }))
}

/// The errand that somebody chose by its word, with what they typed into each piece; `None` for other words.
pub(super) fn choose(verb: &str, piece: &dyn Fn(&str) -> Option<String>) -> Option<Result<Errand, Unclear>> {
    words().find(|word| word.entry.verb == verb).map(|word| read(word, piece))
}

/// Reads an errand that was typed; `None` for other words.
pub(super) fn parse(said: &str) -> Option<Result<Errand, Unclear>> {
    let (word, rest) = words().find_map(|word| Some((word, after(said, word.entry.verb)?)))?;
    let mut pieces: Vec<(&str, String)> = Vec::new();
    let mut rest = rest.trim();
    for (index, slot) in word.slots.iter().enumerate() {
        let takes_all = index + 1 == word.slots.len() && matches!(slot.kind, Kind::Text(_) | Kind::Topic);
        let (piece, left) = match takes_all {
            true => (rest, ""),
            false => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        pieces.push((slot.name, piece.to_owned()));
        rest = left.trim_start();
    }
    if !rest.is_empty() {
        return Some(Err(Unclear::Usage(word.entry.verb, word.entry.arguments)));
    }
    let piece = |name: &str| pieces.iter().find(|(slot, _)| *slot == name).map(|(_, piece)| piece.clone());
    Some(read(word, &piece))
}

/// Whether what was typed begins with a verb of two words.
pub fn is_grouped(said: &str) -> bool {
    words().any(|word| word.entry.verb.contains(' ') && after(said, word.entry.verb).is_some())
}

/// Whether what was typed is about people, so that mentions in it must stay known by their ids.
pub fn names_people(said: &str) -> bool {
    after(said, "share").is_some() || after(said, "comment").is_some()
}

/// What follows a verb of one or two words, if `said` begins with it.
fn after<'a>(said: &'a str, verb: &str) -> Option<&'a str> {
    let mut rest = said.trim_start();
    for part in verb.split(' ') {
        let (word, left) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        if !word.eq_ignore_ascii_case(part) {
            return None;
        }
        rest = left.trim_start();
    }
    Some(rest)
}

/// Who runs an errand, and from where.
pub(super) struct Caller<'a> {
    pub(super) workshop: &'a Workshop,
    pub(super) actor: &'a Actor,
    /// What stands before a command there.
    pub(super) marker: &'a str,
    /// The draft that lives or is open there.
    pub(super) draft: Option<DraftId>,
    /// Where on a chat platform.
    pub(super) place: Option<&'a Place>,
    /// The same when the same thing is handled again.
    pub(super) key: Option<&'a str>,
}

impl Caller<'_> {
    /// The draft that is meant: the one named or living here, else the one the person worked on last.
    pub(super) async fn draft(&self, named: Option<DraftId>) -> Result<Draft, Error> {
        if let Some(id) = named.or(self.draft) {
            return self.workshop.draft(self.actor, id).await;
        }
        let latest = match self.place {
            Some(place) => self.workshop.latest_draft(self.actor, place).await?,
            None => None,
        };
        let reason = format!("is not named, and you have none: start one with {}new", self.marker);
        latest.ok_or_else(|| Invalid::new("draft", reason).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(slot: &Slot) -> &'static str {
        match slot.kind {
            Kind::Text(_) => "words",
            Kind::Draft | Kind::Number => "7",
            Kind::Prompt => "some_prompt",
            Kind::Topic => "Shipping",
            Kind::Model => "a-model",
            Kind::Stars => "4",
            Kind::Choice(choices) => choices[0],
        }
    }

    #[test]
    fn every_word_is_chosen_as_it_is_typed() {
        for word in words() {
            let typed: Vec<&str> = word.slots.iter().map(sample).collect();
            let typed = format!("{} {}", word.entry.verb, typed.join(" "));
            let by_name = |name: &str| word.slots.iter().find(|slot| slot.name == name).map(|s| sample(s).to_owned());
            let chosen = choose(word.entry.verb, &by_name).unwrap().unwrap();
            assert_eq!(parse(&typed), Some(Ok(chosen)), "{typed}");
        }
    }

    #[test]
    fn what_is_too_much_or_too_little_is_told_how_it_is_said() {
        assert!(matches!(parse("prompt show"), Some(Err(Unclear::Usage("prompt show", _)))));
        assert!(matches!(parse("prompt show some_prompt of mine"), Some(Err(Unclear::Usage("prompt show", _)))));
        assert_eq!(parse("prompting"), None);
    }
}
