//! What was made for a request under a key, so that the same request made again finds it.

use super::{Conn, Error};
use crate::domain::{DraftId, Instant, TrialId};

/// What a request made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// A workshop.
    Draft(DraftId),
    /// A test.
    Trial(TrialId),
}

/// What was made under a key before.
pub async fn find(conn: &mut Conn, key: &str) -> Result<Option<Made>, Error> {
    let row = sqlx::query!("select draft_id, trial_id from once where key = $1", key).fetch_optional(conn).await?;
    Ok(row.and_then(|row| match (row.draft_id, row.trial_id) {
        (Some(draft), _) => Some(Made::Draft(DraftId(draft))),
        (None, trial) => trial.map(|id| Made::Trial(TrialId(id))),
    }))
}

/// Notes what was made; a key that is taken meanwhile is [`Error::Taken`].
pub async fn insert(conn: &mut Conn, key: &str, made: Made, now: Instant) -> Result<(), Error> {
    let (draft, trial) = match made {
        Made::Draft(id) => (Some(id.0), None),
        Made::Trial(id) => (None, Some(id.0)),
    };
    sqlx::query!(
        "insert into once (key, draft_id, trial_id, created_at) values ($1, $2, $3, $4)",
        key,
        draft,
        trial,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}
