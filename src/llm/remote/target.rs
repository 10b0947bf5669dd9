//! Who is asked: address, credentials and protocol, from the settings alone.
//!
//! `genai` would guess the protocol from a model's name, cut `x::` off its front and `-high` or `-max` off its end.
//! So it never sees the name: the name goes into the body (or, for Gemini, the address) by our hand.

use std::net::IpAddr;

use genai::adapter::AdapterKind;
use genai::resolver::{AuthData, Endpoint};
use genai::{Headers, ModelIden, ServiceTarget};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::Invalid;
use crate::llm::settings::{Provider, Settings};

/// The version of the Messages API that we speak.
const ANTHROPIC_VERSION: &str = "2023-06-01";

/// How much of a server's own words is passed on.
const QUOTED_CHARS: usize = 200;

/// A protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// Chat completions, spoken by OpenAI and many others.
    OpenAi,
    /// Anthropic's Messages.
    Anthropic,
    /// Google's Gemini.
    Gemini,
    /// Ollama's own.
    Ollama,
}

impl Api {
    /// The provider's own service.
    fn home(self) -> &'static str {
        match self {
            Self::OpenAi => "https://api.openai.com/v1",
            Self::Anthropic => "https://api.anthropic.com/v1",
            Self::Gemini => "https://generativelanguage.googleapis.com/v1beta",
            Self::Ollama => "http://localhost:11434",
        }
    }

    /// The path that requests hang below, from the path that a person wrote.
    fn base_path(self, written: &str) -> String {
        let written = written.trim_end_matches('/');
        let without = |endpoint: &str| written.strip_suffix(endpoint).unwrap_or(written).trim_end_matches('/');
        match self {
            Self::OpenAi => match without("/chat/completions") {
                "" => "/v1".to_owned(),
                path => path.to_owned(),
            },
            // Gateways follow Anthropic's own clients, which add `/v1/messages` to any base.
            Self::Anthropic => match without("/messages") {
                path if path.ends_with("/v1") => path.to_owned(),
                path => format!("{path}/v1"),
            },
            Self::Gemini => match written {
                "" => "/v1beta".to_owned(),
                path => path.to_owned(),
            },
            // The address of Ollama's OpenAI-compatible side is the one people have at hand.
            Self::Ollama => {
                let path = without("/chat");
                let path = path.strip_suffix("/api").or_else(|| path.strip_suffix("/v1")).unwrap_or(path);
                format!("{path}/api")
            }
        }
    }

    /// Whether the body may say which model is asked, beside what `genai` writes.
    pub fn names_model_in_body(self) -> bool {
        match self {
            Self::OpenAi | Self::Anthropic => true,
            Self::Gemini | Self::Ollama => false,
        }
    }
}

/// Who is asked.
pub struct Target {
    /// How to speak.
    pub api: Api,
    base: Url,
    key: SecretString,
}

impl Target {
    /// Reads the settings.
    pub fn new(settings: &Settings) -> Result<Self, Invalid> {
        let api = match settings.effective_provider() {
            Provider::OpenAi => Api::OpenAi,
            Provider::Anthropic => Api::Anthropic,
            Provider::Gemini => Api::Gemini,
            Provider::Ollama => Api::Ollama,
            provider @ (Provider::Auto | Provider::Local) => return Err(Invalid::NotRemote(provider)),
        };
        let key = settings.api_key.expose_secret().trim();
        if !key.chars().all(|c| c.is_ascii_graphic()) {
            return Err(Invalid::ApiKey);
        }
        let written = settings.base_url.trim();
        let base = base_url(api, if written.is_empty() { api.home() } else { written })?;
        let target = Self { api, base, key: SecretString::from(key) };
        if key.is_empty() && written.is_empty() && api != Api::Ollama {
            return Err(Invalid::KeyMissing(target.place()));
        }
        Ok(target)
    }

    /// Scheme, host and port.
    pub fn place(&self) -> String {
        self.base.origin().ascii_serialization()
    }

    /// The address below which requests go, without credentials and parameters.
    pub fn address(&self) -> String {
        format!("{}{}", self.place(), self.base.path())
    }

