//! One batch of many tests, on a model that takes 200 ms: how near its ideal, how much CPU, how much memory.

use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};

use super::Bench;
use super::corpus::{self, Corpus};
use super::http::Client;
use super::model::Model;
use super::service::Service;
use super::trials::{PROMPT, prepare, settings};

const LATENCY: Duration = Duration::from_millis(200);
const CONCURRENCY: usize = 128;

/// Questions of the suite and revisions of the draft; each question is asked of each revision by each of the models.
const QUESTIONS: usize = 50;
const REVISIONS: usize = 10;

const ARTICLES: usize = 2_000;

pub(super) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let models = bench.scaled(40).div_ceil(10);
    let tests = QUESTIONS * REVISIONS * models;
    let database = bench.server.create("batch").await?;
    let model = Model::start(LATENCY).await?;
    let mut settings = settings(&database, &model, CONCURRENCY);
    settings.push(("QUEUE__BATCH_CONCURRENCY", CONCURRENCY.to_string()));
    settings.push(("LIMITS__BATCH_TESTS", "1000000".to_owned()));
    settings.push(("LIMITS__BATCH_TESTS_PER_HOUR", "1000000".to_owned()));
    let people = prepare(&settings, 1, ARTICLES).await?;
    let service = Service::start(&settings, &[]).await?;
    let mut client = Client::connect(service.address, people.first().context("nobody asks")?).await?;
    let batches = workshop(&mut client).await?;
    // The first batch pays for plans and connections, once.
    let warm = json!({ "suite": "bench", "revisions": [1], "models": ["bench"] });
    client.post(&batches, &warm, true).await?.expect(200)?;

    let before_mb = super::process::megabytes(service.pid(), "VmRSS")?;
    let (service_before, postgres_before) = (service.cpu()?, bench.server.cpu()?);
    let revisions: Vec<usize> = (1..=REVISIONS).collect();
    let models: Vec<String> = (0..models).map(|number| format!("bench-{number}")).collect();
    let body = json!({ "suite": "bench", "revisions": revisions, "models": models });
    let batch = client.post(&batches, &body, true).await?.expect(200)?;
    let per_test = |time: Duration| time.as_secs_f64() * 1000.0 / tests as f64;
    let (ours, postgres) = (per_test(service.cpu()? - service_before), per_test(bench.server.cpu()? - postgres_before));
    let peak_mb = super::process::megabytes(service.pid(), "VmHWM")?;

    let answered: u64 =
        batch["summary"].as_array().into_iter().flatten().filter_map(|one| one["answered"].as_u64()).sum();
    anyhow::ensure!(answered == tests as u64, "{answered} of {tests} tests were answered");
    let mut conn = database.connect().await?;
    let (wall, retrievals): (f64, i64) = sqlx::query_as(
        "select extract(epoch from finished_at - created_at)::float8, (select count(*) from retrievals)
        from batches order by created_at desc limit 1",
    )
    .fetch_one(&mut conn)
    .await?;
    let ideal = LATENCY * tests.div_ceil(CONCURRENCY) as u32;
    let name = format!("batch of {tests} tests, {CONCURRENCY} at a time");
    let report = &mut bench.report;
    let note = format!("ideal {:.1} s; {retrievals} retrievals", ideal.as_secs_f64());
    report.add(format!("{name}: wall"), wall, "s").aim(5.0).note(note);
    let note = format!("service {ours:.2}, Postgres {postgres:.2}");
    report.add(format!("{name}: CPU per test"), ours + postgres, "ms").aim(0.75).note(note);
    report.add(format!("{name}: peak memory"), peak_mb, "MB").aim(60.0).note(format!("{before_mb:.1} MB before"));
    service.stop().await?;
    database.drop().await
}

/// A draft with all its revisions, and the suite; where its batches are.
async fn workshop(client: &mut Client) -> anyhow::Result<String> {
    let started =
        client.post("/api/auspex/prompts/workshop/start", &json!({ "starting_prompt": PROMPT }), false).await?;
    let draft = started.expect(201)?["draft_id"].as_i64().context("a draft without a number")?;
    let path = format!("/api/auspex/prompts/workshop/drafts/{draft}");
    for revision in 2..=REVISIONS {
        let body = json!({ "draft_content": format!("{PROMPT} This is text number {revision}.") });
        client.put(&path, &body).await?.expect(200)?;
    }
    let mut corpus = Corpus::new();
    let question = |_| json!({ "test_query": corpus.question(), "topic": corpus::topic(0) });
    let questions: Vec<Value> = (0..QUESTIONS).map(question).collect();
    let suite = json!({ "name": "bench", "questions": questions });
    client.post("/api/auspex/suites", &suite, false).await?.expect(201)?;
    Ok(format!("{path}/batches"))
}
