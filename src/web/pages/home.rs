//! The front door: what this is, and what one works on.

use askama::Template;
use axum::extract::State;

use super::frame::{Frame, Section};
use super::{Page, html};
use crate::web::Web;
use crate::web::auth::Visitor;

#[derive(Template)]
#[template(path = "home.html", config = "src/web/askama.toml")]
struct Home {
    frame: Frame,
    engine: String,
}

/// Shows one's workshops.
pub(super) async fn show(State(web): State<Web>, Visitor(actor): Visitor) -> Page {
    let engine = web.workshop.models().engine().meaning().to_string();
    html(&Home { frame: Frame::of(&actor, Section::Workshops, "Workshops"), engine })
}
