//! `workshop articles …`: JSON Lines and CSV files, and Auspex databases, into the article database.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use secrecy::SecretString;
use serde_json::Value;

use crate::app::App;
use crate::config::Config;
use crate::domain::Invalid;
use crate::domain::article::RawArticle;
use crate::workshop::article::{Import, parse_json_line};
use crate::workshop::auspex::Takeover;

#[derive(Debug, Subcommand)]
pub(super) enum ArticlesCommand {
    /// Add articles, or replace those whose `uri` is known. A bad line never stops the rest.
    Import {
        /// JSON Lines (.jsonl, .ndjson, .json) or CSV (.csv) files, or - for JSON Lines on standard input.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Take over the articles of an Auspex database, which is only read. Run it again to go on where it was interrupted, or
    /// to bring what is new.
    ImportAuspex {
        /// A file of SQLite, or postgres://user:password@host/database; - reads that from standard input.
        source: String,
        /// Also take over its prompts, for the account `admin`; names that are taken are left alone.
        #[arg(long)]
        prompts: bool,
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
                let rows = match read(&file) {
                    Ok(rows) => rows,
                    Err(error) => {
                        eprintln!("workshop: cannot read {}: {error:#}", file.display());
                        code = ExitCode::FAILURE;
                        continue;
                    }
                };
                let import = app.workshop().import(rows).await?;
                print_import(&file, &import);
                if !import.rejected.is_empty() {
                    code = ExitCode::FAILURE;
                }
            }
        }
        ArticlesCommand::ImportAuspex { source, prompts } => code = take_over(&app, source, prompts).await?,
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

async fn take_over(app: &App, source: String, prompts: bool) -> anyhow::Result<ExitCode> {
    let mut source = source;
    if source == "-" {
        // A password on the command line is seen by everybody on the machine.
        source.clear();
        io::stdin().read_line(&mut source)?;
    }
    let source = SecretString::from(source.trim().to_owned());
    let mut batches = 0_u64;
    let tell = |so_far: &Takeover| {
        batches += 1;
        if batches.is_multiple_of(20) {
            let Takeover { inserted, updated, unchanged, .. } = so_far;
            eprintln!("so far: inserted {inserted}, updated {updated}, unchanged {unchanged}");
        }
    };
    let takeover = app.workshop().import_auspex(&source, tell).await?;
    let Takeover { source: name, resumed, inserted, updated, unchanged, too_old, rejected, reasons } = takeover;
    if resumed {
        println!("{name}: went on where an import was interrupted");
    }
    if inserted + updated + rejected == 0 {
        println!("{name}: nothing is new");
    }
    println!(
        "{name}: inserted {inserted}, updated {updated}, unchanged {unchanged}, too old {too_old}, rejected {rejected}"
    );
    for (row, invalid) in &reasons {
        println!("{row}: {invalid}");
    }
    if prompts {
        let owner = app.workshop().ensure_account("admin", true).await?.actor();
        let imported = app.workshop().import_auspex_prompts(&owner, &source).await?;
        println!("prompts: added {}, left alone {}", imported.added.len(), imported.rejected.len());
        for (name, reason) in &imported.rejected {
            println!("prompt {name}: {reason}");
        }
    }
    Ok(if rejected == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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
    anyhow::ensure!(!path.is_dir(), "it is a folder");
    let file = File::open(path)?;
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    match extension.to_str() {
        Some("csv") => Ok(Box::new(csv_rows(file)?)),
        Some("jsonl" | "ndjson" | "json") => Ok(Box::new(json_lines(file))),
        Some(_) | None => {
            anyhow::bail!("name it .jsonl or .csv, so that it is clear what it holds")
        }
    }
}

fn json_lines(source: impl Read + 'static) -> impl Iterator<Item = Numbered> {
    let mut lines = BufReader::new(source).split(b'\n').zip(1..);
    let mut broken = false;
    let next = move || {
        let (line, number) = lines.next().filter(|_| !broken)?;
        broken = line.is_err();
        Some((number, line.map_err(unreadable)))
    };
    std::iter::from_fn(next).filter_map(|(number, line)| {
        let article = line.and_then(|line| {
            let text = std::str::from_utf8(&line).map_err(|_| not_utf8())?.trim();
            // Some programs begin a file with a byte order mark.
            let text = text.trim_start_matches('\u{feff}').trim_start();
            if text.is_empty() { Ok(None) } else { parse_json_line(text).map(Some) }
        });
        article.transpose().map(|article| (number, article))
    })
}

/// The rows of a CSV file, numbered by the line that each begins on.
fn csv_rows(source: impl Read + 'static) -> anyhow::Result<impl Iterator<Item = Numbered>> {
    // With a line feed as the only end of a row, and one after the last, lines can be counted back from a row's end.
    // The carriage return that some files have before it is trimmed with the field.
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .terminator(csv::Terminator::Any(b'\n'))
        .trim(csv::Trim::Headers)
        .from_reader(source.chain(&b"\n"[..]));
    let header = reader.headers().context("the first line does not name the columns")?;
    let columns: Vec<String> = header.iter().map(str::to_lowercase).collect();
    anyhow::ensure!(
        columns.iter().any(|column| column == "uri"),
        "the first line must name the columns (uri, title, summary, …), between commas"
    );
    let mut row = csv::ByteRecord::new();
    Ok(std::iter::from_fn(move || {
        loop {
            match reader.read_byte_record(&mut row) {
                Ok(false) => return None,
                Err(error) => return Some((reader.position().line(), Err(unreadable(error)))),
                Ok(true) if row.len() == 1 && row[0].trim_ascii().is_empty() => {}
                Ok(true) => {
                    let inside = row.iter().flatten().filter(|byte| **byte == b'\n').count() as u64;
                    let counted = reader.position().line().saturating_sub(inside + 1);
                    // A row whose last quote is missing ends with the file, not with a line.
                    let line = counted.max(row.position().map_or(0, csv::Position::line));
                    return Some((line, csv_article(&columns, &row)));
                }
            }
        }
    }))
}

fn csv_article(columns: &[String], row: &csv::ByteRecord) -> Result<RawArticle, Invalid> {
    let fields = columns.iter().zip(row).map(|(column, field)| {
        let text = std::str::from_utf8(field).map_err(|_| not_utf8())?;
        Ok((column.clone(), Value::from(text)))
    });
    RawArticle::read(Value::Object(fields.collect::<Result<_, _>>()?))
}

fn unreadable(error: impl std::fmt::Display) -> Invalid {
    Invalid::new("article", format!("cannot be read: {error}"))
}

fn not_utf8() -> Invalid {
    Invalid::new("article", "is not UTF-8")
}
