//! The library: committing, listing, reading, describing, deleting and cloning prompts.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Checks, Page};
use crate::domain::Invalid;
use crate::domain::access::Visibility;
use crate::domain::library::{self, Filter, Pick, Prompt, Relative, Sort};
use crate::web::Web;
use crate::web::auth::Signed;
use crate::web::body::{Json, Path, Query};
use crate::web::error::{Missing, Problem, Refusals, Unchanged, Unreadable};
use crate::workshop::Error;
use crate::workshop::library::Describe;

pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(read, describe, delete)).routes(routes!(family))
}

/// A prompt of the library.
#[derive(Debug, Serialize, ToSchema)]
struct PromptBody {
    prompt_id: i32,
    name: String,
    title: String,
    description: String,
    /// The text of the version asked for, or of the newest.
    content: String,
    /// The version of that text.
    version: i32,
    /// The newest version.
    latest_version: i32,
    tags: Vec<String>,
    /// Names that point to a version.
    labels: BTreeMap<String, i32>,
    visibility: Visibility,
    /// Who owns it; nobody owns what ships with the service.
    owner: Option<String>,
    /// The prompt it is a clone of.
    parent_prompt: Option<String>,
    parent_version: Option<i32>,
    /// The prompt that its family started from.
    family_id: i32,
    /// Whether it should not be used any more.
    deprecated: bool,
    /// What to use instead.
    successor: Option<String>,
    /// How often it was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    uses: Option<i64>,
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
            latest_version: prompt.version.0,
            tags: prompt.tags,
            labels: prompt.labels.into_iter().map(|(label, version)| (label, version.0)).collect(),
            visibility: prompt.visibility,
            owner: prompt.owner_name,
            parent_prompt,
            parent_version,
            family_id: prompt.family.0,
            deprecated: prompt.deprecated_at.is_some(),
            successor: prompt.successor,
            uses: Some(prompt.uses),
            created_at: prompt.created_at,
            updated_at: prompt.updated_at,
        }
    }
}

/// What to look for.
#[derive(Debug, Deserialize, IntoParams)]
struct PromptFilter {
    /// Words that must all appear in name, title, description, tags or text; the text's words may go on after them.
    query: Option<String>,
    /// Only prompts with this tag.
    tag: Option<String>,
    /// Only prompts that are seen by these.
    visibility: Option<Visibility>,
    /// The order; `name` when left out.
    sort: Option<Sort>,
}

/// A page of the library.
#[derive(Debug, Serialize, ToSchema)]
struct PromptList {
    /// In the order asked for.
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
    let tag = filter.tag.map(|tag| tag.trim().to_lowercase()).filter(|tag| !tag.is_empty());
    let filter = Filter { query, tag, visibility: filter.visibility, sort: filter.sort };
    let (prompts, total) = web.workshop.prompts(&actor, &filter, limit, offset).await?;
    Ok(axum::Json(PromptList { prompts: prompts.into_iter().map(PromptBody::from).collect(), total }))
}

/// Which text of a prompt; the newest when nothing is said.
#[derive(Debug, Deserialize, IntoParams)]
struct PickQuery {
    /// This version.
    version: Option<i32>,
    /// The version that this label points to; one that does not exist is an error.
    label: Option<String>,
}

/// Reads a prompt. Send its `ETag` back as `If-None-Match` to hear only of changes.
#[utoipa::path(get, path = "/prompts/{name}", tag = "library",
    params(("name" = String, Path), PickQuery,
        ("If-None-Match" = Option<String>, Header, description = "The ETag you have.")),
    responses((status = 200, body = PromptBody), (status = 304, description = "It is as you have it."),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "No such label can be."),
        Missing, Refusals))]
async fn read(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(name): Path<String>,
    Query(query): Query<PickQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let pick = Pick::of(query.version, query.label.as_deref())?;
    let picked = match web.workshop.pick_prompt(&actor, &name, &pick).await {
        // It is the address that names what there is not.
        Err(Error::Invalid(invalid)) => return Err(Problem::missing(&Error::Invalid(invalid).to_string())),
        picked => picked?,
    };
    let mut body = PromptBody::from(picked.prompt);
    let uses = body.uses.take();
    (body.content, body.version) = (picked.text, picked.number.0);
    // How often it was asked changes without anything that a program would want to hear of.
    let tag = entity_tag(&body)?;
    let cache = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, "private, no-cache".to_owned())];
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_known =
        |one: &str| matches!(one.trim(), "*") || one.trim().trim_start_matches("W/") == tag.trim_start_matches("W/");
    if known.split(',').any(is_known) {
        return Ok((StatusCode::NOT_MODIFIED, cache).into_response());
    }
    Ok((cache, axum::Json(PromptBody { uses, ..body })).into_response())
}

/// A weak validator: half of the SHA-256 of what is sent.
fn entity_tag(body: &PromptBody) -> Result<String, Problem> {
    let json = serde_json::to_vec(body).map_err(|error| Problem::fault(&error))?;
    let hash = Sha256::digest(&json);
    let word: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("W/\"{word}\""))
}

