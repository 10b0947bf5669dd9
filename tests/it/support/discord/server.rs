//! The HTTP side: reads a call, lets its fault happen, and answers.

use std::time::Instant;

use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::body::Sent;
use super::routes::{Answer, Incoming, Refusal};
use super::state::Call;
use super::{Discord, Fault, TOKEN};
use crate::support::wires::Wire;

/// A call of the API.
pub(super) async fn call(
    State(discord): State<Discord>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let content_type = header_text(&parts.headers, header::CONTENT_TYPE);
    let sent = Sent::read(&content_type, &bytes);
    let path = parts.uri.path().trim_start_matches("/api/v10/").to_owned();
    let incoming = Incoming {
        method: parts.method.to_string(),
        path,
        query: parts.uri.query().unwrap_or_default().to_owned(),
        is_readable: sent.is_some(),
        sent: sent.unwrap_or_default(),
        is_authorized: header_text(&parts.headers, header::AUTHORIZATION) == format!("Bot {TOKEN}"),
    };
    discord.through(wire, &incoming).await
}

/// A file of a message.
pub(super) async fn attachment(State(discord): State<Discord>, Path((id, _)): Path<(String, String)>) -> Response {
    match discord.data().files.iter().find(|file| file.id == id) {
        Some(file) => file.bytes.clone().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

impl Discord {
    /// Records a call and answers it, unless a fault says otherwise.
    async fn through(&self, wire: Wire, incoming: &Incoming) -> Response {
        let (key, place) = incoming.key();
        let (fault, at, done) = {
            let data = &mut *self.data();
            let fault = data.faults.next(&key, &place);
            let at = data.calls.len();
            let query = if incoming.query.is_empty() { String::new() } else { format!("?{}", incoming.query) };
            let path = format!("{}{query}", incoming.path);
            let body = incoming.sent.body.clone();
            data.calls.push(Call { key: key.clone(), path, body, at: Instant::now(), error: None });
            let done = match fault {
                None | Some(Fault::Slow(_) | Fault::AcceptThenDrop) => {
                    let answer = data.answer(incoming);
                    data.calls[at].error = answer.as_ref().err().map(Refusal::to_string);
                    let remaining = data.faults.remaining(&key, &place);
                    Some(spoken(answer, &key, remaining))
                }
                _ => None,
            };
            (fault, at, done)
        };
        let (error, response) = match fault {
            None => return done.unwrap(),
            Some(Fault::Slow(pause)) => {
                tokio::time::sleep(pause).await;
                return done.unwrap();
            }
            Some(Fault::AcceptThenDrop) => {
                wire.cut();
                return done.unwrap();
            }
            Some(Fault::Hang) => return std::future::pending().await,
            Some(Fault::Drop) => {
                wire.cut();
                ("cut".to_owned(), StatusCode::INTERNAL_SERVER_ERROR.into_response())
            }
            Some(Fault::RateLimited { retry_after }) => ("rate limited".to_owned(), rate_limited(&key, retry_after)),
            Some(Fault::Status(code)) => {
                (format!("status {code}"), (StatusCode::from_u16(code).unwrap(), "<html>Oops</html>").into_response())
            }
            Some(Fault::Error { status, code, message }) => {
                let refusal = Refusal { status, code, message: message.to_owned(), errors: Value::Null };
                (refusal.to_string(), spoken(Err(refusal), &key, 4))
            }
        };
        self.data().calls[at].error = Some(error);
        response
    }
}

fn spoken(answer: Answer, key: &str, remaining: usize) -> Response {
    let mut response = match answer {
        Ok(Value::Null) => StatusCode::NO_CONTENT.into_response(),
        Ok(body) => json_response(StatusCode::OK, &body),
        Err(refusal) => {
            let mut body = json!({"message": refusal.message, "code": refusal.code});
            if !refusal.errors.is_null() {
                body["errors"] = refusal.errors;
            }
            json_response(StatusCode::from_u16(refusal.status).unwrap(), &body)
        }
    };
    limits(&mut response, key, remaining, "1.000");
    response
}

fn rate_limited(key: &str, retry_after: f64) -> Response {
    let body = json!({"message": "You are being rate limited.", "retry_after": retry_after, "global": false});
    let mut response = json_response(StatusCode::TOO_MANY_REQUESTS, &body);
    limits(&mut response, key, 0, &format!("{retry_after:.3}"));
    let whole = HeaderValue::from(retry_after.ceil() as u64);
    response.headers_mut().insert(header::RETRY_AFTER, whole);
    response.headers_mut().insert(HeaderName::from_static("x-ratelimit-scope"), HeaderValue::from_static("user"));
    response
}

fn limits(response: &mut Response, key: &str, remaining: usize, reset_after: &str) {
    let bucket = key.to_lowercase().replace(' ', "-");
    let told = [
        ("x-ratelimit-limit", "5".to_owned()),
        ("x-ratelimit-remaining", remaining.to_string()),
        ("x-ratelimit-reset-after", reset_after.to_owned()),
        ("x-ratelimit-bucket", bucket),
    ];
    for (name, value) in told {
        response.headers_mut().insert(HeaderName::from_static(name), value.parse().unwrap());
    }
}

fn json_response(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

fn header_text(headers: &HeaderMap, name: HeaderName) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}
