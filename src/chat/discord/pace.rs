//! Discord's limits on how fast one may talk: what it tells with each answer, and five messages in five seconds in a
//! channel, which it does not tell before they are reached.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Calls of one route within [`WINDOW`].
const MOST: usize = 5;
const WINDOW: Duration = Duration::from_millis(5_100);

/// Routes that are forgotten when they were quiet this long.
const QUIET: Duration = Duration::from_secs(60);

/// When each route was called last, and which ones are closed.
#[derive(Default)]
pub struct Pace {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The times for which the last calls of a route were let through.
    calls: HashMap<String, VecDeque<Instant>>,
    /// Routes that Discord closed until a time; "" closes all.
    closed: HashMap<String, Instant>,
}

impl Pace {
    /// Takes the next place of a route; says how long to wait for it. Nothing is taken when that is more than `most`.
    pub fn next(&self, route: &str, now: Instant, most: Duration) -> Duration {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.calls.len() > 1_000 {
            state.calls.retain(|_, calls| calls.back().is_some_and(|last| *last + QUIET > now));
            state.closed.retain(|_, until| *until > now);
        }
        // Discord does not count first responses to interactions, and they cannot wait.
        if route.contains("/interactions/") {
            return Duration::ZERO;
        }
        let closed = [route, ""].iter().filter_map(|key| state.closed.get(*key)).max().copied();
        let calls = state.calls.entry(route.to_owned()).or_default();
        let window = calls.len().checked_sub(MOST).and_then(|first| calls.get(first)).map(|first| *first + WINDOW);
        let at = [closed, window].into_iter().flatten().fold(now, Instant::max);
        let wait = at - now;
        if wait <= most {
            calls.push_back(at);
            while calls.len() > MOST {
                calls.pop_front();
            }
        }
        wait
    }

    /// Notes that Discord refuses a route for a while; all of them for an empty one.
    pub fn close(&self, route: &str, until: Instant) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).closed.insert(route.to_owned(), until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_channel_takes_five_messages_in_five_seconds() {
        let (pace, now) = (Pace::default(), Instant::now());
        let waits: Vec<u64> =
            (0..7).map(|_| pace.next("POST /channels/1/messages", now, MINUTE).as_millis() as u64).collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 5_100, 5_100]);
        assert_eq!(pace.next("POST /channels/2/messages", now, MINUTE), Duration::ZERO, "another has its own");
    }

    #[test]
    fn who_would_wait_too_long_takes_no_place() {
        let (pace, now) = (Pace::default(), Instant::now());
        for _ in 0..5 {
            pace.next("x", now, MINUTE);
        }
        let wait = pace.next("x", now, Duration::from_secs(1));
        assert!(wait > Duration::from_secs(1));
        assert_eq!(pace.next("x", now + wait, Duration::from_secs(1)), Duration::ZERO);
    }

    #[test]
    fn what_discord_closes_opens_again() {
        let (pace, now) = (Pace::default(), Instant::now());
        pace.close("x", now + MINUTE);
        assert_eq!(pace.next("x", now, Duration::ZERO), MINUTE);
        assert_eq!(pace.next("y", now, Duration::ZERO), Duration::ZERO);
        pace.close("", now + MINUTE);
        assert_eq!(pace.next("y", now, Duration::ZERO), MINUTE);
        assert_eq!(pace.next("y", now + MINUTE, Duration::ZERO), Duration::ZERO);
    }
}
