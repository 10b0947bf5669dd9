//! `[openid]`: the provider, and who may come in through it.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use crate::domain::{Invalid, text};

/// `[openid]`: signing in through an OpenID Connect provider.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The provider's address, exactly as it calls itself; empty for none.
    pub issuer: String,
    /// What the provider knows this service by.
    pub client_id: String,
    /// What this service proves itself by to the provider.
    pub client_secret: SecretString,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// Domains of mail addresses that may come in; empty for everybody the provider vouches for.
    pub allowed_domains: Vec<String>,
    /// What the provider is called on the button.
    pub label: String,
}

impl Settings {
    /// Whether the settings can be used.
    pub fn check(&self) -> Result<(), Invalid> {
        if self.issuer.is_empty() {
            return Ok(());
        }
        self.provider()?;
        if self.client_id.trim().is_empty() {
            return Err(Invalid::new("openid.client_id", "is needed with openid.issuer"));
        }
        if self.client_secret.expose_secret().trim().is_empty() {
            return Err(Invalid::new("openid.client_secret", "is needed with openid.issuer"));
        }
        text::line("openid.label", &self.label, 1, 40)?;
        let odd = |word: &String| word.is_empty() || word.chars().any(|c| c.is_whitespace() || c.is_control());
        if self.scopes.iter().any(odd) {
            return Err(Invalid::new("openid.scopes", "must be words, such as [\"profile\", \"email\"]"));
        }
        if self.allowed_domains.iter().any(|domain| odd(domain) || domain.contains('@')) {
            return Err(Invalid::new("openid.allowed_domains", "must be domains alone, such as [\"example.org\"]"));
        }
        Ok(())
    }

    /// The provider's address, parsed.
    pub(super) fn provider(&self) -> Result<Url, Invalid> {
        let wrong = |reason: &str| Invalid::new("openid.issuer", reason);
        let url =
            Url::parse(&self.issuer).map_err(|_| wrong("must be an address such as https://login.example.org"))?;
        if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(&url)) {
            return Err(wrong("must begin with https://, or lie on this machine"));
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("must be an address alone, without user, password, query or fragment"));
        }
        Ok(url)
    }
}

/// Whether an address is on this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(issuer: &str) -> Settings {
        Settings {
            issuer: issuer.to_owned(),
            client_id: "workshop".to_owned(),
            client_secret: SecretString::from("secret"),
            scopes: vec!["email".to_owned()],
            allowed_domains: Vec::new(),
            label: "Example".to_owned(),
        }
    }

    #[test]
    fn settings_that_cannot_work_are_refused_by_name() {
        for good in
            ["", "https://login.example.org/realms/a", "http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9"]
        {
            settings(good).check().unwrap();
        }
        for bad in ["login.example.org", "http://login.example.org", "https://u:p@x.example", "https://x.example?a=1"] {
            assert_eq!(settings(bad).check().unwrap_err().field, "openid.issuer", "{bad}");
        }
        let good = settings("https://login.example.org");
        let secretless = Settings { client_secret: SecretString::from(""), ..good.clone() };
        assert_eq!(secretless.check().unwrap_err().field, "openid.client_secret");
        assert_eq!(
            Settings { client_id: String::new(), ..good.clone() }.check().unwrap_err().field,
            "openid.client_id"
        );
        let domains = vec!["@example.org".to_owned()];
        let odd = Settings { allowed_domains: domains, ..good.clone() };
        assert_eq!(odd.check().unwrap_err().field, "openid.allowed_domains");
        assert_eq!(Settings { scopes: vec!["a b".to_owned()], ..good }.check().unwrap_err().field, "openid.scopes");
    }
}
