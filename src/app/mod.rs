//! Puts the parts together: opens the database, makes the workshop, runs the roles, stops them in order.

mod discord_routes;
pub mod doctor;
mod slack_routes;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use metrics_exporter_prometheus::PrometheusHandle;
use secrecy::ExposeSecret;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::chat::Chat;
use crate::chat::discord::{self, Discord};
use crate::chat::slack::{self, Slack};
use crate::config::Config;
use crate::llm::engine::Models;
use crate::openid::OpenId;
use crate::store::Store;
use crate::store::embedded::{Embedded, Options, Role as EmbeddedRole};
use crate::workshop::clock::SystemClock;
use crate::workshop::{Clock, Settings, Workshop};
use crate::{choice, jobs, queue, telemetry, web};

choice! {
    /// What one copy of the service does.
    pub enum Role {
        /// Serves the API.
        Web = "web",
        /// Talks on chat platforms.
        Chat = "chat",
        /// Runs jobs.
        Worker = "worker",
        /// Pushes the schedule's jobs.
        Schedule = "schedule",
    }
}

/// Who opens the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// `serve`: the one service on its data directory.
    Serve,
    /// A command, beside a running service or alone.
    Command,
}

/// The opened service: a migrated database and a workshop over it.
pub struct App {
    config: Config,
    store: Store,
    workshop: Workshop,
    chat: Chat,
    openid: Option<Arc<OpenId>>,
    embedded: Option<Embedded>,
}

impl App {
    /// Opens the database, starting our own where none is configured, brings its schema up to date, and makes the workshop.
    pub async fn open(config: Config, purpose: Purpose) -> anyhow::Result<Self> {
        Self::open_at(config, purpose, Arc::new(SystemClock)).await
    }

    /// Like [`App::open`], with a clock of the caller's.
    pub async fn open_at(config: Config, purpose: Purpose, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let directory = config.directory();
        let embedded = if config.database.url.expose_secret().is_empty() {
            let role = match purpose {
                Purpose::Serve => EmbeddedRole::Serve,
                Purpose::Command => EmbeddedRole::Command,
            };
            let needed = config.database.max_connections + jobs::connections(&config.queue);
            // A copy that is starting while commands run beside it needs room too.
            let options =
                Options { max_connections: needed * 2 + 20, ..Options::new(directory.join("postgres"), role) };
            Some(Embedded::start(options).await?)
        } else {
            None
        };
        let url = embedded.as_ref().map_or_else(|| config.database.url.clone(), Embedded::url);
        let store = Store::new(&url, config.database.max_connections).context("the setting database.url is wrong")?;
        queue::migrate(&store).await?;
        store.migrate().await?;
        let models = Arc::new(Models::new(config.llm.clone(), directory)?);
        let workshop = Workshop::new(store.clone(), models, clock, settings(&config))?;
        workshop.ship_default_prompt().await?;
        let slack = match config.slack.mode {
            slack::Mode::Off => None,
            slack::Mode::Socket | slack::Mode::Http => Some(Slack::new(workshop.clone(), config.slack.clone())?),
        };
        let discord = match config.discord.mode {
            discord::Mode::Off => None,
            discord::Mode::Gateway | discord::Mode::Http => {
                Some(Discord::new(workshop.clone(), config.discord.clone())?)
            }
        };
        let chat = Chat::new(workshop.clone(), slack, discord);
        let openid = OpenId::new(&config.openid, &config.http.address_for_people())?.map(Arc::new);
        Ok(Self { config, store, workshop, chat, openid, embedded })
    }

    /// The use cases.
    pub fn workshop(&self) -> &Workshop {
        &self.workshop
    }

    /// Runs jobs and their upkeep beside a command, until `stop` is cancelled. The model of this process answers.
    pub fn work(&self, stop: &CancellationToken, tasks: &TaskTracker) {
        let workshop = self.workshop.clone();
        tasks.spawn(until(stop, async move { workshop.keep_admitting().await }));
        let workshop = self.workshop.clone();
        tasks.spawn(until(stop, async move { workshop.watch_cancellations().await }));
        let workshop = self.workshop.clone();
        tasks.spawn(until(stop, async move { workshop.models().prepare_local().await }));
        if let Some(discord) = self.chat.discord().cloned() {
            let stop = stop.clone();
            tasks.spawn(async move { discord.introduce(&stop).await });
        }
        let (workshop, chat) = (self.workshop.clone(), self.chat.clone());
        let (settings, stopping) = (self.config.queue.clone(), stop.clone());
        let pool = self.store.queue_pool(jobs::connections(&settings));
        tasks.spawn(async move {
            if let Err(error) = jobs::run(workshop, chat, pool, &settings, stopping).await {
                tracing::error!(%error, "The workers ended badly");
            }
        });
    }

    /// Hears of what happens in other copies, until `stop` is cancelled.
    pub fn listen(&self, stop: &CancellationToken, tasks: &TaskTracker) {
        let workshop = self.workshop.clone();
        tasks.spawn(until(stop, async move { workshop.listen().await }));
    }

