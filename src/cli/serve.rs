//! `workshop serve`: the service.

use secrecy::ExposeSecret;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::app::{App, Purpose, Role};
use crate::config::Config;
use crate::telemetry;

/// The account of the one-time link that a new service prints.
const FIRST_ACCOUNT: &str = "admin";

pub(super) async fn run(config: Config, roles: Vec<Role>, welcome: bool) -> anyhow::Result<()> {
    telemetry::start_logging(&config.log)?;
    let roles = if roles.is_empty() { Role::ALL.to_vec() } else { roles };
    let stop = stop_on_signal()?;
    let app = App::open(config, Purpose::Serve).await?;
    let url = app.public_url();
    if welcome {
        let samples = app.workshop().import_samples().await?;
        if samples > 0 {
            println!("Loaded {samples} sample articles (fictional) in an empty database.");
        }
        let account = app.workshop().ensure_account(FIRST_ACCOUNT, true).await?;
        let code = app.workshop().create_login_code(account.id).await?;
        println!("Prompt Workshop: {url}");
        println!("Sign in (once, within a day): {url}/sign-in/{}", code.expose_secret());
        println!("Or talk with it in another terminal: workshop chat");
    }
    app.serve(&roles, stop).await
}

/// A token that SIGINT and SIGTERM cancel. A second signal ends the process at once.
pub(super) fn stop_on_signal() -> anyhow::Result<CancellationToken> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let stop = CancellationToken::new();
    let cancelled = stop.clone();
    tokio::spawn(async move {
        for first in [true, false] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if first {
                cancelled.cancel();
            } else {
                std::process::exit(130);
            }
        }
    });
    Ok(stop)
}
