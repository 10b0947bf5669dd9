//! The library: committed prompts and their versions.

use super::{AccountId, Instant, Invalid, PromptId, VersionNumber, access::Visibility, text};

/// The prompt that ships with the service and cannot be deleted.
pub const DEFAULT_PROMPT: &str = "auspex_default";

/// A prompt's name: `^[a-z0-9_]{3,50}$`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PromptName(String);

impl PromptName {
    /// Reads a name.
    pub fn parse(raw: &str) -> Result<Self, Invalid> {
        let fits = (3..=50).contains(&raw.len())
            && raw.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if fits {
            Ok(Self(raw.to_owned()))
        } else {
            Err(Invalid::new("name", "must have 3 to 50 characters, lower-case letters, digits and underscores only"))
        }
    }

    /// A valid name made of free text, if it holds enough letters.
    pub fn suggest(free: &str) -> Option<Self> {
        let words: Vec<String> = free
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_ascii_lowercase)
            .collect();
        let name: String = words.join("_").chars().take(50).collect();
        Self::parse(name.trim_end_matches('_')).ok()
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for PromptName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A committed prompt with its current version's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// Its id.
    pub id: PromptId,
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// Who owns it; nobody owns what ships with the service.
    pub owner: Option<AccountId>,
    /// The owner's name.
    pub owner_name: Option<String>,
    /// Who sees it.
    pub visibility: Visibility,
    /// The name and version it was cloned from, where that still exists.
    pub parent: Option<(String, VersionNumber)>,
    /// The prompt that its family started from.
    pub family: PromptId,
    /// The newest version.
    pub version: VersionNumber,
    /// The text of the newest version.
    pub text: String,
    /// Whether it ships with the service.
    pub shipped: bool,
    /// When it was first committed.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
}

/// Reads a prompt's title: one line of 5 to 100 characters.
pub fn parse_title(raw: &str) -> Result<String, Invalid> {
    text::line("title", raw, 5, 100)
}

/// Reads a prompt's description: at most 500 characters.
pub fn parse_description(raw: &str) -> Result<String, Invalid> {
    text::block("description", raw, 0, 500)
}

/// What wants a second yes before a commit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CommitWarning {
    /// The current revision has no finished test.
    Untested,
    /// People rated its tests below 3 on average.
    RatedLow {
        /// The mean of all stars.
        mean: f64,
    },
}

impl CommitWarning {
    /// What speaks against committing a revision with this many finished tests and this mean rating.
    pub fn of(tests: i64, mean_rating: Option<f64>) -> Option<Self> {
        match mean_rating {
            _ if tests == 0 => Some(Self::Untested),
            Some(mean) if mean < 3.0 => Some(Self::RatedLow { mean }),
            Some(_) | None => None,
        }
    }
}

impl std::fmt::Display for CommitWarning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Untested => f.write_str("The current text has not been tested."),
            Self::RatedLow { mean } => write!(f, "The tests of the current text were rated {mean:.1} of 5 on average."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_pattern() {
        assert!(PromptName::parse("financial_risk_executive").is_ok());
        for bad in ["ab", "Name", "with space", "dash-ed", "ünder", &"a".repeat(51)] {
            assert!(PromptName::parse(bad).is_err(), "{bad}");
        }
        assert!(PromptName::parse(&"a".repeat(50)).is_ok());
    }

    #[test]
    fn a_name_is_suggested_from_a_title() {
        assert_eq!(
            PromptName::suggest("Financial risk, for executives!").unwrap().as_str(),
            "financial_risk_for_executives"
        );
        assert_eq!(PromptName::suggest("日本"), None);
    }

    #[test]
    fn untested_and_low_rated_texts_want_a_second_yes() {
        assert_eq!(CommitWarning::of(0, None), Some(CommitWarning::Untested));
        assert_eq!(CommitWarning::of(2, Some(2.9)), Some(CommitWarning::RatedLow { mean: 2.9 }));
        assert_eq!(CommitWarning::of(2, Some(3.0)), None);
        assert_eq!(CommitWarning::of(1, None), None);
    }
}
