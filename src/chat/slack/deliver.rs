//! Posts what is to be told, once, and brings what was posted up to date.

use std::time::Duration;

use serde_json::{Value, json};

use super::render::{Message, Rendered, render, render_one};
use super::{Failed, Slack, api};
use crate::chat::Ended;
use crate::chat::reply::{self, Reply, scene};
use crate::domain::DeliveryId;
use crate::domain::place::Place;
use crate::workshop::delivery::{Claim, Delivery, DeliveryKind, Refresh, Scene, is_to_come};
use crate::workshop::{self, Workshop};

/// How long a delivery is ours, in seconds; posting one message takes less, and each message renews it.
const CLAIM: f64 = 20.0;

/// How long to wait for whoever else is at it.
const TAKEN: Duration = Duration::from_secs(1);

/// How long to wait for a workspace whose token does not work: somebody may install the app again.
const REVOKED: Duration = Duration::from_secs(300);

/// What is between the ids of the messages that one delivery became.
const BETWEEN: char = ',';

impl Slack {
    /// Makes a delivery.
    pub async fn deliver(&self, id: DeliveryId, attempt: u32) -> Result<Ended, workshop::Error> {
        match self.0.workshop.claim_delivery(id, CLAIM).await? {
            Claim::Over => Ok(Ended::Done),
            Claim::Taken => Ok(Ended::Retry(TAKEN)),
            Claim::Yours(delivery) => self.deliver_claimed(*delivery, attempt).await,
        }
    }

    /// Makes a delivery that is ours.
    pub(super) async fn deliver_claimed(&self, delivery: Delivery, attempt: u32) -> Result<Ended, workshop::Error> {
        let workshop = &self.0.workshop;
        let scene = workshop.scene(&delivery).await?;
        if is_to_come(&delivery, scene.as_ref()) {
            workshop.release_delivery(delivery.id).await?;
            return Ok(Ended::Done);
        }
        let (Some(place), Some(scene)) = (delivery.place.clone(), scene) else {
            workshop.delivery_finished(delivery.id).await?;
            return Ok(Ended::Done);
        };
        let Some(reply) = shown(&delivery, &scene) else {
            workshop.delivery_finished(delivery.id).await?;
            return Ok(Ended::Done);
        };
        let done = match &delivery.posted_as {
            // An answer was shown in one message while it was written, and may need more.
            Some(posted) if delivery.kind == DeliveryKind::Message => self.complete(&place, posted, &reply).await,
            Some(posted) => self.edit(&place, posted, &reply).await,
            None => self.post_once(&delivery, &place, &scene, &reply).await,
        };
        match done {
            Ok(()) => self.delivered(&delivery, &scene).await,
            Err(Trouble::Workshop(error)) => Err(error),
            Err(Trouble::Slack(failed)) => self.troubled(&delivery, &place, failed, attempt).await,
        }
    }

    /// What follows from a delivery that was made.
    async fn delivered(&self, delivery: &Delivery, scene: &Scene) -> Result<Ended, workshop::Error> {
        let workshop = &self.0.workshop;
        workshop.delivery_finished(delivery.id).await?;
        match (delivery.kind, scene) {
            // It may have moved on while its progress was being posted, and has ended when its result was.
            (DeliveryKind::Progress | DeliveryKind::TrialFinished, Scene::Trial(trial, _)) => {
                self.refresh(&Refresh::Trial { trial: trial.id }).await
            }
            _ => Ok(Ended::Done),
        }
    }

    /// Posts what was not posted yet.
    async fn post_once(&self, delivery: &Delivery, place: &Place, scene: &Scene, reply: &Reply) -> Result<(), Trouble> {
        let workshop = &self.0.workshop;
        // Somebody began before, and died or heard nothing of it: what is there already is not posted again.
        let there = match delivery.attempted_at {
            Some(_) if delivery.recipient.is_empty() => self.find_posted(delivery, place).await,
            Some(_) | None => Vec::new(),
        };
        workshop.delivery_attempted(delivery.id).await?;
        if !delivery.recipient.is_empty() {
            self.whisper(place, &delivery.recipient, &render_one(reply)).await?;
            return Ok(());
        }
        let (channel, posted) = match self.post_all(delivery, place, &render(reply), &there).await {
            Err(Trouble::Slack(Failed::Api(error))) if error.is_too_long() => {
                let one = Rendered { messages: vec![plain(reply)], file: Some(reply.text.clone()) };
                self.post_all(delivery, place, &one, &[]).await?
            }
            posted => posted?,
        };
        self.posted(delivery, &Place { channel, ..place.clone() }, scene, &posted).await
    }

