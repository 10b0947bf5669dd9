//! Posts and edits messages on Discord.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::api::{Error, File};
use super::parse::{DIRECT, first_id_at};
use super::render::{Message, Rendered, plain, render, render_flat};
use super::{Discord, Hears, MARKER, markup};
use crate::chat::button::{Button, Press};
use crate::chat::deliver::CLAIM;
use crate::chat::port::{BETWEEN, Failed, Live, Port, Posted};
use crate::chat::reply::{self, Action, Reply};
use crate::domain::account::{Identity, Platform};
use crate::domain::conversation::MessageRole;
use crate::domain::draft::Draft;
use crate::domain::place::Place;
use crate::workshop::delivery::{Delivery, Note, Scene};
use crate::workshop::{self, Workshop};

/// The most of an unfinished answer that is shown (Discord: 2,000 characters).
const SHOWN: usize = 1_800;

/// A thread is archived after so many minutes without a message (Discord's longest: a week).
const ARCHIVED_AFTER: u32 = 10_080;

/// The most characters of a thread's name.
const NAME: usize = 100;

/// The flag of a message that only one person sees.
const EPHEMERAL: u64 = 1 << 6;

/// Why a message was not posted.
enum Trouble {
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

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        match error {
            Error::RateLimited { retry_after } => Self::RateLimited { retry_after },
            Error::Unavailable(why) => Self::Unavailable(why),
            error if error.is_unauthorized() => Self::Unauthorized(error.to_string()),
            error if error.is_closed() => Self::Closed(error.to_string()),
            error => Self::Refused(error.to_string()),
        }
    }
}

impl Port for Discord {
    const PLATFORM: Platform = Platform::Discord;
    /// Five in five seconds in a channel, of which some are for others.
    const EDIT: Duration = Duration::from_secs(2);
    const STREAM: Duration = Duration::from_secs(2);
    /// It is shown for ten seconds.
    const AT_WORK: Duration = Duration::from_secs(8);

    fn workshop(&self) -> &Workshop {
        &self.0.workshop
    }

    fn marker(&self) -> &str {
        MARKER
    }

    /// Where we do not hear what is said, a button asks for it.
    fn adapt(&self, scene: &Scene, reply: Reply) -> Reply {
        let how = match self.hears() {
            Hears::Everything => return reply,
            Hears::Addressed => "Mention me, or press Reply, to go on.",
            Hears::Nothing => "Press Reply to go on.",
        };
        let draft: &Draft = match scene {
            Scene::Card { draft, .. } => draft,
            Scene::Message { draft, message, .. } if message.role == MessageRole::Assistant => draft,
            _ => return reply,
        };
        if draft.writable().is_err() {
            return reply;
        }
        let reply = reply.action(Action::new("Reply…", Button::new(Press::Say, draft.id, 0)));
        if matches!(scene, Scene::Card { .. }) { reply.note(how) } else { reply }
    }

    async fn post(&self, delivery: &Delivery, place: &Place, scene: &Scene, reply: &Reply) -> Result<Posted, Failed> {
        // A person rather than a place: what is told somebody who is in no place of ours.
        let place = match place.workspace.is_empty() {
            true => self.direct(place, &place.channel).await?,
            false => place.clone(),
        };
        let seed = delivery.id.to_string();
        if let Scene::Card { draft, .. } = scene
            && place.thread.is_empty()
        {
            return self.open_thread(delivery, &place, &draft.name, reply).await;
        }
        let ids = self.post_all(delivery, channel(&place), reply, &seed).await?;
        Ok(Posted { place, ids })
    }

    async fn after(&self, posted: &Posted, scene: &Scene) -> Result<(), Failed> {
        let place = &posted.place;
        match scene {
            Scene::Card { .. } if place.workspace != DIRECT => {
                if place.is_whole_channel() {
                    let key = format!("no_threads:{}", place.channel);
                    self.announce(place, &reply::no_threads(), &key).await?;
                }
                if self.hears() != Hears::Everything {
                    let key = format!("deaf:{}", place.workspace);
                    self.announce(place, &reply::cannot_read(), &key).await?;
                }
                Ok(())
            }
            // It comes back when somebody uses it.
            Scene::Note(Note::Committed { .. } | Note::Deleted { .. }) if is_thread(place) => {
                match self.archive(&place.thread, true).await {
                    Err(error) if error.is_closed() => Ok(()),
                    done => Ok(done?),
                }
            }
            _ => Ok(()),
        }
    }

    async fn edit(&self, place: &Place, ids: &str, reply: &Reply) -> Result<(), Failed> {
        // The buttons and what was decided stand on the last message; what stands before it does not change.
        let last = ids.rsplit(BETWEEN).next().unwrap_or(ids);
        let Some(message) = render(reply).messages.pop() else { return Ok(()) };
        match self.edit_message(place, last, &message, None).await {
            Err(error) if error.lacks_permission() && message.embed.is_some() => {
                let Some(flat) = render_flat(reply).messages.pop() else { return Ok(()) };
                Ok(self.edit_message(place, last, &flat, None).await?)
            }
            done => Ok(done?),
        }
    }

