//! Errands about a prompt of the library.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{Caller, Errand as Any, Given, Noun, Word, word};
use crate::chat::command::Unclear;
use crate::chat::reply::{self, Reply};
use crate::chat::slot::{Kind, Slot, needed};
use crate::workshop::Error;
use crate::workshop::push::Which;

/// How long somebody who cannot be told later waits for a push, and how often it is looked at.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(300);

/// What can be said about a prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Errand {
    /// Show it.
    Show {
        /// Its name.
        prompt: String,
    },
    /// Give it as a file.
    Export {
        /// Its name.
        prompt: String,
    },
    /// Push it to Auspex.
    Push {
        /// Its name.
        prompt: String,
    },
}

const NAME: Slot = needed("prompt", Kind::Prompt, "The prompt's name, such as auspex_default");

const WORDS: &[Word] = &[
    word("prompt show", "NAME", "show a prompt of the library", &[NAME]),
    word("prompt export", "NAME", "give a prompt as a .prompt file", &[NAME]),
    word("prompt push", "NAME", "push a prompt to the running Auspex", &[NAME]),
];

pub(super) const NOUN: Noun = Noun { words: WORDS, read };

fn read(given: &Given<'_>) -> Result<Any, Unclear> {
    Ok(Any::Prompt(match given.verb {
        "prompt show" => Errand::Show { prompt: given.needed("prompt")? },
        "prompt export" => Errand::Export { prompt: given.needed("prompt")? },
        "prompt push" => Errand::Push { prompt: given.needed("prompt")? },
        _ => return Err(given.usage()),
    }))
}

impl Errand {
    pub(super) fn only_reads(&self) -> bool {
        match self {
            Self::Show { .. } | Self::Export { .. } => true,
            Self::Push { .. } => false,
        }
    }

    pub(super) fn typed(&self) -> &str {
        match self {
            Self::Show { .. } | Self::Export { .. } | Self::Push { .. } => "",
        }
    }

    pub(super) async fn run(&self, caller: &Caller<'_>) -> Result<Reply, Error> {
        let Caller { workshop, actor, marker, .. } = caller;
        match self {
            Self::Show { prompt } => Ok(reply::prompt(&workshop.prompt(actor, prompt).await?, marker)),
            Self::Export { prompt } => Ok(reply::prompt_file(&workshop.prompt_file(actor, prompt, None).await?)),
            Self::Push { prompt } => push(caller, prompt).await,
        }
    }
}

/// Pushes a prompt. Where the result cannot be told later, it is waited for.
async fn push(caller: &Caller<'_>, prompt: &str) -> Result<Reply, Error> {
    let Caller { workshop, actor, place, key, .. } = caller;
    let mut push = workshop.push_prompt(actor, prompt, &Which::Newest, *key, *place).await?;
    let asked = Instant::now();
    while place.is_none() && !push.status.is_final() && asked.elapsed() < PATIENCE {
        tokio::time::sleep(LOOK).await;
        push = workshop.push(actor, prompt, push.id).await?;
    }
    Ok(match push.status.is_final() && place.is_none() {
        true => reply::pushed(&push.name, push.version.0, &push.url, push.failure.as_deref()),
        false => reply::pushing(&push),
    })
}
