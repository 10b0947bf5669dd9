//! Wording about feeds. What feeds call themselves is shown as words: it can be no link and no markup.

use super::{Item, Reply};
use crate::domain::Instant;
use crate::domain::feed::{Feed, FeedStatus};
use crate::domain::text::excerpt;

/// Feeds that one list shows; the rest is named by how many there are.
const SHOWN: usize = 40;

/// Every feed with how it fares.
pub fn feeds(feeds: &[Feed], marker: &str) -> Reply {
    if feeds.is_empty() {
        return Reply::said("There are no feeds.").hint(format!("Add one: {marker}feed add URL TOPIC"));
    }
    let item = |feed: &Feed| Item { text: line(feed), actions: Vec::new() };
    let reply = Reply {
        title: format!("Feeds ({})", feeds.len()),
        items: feeds.iter().take(SHOWN).map(item).collect(),
        hint: format!("{marker}feed poll N, {marker}feed remove N, {marker}feed add URL TOPIC"),
        ..Reply::default()
    };
    match feeds.len().saturating_sub(SHOWN) {
        0 => reply,
        more => reply.note(format!("{more} more are not shown; the API lists all.")),
    }
}

/// That a feed was added.
pub fn feed_added(feed: &Feed, marker: &str) -> Reply {
    Reply::said(format!(
        "Feed {} is added to {}: {}. Its articles come with the first poll, in a moment.",
        feed.id,
        plain(&feed.topic),
        feed.url
    ))
    .hint(format!("How it fares: {marker}feed list"))
}

/// That a feed was removed.
pub fn feed_removed(feed: &Feed) -> Reply {
    Reply::said(format!("Feed {} ({}) is removed. Its articles stay.", feed.id, plain(feed.label())))
}

/// When a feed is polled.
pub fn feed_due(feed: &Feed, at: Instant, marker: &str) -> Reply {
    let when = match feed.last_polled_at.is_none_or(|last| last < at) && feed.not_before.is_none_or(|until| until < at)
    {
        true => "in a moment".to_owned(),
        false => format!("at {}, not sooner: its server is to be left alone until then", time(at)),
    };
    Reply::said(format!("Feed {} ({}) is polled {when}.", feed.id, plain(feed.label())))
        .hint(format!("How it fares: {marker}feed list"))
}

fn line(feed: &Feed) -> String {
    let fares = match (feed.status, feed.last_polled_at) {
        (FeedStatus::Waiting, _) | (_, None) => "not polled yet".to_owned(),
        (FeedStatus::Gone, _) => feed.problem.clone(),
        (FeedStatus::Working, Some(last)) => {
            let problem = if feed.problem.is_empty() { String::new() } else { format!(" {}", feed.problem) };
            format!("{} new at {}, next {}.{problem}", feed.last_new, time(last), time(feed.next_poll_at))
        }
        (FeedStatus::Failing, Some(_)) => {
            format!("{} Failed {} in a row, next {}.", feed.problem, times(feed.failures), time(feed.next_poll_at))
        }
    };
    format!("{:>4}  {} · {} · {}", feed.id.0, plain(feed.label()), plain(&feed.topic), plain(&fares))
}

fn times(failures: i32) -> String {
    if failures == 1 { "once".to_owned() } else { format!("{failures} times") }
}

fn time(at: Instant) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// Words of others, without what could be markup.
fn plain(words: &str) -> String {
    let plain = words.chars().map(|c| match c {
        '[' | '<' => '(',
        ']' | '>' => ')',
        '`' | '*' | '~' | '|' => '\'',
        c => c,
    });
    excerpt(&plain.collect::<String>(), 400)
}
