//! Suites of questions.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Checks, Page};
use crate::domain::suite::{self, NewSuite, Suite, SuiteName, SuiteQuestion};
use crate::domain::trial;
use crate::web::Web;
use crate::web::auth::Signed;
use crate::web::body::{Json, Path, Query};
use crate::web::error::{Missing, Problem, Refusals, Unchanged, Unreadable};

pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(read, replace, delete))
}

/// One question of a suite.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
struct QuestionBody {
    /// 10 to 1,000 characters.
    #[serde(default)]
    test_query: String,
    /// The topic's name; see `/topics`.
    #[serde(default)]
    topic: String,
    /// How many articles at most: 5 to 200, 50 when left out.
    limit: Option<i64>,
}

/// What a suite holds.
#[derive(Debug, Deserialize, ToSchema)]
struct NewSuiteBody {
    /// `^[a-z0-9_]{3,50}$`, and free; the one in the path when left out.
    name: Option<String>,
    /// At most 100 characters.
    #[serde(default)]
    title: String,
    /// At most 500 characters.
    #[serde(default)]
    description: String,
    /// 1 to 100 questions, in order.
    #[serde(default)]
    questions: Vec<QuestionBody>,
}

fn parse(body: NewSuiteBody, known: &str) -> Result<NewSuite, Problem> {
    let mut checks = Checks::default();
    let name = checks.take(SuiteName::parse(body.name.as_deref().unwrap_or(known)));
    let title = checks.take(suite::parse_title(&body.title));
    let description = checks.take(suite::parse_description(&body.description));
    let mut questions = Vec::new();
    for one in body.questions {
        let question = checks.take(trial::parse_question(&one.test_query));
        let topic = checks.take(trial::parse_topic(&one.topic));
        let limit = checks.take(trial::parse_limit(one.limit));
        questions.extend(question.zip(topic).zip(limit).map(|((question, topic), article_limit)| SuiteQuestion {
            question,
            topic,
            article_limit,
        }));
    }
    let new = name.zip(title).zip(description).map(|((name, title), description)| NewSuite {
        name,
        title,
        description,
        questions,
    });
    checks.finish(new)
}

/// A suite of questions.
#[derive(Debug, Serialize, ToSchema)]
struct SuiteBody {
    name: String,
    title: String,
    description: String,
    /// Who may change it, beside administrators.
    owner: Option<String>,
    questions: Vec<QuestionBody>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Suite> for SuiteBody {
    fn from(suite: Suite) -> Self {
        let question = |one: SuiteQuestion| QuestionBody {
            test_query: one.question,
            topic: one.topic,
            limit: Some(one.article_limit.into()),
        };
        Self {
            name: suite.name,
            title: suite.title,
            description: suite.description,
            owner: suite.owner_name,
            questions: suite.questions.into_iter().map(question).collect(),
            created_at: suite.created_at,
            updated_at: suite.updated_at,
        }
    }
}

/// A page of the suites.
#[derive(Debug, Serialize, ToSchema)]
struct SuiteList {
    /// By name.
    suites: Vec<SuiteBody>,
    /// How many there are on all pages.
    total: i64,
}

/// Lists the suites of questions; everybody sees and runs all of them.
#[utoipa::path(get, path = "/suites", tag = "suites", params(Page),
    responses((status = 200, body = SuiteList), (status = 422, body = Problem, content_type = "application/problem+json",
        description = "The query does not fit."), Refusals))]
async fn list(
    State(web): State<Web>,
    Signed(actor): Signed,
    Query(page): Query<Page>,
) -> Result<axum::Json<SuiteList>, Problem> {
    let (limit, offset) = page.bounds()?;
    let (suites, total) = web.workshop.suites(&actor, limit, offset).await?;
    Ok(axum::Json(SuiteList { suites: suites.into_iter().map(SuiteBody::from).collect(), total }))
}

/// Saves questions as a suite, which you own.
#[utoipa::path(post, path = "/suites", tag = "suites", request_body = NewSuiteBody,
    responses((status = 201, body = SuiteBody, headers(("Location" = String))), Refusals, Unchanged, Unreadable))]
async fn create(
    State(web): State<Web>,
    Signed(actor): Signed,
    Json(body): Json<NewSuiteBody>,
) -> Result<Response, Problem> {
    let suite = web.workshop.create_suite(&actor, parse(body, "")?).await?;
    let location = format!("{}/suites/{}", super::ROOT, suite.name);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], axum::Json(SuiteBody::from(suite))).into_response())
}

/// Reads a suite.
#[utoipa::path(get, path = "/suites/{name}", tag = "suites", params(("name" = String, Path)),
    responses((status = 200, body = SuiteBody), Missing, Refusals))]
async fn read(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(name): Path<String>,
) -> Result<axum::Json<SuiteBody>, Problem> {
    Ok(axum::Json(web.workshop.suite(&actor, &name).await?.into()))
}

/// Replaces all that a suite holds. Only its owner and administrators may.
#[utoipa::path(put, path = "/suites/{name}", tag = "suites", params(("name" = String, Path)),
    request_body = NewSuiteBody, responses((status = 200, body = SuiteBody), Missing, Refusals, Unchanged, Unreadable))]
async fn replace(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(name): Path<String>,
    Json(body): Json<NewSuiteBody>,
) -> Result<axum::Json<SuiteBody>, Problem> {
    let new = parse(body, &name)?;
    Ok(axum::Json(web.workshop.replace_suite(&actor, &name, new).await?.into()))
}

/// Deletes a suite; what was run of it stays. Only its owner and administrators may.
#[utoipa::path(delete, path = "/suites/{name}", tag = "suites", params(("name" = String, Path)),
    responses((status = 200, body = Object), Missing, Refusals, Unchanged))]
async fn delete(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(name): Path<String>,
) -> Result<axum::Json<serde_json::Value>, Problem> {
    web.workshop.delete_suite(&actor, &name).await?;
    Ok(axum::Json(json!({ "message": format!("Suite {name} is deleted. What was run of it stays.") })))
}
