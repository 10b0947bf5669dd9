//! What the doctor asks the database. Nothing here changes anything.

use sqlx::{ConnectOptions, Connection};

use super::{Conn, Error, Store};
use crate::domain::Instant;

/// What the queue's tables need.
const EXTENSIONS: &[&str] = &["hstore", "pgcrypto"];

/// The server.
#[derive(Debug, Clone)]
pub struct Server {
    /// Its version as a number: 150004 for 15.4.
    pub number: i32,
    /// Its version, for people.
    pub version: String,
    /// What its clock says.
    pub now: Instant,
    /// Extensions that it cannot give.
    pub missing: Vec<String>,
}

/// Which of our migrations it has.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    /// Those of this version that are not applied.
    pub missing: Vec<i64>,
    /// Those applied that this version does not know.
    pub unknown: Vec<i64>,
    /// Those applied that were other ones, or were left half done.
    pub broken: Vec<i64>,
    /// How many are applied.
    pub applied: usize,
}

/// The jobs of a queue that are due.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// The queue's name.
    pub queue: String,
    /// How many.
    pub jobs: i64,
    /// Seconds since the oldest was due.
    pub oldest_seconds: f64,
}

/// A connection of its own, not of the pool, which would try again and again and keep the reason to itself.
pub async fn connect(store: &Store) -> Result<Conn, Error> {
    let mut conn = store.options.connect().await?;
    conn.ping().await?;
    Ok(conn)
}

/// The server's version, clock and extensions.
pub async fn server(conn: &mut Conn) -> Result<Server, Error> {
    let names: Vec<String> = EXTENSIONS.iter().map(|name| (*name).to_owned()).collect();
    let row = sqlx::query!(
        r#"select current_setting('server_version_num')::integer as "number!",
            current_setting('server_version') as "version!",
            clock_timestamp() as "now!",
            array(
                select name from unnest($1::text[]) as name
                where not exists (select from pg_available_extensions a where a.name = name.name)
            ) as "missing!""#,
        &names,
    )
    .fetch_one(conn)
    .await?;
    // Debian adds its own words to the version.
    let version = row.version.split(' ').next().unwrap_or_default().to_owned();
    Ok(Server { number: row.number, version, now: row.now, missing: row.missing })
}

/// Compares the migrations that are applied with those of this version.
pub async fn schema(conn: &mut Conn) -> Result<Schema, Error> {
    let known = sqlx::migrate!();
    let is_there = sqlx::query_scalar!(r#"select to_regclass('workshop._sqlx_migrations') is not null as "is_there!""#)
        .fetch_one(&mut *conn)
        .await?;
    let mut schema = Schema::default();
    if !is_there {
        schema.missing = known.iter().map(|migration| migration.version).collect();
        return Ok(schema);
    }
    let applied = sqlx::query!("select version, success, checksum from workshop._sqlx_migrations order by version")
        .fetch_all(conn)
        .await?;
    schema.applied = applied.len();
    for row in &applied {
        match known.iter().find(|migration| migration.version == row.version) {
            None => schema.unknown.push(row.version),
            Some(migration) if !row.success || *migration.checksum != *row.checksum => schema.broken.push(row.version),
            Some(_) => {}
        }
    }
    let is_applied = |version| applied.iter().any(|row| row.version == version);
    schema.missing = known.iter().map(|migration| migration.version).filter(|version| !is_applied(*version)).collect();
    Ok(schema)
}

/// The jobs of each queue that are due and that nobody is at.
pub async fn waiting(conn: &mut Conn) -> Result<Vec<Waiting>, Error> {
    let rows = sqlx::query_as!(
        Waiting,
        r#"select job_type as queue, count(*) as "jobs!",
            coalesce(extract(epoch from now() - min(run_at)), 0)::double precision as "oldest_seconds!"
        from apalis.jobs
        where run_at <= now() and (status in ('Pending', 'Queued') or (status = 'Failed' and attempts < max_attempts))
        group by job_type
        order by job_type"#,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Jobs that were given up within a day, by queue and reason: `talk 2 (refused)`.
pub async fn killed(conn: &mut Conn) -> Result<Vec<String>, Error> {
    let rows = sqlx::query!(
        r#"select job_type as queue, coalesce(left(last_result ->> 'Err', 60), '') as "why!", count(*) as "jobs!"
        from apalis.jobs
        where done_at > now() - interval '1 day'
            and (status = 'Killed' or (status = 'Failed' and attempts >= max_attempts))
        group by 1, 2
        order by 1, 2"#,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| match row.why.is_empty() {
            true => format!("{} {}", row.queue, row.jobs),
            false => format!("{} {} ({})", row.queue, row.jobs, row.why),
        })
        .collect())
}
