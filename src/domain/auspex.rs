//! Rows of an Auspex database as articles and prompts. Its tables have grown over years: each column may be missing, and
//! dates and lists are written in several ways.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime};

use super::article::RawArticle;
use super::library::PromptName;
use super::{Instant, Invalid, text};

/// The columns of `articles` that are read, each with what it is also called.
pub const ARTICLE_COLUMNS: &[(&str, &[&str])] = &[
    ("uri", &["uri", "url", "link"]),
    ("title", &["title"]),
    ("summary", &["summary"]),
    ("body", &["body", "content", "full_text"]),
    ("news_source", &["news_source", "source"]),
    ("publication_date", &["publication_date", "published_at", "published"]),
    ("submission_date", &["submission_date", "created_at"]),
    ("topic", &["topic"]),
    ("category", &["category"]),
    ("sentiment", &["sentiment"]),
    ("future_signal", &["future_signal"]),
    ("time_to_impact", &["time_to_impact"]),
    ("driver_type", &["driver_type"]),
    ("tags", &["tags"]),
    ("bias", &["bias"]),
    ("factual_reporting", &["factual_reporting", "factuality"]),
];

/// The columns of `auspex_prompts` that are read, each with what it is also called.
pub const PROMPT_COLUMNS: &[(&str, &[&str])] = &[
    ("name", &["name"]),
    ("title", &["title"]),
    ("content", &["content", "prompt", "system_prompt"]),
    ("description", &["description"]),
];

/// The topic of articles that have none.
const NO_TOPIC: &str = "Unsorted";

/// A row: what its columns hold as text, under our names; those without a value are left out.
pub type Fields = HashMap<&'static str, String>;

/// A row of `articles`, cut to what an article may have; [`RawArticle::parse`] checks the rest.
pub fn article(mut fields: Fields) -> Result<RawArticle, Invalid> {
    let mut take = |name: &str| fields.remove(name).unwrap_or_default();
    let published = take("publication_date");
    // Auspex always knows when it got an article, and not always when it was published.
    let dates = if published.trim().is_empty() { take("submission_date") } else { published };
    let date = parse_date(&dates).ok_or_else(|| {
        Invalid::new("publication_date", format!("is no date: {:?}", text::excerpt(dates.trim(), 40)))
    })?;
    let topic = take("topic");
    Ok(RawArticle {
        uri: take("uri"),
        title: take("title"),
        summary: take("summary"),
        body: Some(take("body")),
        news_source: take("news_source"),
        publication_date: date.to_rfc3339(),
        topic: if topic.trim().is_empty() { NO_TOPIC.to_owned() } else { topic },
        category: take("category"),
        sentiment: take("sentiment"),
        future_signal: take("future_signal"),
        time_to_impact: take("time_to_impact"),
        driver_type: take("driver_type"),
        tags: tags(&take("tags")),
        bias: take("bias"),
        factual_reporting: take("factual_reporting"),
    }
    .fitted())
}

/// A date as programs and people write it; without a zone it is UTC.
pub fn parse_date(raw: &str) -> Option<Instant> {
    let raw = raw.trim();
    let zoned = ["%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.f%#z", "%Y%m%dT%H%M%S%#z", "%Y-%m-%d %H:%M:%S%.f %Z"];
    let local = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y%m%dT%H%M%S"];
    let days = ["%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d.%m.%Y", "%d %B %Y", "%d %b %Y", "%B %d, %Y", "%b %d, %Y"];
    let parsed = DateTime::parse_from_rfc3339(raw)
        .or_else(|_| DateTime::parse_from_rfc2822(raw))
        .ok()
        .or_else(|| zoned.iter().find_map(|format| DateTime::parse_from_str(raw, format).ok()))
        .map(|date| date.to_utc());
    let bare = raw.trim_end_matches("UTC").trim_end_matches('Z').trim_end();
    parsed
        .or_else(|| local.iter().find_map(|format| Some(NaiveDateTime::parse_from_str(bare, format).ok()?.and_utc())))
        .or_else(|| {
            let day = days.iter().find_map(|format| NaiveDate::parse_from_str(bare, format).ok())?;
            Some(day.and_time(chrono::NaiveTime::MIN).and_utc())
        })
        .or_else(|| since_1970(raw))
}

/// Seconds, or thousandths of them, since 1970.
fn since_1970(raw: &str) -> Option<Instant> {
    let number: f64 = raw.parse().ok().filter(|number: &f64| *number >= 1e8 && *number < 1e14)?;
    DateTime::from_timestamp_millis(if number < 1e11 { number * 1_000.0 } else { number } as i64)
}

