//! The app's manifest: what an administrator pastes into Slack to make the app. Everything in it is needed, and said why.

use serde_json::{Value, json};

use super::parse::{DESIGN_FROM_MESSAGE, NEW_WORKSHOP};
use super::{Mode, Settings};
use crate::chat::command::{Where, entries};

/// What the app may do, and why.
pub const SCOPES: &[(&str, &str)] = &[
    ("commands", "the slash command and the shortcuts"),
    ("chat:write", "posting workshops, drafts, results, and editing them"),
    ("app_mentions:read", "hearing @Workshop in channels"),
    ("channels:history", "hearing messages in the threads of workshops in public channels"),
    ("groups:history", "the same in private channels"),
    ("mpim:history", "the same in group messages"),
    ("im:history", "hearing direct messages, and the assistant's pane"),
    ("assistant:write", "the assistant's pane: suggestions, titles, \"is thinking\""),
    ("files:write", "attaching answers that are too long for messages"),
    ("links:read", "noticing links to workshops"),
    ("links:write", "showing what they lead to"),
];

/// What the app hears of.
const EVENTS: &[&str] = &[
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "assistant_thread_started",
    "link_shared",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
    "tokens_revoked",
];

/// The manifest for these settings, for a service whose pages are at `public_url`.
pub fn manifest(settings: &Settings, public_url: &str) -> Value {
    let socket = settings.mode != Mode::Http;
    let address = |path: &str| format!("{public_url}{path}");
    let host = url::Url::parse(public_url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let words: Vec<&str> = entries(Where::Platforms).map(|entry| entry.verb).collect();
    let usage: String = words.join(" | ").chars().take(1_000).collect();
    let mut command = json!({
        "command": settings.command,
        "description": "Design, test and share prompts",
        "usage_hint": usage,
        "should_escape": true,
    });
    let mut events = json!({ "bot_events": EVENTS });
    let mut interactivity = json!({ "is_enabled": true });
    if !socket {
        command["url"] = json!(address("/slack/commands"));
        events["request_url"] = json!(address("/slack/events"));
        interactivity["request_url"] = json!(address("/slack/interactive"));
        interactivity["message_menu_options_url"] = json!(address("/slack/interactive"));
    }
    let mut oauth = json!({ "scopes": { "bot": SCOPES.iter().map(|(scope, _)| *scope).collect::<Vec<_>>() } });
    if !settings.client_id.is_empty() || !socket {
        oauth["redirect_urls"] = json!([address("/slack/oauth/callback")]);
    }
    let mut features = json!({
        "app_home": { "home_tab_enabled": true, "messages_tab_enabled": true, "messages_tab_read_only_enabled": false },
        "bot_user": { "display_name": "Workshop", "always_online": true },
        "assistant_view": { "assistant_description": "Designs, tests and shares prompts with you." },
        "slash_commands": [command],
        "shortcuts": [
            {
                "name": "Design a prompt from this",
                "type": "message",
                "callback_id": DESIGN_FROM_MESSAGE,
                "description": "Starts a workshop from a message",
            },
            {
                "name": "New workshop",
                "type": "global",
                "callback_id": NEW_WORKSHOP,
                "description": "Starts a workshop",
            },
        ],
    });
    // Slack wants a public name here.
    if let Some(host) = host.filter(|host| host.contains('.') && host.parse::<std::net::IpAddr>().is_err()) {
        features["unfurl_domains"] = json!([host]);
    }
    json!({
        "display_information": {
            "name": "Prompt Workshop",
            "description": "Design, test and share prompts for Auspex",
            "background_color": "#1f3a4d",
        },
        "features": features,
        "oauth_config": oauth,
        "settings": {
            "event_subscriptions": events,
            "interactivity": interactivity,
            "org_deploy_enabled": true,
            "socket_mode_enabled": socket,
            "token_rotation_enabled": false,
        },
    })
}

/// Why the app asks for each scope, as lines for people.
pub fn reasons() -> Vec<String> {
    SCOPES.iter().map(|(scope, why)| format!("{scope}: {why}")).collect()
}
