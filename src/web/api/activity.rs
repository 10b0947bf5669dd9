//! The record of who did what.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Page;
use crate::domain::DraftId;
use crate::domain::sharing::Target;
use crate::web::Web;
use crate::web::auth::Signed;
use crate::web::body::{Path, Query};
use crate::web::error::{Missing, Problem, Refusals, Unchanged};
use crate::workshop::activity::{Happened, Recorded};

pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(of_draft)).routes(routes!(of_prompt)).routes(routes!(all))
}

/// One event.
#[derive(Debug, Serialize, ToSchema)]
struct EventBody {
    at: DateTime<Utc>,
    /// Who did it; nobody for what the service does by itself.
    person: Option<String>,
    kind: Happened,
    draft_id: Option<i32>,
    prompt_id: Option<i32>,
    /// Numbers and names of people and choices; never texts.
    #[schema(value_type = Object)]
    detail: Value,
}

/// A page of the record.
#[derive(Debug, Serialize, ToSchema)]
struct EventList {
    /// The newest first.
    activity: Vec<EventBody>,
    /// How many events there are on all pages.
    total: i64,
}

impl From<(Vec<Recorded>, i64)> for EventList {
    fn from((recorded, total): (Vec<Recorded>, i64)) -> Self {
        let body = |Recorded { at, person, kind, draft, prompt, detail }: Recorded| EventBody {
            at,
            person,
            kind,
            draft_id: draft.map(|id| id.0),
            prompt_id: prompt.map(|id| id.0),
            detail,
        };
        Self { activity: recorded.into_iter().map(body).collect(), total }
    }
}

/// Says who did what with a draft; its owner and administrators may read it.
#[utoipa::path(get, path = "/prompts/workshop/drafts/{id}/activity", tag = "activity", params(("id" = i32, Path), Page),
    responses((status = 200, body = EventList), Missing, Refusals, Unchanged))]
async fn of_draft(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(id): Path<DraftId>,
    Query(page): Query<Page>,
) -> Result<axum::Json<EventList>, Problem> {
    let (limit, offset) = page.bounds()?;
    Ok(axum::Json(web.workshop.activity_of(&actor, &Target::Draft(id), limit, offset).await?.into()))
}

/// Says who did what with a prompt; its owner and administrators may read it.
#[utoipa::path(get, path = "/prompts/{name}/activity", tag = "activity", params(("name" = String, Path), Page),
    responses((status = 200, body = EventList), Missing, Refusals, Unchanged))]
async fn of_prompt(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(name): Path<String>,
    Query(page): Query<Page>,
) -> Result<axum::Json<EventList>, Problem> {
    let (limit, offset) = page.bounds()?;
    Ok(axum::Json(web.workshop.activity_of(&actor, &Target::Prompt(name), limit, offset).await?.into()))
}

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
struct EventFilter {
    /// What this account did.
    person: Option<String>,
    /// What is of this kind.
    kind: Option<Happened>,
}

/// Says who did what here; only administrators may read it.
#[utoipa::path(get, path = "/activity", tag = "activity", params(EventFilter, Page),
    responses((status = 200, body = EventList), Missing, Refusals, Unchanged))]
async fn all(
    State(web): State<Web>,
    Signed(actor): Signed,
    Query(filter): Query<EventFilter>,
    Query(page): Query<Page>,
) -> Result<axum::Json<EventList>, Problem> {
    let (limit, offset) = page.bounds()?;
    let (person, kind) = (filter.person.as_deref(), filter.kind);
    Ok(axum::Json(web.workshop.activity(&actor, person, kind, limit, offset).await?.into()))
}
