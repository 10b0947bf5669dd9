//! Drafts: the prompt being designed, its life and its revisions.

use super::{
    AccountId, ChatId, DraftId, Instant, Invalid, PromptId, RevisionNumber, VersionNumber, library::PromptName, text,
};
use crate::choice;

/// The most characters in a prompt.
pub const TEXT_LENGTH: usize = 32_000;
/// The fewest characters in a prompt that can be committed.
pub const COMMITTABLE_LENGTH: usize = 100;

choice! {
    /// Where a draft is in its life.
    pub enum DraftStatus {
        /// Being written.
        Draft = "draft",
        /// Tested at least once since.
        Testing = "testing",
        /// Said to be good by a person.
        Ready = "ready",
        /// In the library; read-only.
        Committed = "committed",
        /// Left alone too long; read-only, restorable for a while.
        Expired = "expired",
    }
}

choice! {
    /// Where a revision's text came from.
    pub enum Source {
        /// The assistant's first draft.
        Chat = "chat",
        /// A person's hand.
        Edit = "edit",
        /// A proposal that a person accepted, whole or in part.
        Accept = "accept",
        /// An earlier revision, taken back.
        Restore = "restore",
        /// A prompt of the library.
        Clone = "clone",
    }
}

/// A draft as it is stored, with its current text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Its number.
    pub id: DraftId,
    /// Who owns it.
    pub owner: AccountId,
    /// Its conversation.
    pub chat: ChatId,
    /// Its name.
    pub name: String,
    /// What it is for; may be empty.
    pub description: String,
    /// Where it is in its life.
    pub status: DraftStatus,
    /// What it returns to when it is restored.
    pub status_before_expiry: Option<DraftStatus>,
    /// The number of its current text; 0 while it has none.
    pub revision: RevisionNumber,
    /// Its current text.
    pub text: String,
    /// Whether it never expires.
    pub pinned: bool,
    /// The version it was cloned from.
    pub parent: Option<(PromptId, VersionNumber)>,
    /// Whether it is meant to become the next version of its parent, rather than a prompt of its own.
    pub publishes: bool,
    /// The version it became.
    pub committed_as: Option<(PromptId, VersionNumber)>,
    /// When it was started.
    pub created_at: Instant,
    /// When its text, name or status last changed.
    pub updated_at: Instant,
    /// The last edit, message, test or rating.
    pub active_at: Instant,
    /// When it expired.
    pub expired_at: Option<Instant>,
    /// When its text and conversation were removed.
    pub purged_at: Option<Instant>,
}

/// One saved text of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Its number within the draft, from 1.
    pub number: RevisionNumber,
    /// The text.
    pub text: String,
    /// Where it came from.
    pub source: Source,
    /// The name of who made it.
    pub author: Option<String>,
    /// When.
    pub created_at: Instant,
}

/// What is known of a revision without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionEntry {
    /// Its number within the draft, from 1.
    pub number: RevisionNumber,
    /// Where its text came from.
    pub source: Source,
    /// The name of who made it.
    pub author: Option<String>,
    /// How many characters it has.
    pub length: usize,
    /// When.
    pub created_at: Instant,
}

/// Why a draft does not take a change now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadOnly {
    /// It is in the library.
    #[error("This draft is committed. Clone its prompt to work on it further.")]
    Committed,
    /// It was left alone too long.
    #[error("This draft has expired. Restore it (status \"draft\") to work on it further.")]
    Expired,
    /// Its text and conversation are gone.
    #[error("This draft expired and its text was removed for good.")]
    Purged,
}

impl Draft {
    /// Whether its text, name and conversation can change now.
    pub fn writable(&self) -> Result<(), ReadOnly> {
        match self.status {
            DraftStatus::Draft | DraftStatus::Testing | DraftStatus::Ready => Ok(()),
            DraftStatus::Committed => Err(ReadOnly::Committed),
            DraftStatus::Expired if self.purged_at.is_some() => Err(ReadOnly::Purged),
            DraftStatus::Expired => Err(ReadOnly::Expired),
        }
    }

    /// The status after an edit of the text: back from `ready` to `draft`.
    pub fn status_after_edit(&self) -> DraftStatus {
        match self.status {
            DraftStatus::Ready => DraftStatus::Draft,
            other => other,
        }
    }

    /// The status after a test was started: the first moves `draft` to `testing`.
    pub fn status_after_test(&self) -> DraftStatus {
        match self.status {
            DraftStatus::Draft => DraftStatus::Testing,
            other => other,
        }
    }

    /// The status after a person asks for `wanted`.
    ///
    /// An expired draft can only be restored, by asking for `draft`; it returns to what it was.
    pub fn status_on_request(&self, wanted: DraftStatus) -> Result<DraftStatus, Invalid> {
        let refuse = |reason: &str| Err(Invalid::new("status", reason));
        match (self.status, wanted) {
            (DraftStatus::Draft, DraftStatus::Draft) => Ok(DraftStatus::Draft),
            (DraftStatus::Testing, DraftStatus::Testing) => Ok(DraftStatus::Testing),
            (DraftStatus::Ready, DraftStatus::Ready) => Ok(DraftStatus::Ready),
            (DraftStatus::Committed, DraftStatus::Committed) => Ok(DraftStatus::Committed),
            (DraftStatus::Committed, _) => refuse("a committed draft stays committed; clone its prompt instead"),
            (_, DraftStatus::Committed) => {
                refuse("a draft becomes committed by committing it, with a name and a title")
            }
            (_, DraftStatus::Expired) => refuse("drafts expire by themselves"),
            (DraftStatus::Expired, DraftStatus::Draft) if self.purged_at.is_none() => {
                Ok(self.status_before_expiry.unwrap_or(DraftStatus::Draft))
            }
            (DraftStatus::Expired, DraftStatus::Draft) => refuse("the text of this draft was removed for good"),
            (DraftStatus::Expired, DraftStatus::Testing | DraftStatus::Ready) => {
                refuse("an expired draft is restored by asking for the status \"draft\"")
            }
            (DraftStatus::Draft | DraftStatus::Testing, DraftStatus::Ready) if self.text.is_empty() => {
                refuse("a draft without text is not ready")
            }
            (DraftStatus::Draft | DraftStatus::Testing, DraftStatus::Ready) => Ok(DraftStatus::Ready),
            (DraftStatus::Testing | DraftStatus::Ready, DraftStatus::Draft) => Ok(DraftStatus::Draft),
            (DraftStatus::Draft, DraftStatus::Testing) => refuse("the first test moves a draft to \"testing\""),
            (DraftStatus::Ready, DraftStatus::Testing) => Ok(DraftStatus::Testing),
        }
    }

