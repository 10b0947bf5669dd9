//! What the emulator knows: guilds, channels and people as they stand, and everything that happened.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::fault::Faults;
use super::gateway::Gateway;
use super::interactions::{Interaction, Parcel};
use super::posted::{Modal, Posted};
use super::{ALICE, BOB, BOT_USER, FORUM, GENERAL, GUILD, OTHER};

/// A person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User {
    /// A snowflake.
    pub id: &'static str,
    /// The user name.
    pub name: &'static str,
}

/// What the bot may do in a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permissions {
    /// See it at all.
    pub view: bool,
    /// Send messages, also in its threads.
    pub send: bool,
    /// Send embeds.
    pub embed: bool,
    /// Start threads and change them.
    pub thread: bool,
    /// Send files.
    pub attach: bool,
    /// Read what was said before.
    pub history: bool,
}

impl Permissions {
    /// Everything.
    pub const ALL: Self = Self { view: true, send: true, embed: true, thread: true, attach: true, history: true };
    /// Nothing.
    pub const NONE: Self =
        Self { view: false, send: false, embed: false, thread: false, attach: false, history: false };

    /// As Discord writes them.
    pub(super) fn bits(self) -> u64 {
        let bit = |granted: bool, bits: u64| if granted { bits } else { 0 };
        bit(self.view, 1 << 10)
            | bit(self.send, 1 << 11 | 1 << 38)
            | bit(self.embed, 1 << 14)
            | bit(self.attach, 1 << 15)
            | bit(self.history, 1 << 16)
            | bit(self.thread, 1 << 34 | 1 << 35)
            | 1 << 31
    }
}

/// A call as it came.
#[derive(Debug, Clone)]
pub struct Call {
    /// As in `POST messages`.
    pub key: String,
    /// Below `/api/v10`, with the query.
    pub path: String,
    /// The JSON, without the files.
    pub body: Value,
    /// When.
    pub at: Instant,
    /// What it was answered with, when that was an error.
    pub error: Option<String>,
}

/// A file that was attached to a message.
#[derive(Debug, Clone)]
pub struct File {
    /// A snowflake.
    pub id: String,
    /// As sent.
    pub name: String,
    /// As sent.
    pub bytes: Vec<u8>,
    /// Where.
    pub channel: String,
}

/// A thread, also the post of a forum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// That of its first message, unless it was started without one.
    pub id: String,
    /// Its title.
    pub name: String,
    /// Whether it is put away.
    pub archived: bool,
    /// Whether only moderators may bring it back.
    pub locked: bool,
    /// The channel that it is in.
    pub parent: String,
    /// After how many minutes it is put away.
    pub auto_archive: u64,
    /// 11 when everyone sees it, 12 when it is private.
    pub kind: u64,
}

/// A place for messages.
#[derive(Debug, Clone)]
pub(super) struct Channel {
    pub(super) id: String,
    pub(super) kind: u64,
    pub(super) guild: Option<String>,
    pub(super) name: String,
    pub(super) parent: Option<String>,
    pub(super) recipient: Option<String>,
    pub(super) owner: Option<String>,
    pub(super) archived: bool,
    pub(super) locked: bool,
    pub(super) auto_archive: u64,
    /// Those of a thread are its parent's.
    pub(super) permissions: Permissions,
    /// Ephemeral ones too.
    pub(super) messages: Vec<Posted>,
    pub(super) typing: usize,
}

impl Channel {
    pub(super) fn of_guild(guild: &str, id: &str, name: &str, kind: u64, permissions: Permissions) -> Self {
        Self {
            id: id.to_owned(),
            kind,
            guild: Some(guild.to_owned()),
            name: name.to_owned(),
            parent: None,
            recipient: None,
            owner: None,
            archived: false,
            locked: false,
            auto_archive: 1440,
            permissions,
            messages: Vec::new(),
            typing: 0,
        }
    }

    fn direct(id: &str, user: &str) -> Self {
        let channel = Self::of_guild("", id, "", 1, Permissions::ALL);
        Self { guild: None, recipient: Some(user.to_owned()), ..channel }
    }

    pub(super) fn is_thread(&self) -> bool {
        matches!(self.kind, 10..=12)
    }

