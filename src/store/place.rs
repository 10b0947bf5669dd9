//! Where chats live outside this database.

use uuid::Uuid;

use super::{Conn, Error};
use crate::domain::account::Platform;
use crate::domain::{ChatId, Instant};

/// A thread of a chat platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The platform.
    pub platform: Platform,
    /// Its workspace or server; empty where there is none.
    pub workspace: String,
    /// The channel.
    pub channel: String,
    /// The thread; empty where there is none.
    pub thread: String,
}

/// Makes a chat live in a place; a place that holds a chat keeps it. Returns the chat that lives there now.
pub async fn insert(conn: &mut Conn, chat: ChatId, place: &Place, now: Instant) -> Result<ChatId, Error> {
    let id = sqlx::query_scalar!(
        "insert into places (id, chat_id, platform, workspace, channel, thread, created_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (platform, workspace, channel, thread) do update set thread = excluded.thread
        returning chat_id",
        Uuid::now_v7(),
        chat.0,
        place.platform.as_str(),
        place.workspace,
        place.channel,
        place.thread,
        now,
    )
    .fetch_one(conn)
    .await?;
    Ok(ChatId(id))
}