    async fn complete(&self, delivery: &Delivery, place: &Place, ids: &str, reply: &Reply) -> Result<(), Failed> {
        let mut rendered = render(reply);
        let first = rendered.messages.remove(0);
        let file = rendered.file.as_ref().filter(|_| rendered.messages.is_empty());
        match self.edit_message(place, ids, &first, file).await {
            Err(error) if error.lacks_permission() && first.embed.is_some() => {
                rendered = render_flat(reply);
                let first = rendered.messages.remove(0);
                self.edit_message(place, ids, &first, rendered.file.as_ref()).await?;
            }
            done => done?,
        }
        self.post_parts(delivery, channel(place), &rendered, 1, &delivery.id.to_string()).await?;
        Ok(())
    }

    /// By the interaction's token while it works; after that where it was asked, or in a direct message what is for one
    /// person only.
    async fn whisper(&self, delivery: &Delivery, place: &Place, reply: &Reply) -> Result<(), Failed> {
        if let Some(answer) = self.0.workshop.answer_token(delivery).await? {
            let rendered = render(reply);
            let token = secrecy::ExposeSecret::expose_secret(&answer.token);
            match self.follow_up(token, answer.edits, &rendered).await {
                Err(error) if error.is_over() => {}
                done => return Ok(done?),
            }
        }
        self.tell_aside(delivery, place, reply).await
    }

    async fn direct(&self, place: &Place, user: &str) -> Result<Place, Failed> {
        let answer =
            self.0.api.call(Method::POST, "/users/@me/channels", Some(&json!({ "recipient_id": user }))).await?;
        let channel = answer["id"].as_str().ok_or(Failed::Unavailable("no channel"))?.to_owned();
        Ok(Place { workspace: DIRECT.to_owned(), channel, ..place.clone() }.whole_channel())
    }

    async fn at_work(&self, place: &Place) {
        let path = format!("/channels/{}/typing", channel(place));
        // Decoration: where Discord does not take it, the answer comes all the same.
        let _ = self.0.api.call(Method::POST, &path, Some(&json!({}))).await;
    }

    async fn begin(&self, delivery: &Delivery, place: &Place, text: &str) -> Result<(Live, String), Failed> {
        let message = Message { content: unfinished(text), ..Message::default() };
        let id = self.post_message(channel(place), &message, None, &nonce(&delivery.id.to_string(), 0)).await?;
        Ok((Live::Edits, id))
    }

    async fn go_on(&self, place: &Place, id: &str, _live: Live, text: &str, _upto: usize) -> Result<(), Failed> {
        let message = Message { content: unfinished(text), ..Message::default() };
        Ok(self.edit_message(place, id, &message, None).await?)
    }

    async fn end(&self, _place: &Place, _id: &str) {}

    async fn publish_home(&self, _identity: &Identity, _page: &Reply) {}
}

