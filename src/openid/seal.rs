//! Seals what a browser keeps for us between two requests, so that it can neither be read nor changed there.
//!
//! The key is derived from the client secret, which every copy of the service has.

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The bytes of the nonce that stands before what is sealed.
const NONCE: usize = 12;

/// What something is sealed for; it opens for nothing else.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    /// A sign-in that has begun.
    SignIn,
    /// An account's wish to be reached through the provider, too.
    Join,
}

impl Purpose {
    fn words(self) -> &'static [u8] {
        match self {
            Self::SignIn => b"sign in",
            Self::Join => b"join",
        }
    }
}

/// Seals and opens.
pub(super) struct Seal {
    key: [u8; 32],
}

struct Length;

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        32
    }
}

impl Seal {
    /// With the client secret.
    pub(super) fn new(client_secret: &SecretString) -> Option<Self> {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"prompt-workshop");
        let root = salt.extract(client_secret.expose_secret().as_bytes());
        let mut key = [0; 32];
        root.expand(&[b"openid"], Length).and_then(|okm| okm.fill(&mut key)).ok()?;
        Some(Self { key })
    }

    /// Something sealed, in hexadecimal.
    pub(super) fn close(&self, purpose: Purpose, what: &impl Serialize) -> Option<String> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, &self.key).ok()?;
        let mut sealed = serde_json::to_vec(what).ok()?;
        let nonce = key.seal_in_place_append_tag(Aad::from(purpose.words()), &mut sealed).ok()?;
        Some(nonce.as_ref().iter().chain(&sealed).map(|byte| format!("{byte:02x}")).collect())
    }

    /// What was sealed; `None` when it was not sealed here, or for something else.
    pub(super) fn open<T: DeserializeOwned>(&self, purpose: Purpose, sealed: &str) -> Option<T> {
        let pairs = sealed.as_bytes().chunks(2);
        let bytes: Option<Vec<u8>> =
            pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect();
        let bytes = bytes?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE)?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, &self.key).ok()?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut opened = sealed.to_vec();
        serde_json::from_slice(key.open_in_place(nonce, Aad::from(purpose.words()), &mut opened).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(secret: &str) -> Seal {
        Seal::new(&SecretString::from(secret.to_owned())).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_with_its_secret_for_its_purpose_only() {
        let sealed = seal("one").close(Purpose::SignIn, &"state").unwrap();
        assert_eq!(seal("one").open(Purpose::SignIn, &sealed), Some("state".to_owned()));
        assert_eq!(seal("one").open::<String>(Purpose::Join, &sealed), None);
        assert_eq!(seal("two").open::<String>(Purpose::SignIn, &sealed), None);
        let changed = format!("{}{}", if sealed.starts_with('0') { "1" } else { "0" }, &sealed[1..]);
        for broken in ["", "zz", "é", &sealed[..10], &changed] {
            assert_eq!(seal("one").open::<String>(Purpose::SignIn, broken), None, "{broken}");
        }
    }
}
