//! Threads, which are channels inside of channels, and the posts of forums.

use serde_json::{Value, json};

use super::BOT_USER;
use super::body::Sent;
use super::posted::{HAS_THREAD, Posted};
use super::routes::{Answer, Refusal};
use super::state::{Channel, Data, Permissions, text};

impl Data {
    pub(super) fn thread_from_message(&mut self, channel: &str, id: &str, body: &Value) -> Answer {
        let there = self.allowed(channel, |permissions| permissions.thread)?;
        if !matches!(there.kind, 0 | 5) {
            return Err(Refusal::of(50024));
        }
        self.seen(channel, id)?;
        if self.channels.contains_key(id) {
            return Err(Refusal::of(160_004));
        }
        self.check_thread("POST threads", body)?;
        self.start_thread(channel, id, body, 11, BOT_USER);
        let message = self.find_mut(id).unwrap();
        message.flags |= HAS_THREAD;
        let message = message.clone();
        let wire = self.message_wire(&message);
        self.announce("MESSAGE_UPDATE", channel, &wire);
        self.notice(id, 21, Some(id.to_owned()), String::new(), BOT_USER);
        Ok(self.channel_wire(id))
    }

    pub(super) fn thread_alone(&mut self, channel: &str, sent: &Sent) -> Answer {
        let there = self.allowed(channel, |permissions| permissions.thread)?;
        let (is_forum, is_text) = (there.kind == 15, matches!(there.kind, 0 | 5));
        if !is_forum && !is_text {
            return Err(Refusal::of(50024));
        }
        self.check_thread("POST threads", &sent.body)?;
        if is_text {
            // Unless told otherwise, Discord starts a private one.
            let kind = sent.body["type"].as_u64().unwrap_or(12);
            let id = self.snowflake();
            self.start_thread(channel, &id, &sent.body, kind, BOT_USER);
            if kind == 11 {
                self.notice(channel, 18, Some(id.clone()), text(&sent.body, "name").to_owned(), BOT_USER);
            }
            return Ok(self.channel_wire(&id));
        }
        let first = sent.within("message");
        self.allowed(channel, |permissions| permissions.send)?;
        self.may_carry(channel, &first)?;
        self.check_message("POST threads", &first)?;
        self.check_outside_of_interactions("POST threads", &first.body);
        let mut message = self.compose(channel, &first);
        message.channel = message.id.clone();
        let id = message.id.clone();
        self.start_thread(channel, &id, &sent.body, 11, BOT_USER);
        let message = self.add(message);
        let mut wire = self.channel_wire(&id);
        wire["message"] = message;
        Ok(wire)
    }

    pub(super) fn start_thread(&mut self, parent: &str, id: &str, body: &Value, kind: u64, owner: &str) {
        let guild = self.channels[parent].guild.clone().expect("threads are in guilds");
        let channel = Channel::of_guild(&guild, id, text(body, "name"), kind, Permissions::ALL);
        let auto_archive = body["auto_archive_duration"].as_u64().unwrap_or(channel.auto_archive);
        let (parent, owner) = (Some(parent.to_owned()), Some(owner.to_owned()));
        self.channels.insert(id.to_owned(), Channel { parent, owner, auto_archive, ..channel });
        let mut wire = self.channel_wire(id);
        wire["newly_created"] = json!(true);
        self.announce("THREAD_CREATE", id, &wire);
    }

    /// What Discord itself says in a channel.
    pub(super) fn notice(
        &mut self,
        channel: &str,
        kind: u64,
        reference: Option<String>,
        content: String,
        author: &str,
    ) {
        let notice = Posted {
            id: self.snowflake(),
            channel: channel.to_owned(),
            kind,
            content,
            author: self.name(author).to_owned(),
            user: author.to_owned(),
            sent_at: self.timestamp(),
            reference,
            ..Posted::default()
        };
        self.add(notice);
    }

    pub(super) fn unarchive(&mut self, channel: &str) {
        let there = self.channels.get_mut(channel).expect("the channel exists");
        if there.is_thread() && there.archived {
            there.archived = false;
            let wire = self.channel_wire(channel);
            self.announce("THREAD_UPDATE", channel, &wire);
        }
    }

    pub(super) fn change_channel(&mut self, channel: &str, body: &Value) -> Answer {
        let there = self.visible(channel)?;
        let is_own = there.owner.as_deref() == Some(BOT_USER);
        if !there.is_thread() || !(is_own || self.permissions(there).thread) {
            return Err(Refusal::of(50013));
        }
        // What is put away can only be taken out again.
        if there.archived && body["archived"] != false {
            return Err(Refusal::of(50083));
        }
        if (there.locked || body.get("locked").is_some()) && !self.permissions(there).thread {
            return Err(Refusal::of(50013));
        }
        self.check_thread_change("PATCH channels", body)?;
        let there = self.channels.get_mut(channel).unwrap();
        if let Some(name) = body["name"].as_str() {
            there.name = name.to_owned();
        }
        there.archived = body["archived"].as_bool().unwrap_or(there.archived);
        there.locked = body["locked"].as_bool().unwrap_or(there.locked);
        there.auto_archive = body["auto_archive_duration"].as_u64().unwrap_or(there.auto_archive);
        let wire = self.channel_wire(channel);
        self.announce("THREAD_UPDATE", channel, &wire);
        Ok(wire)
    }
}
