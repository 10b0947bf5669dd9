//! Workshops and their drafts: start, list, read, save, restore, delete.

use serde_json::json;

use super::delivery::{CardBody, Note, Refresh, Telling, place_key};
use super::error::Limit;
use super::event::{Event, notify};
use super::{Error, Noun, Workshop, guided};
use crate::domain::conversation::{MessageRole, Outcome, parse_message};
use crate::domain::draft::{Draft, DraftStatus, Source, name_from};
use crate::domain::place::Place;
use crate::domain::sharing::Thing;
use crate::domain::text::excerpt;
use crate::domain::{
    Access, AccountId, Actor, AnswerId, DraftId, Instant, MessageId, PromptId, RevisionNumber, VersionNumber,
};
use crate::queue;
use crate::store::activity::Happened;
use crate::store::delivery::DeliveryKind;
use crate::store::draft::NewDraft;
use crate::store::message::Message;
use crate::store::once::Made;
use crate::store::{self, Conn};

/// How a person wants to begin; texts are checked by the parsers of [`crate::domain::draft`].
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// A prompt to begin with.
    pub text: Option<String>,
    /// A prompt of the library to clone.
    pub parent: Option<String>,
    /// Whether the draft is to become the next version of the prompt that it begins with.
    pub publishes: bool,
    /// An answer to improve on: the draft begins with the prompt that gave it.
    pub answer: Option<AnswerId>,
    /// The draft's name.
    pub name: Option<String>,
    /// What is needed, in the person's words.
    pub requirements: Option<String>,
    /// The same start again, under the same key, finds what the first made.
    pub key: Option<String>,
    /// Where on a chat platform it is to live.
    pub opening: Option<Opening>,
}

/// Where a new workshop is to live on a chat platform.
#[derive(Debug, Clone)]
pub struct Opening {
    /// The channel, or the thread where there is one already.
    pub place: Place,
    /// The platform's user who opens it.
    pub user: String,
}

/// A new workshop.
#[derive(Debug, Clone)]
pub struct Started {
    /// Its draft.
    pub draft: Draft,
    /// What the assistant says first.
    pub welcome: Message,
}

/// What to change about a draft; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct Save {
    /// A new text.
    pub text: Option<String>,
    /// A new name.
    pub name: Option<String>,
    /// A new description.
    pub description: Option<String>,
    /// A new status, as a person may ask for it.
    pub status: Option<DraftStatus>,
    /// Whether it never expires.
    pub pinned: Option<bool>,
    /// The revision that was read; another one now is [`Error::Stale`].
    pub expected: Option<RevisionNumber>,
    /// Whether an editor saves it by itself while somebody types: chats hear of it once in a while, not each time.
    pub autosave: bool,
}

/// How long an editing person is not told of again.
const SITTING: chrono::TimeDelta = chrono::TimeDelta::minutes(10);

impl Workshop {
    /// Starts a workshop: a draft, its conversation and the assistant's first message.
    pub async fn start_workshop(&self, actor: &Actor, start: Start) -> Result<Started, Error> {
        let (key, opening) = (start.key.clone(), start.opening.clone());
        let mut tx = self.store.begin().await?;
        if let Some(key) = &key
            && let Some(Made::Draft(id)) = store::once::find(&mut tx, key).await?
        {
            let draft = self.draft_for(&mut tx, actor, id, Access::Viewer).await?;
            let welcome = store::message::last_answer(&mut tx, draft.chat).await?.ok_or(Error::NotFound(Noun::Chat))?;
            return Ok(Started { draft, welcome });
        }
        let started = self.start_in(&mut tx, actor, start).await?;
        if let Some(key) = &key {
            store::once::insert(&mut tx, key, Made::Draft(started.draft.id), self.now()).await?;
        }
        if let Some(Opening { place, user }) = opening {
            self.live_in(&mut tx, started.draft.chat, &place).await?;
            let body = json!(CardBody { draft: started.draft.id, user });
            let telling =
                Telling { chat: Some(started.draft.chat), kind: DeliveryKind::Card, body, recipient: String::new() };
            self.tell(&mut tx, &place, &telling, &format!("card:{}", started.draft.id)).await?;
        }
        self.home_changed(&mut tx, actor.account).await?;
        store::commit(tx).await?;
        Ok(started)
    }

