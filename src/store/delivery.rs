//! What people are told where the workshop lives: stored first, posted once.

use serde_json::Value;

use super::{Conn, Error, corrupt};
use crate::choice;
use crate::domain::place::Place;
use crate::domain::{AccountId, ChatId, DeliveryId, Instant};

choice! {
    /// What a delivery tells.
    pub enum DeliveryKind {
        /// The message that opens a workshop in a channel and shows its name and status.
        Card = "card",
        /// A message of the conversation.
        Message = "message",
        /// What a test is doing: one message that is edited.
        Progress = "progress",
        /// A test has ended.
        TrialFinished = "trial_finished",
        /// What a batch of tests is doing: one message that is edited.
        Batch = "batch",
        /// A batch of tests has ended.
        BatchFinished = "batch_finished",
        /// The answer to a question that was asked of a prompt.
        Answer = "answer",
        /// Something that was decided or went wrong, for everyone there.
        Said = "said",
        /// Something for one person's eyes.
        Whisper = "whisper",
        /// A draft expires soon.
        ExpiryReminder = "expiry_reminder",
        /// A draft has expired.
        Expired = "expired",
        /// A test was not rated.
        RatingReminder = "rating_reminder",
    }
}

/// Something to tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// The conversation it belongs to.
    pub chat: Option<ChatId>,
    /// Who is told; nobody in particular for what a place is told.
    pub account: Option<AccountId>,
    /// Where it is posted; nowhere for what the account's terminal shows.
    pub place: Option<Place>,
    /// The platform's user who alone sees it; empty for everyone there.
    pub recipient: String,
    /// What it tells.
    pub kind: DeliveryKind,
    /// Ids, numbers and names for the wording.
    pub body: Value,
    /// The platform's id of the message, once it was posted.
    pub posted_as: Option<String>,
    /// When posting was begun first.
    pub attempted_at: Option<Instant>,
    /// When it was decided.
    pub created_at: Instant,
}

