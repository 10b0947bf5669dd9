//! Models behind a network: OpenAI-compatible servers, Anthropic, Gemini, Ollama, all through `genai`.
//!
//! What `genai` leaves open is decided here: the settings alone say who is asked (`target`), an answer counts only
//! when its end marker was seen (`wire`), every failure has one meaning (`failure`), and a server's dislikes are
//! learnt once per model (`habits`). A further provider is one more `Api` in `target`.

mod failure;
mod habits;
mod target;
mod thoughts;
mod wire;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::StreamExt;
use genai::chat::{ChatMessage, ChatOptions, ChatRequest, ChatStreamEvent, StopReason};
use serde_json::json;

use self::failure::{Complaint, Failure};
use self::habits::Habits;
use self::target::{Api, Target};
use self::thoughts::Thoughts;
use self::wire::{Seen, Wire};
use super::settings::{Provider, Settings};
use super::{Completion, Error, Request, Role, Sink, Usage};

/// How long connecting may take; a server that is there answers within far less.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// For how many models habits are remembered: names come from people, so the number must be bounded.
const REMEMBERED_MODELS: usize = 64;

/// Why the settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// The provider runs in this process.
    #[error("the provider {0:?} is not a remote one")]
    NotRemote(Provider),
    /// The base URL cannot be read.
    #[error("llm.base_url must be an address such as http://127.0.0.1:1234/v1: {0}")]
    BaseUrl(String),
    /// The key could not be sent as it stands.
    #[error("llm.api_key holds a character that no key has, such as a space or a line break")]
    ApiKey,
    /// The provider's own service is asked, without a key.
    #[error("llm.api_key is missing: {0} answers only with a key")]
    KeyMissing(String),
    /// The HTTP client does not start.
    #[error("no connection to a model can be made: {0}")]
    Client(String),
}

/// Chooses the one TLS back end of this process, once; later calls change nothing.
///
/// With two back ends in one binary `rustls` refuses to choose and panics at the first handshake.
pub fn install_tls() {
    // An error only says that a back end is chosen already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// A model behind a network.
pub struct Remote {
    client: genai::Client,
    target: Target,
    model: String,
    timeout: Duration,
    habits: Mutex<HashMap<String, Habits>>,
}

impl fmt::Debug for Remote {
    /// Leaves out the key, and the address with it: it may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("server", &self.target.place()).field("model", &self.model).finish()
    }
}

