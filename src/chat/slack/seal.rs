//! Seals workspaces' tokens for the database, and signs the state of an installation.
//!
//! The keys are derived from the app's client secret, which every copy of the service has and the database has not.

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::{hkdf, hmac};
use secrecy::{ExposeSecret, SecretString};

/// The bytes of the nonce that stands before a sealed token.
const NONCE: usize = 12;

/// Something sealed could not be opened: another secret, another workspace, or damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it was sealed with another client secret, or is damaged")]
pub struct Broken;

/// Seals and signs.
pub struct Seal {
    token_key: [u8; 32],
    state_key: hmac::Key,
}

struct Length;

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        32
    }
}

impl Seal {
    /// With the app's client secret.
    pub fn new(client_secret: &SecretString) -> Result<Self, Broken> {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"prompt-workshop");
        let root = salt.extract(client_secret.expose_secret().as_bytes());
        let derive = |purpose: &'static [u8]| {
            let mut key = [0; 32];
            root.expand(&[purpose], Length).and_then(|okm| okm.fill(&mut key)).map_err(|_| Broken)?;
            Ok(key)
        };
        Ok(Self {
            token_key: derive(b"slack bot tokens")?,
            state_key: hmac::Key::new(hmac::HMAC_SHA256, &derive(b"slack oauth state")?),
        })
    }

    /// A token sealed for its workspace: put beside another one it does not open.
    pub fn seal(&self, workspace: &str, token: &SecretString) -> Result<Vec<u8>, Broken> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, &self.token_key).map_err(|_| Broken)?;
        let mut sealed = token.expose_secret().as_bytes().to_vec();
        let nonce = key.seal_in_place_append_tag(Aad::from(workspace.as_bytes()), &mut sealed).map_err(|_| Broken)?;
        Ok([nonce.as_ref().as_slice(), &sealed].concat())
    }

    /// The token.
    pub fn open(&self, workspace: &str, sealed: &[u8]) -> Result<SecretString, Broken> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, &self.token_key).map_err(|_| Broken)?;
        let (nonce, sealed) = sealed.split_at_checked(NONCE).ok_or(Broken)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Broken)?;
        let mut opened = sealed.to_vec();
        let token = key.open_in_place(nonce, Aad::from(workspace.as_bytes()), &mut opened).map_err(|_| Broken)?;
        let token = std::str::from_utf8(token).map_err(|_| Broken)?;
        Ok(SecretString::from(token.to_owned()))
    }

    /// A signed text.
    pub fn sign(&self, text: &str) -> String {
        let tag = hmac::sign(&self.state_key, text.as_bytes());
        format!("{text}.{}", hex(tag.as_ref()))
    }

    /// The text of a signed one.
    pub fn verify<'a>(&self, signed: &'a str) -> Result<&'a str, Broken> {
        let (text, tag) = signed.rsplit_once('.').ok_or(Broken)?;
        let tag: Option<Vec<u8>> =
            tag.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect();
        hmac::verify(&self.state_key, text.as_bytes(), &tag.ok_or(Broken)?).map_err(|_| Broken)?;
        Ok(text)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(secret: &str) -> Seal {
        Seal::new(&SecretString::from(secret.to_owned())).unwrap()
    }

    #[test]
    fn a_token_opens_with_its_secret_in_its_workspace_only() {
        let token = SecretString::from("xoxb-1-2-abc".to_owned());
        let sealed = seal("one").seal("T1", &token).unwrap();
        assert!(!String::from_utf8_lossy(&sealed).contains("xoxb"));
        assert_eq!(seal("one").open("T1", &sealed).unwrap().expose_secret(), "xoxb-1-2-abc");
        assert!(seal("one").open("T2", &sealed).is_err());
        assert!(seal("two").open("T1", &sealed).is_err());
        assert!(seal("one").open("T1", &sealed[..10]).is_err());
        assert_ne!(sealed, seal("one").seal("T1", &token).unwrap(), "each sealing is its own");
    }

    #[test]
    fn a_state_is_read_back_and_cannot_be_forged() {
        let signed = seal("one").sign("1700000000.abc");
        assert_eq!(seal("one").verify(&signed), Ok("1700000000.abc"));
        assert!(seal("two").verify(&signed).is_err());
        assert!(seal("one").verify(&signed.replace('7', "8")).is_err());
        for broken in ["", ".", "a", "a.zz", "1700000000.abc"] {
            assert!(seal("one").verify(broken).is_err(), "{broken}");
        }
    }
}
