//! Browsers that are signed in.

use super::{Conn, Error};
use crate::domain::account::{Account, fingerprint};
use crate::domain::{AccountId, Instant};

/// A browser that is signed in.
#[derive(Debug, Clone)]
pub struct BrowserSession {
    /// Who is signed in.
    pub account: Account,
    /// When it was used last, give or take an hour.
    pub used_at: Instant,
}

/// A browser that is signed in, as its account sees it.
#[derive(Debug, Clone)]
pub struct Browser {
    /// The fingerprint of its cookie.
    pub hash: Vec<u8>,
    /// When it was signed in.
    pub since: Instant,
    /// When it was used last, give or take an hour.
    pub used_at: Instant,
}

impl Browser {
    /// Whether this is the browser with this cookie.
    pub fn has(&self, cookie: &str) -> bool {
        self.hash == fingerprint(cookie)
    }
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

/// The browsers that are signed in as an account, the last used first.
pub async fn list(conn: &mut Conn, account: AccountId, now: Instant) -> Result<Vec<Browser>, Error> {
    let rows = sqlx::query!(
        "select hash, created_at, used_at
        from browser_sessions
        where account_id = $1 and expires_at > $2
        order by used_at desc, created_at desc",
        account.0,
        now,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| Browser { hash: row.hash, since: row.created_at, used_at: row.used_at }).collect())
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

/// Ends every session of an account but one; says how many there were.
pub async fn delete_others(conn: &mut Conn, account: AccountId, hash: &[u8]) -> Result<u64, Error> {
    let done = sqlx::query!("delete from browser_sessions where account_id = $1 and hash <> $2", account.0, hash)
        .execute(conn)
        .await?;
    Ok(done.rows_affected())
}
