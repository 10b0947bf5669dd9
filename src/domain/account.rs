//! Accounts: their names, tokens and chat identities.

use sha2::{Digest, Sha256};

use super::{AccountId, Actor, Instant, Invalid, text};
use crate::choice;

/// An account as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its name: lower case, unique.
    pub name: String,
    /// Whether it administers the service.
    pub is_admin: bool,
    /// When it was made.
    pub created_at: Instant,
}

impl Account {
    /// The account as the one who acts.
    pub fn actor(&self) -> Actor {
        Actor { account: self.id, name: self.name.clone(), is_admin: self.is_admin }
    }
}

choice! {
    /// Where a person talks to the workshop.
    pub enum Platform {
        /// `workshop chat`.
        Terminal = "terminal",
        /// A Slack workspace.
        Slack = "slack",
        /// A Discord server.
        Discord = "discord",
        /// The web page.
        Web = "web",
    }
}

/// A user of a chat platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The platform.
    pub platform: Platform,
    /// The platform's workspace or server; empty where there is none.
    pub workspace: String,
    /// The platform's id of the user.
    pub user: String,
}

/// Reads an account's name: 1 to 64 characters, letters, digits, `.`, `_`, `-` and `@`, kept in lower case.
pub fn parse_name(raw: &str) -> Result<String, Invalid> {
    let name = text::line("name", raw, 1, 64)?.to_lowercase();
    if !name.chars().all(|c| c.is_alphanumeric() || ".-_@".contains(c)) {
        return Err(Invalid::new("name", "may have letters, digits, '.', '-', '_' and '@' only"));
    }
    Ok(name)
}

/// What is stored of a token or a link: its SHA-256. Both are 256 random bits, so that no slow hash is needed.
pub fn fingerprint(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::parse_name;

    #[test]
    fn names_are_kept_in_lower_case_and_hold_no_markup() {
        assert_eq!(parse_name(" Alice ").unwrap(), "alice");
        assert!(parse_name("<!channel>").is_err());
        assert!(parse_name("").is_err());
    }
}
