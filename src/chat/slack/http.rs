//! The HTTP side, whatever the web server: signed requests in, answers out; and the pages that install the app.

use http::{HeaderMap, StatusCode};
use secrecy::ExposeSecret;
use serde_json::Value;
use slack_morphism::SlackSigningSecret;
use slack_morphism::signature_verifier::SlackEventSignatureVerifier;

use super::Slack;
use super::parse::Sort;
use super::receive::Ack;

/// An answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// Headers, such as where to go on.
    pub headers: Vec<(&'static str, String)>,
    /// The body's type.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
}

impl Answer {
    pub(super) fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), content_type: "text/plain; charset=utf-8", body: String::new() }
    }

    pub(super) fn text(status: StatusCode, text: &str) -> Self {
        Self { body: text.to_owned(), ..Self::empty(status) }
    }

    fn json(value: &Value) -> Self {
        Self { content_type: "application/json; charset=utf-8", body: value.to_string(), ..Self::empty(StatusCode::OK) }
    }
}

impl Slack {
    /// Answers a request of Slack's that came to one of our three addresses.
    pub async fn take_request(&self, sort: Sort, headers: &HeaderMap, body: &[u8]) -> Answer {
        let Ok(body) = std::str::from_utf8(body) else { return Answer::text(StatusCode::BAD_REQUEST, "not UTF-8\n") };
        if let Err(answer) = self.verify(headers, body) {
            return answer;
        }
        let Some(payload) = payload(sort, body) else { return Answer::text(StatusCode::BAD_REQUEST, "unreadable\n") };
        // Slack asks once whether the address is ours.
        if payload["type"] == "url_verification" {
            return Answer::text(StatusCode::OK, payload["challenge"].as_str().unwrap_or_default());
        }
        match self.receive(sort, &payload).await {
            Ack::Bare => Answer::empty(StatusCode::OK),
            Ack::With(value) => Answer::json(&value),
            // Slack sends events again for a while.
            Ack::Refused => Answer::empty(StatusCode::SERVICE_UNAVAILABLE),
        }
    }

    /// Whether Slack signed a request within five minutes of now.
    fn verify(&self, headers: &HeaderMap, body: &str) -> Result<(), Answer> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let secret = SlackSigningSecret(self.0.settings.signing_secret.expose_secret().to_owned());
        let verifier = SlackEventSignatureVerifier::new(&secret);
        let signature = header(SlackEventSignatureVerifier::SLACK_SIGNED_HASH_HEADER);
        let timestamp = header(SlackEventSignatureVerifier::SLACK_SIGNED_TIMESTAMP);
        verifier.verify(signature, body, timestamp).map_err(|_| {
            metrics::counter!("workshop_slack_unsigned_total").increment(1);
            Answer::text(StatusCode::UNAUTHORIZED, "the signature is missing, wrong or too old\n")
        })
    }
}

/// The payload of a request: JSON for events, a form for commands, JSON in a form for the rest.
fn payload(sort: Sort, body: &str) -> Option<Value> {
    let fields = || url::form_urlencoded::parse(body.as_bytes());
    match sort {
        Sort::Event => serde_json::from_str(body).ok(),
        Sort::Command => {
            Some(fields().map(|(name, value)| (name.into_owned(), Value::from(value.into_owned()))).collect())
        }
        Sort::Interactive => {
            let (_, payload) = fields().find(|(name, _)| name == "payload")?;
            serde_json::from_str(&payload).ok()
        }
    }
}
