//! Waiting for what happens: answers and tests, with what is heard of them meanwhile.
//!
//! Events are hints; the rows are read after each and every two seconds, so that nothing waits for a lost event.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use axum::response::sse::{Event as SseEvent, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::domain::session::Answer;
use crate::domain::trial::Trial;
use crate::domain::{Actor, AnswerId};
use crate::workshop::event::{Event, Subscription};
use crate::workshop::message::Message;
use crate::workshop::{Error, Workshop};

/// How often the rows are read without a hint.
const LOOK: Duration = Duration::from_secs(2);

/// How often something is sent on a stream on which nothing happens, so that nobody in between takes it for dead.
const ALIVE: Duration = Duration::from_secs(15);

/// A server-sent event with JSON data.
pub(super) fn event(name: &str, data: &impl Serialize) -> SseEvent {
    // Every value here is made of strings and numbers, which always serialise.
    SseEvent::default().event(name).json_data(data).unwrap_or_else(|_| SseEvent::default().event(name).data("{}"))
}

/// Events as an answer that goes on until they end.
pub(super) fn sent(events: impl Stream<Item = SseEvent> + Send + 'static) -> Response {
    let events = Sse::new(events.map(Ok::<_, Infallible>)).keep_alive(KeepAlive::new().interval(ALIVE));
    // nginx would gather them.
    ([(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"))], events).into_response()
}

/// Like [`sent`], for events that nobody waits for the end of: they end when the service stops.
pub(super) fn followed(
    events: impl Stream<Item = SseEvent> + Send + 'static,
    stopping: &CancellationToken,
) -> Response {
    sent(events.take_until(stopping.clone().cancelled_owned()))
}

/// What an event tells of a text that is being written.
pub(super) enum Told<'a> {
    /// More of it; part 0 begins it anew.
    Piece(u32, &'a str),
    /// That it may be whole now.
    Look,
    /// Nothing.
    Nothing,
}

/// A text that somebody waits for.
pub(super) trait Awaited {
    /// The whole of it.
    type Whole;

    /// What an event tells of it.
    fn told<'a>(&self, event: &'a Event) -> Told<'a>;

    /// The whole of it, once it is stored.
    async fn whole(&self, workshop: &Workshop, actor: &Actor) -> Result<Option<Self::Whole>, Error>;
}

/// The answer to a message.
pub(super) struct AnswerTo(pub(super) Message);

impl Awaited for AnswerTo {
    type Whole = Message;

    fn told<'a>(&self, event: &'a Event) -> Told<'a> {
        let asked = self.0.id;
        if let Event::Delta { message, part, text, .. } = event
            && *message == asked
        {
            return Told::Piece(*part, text);
        }
        let ended = matches!(event, Event::Answered { message, .. } if *message == asked);
        if ended || *event == Event::Gap { Told::Look } else { Told::Nothing }
    }

    async fn whole(&self, workshop: &Workshop, actor: &Actor) -> Result<Option<Message>, Error> {
        workshop.answer_to(actor, &self.0).await
    }
}

/// The answer to a question of a session.
impl Awaited for AnswerId {
    type Whole = Answer;

    fn told<'a>(&self, event: &'a Event) -> Told<'a> {
        if let Event::Written { answer, part, text } = event
            && answer == self
        {
            return Told::Piece(*part, text);
        }
        let ended = matches!(event, Event::QuestionAnswered { answer } if answer == self);
        if ended || *event == Event::Gap { Told::Look } else { Told::Nothing }
    }

    async fn whole(&self, workshop: &Workshop, actor: &Actor) -> Result<Option<Answer>, Error> {
        let answer = workshop.answer(actor, *self).await?;
        Ok(answer.status.is_final().then_some(answer))
    }
}

/// What happened while waiting for a text.
pub(super) enum Heard<T> {
    /// More text; `restart` when it begins anew.
    Delta {
        /// The text.
        text: String,
        /// Whether it begins anew.
        restart: bool,
    },
    /// The whole of it.
    Whole(Box<T>),
}

