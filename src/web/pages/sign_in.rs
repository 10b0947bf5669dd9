//! Signing in by a one-time link.
//!
//! Opening the link uses nothing up (programs preview links); the button does. A browser gets a cookie and the page it
//! wanted; a program that sends the form gets a token for the API.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::json;

use super::frame::Frame;
use super::{Page, html};
use crate::domain::DraftId;
use crate::web::{Web, cookie};
use crate::workshop::Error;

/// How far one is.
enum Step {
    /// Not there yet: how to get a link.
    Ways {
        /// What was looked for.
        next: String,
    },
    /// A link that works: asks whether to use it.
    Confirm {
        /// Where the form goes.
        action: String,
    },
    /// A link that works no more.
    UsedUp,
}

#[derive(Template)]
#[template(path = "sign_in.html", config = "src/web/askama.toml")]
struct SignIn {
    frame: Frame,
    step: Step,
    /// What the OpenID Connect provider is called, if there is one.
    openid: Option<String>,
}

fn page(web: &Web, step: Step) -> Page {
    let openid = web.openid.as_ref().map(|openid| openid.label().to_owned());
    html(&SignIn { frame: Frame::open("Sign in"), step, openid })
}

/// Where one goes when signed in.
#[derive(Deserialize)]
pub(super) struct Wanted {
    /// A page of ours.
    next: Option<String>,
    /// The draft that the link was made for.
    draft: Option<DraftId>,
}

impl Wanted {
    /// A path of this site, never another site's address.
    fn path(&self) -> String {
        match (&self.next, self.draft) {
            (_, Some(draft)) => format!("/workshop/{draft}"),
            (Some(next), None) if is_path(next) => next.clone(),
            (Some(_) | None, None) => "/".to_owned(),
        }
    }
}

/// Whether an address stays on this site: browsers take "//host" and "/\host" for another.
pub(super) fn is_path(address: &str) -> bool {
    let mut chars = address.chars();
    chars.next() == Some('/') && !matches!(chars.next(), Some('/' | '\\')) && !address.chars().any(char::is_control)
}

/// Says how to sign in.
pub(super) async fn ways(State(web): State<Web>, Query(wanted): Query<Wanted>) -> Page {
    let next = wanted.next.filter(|next| is_path(next) && next != "/").unwrap_or_default();
    page(&web, Step::Ways { next })
}

/// Asks whether to sign in.
pub(super) async fn ask(State(web): State<Web>, Path(code): Path<String>, Query(wanted): Query<Wanted>) -> Page {
    if !web.workshop.login_code_is_open(&code).await? {
        return used_up(&web);
    }
    let query = wanted.draft.map(|draft| format!("?draft={draft}")).unwrap_or_default();
    page(&web, Step::Confirm { action: format!("/sign-in/{code}{query}") })
}

/// Uses the link up: a browser is signed in and goes where the link leads, a program gets a token.
pub(super) async fn redeem(
    State(web): State<Web>,
    Path(code): Path<String>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Page {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !accepts.contains("text/html") {
        return match web.workshop.redeem_login_code(&code).await {
            Err(Error::NotFound(_)) => used_up(&web),
            redeemed => {
                let (_, token) = redeemed?;
                Ok(axum::Json(json!({ "token": token.expose_secret() })).into_response())
            }
        };
    }
    match web.workshop.sign_in(&code).await {
        Err(Error::NotFound(_)) => used_up(&web),
        signed_in => {
            let (_, secret) = signed_in?;
            Ok(([cookie::keep(&web, &secret)], Redirect::to(&wanted.path())).into_response())
        }
    }
}

/// Signs the browser out.
pub(super) async fn sign_out(State(web): State<Web>, headers: HeaderMap) -> Page {
    if let Some(secret) = cookie::read(&headers) {
        web.workshop.sign_out(secret).await?;
    }
    Ok(([cookie::remove(&web)], Redirect::to("/sign-in")).into_response())
}

fn used_up(web: &Web) -> Page {
    let page: Response = page(web, Step::UsedUp)?;
    Ok((StatusCode::NOT_FOUND, page).into_response())
}

#[cfg(test)]
mod tests {
    use super::is_path;

    #[test]
    fn one_is_never_sent_to_another_site() {
        assert!(is_path("/workshop/7?tab=test"));
        for elsewhere in ["//evil.example", "/\\evil.example", "https://evil.example", "", "evil", "/\n/evil"] {
            assert!(!is_path(elsewhere), "{elsewhere:?}");
        }
    }
}
