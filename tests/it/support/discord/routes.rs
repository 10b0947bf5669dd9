//! Which route a call takes, and what is refused on the way.

use serde_json::{Value, json};

use super::body::Sent;
use super::state::{Channel, Data, Permissions, text};
use super::{APPLICATION, BOT_USER, signed};

/// A call that has been read.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) sent: Sent,
    pub(super) is_readable: bool,
    pub(super) is_authorized: bool,
}

/// An error answer.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: u64,
    pub(super) message: String,
    /// By field; null without any.
    pub(super) errors: Value,
}

/// `Null` is an answer without content.
pub(super) type Answer = Result<Value, Refusal>;

impl Refusal {
    /// One of the errors that Discord numbers.
    pub(super) fn of(code: u64) -> Self {
        let (status, message) = match code {
            10003 => (404, "Unknown Channel"),
            10008 => (404, "Unknown Message"),
            10013 => (404, "Unknown User"),
            10015 => (404, "Unknown Webhook"),
            10062 => (404, "Unknown interaction"),
            40060 => (400, "Interaction has already been acknowledged."),
            50001 => (403, "Missing Access"),
            50005 => (403, "Cannot edit a message authored by another user"),
            50006 => (400, "Cannot send an empty message"),
            50007 => (403, "Cannot send messages to this user"),
            50008 => (400, "Cannot send messages in a non-text channel"),
            50013 => (403, "Missing Permissions"),
            50024 => (400, "Cannot execute action on this channel type"),
            50027 => (401, "Invalid Webhook Token"),
            50033 => (400, "Invalid Recipient(s)"),
            50035 => (400, "Invalid Form Body"),
            50083 => (400, "Thread is archived"),
            50109 => (400, "The request body contains invalid JSON."),
            160_004 => (400, "A thread has already been created for this message"),
            other => panic!("error {other} is not known here"),
        };
        Self { status, code, message: message.to_owned(), errors: Value::Null }
    }

    fn plain(status: u16, message: &str) -> Self {
        Self { status, code: 0, message: message.to_owned(), errors: Value::Null }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { status, code, message, errors: _ } = self;
        write!(formatter, "{status} {code} {message}")
    }
}

impl Incoming {
    /// The key for faults and records, and the place whose pace is watched.
    pub(super) fn key(&self) -> (String, String) {
        let path: Vec<&str> = self.path.split('/').collect();
        let (noun, place) = match path[..] {
            ["gateway", ..] => ("gateway", ""),
            ["users", "@me", "channels"] => ("dms", ""),
            ["users", ..] => ("users", ""),
            ["oauth2", ..] | ["applications", "@me"] => ("applications", ""),
            ["applications", .., "commands"] => ("commands", ""),
            ["channels", channel] => ("channels", channel),
            ["channels", channel, "typing"] => ("typing", channel),
            ["channels", channel, .., "threads"] => ("threads", channel),
            ["channels", channel, "messages", ..] => ("messages", channel),
            ["interactions", id, ..] => ("callback", id),
            ["webhooks", _, token, ..] => ("webhook", token),
            _ => ("unknown", ""),
        };
        (format!("{} {noun}", self.method), place.to_owned())
    }

    /// A parameter of the query.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }
}

