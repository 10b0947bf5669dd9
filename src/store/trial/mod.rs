//! Tests: reading them, asking for them, rating them. What a worker does with them is in [`run`].

pub mod history;
pub mod run;

use super::{Conn, Error, corrupt};
use crate::domain::citation::CitationCheck;
use crate::domain::research_window::Window;
use crate::domain::trial::{Failure, Metrics, Rating, Trial, TrialStatus};
use crate::domain::{
    AccountId, BatchId, ChatId, DraftId, Instant, RetrievalId, RevisionNumber, TrialId, VersionNumber,
};

struct Row {
    id: uuid::Uuid,
    draft_id: i32,
    revision: Option<i32>,
    prompt_name: Option<String>,
    prompt_version: Option<i32>,
    batch_id: Option<uuid::Uuid>,
    account_id: uuid::Uuid,
    question: String,
    topic: String,
    model: String,
    article_limit: i32,
    window_from: Option<Instant>,
    window_to: Option<Instant>,
    retrieval_id: Option<uuid::Uuid>,
    status: String,
    stage: String,
    attempts: i32,
    failure: Option<String>,
    failure_detail: Option<String>,
    engine: String,
    response: Option<String>,
    tools_used: Vec<String>,
    article_count: i32,
    citation_check: Option<serde_json::Value>,
    tokens_in: Option<i32>,
    tokens_out: Option<i32>,
    cost_micros: Option<i64>,
    first_token_ms: Option<i32>,
    execution_ms: Option<i32>,
    created_at: Instant,
    started_at: Option<Instant>,
    finished_at: Option<Instant>,
    ratings: serde_json::Value,
}

impl TryFrom<Row> for Trial {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self, Error> {
        let id = row.id;
        let failure = row.failure.as_deref().map(str::parse::<Failure>).transpose();
        let citations = row.citation_check.map(serde_json::from_value::<CitationCheck>).transpose();
        Ok(Self {
            id: TrialId(id),
            draft: DraftId(row.draft_id),
            revision: RevisionNumber(row.revision.unwrap_or_default()),
            version: row.prompt_name.zip(row.prompt_version.map(VersionNumber)),
            batch: row.batch_id.map(BatchId),
            account: AccountId(row.account_id),
            question: row.question,
            topic: row.topic,
            model: row.model,
            article_limit: row.article_limit,
            window: window(row.window_from, row.window_to),
            retrieval: row.retrieval_id.map(RetrievalId),
            status: row.status.parse().map_err(corrupt("trials", id))?,
            stage: row.stage.parse().map_err(corrupt("trials", id))?,
            attempts: row.attempts,
            failure: failure.map_err(corrupt("trials", id))?,
            failure_detail: row.failure_detail,
            engine: row.engine,
            response: row.response,
            tools_used: row.tools_used,
            article_count: row.article_count,
            citations: citations.map_err(corrupt("trials", id))?,
            metrics: Metrics {
                tokens_in: row.tokens_in,
                tokens_out: row.tokens_out,
                cost_micros: row.cost_micros,
                first_token_ms: row.first_token_ms,
                execution_ms: row.execution_ms,
            },
            ratings: serde_json::from_value::<Vec<Rating>>(row.ratings).map_err(corrupt("ratings", id))?,
            created_at: row.created_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
        })
    }
}

/// A window from two columns that are both set or both empty.
pub(super) fn window(from: Option<Instant>, to: Option<Instant>) -> Option<Window> {
    Some(Window { from: from?, to: to? })
}

/// The columns of a trial `t` with its ratings, for the queries below.
macro_rules! select_trial {
    ($conn:expr, $fetch:ident, $rest:literal $(, $arg:expr)*) => {
        sqlx::query_as!(
            Row,
            r#"select t.id, t.draft_id, t.revision, 
                (select p.name from prompts p where p.id = t.prompt_id) as prompt_name, t.prompt_version, t.batch_id, t.account_id, t.question, t.topic, t.model, t.article_limit,
                t.window_from, t.window_to, t.retrieval_id, t.status, t.stage, t.attempts, t.failure, t.failure_detail,
                t.engine, t.response, t.tools_used, t.article_count, t.citation_check, t.tokens_in, t.tokens_out,
                t.cost_micros, t.first_token_ms, t.execution_ms, t.created_at, t.started_at, t.finished_at,
                coalesce((
                    select jsonb_agg(jsonb_build_object(
                        'account', r.account_id, 'name', a.name, 'stars', r.stars, 'note', r.note
                    ) order by r.updated_at)
                    from ratings r
                    join accounts a on a.id = r.account_id
                    where r.trial_id = t.id
                ), '[]') as "ratings!"
            from trials t
            "# + $rest $(, $arg)*
        ).$fetch($conn).await?
    };
}

