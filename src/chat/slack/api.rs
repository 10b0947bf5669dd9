//! Slack's Web API, called with raw JSON through slack-morphism's connector: its typed models refuse payloads that Slack
//! sends (workspaces of an organisation) and drop fields.

use std::time::Duration;

use hyper_rustls::HttpsConnectorBuilder;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use slack_morphism::errors::SlackClientError;
use slack_morphism::prelude::*;

/// How long one call may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// How long to wait when Slack says that it is too much, but not for how long.
const PAUSE: Duration = Duration::from_secs(1);

/// Why a call did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Too many calls: wait.
    #[error("Slack asks to wait {} s", retry_after.as_secs())]
    RateLimited {
        /// How long.
        retry_after: Duration,
    },
    /// Slack cannot be reached, fails or takes too long: try again.
    #[error("Slack does not answer ({0})")]
    Unavailable(&'static str),
    /// Slack refuses, with its own word for the reason.
    #[error("Slack refuses: {0}")]
    Refused(String),
}

impl Error {
    /// Slack's word for a refusal; empty for other errors.
    pub fn code(&self) -> &str {
        match self {
            Self::Refused(code) => code,
            Self::RateLimited { .. } | Self::Unavailable(_) => "",
        }
    }

    /// Whether the app cannot post to this channel, or this person not be reached in it.
    pub fn is_closed_channel(&self) -> bool {
        matches!(
            self.code(),
            "channel_not_found"
                | "not_in_channel"
                | "is_archived"
                | "restricted_action"
                | "restricted_action_read_only_channel"
                | "restricted_action_thread_only_channel"
                | "user_not_in_channel"
                | "thread_not_found"
                | "cannot_reply_to_message"
        )
    }

    /// Whether the workspace's token does not work any more.
    pub fn is_revoked(&self) -> bool {
        matches!(
            self.code(),
            "token_revoked"
                | "token_expired"
                | "invalid_auth"
                | "not_authed"
                | "account_inactive"
                | "no_permission"
                | "not_allowed_token_type"
                | "missing_scope"
        )
    }

    /// Whether the message is more than Slack takes.
    pub fn is_too_long(&self) -> bool {
        matches!(self.code(), "msg_blocks_too_long" | "msg_too_long" | "invalid_blocks" | "invalid_blocks_format")
    }

    /// Whether the message to edit is not there, or cannot be edited.
    pub fn is_lost_message(&self) -> bool {
        matches!(self.code(), "message_not_found" | "cant_update_message" | "edit_window_closed")
    }
}

type Connector = SlackClientHyperHttpsConnector;

/// Slack's Web API, or what speaks it.
pub struct Api {
    client: SlackClient<Connector>,
}

