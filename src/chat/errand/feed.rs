//! Errands about feeds, which articles come from.

use serde::{Deserialize, Serialize};

use super::{Caller, Errand as Any, Given, Noun, Word, word};
use crate::chat::command::Unclear;
use crate::chat::reply::{self, Reply};
use crate::chat::slot::{Kind, Slot, needed};
use crate::domain::FeedId;
use crate::workshop::Error;
use crate::workshop::feed::AddFeed;

/// What can be said about feeds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Errand {
    /// List them.
    List,
    /// Add one.
    Add {
        /// Its address.
        url: String,
        /// The topic of its articles.
        topic: String,
    },
    /// Remove one.
    Remove {
        /// Its number.
        feed: FeedId,
    },
    /// Poll one soon.
    Poll {
        /// Its number.
        feed: FeedId,
    },
}

const NUMBER: Slot = needed("feed", Kind::Number, "The feed's number, such as 3");

const WORDS: &[Word] = &[
    word("feed list", "", "list the feeds", &[]),
    word(
        "feed add",
        "URL TOPIC",
        "add an RSS, Atom or JSON feed",
        &[
            needed("url", Kind::Text(2_000), "Such as https://example.org/feed.xml"),
            needed("topic", Kind::Topic, "The topic of its articles"),
        ],
    ),
    word("feed remove", "N", "remove a feed; its articles stay", &[NUMBER]),
    word("feed poll", "N", "look for new articles soon", &[NUMBER]),
];

pub(super) const NOUN: Noun = Noun { words: WORDS, read };

fn read(given: &Given<'_>) -> Result<Any, Unclear> {
    Ok(Any::Feed(match given.verb {
        "feed list" => Errand::List,
        "feed add" => Errand::Add { url: given.needed("url")?, topic: given.needed("topic")? },
        "feed remove" => Errand::Remove { feed: given.parsed_needed("feed")? },
        "feed poll" => Errand::Poll { feed: given.parsed_needed("feed")? },
        _ => return Err(given.usage()),
    }))
}

impl Errand {
    pub(super) fn only_reads(&self) -> bool {
        match self {
            Self::List => true,
            Self::Add { .. } | Self::Remove { .. } | Self::Poll { .. } => false,
        }
    }

    pub(super) fn typed(&self) -> &str {
        match self {
            Self::Add { url, .. } => url,
            Self::List | Self::Remove { .. } | Self::Poll { .. } => "",
        }
    }

    pub(super) async fn run(&self, caller: &Caller<'_>) -> Result<Reply, Error> {
        let Caller { workshop, actor, marker, .. } = caller;
        Ok(match self {
            Self::List => reply::feeds(&workshop.feeds(actor).await?, marker),
            Self::Add { url, topic } => {
                let add = AddFeed { url: url.clone(), topic: topic.clone(), ..AddFeed::default() };
                reply::feed_added(&workshop.add_feed(actor, &add).await?, marker)
            }
            Self::Remove { feed } => reply::feed_removed(&workshop.remove_feed(actor, *feed).await?),
            Self::Poll { feed } => {
                let (feed, at) = workshop.poll_feed(actor, *feed).await?;
                reply::feed_due(&feed, at, marker)
            }
        })
    }
}
