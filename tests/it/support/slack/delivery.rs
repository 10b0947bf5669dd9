//! What Slack brings to the app, when it counts as delivered, and when it is brought again.

use std::future::IntoFuture;
use std::panic::Location;
use std::pin::Pin;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::Slack;
use super::posted::text_of;
use super::state::{Transport, list, some_text, text};

/// An app's answer to a delivery.
#[derive(Debug, Clone)]
pub struct Ack {
    /// What it said beyond the bare ack.
    pub payload: Option<Value>,
    /// How long it took.
    pub took: Duration,
    /// The HTTP status; 200 from a socket.
    pub status: u16,
}

impl Ack {
    /// What the person reads who gave the command; empty when nothing was said at once.
    pub fn text(&self) -> String {
        let payload = self.payload.as_ref().unwrap_or(&Value::Null);
        let blocks = list(payload, "blocks");
        if blocks.is_empty() { text(payload, "text").to_owned() } else { text_of(blocks) }
    }

    /// The options that were suggested.
    pub fn options(&self) -> Vec<Value> {
        self.payload.as_ref().map_or(Vec::new(), |payload| {
            let groups = list(payload, "option_groups").iter().flat_map(|group| list(group, "options"));
            list(payload, "options").iter().chain(groups).cloned().collect()
        })
    }

    /// What is wrong with a submission, by block.
    pub fn errors(&self) -> Map<String, Value> {
        self.payload.as_ref().and_then(|payload| payload["errors"].as_object()).cloned().unwrap_or_default()
    }
}

/// One attempt at a delivery.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// `event_callback`, `slash_command`, `block_actions`, `view_submission`, …
    pub kind: String,
    /// As delivered.
    pub payload: Value,
    /// 0 for the first.
    pub attempt: u32,
    /// Why there was another attempt; empty for the first.
    pub reason: String,
    /// None while it is under way, and when it came to nothing.
    pub ack: Option<Ack>,
}

/// How a payload travels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Event,
    Command,
    Interactive,
}

#[derive(Debug, Clone)]
pub(super) struct Parcel {
    pub(super) kind: Kind,
    pub(super) envelope_id: String,
    pub(super) payload: Value,
}

impl Parcel {
    fn name(&self) -> &str {
        some_text(&self.payload, "type").map_or("slash_command", |_| text(&self.payload, "type"))
    }

    /// Whether the app may say something in its ack.
    pub(super) fn accepts_response(&self) -> bool {
        self.kind == Kind::Command || matches!(self.name(), "view_submission" | "block_suggestion")
    }
}

/// Why an attempt came to nothing.
pub(super) enum Missed {
    Timeout,
    Lost,
    Unreachable,
    Refused(u16, String),
}

impl Missed {
    fn reason(&self, transport: &Transport) -> &'static str {
        match (transport, self) {
            (Transport::Sockets, _) => "timeout",
            (Transport::Http(_), Self::Timeout) => "http_timeout",
            (Transport::Http(_), Self::Lost | Self::Unreachable) => "connection_failed",
            (Transport::Http(_), Self::Refused(..)) => "http_error",
        }
    }

    fn story(&self, limit: Duration) -> String {
        match self {
            Self::Timeout => format!("no ack within {limit:?}"),
            Self::Lost => "the connection ended before the ack".to_owned(),
            Self::Unreachable => "the app is not reachable".to_owned(),
            Self::Refused(status, body) => format!("answered with status {status}: {body}"),
        }
    }
}

/// Attempts at an event, the first one included.
const ATTEMPTS: u32 = 4;

/// A delivery that is made when it is awaited; without an ack, the test fails.
#[must_use = "it is delivered when it is awaited"]
pub struct Sending {
    slack: Slack,
    parcel: Parcel,
    attempts: std::ops::Range<u32>,
    reason: &'static str,
    caller: &'static Location<'static>,
}

