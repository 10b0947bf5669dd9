//! Links that let people in, to a draft or a prompt.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::domain::sharing::{Invite, Target};
use crate::domain::{Access, DraftId, InviteId};
use crate::web::Web;
use crate::web::auth::Signed;
use crate::web::body::{Json, Path};
use crate::web::error::{Missing, Problem, Refusals, Unchanged, Unreadable};

pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().merge(drafts::routes()).merge(prompts::routes()).routes(routes!(accept))
}

/// What a link is to give.
#[derive(Debug, Deserialize, ToSchema)]
struct InviteBody {
    /// `viewer`, `commenter` or `editor`.
    access: Access,
    /// For how many days it works: 1 to 90, 7 when left out.
    expires_in_days: Option<i64>,
}

/// A link, without the code that it holds.
#[derive(Debug, Serialize, ToSchema)]
struct KnownInvite {
    invite_id: Uuid,
    access: Access,
    created_by: Option<String>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    /// How many people came in by it.
    uses: i32,
}

impl From<Invite> for KnownInvite {
    fn from(Invite { id, access, created_by, created_at, expires_at, uses }: Invite) -> Self {
        Self { invite_id: id.0, access, created_by, created_at, expires_at, uses }
    }
}

/// A new link.
#[derive(Debug, Serialize, ToSchema)]
struct NewInvite {
    invite_id: Uuid,
    /// The page to give to people. It is not shown again.
    link: String,
    /// What the page holds, for POST `/invites/accept`. It is not shown again.
    code: String,
    access: Access,
    expires_at: DateTime<Utc>,
}

/// The links that still work.
#[derive(Debug, Serialize, ToSchema)]
struct InviteList {
    /// Oldest first.
    invites: Vec<KnownInvite>,
    total: usize,
}

/// What was done.
#[derive(Debug, Serialize, ToSchema)]
struct RevokedBody {
    message: String,
}

/// A link to come in by.
#[derive(Debug, Deserialize, ToSchema)]
struct AcceptInvite {
    /// The code, or the whole link.
    code: String,
}

/// What a link has opened.
#[derive(Debug, Serialize, ToSchema)]
struct OpenedBody {
    /// The draft, if it is one.
    draft_id: Option<i32>,
    /// The prompt, if it is one.
    prompt_name: Option<String>,
    name: String,
    /// What you may do with it now.
    your_access: Access,
}

/// Comes in by a link. It never takes anything from what you may do already.
#[utoipa::path(post, path = "/invites/accept", tag = "sharing", request_body = AcceptInvite,
    responses((status = 200, body = OpenedBody), Missing, Refusals, Unreadable))]
async fn accept(
    State(web): State<Web>,
    Signed(actor): Signed,
    Json(body): Json<AcceptInvite>,
) -> Result<axum::Json<OpenedBody>, Problem> {
    let opened = web.workshop.accept_invite(&actor, &body.code).await?;
    let (draft_id, prompt_name) = match opened.target {
        Target::Draft(id) => (Some(id.0), None),
        Target::Prompt(name) => (None, Some(name)),
    };
    Ok(axum::Json(OpenedBody { draft_id, prompt_name, name: opened.name, your_access: opened.access }))
}

/// The endpoints about one kind of thing.
macro_rules! endpoints {
    ($module:ident, $base:literal, $param:literal, $id:ty, $shown:ty, $target:expr) => {
        mod $module {
            use super::*;

            pub(super) fn routes() -> OpenApiRouter<Web> {
                OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(revoke))
            }

            /// Lists its links that still work; only its owner may.
            #[utoipa::path(get, path = concat!($base, "/invites"), tag = "sharing", params(($param = $shown, Path)),
                                responses((status = 200, body = InviteList), Missing, Refusals, Unchanged))]
            async fn list(
                State(web): State<Web>,
                Signed(actor): Signed,
                Path(id): Path<$id>,
            ) -> Result<axum::Json<InviteList>, Problem> {
                let invites = web.workshop.invites(&actor, &$target(id)).await?;
                let invites: Vec<KnownInvite> = invites.into_iter().map(KnownInvite::from).collect();
                Ok(axum::Json(InviteList { total: invites.len(), invites }))
            }

            /// Makes a link that lets whoever has it in, until it expires or is revoked; only its owner may.
            #[utoipa::path(post, path = concat!($base, "/invites"), tag = "sharing", params(($param = $shown, Path)),
                                request_body = InviteBody,
                                responses((status = 201, body = NewInvite), Missing, Refusals, Unchanged, Unreadable))]
            async fn create(
                State(web): State<Web>,
                Signed(actor): Signed,
                Path(id): Path<$id>,
                Json(body): Json<InviteBody>,
            ) -> Result<(StatusCode, axum::Json<NewInvite>), Problem> {
                let (access, days) = (body.access, body.expires_in_days);
                let (invite, code) = web.workshop.create_invite(&actor, &$target(id), access, days).await?;
                let made = NewInvite {
                    invite_id: invite.id.0,
                    link: web.workshop.invite_url(&code),
                    code: code.expose_secret().to_owned(),
                    access: invite.access,
                    expires_at: invite.expires_at,
                };
                Ok((StatusCode::CREATED, axum::Json(made)))
            }

            /// Makes a link work no more; who came in by it stays. Only its owner may.
            #[utoipa::path(delete, path = concat!($base, "/invites/{invite_id}"), tag = "sharing",
                                params(($param = $shown, Path), ("invite_id" = Uuid, Path)),
                                responses((status = 200, body = RevokedBody), Missing, Refusals, Unchanged))]
            async fn revoke(
                State(web): State<Web>,
                Signed(actor): Signed,
                Path((id, invite)): Path<($id, InviteId)>,
            ) -> Result<axum::Json<RevokedBody>, Problem> {
                web.workshop.revoke_invite(&actor, &$target(id), invite).await?;
                Ok(axum::Json(RevokedBody { message: "The link works no more.".to_owned() }))
            }
        }
    };
}

endpoints!(drafts, "/prompts/workshop/drafts/{id}", "id", DraftId, i32, Target::Draft);
endpoints!(prompts, "/prompts/{name}", "name", String, String, Target::Prompt);
