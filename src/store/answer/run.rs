//! What workers do with questions: start, finish, give back, reconcile.

use super::super::{Conn, Error, corrupt};
use crate::domain::citation::CitationCheck;
use crate::domain::trial::Metrics;
use crate::domain::{AnswerId, Instant, RetrievalId};

/// Starts a question under a fresh token and says how often that was done. `None` means that it has ended.
///
/// A second start takes the question over: the first holder's token no longer finishes it.
pub async fn start(conn: &mut Conn, id: AnswerId, token: uuid::Uuid) -> Result<Option<i32>, Error> {
    let attempts = sqlx::query_scalar!(
        "update answers
        set status = 'running', token = $2, attempts = attempts + 1
        where id = $1 and status in ('queued', 'running')
        returning attempts",
        id.0,
        token,
    )
    .fetch_optional(conn)
    .await?;
    Ok(attempts)
}

/// The result of a run.
#[derive(Debug, Clone)]
pub struct Success {
    /// The articles that were found.
    pub retrieval: RetrievalId,
    /// How many those are.
    pub article_count: i32,
    /// The whole answer.
    pub response: String,
    /// What answered.
    pub engine: String,
    /// The model that answered.
    pub model: String,
    /// The check of its citations.
    pub citations: CitationCheck,
    /// Cost and times.
    pub metrics: Metrics,
}

/// Ends a question with its answer, if `token` still holds it.
pub async fn succeed(
    conn: &mut Conn,
    id: AnswerId,
    token: uuid::Uuid,
    success: &Success,
    now: Instant,
) -> Result<bool, Error> {
    let citations = serde_json::to_value(&success.citations).map_err(corrupt("answers", id))?;
    let metrics = success.metrics;
    let done = sqlx::query!(
        "update answers
        set status = 'succeeded', retrieval_id = $3, article_count = $4, response = $5, engine = $6, model = $7,
            citation_check = $8, tokens_in = $9, tokens_out = $10, cost_micros = $11, first_token_ms = $12,
            execution_ms = $13, finished_at = $14
        where id = $1 and token = $2 and status = 'running'",
        id.0,
        token,
        success.retrieval.0,
        success.article_count,
        success.response,
        success.engine,
        success.model,
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

/// Ends a question with a reason, if `token` still holds it.
pub async fn fail(
    conn: &mut Conn,
    id: AnswerId,
    token: uuid::Uuid,
    failure: &str,
    now: Instant,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "update answers
        set status = 'failed', failure = $3, finished_at = $4
        where id = $1 and token = $2 and status = 'running'",
        id.0,
        token,
        failure,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Fails a question that nobody will answer any more, whoever held it.
pub async fn abandon(conn: &mut Conn, id: AnswerId, failure: &str, now: Instant) -> Result<bool, Error> {
    let done = sqlx::query!(
        "update answers
        set status = 'failed', failure = $2, finished_at = $3
        where id = $1 and status in ('queued', 'running')",
        id.0,
        failure,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Shows a question as waiting again while it waits for its next attempt.
pub async fn give_back(conn: &mut Conn, id: AnswerId, token: uuid::Uuid) -> Result<bool, Error> {
    let done = sqlx::query!(
        "update answers set status = 'queued', token = null where id = $1 and token = $2 and status = 'running'",
        id.0,
        token,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Unanswered questions whose job of queue `queue` (key `answer:<id>`) has ended for good or is gone.
pub async fn orphans(conn: &mut Conn, queue: &str, asked_before: Instant) -> Result<Vec<AnswerId>, Error> {
    let ids = sqlx::query_scalar!(
        "select a.id
        from answers a
        left join apalis.jobs j on j.job_type = $1 and j.idempotency_key = 'answer:' || a.id::text
        where a.status in ('queued', 'running') and a.created_at < $2
            and (
                j.id is null
                or j.status in ('Done', 'Killed')
                or (j.status = 'Failed' and j.attempts >= j.max_attempts)
            )",
        queue,
        asked_before,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(AnswerId).collect())
}
