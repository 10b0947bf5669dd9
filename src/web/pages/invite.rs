//! The page of a link that lets people in: how to use it. What it opens is not told to who has not come in.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use super::frame::Frame;
use super::{Page, html};
use crate::web::Web;

#[derive(Template)]
#[template(path = "invite.html", config = "src/web/askama.toml")]
struct Invite {
    frame: Frame,
    open: bool,
    code: String,
}

/// Says how to come in. Opening the page lets nobody in: programs preview links.
pub(super) async fn show(State(web): State<Web>, Path(code): Path<String>) -> Page {
    let open = web.workshop.invite_is_open(&code).await?;
    let status = if open { StatusCode::OK } else { StatusCode::NOT_FOUND };
    let title = if open { "Invitation" } else { "Invitation over" };
    let page = html(&Invite { frame: Frame::open(title), open, code })?;
    Ok((status, page).into_response())
}
