//! Single messages on Discord: posted once, edited where they stand.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Discord;
use super::api::{Error, File};
use super::parse::{EPHEMERAL, first_id_at};
use super::render::{Message, Rendered, render, render_flat};
use crate::chat::deliver::CLAIM;
use crate::chat::port::{BETWEEN, Failed};
use crate::chat::reply::{self, Reply};
use crate::domain::place::Place;
use crate::workshop;
use crate::workshop::delivery::Delivery;

/// By how much Discord's clock and ours may differ.
const CLOCKS: TimeDelta = TimeDelta::seconds(10);

/// Why a message was not posted.
pub(super) enum Trouble {
    /// Discord did not take it.
    Discord(Error),
    /// It could not be noted.
    Workshop(workshop::Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Discord(error)
    }
}

impl From<workshop::Error> for Trouble {
    fn from(error: workshop::Error) -> Self {
        Self::Workshop(error)
    }
}

impl From<Trouble> for Failed {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Discord(error) => error.into(),
            Trouble::Workshop(error) => error.into(),
        }
    }
}

impl Discord {
    /// Posts every message of a reply; without embeds where those are not allowed.
    pub(super) async fn post_all(
        &self,
        delivery: &Delivery,
        channel: &str,
        reply: &Reply,
        seed: &str,
    ) -> Result<String, Trouble> {
        let rendered = render(reply);
        match self.post_parts(delivery, channel, &rendered, 0, seed).await {
            Err(Trouble::Discord(error)) if error.lacks_permission() => {
                self.post_plain(delivery, channel, reply, seed, rendered.file.is_some()).await
            }
            Err(Trouble::Discord(error)) if error.is_invalid() => {
                tracing::warn!(%error, "Discord finds a message of ours wrong; it is posted as a file");
                let whole = File { name: "answer.md", text: reply.as_text() };
                let message = Message { content: "The whole text is in the file.".to_owned(), ..Message::default() };
                let one = Rendered { messages: vec![message], file: Some(whole) };
                self.post_parts(delivery, channel, &one, 0, &format!("{seed}:file")).await
            }
            posted => posted,
        }
    }

    /// Posts a reply without what the channel may not allow: embeds, and then files.
    async fn post_plain(
        &self,
        delivery: &Delivery,
        channel: &str,
        reply: &Reply,
        seed: &str,
        has_file: bool,
    ) -> Result<String, Trouble> {
        let plain = self.post_parts(delivery, channel, &render_flat(reply, true), 0, seed).await;
        let (ids, why) = match plain {
            Err(Trouble::Discord(error)) if error.lacks_permission() && has_file => {
                (self.post_parts(delivery, channel, &render_flat(reply, false), 0, seed).await?, None)
            }
            plain => (plain?, Some(reply::no_embeds())),
        };
        if let (Some(why), Some(place)) = (why, &delivery.place) {
            self.announce(place, &why, &format!("no_embeds:{}", place.channel)).await?;
        }
        Ok(ids)
    }

    /// Posts messages, the first of them being part `from` of the delivery; the file goes with the last.
    pub(super) async fn post_parts(
        &self,
        delivery: &Delivery,
        channel: &str,
        rendered: &Rendered,
        from: usize,
        seed: &str,
    ) -> Result<String, Trouble> {
        let earlier = match delivery.attempted_at {
            Some(_) => self.earlier(delivery, channel).await,
            None => Vec::new(),
        };
        let mut ids: Vec<String> = Vec::new();
        for (index, message) in rendered.messages.iter().enumerate() {
            // Somebody began before, and died or heard nothing of it: what is there already is not posted again.
            if let Some(known) = earlier.iter().find(|known| is_same(known, message)) {
                ids.extend(known["id"].as_str().map(str::to_owned));
                continue;
            }
            let file = rendered.file.as_ref().filter(|_| index + 1 == rendered.messages.len());
            self.0.workshop.renew_delivery(delivery.id, CLAIM).await?;
            ids.push(self.post_message(channel, message, file, &nonce(seed, index + from)).await?);
        }
        Ok(ids.join(&BETWEEN.to_string()))
    }

    /// Posts one message. Discord gives the earlier one for a nonce that it saw within the last minutes; should that show
    /// an unfinished answer, it is completed.
    pub(super) async fn post_message(
        &self,
        channel: &str,
        message: &Message,
        file: Option<&File>,
        nonce: &str,
    ) -> Result<String, Error> {
        let mut body = message.body();
        body["nonce"] = json!(nonce);
        body["enforce_nonce"] = json!(true);
        let path = format!("/channels/{channel}/messages");
        let posted = self.0.api.send(Method::POST, &path, Some(&body), file).await?;
        let id = posted["id"].as_str().ok_or(Error::Unavailable("no message"))?.to_owned();
        if !is_same(&posted, message)
            && posted["content"].as_str().is_some_and(|content| content.ends_with(reply::GOES_ON))
        {
            self.0.api.send(Method::PATCH, &format!("{path}/{id}"), Some(&message.body()), file).await?;
        }
        Ok(id)
    }

