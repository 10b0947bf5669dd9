//! Discord: the same workshop in Discord's threads.
//!
//! | what | where |
//! |---|---|
//! | what arrives, over the gateway or over HTTP | `gateway`, `http` → `parse` → `receive` |
//! | slash commands, and what is offered while they are typed | `commands`, `complete` |
//! | forms | `modal` |
//! | what is posted and edited | `deliver`, `post`, drawn by `render` and `markup` |
//! | calling Discord | `api`, `pace` |

pub mod api;
pub mod commands;
mod complete;
mod deliver;
mod doctor;
mod gateway;
pub mod http;
pub mod markup;
mod modal;
mod pace;
pub mod parse;
mod post;
mod receive;
pub mod render;

use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use serenity::interactions_endpoint::Verifier;
use tokio_util::sync::CancellationToken;

use self::api::Api;
use crate::choice;
use crate::domain::Invalid;
use crate::workshop::Workshop;

/// What stands before a word of the slash command.
const MARKER: &str = "/workshop ";

/// The application's flags that say that the bot may read messages (`GATEWAY_MESSAGE_CONTENT` and its limited form).
const MAY_READ: u64 = 1 << 18 | 1 << 19;

/// Between attempts to reach Discord at the beginning.
const WAIT: Duration = Duration::from_millis(500);

choice! {
    /// How Discord reaches us.
    pub enum Mode {
        /// Not at all.
        Off = "off",
        /// Over its gateway, to which we connect: no public address is needed.
        Gateway = "gateway",
        /// Over HTTP, signed: slash commands, buttons and forms, but no messages.
        Http = "http",
    }
}

/// `[discord]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How Discord reaches us.
    pub mode: Mode,
    /// The bot's token.
    pub token: SecretString,
    /// The application's id; asked of Discord when empty.
    pub application_id: String,
    /// What Discord signs its requests with: 64 hexadecimal digits.
    pub public_key: String,
    /// The one server in which the slash commands are registered, at once; all servers when empty.
    pub guild_id: String,
    /// Discord, or what speaks its REST API.
    pub api_url: String,
}

impl Settings {
    /// Whether everything is there that the mode needs.
    pub fn check(&self) -> Result<(), Invalid> {
        if self.mode == Mode::Off {
            return Ok(());
        }
        if self.token.expose_secret().trim().is_empty() {
            return Err(Invalid::new("discord.token", "is needed to talk on Discord (Bot, Reset Token)"));
        }
        if self.mode == Mode::Http && self.public_key.is_empty() {
            return Err(Invalid::new("discord.public_key", "is needed for the mode \"http\" (General Information)"));
        }
        if !self.public_key.is_empty() && verifier(&self.public_key).is_none() {
            return Err(Invalid::new(
                "discord.public_key",
                "must be the 64 hexadecimal digits of the application's public key",
            ));
        }
        for (field, id) in [("discord.application_id", &self.application_id), ("discord.guild_id", &self.guild_id)] {
            if !id.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(Invalid::new(field, "must be an id of Discord's: digits only"));
            }
        }
        Ok(())
    }
}

/// What the bot hears of what people write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hears {
    /// Every message.
    Everything,
    /// Mentions of it and direct messages.
    Addressed,
    /// No message: it is reached over HTTP.
    Nothing,
}

/// The Discord bot. Cheap to clone.
#[derive(Clone)]
pub struct Discord(Arc<Inner>);

struct Inner {
    workshop: Workshop,
    settings: Settings,
    api: Api,
    verifier: Option<Verifier>,
    hears: RwLock<Hears>,
    known: OnceLock<Known>,
    /// Held by who asks Discord who the bot is.
    introducing: tokio::sync::Mutex<()>,
    /// Held by the shard that begins.
    beginning: Arc<tokio::sync::Mutex<()>>,
}

/// What Discord says of the bot.
#[derive(Debug, Clone)]
struct Known {
    application: String,
    user: String,
    /// Whether it may read messages, where Discord says so.
    may_read: Option<bool>,
}

