//! Settings: `config/default.toml`, then the operator's file, then the environment.
//!
//! Each module owns its own `Settings`; this file only gathers them. Add an option to its module and to the default file.

use std::path::PathBuf;

use figment::providers::{Format, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Error, Figment, Metadata, Profile, Provider};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::chat::{discord, slack};
use crate::workshop::settings::{Articles, Drafts, Feeds, Limits, Queue};
use crate::{auspex, llm, openid, store, telemetry, web};

/// The defaults, with an explanation of every option.
pub const DEFAULTS: &str = include_str!("../config/default.toml");

/// The environment variable that names the operator's file.
pub const FILE_VARIABLE: &str = "WORKSHOP_CONFIG";

/// The beginning of every environment variable that is a setting.
const PREFIX: &str = "WORKSHOP_";

/// What is wrong with the settings, for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Wrong(String);

/// Every setting.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where files are kept; empty for the default of [`Config::directory`].
    pub data_dir: PathBuf,
    /// `[database]`.
    pub database: store::settings::Settings,
    /// `[http]`.
    pub http: web::Settings,
    /// `[llm]`.
    pub llm: llm::settings::Settings,
    /// `[drafts]`.
    pub drafts: Drafts,
    /// `[limits]`.
    pub limits: Limits,
    /// `[queue]`.
    pub queue: Queue,
    /// `[feeds]`.
    pub feeds: Feeds,
    /// `[articles]`.
    pub articles: Articles,
    /// `[slack]`.
    pub slack: slack::Settings,
    /// `[discord]`.
    pub discord: discord::Settings,
    /// `[auspex]`.
    pub auspex: auspex::Settings,
    /// `[openid]`.
    pub openid: openid::Settings,
    /// `[log]`.
    pub log: telemetry::Settings,
}

