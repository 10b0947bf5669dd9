//! The gateway: connections over which Discord sends what people do, one for each shard, held by one copy of the service.
//!
//! Which copy holds a shard is a lease in Postgres: a copy that dies loses it by letting it run out. serenity keeps the
//! connection; it is never asked where the gateway is, since it would fall back to Discord's own address.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use serenity::all::{Context, Event, GatewayIntents, Interaction, RawEventHandler};
use serenity::async_trait;
use serenity::gateway::{GatewayError, ShardManager, ShardManagerOptions};
use serenity::http::HttpBuilder;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Discord, Hears, api};

/// How long a lease lasts, and how often it is renewed. A copy that dies is replaced within the first and [`LOOK`].
const LEASE: Duration = Duration::from_secs(15);
const RENEW: Duration = Duration::from_secs(4);

/// How often a copy without a shard looks whether its lease has run out.
const LOOK: Duration = Duration::from_secs(4);

/// A holder that could not renew for this long stops before another may begin.
const UNSURE: Duration = Duration::from_secs(11);

/// The longest wait between attempts to reach Discord.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How long to wait when Discord does not take the token.
const REFUSED: Duration = Duration::from_secs(60);

/// Between the beginnings of two shards.
const BEGINNING: Duration = Duration::from_secs(5);

/// How long closing a connection may take.
const CLOSING: Duration = Duration::from_secs(6);

/// What was said during a gap is looked up; the clocks of copies may differ by this much.
const TOLERANCE: TimeDelta = TimeDelta::seconds(10);

/// How a connection ended.
enum Ended {
    /// We were asked to stop.
    Stopped,
    /// Another copy may hold the shard now.
    Lost,
    /// The gateway closed it for good.
    Closed(Option<GatewayError>),
}

/// Says that Discord could not be reached; how long to wait.
pub(super) fn longer(what: &str, error: &api::Error, wait: Duration) -> Duration {
    match error {
        error if error.is_unauthorized() => {
            tracing::error!(%error, "Discord does not take the bot's token: check WORKSHOP_DISCORD__TOKEN");
            REFUSED
        }
        api::Error::RateLimited { retry_after } => (*retry_after).max(wait),
        error => {
            tracing::warn!(%error, "{what}; trying again");
            (wait * 2).min(LONGEST_WAIT)
        }
    }
}

impl Discord {
    /// Keeps the shards that this copy can get until `stop` is cancelled.
    pub async fn listen(&self, stop: &CancellationToken) {
        self.introduce(stop).await;
        if stop.is_cancelled() {
            return;
        }
        let Some((_, shards)) = self.gateway(stop).await else { return };
        let holder = Uuid::now_v7();
        futures::future::join_all((0..shards).map(|shard| self.keep(shard, shards, holder, stop))).await;
    }

