//! Talking to a language model. One file per provider; [`engine::Engine`] says which one answers now.
//!
//! A provider streams: text goes to the [`Sink`] as it comes, and the whole [`Completion`] is returned at the end.
//! A stream that ends without its end marker is [`Error::Cut`], never a short answer.

pub mod engine;
pub mod local;
pub mod remote;
pub mod retry;
pub mod settings;

use std::time::Duration;

/// Who said something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// One earlier message of the conversation with the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who said it.
    pub role: Role,
    /// What was said.
    pub content: String,
}

/// What a model is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The model; `None` takes the one of the settings.
    pub model: Option<String>,
    /// The system prompt.
    pub system: String,
    /// The conversation, ending with the person's message.
    pub messages: Vec<Message>,
    /// The most tokens to write.
    pub max_tokens: u32,
    /// 0.0 (always the likeliest word) to 1.0.
    pub temperature: f64,
}

/// What a model answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// The whole text.
    pub text: String,
    /// The model that wrote it, as it names itself.
    pub model: String,
    /// What it counted, where it did.
    pub usage: Usage,
    /// From the request to the first text.
    pub first_token: Duration,
}

/// Tokens read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Tokens of the request.
    pub input: Option<u32>,
    /// Tokens of the answer.
    pub output: Option<u32>,
}

/// Where streamed text goes. Sending never waits; a receiver that is gone is no error.
#[derive(Debug, Clone)]
pub struct Sink(Option<tokio::sync::mpsc::UnboundedSender<String>>);

impl Sink {
    /// A sink and the end where its text comes out.
    pub fn channel() -> (Self, tokio::sync::mpsc::UnboundedReceiver<String>) {
        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
        (Self(Some(sender)), receiver)
    }

    /// A sink that drops everything.
    pub fn nowhere() -> Self {
        Self(None)
    }

    /// Passes text on.
    pub fn send(&self, text: &str) {
        if let Some(sender) = &self.0
            && !text.is_empty()
        {
            // A receiver that went away has stopped caring about the text, and the whole text is returned anyway.
            let _ = sender.send(text.to_owned());
        }
    }
}

/// Why a model did not answer, by what the caller can do about it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// Too many requests: try again, not before `retry_after` where the server named it.
    #[error("the model's server asks us to slow down")]
    RateLimited {
        /// What the server's `Retry-After` said.
        retry_after: Option<Duration>,
    },
    /// The server could not be reached or failed (5xx): try again.
    #[error("the model's server is unavailable: {0}")]
    Unavailable(String),
    /// No answer in time: try again.
    #[error("the model did not answer within {0:?}")]
    Timeout(Duration),
    /// The stream broke off before its end: try again.
    #[error("the model's answer broke off before its end")]
    Cut,
    /// The request was refused (4xx): trying again would not help.
    #[error("the model's server refused the request: {0}")]
    Refused(String),
    /// The model in this process failed, or its file is broken: trying again would not help.
    #[error("the local model failed: {0}")]
    Local(String),
}

impl Error {
    /// Whether the same request may go through later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::RateLimited { .. } | Self::Unavailable(_) | Self::Timeout(_) | Self::Cut => true,
            Self::Refused(_) | Self::Local(_) => false,
        }
    }
}

/// A text written together by us and a model: what we force stands, what the model generates fills the gaps.
///
/// Small models keep to a shape only when the shape is given; one script is one pass over one context.
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    /// The system prompt.
    pub system: String,
    /// What the person says.
    pub user: String,
    /// The assistant's message, piece by piece.
    pub steps: Vec<Step>,
    /// 0.0 (always the likeliest word) to 1.0.
    pub temperature: f64,
}

/// One piece of a [`Script`].
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Text that stands as given.
    Force(String),
    /// Text that the model writes.
    Generate {
        /// Writing ends before the first of these.
        stop: Vec<String>,
        /// Writing ends after this many tokens at the latest.
        max_tokens: u32,
    },
}
