//! Tests (in code: trials): one run of one revision on one question over the article database.

use super::{
    AccountId, BatchId, DraftId, Instant, Invalid, RetrievalId, RevisionNumber, TrialId, VersionNumber,
    citation::CitationCheck, research_window::Window, text,
};
use crate::choice;

/// How many articles a test reads when it does not say.
pub const DEFAULT_ARTICLES: i32 = 50;

choice! {
    /// Where a test is.
    pub enum TrialStatus {
        /// Waiting for a worker.
        Queued = "queued",
        /// Being run.
        Running = "running",
        /// Answered.
        Succeeded = "succeeded",
        /// Given up, with a reason.
        Failed = "failed",
        /// Stopped by a person.
        Cancelled = "cancelled",
    }
}

impl TrialStatus {
    /// Whether nothing more will happen to the test.
    pub fn is_final(self) -> bool {
        match self {
            Self::Queued | Self::Running => false,
            Self::Succeeded | Self::Failed | Self::Cancelled => true,
        }
    }
}

choice! {
    /// What a test is doing, for progress.
    pub enum Stage {
        /// Waiting for a worker.
        Queued = "queued",
        /// Looking for articles.
        Searching = "searching",
        /// The model is writing.
        Writing = "writing",
        /// Nothing more to do.
        Done = "done",
    }
}

choice! {
    /// Why a test failed.
    pub enum Failure {
        /// The model's server refused the request.
        Refused = "refused",
        /// The model's server kept asking us to slow down.
        RateLimited = "rate_limited",
        /// The model's server could not be reached, failed, or broke off its answer.
        Unavailable = "unavailable",
        /// The model took too long.
        Timeout = "timeout",
        /// Workers died while running it, too often.
        Interrupted = "interrupted",
        /// A fault of ours.
        Internal = "internal",
    }
}

/// What a person asks to be tested; every value is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialRequest {
    /// The question: 10 to 1,000 characters.
    pub question: String,
    /// The topic's name.
    pub topic: String,
    /// How many articles at most: 5 to 200.
    pub article_limit: i32,
    /// The model; the configured one when not named.
    pub model: Option<String>,
    /// Only articles published within; `None` lets the question decide.
    pub window: Option<Window>,
    /// Stars given in advance, with the request.
    pub rating: Option<Stars>,
    /// A note given in advance.
    pub note: String,
}

/// One to five stars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Stars(i16);

impl TryFrom<i64> for Stars {
    type Error = Invalid;

    fn try_from(stars: i64) -> Result<Self, Invalid> {
        Self::parse(stars)
    }
}

impl From<Stars> for i64 {
    fn from(stars: Stars) -> Self {
        stars.0.into()
    }
}

impl Stars {
    /// Reads stars: 1 to 5.
    pub fn parse(raw: i64) -> Result<Self, Invalid> {
        match raw {
            1..=5 => Ok(Self(raw as i16)),
            _ => Err(Invalid::new("user_rating", "must be 1 to 5 stars")),
        }
    }

    /// The number of stars.
    pub fn get(self) -> i16 {
        self.0
    }
}

/// Reads a test's question: 10 to 1,000 characters.
pub fn parse_question(raw: &str) -> Result<String, Invalid> {
    text::block("test_query", raw, 10, 1000)
}

/// Reads a topic's name.
pub fn parse_topic(raw: &str) -> Result<String, Invalid> {
    text::line("topic", raw, 1, 100)
}

/// Reads how many articles a test reads: 5 to 200.
pub fn parse_limit(raw: Option<i64>) -> Result<i32, Invalid> {
    match raw {
        None => Ok(DEFAULT_ARTICLES),
        Some(limit @ 5..=200) => Ok(limit as i32),
        Some(_) => Err(Invalid::new("limit", "must be 5 to 200 articles")),
    }
}

/// Reads the note of a rating: at most 500 characters.
pub fn parse_note(raw: &str) -> Result<String, Invalid> {
    text::block("notes", raw, 0, 500)
}

/// Reads a model's name: 1 to 200 characters without white space.
pub fn parse_model(raw: &str) -> Result<String, Invalid> {
    let model = text::line("model", raw, 1, 200)?;
    if model.contains(' ') {
        return Err(Invalid::new("model", "must be a model's name, without spaces"));
    }
    Ok(model)
}