/// Adds a delivery; false when one with this key was added before.
pub async fn insert(conn: &mut Conn, delivery: &Delivery, unique_key: &str) -> Result<bool, Error> {
    let place = delivery.place.as_ref();
    let done = sqlx::query!(
        "insert into deliveries
            (id, chat_id, account_id, platform, workspace, channel, thread, recipient, kind, unique_key, body, created_at)
        values ($1, $2, $3, $4, coalesce($5, ''), coalesce($6, ''), coalesce($7, ''), $8, $9, $10, $11, $12)
        on conflict (unique_key) do nothing",
        delivery.id.0,
        delivery.chat.map(|id| id.0),
        delivery.account.map(|id| id.0),
        place.map(|place| place.platform.as_str()),
        place.map(|place| place.workspace.as_str()),
        place.map(|place| place.channel.as_str()),
        place.map(|place| place.thread.as_str()),
        delivery.recipient,
        delivery.kind.as_str(),
        unique_key,
        delivery.body,
        delivery.created_at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The key of a delivery.
pub async fn key(conn: &mut Conn, id: DeliveryId) -> Result<Option<String>, Error> {
    Ok(sqlx::query_scalar!("select unique_key from deliveries where id = $1", id.0).fetch_optional(conn).await?)
}

struct Row {
    id: uuid::Uuid,
    chat_id: Option<i32>,
    account_id: Option<uuid::Uuid>,
    platform: Option<String>,
    workspace: String,
    channel: String,
    thread: String,
    recipient: String,
    kind: String,
    body: Value,
    posted_as: Option<String>,
    attempted_at: Option<Instant>,
    created_at: Instant,
}

impl TryFrom<Row> for Delivery {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self, Error> {
        let (workspace, channel, thread) = (row.workspace, row.channel, row.thread);
        let platform = row.platform.map(|word| word.parse()).transpose().map_err(corrupt("deliveries", row.id))?;
        Ok(Self {
            id: DeliveryId(row.id),
            chat: row.chat_id.map(ChatId),
            account: row.account_id.map(AccountId),
            place: platform.map(|platform| Place { platform, workspace, channel, thread }),
            recipient: row.recipient,
            kind: row.kind.parse().map_err(corrupt("deliveries", row.id))?,
            body: row.body,
            posted_as: row.posted_as,
            attempted_at: row.attempted_at,
            created_at: row.created_at,
        })
    }
}

/// Whether a delivery is still to be made, and by whom.
#[derive(Debug, Clone, PartialEq)]
pub enum Claim {
    /// By the caller, until the time it gave.
    Yours(Box<Delivery>),
    /// Somebody else is at it.
    Taken,
    /// Nothing is left to do.
    Over,
}

/// Takes a delivery over until a time, by the database's clock: seconds from now.
pub async fn claim(conn: &mut Conn, id: DeliveryId, seconds: f64) -> Result<Claim, Error> {
    let row = sqlx::query_as!(
        Row,
        "update deliveries set claimed_until = now() + make_interval(secs => $2)
        where id = $1 and status = 'pending' and (claimed_until is null or claimed_until < now())
        returning id, chat_id, account_id, platform, workspace, channel, thread, recipient, kind, body, posted_as,
            attempted_at, created_at",
        id.0,
        seconds,
    )
    .fetch_optional(&mut *conn)
    .await?;
    if let Some(row) = row {
        return Ok(Claim::Yours(Box::new(row.try_into()?)));
    }
    let pending = sqlx::query_scalar!(
        r#"select exists (select from deliveries where id = $1 and status = 'pending') as "pending!""#,
        id.0
    )
    .fetch_one(conn)
    .await?;
    Ok(if pending { Claim::Taken } else { Claim::Over })
}

/// Keeps a claim for some seconds more.
pub async fn renew(conn: &mut Conn, id: DeliveryId, seconds: f64) -> Result<(), Error> {
    sqlx::query!(
        "update deliveries set claimed_until = now() + make_interval(secs => $2) where id = $1 and status = 'pending'",
        id.0,
        seconds
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether a card is being posted in a channel, or to somebody whose direct messages that channel may be.
pub async fn card_is_on_its_way(conn: &mut Conn, place: &Place) -> Result<bool, Error> {
    let any = sqlx::query_scalar!(
        r#"select exists (
            select from deliveries
            where status = 'pending' and kind = 'card' and attempted_at is not null and posted_as is null
                and platform = $1 and workspace = $2
                and (channel = $3 or (starts_with($3, 'D') and left(channel, 1) in ('U', 'W')))
        ) as "any!""#,
        place.platform.as_str(),
        place.workspace,
        place.channel,
    )
    .fetch_one(conn)
    .await?;
    Ok(any)
}

/// Gives a claim back: it is not done yet.
pub async fn release(conn: &mut Conn, id: DeliveryId) -> Result<(), Error> {
    sqlx::query!("update deliveries set claimed_until = null where id = $1", id.0).execute(conn).await?;
    Ok(())
}

/// Notes whom something is for.
pub async fn set_account(conn: &mut Conn, id: DeliveryId, account: AccountId) -> Result<(), Error> {
    sqlx::query!("update deliveries set account_id = $2 where id = $1", id.0, account.0).execute(conn).await?;
    Ok(())
}

/// Notes that posting begins.
pub async fn attempt(conn: &mut Conn, id: DeliveryId, now: Instant) -> Result<(), Error> {
    sqlx::query!("update deliveries set attempted_at = coalesce(attempted_at, $2) where id = $1", id.0, now)
        .execute(conn)
        .await?;
    Ok(())
}

/// Notes where something was posted, the moment that is known.
pub async fn posted(conn: &mut Conn, id: DeliveryId, posted_as: &str, channel: &str) -> Result<(), Error> {
    sqlx::query!("update deliveries set posted_as = $2, channel = $3 where id = $1", id.0, posted_as, channel)
        .execute(conn)
        .await?;
    Ok(())
}

/// Notes that nothing is left to do.
pub async fn finish(conn: &mut Conn, id: DeliveryId, now: Instant) -> Result<(), Error> {
    sqlx::query!("update deliveries set status = 'delivered', delivered_at = $2 where id = $1", id.0, now)
        .execute(conn)
        .await?;
    Ok(())
}

/// Notes that it cannot be delivered, and why.
pub async fn fail(conn: &mut Conn, id: DeliveryId, failure: &str, now: Instant) -> Result<(), Error> {
    sqlx::query!(
        "update deliveries set status = 'failed', failure = $2, delivered_at = $3 where id = $1",
        id.0,
        failure,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The delivery under a key.
pub async fn find_by_key(conn: &mut Conn, unique_key: &str) -> Result<Option<Delivery>, Error> {
    sqlx::query_as!(
        Row,
        "select id, chat_id, account_id, platform, workspace, channel, thread, recipient, kind, body, posted_as,
            attempted_at, created_at
        from deliveries where unique_key = $1",
        unique_key,
    )
    .fetch_optional(conn)
    .await?
    .map(Delivery::try_from)
    .transpose()
}

/// Deliveries to chat platforms that were decided before a time and that nobody is at.
pub async fn stranded(conn: &mut Conn, before: Instant, limit: i64) -> Result<Vec<DeliveryId>, Error> {
    let ids = sqlx::query_scalar!(
        "select id from deliveries
        where status = 'pending' and platform is not null and created_at < $1
            and (claimed_until is null or claimed_until < now())
        order by created_at
        limit $2",
        before,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(DeliveryId).collect())
}

/// Takes what an account's terminal is still to show, oldest first, and marks it as told.
pub async fn take_pending(conn: &mut Conn, account: AccountId, now: Instant) -> Result<Vec<Delivery>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "update deliveries set status = 'delivered', delivered_at = $2
        where id in (
            select id from deliveries
            where account_id = $1 and status = 'pending' and platform is null
            order by id
            for update skip locked
        )
        returning id, chat_id, account_id, platform, workspace, channel, thread, recipient, kind, body, posted_as,
            attempted_at, created_at",
        account.0,
        now,
    )
    .fetch_all(conn)
    .await?;
    let mut taken: Vec<Delivery> = rows.into_iter().map(Delivery::try_from).collect::<Result<_, _>>()?;
    taken.sort_by_key(|delivery| delivery.id);
    Ok(taken)
}
