//! The workbench: one workshop, its conversation on the left, draft and evidence on the right.

pub(super) mod draft;

use askama::Template;
use axum::extract::State;

use self::draft::{DraftQuery, DraftTab};
use super::frame::{Frame, Section};
use super::{Page, html};
use crate::domain::DraftId;
use crate::web::auth::Visitor;
use crate::web::body::{Path, Query};
use crate::web::{Web, assets};

#[derive(Template)]
#[template(path = "workshop/page.html", config = "src/web/askama.toml")]
struct Workbench {
    frame: Frame,
    script: String,
    name: String,
    draft: DraftTab,
}

/// Shows the workbench of a draft.
pub(super) async fn show(
    State(web): State<Web>,
    Visitor(actor): Visitor,
    Path(id): Path<DraftId>,
    Query(query): Query<DraftQuery>,
) -> Page {
    let draft = web.workshop.draft(&actor, id).await?;
    let tab = DraftTab::load(&web, &actor, &draft, &query).await?;
    let frame = Frame::of(&actor, Section::Workshops, draft.name.clone());
    html(&Workbench { frame, script: assets::address("workbench.js"), name: draft.name, draft: tab })
}
