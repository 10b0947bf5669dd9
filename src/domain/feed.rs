//! Feeds: their addresses, when they are polled, and how their entries become articles.

use chrono::TimeDelta;
use url::Url;

use super::article::RawArticle;
use super::{AccountId, FeedId, Instant, Invalid, html, link, text};
use crate::choice;

/// The longest between two polls, whatever a server asks for and however often it failed.
const A_DAY: TimeDelta = TimeDelta::days(1);

/// The shortest between two polls that a person asks for by hand.
pub const BY_HAND: TimeDelta = TimeDelta::minutes(1);

choice! {
    /// How a feed fares.
    pub enum FeedStatus {
        /// It was not polled yet.
        Waiting = "waiting",
        /// The last poll went well.
        Working = "working",
        /// The last poll failed; it is tried again.
        Failing = "failing",
        /// Its server said that it is gone for good; it is not polled any more.
        Gone = "gone",
    }
}

/// A feed as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// Its id.
    pub id: FeedId,
    /// Its address.
    pub url: String,
    /// The topic of its articles.
    pub topic: String,
    /// What it is called: by the person who added it, else by itself; may be empty.
    pub title: String,
    /// Whether a person named it.
    pub titled_by_hand: bool,
    /// Minutes between two polls, at least.
    pub interval_minutes: i32,
    /// How it fares.
    pub status: FeedStatus,
    /// What went wrong at the last poll, as a sentence; empty when nothing did.
    pub problem: String,
    /// What the server sent to recognise the content by.
    pub validators: Validators,
    /// When it is polled next.
    pub next_poll_at: Instant,
    /// Before this it is not polled, because its server asked for that.
    pub not_before: Option<Instant>,
    /// Polls that failed, since the last that did not.
    pub failures: i32,
    /// When it was polled last.
    pub last_polled_at: Option<Instant>,
    /// New articles at the last poll.
    pub last_new: i32,
    /// Who added it.
    pub added_by: Option<AccountId>,
    /// When it was added.
    pub created_at: Instant,
}

/// What a server sends to recognise content by, and gets back with the next request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// `ETag`.
    pub etag: Option<String>,
    /// `Last-Modified`.
    pub last_modified: Option<String>,
}

impl Feed {
    /// Notes a poll that went well; `fresh_for` is how long the server says that there is nothing newer.
    pub fn polled(&mut self, new: usize, fresh_for: TimeDelta, now: Instant) {
        let interval = TimeDelta::minutes(self.interval_minutes.into());
        self.status = FeedStatus::Working;
        self.problem.clear();
        self.failures = 0;
        self.not_before = None;
        self.last_new = i32::try_from(new).unwrap_or(i32::MAX);
        self.last_polled_at = Some(now);
        // An interval above a day is a person's wish; what a server asks for counts up to a day.
        self.next_poll_at = now + interval.max(fresh_for.min(A_DAY));
    }

    /// Notes a poll that failed, for this reason; the wait doubles each time, and is `retry_after` at least.
    pub fn failed(&mut self, problem: String, retry_after: Option<TimeDelta>, now: Instant) {
        self.status = FeedStatus::Failing;
        self.problem = problem;
        self.last_new = 0;
        self.last_polled_at = Some(now);
        let interval = TimeDelta::minutes(self.interval_minutes.into());
        let doubled = interval * (1 << self.failures.clamp(0, 12));
        self.failures = self.failures.saturating_add(1);
        let wanted = retry_after.map(|wait| wait.clamp(TimeDelta::zero(), A_DAY));
        self.not_before = wanted.map(|wait| now + wait);
        let wait = doubled.min(A_DAY.max(interval));
        self.next_poll_at = now + wanted.map_or(wait, |wanted| wait.max(wanted));
    }

    /// Notes that the server said that the feed is gone for good.
    pub fn gone(&mut self, problem: String, now: Instant) {
        self.failed(problem, None, now);
        self.status = FeedStatus::Gone;
    }

