//! Buttons: what pressing one means, as the short word that the platform keeps and sends back.
//!
//! The word holds ids only, so that a button works after a restart; what it finds then decides what happens.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::choice;

choice! {
    /// What a button does.
    pub enum Press {
        /// Answers one question of the assistant; the id is the message, the number the question.
        Answer = "answer",
        /// Leaves every open question of a message to the assistant.
        Decide = "decide",
        /// Makes the text of a revision the draft's.
        Use = "use",
        /// Accepts a proposal.
        Accept = "accept",
        /// Chooses which changes of a proposal to accept.
        Pick = "pick",
        /// Rejects a proposal.
        Reject = "reject",
        /// Asks for a question to test a draft on.
        Test = "test",
        /// Opens a draft's text to be edited.
        Edit = "edit",
        /// Shows what a revision changed.
        Diff = "diff",
        /// Asks for a name and a title to commit a draft under.
        Commit = "commit",
        /// Goes on in a browser.
        Web = "web",
        /// Rates a test; the number is the stars.
        Rate = "rate",
        /// Rates an answer of a prompt; the number is the stars.
        RateAnswer = "rate_answer",
        /// Starts a workshop on the prompt that gave an answer.
        Improve = "improve",
        /// Asks for a note on a test.
        Note = "note",
        /// Tests the current text on the question of a test again.
        Again = "again",
        /// Asks for a test to compare with.
        Compare = "compare",
        /// Stops a test.
        Cancel = "cancel",
        /// Stops a batch of tests.
        StopBatch = "stop_batch",
        /// Opens a draft here.
        Open = "open",
        /// Starts a workshop on a copy of a prompt.
        Clone = "clone",
        /// Asks what a new workshop is for.
        New = "new",
        /// Asks for something to say, where we do not hear what is said.
        Say = "say",
        /// Opens a form again with what was typed into it; the id is that of what was sent.
        Resume = "resume",
        /// Keeps a draft that would expire.
        Keep = "keep",
        /// Lets a draft expire.
        LetGo = "let_go",
        /// Brings an expired draft back.
        Restore = "restore",
    }
}

impl Press {
    /// Whether the platform answers it with a form, which asks for the rest.
    pub fn asks(self) -> bool {
        match self {
            Self::Pick
            | Self::Test
            | Self::Edit
            | Self::Commit
            | Self::Note
            | Self::Compare
            | Self::New
            | Self::Say
            | Self::Resume => true,
            Self::Answer
            | Self::Decide
            | Self::Use
            | Self::Accept
            | Self::Reject
            | Self::Diff
            | Self::Web
            | Self::Rate
            | Self::RateAnswer
            | Self::Improve
            | Self::Again
            | Self::Cancel
            | Self::StopBatch
            | Self::Open
            | Self::Clone
            | Self::Keep
            | Self::LetGo
            | Self::Restore => false,
        }
    }
}

/// A button that was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// What it does.
    pub press: Press,
    /// What it does it to.
    pub id: String,
    /// Which of several; 0 where there is one.
    pub number: i64,
}

impl Button {
    /// A button about something.
    pub fn new(press: Press, id: impl fmt::Display, number: i64) -> Self {
        Self { press, id: id.to_string(), number }
    }
}

impl fmt::Display for Button {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pw:{}:{}:{}", self.press, self.id, self.number)
    }
}

/// A word that no button of ours has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no button of ours")]
pub struct Foreign;

impl FromStr for Button {
    type Err = Foreign;

    fn from_str(word: &str) -> Result<Self, Foreign> {
        let mut parts = word.splitn(4, ':');
        let (Some("pw"), Some(press), Some(id), Some(number)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Foreign);
        };
        let press = press.parse().map_err(|_| Foreign)?;
        Ok(Self { press, id: id.to_owned(), number: number.parse().map_err(|_| Foreign)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_button_is_read_back_and_is_short() {
        let button = Button::new(Press::Compare, uuid::Uuid::max(), i64::MAX);
        let word = button.to_string();
        assert!(word.len() <= 100, "{word}");
        assert_eq!(word.parse(), Ok(button));
        for foreign in ["", "pw:accept", "pw:explode:1:2", "other:accept:1:2", "pw:accept:1:x"] {
            assert_eq!(foreign.parse::<Button>(), Err(Foreign), "{foreign}");
        }
    }
}
