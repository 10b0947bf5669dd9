//! Sessions: conversations with a committed prompt, made of questions and their answers.

use super::citation::CitationCheck;
use super::library::Pick;
use super::research_window::Window;
use super::trial::{Metrics, Rating};
use super::{AccountId, AnswerId, ChatId, Instant, Invalid, PromptId, RetrievalId, VersionNumber, text};
use crate::choice;

/// Reads a session's title: one line of at most 100 characters.
pub fn parse_title(raw: &str) -> Result<String, Invalid> {
    text::line("title", raw, 0, 100)
}

/// A conversation with a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its number.
    pub chat: ChatId,
    /// Whose it is.
    pub owner: AccountId,
    /// What it is called.
    pub title: String,
    /// The topic whose articles it is answered from.
    pub topic: String,
    /// The prompt.
    pub prompt: PromptId,
    /// The prompt's name.
    pub prompt_name: String,
    /// Which text of the prompt answers.
    pub pick: Pick,
    /// How many questions were asked.
    pub questions: i64,
    /// When it was begun.
    pub created_at: Instant,
    /// When it was last used.
    pub active_at: Instant,
}

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
    /// The session it belongs to.
    pub chat: Option<ChatId>,
    /// Whether it was asked where others read along.
    pub open_to_readers: bool,
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
    /// Stars and notes, by person.
    pub ratings: Vec<Rating>,
    /// When it was asked.
    pub created_at: Instant,
    /// When it ended.
    pub finished_at: Option<Instant>,
}
