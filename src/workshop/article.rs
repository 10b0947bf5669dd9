//! Articles and topics: importing, counting, removing what is too old.

use std::collections::HashMap;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::{Error, Noun, Workshop};
use crate::domain::article::{Article, RawArticle};
use crate::domain::{Actor, Instant, Invalid, text};
use crate::queue::{Job, Queue};
use crate::store;
pub use crate::store::article::Topic as TopicInfo;
use crate::store::article::Upserted;

/// Articles stored in one statement.
const BATCH: usize = 500;

/// The articles that come with the service, fictional, for a first try.
const SAMPLES: [&str; 2] =
    [include_str!("../../config/sample-articles-1.jsonl"), include_str!("../../config/sample-articles-2.jsonl")];

/// Articles removed in one statement, and such statements in one job; the rest waits for the next.
const PRUNED_AT_ONCE: i64 = 500;
const PRUNES_A_JOB: usize = 40;

/// Removes articles that are too old.
#[derive(Debug, Serialize, Deserialize)]
pub struct PruneArticles {}

impl Job for PruneArticles {
    const KIND: &'static str = "prune_articles";
    const QUEUE: Queue = Queue::Upkeep;
}

/// What became of articles that were sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Import {
    /// New ones.
    pub inserted: u64,
    /// Known ones, replaced.
    pub updated: u64,
    /// Those left out: which (a line, or a position from 1), and why.
    pub rejected: Vec<(u64, Invalid)>,
}

impl Workshop {
    /// Adds articles, or replaces those whose address is known; only an administrator may.
    pub async fn upsert_articles<I>(&self, actor: &Actor, articles: I) -> Result<Import, Error>
    where
        I: IntoIterator<Item = Result<RawArticle, Invalid>>,
    {
        super::feed::administrator(actor)?;
        self.import((1..).zip(articles)).await
    }

    /// Adds articles from a source that numbers them and may fail for each. A bad one never stops the rest.
    pub async fn import<I>(&self, articles: I) -> Result<Import, Error>
    where
        I: IntoIterator<Item = (u64, Result<RawArticle, Invalid>)>,
    {
        let mut import = Import::default();
        let mut batch: HashMap<String, Article> = HashMap::new();
        for (position, raw) in articles {
            match raw.and_then(RawArticle::parse) {
                Err(invalid) => import.rejected.push((position, invalid)),
                Ok(article) => {
                    // The last of two with one address counts, as it would in batches of their own.
                    if batch.insert(article.uri.clone(), article).is_some() {
                        import.updated += 1;
                    }
                    if batch.len() >= BATCH {
                        self.store_batch(&mut batch, &mut import).await?;
                    }
                }
            }
        }
        self.store_batch(&mut batch, &mut import).await?;
        Ok(import)
    }

    async fn store_batch(&self, batch: &mut HashMap<String, Article>, import: &mut Import) -> Result<(), Error> {
        if batch.is_empty() {
            return Ok(());
        }
        let mut articles: Vec<Article> = batch.drain().map(|(_, article)| article).collect();
        // Always in one order, so that two imports at once wait for each other instead of deadlocking.
        articles.sort_by(|a, b| a.uri.cmp(&b.uri));
        let mut tx = self.store.begin().await?;
        let Upserted { inserted, updated } = store::article::upsert(&mut tx, &articles, self.now()).await?;
        store::feed::link_addresses(&mut tx, &articles).await?;
        store::commit(tx).await?;
        import.inserted += inserted;
        import.updated += updated;
        Ok(())
    }

    /// Imports the sample articles into an empty database; says how many there were.
    pub async fn import_samples(&self) -> Result<u64, Error> {
        if !store::article::topics(&mut *self.store.conn().await?).await?.is_empty() {
            return Ok(0);
        }
        let lines = SAMPLES.iter().flat_map(|file| file.lines()).zip(1..);
        let import = self.import(lines.map(|(line, number)| (number, parse_json_line(line)))).await?;
        for (line, invalid) in &import.rejected {
            tracing::error!(line, %invalid, "A sample article was left out");
        }
        Ok(import.inserted)
    }

    /// Every topic with its size, by name.
    pub async fn topics(&self) -> Result<Vec<TopicInfo>, Error> {
        Ok(store::article::topics(&mut *self.store.conn().await?).await?)
    }

    /// Says what a topic is about, in at most 500 characters; only an administrator may.
    pub async fn describe_topic(&self, actor: &Actor, name: &str, description: &str) -> Result<TopicInfo, Error> {
        super::feed::administrator(actor)?;
        let description = text::block("description", description, 0, 500)?;
        let mut conn = self.store.conn().await?;
        let missing = || Error::NotFound(Noun::Topic);
        let (name, _) = store::article::find_topic(&mut conn, name).await?.ok_or_else(missing)?;
        store::article::describe_topic(&mut conn, &name, &description).await?;
        let topics = store::article::topics(&mut conn).await?;
        topics.into_iter().find(|topic| topic.name == name).ok_or_else(missing)
    }

    /// Articles published before this are not kept; `None` when all are.
    pub(super) fn oldest_kept(&self, now: Instant) -> Option<Instant> {
        let days = self.settings.articles.keep_days;
        (days > 0).then(|| now - TimeDelta::days(days.into()))
    }

    /// Removes articles that are too old, in batches; says how many. What tests were answered from stays readable.
    pub async fn prune_articles(&self) -> Result<u64, Error> {
        let Some(oldest) = self.oldest_kept(self.now()) else { return Ok(0) };
        let mut removed = 0;
        for _ in 0..PRUNES_A_JOB {
            let mut tx = self.store.begin().await?;
            let batch = store::article::prune(&mut tx, oldest, PRUNED_AT_ONCE).await?;
            store::commit(tx).await?;
            removed += batch;
            if batch < PRUNED_AT_ONCE as u64 {
                break;
            }
        }
        Ok(removed)
    }

    /// The topic that a text is most likely about; `None` when there are no topics.
    pub async fn suggest_topic(&self, text: &str) -> Result<Option<String>, Error> {
        Ok(best_topic(self.topics().await?, text))
    }
}

/// The topic whose name shares most words with a text; of several, the one with most articles.
pub(super) fn best_topic(topics: Vec<TopicInfo>, text: &str) -> Option<String> {
    let text = text.to_lowercase();
    let shared = |name: &str| name.to_lowercase().split_whitespace().filter(|word| text.contains(word)).count();
    let best = topics.into_iter().max_by_key(|topic| (shared(&topic.name), topic.articles));
    best.map(|topic| topic.name)
}

/// Reads one line of a JSON Lines file.
pub fn parse_json_line(line: &str) -> Result<RawArticle, Invalid> {
    let value = serde_json::from_str(line).map_err(|error| {
        // The line that counts is the file's, and whoever reads the file knows it.
        Invalid::new("article", format!("is not JSON: {error}").replace(" at line 1", " at"))
    })?;
    RawArticle::read(value)
}
