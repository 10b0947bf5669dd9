//! Messages: how they come about, change and go.

use std::time::Duration;

use serde_json::{Value, json};

use super::BOT_USER;
use super::body::Sent;
use super::posted::{EPHEMERAL, LOADING, Posted};
use super::routes::{Answer, Incoming, Refusal};
use super::state::{Channel, Data, File, list, text};

/// For how long a nonce is remembered.
const NONCES_LAST: Duration = Duration::from_secs(5 * 60);
/// The largest file.
const FILE_LIMIT: usize = 10 * 1024 * 1024;

impl Data {
    pub(super) fn post_message(&mut self, channel: &str, sent: &Sent) -> Answer {
        let there = self.allowed(channel, |permissions| permissions.send)?;
        if matches!(there.kind, 4 | 15 | 16) {
            return Err(Refusal::of(50008));
        }
        if there.recipient.as_ref().is_some_and(|user| self.closed_dms.contains(user)) {
            return Err(Refusal::of(50007));
        }
        if there.is_thread() && there.locked {
            return Err(Refusal::of(50083));
        }
        self.may_carry(channel, sent)?;
        self.check_message("POST messages", sent)?;
        self.check_outside_of_interactions("POST messages", &sent.body);
        let reference = text(&sent.body["message_reference"], "message_id");
        if !reference.is_empty() && self.seen(channel, reference).is_err() {
            let lenient = sent.body["message_reference"]["fail_if_not_exists"] == false;
            let unknown = ("message_reference", "unknown message".to_owned());
            if !lenient {
                return self.refuse("POST messages", vec![unknown]);
            }
        }
        if let Some(earlier) = self.same_nonce(channel, &sent.body) {
            return Ok(self.message_wire(&earlier));
        }
        let mut message = self.compose(channel, sent);
        if self.seen(channel, reference).is_ok() {
            message.kind = 19;
            message.reference = Some(reference.to_owned());
        }
        Ok(self.add(message))
    }

    /// Refuses embeds and files where the bot may not send them.
    pub(super) fn may_carry(&self, channel: &str, sent: &Sent) -> Result<(), Refusal> {
        let has_embeds = !list(&sent.body, "embeds").is_empty();
        let has_files = !sent.uploads.is_empty();
        self.allowed(channel, |may| (may.embed || !has_embeds) && (may.attach || !has_files)).map(|_| ())
    }

    fn same_nonce(&self, channel: &str, body: &Value) -> Option<Posted> {
        if body["enforce_nonce"] != true || body["nonce"].is_null() {
            return None;
        }
        let written = |nonce: &Value| nonce.as_str().map_or_else(|| nonce.to_string(), str::to_owned);
        let now = self.now();
        let same = |message: &&Posted| {
            message.user == BOT_USER
                && !message.nonce.is_null()
                && written(&message.nonce) == written(&body["nonce"])
                && now.saturating_sub(message.born) < NONCES_LAST
        };
        self.channels[channel].messages.iter().find(same).cloned()
    }

    /// A message of the bot, not yet sent.
    pub(super) fn compose(&mut self, channel: &str, sent: &Sent) -> Posted {
        let body = &sent.body;
        let id = self.snowflake();
        let mut message = Posted {
            id,
            channel: channel.to_owned(),
            content: text(body, "content").to_owned(),
            embeds: list(body, "embeds").to_vec(),
            components: list(body, "components").to_vec(),
            author: "bot".to_owned(),
            user: BOT_USER.to_owned(),
            sent_at: self.timestamp(),
            flags: body["flags"].as_u64().unwrap_or(0) & !(EPHEMERAL | LOADING),
            nonce: body["nonce"].clone(),
            mentions: pinged(body),
            born: self.now(),
            ..Posted::default()
        };
        self.attach(&mut message, sent);
        message
    }

    fn attach(&mut self, message: &mut Posted, sent: &Sent) {
        for upload in &sent.uploads {
            let described = list(&sent.body, "attachments").iter().find(|described| {
                described["id"] == json!(upload.number) || described["id"] == json!(upload.number.to_string())
            });
            let renamed = described.and_then(|described| described["filename"].as_str());
            let name = renamed.unwrap_or(&upload.name).to_owned();
            self.attach_file(message, &name, &upload.bytes);
        }
    }

