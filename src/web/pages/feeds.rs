//! Feeds that articles come from, and topics; administrators look after both.

use askama::Template;
use axum::extract::State;

use super::frame::{Frame, Section};
use super::shown::Moment;
use super::{Page, html};
use crate::domain::feed::{Feed, FeedStatus};
use crate::web::Web;
use crate::web::auth::Visitor;
use crate::workshop::article::TopicInfo;

/// A feed in the list.
struct Listed {
    feed: Feed,
    polled: Option<Moment>,
    next: Moment,
    /// How its status looks.
    look: &'static str,
}

#[derive(Template)]
#[template(path = "feeds.html", config = "src/web/askama.toml")]
struct Feeds {
    frame: Frame,
    feeds: Vec<Listed>,
    topics: Vec<TopicInfo>,
    interval: u32,
    admin: bool,
}

/// Shows the feeds, and for administrators how to change them.
pub(super) async fn show(State(web): State<Web>, Visitor(actor): Visitor) -> Page {
    let feeds = web.workshop.feeds(&actor).await?.into_iter().map(|feed| Listed {
        polled: feed.last_polled_at.map(Moment::at),
        next: Moment::at(feed.next_poll_at),
        look: match feed.status {
            FeedStatus::Waiting => "info",
            FeedStatus::Working => "good",
            FeedStatus::Failing => "bad",
            FeedStatus::Gone => "warn",
        },
        feed,
    });
    html(&Feeds {
        frame: Frame::of(&actor, Section::Articles, if actor.is_admin { "Feeds and topics" } else { "Feeds" }),
        feeds: feeds.collect(),
        topics: web.workshop.topics().await?,
        interval: web.workshop.settings().feeds.interval_minutes,
        admin: actor.is_admin,
    })
}