    /// Where the gateway is and how many shards Discord wants; asked until it answers.
    async fn gateway(&self, stop: &CancellationToken) -> Option<(String, u32)> {
        let mut wait = super::WAIT;
        loop {
            let answer = match self.ask("/gateway/bot").await {
                Ok(answer) if answer["url"].is_null() => self.ask("/gateway").await,
                answer => answer,
            };
            match answer {
                Ok(answer) => {
                    if let Some(url) = answer["url"].as_str().filter(|url| url.starts_with("ws")) {
                        let shards = answer["shards"].as_u64().unwrap_or(1).clamp(1, 1_000);
                        return Some((url.to_owned(), shards as u32));
                    }
                    tracing::warn!("Discord does not say where its gateway is; trying again");
                }
                Err(error) => wait = longer("Discord cannot be asked where its gateway is", &error, wait),
            }
            tokio::select! {
                () = stop.cancelled() => return None,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn keep(&self, shard: u32, shards: u32, holder: Uuid, stop: &CancellationToken) {
        let lease = format!("discord:{}:shard:{shard}/{shards}", self.application());
        while !stop.is_cancelled() {
            let wait = match self.0.workshop.take_lease(&lease, holder, LEASE).await {
                Ok(Some(taken)) => {
                    let gap_began = taken.before.map(|until| until - LEASE);
                    let ended = self.hold((shard, shards), &lease, holder, gap_began, stop).await;
                    if let Err(error) = self.0.workshop.release_lease(&lease, holder).await {
                        tracing::info!(%error, "A shard could not be given back; its lease runs out");
                    }
                    self.after(shard, ended)
                }
                Ok(None) => LOOK,
                Err(error) => {
                    tracing::warn!(%error, "Which copy holds a shard of Discord's gateway cannot be read");
                    LOOK
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait.mul_f64(rand::random_range(0.8..1.0))) => {}
            }
        }
    }

    /// What follows from the end of a connection: how long to wait.
    fn after(&self, shard: u32, ended: Ended) -> Duration {
        match ended {
            Ended::Stopped => Duration::ZERO,
            Ended::Lost => {
                tracing::warn!(shard, "A shard of Discord's gateway was given up: its lease could not be renewed");
                LOOK
            }
            Ended::Closed(Some(GatewayError::DisallowedGatewayIntents)) => {
                self.hears_now(Hears::Addressed);
                tracing::warn!(
                    shard,
                    "Discord does not let the bot read messages: grant it the message content intent. Until then people mention it or press Reply"
                );
                super::WAIT
            }
            Ended::Closed(Some(GatewayError::InvalidAuthentication)) => {
                tracing::error!(shard, "Discord does not take the bot's token: check WORKSHOP_DISCORD__TOKEN");
                REFUSED
            }
            Ended::Closed(error) => {
                tracing::warn!(shard, ?error, "Discord's gateway closed the connection; opening another");
                LOOK
            }
        }
    }

    /// Ends when a lease could not be renewed in time, or another has it.
    async fn renew(&self, lease: &str, holder: Uuid) {
        let mut renewed = Instant::now();
        while renewed.elapsed() < UNSURE {
            tokio::time::sleep(RENEW).await;
            let left = UNSURE.saturating_sub(renewed.elapsed());
            match tokio::time::timeout(left, self.0.workshop.take_lease(lease, holder, LEASE)).await {
                Ok(Ok(Some(_))) => renewed = Instant::now(),
                Ok(Ok(None)) | Err(_) => return,
                Ok(Err(error)) => tracing::warn!(%error, "The lease of a shard could not be renewed"),
            }
        }
    }

    /// Holds a shard: connected, and its lease renewed.
    async fn hold(
        &self,
        (shard, shards): (u32, u32),
        lease: &str,
        holder: Uuid,
        gap_began: Option<DateTime<Utc>>,
        stop: &CancellationToken,
    ) -> Ended {
        let connected = async {
            let Some((url, _)) = self.gateway(stop).await else { return Ended::Stopped };
            self.connect((shard, shards), url, gap_began, stop).await
        };
        tokio::select! {
            ended = connected => ended,
            () = self.renew(lease, holder) => Ended::Lost,
        }
    }

    async fn connect(
        &self,
        (shard, shards): (u32, u32),
        url: String,
        gap_began: Option<DateTime<Utc>>,
        stop: &CancellationToken,
    ) -> Ended {
        let listener = Arc::new(Listener {
            discord: self.clone(),
            is_ours: AtomicBool::new(true),
            heard_until: Mutex::new(gap_began),
        });
        // Whatever ends this, what a connection still hears afterwards is not for this copy.
        let _until = Until(listener.clone());
        // serenity wants one of its own, and calls nothing with it here.
        let http = HttpBuilder::new(self.0.settings.token.expose_secret()).ratelimiter_disabled(true).build();
        let (manager, mut ended) = ShardManager::new(ShardManagerOptions {
            data: Arc::default(),
            event_handlers: Vec::new(),
            raw_event_handlers: vec![listener],
            shard_index: shard,
            shard_init: 1,
            shard_total: shards,
            ws_url: Arc::new(tokio::sync::Mutex::new(url)),
            http: Arc::new(http),
            intents: self.intents(),
            presence: None,
        });
        // Discord lets one shard of a bot begin every five seconds.
        let turn = self.0.beginning.clone().lock_owned().await;
        tokio::spawn(async move {
            tokio::time::sleep(BEGINNING).await;
            drop(turn);
        });
        if let Err(error) = manager.initialize() {
            tracing::warn!(%error, "A shard of Discord's gateway could not be begun");
            return Ended::Closed(None);
        }
        let _closing = Closing(manager.clone());
        metrics::gauge!("workshop_discord_shards").increment(1.0);
        let _held = Held;
        let why = tokio::select! {
            () = stop.cancelled() => Ended::Stopped,
            ended = ended.next() => Ended::Closed(ended.and_then(Result::err)),
        };
        // It does not return when nothing was connected yet.
        let _ = tokio::time::timeout(CLOSING, manager.shutdown_all()).await;
        why
    }

    fn intents(&self) -> GatewayIntents {
        let usual = GatewayIntents::GUILDS | GatewayIntents::GUILD_MESSAGES | GatewayIntents::DIRECT_MESSAGES;
        match self.hears() {
            Hears::Everything => usual | GatewayIntents::MESSAGE_CONTENT,
            Hears::Addressed | Hears::Nothing => usual,
        }
    }
}

/// An interaction as Discord sent it; serenity keeps its kind as that of the type.
fn raw(interaction: &Interaction) -> serde_json::Result<Value> {
    let mut raw = serde_json::to_value(interaction)?;
    raw["type"] = json!(u8::from(interaction.kind()));
    Ok(raw)
}

/// Closes a connection that is given up, in its own time.
struct Closing(Arc<ShardManager>);

impl Drop for Closing {
    fn drop(&mut self) {
        let manager = self.0.clone();
        tokio::spawn(async move {
            let _ = tokio::time::timeout(CLOSING, manager.shutdown_all()).await;
        });
    }
}

/// A shard that this copy holds, as the metrics show it.
struct Held;

impl Drop for Held {
    fn drop(&mut self) {
        metrics::gauge!("workshop_discord_shards").decrement(1.0);
    }
}

/// Ends what a listener listens to.
struct Until(Arc<Listener>);

impl Drop for Until {
    fn drop(&mut self) {
        self.0.is_ours.store(false, Ordering::SeqCst);
    }
}

/// Hears what a shard brings.
struct Listener {
    discord: Discord,
    is_ours: AtomicBool,
    /// Until when everything was heard; `None` when nothing ever was.
    heard_until: Mutex<Option<DateTime<Utc>>>,
}

#[async_trait]
impl RawEventHandler for Listener {
    async fn raw_event(&self, context: Context, event: Event) {
        if !self.is_ours.load(Ordering::SeqCst) {
            // A connection that serenity opened again behind our back.
            context.shard.shutdown_clean();
            return;
        }
        let discord = &self.discord;
        let before = {
            let mut heard = self.heard_until.lock().unwrap_or_else(PoisonError::into_inner);
            heard.replace(Utc::now())
        };
        match event {
            Event::Ready(_) => {
                tracing::info!(shard = context.shard_id.0, "Discord's gateway is connected");
                // It is a new session: what came since the last is not sent again.
                if let Some(before) = before {
                    discord.catch_up(before - TOLERANCE).await;
                }
            }
            Event::Resumed(_) => tracing::info!(shard = context.shard_id.0, "Discord's gateway goes on"),
            Event::MessageCreate(event) => match serde_json::to_value(&event.message) {
                Ok(message) => discord.hear(&message).await,
                Err(error) => tracing::warn!(%error, "A message on Discord could not be read"),
            },
            Event::InteractionCreate(event) => match raw(&event.interaction) {
                Ok(interaction) => discord.respond(&interaction).await,
                Err(error) => tracing::warn!(%error, "An interaction on Discord could not be read"),
            },
            // What serenity's types do not take may be something that we can still read.
            Event::Unknown(unknown) if unknown.kind == "INTERACTION_CREATE" => {
                metrics::counter!("workshop_discord_untyped_total").increment(1);
                discord.respond(&unknown.value).await;
            }
            Event::Unknown(unknown) if unknown.kind == "MESSAGE_CREATE" => {
                metrics::counter!("workshop_discord_untyped_total").increment(1);
                discord.hear(&unknown.value).await;
            }
            _ => {}
        }
    }
}
