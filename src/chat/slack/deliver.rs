//! Posts and edits messages on Slack.

use std::time::Duration;

use serde_json::{Value, json};

use super::render::{Message, Rendered, render, render_one};
use super::{Failed, Slack, api, markup};
use crate::chat::port::{self, BETWEEN, Live, Port, Posted};
use crate::chat::reply::{self, Reply};
use crate::chat::{deliver::CLAIM, split};
use crate::domain::account::{Identity, Platform};
use crate::domain::place::Place;
use crate::domain::text::excerpt;
use crate::workshop::Workshop;
use crate::workshop::delivery::{Delivery, Scene};

/// The most of an unfinished answer that is shown by editing.
const SHOWN: usize = 3_000;

/// The most characters of one piece of a stream (Slack: 12,000).
const PIECE: usize = 11_000;

impl From<Failed> for port::Failed {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Api(api::Error::RateLimited { retry_after }) => Self::RateLimited { retry_after },
            Failed::Api(api::Error::Unavailable(why)) => Self::Unavailable(why),
            Failed::Api(error) if error.is_revoked() => Self::Unauthorized(error.to_string()),
            Failed::Api(error) if error.is_closed_channel() => Self::Closed(error.to_string()),
            Failed::Api(error) => Self::Refused(error.to_string()),
            Failed::NotInstalled => Self::Unauthorized(failed.to_string()),
        }
    }
}

impl Port for Slack {
    const PLATFORM: Platform = Platform::Slack;
    /// About 50 a minute in a workspace.
    const EDIT: Duration = Duration::from_secs(3);
    /// About 100 a minute.
    const STREAM: Duration = Duration::from_millis(1_000);
    /// It is shown for two minutes, or until the next message.
    const AT_WORK: Duration = Duration::from_secs(100);

    fn workshop(&self) -> &Workshop {
        &self.0.workshop
    }

    fn marker(&self) -> &str {
        &self.0.marker
    }

    async fn post(
        &self,
        delivery: &Delivery,
        place: &Place,
        scene: &Scene,
        reply: &Reply,
    ) -> Result<Posted, port::Failed> {
        // Somebody began before, and died or heard nothing of it: what is there already is not posted again.
        let there = match delivery.attempted_at {
            Some(_) => self.find_posted(delivery, place).await,
            None => Vec::new(),
        };
        let (channel, ids) = match self.post_all(delivery, place, &render(reply), &there).await {
            Err(Trouble::Slack(Failed::Api(error))) if error.is_too_long() => {
                let one = Rendered { messages: vec![plain(reply)], file: Some(reply.text.clone()) };
                self.post_all(delivery, place, &one, &[]).await?
            }
            posted => posted?,
        };
        let mut posted = Posted { place: Place { channel, ..place.clone() }, ids };
        if matches!(scene, Scene::Card { .. }) && place.thread.is_empty() {
            posted.place.thread = posted.first().to_owned();
        }
        Ok(posted)
    }

    async fn after(&self, posted: &Posted, scene: &Scene) -> Result<(), port::Failed> {
        let Place { workspace, channel, thread, .. } = &posted.place;
        if let Scene::Card { draft, .. } = scene
            && channel.starts_with('D')
            && thread != posted.first()
        {
            self.name_thread(workspace, channel, thread, &draft.name).await;
        }
        Ok(())
    }

    async fn edit(&self, place: &Place, ids: &str, reply: &Reply) -> Result<(), port::Failed> {
        // The buttons and what was decided stand on the last message; what stands before it does not change.
        let last = ids.rsplit(BETWEEN).next().unwrap_or(ids);
        match render(reply).messages.last() {
            Some(message) => self.update(place, last, message).await.map_err(Into::into),
            None => Ok(()),
        }
    }

    async fn complete(
        &self,
        _delivery: &Delivery,
        place: &Place,
        ids: &str,
        reply: &Reply,
    ) -> Result<(), port::Failed> {
        let rendered = render(reply);
        for (part, message) in rendered.messages.iter().enumerate() {
            if part == 0 {
                self.update(place, ids, message).await?;
                continue;
            }
            let mut body = body(&place.channel, message);
            body["thread_ts"] = json!(place.thread);
            self.post_message(&place.workspace, &body).await?;
        }
        match &rendered.file {
            Some(file) => Ok(self.attach(place, &place.channel, &place.thread, file).await?),
            None => Ok(()),
        }
    }

