//! Whether the service lives and works, and what it measures.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use super::Web;
use crate::workshop::LocalState;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/healthz", get(healthz)).route("/readyz", get(readyz)).route("/metrics", get(metrics))
}

/// The process answers.
async fn healthz() -> &'static str {
    "ok\n"
}

/// The database answers; and which model is in use, and what that means.
async fn readyz(State(web): State<Web>) -> Response {
    let database = web.workshop.ping().await.is_ok();
    let models = web.workshop.models();
    let engine = models.engine();
    let local = match models.local_state() {
        LocalState::NotUsed => json!({ "state": "not_used" }),
        LocalState::Missing => json!({ "state": "missing", "fix": "run `workshop setup`" }),
        LocalState::Fetching { percent } => json!({ "state": "fetching", "percent": percent }),
        LocalState::Loading => json!({ "state": "loading" }),
        LocalState::Ready => json!({ "state": "ready" }),
        LocalState::Failed(reason) => json!({ "state": "failed", "reason": reason }),
    };
    let body = json!({
        "status": if database { "ready" } else { "unavailable" },
        "database": if database { "ok" } else { "unreachable" },
        "model": {
            "engine": engine.label(),
            "name": engine.model(),
            "meaning": engine.meaning(),
            "local": local,
        },
    });
    let status = if database { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(body)).into_response()
}

/// Measurements, as Prometheus reads them.
async fn metrics(State(web): State<Web>) -> Response {
    if let Ok(depth) = web.workshop.queue_depth().await {
        for queue in depth {
            metrics::gauge!("workshop_jobs", "queue" => queue.queue.as_str()).set(queue.jobs as f64);
            metrics::gauge!("workshop_oldest_job_seconds", "queue" => queue.queue.as_str()).set(queue.oldest_seconds);
        }
    }
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, web.metrics.render()).into_response()
}