use select_trial;

/// The tests with these ids, in any order.
pub async fn find_all(conn: &mut Conn, ids: &[TrialId]) -> Result<Vec<Trial>, Error> {
    let ids: Vec<uuid::Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = select_trial!(conn, fetch_all, "where t.id = any($1)", &ids);
    rows.into_iter().map(Trial::try_from).collect()
}

/// The test with this id.
pub async fn find(conn: &mut Conn, id: TrialId) -> Result<Option<Trial>, Error> {
    select_trial!(conn, fetch_optional, "where t.id = $1", id.0).map(Trial::try_from).transpose()
}

/// A page of a draft's tests, newest first, and how many there are in all.
pub async fn list(conn: &mut Conn, draft: DraftId, limit: i64, offset: i64) -> Result<(Vec<Trial>, i64), Error> {
    let rows = select_trial!(
        &mut *conn,
        fetch_all,
        "where t.draft_id = $1 order by t.id desc limit $2 offset $3",
        draft.0,
        limit,
        offset
    );
    let total = sqlx::query_scalar!(r#"select count(*) as "total!" from trials where draft_id = $1"#, draft.0)
        .fetch_one(conn)
        .await?;
    Ok((rows.into_iter().map(Trial::try_from).collect::<Result<_, _>>()?, total))
}

/// Answered tests of one revision, newest first.
pub async fn of_revision(
    conn: &mut Conn,
    draft: DraftId,
    revision: RevisionNumber,
    limit: i64,
) -> Result<Vec<Trial>, Error> {
    select_trial!(
        conn,
        fetch_all,
        "where t.draft_id = $1 and t.revision = $2 and t.status = 'succeeded' order by t.id desc limit $3",
        draft.0,
        revision.0,
        limit
    )
    .into_iter()
    .map(Trial::try_from)
    .collect()
}

/// Tests of an account that wait or run, oldest first.
pub async fn running(conn: &mut Conn, account: AccountId) -> Result<Vec<Trial>, Error> {
    select_trial!(
        conn,
        fetch_all,
        "where t.account_id = $1 and t.status in ('queued', 'running') and t.batch_id is null
        order by t.id limit 20",
        account.0
    )
    .into_iter()
    .map(Trial::try_from)
    .collect()
}

/// Finished tests of one revision, and the mean of their stars.
pub async fn evidence(conn: &mut Conn, draft: DraftId, revision: RevisionNumber) -> Result<(i64, Option<f64>), Error> {
    let row = sqlx::query!(
        r#"select count(distinct t.id) as "tests!", avg(r.stars)::double precision as mean
        from trials t
        left join ratings r on r.trial_id = t.id
        where t.draft_id = $1 and t.revision = $2 and t.status = 'succeeded'"#,
        draft.0,
        revision.0,
    )
    .fetch_one(conn)
    .await?;
    Ok((row.tests, row.mean))
}

/// Tests and questions to prompts that one person asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// Since the time asked about, cancelled tests that never ran left out.
    pub recent: i64,
    /// When the oldest of those was asked for.
    pub oldest: Option<Instant>,
}

/// How many tests and questions to prompts a person asked for since a time: one limit holds for both.
///
/// Takes a lock on the person's tests until the transaction ends, so that two requests at once cannot both be the last.
pub async fn usage_since(conn: &mut Conn, account: AccountId, since: Instant) -> Result<Usage, Error> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended($1::uuid::text, 1))", account.0)
        .execute(&mut *conn)
        .await?;
    let usage = sqlx::query_as!(
        Usage,
        r#"select count(*) as "recent!", min(created_at) as oldest
        from (
            select created_at from trials
            where account_id = $1 and created_at > $2 and batch_id is null
                and not (status = 'cancelled' and started_at is null)
            union all
            select created_at from answers
            where account_id = $1 and created_at > $2
        ) asked"#,
        account.0,
        since,
    )
    .fetch_one(conn)
    .await?;
    Ok(usage)
}

