//! `workshop user …` and `workshop token …`: accounts and their tokens.

use clap::Subcommand;
use secrecy::ExposeSecret;

use crate::config::Config;

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Print a new API token for an account, which is made if there is none.
    Create {
        /// The account's name.
        #[arg(long)]
        user: String,
        /// Make the account an administrator.
        #[arg(long)]
        admin: bool,
    },
    /// Revoke every token of an account.
    Revoke {
        /// The account's name.
        #[arg(long)]
        user: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Make an account.
    Add {
        /// Its name: letters, digits, '.', '-', '_', '@'.
        name: String,
        /// Make it an administrator.
        #[arg(long)]
        admin: bool,
        /// Make it a guest, who sees only what is public or shared with them.
        #[arg(long, conflicts_with = "admin")]
        guest: bool,
    },
    /// List every account.
    List,
    /// Print a one-time sign-in link for an account.
    Link {
        /// The account's name.
        name: String,
    },
}

pub(super) async fn token(config: Config, command: TokenCommand) -> anyhow::Result<()> {
    let app = super::open(config).await?;
    match command {
        TokenCommand::Create { user, admin } => {
            let account = app.workshop().ensure_account(&user, admin).await?;
            println!("{}", app.workshop().create_token(account.id).await?.expose_secret());
        }
        TokenCommand::Revoke { user } => {
            let revoked = app.workshop().revoke_tokens(&user).await?;
            println!("Revoked {revoked} tokens of {user}.");
        }
    }
    app.close().await;
    Ok(())
}

pub(super) async fn run(config: Config, command: UserCommand) -> anyhow::Result<()> {
    let app = super::open(config).await?;
    match command {
        UserCommand::Add { name, guest: true, .. } => {
            println!("{} (guest)", app.workshop().ensure_guest(&name).await?.name);
        }
        UserCommand::Add { name, admin, guest: false } => {
            let account = app.workshop().ensure_account(&name, admin).await?;
            println!("{}{}", account.name, if account.is_admin { " (administrator)" } else { "" });
        }
        UserCommand::List => {
            for account in app.workshop().accounts().await? {
                println!("{}{}", account.name, if account.is_admin { " (administrator)" } else { "" });
            }
        }
        UserCommand::Link { name } => {
            let account = app.workshop().ensure_account(&name, false).await?;
            let code = app.workshop().create_login_code(account.id).await?;
            println!("{}/sign-in/{}", app.public_url(), code.expose_secret());
        }
    }
    app.close().await;
    Ok(())
}
