//! Sharing: what is shared, with whom, and who is mentioned in a comment.

use super::access::Visibility;
use super::account::{Identity, parse_name};
use super::library::PromptName;
use super::{Access, AccountId, DraftId, Instant, Invalid, PromptId, text};
use crate::choice;

/// The team that every account belongs to but guests.
pub const EVERYONE: &str = "everyone";

/// The most people that one comment mentions.
pub const MENTIONS: usize = 10;

/// What is meant, as a person names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A draft, by its number.
    Draft(DraftId),
    /// A prompt, by its name.
    Prompt(String),
}

impl Target {
    /// Reads a draft's number or a prompt's name.
    pub fn parse(raw: &str) -> Result<Self, Invalid> {
        let raw = raw.trim().trim_start_matches('#');
        match raw.parse() {
            Ok(id) => Ok(Self::Draft(id)),
            Err(_) => Ok(Self::Prompt(PromptName::parse(raw).map_err(|_| wrong_target())?.as_str().to_owned())),
        }
    }
}

fn wrong_target() -> Invalid {
    Invalid::new("target", "is a draft's number, such as 7, or a prompt's name, such as auspex_default")
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Draft(id) => write!(f, "draft {id}"),
            Self::Prompt(name) => f.write_str(name),
        }
    }
}

/// What can be shared, by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thing {
    /// A draft.
    Draft(DraftId),
    /// A prompt.
    Prompt(PromptId),
}

impl Thing {
    /// The draft, if it is one.
    pub fn draft(self) -> Option<DraftId> {
        match self {
            Self::Draft(id) => Some(id),
            Self::Prompt(_) => None,
        }
    }

    /// The prompt, if it is one.
    pub fn prompt(self) -> Option<PromptId> {
        match self {
            Self::Draft(_) => None,
            Self::Prompt(id) => Some(id),
        }
    }
}

/// Somebody that a thing is shared with, as a person names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// An account, by its name.
    Person(String),
    /// A user of a chat platform, mentioned there; an account is made on first use.
    Mentioned {
        /// The user.
        identity: Identity,
        /// What the platform calls them, where it told.
        label: Option<String>,
    },
    /// A team, by its name.
    Team(String),
}

impl Who {
    /// Reads the name of an account, with or without `@`, or `team:NAME`.
    pub fn parse(raw: &str) -> Result<Self, Invalid> {
        let raw = raw.trim();
        match raw.strip_prefix("team:") {
            Some(team) => HolderKind::Team.who(team),
            None => HolderKind::Person.who(raw.strip_prefix('@').unwrap_or(raw)),
        }
    }
}

choice! {
    /// What a thing can be shared with.
    pub enum HolderKind {
        /// An account.
        Person = "person",
        /// A team.
        Team = "team",
    }
}

impl HolderKind {
    /// Who is meant by a name of this kind.
    pub fn who(self, name: &str) -> Result<Who, Invalid> {
        match self {
            Self::Person => {
                let name = parse_name(name).map_err(|invalid| Invalid::new("person", invalid.reason))?;
                Ok(Who::Person(name))
            }
            Self::Team => Ok(Who::Team(parse_team(name)?)),
        }
    }
}

/// Who holds a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// An account.
    Person(String),
    /// A team.
    Team(String),
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Person(name) => f.write_str(name),
            Self::Team(name) => write!(f, "team {name}"),
        }
    }
}

/// One grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Who holds it.
    pub holder: Holder,
    /// What they may do.
    pub access: Access,
    /// Since when.
    pub since: Instant,
}

/// Who may do what with a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shares {
    /// What it is called.
    pub name: String,
    /// The owner's name; nobody owns what ships with the service.
    pub owner: Option<String>,
    /// Who sees it without being named.
    pub visibility: Visibility,
    /// The team that it is visible to, when it is visible to a team.
    pub team: String,
    /// What the one who asks may do.
    pub yours: Access,
    /// Who may do what, people before teams, by name.
    pub grants: Vec<Grant>,
}

/// A group of accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// Its name.
    pub name: String,
    /// The names of its members.
    pub members: Vec<String>,
}

