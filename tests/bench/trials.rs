//! Tests in bulk, on a model that takes 200 ms: how long, how much CPU, how much memory.

use std::time::Duration;

use anyhow::Context;
use serde_json::json;
use sqlx::PgConnection;

use super::Bench;
use super::corpus::{self, Corpus};
use super::database::Database;
use super::http::Client;
use super::model::{self, Model};
use super::service::{self, Service, Settings};

const LATENCY: Duration = Duration::from_millis(200);

/// Who asks for the tests, and how many questions there are between them.
const PEOPLE: usize = 16;
const QUESTIONS: usize = 10;

const ARTICLES: usize = 2_000;

/// A prompt of usual length.
pub const PROMPT: &str = "You are a research analyst for executives. Summarise what the articles say about the question, \
                          name the trends and the risks with their timelines, and cite every claim inline as [Title](URL).";

pub(super) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let few = burst(bench, bench.scaled(500), 32).await?;
    for concurrency in [32, 128] {
        let tests = bench.scaled(2_000);
        let many = burst(bench, tests, concurrency).await?;
        let ideal = LATENCY * tests.div_ceil(concurrency) as u32;
        let name = format!("{tests} tests, {concurrency} at a time");
        let report = &mut bench.report;
        let note = format!("ideal {:.1} s; {PEOPLE} people, {} retrievals", ideal.as_secs_f64(), many.retrievals);
        report.add(format!("{name}: wall"), many.wall, "s").note(note);
        let (ours, postgres) = (many.service_ms, many.postgres_ms);
        let note = format!("service {ours:.2}, Postgres {postgres:.2}; answers in {} pieces", model::PIECES);
        report.add(format!("{name}: CPU per test"), ours + postgres, "ms").aim(3.0).note(note);
        let note = format!("{:.1} MB before, {:.1} MB at most with {} tests", many.before_mb, few.peak_mb, few.tests);
        report.add(format!("{name}: peak memory"), many.peak_mb, "MB").aim(80.0).note(if concurrency == 32 {
            note
        } else {
            format!("{:.1} MB before", many.before_mb)
        });
    }
    Ok(())
}

struct Burst {
    tests: usize,
    wall: f64,
    service_ms: f64,
    postgres_ms: f64,
    before_mb: f64,
    peak_mb: f64,
    retrievals: i64,
}

/// A fresh service that is asked for all tests at once.
async fn burst(bench: &Bench, tests: usize, concurrency: usize) -> anyhow::Result<Burst> {
    let database = bench.server.create("trials").await?;
    let model = Model::start(LATENCY).await?;
    let settings = settings(&database, &model, concurrency);
    let people = prepare(&settings, PEOPLE, ARTICLES).await?;
    let service = Service::start(&settings, &[]).await?;
    let mut askers = Vec::new();
    for token in people {
        askers.push(Asker::start(&service, &token).await?);
    }
    // The first tests pay for plans and connections, once.
    for asker in &mut askers {
        asker.ask(0, true).await?;
    }
    let warm = askers.len();
    let before_mb = super::process::megabytes(service.pid(), "VmRSS")?;
    let (service_before, postgres_before) = (service.cpu()?, bench.server.cpu()?);
    let each = tests.div_ceil(askers.len());
    let asking = askers.into_iter().map(|mut asker| async move {
        for number in 0..each {
            asker.ask(number, false).await?;
        }
        anyhow::Ok(())
    });
    futures::future::try_join_all(asking).await?;
    let mut conn = database.connect().await?;
    let tests = each * warm;
    let wall = wait_for_all(&mut conn, warm, tests).await?;
    let per_test = |time: Duration| time.as_secs_f64() * 1000.0 / tests as f64;
    let burst = Burst {
        tests,
        wall,
        service_ms: per_test(service.cpu()? - service_before),
        postgres_ms: per_test(bench.server.cpu()? - postgres_before),
        before_mb,
        peak_mb: super::process::megabytes(service.pid(), "VmHWM")?,
        retrievals: sqlx::query_scalar("select count(*) from retrievals").fetch_one(&mut conn).await?,
    };
    service.stop().await?;
    database.drop().await?;
    Ok(burst)
}

/// The settings of a service that is asked for more than people may otherwise have.
pub(super) fn settings(database: &Database, model: &Model, concurrency: usize) -> Settings {
    vec![
        ("DATABASE__URL", database.url()),
        ("LLM__BASE_URL", model.url.clone()),
        ("LLM__MODEL", "bench".to_owned()),
        ("QUEUE__CONCURRENCY", concurrency.to_string()),
        ("LIMITS__TESTS_PER_HOUR", "1000000".to_owned()),
        ("LIMITS__CONCURRENT_TESTS", concurrency.to_string()),
    ]
}

/// A migrated database with people, whose tokens this returns, and articles.
pub(super) async fn prepare(settings: &Settings, people: usize, articles: usize) -> anyhow::Result<Vec<String>> {
    let app = service::open(settings).await?;
    let tokens = service::people(&app, people).await?;
    let mut corpus = Corpus::new();
    app.workshop().import((0..articles).map(|number| (number as u64, Ok(corpus.article(number))))).await?;
    app.close().await;
    Ok(tokens)
}

/// Somebody with a draft, who tests it.
pub(super) struct Asker {
    client: Client,
    path: String,
    questions: Vec<String>,
}

impl Asker {
    pub(super) async fn start(service: &Service, token: &str) -> anyhow::Result<Self> {
        let mut client = Client::connect(service.address, token).await?;
        let body = json!({ "starting_prompt": PROMPT });
        let started = client.post("/api/auspex/prompts/workshop/start", &body, false).await?.expect(201)?;
        let draft = started["draft_id"].as_i64().context("a draft without a number")?;
        let mut corpus = Corpus::new();
        let questions = (0..QUESTIONS).map(|_| corpus.question()).collect();
        Ok(Self { client, path: format!("/api/auspex/prompts/workshop/drafts/{draft}/test"), questions })
    }

    /// Asks for a test; waits for its end if told to.
    pub(super) async fn ask(&mut self, number: usize, wait: bool) -> anyhow::Result<()> {
        let question = &self.questions[number % self.questions.len()];
        let body = json!({ "test_query": question, "topic": corpus::topic(0) });
        let answer = self.client.post(&self.path, &body, wait).await?;
        answer.expect(if wait { 200 } else { 202 })?;
        Ok(())
    }
}

/// Waits until every test has ended well; the seconds from asking for the first to the end of the last, by the service's
/// clock.
async fn wait_for_all(conn: &mut PgConnection, warm: usize, tests: usize) -> anyhow::Result<f64> {
    loop {
        let open: i64 = sqlx::query_scalar("select count(*) from trials where status in ('queued', 'running')")
            .fetch_one(&mut *conn)
            .await?;
        if open == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let (wall, good): (f64, i64) = sqlx::query_as(
        "select extract(epoch from max(finished_at) - min(created_at))::float8, count(*) filter (where status = 'succeeded')
        from (select * from trials order by id offset $1) as measured",
    )
    .bind(warm as i64)
    .fetch_one(conn)
    .await?;
    anyhow::ensure!(good == tests as i64, "{good} of {tests} tests succeeded");
    Ok(wall)
}
