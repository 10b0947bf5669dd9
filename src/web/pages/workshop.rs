//! A workshop's address: what it leads to before somebody is signed in.

use axum::extract::Path;
use axum::response::Response;

use super::page;
use crate::domain::DraftId;

/// Says how to get in. Whether there is such a workshop is not told.
pub(super) async fn show(Path(draft): Path<DraftId>) -> Response {
    let body = format!(
        "<h1>Workshop {draft}</h1><p>To read it here, press <em>Open on the web</em> in its thread, or say <code>web</code> \
         there: you get a link that signs you in. In a terminal, <code>workshop chat --draft {draft}</code> goes on with it.</p>"
    );
    page(&format!("Workshop {draft}"), &body)
}
