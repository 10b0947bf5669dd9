//! Scripts and styles of the pages: built from `client/`, part of the binary (a debug build reads them from the disk).

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::{Embed, EmbeddedFile};

use super::Web;
use super::error::Problem;

#[derive(Embed)]
#[folder = "src/web/client/dist"]
struct Client;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/assets/{version}/{name}", get(serve))
}

/// The address of a file; it changes with the file, so that browsers keep what they have for good.
pub(super) fn address(name: &str) -> String {
    let hash = Client::get(name).map(|file| file.metadata.sha256_hash()).unwrap_or_default();
    let version: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("/assets/{version}/{name}")
}

async fn serve(Path((_, name)): Path<(String, String)>, headers: HeaderMap) -> Result<Response, Problem> {
    let kind = match name.rsplit_once('.') {
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        Some(_) | None => return Err(Problem::no_such_thing()),
    };
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let packed = if accepted.contains("gzip") { Client::get(&format!("{name}.gz")) } else { None };
    let encoding = packed.is_some().then_some("gzip");
    let file: EmbeddedFile = packed.or_else(|| Client::get(&name)).ok_or_else(Problem::no_such_thing)?;
    let mut response = file.data.into_response();
    let fields = response.headers_mut();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    fields.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        fields.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    Ok(response)
}
