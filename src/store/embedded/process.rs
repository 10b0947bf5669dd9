//! The server as a child process: it ends when this process does, however that ends, and is started again when it
//! ends by itself.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{env, io};

use tokio::sync::oneshot;

use super::account::Account;
use super::cluster::{self, Cluster, Postmaster};
use super::{Error, Options};

/// How long a start may take; repairing the data after a crash is part of it.
const START_PATIENCE: Duration = Duration::from_secs(120);
/// How long the parts of a killed predecessor may take to end.
const REMAINS_PATIENCE: Duration = Duration::from_secs(15);
/// How long an orderly end may take before connections are cut.
const STOP_PATIENCE: Duration = Duration::from_secs(15);
/// How long the end may take when nobody can wait properly.
const DROP_PATIENCE: Duration = Duration::from_secs(5);
/// Between two looks at something that gives no notice.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// The longest pause before the server is started again, and the life after which the pauses start small again.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What of our environment the programs get. The rest holds secrets, or settings that would change what they do.
const KEPT_ENVIRONMENT: [&str; 4] = ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZ"];

/// A running server. Dropping it stops it, but waits for that only shortly; [`Server::stop`] is better.
#[derive(Debug)]
pub(super) struct Server {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    pid: Option<u32>,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Its end is reported to the one who starts it.
    Starting,
    /// Its end is a fault, and it is started again.
    Running,
    /// Its end is wanted.
    Stopping,
}

impl Server {
    /// Starts the server and waits until it accepts connections.
    pub(super) async fn start(directory: &Path, cluster: Cluster, options: &Options) -> Result<Self, Error> {
        let cluster = Arc::new(cluster);
        let arguments = arguments(&cluster, options);
        let deadline = Instant::now() + REMAINS_PATIENCE;
        loop {
            cluster::clear_remains(directory, &cluster.sockets)?;
            match Self::attempt(directory, &cluster, &arguments).await {
                Err(Error::Start { said, .. }) if said.contains("shared memory block") && Instant::now() < deadline => {
                    tokio::time::sleep(20 * LOOK_AGAIN).await;
                }
                outcome => return outcome,
            }
        }
    }

