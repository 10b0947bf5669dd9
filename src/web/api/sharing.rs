//! Sharing: who may do what with a draft or a prompt. Every endpoint is there for both.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::access::Visibility;
use crate::domain::sharing::{Grant, Holder, HolderKind, Shares, Target, Who};
use crate::domain::{Access, DraftId, Invalid};
use crate::web::Web;
use crate::web::auth::Signed;
use crate::web::body::{Json, Path};
use crate::web::error::{Missing, Problem, Refusals, Unchanged, Unreadable};

pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().merge(drafts::routes()).merge(prompts::routes())
}

/// What a person or a team may do.
#[derive(Debug, Serialize, ToSchema)]
struct GrantBody {
    kind: HolderKind,
    name: String,
    access: Access,
    since: DateTime<Utc>,
}

impl From<Grant> for GrantBody {
    fn from(Grant { holder, access, since }: Grant) -> Self {
        let (kind, name) = match holder {
            Holder::Person(name) => (HolderKind::Person, name),
            Holder::Team(name) => (HolderKind::Team, name),
        };
        Self { kind, name, access, since }
    }
}

/// Who may do what.
#[derive(Debug, Serialize, ToSchema)]
struct SharesBody {
    /// Who owns it; nobody owns what ships with the service.
    owner: Option<String>,
    /// Who sees it without being named.
    visibility: Visibility,
    /// The team that `team` means.
    team: String,
    /// What you may do.
    your_access: Access,
    /// People before teams, by name.
    shares: Vec<GrantBody>,
}

impl From<Shares> for SharesBody {
    fn from(Shares { name: _, owner, visibility, team, yours, grants }: Shares) -> Self {
        let shares = grants.into_iter().map(GrantBody::from).collect();
        Self { owner, visibility, team, your_access: yours, shares }
    }
}

/// With whom to share: a person or a team, not both.
#[derive(Debug, Deserialize, ToSchema)]
struct ShareBody {
    /// The name of an account.
    person: Option<String>,
    /// The name of a team.
    team: Option<String>,
    /// `viewer`, `commenter` or `editor`.
    access: Access,
}

impl ShareBody {
    fn who(&self) -> Result<Who, Invalid> {
        match (&self.person, &self.team) {
            (Some(person), None) => HolderKind::Person.who(person),
            (None, Some(team)) => HolderKind::Team.who(team),
            (Some(_), Some(_)) | (None, None) => Err(Invalid::new("person", "or team is needed, and not both")),
        }
    }
}

/// Who is to own it.
#[derive(Debug, Deserialize, ToSchema)]
struct TransferBody {
    /// The name of an account.
    to: String,
}

/// Who is to see it without being named.
#[derive(Debug, Deserialize, ToSchema)]
struct VisibilityBody {
    visibility: Visibility,
}

/// What was done.
#[derive(Debug, Serialize, ToSchema)]
struct LeftBody {
    message: String,
}

/// The endpoints about one kind of thing.
macro_rules! endpoints {
    ($module:ident, $base:literal, $param:literal, $id:ty, $shown:ty, $target:expr) => {
        mod $module {
            use super::*;

            pub(super) fn routes() -> OpenApiRouter<Web> {
                OpenApiRouter::new()
                    .routes(routes!(list, put))
                    .routes(routes!(remove))
                    .routes(routes!(leave))
                    .routes(routes!(transfer))
                    .routes(routes!(set_visibility))
            }

            /// Says who may do what with it.
            #[utoipa::path(get, path = concat!($base, "/shares"), tag = "sharing", params(($param = $shown, Path)),
                                responses((status = 200, body = SharesBody), Missing, Refusals))]
            async fn list(
                State(web): State<Web>,
                Signed(actor): Signed,
                Path(id): Path<$id>,
            ) -> Result<axum::Json<SharesBody>, Problem> {
                Ok(axum::Json(web.workshop.shares(&actor, &$target(id)).await?.into()))
            }

            /// Shares it with a person or a team, in place of what they could do before; only its owner may.
            #[utoipa::path(put, path = concat!($base, "/shares"), tag = "sharing", params(($param = $shown, Path)),
                                request_body = ShareBody,
                                responses((status = 200, body = SharesBody), Missing, Refusals, Unchanged, Unreadable))]
            async fn put(
                State(web): State<Web>,
                Signed(actor): Signed,
                Path(id): Path<$id>,
                Json(body): Json<ShareBody>,
            ) -> Result<axum::Json<SharesBody>, Problem> {
                let shared = web.workshop.share(&actor, &$target(id), &body.who()?, body.access).await?;
                Ok(axum::Json(shared.into()))
            }

            /// Takes away what a person or a team may do with it; only its owner may.
            #[utoipa::path(delete, path = concat!($base, "/shares/{kind}/{holder}"), tag = "sharing",
                                params(($param = $shown, Path), ("kind" = HolderKind, Path), ("holder" = String, Path)),
                                responses((status = 200, body = SharesBody), Missing, Refusals, Unchanged))]
            async fn remove(
                State(web): State<Web>,
                Signed(actor): Signed,
                Path((id, kind, holder)): Path<($id, HolderKind, String)>,
            ) -> Result<axum::Json<SharesBody>, Problem> {
                let left = web.workshop.unshare(&actor, &$target(id), &kind.who(&holder)?).await?;
                Ok(axum::Json(left.into()))
            }

            /// Gives up what you may do with it; its owner transfers it first.
            #[utoipa::path(post, path = concat!($base, "/leave"), tag = "sharing", params(($param = $shown, Path)),
                                responses((status = 200, body = LeftBody), Missing, Refusals))]
            async fn leave(
                State(web): State<Web>,
                Signed(actor): Signed,
                Path(id): Path<$id>,
            ) -> Result<axum::Json<LeftBody>, Problem> {
                let target = $target(id);
                web.workshop.leave(&actor, &target).await?;
                Ok(axum::Json(LeftBody { message: format!("You left {target}.") }))
            }

            /// Makes somebody else its owner; you stay as an editor.
            #[utoipa::path(post, path = concat!($base, "/transfer"), tag = "sharing", params(($param = $shown, Path)),
                                request_body = TransferBody,
                                responses((status = 200, body = SharesBody), Missing, Refusals, Unchanged, Unreadable))]
            async fn transfer(
                State(web): State<Web>,
                Signed(actor): Signed,
                Path(id): Path<$id>,
                Json(body): Json<TransferBody>,
            ) -> Result<axum::Json<SharesBody>, Problem> {
                let to = HolderKind::Person.who(&body.to)?;
                Ok(axum::Json(web.workshop.transfer(&actor, &$target(id), &to).await?.into()))
            }

            /// Changes who sees it without being named; only its owner may.
            #[utoipa::path(put, path = concat!($base, "/visibility"), tag = "sharing", params(($param = $shown, Path)),
                                request_body = VisibilityBody,
                                responses((status = 200, body = SharesBody), Missing, Refusals, Unchanged, Unreadable))]
            async fn set_visibility(
                State(web): State<Web>,
                Signed(actor): Signed,
                Path(id): Path<$id>,
                Json(body): Json<VisibilityBody>,
            ) -> Result<axum::Json<SharesBody>, Problem> {
                let seen = web.workshop.set_visibility(&actor, &$target(id), body.visibility).await?;
                Ok(axum::Json(seen.into()))
            }
        }
    };
}

endpoints!(drafts, "/prompts/workshop/drafts/{id}", "id", DraftId, i32, Target::Draft);
endpoints!(prompts, "/prompts/{name}", "name", String, String, Target::Prompt);
