//! Pushes: one version of a prompt on its way to a running Auspex.

use serde::{Deserialize, Serialize};

use super::place::Place;
use super::{AccountId, Instant, PromptId, PushId, VersionNumber};
use crate::choice;

choice! {
    /// Where a push is.
    pub enum PushStatus {
        /// Waiting: for a worker, for its next try, or for the push before it.
        Queued = "queued",
        /// Being sent.
        Running = "running",
        /// There.
        Succeeded = "succeeded",
        /// Given up, with a reason.
        Failed = "failed",
    }
}

impl PushStatus {
    /// Whether nothing more will happen to the push.
    pub fn is_final(self) -> bool {
        match self {
            Self::Queued | Self::Running => false,
            Self::Succeeded | Self::Failed => true,
        }
    }
}

/// One version of a prompt, pushed to an Auspex.
#[derive(Debug, Clone, PartialEq)]
pub struct Push {
    /// Its id.
    pub id: PushId,
    /// The prompt.
    pub prompt: PromptId,
    /// Its name when it was pushed, which is its name there.
    pub name: String,
    /// The version.
    pub version: VersionNumber,
    /// Who pushed.
    pub account: AccountId,
    /// The address of the Auspex.
    pub url: String,
    /// Where it is.
    pub status: PushStatus,
    /// How often it was tried.
    pub attempts: i32,
    /// Why it failed, for people.
    pub failure: Option<String>,
    /// Where on a chat platform the result is told.
    pub place: Option<Place>,
    /// When it was asked for.
    pub created_at: Instant,
    /// When it ended.
    pub finished_at: Option<Instant>,
}

/// What an Auspex keeps of a prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemotePrompt {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The text.
    pub content: String,
    /// What it is for.
    pub description: String,
}

/// What we know of a prompt there that bears a name of ours.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// What was about to be created.
    pub intended: RemotePrompt,
    /// Whether it was created, as far as we know.
    pub created: bool,
    /// The id that it has there; empty where none was told.
    pub remote_id: String,
}

impl Known {
    /// Whether a prompt there is the one that was created from here.
    ///
    /// When nobody knows how a creation ended, its text tells: nobody else writes the very same under the same name.
    pub fn is_ours(&self, there: &RemotePrompt, remote_id: &str) -> bool {
        match self.created {
            // Somebody may have deleted ours there, and made another of that name.
            true => self.remote_id.is_empty() || remote_id.is_empty() || self.remote_id == remote_id,
            false => self.intended == *there,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(content: &str) -> RemotePrompt {
        let (name, title) = ("shipping_risks".to_owned(), "Shipping risks".to_owned());
        RemotePrompt { name, title, content: content.to_owned(), description: String::new() }
    }

    #[test]
    fn an_unfinished_creation_is_known_by_its_text() {
        let known = Known { intended: prompt("ours"), created: false, remote_id: String::new() };
        assert!(known.is_ours(&prompt("ours"), "7"));
        assert!(!known.is_ours(&prompt("theirs"), "7"));
    }

    #[test]
    fn a_finished_one_is_known_by_its_id_whatever_it_says_now() {
        let known = Known { intended: prompt("ours"), created: true, remote_id: "7".to_owned() };
        assert!(known.is_ours(&prompt("edited there"), "7"));
        assert!(known.is_ours(&prompt("edited there"), ""));
        assert!(!known.is_ours(&prompt("ours"), "8"));
    }
}
