//! Requests to the provider: to it alone, never passed on elsewhere, bounded in time and size.

use std::pin::Pin;
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};

use crate::domain::Invalid;

/// How long one request may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// The most bytes of an answer.
const ANSWER_BYTES: usize = 1024 * 1024;

/// Why a request came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    /// The provider was not reached, or broke off.
    #[error("the provider cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The provider is out of order.
    #[error("the provider answers with status {0}")]
    OutOfOrder(u16),
    /// The answer is too large.
    #[error("the provider's answer has more than 1 MiB")]
    TooLarge,
    /// The answer cannot be passed on.
    #[error("the provider's answer is malformed")]
    Malformed(#[source] http::Error),
}

/// Our client, as the library of OpenID Connect takes it.
pub(super) struct Http(reqwest::Client);

impl Http {
    /// A client for a provider: where the provider is reached over TLS, all of it must be.
    pub(super) fn new(issuer: &url::Url) -> Result<Self, Invalid> {
        let client = reqwest::Client::builder()
            .timeout(DEADLINE)
            .redirect(reqwest::redirect::Policy::none())
            .https_only(issuer.scheme() == "https")
            .user_agent(concat!("prompt-workshop/", env!("CARGO_PKG_VERSION")));
        let client = if super::settings::is_loopback(issuer) { client.no_proxy() } else { client };
        let client =
            client.build().map_err(|error| Invalid::new("openid.issuer", format!("cannot be used: {error}")))?;
        Ok(Self(client))
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, Failed> {
        let (parts, body) = request.into_parts();
        let request = self.0.request(parts.method, parts.uri.to_string()).headers(parts.headers).body(body);
        let mut response = request.send().await.map_err(Failed::Unreachable)?;
        if response.status().is_server_error() {
            return Err(Failed::OutOfOrder(response.status().as_u16()));
        }
        let mut read = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(Failed::Unreachable)? {
            read.extend_from_slice(&chunk);
            if read.len() > ANSWER_BYTES {
                return Err(Failed::TooLarge);
            }
        }
        let mut answer = http::Response::builder().status(response.status());
        for (name, value) in response.headers() {
            answer = answer.header(name, value);
        }
        answer.body(read).map_err(Failed::Malformed)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = Failed;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Failed>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}
