//! The articles that tests and sessions read: topics, and a search.

use askama::Template;
use axum::extract::{Query, State};
use serde::Deserialize;

use super::frame::{Frame, Section};
use super::shown::Day;
use super::{Page, html};
use crate::choice;
use crate::domain::article::ListedArticle;
use crate::domain::text::excerpt;
use crate::web::Web;
use crate::web::auth::Visitor;
use crate::workshop::archive::Browse;
use crate::workshop::article::TopicInfo;

/// Articles on one page.
const ROWS: i64 = 25;
/// The most characters of a search.
const WORDS: usize = 300;

choice! {
    /// How far back articles are looked for.
    pub enum Period {
        /// The last 7 days.
        Week = "week",
        /// The last 30 days.
        Month = "month",
        /// The last 365 days.
        Year = "year",
    }
}

impl Period {
    fn days(self) -> u32 {
        match self {
            Self::Week => 7,
            Self::Month => 30,
            Self::Year => 365,
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Week => "Last 7 days",
            Self::Month => "Last 30 days",
            Self::Year => "Last 12 months",
        }
    }
}

/// An article that was found.
struct Found {
    article: ListedArticle,
    date: Day,
    summary: String,
}

/// A topic to choose.
struct Listed {
    topic: TopicInfo,
    from: Option<Day>,
    to: Option<Day>,
    href: String,
    chosen: bool,
}

/// A period to choose.
struct Choice {
    word: &'static str,
    label: &'static str,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "articles.html", config = "src/web/askama.toml")]
struct Articles {
    frame: Frame,
    query: String,
    topic: String,
    about: String,
    topics: Vec<Listed>,
    periods: Vec<Choice>,
    found: Vec<Found>,
    filtered: bool,
    page: i64,
    before: Option<String>,
    after: Option<String>,
    admin: bool,
}

/// What to look for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    query: Option<String>,
    topic: Option<String>,
    period: Option<String>,
    page: Option<String>,
}

/// An address of this page.
fn address(query: &str, topic: &str, period: Option<Period>, page: i64) -> String {
    let mut fields = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in [("query", query), ("topic", topic), ("period", period.map_or("", Period::as_str))] {
        if !value.is_empty() {
            fields.append_pair(name, value);
        }
    }
    if page > 1 {
        fields.append_pair("page", &page.to_string());
    }
    let fields = fields.finish();
    if fields.is_empty() { "/articles".to_owned() } else { format!("/articles?{fields}") }
}

/// Shows the topics and what was looked for.
pub(super) async fn show(State(web): State<Web>, Visitor(actor): Visitor, Query(wanted): Query<Wanted>) -> Page {
    let query: String = wanted.query.unwrap_or_default().trim().chars().take(WORDS).collect();
    let topic = wanted.topic.unwrap_or_default();
    let period: Option<Period> = wanted.period.as_deref().and_then(|word| word.parse().ok());
    let page = super::page_number(wanted.page.as_deref());
    let browse = Browse {
        words: query.clone(),
        topic: Some(topic.clone()).filter(|topic| !topic.is_empty()),
        days: period.map(Period::days),
    };
    let (found, more) = web.workshop.browse_articles(&actor, &browse, ROWS, (page - 1) * ROWS).await?;
    let topics = web.workshop.topics().await?;
    let about = topics.iter().find(|one| one.name == topic).map(|one| one.description.clone()).unwrap_or_default();
    let listed = |one: TopicInfo| Listed {
        from: one.oldest.map(Day::of),
        to: one.newest.map(Day::of),
        href: address(&query, &one.name, period, 1),
        chosen: one.name == topic,
        topic: one,
    };
    let period_of = |one: Period| Choice { word: one.as_str(), label: one.label(), chosen: Some(one) == period };
    let found = found.into_iter().map(|article| Found {
        date: Day::of(article.publication_date),
        summary: excerpt(&article.summary, 280),
        article,
    });
    html(&Articles {
        frame: Frame::of(&actor, Section::Articles, "Articles"),
        found: found.collect(),
        topics: topics.into_iter().map(listed).collect(),
        periods: Period::ALL.iter().copied().map(period_of).collect(),
        filtered: !query.is_empty() || !topic.is_empty() || period.is_some(),
        before: (page > 1).then(|| address(&query, &topic, period, page - 1)),
        after: more.then(|| address(&query, &topic, period, page + 1)),
        page,
        query,
        topic,
        about,
        admin: actor.is_admin,
    })
}