/// The bot cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("the client for Discord's REST API cannot be made")]
pub struct Unusable(#[from] reqwest::Error);

impl Discord {
    /// The bot with its settings; nothing is connected yet.
    pub fn new(workshop: Workshop, settings: Settings) -> Result<Self, Unusable> {
        let api = Api::new(&settings.api_url, settings.token.clone())?;
        let verifier = verifier(&settings.public_key);
        let hears = RwLock::new(match settings.mode {
            Mode::Http => Hears::Nothing,
            // Until Discord has told: people who are not heard have a button.
            Mode::Gateway | Mode::Off => Hears::Addressed,
        });
        let (known, introducing, beginning) = (OnceLock::new(), tokio::sync::Mutex::default(), Arc::default());
        Ok(Self(Arc::new(Inner { workshop, settings, api, verifier, hears, known, introducing, beginning })))
    }

    /// Whether Discord reaches us over HTTP.
    pub fn takes_http(&self) -> bool {
        self.0.settings.mode == Mode::Http
    }

    /// Whether we connect to Discord's gateway.
    pub fn connects(&self) -> bool {
        self.0.settings.mode == Mode::Gateway
    }

    /// Asks Discord who the bot is and what it may read, until it answers.
    pub async fn introduce(&self, stop: &CancellationToken) {
        let mut wait = WAIT;
        // One asks, and the others wait for it.
        let _asking = tokio::select! {
            () = stop.cancelled() => return,
            asking = self.0.introducing.lock() => asking,
        };
        while self.0.known.get().is_none() {
            match self.who_am_i().await {
                Ok(known) => {
                    let _ = self.0.known.set(known);
                    return;
                }
                Err(error) => wait = gateway::longer("Discord cannot be asked who the bot is", &error, wait),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn who_am_i(&self) -> Result<Known, api::Error> {
        let user = self.ask("/users/@me").await?;
        let application = self.ask("/applications/@me").await?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (name, user) = (text(&user["username"]), text(&user["id"]));
        let given = &self.0.settings.application_id;
        let told = text(&application["id"]);
        if !given.is_empty() && !told.is_empty() && *given != told {
            tracing::warn!("discord.application_id is {given}, but the token is of application {told}");
        }
        let may_read = application["flags"].as_u64().map(|flags| flags & MAY_READ != 0);
        if self.connects() {
            // Where Discord does not tell, the gateway does, by refusing.
            self.hears_now(if may_read.unwrap_or(true) { Hears::Everything } else { Hears::Addressed });
        }
        match self.hears() {
            Hears::Everything => tracing::info!("Discord takes the token of {name}, which may read messages"),
            Hears::Addressed => tracing::warn!(
                "Discord takes the token of {name}, which may not read messages: people mention it or press Reply. Grant it the message content intent to change that"
            ),
            Hears::Nothing => tracing::info!("Discord takes the token of {name}; over HTTP it hears no messages"),
        }
        // A bot's user has the application's id, but for very old ones.
        let application = if told.is_empty() { user.clone() } else { told };
        Ok(Known { user: if user.is_empty() { application.clone() } else { user }, application, may_read })
    }

    /// What Discord says at an address; nothing where it, or what stands for it, does not say that.
    async fn ask(&self, path: &str) -> Result<Value, api::Error> {
        match self.0.api.call(Method::GET, path, None).await {
            Err(error @ api::Error::Refused { .. }) if !error.is_unauthorized() => {
                tracing::info!(%error, "Discord does not say what is at {path}");
                Ok(Value::Null)
            }
            answer => answer,
        }
    }

    /// What the bot hears of what people write.
    fn hears(&self) -> Hears {
        *self.0.hears.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn hears_now(&self, hears: Hears) {
        *self.0.hears.write().unwrap_or_else(PoisonError::into_inner) = hears;
    }

    /// Whether Discord says that the bot may read messages.
    fn may_read(&self) -> bool {
        self.0.known.get().is_some_and(|known| known.may_read == Some(true))
    }

    /// The application's id; empty until it is known.
    fn application(&self) -> &str {
        match self.0.settings.application_id.as_str() {
            "" => self.0.known.get().map(|known| known.application.as_str()).unwrap_or_default(),
            given => given,
        }
    }

    /// The bot's own user; empty until it is known.
    fn bot_user(&self) -> &str {
        self.0.known.get().map(|known| known.user.as_str()).unwrap_or_default()
    }
}

fn verifier(public_key: &str) -> Option<Verifier> {
    let digits: Option<Vec<u8>> = public_key
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    Verifier::try_new(digits?.try_into().ok()?).ok()
}
