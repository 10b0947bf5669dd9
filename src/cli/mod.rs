//! The command line: one file per command; this one reads the arguments.

mod articles;
mod chat;
mod check_config;
pub mod dev;
mod expire;
mod prompts;
mod serve;
mod setup;
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
    /// Import and count articles.
    Articles {
        #[command(subcommand)]
        command: articles::ArticlesCommand,
    },
    /// Export and import prompts.
    Prompts {
        #[command(subcommand)]
        command: prompts::PromptsCommand,
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
        /// The command and its arguments.
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<String>,
    },
}

/// Runs the program; errors are one line on standard error.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("workshop: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(arguments.command)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("workshop: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    if let Command::Dev { command: DevCommand::WithDatabase { command } } = command {
        return dev::with_database(command).await;
    }
    crate::llm::remote::install_tls();
    let config = Config::load()?;
    match command {
        Command::Serve { roles, welcome } => serve::run(config, roles, welcome).await?,
        Command::Chat { user, draft } => chat::run(config, user, draft).await?,
        Command::Setup { small } => {
            let directory: PathBuf = config.directory();
            setup::run(&config.llm, &directory, small).await?;
        }
        Command::Migrate => {
            open(config).await?.close().await;
            println!("The database is up to date.");
        }
        Command::CheckConfig => check_config::run(&config)?,
        Command::Token { command } => user::token(config, command).await?,
        Command::User { command } => user::run(config, command).await?,
        Command::Articles { command } => return articles::run(config, command).await,
        Command::Prompts { command } => return prompts::run(config, command).await,
        Command::Expire { now: _ } => expire::run(config).await?,
        Command::Dev { .. } => unreachable!("handled before the settings are read"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Opens the service for a command.
async fn open(config: Config) -> anyhow::Result<App> {
    // What a command prints is its answer; only what goes wrong is logged beside it.
    let mut log = config.log.clone();
    log.filter = "warn,sqlx=error,apalis=error,genai=off".to_owned();
    telemetry::start_logging(&log)?;
    App::open(config, Purpose::Command).await
}
