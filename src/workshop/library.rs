//! The library: commit, list, open, describe, deprecate, delete and clone prompts.

use serde_json::json;

use super::delivery::{Note, Refresh};
use super::draft::{Start, Started};
use super::event::{Event, notify};
use super::{Error, Noun, Workshop};
use crate::domain::access::Visibility;
use crate::domain::draft::{Draft, DraftStatus};
use crate::domain::library::{CommitWarning, DEFAULT_PROMPT, Filter, Prompt, PromptName, Relative};
use crate::domain::{Access, AccountId, Actor, DraftId, Invalid, PromptId, VersionNumber};
use crate::store::activity::{self, Happened};
use crate::store::library::{About, NewPrompt};
use crate::store::version::Origin;
use crate::store::{self, Conn};

/// The text of the prompt that ships with the service.
const DEFAULT_TEXT: &str = include_str!("default_prompt.md");

/// How a person wants to commit; texts are checked by the parsers of [`crate::domain::library`].
#[derive(Debug, Clone)]
pub struct Commit {
    /// The prompt's name.
    pub name: PromptName,
    /// Its title.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// Why this version was made.
    pub note: String,
    /// Who sees it; a new version leaves that as it is.
    pub visibility: Visibility,
    /// The second yes.
    pub confirm: bool,
}

/// What people say about a prompt; what is `None` stays. Texts are checked by the parsers of [`crate::domain::library`].
#[derive(Debug, Clone, Default)]
pub struct Describe {
    /// A new title.
    pub title: Option<String>,
    /// A new description.
    pub description: Option<String>,
    /// New tags.
    pub tags: Option<Vec<String>>,
}

/// A prompt's family, as one person sees it.
#[derive(Debug, Clone)]
pub struct Family {
    /// The prompt that it started from.
    pub of: PromptId,
    /// Its members, in the order in which they came.
    pub members: Vec<Relative>,
    /// How many more there are.
    pub hidden: usize,
}

impl Workshop {
    /// Commits a draft's current text: a new prompt, or the next version of the one it was cloned from.
    pub async fn commit_draft(
        &self,
        actor: &Actor,
        id: DraftId,
        commit: Commit,
    ) -> Result<(Prompt, VersionNumber), Error> {
        let mut tx = self.store.begin().await?;
        let mut draft = self.writable_draft(&mut tx, actor, id, Access::Editor).await?;
        draft.committable()?;
        let existing = self.publishable(&mut tx, actor, &draft, &commit.name).await?;
        if !commit.confirm
            && let Some(warning) = warning(&mut tx, &draft, existing.as_ref()).await?
        {
            return Err(Error::WantsConfirmation(warning));
        }
        let now = self.now();
        let prompt = match existing {
            Some(prompt) => {
                let about = About { title: &commit.title, description: &commit.description, tags: &prompt.tags };
                store::library::update(&mut tx, prompt.id, &about, now).await?;
                prompt.id
            }
            None => {
                let new = NewPrompt {
                    name: commit.name.as_str(),
                    title: &commit.title,
                    description: &commit.description,
                    owner: Some(draft.owner),
                    visibility: within_reach(&mut tx, draft.owner, commit.visibility).await?,
                    parent: draft.parent,
                    shipped: false,
                };
                insert_named(&mut tx, &new, now).await?
            }
        };
        let origin = Origin { draft: Some((id, draft.revision)), author: Some(actor.account), note: commit.note };
        let version = store::version::insert(&mut tx, prompt, &draft.text, &origin, now).await?;
        draft.committed_as = Some((prompt, version));
        (draft.status, draft.updated_at, draft.active_at) = (DraftStatus::Committed, now, now);
        store::draft::update(&mut tx, &draft).await?;
        let mut event = store::activity::Event::draft(Happened::PromptCommitted, Some(actor.account), id);
        event.prompt = Some(prompt);
        store::activity::insert(&mut tx, &event, now).await?;
        notify(&mut tx, &Event::DraftChanged { draft: id }).await?;
        let note = Note::Committed {
            by: actor.name.clone(),
            name: commit.name.to_string(),
            title: commit.title.clone(),
            version: version.0,
        };
        self.note(&mut tx, draft.chat, &note).await?;
        self.refresh(&mut tx, draft.chat, Refresh::Card { draft: id }).await?;
        let committed = store::library::find_by_id(&mut tx, prompt).await?.ok_or(Error::NotFound(Noun::Prompt))?;
        store::commit(tx).await?;
        Ok((committed, version))
    }

    /// What committing would be refused or warned for, without committing.
    pub async fn check_commit(
        &self,
        actor: &Actor,
        id: DraftId,
        name: &PromptName,
    ) -> Result<Option<CommitWarning>, Error> {
        let mut conn = self.store.conn().await?;
        let draft = self.draft_for(&mut conn, actor, id, Access::Editor).await?;
        draft.writable()?;
        draft.committable()?;
        let existing = self.publishable(&mut conn, actor, &draft, name).await?;
        Ok(warning(&mut conn, &draft, existing.as_ref()).await?)
    }

