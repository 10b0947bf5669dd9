//! Expiry: reminders, expiry and purge of drafts that nobody uses. Every step can run twice.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::delivery::{Refresh, Telling, place_key};
use super::event::{Event, notify};
use super::{Error, Workshop};
use crate::domain::draft::{Draft, DraftStatus};
use crate::domain::expiry::Due;
use crate::domain::place::Place;
use crate::domain::{Actor, DeliveryId, DraftId, Instant};
use crate::queue::{Job, Queue};
use crate::store::activity::Happened;
use crate::store::delivery::{Delivery, DeliveryKind};
use crate::store::{self, Conn};

/// Drafts handled in one transaction.
const BATCH: i64 = 100;

/// Reminds, expires and purges what is due.
#[derive(Debug, Serialize, Deserialize)]
pub struct ExpireDrafts {}

impl Job for ExpireDrafts {
    const KIND: &'static str = "expire_drafts";
    const QUEUE: Queue = Queue::Upkeep;
}

/// What a round of expiry did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expired {
    /// Owners told that a draft expires soon.
    pub reminded: u64,
    /// Drafts made read-only.
    pub expired: u64,
    /// Drafts whose text and conversation were removed.
    pub purged: u64,
}

/// Something to tell the owner of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What it is.
    pub kind: TellKind,
    /// The draft.
    pub draft: DraftId,
    /// Its name.
    pub name: String,
    /// When it expires.
    pub when: Option<Instant>,
}

/// What an owner is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TellKind {
    /// The draft expires soon.
    ExpiryReminder,
    /// The draft has expired.
    Expired,
}

/// What is stored of a notice beside its kind.
#[derive(Serialize, Deserialize)]
struct NoticeBody {
    draft_id: DraftId,
    name: String,
    expires_at: Option<Instant>,
}

impl Told {
    pub(super) fn read(delivery: &Delivery) -> Option<Self> {
        let kind = match delivery.kind {
            DeliveryKind::ExpiryReminder => TellKind::ExpiryReminder,
            DeliveryKind::Expired => TellKind::Expired,
            DeliveryKind::Card
            | DeliveryKind::Message
            | DeliveryKind::Progress
            | DeliveryKind::TrialFinished
            | DeliveryKind::Batch
            | DeliveryKind::BatchFinished
            | DeliveryKind::Answer
            | DeliveryKind::Said
            | DeliveryKind::Whisper
            | DeliveryKind::RatingReminder => return None,
        };
        let body: NoticeBody = serde_json::from_value(delivery.body.clone()).ok()?;
        Some(Self { kind, draft: body.draft_id, name: body.name, when: body.expires_at })
    }
}

impl Workshop {
    /// Does everything about expiry that is due now.
    pub async fn expire_drafts(&self) -> Result<Expired, Error> {
        let now = self.now();
        let mut done = Expired::default();
        let mut after = DraftId(0);
        loop {
            let mut tx = self.store.begin().await?;
            let ids = store::draft::lock_idle(&mut tx, self.expiry.earliest_due(now), after, BATCH).await?;
            let Some(last) = ids.last() else { break };
            after = *last;
            for id in ids {
                if let Some(draft) = store::draft::find(&mut tx, id).await? {
                    self.expire_one(&mut tx, draft, now, &mut done).await?;
                }
            }
            store::commit(tx).await?;
        }
        self.remind_to_rate().await?;
        loop {
            let mut tx = self.store.begin().await?;
            let ids = store::draft::lock_purgeable(&mut tx, self.expiry.purge_before(now), BATCH).await?;
            if ids.is_empty() {
                break;
            }
            for id in ids {
                if let Some(draft) = store::draft::find(&mut tx, id).await? {
                    store::draft::purge(&mut tx, id, draft.chat, now).await?;
                    let event = store::activity::Event::draft(Happened::DraftPurged, None, id);
                    store::activity::insert(&mut tx, &event, now).await?;
                    notify(&mut tx, &Event::ChatChanged { chat: draft.chat }).await?;
                    notify(&mut tx, &Event::DraftChanged { draft: id }).await?;
                    done.purged += 1;
                }
            }
            store::commit(tx).await?;
        }
        Ok(done)
    }

