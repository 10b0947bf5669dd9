//! A whole service for one test: a database of its own, real workers, the API on loopback, and people who use it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, Method, StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use prompt_workshop::app::{App, Purpose};
use prompt_workshop::config::Config;
use prompt_workshop::domain::Actor;
use prompt_workshop::domain::article::RawArticle;
use prompt_workshop::workshop::event::Event;
use prompt_workshop::workshop::{Clock, Workshop};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::database::Database;
use super::discord::{self, Discord};
use super::model_server::ModelServer;
use super::slack::{self, Slack};

/// A prompt that is long enough to be committed.
pub const PROMPT: &str = "You are a financial analyst for executives.\n\nAnswer from the articles only and cite every claim \
                          inline as `[Title](URL)`.\n\nSay when the evidence is thin, and list risks with their timelines.\n";

/// A clock that stands until the test moves it; it starts at the real time, as articles and jobs know it.
#[derive(Debug)]
pub struct TestClock {
    time: Mutex<DateTime<Utc>>,
    broken: AtomicBool,
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        assert!(!self.broken.swap(false, Ordering::SeqCst), "the clock is broken, as the test wants it");
        *self.time.lock().unwrap()
    }
}

impl TestClock {
    /// A clock at the time now, in whole milliseconds.
    pub fn new() -> Arc<Self> {
        let now = DateTime::from_timestamp_millis(Utc::now().timestamp_millis()).unwrap();
        Arc::new(Self { time: Mutex::new(now), broken: AtomicBool::new(false) })
    }

    /// Moves on.
    pub fn advance(&self, by: TimeDelta) {
        *self.time.lock().unwrap() += by;
    }

    /// Makes whoever asks next panic.
    pub fn panic_once(&self) {
        self.broken.store(true, Ordering::SeqCst);
    }
}

/// The service.
pub struct Desk {
    app: App,
    pub clock: Arc<TestClock>,
    pub database: Arc<Database>,
    pub model: Option<ModelServer>,
    base: String,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// How to start a service.
#[derive(Default)]
pub struct Options {
    /// Settings as environment variables, without `WORKSHOP_`.
    pub settings: Vec<(&'static str, String)>,
    /// Another service's database, for two copies of one service.
    pub database: Option<Arc<Database>>,
    /// Another service's clock.
    pub clock: Option<Arc<TestClock>>,
    /// A model server to ask; templates answer without one.
    pub model: Option<ModelServer>,
    /// Leaves the workers out: jobs are pushed and stay.
    pub no_workers: bool,
    /// The Slack to talk with, and how it reaches the service.
    pub slack: Option<(Slack, Via)>,
    /// The Discord to talk with, and how it reaches the service.
    pub discord: Option<(Discord, Via)>,
}

/// How a chat platform reaches the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    Socket,
    Http,
}

/// The settings with which a service talks with a Slack, without `WORKSHOP_`.
pub fn slack_settings(slack: &Slack, via: Via) -> Vec<(&'static str, String)> {
    let mode = match via {
        Via::Socket => "socket",
        Via::Http => "http",
    };
    vec![
        ("SLACK__MODE", mode.to_owned()),
        ("SLACK__APP_TOKEN", slack::APP_TOKEN.to_owned()),
        ("SLACK__BOT_TOKEN", slack::BOT_TOKEN.to_owned()),
        ("SLACK__SIGNING_SECRET", slack::SIGNING_SECRET.to_owned()),
        ("SLACK__API_URL", slack.api_url()),
    ]
}

/// The settings with which a service talks with a Discord, without `WORKSHOP_`.
pub fn discord_settings(discord: &Discord, via: Via) -> Vec<(&'static str, String)> {
    let mode = match via {
        Via::Socket => "gateway",
        Via::Http => "http",
    };
    vec![
        ("DISCORD__MODE", mode.to_owned()),
        ("DISCORD__TOKEN", discord::TOKEN.to_owned()),
        ("DISCORD__PUBLIC_KEY", discord.public_key()),
        ("DISCORD__API_URL", discord.api_url()),
    ]
}

impl Desk {
    /// A service without a model, with six articles in two topics.
    pub async fn start() -> Self {
        Self::with(Options::default()).await
    }

