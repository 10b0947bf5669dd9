//! What the test reads: calls, threads, views, and what was wrong with them; and how it waits.

use std::panic::Location;

use serde_json::Value;

use super::Slack;
use super::delivery::Delivery;
use super::posted::{Posted, View};
use super::state::{Call, Data, File, Status, Unfurl, User};
use crate::support::wait;

impl Slack {
    /// Every call, as it came.
    pub fn calls(&self) -> Vec<Call> {
        self.data().calls.clone()
    }

    /// The calls of one method.
    pub fn calls_of(&self, method: &str) -> Vec<Call> {
        self.data().calls.iter().filter(|call| call.method == method).cloned().collect()
    }

    /// Every attempt at a delivery.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.data().deliveries.clone()
    }

    /// The messages of a thread, the first one included.
    pub fn thread(&self, channel: &str, thread_ts: &str) -> Vec<Posted> {
        let belongs = |message: &Posted| message.ts == thread_ts || message.thread_ts.as_deref() == Some(thread_ts);
        self.channel_messages(channel).into_iter().filter(belongs).collect()
    }

    /// All messages of a channel, also those in threads.
    pub fn channel_messages(&self, channel: &str) -> Vec<Posted> {
        self.data().channels.get(channel).map_or(Vec::new(), |channel| channel.messages.clone())
    }

    /// The app's messages in a channel, also those in threads.
    pub fn bot_messages(&self, channel: &str) -> Vec<Posted> {
        self.channel_messages(channel).into_iter().filter(|message| message.author == "bot").collect()
    }

    /// What only this person sees, answers to commands included.
    pub fn ephemerals(&self, user: User) -> Vec<Posted> {
        let theirs = |message: &&Posted| message.ephemeral_to.as_deref() == Some(user.id);
        self.data().ephemerals.iter().filter(theirs).cloned().collect()
    }

    /// The Home tab as it was published.
    pub fn home(&self, user: User) -> Option<Value> {
        self.home_view(user).map(|view| view.raw)
    }

    /// The Home tab, to press its buttons.
    pub fn home_view(&self, user: User) -> Option<View> {
        self.data().homes.get(user.id).cloned()
    }

    /// Every modal that was opened, as it is now.
    pub fn views(&self) -> Vec<View> {
        self.data().views.clone()
    }

    /// The modal that this person looks at.
    pub fn view_of(&self, user: User) -> Option<View> {
        self.data().views.iter().rev().find(|view| view.open && view.opened_by == user.id).cloned()
    }

    /// Every file that was announced.
    pub fn files(&self) -> Vec<File> {
        self.data().files.clone()
    }

    /// Every status that was set or cleared.
    pub fn statuses(&self) -> Vec<Status> {
        self.data().statuses.clone()
    }

    /// Every link preview.
    pub fn unfurls(&self) -> Vec<Unfurl> {
        self.data().unfurls.clone()
    }

    /// What was wrong with what the app sent.
    pub fn violations(&self) -> Vec<String> {
        self.data().violations.clone()
    }

    /// The channels that got more than five posts within a second, and calls before a Retry-After was over.
    pub fn pace_violations(&self) -> Vec<String> {
        self.data().faults.violations()
    }

    /// Fails when anything was wrong with what the app sent.
    #[track_caller]
    pub fn assert_clean(&self) {
        let violations = self.violations();
        assert!(violations.is_empty(), "Slack would mind:\n{}", violations.join("\n"));
    }

    /// A thread as text, one line a message; a whole channel without a thread. The same in every run.
    pub fn transcript<'a>(&self, channel: &str, thread: impl Into<Option<&'a str>>) -> String {
        self.data().transcript(channel, thread.into())
    }

    /// Waits until something holds.
    #[track_caller]
    pub fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) -> impl Future<Output = ()> {
        self.eventually(what, move |slack| holds(slack).then_some(()))
    }

    /// Waits until there is something.
    #[track_caller]
    pub fn eventually<T>(&self, what: &str, find: impl Fn(&Self) -> Option<T>) -> impl Future<Output = T> {
        let seconds = 60;
        wait::eventually(Location::caller(), what, seconds, move || find(self), || self.everything())
    }

    /// All there is to know when a test has failed.
    pub(super) fn everything(&self) -> String {
        let data = self.data();
        let mut parts = Vec::new();
        for (id, channel) in &data.channels {
            let transcript = data.transcript(id, None);
            if !transcript.is_empty() {
                parts.push(format!("--- {id} #{}\n{transcript}", channel.name));
            }
        }
        let calls = data.calls.iter().rev().take(20).rev();
        let calls = calls.map(|call| format!("{}: {}", call.method, call.error.as_deref().unwrap_or("ok")));
        parts.push(format!("--- the last calls\n{}", calls.collect::<Vec<_>>().join("\n")));
        let deliveries = data.deliveries.iter().rev().take(10).rev().map(|delivery| {
            let acked = if delivery.ack.is_some() { "acked" } else { "not acked" };
            format!("{} attempt {}: {acked}", delivery.kind, delivery.attempt)
        });
        parts.push(format!("--- the last deliveries\n{}", deliveries.collect::<Vec<_>>().join("\n")));
        parts.push(format!("--- violations\n{}", data.violations.join("\n")));
        parts.join("\n")
    }
}

impl Data {
    fn transcript(&self, channel: &str, thread: Option<&str>) -> String {
        let public = self.channels.get(channel).map_or(&[][..], |channel| &channel.messages);
        let private = self.ephemerals.iter().filter(|message| message.channel == channel);
        let mut messages: Vec<&Posted> = public.iter().chain(private).collect();
        messages.retain(|message| {
            thread.is_none_or(|thread| message.ts == thread || message.thread_ts.as_deref() == Some(thread))
        });
        messages.sort_by(|left, right| left.ts.cmp(&right.ts));
        let lines = messages.into_iter().map(|message| {
            let indent = if thread.is_none() && message.thread_ts.is_some() { "  " } else { "" };
            let line = message.line(message.ephemeral_to.as_deref().map(|user| self.name(user)));
            format!("{indent}{line}")
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}
