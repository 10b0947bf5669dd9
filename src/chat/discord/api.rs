//! Discord's REST API, with raw JSON.
//!
//! serenity's own client hides how long to wait after a refusal unless its rate limiter is on, which takes no other
//! address than Discord's, and it puts interaction tokens into its errors. The limits that Discord tells are kept here.

use std::time::{Duration, Instant};

use reqwest::{Method, Response, StatusCode, header, multipart};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::pace::Pace;

/// How long one call may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// How long to wait when Discord says that it is too much, but not for how long.
const PAUSE: Duration = Duration::from_secs(1);

/// A call waits this long for its turn; who would wait longer gives its job back to the queue.
const PATIENCE: Duration = Duration::from_secs(3);

/// The most bytes of an answer that are read.
const ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// Why a call did not do what was asked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// Too many calls: wait.
    #[error("Discord asks to wait {} ms", retry_after.as_millis())]
    RateLimited {
        /// How long.
        retry_after: Duration,
    },
    /// Discord cannot be reached, fails or takes too long: try again.
    #[error("Discord does not answer ({0})")]
    Unavailable(&'static str),
    /// Discord refuses.
    #[error("Discord refuses: {message} ({code}, status {status})")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Discord's code for the reason; 0 without one.
        code: i64,
        /// Its words for it.
        message: String,
    },
}

impl Error {
    /// Discord's code for a refusal; 0 for other errors.
    fn code(&self) -> i64 {
        match self {
            Self::Refused { code, .. } => *code,
            Self::RateLimited { .. } | Self::Unavailable(_) => 0,
        }
    }

    /// Whether the bot's token does not work.
    pub fn is_unauthorized(&self) -> bool {
        matches!(self, Self::Refused { status: 401, .. })
    }

    /// Whether the bot lacks a permission for just this, in a channel that it may see.
    pub fn lacks_permission(&self) -> bool {
        self.code() == 50013
    }

    /// Whether the channel is closed to the bot, or gone, or the person takes no direct messages.
    pub fn is_closed(&self) -> bool {
        // Unknown channel, unknown guild, missing access, no direct messages to this user, missing permission,
        // not a text channel, thread locked or archived for good.
        matches!(self.code(), 10003 | 10004 | 50001 | 50007 | 50013 | 50008 | 50083 | 160_005)
    }

    /// Whether the channel takes no messages of its own, only posts, as forums do.
    pub fn is_no_text_channel(&self) -> bool {
        matches!(self.code(), 50008 | 50024)
    }

    /// Whether the message is gone.
    pub fn is_lost_message(&self) -> bool {
        matches!(self.code(), 10008 | 50005)
    }

    /// Whether the thread is archived.
    pub fn is_archived(&self) -> bool {
        self.code() == 50083
    }

    /// Whether a thread was made of this message before.
    pub fn has_thread(&self) -> bool {
        self.code() == 160_004
    }

    /// Whether an interaction cannot be answered any more: too late, or answered already.
    pub fn is_over(&self) -> bool {
        // Unknown webhook, unknown interaction, answered already, invalid token of a webhook.
        matches!(self.code(), 10015 | 10062 | 40060 | 50027)
    }

    /// Whether the message is more than Discord takes.
    pub fn is_invalid(&self) -> bool {
        matches!(self.code(), 50035 | 40005)
    }
}

/// A text that goes along as a file.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    /// Its name.
    pub name: &'static str,
    /// What is in it.
    pub text: String,
}

/// Discord's REST API, or what speaks it.
pub struct Api {
    http: reqwest::Client,
    base: String,
    token: SecretString,
    pace: Pace,
}

