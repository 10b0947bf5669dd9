//! From bytes to what a feed holds. Blocking: it is run apart.

use chrono::TimeDelta;
use feed_rs::model;
use feed_rs::parser::{Builder, ParseErrorKind, ParseFeedError};
use reqwest::Url;

use super::{Error, guard};
use crate::domain::feed::{Content, Entry};
use crate::domain::text;

/// The most entries that are taken of one feed; it lists the newest first.
const MOST_ENTRIES: usize = 500;

/// The tag in which FeedBurner keeps the address of the story itself.
const ORIGINAL: &[u8] = b"feedburner:origLink>";

/// Reads a feed that came from `url` as content of a kind.
pub(super) fn parse(body: &[u8], url: &Url, kind: &str) -> Result<Content, Error> {
    let is_json = body.trim_ascii_start().starts_with(b"{");
    if let Some(reason) = guard::refuse(body).filter(|_| !is_json) {
        return Err(Error::Unreadable(reason.to_owned()));
    }
    let body = with_original_links(body);
    // An entry without an id has none: made up from its title, it would be another after each correction.
    let parser = Builder::new().base_uri(Some(url.as_str())).id_generator(|_, _, _| String::new()).build();
    let feed = parser.parse(body.as_slice()).map_err(|error| unreadable(error, &body, url, kind))?;
    let ttl = feed.ttl.map_or(TimeDelta::zero(), |minutes| TimeDelta::minutes(minutes.into()));
    Ok(Content {
        title: feed.title.map(|title| title.content).unwrap_or_default(),
        fresh_for: ttl,
        entries: feed.entries.into_iter().take(MOST_ENTRIES).map(|entry| read(entry, url)).collect(),
    })
}

fn read(entry: model::Entry, base: &Url) -> Entry {
    let is_story = |link: &&model::Link| link.rel.as_deref().is_none_or(|rel| rel == "alternate");
    let links =
        entry.links.iter().filter(is_story).filter_map(|link| Some(base.join(link.href.trim()).ok()?.to_string()));
    let content = entry.content.and_then(|content| content.body);
    let words = |text: Option<model::Text>| text.map(|text| text.content).unwrap_or_default();
    Entry {
        links: links.take(10).collect(),
        id: text::excerpt(entry.id.trim(), 2_000),
        title: words(entry.title),
        summary: words(entry.summary),
        content: content.unwrap_or_default(),
        published: entry.published.or(entry.updated),
        tags: entry.categories.into_iter().take(50).map(|category| category.label.unwrap_or(category.term)).collect(),
    }
}

/// Makes FeedBurner's addresses of stories links like others, which the reader understands.
fn with_original_links(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = rest.iter().position(|byte| *byte == b'<') {
        let (before, tag) = rest.split_at(at + 1);
        out.extend_from_slice(before);
        rest = tag;
        if let Some(slash) = rest.strip_prefix(b"/")
            && let Some(after) = slash.strip_prefix(ORIGINAL)
        {
            out.extend_from_slice(b"/link>");
            rest = after;
        } else if let Some(after) = rest.strip_prefix(ORIGINAL) {
            out.extend_from_slice(b"link>");
            rest = after;
        }
    }
    out.extend_from_slice(rest);
    out
}

fn unreadable(error: ParseFeedError, body: &[u8], url: &Url, kind: &str) -> Error {
    let start = String::from_utf8_lossy(&body[..body.len().min(1_000)]).to_ascii_lowercase();
    if kind.contains("html") || start.contains("<html") || start.contains("<!doctype html") {
        return Error::Page(named_feed(body, url));
    }
    Error::Unreadable(match error {
        ParseFeedError::ParseError(ParseErrorKind::NoFeedRoot) => "it is none of these".to_owned(),
        ParseFeedError::ParseError(ParseErrorKind::MissingContent(what)) => format!("it has no {what}"),
        ParseFeedError::JsonUnsupportedVersion(_) => "its version of JSON Feed is unknown".to_owned(),
        ParseFeedError::ParseError(ParseErrorKind::UnknownMimeType(_))
        | ParseFeedError::IoError(_)
        | ParseFeedError::JsonSerde(_)
        | ParseFeedError::XmlReader(_) => "it is malformed".to_owned(),
    })
}

/// The first feed that a web page names as its own.
fn named_feed(page: &[u8], url: &Url) -> Option<String> {
    let page = String::from_utf8_lossy(page);
    let tags =
        page.split('<').take(5_000).filter(|tag| tag.get(..5).is_some_and(|name| name.eq_ignore_ascii_case("link ")));
    let feed = tags.filter_map(|tag| tag.split_once('>').map(|(tag, _)| tag)).find(|tag| {
        let kinds = ["application/rss+xml", "application/atom+xml", "application/feed+json"];
        kinds.iter().any(|kind| tag.contains(kind))
    })?;
    let (_, value) = feed.split_once("href=")?;
    let quote = value.chars().next().filter(|c| "\"'".contains(*c))?;
    let found = url.join(value[1..].split(quote).next()?).ok()?;
    (matches!(found.scheme(), "http" | "https") && found.as_str().len() <= 300).then(|| found.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url() -> Url {
        Url::parse("https://example.org/feeds/all").unwrap()
    }

    #[test]
    fn the_address_of_the_story_itself_is_found() {
        let rss = br#"<rss version="2.0" xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0"><channel><title>T</title>
            <ttl>90</ttl><item><title>One</title><link>https://feedproxy.google.com/~r/1</link><guid isPermaLink="false">g1</guid>
            <feedburner:origLink>https://example.org/one</feedburner:origLink></item>
            <item><title>Two</title><link>/two</link></item></channel></rss>"#;
        let content = parse(rss, &url(), "text/xml").unwrap();
        assert_eq!(content.fresh_for, TimeDelta::minutes(90));
        assert_eq!(content.entries[0].address().unwrap(), "https://example.org/one");
        assert_eq!(content.entries[1].address().unwrap(), "https://example.org/two");
        assert_eq!((content.entries[0].id.as_str(), content.entries[1].id.as_str()), ("g1", ""));
    }

    #[test]
    fn what_is_no_feed_is_told_what_it_is() {
        let refused = |body: &str, kind: &str| parse(body.as_bytes(), &url(), kind).unwrap_err().to_string();
        let page = "<!DOCTYPE html><html><head><link rel=\"alternate\" type=\"application/rss+xml\" href=\"/feed.xml\"></head>";
        assert!(refused(page, "text/html").ends_with("The page names this feed: https://example.org/feed.xml"));
        assert!(refused("<html></html>", "text/plain").ends_with("not to a feed."));
        assert!(refused("just words", "text/plain").contains("none of these"));
        assert!(refused("<rss version=\"2.0\"><channel><item>", "text/xml").contains("cannot be read"));
        assert!(
            refused("{\"version\": \"https://jsonfeed.org/version/9\", \"title\": \"x\", \"items\": []}", "")
                .contains("version")
        );
        assert!(refused(&"{\"a\":".repeat(100_000), "application/json").contains("malformed"));
    }
}
