//! `workshop slack`: the app's manifest.

use clap::Subcommand;

use crate::chat::slack::manifest;
use crate::config::Config;

#[derive(Debug, Subcommand)]
pub(super) enum SlackCommand {
    /// Print the manifest to make the Slack app from; why it asks for each scope goes to standard error.
    Manifest,
}

pub(super) fn run(config: &Config, command: &SlackCommand) -> anyhow::Result<()> {
    match command {
        SlackCommand::Manifest => {
            let manifest = manifest::manifest(&config.slack, &config.http.address_for_people());
            println!("{}", serde_json::to_string_pretty(&manifest)?);
            for reason in manifest::reasons() {
                eprintln!("{reason}");
            }
        }
    }
    Ok(())
}
