//! Errors as people and programs get them: RFC 9457 problem details.
//!
//! The `type` of each is stable; `detail` is a sentence for people; `errors` gives a reason for each field.

use std::any::Any;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::{IntoResponses, ToSchema};

use crate::domain::Invalid;
use crate::domain::draft::{Draft, ReadOnly};
use crate::workshop::Error;

/// A refusal or fault.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Problem {
    /// What kind of problem: `urn:prompt-workshop:problem:…`, stable.
    #[serde(rename = "type")]
    kind: String,
    /// The kind in words.
    pub(super) title: &'static str,
    /// The HTTP status.
    pub(super) status: u16,
    /// What happened and what to do, for people.
    pub(super) detail: String,
    #[serde(flatten)]
    extra: Box<Extra>,
}

/// What only some problems have.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub(super) struct Extra {
    /// What is wrong with each field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    /// A word that finds the line in the service's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    /// More, by kind: the current draft (precondition-failed), when a limit ends (limit-reached).
    #[serde(flatten)]
    #[schema(value_type = Object)]
    more: serde_json::Map<String, Value>,
    #[serde(skip)]
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// What is wrong with one field.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct FieldError {
    /// The field's name, as it is sent.
    field: String,
    /// What is wrong, and what would be right.
    reason: String,
}

/// Problems that every endpoint behind a token can answer with.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes responses for OpenAPI")]
pub(super) enum Refusals {
    /// No token, or one that is unknown or revoked.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(Problem),
    /// A fault of the service; `reference` finds it in the log.
    #[response(status = 500, content_type = "application/problem+json")]
    Fault(Problem),
    /// The database cannot be reached; try again.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(Problem),
}

/// Problems that every endpoint about one thing can answer with, beside [`Refusals`].
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes responses for OpenAPI")]
pub(super) enum Missing {
    /// There is no such thing, or you may not see it.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(Problem),
}

/// Problems that every endpoint that changes something can answer with, beside [`Refusals`].
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes responses for OpenAPI")]
pub(super) enum Unchanged {
    /// You may see it, but not do this.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(Problem),
    /// It is not in a state for this.
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(Problem),
}

/// Problems that every endpoint that reads a body can answer with, beside [`Refusals`].
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes responses for OpenAPI")]
pub(super) enum Unreadable {
    /// The body is not JSON.
    #[response(status = 400, content_type = "application/problem+json")]
    BadRequest(Problem),
    /// The body has more than 1 MiB.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(Problem),
    /// The body is not sent as `application/json`.
    #[response(status = 415, content_type = "application/problem+json")]
    NotJson(Problem),
    /// Fields have values that cannot be accepted; `errors` has a reason for each.
    #[response(status = 422, content_type = "application/problem+json")]
    Unfit(Problem),
}

impl Problem {
    fn new(status: StatusCode, kind: &str, title: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:prompt-workshop:problem:{kind}"),
            title,
            status: status.as_u16(),
            detail: detail.into(),
            extra: Box::default(),
        }
    }

    fn with(mut self, name: &str, value: Value) -> Self {
        self.extra.more.insert(name.to_owned(), value);
        self
    }

    fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.extra.headers.push((name, value));
        }
        self
    }

    pub(super) fn unauthorized() -> Self {
        let detail = "Send Authorization: Bearer TOKEN, or sign in with a browser. `workshop token create --user NAME` prints a token.";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "Not signed in", detail)
            .header(header::WWW_AUTHENTICATE, "Bearer")
    }

    pub(super) fn is_unauthorized(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED.as_u16()
    }

    /// What was asked for came from another site's page.
    pub(super) fn other_site() -> Self {
        let detail =
            "This came from another site, so nothing was done. Do it on a page of Prompt Workshop, or send a token.";
        Self::new(StatusCode::FORBIDDEN, "other-site", "From another site", detail)
    }

    pub(super) fn too_large() -> Self {
        let detail = "The body has more than 1 MiB. Send it in parts.";
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "Too large", detail)
    }

    pub(super) fn not_json() -> Self {
        let detail = "Send the body as JSON, with Content-Type: application/json.";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json", "Not JSON", detail)
    }

    pub(super) fn bad_request(detail: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", "Unreadable request", detail)
    }

    pub(super) fn unfit(detail: &str) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "Invalid values", detail)
    }

    pub(super) fn invalid(invalid: Vec<Invalid>) -> Self {
        let detail = Error::Invalid(invalid.clone()).to_string();
        let mut problem = Self::unfit(&detail);
        problem.extra.errors =
            invalid.into_iter().map(|i| FieldError { field: i.field.to_owned(), reason: i.reason }).collect();
        problem
    }

    /// There is no such thing, for a reason that people should know.
    pub(super) fn missing(detail: &str) -> Self {
        Self { detail: detail.to_owned(), ..Self::no_such_thing() }
    }

    pub(super) fn no_such_thing() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "Not found", "There is no such thing, or you may not see it.")
    }

    /// The address leads nowhere.
    pub(super) fn no_such_path() -> Self {
        Self { detail: "There is nothing at this address. See /api/docs.".to_owned(), ..Self::no_such_thing() }
    }

    /// The model could not answer a message; the message is kept.
    pub(super) fn no_answer(detail: &str) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "no-answer", "The model did not answer", detail)
    }

    fn conflict(kind: &str, title: &'static str, error: &Error) -> Self {
        Self::new(StatusCode::CONFLICT, kind, title, error.to_string())
    }

    pub(super) fn fault(error: &(dyn std::error::Error + 'static)) -> Self {
        let reference = format!("{:08x}", rand::random::<u32>());
        tracing::error!(reference, error, "A request failed by a fault of ours");
        let detail = format!(
            "Something went wrong on our side. Nothing was changed. Tell the operator this reference: {reference}."
        );
        let mut problem = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "fault", "Fault", detail);
        problem.extra.reference = Some(reference);
        problem
    }
}

