//! The page of a link that lets people in. What it opens is not told to who has not come in.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::frame::{Frame, Section};
use super::{Page, html};
use crate::domain::Actor;
use crate::domain::sharing::Target;
use crate::web::Web;
use crate::web::auth::{Anybody, Visitor};
use crate::workshop::Error;

#[derive(Template)]
#[template(path = "invite.html", config = "src/web/askama.toml")]
struct Invite {
    frame: Frame,
    open: bool,
    code: String,
}

fn page(actor: Option<&Actor>, open: bool, code: String) -> Page {
    let title = if open { "Invitation" } else { "Invitation over" };
    let frame = match actor {
        Some(actor) => Frame::of(actor, Section::Elsewhere, title),
        None => Frame::open(title),
    };
    let page: Response = html(&Invite { frame, open, code })?;
    let status = if open { StatusCode::OK } else { StatusCode::NOT_FOUND };
    Ok((status, page).into_response())
}

/// Says how to come in. Opening the page lets nobody in: programs preview links.
pub(super) async fn show(State(web): State<Web>, Anybody(actor): Anybody, Path(code): Path<String>) -> Page {
    let open = web.workshop.invite_is_open(&code).await?;
    page(actor.as_ref(), open, code)
}

/// Comes in, and goes to what the link opens.
pub(super) async fn accept(State(web): State<Web>, Visitor(actor): Visitor, Path(code): Path<String>) -> Page {
    let opened = match web.workshop.accept_invite(&actor, &code).await {
        Err(Error::NotFound(_)) => return page(Some(&actor), false, code),
        opened => opened?,
    };
    let to = match opened.target {
        Target::Draft(id) => format!("/workshop/{id}"),
        Target::Prompt(name) => format!("/library/{name}"),
    };
    Ok(Redirect::to(&to).into_response())
}
