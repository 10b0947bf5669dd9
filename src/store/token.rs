//! API tokens.

use super::{Conn, Error};
use crate::domain::account::{Account, Token};
use crate::domain::{AccountId, Instant, TokenId};

/// A token that was presented, and whose it is.
#[derive(Debug, Clone)]
pub struct Presented {
    /// Its id.
    pub id: TokenId,
    /// Whose it is.
    pub account: Account,
    /// When it was used last, give or take an hour.
    pub used_at: Option<Instant>,
}

/// The token with this fingerprint, if it was not revoked.
pub async fn find(conn: &mut Conn, hash: &[u8]) -> Result<Option<Presented>, Error> {
    let row = sqlx::query!(
        "select t.id as token_id, t.used_at, a.id, a.name, a.is_admin, a.created_at
        from api_tokens t
        join accounts a on a.id = t.account_id
        where t.hash = $1 and t.revoked_at is null",
        hash,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Presented {
        id: TokenId(row.token_id),
        account: Account { id: AccountId(row.id), name: row.name, is_admin: row.is_admin, created_at: row.created_at },
        used_at: row.used_at,
    }))
}

/// Notes that a token is used.
pub async fn touch(conn: &mut Conn, id: TokenId, now: Instant) -> Result<(), Error> {
    sqlx::query!("update api_tokens set used_at = $2 where id = $1", id.0, now).execute(conn).await?;
    Ok(())
}

/// The tokens of an account that were not revoked, the newest first.
pub async fn list(conn: &mut Conn, account: AccountId) -> Result<Vec<Token>, Error> {
    let rows = sqlx::query!(
        "select id, name, created_at, used_at
        from api_tokens
        where account_id = $1 and revoked_at is null
        order by id desc",
        account.0,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Token { id: TokenId(row.id), name: row.name, created_at: row.created_at, used_at: row.used_at })
        .collect())
}

/// Adds a token, known by its fingerprint.
pub async fn insert(conn: &mut Conn, account: AccountId, token: &Token, hash: &[u8]) -> Result<(), Error> {
    sqlx::query!(
        "insert into api_tokens (id, account_id, name, hash, created_at) values ($1, $2, $3, $4, $5)",
        token.id.0,
        account.0,
        token.name,
        hash,
        token.created_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Revokes one token of an account; its name, or `None` when the account has no such token.
pub async fn revoke(conn: &mut Conn, account: AccountId, id: TokenId, now: Instant) -> Result<Option<String>, Error> {
    let name = sqlx::query_scalar!(
        "update api_tokens set revoked_at = $3
        where id = $1 and account_id = $2 and revoked_at is null
        returning name",
        id.0,
        account.0,
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(name)
}

/// Revokes every token of an account; says how many there were.
pub async fn revoke_all(conn: &mut Conn, account: AccountId, now: Instant) -> Result<u64, Error> {
    let done = sqlx::query!(
        "update api_tokens set revoked_at = $2 where account_id = $1 and revoked_at is null",
        account.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
