//! A model's server on this machine: OpenAI's chat completions and Anthropic's Messages, scripted by the test.
//!
//! ```text
//! let server = ModelServer::start().await;
//! server.fault(Fault::Status { code: 429, retry_after: Some("1"), body: "{}" });
//! server.reply("Hello there");
//! let remote = Remote::new(&server.settings()).unwrap();
//! ```

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use prompt_workshop::llm::settings::{Local, Provider, Settings};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// What goes wrong with the next request.
#[derive(Debug, Clone)]
pub enum Fault {
    /// This status with this body.
    Status { code: u16, retry_after: Option<&'static str>, body: &'static str },
    /// No answer at all, ever.
    Hang,
    /// So many words of the reply, then silence.
    StallAfter(usize),
    /// So many words of the reply, then a clean end without an end marker. The reply stays queued.
    CutAfter(usize),
    /// So many words of the reply, then the connection drops. The reply stays queued.
    DropAfter(usize),
    /// A pause before every word.
    Slow { per_delta: Duration },
    /// The whole reply as one JSON object, although a stream was asked for.
    Whole,
    /// These bytes, with this content type.
    Raw { content_type: &'static str, body: &'static str },
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct RecordedRequest {
    /// Without the query.
    pub path: String,
    /// All of them.
    pub headers: HeaderMap,
    /// `null` when it was no JSON.
    pub body: Value,
}

type Handler = Box<dyn Fn(&Value) -> String + Send>;

#[derive(Default)]
struct Script {
    replies: VecDeque<String>,
    faults: VecDeque<Fault>,
    handler: Option<Handler>,
    requests: Vec<RecordedRequest>,
    gate: Option<Arc<Semaphore>>,
    at_once: usize,
    most_at_once: usize,
}

/// The running server; it ends with this value.
pub struct ModelServer {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
    task: JoinHandle<()>,
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl ModelServer {
    /// Starts on a free port.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let script = Arc::new(Mutex::new(Script::default()));
        let app = Router::new().fallback(answer).with_state(script.clone());
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, script, task }
    }

    /// The base URL, as a person would write it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Settings that ask this server, without a key, as an OpenAI-compatible one.
    pub fn settings(&self) -> Settings {
        Settings {
            provider: Provider::OpenAi,
            base_url: self.url(),
            api_key: SecretString::from(""),
            model: "test-model".to_owned(),
            timeout_seconds: 20,
            max_tokens: 1000,
            context_tokens: 8000,
            attempts: 3,
            input_price: 0.0,
            output_price: 0.0,
            local: Local { model_path: String::new(), threads: 0, fetch: false },
        }
    }

    /// Queues a reply.
    pub fn reply(&self, text: &str) {
        self.script.lock().unwrap().replies.push_back(text.to_owned());
    }

    /// Answers, when no reply is queued, with what this makes of the request's body.
    pub fn answer_with(&self, handler: impl Fn(&Value) -> String + Send + 'static) {
        self.script.lock().unwrap().handler = Some(Box::new(handler));
    }

    /// Queues a fault; each is for one request.
    pub fn fault(&self, fault: Fault) {
        self.script.lock().unwrap().faults.push_back(fault);
    }

    /// Makes every request from now on wait until it is released.
    pub fn hold(&self) {
        self.script.lock().unwrap().gate = Some(Arc::new(Semaphore::new(0)));
    }

    /// Lets so many of the requests that wait, or are still to come, be answered.
    pub fn release(&self, requests: usize) {
        self.script.lock().unwrap().gate.as_ref().expect("the server was told to hold").add_permits(requests);
    }

    /// Ends [`ModelServer::hold`].
    pub fn release_all(&self) {
        let gate = self.script.lock().unwrap().gate.take();
        gate.expect("the server was told to hold").add_permits(Semaphore::MAX_PERMITS / 2);
    }

    /// The most requests that were being answered at one time.
    pub fn most_at_once(&self) -> usize {
        self.script.lock().unwrap().most_at_once
    }

    /// How many requests are being answered now; one that its sender has given up is not.
    pub fn at_once(&self) -> usize {
        self.script.lock().unwrap().at_once
    }

