//! Errands about a prompt of the library: its versions and labels, what is said about it, its end.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{Caller, Errand as Any, Given, Noun, Word, word};
use crate::chat::command::Unclear;
use crate::chat::reply::{self, Reply};
use crate::chat::slot::{Kind, Slot, needed, optional};
use crate::domain::VersionNumber;
use crate::domain::library::{self, Label, Pick, Reference};
use crate::workshop::Error;
use crate::workshop::library::Describe;

/// How many versions one reply lists.
const LISTED: i64 = 20;

/// How long somebody who cannot be told later waits for a push, and how often it is looked at.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(300);

/// What can be said about a prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errand {
    /// The prompt's name, perhaps with a version or a label.
    prompt: String,
    /// What is wanted.
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    Show,
    Versions,
    Diff { from: VersionNumber, to: VersionNumber },
    Label { label: String, version: VersionNumber },
    Revert { version: VersionNumber, note: String },
    Family,
    Title { title: String },
    About { text: String },
    Tags { tags: String },
    Deprecate { successor: Option<String> },
    Revive,
    Delete { confirm: bool },
    Export,
    Push,
}

const NAME: Slot = needed("prompt", Kind::Prompt, "The prompt's name");
const VERSION: Slot = needed("version", Kind::Number, "The version");

const WORDS: &[Word] = &[
    word("prompt show", "NAME[@VERSION]", "show a prompt of the library", &[NAME]),
    word("prompt versions", "NAME", "list its versions, with their tests", &[NAME]),
    word(
        "prompt diff",
        "NAME FROM TO",
        "show what changed between two versions",
        &[NAME, needed("from", Kind::Number, "A version"), needed("to", Kind::Number, "Another")],
    ),
    word(
        "prompt label",
        "NAME LABEL VERSION",
        "point a label to a version",
        &[NAME, needed("label", Kind::Text(40), "Such as production"), VERSION],
    ),
    word(
        "prompt revert",
        "NAME VERSION [why]",
        "make an earlier text the next version",
        &[NAME, VERSION, optional("why", Kind::Text(500), "For the history")],
    ),
    word("prompt family", "NAME", "show what was cloned from what", &[NAME]),
    word("prompt title", "NAME TITLE", "change its title", &[NAME, needed("title", Kind::Text(100), "The title")]),
    word(
        "prompt about",
        "NAME [text]",
        "change its description",
        &[NAME, optional("text", Kind::Text(500), "The text")],
    ),
    word(
        "prompt tags",
        "NAME [tags]",
        "change its tags",
        &[NAME, optional("tags", Kind::Text(300), "With commas between")],
    ),
    word(
        "prompt deprecate",
        "NAME [SUCCESSOR]",
        "say that it should not be used any more",
        &[NAME, optional("successor", Kind::Prompt, "What to use instead")],
    ),
    word("prompt revive", "NAME", "take that back", &[NAME]),
    word(
        "prompt delete",
        "NAME yes",
        "delete it with its texts",
        &[NAME, optional("sure", Kind::Choice(&["yes"]), "It cannot be undone")],
    ),
    word("prompt export", "NAME[@VERSION]", "give it as a .prompt file", &[NAME]),
    word("prompt push", "NAME[@VERSION]", "push it to the running Auspex", &[NAME]),
];

pub(super) const NOUN: Noun = Noun { words: WORDS, read };

fn read(given: &Given<'_>) -> Result<Any, Unclear> {
    let what = match given.verb {
        "prompt show" => What::Show,
        "prompt versions" => What::Versions,
        "prompt diff" => What::Diff { from: given.parsed_needed("from")?, to: given.parsed_needed("to")? },
        "prompt label" => What::Label { label: given.needed("label")?, version: given.parsed_needed("version")? },
        "prompt revert" => What::Revert { version: given.parsed_needed("version")?, note: given.text("why") },
        "prompt family" => What::Family,
        "prompt title" => What::Title { title: given.needed("title")? },
        "prompt about" => What::About { text: given.text("text") },
        "prompt tags" => What::Tags { tags: given.text("tags") },
        "prompt deprecate" => What::Deprecate { successor: given.some("successor") },
        "prompt revive" => What::Revive,
        "prompt delete" => What::Delete { confirm: given.some("sure").is_some_and(|sure| sure == "yes") },
        "prompt export" => What::Export,
        "prompt push" => What::Push,
        _ => return Err(given.usage()),
    };
    Ok(Any::Prompt(Errand { prompt: given.needed("prompt")?, what }))
}

