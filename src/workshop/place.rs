//! Where workshops live on chat platforms, and what people may do there by being there.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::delivery::{CardBody, Delivery, Telling, place_key};
use super::{Error, Workshop};
use crate::domain::account::Platform;
use crate::domain::place::Place;
use crate::domain::{Access, Actor, ChatId, DraftId, Instant};
use crate::store::delivery::DeliveryKind;
pub use crate::store::place::Home;
use crate::store::{self, Conn};

/// Who is in a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Audience {
    /// Everybody of a channel.
    Channel,
    /// One person, in a direct message.
    Alone,
}

impl Workshop {
    /// The draft that lives in a place. What one may do with it is checked when it is done.
    pub async fn draft_in(&self, place: &Place) -> Result<Option<DraftId>, Error> {
        Ok(store::place::find_draft(&mut *self.store.conn().await?, place).await?)
    }

    /// Refuses for the moment while a card is being posted there: a reply to it may be here before we know where it is.
    pub async fn wait_for_card(&self, place: &Place) -> Result<(), Error> {
        match store::delivery::card_is_on_its_way(&mut *self.store.conn().await?, place).await? {
            true => Err(Error::Unavailable(store::Error::Interrupted)),
            false => Ok(()),
        }
    }

    /// Lets somebody who is in the channel that a workshop lives in take part, as far as the settings let them.
    ///
    /// The caller vouches that the platform says so.
    pub async fn join(&self, actor: &Actor, draft: DraftId) -> Result<(), Error> {
        let Some(access) = self.settings.drafts.channel_access.access() else { return Ok(()) };
        let mut conn = self.store.conn().await?;
        store::grant::insert_draft(&mut conn, actor.account, draft, access, self.now()).await?;
        Ok(())
    }

    /// Makes a chat live in a thread from now on; in a whole channel it takes the place of what lived there.
    pub(super) async fn live_in(&self, conn: &mut Conn, chat: ChatId, place: &Place) -> Result<(), Error> {
        if place.is_whole_channel() {
            store::place::delete(conn, place).await?;
        }
        if !place.thread.is_empty() {
            store::place::insert(conn, chat, place, self.now()).await?;
        }
        Ok(())
    }

    /// The place of a thread whose channel is not known, if a workshop lives in it.
    pub async fn place_of_thread(&self, platform: Platform, thread: &str) -> Result<Option<Place>, Error> {
        Ok(store::place::find_thread(&mut *self.store.conn().await?, platform, thread).await?)
    }

    /// The places of a platform where somebody did something since a time, the latest first.
    pub async fn lively_places(&self, platform: Platform, since: Instant, most: i64) -> Result<Vec<Place>, Error> {
        Ok(store::place::lively(&mut *self.store.conn().await?, platform, since, most).await?)
    }

    /// Where a draft lives on chat platforms.
    pub async fn homes(&self, actor: &Actor, draft: DraftId) -> Result<Vec<Home>, Error> {
        let mut conn = self.store.conn().await?;
        let draft = self.draft_for(&mut conn, actor, draft, Access::Viewer).await?;
        Ok(store::place::list(&mut conn, draft.chat).await?)
    }

    /// Opens a workshop in a place: its card is posted, and the conversation goes on below it.
    ///
    /// In a channel that others read only its editors may, since they will read the draft there.
    pub async fn open_in(
        &self,
        actor: &Actor,
        draft: DraftId,
        place: &Place,
        audience: Audience,
        user: &str,
        key: &str,
    ) -> Result<(), Error> {
        let needed = match audience {
            Audience::Channel => Access::Editor,
            Audience::Alone => Access::Viewer,
        };
        let mut tx = self.store.begin().await?;
        let draft = self.draft_for(&mut tx, actor, draft, needed).await?;
        self.live_in(&mut tx, draft.chat, place).await?;
        let body = json!(CardBody { draft: draft.id, user: user.to_owned() });
        let telling = Telling { chat: Some(draft.chat), kind: DeliveryKind::Card, body, recipient: String::new() };
        self.tell(&mut tx, place, &telling, key).await?;
        Ok(store::commit(tx).await?)
    }

    /// Notes that a workshop's card was posted: the workshop lives below it from now on, and what it said last is told.
    pub async fn card_posted(
        &self,
        delivery: &Delivery,
        place: &Place,
        draft: DraftId,
        card: &str,
    ) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        let now = self.now();
        store::delivery::posted(&mut tx, delivery.id, card, &place.channel).await?;
        store::delivery::finish(&mut tx, delivery.id, now).await?;
        if let Some(draft) = store::draft::find(&mut tx, draft).await? {
            let thread = if place.thread.is_empty() { card.to_owned() } else { place.thread.clone() };
            let home = Place { thread, ..place.clone() };
            self.live_in(&mut tx, draft.chat, &home).await?;
            store::place::set_card(&mut tx, &home, card).await?;
            if let Some(last) = store::message::last_answer(&mut tx, draft.chat).await? {
                self.tell_message(&mut tx, &home, &last).await?;
            }
            // A test that was asked for with the opening had no place to show itself in until now.
            let (latest, _) = store::trial::list(&mut tx, draft.id, 1, 0).await?;
            let just = delivery.created_at - TimeDelta::minutes(1);
            let latest = latest.first().filter(|trial| trial.batch.is_none());
            if let Some(trial) = latest.filter(|trial| trial.created_at >= just) {
                let (kind, what) = match trial.status.is_final() {
                    true => (DeliveryKind::TrialFinished, format!("result:{}", trial.id)),
                    false => (DeliveryKind::Progress, format!("progress:{}", trial.id)),
                };
                let (chat, body) = (Some(draft.chat), json!({ "trial": trial.id }));
                let telling = Telling { chat, kind, body, recipient: String::new() };
                self.tell(&mut tx, &home, &telling, &place_key(&what, &home)).await?;
            }
        }
        Ok(store::commit(tx).await?)
    }
}
