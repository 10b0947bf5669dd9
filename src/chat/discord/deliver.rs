//! Posts and edits messages on Discord.

use std::time::Duration;

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use super::api::Error;
use super::parse::DIRECT;
use super::post::{Trouble, channel, is_thread, nonce};
use super::render::{Message, Rendered, plain, render, render_flat};
use super::{Discord, Hears, MARKER, markup};
use crate::chat::button::{Button, Press};
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

/// How long ago a thread may have been made that was noted just now: a copy of the service may have died in between.
const JUST_NOW: TimeDelta = TimeDelta::minutes(2);

/// The most characters of a thread's name.
const NAME: usize = 100;

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
                if is_thread(place) {
                    // Somebody may have written in it before it was noted that a workshop lives there.
                    self.hear_again(place, chrono::Utc::now() - JUST_NOW).await;
                }
                if place.is_whole_channel() {
                    let key = format!("no_threads:{}", place.channel);
                    self.announce(place, &reply::no_threads(), &key).await?;
                }
                if self.hears() != Hears::Everything {
                    let key = format!("deaf:{}", place.workspace);
                    self.announce(place, &reply::cannot_read(self.takes_http()), &key).await?;
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
                let Some(flat) = render_flat(reply, true).messages.pop() else { return Ok(()) };
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
                rendered = render_flat(reply, true);
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
            Ok(made) => {
                // On Discord the thread has the message's id.
                let thread = made["id"].as_str().unwrap_or(&first).to_owned();
                Ok(Posted { place: Place { thread, ..place.clone() }, ids: id })
            }
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
                thread["message"] = message(render_flat(card, true));
                self.0.api.call(Method::POST, &path, Some(&thread)).await?
            }
            made => made?,
        };
        let id = made["id"].as_str().ok_or(Failed::Unavailable("no thread"))?.to_owned();
        Ok(Posted { place: Place { thread: id.clone(), ..place.clone() }, ids: id })
    }

    /// Tells a person something where nothing can be shown to them alone.
    async fn tell_aside(&self, delivery: &Delivery, place: &Place, reply: &Reply) -> Result<(), Failed> {
        let seed = delivery.id.to_string();
        let mut told = reply.clone();
        if reply.is_private && place.workspace != DIRECT {
            match self.tell_directly(delivery, place, reply).await {
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
        match self.post_parts(delivery, channel(place), &rendered, 0, &seed).await.map_err(Failed::from) {
            Err(Failed::Closed(_)) if place.workspace != DIRECT => self.tell_directly(delivery, place, reply).await,
            posted => posted.map(|_| ()),
        }
    }

    async fn tell_directly(&self, delivery: &Delivery, place: &Place, reply: &Reply) -> Result<(), Failed> {
        let direct = self.direct(place, &delivery.recipient).await?;
        self.post_all(delivery, channel(&direct), reply, &format!("{}:direct", delivery.id)).await?;
        Ok(())
    }

    /// Says something in a place once, whatever happens again.
    pub(super) async fn announce(&self, place: &Place, reply: &Reply, key: &str) -> Result<(), workshop::Error> {
        let reply = serde_json::to_value(reply).unwrap_or_default();
        self.0.workshop.announce(place, reply, key).await
    }
}

/// An unfinished answer: its latest part, and that it goes on.
fn unfinished(text: &str) -> String {
    let count = text.chars().count();
    let latest: String = text.chars().skip(count.saturating_sub(SHOWN * 3)).collect();
    let shown = markup::pieces(&latest, SHOWN).pop().unwrap_or_default();
    format!("{shown} {}", reply::GOES_ON)
}