    /// A service that asks a model server.
    pub async fn with_model() -> Self {
        Self::with(Options { model: Some(ModelServer::start().await), ..Options::default() }).await
    }

    /// A service with settings.
    pub async fn with(options: Options) -> Self {
        let database = match options.database {
            Some(database) => database,
            None => Arc::new(Database::create().await),
        };
        let clock = options.clock.unwrap_or_else(TestClock::new);
        let mut environment = vec![
            ("DATABASE__URL", database.url().expose_secret().to_owned()),
            ("DATABASE__MAX_CONNECTIONS", "6".to_owned()),
            ("QUEUE__CONCURRENCY", "8".to_owned()),
            ("QUEUE__RESCUE_AFTER_SECONDS", "10".to_owned()),
            ("LLM__TIMEOUT_SECONDS", "10".to_owned()),
        ];
        if let Some(model) = &options.model {
            environment.push(("LLM__BASE_URL", model.url()));
            environment.push(("LLM__MODEL", "test-model".to_owned()));
        }
        if let Some((slack, via)) = &options.slack {
            environment.extend(slack_settings(slack, *via));
        }
        if let Some((discord, via)) = &options.discord {
            environment.extend(discord_settings(discord, *via));
        }
        environment.extend(options.settings);
        let environment = environment.into_iter().map(|(name, value)| (format!("WORKSHOP_{name}"), value)).collect();
        let config = Config::from_parts(None, environment).unwrap();
        let app = App::open_at(config, Purpose::Command, clock.clone()).await.unwrap();
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let mut events = app.workshop().events().subscribe();
        app.listen(&stop, &tasks);
        // What happens before it listens is not told.
        while *events.next().await != Event::Gap {}
        if !options.no_workers {
            app.work(&stop, &tasks);
        }
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let metrics = prompt_workshop::telemetry::start_metrics().unwrap();
        let router = app.router(metrics, &stop);
        app.converse(&stop, &tasks);
        let stopping = stop.clone();
        tasks.spawn(async move {
            tokio::select! {
                served = axum::serve(listener, router) => served.unwrap(),
                () = stopping.cancelled() => {}
            }
        });
        let desk = Self { app, clock, database, model: options.model, base, stop, tasks };
        match &options.slack {
            Some((slack, Via::Http)) => slack.deliver_over_http(&desk.base),
            Some((slack, Via::Socket)) => slack.connected(2).await,
            None => {}
        }
        match &options.discord {
            Some((discord, Via::Http)) => discord.deliver_over_http(&desk.base),
            Some((discord, Via::Socket)) => discord.connected(1).await,
            None => {}
        }
        desk.workshop().import(articles().into_iter().zip(1..).map(|(a, n)| (n, Ok(a)))).await.unwrap();
        desk
    }

    /// Where it is reached over HTTP.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The use cases.
    pub fn workshop(&self) -> &Workshop {
        self.app.workshop()
    }

    /// The model server.
    pub fn model(&self) -> &ModelServer {
        self.model.as_ref().expect("this desk was started with a model")
    }

    /// A person with a token.
    pub async fn person(&self, name: &str) -> Person {
        let account = self.workshop().ensure_account(name, false).await.unwrap();
        let token = self.workshop().create_token(account.id).await.unwrap();
        Person { base: self.base.clone(), token: Some(token), actor: Some(account.actor()), http: client() }
    }

    /// The code of a one-time link that signs a person in.
    pub async fn login_code(&self, name: &str) -> SecretString {
        let account = self.workshop().ensure_account(name, false).await.unwrap();
        self.workshop().create_login_code(account.id).await.unwrap()
    }

    /// An administrator with a token.
    pub async fn admin(&self) -> Person {
        self.workshop().ensure_account("admin", true).await.unwrap();
        let mut person = self.person("admin").await;
        person.actor.as_mut().unwrap().is_admin = true;
        person
    }

    /// Somebody without a token.
    pub fn anonymous(&self) -> Person {
        Person { base: self.base.clone(), token: None, actor: None, http: client() }
    }