    /// What speaks against committing the current text, if anything.
    pub async fn commit_warning(&self, actor: &Actor, id: DraftId) -> Result<Option<CommitWarning>, Error> {
        let mut conn = self.store.conn().await?;
        let draft = self.draft_for(&mut conn, actor, id, Access::Viewer).await?;
        Ok(warning(&mut conn, &draft, None).await?)
    }

    /// The prompt that this name would publish a new version of; `None` for a free name.
    async fn publishable(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        draft: &Draft,
        name: &PromptName,
    ) -> Result<Option<Prompt>, Error> {
        let Some(taken) = store::library::find(conn, name.as_str()).await? else { return Ok(None) };
        let access = store::grant::prompt_access(conn, taken.id, actor.account).await?;
        let is_parent = draft.parent.is_some_and(|(parent, _)| parent == taken.id);
        if is_parent && access.is_some_and(|access| access.allows(Access::Editor)) {
            // Two who publish at once take turns.
            Ok(store::library::lock(conn, taken.id).await?)
        } else {
            Err(Error::NameTaken { name: name.to_string() })
        }
    }

    /// A page of the prompts that the actor may see, and how many there are in all.
    pub async fn prompts(
        &self,
        actor: &Actor,
        filter: &Filter,
        limit: i64,
        offset: i64,
    ) -> Result<(Vec<Prompt>, i64), Error> {
        Ok(store::library::list(&mut *self.store.conn().await?, actor.account, filter, limit, offset).await?)
    }

    /// One prompt.
    pub async fn prompt(&self, actor: &Actor, name: &str) -> Result<Prompt, Error> {
        self.prompt_for(&mut *self.store.conn().await?, actor, name, Access::Viewer).await
    }

    /// The prompt, if the actor may do with it what needs `needed`. A prompt one may not see is not found.
    pub(super) async fn prompt_for(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        name: &str,
        needed: Access,
    ) -> Result<Prompt, Error> {
        let found = store::library::find_visible(conn, name, actor.account).await?;
        let (prompt, access) = found.ok_or(Error::NotFound(Noun::Prompt))?;
        match access.allows(needed) {
            true => Ok(prompt),
            false => Err(Error::Forbidden { noun: Noun::Prompt, needed, has: access }),
        }
    }

    /// Changes what people say about a prompt; its text stays.
    pub async fn describe_prompt(&self, actor: &Actor, name: &str, about: Describe) -> Result<Prompt, Error> {
        let mut tx = self.store.begin().await?;
        let prompt = self.prompt_for(&mut tx, actor, name, Access::Editor).await?;
        let now = self.now();
        let about = About {
            title: about.title.as_deref().unwrap_or(&prompt.title),
            description: about.description.as_deref().unwrap_or(&prompt.description),
            tags: about.tags.as_deref().unwrap_or(&prompt.tags),
        };
        store::library::update(&mut tx, prompt.id, &about, now).await?;
        let event = activity::Event::prompt(Happened::PromptDescribed, Some(actor.account), prompt.id, json!({}));
        activity::insert(&mut tx, &event, now).await?;
        let prompt = store::library::find_by_id(&mut tx, prompt.id).await?.ok_or(Error::NotFound(Noun::Prompt))?;
        store::commit(tx).await?;
        Ok(prompt)
    }

    /// Says that a prompt should not be used any more, and perhaps what to use instead. It still answers.
    pub async fn deprecate_prompt(&self, actor: &Actor, name: &str, successor: Option<&str>) -> Result<Prompt, Error> {
        let mut tx = self.store.begin().await?;
        let prompt = self.prompt_for(&mut tx, actor, name, Access::Owner).await?;
        let next = match successor {
            None => None,
            Some(next) => {
                let unknown = |_| Invalid::new("successor", "is no prompt that you can see");
                let next = self.prompt_for(&mut tx, actor, next, Access::Viewer).await.map_err(unknown)?;
                if next.id == prompt.id {
                    return Err(Invalid::new("successor", "must be another prompt").into());
                }
                Some(next)
            }
        };
        let now = self.now();
        store::library::set_deprecated(&mut tx, prompt.id, Some(now), next.as_ref().map(|next| next.id), now).await?;
        self.deprecation_changed(tx, actor, prompt.id, json!({ "successor": next.map(|next| next.name) })).await
    }

    /// Takes back that a prompt should not be used.
    pub async fn undeprecate_prompt(&self, actor: &Actor, name: &str) -> Result<Prompt, Error> {
        let mut tx = self.store.begin().await?;
        let prompt = self.prompt_for(&mut tx, actor, name, Access::Owner).await?;
        store::library::set_deprecated(&mut tx, prompt.id, None, None, self.now()).await?;
        self.deprecation_changed(tx, actor, prompt.id, json!({ "taken_back": true })).await
    }

