//! Suites and their questions.

use super::{Conn, Error, corrupt};
use crate::domain::suite::{NewSuite, Suite, SuiteQuestion};
use crate::domain::{AccountId, Instant, SuiteId};

struct Row {
    id: i32,
    name: String,
    title: String,
    description: String,
    owner_id: Option<uuid::Uuid>,
    owner_name: Option<String>,
    questions: serde_json::Value,
    created_at: Instant,
    updated_at: Instant,
}

impl TryFrom<Row> for Suite {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self, Error> {
        let questions = serde_json::from_value::<Vec<SuiteQuestion>>(row.questions);
        Ok(Self {
            id: SuiteId(row.id),
            name: row.name,
            title: row.title,
            description: row.description,
            owner: row.owner_id.map(AccountId),
            owner_name: row.owner_name,
            questions: questions.map_err(corrupt("suite_questions", row.id))?,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// The columns of a suite `s` with its questions, for the queries below.
macro_rules! select_suite {
    ($conn:expr, $fetch:ident, $rest:literal $(, $arg:expr)*) => {
        sqlx::query_as!(
            Row,
            r#"select s.id, s.name, s.title, s.description, s.owner_id, a.name as "owner_name?",
                coalesce((
                    select jsonb_agg(jsonb_build_object(
                        'question', q.question, 'topic', q.topic, 'article_limit', q.article_limit
                    ) order by q.position)
                    from suite_questions q
                    where q.suite_id = s.id
                ), '[]') as "questions!",
                s.created_at, s.updated_at
            from suites s
            left join accounts a on a.id = s.owner_id
            "# + $rest $(, $arg)*
        ).$fetch($conn).await?
    };
}

/// The suite of this name.
pub async fn find(conn: &mut Conn, name: &str) -> Result<Option<Suite>, Error> {
    select_suite!(conn, fetch_optional, "where s.name = $1", name).map(Suite::try_from).transpose()
}

/// The suite of this name, locked until the transaction ends.
pub async fn lock(conn: &mut Conn, name: &str) -> Result<Option<Suite>, Error> {
    select_suite!(conn, fetch_optional, "where s.name = $1 for update of s", name).map(Suite::try_from).transpose()
}

/// Every suite, by name.
pub async fn list(conn: &mut Conn, limit: i64, offset: i64) -> Result<(Vec<Suite>, i64), Error> {
    let rows = select_suite!(&mut *conn, fetch_all, "order by s.name limit $1 offset $2", limit, offset);
    let total = sqlx::query_scalar!(r#"select count(*) as "total!" from suites"#).fetch_one(conn).await?;
    Ok((rows.into_iter().map(Suite::try_from).collect::<Result<_, _>>()?, total))
}

/// Adds a suite without questions; a taken name is [`Error::Taken`].
pub async fn insert(conn: &mut Conn, new: &NewSuite, owner: AccountId, now: Instant) -> Result<SuiteId, Error> {
    let id = sqlx::query_scalar!(
        "insert into suites (name, title, description, owner_id, created_at, updated_at)
        values ($1, $2, $3, $4, $5, $5)
        returning id",
        new.name.as_str(),
        new.title,
        new.description,
        owner.0,
        now,
    )
    .fetch_one(conn)
    .await?;
    Ok(SuiteId(id))
}

/// Replaces name, title and description; a taken name is [`Error::Taken`].
pub async fn update(conn: &mut Conn, id: SuiteId, new: &NewSuite, now: Instant) -> Result<(), Error> {
    sqlx::query!(
        "update suites set name = $2, title = $3, description = $4, updated_at = $5 where id = $1",
        id.0,
        new.name.as_str(),
        new.title,
        new.description,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Replaces the questions of a suite.
pub async fn set_questions(conn: &mut Conn, id: SuiteId, questions: &[SuiteQuestion]) -> Result<(), Error> {
    sqlx::query!("delete from suite_questions where suite_id = $1", id.0).execute(&mut *conn).await?;
    let texts: Vec<String> = questions.iter().map(|one| one.question.clone()).collect();
    let topics: Vec<String> = questions.iter().map(|one| one.topic.clone()).collect();
    let limits: Vec<i32> = questions.iter().map(|one| one.article_limit).collect();
    sqlx::query!(
        "insert into suite_questions (suite_id, position, question, topic, article_limit)
        select $1, position, question, topic, article_limit
        from unnest($2::text[], $3::text[], $4::integer[])
            with ordinality as q (question, topic, article_limit, position)",
        id.0,
        &texts,
        &topics,
        &limits,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes a suite; what was run of it stays.
pub async fn delete(conn: &mut Conn, id: SuiteId) -> Result<(), Error> {
    sqlx::query!("delete from suites where id = $1", id.0).execute(conn).await?;
    Ok(())
}