    /// What the bot posted since a delivery was begun.
    async fn earlier(&self, delivery: &Delivery, channel: &str) -> Vec<Value> {
        let Some(begun) = delivery.attempted_at else { return Vec::new() };
        // Ids go by Discord's clock, which may differ a little from ours.
        let after = first_id_at(begun - CLOCKS);
        let path = format!("/channels/{channel}/messages?limit=100&after={after}");
        // Where the history cannot be read, posting twice is better than not at all.
        let Ok(answer) = self.0.api.call(Method::GET, &path, None).await else { return Vec::new() };
        let ours = |message: &Value| message["author"]["id"] == self.bot_user();
        answer.as_array().into_iter().flatten().filter(|message| ours(message)).cloned().collect()
    }

    /// Edits one message where it stands. An archived thread is opened for it and archived again.
    pub(super) async fn edit_message(
        &self,
        place: &Place,
        id: &str,
        message: &Message,
        file: Option<&File>,
    ) -> Result<(), Error> {
        let body = message.body();
        let edit = async |channel: &str| {
            let path = format!("/channels/{channel}/messages/{id}");
            self.0.api.send(Method::PATCH, &path, Some(&body), file).await.map(|_| ())
        };
        // The message that a thread was made of stands in the channel, that of a forum's post in the post itself.
        let (here, beside) = match is_thread(place) && place.thread == id {
            true => (place.channel.as_str(), place.thread.as_str()),
            false => (channel(place), place.channel.as_str()),
        };
        let edited = match edit(here).await {
            Err(error) if here != beside && (error.is_lost_message() || error.is_no_text_channel()) => {
                edit(beside).await
            }
            edited => edited,
        };
        match edited {
            Err(error) if error.is_archived() && is_thread(place) => {
                self.archive(&place.thread, false).await?;
                let edited = edit(&place.thread).await;
                self.archive(&place.thread, true).await?;
                edited
            }
            Err(error) if error.is_lost_message() => Ok(()),
            edited => edited,
        }
    }

    pub(super) async fn archive(&self, thread: &str, archived: bool) -> Result<(), Error> {
        let body = json!({ "archived": archived });
        self.0.api.call(Method::PATCH, &format!("/channels/{thread}"), Some(&body)).await.map(|_| ())
    }

    /// Answers an interaction: its first response is edited, or what only the person sees comes below.
    pub(super) async fn follow_up(&self, token: &str, edits: bool, rendered: &Rendered) -> Result<(), Error> {
        let webhook = format!("/webhooks/{}/{token}", self.application());
        for (index, message) in rendered.messages.iter().enumerate() {
            let file = rendered.file.as_ref().filter(|_| index + 1 == rendered.messages.len());
            let mut body = message.body();
            if edits && index == 0 {
                let path = format!("{webhook}/messages/@original");
                self.0.api.send(Method::PATCH, &path, Some(&body), file).await?;
                continue;
            }
            body["flags"] = json!(EPHEMERAL);
            self.0.api.send(Method::POST, &webhook, Some(&body), file).await?;
        }
        Ok(())
    }
}

/// The channel that messages of a place go to: threads are channels.
pub(super) fn channel(place: &Place) -> &str {
    if place.thread.is_empty() { &place.channel } else { &place.thread }
}

/// Whether a place is a thread of a channel.
pub(super) fn is_thread(place: &Place) -> bool {
    !place.thread.is_empty() && !place.is_whole_channel()
}

/// What makes one part of a delivery one message, however often it is posted within some minutes (at most 25 characters).
pub(super) fn nonce(seed: &str, part: usize) -> String {
    let hash = Sha256::digest(format!("{seed}:{part}"));
    hash.iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a message as Discord gives it is one of ours.
fn is_same(posted: &Value, message: &Message) -> bool {
    let text = |value: &Value| value.as_str().unwrap_or_default().trim().to_owned();
    let ours = message.embed.as_ref().map(|embed| text(&embed["description"])).unwrap_or_default();
    let ids = |rows: &[Value]| -> Vec<String> {
        let parts = rows.iter().flat_map(|row| row["components"].as_array().into_iter().flatten());
        parts.filter_map(|part| part["custom_id"].as_str().map(str::to_owned)).collect()
    };
    text(&posted["content"]) == message.content.trim()
        && text(&posted["embeds"][0]["description"]) == ours
        && ids(posted["components"].as_array().map(Vec::as_slice).unwrap_or_default()) == ids(&message.components)
}
