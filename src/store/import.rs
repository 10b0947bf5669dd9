//! How far the articles of other databases were imported.

use super::{Conn, Error};
use crate::domain::Instant;

/// Begins or goes on with an import; the last row that was stored, when it was interrupted.
pub async fn begin(conn: &mut Conn, fingerprint: &[u8], source: &str, now: Instant) -> Result<Option<String>, Error> {
    let position = sqlx::query_scalar!(
        "insert into imports (fingerprint, source, started_at, updated_at)
        values ($1, $2, $3, $3)
        on conflict (fingerprint) do update set
            source = excluded.source,
            started_at = case when imports.position is null then excluded.started_at else imports.started_at end,
            updated_at = excluded.updated_at, finished_at = null
        returning position",
        fingerprint,
        source,
        now,
    )
    .fetch_one(conn)
    .await?;
    Ok(position)
}

/// Notes the last row that was stored.
pub async fn advance(conn: &mut Conn, fingerprint: &[u8], position: &str, now: Instant) -> Result<(), Error> {
    sqlx::query!(
        "update imports set position = $2, updated_at = $3 where fingerprint = $1",
        fingerprint,
        position,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that every row was seen.
pub async fn finish(conn: &mut Conn, fingerprint: &[u8], now: Instant) -> Result<(), Error> {
    sqlx::query!(
        "update imports set position = null, updated_at = $2, finished_at = $2 where fingerprint = $1",
        fingerprint,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
