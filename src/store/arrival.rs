//! What chat platforms sent, until it is handled and for a week after.

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{Conn, Error, corrupt};
use crate::domain::account::Platform;
use crate::domain::{ArrivalId, Instant};

/// Something that a chat platform sent.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Its id.
    pub id: ArrivalId,
    /// The platform.
    pub platform: Platform,
    /// Its workspace or server.
    pub workspace: String,
    /// The same for the same thing sent again.
    pub key: String,
    /// What it is, as the platform's adapter understood it.
    pub body: Value,
    /// What lets us answer only who did it, where the platform has such a thing.
    pub answer: Option<AnswerToken>,
}

/// What lets us answer only the person who did something, for a quarter of an hour (Discord: an interaction's token).
#[derive(Debug, Clone)]
pub struct AnswerToken {
    /// The token.
    pub token: SecretString,
    /// Whether the first answer is a message of ours that can be edited.
    pub edits: bool,
}

/// Stores what is new, in one statement; returns the ids of those.
pub async fn insert(conn: &mut Conn, arrivals: &[Arrival], now: Instant) -> Result<Vec<ArrivalId>, Error> {
    let ids: Vec<uuid::Uuid> = arrivals.iter().map(|arrival| arrival.id.0).collect();
    let platforms: Vec<String> = arrivals.iter().map(|arrival| arrival.platform.to_string()).collect();
    let workspaces: Vec<String> = arrivals.iter().map(|arrival| arrival.workspace.clone()).collect();
    let keys: Vec<String> = arrivals.iter().map(|arrival| arrival.key.clone()).collect();
    let bodies: Vec<Value> = arrivals.iter().map(|arrival| arrival.body.clone()).collect();
    let token = |answer: &AnswerToken| answer.token.expose_secret().to_owned();
    let tokens: Vec<String> =
        arrivals.iter().map(|arrival| arrival.answer.as_ref().map(token).unwrap_or_default()).collect();
    let edits: Vec<bool> =
        arrivals.iter().map(|arrival| arrival.answer.as_ref().is_some_and(|answer| answer.edits)).collect();
    let new = sqlx::query_scalar!(
        "insert into arrivals (id, platform, workspace, dedupe_key, body, answer_token, answer_edits, received_at)
        select id, platform, workspace, key, body, nullif(token, ''), edits, $8
        from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::text[], $7::boolean[])
            as t (id, platform, workspace, key, body, token, edits)
        on conflict (platform, workspace, dedupe_key) do nothing
        returning id",
        &ids,
        &platforms,
        &workspaces,
        &keys,
        &bodies,
        &tokens,
        &edits,
        now,
    )
    .fetch_all(conn)
    .await?;
    Ok(new.into_iter().map(ArrivalId).collect())
}

/// What is still to be handled; `None` when it was, or is unknown.
pub async fn find_open(conn: &mut Conn, id: ArrivalId) -> Result<Option<Arrival>, Error> {
    let row = sqlx::query!(
        "select platform, workspace, dedupe_key, body from arrivals where id = $1 and handled_at is null",
        id.0
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        Ok(Arrival {
            id,
            platform: row.platform.parse().map_err(corrupt("arrivals", id))?,
            workspace: row.workspace,
            key: row.dedupe_key,
            body: row.body,
            answer: None,
        })
    })
    .transpose()
}

/// What somebody did, whether or not it was handled.
pub async fn find_body(conn: &mut Conn, id: ArrivalId) -> Result<Option<Value>, Error> {
    Ok(sqlx::query_scalar!("select body from arrivals where id = $1", id.0).fetch_optional(conn).await?)
}

/// What lets us answer whoever did something, if that came after a time.
pub async fn find_answer(conn: &mut Conn, id: ArrivalId, after: Instant) -> Result<Option<AnswerToken>, Error> {
    let row = sqlx::query!(
        "select answer_token, answer_edits from arrivals where id = $1 and received_at > $2",
        id.0,
        after,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.and_then(|row| row.answer_token.map(|token| AnswerToken { token: token.into(), edits: row.answer_edits })))
}

/// Forgets what let us answer those who did something before a time.
pub async fn forget_answers(conn: &mut Conn, before: Instant) -> Result<(), Error> {
    sqlx::query!("update arrivals set answer_token = null where answer_token is not null and received_at < $1", before)
        .execute(conn)
        .await?;
    Ok(())
}

/// Notes that nothing is left to do.
pub async fn handled(conn: &mut Conn, id: ArrivalId, now: Instant) -> Result<(), Error> {
    sqlx::query!("update arrivals set handled_at = $2 where id = $1", id.0, now).execute(conn).await?;
    Ok(())
}

/// Removes what was handled, and what was made once, before a time.
pub async fn prune(conn: &mut Conn, before: Instant) -> Result<(), Error> {
    sqlx::query!("delete from arrivals where handled_at < $1", before).execute(&mut *conn).await?;
    sqlx::query!("delete from once where created_at < $1", before).execute(conn).await?;
    Ok(())
}
