//! What workers do with tests: admit, start, finish, give back, reconcile.

use super::super::{Conn, Error};
use crate::domain::citation::CitationCheck;
use crate::domain::trial::{Failure, Metrics, Stage};
use crate::domain::{AccountId, Instant, RetrievalId, TrialId};

/// A key for Postgres' advisory locks: only one admission decides at a time.
const ADMISSION: i64 = 0x0077_6f72_6b73_686f;

/// Takes the right to admit until the transaction ends, if nobody else has it.
pub async fn try_admission(conn: &mut Conn) -> Result<bool, Error> {
    let taken =
        sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock($1) as "taken!""#, ADMISSION).fetch_one(conn).await?;
    Ok(taken)
}

/// Takes the right to admit until the transaction ends; waits for it.
pub async fn wait_for_admission(conn: &mut Conn) -> Result<(), Error> {
    sqlx::query!("select pg_advisory_xact_lock($1)", ADMISSION).execute(conn).await?;
    Ok(())
}

/// A test that may run now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admitted {
    /// Its id.
    pub id: TrialId,
    /// The number of the job that is to be pushed for it.
    pub job_run: i32,
}

/// Admits waiting tests: at most `slots` in all and `per_account` for each person at a time, people in turn.
///
/// Needs the right to admit. The caller pushes a job for each in the same transaction.
pub async fn admit(conn: &mut Conn, slots: i64, per_account: i64, now: Instant) -> Result<Vec<Admitted>, Error> {
    let rows = sqlx::query!(
        r#"with active as materialized (
            select account_id, count(*) as tests
            from trials
            where status in ('queued', 'running') and batch_id is null and (admitted_at is not null or status = 'running')
            group by account_id
        ),
        waiting as (
            select t.id, t.created_at,
                row_number() over (partition by t.account_id order by t.created_at, t.id) + coalesce(a.tests, 0) as turn
            from trials t
            left join active a on a.account_id = t.account_id
            where t.status = 'queued' and t.admitted_at is null and t.batch_id is null
        ),
        chosen as (
            select id from waiting
            where turn <= $2
            order by turn, created_at
            limit greatest(0::bigint, $1::bigint - (select coalesce(sum(tests), 0)::bigint from active))
        )
        update trials t
        set admitted_at = $3, job_run = job_run + 1
        from chosen
        where t.id = chosen.id and t.status = 'queued' and t.admitted_at is null
        returning t.id, t.job_run"#,
        slots,
        per_account,
        now,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| Admitted { id: TrialId(row.id), job_run: row.job_run }).collect())
}

