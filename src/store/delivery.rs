//! What a person is to be told where the workshop lives.

use serde_json::Value;

use super::{Conn, Error, corrupt};
use crate::choice;
use crate::domain::{AccountId, ChatId, DeliveryId, Instant};

choice! {
    /// What a delivery tells.
    pub enum DeliveryKind {
        /// A draft expires soon.
        ExpiryReminder = "expiry_reminder",
        /// A draft has expired.
        Expired = "expired",
        /// A test has ended.
        TrialFinished = "trial_finished",
    }
}

/// Something to tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// The conversation it belongs to.
    pub chat: Option<ChatId>,
    /// Who is told.
    pub account: AccountId,
    /// What it tells.
    pub kind: DeliveryKind,
    /// Numbers and names for the wording.
    pub body: Value,
    /// When it was decided.
    pub created_at: Instant,
}

/// Adds a delivery; false when one with this key was added before.
pub async fn insert(conn: &mut Conn, delivery: &Delivery, unique_key: &str) -> Result<bool, Error> {
    let done = sqlx::query!(
        "insert into deliveries (id, chat_id, account_id, kind, unique_key, body, created_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (unique_key) do nothing",
        delivery.id.0,
        delivery.chat.map(|id| id.0),
        delivery.account.0,
        delivery.kind.as_str(),
        unique_key,
        delivery.body,
        delivery.created_at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes what an account is still to be told, oldest first, and marks it as told.
pub async fn take_pending(conn: &mut Conn, account: AccountId, now: Instant) -> Result<Vec<Delivery>, Error> {
    let mut rows = sqlx::query!(
        r#"update deliveries set status = 'delivered', delivered_at = $2
        where id in (
            select id from deliveries where account_id = $1 and status = 'pending' order by id for update skip locked
        )
        returning id, chat_id, kind, body, created_at"#,
        account.0,
        now,
    )
    .fetch_all(conn)
    .await?;
    rows.sort_by_key(|row| row.id);
    rows.into_iter()
        .map(|row| {
            Ok(Delivery {
                id: DeliveryId(row.id),
                chat: row.chat_id.map(ChatId),
                account,
                kind: row.kind.parse().map_err(corrupt("deliveries", row.id))?,
                body: row.body,
                created_at: row.created_at,
            })
        })
        .collect()
}