    pub(super) fn attach_file(&mut self, message: &mut Posted, name: &str, bytes: &[u8]) {
        let id = self.snowflake();
        let url = format!("http://{}/attachments/{id}/{name}", self.address);
        message.files.push(json!({
            "id": id, "filename": name, "size": bytes.len(), "url": url, "proxy_url": url,
            "content_type": if name.ends_with(".json") { "application/json" } else { "text/plain; charset=utf-8" },
        }));
        message.attachments.push(name.to_owned());
        let (name, channel) = (name.to_owned(), message.channel.clone());
        self.files.push(File { id, name, bytes: bytes.to_vec(), channel });
    }

    /// Sends a message; an archived thread comes back for it.
    pub(super) fn add(&mut self, message: Posted) -> Value {
        self.unarchive(&message.channel);
        let wire = self.message_wire(&message);
        let (channel, is_public) = (message.channel.clone(), message.ephemeral_to.is_none());
        self.channels.get_mut(&channel).unwrap().messages.push(message);
        if is_public {
            self.announce("MESSAGE_CREATE", &channel, &wire);
        }
        wire
    }

    /// Tells the sessions about a message, if the bot may see it.
    pub(super) fn announce(&mut self, event: &str, channel: &str, wire: &Value) {
        let there = &self.channels[channel];
        if !self.permissions(there).view {
            return;
        }
        let guild = there.guild.clone();
        let mut wire = wire.clone();
        if let Some(guild) = &guild {
            wire["guild_id"] = json!(guild);
            if wire.get("author").is_some() {
                wire["member"] = self.member_wire();
            }
        }
        self.dispatch(event, &wire, guild.as_deref());
    }

    /// A public message in this very channel.
    pub(super) fn seen(&self, channel: &str, id: &str) -> Result<&Posted, Refusal> {
        let messages = self.channels.get(channel).map_or(&[][..], |channel| &channel.messages);
        let found = messages.iter().find(|message| message.id == id && message.ephemeral_to.is_none());
        found.ok_or_else(|| Refusal::of(10008))
    }

    pub(super) fn show_message(&self, channel: &str, id: &str) -> Answer {
        self.allowed(channel, |permissions| permissions.history)?;
        Ok(self.censored(self.seen(channel, id)?))
    }

    /// A message as the bot may read it.
    fn censored(&self, message: &Posted) -> Value {
        let mut wire = self.message_wire(message);
        if !self.message_content && self.channels[&message.channel].guild.is_some() && !is_exempt(&wire) {
            strip(&mut wire);
        }
        wire
    }

    pub(super) fn page(&self, channel: &str, call: &Incoming) -> Answer {
        let there = self.visible(channel)?;
        if matches!(there.kind, 4 | 15 | 16) {
            return Err(Refusal::of(50008));
        }
        if !self.permissions(there).history {
            return Ok(json!([]));
        }
        let limit = call.parameter("limit").map_or(Some(50), |limit| limit.parse().ok());
        let Some(limit @ 1..=100) = limit else { return Err(Refusal::of(50035)) };
        let bound = |name| call.parameter(name).and_then(|id| id.parse::<u64>().ok());
        let public: Vec<&Posted> = there.messages.iter().filter(|message| message.ephemeral_to.is_none()).collect();
        let id = |message: &&Posted| message.id.parse::<u64>().unwrap();
        let pick: Vec<&Posted> = if let Some(after) = bound("after") {
            public.into_iter().filter(|message| id(message) > after).take(limit).collect()
        } else {
            let around = bound("around");
            let later = public.iter().filter(|message| around.is_some_and(|around| id(message) > around));
            let later: Vec<&Posted> = later.take(limit / 2).copied().collect();
            let before = bound("before").unwrap_or(around.map_or(u64::MAX, |around| around + 1));
            let earlier: Vec<&Posted> = public.into_iter().filter(|message| id(message) < before).collect();
            let skipped = earlier.len().saturating_sub(limit - later.len());
            earlier.into_iter().skip(skipped).chain(later).collect()
        };
        // The newest comes first.
        Ok(pick.into_iter().rev().map(|message| self.censored(message)).collect())
    }

