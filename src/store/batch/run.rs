//! What a worker does with a batch: start it, read what is left, store results together, finish it.

use std::collections::HashMap;

use super::super::{Conn, Error, corrupt};
use super::window;
use crate::domain::citation::CitationCheck;
use crate::domain::research_window::Window;
use crate::domain::trial::{Failure, Metrics};
use crate::domain::{AccountId, BatchId, Instant, RetrievalId, TrialId};

/// Starts a batch under a fresh token, and says how often it was started without a result in between. `None` means that
/// there is nothing to run.
///
/// A second start takes the batch over: nothing that the first holder does from now on is stored.
pub async fn start(conn: &mut Conn, id: BatchId, token: uuid::Uuid, now: Instant) -> Result<Option<i32>, Error> {
    let starts = sqlx::query_scalar!(
        "with counted as (
            select count(*)::integer as done from trials where batch_id = $1 and status not in ('queued', 'running')
        )
        update batches
        set status = 'running', token = $2, started_at = coalesce(started_at, $3), done_before = counted.done,
            starts = case when counted.done > done_before then 1 else starts + 1 end
        from counted
        where id = $1 and status in ('queued', 'running')
        returning starts",
        id.0,
        token,
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(starts)
}

/// A test of a batch that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// Its id.
    pub id: TrialId,
    /// Which question, from 0.
    pub row: i32,
    /// Which text and model, from 0.
    pub column: i32,
    /// The question.
    pub question: String,
    /// The topic.
    pub topic: String,
    /// The model.
    pub model: String,
    /// How many articles at most.
    pub article_limit: i32,
    /// Only articles published within.
    pub window: Option<Window>,
}

/// The tests of a batch that have not ended, question by question.
pub async fn open(conn: &mut Conn, id: BatchId) -> Result<Vec<Open>, Error> {
    let rows = sqlx::query!(
        r#"select id, batch_row as "row!", batch_column as "column!", question, topic, model, article_limit, window_from,
            window_to
        from trials
        where batch_id = $1 and status in ('queued', 'running')
        order by batch_row, batch_column"#,
        id.0,
    )
    .fetch_all(conn)
    .await?;
    let open = rows.into_iter().map(|row| Open {
        id: TrialId(row.id),
        row: row.row,
        column: row.column,
        question: row.question,
        topic: row.topic,
        model: row.model,
        article_limit: row.article_limit,
        window: window(row.window_from, row.window_to),
    });
    Ok(open.collect())
}

/// The texts that a batch tests, by column; a text that is gone is left out.
pub async fn texts(conn: &mut Conn, id: BatchId) -> Result<HashMap<i32, String>, Error> {
    let rows = sqlx::query!(
        r#"select tested.batch_column as "column!", coalesce(r.text, v.text) as text
        from (
            select distinct batch_column, draft_id, revision, prompt_id, prompt_version
            from trials
            where batch_id = $1 and status in ('queued', 'running')
        ) tested
        left join draft_revisions r on r.draft_id = tested.draft_id and r.number = tested.revision
        left join prompt_versions v on v.prompt_id = tested.prompt_id and v.number = tested.prompt_version"#,
        id.0,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.column, row.text?))).collect())
}

/// The articles that ended tests of a batch were given, by question.
pub async fn retrievals(conn: &mut Conn, id: BatchId) -> Result<HashMap<i32, RetrievalId>, Error> {
    let rows = sqlx::query!(
        r#"select distinct on (batch_row) batch_row as "row!", retrieval_id as "retrieval!"
        from trials
        where batch_id = $1 and retrieval_id is not null
        order by batch_row, id"#,
        id.0,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.row, RetrievalId(row.retrieval))).collect())
}

/// How a test of a batch ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The test.
    pub id: TrialId,
    /// The articles it was given, and how many of them.
    pub retrieval: Option<(RetrievalId, i32)>,
    /// How often the model was asked.
    pub attempts: i32,
    /// When it was asked last.
    pub started_at: Instant,
    /// The answer, or why there is none.
    pub outcome: Result<Answered, (Failure, String)>,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answered {
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

/// Stores how tests ended, in one statement, if `token` still holds the batch; `false` when it does not.
///
/// A test that has ended meanwhile, because a person cancelled it, stays as it is.
pub async fn store(
    conn: &mut Conn,
    id: BatchId,
    token: uuid::Uuid,
    ended: Vec<Ended>,
    tool: &str,
    now: Instant,
) -> Result<bool, Error> {
    let columns = Columns::of(ended)?;
    let held = sqlx::query_scalar!(
        r#"with held as (
            select id from batches where id = $1 and token = $2 for share
        ), stored as (
            update trials t
            set status = case when e.failure is null then 'succeeded' else 'failed' end, stage = 'done',
                retrieval_id = e.retrieval, article_count = e.articles, attempts = t.attempts + e.attempts,
                started_at = e.started_at, failure = e.failure, failure_detail = e.detail, response = e.response,
                engine = coalesce(e.engine, ''), model = coalesce(e.model, t.model),
                tools_used = case when e.failure is null then array[$3::text] else t.tools_used end,
                citation_check = e.citations, tokens_in = e.tokens_in, tokens_out = e.tokens_out,
                cost_micros = e.cost_micros, first_token_ms = e.first_token_ms, execution_ms = e.execution_ms,
                finished_at = $4
            from held, unnest(
                $5::uuid[], $6::uuid[], $7::integer[], $8::integer[], $9::timestamptz[], $10::text[], $11::text[],
                $12::text[], $13::text[], $14::text[], $15::jsonb[], $16::integer[], $17::integer[], $18::bigint[],
                $19::integer[], $20::integer[]
            ) as e (id, retrieval, articles, attempts, started_at, failure, detail, response, engine, model, citations,
                tokens_in, tokens_out, cost_micros, first_token_ms, execution_ms)
            where t.id = e.id and t.batch_id = held.id and t.status in ('queued', 'running')
            returning 1
        )
        select exists (select from held) as "held!" from (select count(*) from stored) as done"#,
        id.0,
        token,
        tool,
        now,
        &columns.ids,
        &columns.retrievals as &[Option<uuid::Uuid>],
        &columns.articles,
        &columns.attempts,
        &columns.started,
        &columns.failures as &[Option<String>],
        &columns.details as &[Option<String>],
        &columns.responses as &[Option<String>],
        &columns.engines as &[Option<String>],
        &columns.models as &[Option<String>],
        &columns.citations as &[Option<serde_json::Value>],
        &columns.tokens_in as &[Option<i32>],
        &columns.tokens_out as &[Option<i32>],
        &columns.costs as &[Option<i64>],
        &columns.first_tokens as &[Option<i32>],
        &columns.times as &[Option<i32>],
    )
    .fetch_one(conn)
    .await?;
    Ok(held)
}

