//! The database server of our own: real processes, real signals, real files.

use std::fs::{self, Permissions};
use std::future::Future;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{env, io, process};

use prompt_workshop::cli::dev::with_database;
use prompt_workshop::store::embedded::{Embedded, Error, Options, Role};
use secrecy::ExposeSecret;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};

/// A directory of a test's own; removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self::named("")
    }

    fn named(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("workshop-it-{}-{count}{name}", process::id()));
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o711)).unwrap();
        Self(path)
    }

    fn postgres(&self) -> PathBuf {
        self.0.join("postgres")
    }

    fn options(&self, role: Role) -> Options {
        Options { durable: false, shared_buffers: "16MB".to_owned(), ..Options::new(self.postgres(), role) }
    }

    async fn serve(&self) -> Embedded {
        Embedded::start(self.options(Role::Serve)).await.unwrap()
    }

    async fn refused(&self, options: Options) -> String {
        Embedded::start(options).await.expect_err("this start must be refused").to_string()
    }

    /// The number in `postmaster.pid`.
    fn postmaster(&self) -> Option<u32> {
        fs::read_to_string(self.postgres().join("data/postmaster.pid")).ok()?.lines().next()?.parse().ok()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

async fn connect(database: &Embedded) -> PgConnection {
    try_connect(database).await.unwrap()
}

async fn try_connect(database: &Embedded) -> sqlx::Result<PgConnection> {
    PgConnection::connect(database.url().expose_secret()).await
}

async fn write_note(database: &Embedded, text: &str) {
    let mut connection = connect(database).await;
    sqlx::query("create table if not exists note (text text)").execute(&mut connection).await.unwrap();
    sqlx::query("insert into note values ($1)").bind(text).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn notes(database: &Embedded) -> Vec<String> {
    sqlx::query_scalar("select text from note").fetch_all(&mut connect(database).await).await.unwrap()
}

/// Looks until it is so, and fails when it is not so in time.
async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_so().await {
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Whether a process runs; one that has ended and waits to be buried does not.
fn runs(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

fn send(signal: &str, pid: u32) {
    let sent = Command::new("sh").args(["-c", &format!("kill -{signal} {pid}")]).status().unwrap();
    assert!(sent.success(), "kill -{signal} {pid}");
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// This test program again, in a process of its own, doing only [`acts_for_another_test`].
fn another_process(part: &str, path: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["embedded::acts_for_another_test", "--exact", "--nocapture"])
        .env("WORKSHOP_TEST_PART", part)
        .env("WORKSHOP_TEST_PATH", path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn output_of(process: Child) -> String {
    String::from_utf8(process.wait_with_output().unwrap().stdout).unwrap()
}

/// Not a test by itself: the part that another test has started in a process of its own.
#[tokio::test]
async fn acts_for_another_test() {
    let Ok(part) = env::var("WORKSHOP_TEST_PART") else { return };
    let path = PathBuf::from(env::var_os("WORKSHOP_TEST_PATH").unwrap());
    match part.as_str() {
        "write for ever" => {
            let database = Embedded::start(Options::new(path, Role::Serve)).await.unwrap();
            for number in 0.. {
                write_note(&database, &number.to_string()).await;
                println!("\nwritten {number}");
            }
        }
        "end beside a database" | "stay beside a database" => {
            let then = if part.starts_with("end") { "exit 7" } else { "exec sleep 60" };
            let script = format!("echo \"$TEST_DATABASE_URL\" > '{}'; {then}", path.display());
            let code = with_database(["sh", "-c", &script].map(str::to_owned).to_vec(), false).await.unwrap();
            println!("\nended with {code:?}");
        }
        "fail beside a database" => {
            let error = with_database(vec!["/no/such/program".to_owned()], false).await.unwrap_err();
            println!("\nfailed: {error}");
        }
        other => panic!("no such part: {other}"),
    }
}

#[tokio::test]
async fn the_second_start_is_quick_and_finds_the_data() {
    let folder = Folder::new();
    let start = || Embedded::start(Options::new(folder.postgres(), Role::Serve));
    let begun = Instant::now();
    let database = start().await.unwrap();
    println!("first start: {:?}", begun.elapsed());
    write_note(&database, "kept").await;
    let begun = Instant::now();
    database.stop().await;
    println!("stop: {:?}", begun.elapsed());
    assert_eq!(folder.postmaster(), None);

    let begun = Instant::now();
    let database = start().await.unwrap();
    let took = begun.elapsed();
    println!("second start: {took:?}");
    assert_eq!(notes(&database).await, ["kept"]);
    assert!(took < Duration::from_secs(1), "{took:?}");
    database.stop().await;
}

#[tokio::test]
async fn dropping_it_stops_the_server() {
    let folder = Folder::new();
    let database = folder.serve().await;
    let pid = folder.postmaster().unwrap();
    assert!(runs(pid));
    drop(database);
    assert!(!runs(pid));
}

#[tokio::test]
async fn a_command_uses_the_server_of_the_service_and_leaves_it_running() {
    let folder = Folder::new();
    let service = folder.serve().await;
    assert!(!service.adopted());
    let begun = Instant::now();
    let command = Embedded::start(folder.options(Role::Command)).await.unwrap();
    println!("adopted in {:?}", begun.elapsed());
    assert!(command.adopted());
    write_note(&command, "from the command").await;
    command.stop().await;
    assert_eq!(notes(&service).await, ["from the command"]);
    service.stop().await;
}

#[tokio::test]
async fn of_two_commands_at_once_one_starts_the_server_and_both_use_it() {
    let folder = Folder::new();
    let start = || Embedded::start(folder.options(Role::Command));
    let (one, other) = tokio::join!(start(), start());
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_ne!(one.adopted(), other.adopted());
    write_note(&one, "shared").await;
    assert_eq!(notes(&other).await, ["shared"]);
}

#[tokio::test]
async fn a_second_service_is_refused_by_directory_and_process() {
    let folder = Folder::new();
    let service = folder.serve().await;
    let said = folder.refused(folder.options(Role::Serve)).await;
    assert!(said.contains(folder.postgres().to_str().unwrap()), "{said}");
    assert!(said.contains(&format!("process {}", process::id())), "{said}");
    service.stop().await;
    folder.serve().await.stop().await;
}

#[tokio::test]
async fn a_service_waits_for_the_command_that_runs_the_database() {
    let folder = Folder::new();
    let command = Embedded::start(folder.options(Role::Command)).await.unwrap();
    let impatient = Options { patience: Duration::ZERO, ..folder.options(Role::Serve) };
    let said = folder.refused(impatient).await;
    assert!(said.contains(&format!("process {}", process::id())), "{said}");

    let (service, ()) = tokio::join!(folder.serve(), command.stop());
    assert!(!service.adopted());
    service.stop().await;
}

#[tokio::test]
async fn a_killed_service_leaves_no_orphan_and_loses_nothing_committed() {
    let folder = Folder::new();
    let mut service = another_process("write for ever", &folder.postgres());
    let mut lines = BufReader::new(service.stdout.take().unwrap()).lines().map_while(io::Result::ok);
    let mut written = (&mut lines).filter_map(|line| line.strip_prefix("written ")?.parse::<usize>().ok());
    assert_eq!(written.by_ref().find(|&number| number == 20), Some(20));
    let postmaster = folder.postmaster().unwrap();
    service.kill().unwrap();
    service.wait().unwrap();
    let last = written.last().unwrap_or(20);
    let begun = Instant::now();
    until("the server ends with its parent", async || !runs(postmaster)).await;
    println!("server gone after {:?}", begun.elapsed());

    let begun = Instant::now();
    let database = folder.serve().await;
    println!("start after the kill: {:?}", begun.elapsed());
    let kept = notes(&database).await;
    assert!(kept.len() > last, "{} rows are left, and row {last} had been acknowledged", kept.len());
    database.stop().await;
}

#[tokio::test]
async fn a_service_can_follow_at_once_on_one_that_was_killed() {
    let folder = Folder::new();
    let mut service = another_process("write for ever", &folder.postgres());
    let mut lines = BufReader::new(service.stdout.take().unwrap()).lines().map_while(io::Result::ok);
    assert!(lines.any(|line| line == "written 3"));
    // The worst case: the server is killed as well, and its parts, which notice that late, still use the data.
    send("KILL", folder.postmaster().unwrap());
    service.kill().unwrap();
    service.wait().unwrap();
    let database = folder.serve().await;
    assert!(notes(&database).await.len() >= 4);
    database.stop().await;
}

#[tokio::test]
async fn a_server_that_ends_by_itself_is_started_again() {
    let folder = Folder::new();
    let database = Embedded::start(Options::new(folder.postgres(), Role::Serve)).await.unwrap();
    write_note(&database, "kept").await;
    for signal in ["KILL", "INT"] {
        let killed = folder.postmaster().unwrap();
        send(signal, killed);
        until("there is another server", async || folder.postmaster().is_some_and(|pid| pid != killed)).await;
        until("it answers", async || try_connect(&database).await.is_ok()).await;
        assert_eq!(notes(&database).await, ["kept"]);
    }
    database.stop().await;
    assert_eq!(folder.postmaster(), None);
}

#[tokio::test]
async fn a_stale_process_number_that_is_another_program_by_now_does_no_harm() {
    let folder = Folder::new();
    folder.serve().await.stop().await;
    let data = folder.postgres().join("data");
    let owner = fs::metadata(&data).unwrap();
    let mut other = Command::new("sleep");
    other.arg("60");
    if is_root() {
        other.uid(owner.uid()).gid(owner.gid());
    }
    let mut other = other.spawn().unwrap();
    let path = data.join("postmaster.pid");
    let sockets = folder.postgres().join("run");
    let stale = format!("{}\n{}\n1700000000\n5432\n{}\n\n", other.id(), data.display(), sockets.display());
    for path in [path, sockets.join(".s.PGSQL.5432.lock")] {
        fs::write(&path, &stale).unwrap();
        chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
    }

    let database = folder.serve().await;
    write_note(&database, "works").await;
    assert!(runs(other.id()), "the other program was not to be touched");
    database.stop().await;
    other.kill().unwrap();
    other.wait().unwrap();
}

#[tokio::test]
async fn any_directory_name_will_do() {
    let folder = Folder::named(" me@home 100%, \"ü\" 'x'");
    let database = folder.serve().await;
    write_note(&database, "works").await;
    let command = Embedded::start(folder.options(Role::Command)).await.unwrap();
    assert_eq!(notes(&command).await, ["works"]);
    database.stop().await;
}

#[tokio::test]
async fn a_directory_too_deep_for_a_socket_will_do() {
    let folder = Folder::new();
    let deep = folder.postgres().join("a-rather-deep-place/".repeat(8));
    let options = |role| Options { directory: deep.clone(), durable: false, ..Options::new(&deep, role) };
    // The folders between have to let the server's account pass.
    fs::create_dir_all(&deep).unwrap();
    let service = Embedded::start(options(Role::Serve)).await.unwrap();
    write_note(&service, "works").await;
    let command = Embedded::start(options(Role::Command)).await.unwrap();
    assert_eq!(notes(&command).await, ["works"]);
    let sockets = sockets_in(service.url().expose_secret());
    assert!(sockets.is_dir() && !sockets.starts_with(&deep), "{}", sockets.display());
    service.stop().await;
    fs::remove_dir(sockets).unwrap();
}

#[tokio::test]
async fn missing_programs_are_named_with_their_package() {
    let folder = Folder::new();
    let options = Options { binaries: Some(folder.0.clone()), ..folder.options(Role::Serve) };
    let said = folder.refused(options).await;
    assert!(said.contains(folder.0.to_str().unwrap()), "{said}");
    assert!(said.contains("postgres, initdb") && said.contains("postgresql-contrib"), "{said}");
}

#[tokio::test]
async fn a_server_that_does_not_start_is_quoted() {
    let folder = Folder::new();
    let options = Options { shared_buffers: "plenty".to_owned(), ..folder.options(Role::Serve) };
    let said = folder.refused(options).await;
    assert!(said.contains("invalid value for parameter \"shared_buffers\": \"plenty\""), "{said}");
    assert!(said.contains("log/postgres.log"), "{said}");
    folder.serve().await.stop().await;
}

#[tokio::test]
async fn a_cluster_of_another_version_is_refused_by_number() {
    let folder = Folder::new();
    folder.serve().await.stop().await;
    fs::write(folder.postgres().join("data/PG_VERSION"), "12\n").unwrap();
    let said = folder.refused(folder.options(Role::Serve)).await;
    assert!(said.contains("made by PostgreSQL 12") && said.contains("postgresql-12"), "{said}");
}

#[tokio::test]
async fn what_must_be_private_is() {
    let folder = Folder::new();
    let service = folder.serve().await;
    let mode = |name: &str| fs::metadata(folder.postgres().join(name)).unwrap().mode() & 0o777;
    assert_eq!((mode("password"), mode("run"), mode("log"), mode("data")), (0o600, 0o700, 0o700, 0o700));
    assert_eq!(mode("log/postgres.log"), 0o600);
    let wrong = service.url().expose_secret().replace("workshop:", "workshop:x");
    let refused = PgConnection::connect(&wrong).await.expect_err("a wrong password must be refused");
    assert!(refused.to_string().contains("password authentication failed"), "{refused}");
    service.stop().await;
}

/// Root cannot see this from within: everything above, again, as an ordinary user.
#[test]
fn an_ordinary_user_can_do_the_same() {
    if !is_root() {
        return;
    }
    let folder = Folder::new();
    let program = folder.0.join("tests");
    fs::copy(env::current_exe().unwrap(), &program).unwrap();
    fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    let home = folder.0.join("home");
    fs::create_dir(&home).unwrap();
    let nobody = 65_534;
    chown(&home, Some(nobody), Some(nobody)).unwrap();
    let outcome = Command::new(&program)
        .args(["embedded::the_second", "embedded::a_killed", "embedded::a_command", "embedded::a_stale"])
        .uid(nobody)
        .gid(nobody)
        .current_dir(&home)
        .env("TMPDIR", &home)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&outcome.stdout);
    assert!(outcome.status.success() && said.contains("5 passed"), "{said}");
}

#[tokio::test]
async fn root_is_told_when_the_account_of_the_server_cannot_reach_the_directory() {
    let folder = Folder::new();
    let private = folder.0.join("private");
    fs::create_dir(&private).unwrap();
    fs::set_permissions(&private, Permissions::from_mode(0o700)).unwrap();
    let started = Embedded::start(Options { durable: false, ..Options::new(private.join("pg"), Role::Serve) }).await;
    match started {
        // Root alone changes the account; everyone else reaches what is theirs.
        Ok(database) => assert!(!is_root() && !database.adopted()),
        Err(Error::Unreachable { path, .. }) => assert!(is_root() && path == private.join("pg")),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_command_runs_beside_a_database_that_is_gone_afterwards() {
    let folder = Folder::new();
    let note = folder.0.join("url");
    let said = output_of(another_process("end beside a database", &note));
    assert!(said.contains(&format!("ended with {:?}", ExitCode::from(7))), "{said}");
    let url = fs::read_to_string(&note).unwrap();
    let sockets = sockets_in(url.trim());
    assert!(!sockets.exists() && !sockets.parent().unwrap().exists(), "{}", sockets.display());
    let said = output_of(another_process("fail beside a database", &note));
    assert!(said.contains("failed: cannot run /no/such/program"), "{said}");
}

#[tokio::test]
async fn the_database_beside_a_command_is_gone_after_a_signal_too() {
    let folder = Folder::new();
    let note = folder.0.join("url");
    let runner = another_process("stay beside a database", &note);
    let url = || fs::read_to_string(&note).unwrap_or_default().trim().to_owned();
    until("the command runs", async || !url().is_empty()).await;
    let sockets = sockets_in(&url());
    let options: PgConnectOptions = url().parse().unwrap();
    options.connect().await.unwrap().close().await.unwrap();
    send("TERM", runner.id());
    let said = output_of(runner);
    assert!(said.contains(&format!("ended with {:?}", ExitCode::from(128 + 15))), "{said}");
    assert!(!sockets.parent().unwrap().exists(), "{}", sockets.display());
}

/// The folder of the socket in a URL.
fn sockets_in(url: &str) -> PathBuf {
    let host = url.split('@').nth(1).and_then(|rest| rest.split(':').next()).expect("a URL has a host");
    PathBuf::from(host.replace("%2F", "/").replace("%2D", "-").replace("%2E", "."))
}
