//! Errands about comments on the draft that lives here.

use serde::{Deserialize, Serialize};

use super::share::mentioned;
use super::{Caller, Errand as Any, Given, Noun, Word, word};
use crate::chat::command::Unclear;
use crate::chat::reply::{self, Reply};
use crate::chat::slot::{Kind, Slot, optional};
use crate::workshop::Error;
use crate::workshop::comment::NewComment;

/// How many comments one reply lists.
const LISTED: i64 = 15;

/// What can be said about comments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Errand {
    /// Write one, or list what there is.
    Comment {
        /// What is said; empty to list.
        text: String,
    },
}

const TEXT: Slot = optional("text", Kind::Text(2_000), "Your comment; @name mentions");
const WORDS: &[Word] = &[word("comment", "[text]", "comment on this draft, or list comments", &[TEXT])];

pub(super) const NOUN: Noun = Noun { words: WORDS, read };

fn read(given: &Given<'_>) -> Result<Any, Unclear> {
    Ok(Any::Comment(Errand::Comment { text: given.text("text") }))
}

impl Errand {
    pub(super) fn only_reads(&self) -> bool {
        self.typed().is_empty()
    }

    pub(super) fn typed(&self) -> &str {
        let Self::Comment { text } = self;
        text
    }

    pub(super) async fn run(&self, caller: &Caller<'_>) -> Result<Reply, Error> {
        let Caller { workshop, actor, .. } = caller;
        let target = caller.target(None).await?;
        let Self::Comment { text } = self;
        if text.is_empty() {
            let (comments, total) = workshop.comments(actor, &target, LISTED, -1).await?;
            return Ok(reply::comments(&comments, total, &target));
        }
        let new = NewComment { text: with_names(caller, text).await?, ..NewComment::default() };
        Ok(reply::commented(&workshop.write_comment(actor, &target, new, caller.key).await?))
    }
}

/// A text with the names of accounts in place of mentions as the platform writes them.
pub(super) async fn with_names(caller: &Caller<'_>, text: &str) -> Result<String, Error> {
    let Some(place) = caller.place else { return Ok(text.to_owned()) };
    let mut named = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find("<@") {
        named.push_str(&rest[..open]);
        rest = &rest[open..];
        let Some(close) = rest.find('>') else { break };
        let mention = &rest[..=close];
        match mentioned(mention, place) {
            Some((identity, label)) => {
                let known = caller.workshop.name_of(&identity).await?;
                named.push_str(&format!("@{}", known.or(label).unwrap_or(identity.user)));
            }
            None => named.push_str(mention),
        }
        rest = &rest[close + 1..];
    }
    named.push_str(rest);
    Ok(named)
}
