//! What the test reads: calls, messages, threads, and what was wrong with them; and how it waits.

use std::panic::Location;

use serde_json::Value;

use super::Discord;
use super::posted::{Modal, Posted};
use super::state::{Call, Channel, Data, File, Thread, User};
use crate::support::wait;

impl Discord {
    /// Every call, as it came.
    pub fn calls(&self) -> Vec<Call> {
        self.data().calls.clone()
    }

    /// The calls with one key.
    pub fn calls_of(&self, key: &str) -> Vec<Call> {
        self.data().calls.iter().filter(|call| call.key == key).cloned().collect()
    }

    /// What everyone sees in a channel or thread, without announcements and what Discord itself says.
    pub fn messages(&self, channel: &str) -> Vec<Posted> {
        let data = self.data();
        let public =
            |message: &&Posted| message.ephemeral_to.is_none() && !message.is_notice() && !message.is_loading();
        data.place(channel).messages.iter().filter(public).cloned().collect()
    }

    /// The bot's messages among them.
    pub fn bot_messages(&self, channel: &str) -> Vec<Posted> {
        self.messages(channel).into_iter().filter(|message| message.author == "bot").collect()
    }

    /// A message as it is now, wherever it is.
    pub fn message_now(&self, id: &str) -> Option<Posted> {
        self.data().find(id).cloned()
    }

    /// What only this person sees, without announcements.
    pub fn ephemerals(&self, user: User) -> Vec<Posted> {
        let theirs = |message: &Posted| message.ephemeral_to.as_deref() == Some(user.id) && !message.is_loading();
        self.data().all().into_iter().filter(theirs).collect()
    }

    /// The answers that were announced and have not come.
    pub fn loading(&self) -> Vec<Posted> {
        self.data().all().into_iter().filter(Posted::is_loading).collect()
    }

    /// The threads in a channel.
    pub fn threads(&self, parent: &str) -> Vec<Thread> {
        let here = |channel: &&Channel| channel.parent.as_deref() == Some(parent);
        self.data().channels.values().filter(here).map(Channel::thread).collect()
    }

    /// A thread as it is now.
    pub fn thread(&self, id: &str) -> Option<Thread> {
        self.data().channels.get(id).filter(|channel| channel.is_thread()).map(Channel::thread)
    }

    /// Every form that was shown.
    pub fn modals(&self) -> Vec<Modal> {
        self.data().modals.clone()
    }

    /// The form that this person looks at.
    pub fn modal_of(&self, user: User) -> Option<Modal> {
        self.data().modals.iter().rev().find(|modal| modal.user == user.id && !modal.submitted).cloned()
    }

    /// The commands that are registered.
    pub fn registered(&self) -> Vec<Value> {
        self.data().commands.values().flatten().cloned().collect()
    }

    /// How often commands were registered.
    pub fn registrations(&self) -> usize {
        self.data().registrations
    }

    /// How often the bot was seen typing.
    pub fn typing(&self, channel: &str) -> usize {
        self.data().place(channel).typing
    }

    /// Every file that was sent.
    pub fn files(&self) -> Vec<File> {
        self.data().files.clone()
    }

    /// What was wrong with what the service sent.
    pub fn violations(&self) -> Vec<String> {
        self.data().violations.clone()
    }

    /// More than five messages or edits in one place within five seconds, and calls before a Retry-After was over.
    pub fn pace_violations(&self) -> Vec<String> {
        self.data().faults.violations()
    }

    /// Fails when anything was wrong with what the service sent.
    #[track_caller]
    pub fn assert_clean(&self) {
        let violations = self.violations();
        assert!(violations.is_empty(), "Discord would mind:\n{}", violations.join("\n"));
    }

    /// A channel or thread as text, one line a message. The same in every run.
    pub fn transcript(&self, channel: &str) -> String {
        self.data().transcript(channel)
    }

    /// Waits until something holds.
    #[track_caller]
    pub fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) -> impl Future<Output = ()> {
        self.eventually(what, move |discord| holds(discord).then_some(()))
    }

    /// Waits until there is something.
    #[track_caller]
    pub fn eventually<T>(&self, what: &str, find: impl Fn(&Self) -> Option<T>) -> impl Future<Output = T> {
        let seconds = 30;
        wait::eventually(Location::caller(), what, seconds, move || find(self), || self.everything())
    }

    /// All there is to know when a test has failed.
    pub(super) fn everything(&self) -> String {
        let data = self.data();
        let mut parts = Vec::new();
        for (id, channel) in &data.channels {
            let transcript = data.transcript(id);
            if !transcript.is_empty() {
                parts.push(format!("--- {id} #{}\n{transcript}", channel.name));
            }
        }
        let calls = data.calls.iter().rev().take(20).rev();
        let calls = calls.map(|call| format!("{}: {}", call.key, call.error.as_deref().unwrap_or("ok")));
        parts.push(format!("--- the last calls\n{}", calls.collect::<Vec<_>>().join("\n")));
        let told = data.interactions.iter().rev().take(10).rev().map(|interaction| {
            let response = interaction.response.as_ref().map_or(0, |response| response.kind);
            format!("interaction {} by {}: response {response}", interaction.kind, data.name(&interaction.user))
        });
        parts.push(format!("--- the last interactions\n{}", told.collect::<Vec<_>>().join("\n")));
        parts.push(format!("--- violations\n{}", data.violations.join("\n")));
        parts.join("\n")
    }
}

impl Data {
    /// Every message, in the order of time.
    fn all(&self) -> Vec<Posted> {
        let mut all: Vec<Posted> = self.channels.values().flat_map(|channel| channel.messages.clone()).collect();
        all.sort_by_key(|message| message.id.parse::<u64>().unwrap_or(0));
        all
    }

    fn transcript(&self, channel: &str) -> String {
        let messages = self.place(channel).messages.iter().filter(|message| !message.is_notice());
        let lines = messages.map(|message| {
            let line = message.line(message.ephemeral_to.as_deref().map(|user| self.name(user)));
            match self.channels.get(&message.id).filter(|thread| thread.parent.as_deref() == Some(channel)) {
                Some(thread) => format!("{line} {{thread: {}}}", thread.name),
                None => line,
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}
