//! What one copy of the service holds at a time. Postgres' clock decides, since copies have clocks of their own.

use chrono::TimeDelta;
use uuid::Uuid;

use super::{Conn, Error};
use crate::domain::Instant;

/// A lease that was taken or renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// Until when it would have lasted before; `None` when nobody ever had it.
    pub before: Option<Instant>,
}

/// Takes or renews a lease; `None` while another has it.
pub async fn take(conn: &mut Conn, name: &str, holder: Uuid, seconds: f64) -> Result<Option<Lease>, Error> {
    let row = sqlx::query!(
        r#"with before as (
            select lasts_until from leases where name = $1
        )
        insert into leases (name, holder, lasts_until)
        values ($1, $2, now() + make_interval(secs => $3))
        on conflict (name) do update
            set holder = excluded.holder, lasts_until = excluded.lasts_until
            where leases.holder = excluded.holder or leases.lasts_until < now()
        returning (select lasts_until from before) as "before""#,
        name,
        holder,
        seconds,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Lease { before: row.before }))
}

/// Lets a lease go, if the holder still has it. When it ended is kept.
pub async fn release(conn: &mut Conn, name: &str, holder: Uuid) -> Result<(), Error> {
    sqlx::query!(
        "update leases set lasts_until = least(lasts_until, now() - interval '1 microsecond')
        where name = $1 and holder = $2",
        name,
        holder
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes leases that ended longer ago than this.
pub async fn prune(conn: &mut Conn, age: TimeDelta) -> Result<(), Error> {
    sqlx::query!("delete from leases where lasts_until < now() - make_interval(secs => $1)", age.as_seconds_f64())
        .execute(conn)
        .await?;
    Ok(())
}
