//! One's own API tokens.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::domain::TokenId;
use crate::web::Web;
use crate::web::auth::Signed;
use crate::web::body::{Json, Path};
use crate::web::error::{Missing, Problem, Refusals, Unreadable};
use crate::workshop::token::Token;

pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(revoke))
}

/// A token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
struct TokenBody {
    token_id: Uuid,
    /// What you call it; empty for one that was made on the command line or by a sign-in link.
    name: String,
    created_at: DateTime<Utc>,
    /// When it was used last, give or take an hour.
    last_used_at: Option<DateTime<Utc>>,
}

impl From<Token> for TokenBody {
    fn from(Token { id, name, created_at, used_at }: Token) -> Self {
        Self { token_id: id.0, name, created_at, last_used_at: used_at }
    }
}

/// Your tokens.
#[derive(Debug, Serialize, ToSchema)]
struct TokenList {
    /// Newest first.
    tokens: Vec<TokenBody>,
    total: usize,
}

/// A token to be made.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct CreateToken {
    /// What to call it: one line of 1 to 60 characters.
    #[serde(default)]
    name: String,
}

/// A new token.
#[derive(Debug, Serialize, ToSchema)]
struct NewToken {
    token_id: Uuid,
    name: String,
    /// What to send as `Authorization: Bearer`. It is not shown again.
    token: String,
    created_at: DateTime<Utc>,
}

/// What was done.
#[derive(Debug, Serialize, ToSchema)]
struct RevokedToken {
    message: String,
}

/// Lists your tokens that work.
#[utoipa::path(get, path = "/tokens", tag = "tokens", responses((status = 200, body = TokenList), Refusals))]
async fn list(State(web): State<Web>, Signed(actor): Signed) -> Result<axum::Json<TokenList>, Problem> {
    let tokens: Vec<TokenBody> = web.workshop.tokens(&actor).await?.into_iter().map(TokenBody::from).collect();
    Ok(axum::Json(TokenList { total: tokens.len(), tokens }))
}

/// Makes a token that acts as you until you revoke it.
#[utoipa::path(post, path = "/tokens", tag = "tokens", request_body = CreateToken,
    responses((status = 201, body = NewToken), Refusals, Unreadable))]
async fn create(
    State(web): State<Web>,
    Signed(actor): Signed,
    Json(body): Json<CreateToken>,
) -> Result<(StatusCode, axum::Json<NewToken>), Problem> {
    let (token, secret) = web.workshop.create_named_token(&actor, &body.name).await?;
    let made = NewToken {
        token_id: token.id.0,
        name: token.name,
        token: secret.expose_secret().to_owned(),
        created_at: token.created_at,
    };
    Ok((StatusCode::CREATED, axum::Json(made)))
}

/// Makes one of your tokens work no more, at once.
#[utoipa::path(delete, path = "/tokens/{token_id}", tag = "tokens", params(("token_id" = Uuid, Path)),
    responses((status = 200, body = RevokedToken), Missing, Refusals))]
async fn revoke(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(id): Path<TokenId>,
) -> Result<axum::Json<RevokedToken>, Problem> {
    let name = web.workshop.revoke_token(&actor, id).await?;
    let which = if name.is_empty() { "The token".to_owned() } else { format!("The token \"{name}\"") };
    Ok(axum::Json(RevokedToken { message: format!("{which} works no more.") }))
}
