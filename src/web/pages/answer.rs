//! An answer as pages show it: the text with its citations marked, what the check says of them, times and cost, stars.
//!
//! `{{ answer }}` in any template; the articles it was given are a list of their own, [`Given`].

use askama::Template;

use super::shown::{Day, Rated, counted, dollars, seconds, thousands};
use super::stars::Stars;
use crate::domain::article::FrozenArticle;
use crate::domain::citation::CitationCheck;
use crate::domain::session::Answer;
use crate::domain::trial::{Metrics, Rating, Trial, mean_stars};
use crate::domain::{Actor, ArticleId};
use crate::web::markdown::{self, Prose};

/// An answer of a test or of a session.
#[derive(Debug, Template)]
#[template(path = "parts/answer.html", config = "src/web/askama.toml")]
pub(super) struct AnswerView {
    /// Its id on the page.
    id: String,
    /// The page of an article that it was given is below this address.
    articles: String,
    text: Prose,
    check: CitationCheck,
    figures: Vec<Figure>,
    ratings: Vec<Rating>,
    /// The form to rate it, for who may.
    stars: Option<Stars>,
}

impl askama::filters::HtmlSafe for AnswerView {}

/// A number with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Figure {
    /// What it is.
    pub(super) name: &'static str,
    /// The number, for people.
    pub(super) value: String,
}

/// What the citation check says of some links.
struct Verdict {
    /// The name of its look.
    class: &'static str,
    count: u32,
    word: &'static str,
    meaning: &'static str,
}

impl AnswerView {
    /// The answer of a test, once there is one. `may_rate` shows the stars, after which the part `renews` is renewed.
    pub(super) fn of(trial: &Trial, actor: &Actor, may_rate: bool, renews: &str) -> Option<Self> {
        let response = trial.response.as_deref()?;
        let check = trial.citations.clone().unwrap_or_default();
        let action = format!("/api/auspex/prompts/workshop/drafts/{}/tests/{}/feedback", trial.draft, trial.id);
        let id = trial.id.to_string();
        Some(Self {
            articles: format!("/workshop/{}/tests/{}/articles", trial.draft, trial.id),
            text: markdown::cited(response, &check),
            figures: figures(&trial.metrics, trial.article_count, Some(trial.attempts)),
            stars: may_rate.then(|| Stars::of(&trial.ratings, actor.account, &id, action, renews)),
            ratings: trial.ratings.clone(),
            id,
            check,
        })
    }

    /// The answer to a question of a session, once there is one.
    pub(super) fn of_session(answer: &Answer, actor: &Actor, renews: &str) -> Option<Self> {
        let (response, chat) = (answer.response.as_deref()?, answer.chat?);
        let check = answer.citations.clone().unwrap_or_default();
        let action = format!("/api/auspex/chat/sessions/{chat}/answers/{}/feedback", answer.id);
        let id = answer.id.to_string();
        Some(Self {
            articles: format!("/sessions/{chat}/answers/{}/articles", answer.id),
            text: markdown::cited(response, &check),
            figures: figures(&answer.metrics, answer.article_count, None),
            stars: Some(Stars::of(&answer.ratings, actor.account, &id, action, renews)),
            ratings: answer.ratings.clone(),
            id,
            check,
        })
    }

    /// What the check says, of links that there are.
    fn verdicts(&self) -> Vec<Verdict> {
        let CitationCheck { valid, mismatched, unknown, .. } = self.check;
        let verdicts = [
            ("valid", valid, "valid", "an article it was given, by its title"),
            ("title_mismatch", mismatched, "other title", "an article it was given, under another title"),
            ("unknown_url", unknown, "unknown link", "no article it was given"),
        ];
        let verdict = |(class, count, word, meaning)| Verdict { class, count, word, meaning };
        verdicts.into_iter().filter(|(_, count, ..)| *count > 0).map(verdict).collect()
    }

    fn mean(&self) -> Option<Rated> {
        mean_stars(&self.ratings).map(Rated::mean)
    }

    /// How many gave stars, for people.
    fn raters(&self) -> String {
        let count = self.ratings.iter().filter(|rating| rating.stars.is_some()).count();
        counted(count as i64, "rating", "ratings")
    }
}

/// Times and cost of an answer; what is not known is left out.
pub(super) fn figures(metrics: &Metrics, articles: i32, attempts: Option<i32>) -> Vec<Figure> {
    let tokens = metrics.tokens_in.zip(metrics.tokens_out);
    let found = [
        ("Time", metrics.execution_ms.map(seconds)),
        ("First text after", metrics.first_token_ms.map(seconds)),
        (
            "Tokens",
            tokens.map(|(read, written)| {
                format!("{} read, {} written", thousands(read.into()), thousands(written.into()))
            }),
        ),
        ("Cost", metrics.cost_micros.map(dollars)),
        ("Articles", Some(thousands(articles.into()))),
        ("Attempts", attempts.map(|attempts| thousands(attempts.into()))),
    ];
    found.into_iter().filter_map(|(name, value)| Some(Figure { name, value: value? })).collect()
}

/// The articles that an answer was given, best first.
#[derive(Debug, Template)]
#[template(path = "parts/given.html", config = "src/web/askama.toml")]
pub(super) struct Given {
    /// The page of each is below this address.
    base: String,
    rows: Vec<GivenRow>,
    cited: usize,
}

impl askama::filters::HtmlSafe for Given {}

/// One of them.
#[derive(Debug)]
struct GivenRow {
    rank: usize,
    id: ArticleId,
    title: String,
    source: String,
    published: Day,
    /// How often it was cited.
    cited: usize,
}

impl Given {
    /// The articles, with how often each was cited; the page of each is below `base`.
    pub(super) fn of(articles: &[FrozenArticle], check: Option<&CitationCheck>, base: String) -> Self {
        let items = check.map(|check| check.items.as_slice()).unwrap_or_default();
        let row = |(index, article): (usize, &FrozenArticle)| GivenRow {
            rank: index + 1,
            id: article.id,
            title: article.title.clone(),
            source: article.news_source.clone(),
            published: Day::of(article.publication_date),
            cited: items.iter().filter(|item| item.article_id == Some(article.id)).count(),
        };
        let rows: Vec<GivenRow> = articles.iter().enumerate().map(row).collect();
        Self { base, cited: rows.iter().filter(|row| row.cited > 0).count(), rows }
    }
}
