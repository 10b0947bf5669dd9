//! Whether Discord takes our token, for the doctor.

use reqwest::Method;

use super::Discord;
use super::api::Error;
use crate::workshop::doctor::Finding;

const CHECK: &str = "discord";

impl Discord {
    /// Asks Discord who we are.
    pub(in crate::chat) async fn examine(&self) -> Finding {
        match self.0.api.call(Method::GET, "/users/@me", None).await {
            Ok(_) => Finding::ok(CHECK, "takes the bot's token"),
            Err(error @ Error::Refused { .. }) => Finding::problem(
                CHECK,
                format!("discord.token: {error}"),
                "Set discord.token to the bot's token: Bot, Reset Token, in the application's settings.",
            ),
            Err(error @ Error::RateLimited { .. }) => {
                Finding::warning(CHECK, error.to_string(), "Wait a minute, and look again.")
            }
            Err(error @ Error::Unavailable(_)) => Finding::problem(
                CHECK,
                error.to_string(),
                "See that this machine may open https connections to the host of discord.api_url; \
                 https://discordstatus.com tells whether Discord is down.",
            ),
        }
    }
}
