//! Discord's address on our web server: [`crate::chat::discord`] answers, and knows no web server.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};

use crate::chat::discord::Discord;
use crate::chat::discord::http::Answer;

/// The most bytes that Discord sends at once: a form holds 20,000 characters.
const BODY_BYTES: usize = 1024 * 1024;

/// The address for interactions, where Discord reaches us over HTTP.
pub(super) fn routes(discord: Discord) -> Router {
    if !discord.takes_http() {
        return Router::new();
    }
    let router = Router::new().route("/discord/interactions", post(interactions));
    router.layer(DefaultBodyLimit::max(BODY_BYTES)).with_state(discord)
}

async fn interactions(State(discord): State<Discord>, headers: HeaderMap, body: Bytes) -> Response {
    let Answer { status, body } = discord.take_request(&headers, &body).await;
    match body {
        Some(body) => (status, Json(body)).into_response(),
        None => status.into_response(),
    }
}
