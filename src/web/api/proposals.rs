//! Proposals: changes by the AI that wait for a person.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::proposal::{self, Change, ProposalStatus};
use crate::domain::{DraftId, ProposalNumber};
use crate::web::Web;
use crate::web::auth::Signed;
use crate::web::body::{Json, Path};
use crate::web::error::{Missing, Problem, Refusals, Unchanged, Unreadable};
use crate::workshop::proposal::Proposal;

pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(accept)).routes(routes!(reject))
}

/// A proposed text and its single changes.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProposalBody {
    /// Its number within the draft.
    proposal: i32,
    status: ProposalStatus,
    /// The revision that it changes.
    base_revision: i32,
    /// The whole proposed text.
    draft_content: String,
    /// Each change, with its reason; any can be accepted alone.
    changes: Vec<Change>,
    /// All changes as a unified diff.
    diff: String,
    decided_by: Option<String>,
    decided_at: Option<DateTime<Utc>>,
    /// The revision that accepting it made.
    revision: Option<i32>,
    created_at: DateTime<Utc>,
}

impl From<Proposal> for ProposalBody {
    fn from(from: Proposal) -> Self {
        let old = format!("revision {}", from.base_revision);
        Self {
            proposal: from.number.0,
            status: from.status,
            base_revision: from.base_revision.0,
            changes: proposal::changes(&from.base_text, &from.text, &from.reasons),
            diff: proposal::unified(&from.base_text, &from.text, &old, "proposal"),
            draft_content: from.text,
            decided_by: from.decided_by,
            decided_at: from.decided_at,
            revision: from.revision.map(|number| number.0),
            created_at: from.created_at,
        }
    }
}

/// Every proposal of a draft.
#[derive(Debug, Serialize, ToSchema)]
struct ProposalList {
    draft_id: i32,
    /// Oldest first.
    proposals: Vec<ProposalBody>,
    total: usize,
}

/// Lists the proposals of a draft.
#[utoipa::path(get, path = "/prompts/workshop/drafts/{id}/proposals", tag = "proposals", params(("id" = i32, Path)),
    responses((status = 200, body = ProposalList), Missing, Refusals))]
async fn list(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(id): Path<DraftId>,
) -> Result<axum::Json<ProposalList>, Problem> {
    let found = web.workshop.proposals(&actor, id).await?;
    let proposals: Vec<ProposalBody> = found.into_iter().map(ProposalBody::from).collect();
    Ok(axum::Json(ProposalList { draft_id: id.0, total: proposals.len(), proposals }))
}

/// Which changes to accept.
#[derive(Debug, Deserialize, ToSchema)]
struct AcceptBody {
    /// The numbers of the changes to accept; all when left out.
    changes: Option<Vec<usize>>,
}

/// What was decided, and the draft's text after it.
#[derive(Debug, Serialize, ToSchema)]
struct AcceptedBody {
    draft_id: i32,
    revision: i32,
    draft_content: String,
    proposal: ProposalBody,
}

/// Accepts a proposal, whole or in part. The result is the draft's next revision.
#[utoipa::path(post, path = "/prompts/workshop/drafts/{id}/proposals/{n}/accept", tag = "proposals",
    params(("id" = i32, Path), ("n" = i32, Path)), request_body = AcceptBody,
    responses((status = 200, body = AcceptedBody), (status = 412, body = Problem, content_type = "application/problem+json",
        description = "The draft was edited since the proposal was made; `current` holds its text."),
        Missing, Refusals, Unchanged, Unreadable))]
async fn accept(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path((id, number)): Path<(DraftId, ProposalNumber)>,
    Json(body): Json<AcceptBody>,
) -> Result<axum::Json<AcceptedBody>, Problem> {
    let (draft, proposal) = web.workshop.accept_proposal(&actor, id, number, body.changes.as_deref()).await?;
    Ok(axum::Json(AcceptedBody {
        draft_id: id.0,
        revision: draft.revision.0,
        draft_content: draft.text,
        proposal: proposal.into(),
    }))
}

/// Rejects a proposal; the draft stays as it is.
#[utoipa::path(post, path = "/prompts/workshop/drafts/{id}/proposals/{n}/reject", tag = "proposals",
    params(("id" = i32, Path), ("n" = i32, Path)),
    responses((status = 200, body = ProposalBody), Missing, Refusals, Unchanged))]
async fn reject(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path((id, number)): Path<(DraftId, ProposalNumber)>,
) -> Result<axum::Json<ProposalBody>, Problem> {
    Ok(axum::Json(web.workshop.reject_proposal(&actor, id, number).await?.into()))
}