    /// Brings a person's home pages on chat platforms up to date.
    pub(super) async fn home_changed(&self, conn: &mut Conn, account: AccountId) -> Result<(), Error> {
        let since = self.now() - chrono::TimeDelta::days(30);
        if !store::account::home_watchers(conn, account, since).await?.is_empty() {
            queue::push(conn, &Refresh::Home { account }, queue::Options::default()).await?;
        }
        Ok(())
    }

    async fn start_in(&self, conn: &mut Conn, actor: &Actor, start: Start) -> Result<Started, Error> {
        let now = self.now();
        let most = self.settings.limits.drafts_per_user;
        if store::draft::count_live(conn, actor.account).await? >= i64::from(most) {
            return Err(Error::LimitReached { limit: Limit::DraftsPerUser, most, until: None });
        }
        let requirements = start.requirements.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let requirements = requirements.map(parse_message).transpose()?;
        let (parent, improved) = self.parent_of(conn, actor, &start).await?;
        let requirements = requirements.or(improved);
        let name = start.name.unwrap_or_else(|| match (&parent, &requirements) {
            (Some(from), _) if start.publishes => {
                excerpt(&format!("{} (version {})", from.prompt.title, from.prompt.version.0 + 1), 100)
            }
            (Some(from), _) => excerpt(&format!("{} (clone)", from.prompt.title), 100),
            (None, Some(requirements)) => name_from(requirements),
            (None, None) => "Untitled draft".to_owned(),
        });
        let new = NewDraft {
            owner: actor.account,
            name,
            description: String::new(),
            parent: parent.as_ref().map(|from| (from.prompt.id, from.number)),
            publishes: start.publishes && parent.is_some(),
        };
        let (id, chat) = store::draft::insert(conn, &new, now).await?;
        let text = start.text.filter(|text| !text.trim().is_empty());
        let first = match (&text, &parent) {
            (Some(text), _) => Some((text.as_str(), Source::Edit)),
            (None, Some(from)) => Some((from.text.as_str(), Source::Clone)),
            (None, None) => None,
        };
        if let Some((text, source)) = first {
            let revision = store::draft::insert_revision(conn, id, text, source, Some(actor.account), now).await?;
            if let Some(answer) = start.answer {
                store::answer::copy_as_trial(conn, answer, id, revision).await?;
                store::draft::touch(conn, id, DraftStatus::Testing, now).await?;
            }
        }
        let said = |role, content, questions, revision| Message {
            id: MessageId::new(),
            chat,
            role,
            author: matches!(role, MessageRole::Person).then_some(actor.account),
            content,
            reply_to: None,
            outcome: Outcome::Said,
            questions,
            engine: String::new(),
            revision,
            proposal: None,
            chosen: Default::default(),
            answered: false,
            created_at: now,
        };
        if let Some(requirements) = &requirements {
            let message = said(MessageRole::Person, requirements.clone(), Vec::new(), None);
            store::message::insert(conn, &message, None).await?;
        }
        let welcome = match first {
            Some((text, _)) => {
                let greeting = guided::welcome_with_text(text, parent.as_ref().map(|from| from.prompt.title.as_str()));
                said(MessageRole::Assistant, greeting, Vec::new(), Some(RevisionNumber(1)))
            }
            None => {
                let reply = guided::welcome(requirements.as_deref());
                said(MessageRole::Assistant, reply.text, reply.questions, None)
            }
        };
        store::message::insert(conn, &welcome, None).await?;
        let mut event = store::activity::Event::draft(Happened::WorkshopStarted, Some(actor.account), id);
        if let Some(from) = &parent {
            event.kind = Happened::PromptCloned;
            event.prompt = Some(from.prompt.id);
        }
        store::activity::insert(conn, &event, now).await?;
        let draft = store::draft::find(conn, id).await?.ok_or(Error::NotFound(Noun::Draft))?;
        Ok(Started { draft, welcome })
    }

