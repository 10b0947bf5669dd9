//! Who acts, and what they may do with a draft or a prompt.

use super::AccountId;
use crate::choice;

/// Who does something: a person or a service, known by a token, a link or a chat identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The account that acts.
    pub account: AccountId,
    /// Its name, for people.
    pub name: String,
    /// Whether it may also administer the service (import articles, read every metric).
    pub is_admin: bool,
}

choice! {
    /// What someone may do with a draft or prompt. Each includes those before it.
    pub enum Access {
        /// May read, and clone what is committed.
        Viewer = "viewer",
        /// May also talk, comment, test and rate.
        Commenter = "commenter",
        /// May also change the text and publish.
        Editor = "editor",
        /// May also delete, share and transfer.
        Owner = "owner",
    }
}

choice! {
    /// Who sees a prompt without being named.
    pub enum Visibility {
        /// Only those it is shared with.
        Private = "private",
        /// Everyone of the team.
        Team = "team",
        /// Everyone.
        Public = "public",
    }
}

impl Access {
    /// Whether this access is enough for what needs `needed`.
    pub fn allows(self, needed: Self) -> bool {
        self >= needed
    }
}

#[cfg(test)]
mod tests {
    use super::Access;

    #[test]
    fn each_access_includes_those_before_it() {
        assert!(Access::Owner.allows(Access::Editor));
        assert!(Access::Commenter.allows(Access::Commenter));
        assert!(!Access::Commenter.allows(Access::Editor));
    }
}
