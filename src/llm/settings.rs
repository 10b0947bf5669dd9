//! The settings of `[llm]`; every one is explained in `config/default.toml`.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// `[llm]`: which model answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Who is asked; `auto` is an OpenAI-compatible server when a base URL or key is set, else the local model.
    pub provider: Provider,
    /// The server's address; empty for the provider's own.
    pub base_url: String,
    /// The key; empty for none.
    pub api_key: SecretString,
    /// The model asked when a test names none.
    pub model: String,
    /// How long a whole answer may take.
    pub timeout_seconds: u64,
    /// The most tokens in one answer.
    pub max_tokens: u32,
    /// How many tokens of prompt, articles and conversation are sent at most.
    pub context_tokens: u32,
    /// How often a request is tried in all.
    pub attempts: u32,
    /// US dollars for a million tokens read; 0 when unknown.
    pub input_price: f64,
    /// US dollars for a million tokens written; 0 when unknown.
    pub output_price: f64,
    /// The model that runs in this process.
    pub local: Local,
}

/// `[llm.local]`: the model that runs in this process.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Local {
    /// The model's file; empty for the one that `workshop setup` fetches into the data directory.
    pub model_path: String,
    /// Threads to compute with; 0 for all cores but one.
    pub threads: usize,
    /// Whether `serve` fetches the file when it is missing.
    pub fetch: bool,
}

/// Who is asked. Everything but `Auto` and `Local` is a remote service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// See [`Settings::provider`].
    Auto,
    /// The model in this process, or templates while there is none.
    Local,
    /// OpenAI or a server that speaks its chat completions.
    OpenAi,
    /// Anthropic's Messages API.
    Anthropic,
    /// Google's Gemini.
    Gemini,
    /// Ollama's own interface.
    Ollama,
}

impl Settings {
    /// How long a whole answer may take.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds)
    }

    /// The provider, with `auto` decided.
    pub fn effective_provider(&self) -> Provider {
        match self.provider {
            Provider::Auto if self.base_url.is_empty() && self.api_key.expose_secret().is_empty() => Provider::Local,
            Provider::Auto => Provider::OpenAi,
            named => named,
        }
    }
}
