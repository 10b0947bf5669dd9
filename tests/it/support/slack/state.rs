//! What the emulator knows: the workspace as it stands, and everything that happened to it.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::delivery::{Delivery, Parcel};
use super::fault::Faults;
use super::posted::{Posted, View};
use super::socket::Sockets;
use super::{ALICE, APP_TOKEN, BOB, BOT_TOKEN, BOT_USER, GENERAL, OTHER, TEAM};

/// A person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User {
    /// `U…`
    pub id: &'static str,
    /// The handle, without the `@`.
    pub name: &'static str,
}

/// A call of the Web API as it came.
#[derive(Debug, Clone)]
pub struct Call {
    /// The method; `upload` and `response_url` for the two that are none.
    pub method: String,
    /// The bearer, empty without one.
    pub token: String,
    /// The arguments, however they were encoded.
    pub body: Value,
    /// When.
    pub at: Instant,
    /// The error code that it was answered with.
    pub error: Option<String>,
}

/// A file that was uploaded, whether or not the upload was completed.
#[derive(Debug, Clone)]
pub struct File {
    /// `F…`
    pub id: String,
    /// As announced.
    pub name: String,
    /// As completed.
    pub title: String,
    /// As announced.
    pub length: usize,
    /// As sent.
    pub bytes: Vec<u8>,
    /// Where it was shared; empty before.
    pub channel: String,
    /// In which thread.
    pub thread_ts: Option<String>,
}

/// The line below an assistant's thread, each time it was set.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// Where.
    pub channel: String,
    /// In which thread.
    pub thread_ts: String,
    /// Empty when it was cleared.
    pub status: String,
}

/// A preview that was given for a link.
#[derive(Debug, Clone)]
pub struct Unfurl {
    /// Where.
    pub channel: String,
    /// In which message.
    pub ts: String,
    /// The link.
    pub url: String,
    /// What is shown for it.
    pub content: Value,
}

pub(super) struct Token {
    pub(super) team: String,
    pub(super) revoked: bool,
}

pub(super) struct Channel {
    pub(super) team: String,
    pub(super) name: String,
    pub(super) has_bot: bool,
    pub(super) messages: Vec<Posted>,
}

pub(super) struct Trigger {
    pub(super) issued: Instant,
    pub(super) used: bool,
    pub(super) user: String,
    pub(super) view: Option<String>,
}

/// Where an answer to an interaction goes.
#[derive(Clone)]
pub(super) struct ResponseUrl {
    pub(super) channel: String,
    pub(super) user: String,
    pub(super) message: Option<Posted>,
    pub(super) uses: usize,
}

#[derive(Clone)]
pub(super) enum Transport {
    Sockets,
    Http(String),
}

/// Why a call was refused.
pub(super) struct Refusal {
    pub(super) code: String,
    pub(super) messages: Vec<String>,
}

impl From<&str> for Refusal {
    fn from(code: &str) -> Self {
        Self { code: code.to_owned(), messages: Vec::new() }
    }
}

pub(super) type Answer = Result<Value, Refusal>;

pub(super) struct Data {
    pub(super) address: SocketAddr,
    pub(super) tokens: HashMap<String, Token>,
    pub(super) users: BTreeMap<String, String>,
    pub(super) channels: BTreeMap<String, Channel>,
    pub(super) ephemerals: Vec<Posted>,
    pub(super) views: Vec<View>,
    pub(super) homes: BTreeMap<String, View>,
    pub(super) files: Vec<File>,
    pub(super) statuses: Vec<Status>,
    pub(super) unfurls: Vec<Unfurl>,
    pub(super) calls: Vec<Call>,
    pub(super) violations: Vec<String>,
    pub(super) deliveries: Vec<Delivery>,
    pub(super) last: Option<(Parcel, u32)>,
    pub(super) triggers: HashMap<String, Trigger>,
    pub(super) response_urls: HashMap<String, ResponseUrl>,
    pub(super) oauth: HashMap<String, Value>,
    pub(super) used_codes: Vec<String>,
    pub(super) faults: Faults,
    pub(super) sockets: Sockets,
    pub(super) transport: Transport,
    pub(super) refuse_streams: bool,
    pub(super) command_word: String,
    pub(super) ack_limit: Duration,
    serial: u64,
    last_ts: u64,
}

