//! Tests side by side, and the history of a draft.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::tests::{ArticleBody, WholeTrial};
use crate::domain::article::FrozenArticle;
use crate::domain::history::Tested;
use crate::domain::{DraftId, Invalid, TrialId};
use crate::web::Web;
use crate::web::auth::Signed;
use crate::web::body::{Path, Query};
use crate::web::error::{Missing, Problem, Refusals};

pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(compare)).routes(routes!(history))
}

/// What to compare.
#[derive(Debug, Deserialize, IntoParams)]
struct Wanted {
    /// Ids of 2 to 6 tests, separated by commas.
    tests: Option<String>,
}

/// One test beside others.
#[derive(Debug, Serialize, ToSchema)]
struct ComparedBody {
    /// The test: answer, citation check, metrics and ratings.
    test: WholeTrial,
    /// What its prompt changes against that of the first test, as a unified diff; empty where nothing differs.
    prompt_diff: String,
    /// Articles that no other of the tests was given.
    articles_only_here: Vec<ArticleBody>,
}

/// Tests side by side.
#[derive(Debug, Serialize, ToSchema)]
struct ComparisonBody {
    /// In the order they were named.
    tests: Vec<ComparedBody>,
    /// Articles that every test was given.
    articles_in_common: Vec<ArticleBody>,
}

/// Compares 2 to 6 tests, of any drafts that you may see.
#[utoipa::path(get, path = "/tests/compare", tag = "tests", params(Wanted),
    responses((status = 200, body = ComparisonBody), (status = 422, body = Problem,
        content_type = "application/problem+json", description = "These are not 2 to 6 tests."), Missing, Refusals))]
async fn compare(
    State(web): State<Web>,
    Signed(actor): Signed,
    Query(wanted): Query<Wanted>,
) -> Result<axum::Json<ComparisonBody>, Problem> {
    let named = wanted.tests.unwrap_or_default();
    let ids: Result<Vec<TrialId>, _> =
        named.split(',').filter(|id| !id.is_empty()).map(|id| id.trim().parse()).collect();
    let ids = ids.map_err(|_| Invalid::new("tests", "must be ids of tests, separated by commas"))?;
    let comparison = web.workshop.compare_trials(&actor, &ids).await?;
    let bodies = |articles: Vec<FrozenArticle>| articles.into_iter().enumerate().map(ArticleBody::of).collect();
    let mut tests = Vec::new();
    for compared in comparison.tests {
        tests.push(ComparedBody {
            test: super::tests::whole(&web, &actor, compared.trial).await?,
            prompt_diff: compared.diff,
            articles_only_here: bodies(compared.only),
        });
    }
    Ok(axum::Json(ComparisonBody { tests, articles_in_common: bodies(comparison.common) }))
}

/// What the tests of one text came to.
#[derive(Debug, Serialize, ToSchema)]
struct TestedBody {
    /// The revision of the draft that was tested.
    revision: Option<i32>,
    /// Or the version of its prompt that was.
    version: Option<i32>,
    tests: i64,
    answered: i64,
    mean_rating: Option<f64>,
    rating_count: i64,
    /// The share of links that are valid, from 0 to 1.
    citation_validity: Option<f64>,
    mean_seconds: Option<f64>,
}

impl From<Tested> for TestedBody {
    fn from(tested: Tested) -> Self {
        Self {
            revision: tested.revision.map(|number| number.0),
            version: tested.version.map(|number| number.0),
            tests: tested.tests,
            answered: tested.answered,
            mean_rating: tested.mean_rating,
            rating_count: tested.ratings,
            citation_validity: tested.citation_validity,
            mean_seconds: tested.mean_seconds,
        }
    }
}

/// The history of a draft.
#[derive(Debug, Serialize, ToSchema)]
struct HistoryBody {
    draft_id: i32,
    /// The latest texts last.
    history: Vec<TestedBody>,
}

/// Sums up the tests of each revision of a draft: ratings, valid citations, seconds.
#[utoipa::path(get, path = "/prompts/workshop/drafts/{id}/history", tag = "tests", params(("id" = i32, Path)),
    responses((status = 200, body = HistoryBody), Missing, Refusals))]
async fn history(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(id): Path<DraftId>,
) -> Result<axum::Json<HistoryBody>, Problem> {
    let history = web.workshop.history(&actor, id).await?.into_iter().map(TestedBody::from).collect();
    Ok(axum::Json(HistoryBody { draft_id: id.0, history }))
}