impl Remote {
    /// The model that the settings name. Nothing is sent yet.
    pub fn new(settings: &Settings) -> Result<Self, Invalid> {
        install_tls();
        let target = Target::new(settings)?;
        // Redirects would carry an `x-api-key` header to whatever host they name.
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("prompt-workshop/", env!("CARGO_PKG_VERSION")));
        let http = if target.is_loopback() { http.no_proxy() } else { http };
        let http = http.build().map_err(|error| Invalid::Client(error.to_string()))?;
        let client =
            genai::Client::builder().with_reqwest(http).build().map_err(|error| Invalid::Client(error.to_string()))?;
        Ok(Self {
            client,
            target,
            model: settings.model.clone(),
            timeout: settings.timeout(),
            habits: Mutex::default(),
        })
    }

    /// The model asked when a request names none.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Where requests go, without credentials: scheme, host and port.
    pub fn place(&self) -> String {
        self.target.place()
    }

    /// Asks the model and passes its text on as it comes. Ends within the settings' time limit, whatever happens.
    pub async fn stream(&self, request: &Request, sink: &Sink) -> Result<Completion, Error> {
        match tokio::time::timeout(self.timeout, self.ask(request, sink)).await {
            Ok(answered) => answered,
            Err(_elapsed) => Err(Error::Timeout(self.timeout)),
        }
    }

    /// Asks, and asks again at once where the server only dislikes a parameter. Every habit changes at most once.
    async fn ask(&self, request: &Request, sink: &Sink) -> Result<Completion, Error> {
        let model = request.model.as_deref().unwrap_or(&self.model);
        let mut habits = self.habits_of(model);
        loop {
            let question = Question { request, model, habits, started: Instant::now() };
            let answered =
                if habits.whole { self.whole(&question, sink).await } else { self.streamed(&question, sink).await };
            match answered {
                Ok(completion) => {
                    self.remember(model, habits);
                    return Ok(completion);
                }
                Err(failure) => match failure.complaint.and_then(|complaint| habits.adapted(&complaint)) {
                    Some(adapted) => habits = adapted,
                    None => return Err(failure.error),
                },
            }
        }
    }

    /// One streamed request.
    async fn streamed(&self, question: &Question<'_>, sink: &Sink) -> Result<Completion, Failure> {
        let wire = Arc::new(Wire::default());
        let options = question.options(self.target.api).with_raw_frame_sink_arc(wire.clone());
        let service = self.target.service(question.model, true);
        let response = self
            .client
            .exec_chat_stream(service, question.conversation(), Some(&options))
            .await
            .map_err(|error| Failure::from_genai(&error, &self.target))?;

        let mut events = response.stream;
        let mut answer = Answer::new(question.started, sink);
        let mut broken = None;
        while let Some(event) = events.next().await {
            match event {
                Ok(ChatStreamEvent::Chunk(chunk)) => answer.push(&chunk.content),
                Ok(ChatStreamEvent::End(end)) => answer.usage = end.captured_usage.map(counted).unwrap_or_default(),
                Ok(
                    ChatStreamEvent::Start
                    | ChatStreamEvent::ReasoningChunk(_)
                    | ChatStreamEvent::ThoughtSignatureChunk(_)
                    | ChatStreamEvent::ToolCallChunk(_)
                    | ChatStreamEvent::Heartbeat,
                ) => {}
                Err(error) => {
                    broken = Some(error);
                    break;
                }
            }
        }

        let seen = wire.seen();
        if let Some(fault) = &seen.fault {
            return Err(Failure::from_answer(fault, &self.target));
        }
        // What happens after the end marker cannot take anything from the text any more.
        if !seen.ended {
            return Err(match broken {
                Some(error) => Failure::from_genai(&error, &self.target),
                None if seen.is_no_stream() => Failure::of(Error::Cut).because(Complaint::NoStream),
                None => Failure::of(Error::Cut),
            });
        }
        answer.complete(&seen, question)
    }

    /// One request to a server that does not stream.
    async fn whole(&self, question: &Question<'_>, sink: &Sink) -> Result<Completion, Failure> {
        let options = question.options(self.target.api).with_capture_raw_body(true);
        let service = self.target.service(question.model, false);
        let response = self
            .client
            .exec_chat(service, question.conversation(), Some(&options))
            .await
            .map_err(|error| Failure::from_genai(&error, &self.target))?;
        let mut seen = Seen::default();
        if let Some(body) = &response.captured_raw_body {
            seen.read(None, body);
        }
        if let Some(fault) = &seen.fault {
            return Err(Failure::from_answer(fault, &self.target));
        }
        let mut answer = Answer::new(question.started, sink);
        answer.usage = counted(response.usage);
        for text in response.content.texts() {
            answer.push(text);
        }
        answer.complete(&seen, question)
    }

    fn habits_of(&self, model: &str) -> Habits {
        let known = self.habits.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(model).copied().unwrap_or_else(|| Habits::expected_of(&self.target))
    }

    fn remember(&self, model: &str, habits: Habits) {
        if habits == Habits::expected_of(&self.target) {
            return;
        }
        let mut known = self.habits.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED_MODELS {
            known.clear();
        }
        known.insert(model.to_owned(), habits);
    }
}

/// One request as it goes out.
struct Question<'a> {
    request: &'a Request,
    model: &'a str,
    habits: Habits,
    started: Instant,
}

