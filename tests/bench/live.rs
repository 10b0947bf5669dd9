//! Open workbenches with live events on one service: what a page takes, and how soon it hears of what is done.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::Bench;
use super::http::Client;
use super::process;
use super::report::Times;
use super::service::{self, Service, Settings};
use super::trials::PROMPT;

const PAGES: usize = 200;
const WORKSHOPS: usize = 20;

/// Between two things that are done, so that what is measured is the way of one and no queue.
const PACE: Duration = Duration::from_millis(10);

/// However slow the machine is, no longer than this.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is awaited: when it was asked for.
type Asked = Arc<Mutex<HashMap<String, Instant>>>;

pub(super) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let database = bench.server.create("live").await?;
    let settings: Settings = vec![("DATABASE__URL", database.url()), ("LLM__PROVIDER", "local".to_owned())];
    let app = service::open(&settings).await?;
    let token = service::people(&app, 1).await?.remove(0);
    app.close().await;
    let service = Service::start(&settings, &[]).await?;
    let mut client = Client::connect(service.address, &token).await?;
    let mut workshops = Vec::new();
    for _ in 0..WORKSHOPS {
        workshops.push(Workshop::start(&mut client).await?);
    }
    let (heard, delays) = unbounded_channel();
    let pages = Pages { address: service.address, token, asked: Asked::default(), heard };
    // The first page pays for what is made once.
    pages.open(workshops[0].draft).await?;
    let before = process::megabytes(service.pid(), "VmRSS")?;
    for page in 1..PAGES {
        pages.open(workshops[page % WORKSHOPS].draft).await?;
    }
    let each = (process::megabytes(service.pid(), "VmRSS")? - before) / (PAGES - 1) as f64 * 1000.0;

    let changes = bench.scaled(600);
    let cpu_before = service.cpu()?;
    let mut conn = database.connect().await?;
    for number in 0..changes {
        let workshop = &mut workshops[number % WORKSHOPS];
        if (number / WORKSHOPS).is_multiple_of(2) {
            workshop.save(&mut client, &pages).await?;
        } else {
            workshop.write(&mut conn, &pages, number).await?;
        }
        tokio::time::sleep(PACE).await;
    }
    let wanted = changes * PAGES / WORKSHOPS;
    let times = Times::new(collect(delays, wanted).await?);
    let cpu = (service.cpu()? - cpu_before).as_secs_f64() * 1000.0 / wanted as f64;
    let (name, report) = (format!("{PAGES} open workbenches"), &mut bench.report);
    report.add(format!("{name}: memory of each"), each, "kB").aim(100.0).note(format!("{before:.1} MB with one"));
    let note = format!("{changes} saved texts and pieces of answers for {wanted} pages; {cpu:.2} ms of CPU for each");
    report.milliseconds(format!("{name}: from asking to page, p50"), times.within(0.5)).note(note);
    report.milliseconds(format!("{name}: from asking to page, p99"), times.within(0.99)).aim(250.0);
    conn.close().await?;
    service.stop().await?;
    database.drop().await
}

/// The delays, once all have come.
async fn collect(mut delays: UnboundedReceiver<Duration>, wanted: usize) -> anyhow::Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(wanted);
    let all = async {
        while times.len() < wanted
            && let Some(delay) = delays.recv().await
        {
            times.push(delay);
        }
    };
    // What has come by then is counted below.
    let _ = tokio::time::timeout(PATIENCE, all).await;
    anyhow::ensure!(times.len() == wanted, "{} of {wanted} events came", times.len());
    Ok(times)
}

/// What is done in one workshop.
struct Workshop {
    draft: i64,
    chat: i64,
    revision: i64,
}

impl Workshop {
    async fn start(client: &mut Client) -> anyhow::Result<Self> {
        let start = json!({ "starting_prompt": PROMPT });
        let started = client.post("/api/auspex/prompts/workshop/start", &start, false).await?.expect(201)?;
        let number = |name: &str| started[name].as_i64().with_context(|| format!("no {name}"));
        Ok(Self { draft: number("draft_id")?, chat: number("chat_id")?, revision: 1 })
    }

    /// Saves a text, as the editor does.
    async fn save(&mut self, client: &mut Client, pages: &Pages) -> anyhow::Result<()> {
        self.revision += 1;
        pages.await_from_now(format!("draft {} {}", self.draft, self.revision));
        let text = json!({ "draft_content": format!("{PROMPT} This is text number {}.", self.revision) });
        client.put(&format!("/api/auspex/prompts/workshop/drafts/{}", self.draft), &text).await?.expect(200)?;
        Ok(())
    }

    /// A piece of an answer, as a worker tells of it.
    async fn write(&self, conn: &mut PgConnection, pages: &Pages, number: usize) -> anyhow::Result<()> {
        let text = format!("Piece number {number}.");
        let message = uuid::Uuid::nil();
        let event = json!({ "event": "delta", "chat": self.chat, "message": message, "part": 0, "text": text });
        pages.await_from_now(text);
        sqlx::query("select pg_notify('workshop_events', $1)").bind(event.to_string()).execute(conn).await?;
        Ok(())
    }
}

/// The open pages, and what they wait for.
struct Pages {
    address: SocketAddr,
    token: String,
    asked: Asked,
    heard: UnboundedSender<Duration>,
}

impl Pages {
    fn await_from_now(&self, what: String) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(what, Instant::now());
    }

    /// Opens a page, and has it tell how long each event took.
    async fn open(&self, draft: i64) -> anyhow::Result<()> {
        let mut stream = TcpStream::connect(self.address).await?;
        let path = format!("/api/auspex/prompts/workshop/drafts/{draft}/events");
        let request = format!("GET {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {}\r\n\r\n", self.token);
        stream.write_all(request.as_bytes()).await?;
        // The marks of the chunks are lines of their own.
        let mut lines = BufReader::with_capacity(1024, stream).lines();
        while !lines.next_line().await?.context("the stream ended")?.contains("hello") {}
        let (asked, heard) = (self.asked.clone(), self.heard.clone());
        tokio::spawn(async move {
            let mut name = String::new();
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(event) = line.strip_prefix("event: ") {
                    event.clone_into(&mut name);
                }
                let Some(data) = line.strip_prefix("data: ") else { continue };
                let data: Value = serde_json::from_str(data).unwrap_or_default();
                let what = match name.as_str() {
                    "draft" => format!("draft {draft} {}", data["revision"]),
                    _ => data["text"].as_str().unwrap_or_default().to_owned(),
                };
                let begun = asked.lock().unwrap_or_else(PoisonError::into_inner).get(&what).copied();
                // Nobody counts any more when the measure is over.
                let _ = begun.map(|begun| heard.send(begun.elapsed()));
            }
        });
        Ok(())
    }
}
