//! Slack: design, test, rate, commit and reuse prompts without leaving the thread.
//!
//! | what | where |
//! |---|---|
//! | what arrives, over a socket or over HTTP | `socket`, `http` → `parse` → `receive` |
//! | forms | `modal`, opened and checked by `forms` |
//! | what is posted and edited | `deliver`, `home`, drawn by `render` and `markup` |
//! | calling Slack | `api`, `pace` |
//! | installing the app | `install`, `seal`, `manifest` |

pub mod api;
mod deliver;
mod doctor;
mod forms;
mod home;
pub mod http;
mod install;
pub mod manifest;
pub mod markup;
mod modal;
mod pace;
pub mod parse;
mod receive;
pub mod render;
pub mod seal;
mod socket;

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use self::api::Api;
use self::pace::Pace;
use self::seal::Seal;
use crate::choice;
use crate::domain::Invalid;
use crate::domain::account::Platform;
use crate::workshop::Workshop;

choice! {
    /// How Slack reaches us.
    pub enum Mode {
        /// Not at all.
        Off = "off",
        /// Over a socket that we open: no public address is needed.
        Socket = "socket",
        /// Over HTTP, signed.
        Http = "http",
    }
}

/// `[slack]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How Slack reaches us.
    pub mode: Mode,
    /// The app-level token (`xapp-…`) that opens sockets.
    pub app_token: SecretString,
    /// The bot's token (`xoxb-…`) when the app serves one workspace.
    pub bot_token: SecretString,
    /// What Slack signs its requests with.
    pub signing_secret: SecretString,
    /// The app's client id, for installations by OAuth.
    pub client_id: String,
    /// The app's client secret, for installations by OAuth.
    pub client_secret: SecretString,
    /// Slack's Web API, or what speaks it.
    pub api_url: String,
    /// The slash command.
    pub command: String,
}

impl Settings {
    /// Whether everything is there that the mode needs.
    pub fn check(&self) -> Result<(), Invalid> {
        let missing = |secret: &SecretString| secret.expose_secret().trim().is_empty();
        if self.mode == Mode::Off {
            return Ok(());
        }
        if missing(&self.bot_token) && (self.client_id.is_empty() || missing(&self.client_secret)) {
            let reason =
                "is needed to post (xoxb-…); or slack.client_id and slack.client_secret, to be installed by OAuth";
            return Err(Invalid::new("slack.bot_token", reason));
        }
        if self.mode == Mode::Socket && missing(&self.app_token) {
            return Err(Invalid::new("slack.app_token", "is needed for the mode \"socket\" (xapp-…)"));
        }
        if self.mode == Mode::Http && missing(&self.signing_secret) {
            return Err(Invalid::new("slack.signing_secret", "is needed for the mode \"http\""));
        }
        if !self.command.starts_with('/') || self.command.len() < 2 || self.command.contains(char::is_whitespace) {
            return Err(Invalid::new("slack.command", "must be one word after a slash, such as /workshop"));
        }
        Ok(())
    }
}

/// The Slack app. Cheap to clone.
#[derive(Clone)]
pub struct Slack(Arc<Inner>);

struct Inner {
    workshop: Workshop,
    settings: Settings,
    api: Api,
    pace: Pace,
    seal: Option<Seal>,
    /// The bot's own user, once Slack has told: for events that do not name it.
    bot_user: OnceLock<String>,
    /// What stands before a word of the slash command.
    marker: String,
}

