//! What goes wrong with REST on request, and who called it faster than it allows.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// What goes wrong with a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// Status 429; calling again before so many seconds have passed is a pace violation.
    RateLimited { retry_after: f64 },
    /// This status, with no JSON.
    Status(u16),
    /// An error as Discord words it.
    Error { status: u16, code: u64, message: &'static str },
    /// Done at once, answered properly after this long.
    Slow(Duration),
    /// Not done and never answered.
    Hang,
    /// Not done, and the connection is cut.
    Drop,
    /// Done, but the connection is cut before the answer.
    AcceptThenDrop,
}

/// More messages or edits than this in one place within [`WINDOW`] are too many.
const ALLOWED: usize = 5;
const WINDOW: Duration = Duration::from_secs(5);
const PACED: &[&str] = &["POST messages", "PATCH messages", "POST webhook", "PATCH webhook"];

#[derive(Default)]
pub(super) struct Faults {
    queues: HashMap<String, VecDeque<Fault>>,
    paced: HashMap<(String, String), VecDeque<Instant>>,
    closed: Vec<Closed>,
    violations: Vec<String>,
}

/// A route that is not to be called for a while.
struct Closed {
    key: String,
    place: String,
    until: Instant,
}

impl Faults {
    pub(super) fn queue(&mut self, key: &str, times: usize, fault: Fault) {
        self.queues.entry(key.to_owned()).or_default().extend(vec![fault; times]);
    }

    pub(super) fn clear(&mut self) {
        self.queues.clear();
    }

    pub(super) fn violations(&self) -> Vec<String> {
        self.violations.clone()
    }

    /// How many calls are left in this place, as the headers tell.
    pub(super) fn remaining(&self, key: &str, place: &str) -> usize {
        let calls = self.paced.get(&(key.to_owned(), place.to_owned()));
        ALLOWED.saturating_sub(calls.map_or(0, VecDeque::len))
    }

    /// Notes a call and says what is to go wrong with it. A place is a channel, or the token of a webhook.
    pub(super) fn next(&mut self, key: &str, place: &str) -> Option<Fault> {
        let now = Instant::now();
        if PACED.contains(&key) {
            let calls = self.paced.entry((key.to_owned(), place.to_owned())).or_default();
            calls.push_back(now);
            calls.retain(|at| now - *at < WINDOW);
            if calls.len() > ALLOWED {
                self.violations.push(format!("{place}: {} {key} within {WINDOW:?}", calls.len()));
            }
        }
        for closed in &self.closed {
            if closed.key == key && closed.place == place && now < closed.until {
                let early = (closed.until - now).as_millis();
                self.violations.push(format!("{place}: {key} {early} ms before its Retry-After was over"));
            }
        }
        let fault = [key, "*"].into_iter().find_map(|key| self.queues.get_mut(key)?.pop_front());
        if let Some(Fault::RateLimited { retry_after }) = fault {
            let until = now + Duration::from_secs_f64(retry_after);
            self.closed.push(Closed { key: key.to_owned(), place: place.to_owned(), until });
        }
        fault
    }
}
