//! The real program as processes of their own, killed, stopped and robbed of their database: nothing acknowledged is lost,
//! and everything ends once.

use std::fs::{self, File, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use crate::support::desk::{Desk, Options, PROMPT, Person, until};
use crate::support::model_server::ModelServer;

const QUESTION: &str = "How did war-risk premiums move?";
const SOON: Duration = Duration::from_secs(30);
const WITHIN_A_MINUTE: Duration = Duration::from_secs(60);

type Settings = Vec<(&'static str, String)>;

fn settings(settings: &[(&'static str, &str)]) -> Settings {
    settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

/// A running program with a directory of its own; it is killed when the test ends before it.
struct Program {
    process: Child,
    folder: PathBuf,
    environment: Settings,
}

impl Program {
    /// Starts `workshop serve` with these settings and no others.
    fn serve(arguments: &[&str], settings: Settings) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("workshop-service-{}-{number}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(0o711)).unwrap();
        let mut environment = settings;
        environment.push(("DATA_DIR", folder.to_str().unwrap().to_owned()));
        let log = File::create(folder.join("log")).unwrap();
        let mut command = Self::command(&environment);
        let process = command.arg("serve").args(arguments).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        Self { process, folder, environment }
    }

    /// A worker on a desk's database, that asks the desk's model.
    fn worker(desk: &Desk, settings: &Settings) -> Self {
        let mut settings = settings.clone();
        settings.push(("DATABASE__URL", desk.database.url().expose_secret().to_owned()));
        settings.push(("DATABASE__MAX_CONNECTIONS", "6".to_owned()));
        settings.push(("LLM__BASE_URL", desk.model().url()));
        Self::serve(&["--roles", "worker"], settings)
    }

    fn command(environment: &Settings) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_workshop"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("WORKSHOP_")) {
            command.env_remove(name);
        }
        command.envs(environment.iter().map(|(name, value)| (format!("WORKSHOP_{name}"), value)));
        command
    }

    /// What a command prints that runs beside it with the same settings.
    fn run(&self, arguments: &[&str]) -> String {
        let output = Self::command(&self.environment).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Ends it at once, in the middle of whatever it does.
    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Asks it to stop.
    fn ask_to_stop(&self) {
        send("TERM", self.process.id());
    }

    /// How it ended, once it has.
    async fn exit(&mut self) -> ExitStatus {
        let mut status = None;
        until("the program ends", SOON, || {
            status = self.process.try_wait().unwrap();
            std::future::ready(status.is_some())
        })
        .await;
        status.unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It has ended already, unless the test fails.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            println!("--- log of {}\n{log}", self.folder.display());
        }
        let removed = fs::remove_dir_all(&self.folder);
        assert!(removed.is_ok() || std::thread::panicking(), "{removed:?}");
    }
}

fn send(signal: &str, pid: u32) {
    let sent = Command::new("sh").args(["-c", &format!("kill -{signal} {pid}")]).status().unwrap();
    assert!(sent.success(), "kill -{signal} {pid}");
}

/// A service without workers, whose model waits: the workers are programs of their own.
async fn desk_with(settings: &Settings) -> Desk {
    let model = Some(ModelServer::start().await);
    let desk = Desk::with(Options { settings: settings.clone(), model, no_workers: true, ..Options::default() }).await;
    desk.model().hold();
    desk
}

async fn numbers(desk: &Desk, select: &'static str) -> Vec<i64> {
    sqlx::query_scalar(select).fetch_all(&mut desk.database.connect().await).await.unwrap()
}

#[tokio::test]
async fn a_worker_killed_in_the_middle_of_a_test_and_an_answer_loses_neither() {
    let settings = settings(&[
        ("QUEUE__CONCURRENCY", "4"),
        ("QUEUE__RESCUE_AFTER_SECONDS", "10"),
        ("QUEUE__SHUTDOWN_SECONDS", "5"),
        ("LLM__TIMEOUT_SECONDS", "60"),
    ]);
    let desk = desk_with(&settings).await;
    let first = Program::worker(&desk, &settings);
    let alice = desk.person("alice").await;
    let draft = alice.draft().await;
    let test = alice.start_test(draft, QUESTION).await;
    let answer = tokio::spawn({
        let alice = alice.clone();
        let path = format!("/prompts/workshop/drafts/{draft}/messages");
        async move { alice.post(&path, json!({ "content": "Make it shorter" })).await }
    });
    until("the model is asked for both", SOON, || async { desk.model().at_once() == 2 }).await;
    first.kill();
    until("both requests have broken off", SOON, || async { desk.model().at_once() == 0 }).await;
    assert_eq!(alice.get(&test).await.expect(200)["status"], "running");
    desk.model().release_all();

    let mut second = Program::worker(&desk, &settings);
    let ended = alice.ended(&test, WITHIN_A_MINUTE).await;
    assert_eq!(ended["status"], "succeeded", "{ended}");
    let answer = answer.await.unwrap().expect(200);
    assert_eq!(answer["content"], "Hello from the fake model.");
    assert_eq!(desk.model().requests().len(), 4, "each was asked for twice, and no more");
    assert_eq!(numbers(&desk, "select attempts::bigint from trials").await, [2]);
    assert_eq!(numbers(&desk, "select count(*) from messages where reply_to is not null").await, [1]);

    second.ask_to_stop();
    assert!(second.exit().await.success());
    // The second start had a name of its own; under the old one it would not have been given the jobs.
    assert_eq!(numbers(&desk, "select count(distinct split_part(id, '-', 1)) from apalis.workers").await, [2]);
    assert_eq!(numbers(&desk, "select count(*) from apalis.jobs where status <> 'Done'").await, [0]);
    desk.close().await;
}

#[tokio::test]
async fn a_full_worker_that_is_told_to_stop_finishes_what_it_can_and_hands_over_the_rest() {
    let patience = Duration::from_secs(3);
    let settings = settings(&[
        ("QUEUE__CONCURRENCY", "16"),
        ("QUEUE__SHUTDOWN_SECONDS", "3"),
        // Too long to explain what comes: nothing here is taken for dead.
        ("QUEUE__RESCUE_AFTER_SECONDS", "300"),
        ("LIMITS__CONCURRENT_TESTS", "16"),
        ("LLM__TIMEOUT_SECONDS", "100"),
    ]);
    let desk = desk_with(&settings).await;
    let mut first = Program::worker(&desk, &settings);
    let alice = desk.person("alice").await;
    let draft = alice.draft().await;
    for _ in 0..16 {
        alice.start_test(draft, QUESTION).await;
    }
    until("every place is taken", SOON, || async { desk.model().at_once() == 16 }).await;
    let mut second = Program::worker(&desk, &settings);
    until("the second copy works", SOON, || async {
        numbers(&desk, "select count(distinct split_part(id, '-', 1)) from apalis.workers").await == [2]
    })
    .await;

    let begun = Instant::now();
    first.ask_to_stop();
    desk.model().release(8);
    assert!(first.exit().await.success());
    let took = begun.elapsed();
    assert!(patience <= took && took < patience + Duration::from_secs(2), "it stopped after {took:?}");
    assert_eq!(numbers(&desk, "select count(*) from trials where status = 'succeeded'").await, [8]);
    assert_eq!(
        numbers(&desk, "select count(*) from apalis.jobs where status = 'Done'").await,
        [8],
        "results are noted"
    );

    until("the second copy has the rest", SOON, || async { desk.model().requests().len() == 24 }).await;
    desk.model().release_all();
    until("all succeed", SOON, || async {
        numbers(&desk, "select count(*) from trials where status = 'succeeded'").await == [16]
    })
    .await;
    assert_eq!(numbers(&desk, "select count(*) from trials group by attempts order by attempts").await, [8, 8]);
    second.ask_to_stop();
    assert!(second.exit().await.success());
    assert_eq!(desk.model().requests().len(), 24, "none ran more often than it had to");
    assert_eq!(numbers(&desk, "select count(*) from apalis.jobs where status <> 'Done'").await, [0]);
    desk.close().await;
}

/// A port that nobody uses just now.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Asks for tests one after another until told to stop, as a client does that tries again after a refusal.
async fn keep_testing(alice: Person, path: String, acknowledged: Arc<Mutex<Vec<String>>>, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::SeqCst) {
        let body = json!({ "test_query": QUESTION, "topic": "Shipping" });
        match alice.request(Method::POST, &path).json(&body).send().await {
            Ok(answer) if answer.status() == 202 => {
                let location = answer.headers()["location"].to_str().unwrap().to_owned();
                acknowledged.lock().unwrap().push(location.trim_start_matches("/api/auspex").to_owned());
            }
            Ok(answer) => {
                assert!(answer.status().is_server_error(), "{}", answer.status());
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(error) => panic!("the API itself never goes away: {error}"),
        }
    }
}

#[tokio::test]
async fn a_database_killed_under_load_comes_back_and_every_acknowledged_test_succeeds() {
    let model = ModelServer::start().await;
    let address = format!("127.0.0.1:{}", free_port());
    let mut settings = settings(&[
        ("QUEUE__CONCURRENCY", "8"),
        ("QUEUE__RESCUE_AFTER_SECONDS", "10"),
        ("QUEUE__SHUTDOWN_SECONDS", "5"),
        ("LIMITS__TESTS_PER_HOUR", "100000"),
        ("LIMITS__CONCURRENT_TESTS", "8"),
    ]);
    settings.push(("HTTP__LISTEN", address.clone()));
    settings.push(("LLM__BASE_URL", model.url()));
    // Without a database's URL it runs its own.
    let mut service = Program::serve(&[], settings);
    let base = format!("http://{address}");
    let anonymous = Person::at(base.clone(), SecretString::from(""));
    until("the service is ready", SOON, || async {
        let asked = anonymous.request(Method::GET, "//readyz").send().await;
        asked.is_ok_and(|answer| answer.status() == 200)
    })
    .await;
    let token = service.run(&["token", "create", "--user", "alice", "--admin"]).trim().to_owned();
    let alice = Person::at(base, SecretString::from(token));
    let article = json!([{ "uri": "https://news.example/1", "title": "War-risk premiums rise", "topic": "Shipping",
        "summary": "Insurers raised war-risk premiums.", "publication_date": "2026-01-01", "news_source": "Source" }]);
    alice.post("/articles", article).await.expect(200);
    let started = alice.post("/prompts/workshop/start", json!({ "starting_prompt": PROMPT })).await.expect(201);
    let path = format!("/prompts/workshop/drafts/{}/test", started["draft_id"]);

    let (acknowledged, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
    let client = || tokio::spawn(keep_testing(alice.clone(), path.clone(), acknowledged.clone(), stop.clone()));
    let clients: Vec<_> = (0..3).map(|_| client()).collect();
    let count = || acknowledged.lock().unwrap().len();
    until("tests run", SOON, || async { count() >= 20 && model.requests().len() >= 5 }).await;
    let postmaster = service.folder.join("postgres/data/postmaster.pid");
    let postmaster = fs::read_to_string(postmaster).unwrap().lines().next().unwrap().parse().unwrap();
    send("KILL", postmaster);
    let before = count();
    until("tests are taken again", SOON, || async { count() >= before + 20 }).await;
    stop.store(true, Ordering::SeqCst);
    for client in clients {
        client.await.unwrap();
    }
    let acknowledged = acknowledged.lock().unwrap().clone();
    for test in &acknowledged {
        let ended = alice.ended(test, WITHIN_A_MINUTE).await;
        assert_eq!(ended["status"], "succeeded", "{ended}");
    }
    let ready = alice.get("//readyz").await.expect(200);
    assert_eq!(ready["database"], "ok");
    service.ask_to_stop();
    assert!(service.exit().await.success());
}