    async fn attempt(directory: &Path, cluster: &Arc<Cluster>, arguments: &[OsString]) -> Result<Self, Error> {
        let log = cluster.log();
        let (_, log_length) = cluster.open_log().map_err(|source| Error::io("write", &log, source))?;
        let server = Self::launch(Arc::clone(cluster), arguments.to_vec()).await?;
        let deadline = Instant::now() + START_PATIENCE;
        while !server.is_ready(directory) {
            if server.thread.is_finished() || Instant::now() > deadline {
                return Err(Error::Start { said: cluster.log_since(log_length), log });
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        let mut state = server.shared.lock();
        if state.pid.is_none() {
            return Err(Error::Start { said: cluster.log_since(log_length), log });
        }
        state.phase = Phase::Running;
        drop(state);
        Ok(server)
    }

    /// Starts the thread that starts the process. The system ties the child's life to the thread, so the thread stays.
    async fn launch(cluster: Arc<Cluster>, arguments: Vec<OsString>) -> Result<Self, Error> {
        let program = cluster.binaries.program("postgres");
        let failed = |source| Error::io("run", &program, source);
        let state = Mutex::new(State { pid: None, phase: Phase::Starting });
        let shared = Arc::new(Shared { state, changed: Condvar::new() });
        let (tell, told) = oneshot::channel();
        let thread = thread::Builder::new().name("postgres".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || supervise(&shared, || spawn(&cluster, &arguments), tell)
        });
        let server = Self { shared, thread: thread.map_err(failed)? };
        told.await.unwrap_or_else(|_| Err(io::Error::other("the thread that starts it ended"))).map_err(failed)?;
        Ok(server)
    }

    fn is_ready(&self, directory: &Path) -> bool {
        let pid = self.shared.lock().pid;
        Postmaster::read(directory).is_some_and(|found| found.ready && Some(found.pid) == pid)
    }

    /// Stops the server: open transactions are rolled back, everything committed is on disk.
    pub(super) async fn stop(self) {
        for signal in [libc::SIGINT, libc::SIGQUIT] {
            self.shared.order_end(signal);
            let deadline = Instant::now() + STOP_PATIENCE;
            while Instant::now() < deadline {
                if self.thread.is_finished() {
                    return;
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            tracing::warn!("Postgres did not end within {} s of being asked to", STOP_PATIENCE.as_secs());
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.thread.is_finished() {
            return;
        }
        self.shared.order_end(libc::SIGINT);
        let deadline = Instant::now() + DROP_PATIENCE;
        while !self.thread.is_finished() && Instant::now() < deadline {
            thread::sleep(LOOK_AGAIN);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn order_end(&self, how: libc::c_int) {
        let mut state = self.lock();
        state.phase = Phase::Stopping;
        if let Some(pid) = state.pid {
            signal(pid, how);
        }
        self.changed.notify_all();
    }
}

/// Keeps the server running until its end is wanted; what becomes of the first start is told to the starter.
fn supervise(shared: &Shared, spawn: impl Fn() -> io::Result<Child>, tell: oneshot::Sender<Result<(), io::Error>>) {
    let mut tell = Some(tell);
    let mut pause = LOOK_AGAIN;
    loop {
        let born = Instant::now();
        let spawned = {
            let mut state = shared.lock();
            if state.phase == Phase::Stopping {
                return;
            }
            let spawned = spawn();
            state.pid = spawned.as_ref().ok().map(Child::id);
            spawned
        };
        let outcome = match (spawned, tell.take()) {
            (Err(error), Some(tell)) => {
                // Nobody hears this only if the starter has given up already.
                let _ = tell.send(Err(error));
                return;
            }
            (Err(error), None) => Err(error),
            (Ok(mut child), tell) => {
                tell.map(|tell| tell.send(Ok(())));
                child.wait()
            }
        };
        pause = if born.elapsed() > LONGEST_PAUSE { LOOK_AGAIN } else { LONGEST_PAUSE.min(pause * 4) };
        if !wants_another(shared, outcome, pause) {
            return;
        }
    }
}

/// Notes that the server ended; after a pause, says whether to start it again.
fn wants_another(shared: &Shared, outcome: io::Result<ExitStatus>, pause: Duration) -> bool {
    let mut state = shared.lock();
    state.pid = None;
    if state.phase != Phase::Running {
        return false;
    }
    match outcome {
        Ok(status) => tracing::error!("Postgres ended by itself ({status}); it is started again"),
        Err(error) => tracing::error!(%error, "Postgres could not be started; it is tried again"),
    }
    let waited = shared.changed.wait_timeout_while(state, pause, |state| state.phase == Phase::Running);
    waited.unwrap_or_else(PoisonError::into_inner).0.phase == Phase::Running
}

fn spawn(cluster: &Cluster, arguments: &[OsString]) -> io::Result<Child> {
    let (log, _) = cluster.open_log()?;
    let mut command = command(&cluster.binaries.program("postgres"), &cluster.account);
    command.args(arguments).stdout(log.try_clone()?).stderr(log).spawn()
}

/// A command that runs as the account, knows none of our secrets, and ends with the thread that starts it.
pub(super) fn command(program: &Path, account: &Account) -> Command {
    let mut command = Command::new(program);
    account.apply(&mut command);
    let kept = KEPT_ENVIRONMENT.iter().filter_map(|name| Some((name, env::var_os(name)?)));
    command.env_clear().envs(kept).env("LC_ALL", "C").current_dir("/").stdin(Stdio::null());
    // Ctrl-C in the terminal is for us; the server goes when we are done with it.
    command.process_group(0);
    end_with_parent(&mut command);
    command
}

#[cfg(target_os = "linux")]
fn end_with_parent(command: &mut Command) {
    let parent = std::process::id();
    let tie = move || {
        // SAFETY: both are plain system calls on this process.
        let (failed, now) = unsafe { (libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGINT) != 0, libc::getppid()) };
        if failed {
            return Err(io::Error::last_os_error());
        }
        // A parent that was killed before the line above would go unnoticed for ever.
        if u32::try_from(now) == Ok(parent) { Ok(()) } else { Err(io::Error::from_raw_os_error(libc::ESRCH)) }
    };
    // SAFETY: between fork and exec only system calls are allowed, no locks and no allocation; `tie` keeps to that.
    // It runs after the change of user, which would undo it.
    unsafe { command.pre_exec(tie) };
}

/// Other systems cannot tie a child to its parent; the next start finds an orphan and ends it.
#[cfg(not(target_os = "linux"))]
fn end_with_parent(_command: &mut Command) {}

fn arguments(cluster: &Cluster, options: &Options) -> Vec<OsString> {
    // A list, whose entries are quoted where they hold commas, with quotes doubled.
    let mut sockets = b"unix_socket_directories=\"".to_vec();
    for &byte in cluster.sockets.as_os_str().as_bytes() {
        sockets.extend(if byte == b'"' { [byte].repeat(2) } else { vec![byte] });
    }
    sockets.push(b'"');
    let mut settings = vec![
        OsString::from("listen_addresses="),
        "port=5432".into(),
        OsString::from_vec(sockets),
        format!("max_connections={}", options.max_connections).into(),
        format!("shared_buffers={}", options.shared_buffers).into(),
        "logging_collector=off".into(),
        "log_destination=stderr".into(),
        "log_checkpoints=off".into(),
        // Compiling queries pays for long analyses only, and stalls short ones.
        "jit=off".into(),
    ];
    if !options.durable {
        settings.extend(["fsync=off", "synchronous_commit=off", "full_page_writes=off"].map(OsString::from));
    }
    let data = ["-D".into(), cluster.data().into_os_string()];
    data.into_iter().chain(settings.into_iter().flat_map(|setting| ["-c".into(), setting])).collect()
}

/// Ends a server whose owner is gone; usually it is about to end anyway, since its owner's death told it to.
pub(super) async fn end_orphan(directory: &Path) -> Result<(), Error> {
    let begun = Instant::now();
    let mut orders = [(Duration::from_secs(2), libc::SIGINT), (STOP_PATIENCE, libc::SIGQUIT)].into_iter().peekable();
    while let Some(orphan) = Postmaster::read(directory).filter(|found| found.is_alive(directory)) {
        if let Some((_, order)) = orders.next_if(|(after, _)| begun.elapsed() > *after) {
            tracing::info!("Ending a database server without an owner, process {}", orphan.pid);
            signal(orphan.pid, order);
        }
        if begun.elapsed() > 2 * STOP_PATIENCE {
            return Err(Error::Busy { directory: directory.to_owned(), pid: orphan.pid.to_string() });
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(())
}

/// Whether a process exists, whoever's it is.
pub(super) fn exists(pid: u32) -> bool {
    signal(pid, 0) || io::Error::last_os_error().raw_os_error() == Some(libc::EPERM)
}

/// Sends a signal; 0 only asks whether that would be possible.
fn signal(pid: u32, signal: libc::c_int) -> bool {
    // SAFETY: kill has no preconditions; 0 and negative numbers, which mean groups, are kept out.
    libc::pid_t::try_from(pid).is_ok_and(|pid| pid > 0 && unsafe { libc::kill(pid, signal) } == 0)
}
