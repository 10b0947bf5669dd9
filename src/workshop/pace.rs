//! How many requests a batch makes to its model at a time: fewer when the model asks to slow down, none until it said.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// The pace of one batch.
#[derive(Debug)]
pub(super) struct Pace {
    most: usize,
    allowed: AtomicUsize,
    slots: Semaphore,
    /// No request before this.
    until: Mutex<Option<Instant>>,
}

/// The right to make one request.
pub(super) struct Turn<'a> {
    pace: &'a Pace,
    slot: Option<SemaphorePermit<'a>>,
}

impl Pace {
    /// At most so many requests at a time.
    pub(super) fn new(most: usize) -> Self {
        Self { most, allowed: AtomicUsize::new(most), slots: Semaphore::new(most), until: Mutex::new(None) }
    }

    /// The most requests at a time.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// The right to make a request, once there is room and the model wants to be asked.
    pub(super) async fn turn(&self) -> Turn<'_> {
        // The semaphore is never closed.
        let slot = self.slots.acquire().await.ok();
        loop {
            let until = *self.until.lock().unwrap_or_else(PoisonError::into_inner);
            match until {
                Some(until) if until > Instant::now() => tokio::time::sleep_until(until).await,
                Some(_) | None => return Turn { pace: self, slot },
            }
        }
    }
}

impl Turn<'_> {
    /// The model answered: one more request at a time, up to the most.
    pub(super) fn went_well(self) {
        let more = |allowed| (allowed < self.pace.most).then_some(allowed + 1);
        if self.pace.allowed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok() {
            self.pace.slots.add_permits(1);
        }
    }

    /// The model asked to slow down: nothing is asked for this long, and one less at a time from then on, down to one.
    pub(super) fn slow_down(mut self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut known = self.pace.until.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some(known.map_or(until, |known| known.max(until)));
        drop(known);
        let less = |allowed: usize| (allowed > 1).then(|| allowed - 1);
        if self.pace.allowed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
            && let Some(slot) = self.slot.take()
        {
            slot.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_slows_down_to_one_and_recovers() {
        let pace = Pace::new(3);
        for _ in 0..5 {
            pace.turn().await.slow_down(Duration::from_secs(2));
        }
        assert_eq!(pace.allowed.load(Ordering::Relaxed), 1);
        assert_eq!(pace.slots.available_permits(), 1);
        let before = Instant::now();
        let turn = pace.turn().await;
        assert!(before.elapsed() >= Duration::from_secs(2), "it waits as long as it was told");
        turn.went_well();
        assert_eq!(pace.slots.available_permits(), 2);
        for _ in 0..5 {
            pace.turn().await.went_well();
        }
        assert_eq!((pace.slots.available_permits(), pace.allowed.load(Ordering::Relaxed)), (3, 3));
    }
}
