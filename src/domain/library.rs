//! The library: committed prompts and their versions.

use std::collections::BTreeMap;
use std::str::FromStr;

use super::{
    Access, AccountId, DraftId, Instant, Invalid, PromptId, RevisionNumber, VersionNumber, access::Visibility, text,
};
use crate::choice;

/// The prompt that ships with the service and cannot be deleted.
pub const DEFAULT_PROMPT: &str = "auspex_default";

/// Names that stand for something else in the API's addresses.
const RESERVED: [&str; 2] = ["import", "workshop"];

/// A prompt's name: `^[a-z0-9_]{3,50}$`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PromptName(String);

impl PromptName {
    /// Reads a name.
    pub fn parse(raw: &str) -> Result<Self, Invalid> {
        if RESERVED.contains(&raw) {
            return Err(Invalid::new(
                "name",
                format!("cannot be {raw:?}, which is an address of the API; choose another"),
            ));
        }
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
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Names that point to a version.
    pub labels: BTreeMap<String, VersionNumber>,
    /// Since when it should not be used any more.
    pub deprecated_at: Option<Instant>,
    /// The name of the prompt to use instead.
    pub successor: Option<String>,
    /// How often it was asked.
    pub uses: i64,
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

/// Reads a version's note, which says why it was made: at most 500 characters.
pub fn parse_note(raw: &str) -> Result<String, Invalid> {
    text::block("note", raw, 0, 500)
}

/// Reads tags: at most 10, each one line of 1 to 30 characters without commas, in lower case; each once.
pub fn parse_tags<S: AsRef<str>>(raw: &[S]) -> Result<Vec<String>, Invalid> {
    let mut tags: Vec<String> = Vec::new();
    for tag in raw {
        let tag = text::line("tags", tag.as_ref(), 1, 30)?.to_lowercase();
        if tag.contains(',') {
            return Err(Invalid::new("tags", "are given one by one, without commas"));
        }
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    if tags.len() > 10 {
        return Err(Invalid::new("tags", format!("may be at most 10; these are {}", tags.len())));
    }
    Ok(tags)
}

/// The label that sessions and programs in use go by; only owners move it.
pub const PRODUCTION: &str = "production";

/// A name that points to one version of a prompt: `^[a-z0-9_-]{1,40}$`, and no number.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Label(String);

impl Label {
    /// Reads a label.
    pub fn parse(raw: &str) -> Result<Self, Invalid> {
        let fits = (1..=40).contains(&raw.len())
            && raw.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
        if !fits || raw.bytes().all(|b| b.is_ascii_digit()) {
            let reason = "must have 1 to 40 lower-case letters, digits, '_' or '-', and not be a number";
            return Err(Invalid::new("label", reason));
        }
        Ok(Self(raw.to_owned()))
    }

    /// The label as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What somebody must be able to do with the prompt to move it.
    pub fn needs(&self) -> Access {
        if self.0 == PRODUCTION { Access::Owner } else { Access::Editor }
    }
}

impl std::fmt::Display for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which text of a prompt is meant.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pick {
    /// The newest, whichever that is at the time.
    #[default]
    Newest,
    /// This version.
    Version(VersionNumber),
    /// The one that this label points to at the time.
    Label(Label),
}

impl Pick {
    /// Reads a version and a label of which at most one is given.
    pub fn of(version: Option<i32>, label: Option<&str>) -> Result<Self, Invalid> {
        match (version, label) {
            (None, None) => Ok(Self::Newest),
            (Some(version), None) => Ok(Self::Version(VersionNumber(version))),
            (None, Some(label)) => Label::parse(label).map(Self::Label),
            (Some(_), Some(_)) => Err(Invalid::new("label", "and version exclude each other; give one")),
        }
    }
}

/// A prompt as people type it: its name, perhaps with `@` and a version or a label.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Reference {
    /// The prompt's name.
    pub name: String,
    /// Which text of it.
    pub pick: Pick,
}

impl FromStr for Reference {
    type Err = Invalid;

    fn from_str(raw: &str) -> Result<Self, Invalid> {
        let (name, pick) = match raw.trim().split_once('@') {
            None => (raw.trim(), Pick::Newest),
            Some((name, pick)) => match pick.trim_start_matches('v').parse() {
                Ok(version) => (name, Pick::Version(VersionNumber(version))),
                Err(_) => (name, Pick::Label(Label::parse(pick)?)),
            },
        };
        Ok(Self { name: name.to_owned(), pick })
    }
}

/// What one version of a prompt shows of itself, without its text.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// Its number, from 1.
    pub number: VersionNumber,
    /// Why it was made.
    pub note: String,
    /// Who published it.
    pub author: Option<String>,
    /// The draft and the revision that it was, if it came from one.
    pub draft: Option<(DraftId, RevisionNumber)>,
    /// The labels that point to it.
    pub labels: Vec<String>,
    /// Finished tests of its text in that draft.
    pub tests: i64,
    /// The mean of their stars.
    pub mean_rating: Option<f64>,
    /// Characters of its text.
    pub length: i32,
    /// When it was published.
    pub created_at: Instant,
}

/// What the tests of a prompt's newest version came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// The prompt.
    pub prompt: PromptId,
    /// Finished tests.
    pub tests: i64,
    /// How often somebody gave them stars.
    pub ratings: i64,
    /// The mean of their stars.
    pub mean_rating: Option<f64>,
}