impl Question<'_> {
    fn conversation(&self) -> ChatRequest {
        let messages = self.request.messages.iter().map(|message| match message.role {
            Role::User => ChatMessage::user(message.content.as_str()),
            Role::Assistant => ChatMessage::assistant(message.content.as_str()),
        });
        let conversation = ChatRequest::new(messages.collect());
        // Anthropic refuses an empty text, and an empty instruction says nothing anywhere else.
        if self.request.system.trim().is_empty() {
            conversation
        } else {
            conversation.with_system(self.request.system.as_str())
        }
    }

    fn options(&self, api: Api) -> ChatOptions {
        let mut options = ChatOptions::default().with_capture_usage(!self.habits.no_stream_options);
        if !self.habits.no_temperature {
            options = options.with_temperature(self.request.temperature);
        }
        let mut body = serde_json::Map::new();
        if api.names_model_in_body() {
            body.insert("model".to_owned(), json!(self.model));
        }
        if self.habits.completion_tokens {
            body.insert("max_completion_tokens".to_owned(), json!(self.request.max_tokens));
        } else {
            options = options.with_max_tokens(self.request.max_tokens);
        }
        if body.is_empty() { options } else { options.with_extra_body(body.into()) }
    }
}

/// The text as it grows.
struct Answer<'a> {
    text: String,
    thoughts: Thoughts,
    usage: Usage,
    started: Instant,
    first_token: Option<Duration>,
    sink: &'a Sink,
}

impl<'a> Answer<'a> {
    fn new(started: Instant, sink: &'a Sink) -> Self {
        let thoughts = Thoughts::default();
        Self { text: String::new(), thoughts, usage: Usage::default(), started, first_token: None, sink }
    }

    fn push(&mut self, chunk: &str) {
        let spoken = self.thoughts.strip(chunk);
        self.speak(&spoken);
    }

    fn speak(&mut self, spoken: &str) {
        if !spoken.is_empty() {
            self.first_token.get_or_insert_with(|| self.started.elapsed());
            self.text.push_str(spoken);
            self.sink.send(spoken);
        }
    }

    /// The completion, unless there is nothing to show or the text is not all that the model would have said.
    fn complete(mut self, seen: &Seen, question: &Question<'_>) -> Result<Completion, Failure> {
        let held_back = self.thoughts.rest();
        self.speak(&held_back);
        let is_blank = self.text.trim().is_empty();
        let error = match seen.stop.clone().map(StopReason::from) {
            Some(StopReason::ContentFilter(reason)) => {
                Some(Error::Refused(format!("its content filter stopped the answer ({reason})")))
            }
            Some(StopReason::Other(reason)) if wire::is_breakdown(&reason) => Some(Error::Cut),
            Some(StopReason::MaxTokens(_)) if is_blank => Some(Error::Refused(format!(
                "the model used up its {} tokens before it wrote anything; allow more with llm.max_tokens",
                question.request.max_tokens
            ))),
            Some(
                StopReason::Completed(_)
                | StopReason::MaxTokens(_)
                | StopReason::ToolCall(_)
                | StopReason::StopSequence(_)
                | StopReason::Other(_),
            )
            | None => is_blank.then(|| Error::Unavailable("the model wrote nothing".to_owned())),
        };
        match error {
            Some(error) => Err(Failure::of(error)),
            None => Ok(Completion {
                text: self.text,
                model: seen.model.clone().unwrap_or_else(|| question.model.to_owned()),
                usage: self.usage,
                first_token: self.first_token.unwrap_or_else(|| self.started.elapsed()),
            }),
        }
    }
}

fn counted(usage: genai::chat::Usage) -> Usage {
    let count = |tokens: Option<i32>| tokens.and_then(|tokens| u32::try_from(tokens).ok());
    Usage { input: count(usage.prompt_tokens), output: count(usage.completion_tokens) }
}