impl IntoFuture for Sending {
    type Output = Ack;
    type IntoFuture = Pin<Box<dyn Future<Output = Ack> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (slack, caller, name) = (self.slack.clone(), self.caller, self.parcel.name().to_owned());
            match self.result().await {
                Ok(ack) => ack,
                Err(story) => panic!("{caller}: {name} was not delivered: {story}\n{}", slack.everything()),
            }
        })
    }
}

impl Sending {
    /// Delivers an event without bringing it again.
    pub fn once(mut self) -> Self {
        self.attempts.end = self.attempts.start + 1;
        self
    }

    /// Delivers it, if that can be done.
    pub async fn attempt(self) -> Option<Ack> {
        self.result().await.ok()
    }

    /// Delivers it to an app that is expected not to react, every time.
    pub async fn expect_no_ack(self) {
        let (caller, name) = (self.caller, self.parcel.name().to_owned());
        if let Ok(ack) = self.result().await {
            panic!("{caller}: {name} was acked: {ack:?}");
        }
    }

    async fn result(self) -> Result<Ack, String> {
        let Self { slack, parcel, attempts, mut reason, caller: _ } = self;
        let mut stories = Vec::new();
        for attempt in attempts {
            match slack.deliver(&parcel, attempt, reason).await {
                Ok(ack) => return Ok(ack),
                Err(missed) => {
                    let data = slack.data();
                    reason = missed.reason(&data.transport);
                    stories.push(missed.story(data.ack_limit));
                }
            }
        }
        Err(stories.join("; then "))
    }
}

impl Slack {
    /// Brings the last delivery once more, as if its ack had been lost: the same event id.
    #[track_caller]
    pub fn redeliver_last(&self) -> Sending {
        let (parcel, attempt) = self.data().last.clone().expect("something was delivered before");
        let reason = match self.data().transport {
            Transport::Sockets => "timeout",
            Transport::Http(_) => "http_timeout",
        };
        let attempts = attempt + 1..attempt + 2;
        Sending { slack: self.clone(), parcel, attempts, reason, caller: Location::caller() }
    }

    #[track_caller]
    pub(super) fn sending(&self, kind: Kind, payload: Value) -> Sending {
        let envelope_id = format!("envelope-{}", self.data().serial());
        let parcel = Parcel { kind, envelope_id, payload };
        let attempts = 0..if kind == Kind::Event { ATTEMPTS } else { 1 };
        Sending { slack: self.clone(), parcel, attempts, reason: "", caller: Location::caller() }
    }

    async fn deliver(&self, parcel: &Parcel, attempt: u32, reason: &str) -> Result<Ack, Missed> {
        let (at, transport, limit) = {
            let data = &mut *self.data();
            data.last = Some((parcel.clone(), attempt));
            let (kind, payload) = (parcel.name().to_owned(), parcel.payload.clone());
            data.deliveries.push(Delivery { kind, payload, attempt, reason: reason.to_owned(), ack: None });
            (data.deliveries.len() - 1, data.transport.clone(), data.ack_limit)
        };
        let ack = match transport {
            Transport::Sockets => self.over_socket(parcel, attempt, reason, limit).await?,
            Transport::Http(base) => self.over_http(&base, parcel, attempt, reason, limit).await?,
        };
        self.data().deliveries[at].ack = Some(ack.clone());
        self.settle(parcel, &ack);
        Ok(ack)
    }

    /// Does what the app said in its ack.
    fn settle(&self, parcel: &Parcel, ack: &Ack) {
        let data = &mut *self.data();
        let payload = &parcel.payload;
        match (&ack.payload, parcel.name()) {
            (answer, "view_submission") => data.after_submission(text(&payload["view"], "id"), answer.as_ref()),
            (answer, "block_suggestion") => data.check_options(answer.as_ref().unwrap_or(&json!({}))),
            (Some(answer), _) if parcel.kind == Kind::Command => {
                let _ =
                    data.respond("a command's answer", text(payload, "channel_id"), text(payload, "user_id"), answer);
            }
            (Some(answer), name) if !parcel.accepts_response() => {
                data.violation(format!("{name}: an answer that Slack does not read: {answer}"));
            }
            _ => {}
        }
    }
}
