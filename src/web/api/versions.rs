//! Versions of prompts, and the labels that point to them.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Page;
use super::tests::TrialBody;
use crate::domain::library::{self, Label, Version};
use crate::domain::proposal::DiffPart;
use crate::domain::{Invalid, VersionNumber};
use crate::web::Web;
use crate::web::auth::Signed;
use crate::web::body::{Json, Path, Query};
use crate::web::error::{Missing, Problem, Refusals, Unchanged, Unreadable};

pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(read))
        .routes(routes!(diff))
        .routes(routes!(revert))
        .routes(routes!(set_label, delete_label))
}

/// A version of a prompt.
#[derive(Debug, Serialize, ToSchema)]
struct VersionBody {
    version: i32,
    /// Why it was made.
    note: String,
    /// Who published it.
    author: Option<String>,
    /// The labels that point to it.
    labels: Vec<String>,
    /// Characters of its text.
    length: i32,
    /// Answered tests of its text.
    total_tests: i64,
    /// The mean of their stars.
    mean_rating: Option<f64>,
    created_at: DateTime<Utc>,
}

impl From<Version> for VersionBody {
    fn from(version: Version) -> Self {
        Self {
            version: version.number.0,
            note: version.note,
            author: version.author,
            labels: version.labels,
            length: version.length,
            total_tests: version.tests,
            mean_rating: version.mean_rating,
            created_at: version.created_at,
        }
    }
}

/// The history of a prompt.
#[derive(Debug, Serialize, ToSchema)]
struct VersionList {
    name: String,
    /// Newest first.
    versions: Vec<VersionBody>,
    total: i64,
}

/// Lists the versions of a prompt.
#[utoipa::path(get, path = "/prompts/{name}/versions", tag = "library", params(("name" = String, Path), Page),
    responses((status = 200, body = VersionList), (status = 422, body = Problem,
        content_type = "application/problem+json", description = "The query does not fit."), Missing, Refusals))]
async fn list(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(name): Path<String>,
    Query(page): Query<Page>,
) -> Result<axum::Json<VersionList>, Problem> {
    let (limit, offset) = page.bounds()?;
    let (versions, total) = web.workshop.versions(&actor, &name, limit, offset).await?;
    Ok(axum::Json(VersionList { name, versions: versions.into_iter().map(VersionBody::from).collect(), total }))
}

/// A version with its text and the tests that its draft had.
#[derive(Debug, Serialize, ToSchema)]
struct VersionDetailBody {
    name: String,
    #[serde(flatten)]
    version: VersionBody,
    content: String,
    /// Newest first.
    tests: Vec<TrialBody>,
}

/// Reads a version.
#[utoipa::path(get, path = "/prompts/{name}/versions/{n}", tag = "library",
    params(("name" = String, Path), ("n" = i32, Path)),
    responses((status = 200, body = VersionDetailBody), Missing, Refusals))]
async fn read(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path((name, number)): Path<(String, VersionNumber)>,
) -> Result<axum::Json<VersionDetailBody>, Problem> {
    let detail = web.workshop.version(&actor, &name, number).await?;
    let tests = detail.tests.iter().map(|trial| TrialBody::of(trial, &actor)).collect();
    let (name, version) = (detail.prompt, detail.version.into());
    Ok(axum::Json(VersionDetailBody { name, version, content: detail.text, tests }))
}

/// How two versions differ.
#[derive(Debug, Serialize, ToSchema)]
struct VersionDiffBody {
    name: String,
    from: i32,
    to: i32,
    /// Line by line, as a unified diff; empty when they are the same.
    diff: String,
    /// Word by word.
    words: Vec<DiffPart>,
}

/// Compares version `n` with version `m`.
#[utoipa::path(get, path = "/prompts/{name}/versions/{n}/diff/{m}", tag = "library",
    params(("name" = String, Path), ("n" = i32, Path), ("m" = i32, Path)),
    responses((status = 200, body = VersionDiffBody), Missing, Refusals))]
