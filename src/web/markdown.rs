//! Markdown of people, models and articles as HTML that can do no harm.
//!
//! Raw HTML is shown as the text it is, images become links, and what comes out is cleaned once more.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::LazyLock;

use ammonia::Builder;
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};

use crate::domain::citation::{CitationCheck, CitationVerdict};

/// HTML made here from text that may be anything; templates put it in as it is.
#[derive(Debug, Clone)]
pub(super) struct Prose(String);

impl fmt::Display for Prose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Prose {}

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut cleaner = Builder::default();
    cleaner
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"))
        .rm_tags(["img", "map", "area"])
        .add_allowed_classes("a", ["citation", "valid", "title_mismatch", "unknown_url"])
        .add_tag_attributes("a", ["data-article", "title"])
        .add_tag_attributes("ol", ["start"]);
    cleaner
});

/// Text in Markdown.
pub(super) fn prose(markdown: &str) -> Prose {
    render(parse(markdown))
}

/// An answer, its links marked by what the citation check says of them.
pub(super) fn cited(answer: &str, check: &CitationCheck) -> Prose {
    let verdicts: HashMap<&str, _> = check.items.iter().map(|item| (item.url.as_str(), item)).collect();
    render(parse(answer).map(|event| match event {
        Event::Start(Tag::Link { dest_url, .. }) => {
            let Some(item) = verdicts.get(&*dest_url) else { return link(&dest_url, "") };
            let article = item.article_id.map(|id| format!(" data-article=\"{}\"", id.0)).unwrap_or_default();
            let (verdict, meaning) = (item.verdict, meaning(item.verdict));
            link(&dest_url, &format!(" class=\"citation {verdict}\"{article} title=\"{meaning}\""))
        }
        other => other,
    }))
}

/// What is told of a link on pointing at it.
fn meaning(verdict: CitationVerdict) -> &'static str {
    match verdict {
        CitationVerdict::Valid => "Valid: an article that this answer was given",
        CitationVerdict::TitleMismatch => "Other title: an article that this answer was given, under another title",
        CitationVerdict::UnknownUrl => "Unknown link: no article that this answer was given",
    }
}

fn parse(markdown: &str) -> impl Iterator<Item = Event<'_>> {
    Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH).map(|event| match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
        Event::Start(Tag::Image { dest_url, .. }) => link(&dest_url, ""),
        Event::End(TagEnd::Image) => Event::End(TagEnd::Link),
        other => other,
    })
}

fn link<'a>(address: &str, more: &str) -> Event<'a> {
    let href = address.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;");
    Event::InlineHtml(CowStr::from(format!("<a href=\"{href}\"{more}>")))
}

fn render<'a>(events: impl Iterator<Item = Event<'a>>) -> Prose {
    let mut raw = String::new();
    html::push_html(&mut raw, events);
    Prose(CLEANER.clean(&raw).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ArticleId;
    use crate::domain::citation::{Source, check};

    #[test]
    fn what_is_no_markdown_does_nothing() {
        let harmful = "<script>alert(1)</script> <img src=x onerror=alert(1)> [a](javascript:alert(1)) ![b](https://x.example/b.png)\n\n                       <a href=\"https://x.example\" onclick=\"alert(1)\">c</a> [d](https://x.example/\"><script>alert(2)</script>)";
        let html = prose(harmful).to_string();
        assert!(!html.contains("<script"), "{html}");
        assert!(!html.contains("<img"), "{html}");
        assert!(!html.contains("href=\"javascript"), "{html}");
        assert!(html.contains("&lt;script&gt;"), "{html}");
    }

    #[test]
    fn links_carry_what_the_check_says_of_them() {
        let sources = [Source { id: ArticleId(7), uri: "https://n.example/a?x=1&y=2", title: "Chips are scarce" }];
        let answer = "Up 5% [Chips are scarce](https://n.example/a?x=1&y=2). Down 3% [Other](https://n.example/b).";
        let html = cited(answer, &check(answer, &sources)).to_string();
        assert!(html.contains("class=\"citation valid\" data-article=\"7\""), "{html}");
        assert!(html.contains("class=\"citation unknown_url\""), "{html}");
    }
}
