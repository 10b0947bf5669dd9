//! Accounts: their names, tokens and chat identities.

use sha2::{Digest, Sha256};

use super::{AccountId, Actor, Instant, Invalid, TokenId, text};
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

/// An API token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// What its owner calls it; empty where nobody named it.
    pub name: String,
    /// When it was made.
    pub created_at: Instant,
    /// When it was used last, give or take an hour.
    pub used_at: Option<Instant>,
}

/// A user of an OpenID Connect provider: together, these two never change and are never given to somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenIdUser {
    /// The provider.
    pub issuer: String,
    /// The provider's id of the user.
    pub subject: String,
}

/// What a provider says of somebody who signed in there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introduced {
    /// Who it is.
    pub user: OpenIdUser,
    /// What to call an account that is made for them.
    pub name: String,
    /// What to call them on pages: the mail address, else the name; may be empty.
    pub label: String,
}

/// A user of an OpenID Connect provider, as the account sees it that the user acts as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenIdIdentity {
    /// The provider.
    pub issuer: String,
    /// What the provider calls the user.
    pub label: String,
    /// Since when the user acts as the account.
    pub since: Instant,
}

/// Reads a token's name: one line of 1 to 60 characters.
pub fn parse_token_name(raw: &str) -> Result<String, Invalid> {
    text::line("name", raw, 1, 60)
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
    use super::{parse_name, parse_token_name};

    #[test]
    fn names_are_kept_in_lower_case_and_hold_no_markup() {
        assert_eq!(parse_name(" Alice ").unwrap(), "alice");
        assert!(parse_name("<!channel>").is_err());
        assert!(parse_name("").is_err());
    }

    #[test]
    fn a_tokens_name_is_one_line() {
        assert_eq!(parse_token_name(" Nightly\n report ").unwrap(), "Nightly report");
        assert!(parse_token_name(" ").is_err());
        assert!(parse_token_name(&"x".repeat(61)).is_err());
    }
}