    /// A page of the drafts that the actor may see, newest first, and how many there are in all.
    pub async fn drafts(
        &self,
        actor: &Actor,
        status: Option<DraftStatus>,
        limit: i64,
        offset: i64,
    ) -> Result<(Vec<Draft>, i64), Error> {
        Ok(store::draft::list(&mut *self.store.conn().await?, actor.account, status, limit, offset).await?)
    }

    /// The draft that the actor worked on last and can work on: in this channel, else anywhere.
    pub async fn latest_draft(&self, actor: &Actor, place: &Place) -> Result<Option<Draft>, Error> {
        let mut conn = self.store.conn().await?;
        match store::draft::latest(&mut conn, actor.account, place).await? {
            Some(id) => Ok(store::draft::find(&mut conn, id).await?),
            None => Ok(None),
        }
    }

    /// How long ago a draft was last used, for people.
    pub fn age(&self, draft: &Draft) -> String {
        let idle = self.now() - draft.active_at;
        match (idle.num_days(), idle.num_hours()) {
            (0, 0) => "just now".to_owned(),
            (0, 1) => "an hour ago".to_owned(),
            (0, hours) => format!("{hours} hours ago"),
            (1, _) => "yesterday".to_owned(),
            (days, _) => format!("{days} days ago"),
        }
    }

    /// One draft, if the actor may do with it what needs `needed` and it can change.
    pub async fn draft_to_change(&self, actor: &Actor, id: DraftId, needed: Access) -> Result<Draft, Error> {
        let draft = self.draft_for(&mut *self.store.conn().await?, actor, id, needed).await?;
        draft.writable()?;
        Ok(draft)
    }

    /// One draft.
    pub async fn draft(&self, actor: &Actor, id: DraftId) -> Result<Draft, Error> {
        self.draft_for(&mut *self.store.conn().await?, actor, id, Access::Viewer).await
    }

    /// The name and version of a prompt that a draft names, where it still exists.
    pub async fn prompt_reference(
        &self,
        reference: Option<(PromptId, VersionNumber)>,
    ) -> Result<Option<(String, VersionNumber)>, Error> {
        let Some((id, version)) = reference else { return Ok(None) };
        let name = store::library::find_name(&mut *self.store.conn().await?, id).await?;
        Ok(name.map(|name| (name, version)))
    }

    /// Saves changes to a draft. A new text becomes a revision.
    pub async fn save_draft(&self, actor: &Actor, id: DraftId, save: Save) -> Result<Draft, Error> {
        let mut tx = self.store.begin().await?;
        self.draft_for(&mut tx, actor, id, Access::Editor).await?;
        let mut draft = store::draft::lock(&mut tx, id).await?.ok_or(Error::NotFound(Noun::Draft))?;
        let (now, before) = (self.now(), draft.revision);
        let restores = draft.status == DraftStatus::Expired && save.status.is_some();
        if restores {
            draft.status = draft.status_on_request(DraftStatus::Draft)?;
            (draft.expired_at, draft.status_before_expiry) = (None, None);
            let event = store::activity::Event::draft(Happened::DraftRestored, Some(actor.account), id);
            store::activity::insert(&mut tx, &event, now).await?;
        }
        draft.writable()?;
        if save.expected.is_some_and(|expected| expected != draft.revision) {
            return Err(Error::Stale { current: Box::new(draft) });
        }
        if let Some(text) = save.text
            && text != draft.text
        {
            self.add_revision(&mut tx, &mut draft, &text, Source::Edit, Some(actor)).await?;
        }
        let untouched = draft.clone();
        draft.name = save.name.unwrap_or(draft.name);
        draft.description = save.description.unwrap_or(draft.description);
        draft.pinned = save.pinned.unwrap_or(draft.pinned);
        if let Some(status) = save.status
            && !restores
        {
            draft.status = draft.status_on_request(status)?;
        }
        record_changes(&mut tx, actor, &untouched, &draft, now).await?;
        (draft.updated_at, draft.active_at) = (now, now);
        store::draft::update(&mut tx, &draft).await?;
        notify(&mut tx, &Event::DraftChanged { draft: id }).await?;
        if draft.revision != before && !(save.autosave && self.goes_on(&mut tx, actor, id, before).await?) {
            let note = Note::Edited { by: actor.name.clone(), revision: draft.revision.0, before: before.0 };
            self.note(&mut tx, draft.chat, &note).await?;
        }
        self.refresh(&mut tx, draft.chat, Refresh::Card { draft: id }).await?;
        self.home_changed(&mut tx, draft.owner).await?;
        store::commit(tx).await?;
        Ok(draft)
    }