    async fn posted(&self, delivery: &Delivery, place: &Place, scene: &Scene, posted: &str) -> Result<(), Trouble> {
        match scene {
            Scene::Card { draft, .. } => {
                let card = posted.split(BETWEEN).next().unwrap_or(posted);
                self.0.workshop.card_posted(delivery, place, draft.id, card).await?;
                if place.channel.starts_with('D') && !place.thread.is_empty() {
                    self.name_thread(&place.workspace, &place.channel, &place.thread, &draft.name).await;
                }
            }
            Scene::Message { .. } | Scene::Trial(..) | Scene::Answer(..) | Scene::Note(_) | Scene::Told(_) => {
                self.0.workshop.delivery_posted(delivery.id, posted, &place.channel).await?;
            }
        }
        Ok(())
    }

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
            body["metadata"] = json!({
                "event_type": "workshop_delivery",
                "event_payload": { "delivery": delivery.id.to_string(), "part": part.to_string() },
            });
            // What is too long for one message goes on below it, not beside it.
            let first = posted.first().map(String::as_str).unwrap_or_default();
            let thread = if place.thread.is_empty() { first } else { &place.thread };
            if !thread.is_empty() {
                body["thread_ts"] = json!(thread);
            }
            self.0.workshop.renew_delivery(delivery.id, CLAIM).await?;
            let answer = self.post(&place.workspace, &body).await?;
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
                for part in crate::chat::split::split(text, 8_000) {
                    let message = render_one(&Reply::said(part));
                    let mut body = body(channel, &message);
                    body["thread_ts"] = json!(thread);
                    self.post(&place.workspace, &body).await?;
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

    /// Shows something else in place of what was posted.
    pub(super) async fn edit(&self, place: &Place, posted: &str, reply: &Reply) -> Result<(), Trouble> {
        // The buttons and what was decided stand on the last message; what stands before it does not change.
        let last = posted.rsplit(BETWEEN).next().unwrap_or(posted);
        match render(reply).messages.last() {
            Some(message) => self.update(place, last, message).await,
            None => Ok(()),
        }
    }

    /// Completes a message that was shown while it was written; what is too long for it follows below.
    async fn complete(&self, place: &Place, posted: &str, reply: &Reply) -> Result<(), Trouble> {
        let rendered = render(reply);
        if posted.contains(BETWEEN) {
            return self.edit(place, posted, reply).await;
        }
        for (part, message) in rendered.messages.iter().enumerate() {
            if part == 0 {
                self.update(place, posted, message).await?;
                continue;
            }
            let mut body = body(&place.channel, message);
            body["thread_ts"] = json!(place.thread);
            self.post(&place.workspace, &body).await?;
        }
        match &rendered.file {
            Some(file) => self.attach(place, &place.channel, &place.thread, file).await,
            None => Ok(()),
        }
    }

    async fn update(&self, place: &Place, ts: &str, message: &Message) -> Result<(), Trouble> {
        let mut body = body(&place.channel, message);
        body["ts"] = json!(ts);
        match self.call(&place.workspace, "chat.update", &body).await {
            Err(Failed::Api(error)) if error.is_lost_message() => Ok(()),
            done => done.map(|_| ()).map_err(Trouble::from),
        }
    }

    /// Tells one person something that only they see; in a direct message where the channel is closed to us.
    async fn whisper(&self, place: &Place, user: &str, message: &Message) -> Result<(), Trouble> {
        let mut whispered = body(&place.channel, message);
        whispered["user"] = json!(user);
        if !place.thread.is_empty() {
            whispered["thread_ts"] = json!(place.thread);
        }
        let direct = place.channel == user;
        let told = match direct {
            true => Err(Failed::Api(api::Error::Refused("channel_not_found".to_owned()))),
            false => self.call(&place.workspace, "chat.postEphemeral", &whispered).await,
        };
        match told {
            Err(Failed::Api(error)) if error.is_closed_channel() => {
                self.post(&place.workspace, &body(user, message)).await.map(|_| ()).map_err(Trouble::from)
            }
            told => told.map(|_| ()).map_err(Trouble::from),
        }
    }

    /// What to do about a delivery that Slack did not take.
    async fn troubled(
        &self,
        delivery: &Delivery,
        place: &Place,
        failed: Failed,
        attempt: u32,
    ) -> Result<Ended, workshop::Error> {
        let workshop = &self.0.workshop;
        let later = match &failed {
            Failed::Api(api::Error::RateLimited { retry_after }) => Some(*retry_after),
            Failed::Api(api::Error::Unavailable(_)) => Some(Duration::from_secs(1 << attempt.clamp(0, 5))),
            Failed::Api(error) if error.is_revoked() => Some(REVOKED),
            Failed::NotInstalled => Some(REVOKED),
            Failed::Api(_) => None,
        };
        if let Some(later) = later {
            tracing::warn!(delivery.id = %delivery.id, error = %failed, "A message to Slack waits");
            workshop.release_delivery(delivery.id).await?;
            return Ok(Ended::Retry(later));
        }
        let closed = matches!(&failed, Failed::Api(error) if error.is_closed_channel());
        let direct = self.direct(delivery, place).await?;
        if let (true, Some(user)) = (closed, direct)
            && user != place.channel
        {
            workshop.delivery_failed(delivery.id, "the channel is closed to the app").await?;
            return self.tell_directly(delivery, place, &user).await;
        }
        tracing::error!(delivery.id = %delivery.id, error = %failed, "A message to Slack cannot be delivered: {failed}");
        workshop.delivery_failed(delivery.id, "Slack refuses it").await?;
        Ok(Ended::Done)
    }

    /// Who is told directly what a channel does not take: who opened the workshop, else its owner.
    async fn direct(&self, delivery: &Delivery, place: &Place) -> Result<Option<String>, workshop::Error> {
        match self.0.workshop.scene(delivery).await? {
            Some(Scene::Card { user, .. }) if !user.is_empty() => Ok(Some(user)),
            None => Ok(None),
            Some(_) => self.0.workshop.owner_in(delivery, place).await,
        }
    }

    /// Posts in a direct message what a channel did not take, and says so.
    async fn tell_directly(&self, delivery: &Delivery, place: &Place, user: &str) -> Result<Ended, workshop::Error> {
        let there = Place { channel: user.to_owned(), thread: String::new(), ..place.clone() };
        let why = serde_json::to_value(reply::closed_channel(&place.channel)).unwrap_or_default();
        self.0.workshop.redirect(delivery, &there, why).await?;
        Ok(Ended::Done)
    }

    /// The workshop.
    pub(super) fn workshop(&self) -> &Workshop {
        &self.0.workshop
    }
}

/// Why a delivery was not made.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Slack did not take it.
    Slack(Failed),
    /// It could not be noted.
    Workshop(workshop::Error),
}