    /// Stops the service as a signal would, and removes its database if nobody else uses it.
    pub async fn close(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.app.close().await;
        if let Some(database) = Arc::into_inner(self.database) {
            database.drop().await;
        }
    }
}

/// Looks until it is so, and fails when it is not so in time.
pub async fn until<F: Future<Output = bool>>(what: &str, within: Duration, mut is_so: impl FnMut() -> F) {
    let deadline = Instant::now() + within;
    while !is_so().await {
        assert!(Instant::now() < deadline, "not within {within:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn client() -> reqwest::Client {
    prompt_workshop::llm::remote::install_tls();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// Somebody who uses the API.
#[derive(Clone)]
pub struct Person {
    base: String,
    token: Option<SecretString>,
    actor: Option<Actor>,
    http: reqwest::Client,
}

/// An answer of the API.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    /// The body, if the status is the one expected.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self.body
    }
}

impl Person {
    /// A person with a token, at a service that runs elsewhere.
    pub fn at(base: String, token: SecretString) -> Self {
        Self { base, token: Some(token), actor: None, http: client() }
    }

    /// The person as the use cases know them.
    pub fn actor(&self) -> &Actor {
        self.actor.as_ref().expect("somebody anonymous does nothing")
    }

    /// A request below `/api/auspex`, with headers.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let root = if path.starts_with("//") { "" } else { "/api/auspex" };
        let request = self.http.request(method, format!("{}{root}{}", self.base, path.replace("//", "/")));
        match &self.token {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        }
    }

    /// Sends a request and reads the answer, JSON or not.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Answer { status, headers, body }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// A new draft with [`PROMPT`]; its number.
    pub async fn draft(&self) -> i64 {
        let started = self.post("/prompts/workshop/start", json!({ "starting_prompt": PROMPT })).await.expect(201);
        started["draft_id"].as_i64().unwrap()
    }

    /// Asks for a test of a draft and goes on; the address of the test.
    pub async fn start_test(&self, draft: i64, question: &str) -> String {
        let path = format!("/prompts/workshop/drafts/{draft}/test");
        let test = self.post(&path, json!({ "test_query": question, "topic": "Shipping" })).await.expect(202);
        format!("/prompts/workshop/drafts/{draft}/tests/{}", test["test_id"].as_str().unwrap())
    }

    /// The test at an address, once it has ended.
    pub async fn ended(&self, test: &str, within: Duration) -> Value {
        until(&format!("{test} ends"), within, || async {
            let status = self.get(test).await.expect(200)["status"].clone();
            status != "queued" && status != "running"
        })
        .await;
        self.get(test).await.expect(200)
    }

    /// Tests a draft and waits for the end of it.
    pub async fn test(&self, draft: i64, question: &str) -> Value {
        let path = format!("/prompts/workshop/drafts/{draft}/test");
        let body = json!({ "test_query": question, "topic": "Shipping" });
        let request = self.request(Method::POST, &path).header("prefer", "wait=60").json(&body);
        self.send(request).await.expect(200)
    }
}

/// Six articles in two topics.
pub fn articles() -> Vec<RawArticle> {
    let article = |number: u32, topic: &str, title: &str, summary: &str| RawArticle {
        uri: format!("https://news.example/{number}"),
        title: title.to_owned(),
        summary: summary.to_owned(),
        news_source: format!("Source {}", number % 3),
        publication_date: format!("2026-0{number}-01"),
        topic: topic.to_owned(),
        ..RawArticle::default()
    };
    vec![
        article(
            1,
            "Shipping",
            "War-risk premiums rise",
            "Insurers raised war-risk premiums to 0.9 percent of hull value.",
        ),
        article(2, "Shipping", "Port of Hallam reopens", "The port of Hallam reopened after a strike of 12 days."),
        article(3, "Shipping", "Premiums fall again", "War-risk premiums fell to 0.4 percent after the ceasefire."),
        article(4, "Shipping", "Carriers report delays", "Three carriers report delays of 9 days at Hallam."),
        article(5, "Energy", "Grid queue grows", "The queue for grid connections grew by 30 percent."),
        article(6, "Energy", "Battery plant opens", "A battery plant with 400 jobs opened in Torvik."),
    ]
}
