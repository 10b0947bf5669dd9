//! Shows an answer while it is written, and a test while it runs.
//!
//! The message's id is noted as soon as there is one, so that whoever completes it, after a crash too, completes the same
//! message.

use std::time::{Duration, Instant};

use super::deliver::deliver_claimed;
use super::port::{Failed, Live, Port};
use super::refresh::refresh;
use super::reply::{Reply, batch, scene};
use crate::domain::place::Place;
use crate::domain::{BatchId, MessageId, TrialId};
use crate::workshop::Error;
use crate::workshop::delivery::{Claim, Delivery, Refresh, Scene};
use crate::workshop::event::{Event, Subscription};

/// How long a delivery is ours while its answer is written, in seconds, and how often that is renewed. Should this copy of
/// the service die, another takes over after that.
const CLAIM: f64 = 15.0;
const RENEW: Duration = Duration::from_secs(4);

/// An answer that is there within this time of its first words is posted whole.
const HEAD_START: Duration = Duration::from_millis(900);

/// Shows one answer on one platform while it is written.
pub(super) struct TurnFollower<P> {
    port: P,
    message: MessageId,
    events: Subscription,
    places: Vec<Shown>,
    text: String,
    first: Option<Instant>,
    renewed: Instant,
    at_work: Instant,
}

/// What one place shows of it.
struct Shown {
    delivery: Delivery,
    place: Place,
    how: How,
    /// How many bytes of the text it shows.
    upto: usize,
    changed: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Nothing,
    Live(Live),
    /// What is shown cannot go on: it is completed at the end.
    Stopped,
}

/// Follows the answer to a message; to be had before it is begun. `prepared` are the deliveries it will be.
pub(super) async fn follow_turn<P: Port>(port: &P, message: MessageId, prepared: &[Delivery]) -> TurnFollower<P> {
    let events = port.workshop().events().subscribe();
    let mut places = Vec::new();
    for delivery in prepared {
        let Some(place) = delivery.place.clone().filter(|place| place.platform == P::PLATFORM) else { continue };
        let Ok(Claim::Yours(delivery)) = port.workshop().claim_delivery(delivery.id, CLAIM).await else { continue };
        // What an earlier attempt showed cannot be gone on with.
        let how = if delivery.posted_as.is_some() { How::Stopped } else { How::Nothing };
        places.push(Shown { delivery: *delivery, place, how, upto: 0, changed: Instant::now() });
    }
    let now = Instant::now();
    let (port, text) = (port.clone(), String::new());
    let follower = TurnFollower { port, message, events, places, text, first: None, renewed: now, at_work: now };
    follower.show_work().await;
    follower
}

/// Keeps the progress of a test up to date on one platform; ends only when it is dropped.
pub(super) async fn follow_trial<P: Port>(port: &P, trial: TrialId) {
    let mut events = port.workshop().events().subscribe();
    let mut last: Option<(Instant, Reply)> = None;
    loop {
        // Whatever is heard, or nothing for a while, the row is the truth.
        let heard = tokio::time::timeout(P::EDIT, events.next()).await;
        if let Ok(event) = heard
            && !matches!(&*event, Event::Gap)
            && !matches!(&*event, Event::TrialChanged { trial: changed, .. } if *changed == trial)
        {
            continue;
        }
        if let Some((at, _)) = &last
            && let Some(left) = P::EDIT.checked_sub(at.elapsed())
        {
            tokio::time::sleep(left).await;
        }
        let Ok(Some((Scene::Trial(now, _), ..))) = port.workshop().posted_trial(trial).await else {
            continue;
        };
        let progress = scene::progress(&now);
        if now.status.is_final() || last.as_ref().is_some_and(|(_, shown)| *shown == progress) {
            continue;
        }
        last = Some((Instant::now(), progress));
        // What cannot be shown now is shown with the next change.
        let _ = refresh(port, &Refresh::Trial { trial }).await;
    }
}

/// How often the progress of a batch is edited at most: it is there for long.
const BATCH_EDIT: Duration = Duration::from_secs(2);

/// Keeps the progress of a batch up to date on one platform; ends only when it is dropped.
pub(super) async fn follow_batch<P: Port>(port: &P, batch: BatchId) {
    let mut last: Option<Reply> = None;
    loop {
        // The row is the truth, and it moves on all the time.
        if let Ok(Some((Scene::Batch(report, _), ..))) = port.workshop().posted_batch(batch).await {
            let progress = batch::progress(&report.batch);
            if !report.batch.status.is_final() && last.as_ref() != Some(&progress) {
                last = Some(progress);
                // What cannot be shown now is shown with the next change.
                let _ = refresh(port, &Refresh::Batch { batch }).await;
            }
        }
        tokio::time::sleep(P::EDIT.max(BATCH_EDIT)).await;
    }
}

