//! Browsers that are signed in.

use super::{Conn, Error};
use crate::domain::account::Account;
use crate::domain::{AccountId, Instant};

/// A browser that is signed in.
#[derive(Debug, Clone)]
pub struct BrowserSession {
    /// Who is signed in.
    pub account: Account,
    /// When it was used last, give or take an hour.
    pub used_at: Instant,
}

/// The session with this fingerprint, if it has not expired.
pub async fn find(conn: &mut Conn, hash: &[u8], now: Instant) -> Result<Option<BrowserSession>, Error> {
    let row = sqlx::query!(
        "select a.id, a.name, a.is_admin, a.created_at, s.used_at
        from browser_sessions s
        join accounts a on a.id = s.account_id
        where s.hash = $1 and s.expires_at > $2",
        hash,
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| BrowserSession {
        account: Account { id: AccountId(row.id), name: row.name, is_admin: row.is_admin, created_at: row.created_at },
        used_at: row.used_at,
    }))
}

/// Adds a session, and removes those that have expired.
pub async fn insert(
    conn: &mut Conn,
    hash: &[u8],
    account: AccountId,
    now: Instant,
    expires_at: Instant,
) -> Result<(), Error> {
    sqlx::query!("delete from browser_sessions where expires_at <= $1", now).execute(&mut *conn).await?;
    sqlx::query!(
        "insert into browser_sessions (hash, account_id, created_at, used_at, expires_at) values ($1, $2, $3, $3, $4)",
        hash,
        account.0,
        now,
        expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that a session is used.
pub async fn touch(conn: &mut Conn, hash: &[u8], now: Instant, expires_at: Instant) -> Result<(), Error> {
    sqlx::query!("update browser_sessions set used_at = $2, expires_at = $3 where hash = $1", hash, now, expires_at,)
        .execute(conn)
        .await?;
    Ok(())
}

/// Ends a session.
pub async fn delete(conn: &mut Conn, hash: &[u8]) -> Result<(), Error> {
    sqlx::query!("delete from browser_sessions where hash = $1", hash).execute(conn).await?;
    Ok(())
}
