//! Slash commands that Slack sends over HTTP: how soon each is acknowledged, and whether it is stored by then.
//!
//! A copy of the service that only serves the web is measured: other copies handle what is stored.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use tokio::sync::{Mutex, mpsc};

use super::Bench;
use super::database::Database;
use super::http::Client;
use super::process;
use super::report::Times;
use super::service::{Service, Settings};

const SECRET: &str = "bench-signing-secret";

/// Connections that Slack keeps open.
const CONNECTIONS: usize = 64;

/// People who send commands, in turn.
const PEOPLE: usize = 200;

/// When Slack stops waiting, and tells the person that the app failed.
const DEADLINE: Duration = Duration::from_secs(3);

pub(super) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    for rate in [Some(50), Some(200), Some(500), None] {
        let figures = load(bench, rate).await?;
        report(bench, rate, &figures);
    }
    Ok(())
}

/// What came of one rate.
struct Figures {
    /// From when a command was due until it was acknowledged.
    times: Times,
    sent: usize,
    acknowledged: usize,
    stored: i64,
    commits: i64,
    wall: Duration,
    service: Duration,
    postgres: Duration,
    before_mb: f64,
    peak_mb: f64,
}

/// A fresh service, and commands at a rate, or as many as it takes.
async fn load(bench: &Bench, rate: Option<u32>) -> anyhow::Result<Figures> {
    let database = bench.server.create("slack").await?;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let settings: Settings = vec![
        ("DATABASE__URL", database.url()),
        ("LLM__PROVIDER", "local".to_owned()),
        ("SLACK__MODE", "http".to_owned()),
        ("SLACK__SIGNING_SECRET", SECRET.to_owned()),
        ("SLACK__BOT_TOKEN", "xoxb-bench".to_owned()),
        ("SLACK__API_URL", format!("http://{nobody}/api")),
    ];
    let service = Service::start(&settings, &["--roles", "web"]).await?;
    // Opens the pool's connections. Twice: Postgres counts a connection's commits at its first one after a second.
    for run in ["first", "second"] {
        send(service.address, run, Pace::Every(Duration::from_millis(5)), Duration::from_millis(500)).await?;
        tokio::time::sleep(Duration::from_millis(1_100)).await;
    }
    let length = Duration::from_secs(if bench.quick { 1 } else { 10 });
    let pace = rate.map_or(Pace::FlatOut, |rate| Pace::Every(Duration::from_secs(1) / rate));
    let before_mb = process::megabytes(service.pid(), "VmRSS")?;
    let (stored_before, commits_before) = counts(&database).await?;
    let (service_before, postgres_before) = (service.cpu()?, bench.server.cpu()?);
    let started = Instant::now();
    let outcomes = send(service.address, "run", pace, length).await?;
    let wall = started.elapsed();
    let (service_after, postgres_after) = (service.cpu()?, bench.server.cpu()?);
    let peak_mb = process::megabytes(service.pid(), "VmHWM")?;
    // Its connections end with it, and with them Postgres has counted everything.
    service.stop().await?;
    let (stored_after, commits_after) = counts(&database).await?;
    database.drop().await?;
    Ok(Figures {
        sent: outcomes.len(),
        acknowledged: outcomes.iter().filter(|outcome| outcome.status == 200).count(),
        times: Times::new(outcomes.into_iter().map(|outcome| outcome.took).collect()),
        stored: stored_after - stored_before,
        commits: commits_after - commits_before,
        wall,
        service: service_after - service_before,
        postgres: postgres_after - postgres_before,
        before_mb,
        peak_mb,
    })
}

fn report(bench: &mut Bench, rate: Option<u32>, figures: &Figures) {
    let Figures { times, sent, acknowledged, stored, commits, wall, service, postgres, before_mb, peak_mb } = figures;
    let name = rate.map_or("slash commands, flat out".to_owned(), |rate| format!("slash commands, {rate}/s"));
    let report = &mut bench.report;
    let each = |time: &Duration| time.as_secs_f64() * 1_000.0 / *sent as f64;
    if rate.is_none() {
        let note = format!("{CONNECTIONS} connections");
        report.add(format!("{name}: rate"), *sent as f64 / wall.as_secs_f64(), "/s").note(note);
    }
    let from = if rate.is_some() { "from when it was due" } else { "from when it was sent" };
    report.milliseconds(format!("{name}: ack p50"), times.within(0.5)).note(format!("{sent} commands, {from}"));
    report.milliseconds(format!("{name}: ack p99"), times.within(0.99));
    if rate == Some(500) {
        report.aim(15.0);
    }
    report.milliseconds(format!("{name}: ack, longest"), times.longest()).aim(DEADLINE.as_secs_f64() * 1_000.0);
    report.add(format!("{name}: CPU per 1,000"), each(service), "s").aim(0.15);
    let note = format!("{:.2} commits per command", *commits as f64 / *sent as f64);
    report.add(format!("{name}: CPU of Postgres per 1,000"), each(postgres), "s").note(note);
    report.add(format!("{name}: peak memory"), *peak_mb, "MB").note(format!("{before_mb:.1} MB before"));
    let lost = (*sent as i64 - stored).abs().max((*acknowledged as i64 - stored).abs());
    let note = format!("{sent} sent, {acknowledged} acknowledged, {stored} stored");
    report.add(format!("{name}: lost"), lost as f64, "").aim(1.0).note(note);
}

