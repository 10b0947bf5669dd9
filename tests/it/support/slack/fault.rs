//! What goes wrong with the Web API on request, and who called it faster than it allows.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// What goes wrong with a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// Status 429; calling again before so many seconds have passed is a pace violation.
    RateLimited { retry_after: u64 },
    /// This status, with no JSON.
    Status(u16),
    /// `{"ok": false}` with this code.
    Error(&'static str),
    /// Done at once, answered properly after this long.
    Slow(Duration),
    /// Not done and never answered.
    Hang,
    /// Done, but the connection is cut before the answer.
    AcceptThenDrop,
}

/// More posts than this to one channel within a second are too many.
const POSTS_A_SECOND: usize = 5;

#[derive(Default)]
pub(super) struct Faults {
    queues: HashMap<String, VecDeque<Fault>>,
    posts: HashMap<String, VecDeque<Instant>>,
    closed: Vec<Closed>,
    violations: Vec<String>,
}

/// A method that is not to be called for a while.
struct Closed {
    method: String,
    channel: String,
    until: Instant,
}

impl Faults {
    pub(super) fn queue(&mut self, method: &str, times: usize, fault: Fault) {
        self.queues.entry(method.to_owned()).or_default().extend(vec![fault; times]);
    }

    pub(super) fn clear(&mut self) {
        self.queues.clear();
    }

    pub(super) fn violations(&self) -> Vec<String> {
        self.violations.clone()
    }

    /// Notes a call and says what is to go wrong with it.
    pub(super) fn next(&mut self, method: &str, channel: &str) -> Option<Fault> {
        let now = Instant::now();
        if method == "chat.postMessage" {
            let posts = self.posts.entry(channel.to_owned()).or_default();
            posts.push_back(now);
            posts.retain(|at| now - *at < Duration::from_secs(1));
            if posts.len() > POSTS_A_SECOND {
                self.violations.push(format!("{channel}: {} chat.postMessage within a second", posts.len()));
            }
        }
        for closed in &self.closed {
            if closed.method == method && closed.channel == channel && now < closed.until {
                let early = (closed.until - now).as_millis();
                self.violations.push(format!("{channel}: {method} {early} ms before its Retry-After was over"));
            }
        }
        let fault = [method, "*"].into_iter().find_map(|key| self.queues.get_mut(key)?.pop_front());
        if let Some(Fault::RateLimited { retry_after }) = fault {
            let until = now + Duration::from_secs(retry_after);
            self.closed.push(Closed { method: method.to_owned(), channel: channel.to_owned(), until });
        }
        fault
    }
}
