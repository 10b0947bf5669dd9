//! News articles and how they are read from files and requests.

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{ArticleId, Instant, Invalid, text};

/// An article as it is imported; every value is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Article {
    /// Its address, unique: `http` or `https`.
    pub uri: String,
    /// Its title, one line.
    pub title: String,
    /// A few sentences.
    pub summary: String,
    /// The whole text, where it is known.
    pub body: Option<String>,
    /// Who published it.
    pub news_source: String,
    /// When it was published.
    pub publication_date: Instant,
    /// The topic it belongs to.
    pub topic: String,
    /// A finer division within the topic.
    pub category: String,
    /// How it sees its subject.
    pub sentiment: String,
    /// What it says of the future.
    pub future_signal: String,
    /// How soon that matters.
    pub time_to_impact: String,
    /// What kind of force it describes.
    pub driver_type: String,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// The source's political leaning.
    pub bias: String,
    /// How well the source checks its facts.
    pub factual_reporting: String,
}

impl Article {
    /// The SHA-256 of what a model is shown of it.
    pub fn content_hash(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let date = self.publication_date.to_rfc3339();
        let body = self.body.as_deref().unwrap_or_default();
        for part in [&self.uri, &self.title, &self.summary, body, &self.news_source, &date, &self.sentiment] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        hash.finalize().into()
    }
}

/// An article of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredArticle {
    /// Its id.
    pub id: ArticleId,
    /// What it says.
    pub article: Article,
    /// When it was added, or last changed.
    pub updated_at: Instant,
}

/// An article in a list, without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedArticle {
    /// Its id.
    pub id: ArticleId,
    /// Its title.
    pub title: String,
    /// A few sentences.
    pub summary: String,
    /// Who published it.
    pub news_source: String,
    /// When it was published.
    pub publication_date: Instant,
    /// The topic it belongs to.
    pub topic: String,
}

/// An article as a test sees it, frozen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrozenArticle {
    /// Its id.
    pub id: ArticleId,
    /// Its address.
    pub uri: String,
    /// Its title.
    pub title: String,
    /// A few sentences.
    pub summary: String,
    /// The whole text, where it is known.
    pub body: Option<String>,
    /// Who published it.
    pub news_source: String,
    /// When it was published.
    pub publication_date: Instant,
    /// How it sees its subject.
    pub sentiment: String,
    /// The SHA-256 of all this.
    pub content_hash: Vec<u8>,
}

/// An article as it is sent: JSON object or CSV row, nothing checked yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, utoipa::ToSchema)]
pub struct RawArticle {
    /// Its address, unique; an article with a known address replaces it.
    pub uri: String,
    /// Its title: 1 to 500 characters.
    pub title: String,
    /// A few sentences: at most 5,000 characters; may be left out when there is a body.
    pub summary: String,
    /// The whole text: at most 200,000 characters.
    pub body: Option<String>,
    /// Who published it.
    pub news_source: String,
    /// When: RFC 3339, `2026-05-31` or `2026-05-31 12:00:00` (UTC).
    pub publication_date: String,
    /// The topic it belongs to; a new one is made.
    pub topic: String,
    /// A finer division within the topic.
    pub category: String,
    /// How it sees its subject.
    pub sentiment: String,
    /// What it says of the future.
    pub future_signal: String,
    /// How soon that matters.
    pub time_to_impact: String,
    /// What kind of force it describes.
    pub driver_type: String,
    /// Words to find it by: a list, or one text with commas.
    pub tags: Vec<String>,
    /// The source's political leaning.
    pub bias: String,
    /// How well the source checks its facts.
    pub factual_reporting: String,
}

