//! What happens, told to whoever watches, in any copy of the service.
//!
//! An event is a hint: it may come twice, late or never. Who watches reads the rows too, after each [`Event::Gap`] and
//! from time to time.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

use super::{Error, Workshop};
use crate::domain::{AnswerId, BatchId, ChatId, DraftId, MessageId, TrialId};
use crate::store::{self, Conn};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// More text of the answer to a message. `part` counts from 0 within one attempt; 0 starts the text anew.
    Delta {
        /// The conversation.
        chat: ChatId,
        /// The message that is answered.
        message: MessageId,
        /// Which piece.
        part: u32,
        /// The text.
        text: String,
    },
    /// A message was answered.
    Answered {
        /// The conversation.
        chat: ChatId,
        /// The message that was answered.
        message: MessageId,
    },
    /// Something was said in a conversation, or decided of what was said.
    ChatChanged {
        /// The conversation.
        chat: ChatId,
    },
    /// A draft changed, or what is said about it.
    DraftChanged {
        /// The draft.
        draft: DraftId,
    },
    /// A test was asked for, moved on or was rated.
    TrialChanged {
        /// The test.
        trial: TrialId,
        /// Its draft; an older copy of the service does not say it.
        #[serde(default)]
        draft: Option<DraftId>,
    },
    /// More text of a test's answer. `part` counts from 0 within one attempt; 0 starts the text anew.
    TrialWritten {
        /// The test.
        trial: TrialId,
        /// Its draft.
        draft: DraftId,
        /// Which piece.
        part: u32,
        /// The text.
        text: String,
    },
    /// More text of the answer to a question. `part` counts from 0 within one attempt; 0 starts the text anew.
    Written {
        /// The question.
        answer: AnswerId,
        /// Which piece.
        part: u32,
        /// The text.
        text: String,
    },
    /// A question to a prompt was answered, or has failed.
    QuestionAnswered {
        /// The question.
        answer: AnswerId,
    },
    /// A person wants a running test to stop.
    CancelTrial {
        /// The test.
        trial: TrialId,
    },
    /// A batch of tests was asked for, got on, or has ended.
    BatchChanged {
        /// The batch.
        batch: BatchId,
        /// Its draft; an older copy of the service does not say it.
        #[serde(default)]
        draft: Option<DraftId>,
    },
    /// A person wants a running batch to stop.
    CancelBatch {
        /// The batch.
        batch: BatchId,
    },
    /// A test waits, or one has ended: there may be something to admit.
    Admit,
    /// Jobs were pushed: workers may look. See [`crate::queue::PUSHED`].
    Pushed,
    /// Events may be missing.
    Gap,
}

/// Passes events on within this process.
#[derive(Debug, Clone)]
pub struct Hub(broadcast::Sender<Arc<Event>>);

impl Default for Hub {
    fn default() -> Self {
        Self(broadcast::Sender::new(4096))
    }
}

impl Hub {
    /// Everything that happens from now on.
    pub fn subscribe(&self) -> Subscription {
        Subscription(self.0.subscribe())
    }

    fn send(&self, event: Event) {
        // Nobody watching is no error.
        let _ = self.0.send(Arc::new(event));
    }
}

/// Everything that happens since it was made.
pub struct Subscription(broadcast::Receiver<Arc<Event>>);

impl Subscription {
    /// Whether jobs were pushed, or may have been, among all that was not read yet; it counts as read.
    pub fn heard_of_jobs(&mut self) -> bool {
        let mut heard = false;
        loop {
            match self.0.try_recv() {
                Ok(event) => heard |= matches!(*event, Event::Pushed | Event::Gap),
                Err(broadcast::error::TryRecvError::Lagged(_)) => heard = true,
                Err(broadcast::error::TryRecvError::Empty | broadcast::error::TryRecvError::Closed) => return heard,
            }
        }
    }

    /// The next event; waits for it. [`Event::Gap`] stands for events that came faster than they were read.
    pub async fn next(&mut self) -> Arc<Event> {
        match self.0.recv().await {
            Ok(event) => event,
            Err(broadcast::error::RecvError::Lagged(_)) => Arc::new(Event::Gap),
            // The hub lives as long as the workshop; without one nothing will ever happen again.
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// Sends an event to every copy of the service when the transaction commits.
pub(super) async fn notify(conn: &mut Conn, event: &Event) -> Result<(), Error> {
    let payload = serde_json::to_string(event).map_err(|error| {
        Error::Fault(store::Error::Corrupt { table: "events", id: String::new(), reason: error.to_string() })
    })?;
    Ok(store::event::notify(conn, &payload).await?)
}

impl Workshop {
    /// Receives events from every copy of the service and passes them on; ends only when it is dropped.
    pub async fn listen(&self) {
        let mut wait = std::time::Duration::from_millis(100);
        loop {
            match store::event::Listener::connect(&self.store).await {
                Ok(mut listener) => {
                    wait = std::time::Duration::from_millis(100);
                    self.hear(Event::Gap);
                    while let Ok(heard) = listener.next().await {
                        self.hear(match heard {
                            store::event::Heard::Gap => Event::Gap,
                            // A newer copy of the service may send what this one does not know.
                            store::event::Heard::Payload(payload) => {
                                serde_json::from_str(&payload).unwrap_or(Event::Gap)
                            }
                        });
                    }
                    tracing::warn!("Lost the connection that brings events; connecting again");
                }
                Err(error) => tracing::warn!(%error, "Cannot listen for events; trying again"),
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(std::time::Duration::from_secs(5));
        }
    }

    fn hear(&self, event: Event) {
        match &event {
            Event::CancelTrial { trial } => self.running.cancel(*trial),
            Event::CancelBatch { batch } => self.batches.cancel(*batch),
            Event::Admit | Event::Gap => self.admission.notify_one(),
            Event::Pushed
            | Event::Delta { .. }
            | Event::Answered { .. }
            | Event::ChatChanged { .. }
            | Event::DraftChanged { .. }
            | Event::TrialChanged { .. }
            | Event::TrialWritten { .. }
            | Event::Written { .. }
            | Event::BatchChanged { .. }
            | Event::QuestionAnswered { .. } => {}
        }
        self.events.send(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_older_copy_tells_is_understood() {
        let trial = TrialId::new();
        let told = format!(r#"{{"event":"trial_changed","trial":"{trial}"}}"#);
        let event: Event = serde_json::from_str(&told).unwrap();
        assert_eq!(event, Event::TrialChanged { trial, draft: None });
    }

    #[test]
    fn a_piece_of_text_fits_into_a_notification() {
        // The longest that a piece can become: control characters are six bytes each in JSON.
        let text = "\u{1}".repeat(crate::workshop::turn::DELTA_LENGTH);
        let (trial, draft) = (TrialId::new(), DraftId(i32::MAX));
        let event = Event::TrialWritten { trial, draft, part: u32::MAX, text };
        let payload = serde_json::to_string(&event).unwrap();
        assert!(payload.len() <= store::event::PAYLOAD_BYTES, "{} bytes", payload.len());
    }
}