impl Discord {
    /// Posts a workshop's card and makes a thread of it: in a forum a post. Where no thread can be made, the workshop
    /// lives in the channel itself.
    async fn open_thread(
        &self,
        delivery: &Delivery,
        place: &Place,
        name: &str,
        card: &Reply,
    ) -> Result<Posted, Failed> {
        let seed = delivery.id.to_string();
        let thread = json!({ "name": plain(name, NAME), "auto_archive_duration": ARCHIVED_AFTER });
        let id = match self.post_all(delivery, &place.channel, card, &seed).await {
            Err(Trouble::Discord(error)) if error.is_no_text_channel() => {
                return self.open_post(place, thread, card).await;
            }
            posted => posted?,
        };
        let first = id.split(BETWEEN).next().unwrap_or(&id).to_owned();
        let path = format!("/channels/{}/messages/{first}/threads", place.channel);
        match self.0.api.call(Method::POST, &path, Some(&thread)).await {
            Ok(_) => Ok(Posted { place: Place { thread: first, ..place.clone() }, ids: id }),
            Err(error) if error.has_thread() => Ok(Posted { place: Place { thread: first, ..place.clone() }, ids: id }),
            Err(error @ Error::Refused { .. }) if !error.is_unauthorized() => {
                tracing::info!(%error, "Discord lets us make no thread; the workshop lives in the channel");
                Ok(Posted { place: place.whole_channel(), ids: id })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A post in a forum: a thread whose first message has its id.
    async fn open_post(&self, place: &Place, mut thread: Value, card: &Reply) -> Result<Posted, Failed> {
        let path = format!("/channels/{}/threads", place.channel);
        let message = |rendered: Rendered| rendered.messages.first().map(Message::body).unwrap_or_default();
        thread["message"] = message(render(card));
        let made = match self.0.api.call(Method::POST, &path, Some(&thread)).await {
            Err(error) if error.lacks_permission() => {
                thread["message"] = message(render_flat(card));
                self.0.api.call(Method::POST, &path, Some(&thread)).await?
            }
            made => made?,
        };
        let id = made["id"].as_str().ok_or(Failed::Unavailable("no thread"))?.to_owned();
        Ok(Posted { place: Place { thread: id.clone(), ..place.clone() }, ids: id })
    }

    /// Posts every message of a reply; without embeds where those are not allowed.
    async fn post_all(&self, delivery: &Delivery, channel: &str, reply: &Reply, seed: &str) -> Result<String, Trouble> {
        let rendered = render(reply);
        let has_embeds = rendered.messages.iter().any(|message| message.embed.is_some());
        match self.post_parts(delivery, channel, &rendered, 0, seed).await {
            Err(Trouble::Discord(error)) if error.lacks_permission() && has_embeds => {
                let flat = self.post_parts(delivery, channel, &render_flat(reply), 0, seed).await?;
                if let Some(place) = &delivery.place {
                    let key = format!("no_embeds:{}", place.channel);
                    self.announce(place, &reply::no_embeds(), &key).await?;
                }
                Ok(flat)
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

    /// Posts messages, the first of them being part `from` of the delivery; the file goes with the last.
    async fn post_parts(
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
    async fn post_message(
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
        let after = first_id_at(begun - chrono::TimeDelta::seconds(60));
        let path = format!("/channels/{channel}/messages?limit=100&after={after}");
        // Where the history cannot be read, posting twice is better than not at all.
        let Ok(answer) = self.0.api.call(Method::GET, &path, None).await else { return Vec::new() };
        let ours = |message: &Value| message["author"]["id"] == self.bot_user();
        answer.as_array().into_iter().flatten().filter(|message| ours(message)).cloned().collect()
    }

    /// Edits one message where it stands. An archived thread is opened for it and archived again.
    async fn edit_message(&self, place: &Place, id: &str, message: &Message, file: Option<&File>) -> Result<(), Error> {
        let body = message.body();
        let edit = async |channel: &str| {
            let path = format!("/channels/{channel}/messages/{id}");
            self.0.api.send(Method::PATCH, &path, Some(&body), file).await.map(|_| ())
        };
        // The message that a thread was made of stands in the channel, that of a forum's post in the post itself.
        let edited = match is_thread(place) && place.thread == id {
            true => match edit(&place.channel).await {
                Err(error) if error.is_lost_message() || error.is_closed() => edit(&place.thread).await,
                edited => edited,
            },
            false => edit(channel(place)).await,
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

    async fn archive(&self, thread: &str, archived: bool) -> Result<(), Error> {
        let body = json!({ "archived": archived });
        self.0.api.call(Method::PATCH, &format!("/channels/{thread}"), Some(&body)).await.map(|_| ())
    }

    /// Answers an interaction: its first response is edited, or what only the person sees comes below.
    async fn follow_up(&self, token: &str, edits: bool, rendered: &Rendered) -> Result<(), Error> {
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

    /// Tells a person something where nothing can be shown to them alone.
    async fn tell_aside(&self, delivery: &Delivery, place: &Place, reply: &Reply) -> Result<(), Failed> {
        let seed = delivery.id.to_string();
        let mut told = reply.clone();
        if reply.is_private && place.workspace != DIRECT {
            let direct = match self.direct(place, &delivery.recipient).await {
                Ok(direct) => {
                    let posted = self.post_all(delivery, channel(&direct), reply, &seed).await;
                    posted.map(|_| ()).map_err(Failed::from)
                }
                Err(failed) => Err(failed),
            };
            match direct {
                Err(Failed::Closed(_)) => told = reply::not_reached(MARKER),
                done => return done,
            }
        }
        // It shows whom it is for, and pings no one.
        let mut rendered = render(&told);
        if place.workspace != DIRECT
            && let Some(first) = rendered.messages.first_mut()
        {
            first.content = format!("<@{}> {}", delivery.recipient, first.content).trim().to_owned();
        }
        self.post_parts(delivery, channel(place), &rendered, 0, &seed).await?;
        Ok(())
    }

    /// Says something in a place once, whatever happens again.
    async fn announce(&self, place: &Place, reply: &Reply, key: &str) -> Result<(), workshop::Error> {
        let reply = serde_json::to_value(reply).unwrap_or_default();
        self.0.workshop.announce(place, reply, key).await
    }
}

/// The channel that messages of a place go to: threads are channels.
fn channel(place: &Place) -> &str {
    if place.thread.is_empty() { &place.channel } else { &place.thread }
}

/// Whether a place is a thread of a channel.
fn is_thread(place: &Place) -> bool {
    !place.thread.is_empty() && !place.is_whole_channel()
}

/// What makes one part of a delivery one message, however often it is posted within some minutes (at most 25 characters).
fn nonce(seed: &str, part: usize) -> String {
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

/// An unfinished answer: its latest part, and that it goes on.
fn unfinished(text: &str) -> String {
    let count = text.chars().count();
    let latest: String = text.chars().skip(count.saturating_sub(SHOWN * 3)).collect();
    let shown = markup::pieces(&latest, SHOWN).pop().unwrap_or_default();
    format!("{shown} {}", reply::GOES_ON)
}