fn stale(current: &Draft, error: &Error) -> Problem {
    Problem::new(StatusCode::PRECONDITION_FAILED, "precondition-failed", "Changed meanwhile", error.to_string())
        .with(
            "current",
            json!({ "draft_content": current.text, "revision": current.revision, "status": current.status }),
        )
        .header(header::ETAG, &format!("\"{}\"", current.revision))
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match &error {
            Error::NotFound(_) => Self { detail: error.to_string(), ..Self::no_such_thing() },
            Error::Forbidden { .. } | Error::AdminOnly => {
                Self::new(StatusCode::FORBIDDEN, "forbidden", "Not allowed", error.to_string())
            }
            Error::Invalid(invalid) => Self::invalid(invalid.clone()),
            Error::ReadOnly(ReadOnly::Committed) => Self::conflict("draft-committed", "Committed", &error),
            Error::ReadOnly(ReadOnly::Expired | ReadOnly::Purged) => Self::conflict("draft-expired", "Expired", &error),
            Error::Stale { current } => stale(current, &error),
            Error::Decided(_) => Self::conflict("proposal-decided", "Decided already", &error),
            Error::TrialEnded(_) => Self::conflict("test-ended", "Ended already", &error),
            Error::TrialUnfinished(_) => Self::conflict("test-unfinished", "No answer yet", &error),
            Error::BatchEnded(_) => Self::conflict("batch-ended", "Ended already", &error),
            Error::WantsConfirmation(warning) => Self::conflict("confirmation-required", "Wants a second yes", &error)
                .with("warning", json!(warning.to_string())),
            Error::NameTaken { .. } => Self::conflict("name-taken", "Name taken", &error),
            Error::LimitReached { limit, most, until } => {
                let problem =
                    Self::new(StatusCode::TOO_MANY_REQUESTS, "limit-reached", "Limit reached", error.to_string())
                        .with("limit", json!(limit))
                        .with("most", json!(most))
                        .with("until", json!(until));
                match until {
                    Some(until) => {
                        let seconds = (*until - chrono::Utc::now()).num_seconds().max(0) + 1;
                        problem.header(header::RETRY_AFTER, &seconds.to_string())
                    }
                    None => problem,
                }
            }
            Error::Unavailable(cause) => {
                tracing::warn!(
                    error = cause as &dyn std::error::Error,
                    "A request failed: the database cannot be reached"
                );
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Unavailable", error.to_string())
                    .header(header::RETRY_AFTER, "2")
            }
            Error::Fault(cause) => Self::fault(cause),
        }
    }
}

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        Self::invalid(vec![invalid])
    }
}

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        let headers = std::mem::take(&mut self.extra.headers);
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(&self)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response.headers_mut().extend(headers);
        // Whoever shows people pages makes one of it.
        response.extensions_mut().insert(self);
        response
    }
}

pub(super) async fn no_such_method() -> Problem {
    let detail = "This address does not take this method. See /api/docs.";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed", detail)
}

pub(super) fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    Problem::fault(&std::io::Error::other("a handler panicked")).into_response()
}
