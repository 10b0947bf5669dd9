//! Shows an answer while it is written, and a test while it runs.
//!
//! An answer is streamed by Slack's streaming methods; where they are refused, one message is edited. Either way the
//! message's id is noted at once, so that whoever completes it, after a crash too, completes the same message.

use std::time::{Duration, Instant};

use serde_json::json;

use super::deliver::Trouble;
use super::{Slack, markup};
use crate::chat::reply::{self, Reply, scene};
use crate::domain::place::Place;
use crate::domain::text::excerpt;
use crate::domain::{MessageId, TrialId};
use crate::workshop::delivery::{Claim, Delivery, Refresh, Scene};
use crate::workshop::event::{Event, Subscription};

/// How long a delivery is ours while its answer is written, in seconds, and how often that is renewed. Should this copy of
/// the service die, another takes over after that.
const CLAIM: f64 = 15.0;
const RENEW: Duration = Duration::from_secs(4);

/// An answer that is there within this time of its first words is posted whole.
const HEAD_START: Duration = Duration::from_millis(900);

/// Between two pieces of a stream (Slack: about 100 a minute).
const STREAM: Duration = Duration::from_millis(1_000);

/// Between two edits of one message (Slack: about 50 a minute).
const EDIT: Duration = Duration::from_secs(3);

/// The most of an unfinished answer that is shown by editing.
const SHOWN: usize = 3_000;

/// Shows one answer while it is written.
pub struct TurnFollower {
    slack: Slack,
    message: MessageId,
    events: Subscription,
    places: Vec<Shown>,
    text: String,
    first: Option<Instant>,
    renewed: Instant,
}

/// What one place shows of it.
struct Shown {
    delivery: Delivery,
    place: Place,
    how: How,
    /// How many bytes of the text it shows.
    upto: usize,
    changed: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Nothing,
    Stream,
    Edits,
    /// What is shown cannot go on: it is completed at the end.
    Stopped,
}

impl Slack {
    /// Follows the answer to a message; subscribe before it is begun.
    pub async fn follow_turn(&self, message: MessageId) -> TurnFollower {
        let events = self.workshop().events().subscribe();
        let mut places = Vec::new();
        for prepared in self.workshop().prepare_answer(message).await.unwrap_or_default() {
            let Some(place) = prepared.place.clone() else { continue };
            let Ok(Claim::Yours(delivery)) = self.workshop().claim_delivery(prepared.id, CLAIM).await else { continue };
            // What an earlier attempt showed cannot be gone on with.
            let how = if delivery.posted_as.is_some() { How::Stopped } else { How::Nothing };
            places.push(Shown { delivery: *delivery, place, how, upto: 0, changed: Instant::now() });
        }
        let now = Instant::now();
        let follower = TurnFollower {
            slack: self.clone(),
            message,
            events,
            places,
            text: String::new(),
            first: None,
            renewed: now,
        };
        follower.status("is thinking…").await;
        follower
    }

    /// Keeps the progress of a test up to date; ends only when it is dropped.
    pub async fn follow_trial(&self, trial: TrialId) {
        let mut events = self.workshop().events().subscribe();
        let mut last: Option<(Instant, Reply)> = None;
        loop {
            // Whatever is heard, or nothing for a while, the row is the truth.
            let heard = tokio::time::timeout(EDIT, events.next()).await;
            if let Ok(event) = heard
                && !matches!(&*event, Event::Gap)
                && *event != (Event::TrialChanged { trial })
            {
                continue;
            }
            if let Some((at, _)) = &last
                && let Some(left) = EDIT.checked_sub(at.elapsed())
            {
                tokio::time::sleep(left).await;
            }
            let Ok(Some((Scene::Trial(now, _), ..))) = self.workshop().posted_trial(trial).await else {
                continue;
            };
            let progress = scene::progress(&now);
            if now.status.is_final() || last.as_ref().is_some_and(|(_, shown)| *shown == progress) {
                continue;
            }
            last = Some((Instant::now(), progress));
            // What cannot be shown now is shown with the next change.
            let _ = self.refresh(&Refresh::Trial { trial }).await;
        }
    }
}

impl TurnFollower {
    /// Shows the answer as it comes; ends only when it is dropped.
    pub async fn watch(&mut self) {
        if self.places.is_empty() {
            return std::future::pending().await;
        }
        loop {
            let event = tokio::time::timeout(Duration::from_millis(250), self.events.next()).await;
            if let Ok(event) = event
                && let Event::Delta { message, part, text, .. } = &*event
                && *message == self.message
            {
                self.hear(*part, text);
            }
            if self.renewed.elapsed() > RENEW {
                self.renewed = Instant::now();
                for shown in &self.places {
                    let _ = self.slack.workshop().renew_delivery(shown.delivery.id, CLAIM).await;
                }
            }
            self.show().await;
        }
    }

    fn hear(&mut self, part: u32, text: &str) {
        if part == 0 {
            self.text.clear();
            for shown in &mut self.places {
                // A stream cannot be taken back.
                if shown.how == How::Stream {
                    shown.how = How::Stopped;
                }
                shown.upto = 0;
            }
        }
        self.first.get_or_insert_with(Instant::now);
        self.text.push_str(text);
    }