impl Errand {
    pub(super) fn only_reads(&self) -> bool {
        match self.what {
            What::Show | What::Versions | What::Diff { .. } | What::Family | What::Export => true,
            What::Label { .. }
            | What::Revert { .. }
            | What::Title { .. }
            | What::About { .. }
            | What::Tags { .. }
            | What::Deprecate { .. }
            | What::Revive
            | What::Delete { .. }
            | What::Push => false,
        }
    }

    pub(super) fn typed(&self) -> &str {
        match &self.what {
            What::Title { title: typed }
            | What::About { text: typed }
            | What::Tags { tags: typed }
            | What::Revert { note: typed, .. } => typed,
            What::Show
            | What::Versions
            | What::Diff { .. }
            | What::Label { .. }
            | What::Family
            | What::Deprecate { .. }
            | What::Revive
            | What::Delete { .. }
            | What::Export
            | What::Push => "",
        }
    }

    pub(super) async fn run(&self, caller: &Caller<'_>) -> Result<Reply, Error> {
        let Caller { workshop, actor, marker, .. } = caller;
        let Reference { name, pick } = self.prompt.parse()?;
        Ok(match &self.what {
            What::Show => reply::prompt(&workshop.pick_prompt(actor, &name, &pick).await?, marker),
            What::Versions => {
                let (versions, total) = workshop.versions(actor, &name, LISTED, 0).await?;
                reply::versions(&name, &versions, total, marker)
            }
            What::Diff { from, to } => {
                let diff = workshop.version_diff(actor, &name, *from, *to).await?;
                reply::version_diff(&name, *from, *to, &diff)
            }
            What::Label { label, version } => {
                let label = Label::parse(label)?;
                let (prompt, before) = workshop.set_label(actor, &name, &label, *version).await?;
                reply::labelled(&prompt, &label, *version, before)
            }
            What::Revert { version, note } => {
                let note = library::parse_note(note)?;
                let (prompt, number) = workshop.revert_prompt(actor, &name, *version, Some(note)).await?;
                reply::reverted(&prompt, *version, number)
            }
            What::Family => reply::family(&workshop.family(actor, &name).await?),
            What::Title { title } => {
                let title = Some(library::parse_title(title)?);
                self.describe(caller, &name, Describe { title, ..Describe::default() }).await?
            }
            What::About { text } => {
                let description = Some(library::parse_description(text)?);
                self.describe(caller, &name, Describe { description, ..Describe::default() }).await?
            }
            What::Tags { tags } => {
                let tags: Vec<&str> = tags.split(',').filter(|tag| !tag.trim().is_empty()).collect();
                let tags = Some(library::parse_tags(&tags)?);
                self.describe(caller, &name, Describe { tags, ..Describe::default() }).await?
            }
            What::Deprecate { successor } => {
                reply::deprecated(&workshop.deprecate_prompt(actor, &name, successor.as_deref()).await?)
            }
            What::Revive => reply::revived(&workshop.undeprecate_prompt(actor, &name).await?),
            What::Delete { confirm: false } => {
                let prompt = workshop.prompt(actor, &name).await?;
                reply::delete_prompt(&prompt, workshop.count_clones(&prompt).await?, marker)
            }
            What::Delete { confirm: true } => {
                workshop.delete_prompt(actor, &name).await?;
                reply::prompt_deleted(&name)
            }
            What::Export => {
                let version = workshop.pick_prompt(actor, &name, &pick).await?.number;
                reply::prompt_file(&workshop.prompt_file(actor, &name, Some(version)).await?)
            }
            What::Push => push(caller, &name, &pick).await?,
        })
    }

    async fn describe(&self, caller: &Caller<'_>, name: &str, about: Describe) -> Result<Reply, Error> {
        Ok(reply::described(&caller.workshop.describe_prompt(caller.actor, name, about).await?))
    }
}

/// Pushes a prompt. Where the result cannot be told later, it is waited for.
async fn push(caller: &Caller<'_>, prompt: &str, pick: &Pick) -> Result<Reply, Error> {
    let Caller { workshop, actor, place, key, .. } = caller;
    let mut push = workshop.push_prompt(actor, prompt, pick, *key, *place).await?;
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
