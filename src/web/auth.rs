//! Who asks: a program by `Authorization: Bearer TOKEN`, a browser by its cookie.

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};

use super::error::Problem;
use super::{Web, cookie};
use crate::domain::Actor;

/// The one who asks, known by a token or a cookie.
pub(super) struct Signed(pub(super) Actor);

impl FromRequestParts<Web> for Signed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        let actor = match parts.headers.get(AUTHORIZATION) {
            Some(header) => match header.to_str().unwrap_or_default().split_once(' ') {
                Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
                    web.workshop.authenticate(token.trim()).await?
                }
                Some(_) | None => None,
            },
            None => match cookie::read(&parts.headers) {
                Some(cookie) => web.workshop.signed_in(cookie).await?,
                None => None,
            },
        };
        actor.map(Self).ok_or_else(Problem::unauthorized)
    }
}

/// The one who looks at a page; who is not signed in is asked to, and comes back.
pub(super) struct Visitor(pub(super) Actor);

impl FromRequestParts<Web> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        match Signed::from_request_parts(parts, web).await {
            Ok(Signed(actor)) => Ok(Self(actor)),
            Err(problem) if problem.is_unauthorized() => {
                let here = parts.uri.path_and_query().map_or("/", |path| path.as_str());
                let next: String = url::form_urlencoded::byte_serialize(here.as_bytes()).collect();
                Err(Redirect::to(&format!("/sign-in?next={next}")).into_response())
            }
            Err(problem) => Err(super::pages::failed(problem)),
        }
    }
}

/// Whoever looks at a page that is for anybody: known, if signed in.
pub(super) struct Anybody(pub(super) Option<Actor>);

impl FromRequestParts<Web> for Anybody {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        match Signed::from_request_parts(parts, web).await {
            Ok(Signed(actor)) => Ok(Self(Some(actor))),
            Err(problem) if problem.is_unauthorized() => Ok(Self(None)),
            Err(problem) => Err(super::pages::failed(problem)),
        }
    }
}
