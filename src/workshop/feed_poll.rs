//! Polling feeds: who is due, what came, and which of it is new.
//!
//! A feed is claimed, fetched outside any transaction, and finished by whoever still holds the claim. Hosts are asked side
//! by side, but each gets one request at a time, over all copies of the service, with a pause between two.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use chrono::TimeDelta;
use futures::{StreamExt, stream};
use tokio::time::Instant as Timer;
use uuid::Uuid;

use super::{Error, Workshop};
use crate::domain::Instant;
use crate::domain::article::Article;
use crate::domain::feed::{Content, Entry, Feed};
use crate::domain::link::{self, Key};
use crate::domain::{feed as rules, html, text};
use crate::feed::{self, Answer};
use crate::store;
use crate::store::feed::Known;

/// Feeds that one round takes at most.
const A_ROUND: i64 = 200;

/// How long a round goes on to begin polls; what is left is for the next.
const ROUND: Duration = Duration::from_secs(180);

/// How long a claim lasts: a round, and whatever its last poll needs.
const CLAIM: TimeDelta = TimeDelta::minutes(5);

/// Hosts that are asked at a time.
const HOSTS_AT_ONCE: usize = 8;

/// The pause between two requests to one host.
const PAUSE: Duration = Duration::from_secs(2);

/// What a round of polls came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Polled {
    /// Feeds that were asked and answered.
    pub working: usize,
    /// Feeds that failed.
    pub failed: usize,
    /// New articles.
    pub new: usize,
}

impl Polled {
    fn and(self, other: Self) -> Self {
        let Self { working, failed, new } = other;
        Self { working: self.working + working, failed: self.failed + failed, new: self.new + new }
    }
}

impl Workshop {
    /// Polls the feeds that are due and that nobody else is polling.
    pub async fn poll_feeds(&self) -> Result<Polled, Error> {
        let (claim, now) = (Uuid::now_v7(), self.now());
        let mut conn = self.store.conn().await?;
        let due = store::feed::claim(&mut conn, claim, now, now + CLAIM, A_ROUND).await?;
        drop(conn);
        let mut hosts: BTreeMap<String, Vec<Feed>> = BTreeMap::new();
        for feed in due {
            hosts.entry(host(&feed.url)).or_default().push(feed);
        }
        let began = Timer::now();
        let rounds = hosts.into_iter().map(|(host, feeds)| self.poll_host(host, feeds, claim, began));
        let polled: Vec<_> = stream::iter(rounds).buffer_unordered(HOSTS_AT_ONCE).collect().await;
        // What failed for a reason of ours is claimed for a while, and then due again.
        polled.into_iter().try_fold(Polled::default(), |all, polled| Ok(all.and(polled?)))
    }

    /// Polls feeds of one host, one after the other, unless another copy of the service is asking that host.
    async fn poll_host(&self, host: String, feeds: Vec<Feed>, claim: Uuid, began: Timer) -> Result<Polled, Error> {
        let lease = format!("feeds:{host}");
        let lasts = CLAIM.to_std().unwrap_or(ROUND);
        let mut all = Polled::default();
        let mut left = feeds.into_iter();
        if self.take_lease(&lease, claim, lasts).await?.is_some() {
            let mut first = true;
            while began.elapsed() < ROUND
                && let Some(feed) = left.next()
            {
                if !std::mem::take(&mut first) {
                    tokio::time::sleep(PAUSE).await;
                }
                all = all.and(self.poll(feed, claim).await?);
            }
            self.release_lease(&lease, claim).await?;
        }
        let left: Vec<_> = left.map(|feed| feed.id).collect();
        store::feed::release(&mut *self.store.conn().await?, &left, claim).await?;
        Ok(all)
    }