/// Tags as they are found: a JSON list, a list of Postgres, or words between commas.
fn tags(raw: &str) -> Vec<String> {
    let raw = raw.trim();
    if let Ok(list) = serde_json::from_str::<Vec<String>>(raw) {
        return list;
    }
    let inside = raw.strip_prefix(['{', '[']).and_then(|rest| rest.strip_suffix(['}', ']'])).unwrap_or(raw);
    inside.split([',', ';']).map(|tag| tag.trim().trim_matches(['"', '\'']).to_owned()).collect()
}

/// A row of `auspex_prompts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundPrompt {
    /// Its name there.
    pub called: String,
    /// Its name here.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// Its text.
    pub text: String,
}

/// A row of `auspex_prompts`, with a name and a title as they are valid here.
pub fn prompt(mut fields: Fields) -> FoundPrompt {
    let mut take = |name: &str| fields.remove(name).unwrap_or_default().trim().to_owned();
    let (called, title) = (take("name"), take("title"));
    let free = if called.is_empty() { &title } else { &called };
    let name = PromptName::suggest(free).or_else(|| PromptName::suggest(&format!("auspex {free}")));
    let title = if title.is_empty() { called.clone() } else { title };
    let title = if title.chars().count() < 5 { format!("Auspex: {title}") } else { title };
    FoundPrompt {
        name: name.map_or_else(String::new, |name| name.to_string()),
        called,
        title: text::excerpt(&title, 100),
        description: text::excerpt(&take("description"), 500),
        text: take("content"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_every_form_that_was_seen() {
        for raw in [
            "2026-05-31T12:00:00Z",
            "2026-05-31T14:00:00+02:00",
            "2026-05-31 12:00:00",
            "2026-05-31 12:00:00.000",
            "2026-05-31 12:00:00+00",
            "2026-05-31 12:00:00 UTC",
            "2026-05-31T12:00:00.000000",
            "2026-05-31 12:00",
            "20260531T120000Z",
            "20260531T120000",
            "Sun, 31 May 2026 12:00:00 GMT",
            "Sun, 31 May 2026 12:00:00 +0000",
            "1780228800",
            "1780228800000",
        ] {
            assert_eq!(
                parse_date(raw).map(|date| date.to_rfc3339()).as_deref(),
                Some("2026-05-31T12:00:00+00:00"),
                "{raw}"
            );
        }
        for raw in ["2026-05-31", "2026/05/31", "31 May 2026", "May 31, 2026", "31.05.2026", "20260531"] {
            assert_eq!(
                parse_date(raw).map(|date| date.to_rfc3339()).as_deref(),
                Some("2026-05-31T00:00:00+00:00"),
                "{raw}"
            );
        }
        for raw in ["", "yesterday", "2026", "31/31/2026"] {
            assert_eq!(parse_date(raw), None, "{raw}");
        }
    }

    #[test]
    fn a_row_becomes_an_article_with_what_is_there() {
        let row =
            |fields: &[(&'static str, &str)]| fields.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
        let article = super::article(row(&[
            ("uri", "https://example.org/a"),
            ("title", "A title"),
            ("summary", "Text."),
            ("submission_date", "2026-05-31 12:00:00"),
            ("tags", "[\"one\", \"two\"]"),
        ]));
        let article = article.unwrap().parse().unwrap();
        assert_eq!(
            (article.topic.as_str(), article.tags.as_slice()),
            ("Unsorted", &["one".to_owned(), "two".to_owned()][..])
        );
        assert_eq!(super::article(row(&[("publication_date", "soon")])).unwrap_err().field, "publication_date");
        assert_eq!(tags("{a,\"b c\"}"), ["a", "b c"]);
        assert_eq!(tags("a; b,c"), ["a", "b", "c"]);
    }

    #[test]
    fn prompts_get_names_and_titles_that_are_valid_here() {
        let row = |name: &str, title: &str| {
            prompt(Fields::from([
                ("name", name.to_owned()),
                ("title", title.to_owned()),
                ("content", " Text ".to_owned()),
            ]))
        };
        let found = row("Risk Analysis (v2)", "Risk");
        assert_eq!(
            (found.name.as_str(), found.title.as_str(), found.text.as_str()),
            ("risk_analysis_v2", "Auspex: Risk", "Text")
        );
        assert_eq!(row("x", "A long title").name, "auspex_x");
        assert_eq!(row("", "From the title").name, "from_the_title");
    }
}
