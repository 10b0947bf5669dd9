//! The settings of `[drafts]`, `[limits]` and `[queue]`; every one is explained in `config/default.toml`.

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
    /// Where people reach the web pages, without a slash at the end.
    pub public_url: String,
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
