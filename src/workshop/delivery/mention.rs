//! Telling people what concerns them: where the workshop lives if they are known there, else in a direct message.

use serde_json::json;

use super::{DeliveryKind, Note, Telling, place_key, user_in};
use crate::domain::account::Account;
use crate::domain::place::Place;
use crate::domain::{ChatId, DeliveryId};
use crate::store::{self, Conn};
use crate::workshop::{Error, Workshop};

impl Workshop {
    /// Tells every place of a chat something, and pings `people`, each in one place; `note` words it with the users to ping.
    ///
    /// Who is in none of the places gets it in a direct message. Returns the names of those who are known nowhere.
    pub(in crate::workshop) async fn tell_people(
        &self,
        conn: &mut Conn,
        chat: Option<ChatId>,
        people: &[Account],
        note: impl Fn(Vec<String>) -> Note,
    ) -> Result<Vec<String>, Error> {
        let what = format!("note:{}", DeliveryId::new());
        let homes = match chat {
            Some(chat) => store::place::list(conn, chat).await?,
            None => Vec::new(),
        };
        let mut waiting: Vec<&Account> = people.iter().collect();
        for home in homes {
            let (mut pinged, mut elsewhere) = (Vec::new(), Vec::new());
            for account in waiting {
                match user_in(conn, account.id, &home.place).await? {
                    Some(user) => pinged.push(user),
                    None => elsewhere.push(account),
                }
            }
            waiting = elsewhere;
            let (kind, recipient) = (DeliveryKind::Said, String::new());
            let telling = Telling { chat, kind, body: json!(note(pinged)), recipient };
            self.tell(conn, &home.place, &telling, &place_key(&what, &home.place)).await?;
        }
        let mut unreached = Vec::new();
        for account in waiting {
            let Some(identity) = store::account::identities(conn, account.id).await?.pop() else {
                unreached.push(account.name.clone());
                continue;
            };
            let (platform, workspace) = (identity.platform, identity.workspace);
            let place = Place { platform, workspace, channel: identity.user, thread: String::new() };
            // Not bound to the chat: should it not arrive, it is nobody else's.
            let (kind, recipient) = (DeliveryKind::Said, String::new());
            let telling = Telling { chat: None, kind, body: json!(note(Vec::new())), recipient };
            self.tell(conn, &place, &telling, &place_key(&what, &place)).await?;
        }
        Ok(unreached)
    }
}
