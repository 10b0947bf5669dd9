//! Socket Mode: connections that we open, over which Slack sends what it would otherwise send over HTTP.
//!
//! slack-morphism's own listener reads one message at a time and sends an acknowledgement only as what its handler
//! returns, so that one slow database write holds up everything behind it. Here each message is taken by a task of its
//! own, and acknowledged when it is stored.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;

use super::parse::Sort;
use super::receive::Ack;
use super::{Slack, api};

/// Connections that are kept open, so that one can be renewed without a gap.
const CONNECTIONS: usize = 2;

/// Between two pings, and the longest silence before a connection counts as lost.
const PING: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_secs(35);

/// The shortest and the longest wait before a connection is opened again.
const WAIT: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(20));

/// A connection that lived this long was a good one: the next may follow at once.
const GOOD: Duration = Duration::from_secs(10);

/// How long a connection may take to open.
const OPENING: Duration = Duration::from_secs(10);

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error(transparent)]
    Refused(#[from] api::Error),
    /// The address holds a ticket, and so may the error: it stays out of the log.
    #[error("the socket could not be opened")]
    Opening,
    #[error("the socket was silent for too long")]
    Silent,
    #[error("the socket was closed")]
    Closed,
}

impl Slack {
    /// Keeps sockets open until `stop` is cancelled.
    pub async fn listen(&self, stop: &CancellationToken) {
        self.check_token().await;
        let lines = (0..CONNECTIONS).map(|line| self.keep_open(line, stop));
        futures::future::join_all(lines).await;
    }

    async fn keep_open(&self, line: usize, stop: &CancellationToken) {
        let mut wait = WAIT.0;
        while !stop.is_cancelled() {
            let opened = std::time::Instant::now();
            let ended = self.converse(line, stop).await;
            if stop.is_cancelled() {
                return;
            }
            match &ended {
                // Slack asks for it every few hours.
                Ok(()) => tracing::debug!(line, "Slack asked for a new socket"),
                Err(Lost::Refused(error)) if error.is_revoked() => {
                    tracing::error!(line, %error, "Slack does not take the app-level token: check WORKSHOP_SLACK__APP_TOKEN");
                }
                Err(error) => tracing::warn!(line, %error, "The socket to Slack was lost; opening another"),
            }
            let good = ended.is_ok() || opened.elapsed() >= GOOD;
            let (least, most) = WAIT;
            wait = if good { least } else { (wait * 2).min(most) };
            if let Err(Lost::Refused(api::Error::RateLimited { retry_after })) = &ended {
                wait = wait.max(*retry_after);
            }
            let jitter = rand::random_range(0.5..1.0);
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(wait.mul_f64(jitter)) => {}
            }
        }
    }

    /// One connection, from its opening to its end; well when Slack asked to renew it.
    async fn converse(&self, line: usize, stop: &CancellationToken) -> Result<(), Lost> {
        let opened = self.0.api.call(&self.0.settings.app_token, "apps.connections.open", &json!({})).await?;
        let url = opened["url"].as_str().ok_or(Lost::Opening)?;
        let connecting = tokio_tungstenite::connect_async(url);
        let (socket, _) =
            tokio::time::timeout(OPENING, connecting).await.map_err(|_| Lost::Opening)?.map_err(|_| Lost::Opening)?;
        tracing::info!(line, "A socket to Slack is open");
        metrics::gauge!("workshop_slack_sockets").increment(1.0);
        let ended = self.read(socket, stop).await;
        metrics::gauge!("workshop_slack_sockets").decrement(1.0);
        ended
    }

    async fn read<S>(&self, socket: tokio_tungstenite::WebSocketStream<S>, stop: &CancellationToken) -> Result<(), Lost>
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    {
        let (mut writer, mut reader) = socket.split();
        let (acks, mut to_send) = mpsc::unbounded_channel::<String>();
        // Ends when every sender is gone: this reader, and the tasks that still store something.
        let writing = tokio::spawn(async move {
            let mut ping = tokio::time::interval(PING);
            loop {
                let message = tokio::select! {
                    ack = to_send.recv() => match ack {
                        Some(ack) => Message::Text(ack.into()),
                        None => Message::Close(None),
                    },
                    _ = ping.tick() => Message::Ping(Vec::new().into()),
                };
                let closes = matches!(message, Message::Close(_));
                if writer.send(message).await.is_err() || closes {
                    return;
                }
            }
        });
        let ended = loop {
            let message = tokio::select! {
                () = stop.cancelled() => break Ok(()),
                message = tokio::time::timeout(SILENCE, reader.next()) => match message {
                    Err(_) => break Err(Lost::Silent),
                    Ok(None | Some(Err(_) | Ok(Message::Close(_)))) => break Err(Lost::Closed),
                    Ok(Some(Ok(message))) => message,
                },
            };
            let Message::Text(text) = message else { continue };
            let Ok(envelope) = serde_json::from_str::<Value>(&text) else {
                metrics::counter!("workshop_slack_unreadable_total").increment(1);
                continue;
            };
            match envelope["type"].as_str() {
                Some("disconnect") => break Ok(()),
                Some("hello") | None => {}
                Some(kind) => self.take_envelope(sort_of(kind), envelope.clone(), &acks),
            }
        };
        drop(acks);
        // Acknowledgements of what is being stored still go out over the old connection.
        let _ = tokio::time::timeout(Duration::from_secs(3), writing).await;
        ended
    }

    fn take_envelope(&self, sort: Option<Sort>, mut envelope: Value, acks: &mpsc::UnboundedSender<String>) {
        let Some(id) = envelope["envelope_id"].as_str().map(str::to_owned) else { return };
        let (slack, acks) = (self.clone(), acks.clone());
        tokio::spawn(async move {
            let accepts = envelope["accepts_response_payload"] == true;
            let ack = match sort {
                Some(sort) => slack.receive(sort, &envelope["payload"].take()).await,
                // Something new of Slack's: it is not for us, and must not come again and again.
                None => Ack::Bare,
            };
            let frame = match ack {
                Ack::Bare => json!({ "envelope_id": id }),
                Ack::With(payload) if accepts => json!({ "envelope_id": id, "payload": payload }),
                Ack::With(_) => json!({ "envelope_id": id }),
                Ack::Refused => return,
            };
            // A connection that is gone cannot acknowledge; Slack sends it again over another.
            let _ = acks.send(frame.to_string());
        });
    }

    /// Whether sockets are what the settings want.
    pub fn opens_sockets(&self) -> bool {
        self.0.settings.mode == super::Mode::Socket && !self.0.settings.app_token.expose_secret().is_empty()
    }
}

fn sort_of(kind: &str) -> Option<Sort> {
    match kind {
        "slash_commands" => Some(Sort::Command),
        "interactive" => Some(Sort::Interactive),
        "events_api" => Some(Sort::Event),
        _ => None,
    }
}
