//! The append-only record of what happened.

use serde_json::Value;

use super::{Conn, Error, corrupt};
use crate::choice;
use crate::domain::sharing::Thing;
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
        /// A text of a prompt became its next version again.
        PromptReverted = "prompt_reverted",
        /// A label was pointed to a version, or taken away.
        PromptLabelled = "prompt_labelled",
        /// A prompt's title, description or tags changed.
        PromptDescribed = "prompt_described",
        /// A prompt was deprecated, or that was taken back.
        PromptDeprecated = "prompt_deprecated",
        /// A prompt was deleted.
        PromptDeleted = "prompt_deleted",
        /// A session was deleted.
        SessionDeleted = "session_deleted",
        /// An answer of a session was rated.
        AnswerRated = "answer_rated",
        /// A prompt was cloned.
        PromptCloned = "prompt_cloned",
        /// A prompt was asked a question.
        PromptAsked = "prompt_asked",
        /// A draft's name, description, status or pin changed.
        DraftChanged = "draft_changed",
        /// A proposal was accepted or rejected.
        ProposalDecided = "proposal_decided",
        /// Something was shared with a person or a team.
        Shared = "shared",
        /// What a person or a team could do was taken away.
        Unshared = "unshared",
        /// Somebody gave up what they could do.
        Left = "left",
        /// Something has another owner.
        Transferred = "transferred",
        /// It changed who sees something without being named.
        VisibilityChanged = "visibility_changed",
        /// A link was made that lets people in.
        InviteMade = "invite_made",
        /// A link was revoked.
        InviteRevoked = "invite_revoked",
        /// Somebody came in by a link.
        InviteAccepted = "invite_accepted",
        /// A comment was written.
        Commented = "commented",
        /// A comment was deleted.
        CommentDeleted = "comment_deleted",
        /// A team was made.
        TeamMade = "team_made",
        /// Somebody was put into a team.
        TeamJoined = "team_joined",
        /// Somebody was taken out of a team.
        TeamLeft = "team_left",
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

    /// Something an account did with a draft or a prompt.
    pub fn thing(kind: Happened, account: AccountId, thing: Thing, detail: Value) -> Self {
        Self { kind, account: Some(account), draft: thing.draft(), prompt: thing.prompt(), detail }
    }
}

impl Event {
    /// Something an account did with a prompt.
    pub fn prompt(kind: Happened, account: Option<AccountId>, prompt: PromptId, detail: Value) -> Self {
        Self { kind, account, draft: None, prompt: Some(prompt), detail }
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

/// One event as it is read.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// When.
    pub at: Instant,
    /// The name of who did it; nobody for what the service does by itself.
    pub person: Option<String>,
    /// What happened.
    pub kind: Happened,
    /// The draft it happened to.
    pub draft: Option<DraftId>,
    /// The prompt it happened to.
    pub prompt: Option<PromptId>,
    /// Numbers and names of choices.
    pub detail: Value,
}

/// Which events to read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// Those of a draft or a prompt.
    pub thing: Option<Thing>,
    /// Those that an account did.
    pub account: Option<AccountId>,
    /// Those of a kind.
    pub kind: Option<Happened>,
}

/// A page of events, the newest first, and how many there are in all.
pub async fn list(conn: &mut Conn, filter: Filter, limit: i64, offset: i64) -> Result<(Vec<Recorded>, i64), Error> {
    let draft = filter.thing.and_then(Thing::draft).map(|id| id.0);
    let prompt = filter.thing.and_then(Thing::prompt).map(|id| id.0);
    let (account, kind) = (filter.account.map(|id| id.0), filter.kind.map(Happened::as_str));
    let rows = sqlx::query!(
        r#"select v.id, v.at, a.name as "person?", v.kind, v.draft_id, v.prompt_id, v.detail
        from activity v
        left join accounts a on a.id = v.account_id
        where ($1::integer is null or v.draft_id = $1) and ($2::integer is null or v.prompt_id = $2)
            and ($3::uuid is null or v.account_id = $3) and ($4::text is null or v.kind = $4)
        order by v.id desc
        limit $5 offset $6"#,
        draft,
        prompt,
        account,
        kind,
        limit,
        offset,
    )
    .fetch_all(&mut *conn)
    .await?;
    let total = sqlx::query_scalar!(
        r#"select count(*) as "total!" from activity v
        where ($1::integer is null or v.draft_id = $1) and ($2::integer is null or v.prompt_id = $2)
            and ($3::uuid is null or v.account_id = $3) and ($4::text is null or v.kind = $4)"#,
        draft,
        prompt,
        account,
        kind,
    )
    .fetch_one(conn)
    .await?;
    let read = rows.into_iter().map(|row| {
        Ok(Recorded {
            at: row.at,
            person: row.person,
            kind: row.kind.parse().map_err(corrupt("activity", row.id))?,
            draft: row.draft_id.map(DraftId),
            prompt: row.prompt_id.map(PromptId),
            detail: row.detail,
        })
    });
    Ok((read.collect::<Result<_, Error>>()?, total))
}
