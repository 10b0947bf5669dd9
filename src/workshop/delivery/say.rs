//! What the chat layer words and people are told: one person, everybody in a place, or in place of what was posted.

use serde_json::{Value, json};

use super::{DeliveryKind, Note, Telling};
use crate::domain::Actor;
use crate::domain::place::Place;
use crate::store;
use crate::workshop::{Error, Workshop};

impl Workshop {
    /// Tells one person something in a place that only they see.
    pub async fn whisper(&self, place: &Place, user: &str, reply: Value, key: &str) -> Result<(), Error> {
        let telling = Telling { kind: DeliveryKind::Whisper, recipient: user.to_owned(), ..worded(reply) };
        let mut tx = self.store.begin().await?;
        self.tell(&mut tx, place, &telling, key).await?;
        Ok(store::commit(tx).await?)
    }

    /// Tells everybody in a place something, once for a key.
    pub async fn announce(&self, place: &Place, reply: Value, key: &str) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        self.tell(&mut tx, place, &worded(reply), key).await?;
        Ok(store::commit(tx).await?)
    }

    /// Tells everybody in a place something that somebody asked for.
    pub async fn say_in(&self, actor: &Actor, place: &Place, reply: Value, key: &str) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        if let Some(id) = self.tell(&mut tx, place, &worded(reply), key).await? {
            // Should the place be closed to us, it is for who did it.
            store::delivery::set_account(&mut tx, id, actor.account).await?;
        }
        Ok(store::commit(tx).await?)
    }

    /// Shows something else in place of a message that was posted.
    pub async fn edit_in(&self, place: &Place, message: &str, reply: Value, key: &str) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        if let Some(id) = self.tell(&mut tx, place, &worded(reply), key).await? {
            store::delivery::posted(&mut tx, id, message, &place.channel).await?;
        }
        Ok(store::commit(tx).await?)
    }
}

/// Words of the chat layer, for everybody in a place.
fn worded(reply: Value) -> Telling {
    Telling { chat: None, kind: DeliveryKind::Said, body: json!(Note::Worded { reply }), recipient: String::new() }
}
