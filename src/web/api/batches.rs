//! Batches of tests: a suite run at once on several texts and models.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::tests::preferred_wait;
use super::{Checks, Page};
use crate::domain::batch::{Batch, BatchStatus, Cell, Summary, Texts};
use crate::domain::trial::{self, TrialStatus};
use crate::domain::{BatchId, DraftId, RevisionNumber, VersionNumber};
use crate::web::Web;
use crate::web::auth::Signed;
use crate::web::body::{Json, Path, Query};
use crate::web::error::{Missing, Problem, Refusals, Unchanged, Unreadable};
use crate::workshop::batch::{BatchRequest, Report};

pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(start, list)).routes(routes!(read)).routes(routes!(cancel))
}

/// What to run on what.
#[derive(Debug, Deserialize, ToSchema)]
struct NewBatchBody {
    /// The suite's name.
    #[serde(default)]
    suite: String,
    /// Revisions of the draft; the current one when neither these nor versions are named.
    #[serde(default)]
    revisions: Vec<i32>,
    /// Versions of the prompt that the draft was committed to, or else was cloned from.
    #[serde(default)]
    versions: Vec<i32>,
    /// Models; the configured one when left out.
    #[serde(default)]
    models: Vec<String>,
    /// How many articles at most, 5 to 200, for every question; each question's own when left out.
    limit: Option<i64>,
}

fn parse(body: NewBatchBody) -> Result<BatchRequest, Problem> {
    let mut checks = Checks::default();
    let models = body.models.iter().filter_map(|model| checks.take(trial::parse_model(model))).collect();
    let limit = body.limit.map(|limit| checks.take(trial::parse_limit(Some(limit))));
    let texts = Texts {
        revisions: body.revisions.into_iter().map(RevisionNumber).collect(),
        versions: body.versions.into_iter().map(VersionNumber).collect(),
    };
    checks.finish(Some(BatchRequest { suite: body.suite, texts, models, article_limit: limit.flatten() }))
}

/// A batch.
#[derive(Debug, Serialize, ToSchema)]
struct BatchBody {
    batch_id: uuid::Uuid,
    draft_id: i32,
    suite: String,
    /// Texts, and models where there are several, such as "rev 3" or "v2 · some-model".
    columns: Vec<String>,
    status: BatchStatus,
    /// Whether it waits until your batch before it has ended.
    waits_for_own: bool,
    /// How many tests have ended.
    done: i32,
    /// How many tests it has.
    total: i32,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

impl From<Batch> for BatchBody {
    fn from(batch: Batch) -> Self {
        Self {
            batch_id: batch.id.0,
            draft_id: batch.draft.0,
            suite: batch.suite,
            columns: batch.columns,
            status: batch.status,
            waits_for_own: batch.waits_for_own,
            done: batch.done,
            total: batch.tests,
            created_at: batch.created_at,
            started_at: batch.started_at,
            finished_at: batch.finished_at,
        }
    }
}

/// One test of a batch.
#[derive(Debug, Serialize, ToSchema)]
struct CellBody {
    /// Read it at `/prompts/workshop/drafts/{id}/tests/{test_id}`.
    test_id: uuid::Uuid,
    status: TrialStatus,
    /// The mean of everybody's stars.
    mean_rating: Option<f64>,
    /// Links that are those of an article it was given.
    valid_links: i32,
    /// All links.
    links: i32,
    execution_time_ms: Option<i32>,
}

impl From<Cell> for CellBody {
    fn from(cell: Cell) -> Self {
        Self {
            test_id: cell.trial.0,
            status: cell.status,
            mean_rating: cell.mean_rating,
            valid_links: cell.valid_links,
            links: cell.links,
            execution_time_ms: cell.execution_ms,
        }
    }
}

/// The tests of one question.
#[derive(Debug, Serialize, ToSchema)]
struct RowBody {
    query: String,
    /// One for each column.
    cells: Vec<Option<CellBody>>,
}

/// What the answered tests of a column have in common.
#[derive(Debug, Serialize, ToSchema)]
struct SummaryBody {
    answered: usize,
    mean_rating: Option<f64>,
    /// The share of links that are valid, from 0 to 1.
    citation_validity: Option<f64>,
    mean_seconds: Option<f64>,
}

impl From<Summary> for SummaryBody {
    fn from(summary: Summary) -> Self {
        let Summary { answered, mean_rating, citation_validity, mean_seconds } = summary;
        Self { answered, mean_rating, citation_validity, mean_seconds }
    }
}

/// A batch with its results so far.
#[derive(Debug, Serialize, ToSchema)]
struct WholeBatch {
    #[serde(flatten)]
    batch: BatchBody,
    /// Results by question.
    table: Vec<RowBody>,
    /// One for each column.
    summary: Vec<SummaryBody>,
}

impl From<Report> for WholeBatch {
    fn from(Report { batch, table }: Report) -> Self {
        let summary = (0..table.columns.len()).map(|column| table.summary(column).into()).collect();
        let queries: Vec<String> = (0..table.rows.len()).map(|row| table.question(row).to_owned()).collect();
        let rows = table.rows.into_iter().zip(queries);
        let table = rows.map(|(cells, query)| RowBody {
            query,
            cells: cells.into_iter().map(|cell| cell.map(Into::into)).collect(),
        });
        Self { batch: batch.into(), table: table.collect(), summary }
    }
}

/// Runs a suite on revisions of the draft, on versions of its prompt and on models, as one batch of tests.
///
/// Answers 202 at once with the address of the batch. With `Prefer: wait=SECONDS` (300 at most) it waits, and answers 200
/// when the batch has ended by then. One batch of a person runs at a time; more wait their turn.
#[utoipa::path(post, path = "/prompts/workshop/drafts/{id}/batches", tag = "suites",
    params(("id" = i32, Path), ("Prefer" = Option<String>, Header, description = "wait=SECONDS")),
    request_body = NewBatchBody,
    responses((status = 200, body = WholeBatch, description = "It has ended."),
        (status = 202, body = WholeBatch, description = "It is queued.", headers(("Location" = String))),
        (status = 429, body = Problem, content_type = "application/problem+json",
            description = "You have run as many tests in batches as you can within an hour; `until` says when there is room."),
        Missing, Refusals, Unchanged, Unreadable))]
