//! Revisions: every saved text of a draft.

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::drafts::{DraftBody, with_tag};
use crate::domain::draft::{Revision, Source};
use crate::domain::proposal::DiffPart;
use crate::domain::{DraftId, RevisionNumber};
use crate::web::Web;
use crate::web::auth::Signed;
use crate::web::body::Path;
use crate::web::error::{Missing, Problem, Refusals, Unchanged};

pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(read)).routes(routes!(take_back)).routes(routes!(diff))
}

/// One saved text.
#[derive(Debug, Serialize, ToSchema)]
struct RevisionBody {
    revision: i32,
    draft_content: String,
    source: Source,
    /// Who made it; nothing for the assistant's first draft.
    author: Option<String>,
    created_at: DateTime<Utc>,
}

impl From<Revision> for RevisionBody {
    fn from(revision: Revision) -> Self {
        Self {
            revision: revision.number.0,
            draft_content: revision.text,
            source: revision.source,
            author: revision.author,
            created_at: revision.created_at,
        }
    }
}

/// Every saved text of a draft.
#[derive(Debug, Serialize, ToSchema)]
struct RevisionList {
    draft_id: i32,
    /// Oldest first.
    revisions: Vec<RevisionBody>,
    total: usize,
}

/// Lists every saved text of a draft.
#[utoipa::path(get, path = "/prompts/workshop/drafts/{id}/revisions", tag = "workshop", params(("id" = i32, Path)),
    responses((status = 200, body = RevisionList), Missing, Refusals))]
async fn list(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(id): Path<DraftId>,
) -> Result<axum::Json<RevisionList>, Problem> {
    let revisions: Vec<RevisionBody> =
        web.workshop.revisions(&actor, id).await?.into_iter().map(RevisionBody::from).collect();
    Ok(axum::Json(RevisionList { draft_id: id.0, total: revisions.len(), revisions }))
}

/// Reads one saved text of a draft.
#[utoipa::path(get, path = "/prompts/workshop/drafts/{id}/revisions/{n}", tag = "workshop",
    params(("id" = i32, Path), ("n" = i32, Path)),
    responses((status = 200, body = RevisionBody), Missing, Refusals))]
async fn read(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path((id, number)): Path<(DraftId, RevisionNumber)>,
) -> Result<axum::Json<RevisionBody>, Problem> {
    Ok(axum::Json(web.workshop.revision(&actor, id, number).await?.into()))
}

/// Takes a saved text back: it becomes the draft's next revision, if it differs from the text now.
#[utoipa::path(post, path = "/prompts/workshop/drafts/{id}/revisions/{n}/use", tag = "workshop",
    params(("id" = i32, Path), ("n" = i32, Path)),
    responses((status = 200, body = DraftBody), Missing, Refusals, Unchanged))]
async fn take_back(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path((id, number)): Path<(DraftId, RevisionNumber)>,
) -> Result<Response, Problem> {
    let draft = web.workshop.use_revision(&actor, id, number).await?;
    with_tag(&web, draft).await
}

/// How two revisions differ.
#[derive(Debug, Serialize, ToSchema)]
struct DiffBody {
    draft_id: i32,
    from: i32,
    to: i32,
    /// Line by line, as a unified diff; empty when they are the same.
    diff: String,
    /// Word by word.
    words: Vec<DiffPart>,
}

/// Compares revision `n` with revision `m`.
#[utoipa::path(get, path = "/prompts/workshop/drafts/{id}/revisions/{n}/diff/{m}", tag = "workshop",
    params(("id" = i32, Path), ("n" = i32, Path), ("m" = i32, Path)),
    responses((status = 200, body = DiffBody), Missing, Refusals))]
async fn diff(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path((id, from, to)): Path<(DraftId, RevisionNumber, RevisionNumber)>,
) -> Result<axum::Json<DiffBody>, Problem> {
    let (diff, words) = web.workshop.revision_diff(&actor, id, from, to).await?;
    Ok(axum::Json(DiffBody { draft_id: id.0, from: from.0, to: to.0, diff, words }))
}