    async fn poll(&self, mut feed: Feed, claim: Uuid) -> Result<Polled, Error> {
        let fetched = self.fetcher.fetch(&feed.url, &feed.validators).await;
        let now = self.now();
        let mut tx = self.store.begin().await?;
        if !store::feed::lock_claimed(&mut tx, feed.id, claim).await? {
            // Removed meanwhile, or taken by another who thought that this one had died.
            return Ok(Polled::default());
        }
        let polled = match fetched {
            Ok(answer) => {
                let new = self.take_in(&mut tx, &mut feed, answer, now).await?;
                Polled { working: 1, failed: 0, new }
            }
            Err(error) => {
                tracing::info!(feed.id = %feed.id, %error, "Feed {} could not be polled: {error}", feed.id);
                fail(&mut feed, &error, now);
                Polled { failed: 1, ..Polled::default() }
            }
        };
        store::feed::finish(&mut tx, &feed).await?;
        store::commit(tx).await?;
        Ok(polled)
    }

    /// Stores what a feed answered; says how many articles are new.
    async fn take_in(&self, tx: &mut store::Tx, feed: &mut Feed, answer: Answer, now: Instant) -> Result<usize, Error> {
        let Answer { content, validators, fresh_for, moved_to } = answer;
        let mut unread = Unread::default();
        let mut new = 0;
        if let Some(content) = content {
            if !feed.titled_by_hand {
                feed.title = text::excerpt(&one_line(&content.title), 200);
            }
            (new, unread) = self.take_entries(tx, feed, content, now).await?;
        }
        feed.validators = validators;
        feed.polled(new, fresh_for, now);
        if unread.count > 0 {
            let Unread { count, reason } = unread;
            feed.problem = format!("{count} of its entries could not be taken; the first: {reason}.");
        }
        if let Some(url) = moved_to.and_then(|url| rules::parse_url(&url).ok()) {
            match store::feed::find_by_url(tx, &url).await? {
                Some(other) if other != feed.id => {
                    feed.problem = format!("It moved to the address of feed {other}; one of the two can be removed.");
                }
                Some(_) | None => feed.url = url,
            }
        }
        Ok(new)
    }

    async fn take_entries(
        &self,
        tx: &mut store::Tx,
        feed: &Feed,
        content: Content,
        now: Instant,
    ) -> Result<(usize, Unread), Error> {
        store::feed::lock_links(tx).await?;
        let own = content.entries.iter().filter_map(|entry| Key::of_entry(feed.id, &entry.id));
        let keys: Vec<Key> = content.entries.iter().flat_map(keys).chain(own).collect();
        let spellings: Vec<String> =
            content.entries.iter().flat_map(|entry| &entry.links).flat_map(|link| link::spellings(link)).collect();
        let known = store::feed::known(tx, &keys, &spellings).await?;
        let mut intake = Intake::new(feed, known, now, self.oldest_kept(now));
        for entry in &content.entries {
            intake.take(entry);
        }
        let Intake { articles, links, new, unread, .. } = intake;
        let mut articles: Vec<Article> = articles.into_values().collect();
        // Always in one order, so that two imports at once wait for each other instead of deadlocking.
        articles.sort_by(|a, b| a.uri.cmp(&b.uri));
        if !articles.is_empty() {
            store::article::upsert(tx, &articles, now).await?;
        }
        if !links.is_empty() {
            store::feed::link(tx, &links).await?;
        }
        Ok((new, unread))
    }
}

/// Entries that could not be taken.
#[derive(Debug, Default)]
struct Unread {
    count: usize,
    /// Why the first could not.
    reason: String,
}

/// Decides, entry by entry, what is new, what is changed and what is there already.
struct Intake<'a> {
    feed: &'a Feed,
    now: Instant,
    oldest: Option<Instant>,
    by_key: HashMap<Vec<u8>, Known>,
    by_uri: HashMap<String, Known>,
    /// What the entries before are known by, and under which address.
    seen: HashMap<Key, String>,
    articles: HashMap<String, Article>,
    links: Vec<(Key, String)>,
    new: usize,
    unread: Unread,
}

impl<'a> Intake<'a> {
    fn new(feed: &'a Feed, known: Vec<Known>, now: Instant, oldest: Option<Instant>) -> Self {
        let by_uri = known.iter().map(|known| (known.uri.clone(), known.clone())).collect();
        let by_key = known.into_iter().filter_map(|known| Some((known.key.clone()?, known))).collect();
        let (seen, articles) = (HashMap::new(), HashMap::new());
        Self { feed, now, oldest, by_key, by_uri, seen, articles, links: Vec::new(), new: 0, unread: Unread::default() }
    }

