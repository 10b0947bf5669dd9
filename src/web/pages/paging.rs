//! Going through a long list page by page: `{{ paging }}` below the list.

use askama::Template;

/// Links to the pages around this one.
#[derive(Debug, Template)]
#[template(path = "parts/paging.html", config = "src/web/askama.toml")]
pub(super) struct Paging {
    /// What the links begin with; the number of a page follows.
    base: String,
    page: i64,
    pages: i64,
}

impl askama::filters::HtmlSafe for Paging {}

/// The page that is asked for, from 1: what is no number is the first.
pub(super) fn page_number(raw: Option<&str>) -> i64 {
    raw.and_then(|raw| raw.parse().ok()).unwrap_or(1).clamp(1, 1_000_000)
}

impl Paging {
    /// Around page `page` of a list of `total` things, `size` a page, at `path` with these fields of its query.
    pub(super) fn of(path: &str, query: &[(&str, &str)], page: i64, total: i64, size: i64) -> Self {
        let mut fields = url::form_urlencoded::Serializer::new(String::new());
        fields.extend_pairs(query.iter().filter(|(_, value)| !value.is_empty()));
        let query = fields.finish();
        let between = if query.is_empty() { "" } else { "&" };
        Self { base: format!("{path}?{query}{between}page="), page, pages: (total + size - 1) / size }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_keep_what_was_looked_for() {
        let shown = Paging::of("/library", &[("query", "a&b"), ("tag", "")], 2, 41, 20).to_string();
        assert!(shown.contains("/library?query=a%26b&#38;page=1"), "{shown}");
        assert!(shown.contains("page=3") && shown.contains("Page 2 of 3"), "{shown}");
        assert_eq!(Paging::of("/library", &[], 1, 20, 20).to_string().trim(), "");
        assert_eq!((page_number(Some("7")), page_number(Some("x")), page_number(Some("-2"))), (7, 1, 1));
    }
}