/// Starts a test under a fresh token. `false` means that there is nothing to run: it ended, or was cancelled.
///
/// A second start takes the test over: the first holder's token no longer finishes it.
pub async fn start(conn: &mut Conn, id: TrialId, token: uuid::Uuid, now: Instant) -> Result<bool, Error> {
    let done = sqlx::query!(
        "update trials
        set status = 'running', stage = 'searching', token = $2, attempts = attempts + 1, started_at = $3
        where id = $1 and status in ('queued', 'running') and not cancel_requested",
        id.0,
        token,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes what a running test does now, and the articles it was given.
pub async fn advance(
    conn: &mut Conn,
    id: TrialId,
    token: uuid::Uuid,
    stage: Stage,
    retrieval: RetrievalId,
    articles: i32,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "update trials
        set stage = $3, retrieval_id = $4, article_count = $5
        where id = $1 and token = $2 and status = 'running'",
        id.0,
        token,
        stage.as_str(),
        retrieval.0,
        articles,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The result of a run.
#[derive(Debug, Clone)]
pub struct Success {
    /// The whole answer.
    pub response: String,
    /// What answered.
    pub engine: String,
    /// The model that answered.
    pub model: String,
    /// What was used to find evidence.
    pub tools_used: Vec<String>,
    /// The check of its citations.
    pub citations: CitationCheck,
    /// Cost and times.
    pub metrics: Metrics,
}

/// Ends a test with its answer, if `token` still holds it.
pub async fn succeed(
    conn: &mut Conn,
    id: TrialId,
    token: uuid::Uuid,
    success: &Success,
    now: Instant,
) -> Result<bool, Error> {
    let citations = serde_json::to_value(&success.citations).map_err(super::corrupt("trials", id))?;
    let metrics = success.metrics;
    let done = sqlx::query!(
        "update trials
        set status = 'succeeded', stage = 'done', response = $3, engine = $4, model = $5, tools_used = $6,
            citation_check = $7, tokens_in = $8, tokens_out = $9, cost_micros = $10, first_token_ms = $11,
            execution_ms = $12, finished_at = $13
        where id = $1 and token = $2 and status = 'running'",
        id.0,
        token,
        success.response,
        success.engine,
        success.model,
        &success.tools_used,
        citations,
        metrics.tokens_in,
        metrics.tokens_out,
        metrics.cost_micros,
        metrics.first_token_ms,
        metrics.execution_ms,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends a test with a reason, if `token` still holds it.
pub async fn fail(
    conn: &mut Conn,
    id: TrialId,
    token: uuid::Uuid,
    failure: Failure,
    detail: &str,
    now: Instant,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "update trials
        set status = 'failed', stage = 'done', failure = $3, failure_detail = $4, finished_at = $5
        where id = $1 and token = $2 and status = 'running'",
        id.0,
        token,
        failure.as_str(),
        detail,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends a running test that a person cancelled.
pub async fn cancelled(conn: &mut Conn, id: TrialId, now: Instant) -> Result<bool, Error> {
    let done = sqlx::query!(
        "update trials
        set status = 'cancelled', stage = 'done', finished_at = $2
        where id = $1 and status in ('queued', 'running') and cancel_requested",
        id.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Shows a test as waiting again while it waits for its next attempt.
pub async fn give_back(conn: &mut Conn, id: TrialId, token: uuid::Uuid) -> Result<bool, Error> {
    let done = sqlx::query!(
        "update trials
        set status = 'queued', stage = 'queued', token = null
        where id = $1 and token = $2 and status = 'running'",
        id.0,
        token,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Which of these tests a person has cancelled while they ran.
pub async fn cancel_requested(conn: &mut Conn, ids: &[TrialId]) -> Result<Vec<TrialId>, Error> {
    let ids: Vec<uuid::Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_scalar!("select id from trials where id = any($1) and cancel_requested", &ids)
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(TrialId).collect())
}

/// Admitted or running tests whose job of queue `queue` (key `trial:<id>:<job_run>`) has ended for good or is gone.
pub async fn orphans(
    conn: &mut Conn,
    queue: &str,
    admitted_before: Instant,
) -> Result<Vec<(TrialId, AccountId)>, Error> {
    let rows = sqlx::query!(
        "select t.id, t.account_id
        from trials t
        left join apalis.jobs j
            on j.job_type = $1 and j.idempotency_key = 'trial:' || t.id::text || ':' || t.job_run::text
        where t.status in ('queued', 'running') and t.admitted_at < $2
            and (
                j.id is null
                or j.status in ('Done', 'Killed')
                or (j.status = 'Failed' and j.attempts >= j.max_attempts)
            )",
        queue,
        admitted_before,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (TrialId(row.id), AccountId(row.account_id))).collect())
}

/// Fails a test that nobody will run any more, whoever held it.
pub async fn abandon(
    conn: &mut Conn,
    id: TrialId,
    failure: Failure,
    detail: &str,
    now: Instant,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "update trials
        set status = case when cancel_requested then 'cancelled' else 'failed' end, stage = 'done',
            failure = case when cancel_requested then null else $2 end,
            failure_detail = case when cancel_requested then null else $3 end, finished_at = $4
        where id = $1 and status in ('queued', 'running')",
        id.0,
        failure.as_str(),
        detail,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
