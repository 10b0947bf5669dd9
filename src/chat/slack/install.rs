//! Installing the app in a workspace: OAuth v2 with a signed state that is bound to the browser by a cookie.

use http::{HeaderMap, StatusCode, header};
use secrecy::SecretString;
use serde_json::Value;

use super::http::Answer;
use super::manifest::SCOPES;
use super::seal::Seal;
use super::{Slack, api};
use crate::domain::account::Platform;
use crate::workshop::installation::Installation;

/// The cookie that binds an installation to the browser that began it.
const COOKIE: &str = "workshop_slack_state";

/// How long an installation may take, in seconds.
const LIFE: i64 = 600;

impl Slack {
    /// Sends an administrator's browser to Slack, to be asked.
    pub fn begin_install(&self) -> Answer {
        let Some(seal) = self.installer() else { return not_offered() };
        let nonce = format!("{:032x}", rand::random::<u128>());
        let state = seal.sign(&format!("{}.{nonce}", chrono::Utc::now().timestamp()));
        let scopes: Vec<&str> = SCOPES.iter().map(|(scope, _)| *scope).collect();
        let mut url = self.authorize_address();
        url.push_str(
            &url::form_urlencoded::Serializer::new(String::new())
                .append_pair("client_id", &self.0.settings.client_id)
                .append_pair("scope", &scopes.join(","))
                .append_pair("state", &state)
                .append_pair("redirect_uri", &self.redirect_address())
                .finish(),
        );
        let secure = if self.redirect_address().starts_with("https:") { "; Secure" } else { "" };
        let cookie = format!("{COOKIE}={nonce}; Path=/; Max-Age={LIFE}; HttpOnly; SameSite=Lax{secure}");
        Answer { headers: vec![("location", url), ("set-cookie", cookie)], ..Answer::empty(StatusCode::FOUND) }
    }

    /// Slack sends the browser back: with a code for the workspace's tokens, or with the reason why not.
    pub async fn finish_install(&self, headers: &HeaderMap, query: &str) -> Answer {
        let Some(seal) = self.installer() else { return not_offered() };
        let field = |wanted: &str| {
            let mut fields = url::form_urlencoded::parse(query.as_bytes());
            fields.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned()).unwrap_or_default()
        };
        if !state_is_ours(seal, &field("state"), headers, chrono::Utc::now().timestamp()) {
            let text =
                "This installation was not begun in this browser, or took too long. Begin again at /slack/install.\n";
            return Answer::text(StatusCode::BAD_REQUEST, text);
        }
        let code = field("code");
        if code.is_empty() {
            return Answer::text(StatusCode::OK, "Slack was told not to install the app. Nothing was changed.\n");
        }
        let settings = &self.0.settings;
        let exchanged = self
            .0
            .api
            .exchange_code(&settings.client_id, &settings.client_secret, &code, &self.redirect_address())
            .await;
        match exchanged {
            Ok(granted) => self.keep(seal, &granted).await,
            Err(error) => {
                tracing::warn!(%error, "Slack gave no token for an installation");
                let status = match error {
                    api::Error::Refused(_) => StatusCode::BAD_REQUEST,
                    api::Error::RateLimited { .. } | api::Error::Unavailable(_) => StatusCode::BAD_GATEWAY,
                };
                Answer::text(status, "Slack gave no token for this installation. Begin again at /slack/install.\n")
            }
        }
    }

    async fn keep(&self, seal: &Seal, granted: &Value) -> Answer {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let org_wide = granted["is_enterprise_install"] == true;
        let (team, enterprise) = (text(&granted["team"]["id"]), text(&granted["enterprise"]["id"]));
        let workspace = if org_wide || team.is_empty() { enterprise.clone() } else { team };
        let token = SecretString::from(text(&granted["access_token"]));
        let sealed = seal.seal(&workspace, &token);
        let (false, Ok(sealed_token)) = (workspace.is_empty(), sealed) else {
            return Answer::text(StatusCode::BAD_GATEWAY, "Slack's answer names no workspace. Nothing was changed.\n");
        };
        let installation = Installation {
            workspace: workspace.clone(),
            enterprise,
            app: text(&granted["app_id"]),
            bot_user: text(&granted["bot_user_id"]),
            sealed_token,
            scopes: text(&granted["scope"]),
            installed_by: text(&granted["authed_user"]["id"]),
            url: String::new(),
        };
        if let Err(error) = self.0.workshop.keep_installation(Platform::Slack, &installation).await {
            tracing::error!(error = &error as &dyn std::error::Error, "An installation could not be stored");
            return Answer::text(
                StatusCode::SERVICE_UNAVAILABLE,
                "The installation could not be stored. Try again shortly.\n",
            );
        }
        tracing::info!(slack.team = workspace, "The app was installed in workspace {workspace}");
        let done = format!(
            "Prompt Workshop is installed. Go back to Slack and say {} help in any channel.\n",
            self.0.settings.command
        );
        let clear = format!("{COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
        Answer { headers: vec![("set-cookie", clear)], ..Answer::text(StatusCode::OK, &done) }
    }

    /// The seal, where workspaces can be installed.
    fn installer(&self) -> Option<&Seal> {
        self.0.seal.as_ref().filter(|_| !self.0.settings.client_id.is_empty())
    }

    fn redirect_address(&self) -> String {
        format!("{}/slack/oauth/callback", self.0.workshop.settings().public_url)
    }

    /// Slack's page that asks the administrator; beside the API, for governments' Slack and for test servers too.
    fn authorize_address(&self) -> String {
        let root = self.0.settings.api_url.trim_end_matches('/').trim_end_matches("/api");
        format!("{root}/oauth/v2/authorize?")
    }
}

fn not_offered() -> Answer {
    let text = "This service serves one workspace, or its client id and secret are not set (slack.client_id, \
                slack.client_secret).\n";
    Answer::text(StatusCode::NOT_FOUND, text)
}

/// Whether we signed the state, not long ago, for this browser.
fn state_is_ours(seal: &Seal, state: &str, headers: &HeaderMap, now: i64) -> bool {
    let Ok(text) = seal.verify(state) else { return false };
    let Some((begun, nonce)) = text.split_once('.') else { return false };
    let in_time = begun.parse::<i64>().is_ok_and(|begun| (0..=LIFE).contains(&(now - begun)));
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut cookies = cookies.flat_map(|line| line.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
    in_time && cookies.any(|(name, value)| name == COOKIE && value == nonce)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_good_in_its_browser_for_ten_minutes() {
        let seal = Seal::new(&SecretString::from("secret".to_owned())).unwrap();
        let state = seal.sign("1000.abc");
        let with = |cookie: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, cookie.parse().unwrap());
            headers
        };
        let good = with("other=1; workshop_slack_state=abc");
        assert!(state_is_ours(&seal, &state, &good, 1_000) && state_is_ours(&seal, &state, &good, 1_600));
        assert!(!state_is_ours(&seal, &state, &good, 1_601));
        assert!(!state_is_ours(&seal, &state, &good, 999));
        assert!(!state_is_ours(&seal, &state, &with("workshop_slack_state=abd"), 1_000));
        assert!(!state_is_ours(&seal, &state, &HeaderMap::new(), 1_000));
        assert!(!state_is_ours(&seal, "1000.abc.00", &good, 1_000));
    }
}
