//! The sockets of the gateway, and what the test does with them.

use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use serde_json::{Value, json};

use super::Discord;
use super::gateway::Order;

impl Discord {
    /// Waits until so many sessions are connected.
    pub async fn connected(&self, sessions: usize) {
        let enough = async {
            while self.data().gateway.ready() < sessions {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        if tokio::time::timeout(Duration::from_secs(10), enough).await.is_err() {
            let ready = self.sessions();
            panic!("{ready} sessions are connected after 10 s, not {sessions}\n{}", self.everything());
        }
    }

    /// How many sessions are connected.
    pub fn sessions(&self) -> usize {
        self.data().gateway.ready()
    }

    /// How often a session was begun or taken up again.
    pub fn sessions_opened(&self) -> usize {
        self.identifies() + self.resumes()
    }

    /// How often a session was begun.
    pub fn identifies(&self) -> usize {
        self.data().gateway.identifies
    }

    /// How often a session was taken up again.
    pub fn resumes(&self) -> usize {
        self.data().gateway.resumes
    }

    /// How often a client has shown that it is there.
    pub fn heartbeats(&self) -> usize {
        self.data().gateway.heartbeats
    }

    /// The most sessions that were connected for one shard at a time.
    pub fn max_sessions_per_shard(&self) -> usize {
        self.data().gateway.most.values().copied().max().unwrap_or(0)
    }

    /// What the next clients are told about how often to show that they are there; two seconds at first.
    pub fn heartbeat_every(&self, interval: Duration) {
        self.data().gateway.interval = Some(interval.as_millis() as u64);
    }

    /// Asks every client to come back and resume.
    pub fn reconnect_all(&self) {
        self.data().gateway.tell_all(&json!({"op": 7, "d": Value::Null}));
    }

    /// Tells every client that its session is not valid, for good unless it is resumable.
    pub fn invalid_session(&self, resumable: bool) {
        self.data().gateway.invalidate(resumable);
    }

    /// Lets every connection end without a word.
    pub fn drop_gateways(&self) {
        self.data().gateway.end_all(&Order::Cut);
    }

    /// Closes every connection with this code.
    pub fn close_gateways(&self, code: u16) {
        self.data().gateway.end_all(&Order::Close(code));
    }

    /// Acknowledges no more heartbeats on the connections that there are.
    pub fn stop_heartbeat_acks(&self) {
        self.data().gateway.connections.iter_mut().for_each(|connection| connection.acknowledges = false);
    }
}

/// A client comes to the gateway.
pub(super) async fn link(State(discord): State<Discord>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |socket| serve(discord, socket))
}

async fn serve(discord: Discord, mut socket: WebSocket) {
    let (id, mut orders) = discord.data().gateway.open();
    let mut ends_session = false;
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some(Order::Send(frame)) => {
                    if socket.send(Message::text(frame)).await.is_err() {
                        break;
                    }
                }
                Some(Order::Close(code)) => {
                    let _ = socket.send(Message::Close(Some(CloseFrame { code, reason: "".into() }))).await;
                    // The client's last words are read, or the connection would be reset over what we said.
                    let rest = async { while let Some(Ok(_)) = socket.recv().await {} };
                    let _ = tokio::time::timeout(Duration::from_secs(1), rest).await;
                    break;
                }
                Some(Order::Cut) | None => break,
            },
            frame = socket.recv() => match frame {
                Some(Ok(Message::Text(frame))) => discord.data().receive(id, &frame),
                Some(Ok(Message::Close(frame))) => {
                    // A client that leaves for good says so.
                    ends_session = frame.is_some_and(|frame| matches!(frame.code, 1000 | 1001));
                    break;
                }
                Some(Err(_)) | None => break,
                Some(Ok(_)) => {}
            },
        }
    }
    discord.data().gateway.close(id, ends_session);
    if ends_session {
        // The farewell is answered.
        let _ = tokio::time::timeout(Duration::from_secs(1), socket.recv()).await;
    }
}
