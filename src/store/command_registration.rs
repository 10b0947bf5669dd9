//! Which slash commands a chat platform knows.

use super::{Conn, Error};
use crate::domain::Instant;

/// Whether the commands with this fingerprint are registered in a scope.
pub async fn is_registered(conn: &mut Conn, scope: &str, fingerprint: &str) -> Result<bool, Error> {
    let known = sqlx::query_scalar!("select fingerprint from command_registrations where scope = $1", scope)
        .fetch_optional(conn)
        .await?;
    Ok(known.as_deref() == Some(fingerprint))
}

/// Notes which commands are registered in a scope.
pub async fn registered(conn: &mut Conn, scope: &str, fingerprint: &str, now: Instant) -> Result<(), Error> {
    sqlx::query!(
        "insert into command_registrations (scope, fingerprint, registered_at) values ($1, $2, $3)
        on conflict (scope) do update set fingerprint = excluded.fingerprint, registered_at = excluded.registered_at",
        scope,
        fingerprint,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
