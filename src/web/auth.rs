//! Who asks: `Authorization: Bearer TOKEN`.

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use super::Web;
use super::error::Problem;
use crate::domain::Actor;

/// The one who asks, known by a token.
pub(super) struct Signed(pub(super) Actor);

impl FromRequestParts<Web> for Signed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let token = match header.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
            Some(_) | None => return Err(Problem::unauthorized()),
        };
        let actor = web.workshop.authenticate(token).await?;
        actor.map(Self).ok_or_else(Problem::unauthorized)
    }
}
