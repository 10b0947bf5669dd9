//! What people are told on chat platforms: stored with what it tells of, posted by a job, once.
//!
//! A delivery is an address and ids; what it shows is read when it is posted, so that it shows the state of that moment.
//! [`Refresh`] edits what was posted when that state has changed.

mod mention;
mod note;
mod say;
mod scene;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Error, Workshop};
use crate::domain::account::Identity;
use crate::domain::place::Place;
use crate::domain::{AccountId, AnswerId, BatchId, ChatId, DeliveryId, DraftId, MessageId, TrialId};
use crate::queue::{self, Job, Options, Queue};
pub use note::Note;
pub use scene::{Scene, is_to_come};

pub use crate::store::delivery::{Claim, Delivery, DeliveryKind};
use crate::store::message::Message;
use crate::store::{self, Conn};

/// Posts a delivery.
#[derive(Debug, Serialize, Deserialize)]
pub struct Deliver {
    /// Which.
    pub delivery: DeliveryId,
}

impl Job for Deliver {
    const KIND: &'static str = "deliver";
    const QUEUE: Queue = Queue::Chat;
    // A chat platform may be unreachable for hours, and nothing may be lost by that.
    const MOST_STARTS: i32 = 500;
}

/// Brings something that was posted up to date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Refresh {
    /// The cards of a draft.
    Card {
        /// The draft.
        draft: DraftId,
    },
    /// A message of a conversation: a proposal was decided.
    Message {
        /// The message.
        message: MessageId,
    },
    /// A test: its progress, or the ratings of its result.
    Trial {
        /// The test.
        trial: TrialId,
    },
    /// An answer to a question: its ratings.
    Answer {
        /// The answer.
        answer: AnswerId,
    },
    /// A batch of tests: its progress, or its table.
    Batch {
        /// The batch.
        batch: BatchId,
    },
    /// The home pages of a person.
    Home {
        /// Whose.
        account: AccountId,
    },
}

impl Job for Refresh {
    const KIND: &'static str = "refresh";
    const QUEUE: Queue = Queue::Chat;
}

/// What is stored of a card.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CardBody {
    /// The draft.
    pub draft: DraftId,
    /// The platform's user who opened it: told in a direct message when the channel takes no message.
    pub user: String,
}

/// Something to tell a place.
#[derive(Debug, Clone)]
pub(super) struct Telling {
    pub(super) chat: Option<ChatId>,
    pub(super) kind: DeliveryKind,
    pub(super) body: Value,
    /// The platform's user who alone sees it; empty for everyone there.
    pub(super) recipient: String,
}

/// The key of a message in one place; an answer is known by what it answers, since it is shown while it is written.
pub fn message_key(id: MessageId, reply_to: Option<MessageId>, place: &Place) -> String {
    match reply_to {
        Some(turn) => place_key(&format!("turn:{turn}"), place),
        None => place_key(&format!("message:{id}"), place),
    }
}

/// A key for one thing in one place.
pub fn place_key(what: &str, place: &Place) -> String {
    let Place { platform, workspace, channel, thread } = place;
    format!("{what}@{platform}/{workspace}/{channel}/{thread}")
}

impl Workshop {
    /// Stores something to tell a place, and the job that posts it; a key that is known is told already.
    pub(super) async fn tell(
        &self,
        conn: &mut Conn,
        place: &Place,
        telling: &Telling,
        key: &str,
    ) -> Result<Option<DeliveryId>, Error> {
        let delivery = Delivery {
            id: DeliveryId::new(),
            chat: telling.chat,
            account: None,
            place: Some(place.clone()),
            recipient: telling.recipient.clone(),
            kind: telling.kind,
            body: telling.body.clone(),
            posted_as: None,
            attempted_at: None,
            created_at: self.now(),
        };
        if !store::delivery::insert(conn, &delivery, key).await? {
            return Ok(None);
        }
        self.push_delivery(conn, delivery.id, "").await?;
        Ok(Some(delivery.id))
    }

    pub(super) async fn push_delivery(&self, conn: &mut Conn, delivery: DeliveryId, again: &str) -> Result<(), Error> {
        let options = Options { key: Some(format!("deliver:{delivery}{again}")), run_at: None };
        queue::push(conn, &Deliver { delivery }, options).await?;
        Ok(())
    }

