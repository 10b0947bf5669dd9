//! Signing in by a one-time link: a token for the API.
//!
//! Opening the link uses nothing up (programs preview links); the button does.

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use secrecy::ExposeSecret;
use serde::Deserialize;

use super::{escaped, page};
use crate::domain::{Actor, DraftId};
use crate::web::Web;
use crate::web::error::Problem;
use crate::workshop::Error;

/// Asks whether to sign in.
pub(super) async fn ask(State(web): State<Web>, Path(code): Path<String>) -> Result<Response, Problem> {
    if !web.workshop.login_code_is_open(&code).await? {
        return Ok(used_up());
    }
    Ok(page(
        "Sign in",
        "<h1>Sign in</h1><p>This link works once. It gives you a token for the HTTP API, shown on the next page only.</p>\
         <form method=\"post\"><button>Sign in</button></form>",
    ))
}

/// What the link leads to besides.
#[derive(Deserialize)]
pub(super) struct Wanted {
    draft: Option<DraftId>,
}

/// Uses the link up, and shows the token and the draft that the link was made for.
pub(super) async fn redeem(
    State(web): State<Web>,
    Path(code): Path<String>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (actor, token) = match web.workshop.redeem_login_code(&code).await {
        Err(Error::NotFound(_)) => return Ok(used_up()),
        redeemed => redeemed?,
    };
    // The token is made of letters and digits, so that it needs no escaping.
    let token = token.expose_secret();
    let address = address(&headers);
    let draft = shown(&web, &actor, wanted.draft).await?;
    let body = format!(
        "{draft}<h1>Signed in</h1><p>This is your token. It is not shown again:</p><pre>{token}</pre>\
         <p>Try it:</p><pre>curl -H \"Authorization: Bearer {token}\" \\\n  {address}/api/auspex/topics</pre>\
         <p>Go on with the <a href=\"/api/docs/\">HTTP API</a>, or with <code>workshop chat</code> in a terminal.</p>"
    );
    Ok(page("Signed in", &body))
}

/// A draft to read, if one is wanted that the actor may see.
async fn shown(web: &Web, actor: &Actor, wanted: Option<DraftId>) -> Result<String, Problem> {
    let Some(id) = wanted else { return Ok(String::new()) };
    let draft = match web.workshop.draft(actor, id).await {
        Err(Error::NotFound(_)) => return Ok(String::new()),
        found => found?,
    };
    let text = if draft.text.is_empty() { "There is no text yet." } else { &draft.text };
    Ok(format!(
        "<h1>{}</h1><p>Draft {} · {} · revision {}</p><pre style=\"white-space:pre-wrap\">{}</pre>",
        escaped(&draft.name),
        draft.id,
        draft.status,
        draft.revision,
        escaped(text)
    ))
}

/// The address that the person used, if it is one that needs no escaping.
fn address(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let plain = !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || ".:-[]".contains(c));
    if plain { format!("http://{host}") } else { "http://127.0.0.1:8484".to_owned() }
}

fn used_up() -> Response {
    let body = "<h1>This link does not work any more</h1><p>It was used, or it is older than a day. \
                <code>workshop user link NAME</code> prints a new one.</p>";
    (StatusCode::NOT_FOUND, page("Link used up", body)).into_response()
}
