//! A running Auspex: its prompts, over HTTP.
//!
//! The token goes to the address of the settings and nowhere else: redirects are not followed. What Auspex answers is
//! other people's text: it is read up to a limit, and people see a short, cleaned piece of it.

use std::time::Duration;

use reqwest::{Method, Response, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;

use crate::domain::Invalid;
use crate::domain::push::RemotePrompt;
use crate::domain::text::{excerpt, line};

/// How long one request may take.
const DEADLINE: Duration = Duration::from_secs(20);

/// The most bytes of an answer that are read.
const ANSWER_BYTES: usize = 2 * 1024 * 1024;

/// The most characters of a refusal that people see.
const SHOWN: usize = 200;

/// `[auspex]`: the Auspex that prompts are pushed to.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Its address, such as `https://auspex.example.org`; empty for none.
    pub url: String,
    /// What lets us in there; empty for nothing.
    pub token: SecretString,
}

impl Settings {
    /// Whether the settings can be used.
    pub fn check(&self) -> Result<(), Invalid> {
        if self.url.is_empty() {
            return Ok(());
        }
        let wrong = |reason: &str| Err(Invalid::new("auspex.url", reason));
        let Ok(url) = url::Url::parse(&self.url) else {
            return wrong("must be an address such as https://auspex.example.org");
        };
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return wrong("must be an address such as https://auspex.example.org");
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return wrong("must be an address alone, without user, password, query or fragment; see auspex.token");
        }
        match header::HeaderValue::from_str(self.token.expose_secret()) {
            Ok(_) => Ok(()),
            Err(_) => Err(Invalid::new("auspex.token", "holds a character that no token has, such as a line break")),
        }
    }
}

/// Why Auspex did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Too many requests: try again, not before `retry_after` where it was named.
    #[error("Auspex asks to slow down")]
    RateLimited {
        /// What `Retry-After` said.
        retry_after: Option<Duration>,
    },
    /// It cannot be reached, fails or takes too long: try again.
    #[error("Auspex does not answer ({what})")]
    Unavailable {
        /// What happened.
        what: String,
        /// What `Retry-After` said.
        retry_after: Option<Duration>,
    },
    /// It does not take the token.
    #[error("Auspex does not take our token (status {0})")]
    Unauthorized(u16),
    /// A prompt of this name is there already.
    #[error("Auspex has a prompt of this name already")]
    Taken,
    /// There is no such prompt there.
    #[error("Auspex has no such prompt")]
    Missing,
    /// It refuses, for good.
    #[error("Auspex refuses it (status {status}){}", saying(.said))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// A piece of what it said; may be empty.
        said: String,
    },
}

fn saying(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(", saying: {said}") }
}

/// A prompt there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct There {
    /// Its id there; empty where none was told.
    pub id: String,
    /// What it says. A field that was not told is empty.
    pub prompt: RemotePrompt,
}

/// An Auspex.
pub struct Auspex {
    http: reqwest::Client,
    base: String,
    token: SecretString,
}

