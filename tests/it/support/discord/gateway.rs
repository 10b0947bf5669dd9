//! The sessions of the gateway: who gets which event, what is kept for those who come back.

use std::collections::HashMap;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::messages::{is_exempt, strip};
use super::state::{Data, text};
use super::{APPLICATION, BOT_USER, TOKEN};

const GUILDS: u64 = 1;
const GUILD_MESSAGES: u64 = 1 << 9;
const DIRECT_MESSAGES: u64 = 1 << 12;
const MESSAGE_CONTENT: u64 = 1 << 15;
/// No intent has a higher bit.
const INTENTS_END: u64 = 1 << 26;

/// What a connection is to do.
#[derive(Debug, Clone)]
pub(super) enum Order {
    Send(String),
    Close(u16),
    Cut,
}

#[derive(Default)]
pub(super) struct Gateway {
    pub(super) connections: Vec<Connection>,
    sessions: Vec<Session>,
    pub(super) interval: Option<u64>,
    serial: usize,
    pub(super) identifies: usize,
    pub(super) resumes: usize,
    pub(super) heartbeats: usize,
    /// The most connected sessions at a time, by shard.
    pub(super) most: HashMap<(u64, u64), usize>,
}

/// A socket.
pub(super) struct Connection {
    id: usize,
    pub(super) orders: mpsc::UnboundedSender<Order>,
    /// Whether its heartbeats are acknowledged.
    pub(super) acknowledges: bool,
    is_ending: bool,
}

/// What a client identified itself for; it outlives its connection.
struct Session {
    id: String,
    shard: (u64, u64),
    intents: u64,
    /// Every dispatch as a frame; the first has the number one.
    log: Vec<String>,
    connection: Option<usize>,
}

impl Gateway {
    pub(super) fn open(&mut self) -> (usize, mpsc::UnboundedReceiver<Order>) {
        let (orders, received) = mpsc::unbounded_channel();
        self.serial += 1;
        let hello = json!({"op": 10, "d": {"heartbeat_interval": self.interval.unwrap_or(2000), "_trace": []}});
        let _ = orders.send(Order::Send(hello.to_string()));
        self.connections.push(Connection { id: self.serial, orders, acknowledges: true, is_ending: false });
        (self.serial, received)
    }

    /// How many sessions are connected.
    pub(super) fn ready(&self) -> usize {
        self.sessions.iter().filter(|session| session.connection.is_some()).count()
    }

    /// Forgets a connection; its session can be resumed unless the client itself has ended it.
    pub(super) fn close(&mut self, connection: usize, ends_session: bool) {
        self.connections.retain(|known| known.id != connection);
        if ends_session {
            self.sessions.retain(|session| session.connection != Some(connection));
        }
        self.detach(connection);
    }

    fn detach(&mut self, connection: usize) {
        let here = self.sessions.iter_mut().filter(|session| session.connection == Some(connection));
        here.for_each(|session| session.connection = None);
    }

    fn order(&self, connection: usize, order: Order) {
        if let Some(connection) = self.connections.iter().find(|known| known.id == connection) {
            let _ = connection.orders.send(order);
        }
    }

    /// Gives the last order to a connection, which is not ready from now on.
    fn end(&mut self, connection: usize, order: Order) {
        self.order(connection, order);
        self.connections.iter_mut().filter(|known| known.id == connection).for_each(|known| known.is_ending = true);
        self.detach(connection);
    }

    /// Gives the last order to all connections; the sessions are gone for good when they cannot be resumed.
    pub(super) fn end_all(&mut self, order: &Order) {
        let all: Vec<usize> = self.connections.iter().map(|connection| connection.id).collect();
        all.into_iter().for_each(|connection| self.end(connection, order.clone()));
        if matches!(order, Order::Close(4003 | 4004 | 4007 | 4009..=4014)) {
            self.sessions.clear();
        }
    }

    /// Sends a frame that is no dispatch to every connected session.
    pub(super) fn tell_all(&self, frame: &Value) {
        for connection in &self.connections {
            let _ = connection.orders.send(Order::Send(frame.to_string()));
        }
    }

    /// Ends what all sessions are, without closing their connections.
    pub(super) fn invalidate(&mut self, resumable: bool) {
        self.tell_all(&json!({"op": 9, "d": resumable}));
        self.sessions.iter_mut().for_each(|session| session.connection = None);
        if !resumable {
            self.sessions.clear();
        }
    }

    fn send(&mut self, at: usize, event: &str, payload: &Value) {
        let session = &mut self.sessions[at];
        let frame = json!({"op": 0, "t": event, "s": session.log.len() + 1, "d": payload}).to_string();
        session.log.push(frame.clone());
        if let Some(connection) = session.connection {
            self.order(connection, Order::Send(frame));
        }
    }

    fn count(&mut self) {
        let mut now: HashMap<(u64, u64), usize> = HashMap::new();
        for session in self.sessions.iter().filter(|session| session.connection.is_some()) {
            *now.entry(session.shard).or_default() += 1;
        }
        for (shard, sessions) in now {
            let most = self.most.entry(shard).or_default();
            *most = sessions.max(*most);
        }
    }
}