impl Config {
    /// Reads the settings that are in force for this process.
    pub fn load() -> Result<Self, Wrong> {
        let file = std::env::var_os(FILE_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
        if let Some(path) = &file
            && !path.is_file()
        {
            return Err(Wrong(format!("{FILE_VARIABLE} names {}, which is no file", path.display())));
        }
        Self::from_parts(file, std::env::vars().collect())
    }

    /// Reads settings from a file and environment variables.
    pub fn from_parts(file: Option<PathBuf>, environment: Vec<(String, String)>) -> Result<Self, Wrong> {
        let config = Self::unchecked(file, environment)?;
        config.check()?;
        Ok(config)
    }

    /// Like [`Self::load`], for what is done before everything is set: the Slack app is made before it has tokens.
    pub fn load_unchecked() -> Result<Self, Wrong> {
        let file = std::env::var_os(FILE_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
        Self::unchecked(file, std::env::vars().collect())
    }

    fn unchecked(file: Option<PathBuf>, environment: Vec<(String, String)>) -> Result<Self, Wrong> {
        let defaults: Value =
            toml::from_str(DEFAULTS).map_err(|error| Wrong(format!("the defaults are wrong: {error}")))?;
        let mut figment = Figment::from(Toml::string(DEFAULTS));
        if let Some(path) = file {
            figment = figment.merge(Toml::file_exact(path));
        }
        figment.merge(Environment { variables: environment, defaults }).extract().map_err(explain)
    }

    fn check(&self) -> Result<(), Wrong> {
        let at_least_one = [
            ("database.max_connections", u64::from(self.database.max_connections)),
            ("llm.timeout_seconds", self.llm.timeout_seconds),
            ("llm.max_tokens", u64::from(self.llm.max_tokens)),
            ("llm.attempts", u64::from(self.llm.attempts)),
            ("drafts.expire_after_days", u64::from(self.drafts.expire_after_days)),
            ("limits.concurrent_tests", u64::from(self.limits.concurrent_tests)),
            ("queue.concurrency", u64::from(self.queue.concurrency)),
            ("queue.batch_concurrency", u64::from(self.queue.batch_concurrency)),
            ("limits.batch_tests", u64::from(self.limits.batch_tests)),
        ];
        for (name, value) in at_least_one {
            if value < 1 {
                return Err(Wrong(format!("the setting {name} must be at least 1")));
            }
        }
        if self.llm.context_tokens < 1000 {
            return Err(Wrong("the setting llm.context_tokens must be at least 1000".to_owned()));
        }
        if self.queue.concurrency > 256 {
            return Err(Wrong("the setting queue.concurrency may be at most 256".to_owned()));
        }
        if self.queue.batch_concurrency > 256 {
            return Err(Wrong("the setting queue.batch_concurrency may be at most 256".to_owned()));
        }
        if !(5..=10_080).contains(&self.feeds.interval_minutes) {
            return Err(Wrong("the setting feeds.interval_minutes must be 5 to 10080".to_owned()));
        }
        // Days are subtracted from dates, which do not reach further back than this by far.
        if self.articles.keep_days > 365_000 {
            return Err(Wrong("the setting articles.keep_days may be at most 365000".to_owned()));
        }
        for checked in [self.slack.check(), self.discord.check(), self.auspex.check(), self.openid.check()] {
            checked.map_err(|invalid| Wrong(format!("the setting {} {}", invalid.field, invalid.reason)))?;
        }
        self.http.address().map(|_| ()).map_err(|invalid| Wrong(format!("the setting {invalid}")))
    }

    /// Every setting by name, secrets as `***`, and an empty one as it is.
    pub fn shown(&self) -> Vec<(&'static str, String)> {
        let Self {
            data_dir,
            database,
            http,
            llm,
            drafts,
            limits,
            queue,
            feeds,
            articles,
            slack,
            discord,
            auspex,
            openid,
            log,
        } = self;
        let secret = |value: &SecretString| if value.expose_secret().is_empty() { "\"\"" } else { "***" }.to_owned();
        let text = |value: &dyn std::fmt::Debug| format!("{value:?}");
        vec![
            ("data_dir", text(data_dir)),
            ("database.url", secret(&database.url)),
            ("database.max_connections", text(&database.max_connections)),
            ("http.listen", text(&http.listen)),
            ("http.public_url", text(&http.public_url)),
            ("llm.provider", text(&llm.provider).to_lowercase()),
            ("llm.base_url", text(&without_credentials(&llm.base_url))),
            ("llm.api_key", secret(&llm.api_key)),
            ("llm.model", text(&llm.model)),
            ("llm.timeout_seconds", text(&llm.timeout_seconds)),
            ("llm.max_tokens", text(&llm.max_tokens)),
            ("llm.context_tokens", text(&llm.context_tokens)),
            ("llm.attempts", text(&llm.attempts)),
            ("llm.input_price", text(&llm.input_price)),
            ("llm.output_price", text(&llm.output_price)),
            ("llm.local.model_path", text(&llm.local.model_path)),
            ("llm.local.threads", text(&llm.local.threads)),
            ("llm.local.fetch", text(&llm.local.fetch)),
            ("drafts.expire_after_days", text(&drafts.expire_after_days)),
            ("drafts.remind_after_days", text(&drafts.remind_after_days)),
            ("drafts.purge_after_days", text(&drafts.purge_after_days)),
            ("drafts.channel_access", text(&drafts.channel_access.as_str())),
            ("drafts.rating_reminder_hours", text(&drafts.rating_reminder_hours)),
            ("limits.tests_per_hour", text(&limits.tests_per_hour)),
            ("limits.concurrent_tests", text(&limits.concurrent_tests)),
            ("limits.batch_tests", text(&limits.batch_tests)),
            ("limits.batch_tests_per_hour", text(&limits.batch_tests_per_hour)),
            ("limits.drafts_per_user", text(&limits.drafts_per_user)),
            ("queue.concurrency", text(&queue.concurrency)),
            ("queue.batch_concurrency", text(&queue.batch_concurrency)),
            ("queue.rescue_after_seconds", text(&queue.rescue_after_seconds)),
            ("queue.shutdown_seconds", text(&queue.shutdown_seconds)),
            ("feeds.interval_minutes", text(&feeds.interval_minutes)),
            ("feeds.allow_private_addresses", text(&feeds.allow_private_addresses)),
            ("articles.keep_days", text(&articles.keep_days)),
            ("slack.mode", text(&slack.mode.as_str())),
            ("slack.app_token", secret(&slack.app_token)),
            ("slack.bot_token", secret(&slack.bot_token)),
            ("slack.signing_secret", secret(&slack.signing_secret)),
            ("slack.client_id", text(&slack.client_id)),
            ("slack.client_secret", secret(&slack.client_secret)),
            ("slack.api_url", text(&without_credentials(&slack.api_url))),
            ("slack.command", text(&slack.command)),
            ("discord.mode", text(&discord.mode.as_str())),
            ("discord.token", secret(&discord.token)),
            ("discord.application_id", text(&discord.application_id)),
            ("discord.public_key", text(&discord.public_key)),
            ("discord.guild_id", text(&discord.guild_id)),
            ("discord.api_url", text(&without_credentials(&discord.api_url))),
            ("auspex.url", text(&without_credentials(&auspex.url))),
            ("auspex.token", secret(&auspex.token)),
            ("openid.issuer", text(&openid.issuer)),
            ("openid.client_id", text(&openid.client_id)),
            ("openid.client_secret", secret(&openid.client_secret)),
            ("openid.scopes", text(&openid.scopes)),
            ("openid.allowed_domains", text(&openid.allowed_domains)),
            ("openid.label", text(&openid.label)),
            ("log.format", text(&log.format).to_lowercase()),
            ("log.filter", text(&log.filter)),
        ]
    }

    /// Where files are kept.
    pub fn directory(&self) -> PathBuf {
        if !self.data_dir.as_os_str().is_empty() {
            return self.data_dir.clone();
        }
        // SAFETY: geteuid has no preconditions and cannot fail.
        if unsafe { libc::geteuid() } == 0 {
            return PathBuf::from("/var/lib/prompt-workshop");
        }
        let share = std::env::var_os("XDG_DATA_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
        let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share"));
        share.or(home).unwrap_or_else(|| PathBuf::from(".")).join("prompt-workshop")
    }
}

/// An address without the user and password that it may hold.
fn without_credentials(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://***@{host}"),
        _ => url.to_owned(),
    }
}

/// Says what is wrong with the name of the setting and where it came from.
fn explain(errors: Error) -> Wrong {
    let sentences: Vec<String> = errors
        .into_iter()
        .map(|error| {
            let source = error.metadata.as_ref().map(|metadata| metadata.name.to_string()).unwrap_or_default();
            let path = error.path.join(".");
            match &error.kind {
                figment::error::Kind::UnknownField(name, _) => {
                    let named = error.path.last().is_some_and(|last| last == name);
                    let whole = if named || path.is_empty() { path.clone() } else { format!("{path}.{name}") };
                    let whole = if whole.is_empty() { name.clone() } else { whole };
                    format!("there is no setting {whole} ({source})")
                }
                kind => format!("the setting {path} is wrong: {kind} ({source})"),
            }
        })
        .collect();
    Wrong(sentences.join("; "))
}

/// Environment variables as settings. The default decides how a value is read: a key made of digits stays text.
struct Environment {
    variables: Vec<(String, String)>,
    defaults: Value,
}

impl Provider for Environment {
    fn metadata(&self) -> Metadata {
        Metadata::named("environment")
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let mut dict = Dict::new();
        for (name, raw) in &self.variables {
            let Some(key) = name.strip_prefix(PREFIX) else { continue };
            if name == FILE_VARIABLE || name == "WORKSHOP_BUILD_DATABASE_URL" {
                continue;
            }
            let path: Vec<String> = key.split("__").map(str::to_lowercase).collect();
            let known = self.defaults.find_ref(&path.join("."));
            let value = match known {
                Some(Value::String(..)) => Value::from(raw.as_str()),
                // An unknown setting is refused when everything is read, with its name.
                Some(_) | None => value_of(raw),
            };
            insert(&mut dict, &path, value);
        }
        Ok(Profile::Default.collect(dict))
    }
}

/// A value as TOML reads it; text where it is none.
fn value_of(raw: &str) -> Value {
    let parsed = toml::from_str::<Dict>(&format!("value = {raw}")).ok();
    parsed.and_then(|mut dict| dict.remove("value")).unwrap_or_else(|| Value::from(raw))
}

fn insert(dict: &mut Dict, path: &[String], value: Value) {
    match path {
        [] => {}
        [last] => {
            dict.insert(last.clone(), value);
        }
        [first, rest @ ..] => {
            let entry = dict.entry(first.clone()).or_insert_with(|| Value::from(Dict::new()));
            if let Value::Dict(_, inner) = entry {
                insert(inner, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(environment: &[(&str, &str)]) -> Result<Config, Wrong> {
        let owned = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Config::from_parts(None, owned)
    }

    #[test]
    fn the_defaults_are_complete_and_valid() {
        let config = load(&[]).unwrap();
        assert_eq!(config.http.listen, "127.0.0.1:8484");
        assert_eq!(config.limits.tests_per_hour, 30);
        assert_eq!(config.drafts.remind_after_days, [23, 29]);
    }

    #[test]
    fn the_environment_wins_and_keeps_text_text() {
        let config = load(&[
            ("WORKSHOP_LIMITS__TESTS_PER_HOUR", "7"),
            ("WORKSHOP_LLM__API_KEY", "12345"),
            ("WORKSHOP_LLM__LOCAL__MODEL_PATH", "/models/x.gguf"),
            ("WORKSHOP_DATA_DIR", "/srv/workshop"),
            ("WORKSHOP_LLM__PROVIDER", "anthropic"),
        ])
        .unwrap();
        assert_eq!(config.limits.tests_per_hour, 7);
        assert_eq!(config.llm.api_key.expose_secret(), "12345");
        assert_eq!(config.llm.local.model_path, "/models/x.gguf");
        assert_eq!(config.directory(), PathBuf::from("/srv/workshop"));
    }

    #[test]
    fn an_unknown_setting_is_refused_by_name() {
        let error = load(&[("WORKSHOP_HTTP__LISTN", "x")]).unwrap_err().to_string();
        assert_eq!(error, "there is no setting http.listn (environment)");
        let error = load(&[("WORKSHOP_NONSENSE", "x")]).unwrap_err().to_string();
        assert!(error.contains("nonsense"), "{error}");
    }

    #[test]
    fn a_wrong_value_is_refused_with_its_setting() {
        for (name, setting) in [
            ("WORKSHOP_LIMITS__TESTS_PER_HOUR", "limits.tests_per_hour"),
            ("WORKSHOP_QUEUE__CONCURRENCY", "queue.concurrency"),
            ("WORKSHOP_LOG__FORMAT", "log.format"),
            ("WORKSHOP_HTTP__LISTEN", "http.listen"),
        ] {
            let error = load(&[(name, "many")]).unwrap_err().to_string();
            assert!(error.contains(setting), "{error}");
        }
    }

    #[test]
    fn secrets_do_not_show() {
        let config = load(&[("WORKSHOP_LLM__API_KEY", "sk-secret"), ("WORKSHOP_DATABASE__URL", "postgres://u:pw@h/d")]);
        let shown = format!("{:?}", config.unwrap());
        assert!(!shown.contains("sk-secret") && !shown.contains("pw@"), "{shown}");
    }
}
