//! What people do: give commands, write messages, start threads, clean up.

use serde_json::{Value, json};

use super::Discord;
use super::commands::filled;
use super::interactions::{AUTOCOMPLETE, COMMAND, Parcel, Response};
use super::posted::{HAS_THREAD, Posted};
use super::state::{Data, User, list};

/// The command whose subcommands people give.
const WORD: &str = "workshop";

impl Discord {
    /// A person gives `/workshop` with this subcommand (of a group: `group subcommand`) and these options.
    pub async fn command(&self, user: User, channel: &str, name: &str, options: &[(&str, Value)]) -> Response {
        self.registration().await;
        let payload = {
            let data = &mut *self.data();
            let command = data.command(channel, 1, WORD);
            let mut told = told(command.as_ref(), name, options, None);
            data.resolve(command.as_ref(), name, &mut told);
            data.interaction(user, channel, COMMAND, told)
        };
        self.respond_to(payload).await
    }

    /// A person types into an option; gives what is suggested.
    pub async fn complete(
        &self,
        user: User,
        channel: &str,
        name: &str,
        options: &[(&str, Value)],
        focused: &str,
        typed: &str,
    ) -> Vec<Value> {
        self.registration().await;
        let payload = {
            let data = &mut *self.data();
            let command = data.command(channel, 1, WORD);
            let mut options = options.to_vec();
            options.push((focused, json!(typed)));
            let told = told(command.as_ref(), name, &options, Some(focused));
            data.interaction(user, channel, AUTOCOMPLETE, told)
        };
        list(&self.respond_to(payload).await.data, "choices").to_vec()
    }

    /// A person chooses the application from the menu of a message.
    pub async fn context_menu(&self, user: User, message: &Posted, name: &str) -> Response {
        self.registration().await;
        let payload = {
            let data = &mut *self.data();
            let command = data.command(&message.channel, 3, name);
            let id = command.map_or(json!("1"), |command| command["id"].clone());
            let wire = data.message_wire(data.find(&message.id).unwrap_or(message));
            let resolved = json!({"messages": {message.id.as_str(): wire}});
            let told = json!({"id": id, "name": name, "type": 3, "target_id": message.id, "resolved": resolved});
            data.interaction(user, &message.channel, COMMAND, told)
        };
        self.respond_to(payload).await
    }

    /// A person writes a message; gives its id.
    pub async fn message(&self, user: User, channel: &str, text: &str) -> String {
        self.data().say(user, channel, text, None, None)
    }

    /// A person answers a message, which mentions its author.
    pub async fn reply(&self, user: User, to: &Posted, text: &str) -> String {
        self.data().say(user, &to.channel, text, Some(to), None)
    }

    /// A person sends a file with a message.
    pub async fn message_with_file(&self, user: User, channel: &str, text: &str, name: &str, bytes: &[u8]) -> String {
        self.data().say(user, channel, text, None, Some((name, bytes)))
    }

    /// A person starts a thread: in a forum a post with this text, elsewhere one that begins with it. Gives its id.
    pub async fn start_thread(&self, user: User, parent: &str, name: &str, text: &str) -> String {
        let data = &mut *self.data();
        data.meet(user);
        let is_forum = data.place(parent).kind == 15;
        let id = data.snowflake();
        data.start_thread(parent, &id, &json!({"name": name}), 11, user.id);
        match is_forum {
            true => data.say_as(id.clone(), user, &id, text, None, None),
            false => {
                data.notice(parent, 18, Some(id.clone()), name.to_owned(), user.id);
                data.say(user, &id, text, None, None)
            }
        };
        id
    }

    /// Someone puts a thread away; locked, only moderators may bring it back.
    pub async fn archive(&self, thread: &str, locked: bool) {
        let data = &mut *self.data();
        let there = data.channels.get_mut(thread).expect("the thread exists");
        assert!(there.is_thread(), "{thread} is no thread");
        (there.archived, there.locked) = (true, locked);
        let wire = data.channel_wire(thread);
        data.announce("THREAD_UPDATE", thread, &wire);
    }

    /// Someone deletes a message.
    pub async fn delete_message(&self, message: &Posted) {
        self.data().remove(&message.id);
    }

    /// Someone deletes a channel or a thread.
    pub async fn delete_channel(&self, id: &str) {
        let data = &mut *self.data();
        let (wire, is_thread) = (data.channel_wire(id), data.place(id).is_thread());
        data.announce(if is_thread { "THREAD_DELETE" } else { "CHANNEL_DELETE" }, id, &wire);
        data.channels.remove(id);
        if let Some(message) = data.find_mut(id) {
            message.flags &= !HAS_THREAD;
        }
    }
}

impl Data {
    fn say(
        &mut self,
        user: User,
        channel: &str,
        text: &str,
        to: Option<&Posted>,
        file: Option<(&str, &[u8])>,
    ) -> String {
        let id = self.snowflake();
        self.say_as(id, user, channel, text, to, file)
    }

    fn say_as(
        &mut self,
        id: String,
        user: User,
        channel: &str,
        text: &str,
        to: Option<&Posted>,
        file: Option<(&str, &[u8])>,
    ) -> String {
        self.meet(user);
        let there = self.place(channel);
        assert!(!matches!(there.kind, 4 | 15 | 16), "nobody can write into {channel} but in a thread");
        assert!(!there.locked, "{channel} is locked");
        let mut mentions: Vec<String> = mentioned(text).filter(|id| self.users.contains_key(id)).collect();
        if let Some(to) = to.filter(|to| to.user != user.id && !mentions.contains(&to.user)) {
            mentions.push(to.user.clone());
        }
        let mut message = Posted {
            id: id.clone(),
            channel: channel.to_owned(),
            kind: if to.is_some() { 19 } else { 0 },
            content: text.to_owned(),
            author: user.name.to_owned(),
            user: user.id.to_owned(),
            sent_at: self.timestamp(),
            reference: to.map(|to| to.id.clone()),
            mentions,
            born: self.now(),
            ..Posted::default()
        };
        if let Some((name, bytes)) = file {
            self.attach_file(&mut message, name, bytes);
        }
        let mut wire = self.add(message);
        let guild = self.channels[channel].guild.clone();
        if guild.is_some() {
            wire["guild_id"] = json!(guild);
            wire["member"] = self.member_wire();
        }
        self.last = Some(Parcel::Event { event: "MESSAGE_CREATE".to_owned(), payload: wire, guild });
        id
    }

    /// Adds the people whom options name.
    fn resolve(&self, command: Option<&Value>, path: &str, told: &mut Value) {
        if command.is_none() {
            return;
        }
        let mut options = told["options"].clone();
        for _ in path.split(' ') {
            options = options[0]["options"].clone();
        }
        let named = options.as_array().into_iter().flatten().filter(|option| option["type"] == 6);
        for id in named.filter_map(|option| option["value"].as_str()) {
            told["resolved"]["users"][id] = self.user_wire(id);
            told["resolved"]["members"][id] = self.member_wire();
        }
    }
}

#[track_caller]
fn told(command: Option<&Value>, path: &str, options: &[(&str, Value)], focus: Option<&str>) -> Value {
    let options = filled(command, path, options, focus);
    let id = command.map_or(json!("1"), |command| command["id"].clone());
    json!({"id": id, "name": WORD, "type": 1, "options": options})
}

/// The ids in `<@id>` and `<@!id>`.
fn mentioned(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split("<@").skip(1).filter_map(|rest| rest.split_once('>'));
    parts.map(|(id, _)| id.trim_start_matches('!').to_owned())
}
