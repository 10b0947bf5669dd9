//! Changes by the AI that wait for a person.

use super::{Conn, Error, corrupt};
use crate::domain::proposal::ProposalStatus;
use crate::domain::{AccountId, DraftId, Instant, MessageId, ProposalNumber, RevisionNumber};

/// A proposed text for a draft. Its single changes follow from the base revision and the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// The draft.
    pub draft: DraftId,
    /// Its number within the draft, from 1.
    pub number: ProposalNumber,
    /// The message it came with.
    pub message: Option<MessageId>,
    /// The revision that it changes.
    pub base_revision: RevisionNumber,
    /// The text of that revision.
    pub base_text: String,
    /// The whole proposed text.
    pub text: String,
    /// Why, in the assistant's words.
    pub reasons: Vec<String>,
    /// Whether a person decided.
    pub status: ProposalStatus,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Instant>,
    /// The revision that accepting it made.
    pub revision: Option<RevisionNumber>,
    /// When it was made.
    pub created_at: Instant,
}

struct Row {
    draft_id: i32,
    number: i32,
    message_id: Option<uuid::Uuid>,
    base_revision: i32,
    base_text: String,
    text: String,
    reasons: serde_json::Value,
    status: String,
    decided_by: Option<String>,
    decided_at: Option<Instant>,
    revision: Option<i32>,
    created_at: Instant,
}

impl TryFrom<Row> for Proposal {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            draft: DraftId(row.draft_id),
            number: ProposalNumber(row.number),
            message: row.message_id.map(MessageId),
            base_revision: RevisionNumber(row.base_revision),
            base_text: row.base_text,
            text: row.text,
            reasons: serde_json::from_value(row.reasons).map_err(corrupt("proposals", row.number))?,
            status: row.status.parse::<ProposalStatus>().map_err(corrupt("proposals", row.number))?,
            decided_by: row.decided_by,
            decided_at: row.decided_at,
            revision: row.revision.map(RevisionNumber),
            created_at: row.created_at,
        })
    }
}

/// One proposal of a draft.
pub async fn find(conn: &mut Conn, draft: DraftId, number: ProposalNumber) -> Result<Option<Proposal>, Error> {
    sqlx::query_as!(
        Row,
        r#"select p.draft_id, p.number, p.message_id, p.base_revision, coalesce(r.text, '') as "base_text!", p.text, p.reasons,
            p.status, a.name as "decided_by?", p.decided_at, p.revision, p.created_at
        from proposals p
        left join draft_revisions r on r.draft_id = p.draft_id and r.number = p.base_revision
        left join accounts a on a.id = p.decided_by
        where p.draft_id = $1 and p.number = $2"#,
        draft.0,
        number.0,
    )
    .fetch_optional(conn)
    .await?
    .map(Proposal::try_from)
    .transpose()
}

/// Every proposal of a draft, oldest first.
pub async fn list(conn: &mut Conn, draft: DraftId) -> Result<Vec<Proposal>, Error> {
    sqlx::query_as!(
        Row,
        r#"select p.draft_id, p.number, p.message_id, p.base_revision, coalesce(r.text, '') as "base_text!", p.text, p.reasons,
            p.status, a.name as "decided_by?", p.decided_at, p.revision, p.created_at
        from proposals p
        left join draft_revisions r on r.draft_id = p.draft_id and r.number = p.base_revision
        left join accounts a on a.id = p.decided_by
        where p.draft_id = $1
        order by p.number"#,
        draft.0,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Proposal::try_from)
    .collect()
}

/// Adds a proposal in place of those still open. The draft must be locked.
pub async fn insert(
    conn: &mut Conn,
    draft: DraftId,
    message: MessageId,
    base_revision: RevisionNumber,
    text: &str,
    reasons: &[String],
    now: Instant,
) -> Result<ProposalNumber, Error> {
    sqlx::query!(
        "update proposals set status = 'superseded', decided_at = $2 where draft_id = $1 and status = 'open'",
        draft.0,
        now,
    )
    .execute(&mut *conn)
    .await?;
    let reasons = serde_json::to_value(reasons).map_err(corrupt("proposals", draft))?;
    let number = sqlx::query_scalar!(
        r#"insert into proposals (draft_id, number, message_id, base_revision, text, reasons, created_at)
        select $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5, $6 from proposals where draft_id = $1
        returning number"#,
        draft.0,
        message.0,
        base_revision.0,
        text,
        reasons,
        now,
    )
    .fetch_one(conn)
    .await?;
    Ok(ProposalNumber(number))
}

/// Writes down what a person decided.
pub async fn decide(
    conn: &mut Conn,
    draft: DraftId,
    number: ProposalNumber,
    status: ProposalStatus,
    by: AccountId,
    revision: Option<RevisionNumber>,
    now: Instant,
) -> Result<(), Error> {
    sqlx::query!(
        "update proposals set status = $3, decided_by = $4, decided_at = $5, revision = $6
        where draft_id = $1 and number = $2",
        draft.0,
        number.0,
        status.as_str(),
        by.0,
        now,
        revision.map(|number| number.0),
    )
    .execute(conn)
    .await?;
    Ok(())
}
