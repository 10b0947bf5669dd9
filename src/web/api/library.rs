//! The library: committing, listing, reading and cloning prompts.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::drafts::StartedBody;
use super::{Checks, Page};
use crate::domain::access::Visibility;
use crate::domain::library::{self, Prompt, PromptName};
use crate::domain::{DraftId, Invalid};
use crate::web::Web;
use crate::web::auth::Signed;
use crate::web::body::{Json, Path, Query};
use crate::web::error::{Missing, Problem, Refusals, Unchanged, Unreadable};
use crate::workshop::library::Commit;

pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(commit)).routes(routes!(list)).routes(routes!(read)).routes(routes!(clone))
}

/// How to commit.
#[derive(Debug, Deserialize, ToSchema)]
struct CommitBody {
    /// `^[a-z0-9_]{3,50}$`, free, or the parent prompt that you may publish.
    #[serde(default)]
    name: String,
    /// 5 to 100 characters.
    #[serde(default)]
    title: String,
    /// At most 500 characters; the draft's own when left out.
    description: Option<String>,
    /// Who sees it; `team` when left out.
    visibility: Option<Visibility>,
    /// The second yes, when the first answer was `confirmation-required`.
    #[serde(default)]
    confirm: bool,
}

/// What was committed.
#[derive(Debug, Serialize, ToSchema)]
struct CommittedBody {
    prompt_id: i32,
    name: String,
    message: String,
    version: i32,
}

/// Commits the draft's current text to the library.
#[utoipa::path(post, path = "/prompts/workshop/drafts/{id}/commit", tag = "library", params(("id" = i32, Path)),
    request_body = CommitBody,
    responses((status = 201, body = CommittedBody), Missing, Refusals, Unchanged, Unreadable))]
async fn commit(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(id): Path<DraftId>,
    Json(body): Json<CommitBody>,
) -> Result<Response, Problem> {
    let draft = web.workshop.draft(&actor, id).await?;
    let mut checks = Checks::default();
    let name = checks.take(PromptName::parse(&body.name));
    let title = checks.take(library::parse_title(&body.title));
    let description = body.description.unwrap_or(draft.description);
    let description = checks.take(library::parse_description(&description));
    let commit = name.zip(title).zip(description).map(|((name, title), description)| Commit {
        name,
        title,
        description,
        visibility: body.visibility.unwrap_or(Visibility::Team),
        confirm: body.confirm,
    });
    let commit = checks.finish(commit)?;
    let (prompt, version) = web.workshop.commit_draft(&actor, id, commit).await?;
    let message = format!("Draft {id} is now version {version} of {} in the library.", prompt.name);
    let location = format!("{}/prompts/{}", super::ROOT, prompt.name);
    let committed = CommittedBody { prompt_id: prompt.id.0, name: prompt.name, message, version: version.0 };
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], axum::Json(committed)).into_response())
}

/// A prompt of the library.
#[derive(Debug, Serialize, ToSchema)]
struct PromptBody {
    prompt_id: i32,
    name: String,
    title: String,
    description: String,
    /// The text of its newest version.
    content: String,
    /// The newest version.
    version: i32,
    visibility: Visibility,
    /// Who owns it; nobody owns what ships with the service.
    owner: Option<String>,
    /// The prompt it is a clone of.
    parent_prompt: Option<String>,
    parent_version: Option<i32>,
    /// The prompt that its family started from.
    family_id: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Prompt> for PromptBody {
    fn from(prompt: Prompt) -> Self {
        let (parent_prompt, parent_version) = prompt.parent.map(|(name, version)| (name, version.0)).unzip();
        Self {
            prompt_id: prompt.id.0,
            name: prompt.name,
            title: prompt.title,
            description: prompt.description,
            content: prompt.text,
            version: prompt.version.0,
            visibility: prompt.visibility,
            owner: prompt.owner_name,
            parent_prompt,
            parent_version,
            family_id: prompt.family.0,
            created_at: prompt.created_at,
            updated_at: prompt.updated_at,
        }
    }
}

/// What to look for.
#[derive(Debug, Deserialize, IntoParams)]
struct PromptFilter {
    /// Words that must all appear in name, title, description or text.
    query: Option<String>,
}

/// A page of the library.
#[derive(Debug, Serialize, ToSchema)]
struct PromptList {
    /// By name.
    prompts: Vec<PromptBody>,
    /// How many there are on all pages.
    total: i64,
}

/// Lists the prompts that you may see.
#[utoipa::path(get, path = "/prompts", tag = "library", params(PromptFilter, Page),
    responses((status = 200, body = PromptList), Refusals, (status = 422, body = Problem,
        content_type = "application/problem+json", description = "The query does not fit.")))]
async fn list(
    State(web): State<Web>,
    Signed(actor): Signed,
    Query(filter): Query<PromptFilter>,
    Query(page): Query<Page>,
) -> Result<axum::Json<PromptList>, Problem> {
    let (limit, offset) = page.bounds()?;
    let query = filter.query.unwrap_or_default();
    if query.chars().count() > 200 {
        return Err(Invalid::new("query", "may have at most 200 characters").into());
    }
    let (prompts, total) = web.workshop.prompts(&actor, &query, limit, offset).await?;
    Ok(axum::Json(PromptList { prompts: prompts.into_iter().map(PromptBody::from).collect(), total }))
}

/// Reads a prompt.
#[utoipa::path(get, path = "/prompts/{name}", tag = "library", params(("name" = String, Path)),
    responses((status = 200, body = PromptBody), Missing, Refusals))]
async fn read(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(name): Path<String>,
) -> Result<axum::Json<PromptBody>, Problem> {
    Ok(axum::Json(web.workshop.prompt(&actor, &name).await?.into()))
}

/// How to clone.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct CloneBody {
    /// The draft's name: 3 to 100 characters.
    clone_name: Option<String>,
}

/// A draft that is a copy of a prompt.
#[derive(Debug, Serialize, ToSchema)]
struct ClonedBody {
    draft_id: i32,
    chat_id: i32,
    parent_prompt: String,
    message: String,
}

/// Starts a workshop on a copy of a prompt.
#[utoipa::path(post, path = "/prompts/{name}/clone", tag = "library", params(("name" = String, Path)),
    request_body = CloneBody,
    responses((status = 201, body = ClonedBody), (status = 429, body = Problem, content_type = "application/problem+json",
        description = "You have as many drafts as you can have."), Missing, Refusals, Unreadable))]
async fn clone(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(name): Path<String>,
    Json(body): Json<CloneBody>,
) -> Result<Response, Problem> {
    let prompt = web.workshop.prompt(&actor, &name).await?;
    let wrong = |invalid: Invalid| Invalid::new("clone_name", invalid.reason);
    let draft_name = body.clone_name.map(|name| crate::domain::draft::parse_name(&name).map_err(wrong)).transpose()?;
    let started = web.workshop.clone_prompt(&actor, &prompt.name, draft_name).await?;
    let message = format!("Draft {} starts from version {} of {}.", started.draft.id, prompt.version, prompt.name);
    let started = StartedBody::from(started);
    let location = format!("{}/prompts/workshop/drafts/{}", super::ROOT, started.draft_id);
    let cloned =
        ClonedBody { draft_id: started.draft_id, chat_id: started.chat_id, parent_prompt: prompt.name, message };
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], axum::Json(cloned)).into_response())
}
