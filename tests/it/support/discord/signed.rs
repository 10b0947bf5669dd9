//! Interactions over HTTP, signed as Discord signs them.

use std::time::{SystemTime, UNIX_EPOCH};

use ed25519_dalek::{Signer, SigningKey};
use serde_json::Value;

use super::Discord;
use super::body::Sent;

/// The key of the application, or one that is not.
pub(super) fn key(good: bool) -> SigningKey {
    SigningKey::from_bytes(&[if good { 7 } else { 8 }; 32])
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Discord {
    /// Posts a body with its signature; gives the status and the text of the answer.
    pub async fn signed_post(
        &self,
        base: &str,
        path: &str,
        body: &str,
        timestamp: u64,
        good_key: bool,
    ) -> (u16, String) {
        let (status, _, bytes) = self.send_signed(base, path, body, timestamp, good_key).await.expect("it answers");
        (status, String::from_utf8_lossy(&bytes).into_owned())
    }

    async fn send_signed(
        &self,
        base: &str,
        path: &str,
        body: &str,
        timestamp: u64,
        good_key: bool,
    ) -> reqwest::Result<(u16, String, Vec<u8>)> {
        let signature = key(good_key).sign(format!("{timestamp}{body}").as_bytes());
        let client = self.shared.client.get_or_init(|| reqwest::Client::builder().no_proxy().build().unwrap());
        let request = client
            .post(format!("{}{path}", base.trim_end_matches('/')))
            .header("content-type", "application/json")
            .header("x-signature-ed25519", hex(&signature.to_bytes()))
            .header("x-signature-timestamp", timestamp.to_string())
            .body(body.to_owned());
        let response = request.send().await?;
        let content_type = response.headers().get("content-type");
        let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        Ok((response.status().as_u16(), content_type, response.bytes().await?.to_vec()))
    }

    /// Brings an interaction to the service, and does what the body of the answer says.
    pub(super) async fn deliver_signed(&self, base: &str, payload: &Value) {
        let timestamp = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let sent = self.send_signed(base, "/discord/interactions", &payload.to_string(), timestamp, true).await;
        let (status, content_type, bytes) = match sent {
            Ok(answer) => answer,
            Err(error) => return self.data().violation(format!("interaction over HTTP: {error}")),
        };
        // With 202 or 204 the response comes to the callback.
        match (status, bytes.is_empty(), Sent::read(&content_type, &bytes)) {
            (202 | 204, true, _) => {}
            (200, false, Some(sent)) => {
                let id = payload["id"].as_str().unwrap_or_default();
                let token = payload["token"].as_str().unwrap_or_default();
                let answered = self.data().call_back(id, token, &sent, false);
                // What is told twice is answered twice.
                if let Some(refusal) = answered.err().filter(|refusal| refusal.code != 40060) {
                    self.data().violation(format!("interaction over HTTP: its answer came to nothing: {refusal}"));
                }
            }
            (status, ..) => {
                let body = String::from_utf8_lossy(&bytes).into_owned();
                self.data().violation(format!("interaction over HTTP: status {status}: {body}"));
            }
        }
    }
}
