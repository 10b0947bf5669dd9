//! What was done with a workshop or a prompt, as everybody in a place is told.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::workshop::sharing::Change;

/// What was done, for everybody in a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "note", rename_all = "snake_case")]
pub enum Note {
    /// Somebody changed the text by hand.
    Edited {
        /// Who.
        by: String,
        /// The revision that made.
        revision: i32,
        /// The revision before.
        before: i32,
    },
    /// Somebody committed the draft.
    Committed {
        /// Who.
        by: String,
        /// The prompt's name.
        name: String,
        /// Its title.
        title: String,
        /// Its version.
        version: i32,
    },
    /// Somebody deleted the workshop.
    Deleted {
        /// Who.
        by: String,
        /// The draft's name.
        name: String,
    },
    /// A push of a prompt to an Auspex has ended.
    Pushed {
        /// The prompt's name.
        name: String,
        /// The version.
        version: i32,
        /// The address of the Auspex.
        url: String,
        /// Why it failed; `None` when it is there.
        failure: Option<String>,
    },
    /// Somebody changed who may do what.
    Sharing {
        /// Who.
        by: String,
        /// How.
        change: Change,
        /// With what.
        about: String,
        /// The platform's users whom it concerns: they are pinged.
        mentions: Vec<String>,
    },
    /// Somebody wrote a comment.
    Commented {
        /// Who.
        by: String,
        /// On what.
        about: String,
        /// What it says.
        text: String,
        /// The platform's users whom it mentions: they are pinged.
        mentions: Vec<String>,
    },
    /// Something that the chat layer worded.
    Worded {
        /// Its reply.
        reply: Value,
    },
}