    async fn deprecation_changed(
        &self,
        mut tx: store::Tx,
        actor: &Actor,
        id: PromptId,
        detail: serde_json::Value,
    ) -> Result<Prompt, Error> {
        let event = activity::Event::prompt(Happened::PromptDeprecated, Some(actor.account), id, detail);
        activity::insert(&mut tx, &event, self.now()).await?;
        let prompt = store::library::find_by_id(&mut tx, id).await?.ok_or(Error::NotFound(Noun::Prompt))?;
        store::commit(tx).await?;
        Ok(prompt)
    }

    /// Deletes a prompt with its texts; clones keep their lineage, and its name is free again. Only its owner may.
    pub async fn delete_prompt(&self, actor: &Actor, name: &str) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        let prompt = self.prompt_for(&mut tx, actor, name, Access::Viewer).await?;
        if prompt.shipped {
            return Err(Invalid::new("name", "is the prompt that ships with the service; it cannot be deleted").into());
        }
        self.prompt_for(&mut tx, actor, name, Access::Owner).await?;
        let now = self.now();
        store::library::delete(&mut tx, prompt.id, now).await?;
        let detail = json!({ "name": prompt.name });
        let event = activity::Event::prompt(Happened::PromptDeleted, Some(actor.account), prompt.id, detail);
        activity::insert(&mut tx, &event, now).await?;
        Ok(store::commit(tx).await?)
    }

    /// The family of a prompt: those of it that the actor may see, and how many there are that the actor may not.
    pub async fn family(&self, actor: &Actor, name: &str) -> Result<Family, Error> {
        let mut conn = self.store.conn().await?;
        let prompt = self.prompt_for(&mut conn, actor, name, Access::Viewer).await?;
        let mut family = Family { of: prompt.family, members: Vec::new(), hidden: 0 };
        for relative in store::library::family(&mut conn, prompt.family).await? {
            // What was deleted is nobody's secret: its clones name it.
            let seen =
                relative.deleted || store::grant::prompt_access(&mut conn, relative.id, actor.account).await?.is_some();
            if seen { family.members.push(relative) } else { family.hidden += 1 }
        }
        Ok(family)
    }

    /// How many drafts were started from a prompt.
    pub async fn count_clones(&self, prompt: &Prompt) -> Result<i64, Error> {
        Ok(store::library::count_clones(&mut *self.store.conn().await?, prompt.id).await?)
    }

    /// Starts a workshop on a copy of a prompt.
    ///
    /// With `publishes`, it is to become the prompt's next version.
    pub async fn clone_prompt(
        &self,
        actor: &Actor,
        name: &str,
        draft_name: Option<String>,
        publishes: bool,
    ) -> Result<Started, Error> {
        let start = Start { parent: Some(name.to_owned()), name: draft_name, publishes, ..Start::default() };
        self.start_workshop(actor, start).await
    }

    /// Adds the prompt that ships with the service, if it is not there; a newer text becomes its next version.
    pub async fn ship_default_prompt(&self) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        let now = self.now();
        let id = match store::library::find(&mut tx, DEFAULT_PROMPT).await? {
            Some(prompt) if prompt.text == DEFAULT_TEXT => return Ok(()),
            Some(prompt) => prompt.id,
            None => {
                let new = NewPrompt {
                    name: DEFAULT_PROMPT,
                    title: "Auspex default",
                    description: "What a session answers with when no other prompt is chosen.",
                    owner: None,
                    visibility: Visibility::Public,
                    parent: None,
                    shipped: true,
                };
                match store::library::insert(&mut tx, &new, now).await {
                    // Another copy of the service is starting too.
                    Err(store::Error::Taken { .. }) => return Ok(()),
                    added => added?,
                }
            }
        };
        store::version::insert(&mut tx, id, DEFAULT_TEXT, &Origin::default(), now).await?;
        Ok(store::commit(tx).await?)
    }
}

/// Who sees a new prompt: what a guest commits for the team is private, since a guest is not of the team.
pub(super) async fn within_reach(conn: &mut Conn, owner: AccountId, wanted: Visibility) -> Result<Visibility, Error> {
    match wanted {
        Visibility::Team if !store::team::has(conn, store::team::EVERYONE, owner).await? => Ok(Visibility::Private),
        wanted => Ok(wanted),
    }
}

/// What speaks against committing a draft, as a prompt of its own or as the next version of `existing`.
async fn warning(
    conn: &mut Conn,
    draft: &Draft,
    existing: Option<&Prompt>,
) -> Result<Option<CommitWarning>, store::Error> {
    if let (Some(prompt), Some((_, base))) = (existing, draft.parent)
        && base < prompt.version
    {
        return Ok(Some(CommitWarning::Behind { base, newest: prompt.version }));
    }
    let (tests, mean) = store::trial::evidence(conn, draft.id, draft.revision).await?;
    Ok(CommitWarning::of(tests, mean))
}

/// Adds a prompt; a taken name is a refusal.
pub(super) async fn insert_named(
    conn: &mut Conn,
    new: &NewPrompt<'_>,
    now: crate::domain::Instant,
) -> Result<PromptId, Error> {
    match store::library::insert(conn, new, now).await {
        Err(store::Error::Taken { .. }) => Err(Error::NameTaken { name: new.name.to_owned() }),
        added => Ok(added?),
    }
}