    pub(super) fn thread(&self) -> Thread {
        Thread {
            id: self.id.clone(),
            name: self.name.clone(),
            archived: self.archived,
            locked: self.locked,
            parent: self.parent.clone().unwrap_or_default(),
            auto_archive: self.auto_archive,
            kind: self.kind,
        }
    }
}

pub(super) struct Data {
    pub(super) address: SocketAddr,
    serial: u64,
    /// How far the clock is ahead of the real one.
    pub(super) ahead: Duration,
    pub(super) guilds: Vec<String>,
    pub(super) users: HashMap<String, String>,
    pub(super) channels: BTreeMap<String, Channel>,
    pub(super) closed_dms: HashSet<String>,
    pub(super) message_content: bool,
    /// By guild; those of all guilds below the empty one.
    pub(super) commands: BTreeMap<String, Vec<Value>>,
    pub(super) registrations: usize,
    pub(super) interactions: Vec<Interaction>,
    pub(super) modals: Vec<Modal>,
    pub(super) files: Vec<File>,
    pub(super) gateway: Gateway,
    pub(super) http: Option<String>,
    pub(super) limit: Duration,
    pub(super) last: Option<Parcel>,
    pub(super) faults: Faults,
    pub(super) calls: Vec<Call>,
    pub(super) violations: Vec<String>,
}

impl Data {
    pub(super) fn new(address: SocketAddr) -> Self {
        let users = [(ALICE.id, ALICE.name), (BOB.id, BOB.name), (BOT_USER, "bot")];
        let channels = [
            Channel::of_guild(GUILD, GENERAL, "general", 0, Permissions::ALL),
            Channel::of_guild(GUILD, FORUM, "forum", 15, Permissions::ALL),
            Channel::of_guild(GUILD, OTHER, "other", 0, Permissions::NONE),
            Channel::direct("4001", ALICE.id),
            Channel::direct("4002", BOB.id),
        ];
        Self {
            address,
            serial: 100_000_000_000_000_000,
            ahead: Duration::ZERO,
            guilds: vec![GUILD.to_owned()],
            users: users.map(|(id, name)| (id.to_owned(), name.to_owned())).into(),
            channels: channels.map(|channel| (channel.id.clone(), channel)).into(),
            closed_dms: HashSet::new(),
            message_content: true,
            commands: BTreeMap::new(),
            registrations: 0,
            interactions: Vec::new(),
            modals: Vec::new(),
            files: Vec::new(),
            gateway: Gateway::default(),
            http: None,
            limit: Duration::from_secs(3),
            last: None,
            faults: Faults::default(),
            calls: Vec::new(),
            violations: Vec::new(),
        }
    }

    /// The next id; ids only grow, and begin with the milliseconds since 2015.
    pub(super) fn snowflake(&mut self) -> String {
        const EPOCH: u64 = 1_420_070_400_000;
        let milliseconds = self.now().as_millis() as u64 - EPOCH;
        self.serial = (self.serial + 1).max(milliseconds << 22);
        self.serial.to_string()
    }

    pub(super) fn violation(&mut self, what: String) {
        self.violations.push(what);
    }

    /// The time since 1970 by the emulator's clock.
    pub(super) fn now(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + self.ahead
    }

    pub(super) fn timestamp(&self) -> String {
        timestamp(self.now())
    }

    /// Makes a person known.
    pub(super) fn meet(&mut self, user: User) {
        self.users.insert(user.id.to_owned(), user.name.to_owned());
    }

    pub(super) fn name(&self, user: &str) -> &str {
        self.users.get(user).map_or("?", String::as_str)
    }

    /// The direct messages with someone, which begin now unless they are there.
    pub(super) fn dm(&mut self, user: &str) -> String {
        let known = self.channels.values().find(|channel| channel.recipient.as_deref() == Some(user));
        if let Some(channel) = known {
            return channel.id.clone();
        }
        let id = self.snowflake();
        self.channels.insert(id.clone(), Channel::direct(&id, user));
        id
    }

    /// What the bot may do there.
    pub(super) fn permissions(&self, channel: &Channel) -> Permissions {
        let parent = channel.parent.as_ref().and_then(|parent| self.channels.get(parent));
        parent.unwrap_or(channel).permissions
    }

