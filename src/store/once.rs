//! What was made for a request under a key, so that the same request made again finds it.

use super::{Conn, Error};
use crate::domain::{BatchId, DraftId, Instant, TrialId};

/// What a request made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// A workshop.
    Draft(DraftId),
    /// A test.
    Trial(TrialId),
    /// A batch of tests.
    Batch(BatchId),
}

/// What was made under a key before.
pub async fn find(conn: &mut Conn, key: &str) -> Result<Option<Made>, Error> {
    let row =
        sqlx::query!("select draft_id, trial_id, batch_id from once where key = $1", key).fetch_optional(conn).await?;
    Ok(row.and_then(|row| match (row.draft_id, row.trial_id) {
        (Some(draft), _) => Some(Made::Draft(DraftId(draft))),
        (None, Some(trial)) => Some(Made::Trial(TrialId(trial))),
        (None, None) => row.batch_id.map(|id| Made::Batch(BatchId(id))),
    }))
}

/// Notes what was made; a key that is taken meanwhile is [`Error::Taken`].
pub async fn insert(conn: &mut Conn, key: &str, made: Made, now: Instant) -> Result<(), Error> {
    let (draft, trial, batch) = match made {
        Made::Draft(id) => (Some(id.0), None, None),
        Made::Trial(id) => (None, Some(id.0), None),
        Made::Batch(id) => (None, None, Some(id.0)),
    };
    sqlx::query!(
        "insert into once (key, draft_id, trial_id, batch_id, created_at) values ($1, $2, $3, $4, $5)",
        key,
        draft,
        trial,
        batch,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}
