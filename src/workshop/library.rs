//! The library: commit, list, open, clone, import and export prompts.

use serde::{Deserialize, Serialize};

use super::delivery::{Note, Refresh};
use super::draft::{Start, Started};
use super::event::{Event, notify};
use super::{Error, Noun, Workshop};
use crate::domain::access::Visibility;
use crate::domain::draft::{Draft, DraftStatus};
use crate::domain::library::{self, CommitWarning, DEFAULT_PROMPT, Prompt, PromptName};
use crate::domain::{Access, AccountId, Actor, DraftId, PromptId, VersionNumber};
use crate::store::activity::Happened;
use crate::store::library::{NewPrompt, Origin};
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
    /// Who sees it; a new version leaves that as it is.
    pub visibility: Visibility,
    /// The second yes.
    pub confirm: bool,
}

/// A prompt with its versions, as it is exported and imported.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Export {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Its texts, oldest first.
    pub versions: Vec<ExportedVersion>,
}

/// One version of an [`Export`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ExportedVersion {
    /// The text.
    pub text: String,
    /// Why it was made.
    #[serde(default)]
    pub note: String,
}

/// What became of prompts that were imported.
#[derive(Debug, Clone, Default)]
pub struct Imported {
    /// Names of those added.
    pub added: Vec<String>,
    /// Those left out, each with the reason.
    pub rejected: Vec<(String, String)>,
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
        let (tests, mean) = store::trial::evidence(&mut tx, id, draft.revision).await?;
        let existing = self.publishable(&mut tx, actor, &draft, &commit.name).await?;
        if let Some(warning) = CommitWarning::of(tests, mean)
            && !commit.confirm
        {
            return Err(Error::WantsConfirmation(warning));
        }
        let now = self.now();
        let prompt = match existing {
            Some(prompt) => {
                store::library::update(&mut tx, prompt, &commit.title, &commit.description, now).await?;
                prompt
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
        let origin = Origin { draft: Some((id, draft.revision)), author: Some(actor.account), note: String::new() };
        let version = store::library::insert_version(&mut tx, prompt, &draft.text, &origin, now).await?;
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
        self.publishable(&mut conn, actor, &draft, name).await?;
        let (tests, mean) = store::trial::evidence(&mut conn, id, draft.revision).await?;
        Ok(CommitWarning::of(tests, mean))
    }

    /// What speaks against committing the current text, if anything.
    pub async fn commit_warning(&self, actor: &Actor, id: DraftId) -> Result<Option<CommitWarning>, Error> {
        let mut conn = self.store.conn().await?;
        let draft = self.draft_for(&mut conn, actor, id, Access::Viewer).await?;
        let (tests, mean) = store::trial::evidence(&mut conn, id, draft.revision).await?;
        Ok(CommitWarning::of(tests, mean))
    }

    /// The prompt that this name would publish a new version of; `None` for a free name.
    async fn publishable(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        draft: &Draft,
        name: &PromptName,
    ) -> Result<Option<PromptId>, Error> {
        let Some(taken) = store::library::find(conn, name.as_str()).await? else { return Ok(None) };
        let access = store::grant::prompt_access(conn, taken.id, actor.account).await?;
        let is_parent = draft.parent.is_some_and(|(parent, _)| parent == taken.id);
        if is_parent && access.is_some_and(|access| access.allows(Access::Editor)) {
            Ok(Some(taken.id))
        } else {
            Err(Error::NameTaken { name: name.to_string() })
        }
    }

    /// A page of the prompts that the actor may see, by name, and how many there are in all.
    ///
    /// Every word of `query` must appear in name, title, description or text.
    pub async fn prompts(
        &self,
        actor: &Actor,
        query: &str,
        limit: i64,
        offset: i64,
    ) -> Result<(Vec<Prompt>, i64), Error> {
        let words: Vec<String> = query.split_whitespace().take(20).map(str::to_owned).collect();
        Ok(store::library::list(&mut *self.store.conn().await?, actor.account, &words, limit, offset).await?)
    }

    /// One prompt.
    pub async fn prompt(&self, actor: &Actor, name: &str) -> Result<Prompt, Error> {
        let found = store::library::find_visible(&mut *self.store.conn().await?, name, actor.account).await?;
        Ok(found.ok_or(Error::NotFound(Noun::Prompt))?.0)
    }

    /// How many drafts were started from a prompt.
    pub async fn count_clones(&self, prompt: &Prompt) -> Result<i64, Error> {
        Ok(store::library::count_clones(&mut *self.store.conn().await?, prompt.id).await?)
    }

    /// Starts a workshop on a copy of a prompt.
    pub async fn clone_prompt(&self, actor: &Actor, name: &str, draft_name: Option<String>) -> Result<Started, Error> {
        self.start_workshop(actor, Start { parent: Some(name.to_owned()), name: draft_name, ..Start::default() }).await
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
        store::library::insert_version(&mut tx, id, DEFAULT_TEXT, &Origin::default(), now).await?;
        Ok(store::commit(tx).await?)
    }

    /// The prompts that the actor may see, with all their versions; `names` picks some of them.
    pub async fn export_prompts(&self, actor: &Actor, names: &[String]) -> Result<Vec<Export>, Error> {
        let mut conn = self.store.conn().await?;
        let (prompts, _) = store::library::list(&mut conn, actor.account, &[], i64::MAX, 0).await?;
        let mut exports = Vec::new();
        for prompt in prompts {
            if !names.is_empty() && !names.contains(&prompt.name) {
                continue;
            }
            let versions = store::library::versions(&mut conn, prompt.id).await?;
            exports.push(Export {
                name: prompt.name,
                title: prompt.title,
                description: prompt.description,
                versions: versions.into_iter().map(|v| ExportedVersion { text: v.text, note: v.note }).collect(),
            });
        }
        Ok(exports)
    }

    /// Adds prompts with their versions. A name that is taken is left alone, and said so.
    pub async fn import_prompts(&self, actor: &Actor, exports: &[Export]) -> Result<Imported, Error> {
        let mut imported = Imported::default();
        for export in exports {
            match self.import_prompt(actor, export).await {
                Ok(()) => imported.added.push(export.name.clone()),
                Err(error @ (Error::Invalid(_) | Error::NameTaken { .. })) => {
                    imported.rejected.push((export.name.clone(), error.to_string()));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(imported)
    }

    async fn import_prompt(&self, actor: &Actor, export: &Export) -> Result<(), Error> {
        let name = PromptName::parse(&export.name)?;
        let title = library::parse_title(&export.title)?;
        let description = library::parse_description(&export.description)?;
        if export.versions.is_empty() {
            return Err(crate::domain::Invalid::new("versions", "is empty").into());
        }
        let mut tx = self.store.begin().await?;
        let now = self.now();
        let new = NewPrompt {
            name: name.as_str(),
            title: &title,
            description: &description,
            owner: Some(actor.account),
            visibility: within_reach(&mut tx, actor.account, Visibility::Team).await?,
            parent: None,
            shipped: false,
        };
        let id = insert_named(&mut tx, &new, now).await?;
        for version in &export.versions {
            let text = crate::domain::draft::parse_text("text", &version.text)?;
            let note = crate::domain::text::block("note", &version.note, 0, 500)?;
            let origin = Origin { draft: None, author: Some(actor.account), note };
            store::library::insert_version(&mut tx, id, &text, &origin, now).await?;
        }
        Ok(store::commit(tx).await?)
    }
}

/// Who sees a new prompt: what a guest commits for the team is private, since a guest is not of the team.
async fn within_reach(conn: &mut Conn, owner: AccountId, wanted: Visibility) -> Result<Visibility, Error> {
    match wanted {
        Visibility::Team if !store::team::has(conn, store::team::EVERYONE, owner).await? => Ok(Visibility::Private),
        wanted => Ok(wanted),
    }
}

async fn insert_named(conn: &mut Conn, new: &NewPrompt<'_>, now: crate::domain::Instant) -> Result<PromptId, Error> {
    match store::library::insert(conn, new, now).await {
        Err(store::Error::Taken { .. }) => Err(Error::NameTaken { name: new.name.to_owned() }),
        added => Ok(added?),
    }
}
