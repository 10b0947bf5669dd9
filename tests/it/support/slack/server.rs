//! The HTTP side: reads a call however it is encoded, lets its fault happen, and answers.

use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::api::call;
use super::state::{Answer, Call, Data, text};
use super::{CLIENT_ID, CLIENT_SECRET, Fault, Slack, files};
use crate::support::wires::Wire;

/// A call of the Web API.
pub(super) async fn method(
    State(slack): State<Slack>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    Path(method): Path<String>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let content_type = header_text(&parts.headers, header::CONTENT_TYPE);
    let was_json = content_type.starts_with("application/json");
    let mut args = form(parts.uri.query().unwrap_or_default());
    let sent = match was_json {
        true => serde_json::from_slice::<Value>(&bytes).ok().and_then(|body| body.as_object().cloned()),
        false => Some(form(&String::from_utf8_lossy(&bytes))),
    };
    let is_readable = sent.is_some() || bytes.is_empty();
    args.extend(sent.unwrap_or_default());
    let token = credentials(&parts.headers, &mut args);
    let call = call(&method, &token, Value::Object(unpacked(args)));
    let answer = move |data: &mut Data, call: &Call| {
        let answer = if is_readable { data.answer(call, was_json) } else { Err("invalid_json".into()) };
        let body = spoken(answer);
        (body["error"].as_str().map(str::to_owned), json_response(&body))
    };
    slack.through(wire, call, answer).await
}

/// The second step of an upload.
pub(super) async fn upload(
    State(slack): State<Slack>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let content_type = header_text(&headers, header::CONTENT_TYPE);
    let bytes = match content_type.starts_with("multipart/") {
        true => files::multipart(&content_type, &body).unwrap_or_default(),
        false => body.to_vec(),
    };
    let call = call("upload", "", json!({"id": id, "length": bytes.len()}));
    let answer = move |data: &mut Data, _: &Call| match data.upload(&id, bytes) {
        true => (None, format!("OK - {}", body.len()).into_response()),
        false => (Some("failed".to_owned()), (StatusCode::BAD_REQUEST, "failed").into_response()),
    };
    slack.through(wire, call, answer).await
}

/// An answer to an interaction; five are allowed.
pub(super) async fn response_url(
    State(slack): State<Slack>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let call = call("response_url", "", serde_json::from_slice(&body).unwrap_or_default());
    let answer = move |data: &mut Data, call: &Call| match data.answer_to_response_url(&id, &call.body) {
        Ok(_) => (None, ([(header::CONTENT_TYPE, "text/html")], "ok").into_response()),
        Err(refusal) => {
            let code = refusal.code.clone();
            (Some(code), (StatusCode::NOT_FOUND, json_response(&spoken(Err(refusal)))).into_response())
        }
    };
    slack.through(wire, call, answer).await
}

