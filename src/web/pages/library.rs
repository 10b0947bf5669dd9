//! The library: finding prompts, with the evidence that they work.

use std::borrow::Borrow;

use askama::Template;
use axum::extract::State;
use serde::Deserialize;

use super::frame::{Frame, Section};
use super::paging::{Paging, page_number};
use super::shown::{Moment, Rated, counted};
use super::{Page, html};
use crate::domain::access::Visibility;
use crate::domain::library::{Evidence, Filter, Prompt, Sort};
use crate::domain::text::excerpt;
use crate::web::Web;
use crate::web::auth::Visitor;
use crate::web::body::Query;

/// How many prompts a page.
const SIZE: i64 = 24;

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    query: String,
    tag: String,
    visibility: String,
    sort: String,
    page: Option<String>,
}

#[derive(Template)]
#[template(path = "library.html", config = "src/web/askama.toml")]
struct Library {
    frame: Frame,
    wanted: Wanted,
    cards: Vec<Card>,
    total: i64,
    paging: Paging,
}

/// A prompt in the list.
struct Card {
    prompt: Prompt,
    evidence: Option<Evidence>,
}

impl Card {
    fn rating(&self) -> Option<Rated> {
        self.evidence.and_then(|evidence| evidence.mean_rating).map(Rated::mean)
    }

    /// What speaks for it, for people.
    fn counts(&self) -> String {
        let (tests, ratings) = self.evidence.map_or((0, 0), |evidence| (evidence.tests, evidence.ratings));
        let uses = match self.prompt.uses {
            0 => "not asked yet".to_owned(),
            uses => format!("asked {}", counted(uses, "time", "times")),
        };
        let tests = if tests == 0 { "no tests".to_owned() } else { counted(tests, "test", "tests") };
        match ratings {
            0 => format!("{tests} · {uses}"),
            ratings => format!("{} · {tests} · {uses}", counted(ratings, "rating", "ratings")),
        }
    }

    fn description(&self) -> String {
        excerpt(&self.prompt.description, 180)
    }
}

impl Library {
    /// Whether anything is looked for at all.
    fn is_narrowed(&self) -> bool {
        let Wanted { query, tag, visibility, .. } = &self.wanted;
        !(query.is_empty() && tag.is_empty() && visibility.is_empty())
    }
}

/// Shows the prompts that one may see.
pub(super) async fn list(State(web): State<Web>, Visitor(actor): Visitor, Query(wanted): Query<Wanted>) -> Page {
    let page = page_number(wanted.page.as_deref());
    let tag = wanted.tag.trim().to_lowercase();
    let filter = Filter {
        query: wanted.query.chars().take(200).collect(),
        tag: (!tag.is_empty()).then_some(tag),
        visibility: wanted.visibility.parse().ok(),
        sort: wanted.sort.parse().ok(),
    };
    let (prompts, total) = web.workshop.prompts(&actor, &filter, SIZE, (page - 1) * SIZE).await?;
    let evidence = web.workshop.evidence(&prompts).await?;
    let card = |prompt: Prompt| {
        let evidence = evidence.iter().find(|evidence| evidence.prompt == prompt.id).copied();
        Card { prompt, evidence }
    };
    let query = [
        ("query", wanted.query.as_str()),
        ("tag", &wanted.tag),
        ("visibility", &wanted.visibility),
        ("sort", &wanted.sort),
    ];
    html(&Library {
        frame: Frame::of(&actor, Section::Library, "Library"),
        paging: Paging::of("/library", &query, page, total, SIZE),
        cards: prompts.into_iter().map(card).collect(),
        wanted,
        total,
    })
}

/// Who sees a prompt, for people.
pub(super) fn seen_by(visibility: impl Borrow<Visibility>) -> &'static str {
    match visibility.borrow() {
        Visibility::Private => "private",
        Visibility::Team => "team",
        Visibility::Public => "public",
    }
}

/// The orders of the list, with their names.
fn orders() -> [(Sort, &'static str); 4] {
    [(Sort::Name, "By name"), (Sort::Updated, "Changed last"), (Sort::Created, "Newest"), (Sort::Uses, "Asked most")]
}
