//! A program that follows server-sent events.

use std::panic::Location;
use std::sync::{Arc, Mutex};

use axum::http::{Method, header};
use serde_json::Value;
use tokio::task::JoinHandle;

use super::desk::Person;
use super::wait::eventually;

/// How a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The service ended it.
    Orderly,
    /// The connection broke.
    Broken,
}

/// What was heard so far.
#[derive(Default)]
struct Heard {
    events: Vec<(String, Value)>,
    /// How many of them were looked at.
    seen: usize,
    end: Option<End>,
}

/// Follows one path until it is dropped.
pub struct Follower {
    heard: Arc<Mutex<Heard>>,
    following: JoinHandle<()>,
}

impl Follower {
    /// Follows a path of the API; it must be there.
    pub async fn start(person: &Person, path: &str) -> Self {
        let request = person.request(Method::GET, path).header(header::ACCEPT, "text/event-stream");
        let mut response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
        let heard = Arc::new(Mutex::new(Heard::default()));
        let hears = heard.clone();
        let following = tokio::spawn(async move {
            let mut buffer = Vec::new();
            let end = loop {
                match response.chunk().await {
                    Ok(Some(chunk)) => buffer.extend_from_slice(&chunk),
                    Ok(None) => break End::Orderly,
                    Err(_) => break End::Broken,
                }
                while let Some(end) = buffer.windows(2).position(|bytes| bytes == b"\n\n") {
                    let event: Vec<u8> = buffer.drain(..end + 2).collect();
                    hears.lock().unwrap().events.extend(read(std::str::from_utf8(&event).unwrap()));
                }
            };
            hears.lock().unwrap().end = Some(end);
        });
        Self { heard, following }
    }

    /// Waits for the next event of this name that is as wanted; what came before it is passed over.
    #[track_caller]
    pub fn hears(&self, name: &str, is: impl Fn(&Value) -> bool) -> impl Future<Output = Value> {
        let caller = Location::caller();
        async move {
            let next = || {
                let mut heard = self.heard.lock().unwrap();
                let seen = heard.seen;
                let place = heard.events[seen..].iter().position(|(event, data)| event == name && is(data))?;
                heard.seen = seen + place + 1;
                Some(heard.events[seen + place].1.clone())
            };
            eventually(caller, &format!("the event {name:?}"), 30, next, || self.everything()).await
        }
    }

    /// Waits for the next event of this name.
    #[track_caller]
    pub fn next(&self, name: &str) -> impl Future<Output = Value> {
        self.hears(name, |_| true)
    }

    /// Waits until the stream has ended; says how.
    #[track_caller]
    pub fn end(&self) -> impl Future<Output = End> {
        let caller = Location::caller();
        async move { eventually(caller, "the end", 30, || self.heard.lock().unwrap().end, || self.everything()).await }
    }

    /// Everything of one name that was heard so far.
    pub fn all(&self, name: &str) -> Vec<Value> {
        let heard = self.heard.lock().unwrap();
        heard.events.iter().filter(|(event, _)| event == name).map(|(_, data)| data.clone()).collect()
    }

    fn everything(&self) -> String {
        let heard = self.heard.lock().unwrap();
        let lines = heard.events.iter().map(|(event, data)| format!("{event} {data}\n"));
        format!("heard so far:\n{}{:?}", lines.collect::<String>(), heard.end)
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.following.abort();
    }
}

/// One event; a comment is none.
fn read(text: &str) -> Option<(String, Value)> {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    Some((field("event")?.to_owned(), serde_json::from_str(field("data")?).unwrap()))
}
