//! Users of OpenID Connect providers, and the accounts that they act as.

use super::{Conn, Error};
use crate::domain::account::{Account, OpenIdIdentity, OpenIdUser};
use crate::domain::{AccountId, Instant};

/// The account behind a user.
pub async fn find(conn: &mut Conn, user: &OpenIdUser) -> Result<Option<Account>, Error> {
    let row = sqlx::query!(
        "select a.id, a.name, a.is_admin, a.created_at
        from openid_identities i
        join accounts a on a.id = i.account_id
        where i.issuer = $1 and i.subject = $2",
        user.issuer,
        user.subject,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Account {
        id: AccountId(row.id),
        name: row.name,
        is_admin: row.is_admin,
        created_at: row.created_at,
    }))
}

/// The users who act as an account, the first joined first.
pub async fn list(conn: &mut Conn, account: AccountId) -> Result<Vec<OpenIdIdentity>, Error> {
    let rows = sqlx::query!(
        "select issuer, label, created_at from openid_identities where account_id = $1 order by created_at",
        account.0,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| OpenIdIdentity { issuer: row.issuer, label: row.label, since: row.created_at })
        .collect())
}

/// Joins a user to an account; false when the user has one already, which it keeps.
pub async fn insert(
    conn: &mut Conn,
    user: &OpenIdUser,
    label: &str,
    account: AccountId,
    now: Instant,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "insert into openid_identities (issuer, subject, label, account_id, created_at)
        values ($1, $2, $3, $4, $5)
        on conflict do nothing",
        user.issuer,
        user.subject,
        label,
        account.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes how the provider calls a user now, and joins the user to another account where that is meant.
pub async fn update(conn: &mut Conn, user: &OpenIdUser, label: &str, account: AccountId) -> Result<(), Error> {
    sqlx::query!(
        "update openid_identities set label = $3, account_id = $4 where issuer = $1 and subject = $2",
        user.issuer,
        user.subject,
        label,
        account.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}
