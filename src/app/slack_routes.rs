//! Slack's addresses on our web server: [`crate::chat::slack`] answers, and knows no web server.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::chat::slack::Slack;
use crate::chat::slack::http::Answer;
use crate::chat::slack::parse::Sort;

/// The most bytes that Slack sends at once: a form holds 250 KB.
const BODY_BYTES: usize = 1024 * 1024;

/// The addresses: requests of Slack's where it reaches us over HTTP, and the installation by OAuth in every mode.
pub(super) fn routes(slack: Slack) -> Router {
    let mut router = Router::new().route("/slack/install", get(install)).route("/slack/oauth/callback", get(installed));
    if slack.takes_http() {
        router = router
            .route("/slack/events", post(events))
            .route("/slack/commands", post(commands))
            .route("/slack/interactive", post(interactive));
    }
    router.layer(DefaultBodyLimit::max(BODY_BYTES)).with_state(slack)
}

async fn events(State(slack): State<Slack>, headers: HeaderMap, body: Bytes) -> Response {
    response(slack.take_request(Sort::Event, &headers, &body).await)
}

async fn commands(State(slack): State<Slack>, headers: HeaderMap, body: Bytes) -> Response {
    response(slack.take_request(Sort::Command, &headers, &body).await)
}

async fn interactive(State(slack): State<Slack>, headers: HeaderMap, body: Bytes) -> Response {
    response(slack.take_request(Sort::Interactive, &headers, &body).await)
}

async fn install(State(slack): State<Slack>) -> Response {
    response(slack.begin_install())
}

async fn installed(State(slack): State<Slack>, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    response(slack.finish_install(&headers, query.as_deref().unwrap_or_default()).await)
}

fn response(answer: Answer) -> Response {
    let mut response = (answer.status, answer.body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
    response
}