impl RawArticle {
    /// Reads a JSON object: `null` is as good as nothing, and fields that no article has are left out.
    pub fn read(value: Value) -> Result<Self, Invalid> {
        let Value::Object(mut fields) = value else {
            return Err(Invalid::new("article", "must be a JSON object"));
        };
        let tags = read_tags(fields.remove("tags"))?;
        let mut text = |field: &'static str| match fields.remove(field) {
            None | Some(Value::Null) => Ok(String::new()),
            Some(Value::String(text)) => Ok(text),
            Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                Err(Invalid::new(field, "must be a text"))
            }
        };
        Ok(Self {
            uri: text("uri")?,
            title: text("title")?,
            summary: text("summary")?,
            body: Some(text("body")?),
            news_source: text("news_source")?,
            publication_date: text("publication_date")?,
            topic: text("topic")?,
            category: text("category")?,
            sentiment: text("sentiment")?,
            future_signal: text("future_signal")?,
            time_to_impact: text("time_to_impact")?,
            driver_type: text("driver_type")?,
            tags,
            bias: text("bias")?,
            factual_reporting: text("factual_reporting")?,
        })
    }

    /// With what is too long cut to what an article may have, as what comes from elsewhere need not keep to it.
    pub fn fitted(mut self) -> Self {
        self.title = text::excerpt(&folded(&self.title), 500);
        let summary = text::clean(&self.summary).trim().to_owned();
        self.summary = text::excerpt(&summary, 5_000);
        let body = self.body.map(|body| text::clean(&body).trim().to_owned()).filter(|body| !body.is_empty());
        // What the summary has no room for is not lost.
        let body = body.or_else(|| (self.summary != summary).then_some(summary));
        self.body = body.map(|body| text::excerpt(&body, 200_000));
        for field in [
            &mut self.news_source,
            &mut self.category,
            &mut self.sentiment,
            &mut self.future_signal,
            &mut self.time_to_impact,
            &mut self.driver_type,
            &mut self.bias,
            &mut self.factual_reporting,
        ] {
            *field = text::excerpt(&folded(field), 200);
        }
        self.topic = text::excerpt(&folded(&self.topic), 100);
        let tags = self.tags.iter().map(|tag| text::excerpt(&folded(tag), 100)).filter(|tag| !tag.is_empty());
        self.tags = tags.take(50).collect();
        self
    }

    /// Checks every field.
    pub fn parse(self) -> Result<Article, Invalid> {
        let body = match self.body.as_deref().map(str::trim) {
            None | Some("") => None,
            Some(body) => Some(text::block("body", body, 1, 200_000)?),
        };
        let summary = text::block("summary", &self.summary, 0, 5_000)?;
        if summary.is_empty() && body.is_none() {
            return Err(Invalid::new("summary", "is missing, and there is no body to make up for it"));
        }
        let short = |field, raw: &str| text::line(field, raw, 0, 200);
        Ok(Article {
            uri: parse_uri(&self.uri)?,
            title: text::line("title", &self.title, 1, 500)?,
            summary,
            body,
            news_source: short("news_source", &self.news_source)?,
            publication_date: parse_date(&self.publication_date)?,
            topic: text::line("topic", &self.topic, 1, 100)?,
            category: short("category", &self.category)?,
            sentiment: short("sentiment", &self.sentiment)?,
            future_signal: short("future_signal", &self.future_signal)?,
            time_to_impact: short("time_to_impact", &self.time_to_impact)?,
            driver_type: short("driver_type", &self.driver_type)?,
            tags: parse_tags(&self.tags)?,
            bias: short("bias", &self.bias)?,
            factual_reporting: short("factual_reporting", &self.factual_reporting)?,
        })
    }
}

/// One line, however long.
fn folded(raw: &str) -> String {
    let words = raw.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// Tags as people write them: a list, or one text with commas, as in CSV.
fn read_tags(value: Option<Value>) -> Result<Vec<String>, Invalid> {
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(words)) => Ok(words.split([',', ';']).map(str::to_owned).collect()),
        Some(list) => serde_json::from_value(list)
            .map_err(|_| Invalid::new("tags", "must be a list of texts, or one with commas")),
    }
}

fn parse_tags(words: &[String]) -> Result<Vec<String>, Invalid> {
    let tags: Vec<String> = words
        .iter()
        .map(|word| text::line("tags", word, 0, 100))
        .filter(|word| !matches!(word, Ok(word) if word.is_empty()))
        .collect::<Result<_, _>>()?;
    if tags.len() > 50 { Err(Invalid::new("tags", "may be at most 50")) } else { Ok(tags) }
}

fn parse_uri(raw: &str) -> Result<String, Invalid> {
    let uri = text::block("uri", raw, 1, 2_000)?;
    // Postgres' index takes no longer ones, and would refuse every article stored with it.
    if uri.len() > 2_000 {
        return Err(Invalid::new("uri", "may have at most 2000 bytes"));
    }
    let rest = uri.strip_prefix("https://").or_else(|| uri.strip_prefix("http://"));
    let plain = !uri.chars().any(|c| c.is_whitespace() || c.is_control() || "<>\"".contains(c));
    match rest {
        Some(rest) if plain && !rest.is_empty() && !rest.starts_with('/') => Ok(uri),
        Some(_) | None => Err(Invalid::new("uri", "must be an http or https address without spaces")),
    }
}

