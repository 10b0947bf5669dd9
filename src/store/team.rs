//! Teams and who belongs to them.

use super::{Conn, Error};
use crate::domain::sharing::Team;
use crate::domain::{AccountId, Instant};

/// The team that every account belongs to but guests.
pub const EVERYONE: i32 = 1;

/// Adds a team; false when there is one of this name.
pub async fn insert(conn: &mut Conn, name: &str, now: Instant) -> Result<bool, Error> {
    let done = sqlx::query!("insert into teams (name, created_at) values ($1, $2) on conflict do nothing", name, now)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// The number of the team of this name.
pub async fn find(conn: &mut Conn, name: &str) -> Result<Option<i32>, Error> {
    Ok(sqlx::query_scalar!("select id from teams where name = $1", name).fetch_optional(conn).await?)
}

/// The name of a team.
pub async fn name(conn: &mut Conn, team: i32) -> Result<Option<String>, Error> {
    Ok(sqlx::query_scalar!("select name from teams where id = $1", team).fetch_optional(conn).await?)
}

/// Whether an account belongs to a team.
pub async fn has(conn: &mut Conn, team: i32, account: AccountId) -> Result<bool, Error> {
    let has = sqlx::query_scalar!(
        r#"select exists (select from memberships where team_id = $1 and account_id = $2) as "has!""#,
        team,
        account.0,
    )
    .fetch_one(conn)
    .await?;
    Ok(has)
}

/// Puts an account into a team; false when it was there.
pub async fn join(conn: &mut Conn, team: i32, account: AccountId) -> Result<bool, Error> {
    let done = sqlx::query!(
        "insert into memberships (team_id, account_id) values ($1, $2) on conflict do nothing",
        team,
        account.0,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes an account out of a team; false when it was not there.
pub async fn leave(conn: &mut Conn, team: i32, account: AccountId) -> Result<bool, Error> {
    let done = sqlx::query!("delete from memberships where team_id = $1 and account_id = $2", team, account.0)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// The teams that an account belongs to, by name; every team for `None`.
pub async fn list(conn: &mut Conn, of: Option<AccountId>) -> Result<Vec<Team>, Error> {
    let rows = sqlx::query!(
        r#"select t.name, coalesce(array_agg(a.name order by a.name) filter (where a.name is not null), '{}') as "members!"
        from teams t
        left join memberships m on m.team_id = t.id
        left join accounts a on a.id = m.account_id
        where $1::uuid is null or exists (select from memberships o where o.team_id = t.id and o.account_id = $1)
        group by t.id
        order by t.name"#,
        of.map(|id| id.0),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| Team { name: row.name, members: row.members }).collect())
}
