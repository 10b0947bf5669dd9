//! What was said in a chat.

use std::collections::BTreeMap;

use super::{Conn, Error, corrupt};
use crate::domain::conversation::{MessageRole, Outcome, Question};
use crate::domain::{AccountId, ChatId, Instant, MessageId, ProposalNumber, RevisionNumber};

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its id; later messages have larger ones.
    pub id: MessageId,
    /// The conversation.
    pub chat: ChatId,
    /// Whether a person or the assistant said it.
    pub role: MessageRole,
    /// Which person.
    pub author: Option<AccountId>,
    /// The text, in Markdown.
    pub content: String,
    /// The message that this answers.
    pub reply_to: Option<MessageId>,
    /// Whether the assistant could answer.
    pub outcome: Outcome,
    /// What the assistant asks, with answers to choose from.
    pub questions: Vec<Question>,
    /// What wrote it; empty for people.
    pub engine: String,
    /// The revision that it made.
    pub revision: Option<RevisionNumber>,
    /// The proposal that it made.
    pub proposal: Option<ProposalNumber>,
    /// Answers that were chosen to its questions, by the number of the question from 0.
    pub chosen: Chosen,
    /// Whether its questions were answered, by choosing or in words.
    pub answered: bool,
    /// When.
    pub created_at: Instant,
}

/// Answers by the number of their question.
pub type Chosen = BTreeMap<String, String>;

struct Row {
    id: uuid::Uuid,
    chat_id: i32,
    role: String,
    author_id: Option<uuid::Uuid>,
    content: String,
    reply_to: Option<uuid::Uuid>,
    outcome: String,
    questions: serde_json::Value,
    engine: String,
    revision: Option<i32>,
    proposal: Option<i32>,
    chosen: serde_json::Value,
    answered: bool,
    created_at: Instant,
}

impl TryFrom<Row> for Message {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: MessageId(row.id),
            chat: ChatId(row.chat_id),
            role: row.role.parse::<MessageRole>().map_err(corrupt("messages", row.id))?,
            author: row.author_id.map(AccountId),
            content: row.content,
            reply_to: row.reply_to.map(MessageId),
            outcome: row.outcome.parse::<Outcome>().map_err(corrupt("messages", row.id))?,
            questions: serde_json::from_value(row.questions).map_err(corrupt("messages", row.id))?,
            engine: row.engine,
            revision: row.revision.map(RevisionNumber),
            proposal: row.proposal.map(ProposalNumber),
            chosen: serde_json::from_value(row.chosen).map_err(corrupt("messages", row.id))?,
            answered: row.answered,
            created_at: row.created_at,
        })
    }
}

/// The message with this id.
pub async fn find(conn: &mut Conn, id: MessageId) -> Result<Option<Message>, Error> {
    sqlx::query_as!(
        Row,
        "select id, chat_id, role, author_id, content, reply_to, outcome, questions, engine, revision, proposal,
            chosen, answered, created_at
        from messages where id = $1",
        id.0,
    )
    .fetch_optional(conn)
    .await?
    .map(Message::try_from)
    .transpose()
}

/// The message that answers another.
pub async fn find_reply(conn: &mut Conn, to: MessageId) -> Result<Option<Message>, Error> {
    sqlx::query_as!(
        Row,
        "select id, chat_id, role, author_id, content, reply_to, outcome, questions, engine, revision, proposal,
            chosen, answered, created_at
        from messages where reply_to = $1",
        to.0,
    )
    .fetch_optional(conn)
    .await?
    .map(Message::try_from)
    .transpose()
}

/// The message that was sent under a key, if it arrived before.
pub async fn find_by_key(conn: &mut Conn, chat: ChatId, key: &str) -> Result<Option<MessageId>, Error> {
    let id = sqlx::query_scalar!("select id from messages where chat_id = $1 and client_key = $2", chat.0, key)
        .fetch_optional(conn)
        .await?;
    Ok(id.map(MessageId))
}

/// A whole conversation, oldest first.
pub async fn list(conn: &mut Conn, chat: ChatId) -> Result<Vec<Message>, Error> {
    sqlx::query_as!(
        Row,
        "select id, chat_id, role, author_id, content, reply_to, outcome, questions, engine, revision, proposal,
            chosen, answered, created_at
        from messages where chat_id = $1 order by id",
        chat.0,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Message::try_from)
    .collect()
}

/// The last that the assistant said.
pub async fn last_answer(conn: &mut Conn, chat: ChatId) -> Result<Option<Message>, Error> {
    sqlx::query_as!(
        Row,
        "select id, chat_id, role, author_id, content, reply_to, outcome, questions, engine, revision, proposal,
            chosen, answered, created_at
        from messages where chat_id = $1 and role = 'assistant' order by id desc limit 1",
        chat.0,
    )
    .fetch_optional(conn)
    .await?
    .map(Message::try_from)
    .transpose()
}

/// What a person said first.
pub async fn first_said(conn: &mut Conn, chat: ChatId) -> Result<Option<String>, Error> {
    let content = sqlx::query_scalar!(
        "select content from messages where chat_id = $1 and role = 'person' order by id limit 1",
        chat.0
    )
    .fetch_optional(conn)
    .await?;
    Ok(content)
}

/// Notes which answers were chosen to a message's questions, and whether that is all.
pub async fn set_chosen(conn: &mut Conn, id: MessageId, chosen: &Chosen, answered: bool) -> Result<(), Error> {
    let chosen = serde_json::to_value(chosen).map_err(corrupt("messages", id))?;
    sqlx::query!("update messages set chosen = $2, answered = $3 where id = $1", id.0, chosen, answered)
        .execute(conn)
        .await?;
    Ok(())
}

/// Notes that every question asked so far was answered in words; returns the messages that asked.
pub async fn answer_all(conn: &mut Conn, chat: ChatId) -> Result<Vec<MessageId>, Error> {
    let ids = sqlx::query_scalar!(
        "update messages set answered = true
        where chat_id = $1 and role = 'assistant' and not answered and questions <> '[]'
        returning id",
        chat.0
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(MessageId).collect())
}

/// Adds a message; false when one with this key, or another answer to the same message, is there already.
pub async fn insert(conn: &mut Conn, message: &Message, client_key: Option<&str>) -> Result<bool, Error> {
    let questions = serde_json::to_value(&message.questions).map_err(corrupt("messages", message.id))?;
    let done = sqlx::query!(
        "insert into messages
            (id, chat_id, role, author_id, content, client_key, reply_to, outcome, questions, engine, revision, proposal,
             created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        on conflict do nothing",
        message.id.0,
        message.chat.0,
        message.role.as_str(),
        message.author.map(|id| id.0),
        message.content,
        client_key,
        message.reply_to.map(|id| id.0),
        message.outcome.as_str(),
        questions,
        message.engine,
        message.revision.map(|number| number.0),
        message.proposal.map(|number| number.0),
        message.created_at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