impl From<Failed> for Trouble {
    fn from(failed: Failed) -> Self {
        Self::Slack(failed)
    }
}

impl From<workshop::Error> for Trouble {
    fn from(error: workshop::Error) -> Self {
        Self::Workshop(error)
    }
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

/// What a delivery shows; `None` when there is nothing to show any more.
fn shown(delivery: &Delivery, scene: &Scene) -> Option<Reply> {
    match (delivery.kind, scene) {
        // The result tells it better, and comes at once.
        (DeliveryKind::Progress, Scene::Trial(trial, _)) if trial.status.is_final() => None,
        (DeliveryKind::Progress, Scene::Trial(trial, _)) => Some(scene::progress(trial)),
        (DeliveryKind::RatingReminder, Scene::Trial(trial, _)) => {
            trial.ratings.iter().all(|rating| rating.account != trial.account).then(|| scene::rating_reminder(trial))
        }
        (_, Scene::Note(note)) => {
            Some(scene::note(note, || delivery.body.get("draft").and_then(Value::as_i64).map(|id| id as i32)))
        }
        (_, scene) => worded(scene),
    }
}

pub(super) fn worded(scene: &Scene) -> Option<Reply> {
    match scene {
        Scene::Card { draft, owner, need, .. } => Some(scene::card(draft, owner, need.as_deref())),
        Scene::Message { message, author, draft, proposal } => {
            Some(scene::message(message, author, draft, proposal.as_deref()))
        }
        Scene::Trial(trial, draft) => Some(scene::result(trial, draft)),
        Scene::Answer(answer, asker) => Some(reply::answer_to(answer, asker)),
        Scene::Told(told) => Some(scene::notice(told)),
        Scene::Note(note) => Some(scene::note(note, || None)),
    }
}
