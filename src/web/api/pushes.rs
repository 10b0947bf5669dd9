//! Pushing prompts to a running Auspex.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Page;
use crate::domain::PushId;
use crate::domain::library::Pick;
use crate::domain::push::{Push, PushStatus};
use crate::web::Web;
use crate::web::auth::Signed;
use crate::web::body::{Json, Path, Query};
use crate::web::error::{Missing, Problem, Refusals, Unchanged, Unreadable};

pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(push)).routes(routes!(list)).routes(routes!(read))
}

/// What to push; the newest version when nothing is named.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct PushBody {
    /// The version.
    version: Option<i32>,
    /// The label whose version to push.
    label: Option<String>,
}

/// A version of a prompt on its way to Auspex.
#[derive(Debug, Serialize, ToSchema)]
struct PushedBody {
    push_id: uuid::Uuid,
    /// The prompt's name, here and there.
    name: String,
    version: i32,
    /// The address of the Auspex.
    url: String,
    status: PushStatus,
    /// How often it was tried.
    attempts: i32,
    /// Why it failed, for people.
    failure: Option<String>,
    created_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

impl From<Push> for PushedBody {
    fn from(push: Push) -> Self {
        Self {
            push_id: push.id.0,
            name: push.name,
            version: push.version.0,
            url: push.url,
            status: push.status,
            attempts: push.attempts,
            failure: push.failure,
            created_at: push.created_at,
            finished_at: push.finished_at,
        }
    }
}

/// Pushes a version of a prompt to the Auspex of the settings. A prompt there that was not pushed from here stays as it is.
#[utoipa::path(post, path = "/prompts/{name}/push", tag = "library", params(("name" = String, Path)),
    request_body = PushBody,
    responses((status = 202, body = PushedBody, description = "It is queued.", headers(("Location" = String))),
        Missing, Refusals, Unchanged, Unreadable))]
async fn push(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(name): Path<String>,
    Json(body): Json<PushBody>,
) -> Result<Response, Problem> {
    // Whoever may not see the prompt hears that first, whatever else is wrong.
    web.workshop.prompt(&actor, &name).await?;
    let pick = Pick::of(body.version, body.label.as_deref())?;
    let push = web.workshop.push_prompt(&actor, &name, &pick, None, None).await?;
    let location = format!("{}/prompts/{}/pushes/{}", super::ROOT, push.name, push.id);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], axum::Json(PushedBody::from(push))).into_response())
}

/// A page of the pushes of a prompt.
#[derive(Debug, Serialize, ToSchema)]
struct PushList {
    /// Newest first.
    pushes: Vec<PushedBody>,
    /// How many there are on all pages.
    total: i64,
}

/// Lists the pushes of a prompt.
#[utoipa::path(get, path = "/prompts/{name}/pushes", tag = "library", params(("name" = String, Path), Page),
    responses((status = 200, body = PushList), (status = 422, body = Problem, content_type = "application/problem+json",
        description = "The query does not fit."), Missing, Refusals))]
async fn list(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(name): Path<String>,
    Query(page): Query<Page>,
) -> Result<axum::Json<PushList>, Problem> {
    let (limit, offset) = page.bounds()?;
    let (pushes, total) = web.workshop.pushes(&actor, &name, limit, offset).await?;
    Ok(axum::Json(PushList { pushes: pushes.into_iter().map(PushedBody::from).collect(), total }))
}

/// Reads a push: where it is, and why it failed.
#[utoipa::path(get, path = "/prompts/{name}/pushes/{push_id}", tag = "library",
    params(("name" = String, Path), ("push_id" = uuid::Uuid, Path)),
    responses((status = 200, body = PushedBody), Missing, Refusals))]
async fn read(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path((name, id)): Path<(String, PushId)>,
) -> Result<axum::Json<PushedBody>, Problem> {
    Ok(axum::Json(web.workshop.push(&actor, &name, id).await?.into()))
}
