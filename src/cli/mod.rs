//! The command line: one file per command; this one reads the arguments.

mod articles;
mod chat;
mod check_config;
pub mod dev;
mod doctor;
mod expire;
mod feeds;
mod prompts;
mod serve;
mod setup;
mod slack;
mod team;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::app::{App, Purpose, Role};
use crate::config::Config;
use crate::telemetry;

/// Design, test and share system prompts for Auspex, in conversation with an AI.
#[derive(Debug, Parser)]
#[command(name = "workshop", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service.
    Serve {
        /// What this copy does: web, chat, worker, schedule. All when left out.
        #[arg(long, value_delimiter = ',')]
        roles: Vec<Role>,
        /// Load the sample articles into an empty database and print a sign-in link.
        #[arg(long)]
        welcome: bool,
    },
    /// Talk with the workshop in this terminal.
    Chat {
        /// Whose account to use; your user name when left out.
        #[arg(long)]
        user: Option<String>,
        /// Go on with this draft.
        #[arg(long)]
        draft: Option<i32>,
    },
    /// Fetch the local model.
    Setup {
        /// The smaller, weaker model, for machines with little memory.
        #[arg(long)]
        small: bool,
    },
    /// Bring the database's schema up to date.
    Migrate,
    /// Check every setting and print what is in force, without secrets.
    CheckConfig,
    /// Look whether everything works that the service needs, and say what to do where it does not.
    Doctor {
        /// As JSON, for machines.
        #[arg(long)]
        json: bool,
    },
    /// Make API tokens.
    Token {
        #[command(subcommand)]
        command: user::TokenCommand,
    },
    /// Look after accounts.
    User {
        #[command(subcommand)]
        command: user::UserCommand,
    },
    /// Make teams and put people in.
    Team {
        #[command(subcommand)]
        command: team::TeamCommand,
    },
    /// Import and count articles.
    Articles {
        #[command(subcommand)]
        command: articles::ArticlesCommand,
    },
    /// Look after feeds, which articles come from.
    Feeds {
        #[command(subcommand)]
        command: feeds::FeedsCommand,
    },
    /// Export and import prompts.
    Prompts {
        #[command(subcommand)]
        command: prompts::PromptsCommand,
    },
    /// Set up the Slack app.
    Slack {
        #[command(subcommand)]
        command: slack::SlackCommand,
    },
    /// Remind of, expire and purge drafts that nobody uses; the service does so by itself.
    Expire {
        /// Do it now.
        #[arg(long, required = true)]
        now: bool,
    },
    /// For development.
    #[command(hide = true)]
    Dev {
        #[command(subcommand)]
        command: DevCommand,
    },
}

#[derive(Debug, Subcommand)]
enum DevCommand {
    /// Run a command with a throw-away Postgres server, named by TEST_DATABASE_URL.
    WithDatabase {
        /// Wait for the disk as a server with real data does.
        #[arg(long)]
        durable: bool,
        /// The command and its arguments.
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<String>,
    },
}

/// Runs the program; errors are one line on standard error.
pub fn main() -> ExitCode {
    start(Arguments::parse().command).unwrap_or_else(|error| {
        eprintln!("workshop: {error:#}");
        ExitCode::FAILURE
    })
}

fn start(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Dev { command: DevCommand::WithDatabase { durable, command } } => {
            runtime()?.block_on(dev::with_database(command, durable))
        }
        Command::Serve { roles, welcome } => with_config(|config| serve::run(config, roles, welcome)),
        Command::Chat { user, draft } => with_config(|config| chat::run(config, user, draft)),
        Command::Setup { small } => with_config(|config| setup(config, small)),
        Command::Migrate => with_config(migrate),
        Command::CheckConfig => {
            check_config::run(&Config::load()?)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Doctor { json } => {
            crate::llm::remote::install_tls();
            runtime()?.block_on(doctor::run(json))
        }
        Command::Slack { command } => {
            slack::run(&Config::load_unchecked()?, &command)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Token { command } => with_config(|config| user::token(config, command)),
        Command::User { command } => with_config(|config| user::run(config, command)),
        Command::Team { command } => with_config(|config| team::run(config, command)),
        Command::Articles { command } => with_code(|config| articles::run(config, command)),
        Command::Feeds { command } => with_config(|config| feeds::run(config, command)),
        Command::Prompts { command } => with_code(|config| prompts::run(config, command)),
        Command::Expire { now: _ } => with_config(expire::run),
    }
}

/// Runs a command that succeeds or fails.
fn with_config<F: Future<Output = anyhow::Result<()>>>(run: impl FnOnce(Config) -> F) -> anyhow::Result<ExitCode> {
    with_code(|config| {
        let ran = run(config);
        async { ran.await.map(|()| ExitCode::SUCCESS) }
    })
}

/// Runs a command that has an exit code of its own.
fn with_code<F: Future<Output = anyhow::Result<ExitCode>>>(run: impl FnOnce(Config) -> F) -> anyhow::Result<ExitCode> {
    let config = Config::load()?;
    // SAFETY: no other thread runs yet; the runtime's are started below.
    unsafe { crate::llm::local::fix_threads(config.llm.local.threads) };
    crate::llm::remote::install_tls();
    runtime()?.block_on(run(config))
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

async fn setup(config: Config, small: bool) -> anyhow::Result<()> {
    let directory: PathBuf = config.directory();
    setup::run(&config.llm, &directory, small).await
}

async fn migrate(config: Config) -> anyhow::Result<()> {
    open(config).await?.close().await;
    println!("The database is up to date.");
    Ok(())
}

/// Opens the service for a command.
async fn open(config: Config) -> anyhow::Result<App> {
    // What a command prints is its answer; only what goes wrong is logged beside it.
    let mut log = config.log.clone();
    log.filter = "warn,sqlx=error,apalis=error,genai=off".to_owned();
    telemetry::start_logging(&log)?;
    App::open(config, Purpose::Command).await
}
