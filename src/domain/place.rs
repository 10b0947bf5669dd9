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
    /// The workspace in which people of this place are known. On Discord they are the same on every server.
    pub fn realm(&self) -> &str {
        match self.platform {
            Platform::Discord => "",
            Platform::Slack | Platform::Terminal | Platform::Web => &self.workspace,
        }
    }

    /// A channel as a place to live in, where there are no threads or none can be made. One workshop lives there at a time.
    pub fn whole_channel(&self) -> Self {
        Self { thread: self.channel.clone(), ..self.clone() }
    }

    /// Whether it is a whole channel.
    pub fn is_whole_channel(&self) -> bool {
        !self.thread.is_empty() && self.thread == self.channel
    }

    /// The channel that this place is in, without the thread.
    pub fn channel_only(&self) -> Self {
        Self { thread: String::new(), ..self.clone() }
    }
}
