//! Questions to committed prompts, and their answers: reading them, asking, rating. What a worker does with them is in [`run`].

pub mod run;

use super::{Conn, Error, corrupt};
use crate::domain::citation::CitationCheck;
use crate::domain::research_window::Window;
use crate::domain::session::Answer;
use crate::domain::trial::{Metrics, Rating};
use crate::domain::{
    AccountId, AnswerId, ChatId, DraftId, Instant, PromptId, RetrievalId, RevisionNumber, TrialId, VersionNumber,
};

struct Row {
    id: uuid::Uuid,
    account_id: uuid::Uuid,
    chat_id: Option<i32>,
    open_to_readers: bool,
    prompt_id: i32,
    prompt_name: String,
    version: i32,
    question: String,
    topic: String,
    article_limit: i32,
    window_from: Option<Instant>,
    window_to: Option<Instant>,
    retrieval_id: Option<uuid::Uuid>,
    status: String,
    failure: Option<String>,
    response: Option<String>,
    engine: String,
    model: String,
    article_count: i32,
    citation_check: Option<serde_json::Value>,
    tokens_in: Option<i32>,
    tokens_out: Option<i32>,
    cost_micros: Option<i64>,
    first_token_ms: Option<i32>,
    execution_ms: Option<i32>,
    created_at: Instant,
    finished_at: Option<Instant>,
    ratings: serde_json::Value,
}

impl TryFrom<Row> for Answer {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self, Error> {
        let id = row.id;
        let citations = row.citation_check.map(serde_json::from_value::<CitationCheck>).transpose();
        Ok(Self {
            id: AnswerId(id),
            account: AccountId(row.account_id),
            chat: row.chat_id.map(ChatId),
            open_to_readers: row.open_to_readers,
            prompt: PromptId(row.prompt_id),
            prompt_name: row.prompt_name,
            version: VersionNumber(row.version),
            question: row.question,
            topic: row.topic,
            article_limit: row.article_limit,
            window: super::trial::window(row.window_from, row.window_to),
            retrieval: row.retrieval_id.map(RetrievalId),
            status: row.status.parse().map_err(corrupt("answers", id))?,
            failure: row.failure,
            response: row.response,
            engine: row.engine,
            model: row.model,
            article_count: row.article_count,
            citations: citations.map_err(corrupt("answers", id))?,
            metrics: Metrics {
                tokens_in: row.tokens_in,
                tokens_out: row.tokens_out,
                cost_micros: row.cost_micros,
                first_token_ms: row.first_token_ms,
                execution_ms: row.execution_ms,
            },
            ratings: serde_json::from_value::<Vec<Rating>>(row.ratings).map_err(corrupt("answer_ratings", id))?,
            created_at: row.created_at,
            finished_at: row.finished_at,
        })
    }
}

/// The columns of an answer `a` with its ratings, for the queries below.
macro_rules! select_answer {
    ($conn:expr, $fetch:ident, $rest:literal $(, $arg:expr)*) => {
        sqlx::query_as!(
            Row,
            r#"select a.id, a.account_id, a.chat_id, a.open_to_readers, a.prompt_id, p.name as prompt_name, a.version,
                a.question, a.topic, a.article_limit, a.window_from, a.window_to, a.retrieval_id, a.status, a.failure,
                a.response, a.engine, a.model, a.article_count, a.citation_check, a.tokens_in, a.tokens_out,
                a.cost_micros, a.first_token_ms, a.execution_ms, a.created_at, a.finished_at,
                coalesce((
                    select jsonb_agg(jsonb_build_object(
                        'account', r.account_id, 'name', who.name, 'stars', r.stars, 'note', r.note
                    ) order by r.updated_at)
                    from answer_ratings r
                    join accounts who on who.id = r.account_id
                    where r.answer_id = a.id
                ), '[]') as "ratings!"
            from answers a
            join prompts p on p.id = a.prompt_id
            "# + $rest $(, $arg)*
        ).$fetch($conn).await?
    };
}

/// The question with this id.
pub async fn find(conn: &mut Conn, id: AnswerId) -> Result<Option<Answer>, Error> {
    select_answer!(conn, fetch_optional, "where a.id = $1", id.0).map(Answer::try_from).transpose()
}

