//! Accounts, their identities and sign-in links.

use std::collections::HashMap;

use uuid::Uuid;

use super::{Conn, Error, corrupt};
use crate::domain::account::{Account, Identity};
use crate::domain::{AccountId, Instant};

struct Row {
    id: Uuid,
    name: String,
    is_admin: bool,
    created_at: Instant,
}

impl From<Row> for Account {
    fn from(row: Row) -> Self {
        let Row { id, name, is_admin, created_at } = row;
        Self { id: AccountId(id), name, is_admin, created_at }
    }
}

/// The account of this name.
pub async fn find_by_name(conn: &mut Conn, name: &str) -> Result<Option<Account>, Error> {
    let row = sqlx::query_as!(Row, "select id, name, is_admin, created_at from accounts where name = $1", name)
        .fetch_optional(conn)
        .await?;
    Ok(row.map(Account::from))
}

/// Every account, by name.
pub async fn list(conn: &mut Conn) -> Result<Vec<Account>, Error> {
    let rows = sqlx::query_as!(Row, "select id, name, is_admin, created_at from accounts order by name")
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(Account::from).collect())
}

/// Adds an account to the team of everyone; false when the name is taken.
pub async fn insert(conn: &mut Conn, account: &Account) -> Result<bool, Error> {
    let added = sqlx::query!(
        "with added as (
            insert into accounts (id, name, is_admin, created_at)
            values ($1, $2, $3, $4)
            on conflict (name) do nothing
            returning id
        )
        insert into memberships (team_id, account_id)
        select 1, id from added",
        account.id.0,
        account.name,
        account.is_admin,
        account.created_at,
    )
    .execute(conn)
    .await?;
    Ok(added.rows_affected() == 1)
}

/// Makes an account an administrator.
pub async fn promote(conn: &mut Conn, id: AccountId) -> Result<(), Error> {
    sqlx::query!("update accounts set is_admin = true where id = $1", id.0).execute(conn).await?;
    Ok(())
}

/// The account behind a user of a chat platform.
pub async fn find_by_identity(conn: &mut Conn, identity: &Identity) -> Result<Option<Account>, Error> {
    let row = sqlx::query_as!(
        Row,
        "select a.id, a.name, a.is_admin, a.created_at
        from identities i
        join accounts a on a.id = i.account_id
        where i.platform = $1 and i.workspace = $2 and i.external_user = $3",
        identity.platform.as_str(),
        identity.workspace,
        identity.user,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Account::from))
}