/// Waits for a text. Subscribed before the text was asked for, it misses nothing of it.
pub(super) struct Watch<A> {
    pub(super) workshop: Workshop,
    pub(super) actor: Actor,
    pub(super) awaited: A,
    pub(super) events: Subscription,
    pub(super) started: bool,
}

impl<A: Awaited> Watch<A> {
    /// The next that happens.
    pub(super) async fn next(&mut self) -> Result<Heard<A::Whole>, Error> {
        loop {
            let event = tokio::time::timeout(LOOK, self.events.next()).await.ok();
            match event.as_deref().map_or(Told::Look, |event| self.awaited.told(event)) {
                Told::Piece(part, text) => {
                    let restart = part == 0 && std::mem::replace(&mut self.started, true);
                    return Ok(Heard::Delta { text: text.to_owned(), restart });
                }
                Told::Look => {
                    if let Some(whole) = self.awaited.whole(&self.workshop, &self.actor).await? {
                        return Ok(Heard::Whole(Box::new(whole)));
                    }
                }
                Told::Nothing => {}
            }
        }
    }

    /// The whole of it.
    pub(super) async fn whole(&mut self) -> Result<A::Whole, Error> {
        loop {
            if let Heard::Whole(whole) = self.next().await? {
                return Ok(*whole);
            }
        }
    }
}

/// What happened with a test.
pub(super) enum Seen {
    /// It is not as it was.
    Moved(Box<Trial>),
    /// More text of its answer; part 0 begins it anew.
    Text {
        /// Which piece.
        part: u32,
        /// The text.
        text: String,
    },
}

/// Watches a test.
pub(super) struct TrialWatch {
    pub(super) workshop: Workshop,
    pub(super) actor: Actor,
    pub(super) trial: Trial,
    pub(super) events: Subscription,
    /// As it was returned last.
    last: Option<Trial>,
}

impl TrialWatch {
    /// Watches a test; subscribed before it was read, it misses nothing of it.
    pub(super) fn new(workshop: &Workshop, actor: &Actor, trial: &Trial, events: Subscription) -> Self {
        let (workshop, actor, trial) = (workshop.clone(), actor.clone(), trial.clone());
        Self { workshop, actor, trial, events, last: None }
    }

    /// The next that happens; first of all the test as it is.
    pub(super) async fn next(&mut self) -> Result<Seen, Error> {
        loop {
            let mut event = None;
            if self.last.is_some() {
                let deadline = tokio::time::Instant::now() + LOOK;
                event = tokio::time::timeout_at(deadline, self.heard()).await.ok();
            }
            if let Some(event) = event
                && let Event::TrialWritten { part, text, .. } = event.as_ref()
            {
                return Ok(Seen::Text { part: *part, text: text.clone() });
            }
            let now = self.workshop.trial(&self.actor, self.trial.draft, self.trial.id).await?;
            let same = |last: &Trial| (last.status, last.stage, last.attempts) == (now.status, now.stage, now.attempts);
            if !self.last.as_ref().is_some_and(same) {
                self.last = Some(now.clone());
                return Ok(Seen::Moved(Box::new(now)));
            }
        }
    }

    /// The next event about this test.
    async fn heard(&mut self) -> Arc<Event> {
        loop {
            let event = self.events.next().await;
            let ours = match event.as_ref() {
                Event::TrialChanged { trial, .. } | Event::TrialWritten { trial, .. } => *trial == self.trial.id,
                other => *other == Event::Gap,
            };
            if ours {
                return event;
            }
        }
    }

    /// The test, once it has ended.
    pub(super) async fn end(&mut self) -> Result<Trial, Error> {
        loop {
            if let Seen::Moved(now) = self.next().await?
                && now.status.is_final()
            {
                return Ok(*now);
            }
        }
    }
}