    fn take(&mut self, entry: &Entry) {
        let mut keys = keys(entry);
        let own = Key::of_entry(self.feed.id, &entry.id);
        let before = own.iter().chain(&keys).find_map(|key| self.seen.get(key).cloned());
        let taken = match before {
            Some(uri) => Some((uri, false)),
            None => self.offer(entry, own, &keys),
        };
        let Some((uri, is_new)) = taken else { return };
        // An article belongs to the one entry that brought it; others only lead to it.
        keys.extend(own.filter(|_| is_new));
        for key in keys {
            if self.seen.insert(key, uri.clone()).is_none() && !self.by_key.contains_key(key.as_bytes()) {
                self.links.push((key, uri.clone()));
            }
        }
    }

    /// Takes an entry that no entry before was; the address of its article and whether that is new, unless it cannot be
    /// taken.
    fn offer(&mut self, entry: &Entry, own: Option<Key>, keys: &[Key]) -> Option<(String, bool)> {
        let brought = own.and_then(|own| self.by_key.get(own.as_bytes()));
        let is_own = brought.is_some();
        let linked = || keys.iter().find_map(|key| self.by_key.get(key.as_bytes()));
        let spelled =
            || entry.links.iter().flat_map(|link| link::spellings(link)).find_map(|uri| self.by_uri.get(&uri));
        let known = brought.or_else(linked).or_else(spelled).cloned();
        let Some(address) = known.as_ref().map(|known| known.uri.clone()).or_else(|| entry.address()) else {
            self.leave("it has no link".to_owned());
            return None;
        };
        // A date to come, or none at all, is the time at which it was first seen.
        let first_seen = known.as_ref().map_or(self.now, |known| known.publication_date);
        let date = entry.published.filter(|date| *date <= self.now).unwrap_or(first_seen);
        if self.oldest.is_some_and(|oldest| date < oldest) {
            return None;
        }
        let article = match entry.article(&address, date, self.feed).parse() {
            Ok(article) => article,
            Err(invalid) => {
                self.leave(format!("{} {}", invalid.field, invalid.reason));
                return None;
            }
        };
        let is_new = known.is_none();
        self.new += usize::from(is_new);
        // A feed may correct what it brought itself, as long as nobody has added to it.
        let corrects = |known: Known| is_own && known.plain && known.content_hash != article.content_hash();
        if known.is_none_or(corrects) {
            self.articles.insert(address.clone(), article);
        }
        Some((address, is_new))
    }

    fn leave(&mut self, reason: String) {
        if self.unread.count == 0 {
            self.unread.reason = reason;
        }
        self.unread.count += 1;
    }
}

/// The links that an entry is known by.
fn keys(entry: &Entry) -> Vec<Key> {
    let is_alone = entry.links.len() == 1;
    let links = entry.links.iter().map(String::as_str).filter(|link| is_alone || !link::only_counts(link));
    let id = std::iter::once(entry.id.as_str()).filter(|id| id.contains("://"));
    links.chain(id).filter_map(Key::of_link).collect()
}

fn fail(feed: &mut Feed, error: &feed::Error, now: Instant) {
    match error {
        feed::Error::Gone => feed.gone(error.to_string(), now),
        feed::Error::Busy { retry_after, .. } => feed.failed(error.to_string(), *retry_after, now),
        feed::Error::Private(_)
        | feed::Error::Address(_)
        | feed::Error::Unreachable(_)
        | feed::Error::Timeout
        | feed::Error::Cut
        | feed::Error::Redirects
        | feed::Error::Status(_)
        | feed::Error::TooLarge
        | feed::Error::Kind(_)
        | feed::Error::Page(_)
        | feed::Error::Unreadable(_) => feed.failed(error.to_string(), None, now),
    }
}

fn one_line(title: &str) -> String {
    html::text_of(title).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The host of a feed, by which requests are spaced.
fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or_default().to_ascii_lowercase()
}