impl Slack {
    /// Records a call and answers it, unless a fault says otherwise.
    async fn through(
        &self,
        wire: Wire,
        call: Call,
        answer: impl FnOnce(&mut Data, &Call) -> (Option<String>, Response),
    ) -> Response {
        let perform = |data: &mut Data, at: usize| {
            let (error, response) = answer(data, &call);
            data.calls[at].error = error;
            response
        };
        let (fault, at, done) = {
            let data = &mut *self.data();
            let channel = ["channel", "channel_id"].map(|key| text(&call.body, key)).concat();
            // A person's id and the direct messages with them are one place.
            let channel = channel.strip_prefix('U').map_or(channel.clone(), |rest| format!("D{rest}"));
            let fault = data.faults.next(&call.method, &channel);
            let at = data.calls.len();
            data.calls.push(call.clone());
            let done = match fault {
                None | Some(Fault::Slow(_) | Fault::AcceptThenDrop) => Some(perform(data, at)),
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
            Some(Fault::RateLimited { retry_after }) => {
                let body = json_response(&json!({"ok": false, "error": "ratelimited"}));
                let wait = [(header::RETRY_AFTER, retry_after.to_string())];
                ("ratelimited".to_owned(), (StatusCode::TOO_MANY_REQUESTS, wait, body).into_response())
            }
            Some(Fault::Status(code)) => {
                (format!("status {code}"), (StatusCode::from_u16(code).unwrap(), "<html>Oops</html>").into_response())
            }
            Some(Fault::Error(code)) => (code.to_owned(), json_response(&json!({"ok": false, "error": code}))),
        };
        self.data().calls[at].error = Some(error);
        response
    }
}

impl Data {
    fn answer_to_response_url(&mut self, id: &str, body: &Value) -> Answer {
        let Some(url) = self.response_urls.get_mut(id) else { return Err("expired_url".into()) };
        url.uses += 1;
        if url.uses > 5 {
            self.violation("response_url: used more than five times".to_owned());
            return Err("used_url".into());
        }
        let url = url.clone();
        let here = |message: &super::Posted| url.message.as_ref().is_some_and(|original| original.ts == message.ts);
        if body["delete_original"] == true {
            self.ephemerals.retain(|message| !here(message));
            self.channels.values_mut().for_each(|channel| channel.messages.retain(|message| !here(message)));
            return Ok(json!({}));
        }
        if body["replace_original"] == true {
            self.check_mentions("response_url", body);
            self.check_message("response_url", body)?;
            let messages = self.channels.values_mut().flat_map(|channel| &mut channel.messages);
            messages.chain(&mut self.ephemerals).filter(|message| here(message)).for_each(|message| message.edit(body));
            return Ok(json!({}));
        }
        self.respond("response_url", &url.channel, &url.user, body)?;
        Ok(json!({}))
    }
}

fn spoken(answer: Answer) -> Value {
    match answer {
        Ok(mut body) => {
            body["ok"] = json!(true);
            body
        }
        Err(refusal) => {
            let mut body = json!({"ok": false, "error": refusal.code});
            if !refusal.messages.is_empty() {
                let messages: Vec<String> = refusal.messages.iter().map(|text| format!("[ERROR] {text}")).collect();
                body["errors"] = json!(refusal.messages);
                body["response_metadata"] = json!({"messages": messages});
            }
            body
        }
    }
}

fn json_response(body: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json; charset=utf-8")], body.to_string()).into_response()
}

fn header_text(headers: &HeaderMap, name: header::HeaderName) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// The arguments that are structures, and that Slack also takes as JSON inside a text.
const STRUCTURES: &[&str] =
    &["attachments", "blocks", "chunks", "files", "loading_messages", "metadata", "prompts", "unfurls", "view"];

fn form(encoded: &str) -> Map<String, Value> {
    let url = reqwest::Url::parse(&format!("http://form/?{encoded}")).unwrap();
    url.query_pairs().map(|(key, value)| (key.into_owned(), Value::String(value.into_owned()))).collect()
}

/// The arguments with their structures unpacked.
fn unpacked(args: Map<String, Value>) -> Map<String, Value> {
    let unpack = |(key, value): (String, Value)| {
        let packed = value.as_str().filter(|_| STRUCTURES.contains(&key.as_str()));
        let inside = packed.and_then(|text| serde_json::from_str(text).ok());
        (key, inside.unwrap_or(value))
    };
    args.into_iter().map(unpack).collect()
}

/// The bearer token; a client's id and secret are put among the arguments.
fn credentials(headers: &HeaderMap, args: &mut Map<String, Value>) -> String {
    let authorization = header_text(headers, header::AUTHORIZATION);
    // What `CLIENT_ID:CLIENT_SECRET` is in base 64.
    if authorization == "Basic MTExLjIyMjpjbGllbnQtc2VjcmV0" {
        args.insert("client_id".to_owned(), json!(CLIENT_ID));
        args.insert("client_secret".to_owned(), json!(CLIENT_SECRET));
    }
    match authorization.strip_prefix("Bearer ") {
        Some(token) => token.to_owned(),
        None => args.get("token").and_then(Value::as_str).unwrap_or_default().to_owned(),
    }
}
