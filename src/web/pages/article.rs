//! One article, with everything that is known of it.

use askama::Template;
use axum::extract::State;

use super::frame::{Frame, Section};
use super::shown::{Day, Moment};
use super::{Page, html};
use crate::domain::ArticleId;
use crate::domain::article::StoredArticle;
use crate::domain::text::excerpt;
use crate::web::Web;
use crate::web::auth::Visitor;
use crate::web::body::Path;
use crate::web::error::Problem;
use crate::workshop::Error;

#[derive(Template)]
#[template(path = "article.html", config = "src/web/askama.toml")]
struct OneArticle {
    frame: Frame,
    stored: StoredArticle,
    date: Day,
    updated: Moment,
    /// The whole text.
    paragraphs: Vec<String>,
    /// What Auspex notes of it.
    facts: Vec<(&'static str, String)>,
}

/// Shows an article.
pub(super) async fn show(State(web): State<Web>, Visitor(actor): Visitor, Path(id): Path<ArticleId>) -> Page {
    let stored = match web.workshop.article(&actor, id).await {
        Err(Error::NotFound(_)) => {
            let detail = "There is no such article. If it was removed, tests that read it still show what they cite.";
            return Err(Problem::missing(detail).into());
        }
        found => found?,
    };
    let article = &stored.article;
    let facts = [
        ("Category", &article.category),
        ("Sentiment", &article.sentiment),
        ("Future signal", &article.future_signal),
        ("Time to impact", &article.time_to_impact),
        ("Driver", &article.driver_type),
        ("Bias of the source", &article.bias),
        ("Factual reporting", &article.factual_reporting),
    ];
    let facts = facts.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name, value.clone()));
    let body = article.body.as_deref().unwrap_or_default();
    let paragraphs = body.split('\n').map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned);
    html(&OneArticle {
        frame: Frame::of(&actor, Section::Articles, excerpt(&article.title, 80)),
        date: Day::of(article.publication_date),
        updated: Moment::at(stored.updated_at),
        paragraphs: paragraphs.collect(),
        facts: facts.collect(),
        stored,
    })
}
