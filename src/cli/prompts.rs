//! `workshop prompts …`: prompts with their versions as a JSON file.

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;

use crate::config::Config;
use crate::workshop::exchange::Export;

#[derive(Debug, Subcommand)]
pub(super) enum PromptsCommand {
    /// Write prompts with all their versions as JSON to standard output.
    Export {
        /// Names; every prompt when left out.
        names: Vec<String>,
        /// Whose prompts; those that this account may see.
        #[arg(long, default_value = "admin")]
        user: String,
    },
    /// Read prompts as they were exported; names that are taken are left alone.
    Import {
        /// A file, or - for standard input.
        file: PathBuf,
        /// Who owns them.
        #[arg(long, default_value = "admin")]
        user: String,
    },
}

pub(super) async fn run(config: Config, command: PromptsCommand) -> anyhow::Result<ExitCode> {
    let app = super::open(config).await?;
    let mut code = ExitCode::SUCCESS;
    match command {
        PromptsCommand::Export { names, user } => {
            let actor = app.workshop().ensure_account(&user, false).await?.actor();
            let exports = app.workshop().export_prompts(&actor, &names).await?;
            println!("{}", serde_json::to_string_pretty(&exports)?);
        }
        PromptsCommand::Import { file, user } => {
            let mut json = String::new();
            if file.as_os_str() == "-" {
                std::io::stdin().read_to_string(&mut json)?;
            } else {
                json = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            }
            let exports: Vec<Export> = serde_json::from_str(&json).context("this is no export of prompts")?;
            let actor = app.workshop().ensure_account(&user, false).await?.actor();
            let imported = app.workshop().import_prompts(&actor, &exports).await?;
            println!("added {}, rejected {}", imported.added.len(), imported.rejected.len());
            for (name, reason) in &imported.rejected {
                println!("{name}: {reason}");
                code = ExitCode::FAILURE;
            }
        }
    }
    app.close().await;
    Ok(code)
}
