//! Workshops and their drafts.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Checks, Page};
use crate::domain::conversation::Question;
use crate::domain::draft::{self, Draft, DraftStatus};
use crate::domain::library::PromptName;
use crate::domain::{DraftId, Invalid, RevisionNumber};
use crate::web::Web;
use crate::web::auth::Signed;
use crate::web::body::{Json, Path, Query};
use crate::web::error::{Missing, Problem, Refusals, Unchanged, Unreadable};
use crate::workshop::draft::{Save, Start, Started};

pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(start)).routes(routes!(list)).routes(routes!(read, save, delete))
}

/// How to begin; all of it may be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct StartBody {
    /// A prompt to begin with: at most 32,000 characters.
    starting_prompt: Option<String>,
    /// The name of a prompt of the library to clone.
    parent_prompt_name: Option<String>,
    /// The draft's name: 3 to 100 characters.
    draft_name: Option<String>,
    /// What is needed, in your own words: at most 8,000 characters.
    requirements: Option<String>,
}

/// A new workshop.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StartedBody {
    pub(super) draft_id: i32,
    pub(super) chat_id: i32,
    draft_name: String,
    status: DraftStatus,
    /// What the assistant says first, in Markdown.
    initial_message: String,
    /// What the assistant asks in it, with answers to choose from.
    questions: Vec<Question>,
    created_at: DateTime<Utc>,
}

impl From<Started> for StartedBody {
    fn from(Started { draft, welcome }: Started) -> Self {
        Self {
            draft_id: draft.id.0,
            chat_id: draft.chat.0,
            draft_name: draft.name,
            status: draft.status,
            initial_message: welcome.content,
            questions: welcome.questions,
            created_at: draft.created_at,
        }
    }
}

/// A draft.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DraftBody {
    draft_id: i32,
    chat_id: i32,
    draft_name: String,
    draft_description: String,
    status: DraftStatus,
    /// The prompt's text; empty while there is none.
    draft_content: String,
    /// The number of this text; 0 while there is none. Send it as `If-Match` when you save.
    revision: i32,
    /// The prompt it is a clone of.
    parent_prompt: Option<String>,
    parent_version: Option<i32>,
    /// The prompt it was committed as.
    prompt_name: Option<String>,
    prompt_version: Option<i32>,
    pinned: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    /// When it expires if nobody uses it.
    expires_at: Option<DateTime<Utc>>,
    expired_at: Option<DateTime<Utc>>,
}

async fn draft_body(web: &Web, draft: Draft) -> Result<DraftBody, Problem> {
    let parent = web.workshop.prompt_reference(draft.parent).await?;
    let prompt = web.workshop.prompt_reference(draft.committed_as).await?;
    Ok(DraftBody {
        expires_at: web.workshop.expires_at(&draft),
        draft_id: draft.id.0,
        chat_id: draft.chat.0,
        draft_name: draft.name,
        draft_description: draft.description,
        status: draft.status,
        draft_content: draft.text,
        revision: draft.revision.0,
        parent_version: parent.as_ref().map(|(_, version)| version.0),
        parent_prompt: parent.map(|(name, _)| name),
        prompt_version: prompt.as_ref().map(|(_, version)| version.0),
        prompt_name: prompt.map(|(name, _)| name),
        pinned: draft.pinned,
        created_at: draft.created_at,
        updated_at: draft.updated_at,
        expired_at: draft.expired_at,
    })
}

/// Starts a workshop: a draft and its conversation.
#[utoipa::path(post, path = "/prompts/workshop/start", tag = "workshop", request_body = StartBody,
    responses((status = 201, body = StartedBody), (status = 429, body = Problem, content_type = "application/problem+json",
        description = "You have as many drafts as you can have."), Missing, Refusals, Unreadable))]
async fn start(
    State(web): State<Web>,
    Signed(actor): Signed,
    Json(body): Json<StartBody>,
) -> Result<Response, Problem> {
    let mut checks = Checks::default();
    let text = body.starting_prompt.map(|text| checks.take(draft::parse_text("starting_prompt", &text)));
    let name = body.draft_name.map(|name| checks.take(draft::parse_name(&name)));
    let parent = body.parent_prompt_name.map(|name| {
        let wrong = |invalid: Invalid| Invalid::new("parent_prompt_name", invalid.reason);
        checks.take(PromptName::parse(&name).map_err(wrong)).map(|name| name.to_string())
    });
    let requirements = body.requirements.filter(|text| !text.trim().is_empty()).map(|text| {
        let wrong = |invalid: Invalid| Invalid::new("requirements", invalid.reason);
        checks.take(crate::domain::conversation::parse_message(&text).map_err(wrong))
    });
    checks.finish(Some(()))?;
    let start = Start {
        text: text.flatten(),
        parent: parent.flatten(),
        name: name.flatten(),
        requirements: requirements.flatten(),
        ..Start::default()
    };
    let started = StartedBody::from(web.workshop.start_workshop(&actor, start).await?);
    let location = format!("{}/prompts/workshop/drafts/{}", super::ROOT, started.draft_id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], axum::Json(started)).into_response())
}

/// Which drafts.
#[derive(Debug, Deserialize, IntoParams)]
struct DraftFilter {
    /// Only drafts in this status.
    status_filter: Option<DraftStatus>,
}