/// Why the app cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// The system's certificates cannot be read.
    #[error("the system's root certificates cannot be read")]
    Certificates(#[from] std::io::Error),
    /// No key could be made of the client secret.
    #[error("no key can be made of slack.client_secret")]
    Secret(#[from] seal::Broken),
}

/// Why nothing was done in a workspace.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
enum Failed {
    /// Slack did not do it.
    #[error(transparent)]
    Api(#[from] api::Error),
    /// We have no token for the workspace.
    #[error("the app is not installed in this workspace")]
    NotInstalled,
}

impl Slack {
    /// The app with its settings; nothing is connected yet.
    pub fn new(workshop: Workshop, settings: Settings) -> Result<Self, Unusable> {
        let seal = match settings.client_secret.expose_secret().is_empty() {
            true => None,
            false => Some(Seal::new(&settings.client_secret)?),
        };
        let api = Api::new(&settings.api_url)?;
        let marker = format!("{} ", settings.command);
        let (pace, bot_user) = (Pace::default(), OnceLock::new());
        Ok(Self(Arc::new(Inner { workshop, settings, api, pace, seal, bot_user, marker })))
    }

    /// Whether Slack reaches us over HTTP.
    pub fn takes_http(&self) -> bool {
        self.0.settings.mode == Mode::Http
    }

    /// Says in the log whether the bot's token works, and what to do when it does not.
    pub async fn check_token(&self) {
        let public = &self.0.workshop.settings().public_url;
        if (self.takes_http() || !self.0.settings.client_id.is_empty()) && public.starts_with("http://") {
            tracing::warn!(
                "Slack reaches people and services at https addresses only: set http.public_url, which is {public} now"
            );
        }
        let token = &self.0.settings.bot_token;
        if token.expose_secret().is_empty() {
            return tracing::info!("Slack: workspaces install the app at {public}/slack/install");
        }
        match self.0.api.call(token, "auth.test", &json!({})).await {
            Ok(who) => {
                let team = who["team_id"].as_str().unwrap_or("?");
                let bot = who["user_id"].as_str().unwrap_or_default();
                let _ = self.0.bot_user.set(bot.to_owned());
                tracing::info!(slack.team = team, "Slack takes the bot's token for workspace {team}");
            }
            Err(error) if error.is_revoked() => {
                tracing::error!(%error, "Slack does not take the bot's token: set WORKSHOP_SLACK__BOT_TOKEN to the one under OAuth & Permissions");
            }
            Err(error) => tracing::warn!(%error, "The bot's token could not be checked; going on"),
        }
    }

    /// The token for a workspace.
    async fn token(&self, workspace: &str) -> Result<SecretString, Failed> {
        let single = Some(&self.0.settings.bot_token).filter(|token| !token.expose_secret().is_empty());
        let single = || single.cloned().ok_or(Failed::NotInstalled);
        let Some(seal) = &self.0.seal else { return single() };
        let found = self.0.workshop.installation(Platform::Slack, workspace).await;
        let found = found.map_err(|_| Failed::Api(api::Error::Unavailable("database")))?;
        let Some(installation) = found else { return single() };
        seal.open(workspace, &installation.sealed_token).map_err(|error| {
            tracing::error!(slack.team = workspace, %error, "The token of workspace {workspace} cannot be opened; install the app there again");
            Failed::NotInstalled
        })
    }

    /// Calls a method in a workspace, unless Slack asked to wait with it.
    async fn call(&self, workspace: &str, method: &str, body: &Value) -> Result<Value, Failed> {
        let token = self.token(workspace).await?;
        let channel = if method == "chat.postMessage" { body["channel"].as_str().unwrap_or_default() } else { "" };
        let call = format!("{workspace} {method} {channel}");
        if let Some(left) = self.0.pace.closed(&call, Instant::now()) {
            return Err(api::Error::RateLimited { retry_after: left }.into());
        }
        let answer = self.0.api.call(&token, method, body).await;
        if let Err(api::Error::RateLimited { retry_after }) = &answer {
            self.0.pace.close(&call, Instant::now() + *retry_after);
        }
        if let Err(error) = &answer {
            metrics::counter!("workshop_slack_errors_total", "method" => method.to_owned()).increment(1);
            tracing::debug!(method, %error, "A call of Slack failed");
        }
        Ok(answer?)
    }

    /// Posts a message, when it is the channel's turn.
    async fn post_message(&self, workspace: &str, body: &Value) -> Result<Value, Failed> {
        const MOST: Duration = Duration::from_secs(2);
        let channel = body["channel"].as_str().unwrap_or_default();
        let wait = self.0.pace.next(&format!("{workspace} {channel}"), Instant::now(), MOST);
        if wait > MOST {
            return Err(api::Error::RateLimited { retry_after: wait }.into());
        }
        tokio::time::sleep(wait).await;
        self.call(workspace, "chat.postMessage", body).await
    }
}