    /// Plays the roles until `stop` is cancelled, then stops them: no new requests, jobs finished or given back, database.
    pub async fn serve(self, roles: &[Role], stop: CancellationToken) -> anyhow::Result<()> {
        let tasks = TaskTracker::new();
        // Requests stop first; jobs may still finish and tell whoever waits.
        let jobs_stop = CancellationToken::new();
        self.listen(&jobs_stop, &tasks);
        if roles.contains(&Role::Worker) {
            self.work(&jobs_stop, &tasks);
        }
        if roles.contains(&Role::Schedule) {
            let workshop = self.workshop.clone();
            tasks.spawn(until(&jobs_stop, jobs::schedule::run(workshop)));
        }
        if roles.contains(&Role::Chat) {
            self.converse(&stop, &tasks);
        }
        if roles.contains(&Role::Web) {
            self.serve_web(&stop, &tasks).await?;
        }
        self.announce(roles).await?;
        stop.cancelled().await;
        tracing::info!("Stopping: finishing what is running");
        jobs_stop.cancel();
        tasks.close();
        let patience = Duration::from_secs(self.config.queue.shutdown_seconds + 5);
        if tokio::time::timeout(patience, tasks.wait()).await.is_err() {
            tracing::warn!("Some work did not end in time; it goes back to the queue");
        }
        self.close().await;
        Ok(())
    }

    /// Everything that is served over HTTP; whoever follows events is let go when `stop` is cancelled.
    pub fn router(&self, metrics: PrometheusHandle, stop: &CancellationToken) -> axum::Router {
        let slack = self.chat.slack().cloned().map(slack_routes::routes);
        let discord = self.chat.discord().cloned().map(discord_routes::routes);
        let platforms = [slack, discord].into_iter().flatten().fold(axum::Router::new(), axum::Router::merge);
        web::router(self.workshop.clone(), metrics, self.openid.clone(), stop.clone(), platforms)
    }

    /// Listens to chat platforms over connections of our own, until `stop` is cancelled.
    pub fn converse(&self, stop: &CancellationToken, tasks: &TaskTracker) {
        if let Some(slack) = self.chat.slack().cloned() {
            let stop = stop.clone();
            tasks.spawn(async move {
                match slack.opens_sockets() {
                    true => slack.listen(&stop).await,
                    false => slack.check_token().await,
                }
            });
        }
        if let Some(discord) = self.chat.discord().cloned() {
            let (registering, listening) = (discord.clone(), stop.clone());
            let stop = stop.clone();
            tasks.spawn(async move { registering.register(&stop).await });
            tasks.spawn(async move {
                if discord.connects() {
                    discord.listen(&listening).await;
                }
            });
        }
    }

    async fn serve_web(&self, stop: &CancellationToken, tasks: &TaskTracker) -> anyhow::Result<()> {
        let metrics = telemetry::start_metrics()?;
        let upkeep = metrics.clone();
        tasks.spawn(until(stop, async move {
            loop {
                tokio::time::sleep(telemetry::UPKEEP).await;
                upkeep.run_upkeep();
            }
        }));
        let address = self.config.http.address()?;
        let listener = tokio::net::TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address}; change http.listen, or stop what listens there"))?;
        // Made here: a router that is served as it is copies all its routes for each connection.
        let service = self.router(metrics, stop).into_make_service();
        let stopping = stop.clone();
        tasks.spawn(async move {
            let served = axum::serve(listener, service).with_graceful_shutdown(stopping.clone().cancelled_owned());
            // Who still waits for an answer, or does not read it, would keep the service from stopping.
            let cut = async {
                stopping.cancelled().await;
                tokio::time::sleep(Duration::from_secs(3)).await;
            };
            tokio::select! {
                ended = served => if let Err(error) = ended {
                    tracing::error!(%error, "The API ended badly");
                },
                () = cut => {}
            }
        });
        Ok(())
    }

    /// Says in the log that the service is ready, and what answers.
    async fn announce(&self, roles: &[Role]) -> anyhow::Result<()> {
        let engine = self.workshop.models().engine();
        let roles: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
        tracing::info!(roles = roles.join(","), model = engine.label(), "Ready. {}", engine.meaning());
        Ok(())
    }

    /// Where people reach the API.
    pub fn public_url(&self) -> String {
        self.config.http.address_for_people()
    }

    /// Closes the database, and stops it if it is our own.
    pub async fn close(self) {
        self.store.close().await;
        if let Some(embedded) = self.embedded {
            embedded.stop().await;
        }
    }
}

/// What the use cases work by.
fn settings(config: &Config) -> Settings {
    Settings {
        drafts: config.drafts.clone(),
        limits: config.limits.clone(),
        queue: config.queue.clone(),
        feeds: config.feeds.clone(),
        articles: config.articles.clone(),
        public_url: config.http.address_for_people(),
        auspex: config.auspex.clone(),
    }
}

/// Runs something endless until `stop` is cancelled.
fn until(
    stop: &CancellationToken,
    work: impl Future<Output = ()> + Send + 'static,
) -> impl Future<Output = ()> + Send + 'static {
    let stop = stop.clone();
    async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = work => {}
        }
    }
}
