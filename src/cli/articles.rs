//! `workshop articles …`: JSON Lines and CSV files into the article database.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;

use crate::config::Config;
use crate::domain::Invalid;
use crate::domain::article::RawArticle;
use crate::workshop::article::{Import, parse_json_line};

#[derive(Debug, Subcommand)]
pub(super) enum ArticlesCommand {
    /// Add articles, or replace those whose `uri` is known. A bad line never stops the rest.
    Import {
        /// JSON Lines (.jsonl, .ndjson, .json) or CSV (.csv) files, or - for JSON Lines on standard input.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Print every topic with its size.
    Stats,
}

type Numbered = (u64, Result<RawArticle, Invalid>);

pub(super) async fn run(config: Config, command: ArticlesCommand) -> anyhow::Result<ExitCode> {
    let app = super::open(config).await?;
    let mut code = ExitCode::SUCCESS;
    match command {
        ArticlesCommand::Import { files } => {
            for file in files {
                let import = app.workshop().import(read(&file)?).await?;
                print_import(&file, &import);
                if !import.rejected.is_empty() {
                    code = ExitCode::FAILURE;
                }
            }
        }
        ArticlesCommand::Stats => {
            let topics = app.workshop().topics().await?;
            for topic in &topics {
                let day = |date: Option<crate::domain::Instant>| date.map(|d| d.format("%Y-%m-%d").to_string());
                let (from, to) = (day(topic.oldest).unwrap_or_default(), day(topic.newest).unwrap_or_default());
                println!("{:>8}  {}  {from} to {to}", topic.articles, topic.name);
            }
            println!("{:>8}  in {} topics", topics.iter().map(|topic| topic.articles).sum::<i64>(), topics.len());
        }
    }
    app.close().await;
    Ok(code)
}

fn print_import(file: &Path, import: &Import) {
    let Import { inserted, updated, rejected } = import;
    println!("{}: inserted {inserted}, updated {updated}, rejected {}", file.display(), rejected.len());
    for (line, invalid) in rejected {
        println!("line {line}: {invalid}");
    }
}

/// The articles of a file with the numbers of their lines.
fn read(path: &Path) -> anyhow::Result<Box<dyn Iterator<Item = Numbered>>> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(json_lines(io::stdin())));
    }
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    match extension.to_str() {
        Some("csv") => Ok(Box::new(csv_rows(file))),
        Some("jsonl" | "ndjson" | "json") => Ok(Box::new(json_lines(file))),
        Some(_) | None => {
            anyhow::bail!("{}: name it .jsonl or .csv, so that it is clear what it holds", path.display())
        }
    }
}

fn json_lines(source: impl Read + 'static) -> impl Iterator<Item = Numbered> {
    BufReader::new(source).split(b'\n').zip(1..).filter_map(|(line, number)| {
        let line = match line {
            Ok(line) => line,
            Err(error) => return Some((number, Err(Invalid::new("line", format!("cannot be read: {error}"))))),
        };
        match std::str::from_utf8(&line).map(str::trim) {
            Err(_) => Some((number, Err(Invalid::new("line", "is not UTF-8")))),
            Ok("") => None,
            // Some programs begin a file with a byte order mark.
            Ok(text) => Some((number, parse_json_line(text.trim_start_matches('\u{feff}')))),
        }
    })
}

fn csv_rows(source: impl Read + 'static) -> impl Iterator<Item = Numbered> {
    let reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::Headers).from_reader(source);
    let mut rows = reader.into_deserialize::<RawArticle>();
    std::iter::from_fn(move || {
        let line = rows.reader().position().line();
        let row = rows.next()?;
        let line = match &row {
            Err(error) => error.position().map_or(line, csv::Position::line),
            Ok(_) => line.max(2),
        };
        Some((line, row.map_err(|error| Invalid::new("line", format!("is not an article in CSV: {error}")))))
    })
}