    /// Whether the server is on this machine, where a proxy cannot reach it.
    pub fn is_loopback(&self) -> bool {
        self.base.host_str().is_some_and(|host| {
            let address: Result<IpAddr, _> = host.trim_matches(['[', ']']).parse();
            host == "localhost" || address.is_ok_and(|address| address.is_loopback())
        })
    }

    /// Whether OpenAI's own service is asked.
    pub fn is_openai_itself(&self) -> bool {
        self.api == Api::OpenAi && self.base.host_str() == Some("api.openai.com")
    }

    /// Everything that `genai` needs to send a request for this model, with nothing left to its judgement.
    pub fn service(&self, model: &str, streams: bool) -> ServiceTarget {
        let adapter = match self.api {
            Api::OpenAi => AdapterKind::OpenAI,
            Api::Anthropic => AdapterKind::Anthropic,
            Api::Gemini => AdapterKind::Gemini,
            Api::Ollama => AdapterKind::Ollama,
        };
        // Ollama's body is genai's alone; it cuts off what stands before the first `::`, and nothing else.
        let name = if self.api == Api::Ollama { format!("model::{model}") } else { "model".to_owned() };
        ServiceTarget {
            endpoint: Endpoint::from_owned(self.base.as_str()),
            auth: AuthData::RequestOverride { url: self.url(model, streams).into(), headers: self.headers() },
            model: ModelIden::new(adapter, name),
        }
    }

    fn url(&self, model: &str, streams: bool) -> Url {
        let mut url = self.base.clone();
        let base = url.path().to_owned();
        match self.api {
            Api::OpenAi => url.set_path(&format!("{base}/chat/completions")),
            Api::Anthropic => url.set_path(&format!("{base}/messages")),
            Api::Ollama => url.set_path(&format!("{base}/chat")),
            Api::Gemini => {
                let method = if streams { "streamGenerateContent" } else { "generateContent" };
                let model = if model.contains('/') { model.to_owned() } else { format!("models/{model}") };
                // Segment by segment, so that no name leads out of the base path.
                if let Ok(mut path) = url.path_segments_mut() {
                    path.extend(format!("{model}:{method}").split('/'));
                }
                if streams {
                    url.query_pairs_mut().append_pair("alt", "sse");
                }
            }
        }
        url
    }

    fn headers(&self) -> Headers {
        let key = self.key.expose_secret();
        let mut headers: Vec<(String, String)> = Vec::new();
        if self.api == Api::Anthropic {
            headers.push(("anthropic-version".to_owned(), ANTHROPIC_VERSION.to_owned()));
        }
        if !key.is_empty() {
            headers.push(match self.api {
                Api::OpenAi | Api::Ollama => ("authorization".to_owned(), format!("Bearer {key}")),
                Api::Anthropic => ("x-api-key".to_owned(), key.to_owned()),
                Api::Gemini => ("x-goog-api-key".to_owned(), key.to_owned()),
            });
        }
        Headers::from(headers)
    }

    /// A server's own words, short, on one line, and without our secrets.
    pub fn quote(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in [self.key.expose_secret(), self.base.password().unwrap_or_default()] {
            if !secret.is_empty() {
                text = text.replace(secret, "***");
            }
        }
        let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c.is_control()).collect();
        let line = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(QUOTED_CHARS) {
            Some((end, _)) => format!("{}…", line[..end].trim_end()),
            None => line,
        }
    }
}