/// Joins a user of a chat platform to an account; false when the user has one already, which it keeps.
pub async fn insert_identity(
    conn: &mut Conn,
    identity: &Identity,
    label: &str,
    account: AccountId,
    now: Instant,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "insert into identities (platform, workspace, external_user, label, account_id, created_at)
        values ($1, $2, $3, $4, $5, $6)
        on conflict do nothing",
        identity.platform.as_str(),
        identity.workspace,
        identity.user,
        label,
        account.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// How the platform calls a user; `None` for a user that is unknown, empty while it has not told.
pub async fn identity_label(conn: &mut Conn, identity: &Identity) -> Result<Option<String>, Error> {
    let label = sqlx::query_scalar!(
        "select label from identities where platform = $1 and workspace = $2 and external_user = $3",
        identity.platform.as_str(),
        identity.workspace,
        identity.user,
    )
    .fetch_optional(conn)
    .await?;
    Ok(label)
}

/// Notes how the platform calls a user.
pub async fn set_identity_label(conn: &mut Conn, identity: &Identity, label: &str) -> Result<(), Error> {
    sqlx::query!(
        "update identities set label = $4 where platform = $1 and workspace = $2 and external_user = $3",
        identity.platform.as_str(),
        identity.workspace,
        identity.user,
        label,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives an account another name; a name that is taken is [`Error::Taken`].
pub async fn rename(conn: &mut Conn, id: AccountId, name: &str) -> Result<(), Error> {
    sqlx::query!("update accounts set name = $2 where id = $1", id.0, name).execute(conn).await?;
    Ok(())
}

fn identity(platform: &str, workspace: String, user: String) -> Result<Identity, Error> {
    let platform = platform.parse().map_err(corrupt("identities", &user))?;
    Ok(Identity { platform, workspace, user })
}

/// The users of chat platforms that act as an account, the first joined first.
pub async fn identities(conn: &mut Conn, account: AccountId) -> Result<Vec<Identity>, Error> {
    let rows = sqlx::query!(
        "select platform, workspace, external_user from identities
        where account_id = $1 and platform in ('slack', 'discord')
        order by created_at",
        account.0,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(|row| identity(&row.platform, row.workspace, row.external_user)).collect()
}

/// Notes that a user looked at the app's home page.
pub async fn home_opened(conn: &mut Conn, identity: &Identity, now: Instant) -> Result<(), Error> {
    sqlx::query!(
        "update identities set home_opened_at = $4 where platform = $1 and workspace = $2 and external_user = $3",
        identity.platform.as_str(),
        identity.workspace,
        identity.user,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The users of an account who looked at the app's home page since a time.
pub async fn home_watchers(conn: &mut Conn, account: AccountId, since: Instant) -> Result<Vec<Identity>, Error> {
    let rows = sqlx::query!(
        "select platform, workspace, external_user from identities where account_id = $1 and home_opened_at > $2",
        account.0,
        since,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(|row| identity(&row.platform, row.workspace, row.external_user)).collect()
}

/// Joins a user of a chat platform to another account.
pub async fn move_identity(conn: &mut Conn, identity: &Identity, account: AccountId) -> Result<(), Error> {
    sqlx::query!(
        "update identities set account_id = $4 where platform = $1 and workspace = $2 and external_user = $3",
        identity.platform.as_str(),
        identity.workspace,
        identity.user,
        account.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether nobody can act as an account any more: it has no identity, no token, and does not administer the service.
pub async fn is_abandoned(conn: &mut Conn, account: AccountId) -> Result<bool, Error> {
    let abandoned = sqlx::query_scalar!(
        r#"select not a.is_admin
            and not exists (select from identities i where i.account_id = a.id)
            and not exists (select from openid_identities o where o.account_id = a.id)
            and not exists (select from api_tokens t where t.account_id = a.id and t.revoked_at is null) as "abandoned!"
        from accounts a where a.id = $1"#,
        account.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(abandoned.unwrap_or(false))
}

/// Adds a one-time sign-in link, known by its fingerprint.
pub async fn insert_login_link(
    conn: &mut Conn,
    hash: &[u8],
    account: AccountId,
    now: Instant,
    expires_at: Instant,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into login_links (hash, account_id, created_at, expires_at) values ($1, $2, $3, $4)",
        hash,
        account.0,
        now,
        expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether a link can still be used.
pub async fn login_link_is_open(conn: &mut Conn, hash: &[u8], now: Instant) -> Result<bool, Error> {
    let open = sqlx::query_scalar!(
        r#"select exists (
            select from login_links where hash = $1 and used_at is null and expires_at > $2
        ) as "open!""#,
        hash,
        now,
    )
    .fetch_one(conn)
    .await?;
    Ok(open)
}

/// Uses a link up and says whose it was; `None` when it was used, has expired or never existed.
pub async fn redeem_login_link(conn: &mut Conn, hash: &[u8], now: Instant) -> Result<Option<Account>, Error> {
    let row = sqlx::query_as!(
        Row,
        "with used as (
            update login_links
            set used_at = $2
            where hash = $1 and used_at is null and expires_at > $2
            returning account_id
        )
        select a.id, a.name, a.is_admin, a.created_at
        from used
        join accounts a on a.id = used.account_id",
        hash,
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Account::from))
}

/// The account with this id.
pub async fn find(conn: &mut Conn, id: AccountId) -> Result<Option<Account>, Error> {
    let row = sqlx::query_as!(Row, "select id, name, is_admin, created_at from accounts where id = $1", id.0)
        .fetch_optional(conn)
        .await?;
    Ok(row.map(Account::from))
}

/// The names of accounts.
pub async fn names(conn: &mut Conn, ids: &[AccountId]) -> Result<HashMap<AccountId, String>, Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query!("select id, name from accounts where id = any($1)", &ids).fetch_all(conn).await?;
    Ok(rows.into_iter().map(|row| (AccountId(row.id), row.name)).collect())
}
