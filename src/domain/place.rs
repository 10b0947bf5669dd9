//! Where a workshop lives outside this service: a thread of a chat platform.

use serde::{Deserialize, Serialize};

use super::account::Platform;

/// A thread of a chat platform, or a channel where there is no thread.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The platform.
    pub platform: Platform,
    /// Its workspace or server; empty where there is none.
    pub workspace: String,
    /// The channel.
    pub channel: String,
    /// The thread; empty where there is none.
    pub thread: String,
}

impl Place {
    /// The channel that this place is in, without the thread.
    pub fn channel_only(&self) -> Self {
        Self { thread: String::new(), ..self.clone() }
    }
}
