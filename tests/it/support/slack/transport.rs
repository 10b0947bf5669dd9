//! The two ways from Slack to the app: a frame on a socket, a signed request.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use serde_json::{Value, json};

use super::delivery::{Ack, Kind, Missed, Parcel};
use super::{SIGNING_SECRET, Slack};

/// Between two tries to reach an app that is not there.
const PAUSE: Duration = Duration::from_millis(10);

impl Kind {
    fn envelope_type(self) -> &'static str {
        match self {
            Self::Event => "events_api",
            Self::Command => "slash_commands",
            Self::Interactive => "interactive",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Event => "/slack/events",
            Self::Command => "/slack/commands",
            Self::Interactive => "/slack/interactive",
        }
    }

    /// Slack brings an event later; whoever presses a button is told at once that nobody is there.
    fn waits_for_app(self) -> bool {
        self == Self::Event
    }
}

impl Slack {
    pub(super) async fn over_socket(
        &self,
        parcel: &Parcel,
        attempt: u32,
        reason: &str,
        limit: Duration,
    ) -> Result<Ack, Missed> {
        let mut envelope_id = parcel.envelope_id.clone();
        let mut frame = json!({
            "type": parcel.kind.envelope_type(), "payload": parcel.payload,
            "accepts_response_payload": parcel.accepts_response(),
        });
        if parcel.kind == Kind::Event {
            envelope_id += &format!("-{attempt}");
            frame["retry_attempt"] = json!(attempt);
            frame["retry_reason"] = json!(reason);
        }
        frame["envelope_id"] = json!(envelope_id);
        let waits_since = Instant::now();
        let acked = loop {
            if let Some(acked) = self.data().sockets.send(&envelope_id, &frame) {
                break acked;
            }
            if !parcel.kind.waits_for_app() || waits_since.elapsed() > limit {
                return Err(Missed::Unreachable);
            }
            tokio::time::sleep(PAUSE).await;
        };
        let sent = Instant::now();
        match tokio::time::timeout(limit, acked).await {
            Ok(Ok(payload)) => Ok(Ack { payload, took: sent.elapsed(), status: 200 }),
            Ok(Err(_)) => Err(Missed::Lost),
            Err(_) => {
                self.data().sockets.give_up(&envelope_id);
                Err(Missed::Timeout)
            }
        }
    }

    pub(super) async fn over_http(
        &self,
        base: &str,
        parcel: &Parcel,
        attempt: u32,
        reason: &str,
        limit: Duration,
    ) -> Result<Ack, Missed> {
        let (content_type, body) = match parcel.kind {
            Kind::Event => ("application/json", parcel.payload.to_string()),
            Kind::Command => ("application/x-www-form-urlencoded", form(&parcel.payload)),
            Kind::Interactive => {
                ("application/x-www-form-urlencoded", form(&json!({"payload": parcel.payload.to_string()})))
            }
        };
        let waits_since = Instant::now();
        loop {
            let timestamp = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
            let url = format!("{base}{}", parcel.kind.path());
            let mut request = self.signed(&url, &body, content_type, timestamp, SIGNING_SECRET).timeout(limit);
            if attempt > 0 {
                request = request.header("X-Slack-Retry-Num", attempt).header("X-Slack-Retry-Reason", reason);
            }
            let sent = Instant::now();
            let response = match request.send().await {
                Ok(response) => response,
                Err(error) if error.is_timeout() => return Err(Missed::Timeout),
                Err(error) if error.is_connect() => {
                    if !parcel.kind.waits_for_app() || waits_since.elapsed() > limit {
                        return Err(Missed::Unreachable);
                    }
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
                Err(_) => return Err(Missed::Lost),
            };
            let status = response.status();
            let text = match response.text().await {
                Ok(text) => text,
                Err(error) if error.is_timeout() => return Err(Missed::Timeout),
                Err(_) => return Err(Missed::Lost),
            };
            if !status.is_success() {
                return Err(Missed::Refused(status.as_u16(), text));
            }
            return Ok(Ack { payload: said(parcel.kind, text), took: sent.elapsed(), status: status.as_u16() });
        }
    }

    /// Posts a body signed with this secret at this time (seconds since 1970); the answer's status and body.
    pub async fn signed_post(
        &self,
        base: &str,
        path: &str,
        body: &str,
        content_type: &str,
        timestamp: u64,
        secret: &str,
    ) -> (u16, String) {
        let url = format!("{}{path}", base.trim_end_matches('/'));
        let response = self.signed(&url, body, content_type, timestamp, secret).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    fn signed(
        &self,
        url: &str,
        body: &str,
        content_type: &str,
        timestamp: u64,
        secret: &str,
    ) -> reqwest::RequestBuilder {
        let client = self.shared.client.get_or_init(|| reqwest::Client::builder().no_proxy().build().unwrap());
        client
            .post(url)
            .header("Content-Type", content_type)
            .header("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
            .header("X-Slack-Request-Timestamp", timestamp)
            .header("X-Slack-Signature", signature(body, timestamp, secret))
            .body(body.to_owned())
    }
}

/// What the app said; a text that is no JSON is what it says to a command.
fn said(kind: Kind, body: String) -> Option<Value> {
    match serde_json::from_str::<Value>(&body) {
        Ok(value) if value.is_object() => Some(value).filter(|value| *value != json!({})),
        _ if kind == Kind::Command && !body.trim().is_empty() => Some(json!({"text": body})),
        _ => None,
    }
}

/// The header that proves that a request is from Slack.
pub fn signature(body: &str, timestamp: u64, secret: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let digest = hmac::sign(&key, format!("v0:{timestamp}:{body}").as_bytes());
    digest.as_ref().iter().fold("v0=".to_owned(), |text, byte| text + format!("{byte:02x}").as_str())
}

fn form(payload: &Value) -> String {
    let pairs = payload.as_object().unwrap().iter().map(|(key, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (key.as_str(), text)
    });
    let url = reqwest::Url::parse_with_params("http://form/", pairs).unwrap();
    url.query().unwrap_or_default().to_owned()
}
