//! Links: one address for one story, however it is written, and what else it is known by.

use sha2::{Digest, Sha256};
use url::Url;

use super::{FeedId, Invalid};

/// Parameters that say where a reader came from, not what is read.
const TRACKING: &[&str] = &[
    "_hsenc",
    "_hsmi",
    "at_campaign",
    "at_medium",
    "cmp",
    "cmpid",
    "dclid",
    "fb_action_ids",
    "fb_action_types",
    "fbclid",
    "feature",
    "ftag",
    "gclid",
    "gclsrc",
    "icid",
    "igshid",
    "mc_cid",
    "mc_eid",
    "mkt_tok",
    "msclkid",
    "ncid",
    "ocid",
    "rss",
    "smid",
    "spm",
    "sr_share",
    "taid",
    "twclid",
    "wt_mc",
    "wt.mc_id",
    "xtor",
    "yclid",
];

/// Beginnings of such parameters.
const TRACKING_FAMILIES: &[&str] = &["utm_", "pk_", "mtm_", "hsa_"];

/// Hosts that only count readers and pass them on.
const COUNTING_HOSTS: &[&str] =
    &["feedproxy.google.com", "feeds.feedburner.com", "rss.feedsportal.com", "feeds.feedblitz.com"];

/// Reads a link as its canonical address, which still leads to the story: without tracking, fragment, user and password.
pub fn canonical(raw: &str) -> Result<String, Invalid> {
    let wrong = || Invalid::new("uri", "must be an http or https address");
    let mut url = Url::parse(raw.trim()).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(wrong());
    }
    // Neither can be refused for an address with a host.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    // Some old sites keep the page in a fragment that begins so.
    if !url.fragment().is_some_and(|fragment| fragment.starts_with('!')) {
        url.set_fragment(None);
    }
    if let Some(query) = url.query() {
        let kept: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty() && !is_tracking(pair)).collect();
        let kept = kept.join("&");
        url.set_query((!kept.is_empty()).then_some(&kept));
    }
    // Quotes stay as they are in some places of a URL; an article's address has none.
    Ok(String::from(url).replace('"', "%22").replace('<', "%3C").replace('>', "%3E"))
}

fn is_tracking(pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or_default().to_ascii_lowercase();
    TRACKING.contains(&name.as_str()) || TRACKING_FAMILIES.iter().any(|family| name.starts_with(family))
}

/// Whether an address only counts the reader, and leads elsewhere.
pub fn only_counts(address: &str) -> bool {
    let url = Url::parse(address).ok();
    url.as_ref().and_then(Url::host_str).is_some_and(|host| COUNTING_HOSTS.contains(&host))
}

/// What an article is known by, hashed: keys are of one length, whatever others put into links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key([u8; 32]);

impl Key {
    /// Of a link: the same however scheme, `www.`, a slash at the end and the order of parameters are written.
    pub fn of_link(raw: &str) -> Option<Self> {
        let url = Url::parse(&canonical(raw).ok()?).ok()?;
        let host = url.host_str()?;
        let host = host.strip_prefix("www.").unwrap_or(host);
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let mut pairs: Vec<&str> = url.query().map(|query| query.split('&').collect()).unwrap_or_default();
        pairs.sort_unstable();
        let fragment = url.fragment().unwrap_or_default();
        Some(Self::hash(&format!(
            "link {host}{port}{}?{}#{fragment}",
            url.path().trim_end_matches('/'),
            pairs.join("&")
        )))
    }

    /// Of an entry, by what its feed knows it by.
    pub fn of_entry(feed: FeedId, id: &str) -> Option<Self> {
        (!id.is_empty()).then(|| Self::hash(&format!("entry {feed} {id}")))
    }

    fn hash(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// As it is stored.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The ways in which an article that came otherwise may spell this address.
pub fn spellings(raw: &str) -> Vec<String> {
    let mut spellings = vec![raw.trim().to_owned()];
    if let Ok(address) = canonical(raw) {
        let bare = address.split_once("://").map_or(address.as_str(), |(_, bare)| bare);
        let (path, query) = bare.split_once('?').map_or((bare, ""), |(path, query)| (path, query));
        let query = if query.is_empty() { String::new() } else { format!("?{query}") };
        let path = path.trim_end_matches('/');
        for scheme in ["https", "http"] {
            for slash in ["", "/"] {
                spellings.push(format!("{scheme}://{path}{slash}{query}"));
            }
        }
    }
    spellings.sort_unstable();
    spellings.dedup();
    spellings
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tracking_and_fragments_go_and_what_is_read_stays() {
        for (raw, canonical_one) in [
            ("https://Example.org/a?utm_source=rss&id=7&UTM_Medium=x#top", "https://example.org/a?id=7"),
            ("http://example.org:80/a?fbclid=1", "http://example.org/a"),
            ("https://user:pass@example.org/a", "https://example.org/a"),
            ("https://example.org", "https://example.org/"),
            ("https://example.org/#!/story/7", "https://example.org/#!/story/7"),
            ("https://example.org/a?b=1&a=2", "https://example.org/a?b=1&a=2"),
            ("https://example.org/ü", "https://example.org/%C3%BC"),
        ] {
            assert_eq!(canonical(raw).unwrap(), canonical_one, "{raw}");
        }
        for raw in ["javascript:alert(1)", "mailto:a@example.org", "urn:uuid:1", "/relative", "", "https://"] {
            assert!(canonical(raw).is_err(), "{raw}");
        }
    }

    #[test]
    fn spellings_of_one_link_have_one_key() {
        let key = Key::of_link("https://example.org/a/?id=7&x=1");
        for raw in [
            "http://www.example.org/a?x=1&id=7",
            "https://EXAMPLE.org/a/?utm_source=feed&id=7&x=1#comments",
            "https://example.org:443/a?id=7&x=1&fbclid=Q",
        ] {
            assert_eq!(Key::of_link(raw), key, "{raw}");
        }
        for raw in
            ["https://example.org/a?id=8&x=1", "https://example.org/A?id=7&x=1", "https://example.com/a?id=7&x=1"]
        {
            assert_ne!(Key::of_link(raw), key, "{raw}");
        }
        assert_ne!(Key::of_entry(FeedId(1), "1"), Key::of_entry(FeedId(2), "1"));
        assert!(spellings("https://example.org/a?utm_source=x").contains(&"http://example.org/a/".to_owned()));
    }

    proptest! {
        #[test]
        fn a_canonical_link_stays_as_it_is(path in "[a-zA-Z0-9/._~-]{0,30}", query in "[a-z]{1,8}=[a-zA-Z0-9%]{0,8}(&[a-z_]{1,8}=[0-9]{0,5}){0,4}") {
            let once = canonical(&format!("https://example.org/{path}?{query}#x")).unwrap();
            prop_assert_eq!(canonical(&once).unwrap(), once.clone());
            prop_assert_eq!(Key::of_link(&once), Key::of_link(&format!("{once}#part")));
        }

        #[test]
        fn tracking_never_changes_the_key(id in 0u32..1_000, name in "utm_[a-z]{1,8}", value in "[a-z0-9]{0,8}") {
            let plain = format!("https://example.org/story?id={id}");
            prop_assert_eq!(Key::of_link(&plain), Key::of_link(&format!("{plain}&{name}={value}")));
        }
    }
}
