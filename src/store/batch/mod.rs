//! Batches: asking for them, reading them, cancelling them. What a worker does with them is in [`run`].

pub mod run;

use super::trial::window;
use super::{Conn, Error, corrupt};
use crate::domain::batch::{Batch, Cell};
use crate::domain::research_window::Window;
use crate::domain::{AccountId, BatchId, DraftId, Instant, PromptId, RevisionNumber, TrialId, VersionNumber};

struct Row {
    id: uuid::Uuid,
    draft_id: i32,
    account_id: uuid::Uuid,
    suite: String,
    columns: Vec<String>,
    status: String,
    tests: i32,
    done: i64,
    waits_for_own: bool,
    created_at: Instant,
    started_at: Option<Instant>,
    finished_at: Option<Instant>,
}

impl TryFrom<Row> for Batch {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: BatchId(row.id),
            draft: DraftId(row.draft_id),
            account: AccountId(row.account_id),
            suite: row.suite,
            columns: row.columns,
            status: row.status.parse().map_err(corrupt("batches", row.id))?,
            tests: row.tests,
            done: row.done as i32,
            waits_for_own: row.waits_for_own,
            created_at: row.created_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
        })
    }
}

/// The columns of a batch `b`, for the queries below.
macro_rules! select_batch {
    ($conn:expr, $fetch:ident, $rest:literal $(, $arg:expr)*) => {
        sqlx::query_as!(
            Row,
            r#"select b.id, b.draft_id, b.account_id, b.suite, b.columns, b.status, b.tests,
                (
                    select count(*) from trials t
                    where t.batch_id = b.id and t.status not in ('queued', 'running')
                ) as "done!",
                b.status = 'queued' and b.admitted_at is null as "waits_for_own!",
                b.created_at, b.started_at, b.finished_at
            from batches b
            "# + $rest $(, $arg)*
        ).$fetch($conn).await?
    };
}

/// The batch with this id.
pub async fn find(conn: &mut Conn, id: BatchId) -> Result<Option<Batch>, Error> {
    select_batch!(conn, fetch_optional, "where b.id = $1", id.0).map(Batch::try_from).transpose()
}

/// A page of a draft's batches, newest first, and how many there are in all.
pub async fn list(conn: &mut Conn, draft: DraftId, limit: i64, offset: i64) -> Result<(Vec<Batch>, i64), Error> {
    let rows = select_batch!(
        &mut *conn,
        fetch_all,
        "where b.draft_id = $1 order by b.id desc limit $2 offset $3",
        draft.0,
        limit,
        offset
    );
    let total = sqlx::query_scalar!(r#"select count(*) as "total!" from batches where draft_id = $1"#, draft.0)
        .fetch_one(conn)
        .await?;
    Ok((rows.into_iter().map(Batch::try_from).collect::<Result<_, _>>()?, total))
}

/// The tests of a batch as its table shows them.
pub async fn cells(conn: &mut Conn, id: BatchId) -> Result<Vec<Cell>, Error> {
    let rows = sqlx::query!(
        r#"select t.id, t.batch_row as "row!", t.batch_column as "column!", t.question, t.status, t.execution_ms,
            (select avg(r.stars) from ratings r where r.trial_id = t.id)::double precision as mean_rating,
            coalesce((t.citation_check->>'valid')::integer, 0) as "valid!",
            coalesce(jsonb_array_length(t.citation_check->'items'), 0) as "links!"
        from trials t
        where t.batch_id = $1
        order by t.batch_row, t.batch_column"#,
        id.0,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Cell {
                row: row.row.max(0) as usize,
                column: row.column.max(0) as usize,
                trial: TrialId(row.id),
                question: row.question,
                status: row.status.parse().map_err(corrupt("trials", row.id))?,
                mean_rating: row.mean_rating,
                valid_links: row.valid,
                links: row.links,
                execution_ms: row.execution_ms,
            })
        })
        .collect()
}

/// How many tests a person asked for in batches since a time, and when the oldest of them.
///
/// Takes a lock on the person's batches until the transaction ends, so that two requests at once cannot both be the last.
pub async fn usage_since(conn: &mut Conn, account: AccountId, since: Instant) -> Result<(i64, Option<Instant>), Error> {
    lock_account(conn, account).await?;
    let usage = sqlx::query!(
        r#"select coalesce(sum(tests), 0)::bigint as "tests!", min(created_at) as oldest
        from batches where account_id = $1 and created_at > $2 and not (status = 'cancelled' and started_at is null)"#,
        account.0,
        since,
    )
    .fetch_one(conn)
    .await?;
    Ok((usage.tests, usage.oldest))
}

async fn lock_account(conn: &mut Conn, account: AccountId) -> Result<(), Error> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended($1::uuid::text, 2))", account.0).execute(conn).await?;
    Ok(())
}