async fn start(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(id): Path<DraftId>,
    headers: HeaderMap,
    Json(body): Json<NewBatchBody>,
) -> Result<Response, Problem> {
    // Whoever may not see the draft hears that first, whatever else is wrong.
    web.workshop.draft(&actor, id).await?;
    let batch = web.workshop.start_batch(&actor, id, parse(body)?, None).await?;
    let wait = preferred_wait(&headers);
    let report = web.workshop.batch_within(&actor, id, batch.id, wait.unwrap_or_default()).await?;
    if wait.is_some() && report.batch.status.is_final() {
        let applied = [(HeaderName::from_static("preference-applied"), HeaderValue::from_static("wait"))];
        return Ok((StatusCode::OK, applied, axum::Json(WholeBatch::from(report))).into_response());
    }
    let location = format!("{}/prompts/workshop/drafts/{id}/batches/{}", super::ROOT, batch.id);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], axum::Json(WholeBatch::from(report))).into_response())
}

/// A page of a draft's batches.
#[derive(Debug, Serialize, ToSchema)]
struct BatchList {
    draft_id: i32,
    /// Newest first.
    batches: Vec<BatchBody>,
    /// How many there are on all pages.
    total: i64,
}

/// Lists the batches of a draft.
#[utoipa::path(get, path = "/prompts/workshop/drafts/{id}/batches", tag = "suites", params(("id" = i32, Path), Page),
    responses((status = 200, body = BatchList), (status = 422, body = Problem, content_type = "application/problem+json",
        description = "The query does not fit."), Missing, Refusals))]
async fn list(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(id): Path<DraftId>,
    Query(page): Query<Page>,
) -> Result<axum::Json<BatchList>, Problem> {
    let (limit, offset) = page.bounds()?;
    let (batches, total) = web.workshop.batches(&actor, id, limit, offset).await?;
    Ok(axum::Json(BatchList { draft_id: id.0, batches: batches.into_iter().map(Into::into).collect(), total }))
}

/// Reads a batch with its results so far.
#[utoipa::path(get, path = "/prompts/workshop/drafts/{id}/batches/{batch_id}", tag = "suites",
    params(("id" = i32, Path), ("batch_id" = uuid::Uuid, Path)),
    responses((status = 200, body = WholeBatch), Missing, Refusals))]
async fn read(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path((id, batch)): Path<(DraftId, BatchId)>,
) -> Result<axum::Json<WholeBatch>, Problem> {
    Ok(axum::Json(web.workshop.batch(&actor, id, batch).await?.into()))
}

/// Cancels what is left of a batch, at once; what was answered stays.
#[utoipa::path(post, path = "/prompts/workshop/drafts/{id}/batches/{batch_id}/cancel", tag = "suites",
    params(("id" = i32, Path), ("batch_id" = uuid::Uuid, Path)),
    responses((status = 200, body = WholeBatch), Missing, Refusals, Unchanged))]
async fn cancel(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path((id, batch)): Path<(DraftId, BatchId)>,
) -> Result<axum::Json<WholeBatch>, Problem> {
    Ok(axum::Json(web.workshop.cancel_batch(&actor, id, batch).await?.into()))
}