impl Api {
    /// An API at an address such as `https://slack.com/api`; nothing is connected yet.
    pub fn new(url: &str) -> std::io::Result<Self> {
        let https = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::aws_lc_rs::default_provider())?
            .https_or_http()
            .enable_http1()
            .enable_http2()
            .build();
        let connector = Connector::from(https).with_slack_api_url(url.trim_end_matches('/'));
        Ok(Self { client: SlackClient::new(connector) })
    }

    /// Calls a method with a JSON body.
    pub async fn call(&self, token: &SecretString, method: &str, body: &Value) -> Result<Value, Error> {
        let token = SlackApiToken::new(SlackApiTokenValue(token.expose_secret().to_owned()));
        let session = self.client.open_session(&token);
        within(session.http_session_api.http_post::<_, Value>(method, body, None)).await
    }

    /// Calls a method that takes no JSON.
    pub async fn get(&self, token: &SecretString, method: &str, parameters: &[(&str, String)]) -> Result<Value, Error> {
        let token = SlackApiToken::new(SlackApiTokenValue(token.expose_secret().to_owned()));
        let session = self.client.open_session(&token);
        let parameters: Vec<(&str, Option<&String>)> =
            parameters.iter().map(|(name, value)| (*name, Some(value))).collect();
        within(session.http_session_api.http_get::<Value, _, _>(method, &parameters, None)).await
    }

    /// Exchanges an installation's code for its tokens.
    pub async fn exchange_code(
        &self,
        client_id: &str,
        client_secret: &SecretString,
        code: &str,
        redirect: &str,
    ) -> Result<Value, Error> {
        let connector = &self.client.http_api.connector;
        let parameters = [("code", Some(code)), ("redirect_uri", Some(redirect))];
        let uri = connector
            .create_method_uri_path("oauth.v2.access")
            .and_then(|uri| SlackClientHttpApiUri::create_url_with_params(uri, &parameters))
            .map_err(classify)?;
        let (id, secret) =
            (SlackClientId(client_id.to_owned()), SlackClientSecret(client_secret.expose_secret().to_owned()));
        within(connector.http_get_with_client_secret::<Value>(uri, &id, &secret)).await
    }

    /// Attaches a text as a file to a thread.
    pub async fn attach(
        &self,
        token: &SecretString,
        (channel, thread): (&str, &str),
        (name, title): (&str, &str),
        content: &str,
    ) -> Result<(), Error> {
        let length = ("length", content.len().to_string());
        let asked = self.get(token, "files.getUploadURLExternal", &[("filename", name.to_owned()), length]).await?;
        let (Some(url), Some(file)) = (asked["upload_url"].as_str(), asked["file_id"].as_str()) else {
            return Err(Error::Unavailable("no upload address"));
        };
        let api_token = SlackApiToken::new(SlackApiTokenValue(token.expose_secret().to_owned()));
        let session = self.client.open_session(&api_token);
        let request = SlackApiFilesUploadViaUrlRequest::new(
            url.parse::<url::Url>()
                .map(SlackFileUploadUrl::from)
                .map_err(|_| Error::Unavailable("no upload address"))?,
            content.as_bytes().to_vec(),
            "text/markdown".to_owned(),
        );
        within(session.files_upload_via_url(&request)).await?;
        let mut body = json!({ "files": [{ "id": file, "title": title }], "channel_id": channel });
        if !thread.is_empty() {
            body["thread_ts"] = json!(thread);
        }
        self.call(token, "files.completeUploadExternal", &body).await.map(|_| ())
    }
}

async fn within<T>(call: impl Future<Output = Result<T, SlackClientError>>) -> Result<T, Error> {
    match tokio::time::timeout(DEADLINE, call).await {
        Ok(answer) => answer.map_err(classify),
        Err(_) => Err(Error::Unavailable("timeout")),
    }
}

/// What can be done about an error. Its text may hold a body, and stays out of every log.
fn classify(error: SlackClientError) -> Error {
    match error {
        SlackClientError::ApiError(error) if error.code == "ratelimited" => Error::RateLimited { retry_after: PAUSE },
        SlackClientError::ApiError(error) if is_passing(&error.code) => Error::Unavailable("internal error"),
        SlackClientError::ApiError(error) => Error::Refused(error.code.chars().take(80).collect()),
        SlackClientError::RateLimitError(error) => {
            Error::RateLimited { retry_after: error.retry_after.unwrap_or(PAUSE).max(PAUSE) }
        }
        SlackClientError::HttpError(error) if error.status_code.is_server_error() => Error::Unavailable("server error"),
        SlackClientError::HttpError(error) => Error::Refused(format!("http_{}", error.status_code.as_u16())),
        SlackClientError::HttpProtocolError(_) => Error::Unavailable("connection"),
        SlackClientError::ProtocolError(_) => Error::Unavailable("unreadable answer"),
        SlackClientError::EndOfStream(_)
        | SlackClientError::SystemError(_)
        | SlackClientError::SocketModeProtocolError(_) => Error::Unavailable("connection"),
    }
}

/// Whether Slack's word means a fault of its own that passes.
fn is_passing(code: &str) -> bool {
    matches!(code, "internal_error" | "fatal_error" | "service_unavailable" | "request_timeout" | "team_added_to_org")
}
