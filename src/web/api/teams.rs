//! Teams and who belongs to them.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::sharing::Team;
use crate::web::Web;
use crate::web::auth::Signed;
use crate::web::body::{Json, Path};
use crate::web::error::{Missing, Problem, Refusals, Unchanged, Unreadable};

pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(put_in, take_out))
}

/// A team.
#[derive(Debug, Serialize, ToSchema)]
struct TeamBody {
    name: String,
    /// The names of the accounts in it.
    members: Vec<String>,
}

impl From<Team> for TeamBody {
    fn from(Team { name, members }: Team) -> Self {
        Self { name, members }
    }
}

/// Teams, by name.
#[derive(Debug, Serialize, ToSchema)]
struct TeamList {
    teams: Vec<TeamBody>,
    total: usize,
}

/// Lists the teams; a guest sees those that the guest belongs to.
#[utoipa::path(get, path = "/teams", tag = "teams", responses((status = 200, body = TeamList), Refusals))]
async fn list(State(web): State<Web>, Signed(actor): Signed) -> Result<axum::Json<TeamList>, Problem> {
    let teams: Vec<TeamBody> = web.workshop.teams(&actor).await?.into_iter().map(TeamBody::from).collect();
    Ok(axum::Json(TeamList { total: teams.len(), teams }))
}

/// A new team.
#[derive(Debug, Deserialize, ToSchema)]
struct NewTeam {
    /// 2 to 40 lower-case letters, digits, `-` and `_`.
    name: String,
}

/// Makes a team; only an administrator may. One that is there stays as it is.
#[utoipa::path(post, path = "/teams", tag = "teams", request_body = NewTeam,
    responses((status = 200, body = TeamBody), Refusals, Unchanged, Unreadable))]
async fn add(
    State(web): State<Web>,
    Signed(actor): Signed,
    Json(body): Json<NewTeam>,
) -> Result<axum::Json<TeamBody>, Problem> {
    Ok(axum::Json(web.workshop.add_team(&actor, &body.name).await?.into()))
}

/// Puts an account into a team; only an administrator may.
#[utoipa::path(put, path = "/teams/{team}/members/{person}", tag = "teams",
    params(("team" = String, Path), ("person" = String, Path)),
    responses((status = 200, body = TeamBody), Missing, Refusals, Unchanged))]
async fn put_in(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path((team, person)): Path<(String, String)>,
) -> Result<axum::Json<TeamBody>, Problem> {
    Ok(axum::Json(web.workshop.add_to_team(&actor, &team, &person).await?.into()))
}

/// Takes an account out of a team; only an administrator may. Taken out of `everyone`, it is a guest.
#[utoipa::path(delete, path = "/teams/{team}/members/{person}", tag = "teams",
    params(("team" = String, Path), ("person" = String, Path)),
    responses((status = 200, body = TeamBody), Missing, Refusals, Unchanged))]
async fn take_out(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path((team, person)): Path<(String, String)>,
) -> Result<axum::Json<TeamBody>, Problem> {
    Ok(axum::Json(web.workshop.remove_from_team(&actor, &team, &person).await?.into()))
}
