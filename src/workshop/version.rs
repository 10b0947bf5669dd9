//! Versions of a prompt and the labels that point to them: reading, comparing, labelling, going back.

use serde_json::json;

use super::{Error, Noun, Workshop};
use crate::domain::library::{Evidence, Label, Pick, Prompt, Version};
use crate::domain::proposal::{self, DiffPart};
use crate::domain::trial::Trial;
use crate::domain::{Access, Actor, Invalid, PromptId, VersionNumber};
use crate::store::activity::{Event, Happened};
use crate::store::version::Origin;
use crate::store::{self, Conn};

/// One version of a prompt with its text.
#[derive(Debug, Clone)]
pub struct Picked {
    /// The prompt.
    pub prompt: Prompt,
    /// The version's number.
    pub number: VersionNumber,
    /// Its text.
    pub text: String,
}

/// A version with its text and the tests that its draft had.
#[derive(Debug, Clone)]
pub struct VersionDetail {
    /// The prompt's name.
    pub prompt: String,
    /// The version.
    pub version: Version,
    /// Its text.
    pub text: String,
    /// Tests of this text, newest first.
    pub tests: Vec<Trial>,
}

/// How two versions differ.
#[derive(Debug, Clone)]
pub struct VersionDiff {
    /// Line by line, as a unified diff; empty when they are the same.
    pub unified: String,
    /// Word by word.
    pub words: Vec<DiffPart>,
}

/// The most tests that are shown of one version.
const TESTS: i64 = 100;

impl Workshop {
    /// The text of a prompt that is meant. A version or a label that there is not is refused.
    pub async fn pick_prompt(&self, actor: &Actor, name: &str, pick: &Pick) -> Result<Picked, Error> {
        let mut conn = self.store.conn().await?;
        let prompt = self.prompt_for(&mut conn, actor, name, Access::Viewer).await?;
        picked(&mut conn, prompt, pick).await
    }

    /// A page of a prompt's versions, newest first, and how many there are in all.
    pub async fn versions(
        &self,
        actor: &Actor,
        name: &str,
        limit: i64,
        offset: i64,
    ) -> Result<(Vec<Version>, i64), Error> {
        let mut conn = self.store.conn().await?;
        let prompt = self.prompt_for(&mut conn, actor, name, Access::Viewer).await?;
        let versions = store::version::list(&mut conn, prompt.id, None, limit, offset).await?;
        // They are numbered from 1 without gaps.
        Ok((versions, prompt.version.0.into()))
    }

    /// What the tests of the newest version of each of these prompts came to.
    pub async fn evidence(&self, prompts: &[Prompt]) -> Result<Vec<Evidence>, Error> {
        let ids: Vec<PromptId> = prompts.iter().map(|prompt| prompt.id).collect();
        Ok(store::version::evidence(&mut *self.store.conn().await?, &ids).await?)
    }

    /// One version with its text and the tests that its draft had.
    pub async fn version(&self, actor: &Actor, name: &str, number: VersionNumber) -> Result<VersionDetail, Error> {
        let mut conn = self.store.conn().await?;
        let prompt = self.prompt_for(&mut conn, actor, name, Access::Viewer).await?;
        let version = store::version::list(&mut conn, prompt.id, Some(number), 1, 0).await?.pop();
        let version = version.ok_or(Error::NotFound(Noun::Version))?;
        let text = store::version::text(&mut conn, prompt.id, number).await?.ok_or(Error::NotFound(Noun::Version))?;
        let tests = match version.draft {
            Some((draft, revision)) => store::trial::of_revision(&mut conn, draft, revision, TESTS).await?,
            None => Vec::new(),
        };
        Ok(VersionDetail { prompt: prompt.name, version, text, tests })
    }

    /// How two versions differ.
    pub async fn version_diff(
        &self,
        actor: &Actor,
        name: &str,
        from: VersionNumber,
        to: VersionNumber,
    ) -> Result<VersionDiff, Error> {
        let mut conn = self.store.conn().await?;
        let prompt = self.prompt_for(&mut conn, actor, name, Access::Viewer).await?;
        let missing = || Error::NotFound(Noun::Version);
        let before = store::version::text(&mut conn, prompt.id, from).await?.ok_or_else(missing)?;
        let after = store::version::text(&mut conn, prompt.id, to).await?.ok_or_else(missing)?;
        let unified = proposal::unified(&before, &after, &format!("version {from}"), &format!("version {to}"));
        Ok(VersionDiff { unified, words: proposal::words(&before, &after) })
    }