    async fn whisper(&self, delivery: &Delivery, place: &Place, reply: &Reply) -> Result<(), port::Failed> {
        let (user, message) = (&delivery.recipient, render_one(reply));
        let mut whispered = body(&place.channel, &message);
        whispered["user"] = json!(user);
        if !place.thread.is_empty() {
            whispered["thread_ts"] = json!(place.thread);
        }
        let told = match place.channel == *user {
            true => Err(Failed::Api(api::Error::Refused("channel_not_found".to_owned()))),
            false => self.call(&place.workspace, "chat.postEphemeral", &whispered).await,
        };
        match told {
            // In a direct message where the channel is closed to us.
            Err(Failed::Api(error)) if error.is_closed_channel() => {
                self.post_message(&place.workspace, &body(user, &message)).await?;
            }
            told => {
                told?;
            }
        }
        Ok(())
    }

    async fn direct(&self, place: &Place, user: &str) -> Result<Place, port::Failed> {
        Ok(Place { channel: user.to_owned(), thread: String::new(), ..place.clone() })
    }

    async fn at_work(&self, place: &Place) {
        let body = json!({ "channel_id": place.channel, "thread_ts": place.thread, "status": "is thinking…" });
        // Decoration: where Slack does not take it, the answer comes all the same.
        let _ = self.call(&place.workspace, "assistant.threads.setStatus", &body).await;
    }

    /// Begins to stream; where that is refused, begins with a message that is edited.
    async fn begin(&self, delivery: &Delivery, place: &Place, text: &str) -> Result<(Live, String), port::Failed> {
        let mut body = json!({
            "channel": place.channel,
            "thread_ts": place.thread,
            "markdown_text": excerpt(&markup::neutral(text), PIECE),
        });
        if !place.channel.starts_with('D') {
            let user = self.0.workshop.asker_in(delivery, place).await?;
            body["recipient_user_id"] = json!(user.unwrap_or_default());
            body["recipient_team_id"] = json!(place.workspace);
        }
        let (live, answer) = match self.call(&place.workspace, "chat.startStream", &body).await {
            Ok(answer) => (Live::Stream, answer),
            Err(error) => {
                tracing::debug!(%error, "Slack does not stream here; the message is edited instead");
                let body = json!({
                    "channel": place.channel,
                    "thread_ts": place.thread,
                    "text": unfinished(text),
                    "metadata": metadata(delivery, 0),
                });
                (Live::Edits, self.post_message(&place.workspace, &body).await?)
            }
        };
        Ok((live, answer["ts"].as_str().unwrap_or_default().to_owned()))
    }

    async fn go_on(&self, place: &Place, id: &str, live: Live, text: &str, upto: usize) -> Result<(), port::Failed> {
        let mut body = json!({ "channel": place.channel, "ts": id });
        let method = match live {
            Live::Stream => {
                let new = text.get(upto..).unwrap_or_default();
                body["markdown_text"] = json!(excerpt(&markup::neutral(new), PIECE));
                "chat.appendStream"
            }
            Live::Edits => {
                body["text"] = json!(unfinished(text));
                "chat.update"
            }
        };
        self.call(&place.workspace, method, &body).await?;
        Ok(())
    }

    async fn end(&self, place: &Place, id: &str) {
        let body = json!({ "channel": place.channel, "ts": id });
        // It may have ended, or never have been a stream.
        let _ = self.call(&place.workspace, "chat.stopStream", &body).await;
    }

    async fn publish_home(&self, identity: &Identity, page: &Reply) {
        self.show_home(&identity.workspace, &identity.user, page).await;
    }
}

impl Slack {
    /// Posts every message of a reply, and its file; returns the channel that Slack put it into, and the messages' ids.
    async fn post_all(
        &self,
        delivery: &Delivery,
        place: &Place,
        rendered: &Rendered,
        there: &[(String, String)],
    ) -> Result<(String, String), Trouble> {
        let mut posted: Vec<String> = Vec::new();
        let mut channel = place.channel.clone();
        for (part, message) in rendered.messages.iter().enumerate() {
            if let Some((_, ts)) = there.iter().find(|(known, _)| *known == part.to_string()) {
                posted.push(ts.clone());
                continue;
            }
            let mut body = body(&channel, message);
            body["unfurl_links"] = json!(false);
            body["unfurl_media"] = json!(false);
            body["metadata"] = metadata(delivery, part);
            // What is too long for one message goes on below it, not beside it.
            let first = posted.first().map(String::as_str).unwrap_or_default();
            let thread = if place.thread.is_empty() { first } else { &place.thread };
            if !thread.is_empty() {
                body["thread_ts"] = json!(thread);
            }
            self.0.workshop.renew_delivery(delivery.id, CLAIM).await?;
            let answer = self.post_message(&place.workspace, &body).await?;
            channel = answer["channel"].as_str().unwrap_or(&channel).to_owned();
            posted.push(answer["ts"].as_str().unwrap_or_default().to_owned());
        }
        if let Some(file) = &rendered.file {
            let thread = if place.thread.is_empty() {
                posted.first().cloned().unwrap_or_default()
            } else {
                place.thread.clone()
            };
            self.attach(place, &channel, &thread, file).await?;
        }
        Ok((channel, posted.join(&BETWEEN.to_string())))
    }