/// A member of a family: a prompt and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relative {
    /// Its id.
    pub id: PromptId,
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Its newest version.
    pub version: VersionNumber,
    /// What it was cloned from.
    pub parent: Option<(PromptId, VersionNumber)>,
    /// Whether it should not be used any more.
    pub deprecated: bool,
    /// Whether it was deleted.
    pub deleted: bool,
    /// How often it was asked.
    pub uses: i64,
}

choice! {
    /// How a list of prompts is sorted.
    pub enum Sort {
        /// By name.
        Name = "name",
        /// The latest change first.
        Updated = "updated",
        /// The newest prompt first.
        Created = "created",
        /// The most asked first.
        Uses = "uses",
    }
}

/// What to list of the library.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Words that must all appear in name, title, description, tags or text.
    pub query: String,
    /// Only prompts with this tag.
    pub tag: Option<String>,
    /// Only prompts that are seen by these.
    pub visibility: Option<Visibility>,
    /// The order; by name when not given.
    pub sort: Option<Sort>,
}

/// What wants a second yes before a commit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CommitWarning {
    /// Somebody published since the draft was cloned.
    Behind {
        /// The version that the draft was cloned from.
        base: VersionNumber,
        /// The newest version.
        newest: VersionNumber,
    },
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
            Self::Behind { base, newest } => write!(
                f,
                "This draft began with version {base}; version {newest} was published since, and its changes are not in \
                 this draft."
            ),
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
        for bad in ["import", "ab", "Name", "with space", "dash-ed", "ünder", &"a".repeat(51)] {
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

    #[test]
    fn a_prompt_may_be_named_with_a_version_or_a_label() {
        let read = |raw: &str| raw.parse::<Reference>().map(|reference| reference.pick);
        assert_eq!(read("risk_memo"), Ok(Pick::Newest));
        assert_eq!(read("risk_memo@3"), Ok(Pick::Version(VersionNumber(3))));
        assert_eq!(read("risk_memo@v3"), Ok(Pick::Version(VersionNumber(3))));
        assert_eq!(read("risk_memo@production"), Ok(Pick::Label(Label::parse(PRODUCTION).unwrap())));
        assert!(read("risk_memo@Not A Label").is_err());
        assert!(Label::parse("7").is_err() && Label::parse("").is_err() && Label::parse(&"a".repeat(41)).is_err());
        assert!(Pick::of(Some(1), Some("production")).is_err());
    }

    #[test]
    fn only_owners_move_what_is_in_production() {
        assert_eq!(Label::parse(PRODUCTION).unwrap().needs(), Access::Owner);
        assert_eq!(Label::parse("candidate").unwrap().needs(), Access::Editor);
    }

    #[test]
    fn tags_are_few_short_and_each_once() {
        assert_eq!(parse_tags(&["Risk ", "risk", "Shipping news"]).unwrap(), ["risk", "shipping news"]);
        assert!(parse_tags(&["a,b"]).is_err() && parse_tags(&[""]).is_err() && parse_tags(&["x".repeat(31)]).is_err());
        let many: Vec<String> = (0..11).map(|number| number.to_string()).collect();
        assert!(parse_tags(&many).is_err());
    }
}