async fn diff(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path((name, from, to)): Path<(String, VersionNumber, VersionNumber)>,
) -> Result<axum::Json<VersionDiffBody>, Problem> {
    let diff = web.workshop.version_diff(&actor, &name, from, to).await?;
    Ok(axum::Json(VersionDiffBody { name, from: from.0, to: to.0, diff: diff.unified, words: diff.words }))
}

/// Which version to go back to.
#[derive(Debug, Deserialize, ToSchema)]
struct RevertBody {
    version: Option<i32>,
    /// Why: at most 500 characters.
    #[serde(default)]
    note: String,
}

/// The version that was made.
#[derive(Debug, Serialize, ToSchema)]
struct RevertedBody {
    name: String,
    version: i32,
    message: String,
}

/// Makes the text of an earlier version the next one. Labels stay where they are.
#[utoipa::path(post, path = "/prompts/{name}/revert", tag = "library", params(("name" = String, Path)),
    request_body = RevertBody,
    responses((status = 201, body = RevertedBody), Missing, Refusals, Unchanged, Unreadable))]
async fn revert(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(name): Path<String>,
    Json(body): Json<RevertBody>,
) -> Result<Response, Problem> {
    // Whoever may not see the prompt hears that first, whatever else is wrong.
    web.workshop.prompt(&actor, &name).await?;
    let to = body.version.ok_or_else(|| Invalid::new("version", "is needed: which one to go back to"))?;
    let note = library::parse_note(&body.note)?;
    let (_, number) = web.workshop.revert_prompt(&actor, &name, VersionNumber(to), Some(note)).await?;
    let message = format!("Version {number} of {name} has the text of version {to}.");
    let location = format!("{}/prompts/{name}/versions/{number}", super::ROOT);
    let reverted = RevertedBody { name, version: number.0, message };
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], axum::Json(reverted)).into_response())
}

/// Where a label is to point.
#[derive(Debug, Deserialize, ToSchema)]
struct LabelBody {
    version: Option<i32>,
}

/// Where a label points.
#[derive(Debug, Serialize, ToSchema)]
struct LabelledBody {
    name: String,
    label: String,
    /// Nothing when the label was taken away.
    version: Option<i32>,
    /// Where it pointed before.
    previous_version: Option<i32>,
}

/// Points a label to a version. Only owners move `production`.
#[utoipa::path(put, path = "/prompts/{name}/labels/{label}", tag = "library",
    params(("name" = String, Path), ("label" = String, Path)), request_body = LabelBody,
    responses((status = 200, body = LabelledBody), Missing, Refusals, Unchanged, Unreadable))]
async fn set_label(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path((name, label)): Path<(String, String)>,
    Json(body): Json<LabelBody>,
) -> Result<axum::Json<LabelledBody>, Problem> {
    web.workshop.prompt(&actor, &name).await?;
    let label = Label::parse(&label)?;
    let version = body.version.ok_or_else(|| Invalid::new("version", "is needed: where the label is to point"))?;
    let (_, before) = web.workshop.set_label(&actor, &name, &label, VersionNumber(version)).await?;
    let previous_version = before.map(|before| before.0);
    Ok(axum::Json(LabelledBody { name, label: label.to_string(), version: Some(version), previous_version }))
}

/// Takes a label away; asking for it is an error from then on.
#[utoipa::path(delete, path = "/prompts/{name}/labels/{label}", tag = "library",
    params(("name" = String, Path), ("label" = String, Path)),
    responses((status = 200, body = LabelledBody), (status = 422, body = Problem,
        content_type = "application/problem+json", description = "No such label can be."), Missing, Refusals, Unchanged))]
async fn delete_label(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path((name, label)): Path<(String, String)>,
) -> Result<axum::Json<LabelledBody>, Problem> {
    let prompt = web.workshop.prompt(&actor, &name).await?;
    let label = Label::parse(&label)?;
    let previous_version = prompt.labels.get(label.as_str()).map(|version| version.0);
    web.workshop.delete_label(&actor, &name, &label).await?;
    Ok(axum::Json(LabelledBody { name, label: label.to_string(), version: None, previous_version }))
}