    /// Everything that was asked until now.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.script.lock().unwrap().requests.clone()
    }

    /// The one request that was made.
    #[track_caller]
    pub fn only_request(&self) -> RecordedRequest {
        let mut requests = self.requests();
        assert_eq!(requests.len(), 1, "expected one request, got {requests:#?}");
        requests.remove(0)
    }
}

impl Script {
    /// The text to answer with; it stays queued when the answer will not arrive whole.
    fn text(&mut self, body: &Value, fault: Option<&Fault>) -> String {
        let stays = matches!(fault, Some(Fault::CutAfter(_) | Fault::DropAfter(_)));
        let queued = if stays { self.replies.front().cloned() } else { self.replies.pop_front() };
        queued.unwrap_or_else(|| match &self.handler {
            Some(handler) => handler(body),
            None => "Hello from the fake model.".to_owned(),
        })
    }
}

/// Counts a request as long as it is being answered.
struct Counted(Arc<Mutex<Script>>);

impl Counted {
    fn new(script: Arc<Mutex<Script>>) -> Self {
        {
            let mut script = script.lock().unwrap();
            script.at_once += 1;
            script.most_at_once = script.most_at_once.max(script.at_once);
        }
        Self(script)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.lock().unwrap().at_once -= 1;
    }
}

async fn answer(State(script): State<Arc<Mutex<Script>>>, request: Request) -> Response {
    let _counted = Counted::new(script.clone());
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let path = parts.uri.path().to_owned();
    let (api, fault, text) = {
        let mut script = script.lock().unwrap();
        script.requests.push(RecordedRequest { path: path.clone(), headers: parts.headers, body: body.clone() });
        let fault = script.faults.pop_front();
        if let Some(Fault::Status { code, retry_after, body }) = fault {
            return status(code, retry_after, body);
        }
        if let Some(Fault::Raw { content_type, body }) = fault {
            return ([(header::CONTENT_TYPE, content_type)], body).into_response();
        }
        let Some(api) = Api::of(&path) else {
            return status(404, None, r#"{"error": {"message": "there is nothing at this path"}}"#);
        };
        let text = if matches!(fault, Some(Fault::Hang)) { String::new() } else { script.text(&body, fault.as_ref()) };
        (api, fault, text)
    };
    let gate = script.lock().unwrap().gate.clone();
    if let Some(gate) = gate {
        gate.acquire().await.unwrap().forget();
    }
    let reply = Reply::new(api, &body, text);
    if body["stream"] != true || matches!(fault, Some(Fault::Whole)) {
        return axum::Json(reply.whole()).into_response();
    }
    let (words, ending, pause) = match fault {
        Some(Fault::Hang) => return std::future::pending().await,
        Some(Fault::StallAfter(words)) => (words, Ending::Never, Duration::ZERO),
        Some(Fault::CutAfter(words)) => (words, Ending::Missing, Duration::ZERO),
        Some(Fault::DropAfter(words)) => (words, Ending::Dropped, Duration::ZERO),
        Some(Fault::Slow { per_delta }) => (usize::MAX, Ending::Proper, per_delta),
        Some(Fault::Status { .. } | Fault::Raw { .. } | Fault::Whole) | None => {
            (usize::MAX, Ending::Proper, Duration::ZERO)
        }
    };
    reply.streamed(words, ending, pause)
}

fn status(code: u16, retry_after: Option<&'static str>, body: &'static str) -> Response {
    let mut response = (StatusCode::from_u16(code).unwrap(), body).into_response();
    if let Some(wait) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, wait.parse().unwrap());
    }
    response
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Api {
    OpenAi,
    Anthropic,
}

impl Api {
    fn of(path: &str) -> Option<Self> {
        if path.ends_with("/chat/completions") {
            Some(Self::OpenAi)
        } else if path.ends_with("/messages") {
            Some(Self::Anthropic)
        } else {
            None
        }
    }
}

/// How a stream ends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Ending {
    Proper,
    Missing,
    Dropped,
    Never,
}

struct Reply {
    api: Api,
    model: Value,
    text: String,
    input: usize,
    reports_usage: bool,
}

