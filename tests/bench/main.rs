//! Benchmarks of the whole service: `make bench` measures, prints one table and writes it to `target/bench.json`.
//!
//! The service is the real program as a process of its own; so is the model, which answers after a fixed time. Figures
//! of CPU count the service and its Postgres, and nothing of the bench. Nothing passes or fails on time: the aims stand
//! beside the figures. A measure is a file with a `run` and one line in [`MEASURES`].
//!
//! `BENCH_QUICK=1` measures a tenth. `cargo bench --bench workshop -- search idle` measures only what is named.

mod batch;
mod corpus;
mod database;
mod http;
mod idle;
mod library;
mod live;
mod model;
mod process;
mod prompts;
mod report;
mod search;
mod service;
mod slack;
mod starts;
mod trials;

use std::path::PathBuf;
use std::pin::Pin;

use anyhow::Context;

use database::Server;
use report::Report;

/// What every measure gets.
pub struct Bench {
    /// The database server.
    pub server: Server,
    /// What was measured so far.
    pub report: Report,
    /// A tenth of everything.
    pub quick: bool,
}

impl Bench {
    /// A number of repetitions: all, or a tenth of them.
    pub fn scaled(&self, all: usize) -> usize {
        if self.quick { all / 10 } else { all }
    }
}

type Measured<'a> = Pin<Box<dyn Future<Output = anyhow::Result<()>> + 'a>>;
type Measure = for<'a> fn(&'a mut Bench) -> Measured<'a>;

const MEASURES: &[(&str, Measure)] = &[
    ("trials", |bench| Box::pin(trials::run(bench))),
    ("batch", |bench| Box::pin(batch::run(bench))),
    ("starts", |bench| Box::pin(starts::run(bench))),
    ("prompts", |bench| Box::pin(prompts::run(bench))),
    ("library", |bench| Box::pin(library::run(bench))),
    ("search", |bench| Box::pin(search::run(bench))),
    ("live", |bench| Box::pin(live::run(bench))),
    ("slack", |bench| Box::pin(slack::run(bench))),
    ("idle", |bench| Box::pin(idle::run(bench))),
];

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    match arguments.first().map(String::as_str) {
        Some(model::COMMAND) => runtime.block_on(model::serve(arguments.get(1).context("name the latency")?)),
        Some(_) | None => runtime.block_on(run(&arguments)),
    }
}

async fn run(wanted: &[String]) -> anyhow::Result<()> {
    if let Some(unknown) = wanted.iter().find(|name| MEASURES.iter().all(|(known, _)| known != name)) {
        let known: Vec<&str> = MEASURES.iter().map(|(name, _)| *name).collect();
        anyhow::bail!("there is no measure {unknown}; there are {}", known.join(", "));
    }
    let quick = std::env::var_os("BENCH_QUICK").is_some_and(|value| value == "1");
    let server = Server::find().await?;
    let mut bench = Bench { report: Report::new(quick, server.version().await?), server, quick };
    for (name, measure) in MEASURES {
        if wanted.is_empty() || wanted.iter().any(|one| one == name) {
            eprintln!("Measuring {name} …");
            measure(&mut bench).await.with_context(|| format!("the measure {name} failed"))?;
        }
    }
    print!("{}", bench.report.table());
    let file = target().join("bench.json");
    std::fs::write(&file, bench.report.json()?).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(())
}

/// The folder that everything is built into.
pub fn target() -> PathBuf {
    let program = std::path::Path::new(service::PROGRAM);
    program.ancestors().nth(2).unwrap_or(program).to_owned()
}
