//! Waiting for what happens: answers and tests, with what is heard of them meanwhile.
//!
//! Events are hints; the rows are read after each and every two seconds, so that nothing waits for a lost event.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::session::Answer;
use crate::domain::trial::Trial;
use crate::domain::{Actor, AnswerId};
use crate::workshop::event::{Event, Subscription};
use crate::workshop::message::Message;
use crate::workshop::{Error, Workshop};

/// How often the rows are read without a hint.
const LOOK: Duration = Duration::from_secs(2);

/// What happened while waiting for an answer.
pub(super) enum Heard {
    /// More text; `restart` when the answer begins anew.
    Delta {
        /// The text.
        text: String,
        /// Whether it begins anew.
        restart: bool,
    },
    /// The whole answer.
    Answer(Box<Message>),
}

/// Waits for the answer to a message. Subscribed before the message was said, it misses no text.
pub(super) struct AnswerWatch {
    pub(super) workshop: Workshop,
    pub(super) actor: Actor,
    pub(super) message: Message,
    pub(super) events: Subscription,
    pub(super) started: bool,
}

impl AnswerWatch {
    /// The next that happens.
    pub(super) async fn next(&mut self) -> Result<Heard, Error> {
        loop {
            let event = tokio::time::timeout(LOOK, self.events.next()).await.ok();
            match event.as_deref() {
                Some(Event::Delta { message, part, text, .. }) if *message == self.message.id => {
                    let restart = *part == 0 && std::mem::replace(&mut self.started, true);
                    return Ok(Heard::Delta { text: text.clone(), restart });
                }
                Some(Event::Answered { message, .. }) if *message != self.message.id => {}
                Some(Event::Answered { .. } | Event::Gap) | None => {
                    if let Some(answer) = self.workshop.answer_to(&self.actor, &self.message).await? {
                        return Ok(Heard::Answer(Box::new(answer)));
                    }
                }
                Some(
                    Event::Delta { .. }
                    | Event::DraftChanged { .. }
                    | Event::TrialChanged { .. }
                    | Event::QuestionAnswered { .. }
                    | Event::Written { .. }
                    | Event::CancelTrial { .. }
                    | Event::BatchChanged { .. }
                    | Event::CancelBatch { .. }
                    | Event::Admit
                    | Event::Pushed,
                ) => {}
            }
        }
    }

    /// The whole answer.
    pub(super) async fn answer(&mut self) -> Result<Message, Error> {
        loop {
            if let Heard::Answer(answer) = self.next().await? {
                return Ok(*answer);
            }
        }
    }
}

/// What happened while waiting for the answer to a question.
pub(super) enum Wrote {
    /// More text; `restart` when the answer begins anew.
    Delta {
        /// The text.
        text: String,
        /// Whether it begins anew.
        restart: bool,
    },
    /// The question has ended.
    Ended(Box<Answer>),
}

/// Waits for the answer to a question of a session. Subscribed before the question was stored, it misses no text.
pub(super) struct QuestionWatch {
    pub(super) workshop: Workshop,
    pub(super) actor: Actor,
    pub(super) answer: AnswerId,
    pub(super) events: Subscription,
    pub(super) started: bool,
}

impl QuestionWatch {
    /// The next that happens.
    pub(super) async fn next(&mut self) -> Result<Wrote, Error> {
        loop {
            let event = tokio::time::timeout(LOOK, self.events.next()).await.ok();
            match event.as_deref() {
                Some(Event::Written { answer, part, text }) if *answer == self.answer => {
                    let restart = *part == 0 && std::mem::replace(&mut self.started, true);
                    return Ok(Wrote::Delta { text: text.clone(), restart });
                }
                Some(Event::QuestionAnswered { answer }) if *answer != self.answer => {}
                Some(Event::QuestionAnswered { .. } | Event::Gap) | None => {
                    let answer = self.workshop.answer(&self.actor, self.answer).await?;
                    if answer.status.is_final() {
                        return Ok(Wrote::Ended(Box::new(answer)));
                    }
                }
                Some(
                    Event::Delta { .. }
                    | Event::Answered { .. }
                    | Event::Written { .. }
                    | Event::DraftChanged { .. }
                    | Event::TrialChanged { .. }
                    | Event::CancelTrial { .. }
                    | Event::BatchChanged { .. }
                    | Event::CancelBatch { .. }
                    | Event::Admit
                    | Event::Pushed,
                ) => {}
            }
        }
    }
}

/// Watches a test.
pub(super) struct TrialWatch {
    pub(super) workshop: Workshop,
    pub(super) actor: Actor,
    pub(super) events: Subscription,
    pub(super) last: Option<Trial>,
}

impl TrialWatch {
    /// The test, once it differs from what was returned last.
    pub(super) async fn next(&mut self, trial: &Trial) -> Result<Trial, Error> {
        loop {
            let now = self.workshop.trial(&self.actor, trial.draft, trial.id).await?;
            let same = |last: &Trial| (last.status, last.stage, last.attempts) == (now.status, now.stage, now.attempts);
            if !self.last.as_ref().is_some_and(same) {
                self.last = Some(now.clone());
                return Ok(now);
            }
            // Until something about this test is heard, or long enough nothing.
            let heard = async {
                loop {
                    let event: Arc<Event> = self.events.next().await;
                    match event.as_ref() {
                        Event::Gap => break,
                        Event::TrialChanged { trial: changed } if *changed == trial.id => break,
                        Event::TrialChanged { .. }
                        | Event::Delta { .. }
                        | Event::Answered { .. }
                        | Event::DraftChanged { .. }
                        | Event::QuestionAnswered { .. }
                        | Event::Written { .. }
                        | Event::CancelTrial { .. }
                        | Event::BatchChanged { .. }
                        | Event::CancelBatch { .. }
                        | Event::Admit
                        | Event::Pushed => {}
                    }
                }
            };
            let _ = tokio::time::timeout(LOOK, heard).await;
        }
    }

    /// The test, once it has ended.
    pub(super) async fn end(&mut self, trial: &Trial) -> Result<Trial, Error> {
        loop {
            let now = self.next(trial).await?;
            if now.status.is_final() {
                return Ok(now);
            }
        }
    }
}
