//! `workshop team …`: teams and who belongs to them.

use clap::Subcommand;

use crate::config::Config;

#[derive(Debug, Subcommand)]
pub(super) enum TeamCommand {
    /// Make a team.
    Add {
        /// Its name: lower-case letters, digits, '-' and '_'.
        name: String,
    },
    /// Put an account into a team.
    Join {
        /// The team's name.
        team: String,
        /// The account's name.
        user: String,
    },
    /// Take an account out of a team; out of "everyone", it is a guest.
    Leave {
        /// The team's name.
        team: String,
        /// The account's name.
        user: String,
    },
    /// List every team with its members.
    List,
}

pub(super) async fn run(config: Config, command: TeamCommand) -> anyhow::Result<()> {
    let app = super::open(config).await?;
    let workshop = app.workshop();
    // Who sits at the machine administers the service.
    let operator = workshop.ensure_account("admin", true).await?.actor();
    let teams = match command {
        TeamCommand::Add { name } => vec![workshop.add_team(&operator, &name).await?],
        TeamCommand::Join { team, user } => vec![workshop.add_to_team(&operator, &team, &user).await?],
        TeamCommand::Leave { team, user } => vec![workshop.remove_from_team(&operator, &team, &user).await?],
        TeamCommand::List => workshop.teams(&operator).await?,
    };
    for team in teams {
        println!("{}: {}", team.name, team.members.join(", "));
    }
    app.close().await;
    Ok(())
}
