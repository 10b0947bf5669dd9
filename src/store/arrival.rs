//! What chat platforms sent, until it is handled and for a week after.

use serde_json::Value;

use super::{Conn, Error, corrupt};
use crate::domain::account::Platform;
use crate::domain::{ArrivalId, Instant};

/// Something that a chat platform sent.
#[derive(Debug, Clone, PartialEq)]
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
}

/// Stores what is new, in one statement; returns the ids of those.
pub async fn insert(conn: &mut Conn, arrivals: &[Arrival], now: Instant) -> Result<Vec<ArrivalId>, Error> {
    let ids: Vec<uuid::Uuid> = arrivals.iter().map(|arrival| arrival.id.0).collect();
    let platforms: Vec<String> = arrivals.iter().map(|arrival| arrival.platform.to_string()).collect();
    let workspaces: Vec<String> = arrivals.iter().map(|arrival| arrival.workspace.clone()).collect();
    let keys: Vec<String> = arrivals.iter().map(|arrival| arrival.key.clone()).collect();
    let bodies: Vec<Value> = arrivals.iter().map(|arrival| arrival.body.clone()).collect();
    let new = sqlx::query_scalar!(
        "insert into arrivals (id, platform, workspace, dedupe_key, body, received_at)
        select id, platform, workspace, key, body, $6
        from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::jsonb[]) as t (id, platform, workspace, key, body)
        on conflict (platform, workspace, dedupe_key) do nothing
        returning id",
        &ids,
        &platforms,
        &workspaces,
        &keys,
        &bodies,
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
        })
    })
    .transpose()
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
