//! Pages for people, rendered here and readable without JavaScript.
//!
//! A page is a file here, its template in `templates/`, and one line below. What changes things goes to the API, by
//! forms that `client/src/forms.ts` sends; parts of a page that change while one looks are rendered alone, too.

mod answer;
mod article;
mod articles;
mod batch;
mod chart;
mod comparison;
mod diff;
mod feeds;
mod frame;
mod home;
mod invite;
mod library;
mod openid;
mod paging;
mod prompt;
mod session;
mod shown;
mod sign_in;
mod stars;
mod tokens;
mod trial;
mod workshop;

use std::str::FromStr;

use askama::Template;
use axum::Router;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use self::frame::Frame;
use super::Web;
use super::error::Problem;

/// Nothing is loaded from elsewhere, no script or style stands in a page, and no page stands in another.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/", get(home::show))
        .route("/workshop", get(home::at_start).post(home::start))
        .route("/sign-in", get(sign_in::ways))
        .route("/sign-in/openid", get(openid::begin))
        .route("/sign-in/openid/callback", get(openid::finish))
        .route("/sign-in/{code}", get(sign_in::ask).post(sign_in::redeem))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/invite/{code}", get(invite::show).post(invite::accept))
        .route("/settings/tokens", get(tokens::show).post(tokens::create))
        .route("/settings/browsers/sign-out", post(tokens::sign_out_elsewhere))
        .route("/articles", get(articles::show))
        .route("/articles/feeds", get(feeds::show))
        .route("/articles/{id}", get(article::show))
        .route("/workshop/{draft}", get(workshop::show))
        .route("/workshop/{draft}/parts/{part}", get(workshop::part))
        .route("/workshop/{draft}/tests/{test}", get(trial::show))
        .route("/workshop/{draft}/tests/{test}/articles/{article}", get(trial::article))
        .route("/workshop/{draft}/compare", get(comparison::show))
        .route("/workshop/{draft}/batches/{batch}", get(batch::show))
        .route("/library", get(library::list))
        .route("/library/{name}", get(prompt::show))
        .route("/sessions", get(session::list))
        .route("/sessions/{chat}", get(session::show))
        .route("/sessions/{chat}/answers/{answer}/articles", get(session::articles))
        .route("/sessions/{chat}/answers/{answer}/articles/{article}", get(session::article))
        .merge(workshop::draft::routes())
        .layer(middleware::map_response(guarded))
}

/// Sees to it that browsers take nothing from a page but what it is, and do not keep it; a problem becomes a page, too.
async fn guarded(response: Response) -> Response {
    guard(match response.extensions().get::<Problem>() {
        Some(problem) => failed(problem.clone()),
        None => response,
    })
}

/// An address that leads nowhere: people get a page, programs a problem.
pub(super) async fn nothing_here(headers: HeaderMap) -> Response {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let problem = Problem::no_such_path();
    if accepts.contains("text/html") { guard(failed(problem)) } else { problem.into_response() }
}

fn guard(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

/// A page that could not be shown, and why.
pub(super) struct Failed(Problem);

/// What a page answers.
type Page = Result<Response, Failed>;

impl<E: Into<Problem>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        failed(self.0)
    }
}

/// Reads a field of a form that may be left empty.
fn filled<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: FromStr<Err: std::fmt::Display>,
{
    let raw = Option::<String>::deserialize(deserializer)?.filter(|raw| !raw.is_empty());
    raw.map(|raw| raw.parse().map_err(serde::de::Error::custom)).transpose()
}

/// A rendered template.
fn html(template: &impl Template) -> Page {
    match template.render() {
        Ok(html) => Ok(Html(html).into_response()),
        Err(error) => Err(Failed(Problem::fault(&error))),
    }
}

/// The number of a page of a list, from 1, as it stands in an address.
fn page_number(raw: Option<&str>) -> i64 {
    raw.and_then(|raw| raw.parse().ok()).unwrap_or(1).clamp(1, 10_000)
}

#[derive(Template)]
#[template(path = "error.html", config = "src/web/askama.toml")]
struct ErrorPage<'a> {
    frame: Frame,
    title: &'a str,
    detail: &'a str,
}

/// A page that says why another cannot be shown.
pub(super) fn failed(problem: Problem) -> Response {
    let page = ErrorPage { frame: Frame::open(problem.title), title: problem.title, detail: &problem.detail };
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(_) => problem.into_response(),
    }
}