    /// Whether the revision before was the same person's edit, a moment ago.
    async fn goes_on(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        id: DraftId,
        before: RevisionNumber,
    ) -> Result<bool, Error> {
        let last = store::revision::find(conn, id, before).await?;
        Ok(last.is_some_and(|last| {
            last.source == Source::Edit
                && last.author.as_ref() == Some(&actor.name)
                && self.now() - last.created_at < SITTING
        }))
    }

    /// Saves a text as a locked draft's next revision, with all that follows from an edit.
    pub(super) async fn add_revision(
        &self,
        conn: &mut Conn,
        draft: &mut Draft,
        text: &str,
        source: Source,
        author: Option<&Actor>,
    ) -> Result<(), Error> {
        let now = self.now();
        let author = author.map(|actor| actor.account);
        draft.revision = store::draft::insert_revision(conn, draft.id, text, source, author, now).await?;
        draft.text = text.to_owned();
        draft.status = draft.status_after_edit();
        (draft.updated_at, draft.active_at) = (now, now);
        store::draft::update(conn, draft).await?;
        let event = store::activity::Event::draft(Happened::DraftSaved, author, draft.id);
        store::activity::insert(conn, &event, now).await?;
        notify(conn, &Event::DraftChanged { draft: draft.id }).await
    }

    /// Deletes a draft with its conversation; only its owner may.
    pub async fn delete_draft(&self, actor: &Actor, id: DraftId) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        let draft = self.draft_for(&mut tx, actor, id, Access::Owner).await?;
        let note = Note::Deleted { by: actor.name.clone(), name: draft.name.clone() };
        for home in store::place::list(&mut tx, draft.chat).await? {
            // Not bound to the chat, which goes.
            let telling = Telling { chat: None, kind: DeliveryKind::Said, body: json!(note), recipient: String::new() };
            self.tell(&mut tx, &home.place, &telling, &place_key(&format!("deleted:{id}"), &home.place)).await?;
        }
        self.home_changed(&mut tx, draft.owner).await?;
        store::draft::delete(&mut tx, draft.chat).await?;
        let event = store::activity::Event::draft(Happened::DraftDeleted, Some(actor.account), id);
        store::activity::insert(&mut tx, &event, self.now()).await?;
        notify(&mut tx, &Event::DraftChanged { draft: id }).await?;
        Ok(store::commit(tx).await?)
    }
}

/// Records what changed about a draft beside its text: which of its fields, never what they hold.
async fn record_changes(conn: &mut Conn, actor: &Actor, old: &Draft, new: &Draft, now: Instant) -> Result<(), Error> {
    let changes = [
        ("name", old.name != new.name),
        ("description", old.description != new.description),
        ("pinned", old.pinned != new.pinned),
        ("status", old.status != new.status),
    ];
    let fields: Vec<&str> = changes.into_iter().filter(|(_, changed)| *changed).map(|(field, _)| field).collect();
    if !fields.is_empty() {
        let detail = json!({ "fields": fields, "status": new.status });
        let event = store::activity::Event::thing(Happened::DraftChanged, actor.account, Thing::Draft(new.id), detail);
        store::activity::insert(conn, &event, now).await?;
    }
    Ok(())
}