    /// Attaches the whole text; where files are not allowed, posts it in as many messages as it takes.
    async fn attach(&self, place: &Place, channel: &str, thread: &str, text: &str) -> Result<(), Trouble> {
        let token = self.token(&place.workspace).await?;
        let attached = self.0.api.attach(&token, (channel, thread), ("answer.md", "The whole text"), text).await;
        match attached {
            Ok(()) => Ok(()),
            Err(error @ (api::Error::RateLimited { .. } | api::Error::Unavailable(_))) => {
                Err(Failed::from(error).into())
            }
            Err(api::Error::Refused(code)) => {
                tracing::warn!(code, "Slack does not take a file; the text is posted in parts");
                for part in split::split(text, 8_000) {
                    let message = render_one(&Reply::said(part));
                    let mut body = body(channel, &message);
                    body["thread_ts"] = json!(thread);
                    self.post_message(&place.workspace, &body).await?;
                }
                Ok(())
            }
        }
    }

    /// Looks for what was posted before anyone could write down that it was: each part's number, and the message's id.
    async fn find_posted(&self, delivery: &Delivery, place: &Place) -> Vec<(String, String)> {
        let Ok(token) = self.token(&place.workspace).await else { return Vec::new() };
        let oldest = delivery.attempted_at.map(|at| at.timestamp() - 60).unwrap_or_default();
        let mut parameters = vec![
            ("channel", place.channel.clone()),
            ("oldest", format!("{oldest}.000000")),
            ("limit", "200".to_owned()),
            ("include_all_metadata", "true".to_owned()),
        ];
        let method = if place.thread.is_empty() { "conversations.history" } else { "conversations.replies" };
        if !place.thread.is_empty() {
            parameters.push(("ts", place.thread.clone()));
        }
        // Where the history cannot be read, posting twice is better than not at all.
        let Ok(answer) = self.0.api.get(&token, method, &parameters).await else { return Vec::new() };
        let id = delivery.id.to_string();
        let part = |message: &Value| {
            let payload = &message["metadata"]["event_payload"];
            let ours = payload["delivery"] == id.as_str();
            let part = payload["part"].as_str().unwrap_or("0").to_owned();
            message["ts"].as_str().filter(|_| ours).map(|ts| (part, ts.to_owned()))
        };
        answer["messages"].as_array().map(|messages| messages.iter().filter_map(part).collect()).unwrap_or_default()
    }

    async fn update(&self, place: &Place, ts: &str, message: &Message) -> Result<(), Trouble> {
        let mut body = body(&place.channel, message);
        body["ts"] = json!(ts);
        match self.call(&place.workspace, "chat.update", &body).await {
            Err(Failed::Api(error)) if error.is_lost_message() => Ok(()),
            done => done.map(|_| ()).map_err(Trouble::from),
        }
    }
}

/// Why something was not posted.
#[derive(Debug)]
enum Trouble {
    /// Slack did not take it.
    Slack(Failed),
    /// It could not be noted.
    Workshop(crate::workshop::Error),
}

impl From<Failed> for Trouble {
    fn from(failed: Failed) -> Self {
        Self::Slack(failed)
    }
}

impl From<crate::workshop::Error> for Trouble {
    fn from(error: crate::workshop::Error) -> Self {
        Self::Workshop(error)
    }
}

impl From<Trouble> for port::Failed {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Slack(failed) => failed.into(),
            Trouble::Workshop(error) => Self::Workshop(error),
        }
    }
}

/// What a message of ours is found by when nobody could note its id.
fn metadata(delivery: &Delivery, part: usize) -> Value {
    json!({
        "event_type": "workshop_delivery",
        "event_payload": { "delivery": delivery.id.to_string(), "part": part.to_string() },
    })
}

fn body(channel: &str, message: &Message) -> Value {
    let mut body = json!({ "channel": channel, "text": message.text, "link_names": false });
    if !message.blocks.is_empty() {
        body["blocks"] = json!(message.blocks);
    }
    body
}

/// A reply without blocks, for when Slack takes none of them.
fn plain(reply: &Reply) -> Message {
    Message { text: super::render::fallback(reply), blocks: Vec::new() }
}

/// An unfinished answer: its latest part, and that it goes on.
fn unfinished(text: &str) -> String {
    let count = text.chars().count();
    let latest: String = text.chars().skip(count.saturating_sub(SHOWN)).collect();
    format!("{} {}", markup::escape(&markup::neutral(&latest)), reply::GOES_ON)
}