/// A comment on a draft or a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its id.
    pub id: super::CommentId,
    /// Who wrote it, while they have an account.
    pub author: Option<AccountId>,
    /// Their name.
    pub author_name: Option<String>,
    /// What it says.
    pub text: String,
    /// The comment that it answers.
    pub reply_to: Option<super::CommentId>,
    /// The test that it is about.
    pub trial: Option<super::TrialId>,
    /// When it was written.
    pub created_at: Instant,
}

/// A link that lets people in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// Its id.
    pub id: super::InviteId,
    /// What it gives.
    pub access: Access,
    /// Who made it.
    pub created_by: Option<String>,
    /// When.
    pub created_at: Instant,
    /// Until when it works.
    pub expires_at: Instant,
    /// How many people have used it.
    pub uses: i32,
}

/// Reads a team's name: 2 to 40 characters, lower-case letters, digits, `-` and `_`.
pub fn parse_team(raw: &str) -> Result<String, Invalid> {
    let name = raw.trim().to_lowercase();
    let fits = (2..=40).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-')
        && name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if fits {
        Ok(name)
    } else {
        Err(Invalid::new(
            "team",
            "must have 2 to 40 lower-case letters, digits, '-' and '_', and begin with none of these two",
        ))
    }
}

/// Reads what can be given to others; owning is transferred, not given.
pub fn parse_given(access: Access) -> Result<Access, Invalid> {
    match access {
        Access::Viewer | Access::Commenter | Access::Editor => Ok(access),
        Access::Owner => {
            Err(Invalid::new("access", "is viewer, commenter or editor; owning it is transferred instead"))
        }
    }
}

/// Reads a comment: 1 to 2,000 characters.
pub fn parse_comment(raw: &str) -> Result<String, Invalid> {
    text::block("text", raw, 1, 2_000)
}

/// Reads for how many days an invitation works: 1 to 90, 7 when not said.
pub fn parse_days(days: Option<i64>) -> Result<i64, Invalid> {
    match days.unwrap_or(7) {
        days @ 1..=90 => Ok(days),
        _ => Err(Invalid::new("expires_in_days", "must be 1 to 90")),
    }
}

/// The names that a comment may mention by `@name`, each as it stands and without a full stop behind it.
pub fn mentioned(comment: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut before = ' ';
    for (at, c) in comment.char_indices() {
        // An address such as a@b.example mentions nobody.
        if c == '@' && !before.is_alphanumeric() {
            let fits = |c: &char| c.is_alphanumeric() || ".-_@".contains(*c);
            let name: String = comment[at + 1..].chars().take_while(fits).collect();
            for name in [name.trim_end_matches(['.', '-', '_']), &name] {
                let name = name.to_lowercase();
                if !name.is_empty() && !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        before = c;
    }
    names.truncate(MENTIONS * 2);
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_number_or_a_name() {
        assert_eq!(Target::parse("#7"), Ok(Target::Draft(DraftId(7))));
        assert_eq!(Target::parse("risk_brief"), Ok(Target::Prompt("risk_brief".to_owned())));
        assert!(Target::parse("Not a name").is_err());
    }

    #[test]
    fn people_and_teams_are_named() {
        assert_eq!(Who::parse("@Bob"), Ok(Who::Person("bob".to_owned())));
        assert_eq!(Who::parse("team:desk-2"), Ok(Who::Team("desk-2".to_owned())));
        assert!(Who::parse("team:-").is_err());
        assert!(Who::parse("<!channel>").is_err());
    }

    #[test]
    fn mentions_are_found_where_people_mean_them() {
        assert_eq!(mentioned("@bob, see @Carol.Smith."), ["bob", "carol.smith", "carol.smith."]);
        assert_eq!(mentioned("write to me@example.org"), Vec::<String>::new());
        assert_eq!(mentioned("(@bob) @bob"), ["bob"]);
    }

    #[test]
    fn owning_is_not_given() {
        assert!(parse_given(Access::Owner).is_err());
        assert_eq!(parse_given(Access::Editor), Ok(Access::Editor));
    }
}
