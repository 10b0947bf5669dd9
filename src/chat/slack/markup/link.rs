//! A link or image, shown as Slack's link where Slack may have it, else as text.

use super::guard;
use crate::domain::markdown::fold;

/// A link or image whose title is being read.
pub struct Link {
    pub url: String,
    pub title: String,
    /// How many links and images within it are open; they give only their text.
    pub within: usize,
}

impl Link {
    /// As Slack's link, if it has an address that Slack may open.
    pub fn control(&self) -> Option<String> {
        if !is_linkable(&self.url) {
            return None;
        }
        let mut out = format!("<{}", encoded(&self.url));
        let title = fold(&self.title);
        if !title.is_empty() && title != self.url {
            out.push('|');
            guard::guard(&mut out, &title.replace('|', "¦"), &[]);
        }
        out.push('>');
        Some(out)
    }

    /// As text, not yet escaped.
    pub fn text(&self) -> String {
        let title = fold(&self.title);
        if title.is_empty() || title == self.url {
            return self.url.clone();
        }
        let says_all = self.url.is_empty() || self.url.strip_prefix("mailto:") == Some(title.as_str());
        if says_all { title } else { format!("{title} ({})", self.url) }
    }
}

/// Relative addresses, scripts and the like are shown and not linked.
fn is_linkable(url: &str) -> bool {
    ["https://", "http://", "mailto:"].iter().any(|scheme| {
        url.len() > scheme.len() && url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

/// An address without the characters that end it for Slack.
fn encoded(url: &str) -> String {
    let mut out = String::new();
    for c in url.chars() {
        if matches!(c, '<' | '>' | '|' | '`') || c.is_whitespace() || c.is_control() {
            let mut bytes = [0; 4];
            c.encode_utf8(&mut bytes).bytes().for_each(|byte| out.push_str(&format!("%{byte:02X}")));
        } else {
            guard::push_escaped(&mut out, c);
        }
    }
    out
}
