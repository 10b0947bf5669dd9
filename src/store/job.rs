//! The queue's table as we write and read it. apalis owns it (schema `apalis`); its workers are in `jobs/`.

use sqlx::types::chrono::{DateTime, Utc};

use super::{Conn, Error};

/// A job to be pushed.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// The queue's name.
    pub queue: &'static str,
    /// What to do, as JSON.
    pub payload: Vec<u8>,
    /// A second job with the same key in the same queue is not pushed.
    pub key: Option<String>,
    /// How often it is started at most.
    pub max_attempts: i32,
    /// Not before this.
    pub run_at: Option<DateTime<Utc>>,
    /// Higher goes first.
    pub priority: i32,
}

/// Pushes jobs in one statement; they start when the transaction commits, and `nudge` is sent to every copy of the
/// service then. Says how many were new.
pub async fn insert(conn: &mut Conn, jobs: &[NewJob], nudge: &str) -> Result<u64, Error> {
    if jobs.is_empty() {
        return Ok(0);
    }
    let ids: Vec<String> = jobs.iter().map(|_| ulid::Ulid::generate().to_string()).collect();
    let queues: Vec<String> = jobs.iter().map(|job| job.queue.to_owned()).collect();
    let payloads: Vec<Vec<u8>> = jobs.iter().map(|job| job.payload.clone()).collect();
    let attempts: Vec<i32> = jobs.iter().map(|job| job.max_attempts).collect();
    let times: Vec<Option<DateTime<Utc>>> = jobs.iter().map(|job| job.run_at).collect();
    let priorities: Vec<i32> = jobs.iter().map(|job| job.priority).collect();
    let keys: Vec<Option<String>> = jobs.iter().map(|job| job.key.clone()).collect();
    let added = sqlx::query_scalar!(
        r#"with added as (
            insert into apalis.jobs (id, job_type, job, max_attempts, run_at, priority, idempotency_key)
            select id, queue, payload, attempts, coalesce(run_at, now()), priority, key
            from unnest(
                $1::text[], $2::text[], $3::bytea[], $4::integer[], $5::timestamptz[], $6::integer[], $7::text[]
            ) as t (id, queue, payload, attempts, run_at, priority, key)
            on conflict (job_type, idempotency_key) do nothing
            returning 1
        ), told as (
            select pg_notify($8, $9) where exists (select from added)
        )
        select count(*) as "added!" from added left join told on true"#,
        &ids,
        &queues,
        &payloads,
        &attempts,
        &times as &[Option<DateTime<Utc>>],
        &priorities,
        &keys as &[Option<String>],
        super::event::CHANNEL,
        nudge,
    )
    .fetch_one(conn)
    .await?;
    Ok(added as u64)
}

/// Whether any worker was seen within the last seconds.
pub async fn worker_is_alive(conn: &mut Conn, within_seconds: f64) -> Result<bool, Error> {
    let alive = sqlx::query_scalar!(
        r#"select exists (
            select from apalis.workers where last_seen > now() - make_interval(secs => $1)
        ) as "alive!""#,
        within_seconds,
    )
    .fetch_one(conn)
    .await?;
    Ok(alive)
}

/// Removes finished jobs that ended before, then workers unseen since that no job names. Says how many jobs went.
pub async fn prune(conn: &mut Conn, jobs_before: DateTime<Utc>, workers_before: DateTime<Utc>) -> Result<u64, Error> {
    let jobs = sqlx::query!(
        "delete from apalis.jobs
        where done_at < $1 and (status in ('Done', 'Killed') or (status = 'Failed' and attempts >= max_attempts))",
        jobs_before,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "delete from apalis.workers w
        where w.last_seen < $1 and not exists (select from apalis.jobs j where j.lock_by = w.id)",
        workers_before,
    )
    .execute(conn)
    .await?;
    Ok(jobs.rows_affected())
}

/// How many jobs of each queue are in which state, and how long the oldest that is due has waited, in seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Depth {
    /// The queue's name.
    pub queue: String,
    /// The queue's word for the state.
    pub status: String,
    /// How many.
    pub jobs: i64,
    /// Seconds since the oldest was due.
    pub oldest_seconds: f64,
}

/// Jobs by queue and state, for metrics.
pub async fn depth(conn: &mut Conn) -> Result<Vec<Depth>, Error> {
    let rows = sqlx::query_as!(
        Depth,
        r#"select
            job_type as queue,
            status,
            count(*) as "jobs!",
            coalesce(extract(epoch from now() - min(run_at)), 0)::double precision as "oldest_seconds!"
        from apalis.jobs
        where status in ('Pending', 'Queued', 'Running') or (status = 'Failed' and attempts < max_attempts)
        group by job_type, status"#,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// How many copies of the service have workers on a queue that were seen within 15 seconds.
///
/// Workers are named `<copy>-<queue>-<number>`, see `jobs/`.
pub async fn live_copies(conn: &mut Conn, queue: &str) -> Result<i64, Error> {
    let copies = sqlx::query_scalar!(
        r#"select count(distinct split_part(id, '-', 1)) as "copies!"
        from apalis.workers
        where worker_type = $1 and last_seen > now() - interval '15 seconds'"#,
        queue,
    )
    .fetch_one(conn)
    .await?;
    Ok(copies)
}