impl Auspex {
    /// The Auspex of the settings; `None` when they name none. Nothing is connected yet.
    pub fn new(settings: &Settings) -> Result<Option<Self>, Invalid> {
        settings.check()?;
        if settings.url.is_empty() {
            return Ok(None);
        }
        let base = settings.url.trim_end_matches('/').to_owned();
        let http = reqwest::Client::builder()
            .timeout(DEADLINE)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("prompt-workshop/", env!("CARGO_PKG_VERSION")));
        let http = if is_loopback(&base) { http.no_proxy() } else { http };
        let http = http.build().map_err(|error| Invalid::new("auspex.url", format!("cannot be used: {error}")))?;
        Ok(Some(Self { http, base, token: settings.token.clone() }))
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.base
    }

    /// The prompt of this name; `None` when there is none.
    pub async fn find(&self, name: &str) -> Result<Option<There>, Error> {
        match self.call(Method::GET, &format!("/{name}"), None).await {
            Ok(answer) => Ok(Some(read(name, &answer))),
            Err(Error::Missing) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Adds a prompt, whose name must be free there.
    pub async fn create(&self, prompt: &RemotePrompt) -> Result<There, Error> {
        Ok(read(&prompt.name, &self.call(Method::POST, "", Some(prompt)).await?))
    }

    /// Changes a prompt.
    pub async fn update(&self, prompt: &RemotePrompt) -> Result<There, Error> {
        Ok(read(&prompt.name, &self.call(Method::PUT, &format!("/{}", prompt.name), Some(prompt)).await?))
    }

    async fn call(&self, method: Method, path: &str, body: Option<&RemotePrompt>) -> Result<Value, Error> {
        let mut request = self.http.request(method, format!("{}/api/auspex/prompts{path}", self.base));
        if !self.token.expose_secret().is_empty() {
            request = request.bearer_auth(self.token.expose_secret());
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(|error| unavailable(&error))?;
        let (status, retry_after) = (response.status(), retry_after(&response));
        let is_json = is_json(&response);
        let body = body_of(response).await?;
        match status {
            StatusCode::NOT_FOUND => Err(Error::Missing),
            StatusCode::CONFLICT => Err(Error::Taken),
            StatusCode::TOO_MANY_REQUESTS => Err(Error::RateLimited { retry_after }),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Error::Unauthorized(status.as_u16())),
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY => {
                Err(Error::Unavailable { what: format!("status {}", status.as_u16()), retry_after })
            }
            status if status.is_server_error() => {
                Err(Error::Unavailable { what: format!("status {}", status.as_u16()), retry_after })
            }
            status if status.is_success() => match (body.is_empty(), serde_json::from_slice(&body)) {
                (true, _) => Ok(Value::Null),
                (false, Ok(answer)) => Ok(answer),
                // A page, perhaps that of a proxy: nothing is known of what became of the request.
                (false, Err(_)) => {
                    Err(Error::Unavailable { what: "an answer that is no JSON".to_owned(), retry_after })
                }
            },
            status => Err(Error::Refused { status: status.as_u16(), said: shown(&body, is_json) }),
        }
    }
}

fn is_loopback(base: &str) -> bool {
    url::Url::parse(base).is_ok_and(|url| matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")))
}

fn is_json(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.contains("json")
}

/// Seconds until a request may be made again; a date is not read, as ours and theirs may differ.
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

async fn body_of(mut response: Response) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unavailable(&error))? {
        if body.len() + chunk.len() > ANSWER_BYTES {
            return Err(Error::Unavailable { what: "an answer of more than 2 MiB".to_owned(), retry_after: None });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What can be said of a request that came to nothing.
fn unavailable(error: &reqwest::Error) -> Error {
    let what = match error {
        error if error.is_timeout() => "no answer in time",
        error if error.is_connect() => "no connection",
        _ => "the connection broke off",
    };
    Error::Unavailable { what: what.to_owned(), retry_after: None }
}

/// A piece of a refusal, for people: the sentence in it, on one line.
fn shown(body: &[u8], is_json: bool) -> String {
    if !is_json {
        return String::new();
    }
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let sentence = ["detail", "message", "error"].into_iter().find_map(|key| answer[key].as_str()).unwrap_or_default();
    let cleaned: String =
        sentence.chars().filter(|c| !matches!(c, '`' | '*' | '_' | '<' | '>' | '[' | ']' | '@')).collect();
    let folded = line("said", &cleaned, 0, usize::MAX).unwrap_or_default();
    excerpt(&folded, SHOWN)
}

/// The prompt in an answer, wrapped in `prompt` or not.
fn read(name: &str, answer: &Value) -> There {
    let prompt = if answer["prompt"].is_object() { &answer["prompt"] } else { answer };
    let text = |key: &str| prompt[key].as_str().unwrap_or_default().to_owned();
    let id = ["id", "prompt_id"].into_iter().find_map(|key| match &prompt[key] {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    });
    let prompt = RemotePrompt {
        name: name.to_owned(),
        title: text("title"),
        content: text("content"),
        description: text("description"),
    };
    There { id: id.unwrap_or_default(), prompt }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str) -> Result<(), Invalid> {
        Settings { url: url.to_owned(), token: SecretString::default() }.check()
    }

    #[test]
    fn an_address_is_an_address_alone() {
        for good in ["", "https://auspex.example.org", "http://127.0.0.1:8000/", "https://example.org/auspex"] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["auspex.example.org", "ftp://a.example", "https://user:pw@a.example", "https://a.example/?x=1"] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_refusal_is_shown_short_and_harmless() {
        let body = br#"{"detail": "No\nprompts   today, <script>@everyone `x`"}"#;
        assert_eq!(shown(body, true), "No prompts today, scripteveryone x");
        assert_eq!(shown(b"<html>secret</html>", false), "");
        let long = format!(r#"{{"message": "{}"}}"#, "a".repeat(5_000));
        assert_eq!(shown(long.as_bytes(), true).chars().count(), SHOWN);
    }

    #[test]
    fn a_prompt_is_read_wrapped_or_not() {
        let plain: Value = serde_json::from_str(r#"{"id": 7, "title": "T", "content": "C"}"#).unwrap();
        let wrapped = serde_json::json!({ "prompt": plain });
        assert_eq!(read("a_b", &plain), read("a_b", &wrapped));
        assert_eq!(read("a_b", &plain).id, "7");
    }
}
