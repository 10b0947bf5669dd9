//! Slack's limits on how fast one may talk: about one message a second in a channel, with short bursts.
//!
//! Who would have to wait long gives its job back to the queue instead of holding a worker.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Messages that a quiet channel takes at once.
const BURST: u32 = 3;

/// Between messages after that.
const GAP: Duration = Duration::from_millis(1_050);

/// Channels that are forgotten when they were quiet this long.
const QUIET: Duration = Duration::from_secs(60);

/// When each channel takes its next message, and which calls Slack asked to wait with.
#[derive(Default)]
pub struct Pace {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The time at which a channel's messages so far are worked off, at one each [`GAP`].
    channels: HashMap<String, Instant>,
    /// Calls that Slack refuses until a time.
    closed: HashMap<String, Instant>,
}

impl Pace {
    /// Takes the next place in a channel; says how long to wait for it. Nothing is taken when that is more than `most`.
    pub fn next(&self, channel: &str, now: Instant, most: Duration) -> Duration {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.channels.len() > 1_000 {
            state.channels.retain(|_, at| *at + QUIET > now);
            state.closed.retain(|_, at| *at > now);
        }
        let worked_off = state.channels.get(channel).copied().unwrap_or(now).max(now);
        let wait = (worked_off - now).saturating_sub(GAP * (BURST - 1));
        if wait <= most {
            state.channels.insert(channel.to_owned(), worked_off + GAP);
        }
        wait
    }

    /// Notes that Slack refuses a kind of call for a while.
    pub fn close(&self, call: &str, until: Instant) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).closed.insert(call.to_owned(), until);
    }

    /// How long Slack refuses a kind of call still.
    pub fn closed(&self, call: &str, now: Instant) -> Option<Duration> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.closed.get(call).and_then(|until| until.checked_duration_since(now)).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_takes_a_burst_and_then_one_a_second() {
        let (pace, now) = (Pace::default(), Instant::now());
        let most = Duration::from_secs(60);
        let waits: Vec<u64> = (0..5).map(|_| pace.next("C1", now, most).as_millis() as u64).collect();
        assert_eq!(waits, [0, 0, 0, 1_050, 2_100]);
        assert_eq!(pace.next("C2", now, most), Duration::ZERO, "another channel has its own");
        assert_eq!(pace.next("C1", now + Duration::from_secs(10), most), Duration::ZERO);
    }

    #[test]
    fn who_would_wait_too_long_takes_no_place() {
        let (pace, now) = (Pace::default(), Instant::now());
        for _ in 0..4 {
            pace.next("C1", now, Duration::from_secs(60));
        }
        let refused = pace.next("C1", now, Duration::from_secs(1));
        assert_eq!(refused, pace.next("C1", now, Duration::from_secs(1)));
    }

    #[test]
    fn a_closed_call_opens_again() {
        let (pace, now) = (Pace::default(), Instant::now());
        pace.close("chat.postMessage C1", now + Duration::from_secs(30));
        assert_eq!(pace.closed("chat.postMessage C1", now), Some(Duration::from_secs(30)));
        assert_eq!(pace.closed("chat.postMessage C1", now + Duration::from_secs(30)), None);
        assert_eq!(pace.closed("chat.postMessage C2", now), None);
    }
}