    /// Why the current text cannot be committed, if so.
    pub fn committable(&self) -> Result<(), Invalid> {
        let length = self.text.trim().chars().count();
        if length < COMMITTABLE_LENGTH {
            return Err(Invalid::new(
                "draft_content",
                format!("a prompt needs at least {COMMITTABLE_LENGTH} characters to be committed; this has {length}"),
            ));
        }
        Ok(())
    }

    /// A name for the library made of the draft's own, to offer a person.
    pub fn suggested_prompt_name(&self) -> Option<PromptName> {
        PromptName::suggest(&self.name)
    }
}

/// Reads a draft's name: one line of 3 to 100 characters.
pub fn parse_name(raw: &str) -> Result<String, Invalid> {
    text::line("draft_name", raw, 3, 100)
}

/// Reads a draft's description: at most 500 characters.
pub fn parse_description(raw: &str) -> Result<String, Invalid> {
    text::block("draft_description", raw, 0, 500)
}

/// Reads a prompt's text: at most 32,000 characters. Outer white space stays, as people's editors leave it.
pub fn parse_text(field: &'static str, raw: &str) -> Result<String, Invalid> {
    let cleaned = text::clean(raw);
    let length = cleaned.chars().count();
    if length > TEXT_LENGTH {
        return Err(Invalid::new(field, format!("may have at most {TEXT_LENGTH} characters; this has {length}")));
    }
    Ok(cleaned)
}

/// A name for a draft, made of what a person asked for.
pub fn name_from(requirements: &str) -> String {
    const FILLER: &[&str] = &[
        "i", "need", "want", "a", "an", "the", "please", "we", "would", "like", "to", "have", "for", "me", "us", "with",
    ];
    let words: Vec<&str> = requirements
        .split(|c: char| !(c.is_alphanumeric() || c == '-'))
        .filter(|word| !word.is_empty() && !FILLER.contains(&word.to_lowercase().as_str()))
        .take(5)
        .collect();
    let mut name: String = words.join(" ").chars().take(60).collect();
    if let Some(first) = name.get(0..1) {
        let upper = first.to_uppercase();
        name.replace_range(0..1, &upper);
    }
    if name.chars().count() < 3 { "Untitled draft".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(status: DraftStatus) -> Draft {
        let now = Instant::UNIX_EPOCH;
        Draft {
            id: DraftId(1),
            owner: AccountId::new(),
            chat: ChatId(1),
            name: "Name".to_owned(),
            description: String::new(),
            status,
            status_before_expiry: Some(DraftStatus::Testing),
            revision: RevisionNumber(1),
            text: "text".to_owned(),
            pinned: false,
            parent: None,
            publishes: false,
            committed_as: None,
            created_at: now,
            updated_at: now,
            active_at: now,
            expired_at: None,
            purged_at: None,
        }
    }

    #[test]
    fn only_living_drafts_can_be_written() {
        assert_eq!(draft(DraftStatus::Ready).writable(), Ok(()));
        assert_eq!(draft(DraftStatus::Committed).writable(), Err(ReadOnly::Committed));
        assert_eq!(draft(DraftStatus::Expired).writable(), Err(ReadOnly::Expired));
    }

    #[test]
    fn an_edit_takes_ready_back_and_the_first_test_moves_on() {
        assert_eq!(draft(DraftStatus::Ready).status_after_edit(), DraftStatus::Draft);
        assert_eq!(draft(DraftStatus::Testing).status_after_edit(), DraftStatus::Testing);
        assert_eq!(draft(DraftStatus::Draft).status_after_test(), DraftStatus::Testing);
        assert_eq!(draft(DraftStatus::Ready).status_after_test(), DraftStatus::Ready);
    }

    #[test]
    fn a_person_moves_a_draft_to_ready_and_restores_an_expired_one() {
        use DraftStatus::{Committed, Draft as Writing, Expired, Ready, Testing};
        assert_eq!(draft(Testing).status_on_request(Ready), Ok(Ready));
        assert_eq!(draft(Expired).status_on_request(Writing), Ok(Testing));
        assert!(draft(Expired).status_on_request(Ready).is_err());
        assert!(draft(Testing).status_on_request(Committed).is_err());
        assert!(draft(Testing).status_on_request(Expired).is_err());
        assert!(draft(Committed).status_on_request(Writing).is_err());
        assert!(Draft { text: String::new(), ..draft(Testing) }.status_on_request(Ready).is_err());
    }

    #[test]
    fn a_name_comes_from_what_was_asked_for() {
        assert_eq!(
            name_from("I need executive-level financial analysis with risk focus"),
            "Executive-level financial analysis risk focus"
        );
        assert_eq!(name_from("?"), "Untitled draft");
    }
}
