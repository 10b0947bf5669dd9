//! Sessions: a question put to a committed prompt, and its answer.

use super::citation::CitationCheck;
use super::research_window::Window;
use super::trial::Metrics;
use super::{AccountId, AnswerId, Instant, PromptId, RetrievalId, VersionNumber};
use crate::choice;

choice! {
    /// Where a question to a prompt is.
    pub enum AnswerStatus {
        /// Waiting for a worker.
        Queued = "queued",
        /// Being answered.
        Running = "running",
        /// Answered.
        Succeeded = "succeeded",
        /// Given up, with a reason.
        Failed = "failed",
    }
}

impl AnswerStatus {
    /// Whether nothing more will happen to the question.
    pub fn is_final(self) -> bool {
        match self {
            Self::Queued | Self::Running => false,
            Self::Succeeded | Self::Failed => true,
        }
    }
}

/// A question to one version of a committed prompt, with its answer once there is one.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Its id.
    pub id: AnswerId,
    /// Who asked.
    pub account: AccountId,
    /// The prompt that was asked.
    pub prompt: PromptId,
    /// The prompt's name.
    pub prompt_name: String,
    /// The version that answers.
    pub version: VersionNumber,
    /// The question.
    pub question: String,
    /// The topic.
    pub topic: String,
    /// How many articles at most.
    pub article_limit: i32,
    /// Only articles published within.
    pub window: Option<Window>,
    /// Its frozen articles, once it is answered.
    pub retrieval: Option<RetrievalId>,
    /// Where it is.
    pub status: AnswerStatus,
    /// Why it failed, as a sentence for people.
    pub failure: Option<String>,
    /// The whole answer.
    pub response: Option<String>,
    /// What answered: the provider, or "no model".
    pub engine: String,
    /// The model asked for, or the one that answered.
    pub model: String,
    /// How many articles were found for it.
    pub article_count: i32,
    /// The check of every citation.
    pub citations: Option<CitationCheck>,
    /// Cost and times.
    pub metrics: Metrics,
    /// When it was asked.
    pub created_at: Instant,
    /// When it ended.
    pub finished_at: Option<Instant>,
}
