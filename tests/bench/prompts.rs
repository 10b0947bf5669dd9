//! Reading a prompt of the library over HTTP, on connections that are kept.

use std::time::{Duration, Instant};

use super::Bench;
use super::http::Client;
use super::report::Times;
use super::service::{self, Service, Settings};

/// The prompt that ships with the service.
const PATH: &str = "/api/auspex/prompts/auspex_default";

pub(super) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let database = bench.server.create("prompts").await?;
    let settings: Settings = vec![("DATABASE__URL", database.url()), ("LLM__PROVIDER", "local".to_owned())];
    let app = service::open(&settings).await?;
    let token = service::people(&app, 1).await?.remove(0);
    app.close().await;
    let service = Service::start(&settings, &[]).await?;
    for connections in [1, 16] {
        let length = Duration::from_millis(if bench.quick { 1_000 } else { 8_000 });
        // Opens the pool's connections.
        read(&service, &token, connections, Duration::from_millis(500)).await?;
        let (service_before, postgres_before) = (service.cpu()?, bench.server.cpu()?);
        let started = Instant::now();
        let times = read(&service, &token, connections, length).await?;
        let rate = times.count() as f64 / started.elapsed().as_secs_f64();
        let each = |time: Duration| time.as_secs_f64() * 1000.0 / times.count().max(1) as f64;
        let (ours, postgres) = (each(service.cpu()? - service_before), each(bench.server.cpu()? - postgres_before));
        let name = format!("GET /prompts/{{name}}, {connections} connections");
        let report = &mut bench.report;
        report.milliseconds(format!("{name}: p50"), times.within(0.5)).note(format!("{} requests", times.count()));
        if connections == 1 {
            report.aim(1.6);
        }
        report.milliseconds(format!("{name}: p99"), times.within(0.99));
        let note = format!("CPU per request: service {ours:.2} ms, Postgres {postgres:.2} ms");
        report.add(format!("{name}: rate"), rate, "/s").note(note);
    }
    service.stop().await?;
    database.drop().await
}

/// Reads for a while on several connections at once.
async fn read(service: &Service, token: &str, connections: usize, length: Duration) -> anyhow::Result<Times> {
    let readers = (0..connections).map(|_| async {
        let mut client = Client::connect(service.address, token).await?;
        let begun = Instant::now();
        let mut times = Vec::new();
        while begun.elapsed() < length {
            let asked = Instant::now();
            let answer = client.get(PATH).await?;
            times.push(asked.elapsed());
            if times.len() == 1 {
                answer.expect(200)?;
            } else {
                anyhow::ensure!(answer.status == 200, "the service answered {}", answer.status);
            }
        }
        anyhow::Ok(times)
    });
    let times = futures::future::try_join_all(readers).await?;
    Ok(Times::new(times.into_iter().flatten().collect()))
}
