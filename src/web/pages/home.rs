//! The front door.

use axum::extract::State;
use axum::response::Response;

use super::page;
use crate::web::Web;

/// Says what this is, what answers, and where to go on.
pub(super) async fn show(State(web): State<Web>) -> Response {
    let engine = web.workshop.models().engine();
    let body = format!(
        "<h1>Prompt Workshop</h1><p>Design, test and share system prompts for Auspex, in conversation with an AI.</p>\
         <p>Start in a terminal with <code>workshop chat</code>, or use the <a href=\"/api/docs/\">HTTP API</a>.</p>\
         <p><small>{}</small></p>",
        engine.meaning()
    );
    page("Prompt Workshop", &body)
}