impl Data {
    pub(super) fn new(address: SocketAddr) -> Self {
        let token = |token: &str| (token.to_owned(), Token { team: TEAM.to_owned(), revoked: false });
        let mut data = Self {
            address,
            tokens: HashMap::from([token(BOT_TOKEN), token(APP_TOKEN)]),
            users: BTreeMap::from([(BOT_USER.to_owned(), "bot".to_owned())]),
            channels: BTreeMap::new(),
            ephemerals: Vec::new(),
            views: Vec::new(),
            homes: BTreeMap::new(),
            files: Vec::new(),
            statuses: Vec::new(),
            unfurls: Vec::new(),
            calls: Vec::new(),
            violations: Vec::new(),
            deliveries: Vec::new(),
            last: None,
            triggers: HashMap::new(),
            response_urls: HashMap::new(),
            oauth: HashMap::new(),
            used_codes: Vec::new(),
            faults: Faults::default(),
            sockets: Sockets::default(),
            transport: Transport::Sockets,
            refuse_streams: false,
            command_word: "/workshop".to_owned(),
            ack_limit: Duration::from_secs(3),
            serial: 0,
            last_ts: 0,
        };
        data.add_channel(TEAM, GENERAL, true);
        data.add_channel(TEAM, OTHER, false);
        for user in [ALICE, BOB] {
            data.users.insert(user.id.to_owned(), user.name.to_owned());
            data.direct_messages(TEAM, user.id);
        }
        data
    }

    /// A number that was not given out before.
    pub(super) fn serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// A message's timestamp: now, but later than every one before.
    pub(super) fn ts(&mut self) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as u64;
        self.last_ts = now.max(self.last_ts + 1);
        format!("{}.{:06}", self.last_ts / 1_000_000, self.last_ts % 1_000_000)
    }

    pub(super) fn add_channel(&mut self, team: &str, id: &str, has_bot: bool) {
        let name = match id.as_bytes()[0] {
            b'D' => "directmessage".to_owned(),
            _ => id[1..].trim_start_matches('0').to_lowercase(),
        };
        let channel = Channel { team: team.to_owned(), name, has_bot, messages: Vec::new() };
        self.channels.entry(id.to_owned()).or_insert(channel).has_bot = has_bot;
    }

    /// The direct messages with a person.
    pub(super) fn direct_messages(&mut self, team: &str, user: &str) -> String {
        let id = format!("D{}", &user[1..]);
        self.add_channel(team, &id, true);
        id
    }

    /// The channel that something is posted to: known, and with the bot in it.
    pub(super) fn destination(&mut self, team: &str, channel: &str) -> Result<String, Refusal> {
        if channel.starts_with('U') {
            if !self.users.contains_key(channel) {
                return Err("channel_not_found".into());
            }
            return Ok(self.direct_messages(team, channel));
        }
        match self.channels.get(channel) {
            Some(found) if found.team == team && found.has_bot => Ok(channel.to_owned()),
            Some(found) if found.team == team => Err("not_in_channel".into()),
            _ => Err("channel_not_found".into()),
        }
    }

    pub(super) fn message(&mut self, channel: &str, ts: &str) -> Option<&mut Posted> {
        self.channels.get_mut(channel)?.messages.iter_mut().find(|message| message.ts == ts)
    }

    pub(super) fn add_message(&mut self, message: Posted) {
        self.channels.get_mut(&message.channel).expect("the channel exists").messages.push(message);
    }

    /// The name of a person, or the id of a stranger.
    pub(super) fn name<'a>(&'a self, user: &'a str) -> &'a str {
        self.users.get(user).map_or(user, String::as_str)
    }

    pub(super) fn trigger(&mut self, user: &str, view: Option<&str>) -> String {
        let id = format!("{}.trigger", self.serial());
        let (user, view) = (user.to_owned(), view.map(str::to_owned));
        self.triggers.insert(id.clone(), Trigger { issued: Instant::now(), used: false, user, view });
        id
    }

    pub(super) fn response_url(&mut self, channel: &str, user: &str, message: Option<&Posted>) -> String {
        let id = self.serial().to_string();
        let (channel, user) = (channel.to_owned(), user.to_owned());
        self.response_urls.insert(id.clone(), ResponseUrl { channel, user, message: message.cloned(), uses: 0 });
        format!("http://{}/response/{id}", self.address)
    }

    pub(super) fn violation(&mut self, text: String) {
        self.violations.push(text);
    }

    /// A channel as interactions name it.
    pub(super) fn channel_json(&self, id: &str) -> Value {
        json!({"id": id, "name": self.channels.get(id).map(|channel| channel.name.as_str())})
    }
}

/// A text argument, empty when it is missing.
pub(super) fn text<'a>(args: &'a Value, key: &str) -> &'a str {
    args[key].as_str().unwrap_or_default()
}

/// The elements of an argument that is a list.
pub(super) fn list<'a>(args: &'a Value, key: &str) -> &'a [Value] {
    args[key].as_array().map_or(&[], Vec::as_slice)
}

/// A text argument that is there and not empty.
pub(super) fn some_text(args: &Value, key: &str) -> Option<String> {
    Some(text(args, key)).filter(|text| !text.is_empty()).map(str::to_owned)
}