/// Arrivals in the database, and its commits so far.
async fn counts(database: &Database) -> anyhow::Result<(i64, i64)> {
    let query = "select (select count(*) from arrivals), (select xact_commit from pg_stat_database where datname = current_database())";
    Ok(sqlx::query_as(query).fetch_one(&mut database.connect().await?).await?)
}

/// When commands are due.
#[derive(Clone, Copy)]
enum Pace {
    /// Each at its time, however long the ones before take.
    Every(Duration),
    /// On each connection as soon as the one before is acknowledged.
    FlatOut,
}

struct Outcome {
    took: Duration,
    status: u16,
}

/// Sends commands at a pace, for a while.
async fn send(address: SocketAddr, run: &'static str, pace: Pace, length: Duration) -> anyhow::Result<Vec<Outcome>> {
    let due = Arc::new(Due::start(pace, length));
    let mut connections = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        let (mut client, due) = (Client::connect(address, "").await?, Arc::clone(&due));
        connections.push(tokio::spawn(async move {
            let mut outcomes = Vec::new();
            while let Some((number, due)) = due.next().await {
                let (headers, form) = command(run, number)?;
                let status = client.post_form("/slack/commands", &headers, &form).await?.status;
                outcomes.push(Outcome { took: due.elapsed(), status });
            }
            anyhow::Ok(outcomes)
        }));
    }
    let mut outcomes = Vec::new();
    for connection in connections {
        outcomes.extend(connection.await??);
    }
    Ok(outcomes)
}

/// The numbers of the commands, and when each is due.
enum Due {
    AtTimes(Mutex<mpsc::UnboundedReceiver<(usize, Instant)>>),
    AtOnce { next: AtomicUsize, end: Instant },
}

impl Due {
    fn start(pace: Pace, length: Duration) -> Self {
        let started = Instant::now();
        let every = match pace {
            Pace::FlatOut => return Self::AtOnce { next: AtomicUsize::new(0), end: started + length },
            Pace::Every(every) => every,
        };
        let (sender, receiver) = mpsc::unbounded_channel();
        // A thread, because the runtime's timer is as much as a millisecond late.
        std::thread::spawn(move || {
            let mut due = started;
            for number in 0.. {
                due += every;
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                if due > started + length || sender.send((number, due)).is_err() {
                    break;
                }
            }
        });
        Self::AtTimes(Mutex::new(receiver))
    }

    async fn next(&self) -> Option<(usize, Instant)> {
        match self {
            Self::AtTimes(times) => times.lock().await.recv().await,
            Self::AtOnce { next, end } => {
                let now = Instant::now();
                (now < *end).then(|| (next.fetch_add(1, Ordering::Relaxed), now))
            }
        }
    }
}

/// A slash command as Slack sends and signs it: the headers and the form.
fn command(run: &str, number: usize) -> anyhow::Result<(String, String)> {
    let person = number % PEOPLE;
    let (user, name, trigger) = (format!("U{person:08}"), format!("person{person}"), format!("{number}.1.{run}"));
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("token", "verification"),
            ("team_id", "T00000001"),
            ("team_domain", "bench"),
            ("channel_id", "C00000001"),
            ("channel_name", "research"),
            ("user_id", &user),
            ("user_name", &name),
            ("command", "/workshop"),
            ("text", "new I need executive-level financial analysis with a focus on risks, in plain words"),
            ("api_app_id", "A00000001"),
            ("is_enterprise_install", "false"),
            ("response_url", "https://hooks.slack.example/commands/T00000001/1/bench"),
            ("trigger_id", &trigger),
        ])
        .finish();
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let digest = hmac::sign(&key, format!("v0:{now}:{form}").as_bytes());
    let mut headers = format!("x-slack-request-timestamp: {now}\r\nx-slack-signature: v0=");
    for byte in digest.as_ref() {
        write!(headers, "{byte:02x}")?;
    }
    headers.push_str("\r\n");
    Ok((headers, form))
}