/// What a new batch starts with, but its tests.
#[derive(Debug, Clone)]
pub struct NewBatch {
    /// Its id.
    pub id: BatchId,
    /// The draft that it is run from.
    pub draft: DraftId,
    /// Who asks.
    pub account: AccountId,
    /// The suite's name.
    pub suite: String,
    /// What its columns are called.
    pub columns: Vec<String>,
}

/// One test of a new batch.
#[derive(Debug, Clone)]
pub struct NewTest {
    /// Its id.
    pub id: TrialId,
    /// The question, from 0.
    pub row: i32,
    /// The text and model, from 0.
    pub column: i32,
    /// The tested revision of the draft, or none.
    pub revision: Option<RevisionNumber>,
    /// The tested version of a prompt, or none.
    pub version: Option<(PromptId, VersionNumber)>,
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

/// Adds a waiting batch with its tests: two statements, however many tests there are.
pub async fn insert(conn: &mut Conn, new: &NewBatch, tests: &[NewTest], now: Instant) -> Result<(), Error> {
    sqlx::query!(
        "insert into batches (id, draft_id, account_id, suite, columns, tests, created_at)
        values ($1, $2, $3, $4, $5, $6, $7)",
        new.id.0,
        new.draft.0,
        new.account.0,
        new.suite,
        &new.columns,
        tests.len() as i32,
        now,
    )
    .execute(&mut *conn)
    .await?;
    let ids: Vec<uuid::Uuid> = tests.iter().map(|test| test.id.0).collect();
    let rows: Vec<i32> = tests.iter().map(|test| test.row).collect();
    let columns: Vec<i32> = tests.iter().map(|test| test.column).collect();
    let revisions: Vec<Option<i32>> = tests.iter().map(|test| test.revision.map(|number| number.0)).collect();
    let prompts: Vec<Option<i32>> = tests.iter().map(|test| test.version.map(|(prompt, _)| prompt.0)).collect();
    let versions: Vec<Option<i32>> = tests.iter().map(|test| test.version.map(|(_, number)| number.0)).collect();
    let questions: Vec<String> = tests.iter().map(|test| test.question.clone()).collect();
    let topics: Vec<String> = tests.iter().map(|test| test.topic.clone()).collect();
    let models: Vec<String> = tests.iter().map(|test| test.model.clone()).collect();
    let limits: Vec<i32> = tests.iter().map(|test| test.article_limit).collect();
    let froms: Vec<Option<Instant>> = tests.iter().map(|test| test.window.map(|window| window.from)).collect();
    let tos: Vec<Option<Instant>> = tests.iter().map(|test| test.window.map(|window| window.to)).collect();
    sqlx::query!(
        "insert into trials
            (id, draft_id, account_id, batch_id, created_at, batch_row, batch_column, revision, prompt_id,
             prompt_version, question, topic, model, article_limit, window_from, window_to)
        select id, $1, $2, $3, $4, r, c, revision, prompt, version, question, topic, model, articles, f, t
        from unnest(
            $5::uuid[], $6::integer[], $7::integer[], $8::integer[], $9::integer[], $10::integer[], $11::text[],
            $12::text[], $13::text[], $14::integer[], $15::timestamptz[], $16::timestamptz[]
        ) as test (id, r, c, revision, prompt, version, question, topic, model, articles, f, t)",
        new.draft.0,
        new.account.0,
        new.id.0,
        now,
        &ids,
        &rows,
        &columns,
        &revisions as &[Option<i32>],
        &prompts as &[Option<i32>],
        &versions as &[Option<i32>],
        &questions,
        &topics,
        &models,
        &limits,
        &froms as &[Option<Instant>],
        &tos as &[Option<Instant>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Admits the oldest waiting batch of a person, unless one is running. The caller pushes its job in the same transaction.
pub async fn admit(conn: &mut Conn, account: AccountId, now: Instant) -> Result<Option<BatchId>, Error> {
    lock_account(conn, account).await?;
    let id = sqlx::query_scalar!(
        "update batches set admitted_at = $2
        where id = (
            select id from batches
            where account_id = $1 and status = 'queued' and admitted_at is null
            order by created_at, id
            limit 1
        ) and not exists (
            select from batches
            where account_id = $1 and status in ('queued', 'running') and admitted_at is not null
        )
        returning id",
        account.0,
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(id.map(BatchId))
}

/// Cancels a batch with every test of it that has not ended; false when the batch has.
///
/// Who runs it holds no token any more, so that nothing it does from now on is stored.
pub async fn cancel(conn: &mut Conn, id: BatchId, now: Instant) -> Result<bool, Error> {
    let done = sqlx::query!(
        "update batches set status = 'cancelled', token = null, finished_at = $2
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
        "update trials set status = 'cancelled', stage = 'done', cancel_requested = true, finished_at = $2
        where batch_id = $1 and status in ('queued', 'running')",
        id.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(true)
}
