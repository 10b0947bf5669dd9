//! `workshop dev`: what developers of the workshop need, and nobody else.

use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus};
use std::{env, fs, process};

use anyhow::{Context, bail};
use rand::Rng;
use secrecy::ExposeSecret;
use tokio::process::{Child, Command};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::store::embedded::{Embedded, Options, Role};

/// `workshop dev with-database -- COMMAND`: runs a command beside a database server that is thrown away afterwards.
///
/// The command finds the server's address in `TEST_DATABASE_URL`. Its exit code is passed on. A `durable` server waits
/// for the disk as one with real data does: for measurements.
pub async fn with_database(command: Vec<String>, durable: bool) -> anyhow::Result<ExitCode> {
    let Some((program, arguments)) = command.split_first() else { bail!("name the command to run after `--`") };
    // From here on, signals no longer end this process, so that it can always clean up.
    let mut signals = Signals::catch()?;
    let scratch = Scratch::make()?;
    let mut options = Options::new(&scratch.0, Role::Serve);
    options.durable = durable;
    options.max_connections = 200;
    let database = tokio::select! {
        started = Embedded::start(options) => started?,
        number = signals.next() => return Ok(code(128 + number)),
    };
    let mut command = Command::new(program);
    command.args(arguments).env("TEST_DATABASE_URL", database.url().expose_secret());
    let outcome = match command.spawn() {
        Ok(child) => attend(child, &mut signals).await,
        Err(error) => Err(error).with_context(|| format!("cannot run {program}")),
    };
    database.stop().await;
    Ok(exit_code(outcome?))
}

/// Waits for the command, and passes on what only this process is told.
async fn attend(mut child: Child, signals: &mut Signals) -> anyhow::Result<ExitStatus> {
    loop {
        tokio::select! {
            status = child.wait() => return Ok(status?),
            number = signals.next() => {
                // Ctrl-C reaches the command by itself, since it belongs to the same terminal.
                if let (libc::SIGTERM, Some(pid)) = (number, child.id()) {
                    // SAFETY: a plain system call; the child has not been waited for, so the number is still its own.
                    unsafe { libc::kill(pid.cast_signed(), libc::SIGTERM) };
                }
            }
        }
    }
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn catch() -> anyhow::Result<Self> {
        let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(Self { interrupt, terminate })
    }

    /// The number of the next signal.
    async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.interrupt.recv() => libc::SIGINT,
            _ = self.terminate.recv() => libc::SIGTERM,
        }
    }
}

/// A directory that is removed in the end.
struct Scratch(PathBuf);

impl Scratch {
    fn make() -> anyhow::Result<Self> {
        let name = format!("workshop-dev-{}-{:08x}", process::id(), rand::rng().random::<u32>());
        let path = env::temp_dir().join(name);
        fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        open_to_all(&path)?;
        Ok(Self(path))
    }
}

/// Lets the server's account pass, which is another one when this is root.
fn open_to_all(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o711))?)
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("cannot remove {}: {error}", self.0.display());
        }
    }
}

fn exit_code(status: ExitStatus) -> ExitCode {
    use std::os::unix::process::ExitStatusExt;
    code(status.code().or_else(|| status.signal().map(|number| 128 + number)).unwrap_or(1))
}

fn code(number: i32) -> ExitCode {
    ExitCode::from(u8::try_from(number).unwrap_or(1))
}
