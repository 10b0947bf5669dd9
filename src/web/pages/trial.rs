//! A test: its question, its answer with every citation judged, the articles it was given, what people think of it.

use askama::Template;
use axum::extract::State;

use super::answer::{AnswerView, Given};
use super::frame::{Frame, Section};
use super::shown::{Day, Moment};
use super::{Page, html};
use crate::domain::article::FrozenArticle;
use crate::domain::draft::Draft;
use crate::domain::sharing::Target;
use crate::domain::text::excerpt;
use crate::domain::trial::{Stage, Trial, TrialStatus};
use crate::domain::{Access, ArticleId, DraftId, RevisionNumber, TrialId};
use crate::web::Web;
use crate::web::auth::Visitor;
use crate::web::body::Path;
use crate::web::error::Problem;

/// How many other tests can be chosen to compare with.
const OTHERS: i64 = 50;

#[derive(Template)]
#[template(path = "trial.html", config = "src/web/askama.toml")]
struct TrialPage {
    frame: Frame,
    draft: Draft,
    trial: Trial,
    answer: Option<AnswerView>,
    given: Given,
    others: Vec<Other>,
    may_test: bool,
}

/// Another test of the same draft.
struct Other {
    id: TrialId,
    label: String,
}

impl TrialPage {
    /// The page of what was tested.
    fn tested_at(&self) -> Option<String> {
        match &self.trial.version {
            Some((prompt, number)) => Some(format!("/library/{prompt}?version={number}")),
            None if self.trial.revision == RevisionNumber(0) => None,
            None => Some(format!("/workshop/{}?revision={}", self.draft.id, self.trial.revision)),
        }
    }

    /// What the test is doing, for people.
    fn doing(&self) -> &'static str {
        match (self.trial.status, self.trial.stage) {
            (TrialStatus::Queued, _) | (_, Stage::Queued) => "Waiting for a free worker.",
            (_, Stage::Searching) => "Looking for articles.",
            (_, Stage::Writing) => "The model is writing.",
            (_, Stage::Done) => "Nearly done.",
        }
    }

    /// How far it is, of three steps.
    fn step(&self) -> u8 {
        match self.trial.stage {
            Stage::Queued => 0,
            Stage::Searching => 1,
            Stage::Writing => 2,
            Stage::Done => 3,
        }
    }
}

/// Shows a test.
pub(super) async fn show(
    State(web): State<Web>,
    Visitor(actor): Visitor,
    Path((draft, id)): Path<(DraftId, TrialId)>,
) -> Page {
    let trial = web.workshop.trial(&actor, draft, id).await?;
    let draft = web.workshop.draft(&actor, draft).await?;
    let articles = web.workshop.trial_articles(&trial).await?;
    let (tests, _) = web.workshop.trials(&actor, draft.id, OTHERS, 0).await?;
    let yours = web.workshop.shares(&actor, &Target::Draft(draft.id)).await?.yours;
    let may_comment = yours.allows(Access::Commenter);
    let base = format!("/workshop/{}/tests/{id}/articles", draft.id);
    let page = TrialPage {
        frame: Frame::of(&actor, Section::Workshops, format!("Test of {}", trial.tested())),
        answer: AnswerView::of(&trial, &actor, may_comment, "test"),
        given: Given::of(&articles, trial.citations.as_ref(), base),
        others: tests.iter().filter(|other| other.id != id).filter_map(other).collect(),
        may_test: may_comment && draft.writable().is_ok(),
        draft,
        trial,
    };
    html(&page)
}

/// A test to compare with, if it was answered.
fn other(trial: &Trial) -> Option<Other> {
    trial.response.as_ref()?;
    let stars = trial.mean_rating().map(|mean| format!(" · {mean:.1} stars")).unwrap_or_default();
    let label = format!("{}{stars} · {}", trial.tested(), excerpt(&trial.question, 60));
    Some(Other { id: trial.id, label })
}

/// An article as an answer saw it.
#[derive(Template)]
#[template(path = "given_article.html", config = "src/web/askama.toml")]
struct ArticlePage {
    frame: Frame,
    article: FrozenArticle,
    rank: usize,
    total: usize,
    /// Where the answer is.
    back: String,
}

/// Shows an article as a test saw it.
pub(super) async fn article(
    State(web): State<Web>,
    Visitor(actor): Visitor,
    Path((draft, id, article)): Path<(DraftId, TrialId, ArticleId)>,
) -> Page {
    let trial = web.workshop.trial(&actor, draft, id).await?;
    let articles = web.workshop.trial_articles(&trial).await?;
    let frame = |title| Frame::of(&actor, Section::Workshops, title);
    given_article(articles, article, format!("/workshop/{draft}/tests/{id}"), frame)
}

/// The page of one of the articles that an answer was given.
pub(super) fn given_article(
    articles: Vec<FrozenArticle>,
    id: ArticleId,
    back: String,
    frame: impl FnOnce(String) -> Frame,
) -> Page {
    let total = articles.len();
    let found = articles.into_iter().enumerate().find(|(_, article)| article.id == id);
    let (index, article) = found.ok_or_else(Problem::no_such_thing)?;
    html(&ArticlePage { frame: frame(article.title.clone()), article, rank: index + 1, total, back })
}