    /// When a poll that a person asks for may begin: not at once after another, nor before the server wants it.
    pub fn earliest_by_hand(&self, now: Instant) -> Instant {
        let again = self.last_polled_at.map(|last| last + BY_HAND);
        [Some(now), again, self.not_before].into_iter().flatten().max().unwrap_or(now)
    }

    /// What it is called for people.
    pub fn label(&self) -> &str {
        if self.title.is_empty() { &self.url } else { &self.title }
    }
}

/// Reads a feed's address: `http` or `https`, which may be left out; without a user, a password or a fragment.
pub fn parse_url(raw: &str) -> Result<String, Invalid> {
    let invalid = |reason: &str| Invalid::new("url", reason);
    // Chat platforms put addresses between angle brackets, sometimes with a label.
    let raw = raw.trim().trim_start_matches('<').trim_end_matches('>').split('|').next().unwrap_or_default().trim();
    let raw = raw.strip_prefix("feed://").or_else(|| raw.strip_prefix("feed:")).unwrap_or(raw);
    let written = if raw.contains("://") { raw.to_owned() } else { format!("https://{raw}") };
    let mut url =
        Url::parse(&written).map_err(|_| invalid("must be an address such as https://example.org/feed.xml"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(invalid("must begin with http:// or https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid("may not hold a user or a password: everybody sees it"));
    }
    url.set_fragment(None);
    if url.as_str().len() > 2_000 {
        return Err(invalid("may have at most 2000 bytes"));
    }
    Ok(url.into())
}

/// Reads the minutes between two polls: 5 to 10,080, which is a week.
pub fn parse_interval(minutes: i64) -> Result<i32, Invalid> {
    match i32::try_from(minutes) {
        Ok(minutes) if (5..=10_080).contains(&minutes) => Ok(minutes),
        Ok(_) | Err(_) => Err(Invalid::new("interval_minutes", "must be 5 to 10080")),
    }
}

/// Reads a feed's title: one line, at most 200 characters; may be empty.
pub fn parse_title(raw: &str) -> Result<String, Invalid> {
    text::line("title", raw, 0, 200)
}

/// What a feed held when it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// What it calls itself.
    pub title: String,
    /// How long it says that there is nothing newer.
    pub fresh_for: TimeDelta,
    /// Its entries, as it lists them.
    pub entries: Vec<Entry>,
}

/// One entry of a feed, as it was sent: nothing in it is trusted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// What the feed knows it by; empty for none.
    pub id: String,
    /// Its addresses, the best first.
    pub links: Vec<String>,
    /// Its title, perhaps HTML.
    pub title: String,
    /// A few sentences, perhaps HTML.
    pub summary: String,
    /// The whole text, perhaps HTML.
    pub content: String,
    /// When it was published, or changed.
    pub published: Option<Instant>,
    /// Words to find it by.
    pub tags: Vec<String>,
}

impl Entry {
    /// Its canonical address; of several, the first that leads to the story itself.
    pub fn address(&self) -> Option<String> {
        let canonical = || self.links.iter().chain([&self.id]).filter_map(|raw| link::canonical(raw).ok());
        canonical().find(|address| !link::only_counts(address)).or_else(|| canonical().next())
    }

    /// The article it is, under an address and with a date.
    pub fn article(&self, uri: &str, date: Instant, feed: &Feed) -> RawArticle {
        let (title, summary, content) =
            (html::text_of(&self.title), html::text_of(&self.summary), html::text_of(&self.content));
        // One text only: it is the summary as far as that goes, and the body where it is longer.
        let summary = if summary.is_empty() { content.clone() } else { summary };
        let body = (content.chars().count() > summary.chars().count().min(5_000)).then_some(content);
        let title = if title.is_empty() { text::excerpt(&summary, 100) } else { title };
        let summary = if summary.is_empty() { title.clone() } else { summary };
        RawArticle {
            uri: uri.to_owned(),
            title,
            summary,
            body,
            news_source: feed.label().to_owned(),
            publication_date: date.to_rfc3339(),
            topic: feed.topic.clone(),
            tags: self.tags.iter().map(|tag| html::text_of(tag)).collect(),
            ..RawArticle::default()
        }
        .fitted()
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn now() -> Instant {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn feed() -> Feed {
        Feed {
            id: FeedId(1),
            url: "https://example.org/feed".to_owned(),
            topic: "Rail".to_owned(),
            title: String::new(),
            titled_by_hand: false,
            interval_minutes: 30,
            status: FeedStatus::Waiting,
            problem: String::new(),
            validators: Validators::default(),
            next_poll_at: now(),
            not_before: None,
            failures: 0,
            last_polled_at: None,
            last_new: 0,
            added_by: None,
            created_at: now(),
        }
    }

    #[test]
    fn addresses_are_read_as_people_and_platforms_write_them() {
        for raw in [
            "https://Example.org/feed",
            " example.org/feed ",
            "<https://example.org/feed|example.org/feed>",
            "feed://example.org/feed",
            "https://example.org:443/feed#top",
        ] {
            assert_eq!(parse_url(raw).unwrap(), "https://example.org/feed", "{raw}");
        }
        for raw in ["", "file:///etc/passwd", "https://u:p@example.org/", "gopher://x", "https://", "a b"] {
            assert_eq!(parse_url(raw).unwrap_err().field, "url", "{raw}");
        }
    }

    #[test]
    fn the_wait_doubles_up_to_a_day_and_ends_with_success() {
        let mut feed = feed();
        let mut waits = Vec::new();
        for _ in 0..8 {
            feed.failed("It failed.".to_owned(), None, now());
            waits.push((feed.next_poll_at - now()).num_minutes());
        }
        assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1_440, 1_440]);
        feed.polled(3, TimeDelta::zero(), now());
        assert_eq!((feed.failures, feed.problem.as_str(), feed.status), (0, "", FeedStatus::Working));
        assert_eq!((feed.next_poll_at - now()).num_minutes(), 30);
    }

    #[test]
    fn what_a_server_asks_for_counts_up_to_a_day() {
        let mut feed = feed();
        feed.polled(0, TimeDelta::minutes(90), now());
        assert_eq!((feed.next_poll_at - now()).num_minutes(), 90);
        feed.polled(0, TimeDelta::days(365), now());
        assert_eq!((feed.next_poll_at - now()).num_minutes(), 1_440);
        feed.failed(String::new(), Some(TimeDelta::minutes(45)), now());
        assert_eq!((feed.next_poll_at - now()).num_minutes(), 45);
        assert_eq!(feed.earliest_by_hand(now()), now() + TimeDelta::minutes(45));
        feed.failed(String::new(), Some(TimeDelta::days(365)), now());
        assert_eq!((feed.next_poll_at - now()).num_minutes(), 1_440);
    }

    #[test]
    fn an_entry_is_an_article_of_plain_text() {
        let entry = Entry {
            id: "https://example.org/story".to_owned(),
            links: vec!["https://feedproxy.google.com/~r/x/1".to_owned()],
            title: "Rails &amp; <b>roads</b>".to_owned(),
            summary: "<p>Two <i>lines</i>.</p><script>alert(1)</script>".to_owned(),
            ..Entry::default()
        };
        assert_eq!(entry.address().unwrap(), "https://example.org/story");
        let article = entry.article("https://example.org/story", now(), &feed()).parse().unwrap();
        assert_eq!((article.title.as_str(), article.summary.as_str()), ("Rails & roads", "Two lines."));
        assert_eq!(article.news_source, "https://example.org/feed");
        let long = Entry { title: "word ".repeat(500), content: "x".repeat(300_000), ..Entry::default() };
        let article = long.article("https://example.org/long", now(), &feed()).parse().unwrap();
        assert_eq!(article.title.chars().count(), 500);
        assert_eq!(article.body.unwrap().chars().count(), 200_000);
        assert!(Entry::default().article("https://example.org/", now(), &feed()).parse().is_err());
    }
}
