//! Feeds, as people look after them. How they are polled is in [`super::feed_poll`].

use serde::{Deserialize, Serialize};

use super::{Error, Noun, Workshop};
use crate::domain::feed::{self, Feed};
use crate::domain::{Actor, FeedId, Instant, Invalid, text};
use crate::queue::{self, Job, Options, Queue};
use crate::store;
use crate::store::feed::NewFeed;

/// The most feeds that one service polls.
const MOST_FEEDS: usize = 2_000;

/// Polls the feeds that are due.
#[derive(Debug, Serialize, Deserialize)]
pub struct PollFeeds {}

impl Job for PollFeeds {
    const KIND: &'static str = "poll_feeds";
    const QUEUE: Queue = Queue::Upkeep;
}

/// A feed as somebody adds it; nothing is checked yet.
#[derive(Debug, Clone, Default)]
pub struct AddFeed {
    /// Its address.
    pub url: String,
    /// The topic of its articles; a new one is made.
    pub topic: String,
    /// What to call it; what it calls itself when empty.
    pub title: String,
    /// Minutes between two polls; those of the settings when left out.
    pub interval_minutes: Option<i64>,
}

impl Workshop {
    /// Every feed, by topic and number.
    pub async fn feeds(&self, _: &Actor) -> Result<Vec<Feed>, Error> {
        Ok(store::feed::list(&mut *self.store.conn().await?).await?)
    }

    /// Adds a feed, which is polled at once, by a job; only an administrator may.
    pub async fn add_feed(&self, actor: &Actor, add: &AddFeed) -> Result<Feed, Error> {
        administrator(actor)?;
        let default = i64::from(self.settings.feeds.interval_minutes);
        let mut wrong = Vec::new();
        let mut note = |invalid| wrong.push(invalid);
        let url = feed::parse_url(&add.url).map_err(&mut note).ok();
        let topic = text::line("topic", &add.topic, 1, 100).map_err(&mut note).ok();
        let title = feed::parse_title(&add.title).map_err(&mut note).ok();
        let interval = feed::parse_interval(add.interval_minutes.unwrap_or(default)).map_err(&mut note).ok();
        let (Some(url), Some(topic), Some(title), Some(interval_minutes)) = (url, topic, title, interval) else {
            return Err(Error::Invalid(wrong));
        };
        let now = self.now();
        let mut tx = self.store.begin().await?;
        if let Some(id) = store::feed::find_by_url(&mut tx, &url).await? {
            return Err(is_there(Some(id)));
        }
        if store::feed::list(&mut tx).await?.len() >= MOST_FEEDS {
            return Err(Invalid::new("url", format!("is one too many: there are {MOST_FEEDS} feeds already")).into());
        }
        let topic = store::article::ensure_topic(&mut tx, &topic).await?;
        let new = NewFeed { url: &url, topic: &topic, title: &title, interval_minutes, added_by: actor.account };
        let id = match store::feed::insert(&mut tx, &new, now).await {
            Err(store::Error::Taken { .. }) => return Err(is_there(None)),
            added => added?,
        };
        queue::push(&mut tx, &PollFeeds {}, Options::default()).await?;
        let feed = store::feed::find(&mut tx, id).await?.ok_or(Error::NotFound(Noun::Feed))?;
        store::commit(tx).await?;
        Ok(feed)
    }

    /// Removes a feed, and says which; its articles stay. Only an administrator may.
    pub async fn remove_feed(&self, actor: &Actor, id: FeedId) -> Result<Feed, Error> {
        administrator(actor)?;
        let mut tx = self.store.begin().await?;
        let feed = store::feed::find(&mut tx, id).await?.ok_or(Error::NotFound(Noun::Feed))?;
        store::feed::delete(&mut tx, id).await?;
        store::commit(tx).await?;
        Ok(feed)
    }

    /// Has a feed polled soon, also one that was given up; says which and when. Only an administrator may.
    pub async fn poll_feed(&self, actor: &Actor, id: FeedId) -> Result<(Feed, Instant), Error> {
        administrator(actor)?;
        let now = self.now();
        let mut tx = self.store.begin().await?;
        let feed = store::feed::find(&mut tx, id).await?.ok_or(Error::NotFound(Noun::Feed))?;
        let at = feed.earliest_by_hand(now);
        store::feed::make_due(&mut tx, id, at).await?;
        let run_at = (at > now).then_some(at);
        queue::push(&mut tx, &PollFeeds {}, Options { key: None, run_at }).await?;
        let feed = store::feed::find(&mut tx, id).await?.ok_or(Error::NotFound(Noun::Feed))?;
        store::commit(tx).await?;
        Ok((feed, at))
    }
}

/// Refuses whoever is no administrator.
pub(super) fn administrator(actor: &Actor) -> Result<(), Error> {
    if actor.is_admin { Ok(()) } else { Err(Error::AdminOnly) }
}

fn is_there(id: Option<FeedId>) -> Error {
    let which = id.map(|id| format!(": feed {id}")).unwrap_or_default();
    Invalid::new("url", format!("is among the feeds already{which}")).into()
}
