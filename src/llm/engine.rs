//! Which model answers now, and what that means for people.

use std::path::PathBuf;
use std::sync::{Arc, RwLock};

use super::Usage;
use super::local::Local;
use super::remote::{Invalid, Remote};
use super::settings::{Provider, Settings};

/// What answers.
#[derive(Clone)]
pub enum Engine {
    /// A model behind an API.
    Remote(Arc<Remote>),
    /// The small model in this process.
    Local(Arc<Local>),
    /// No model: templates and extracts.
    Templates,
}

impl Engine {
    /// Its name, for people.
    pub fn label(&self) -> &str {
        match self {
            Self::Remote(_) => "model server",
            Self::Local(_) => "local model",
            Self::Templates => "no model",
        }
    }

    /// The model's name.
    pub fn model(&self) -> &str {
        match self {
            Self::Remote(remote) => remote.model(),
            Self::Local(_) => "qwen2.5-coder-1.5b",
            Self::Templates => "none",
        }
    }

    /// What that means, in a sentence.
    pub fn meaning(&self) -> &'static str {
        match self {
            Self::Remote(_) => "A language model behind an API writes drafts and answers.",
            Self::Local(_) => {
                "A small model in this process guides the interview and words answers; its links and numbers are checked \
                 by code. English only, drafts are generic, answers do not reason across articles."
            }
            Self::Templates => {
                "No language model: drafts come from templates and answers are sentences quoted from the articles."
            }
        }
    }
}

/// Where the local model is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LocalState {
    /// A remote model answers; the local one is not used.
    NotUsed,
    /// There is no file.
    Missing,
    /// The file is being fetched.
    Fetching {
        /// How much of it is here.
        percent: u8,
    },
    /// The file is being loaded.
    Loading,
    /// It answers.
    Ready,
    /// It could not be fetched or loaded.
    Failed(String),
}

/// The models of one process.
pub struct Models {
    settings: Settings,
    directory: PathBuf,
    engine: RwLock<Engine>,
    local: RwLock<LocalState>,
}

impl Models {
    /// What the settings ask for; files of the local model are under `directory`.
    pub fn new(mut settings: Settings, directory: PathBuf) -> Result<Self, Invalid> {
        let (engine, local) = match settings.effective_provider() {
            Provider::Local | Provider::Auto => (Engine::Templates, LocalState::Missing),
            Provider::OpenAi | Provider::Anthropic | Provider::Gemini | Provider::Ollama => {
                if settings.model.is_empty() {
                    settings.model = usual_model(&settings).to_owned();
                }
                (Engine::Remote(Arc::new(Remote::new(&settings)?)), LocalState::NotUsed)
            }
        };
        Ok(Self { settings, directory, engine: RwLock::new(engine), local: RwLock::new(local) })
    }

    /// What answers now.
    pub fn engine(&self) -> Engine {
        self.engine.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Where the local model is.
    pub fn local_state(&self) -> LocalState {
        self.local.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// The file that the local model would be loaded from, if it is there.
    pub fn local_file(&self) -> Option<PathBuf> {
        super::local::fetch::present(&self.settings, &self.directory)
    }

    fn set_local_state(&self, state: LocalState) {
        *self.local.write().unwrap_or_else(std::sync::PoisonError::into_inner) = state;
    }

    /// The model asked when a test names none; empty for whichever there is.
    pub fn default_model(&self) -> String {
        match self.engine() {
            Engine::Remote(remote) => remote.model().to_owned(),
            engine @ (Engine::Local(_) | Engine::Templates) => engine.model().to_owned(),
        }
    }

    /// The most tokens in a request.
    pub fn context_tokens(&self) -> usize {
        self.settings.context_tokens as usize
    }

    /// The most tokens in an answer.
    pub fn max_tokens(&self) -> u32 {
        self.settings.max_tokens
    }

    /// How often a request is tried in all.
    pub fn attempts(&self) -> u32 {
        self.settings.attempts
    }

    /// How long a whole answer may take.
    pub fn timeout(&self) -> std::time::Duration {
        self.settings.timeout()
    }

    /// What an answer cost, in millionths of a US dollar, where prices and tokens are known.
    pub fn cost_micros(&self, usage: Usage) -> Option<i64> {
        let Settings { input_price, output_price, .. } = self.settings;
        if input_price <= 0.0 && output_price <= 0.0 {
            return None;
        }
        let (input, output) = (f64::from(usage.input?), f64::from(usage.output?));
        Some((input * input_price + output * output_price).round() as i64)
    }

    /// Brings the local model into use, if it is wanted: fetches its file where the settings say so, then loads it.
    pub async fn prepare_local(&self) {
        if self.local_state() == LocalState::NotUsed {
            return;
        }
        let file = match super::local::fetch::present(&self.settings, &self.directory) {
            Some(file) => file,
            None if self.settings.local.fetch => {
                self.set_local_state(LocalState::Fetching { percent: 0 });
                let fetched = super::local::fetch::fetch(&self.settings, &self.directory, false, |progress| {
                    let percent = progress.percent();
                    if self.local_state() != (LocalState::Fetching { percent }) {
                        tracing::info!(percent, "Fetching the local model: {percent} %");
                        self.set_local_state(LocalState::Fetching { percent });
                    }
                });
                match fetched.await {
                    Ok(file) => file,
                    Err(error) => {
                        tracing::warn!(%error, "The local model could not be fetched; answering without a model");
                        return self.set_local_state(LocalState::Failed(error.to_string()));
                    }
                }
            }
            None => return,
        };
        self.set_local_state(LocalState::Loading);
        let threads = self.settings.local.threads;
        let loaded = tokio::task::spawn_blocking(move || Local::load(&file, threads)).await;
        match loaded {
            Ok(Ok(local)) => {
                *self.engine.write().unwrap_or_else(std::sync::PoisonError::into_inner) =
                    Engine::Local(Arc::new(local));
                self.set_local_state(LocalState::Ready);
                tracing::info!("The local model answers from now on");
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "The local model could not be loaded; answering without a model");
                self.set_local_state(LocalState::Failed(error.to_string()));
            }
            Err(panic) => self.set_local_state(LocalState::Failed(panic.to_string())),
        }
    }
}

/// The model asked when the settings name none: a small, cheap one of the provider.
fn usual_model(settings: &Settings) -> &'static str {
    match settings.effective_provider() {
        // A server of one's own usually has one model, and takes any name for it.
        Provider::OpenAi if !settings.base_url.is_empty() => "default",
        Provider::OpenAi => "gpt-4.1-mini",
        Provider::Anthropic => "claude-haiku-4-5",
        Provider::Gemini => "gemini-2.5-flash",
        Provider::Ollama => "llama3.2",
        Provider::Auto | Provider::Local => "none",
    }
}
