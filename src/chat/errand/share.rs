//! Errands about who may do what with a draft or a prompt.

use serde::{Deserialize, Serialize};

use super::{Caller, Errand as Any, Given, Noun, Word, comment, word};
use crate::chat::command::Unclear;
use crate::chat::reply::{self, Reply};
use crate::chat::slot::{Kind, Slot, needed, optional};
use crate::domain::access::Visibility;
use crate::domain::account::{Identity, Platform};
use crate::domain::place::Place;
use crate::domain::sharing::{Target, Who};
use crate::domain::{Access, Invalid};
use crate::workshop::Error;
use crate::workshop::comment::NewComment;

/// How much of the record one reply shows.
const LISTED: i64 = 20;

/// What can be said about sharing; targets and people are as they were typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Errand {
    /// Share it.
    Add {
        /// With whom.
        who: String,
        /// What they may do.
        access: Option<Access>,
        /// What.
        target: Option<String>,
    },
    /// Show who may do what.
    List {
        /// With what.
        target: Option<String>,
    },
    /// Take away what somebody may do.
    Remove {
        /// Who.
        who: String,
        /// With what.
        target: Option<String>,
    },
    /// Give up what one may do.
    Leave {
        /// With what.
        target: Option<String>,
    },
    /// Make somebody else the owner.
    Transfer {
        /// Who.
        who: String,
        /// Of what.
        target: Option<String>,
    },
    /// Make a link.
    Link {
        /// What it gives.
        access: Option<Access>,
        /// To what.
        target: Option<String>,
    },
    /// Make every link work no more.
    Unlink {
        /// To what.
        target: Option<String>,
    },
    /// Come in by a link.
    Accept {
        /// Its code or address.
        code: String,
    },
    /// Change who sees it without being named.
    Visibility {
        /// Who.
        level: Visibility,
        /// What.
        target: Option<String>,
    },
    /// Show who did what.
    Log {
        /// With what.
        target: Option<String>,
    },
    /// Comment on it.
    Comment {
        /// On what.
        target: String,
        /// What is said.
        text: String,
    },
}

const LEVELS: &[&str] = &["viewer", "commenter", "editor"];
const SEEN: &[&str] = &["private", "team", "public"];
const WHO: Slot = needed("who", Kind::Text(100), "@somebody, or team:NAME");
const ACCESS: Slot = optional("access", Kind::Choice(LEVELS), "What they may do");
const TARGET: Slot = optional("target", Kind::Text(60), "Draft number or prompt name");

const WORDS: &[Word] = &[
    word("share add", "WHO [ACCESS] [TARGET]", "share a draft or prompt", &[WHO, ACCESS, TARGET]),
    word("share list", "[TARGET]", "show who may do what", &[TARGET]),
    word("share remove", "WHO [TARGET]", "take access away", &[WHO, TARGET]),
    word("share leave", "[TARGET]", "give up your access", &[TARGET]),
    word("share transfer", "WHO [TARGET]", "make somebody the owner", &[WHO, TARGET]),
    word("share link", "[ACCESS] [TARGET]", "make an invitation link", &[ACCESS, TARGET]),
    word("share unlink", "[TARGET]", "revoke its links", &[TARGET]),
    word("share accept", "CODE", "come in by a link", &[needed("code", Kind::Text(300), "The link or its code")]),
    word(
        "share visibility",
        "LEVEL [TARGET]",
        "choose who sees it",
        &[needed("level", Kind::Choice(SEEN), "private, team or public"), TARGET],
    ),
    word("share log", "[TARGET]", "show who did what", &[TARGET]),
    word(
        "share comment",
        "TARGET TEXT",
        "comment on a draft or prompt",
        &[
            needed("target", Kind::Text(60), "Draft number or prompt name"),
            needed("text", Kind::Text(2_000), "Your comment; @name mentions"),
        ],
    ),
];

pub(super) const NOUN: Noun = Noun { words: WORDS, read };

