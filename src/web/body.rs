//! Reading request bodies, queries and path parts; every refusal is a problem with a sentence.

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
        let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let is_json = essence == "application/json" || essence.ends_with("+json");
        let bytes = match axum::body::Bytes::from_request(request, state).await {
            Ok(bytes) => bytes,
            Err(BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_))) => {
                return Err(Problem::too_large());
            }
            Err(_) => return Err(Problem::bad_request("The body broke off before its end.")),
        };
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
