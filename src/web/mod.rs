//! HTTP: the JSON API, its description, health, metrics, and the pages.
//!
//! A new endpoint is a function in a file of `api/` and one line in that file's `routes`; a new page is a file of
//! `pages/`, its template and one line in `pages/mod.rs`.

pub mod api;
mod assets;
mod auth;
mod body;
mod cookie;
mod error;
mod health;
mod markdown;
mod pages;
mod stream;

use std::net::SocketAddr;
use std::time::Instant;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa_swagger_ui::SwaggerUi;

use crate::domain::Invalid;
use crate::workshop::Workshop;

/// The most bytes in a request's body: 1 MiB.
pub const BODY_BYTES: usize = 1024 * 1024;

/// `[http]`: where the API is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Address and port to listen on.
    pub listen: String,
    /// The address people use; empty for the one listened on.
    pub public_url: String,
}

impl Settings {
    /// Where people reach the pages, without a slash at the end.
    pub fn address_for_people(&self) -> String {
        let url = self.public_url.trim_end_matches('/');
        if url.is_empty() { format!("http://{}", self.listen) } else { url.to_owned() }
    }

    /// Address and port to listen on, parsed.
    pub fn address(&self) -> Result<SocketAddr, Invalid> {
        self.listen.parse().map_err(|_| {
            Invalid::new("http.listen", format!("{:?} is no address and port such as 127.0.0.1:8484", self.listen))
        })
    }
}

/// What every handler can use.
#[derive(Clone)]
pub(crate) struct Web {
    workshop: Workshop,
    metrics: PrometheusHandle,
    /// When it is cancelled, whoever follows events is let go.
    stopping: CancellationToken,
}

/// Everything that is served until `stopping` is cancelled, with addresses of others beside ours.
pub fn router(workshop: Workshop, metrics: PrometheusHandle, stopping: CancellationToken, others: Router) -> Router {
    let web = Web { workshop, metrics, stopping };
    let (api, description) = api::router().split_for_parts();
    Router::new()
        .merge(api)
        .merge(SwaggerUi::new("/api/docs").url("/api/openapi.json", description))
        .merge(health::routes())
        .merge(assets::routes())
        .merge(pages::routes())
        .merge(others.with_state(()))
        .fallback(error::no_such_path)
        .method_not_allowed_fallback(error::no_such_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(middleware::from_fn_with_state(web.clone(), cookie::refuse_other_sites))
        .layer(middleware::from_fn_with_state(web.clone(), measure))
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
        .with_state(web)
}

/// Counts and times requests by the path's pattern, never by its ids.
async fn measure(State(_): State<Web>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().as_str().to_owned();
    let path = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let response = next.run(request).await;
    let status = response.status().as_str().to_owned();
    let labels = [("method", method.clone()), ("path", path.clone()), ("status", status)];
    metrics::counter!("workshop_http_requests_total", &labels).increment(1);
    metrics::histogram!("workshop_http_request_seconds", "method" => method, "path" => path)
        .record(started.elapsed().as_secs_f64());
    response
}
