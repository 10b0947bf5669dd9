//! Whether Slack takes our tokens, for the doctor.

use secrecy::ExposeSecret;
use serde_json::json;

use super::api::Error;
use super::{Mode, Slack};
use crate::workshop::doctor::Finding;

const CHECK: &str = "slack";

impl Slack {
    /// Asks Slack who we are, with each token that the settings hold.
    pub(in crate::chat) async fn examine(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let settings = &self.0.settings;
        if settings.bot_token.expose_secret().is_empty() {
            let public = &self.0.workshop.settings().public_url;
            findings.push(Finding::ok(CHECK, format!("workspaces install the app at {public}/slack/install")));
        } else {
            findings.push(match self.0.api.call(&settings.bot_token, "auth.test", &json!({})).await {
                Ok(who) => Finding::ok(CHECK, format!("takes the bot's token for workspace {}", who["team_id"])),
                Err(error) => untaken(&error, "slack.bot_token", "the one under OAuth & Permissions (xoxb-…)"),
            });
        }
        if settings.mode == Mode::Socket {
            // An address is asked for and not used.
            findings.push(match self.0.api.call(&settings.app_token, "apps.connections.open", &json!({})).await {
                Ok(_) => Finding::ok(CHECK, "opens sockets for us"),
                Err(error) => untaken(&error, "slack.app_token", "one with connections:write (xapp-…)"),
            });
        }
        findings
    }
}

fn untaken(error: &Error, setting: &str, right: &str) -> Finding {
    match error {
        Error::Refused(_) => {
            Finding::problem(CHECK, format!("{setting}: {error}"), format!("Set {setting} to {right}."))
        }
        Error::RateLimited { .. } => Finding::warning(CHECK, error.to_string(), "Wait a minute, and look again."),
        Error::Unavailable(_) => Finding::problem(
            CHECK,
            error.to_string(),
            "See that this machine may open https connections to the host of slack.api_url; https://status.slack.com \
             tells whether Slack is down.",
        ),
    }
}