/// What a new test starts with.
#[derive(Debug, Clone)]
pub struct NewTrial {
    /// Its id.
    pub id: TrialId,
    /// The draft.
    pub draft: DraftId,
    /// The revision to test.
    pub revision: RevisionNumber,
    /// Who asks.
    pub account: AccountId,
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
    /// Frozen articles of an earlier test.
    pub retrieval: Option<RetrievalId>,
}

/// Adds a waiting test.
pub async fn insert(conn: &mut Conn, new: &NewTrial, now: Instant) -> Result<(), Error> {
    sqlx::query!(
        "insert into trials
            (id, draft_id, revision, account_id, question, topic, model, article_limit, window_from, window_to,
             retrieval_id, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        new.id.0,
        new.draft.0,
        new.revision.0,
        new.account.0,
        new.question,
        new.topic,
        new.model,
        new.article_limit,
        new.window.map(|window| window.from),
        new.window.map(|window| window.to),
        new.retrieval.map(|id| id.0),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Saves what one person thinks of a test; what is `None` stays as it was.
pub async fn rate(
    conn: &mut Conn,
    id: TrialId,
    account: AccountId,
    stars: Option<i16>,
    note: Option<&str>,
    now: Instant,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into ratings (trial_id, account_id, stars, note, updated_at)
        values ($1, $2, $3, coalesce($4, ''), $5)
        on conflict (trial_id, account_id) do update
        set stars = coalesce($3, ratings.stars), note = coalesce($4, ratings.note), updated_at = $5",
        id.0,
        account.0,
        stars,
        note,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Cancels a test that no worker has started; asks the worker to stop one that is running. Returns the status after that.
pub async fn request_cancel(conn: &mut Conn, id: TrialId, now: Instant) -> Result<Option<TrialStatus>, Error> {
    let status = sqlx::query_scalar!(
        "update trials
        set cancel_requested = true,
            status = case when status = 'queued' then 'cancelled' else status end,
            stage = case when status = 'queued' then 'done' else stage end,
            finished_at = case when status = 'queued' then $2 else finished_at end
        where id = $1 and status in ('queued', 'running')
        returning status",
        id.0,
        now,
    )
    .fetch_optional(conn)
    .await?;
    status.map(|word| word.parse().map_err(corrupt("trials", id))).transpose()
}

/// Whether any test waits for admission.
pub async fn any_waiting(conn: &mut Conn) -> Result<bool, Error> {
    let any = sqlx::query_scalar!(
        r#"select exists (
            select from trials where status = 'queued' and admitted_at is null and batch_id is null
        ) as "any!""#
    )
    .fetch_one(conn)
    .await?;
    Ok(any)
}

/// Answered tests that ended within a time and that who asked for them has not rated, with their conversations.
pub async fn unrated(conn: &mut Conn, from: Instant, to: Instant, limit: i64) -> Result<Vec<(TrialId, ChatId)>, Error> {
    let rows = sqlx::query!(
        "select t.id, d.chat_id
        from trials t
        join drafts d on d.id = t.draft_id
        where t.status = 'succeeded' and t.batch_id is null and t.finished_at > $1 and t.finished_at <= $2
            and d.status in ('draft', 'testing', 'ready')
            and exists (select from places p where p.chat_id = d.chat_id)
            and not exists (select from ratings r where r.trial_id = t.id and r.account_id = t.account_id)
        order by t.finished_at
        limit $3",
        from,
        to,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (TrialId(row.id), ChatId(row.chat_id))).collect())
}

/// The models of the latest tests, each once, the latest first.
pub async fn models(conn: &mut Conn, most: i64) -> Result<Vec<String>, Error> {
    let models = sqlx::query_scalar!(
        r#"select model as "model!" from (
            select model, max(created_at) as latest
            from (select model, created_at from trials order by created_at desc limit 500) as recent
            group by model
        ) as known
        order by latest desc
        limit $1"#,
        most,
    )
    .fetch_all(conn)
    .await?;
    Ok(models)
}
