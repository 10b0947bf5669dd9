//! Pages for people: a front door, and signing in by a one-time link.
//!
//! A page is a file here and one line below.

mod home;
mod invite;
mod sign_in;
mod workshop;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

use super::Web;

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/", get(home::show))
        .route("/sign-in/{code}", get(sign_in::ask).post(sign_in::redeem))
        .route("/invite/{code}", get(invite::show))
        .route("/workshop/{draft}", get(workshop::show))
}

/// Text from outside as HTML that shows it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A whole page around HTML that holds no text from outside. Nothing is loaded and no script runs.
fn page(title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title><style>\
         :root{{color-scheme:light dark}}body{{font:1.0625rem/1.6 system-ui,sans-serif;max-width:42rem;margin:4rem auto;\
         padding:0 1.25rem}}h1{{font-size:1.6rem}}pre{{padding:1rem;overflow:auto;border:1px solid;border-radius:.5rem}}\
         button{{font:inherit;padding:.5rem 1.25rem;border-radius:.5rem;cursor:pointer}}</style></head>\
         <body><main>{body}</main></body></html>"
    );
    let mut response = Html(html).into_response();
    let headers = response.headers_mut();
    let policy =
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
