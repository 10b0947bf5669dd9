//! The HTTP side, whatever the web server: signed interactions in, first responses out.

use ::http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::Discord;

/// How far Discord's clock and ours may be apart, in seconds: an older request may be somebody's copy.
const WINDOW: i64 = 300;

/// An answer to a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The body: JSON, or nothing.
    pub body: Option<Value>,
}

impl Discord {
    /// Answers a request that came to the interactions endpoint.
    pub async fn take_request(&self, headers: &HeaderMap, body: &[u8]) -> Answer {
        if !self.is_signed(headers, body) {
            metrics::counter!("workshop_discord_unsigned_total").increment(1);
            return Answer { status: StatusCode::UNAUTHORIZED, body: None };
        }
        match serde_json::from_slice::<Value>(body) {
            Ok(interaction) => Answer { status: StatusCode::OK, body: Some(self.take_interaction(&interaction).await) },
            Err(_) => Answer { status: StatusCode::BAD_REQUEST, body: None },
        }
    }

    /// Whether Discord signed a request within five minutes of now.
    fn is_signed(&self, headers: &HeaderMap, body: &[u8]) -> bool {
        let Some(verifier) = &self.0.verifier else { return false };
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let timestamp = header("x-signature-timestamp");
        let Ok(sent) = timestamp.parse::<i64>() else { return false };
        let is_fresh = chrono::Utc::now().timestamp().abs_diff(sent) <= WINDOW.unsigned_abs();
        is_fresh && verifier.verify(header("x-signature-ed25519"), timestamp, body).is_ok()
    }
}
