//! Reading prompts by label over HTTP, as a program does that uses them: 10,000 prompts of 20 versions.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use sqlx::PgConnection;

use super::Bench;
use super::http::Client;
use super::report::Times;
use super::service::{self, Service, Settings};
use super::trials::PROMPT;

const VERSIONS: i32 = 20;
const CONNECTIONS: usize = 8;

/// How many of the prompts are read again and again with their entity tags: a program knows those that it uses.
const KNOWN: usize = 200;

pub(super) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let database = bench.server.create("library").await?;
    let settings: Settings = vec![("DATABASE__URL", database.url()), ("LLM__PROVIDER", "local".to_owned())];
    let app = service::open(&settings).await?;
    let token = service::people(&app, 1).await?.remove(0);
    app.close().await;
    let prompts = bench.scaled(10_000);
    fill(&mut database.connect().await?, prompts).await?;
    let service = Service::start(&settings, &[]).await?;
    let length = Duration::from_millis(if bench.quick { 1_000 } else { 8_000 });
    let name = format!("GET /prompts/{{name}}?label=production, {prompts} prompts, {CONNECTIONS} connections");
    for (known, what) in [(false, ""), (true, ", If-None-Match")] {
        // Opens the pool's connections.
        read(&service, &token, prompts, Duration::from_millis(500), known).await?;
        let started = Instant::now();
        let (times, unchanged) = read(&service, &token, prompts, length, known).await?;
        let rate = times.count() as f64 / started.elapsed().as_secs_f64();
        let note = match known {
            true => format!("{} requests, {unchanged} of them not modified", times.count()),
            false => format!("{} requests", times.count()),
        };
        let report = &mut bench.report;
        report.milliseconds(format!("{name}{what}: p50"), times.within(0.5)).note(note);
        report.milliseconds(format!("{name}{what}: p99"), times.within(0.99)).aim(5.0);
        report.add(format!("{name}{what}: rate"), rate, "/s");
    }
    service.stop().await?;
    database.drop().await
}

/// Prompts with their versions, of which the one before the last is in production.
async fn fill(conn: &mut PgConnection, prompts: usize) -> anyhow::Result<()> {
    sqlx::query(
        "insert into prompts (name, title, description, owner_id, visibility, family_id, version, created_at, updated_at)
        select 'prompt_' || n, 'Prompt number ' || n, 'For the bench', (select id from accounts where name = 'person0'),
            'team', n, $2::integer, now(), now()
        from generate_series(1, $1) as n",
    )
    .bind(prompts as i32)
    .bind(VERSIONS)
    .execute(&mut *conn)
    .await?;
    sqlx::query(
        "insert into prompt_versions (prompt_id, number, text, created_at)
        select p.id, n, $2 || e'\\n\\nVersion ' || n || ' of ' || p.name, now()
        from prompts p, generate_series(1, $1) as n
        where p.description = 'For the bench'",
    )
    .bind(VERSIONS)
    .bind(PROMPT)
    .execute(&mut *conn)
    .await?;
    sqlx::query(
        "insert into prompt_labels (prompt_id, label, version)
        select id, 'production', $1::integer from prompts where description = 'For the bench'",
    )
    .bind(VERSIONS - 1)
    .execute(&mut *conn)
    .await?;
    // As autovacuum leaves them.
    sqlx::raw_sql("vacuum analyze prompts, prompt_versions, prompt_labels").execute(conn).await?;
    Ok(())
}

/// Reads for a while on several connections at once; says also how many answers were "not modified".
async fn read(
    service: &Service,
    token: &str,
    prompts: usize,
    length: Duration,
    known: bool,
) -> anyhow::Result<(Times, usize)> {
    let readers = (0..CONNECTIONS).map(|reader| async move {
        let mut client = Client::connect(service.address, token).await?;
        let mut tags: HashMap<usize, String> = HashMap::new();
        let (mut times, mut unchanged) = (Vec::new(), 0_usize);
        let begun = Instant::now();
        // Steps that share no factor with the number of prompts, so that all are read in no order.
        for step in 0.. {
            if begun.elapsed() >= length {
                break;
            }
            let number = 1 + (reader * 1_009 + step * 7_919) % if known { KNOWN.min(prompts) } else { prompts };
            let path = format!("/api/auspex/prompts/prompt_{number}?label=production");
            let asked = Instant::now();
            let answer = match tags.get(&number).filter(|tag| known && !tag.is_empty()) {
                Some(tag) => client.get_unless(&path, tag).await?,
                None => client.get(&path).await?,
            };
            let took = asked.elapsed();
            match answer.status {
                304 => unchanged += 1,
                200 if !known || tags.contains_key(&number) => {}
                200 => {
                    // The first read of each learns its tag, and is no measure.
                    tags.insert(number, answer.tag.clone());
                    continue;
                }
                status => anyhow::bail!("the service answered {status}: {}", String::from_utf8_lossy(&answer.body)),
            }
            times.push(took);
        }
        anyhow::Ok((times, unchanged))
    });
    let read = futures::future::try_join_all(readers).await?;
    let unchanged = read.iter().map(|(_, unchanged)| unchanged).sum();
    Ok((Times::new(read.into_iter().flat_map(|(times, _)| times).collect()), unchanged))
}