    /// A channel that the test names, which must exist.
    #[track_caller]
    pub(super) fn place(&self, channel: &str) -> &Channel {
        self.channels.get(channel).unwrap_or_else(|| panic!("there is no channel {channel}"))
    }

    pub(super) fn user_wire(&self, user: &str) -> Value {
        json!({
            "id": user, "username": self.name(user), "global_name": null, "discriminator": "0", "avatar": null,
            "bot": user == BOT_USER, "public_flags": 0, "primary_guild": null,
        })
    }

    /// Without the user, as beside a message.
    pub(super) fn member_wire(&self) -> Value {
        json!({
            "roles": [], "joined_at": "2024-01-01T00:00:00.000000+00:00", "deaf": false, "mute": false, "flags": 0,
            "nick": null, "avatar": null, "pending": false, "premium_since": null,
            "communication_disabled_until": null,
        })
    }

    pub(super) fn channel_wire(&self, id: &str) -> Value {
        let channel = &self.channels[id];
        let last = channel.messages.iter().rfind(|message| message.ephemeral_to.is_none());
        let mut wire = json!({
            "id": channel.id, "type": channel.kind, "flags": 0, "last_message_id": last.map(|message| &message.id),
        });
        if let Some(user) = &channel.recipient {
            wire["recipients"] = json!([self.user_wire(user)]);
            return wire;
        }
        wire["guild_id"] = json!(channel.guild);
        wire["name"] = json!(channel.name);
        wire["parent_id"] = json!(channel.parent);
        wire["rate_limit_per_user"] = json!(0);
        if channel.is_thread() {
            wire["owner_id"] = json!(channel.owner);
            wire["message_count"] = json!(channel.messages.len());
            wire["member_count"] = json!(1);
            wire["total_message_sent"] = json!(channel.messages.len());
            wire["thread_metadata"] = json!({
                "archived": channel.archived, "locked": channel.locked, "archive_timestamp": self.timestamp(),
                "auto_archive_duration": channel.auto_archive, "create_timestamp": self.timestamp(),
            });
        } else {
            wire["position"] = json!(0);
            wire["permission_overwrites"] = json!([]);
            wire["nsfw"] = json!(false);
            wire["topic"] = json!(null);
        }
        wire
    }

    pub(super) fn guild_wire(&self, id: &str) -> Value {
        let here = |channel: &&Channel| channel.guild.as_deref() == Some(id) && self.permissions(channel).view;
        let (threads, channels): (Vec<_>, Vec<_>) =
            self.channels.values().filter(here).partition(|channel| channel.is_thread());
        let wires = |list: Vec<&Channel>| list.iter().map(|channel| self.channel_wire(&channel.id)).collect::<Vec<_>>();
        json!({
            "id": id, "name": format!("guild {id}"), "icon": null, "splash": null, "discovery_splash": null,
            "owner_id": ALICE.id, "afk_channel_id": null, "afk_timeout": 300, "verification_level": 0,
            "default_message_notifications": 0, "explicit_content_filter": 0, "roles": [], "emojis": [],
            "features": [], "mfa_level": 0, "application_id": null, "system_channel_id": null,
            "system_channel_flags": 0, "rules_channel_id": null, "vanity_url_code": null, "description": null,
            "banner": null, "premium_tier": 0, "preferred_locale": "en-US", "public_updates_channel_id": null,
            "nsfw_level": 0, "stickers": [], "premium_progress_bar_enabled": false,
            "joined_at": "2024-01-01T00:00:00.000000+00:00", "large": false, "unavailable": false,
            "member_count": self.users.len(), "voice_states": [], "members": [], "channels": wires(channels),
            "threads": wires(threads), "presences": [], "stage_instances": [], "guild_scheduled_events": [],
            "safety_alerts_channel_id": null, "incidents_data": null,
        })
    }
}

/// As Discord writes times.
fn timestamp(since_1970: Duration) -> String {
    let seconds = since_1970.as_secs();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Counts from the first of March of the year 0, so that leap days end a year.
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let micros = since_1970.subsec_micros();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}+00:00")
}

/// The text under a key, empty without one.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// The list under a key, empty without one.
pub(super) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}
