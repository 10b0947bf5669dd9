//! The real program as a process of its own.

use std::fs::File;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use prompt_workshop::app::{App, Purpose};
use prompt_workshop::config::Config;
use secrecy::ExposeSecret;
use tokio::process::{Child, Command};

use super::http::Client;
use super::{process, target};

/// The program.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_workshop");

/// Settings as environment variables, without `WORKSHOP_`.
pub type Settings = Vec<(&'static str, String)>;

/// A running `workshop serve`. What it logs is in `target/bench.log`.
pub struct Service {
    child: Child,
    pid: u32,
    /// Where it serves.
    pub address: SocketAddr,
    /// The time from starting the program until `/readyz` said yes.
    pub ready_after: Duration,
}

impl Service {
    /// Starts it, and waits until it is ready.
    pub async fn start(settings: &Settings, arguments: &[&str]) -> anyhow::Result<Self> {
        let free = std::net::TcpListener::bind("127.0.0.1:0")?;
        let address = free.local_addr()?;
        drop(free);
        let log = File::options().create(true).append(true).open(target().join("bench.log"))?;
        let mut command = Command::new(PROGRAM);
        command.arg("serve").args(arguments);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("WORKSHOP_")) {
            command.env_remove(name);
        }
        command.env("WORKSHOP_HTTP__LISTEN", address.to_string());
        for (name, value) in settings {
            command.env(format!("WORKSHOP_{name}"), value);
        }
        let started = Instant::now();
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::from(log.try_clone()?))
            .stderr(Stdio::from(log))
            .kill_on_drop(true)
            .spawn()?;
        let pid = child.id().context("the service has ended")?;
        let mut service = Self { child, pid, address, ready_after: Duration::ZERO };
        service.wait_until_ready(started).await?;
        Ok(service)
    }

    async fn wait_until_ready(&mut self, started: Instant) -> anyhow::Result<()> {
        while started.elapsed() < Duration::from_secs(60) {
            if let Some(status) = self.child.try_wait()? {
                bail!("the service ended with {status}; see {}", target().join("bench.log").display());
            }
            if let Ok(mut client) = Client::connect(self.address, "").await
                && client.get("/readyz").await.is_ok_and(|answer| answer.status == 200)
            {
                self.ready_after = started.elapsed();
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        bail!("the service was not ready within a minute");
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The CPU time it has used.
    pub fn cpu(&self) -> anyhow::Result<Duration> {
        process::cpu(self.pid)
    }

    /// Stops it as an operator would.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        // SAFETY: a plain system call; the child has not been waited for, so the number is still its own.
        unsafe { libc::kill(self.pid.cast_signed(), libc::SIGTERM) };
        let status = self.child.wait().await?;
        anyhow::ensure!(status.success(), "the service ended with {status}");
        Ok(())
    }
}

/// The use cases in this process, for preparations.
pub async fn open(settings: &Settings) -> anyhow::Result<App> {
    let environment = settings.iter().map(|(name, value)| (format!("WORKSHOP_{name}"), value.clone())).collect();
    App::open(Config::from_parts(None, environment)?, Purpose::Command).await
}

/// Accounts, each with a token.
pub async fn people(app: &App, count: usize) -> anyhow::Result<Vec<String>> {
    let mut tokens = Vec::with_capacity(count);
    for number in 0..count {
        let account = app.workshop().ensure_account(&format!("person{number}"), false).await?;
        tokens.push(app.workshop().create_token(account.id).await?.expose_secret().to_owned());
    }
    Ok(tokens)
}
