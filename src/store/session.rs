//! Sessions: conversations with a committed prompt.

use super::{Conn, Error, corrupt};
use crate::domain::library::{Label, Pick};
use crate::domain::session::Session;
use crate::domain::{AccountId, ChatId, Instant, PromptId, VersionNumber};

struct Row {
    chat_id: i32,
    owner_id: uuid::Uuid,
    title: String,
    topic: String,
    prompt_id: i32,
    prompt_name: String,
    version: Option<i32>,
    label: Option<String>,
    questions: i64,
    created_at: Instant,
    active_at: Instant,
}

impl TryFrom<Row> for Session {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self, Error> {
        let pick = match (row.version, row.label) {
            (Some(version), _) => Pick::Version(VersionNumber(version)),
            (None, Some(label)) => Pick::Label(Label::parse(&label).map_err(corrupt("sessions", row.chat_id))?),
            (None, None) => Pick::Newest,
        };
        Ok(Self {
            chat: ChatId(row.chat_id),
            owner: AccountId(row.owner_id),
            title: row.title,
            topic: row.topic,
            prompt: PromptId(row.prompt_id),
            prompt_name: row.prompt_name,
            pick,
            questions: row.questions,
            created_at: row.created_at,
            active_at: row.active_at,
        })
    }
}

/// The columns of a session `s` with its chat `c`, for the queries below.
macro_rules! select_session {
    ($conn:expr, $fetch:ident, $rest:literal $(, $arg:expr)*) => {
        sqlx::query_as!(
            Row,
            r#"select s.chat_id, c.owner_id, s.title, s.topic, s.prompt_id, p.name as prompt_name, s.version, s.label,
                (select count(*) from answers a where a.chat_id = s.chat_id) as "questions!", s.created_at, s.active_at
            from sessions s
            join chats c on c.id = s.chat_id
            join prompts p on p.id = s.prompt_id
            "# + $rest $(, $arg)*
        ).$fetch($conn).await?
    };
}

/// The session with this number.
pub async fn find(conn: &mut Conn, chat: ChatId) -> Result<Option<Session>, Error> {
    select_session!(conn, fetch_optional, "where s.chat_id = $1", chat.0).map(Session::try_from).transpose()
}

/// The session of an account with a prompt in a place that was used since a time, the latest.
pub async fn find_in_place(
    conn: &mut Conn,
    account: AccountId,
    prompt: PromptId,
    place_key: &str,
    since: Instant,
) -> Result<Option<Session>, Error> {
    select_session!(
        conn,
        fetch_optional,
        "where s.place_key = $3 and s.prompt_id = $2 and c.owner_id = $1 and s.active_at >= $4
        order by s.active_at desc
        limit 1",
        account.0,
        prompt.0,
        place_key,
        since
    )
    .map(Session::try_from)
    .transpose()
}

/// A page of an account's sessions, the latest used first, and how many there are in all.
pub async fn list(conn: &mut Conn, account: AccountId, limit: i64, offset: i64) -> Result<(Vec<Session>, i64), Error> {
    let rows = select_session!(
        &mut *conn,
        fetch_all,
        "where c.owner_id = $1 order by s.active_at desc, s.chat_id desc limit $2 offset $3",
        account.0,
        limit,
        offset
    );
    let total = sqlx::query_scalar!(
        r#"select count(*) as "total!" from sessions s join chats c on c.id = s.chat_id where c.owner_id = $1"#,
        account.0,
    )
    .fetch_one(conn)
    .await?;
    Ok((rows.into_iter().map(Session::try_from).collect::<Result<_, _>>()?, total))
}

/// What a new session starts with.
#[derive(Debug, Clone)]
pub struct NewSession<'a> {
    /// Whose it is.
    pub owner: AccountId,
    /// What it is called.
    pub title: &'a str,
    /// The topic.
    pub topic: &'a str,
    /// The prompt.
    pub prompt: PromptId,
    /// Which text of it.
    pub pick: &'a Pick,
    /// Where on a chat platform it goes on; empty for elsewhere.
    pub place_key: &'a str,
}

/// Adds a session with its chat.
pub async fn insert(conn: &mut Conn, new: &NewSession<'_>, now: Instant) -> Result<ChatId, Error> {
    let (version, label) = match new.pick {
        Pick::Newest => (None, None),
        Pick::Version(version) => (Some(version.0), None),
        Pick::Label(label) => (None, Some(label.as_str())),
    };
    let id = sqlx::query_scalar!(
        "with chat as (insert into chats (owner_id, created_at) values ($1, $2) returning id)
        insert into sessions (chat_id, title, topic, prompt_id, version, label, place_key, created_at, active_at)
        select chat.id, $3, $4, $5, $6, $7, $8, $2, $2 from chat
        returning chat_id",
        new.owner.0,
        now,
        new.title,
        new.topic,
        new.prompt.0,
        version,
        label,
        new.place_key,
    )
    .fetch_one(conn)
    .await?;
    Ok(ChatId(id))
}

/// Notes that a session was used; one without a title takes this one.
pub async fn touch(conn: &mut Conn, chat: ChatId, title: &str, now: Instant) -> Result<(), Error> {
    sqlx::query!(
        "update sessions
        set active_at = greatest(active_at, $2), title = case when title = '' then $3 else title end
        where chat_id = $1",
        chat.0,
        now,
        title,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes a session with its questions and answers.
pub async fn delete(conn: &mut Conn, chat: ChatId) -> Result<(), Error> {
    sqlx::query!("delete from chats where id = $1", chat.0).execute(conn).await?;
    Ok(())
}