/// What to change about a prompt; what is left out stays. Its text changes by committing a draft.
#[derive(Debug, Deserialize, ToSchema)]
struct DescribeBody {
    /// 5 to 100 characters.
    title: Option<String>,
    /// At most 500 characters.
    description: Option<String>,
    /// At most 10, each 1 to 30 characters.
    tags: Option<Vec<String>>,
    /// Whether it should not be used any more; only its owner says so.
    deprecated: Option<bool>,
    /// What to use instead; deprecates it.
    successor: Option<String>,
    /// Refused: a new text becomes a version by committing a draft.
    #[schema(ignore)]
    content: Option<serde_json::Value>,
}

/// Changes a prompt's title, description and tags, or deprecates it; that makes no version.
#[utoipa::path(put, path = "/prompts/{name}", tag = "library", params(("name" = String, Path)),
    request_body = DescribeBody,
    responses((status = 200, body = PromptBody), Missing, Refusals, Unchanged, Unreadable))]
async fn describe(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(name): Path<String>,
    Json(body): Json<DescribeBody>,
) -> Result<axum::Json<PromptBody>, Problem> {
    let mut prompt = web.workshop.prompt(&actor, &name).await?;
    let mut checks = Checks::default();
    let title = body.title.map(|title| checks.take(library::parse_title(&title)));
    let description = body.description.map(|text| checks.take(library::parse_description(&text)));
    let tags = body.tags.map(|tags| checks.take(library::parse_tags(&tags)));
    if body.content.is_some() {
        let reason = "cannot be changed here: clone the prompt, test the draft, and commit it as the next version";
        checks.take::<()>(Err(Invalid::new("content", reason)));
    }
    if body.deprecated == Some(false) && body.successor.is_some() {
        checks.take::<()>(Err(Invalid::new("successor", "is for a prompt that is deprecated")));
    }
    checks.finish(Some(()))?;
    let about = Describe { title: title.flatten(), description: description.flatten(), tags: tags.flatten() };
    if about.title.is_some() || about.description.is_some() || about.tags.is_some() {
        prompt = web.workshop.describe_prompt(&actor, &name, about).await?;
    }
    match (body.deprecated, body.successor.as_deref()) {
        (Some(false), _) => prompt = web.workshop.undeprecate_prompt(&actor, &name).await?,
        (Some(true), successor) | (None, successor @ Some(_)) => {
            prompt = web.workshop.deprecate_prompt(&actor, &name, successor).await?;
        }
        (None, None) => {}
    }
    Ok(axum::Json(prompt.into()))
}

/// What was deleted.
#[derive(Debug, Serialize, ToSchema)]
struct DeletedBody {
    name: String,
    message: String,
}

/// Deletes a prompt with its texts; only its owner may. Clones keep their lineage.
#[utoipa::path(delete, path = "/prompts/{name}", tag = "library", params(("name" = String, Path)),
    responses((status = 200, body = DeletedBody), (status = 422, body = Problem, content_type = "application/problem+json",
        description = "The prompt that ships with the service stays."), Missing, Refusals, Unchanged))]
async fn delete(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(name): Path<String>,
) -> Result<axum::Json<DeletedBody>, Problem> {
    web.workshop.delete_prompt(&actor, &name).await?;
    let message = format!("{name} and its texts are deleted. What was cloned from it keeps its lineage.");
    Ok(axum::Json(DeletedBody { name, message }))
}

/// A prompt of a family.
#[derive(Debug, Serialize, ToSchema)]
struct RelativeBody {
    prompt_id: i32,
    name: String,
    title: String,
    version: i32,
    /// The prompt that it is a clone of.
    parent_id: Option<i32>,
    parent_version: Option<i32>,
    deprecated: bool,
    deleted: bool,
    uses: i64,
}

/// Prompts that come from one another.
#[derive(Debug, Serialize, ToSchema)]
struct FamilyBody {
    family_id: i32,
    /// In the order in which they came.
    prompts: Vec<RelativeBody>,
    /// How many more there are that you may not see.
    hidden: usize,
}

/// Reads the family of a prompt: what was cloned from what.
#[utoipa::path(get, path = "/prompts/{name}/family", tag = "library", params(("name" = String, Path)),
    responses((status = 200, body = FamilyBody), Missing, Refusals))]
async fn family(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(name): Path<String>,
) -> Result<axum::Json<FamilyBody>, Problem> {
    let family = web.workshop.family(&actor, &name).await?;
    let body = |relative: Relative| {
        let (parent_id, parent_version) = relative.parent.map(|(id, version)| (id.0, version.0)).unzip();
        RelativeBody {
            prompt_id: relative.id.0,
            name: relative.name,
            title: relative.title,
            version: relative.version.0,
            parent_id,
            parent_version,
            deprecated: relative.deprecated,
            deleted: relative.deleted,
            uses: relative.uses,
        }
    };
    let prompts = family.members.into_iter().map(body).collect();
    Ok(axum::Json(FamilyBody { family_id: family.of.0, prompts, hidden: family.hidden }))
}