    async fn expire_one(
        &self,
        conn: &mut Conn,
        mut draft: Draft,
        now: Instant,
        done: &mut Expired,
    ) -> Result<(), Error> {
        match self.expiry.due(draft.active_at, now) {
            None => {}
            Some(Due::Reminder { day }) => {
                let expires_at = self.expiry.expires_at(draft.active_at);
                let body = json!({ "draft_id": draft.id, "name": draft.name, "expires_at": expires_at });
                // The time of the last use is part of the key: a draft that is used again is reminded of again.
                let key = format!("expiry_reminder:{}:{}:{day}", draft.id, draft.active_at.timestamp());
                if self.tell_owner(conn, &draft, DeliveryKind::ExpiryReminder, body, &key).await? {
                    done.reminded += 1;
                }
            }
            Some(Due::Expiry) => {
                let key = format!("expired:{}:{}", draft.id, draft.active_at.timestamp());
                let body = json!({ "draft_id": draft.id, "name": draft.name });
                self.tell_owner(conn, &draft, DeliveryKind::Expired, body, &key).await?;
                draft.status_before_expiry = Some(draft.status);
                (draft.status, draft.expired_at) = (DraftStatus::Expired, Some(now));
                store::draft::update(conn, &draft).await?;
                let event = store::activity::Event::draft(Happened::DraftExpired, None, draft.id);
                store::activity::insert(conn, &event, now).await?;
                notify(conn, &Event::DraftChanged { draft: draft.id }).await?;
                self.refresh(conn, draft.chat, Refresh::Card { draft: draft.id }).await?;
                self.home_changed(conn, draft.owner).await?;
                done.expired += 1;
            }
        }
        Ok(())
    }

    /// When a draft expires, if it can.
    pub fn expires_at(&self, draft: &Draft) -> Option<Instant> {
        (draft.writable().is_ok() && !draft.pinned).then(|| self.expiry.expires_at(draft.active_at))
    }

    /// Takes what the actor is still to be told of drafts; a second call does not tell it again.
    pub async fn take_notices(&self, actor: &Actor) -> Result<Vec<Told>, Error> {
        let taken = store::delivery::take_pending(&mut *self.store.conn().await?, actor.account, self.now()).await?;
        Ok(taken.iter().filter_map(Told::read).collect())
    }

    /// Reminds of results that nobody rated, once each.
    async fn remind_to_rate(&self) -> Result<(), Error> {
        let hours = i64::from(self.settings.drafts.rating_reminder_hours);
        if hours == 0 {
            return Ok(());
        }
        let due = self.now() - TimeDelta::hours(hours);
        let mut tx = self.store.begin().await?;
        // Older results have had their reminder, or come from a time without.
        for (trial, chat) in store::trial::unrated(&mut tx, due - TimeDelta::days(1), due, BATCH).await? {
            let body = json!({ "trial": trial });
            self.tell_places(&mut tx, chat, DeliveryKind::RatingReminder, &body, &format!("rating_reminder:{trial}"))
                .await?;
        }
        Ok(store::commit(tx).await?)
    }

    /// Tells the owner of a draft something where the workshop lives, else in a direct message, else in the terminal.
    async fn tell_owner(
        &self,
        conn: &mut Conn,
        draft: &Draft,
        kind: DeliveryKind,
        body: serde_json::Value,
        key: &str,
    ) -> Result<bool, Error> {
        let homes: Vec<Place> =
            store::place::list(conn, draft.chat).await?.into_iter().map(|home| home.place).collect();
        let direct = store::account::identities(conn, draft.owner).await?.into_iter().next().map(|identity| Place {
            platform: identity.platform,
            workspace: identity.workspace,
            channel: identity.user,
            thread: String::new(),
        });
        let places = if homes.is_empty() { direct.into_iter().collect() } else { homes };
        let mut new = false;
        for place in &places {
            let telling = Telling { chat: Some(draft.chat), kind, body: body.clone(), recipient: String::new() };
            new |= self.tell(conn, place, &telling, &place_key(key, place)).await?.is_some();
        }
        if !places.is_empty() {
            return Ok(new);
        }
        let delivery = Delivery {
            id: DeliveryId::new(),
            chat: Some(draft.chat),
            account: Some(draft.owner),
            place: None,
            recipient: String::new(),
            kind,
            body,
            posted_as: None,
            attempted_at: None,
            created_at: self.now(),
        };
        Ok(store::delivery::insert(conn, &delivery, key).await?)
    }
}