/// Ended tests column by column, as a statement takes many rows.
#[derive(Default)]
struct Columns {
    ids: Vec<uuid::Uuid>,
    retrievals: Vec<Option<uuid::Uuid>>,
    articles: Vec<i32>,
    attempts: Vec<i32>,
    started: Vec<Instant>,
    failures: Vec<Option<String>>,
    details: Vec<Option<String>>,
    responses: Vec<Option<String>>,
    engines: Vec<Option<String>>,
    models: Vec<Option<String>>,
    citations: Vec<Option<serde_json::Value>>,
    tokens_in: Vec<Option<i32>>,
    tokens_out: Vec<Option<i32>>,
    costs: Vec<Option<i64>>,
    first_tokens: Vec<Option<i32>>,
    times: Vec<Option<i32>>,
}

impl Columns {
    fn of(ended: Vec<Ended>) -> Result<Self, Error> {
        let mut columns = Self::default();
        for Ended { id, retrieval, attempts, started_at, outcome } in ended {
            columns.ids.push(id.0);
            columns.retrievals.push(retrieval.map(|(id, _)| id.0));
            columns.articles.push(retrieval.map_or(0, |(_, count)| count));
            columns.attempts.push(attempts);
            columns.started.push(started_at);
            let (answered, failed) = match outcome {
                Ok(answered) => (Some(answered), None),
                Err(failed) => (None, Some(failed)),
            };
            let (failure, detail) = failed.map(|(failure, detail)| (failure.as_str().to_owned(), detail)).unzip();
            columns.failures.push(failure);
            columns.details.push(detail);
            let metrics = answered.as_ref().map(|answered| answered.metrics).unwrap_or_default();
            columns.tokens_in.push(metrics.tokens_in);
            columns.tokens_out.push(metrics.tokens_out);
            columns.costs.push(metrics.cost_micros);
            columns.first_tokens.push(metrics.first_token_ms);
            columns.times.push(metrics.execution_ms);
            let citations = answered.as_ref().map(|answered| serde_json::to_value(&answered.citations)).transpose();
            columns.citations.push(citations.map_err(corrupt("trials", id))?);
            let (response, named) =
                answered.map(|answered| (answered.response, (answered.engine, answered.model))).unzip();
            let (engine, model) = named.unzip();
            columns.responses.push(response);
            columns.engines.push(engine);
            columns.models.push(model);
        }
        Ok(columns)
    }
}

/// Ends a batch whose tests have all ended, if `token` still holds it; `false` when it does not, or some are left.
pub async fn finish(conn: &mut Conn, id: BatchId, token: uuid::Uuid, now: Instant) -> Result<bool, Error> {
    let done = sqlx::query!(
        "update batches set status = 'finished', token = null, finished_at = $3
        where id = $1 and token = $2 and status = 'running'
            and not exists (select from trials where batch_id = $1 and status in ('queued', 'running'))",
        id.0,
        token,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends a batch that nobody will run any more: what has not ended has failed. `false` when the batch has ended.
pub async fn abandon(
    conn: &mut Conn,
    id: BatchId,
    failure: Failure,
    detail: &str,
    now: Instant,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "update batches set status = 'finished', token = null, finished_at = $2
        where id = $1 and status in ('queued', 'running')",
        id.0,
        now,
    )
    .execute(&mut *conn)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query!(
        "update trials set status = 'failed', stage = 'done', failure = $2, failure_detail = $3, finished_at = $4
        where batch_id = $1 and status in ('queued', 'running')",
        id.0,
        failure.as_str(),
        detail,
        now,
    )
    .execute(conn)
    .await?;
    Ok(true)
}

/// Admitted batches whose job of queue `queue` (key `batch:<id>`) has ended for good or is gone.
pub async fn orphans(conn: &mut Conn, queue: &str, admitted_before: Instant) -> Result<Vec<BatchId>, Error> {
    let ids = sqlx::query_scalar!(
        "select b.id
        from batches b
        left join apalis.jobs j on j.job_type = $1 and j.idempotency_key = 'batch:' || b.id::text
        where b.status in ('queued', 'running') and b.admitted_at < $2
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
    Ok(ids.into_iter().map(BatchId).collect())
}

/// People whose batches wait although none of theirs was admitted: a wake-up that was lost.
pub async fn waiting_accounts(conn: &mut Conn) -> Result<Vec<AccountId>, Error> {
    let ids = sqlx::query_scalar!(
        "select account_id from batches
        where status in ('queued', 'running')
        group by account_id
        having count(*) filter (where admitted_at is not null) = 0"
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(AccountId).collect())
}