impl Api {
    /// An API at an address such as `https://discord.com`; nothing is connected yet.
    pub fn new(url: &str, token: SecretString) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .timeout(DEADLINE)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("DiscordBot (prompt-workshop, ", env!("CARGO_PKG_VERSION"), ")"))
            .build()?;
        Ok(Self { http, base: base(url), token, pace: Pace::default() })
    }

    /// Calls a route, such as `/channels/1/messages`, when it is its turn.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Error> {
        self.send(method, path, body, None).await
    }

    /// Like [`Self::call`], with a file.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        file: Option<&File>,
    ) -> Result<Value, Error> {
        let route = route(&method, path);
        let wait = self.pace.next(&route, Instant::now(), PATIENCE);
        if wait > PATIENCE {
            return Err(Error::RateLimited { retry_after: wait });
        }
        tokio::time::sleep(wait).await;
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        // An interaction's own token is in its address; the bot's is not asked for there.
        if !(path.starts_with("/interactions/") || path.starts_with("/webhooks/")) {
            request = request.header(header::AUTHORIZATION, format!("Bot {}", self.token.expose_secret()));
        }
        request = match (body, file) {
            (None, _) => request,
            (Some(body), None) => request.json(body),
            (Some(body), Some(file)) => {
                let part = multipart::Part::text(file.text.clone()).file_name(file.name);
                request.multipart(multipart::Form::new().text("payload_json", body.to_string()).part("files[0]", part))
            }
        };
        let response = request.send().await.map_err(|error| unreachable(&error))?;
        let answer = self.read(&route, response).await;
        if let Err(error) = &answer {
            metrics::counter!("workshop_discord_errors_total").increment(1);
            tracing::debug!(%error, "A call of Discord failed");
        }
        answer
    }

    async fn read(&self, route: &str, mut response: Response) -> Result<Value, Error> {
        let number = |name: &str| -> Option<f64> {
            response.headers().get(name)?.to_str().ok()?.parse().ok().filter(|seconds: &f64| seconds.is_finite())
        };
        let seconds = |seconds: f64| Duration::from_secs_f64(seconds.clamp(0.0, 3_600.0));
        let status = response.status();
        let (remaining, reset) = (number("x-ratelimit-remaining"), number("x-ratelimit-reset-after").map(seconds));
        let (retry_after, global) =
            (number("retry-after").map(seconds), response.headers().contains_key("x-ratelimit-global"));
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&error))? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > ANSWER_BYTES {
                return Err(Error::Unavailable("endless answer"));
            }
        }
        let answer: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        if status == StatusCode::TOO_MANY_REQUESTS {
            let told = answer["retry_after"].as_f64().map(seconds);
            let retry_after = told.max(retry_after).unwrap_or(PAUSE);
            self.pace.close(if global { "" } else { route }, Instant::now() + retry_after);
            return Err(Error::RateLimited { retry_after });
        }
        if let (Some(0.0), Some(reset)) = (remaining, reset) {
            self.pace.close(route, Instant::now() + reset);
        }
        if status.is_success() {
            return Ok(answer);
        }
        if status.is_server_error() {
            return Err(Error::Unavailable("server error"));
        }
        let message = answer["message"].as_str().unwrap_or("no reason").chars().take(200).collect();
        let code = answer["code"].as_i64().unwrap_or_default();
        Err(Error::Refused { status: status.as_u16(), code, message })
    }
}

/// What can be said of a call that came to nothing. The error itself may hold an address with a token.
fn unreachable(error: &reqwest::Error) -> Error {
    Error::Unavailable(if error.is_timeout() { "timeout" } else { "connection" })
}

/// The address that routes are appended to, whether or not the version is part of what was given.
fn base(url: &str) -> String {
    let url = url.trim_end_matches('/');
    let url = url.strip_suffix("/v10").unwrap_or(url);
    let url = url.strip_suffix("/api").unwrap_or(url);
    format!("{url}/api/v10")
}

/// What Discord limits together: the method, and the path up to the first id of a channel, a guild or a webhook.
fn route(method: &Method, path: &str) -> String {
    let path = path.split('?').next().unwrap_or(path);
    let mut major = false;
    let parts = path.split('/').map(|part| {
        let is_id = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let kept = !is_id || std::mem::take(&mut major);
        major = matches!(part, "channels" | "guilds" | "webhooks");
        if kept { part } else { "-" }
    });
    format!("{method} {}", parts.collect::<Vec<_>>().join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_be_given_with_or_without_the_version() {
        for url in
            ["http://localhost:1", "http://localhost:1/", "http://localhost:1/api", "http://localhost:1/api/v10/"]
        {
            assert_eq!(base(url), "http://localhost:1/api/v10", "{url}");
        }
    }

    #[test]
    fn messages_of_one_channel_are_limited_together() {
        let route = |path| route(&Method::PATCH, path);
        assert_eq!(route("/channels/1/messages/5"), route("/channels/1/messages/6"));
        assert_ne!(route("/channels/1/messages/5"), route("/channels/2/messages/5"));
        assert_eq!(route("/channels/1/messages?limit=5"), "PATCH /channels/1/messages");
    }
}