fn parse_date(raw: &str) -> Result<Instant, Invalid> {
    let raw = raw.trim();
    let parsed = DateTime::parse_from_rfc3339(raw)
        .map(|date| date.to_utc())
        .or_else(|_| NaiveDateTime::parse_from_str(raw, "%Y-%m-%d %H:%M:%S").map(|date| date.and_utc()))
        .or_else(|_| NaiveDateTime::parse_from_str(raw, "%Y-%m-%dT%H:%M:%S%.f").map(|date| date.and_utc()))
        .or_else(|_| {
            NaiveDate::parse_from_str(raw, "%Y-%m-%d").map(|date| date.and_time(Default::default()).and_utc())
        });
    let year = |date: &Instant| chrono::Datelike::year(date);
    match parsed {
        Ok(date) if (1000..=9999).contains(&year(&date)) => Ok(date),
        Ok(_) | Err(_) => {
            Err(Invalid::new("publication_date", "must be a date such as 2026-05-31 or 2026-05-31T12:00:00Z"))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn raw() -> RawArticle {
        RawArticle {
            uri: "https://example.org/a".to_owned(),
            title: "A title".to_owned(),
            summary: "A summary.".to_owned(),
            publication_date: "2026-05-31".to_owned(),
            topic: "Topic".to_owned(),
            ..RawArticle::default()
        }
    }

    #[test]
    fn dates_come_in_the_usual_forms() {
        for date in ["2026-05-31", "2026-05-31 00:00:00", "2026-05-31T00:00:00Z", "2026-05-31T02:00:00+02:00"] {
            let article = RawArticle { publication_date: date.to_owned(), ..raw() }.parse().unwrap();
            assert_eq!(article.publication_date.to_rfc3339(), "2026-05-31T00:00:00+00:00", "{date}");
        }
        assert!(RawArticle { publication_date: "31.5.2026".to_owned(), ..raw() }.parse().is_err());
    }

    #[test]
    fn only_web_addresses_are_taken() {
        for uri in ["javascript:alert(1)", "https://", "https:///x", "https://a b", "", "ftp://x"] {
            assert_eq!(RawArticle { uri: uri.to_owned(), ..raw() }.parse().unwrap_err().field, "uri", "{uri}");
        }
    }

    #[test]
    fn tags_come_as_a_list_or_as_text() {
        let read = |tags: Value| RawArticle::read(json!({ "tags": tags })).map(|article| article.tags);
        for tags in [json!("one, two ,"), json!(["one", " two"]), json!(["one", "", "two"])] {
            let tags = read(tags).unwrap();
            assert_eq!(RawArticle { tags, ..raw() }.parse().unwrap().tags, ["one", "two"]);
        }
        assert_eq!(read(Value::Null).unwrap(), Vec::<String>::new());
        for tags in [json!(7), json!(["one", 7]), json!({ "one": 1 })] {
            assert_eq!(read(tags).unwrap_err().field, "tags");
        }
    }

    #[test]
    fn a_field_of_the_wrong_type_is_named_and_null_is_nothing() {
        assert_eq!(RawArticle::read(json!({ "uri": "x", "title": 7 })).unwrap_err().field, "title");
        assert_eq!(RawArticle::read(json!(["https://example.org/a"])).unwrap_err().field, "article");
        let article = RawArticle::read(json!({ "title": "A", "summary": null, "body": null, "unknown": 1 })).unwrap();
        assert_eq!((article.title.as_str(), article.summary.as_str()), ("A", ""));
    }

    #[test]
    fn no_address_is_longer_than_an_index_takes() {
        let uri = |letters: usize| format!("https://example.org/{}", "道".repeat(letters));
        assert!(RawArticle { uri: uri(660), ..raw() }.parse().is_ok());
        assert_eq!(RawArticle { uri: uri(661), ..raw() }.parse().unwrap_err().field, "uri");
    }

    #[test]
    fn the_hash_tells_fields_apart() {
        let one = raw().parse().unwrap();
        let two = Article { title: format!("{}{}", one.title, one.summary), summary: String::new(), ..one.clone() };
        assert_ne!(one.content_hash(), two.content_hash());
    }
}