    /// Tells every place of a chat; `what` names the thing told, for the key.
    pub(super) async fn tell_places(
        &self,
        conn: &mut Conn,
        chat: ChatId,
        kind: DeliveryKind,
        body: &Value,
        what: &str,
    ) -> Result<(), Error> {
        for home in store::place::list(conn, chat).await? {
            let telling = Telling { chat: Some(chat), kind, body: body.clone(), recipient: String::new() };
            self.tell(conn, &home.place, &telling, &place_key(what, &home.place)).await?;
        }
        Ok(())
    }

    /// Tells one place a message of its conversation.
    pub(super) async fn tell_message(&self, conn: &mut Conn, place: &Place, message: &Message) -> Result<(), Error> {
        let body = json!({ "message": message.id });
        let telling = Telling { chat: Some(message.chat), kind: DeliveryKind::Message, body, recipient: String::new() };
        self.tell(conn, place, &telling, &message_key(message.id, message.reply_to, place)).await?;
        Ok(())
    }

    /// Tells every place of a conversation one of its messages, but the place where it was said.
    pub(super) async fn tell_others(
        &self,
        conn: &mut Conn,
        message: &Message,
        said_in: Option<&Place>,
    ) -> Result<(), Error> {
        for home in store::place::list(conn, message.chat).await? {
            if said_in != Some(&home.place) {
                self.tell_message(conn, &home.place, message).await?;
            }
        }
        Ok(())
    }

    /// Tells every place of a chat what was done there.
    pub(super) async fn note(&self, conn: &mut Conn, chat: ChatId, note: &Note) -> Result<(), Error> {
        let what = format!("note:{}", DeliveryId::new());
        self.tell_places(conn, chat, DeliveryKind::Said, &json!(note), &what).await
    }

    /// Brings what was posted of a draft up to date, if anything was.
    pub(super) async fn refresh(&self, conn: &mut Conn, chat: ChatId, refresh: Refresh) -> Result<(), Error> {
        if store::place::any(conn, chat).await? {
            queue::push(conn, &refresh, Options::default()).await?;
        }
        Ok(())
    }

    /// Takes a delivery over for some seconds.
    pub async fn claim_delivery(&self, id: DeliveryId, seconds: f64) -> Result<Claim, Error> {
        Ok(store::delivery::claim(&mut *self.store.conn().await?, id, seconds).await?)
    }

    /// Keeps a delivery for some seconds more.
    pub async fn renew_delivery(&self, id: DeliveryId, seconds: f64) -> Result<(), Error> {
        Ok(store::delivery::renew(&mut *self.store.conn().await?, id, seconds).await?)
    }

    /// Gives a delivery back; it is made later.
    pub async fn release_delivery(&self, id: DeliveryId) -> Result<(), Error> {
        Ok(store::delivery::release(&mut *self.store.conn().await?, id).await?)
    }

    /// Notes that posting begins.
    pub async fn delivery_attempted(&self, id: DeliveryId) -> Result<(), Error> {
        Ok(store::delivery::attempt(&mut *self.store.conn().await?, id, self.now()).await?)
    }

    /// Notes where something was posted; it may still be edited.
    pub async fn delivery_posted(&self, id: DeliveryId, posted_as: &str, channel: &str) -> Result<(), Error> {
        Ok(store::delivery::posted(&mut *self.store.conn().await?, id, posted_as, channel).await?)
    }

    /// Notes that a delivery is made.
    pub async fn delivery_finished(&self, id: DeliveryId) -> Result<(), Error> {
        Ok(store::delivery::finish(&mut *self.store.conn().await?, id, self.now()).await?)
    }

    /// Notes that a delivery cannot be made.
    pub async fn delivery_failed(&self, id: DeliveryId, why: &str) -> Result<(), Error> {
        Ok(store::delivery::fail(&mut *self.store.conn().await?, id, why, self.now()).await?)
    }

    /// The delivery under a key.
    pub async fn delivery_of(&self, key: &str) -> Result<Option<Delivery>, Error> {
        Ok(store::delivery::find_by_key(&mut *self.store.conn().await?, key).await?)
    }

