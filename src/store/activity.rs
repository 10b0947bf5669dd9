//! The append-only record of what happened.

use serde_json::Value;

use super::{Conn, Error};
use crate::choice;
use crate::domain::{AccountId, DraftId, Instant, PromptId};

choice! {
    /// What happened.
    pub enum Happened {
        /// A workshop was started.
        WorkshopStarted = "workshop_started",
        /// A draft's text changed.
        DraftSaved = "draft_saved",
        /// A draft was deleted.
        DraftDeleted = "draft_deleted",
        /// A draft expired.
        DraftExpired = "draft_expired",
        /// An expired draft lost its text and conversation.
        DraftPurged = "draft_purged",
        /// An expired draft was restored.
        DraftRestored = "draft_restored",
        /// A test was asked for.
        TrialStarted = "trial_started",
        /// A batch of tests was asked for.
        BatchStarted = "batch_started",
        /// A test was rated.
        TrialRated = "trial_rated",
        /// A draft became a version of a prompt.
        PromptCommitted = "prompt_committed",
        /// A prompt was cloned.
        PromptCloned = "prompt_cloned",
        /// A prompt was asked a question.
        PromptAsked = "prompt_asked",
    }
}

/// One event.
#[derive(Debug, Clone)]
pub struct Event {
    /// What happened.
    pub kind: Happened,
    /// Who did it; nobody for what the service does by itself.
    pub account: Option<AccountId>,
    /// The draft it happened to.
    pub draft: Option<DraftId>,
    /// The prompt it happened to.
    pub prompt: Option<PromptId>,
    /// Numbers and names of choices; never texts.
    pub detail: Value,
}

impl Event {
    /// Something an account did with a draft.
    pub fn draft(kind: Happened, account: Option<AccountId>, draft: DraftId) -> Self {
        Self { kind, account, draft: Some(draft), prompt: None, detail: Value::Object(Default::default()) }
    }
}

/// Records an event.
pub async fn insert(conn: &mut Conn, event: &Event, now: Instant) -> Result<(), Error> {
    sqlx::query!(
        "insert into activity (at, account_id, kind, draft_id, prompt_id, detail) values ($1, $2, $3, $4, $5, $6)",
        now,
        event.account.map(|id| id.0),
        event.kind.as_str(),
        event.draft.map(|id| id.0),
        event.prompt.map(|id| id.0),
        event.detail,
    )
    .execute(conn)
    .await?;
    Ok(())
}