impl<P: Port> TurnFollower<P> {
    /// Shows the answer as it comes; ends only when it is dropped.
    pub(super) async fn watch(&mut self) {
        if self.places.is_empty() {
            return std::future::pending().await;
        }
        loop {
            let event = tokio::time::timeout(Duration::from_millis(250), self.events.next()).await;
            if let Ok(event) = event
                && let Event::Delta { message, part, text, .. } = &*event
                && *message == self.message
            {
                self.hear(*part, text);
            }
            if self.renewed.elapsed() > RENEW {
                self.renewed = Instant::now();
                for shown in &self.places {
                    let _ = self.port.workshop().renew_delivery(shown.delivery.id, CLAIM).await;
                }
            }
            if self.first.is_none() && self.at_work.elapsed() > P::AT_WORK {
                self.at_work = Instant::now();
                self.show_work().await;
            }
            self.show().await;
        }
    }

    fn hear(&mut self, part: u32, text: &str) {
        if part == 0 {
            self.text.clear();
            for shown in &mut self.places {
                // A stream cannot be taken back.
                if shown.how == How::Live(Live::Stream) {
                    shown.how = How::Stopped;
                }
                shown.upto = 0;
            }
        }
        self.first.get_or_insert_with(Instant::now);
        self.text.push_str(text);
    }

    async fn show_work(&self) {
        for shown in &self.places {
            self.port.at_work(&shown.place).await;
        }
    }

    async fn show(&mut self) {
        if self.first.is_none_or(|first| first.elapsed() < HEAD_START) {
            return;
        }
        for shown in &mut self.places {
            if shown.upto >= self.text.len() {
                continue;
            }
            let due = match shown.how {
                How::Nothing => true,
                How::Live(Live::Stream) => shown.changed.elapsed() >= P::STREAM,
                How::Live(Live::Edits) => shown.changed.elapsed() >= P::EDIT,
                How::Stopped => false,
            };
            if due {
                shown.go_on(&self.port, &self.text).await;
            }
        }
    }

    /// Completes what was shown, once the answer is stored; gives it back when it is not.
    pub(super) async fn finish(mut self, answered: bool) {
        for shown in std::mem::take(&mut self.places) {
            if let (How::Live(Live::Stream) | How::Stopped, Some(id)) = (shown.how, &shown.delivery.posted_as) {
                self.port.end(&shown.place, id).await;
            }
            let id = shown.delivery.id;
            let finished: Result<(), Error> = match answered {
                true => deliver_claimed(&self.port, shown.delivery, 1).await.map(|_| ()),
                false => self.port.workshop().release_delivery(id).await,
            };
            if let Err(error) = finished {
                tracing::warn!(%error, "An answer on {} could not be completed; its job does it", P::PLATFORM);
                let _ = self.port.workshop().release_delivery(id).await;
            }
        }
    }
}

impl Shown {
    async fn go_on<P: Port>(&mut self, port: &P, text: &str) {
        self.changed = Instant::now();
        let went = match (self.how, &self.delivery.posted_as) {
            (How::Nothing, _) => self.begin(port, text).await,
            (How::Live(live), Some(id)) => port.go_on(&self.place, id, live, text, self.upto).await,
            (How::Live(_), None) | (How::Stopped, _) => Ok(()),
        };
        match went {
            Ok(()) => self.upto = text.len(),
            Err(error) => {
                if matches!((&error, self.how), (Failed::Refused(_), How::Live(Live::Stream))) {
                    self.how = How::Stopped;
                }
                tracing::debug!(%error, "An unfinished answer could not be shown");
            }
        }
    }

    async fn begin<P: Port>(&mut self, port: &P, text: &str) -> Result<(), Failed> {
        let workshop = port.workshop();
        workshop.delivery_attempted(self.delivery.id).await?;
        let (live, id) = port.begin(&self.delivery, &self.place, text).await?;
        self.how = How::Live(live);
        workshop.delivery_posted(self.delivery.id, &id, &self.place.channel).await?;
        self.delivery.posted_as = Some(id);
        Ok(())
    }
}
