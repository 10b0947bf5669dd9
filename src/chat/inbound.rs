//! What arrives from a chat platform, in words that every platform shares. It is stored before it is handled.

use serde::{Deserialize, Serialize};

use super::button::Button;
use super::command::Command;
use crate::domain::account::Identity;
use crate::domain::place::Place;
use crate::domain::research_window::Window;
use crate::domain::{DraftId, ProposalNumber, RevisionNumber, TrialId};
use crate::workshop::place::Audience;

/// Something that somebody did on a chat platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inbound {
    /// Where: with the thread, if it was in one or opens one.
    pub place: Place,
    /// Who reads what is said there.
    pub audience: Audience,
    /// The platform's id of who did it.
    pub user: String,
    /// How the platform calls them, if it told.
    pub name: Option<String>,
    /// What they did.
    pub what: What,
}

/// What somebody did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// They used the slash command.
    Command {
        /// What followed it.
        text: String,
    },
    /// They used the slash command of a platform that reads its arguments itself.
    Chose {
        /// The command.
        command: Command,
    },
    /// They wrote a message.
    Said {
        /// The message, without the mention of the app.
        text: String,
        /// Whether it was meant for the app: by a mention, or in a direct message.
        addressed: bool,
    },
    /// They pressed a button.
    Pressed {
        /// Which.
        button: Button,
        /// What came with it.
        value: String,
        /// The platform's id of the message it stood on; empty for one that only they see.
        message: String,
    },
    /// They sent a form.
    Submitted(Form),
    /// They want a prompt made of somebody's message.
    Shortcut {
        /// The message.
        text: String,
    },
}

/// What a draft is committed under, as it is typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitFields {
    /// The prompt's name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// Why this version was made.
    #[serde(default)]
    pub note: String,
}

impl CommitFields {
    /// Without a note.
    pub fn new(name: &str, title: &str, description: &str) -> Self {
        let owned = str::to_owned;
        Self { name: owned(name), title: owned(title), description: owned(description), note: String::new() }
    }
}

/// A form that was filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// A test.
    Test {
        /// The draft.
        draft: DraftId,
        /// The question.
        question: String,
        /// The topic.
        topic: String,
        /// How many articles at most.
        articles: i32,
        /// The model, if not the usual one.
        model: Option<String>,
        /// Only articles published within; what the question says otherwise.
        window: Option<Window>,
    },
    /// A draft's text.
    Edit {
        /// The draft.
        draft: DraftId,
        /// The revision that was edited.
        base: RevisionNumber,
        /// The text.
        text: String,
    },
    /// A commit.
    Commit {
        /// The draft.
        draft: DraftId,
        /// What it is committed under.
        #[serde(flatten)]
        fields: CommitFields,
        /// The second yes.
        confirm: bool,
    },
    /// A note on a test.
    Note {
        /// The test.
        trial: TrialId,
        /// The note.
        note: String,
    },
    /// Which changes of a proposal to accept.
    Pick {
        /// The draft.
        draft: DraftId,
        /// The proposal.
        proposal: ProposalNumber,
        /// The changes, by number.
        changes: Vec<usize>,
    },
    /// Two tests to compare.
    Compare {
        /// One.
        trial: TrialId,
        /// The other.
        with: TrialId,
    },
    /// Something said in a workshop's conversation.
    Say {
        /// The draft.
        draft: DraftId,
        /// What is said.
        text: String,
    },
    /// What a new workshop is for.
    New {
        /// In the person's words.
        need: String,
    },
}

impl Inbound {
    /// Who did it, as accounts know them.
    pub fn identity(&self) -> Identity {
        Identity { platform: self.place.platform, workspace: self.place.realm().to_owned(), user: self.user.clone() }
    }

    /// What they typed, so that it can be given back when it cannot be used.
    pub fn typed(&self) -> Option<&str> {
        let text: &str = match &self.what {
            What::Command { text } | What::Said { text, .. } => text,
            What::Chose { command } => command.typed(),
            What::Submitted(form) => match form {
                Form::Test { question, .. } => question,
                Form::Edit { text, .. } => text,
                Form::Commit { fields, .. } => &fields.description,
                Form::Note { note, .. } => note,
                Form::Say { text, .. } => text,
                Form::New { need } => need,
                Form::Pick { .. } | Form::Compare { .. } => return None,
            },
            What::Pressed { .. } | What::Shortcut { .. } => return None,
        };
        Some(text).filter(|text| !text.trim().is_empty())
    }
}