    /// Prepares the place of an answer that is about to be written, so that it can be shown while it is.
    pub async fn prepare_answer(&self, turn: MessageId) -> Result<Vec<Delivery>, Error> {
        let mut tx = self.store.begin().await?;
        let mut prepared = Vec::new();
        if let Some(message) = store::message::find(&mut tx, turn).await?
            && store::message::find_reply(&mut tx, turn).await?.is_none()
        {
            for home in store::place::list(&mut tx, message.chat).await? {
                let key = message_key(turn, Some(turn), &home.place);
                let delivery = Delivery {
                    id: DeliveryId::new(),
                    chat: Some(message.chat),
                    account: message.author,
                    place: Some(home.place),
                    recipient: String::new(),
                    kind: DeliveryKind::Message,
                    body: json!({ "turn": turn }),
                    posted_as: None,
                    attempted_at: None,
                    created_at: self.now(),
                };
                store::delivery::insert(&mut tx, &delivery, &key).await?;
                prepared.extend(store::delivery::find_by_key(&mut tx, &key).await?);
            }
        }
        store::commit(tx).await?;
        Ok(prepared)
    }

    /// Tells every place an answer; what was prepared for it is completed.
    pub(super) async fn tell_answer(&self, conn: &mut Conn, answer: &Message) -> Result<(), Error> {
        for home in store::place::list(conn, answer.chat).await? {
            self.tell_message(conn, &home.place, answer).await?;
            let key = message_key(answer.id, answer.reply_to, &home.place);
            if let Some(prepared) = store::delivery::find_by_key(conn, &key).await? {
                self.push_delivery(conn, prepared.id, "").await?;
            }
        }
        Ok(())
    }

    /// The users of an account who look at the app's home page.
    pub async fn home_watchers(&self, account: AccountId) -> Result<Vec<Identity>, Error> {
        let since = self.now() - chrono::TimeDelta::days(30);
        Ok(store::account::home_watchers(&mut *self.store.conn().await?, account, since).await?)
    }

    /// The platform's user, in a place's workspace, who owns the workshop that a delivery is of.
    pub async fn owner_in(&self, delivery: &Delivery, place: &Place) -> Result<Option<String>, Error> {
        let mut conn = self.store.conn().await?;
        // An answer is for who asked, whoever owns what.
        if let Some(account) = delivery.account.filter(|_| delivery.chat.is_none()) {
            return user_in(&mut conn, account, place).await;
        }
        let Some(chat) = delivery.chat else { return Ok(None) };
        let Some(draft) = store::draft::find_by_chat(&mut conn, chat).await? else { return Ok(None) };
        user_in(&mut conn, draft.owner, place).await
    }

    /// The platform's user, in a place's workspace, whom an answer is for.
    pub async fn asker_in(&self, delivery: &Delivery, place: &Place) -> Result<Option<String>, Error> {
        match delivery.account {
            Some(account) => user_in(&mut *self.store.conn().await?, account, place).await,
            None => Ok(None),
        }
    }

    /// Tells elsewhere what a place does not take, and before that why.
    pub async fn redirect(&self, delivery: &Delivery, to: &Place, why: Value) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        if let Some(place) = &delivery.place {
            // It lives elsewhere from now on; else every message would be redirected, and say why again.
            store::place::delete(&mut tx, place).await?;
        }
        let key = format!("redirected:{}", delivery.id);
        let because = Telling {
            chat: None,
            kind: DeliveryKind::Said,
            body: json!(Note::Worded { reply: why }),
            recipient: String::new(),
        };
        self.tell(&mut tx, to, &because, &format!("{key}:why")).await?;
        let Delivery { chat, kind, body, .. } = delivery.clone();
        self.tell(&mut tx, to, &Telling { chat, kind, body, recipient: String::new() }, &key).await?;
        Ok(store::commit(tx).await?)
    }

    /// Gives deliveries that lost their job another one.
    pub(super) async fn deliver_stranded(&self) -> Result<(), Error> {
        let mut conn = self.store.conn().await?;
        let now = self.now();
        for id in store::delivery::stranded(&mut conn, now - chrono::TimeDelta::minutes(10), 100).await? {
            // One more job an hour at most: the one before may still be on its way.
            self.push_delivery(&mut conn, id, &format!(":{}", now.format("%Y%m%d%H"))).await?;
        }
        Ok(())
    }
}

async fn user_in(conn: &mut Conn, account: AccountId, place: &Place) -> Result<Option<String>, Error> {
    let identities = store::account::identities(conn, account).await?;
    let here = |identity: &Identity| identity.platform == place.platform && identity.workspace == place.realm();
    Ok(identities.into_iter().find(here).map(|identity| identity.user))
}
