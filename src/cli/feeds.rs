//! `workshop feeds …`: where articles come from by themselves.

use clap::Subcommand;

use crate::app::App;
use crate::config::Config;
use crate::domain::FeedId;
use crate::domain::feed::{Feed, FeedStatus};
use crate::workshop::feed::AddFeed;
use crate::workshop::feed_poll::Polled;

#[derive(Debug, Subcommand)]
pub(super) enum FeedsCommand {
    /// Add an RSS, Atom or JSON feed.
    Add {
        /// Its address.
        url: String,
        /// The topic of its articles; a new one is made.
        #[arg(long)]
        topic: String,
        /// What to call it; what it calls itself when left out.
        #[arg(long, default_value = "")]
        title: String,
        /// Minutes between two polls; those of the settings when left out.
        #[arg(long)]
        interval: Option<i64>,
    },
    /// List every feed with how it fares.
    List,
    /// Remove a feed; its articles stay.
    Remove {
        /// Its number.
        feed: i32,
    },
    /// Look for new articles now, in feeds that are due.
    Poll {
        /// Only this one, due or not.
        feed: Option<i32>,
    },
}

pub(super) async fn run(config: Config, command: FeedsCommand) -> anyhow::Result<()> {
    let app = super::open(config).await?;
    let done = look_after(&app, command).await;
    app.close().await;
    done
}

async fn look_after(app: &App, command: FeedsCommand) -> anyhow::Result<()> {
    let workshop = app.workshop();
    // Whoever may run this program on the service's database administers it.
    let operator = workshop.ensure_account("admin", true).await?.actor();
    match command {
        FeedsCommand::Add { url, topic, title, interval } => {
            let add = AddFeed { url, topic, title, interval_minutes: interval };
            let feed = workshop.add_feed(&operator, &add).await?;
            println!("Added feed {} to {}: {}", feed.id, feed.topic, feed.url);
        }
        FeedsCommand::List => {
            let feeds = workshop.feeds(&operator).await?;
            feeds.iter().for_each(print);
            println!("{:>4}  feeds", feeds.len());
        }
        FeedsCommand::Remove { feed } => {
            let feed = workshop.remove_feed(&operator, FeedId(feed)).await?;
            println!("Removed feed {}: {}", feed.id, feed.url);
        }
        FeedsCommand::Poll { feed } => {
            if let Some(feed) = feed {
                let (_, at) = workshop.poll_feed(&operator, FeedId(feed)).await?;
                anyhow::ensure!(at <= chrono::Utc::now(), "its server is to be left alone until {at}");
            }
            let Polled { working, failed, new } = workshop.poll_feeds().await?;
            println!("polled {}, failed {failed}, new articles {new}", working + failed);
            for feed in workshop.feeds(&operator).await?.iter().filter(|feed| !feed.problem.is_empty()) {
                print(feed);
            }
        }
    }
    Ok(())
}

fn print(feed: &Feed) {
    let time = |at: crate::domain::Instant| at.format("%Y-%m-%d %H:%M").to_string();
    let next = match feed.status {
        FeedStatus::Gone => String::new(),
        FeedStatus::Waiting | FeedStatus::Working | FeedStatus::Failing => {
            format!(", next {}", time(feed.next_poll_at))
        }
    };
    let last =
        feed.last_polled_at.map_or_else(String::new, |last| format!(", {} new at {}", feed.last_new, time(last)));
    println!("{:>4}  {:<8} {}  {} ({}){last}{next}", feed.id, feed.status.as_str(), feed.topic, feed.url, feed.title);
    if !feed.problem.is_empty() {
        println!("      {}", feed.problem);
    }
}
