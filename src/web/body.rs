//! Reading request bodies, queries and path parts; every refusal is a problem with a sentence.

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::error::Problem;

/// A JSON body.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let essence = essence(&request);
        let is_json = essence == "application/json" || essence.ends_with("+json");
        let bytes = whole(request, state).await?;
        if !is_json && !bytes.is_empty() {
            return Err(Problem::not_json());
        }
        // No body at all is an object without fields: many requests need none.
        let json: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        match serde_json::from_slice(json) {
            Ok(value) => Ok(Self(value)),
            Err(error) if error.is_data() => Err(Problem::unfit(&format!("The body does not fit: {error}."))),
            Err(error) => Err(Problem::bad_request(&format!("The body is not JSON: {error}."))),
        }
    }
}

/// What is sent as a type of content, in small letters and without parameters.
fn essence(request: &Request) -> String {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The whole body.
async fn whole<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    match Bytes::from_request(request, state).await {
        Ok(bytes) => Ok(bytes),
        Err(BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_))) => Err(Problem::too_large()),
        Err(_) => Err(Problem::bad_request("The body broke off before its end.")),
    }
}

/// A JSON body, or a `.prompt` file.
pub(super) enum Sent<T> {
    /// Sent as `application/json`.
    Json(T),
    /// Sent as `text/x-prompt` or `text/plain`.
    PromptFile(String),
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Sent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !matches!(essence(&request).as_str(), "text/x-prompt" | "text/plain") {
            return Json::from_request(request, state).await.map(|Json(json)| Self::Json(json));
        }
        let bytes = whole(request, state).await?;
        let file = String::from_utf8(bytes.into()).map_err(|_| Problem::bad_request("The file is not UTF-8 text."))?;
        Ok(Self::PromptFile(file))
    }
}

/// The query of a URL.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Query::<T>::from_request_parts(parts, state).await {
            Ok(query) => Ok(Self(query.0)),
            Err(error) => Err(Problem::unfit(&format!("The query does not fit: {}.", error.body_text()))),
        }
    }
}

/// Parts of the path. A part that is no number names nothing that exists.
pub(super) struct Path<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        path.map(|path| Self(path.0)).map_err(|_| Problem::no_such_thing())
    }
}