    /// Points a label to a version; says to which it pointed before.
    pub async fn set_label(
        &self,
        actor: &Actor,
        name: &str,
        label: &Label,
        version: VersionNumber,
    ) -> Result<(Prompt, Option<VersionNumber>), Error> {
        let mut tx = self.store.begin().await?;
        let prompt = self.prompt_for(&mut tx, actor, name, label.needs()).await?;
        if !(1..=prompt.version.0).contains(&version.0) {
            return Err(unknown_version(&prompt).into());
        }
        let now = self.now();
        let before = store::version::set_label(&mut tx, prompt.id, label, version, now).await?;
        let detail = json!({ "label": label, "from": before, "to": version });
        let event = Event::prompt(Happened::PromptLabelled, Some(actor.account), prompt.id, detail);
        store::activity::insert(&mut tx, &event, now).await?;
        let prompt = store::library::find_by_id(&mut tx, prompt.id).await?.ok_or(Error::NotFound(Noun::Prompt))?;
        store::commit(tx).await?;
        Ok((prompt, before))
    }

    /// Takes a label away. Whoever asks for it from then on is refused.
    pub async fn delete_label(&self, actor: &Actor, name: &str, label: &Label) -> Result<Prompt, Error> {
        let mut tx = self.store.begin().await?;
        let prompt = self.prompt_for(&mut tx, actor, name, label.needs()).await?;
        let now = self.now();
        let before = store::version::delete_label(&mut tx, prompt.id, label, now).await?;
        let before = before.ok_or(Error::NotFound(Noun::Label))?;
        let detail = json!({ "label": label, "from": before, "to": null });
        let event = Event::prompt(Happened::PromptLabelled, Some(actor.account), prompt.id, detail);
        store::activity::insert(&mut tx, &event, now).await?;
        let prompt = store::library::find_by_id(&mut tx, prompt.id).await?.ok_or(Error::NotFound(Noun::Prompt))?;
        store::commit(tx).await?;
        Ok(prompt)
    }

    /// Makes the text of an earlier version the next one. Labels stay where they are.
    pub async fn revert_prompt(
        &self,
        actor: &Actor,
        name: &str,
        to: VersionNumber,
        note: Option<String>,
    ) -> Result<(Prompt, VersionNumber), Error> {
        let mut tx = self.store.begin().await?;
        let prompt = self.prompt_for(&mut tx, actor, name, Access::Editor).await?;
        let prompt = store::library::lock(&mut tx, prompt.id).await?.ok_or(Error::NotFound(Noun::Prompt))?;
        let earlier = store::version::list(&mut tx, prompt.id, Some(to), 1, 0).await?.pop();
        let earlier = earlier.ok_or_else(|| unknown_version(&prompt))?;
        let text = store::version::text(&mut tx, prompt.id, to).await?.ok_or_else(|| unknown_version(&prompt))?;
        if text == prompt.text {
            let newest = prompt.version;
            return Err(Invalid::new("version", format!("has the text of the newest, {newest}, already")).into());
        }
        let now = self.now();
        let note = note.filter(|note| !note.is_empty()).unwrap_or_else(|| format!("Back to version {to}"));
        // Its evidence is that of the draft it came from.
        let origin = Origin { draft: earlier.draft, author: Some(actor.account), note };
        let number = store::version::insert(&mut tx, prompt.id, &text, &origin, now).await?;
        let detail = json!({ "to": to, "version": number });
        let event = Event::prompt(Happened::PromptReverted, Some(actor.account), prompt.id, detail);
        store::activity::insert(&mut tx, &event, now).await?;
        let prompt = store::library::find_by_id(&mut tx, prompt.id).await?.ok_or(Error::NotFound(Noun::Prompt))?;
        store::commit(tx).await?;
        Ok((prompt, number))
    }
}

/// The text that is meant; a version or a label that there is not is refused.
pub(super) async fn picked(conn: &mut Conn, prompt: Prompt, pick: &Pick) -> Result<Picked, Error> {
    let number = match pick {
        Pick::Newest => prompt.version,
        Pick::Version(number) => *number,
        Pick::Label(label) => *prompt.labels.get(label.as_str()).ok_or_else(|| unknown_label(&prompt, label))?,
    };
    if number == prompt.version {
        return Ok(Picked { number, text: prompt.text.clone(), prompt });
    }
    let text = store::version::text(conn, prompt.id, number).await?.ok_or_else(|| unknown_version(&prompt))?;
    Ok(Picked { prompt, number, text })
}

fn unknown_version(prompt: &Prompt) -> Invalid {
    Invalid::new("version", format!("is unknown; the newest of {} is {}", prompt.name, prompt.version))
}

fn unknown_label(prompt: &Prompt, label: &Label) -> Invalid {
    let known: Vec<&str> = prompt.labels.keys().map(String::as_str).collect();
    let known = if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) };
    Invalid::new("label", format!("{label} does not exist on {}; {known}", prompt.name))
}