fn base_url(api: Api, written: &str) -> Result<Url, Invalid> {
    let mut url = Url::parse(written).map_err(|error| Invalid::BaseUrl(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Invalid::BaseUrl("it must begin with http:// or https://".to_owned()));
    }
    let path = api.base_path(url.path());
    url.set_path(&path);
    url.set_fragment(None);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::settings::Local;

    fn settings(provider: Provider, base_url: &str, key: &str) -> Settings {
        Settings {
            provider,
            base_url: base_url.to_owned(),
            api_key: SecretString::from(key),
            model: "m".to_owned(),
            timeout_seconds: 5,
            max_tokens: 10,
            context_tokens: 1000,
            attempts: 1,
            input_price: 0.0,
            output_price: 0.0,
            local: Local { model_path: String::new(), threads: 0, fetch: false },
        }
    }

    fn url(provider: Provider, base_url: &str, model: &str) -> String {
        Target::new(&settings(provider, base_url, "k")).unwrap().url(model, true).to_string()
    }

    #[test]
    fn however_the_address_is_written_it_reaches_chat_completions() {
        for written in ["http://h:1", "http://h:1/", "http://h:1/v1", " http://h:1/v1// "] {
            assert_eq!(url(Provider::OpenAi, written, "m"), "http://h:1/v1/chat/completions", "{written}");
        }
        for (written, expected) in [
            ("https://h/api/v1", "https://h/api/v1/chat/completions"),
            ("https://h/openai/", "https://h/openai/chat/completions"),
            ("https://h/v1/chat/completions", "https://h/v1/chat/completions"),
            ("https://h/x?api-version=2", "https://h/x/chat/completions?api-version=2"),
            ("", "https://api.openai.com/v1/chat/completions"),
        ] {
            assert_eq!(url(Provider::OpenAi, written, "m"), expected);
        }
    }

    #[test]
    fn every_provider_has_its_own_path() {
        for (written, expected) in [
            ("", "https://api.anthropic.com/v1/messages"),
            ("http://h", "http://h/v1/messages"),
            ("http://h/v1/", "http://h/v1/messages"),
            ("http://h/v1/messages", "http://h/v1/messages"),
            ("http://h/anthropic", "http://h/anthropic/v1/messages"),
        ] {
            assert_eq!(url(Provider::Anthropic, written, "m"), expected);
        }
        for (written, expected) in [
            ("", "http://localhost:11434/api/chat"),
            ("http://h/v1", "http://h/api/chat"),
            ("http://h/api/chat", "http://h/api/chat"),
            ("http://h/ollama/", "http://h/ollama/api/chat"),
        ] {
            assert_eq!(url(Provider::Ollama, written, "m"), expected);
        }
        let google = "https://generativelanguage.googleapis.com/v1beta";
        let method = "streamGenerateContent?alt=sse";
        for (model, expected) in [
            ("gemini-x", format!("{google}/models/gemini-x:{method}")),
            ("tunedModels/a", format!("{google}/tunedModels/a:{method}")),
            ("../../x?y", format!("{google}/x%3Fy:{method}")),
        ] {
            assert_eq!(url(Provider::Gemini, "", model), expected);
        }
    }

    #[test]
    fn unusable_settings_are_refused_with_the_reason() {
        let refused = |provider, base_url, key| Target::new(&settings(provider, base_url, key)).err().unwrap();
        assert!(matches!(refused(Provider::OpenAi, "127.0.0.1:80", ""), Invalid::BaseUrl(_)));
        assert!(matches!(refused(Provider::OpenAi, "localhost:80", ""), Invalid::BaseUrl(_)));
        assert_eq!(refused(Provider::OpenAi, "http://h", "a\nb"), Invalid::ApiKey);
        assert!(matches!(refused(Provider::Anthropic, "", ""), Invalid::KeyMissing(_)));
        assert_eq!(refused(Provider::Auto, "", ""), Invalid::NotRemote(Provider::Local));
        assert!(Target::new(&settings(Provider::Ollama, "", "")).is_ok());
        assert!(Target::new(&settings(Provider::Auto, "http://h", "")).is_ok());
    }

    #[test]
    fn a_quote_is_short_and_holds_no_secret() {
        let target = Target::new(&settings(Provider::OpenAi, "http://u:hunter2@h:1", "sk-1")).unwrap();
        assert_eq!(target.quote("bad key\n\t'sk-1'  for hunter2"), "bad key '***' for ***");
        assert_eq!(target.quote(&"é".repeat(300)).chars().count(), 201);
        assert_eq!(target.place(), "http://h:1");
        assert_eq!(target.address(), "http://h:1/v1");
    }

    #[test]
    fn only_this_machine_is_loopback() {
        let is_loopback = |base| Target::new(&settings(Provider::OpenAi, base, "")).unwrap().is_loopback();
        assert!(is_loopback("http://127.0.0.1:1") && is_loopback("http://[::1]:1") && is_loopback("http://localhost"));
        assert!(!is_loopback("http://10.0.0.1") && !is_loopback("http://localhost.example"));
    }
}