/// A page of drafts.
#[derive(Debug, Serialize, ToSchema)]
struct DraftList {
    /// Newest first.
    drafts: Vec<DraftBody>,
    /// How many there are on all pages.
    total: i64,
}

/// Lists your own drafts and those shared with you.
#[utoipa::path(get, path = "/prompts/workshop/drafts", tag = "workshop", params(DraftFilter, Page),
    responses((status = 200, body = DraftList), Refusals, (status = 422, body = Problem,
        content_type = "application/problem+json", description = "The query does not fit.")))]
async fn list(
    State(web): State<Web>,
    Signed(actor): Signed,
    Query(filter): Query<DraftFilter>,
    Query(page): Query<Page>,
) -> Result<axum::Json<DraftList>, Problem> {
    let (limit, offset) = page.bounds()?;
    let (found, total) = web.workshop.drafts(&actor, filter.status_filter, limit, offset).await?;
    let mut drafts = Vec::with_capacity(found.len());
    for draft in found {
        drafts.push(draft_body(&web, draft).await?);
    }
    Ok(axum::Json(DraftList { drafts, total }))
}

pub(super) async fn with_tag(web: &Web, draft: Draft) -> Result<Response, Problem> {
    let tag = format!("\"{}\"", draft.revision);
    Ok(([(header::ETAG, tag)], axum::Json(draft_body(web, draft).await?)).into_response())
}

/// Reads a draft. The `ETag` is its revision.
#[utoipa::path(get, path = "/prompts/workshop/drafts/{id}", tag = "workshop", params(("id" = i32, Path)),
    responses((status = 200, body = DraftBody), Missing, Refusals))]
async fn read(State(web): State<Web>, Signed(actor): Signed, Path(id): Path<DraftId>) -> Result<Response, Problem> {
    let draft = web.workshop.draft(&actor, id).await?;
    with_tag(&web, draft).await
}

/// What to change; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
struct SaveBody {
    /// The prompt's text: at most 32,000 characters. It becomes a revision.
    draft_content: Option<String>,
    /// 3 to 100 characters.
    draft_name: Option<String>,
    /// At most 500 characters.
    draft_description: Option<String>,
    /// `ready` when it is good, `draft` to take that back or to restore an expired draft.
    status: Option<DraftStatus>,
    /// Whether it never expires.
    pinned: Option<bool>,
    /// Whether an editor saves this by itself while somebody types: chats hear of it once in ten minutes, not each time.
    #[serde(default)]
    autosave: bool,
}

/// Saves a draft. With `If-Match: "REVISION"`, only if that is still its revision.
#[utoipa::path(put, path = "/prompts/workshop/drafts/{id}", tag = "workshop",
    params(("id" = i32, Path), ("If-Match" = Option<String>, Header, description = "The revision you read.")),
    request_body = SaveBody,
    responses((status = 200, body = DraftBody), (status = 412, body = Problem, content_type = "application/problem+json",
        description = "The draft has another revision now; `current` holds its text. Nothing was saved."),
        Missing, Refusals, Unchanged, Unreadable))]
async fn save(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(id): Path<DraftId>,
    headers: HeaderMap,
    Json(body): Json<SaveBody>,
) -> Result<Response, Problem> {
    // Whoever may not see the draft hears that first, whatever else is wrong.
    web.workshop.draft(&actor, id).await?;
    let mut checks = Checks::default();
    let text = body.draft_content.map(|text| checks.take(draft::parse_text("draft_content", &text)));
    let name = body.draft_name.map(|name| checks.take(draft::parse_name(&name)));
    let description = body.draft_description.map(|text| checks.take(draft::parse_description(&text)));
    let expected = checks.take(expected_revision(&headers)).flatten();
    checks.finish(Some(()))?;
    let save = Save {
        text: text.flatten(),
        name: name.flatten(),
        description: description.flatten(),
        status: body.status,
        pinned: body.pinned,
        expected,
        autosave: body.autosave,
    };
    let draft = web.workshop.save_draft(&actor, id, save).await?;
    with_tag(&web, draft).await
}

fn expected_revision(headers: &HeaderMap) -> Result<Option<RevisionNumber>, Invalid> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let wrong = || Invalid::new("If-Match", "must be a revision's number in quotes, as the ETag gave it");
    let value = value.to_str().map_err(|_| wrong())?.trim();
    if value == "*" {
        return Ok(None);
    }
    let number = value.trim_start_matches("W/").trim_matches('"');
    number.parse().map(Some).map_err(|_| wrong())
}

/// What was deleted.
#[derive(Debug, Serialize, ToSchema)]
struct DeletedBody {
    draft_id: i32,
    message: String,
}

/// Deletes a draft with its conversation and tests; only its owner may.
#[utoipa::path(delete, path = "/prompts/workshop/drafts/{id}", tag = "workshop", params(("id" = i32, Path)),
    responses((status = 200, body = DeletedBody), Missing, Refusals, Unchanged))]
async fn delete(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(id): Path<DraftId>,
) -> Result<axum::Json<DeletedBody>, Problem> {
    web.workshop.delete_draft(&actor, id).await?;
    let message = format!("Draft {id}, its conversation and its tests are deleted.");
    Ok(axum::Json(DeletedBody { draft_id: id.0, message }))
}
