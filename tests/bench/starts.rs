//! How long a test waits on an idle queue: from asking for it until a worker has it.

use std::time::{Duration, Instant};

use rand::Rng;

use super::Bench;
use super::model::Model;
use super::report::Times;
use super::service::Service;
use super::trials::{Asker, prepare, settings};

/// However slow the machine is, no longer than this.
const PATIENCE: Duration = Duration::from_secs(90);

/// What would be a wake-up that was lost.
const STALL: Duration = Duration::from_secs(2);

pub(super) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let database = bench.server.create("starts").await?;
    let model = Model::start(Duration::ZERO).await?;
    let settings = settings(&database, &model, 16);
    let people = prepare(&settings, 16, 200).await?;
    let service = Service::start(&settings, &[]).await?;
    let mut askers = Vec::new();
    for token in people {
        let mut asker = Asker::start(&service, &token).await?;
        asker.ask(0, true).await?;
        askers.push(asker);
    }
    let warm = askers.len();
    let started = Instant::now();
    for number in 0..bench.scaled(2_000) {
        if started.elapsed() > PATIENCE {
            break;
        }
        // At any moment of the queue's own rounds.
        tokio::time::sleep(Duration::from_micros(rand::rng().random_range(0..20_000))).await;
        askers[number % warm].ask(number, true).await?;
    }
    let waits: Vec<f64> = sqlx::query_scalar(
        "select extract(epoch from started_at - created_at)::float8 from trials order by id offset $1",
    )
    .bind(warm as i64)
    .fetch_all(&mut database.connect().await?)
    .await?;
    let times = Times::new(waits.into_iter().map(|wait| Duration::from_secs_f64(wait.max(0.0))).collect());
    let report = &mut bench.report;
    let note = format!("{} tests, one after the other", times.count());
    report.milliseconds("enqueue to start: p50", times.within(0.5)).aim(5.0).note(note);
    report.milliseconds("enqueue to start: p99", times.within(0.99)).aim(15.0);
    let stalls = times.longer_than(STALL);
    report.milliseconds("enqueue to start: longest", times.longest()).aim(2_000.0).note(format!("{stalls} over 2 s"));
    service.stop().await?;
    database.drop().await
}
