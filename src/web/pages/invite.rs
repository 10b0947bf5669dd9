//! The page of a link that lets people in: how to use it. What it opens is not told to who has not come in.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::{escaped, page};
use crate::web::Web;
use crate::web::error::Problem;

/// Says how to come in. Opening the page lets nobody in: programs preview links.
pub(super) async fn show(State(web): State<Web>, Path(code): Path<String>) -> Result<Response, Problem> {
    if !web.workshop.invite_is_open(&code).await? {
        let body = "<h1>This invitation does not work any more</h1><p>It has expired or was taken back. Ask whoever gave \
                    it to you for another.</p>";
        return Ok((StatusCode::NOT_FOUND, page("Invitation over", body)).into_response());
    }
    let code = escaped(&code);
    let body = format!(
        "<h1>You are invited</h1><p>Somebody shared a prompt with you. To come in, say this where you use Prompt Workshop:</p>\
         <p>In Slack or Discord:</p><pre style=\"white-space:pre-wrap;word-break:break-all\">/workshop share accept {code}</pre>\
         <p>In a terminal, in <code>workshop chat</code>:</p>\
         <pre style=\"white-space:pre-wrap;word-break:break-all\">/share accept {code}</pre>\
         <p>Over the <a href=\"/api/docs/\">HTTP API</a>: POST <code>/api/auspex/invites/accept</code> with this code.</p>"
    );
    Ok(page("Invitation", &body))
}