impl Data {
    /// Tells an event to the sessions that are to have it; whoever is away may catch up.
    pub(super) fn dispatch(&mut self, event: &str, payload: &Value, guild: Option<&str>) {
        let intent = match (event.split('_').next().unwrap_or_default(), guild) {
            ("MESSAGE", Some(_)) => GUILD_MESSAGES,
            ("MESSAGE", None) => DIRECT_MESSAGES,
            ("THREAD" | "CHANNEL" | "GUILD", _) => GUILDS,
            _ => 0,
        };
        let number = guild.and_then(|guild| guild.parse::<u64>().ok()).unwrap_or(0);
        for at in 0..self.gateway.sessions.len() {
            let Session { shard: (shard, shards), intents, .. } = self.gateway.sessions[at];
            if (number >> 22) % shards != shard || intents & intent != intent {
                continue;
            }
            let mut told = payload.clone();
            let is_hidden = intent == GUILD_MESSAGES && intents & MESSAGE_CONTENT == 0;
            if is_hidden && told.get("content").is_some() && !is_exempt(&told) {
                strip(&mut told);
            }
            self.gateway.send(at, event, &told);
        }
    }

    /// Reads a frame of a client.
    pub(super) fn receive(&mut self, connection: usize, frame: &str) {
        if self.gateway.connections.iter().any(|known| known.id == connection && known.is_ending) {
            return;
        }
        let Ok(frame) = serde_json::from_str::<Value>(frame) else {
            return self.gateway.end(connection, Order::Close(4002));
        };
        let is_known = self.gateway.sessions.iter().any(|session| session.connection == Some(connection));
        match frame["op"].as_u64() {
            Some(1) => {
                self.gateway.heartbeats += 1;
                let acknowledges = |known: &Connection| known.id == connection && known.acknowledges;
                if self.gateway.connections.iter().any(acknowledges) {
                    self.gateway.order(connection, Order::Send(json!({"op": 11}).to_string()));
                }
            }
            Some(2 | 6) if is_known => self.gateway.end(connection, Order::Close(4005)),
            Some(2) => self.identify(connection, &frame["d"]),
            Some(6) => self.resume(connection, &frame["d"]),
            Some(3 | 4 | 8) if is_known => {}
            Some(3 | 4 | 8) => self.gateway.end(connection, Order::Close(4003)),
            _ => self.gateway.end(connection, Order::Close(4001)),
        }
    }

    fn identify(&mut self, connection: usize, told: &Value) {
        let shard = (told["shard"][0].as_u64().unwrap_or(0), told["shard"][1].as_u64().unwrap_or(1));
        let refusal = match told["intents"].as_u64() {
            _ if !is_token(told) => Some(4004),
            _ if shard.1 == 0 || shard.0 >= shard.1 => Some(4010),
            None => Some(4013),
            Some(intents) if intents >= INTENTS_END => Some(4013),
            Some(intents) if intents & MESSAGE_CONTENT != 0 && !self.message_content => Some(4014),
            Some(_) => None,
        };
        if let Some(code) = refusal {
            return self.gateway.end(connection, Order::Close(code));
        }
        self.gateway.identifies += 1;
        let id = format!("session-{}", self.gateway.identifies);
        let intents = told["intents"].as_u64().unwrap_or(0);
        let here = |guild: &&String| (guild.parse::<u64>().unwrap_or(0) >> 22) % shard.1 == shard.0;
        let guilds: Vec<String> = self.guilds.iter().filter(here).cloned().collect();
        let unavailable: Vec<Value> = guilds.iter().map(|id| json!({"id": id, "unavailable": true})).collect();
        let ready = json!({
            "v": 10, "user": self.user_wire(BOT_USER), "guilds": unavailable, "session_id": id, "session_type": "normal",
            "resume_gateway_url": format!("ws://{}/gateway", self.address), "shard": [shard.0, shard.1],
            "application": {"id": APPLICATION, "flags": self.application_flags()}, "private_channels": [], "_trace": [],
        });
        self.gateway.sessions.push(Session { id, shard, intents, log: Vec::new(), connection: Some(connection) });
        let at = self.gateway.sessions.len() - 1;
        self.gateway.send(at, "READY", &ready);
        if intents & GUILDS != 0 {
            for guild in guilds {
                let wire = self.guild_wire(&guild);
                self.gateway.send(at, "GUILD_CREATE", &wire);
            }
        }
        self.gateway.count();
    }

    fn resume(&mut self, connection: usize, told: &Value) {
        if !is_token(told) {
            return self.gateway.end(connection, Order::Close(4004));
        }
        let id = text(told, "session_id");
        let Some(at) = self.gateway.sessions.iter().position(|session| session.id == id) else {
            return self.gateway.order(connection, Order::Send(json!({"op": 9, "d": false}).to_string()));
        };
        let session = &mut self.gateway.sessions[at];
        let Some(seq) = told["seq"].as_u64().filter(|seq| *seq as usize <= session.log.len()) else {
            return self.gateway.end(connection, Order::Close(4007));
        };
        // Whoever held the session before has lost it.
        let before = session.connection.replace(connection);
        let missed: Vec<String> = session.log[seq as usize..].to_vec();
        if let Some(before) = before {
            self.gateway.order(before, Order::Close(4000));
        }
        self.gateway.resumes += 1;
        missed.into_iter().for_each(|frame| self.gateway.order(connection, Order::Send(frame)));
        self.gateway.send(at, "RESUMED", &json!({"_trace": []}));
        self.gateway.count();
    }
}

fn is_token(told: &Value) -> bool {
    text(told, "token").trim_start_matches("Bot ") == TOKEN
}
