//! The doctor's round: what it needs is opened without changing anything, and each part looks at its own.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use crate::chat::Chat;
use crate::chat::discord::{self, Discord};
use crate::chat::slack::{self, Slack};
use crate::config::Config;
use crate::llm::engine::Models;
use crate::store::Store;
use crate::store::embedded::Embedded;
use crate::workshop::Workshop;
use crate::workshop::clock::SystemClock;
use crate::workshop::doctor::Finding;

/// Free bytes below which the disk is worth a warning, and below which it is a problem.
const LITTLE: u64 = 2_000_000_000;
const TOO_LITTLE: u64 = 500_000_000;

/// Looks at everything that the settings name. Starts no database, migrates nothing, tells nobody.
pub async fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = vec![Finding::ok("settings", "valid")];
    let url = match database(config) {
        Ok(url) => Some(url),
        Err(finding) => {
            findings.push(finding);
            None
        }
    };
    match workshop(config, url.as_ref()) {
        Ok(workshop) => {
            if url.is_some() {
                findings.extend(workshop.examine_database().await);
            }
            findings.push(workshop.examine_model().await);
            findings.extend(chat(config, &workshop).await);
        }
        Err(error) => findings.push(Finding::problem(
            "settings",
            format!("cannot be used: {error:#}"),
            "Correct the setting that is named; `workshop check-config` shows what is in force.",
        )),
    }
    findings.extend(public_address(config));
    findings.push(disk(&config.directory()));
    findings
}

/// Where the database is: that of the settings, or our own, if it runs.
fn database(config: &Config) -> Result<SecretString, Finding> {
    if !config.database.url.expose_secret().is_empty() {
        return Ok(config.database.url.clone());
    }
    let fix =
        "Start the service: `workshop serve` runs the database as long as it runs. Or name a server by database.url.";
    match Embedded::running(&config.directory().join("postgres")) {
        Ok(Some(url)) => Ok(url),
        Ok(None) => Err(Finding::problem("database", "the service's own Postgres does not run", fix)),
        Err(error) => Err(Finding::problem("database", error.to_string(), fix)),
    }
}

fn workshop(config: &Config, url: Option<&SecretString>) -> anyhow::Result<Workshop> {
    // Without a database nothing is asked of it.
    let nowhere = SecretString::from("postgres://localhost/none".to_owned());
    let store = Store::new(url.unwrap_or(&nowhere), 2).map_err(|_| anyhow::anyhow!("database.url is no address"))?;
    let models = Arc::new(Models::new(config.llm.clone(), config.directory())?);
    Ok(Workshop::new(store, models, Arc::new(SystemClock), super::settings(config))?)
}

async fn chat(config: &Config, workshop: &Workshop) -> Vec<Finding> {
    let slack = match config.slack.mode {
        slack::Mode::Off => Ok(None),
        slack::Mode::Socket | slack::Mode::Http => Slack::new(workshop.clone(), config.slack.clone()).map(Some),
    };
    let discord = match config.discord.mode {
        discord::Mode::Off => Ok(None),
        discord::Mode::Gateway | discord::Mode::Http => {
            Discord::new(workshop.clone(), config.discord.clone()).map(Some)
        }
    };
    match (slack, discord) {
        (Ok(slack), Ok(discord)) => Chat::new(workshop.clone(), slack, discord).examine().await,
        (Err(error), _) => vec![unusable("slack", &error)],
        (_, Err(error)) => vec![unusable("discord", &error)],
    }
}

fn unusable(check: &'static str, error: &dyn std::error::Error) -> Finding {
    let fix = "Install the system's root certificates; on Debian: apt install ca-certificates.";
    Finding::problem(check, error.to_string(), fix)
}

/// Whether chat platforms that reach us over HTTP can do so.
fn public_address(config: &Config) -> Option<Finding> {
    let over_http = config.slack.mode == slack::Mode::Http
        || config.discord.mode == discord::Mode::Http
        || (config.slack.mode != slack::Mode::Off && !config.slack.client_id.is_empty());
    if !over_http {
        return None;
    }
    let address = config.http.address_for_people();
    let is_ours = ["://localhost", "://127.", "://[::1]", "://0.0.0.0"].iter().any(|here| address.contains(here));
    let fix = "Set http.public_url to the https address under which a proxy passes requests on to http.listen.";
    Some(match address.starts_with("https://") && !is_ours {
        true => Finding::ok("public address", address),
        false => Finding::problem("public address", format!("chat platforms cannot reach {address}"), fix),
    })
}

fn disk(directory: &Path) -> Finding {
    let there = directory.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    let Some(free) = free_bytes(there) else {
        let fix = "See that data_dir is on a disk that this user may read.";
        return Finding::warning("disk", format!("cannot tell what is free at {}", directory.display()), fix);
    };
    let what = format!("{:.1} GB free at {}", free as f64 / 1e9, directory.display());
    let fix = "Make room there, or set data_dir to a larger disk.";
    match free {
        free if free < TOO_LITTLE => Finding::problem("disk", what, fix),
        free if free < LITTLE => Finding::warning("disk", what, fix),
        _ => Finding::ok("disk", what),
    }
}

fn free_bytes(folder: &Path) -> Option<u64> {
    let path = CString::new(folder.as_os_str().as_bytes()).ok()?;
    let mut about = std::mem::MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: the path ends with a zero, and there is room for the answer.
    let done = unsafe { libc::statvfs(path.as_ptr(), about.as_mut_ptr()) };
    if done != 0 {
        return None;
    }
    // SAFETY: the call has succeeded, and so has filled it.
    let about = unsafe { about.assume_init() };
    Some(about.f_bavail * about.f_frsize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_disk_is_found_also_where_the_folder_is_not_made_yet() {
        assert!(disk(Path::new("/not/made/yet")).what.contains("GB free at /not/made/yet"));
    }
}