impl Data {
    pub(super) fn answer(&mut self, call: &Incoming) -> Answer {
        let (key, _) = call.key();
        let has_own_token = key.ends_with(" callback") || key.ends_with(" webhook");
        if !call.is_authorized && !has_own_token {
            return Err(Refusal::plain(401, "401: Unauthorized"));
        }
        if !call.is_readable {
            self.violation(format!("{key}: a body that cannot be read"));
            return Err(Refusal::of(50109));
        }
        let path: Vec<&str> = call.path.split('/').collect();
        let sent = &call.sent;
        match (call.method.as_str(), &path[..]) {
            ("GET", ["gateway", ..]) => Ok(self.gateway_wire()),
            ("GET", ["users", "@me"]) => Ok(self.user_wire(BOT_USER)),
            ("GET", ["applications", "@me"] | ["oauth2", "applications", "@me"]) => Ok(self.application_wire()),
            ("POST", ["users", "@me", "channels"]) => self.open_dm(text(&sent.body, "recipient_id")),
            ("GET", ["channels", channel]) => {
                self.visible(channel)?;
                Ok(self.channel_wire(channel))
            }
            ("PATCH", ["channels", channel]) => self.change_channel(channel, &sent.body),
            ("POST", ["channels", channel, "typing"]) => self.type_in(channel),
            ("POST", ["channels", channel, "messages"]) => self.post_message(channel, sent),
            ("GET", ["channels", channel, "messages"]) => self.page(channel, call),
            ("GET", ["channels", channel, "messages", id]) => self.show_message(channel, id),
            ("PATCH", ["channels", channel, "messages", id]) => self.edit_message(channel, id, sent),
            ("DELETE", ["channels", channel, "messages", id]) => self.delete_message(channel, id),
            ("POST", ["channels", channel, "messages", id, "threads"]) => {
                self.thread_from_message(channel, id, &sent.body)
            }
            ("POST", ["channels", channel, "threads"]) => self.thread_alone(channel, sent),
            ("PUT", ["applications", APPLICATION, "commands"]) => self.register("", &sent.body),
            ("PUT", ["applications", APPLICATION, "guilds", guild, "commands"]) => self.register(guild, &sent.body),
            ("GET", ["applications", APPLICATION, "commands"]) => Ok(self.commands_of("")),
            ("GET", ["applications", APPLICATION, "guilds", guild, "commands"]) => Ok(self.commands_of(guild)),
            ("POST", ["interactions", id, token, "callback"]) => {
                self.call_back(id, token, sent, call.parameter("with_response") == Some("true"))
            }
            ("POST", ["webhooks", APPLICATION, token]) => self.follow_up(token, sent),
            ("GET", ["webhooks", APPLICATION, token, "messages", id]) => self.webhook_message(token, id),
            ("PATCH", ["webhooks", APPLICATION, token, "messages", id]) => self.edit_webhook_message(token, id, sent),
            ("DELETE", ["webhooks", APPLICATION, token, "messages", id]) => self.delete_webhook_message(token, id),
            (method, _) => {
                self.violation(format!("{method} {}: there is no such route", call.path));
                Err(Refusal::plain(404, "404: Not Found"))
            }
        }
    }

    /// A channel that the bot may see.
    pub(super) fn visible(&self, channel: &str) -> Result<&Channel, Refusal> {
        let channel = self.channels.get(channel).ok_or_else(|| Refusal::of(10003))?;
        if !self.permissions(channel).view {
            return Err(Refusal::of(50001));
        }
        Ok(channel)
    }

    /// A channel that the bot may see and do this in.
    pub(super) fn allowed(&self, channel: &str, may: impl Fn(Permissions) -> bool) -> Result<&Channel, Refusal> {
        let channel = self.visible(channel)?;
        if !may(self.permissions(channel)) {
            return Err(Refusal::of(50013));
        }
        Ok(channel)
    }

    fn gateway_wire(&self) -> Value {
        json!({
            "url": format!("ws://{}/gateway", self.address), "shards": 1,
            "session_start_limit": {"total": 1000, "remaining": 990, "reset_after": 3_600_000, "max_concurrency": 1},
        })
    }

    /// The flag says whether the privileged intent is granted.
    pub(super) fn application_flags(&self) -> u64 {
        if self.message_content { 1 << 18 } else { 0 }
    }

    fn application_wire(&self) -> Value {
        json!({
            "id": APPLICATION, "name": "workshop", "icon": null, "description": "", "bot_public": true,
            "bot_require_code_grant": false, "verify_key": signed::hex(signed::key(true).verifying_key().as_bytes()),
            "flags": self.application_flags(), "owner": null, "team": null, "rpc_origins": [],
            "approximate_guild_count": self.guilds.len(), "bot": self.user_wire(BOT_USER),
        })
    }

    fn open_dm(&mut self, user: &str) -> Answer {
        if !self.users.contains_key(user) || user == BOT_USER {
            return Err(Refusal::of(50033));
        }
        let id = self.dm(user);
        Ok(self.channel_wire(&id))
    }

    fn type_in(&mut self, channel: &str) -> Answer {
        self.allowed(channel, |permissions| permissions.send)?;
        self.channels.get_mut(channel).unwrap().typing += 1;
        Ok(Value::Null)
    }
}
