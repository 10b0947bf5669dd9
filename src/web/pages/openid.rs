//! Signing in through an OpenID Connect provider: there, and back.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::frame::Frame;
use super::sign_in::is_path;
use super::{Page, html};
use crate::openid::{Brought, Error, LIFE};
use crate::web::auth::Anybody;
use crate::web::error::Problem;
use crate::web::{Web, cookie};

#[derive(Template)]
#[template(path = "openid.html", config = "src/web/askama.toml")]
struct NotSignedIn {
    frame: Frame,
    sentence: String,
}

/// Where one goes when signed in, and whether one's account is to be reached by the provider from then on.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    next: Option<String>,
    /// The account's sealed wish, from its page of settings.
    join: Option<String>,
}

/// Sends the browser to the provider.
pub(super) async fn begin(State(web): State<Web>, Anybody(actor): Anybody, Query(wanted): Query<Wanted>) -> Page {
    let Some(openid) = &web.openid else { return not_offered() };
    let next = wanted.next.filter(|next| is_path(next));
    let (next, join) = match (wanted.join, actor) {
        (None, _) => (next.unwrap_or_else(|| "/".to_owned()), None),
        (Some(wish), Some(actor)) if openid.wished(&wish, actor.account) => {
            ("/settings/tokens".to_owned(), Some(actor.account))
        }
        (Some(_), _) => return failed(&web, &Error::NotBegun),
    };
    match openid.begin(&next, join).await {
        Ok(begun) => {
            let kept = cookie::set(&web, &cookie::AT_PROVIDER, &begun.cookie, LIFE.unsigned_abs());
            Ok(([kept], Redirect::to(&begun.address)).into_response())
        }
        Err(error) => failed(&web, &error),
    }
}

/// Signs in whom the provider sends back.
pub(super) async fn finish(
    State(web): State<Web>,
    Anybody(actor): Anybody,
    Query(brought): Query<Brought>,
    headers: HeaderMap,
) -> Page {
    let Some(openid) = &web.openid else { return not_offered() };
    let kept = cookie::find(&headers, &cookie::AT_PROVIDER).unwrap_or_default();
    let finished = match openid.finish(kept, brought).await {
        Ok(finished) => finished,
        Err(error) => return failed(&web, &error),
    };
    let still = actor.map(|actor| actor.account);
    if finished.join.is_some() && finished.join != still {
        return failed(&web, &Error::NotBegun);
    }
    let (_, secret) = web.workshop.sign_in_introduced(&finished.introduced, finished.join).await?;
    let removed = cookie::set(&web, &cookie::AT_PROVIDER, "", 0);
    let mut response = Redirect::to(&finished.next).into_response();
    // Two headers of one name: the one is added to the other.
    for (name, value) in [cookie::keep(&web, &secret), removed] {
        response.headers_mut().append(name, value);
    }
    Ok(response)
}

fn not_offered() -> Page {
    Err(Problem::missing("People do not sign in here through OpenID Connect. An operator can set openid.issuer.")
        .into())
}

fn failed(web: &Web, error: &Error) -> Page {
    let status = match error {
        Error::Unavailable(_) => StatusCode::BAD_GATEWAY,
        Error::NotBegun => StatusCode::BAD_REQUEST,
        Error::Refused(_) | Error::Unbelievable(_) | Error::NotAllowed(_) => StatusCode::FORBIDDEN,
    };
    let page: Response = html(&NotSignedIn { frame: Frame::open("Not signed in"), sentence: error.to_string() })?;
    Ok((status, [cookie::set(web, &cookie::AT_PROVIDER, "", 0)], page).into_response())
}