impl Reply {
    fn new(api: Api, request: &Value, text: String) -> Self {
        let words = |value: &Value| value.as_str().unwrap_or_default().split_whitespace().count();
        let messages = request["messages"].as_array().into_iter().flatten();
        Self {
            api,
            model: request["model"].clone(),
            text,
            input: words(&request["system"]) + messages.map(|message| words(&message["content"])).sum::<usize>(),
            reports_usage: request["stream_options"]["include_usage"] == true,
        }
    }

    fn output(&self) -> usize {
        self.text.split_whitespace().count()
    }

    fn openai_usage(&self) -> Value {
        let (input, output) = (self.input, self.output());
        json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output})
    }

    fn whole(&self) -> Value {
        match self.api {
            Api::OpenAi => json!({
                "id": "chatcmpl-1", "object": "chat.completion", "model": self.model, "usage": self.openai_usage(),
                "choices": [{
                    "index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": self.text}
                }],
            }),
            Api::Anthropic => json!({
                "id": "msg_1", "type": "message", "role": "assistant", "model": self.model, "stop_reason": "end_turn",
                "content": [{"type": "text", "text": self.text}],
                "usage": {"input_tokens": self.input, "output_tokens": self.output()},
            }),
        }
    }

    fn opening(&self) -> Vec<String> {
        match self.api {
            Api::OpenAi => vec![self.chunk(json!({"role": "assistant", "content": ""}), Value::Null)],
            Api::Anthropic => vec![
                event(json!({"type": "message_start", "message": {
                    "id": "msg_1", "type": "message", "role": "assistant", "model": self.model, "content": [],
                    "usage": {"input_tokens": self.input, "output_tokens": 1},
                }})),
                event(json!({
                    "type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}
                })),
                event(json!({"type": "ping"})),
            ],
        }
    }

    fn delta(&self, word: &str) -> String {
        match self.api {
            Api::OpenAi => self.chunk(json!({"content": word}), Value::Null),
            Api::Anthropic => event(json!({
                "type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}
            })),
        }
    }

    fn closing(&self) -> Vec<String> {
        match self.api {
            Api::OpenAi => {
                let mut frames = vec![self.chunk(json!({}), json!("stop"))];
                if self.reports_usage {
                    let usage = json!({
                        "object": "chat.completion.chunk", "model": self.model, "choices": [],
                        "usage": self.openai_usage(),
                    });
                    frames.push(format!("data: {usage}\n\n"));
                }
                frames.push("data: [DONE]\n\n".to_owned());
                frames
            }
            Api::Anthropic => vec![
                event(json!({"type": "content_block_stop", "index": 0})),
                event(json!({
                    "type": "message_delta", "delta": {"stop_reason": "end_turn"},
                    "usage": {"output_tokens": self.output()},
                })),
                event(json!({"type": "message_stop"})),
            ],
        }
    }

    fn chunk(&self, delta: Value, finish_reason: Value) -> String {
        let chunk = json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "model": self.model,
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
        });
        format!("data: {chunk}\n\n")
    }

    /// The reply word by word.
    fn streamed(self, words: usize, ending: Ending, pause: Duration) -> Response {
        let deltas = self.text.split_inclusive(' ').take(words).map(|word| self.delta(word));
        let mut frames: Vec<String> = self.opening().into_iter().chain(deltas).collect();
        if ending == Ending::Proper {
            frames.extend(self.closing());
        }
        let frames = stream::iter(frames).then(move |frame| async move {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            Ok::<_, Infallible>(Bytes::from(frame))
        });
        let body = match ending {
            Ending::Proper | Ending::Missing => Body::from_stream(frames),
            Ending::Never => Body::from_stream(frames.chain(stream::pending())),
            Ending::Dropped => {
                let frames = frames.map(|frame| frame.map_err(|never| match never {}));
                // Dropped only once the words are on their way, as by a server that dies.
                let death = stream::once(async {
                    tokio::task::yield_now().await;
                    Err(std::io::Error::other("the server died"))
                });
                Body::from_stream(frames.chain(death))
            }
        };
        ([(header::CONTENT_TYPE, "text/event-stream")], body).into_response()
    }
}

/// A frame as Anthropic sends it: named after its type.
fn event(data: Value) -> String {
    format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap())
}
