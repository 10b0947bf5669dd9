//! Socket Mode: the live sockets, the frames that go out, the acks that come in.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use super::state::text;
use super::{APP, Slack};

#[derive(Default)]
pub(super) struct Sockets {
    tickets: HashSet<String>,
    live: Vec<Socket>,
    pending: HashMap<String, Pending>,
    opened: usize,
    turn: usize,
    late: usize,
}

struct Socket {
    id: usize,
    orders: mpsc::UnboundedSender<Order>,
}

/// A frame that waits for its ack.
struct Pending {
    socket: usize,
    ack: oneshot::Sender<Option<Value>>,
}

enum Order {
    Send(String),
    Close(String),
    Cut,
}

impl Sockets {
    pub(super) fn issue(&mut self, ticket: String) {
        self.tickets.insert(ticket);
    }

    /// Sends a frame to the socket whose turn it is; none when there is no socket.
    pub(super) fn send(&mut self, envelope_id: &str, frame: &Value) -> Option<oneshot::Receiver<Option<Value>>> {
        if self.live.is_empty() {
            return None;
        }
        self.turn += 1;
        let socket = &self.live[self.turn % self.live.len()];
        socket.orders.send(Order::Send(frame.to_string())).ok()?;
        let (ack, acked) = oneshot::channel();
        self.pending.insert(envelope_id.to_owned(), Pending { socket: socket.id, ack });
        Some(acked)
    }

    /// An ack that comes from now on is late.
    pub(super) fn give_up(&mut self, envelope_id: &str) {
        self.pending.remove(envelope_id);
    }

    fn open(&mut self) -> (usize, mpsc::UnboundedReceiver<Order>) {
        let (orders, received) = mpsc::unbounded_channel();
        self.opened += 1;
        self.live.push(Socket { id: self.opened, orders });
        (self.opened, received)
    }

    fn close(&mut self, id: usize) {
        self.live.retain(|socket| socket.id != id);
        self.pending.retain(|_, pending| pending.socket != id);
    }

    /// Gives the last order to all sockets, which are not live from now on.
    fn end_all(&mut self, order: impl Fn() -> Order) {
        for socket in self.live.drain(..) {
            let _ = socket.orders.send(order());
        }
    }

    fn acked(&mut self, frame: &str) {
        let ack: Value = serde_json::from_str(frame).unwrap_or_default();
        match self.pending.remove(text(&ack, "envelope_id")) {
            Some(pending) => {
                let payload = ack.get("payload").filter(|payload| !payload.is_null() && **payload != json!({}));
                let _ = pending.ack.send(payload.cloned());
            }
            None => self.late += 1,
        }
    }
}

impl Slack {
    /// Waits until so many sockets are open.
    pub async fn connected(&self, sockets: usize) {
        let enough = async {
            while self.data().sockets.live.len() < sockets {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        if tokio::time::timeout(Duration::from_secs(10), enough).await.is_err() {
            let live = self.data().sockets.live.len();
            panic!("{live} sockets are open after 10 s, not {sockets}\n{}", self.everything());
        }
    }

    /// How many sockets are open.
    pub fn connections(&self) -> usize {
        self.data().sockets.live.len()
    }

    /// How many sockets were ever opened.
    pub fn connections_opened(&self) -> usize {
        self.data().sockets.opened
    }

    /// How many frames came that were the ack of nothing, or of what had already been given up.
    pub fn late_acks(&self) -> usize {
        self.data().sockets.late
    }

    /// Asks every client to come back on a new socket, and closes: `warning`, `refresh_requested` or `link_disabled`.
    pub fn disconnect_all(&self, reason: &str) {
        let frame = json!({"type": "disconnect", "reason": reason, "debug_info": {"host": "emulator"}}).to_string();
        self.data().sockets.end_all(|| Order::Close(frame.clone()));
    }

    /// Lets every connection end without a word.
    pub fn drop_sockets(&self) {
        self.data().sockets.end_all(|| Order::Cut);
    }
}

/// A client with a ticket becomes a socket.
pub(super) async fn link(
    State(slack): State<Slack>,
    Query(query): Query<HashMap<String, String>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let ticket = query.get("ticket").cloned().unwrap_or_default();
    if !slack.data().sockets.tickets.remove(&ticket) {
        return StatusCode::FORBIDDEN.into_response();
    }
    upgrade.on_upgrade(move |socket| serve(slack, socket))
}

async fn serve(slack: Slack, mut socket: WebSocket) {
    let (id, mut orders) = slack.data().sockets.open();
    let hello = json!({
        "type": "hello", "num_connections": slack.connections(), "connection_info": {"app_id": APP},
        "debug_info": {"host": "emulator", "approximate_connection_time": 18060},
    });
    let mut alive = socket.send(Message::text(hello.to_string())).await.is_ok();
    while alive {
        tokio::select! {
            order = orders.recv() => match order {
                Some(Order::Send(frame)) => alive = socket.send(Message::text(frame)).await.is_ok(),
                Some(Order::Close(frame)) => {
                    let _ = socket.send(Message::text(frame)).await;
                    let _ = socket.send(Message::Close(None)).await;
                    // The client's last words are read, or the connection would be reset over what we said.
                    let rest = async {
                        while let Some(Ok(frame)) = socket.recv().await {
                            if let Message::Text(frame) = frame {
                                slack.data().sockets.acked(&frame);
                            }
                        }
                    };
                    let _ = tokio::time::timeout(Duration::from_secs(1), rest).await;
                    alive = false;
                }
                Some(Order::Cut) | None => alive = false,
            },
            frame = socket.recv() => match frame {
                Some(Ok(Message::Text(frame))) => slack.data().sockets.acked(&frame),
                Some(Ok(Message::Close(_)) | Err(_)) | None => alive = false,
                Some(Ok(_)) => {}
            },
        }
    }
    slack.data().sockets.close(id);
}
