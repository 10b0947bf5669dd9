//! Errands about a prompt of the library.

use serde::{Deserialize, Serialize};

use super::{Caller, Errand as Any, Given, Noun, Word, word};
use crate::chat::command::Unclear;
use crate::chat::reply::{self, Reply};
use crate::chat::slot::{Kind, Slot, needed};
use crate::workshop::Error;

/// What can be said about a prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Errand {
    /// Show it.
    Show {
        /// Its name.
        prompt: String,
    },
}

const NAME: Slot = needed("prompt", Kind::Prompt, "The prompt's name, such as auspex_default");

const WORDS: &[Word] = &[word("prompt show", "NAME", "show a prompt of the library", &[NAME])];

pub(super) const NOUN: Noun = Noun { words: WORDS, read };

fn read(given: &Given<'_>) -> Result<Any, Unclear> {
    Ok(Any::Prompt(match given.verb {
        "prompt show" => Errand::Show { prompt: given.needed("prompt")? },
        _ => return Err(given.usage()),
    }))
}

impl Errand {
    pub(super) fn only_reads(&self) -> bool {
        match self {
            Self::Show { .. } => true,
        }
    }

    pub(super) fn typed(&self) -> &str {
        match self {
            Self::Show { .. } => "",
        }
    }

    pub(super) async fn run(&self, caller: &Caller<'_>) -> Result<Reply, Error> {
        let Caller { workshop, actor, marker, .. } = caller;
        match self {
            Self::Show { prompt } => Ok(reply::prompt(&workshop.prompt(actor, prompt).await?, marker)),
        }
    }
}