fn read(given: &Given<'_>) -> Result<Any, Unclear> {
    let target = || given.some("target");
    Ok(Any::Share(match given.verb {
        "share add" => {
            let who = given.needed("who")?;
            let (access, target) = access_and_target(given)?;
            Errand::Add { who, access, target }
        }
        "share list" => Errand::List { target: target() },
        "share remove" => Errand::Remove { who: given.needed("who")?, target: target() },
        "share leave" => Errand::Leave { target: target() },
        "share transfer" => Errand::Transfer { who: given.needed("who")?, target: target() },
        "share link" => {
            let (access, target) = access_and_target(given)?;
            Errand::Link { access, target }
        }
        "share unlink" => Errand::Unlink { target: target() },
        "share accept" => Errand::Accept { code: given.needed("code")? },
        "share visibility" => Errand::Visibility { level: given.parsed_needed("level")?, target: target() },
        "share log" => Errand::Log { target: target() },
        "share comment" => Errand::Comment { target: given.needed("target")?, text: given.needed("text")? },
        _ => return Err(given.usage()),
    }))
}

/// Both may be left out, so that what stands in the place of the access may be the target.
fn access_and_target(given: &Given<'_>) -> Result<(Option<Access>, Option<String>), Unclear> {
    match (given.some("access"), given.some("target")) {
        (None, target) => Ok((None, target)),
        (Some(word), target) => match (word.to_lowercase().parse(), target) {
            (Ok(access), target) => Ok((Some(access), target)),
            (Err(_), None) => Ok((None, Some(word))),
            (Err(_), Some(_)) => Err(given.usage()),
        },
    }
}

impl Errand {
    pub(super) fn only_reads(&self) -> bool {
        match self {
            Self::List { .. } | Self::Log { .. } => true,
            Self::Add { .. }
            | Self::Remove { .. }
            | Self::Leave { .. }
            | Self::Transfer { .. }
            | Self::Link { .. }
            | Self::Unlink { .. }
            | Self::Accept { .. }
            | Self::Visibility { .. }
            | Self::Comment { .. } => false,
        }
    }

    pub(super) fn typed(&self) -> &str {
        match self {
            Self::Comment { text, .. } => text,
            Self::Add { .. }
            | Self::List { .. }
            | Self::Remove { .. }
            | Self::Leave { .. }
            | Self::Transfer { .. }
            | Self::Link { .. }
            | Self::Unlink { .. }
            | Self::Accept { .. }
            | Self::Visibility { .. }
            | Self::Log { .. } => "",
        }
    }

    pub(super) async fn run(&self, caller: &Caller<'_>) -> Result<Reply, Error> {
        let Caller { workshop, actor, marker, .. } = caller;
        match self {
            Self::Add { who, access, target } => {
                let (target, who) = (caller.target(target.as_deref()).await?, caller.who(who)?);
                let access = access.unwrap_or(Access::Commenter);
                Ok(reply::shares(&workshop.share(actor, &target, &who, access).await?, &target))
            }
            Self::List { target } => {
                let target = caller.target(target.as_deref()).await?;
                Ok(reply::shares(&workshop.shares(actor, &target).await?, &target))
            }
            Self::Remove { who, target } => {
                let (target, who) = (caller.target(target.as_deref()).await?, caller.who(who)?);
                Ok(reply::shares(&workshop.unshare(actor, &target, &who).await?, &target))
            }
            Self::Leave { target } => {
                let target = caller.target(target.as_deref()).await?;
                workshop.leave(actor, &target).await?;
                Ok(reply::left(&target))
            }
            Self::Transfer { who, target } => {
                let (target, who) = (caller.target(target.as_deref()).await?, caller.who(who)?);
                Ok(reply::shares(&workshop.transfer(actor, &target, &who).await?, &target))
            }
            Self::Link { access, target } => {
                let target = caller.target(target.as_deref()).await?;
                let access = access.unwrap_or(Access::Viewer);
                let (invite, code) = workshop.create_invite(actor, &target, access, None).await?;
                Ok(reply::invite(&invite, &workshop.invite_url(&code), &target, marker))
            }
            Self::Unlink { target } => {
                let target = caller.target(target.as_deref()).await?;
                let invites = workshop.invites(actor, &target).await?;
                for invite in &invites {
                    workshop.revoke_invite(actor, &target, invite.id).await?;
                }
                Ok(reply::unlinked(invites.len(), &target))
            }
            Self::Accept { code } => Ok(reply::came_in(&workshop.accept_invite(actor, code).await?, marker)),
            Self::Visibility { level, target } => {
                let target = caller.target(target.as_deref()).await?;
                Ok(reply::shares(&workshop.set_visibility(actor, &target, *level).await?, &target))
            }
            Self::Log { target } => {
                let target = caller.target(target.as_deref()).await?;
                let (recorded, total) = workshop.activity_of(actor, &target, LISTED, 0).await?;
                Ok(reply::activity(&recorded, total, &target))
            }
            Self::Comment { target, text } => {
                let target = Target::parse(target)?;
                let text = comment::with_names(caller, text).await?;
                let new = NewComment { text, ..NewComment::default() };
                Ok(reply::commented(&workshop.write_comment(actor, &target, new, caller.key).await?))
            }
        }
    }
}

