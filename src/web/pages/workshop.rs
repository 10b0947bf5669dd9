//! The workbench: one workshop, its conversation on the left, draft and evidence on the right.

use axum::extract::State;
use axum::response::IntoResponse;

use super::Page;
use crate::domain::DraftId;
use crate::web::Web;
use crate::web::auth::Visitor;
use crate::web::body::Path;

/// Shows the workbench of a draft.
pub(super) async fn show(State(web): State<Web>, Visitor(actor): Visitor, Path(draft): Path<DraftId>) -> Page {
    let draft = web.workshop.draft(&actor, draft).await?;
    Ok(draft.name.into_response())
}