    pub(super) fn edit_message(&mut self, channel: &str, id: &str, sent: &Sent) -> Answer {
        let is_archived = archived(self.visible(channel)?);
        if self.seen(channel, id)?.user != BOT_USER {
            return Err(Refusal::of(50005));
        }
        if is_archived {
            return Err(Refusal::of(50083));
        }
        self.may_carry(channel, sent)?;
        self.check_edit("PATCH messages", id, sent)?;
        Ok(self.change(id, sent))
    }

    /// Applies an edit that has been checked.
    pub(super) fn change(&mut self, id: &str, sent: &Sent) -> Value {
        let body = &sent.body;
        let mut message = self.find(id).expect("the message exists").clone();
        if body.get("content").is_some() {
            message.content = text(body, "content").to_owned();
        }
        if body.get("embeds").is_some() {
            message.embeds = list(body, "embeds").to_vec();
        }
        if body.get("components").is_some() {
            message.components = list(body, "components").to_vec();
        }
        if let Some(flags) = body["flags"].as_u64() {
            message.flags = message.flags & !4 | flags & 4;
        }
        if body["attachments"].is_array() {
            let kept = list(body, "attachments");
            message.files.retain(|file| kept.iter().any(|kept| kept["id"] == file["id"]));
            message.attachments = message.files.iter().map(|file| text(file, "filename").to_owned()).collect();
        }
        self.attach(&mut message, sent);
        if message.is_loading() {
            // What was only announced is not edited but comes about.
            message.flags &= !LOADING;
        } else {
            message.edits += 1;
            message.edited_at = Some(self.timestamp());
        }
        let wire = self.message_wire(&message);
        let (channel, is_public) = (message.channel.clone(), message.ephemeral_to.is_none());
        *self.find_mut(id).unwrap() = message;
        if is_public {
            self.announce("MESSAGE_UPDATE", &channel, &wire);
        }
        wire
    }

    pub(super) fn delete_message(&mut self, channel: &str, id: &str) -> Answer {
        let is_archived = archived(self.visible(channel)?);
        if self.seen(channel, id)?.user != BOT_USER {
            return Err(Refusal::of(50013));
        }
        if is_archived {
            return Err(Refusal::of(50083));
        }
        self.remove(id);
        Ok(Value::Null)
    }

    /// Takes a message away, whoever wrote it.
    pub(super) fn remove(&mut self, id: &str) {
        let Some(message) = self.find(id) else { return };
        let (channel, is_public) = (message.channel.clone(), message.ephemeral_to.is_none());
        self.channels.get_mut(&channel).unwrap().messages.retain(|message| message.id != id);
        if is_public {
            self.announce("MESSAGE_DELETE", &channel, &json!({"id": id, "channel_id": channel}));
        }
    }

    /// Refuses files that are too large.
    pub(super) fn check_files(&mut self, key: &str, sent: &Sent) -> Result<(), Refusal> {
        if sent.uploads.iter().all(|upload| upload.bytes.len() <= FILE_LIMIT) {
            return Ok(());
        }
        self.violation(format!("{key}: a file of more than {FILE_LIMIT} bytes"));
        let message = "Request entity too large".to_owned();
        Err(Refusal { status: 413, code: 40005, message, errors: Value::Null })
    }
}

fn archived(channel: &Channel) -> bool {
    channel.is_thread() && channel.archived
}

/// Whether the bot reads this message even without the privileged intent.
pub(super) fn is_exempt(wire: &Value) -> bool {
    wire["author"]["id"] == BOT_USER || list(wire, "mentions").iter().any(|user| user["id"] == BOT_USER)
}

/// Takes away what only the privileged intent shows.
pub(super) fn strip(wire: &mut Value) {
    wire["content"] = json!("");
    for key in ["embeds", "attachments", "components"] {
        wire[key] = json!([]);
    }
    if wire["referenced_message"].is_object() && !is_exempt(&wire["referenced_message"]) {
        strip(&mut wire["referenced_message"]);
    }
}

/// The people whom a message of the bot pings: named in it, and allowed to be.
fn pinged(body: &Value) -> Vec<String> {
    let content = text(body, "content");
    let allowed = list(&body["allowed_mentions"], "users").iter().filter_map(|id| id.as_str());
    allowed.filter(|id| content.contains(&format!("<@{id}>"))).map(str::to_owned).collect()
}