/// The questions of a session with their answers, oldest first; with `before`, only those asked before that one.
pub async fn list(conn: &mut Conn, chat: ChatId, before: Option<AnswerId>, latest: i64) -> Result<Vec<Answer>, Error> {
    let rows = select_answer!(
        conn,
        fetch_all,
        "where a.chat_id = $1 and ($2::uuid is null or a.id < $2) order by a.id desc limit $3",
        chat.0,
        before.map(|id| id.0),
        latest
    );
    let mut answers = rows.into_iter().map(Answer::try_from).collect::<Result<Vec<_>, _>>()?;
    answers.reverse();
    Ok(answers)
}

/// The latest answered question of an account.
pub async fn latest(conn: &mut Conn, account: AccountId) -> Result<Option<Answer>, Error> {
    select_answer!(
        conn,
        fetch_optional,
        "where a.account_id = $1 and a.status = 'succeeded' order by a.id desc limit 1",
        account.0
    )
    .map(Answer::try_from)
    .transpose()
}

/// Saves what one person thinks of an answer; what is `None` stays as it was.
pub async fn rate(
    conn: &mut Conn,
    id: AnswerId,
    account: AccountId,
    stars: Option<i16>,
    note: Option<&str>,
    now: Instant,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into answer_ratings (answer_id, account_id, stars, note, updated_at)
        values ($1, $2, $3, coalesce($4, ''), $5)
        on conflict (answer_id, account_id) do update
        set stars = coalesce($3, answer_ratings.stars), note = coalesce($4, answer_ratings.note), updated_at = $5",
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

/// Makes an answered question, with its articles and ratings, a test of a draft's revision: they are of one kind.
pub async fn copy_as_trial(
    conn: &mut Conn,
    id: AnswerId,
    draft: DraftId,
    revision: RevisionNumber,
) -> Result<TrialId, Error> {
    let trial = TrialId::new();
    sqlx::query!(
        "insert into trials
            (id, draft_id, revision, account_id, question, topic, model, article_limit, window_from, window_to,
             retrieval_id, status, stage, admitted_at, engine, response, tools_used, article_count, citation_check,
             tokens_in, tokens_out, cost_micros, first_token_ms, execution_ms, created_at, started_at, finished_at)
        select $1, $2, $3, account_id, question, topic, model, article_limit, window_from, window_to,
            retrieval_id, status, 'done', created_at, engine, response, '{search_articles}', article_count,
            citation_check, tokens_in, tokens_out, cost_micros, first_token_ms, execution_ms, created_at, created_at,
            finished_at
        from answers
        where id = $4 and status = 'succeeded'",
        trial.0,
        draft.0,
        revision.0,
        id.0,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into ratings (trial_id, account_id, stars, note, updated_at)
        select $1, account_id, stars, note, updated_at from answer_ratings where answer_id = $2",
        trial.0,
        id.0,
    )
    .execute(conn)
    .await?;
    Ok(trial)
}

/// The question that an account sent under a key, if it arrived before.
pub async fn find_by_key(conn: &mut Conn, account: AccountId, key: &str) -> Result<Option<AnswerId>, Error> {
    let id = sqlx::query_scalar!("select id from answers where account_id = $1 and client_key = $2", account.0, key)
        .fetch_optional(conn)
        .await?;
    Ok(id.map(AnswerId))
}

/// What a new question starts with.
#[derive(Debug, Clone)]
pub struct NewAnswer {
    /// Its id.
    pub id: AnswerId,
    /// Who asks.
    pub account: AccountId,
    /// The session it belongs to.
    pub chat: ChatId,
    /// Whether it is asked where others read along.
    pub open_to_readers: bool,
    /// The prompt that is asked.
    pub prompt: PromptId,
    /// Which version of it.
    pub version: VersionNumber,
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

/// Adds a waiting question.
pub async fn insert(conn: &mut Conn, new: &NewAnswer, client_key: Option<&str>, now: Instant) -> Result<(), Error> {
    sqlx::query!(
        "insert into answers
            (id, account_id, prompt_id, version, question, topic, model, article_limit, window_from, window_to,
             client_key, created_at, chat_id, open_to_readers)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        new.id.0,
        new.account.0,
        new.prompt.0,
        new.version.0,
        new.question,
        new.topic,
        new.model,
        new.article_limit,
        new.window.map(|window| window.from),
        new.window.map(|window| window.to),
        client_key,
        now,
        new.chat.0,
        new.open_to_readers,
    )
    .execute(conn)
    .await?;
    Ok(())
}
