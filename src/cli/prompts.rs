//! `workshop prompts …`: prompts as files, with all their versions as JSON or one of them as `.prompt`.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;

use crate::config::Config;
use crate::domain::Actor;
use crate::domain::prompt_file::PromptFile;
use crate::workshop::Workshop;
use crate::workshop::exchange::{Export, Exports, Format};

#[derive(Debug, Subcommand)]
pub(super) enum PromptsCommand {
    /// Write prompts to standard output, or one file each into a folder.
    Export {
        /// Names; every prompt when left out.
        names: Vec<String>,
        /// json with all versions and labels, or prompt: the newest text with a front matter.
        #[arg(long, default_value = "json")]
        format: Format,
        /// The folder for NAME.json or NAME.prompt; files of these names there are replaced.
        #[arg(long)]
        output: Option<PathBuf>,
        /// Whose prompts; those that this account may see.
        #[arg(long, default_value = "admin")]
        user: String,
    },
    /// Read prompts as they were exported; names that are taken are left alone.
    Import {
        /// Files (.prompt, or JSON), or - for standard input.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Who owns them.
        #[arg(long, default_value = "admin")]
        user: String,
    },
}

pub(super) async fn run(config: Config, command: PromptsCommand) -> anyhow::Result<ExitCode> {
    let app = super::open(config).await?;
    let workshop = app.workshop();
    let done = match command {
        PromptsCommand::Export { names, format, output, user } => {
            let actor = workshop.ensure_account(&user, false).await?.actor();
            export(workshop, &actor, &names, format, output.as_deref()).await.map(|()| ExitCode::SUCCESS)
        }
        PromptsCommand::Import { files, user } => {
            let actor = workshop.ensure_account(&user, false).await?.actor();
            import(workshop, &actor, &files).await
        }
    };
    app.close().await;
    done
}

async fn export(
    workshop: &Workshop,
    actor: &Actor,
    names: &[String],
    format: Format,
    output: Option<&Path>,
) -> anyhow::Result<()> {
    let exports = workshop.export_prompts(actor, names).await?;
    let Some(folder) = output else {
        match (format, exports.as_slice()) {
            (Format::Json, exports) => println!("{}", serde_json::to_string_pretty(exports)?),
            (Format::Prompt, [one]) => print!("{}", workshop.prompt_file(actor, &one.name, None).await?.write()),
            (Format::Prompt, _) => anyhow::bail!("name one prompt, or the folder for several: --output DIR"),
        }
        return Ok(());
    };
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for export in &exports {
        let written = match format {
            Format::Json => format!("{}\n", serde_json::to_string_pretty(export)?),
            Format::Prompt => workshop.prompt_file(actor, &export.name, None).await?.write(),
        };
        let file = folder.join(format!("{}.{format}", export.name));
        std::fs::write(&file, written).with_context(|| format!("cannot write {}", file.display()))?;
    }
    println!("exported {} to {}", exports.len(), folder.display());
    Ok(())
}

async fn import(workshop: &Workshop, actor: &Actor, files: &[PathBuf]) -> anyhow::Result<ExitCode> {
    let (mut added, mut rejected) = (0, Vec::new());
    for file in files {
        match read(file) {
            Ok(exports) => {
                let imported = workshop.import_prompts(actor, &exports).await?;
                added += imported.added.len();
                rejected.extend(imported.rejected);
            }
            Err(error) => rejected.push((file.display().to_string(), format!("{error:#}"))),
        }
    }
    println!("added {added}, rejected {}", rejected.len());
    for (what, reason) in &rejected {
        println!("{what}: {reason}");
    }
    Ok(if rejected.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The prompts in a file; standard input tells by its beginning what it is.
fn read(file: &Path) -> anyhow::Result<Vec<Export>> {
    let is_input = file.as_os_str() == "-";
    let mut bytes = Vec::new();
    match is_input {
        true => std::io::stdin().read_to_end(&mut bytes).map(|_| ())?,
        false => bytes = std::fs::read(file).context("cannot be read")?,
    }
    let text = String::from_utf8(bytes).context("is not UTF-8 text")?;
    let is_prompt = match is_input {
        true => text.trim_start_matches('\u{feff}').starts_with("---"),
        false => file.extension().is_some_and(|extension| extension == "prompt"),
    };
    match is_prompt {
        true => Ok(vec![PromptFile::read(&text).map_err(|wrong| anyhow::anyhow!("{}", wrong.reason))?.into()]),
        false => {
            let exports: Exports = serde_json::from_str(&text).context("this is no export of prompts")?;
            Ok(exports.into())
        }
    }
}
