//! Where chats live outside this database.

use uuid::Uuid;

use super::{Conn, Error, corrupt};
use crate::domain::account::Platform;
use crate::domain::place::Place;
use crate::domain::{ChatId, DraftId, Instant};

/// A place of a chat, with the message that shows the draft's name and status there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// The place.
    pub place: Place,
    /// The platform's id of the message; empty while there is none.
    pub card: String,
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

/// Makes whatever lives in a place live there no more.
pub async fn delete(conn: &mut Conn, place: &Place) -> Result<(), Error> {
    sqlx::query!(
        "delete from places where platform = $1 and workspace = $2 and channel = $3 and thread = $4",
        place.platform.as_str(),
        place.workspace,
        place.channel,
        place.thread,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes which message shows the draft in a place.
pub async fn set_card(conn: &mut Conn, place: &Place, card: &str) -> Result<(), Error> {
    sqlx::query!(
        "update places set card = $5 where platform = $1 and workspace = $2 and channel = $3 and thread = $4",
        place.platform.as_str(),
        place.workspace,
        place.channel,
        place.thread,
        card,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The draft that lives in a place.
pub async fn find_draft(conn: &mut Conn, place: &Place) -> Result<Option<DraftId>, Error> {
    let id = sqlx::query_scalar!(
        "select d.id
        from places p
        join drafts d on d.chat_id = p.chat_id
        where p.platform = $1 and p.workspace = $2 and p.channel = $3 and p.thread = $4",
        place.platform.as_str(),
        place.workspace,
        place.channel,
        place.thread,
    )
    .fetch_optional(conn)
    .await?;
    Ok(id.map(DraftId))
}

/// The place of a thread, if a chat lives in it.
pub async fn find_thread(conn: &mut Conn, platform: Platform, thread: &str) -> Result<Option<Place>, Error> {
    let row = sqlx::query!(
        "select workspace, channel from places where platform = $1 and thread = $2 limit 1",
        platform.as_str(),
        thread,
    )
    .fetch_optional(conn)
    .await?;
    let place = |workspace, channel| Place { platform, workspace, channel, thread: thread.to_owned() };
    Ok(row.map(|row| place(row.workspace, row.channel)))
}

/// The places of a platform with a draft that was used since a time, the latest first.
pub async fn lively(conn: &mut Conn, platform: Platform, since: Instant, most: i64) -> Result<Vec<Place>, Error> {
    let rows = sqlx::query!(
        "select p.workspace, p.channel, p.thread
        from places p
        join drafts d on d.chat_id = p.chat_id
        where p.platform = $1 and d.active_at >= $2
        order by d.active_at desc
        limit $3",
        platform.as_str(),
        since,
        most,
    )
    .fetch_all(conn)
    .await?;
    let place = |workspace, channel, thread| Place { platform, workspace, channel, thread };
    Ok(rows.into_iter().map(|row| place(row.workspace, row.channel, row.thread)).collect())
}

/// The places of a chat on chat platforms, oldest first.
pub async fn list(conn: &mut Conn, chat: ChatId) -> Result<Vec<Home>, Error> {
    let rows = sqlx::query!(
        "select platform, workspace, channel, thread, card
        from places
        where chat_id = $1 and platform in ('slack', 'discord')
        order by id",
        chat.0,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Home {
                place: Place {
                    platform: row.platform.parse().map_err(corrupt("places", chat))?,
                    workspace: row.workspace,
                    channel: row.channel,
                    thread: row.thread,
                },
                card: row.card,
            })
        })
        .collect()
}

/// Whether a chat lives anywhere on a chat platform.
pub async fn any(conn: &mut Conn, chat: ChatId) -> Result<bool, Error> {
    let any = sqlx::query_scalar!(
        r#"select exists (select from places where chat_id = $1 and platform in ('slack', 'discord')) as "any!""#,
        chat.0,
    )
    .fetch_one(conn)
    .await?;
    Ok(any)
}