/// A test as it is stored, with its ratings.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Its id.
    pub id: TrialId,
    /// The draft it tests.
    pub draft: DraftId,
    /// The tested revision; 0 where a version of a prompt was tested.
    pub revision: RevisionNumber,
    /// The tested version of a prompt, where one was tested and is still there.
    pub version: Option<(String, VersionNumber)>,
    /// The batch that it is part of.
    pub batch: Option<BatchId>,
    /// Who asked for it.
    pub account: AccountId,
    /// The question.
    pub question: String,
    /// The topic.
    pub topic: String,
    /// The model asked for, or the one that answered.
    pub model: String,
    /// How many articles at most.
    pub article_limit: i32,
    /// Only articles published within.
    pub window: Option<Window>,
    /// Its frozen articles, once they were looked for.
    pub retrieval: Option<RetrievalId>,
    /// Where it is.
    pub status: TrialStatus,
    /// What it is doing.
    pub stage: Stage,
    /// How often a worker started it.
    pub attempts: i32,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// The same, as a sentence.
    pub failure_detail: Option<String>,
    /// What answered: the provider, or "no model".
    pub engine: String,
    /// The whole answer.
    pub response: Option<String>,
    /// What was used to find evidence.
    pub tools_used: Vec<String>,
    /// How many articles were given to the model.
    pub article_count: i32,
    /// The check of every citation.
    pub citations: Option<CitationCheck>,
    /// Cost and times.
    pub metrics: Metrics,
    /// Stars and notes, by person.
    pub ratings: Vec<Rating>,
    /// When it was asked for.
    pub created_at: Instant,
    /// When a worker last started it.
    pub started_at: Option<Instant>,
    /// When it ended.
    pub finished_at: Option<Instant>,
}

/// What a run cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Metrics {
    /// Tokens read.
    pub tokens_in: Option<i32>,
    /// Tokens written.
    pub tokens_out: Option<i32>,
    /// Millionths of a US dollar; `None` where the price is not known.
    pub cost_micros: Option<i64>,
    /// Milliseconds from the request to the first text.
    pub first_token_ms: Option<i32>,
    /// Milliseconds of the whole run.
    pub execution_ms: Option<i32>,
}

/// What one person thinks of one test.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct Rating {
    /// Who.
    pub account: AccountId,
    /// Their name.
    pub name: String,
    /// Their stars, if given.
    pub stars: Option<i16>,
    /// Their note; may be empty.
    pub note: String,
}

/// The mean of all stars that were given.
pub fn mean_stars(ratings: &[Rating]) -> Option<f64> {
    let stars: Vec<f64> = ratings.iter().filter_map(|rating| rating.stars.map(f64::from)).collect();
    if stars.is_empty() { None } else { Some(stars.iter().sum::<f64>() / stars.len() as f64) }
}

impl Trial {
    /// The mean of all stars.
    pub fn mean_rating(&self) -> Option<f64> {
        mean_stars(&self.ratings)
    }

    /// What was tested, such as "revision 3" or "version 2 of shipping".
    pub fn tested(&self) -> String {
        match &self.version {
            Some((prompt, number)) => format!("version {number} of {prompt}"),
            None if self.revision == RevisionNumber(0) => "a version that is gone".to_owned(),
            None => format!("revision {}", self.revision),
        }
    }

    /// What `account` thinks of it.
    pub fn rating_of(&self, account: AccountId) -> Option<&Rating> {
        self.ratings.iter().find(|rating| rating.account == account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_a_request_are_those_of_the_product() {
        assert!(parse_question("too short").is_err());
        assert!(parse_question("just right").is_ok());
        assert!(parse_question(&"x".repeat(1001)).is_err());
        assert_eq!(parse_limit(None), Ok(50));
        assert!(parse_limit(Some(4)).is_err() && parse_limit(Some(201)).is_err());
        assert!(parse_limit(Some(5)).is_ok() && parse_limit(Some(200)).is_ok());
        assert!(Stars::parse(0).is_err() && Stars::parse(6).is_err() && Stars::parse(1).is_ok());
        assert!(parse_note(&"n".repeat(501)).is_err());
        assert!(parse_model("gpt 4").is_err() && parse_model("org/model:tag").is_ok());
    }
}