    async fn show(&mut self) {
        if self.first.is_none_or(|first| first.elapsed() < HEAD_START) {
            return;
        }
        let (slack, text) = (self.slack.clone(), self.text.clone());
        for shown in &mut self.places {
            if shown.upto >= text.len() {
                continue;
            }
            let due = match shown.how {
                How::Nothing => true,
                How::Stream => shown.changed.elapsed() >= STREAM,
                How::Edits => shown.changed.elapsed() >= EDIT,
                How::Stopped => false,
            };
            if due {
                shown.go_on(&slack, &text).await;
            }
        }
    }

    async fn status(&self, status: &str) {
        for shown in &self.places {
            let body = json!({ "channel_id": shown.place.channel, "thread_ts": shown.place.thread, "status": status });
            // Decoration: where Slack does not take it, the answer comes all the same.
            let _ = self.slack.call(&shown.place.workspace, "assistant.threads.setStatus", &body).await;
        }
    }

    /// Completes what was shown, once the answer is stored; gives it back when it is not.
    pub async fn finish(mut self, answered: bool) {
        for shown in std::mem::take(&mut self.places) {
            shown.stop(&self.slack).await;
            let id = shown.delivery.id;
            let finished = match answered {
                true => self.slack.deliver_claimed(shown.delivery, 1).await.map(|_| ()),
                false => self.slack.workshop().release_delivery(id).await,
            };
            if let Err(error) = finished {
                tracing::warn!(%error, "An answer on Slack could not be completed; its job does it");
                let _ = self.slack.workshop().release_delivery(id).await;
            }
        }
    }
}

impl Shown {
    async fn go_on(&mut self, slack: &Slack, text: &str) {
        self.changed = Instant::now();
        let new = text.get(self.upto..).unwrap_or_default();
        let went = match self.how {
            How::Nothing => self.begin(slack, text).await,
            How::Stream => self.append(slack, new).await,
            How::Edits => self.replace(slack, text).await,
            How::Stopped => Ok(()),
        };
        match went {
            Ok(()) => self.upto = text.len(),
            Err(error) => tracing::debug!(?error, "An unfinished answer could not be shown"),
        }
    }

    /// Begins to stream; where that is refused, begins with a message that is edited.
    async fn begin(&mut self, slack: &Slack, text: &str) -> Result<(), Trouble> {
        let workshop = slack.workshop();
        let mut body = json!({
            "channel": self.place.channel,
            "thread_ts": self.place.thread,
            "markdown_text": excerpt(&markup::neutral(text), 11_000),
        });
        if !self.place.channel.starts_with('D') {
            let user = workshop.asker_in(&self.delivery, &self.place).await?;
            body["recipient_user_id"] = json!(user.unwrap_or_default());
            body["recipient_team_id"] = json!(self.place.workspace);
        }
        workshop.delivery_attempted(self.delivery.id).await?;
        let streamed = slack.call(&self.place.workspace, "chat.startStream", &body).await;
        let answer = match streamed {
            Ok(answer) => {
                self.how = How::Stream;
                answer
            }
            Err(error) => {
                tracing::debug!(%error, "Slack does not stream here; the message is edited instead");
                self.how = How::Edits;
                let unfinished = json!({
                    "channel": self.place.channel,
                    "thread_ts": self.place.thread,
                    "text": unfinished(text),
                    "metadata": { "event_type": "workshop_delivery", "event_payload": { "delivery": self.delivery.id.to_string() } },
                });
                slack.post(&self.place.workspace, &unfinished).await.inspect_err(|_| self.how = How::Nothing)?
            }
        };
        let ts = answer["ts"].as_str().unwrap_or_default().to_owned();
        workshop.delivery_posted(self.delivery.id, &ts, &self.place.channel).await?;
        self.delivery.posted_as = Some(ts);
        Ok(())
    }

    async fn append(&mut self, slack: &Slack, new: &str) -> Result<(), Trouble> {
        let body = json!({
            "channel": self.place.channel,
            "ts": self.delivery.posted_as,
            "markdown_text": excerpt(&markup::neutral(new), 11_000),
        });
        let appended = slack.call(&self.place.workspace, "chat.appendStream", &body).await;
        if let Err(super::Failed::Api(super::api::Error::Refused(_))) = &appended {
            self.how = How::Stopped;
        }
        appended.map(|_| ()).map_err(Trouble::from)
    }

    async fn replace(&mut self, slack: &Slack, text: &str) -> Result<(), Trouble> {
        let body = json!({ "channel": self.place.channel, "ts": self.delivery.posted_as, "text": unfinished(text) });
        slack.call(&self.place.workspace, "chat.update", &body).await.map(|_| ()).map_err(Trouble::from)
    }

    /// Ends a stream, ours or one that a dead copy of the service left open.
    async fn stop(&self, slack: &Slack) {
        let open = matches!(self.how, How::Stream | How::Stopped);
        if let (true, Some(ts)) = (open, &self.delivery.posted_as) {
            let body = json!({ "channel": self.place.channel, "ts": ts });
            // It may have ended, or never have been a stream.
            let _ = slack.call(&self.place.workspace, "chat.stopStream", &body).await;
        }
    }
}

/// An unfinished answer: its latest part, and that it goes on.
fn unfinished(text: &str) -> String {
    let count = text.chars().count();
    let latest: String = text.chars().skip(count.saturating_sub(SHOWN)).collect();
    format!("{} {}", markup::escape(&markup::neutral(&latest)), reply::GOES_ON)
}
