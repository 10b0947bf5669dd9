//! What chat platforms send: stored, with the job that handles it, before the platform hears "ok".

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{Error, Workshop};
use crate::domain::ArrivalId;
use crate::queue::{self, Job, Options, Queue};
use crate::store;
pub use crate::store::arrival::{AnswerToken, Arrival};
use crate::store::delivery::Delivery;

/// Handles what a chat platform sent.
#[derive(Debug, Serialize, Deserialize)]
pub struct HandleArrival {
    /// What it sent.
    pub arrival: ArrivalId,
}

impl Job for HandleArrival {
    const KIND: &'static str = "handle_arrival";
    const QUEUE: Queue = Queue::Chat;
    const MOST_STARTS: i32 = 500;
}

/// What is to become of something that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// A job handles it.
    Handle,
    /// Whoever received it deals with it at once; it is stored so that it is not dealt with twice.
    Remember,
}

/// Whether something arrived for the first time; `None` when the database could not be asked.
type Verdict = Option<bool>;

/// The least time between the beginnings of two storings. Whatever comes alone is stored at once; what comes together
/// shares a commit, which costs the service and Postgres as much for ten arrivals as for one.
const SPACING: Duration = Duration::from_millis(5);

/// How long something waits to be stored. Chat platforms wait three seconds for an acknowledgement, and adapters a little less.
const MOST: Duration = Duration::from_secs(2);

/// How long somebody can be answered alone, with something to spare (Discord: 15 minutes).
pub(super) const ANSWERABLE: TimeDelta = TimeDelta::minutes(14);

/// Who waits for an arrival to be stored, and until when.
struct Waiting {
    until: Instant,
    sender: oneshot::Sender<Verdict>,
}

/// Arrivals that wait to be stored. While one commit is on its way to the disk, others gather and share the next.
#[derive(Default)]
pub(super) struct Gathering {
    waiting: Mutex<Vec<(Arrival, Then, Waiting)>>,
    /// When the last storing began; held by who stores.
    storing: tokio::sync::Mutex<Option<Instant>>,
}

impl Workshop {
    /// Stores something that arrived, once. False when it is known already: a platform sends again what it thinks lost.
    pub async fn receive(&self, arrival: Arrival, then: Then) -> Result<bool, Error> {
        let (sender, verdict) = oneshot::channel();
        let gathering: &Arc<Gathering> = &self.gathering;
        let is_first = {
            let mut waiting = gathering.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.push((arrival, then, Waiting { until: Instant::now() + MOST, sender }));
            waiting.len() == 1
        };
        if is_first {
            let workshop = self.clone();
            // A task of its own: who waits here may go away, and others' arrivals are in the same commit.
            tokio::spawn(async move { workshop.store_gathered().await });
        }
        match verdict.await {
            Ok(Some(new)) => Ok(new),
            Ok(None) | Err(_) => Err(Error::Unavailable(store::Error::Interrupted)),
        }
    }

    async fn store_gathered(&self) {
        let mut last = self.gathering.storing.lock().await;
        if let Some(last) = *last {
            tokio::time::sleep_until(last + SPACING).await;
        }
        *last = Some(Instant::now());
        let mut batch = std::mem::take(&mut *self.gathering.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        // Who waited too long was told that nothing was done; that must stay true.
        batch.retain(|(_, _, waiting)| !waiting.sender.is_closed());
        let (arrivals, waiting): (Vec<Arrival>, Vec<_>) =
            batch.into_iter().map(|(arrival, then, waiting)| (arrival, (then, waiting))).unzip();
        let then: Vec<Then> = waiting.iter().map(|(then, _)| *then).collect();
        // Given up before those who wait give up: what they are told was not stored is not stored after that.
        let Some(until) = waiting.iter().map(|(_, waiting)| waiting.until).min() else { return };
        let storing = tokio::time::timeout_at(until, self.store_arrivals(&arrivals, &then));
        let stored = storing.await.unwrap_or(Err(Error::Unavailable(store::Error::Interrupted)));
        if let Err(error) = &stored {
            tracing::warn!(%error, "What chat platforms sent could not be stored; they are told so");
        }
        let new = stored.ok();
        for (arrival, (_, Waiting { sender, .. })) in arrivals.iter().zip(waiting) {
            // Whoever waited may have gone; the platform will send it again and find it known.
            let _ = sender.send(new.as_ref().map(|new| new.contains(&arrival.id)));
        }
    }

    /// Stores arrivals in one commit, with the jobs that handle them; the ids of those that are new.
    async fn store_arrivals(&self, arrivals: &[Arrival], then: &[Then]) -> Result<Vec<ArrivalId>, Error> {
        let mut tx = self.store.begin().await?;
        let new = store::arrival::insert(&mut tx, arrivals, self.now()).await?;
        let new_ones = arrivals.iter().zip(then).filter(|(arrival, _)| new.contains(&arrival.id));
        let (to_handle, to_remember): (Vec<_>, Vec<_>) = new_ones.partition(|(_, then)| **then == Then::Handle);
        let jobs: Vec<HandleArrival> =
            to_handle.iter().map(|(arrival, _)| HandleArrival { arrival: arrival.id }).collect();
        let keyed = jobs.iter().map(|job| {
            let key = Some(format!("arrival:{}", job.arrival));
            (job, Options { key, run_at: None })
        });
        queue::push_all(&mut tx, keyed.collect()).await?;
        for (arrival, _) in to_remember {
            store::arrival::handled(&mut tx, arrival.id, self.now()).await?;
        }
        store::commit(tx).await?;
        Ok(new)
    }

    /// Something that arrived and is still to be handled.
    pub async fn arrival(&self, id: ArrivalId) -> Result<Option<Arrival>, Error> {
        Ok(store::arrival::find_open(&mut *self.store.conn().await?, id).await?)
    }

    /// What somebody did, whether or not it was handled; kept for a week.
    pub async fn arrival_body(&self, id: ArrivalId) -> Result<Option<Value>, Error> {
        Ok(store::arrival::find_body(&mut *self.store.conn().await?, id).await?)
    }

    /// What lets us answer only the person who did what led to a delivery, while it does.
    pub async fn answer_token(&self, delivery: &Delivery) -> Result<Option<AnswerToken>, Error> {
        let mut conn = self.store.conn().await?;
        let Some(key) = store::delivery::key(&mut conn, delivery.id).await? else { return Ok(None) };
        let Some(id) = key.strip_prefix("arrival:").and_then(|id| id.parse().ok()) else { return Ok(None) };
        Ok(store::arrival::find_answer(&mut conn, ArrivalId(id), self.now() - ANSWERABLE).await?)
    }

    /// Notes that nothing is left to do about something that arrived.
    pub async fn arrival_handled(&self, id: ArrivalId) -> Result<(), Error> {
        Ok(store::arrival::handled(&mut *self.store.conn().await?, id, self.now()).await?)
    }
}
