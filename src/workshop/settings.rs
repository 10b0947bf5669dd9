//! The settings of `[drafts]`, `[limits]`, `[queue]`, `[feeds]` and `[articles]`; every one is explained in `config/default.toml`.

use serde::Deserialize;

use crate::choice;
use crate::domain::Access;

/// What the use cases work by.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `[drafts]`.
    pub drafts: Drafts,
    /// `[limits]`.
    pub limits: Limits,
    /// `[queue]`.
    pub queue: Queue,
    /// `[feeds]`.
    pub feeds: Feeds,
    /// `[articles]`.
    pub articles: Articles,
    /// Where people reach the web pages, without a slash at the end.
    pub public_url: String,
    /// `[auspex]`.
    pub auspex: crate::auspex::Settings,
}

/// `[drafts]`: when drafts that nobody uses expire.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drafts {
    /// Idle days until a draft becomes read-only.
    pub expire_after_days: u32,
    /// Idle days on which its owner is told.
    pub remind_after_days: Vec<u32>,
    /// Days after expiry until its text and conversation are removed.
    pub purge_after_days: u32,
    /// What somebody may do with a workshop by being in the channel that it lives in.
    pub channel_access: ChannelAccess,
    /// Hours after a test's result until who asked for it is reminded, once, to rate it; 0 for never.
    pub rating_reminder_hours: u32,
}

choice! {
    /// What somebody may do with a workshop by being in the channel that it lives in.
    pub enum ChannelAccess {
        /// Nothing.
        None = "none",
        /// Read.
        Viewer = "viewer",
        /// Also talk, test and rate.
        Commenter = "commenter",
        /// Also change the text and publish.
        Editor = "editor",
    }
}

impl ChannelAccess {
    /// As access to a draft.
    pub fn access(self) -> Option<Access> {
        match self {
            Self::None => None,
            Self::Viewer => Some(Access::Viewer),
            Self::Commenter => Some(Access::Commenter),
            Self::Editor => Some(Access::Editor),
        }
    }
}

/// `[limits]`: what one person may use.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Tests that one person may start within an hour, questions to prompts included.
    pub tests_per_hour: u32,
    /// Tests of one person that run at a time; more wait.
    pub concurrent_tests: u32,
    /// Tests of one batch.
    pub batch_tests: u32,
    /// Tests of batches that one person may start within an hour; they do not count as single tests.
    pub batch_tests_per_hour: u32,
    /// Drafts of one person that are neither committed nor expired.
    pub drafts_per_user: u32,
}

/// `[queue]`: how much one copy of the service does at a time.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// Tests that one copy of the service runs at a time.
    pub concurrency: u32,
    /// Tests of one batch that run at a time.
    pub batch_concurrency: u32,
    /// How long a worker is silent before its jobs are given to others.
    pub rescue_after_seconds: u64,
    /// How long a stopping service waits for what it is running.
    pub shutdown_seconds: u64,
}

/// `[feeds]`: how feeds are polled.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feeds {
    /// Minutes between two polls of a feed, where whoever adds it says nothing else.
    pub interval_minutes: u32,
    /// Whether feeds may be fetched from this machine and its networks.
    pub allow_private_addresses: bool,
}

/// `[articles]`: how long articles are kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Articles {
    /// Days after publication until an article is removed; 0 for never.
    pub keep_days: u32,
}