impl Caller<'_> {
    /// What is meant: what was named, else the draft that lives here or was used last.
    pub(super) async fn target(&self, named: Option<&str>) -> Result<Target, Error> {
        match named {
            Some(named) => Ok(Target::parse(named)?),
            None => Ok(Target::Draft(self.draft(None).await?.id)),
        }
    }

    /// Who is meant: somebody mentioned as the platform writes it, an account, a team.
    fn who(&self, typed: &str) -> Result<Who, Invalid> {
        match (typed.starts_with('<'), self.place) {
            (true, Some(place)) => {
                let (identity, label) = mentioned(typed, place).ok_or_else(nobody)?;
                Ok(Who::Mentioned { identity, label })
            }
            (true, None) => Err(nobody()),
            (false, _) => Who::parse(typed),
        }
    }
}

fn nobody() -> Invalid {
    Invalid::new("who", "is a person, as @name, or a team, as team:NAME")
}

/// Who is mentioned by `<@ID>`, `<@!ID>` or `<@ID|label>` in a place.
pub(super) fn mentioned(typed: &str, place: &Place) -> Option<(Identity, Option<String>)> {
    let inside = typed.strip_prefix("<@")?.strip_suffix('>')?;
    let inside = inside.strip_prefix('!').unwrap_or(inside);
    let (id, label) = inside.split_once('|').map_or((inside, None), |(id, label)| (id, Some(label.to_owned())));
    let fits = (1..=30).contains(&id.len())
        && match place.platform {
            Platform::Discord => id.bytes().all(|b| b.is_ascii_digit()),
            Platform::Slack => {
                id.starts_with(['U', 'W']) && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
            }
            Platform::Terminal | Platform::Web => false,
        };
    let identity = Identity { platform: place.platform, workspace: place.realm().to_owned(), user: id.to_owned() };
    fits.then_some((identity, label))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::errand::parse;

    fn place(platform: Platform) -> Place {
        Place { platform, workspace: "T1".to_owned(), channel: "C1".to_owned(), thread: String::new() }
    }

    #[test]
    fn what_is_left_out_is_found_out() {
        let add = |access, target: Option<&str>| {
            let target = target.map(str::to_owned);
            Some(Ok(Any::Share(Errand::Add { who: "@bob".to_owned(), access, target })))
        };
        assert_eq!(parse("share add @bob"), add(None, None));
        assert_eq!(parse("share add @bob editor"), add(Some(Access::Editor), None));
        assert_eq!(parse("share add @bob 7"), add(None, Some("7")));
        assert_eq!(parse("share add @bob viewer risk_brief"), add(Some(Access::Viewer), Some("risk_brief")));
    }

    #[test]
    fn mentions_are_read_as_the_platform_writes_them() {
        let (identity, label) = mentioned("<@U2|bob>", &place(Platform::Slack)).unwrap();
        assert_eq!((identity.user.as_str(), identity.workspace.as_str()), ("U2", "T1"));
        assert_eq!(label.as_deref(), Some("bob"));
        let (identity, _) = mentioned("<@!123>", &place(Platform::Discord)).unwrap();
        assert_eq!((identity.user.as_str(), identity.workspace.as_str()), ("123", ""));
        for nobody in ["<@&123>", "<!channel>", "<@>", "<@U2"] {
            assert_eq!(mentioned(nobody, &place(Platform::Discord)), None, "{nobody}");
        }
    }
}
