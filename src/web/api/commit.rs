//! Into the library and out of it: committing a draft, cloning a prompt.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Checks;
use super::drafts::StartedBody;
use crate::domain::access::Visibility;
use crate::domain::library::{self, PromptName};
use crate::domain::{DraftId, Invalid};
use crate::web::Web;
use crate::web::auth::Signed;
use crate::web::body::{Json, Path};
use crate::web::error::{Missing, Problem, Refusals, Unchanged, Unreadable};
use crate::workshop::library::Commit;

pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(commit)).routes(routes!(clone))
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
    /// Why this version was made: at most 500 characters.
    #[serde(default)]
    note: String,
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
    let note = checks.take(library::parse_note(&body.note));
    let texts = title.zip(description).zip(note);
    let commit = name.zip(texts).map(|(name, ((title, description), note))| Commit {
        name,
        title,
        description,
        note,
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

/// How to clone.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct CloneBody {
    /// The draft's name: 3 to 100 characters.
    clone_name: Option<String>,
    /// Whether the draft is to become the prompt's next version; its editors may.
    #[serde(default)]
    as_version: bool,
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
        description = "You have as many drafts as you can have."), (status = 403, body = Problem,
            content_type = "application/problem+json", description = "You may not publish versions of it."),
        Missing, Refusals, Unreadable))]
async fn clone(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(name): Path<String>,
    Json(body): Json<CloneBody>,
) -> Result<Response, Problem> {
    let prompt = web.workshop.prompt(&actor, &name).await?;
    let wrong = |invalid: Invalid| Invalid::new("clone_name", invalid.reason);
    let draft_name = body.clone_name.map(|name| crate::domain::draft::parse_name(&name).map_err(wrong)).transpose()?;
    let started = web.workshop.clone_prompt(&actor, &prompt.name, draft_name, body.as_version).await?;
    let message = format!("Draft {} starts from version {} of {}.", started.draft.id, prompt.version, prompt.name);
    let started = StartedBody::from(started);
    let location = format!("{}/prompts/workshop/drafts/{}", super::ROOT, started.draft_id);
    let cloned =
        ClonedBody { draft_id: started.draft_id, chat_id: started.chat_id, parent_prompt: prompt.name, message };
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], axum::Json(cloned)).into_response())
}
