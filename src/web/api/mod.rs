//! The JSON API under `/api/auspex`. Each file has the endpoints of one noun and what they send.

mod activity;
mod articles;
mod batches;
mod comments;
mod commit;
mod comparison;
mod drafts;
mod exchange;
mod feeds;
mod invites;
mod library;
mod live;
mod messages;
mod proposals;
mod pushes;
mod sessions;
mod sharing;
mod suites;
mod teams;
mod tests;
mod versions;

use serde::Deserialize;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{IntoParams, Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;

use super::Web;
use crate::domain::Invalid;

/// Where the API is.
pub(super) const ROOT: &str = "/api/auspex";

/// The description of the API, but for what each endpoint adds.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Prompt Workshop",
        description = "Design, test and share system prompts for Auspex, in conversation with an AI.\n\nSend `Authorization: Bearer TOKEN` with every request. Errors are problem details (RFC 9457) with a stable `type`.",
    ),
    security(("token" = [])),
    modifiers(&Token),
)]
struct Description;

struct Token;

impl Modify for Token {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
        openapi.components.get_or_insert_default().add_security_scheme("token", scheme);
    }
}

pub(super) fn router() -> OpenApiRouter<Web> {
    let endpoints = OpenApiRouter::new()
        .merge(drafts::routes())
        .merge(live::routes())
        .merge(messages::routes())
        .merge(proposals::routes())
        .merge(tests::routes())
        .merge(comparison::routes())
        .merge(suites::routes())
        .merge(batches::routes())
        .merge(commit::routes())
        .merge(library::routes())
        .merge(versions::routes())
        .merge(sessions::routes())
        .merge(exchange::routes())
        .merge(pushes::routes())
        .merge(sharing::routes())
        .merge(invites::routes())
        .merge(comments::routes())
        .merge(activity::routes())
        .merge(teams::routes())
        .merge(articles::routes())
        .merge(feeds::routes());
    OpenApiRouter::with_openapi(Description::openapi()).nest(ROOT, endpoints)
}

/// Which page of a list.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct Page {
    /// The page, from 1.
    page: Option<i64>,
    /// How many a page: 1 to 100, 50 by default.
    page_size: Option<i64>,
}

impl Page {
    /// Limit and offset.
    fn bounds(&self) -> Result<(i64, i64), Invalid> {
        let size = self.page_size.unwrap_or(50);
        let page = self.page.unwrap_or(1);
        if !(1..=100).contains(&size) {
            return Err(Invalid::new("page_size", "must be 1 to 100"));
        }
        if !(1..=1_000_000).contains(&page) {
            return Err(Invalid::new("page", "must be 1 or more"));
        }
        Ok((size, (page - 1) * size))
    }
}

/// Collects what is wrong with several fields, so that a person hears of all at once.
#[derive(Default)]
pub(super) struct Checks(Vec<Invalid>);

impl Checks {
    /// The value, if it is valid; notes why otherwise.
    fn take<T>(&mut self, parsed: Result<T, Invalid>) -> Option<T> {
        parsed.map_err(|invalid| self.0.push(invalid)).ok()
    }

    /// All values, if nothing was wrong.
    fn finish<T>(self, values: Option<T>) -> Result<T, crate::web::error::Problem> {
        match values {
            Some(values) if self.0.is_empty() => Ok(values),
            Some(_) | None => Err(crate::web::error::Problem::invalid(self.0)),
        }
    }
}
