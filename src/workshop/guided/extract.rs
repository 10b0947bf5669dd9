//! Choosing the sentences of articles that bear on a question, by words alone.

use std::collections::{HashMap, HashSet};

use super::focus::{self, Focus};
use super::words;
use crate::domain::article::FrozenArticle;
use crate::domain::sentence::sentences;

/// The most sentences chosen.
const MOST: usize = 6;
/// As many are chosen if they are any good; more only if they are nearly as good as the best.
const WANTED: usize = 4;
/// Sentences longer than this are read by nobody; shorter than this they say nothing.
const LENGTH: std::ops::RangeInclusive<usize> = 25..=480;
/// How much of what the question asks must be in a sentence and its article's title.
const ENOUGH: f64 = 0.45;

/// Words of questions that say nothing about their subject, as stems.
const QUESTION_WORDS: &str = "amount, analysi, analyz, answer, articl, best, big, biggest, cover, current, \
    currently, day, describ, development, event, explain, find, happen, identify, important, issu, key, know, \
    late, latest, list, main, major, many, month, much, name, new, next, overview, past, point, recent, recently, \
    report, say, seriou, show, significant, summariz, summary, tell, thing, three, today, top, topic, updat, week, \
    world, year, last, six, two, any, mention, mean, did, first, affect, bit, com, emerg, hit, impact, likely, look, \
    materializ, matter, occur, stand, turn";

/// Words near those of a focus, which its keywords for requests do not hold.
const CUES: &[(&str, &str)] = &[
    (
        "risk",
        "danger*, warn*, fear*, concern*, worr*, fail*, loss*, collapse*, dead, death*, killed, injur*, damage*, fraud*",
    ),
    ("timelines", "since, until, by the end, scheduled, expected, planned, deadline*"),
    ("finance", "million*, billion*, cost*, price*, tax*, fund*, paid, money, sales, percent"),
    ("policy", "president*, minister*, senat*, congress, vote*, party, mayor*"),
    ("health", "virus*, covid*, coronavirus*, infect*, doctor*, died"),
];

/// A sentence of an article.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact<'a> {
    /// Its article.
    pub article: &'a FrozenArticle,
    /// The sentence, in one line.
    pub text: String,
    /// The stems of its words.
    pub stems: HashSet<String>,
    score: f64,
    rank: usize,
}

/// What was found for a question.
#[derive(Debug)]
pub struct Extract<'a> {
    /// The sentences, the best first; none when the articles do not answer.
    pub facts: Vec<Fact<'a>>,
    /// Words of the question that no article has.
    pub missing: Vec<String>,
}

/// Finds the sentences that bear on a question.
pub fn extract<'a>(question: &str, articles: &'a [FrozenArticle]) -> Extract<'a> {
    let query = Query::of(question, articles);
    let mut facts: Vec<Fact<'a>> = Vec::new();
    let mut best_coverage: f64 = 0.0;
    for (rank, article) in articles.iter().enumerate() {
        let title: HashSet<String> = words::stems(&article.title).into_iter().collect();
        for (at, text) in article_sentences(article).into_iter().enumerate() {
            let stems: HashSet<String> = words::stems(&text).into_iter().collect();
            let coverage = query.coverage(&stems, &title);
            best_coverage = best_coverage.max(coverage);
            let score = query.score(&stems, &title, &text, at, rank, articles.len());
            facts.push(Fact { article, text, stems, score, rank });
        }
    }
    let missing: Vec<String> = query.terms.iter().filter(|term| term.missing).map(|term| term.word.clone()).collect();
    if !query.is_general() && best_coverage < ENOUGH {
        return Extract { facts: Vec::new(), missing };
    }
    Extract { facts: chosen(facts, articles.len()), missing }
}

/// The best facts, from different articles and different from each other.
fn chosen(mut facts: Vec<Fact<'_>>, articles: usize) -> Vec<Fact<'_>> {
    facts.sort_by(|a, b| {
        b.score
            .total_cmp(&a.score)
            .then(b.article.publication_date.cmp(&a.article.publication_date))
            .then(a.rank.cmp(&b.rank))
    });
    let most_of_one = match articles {
        0..=2 => 4,
        3..=4 => 3,
        _ => 2,
    };
    let top = facts.first().map_or(0.0, |fact| fact.score);
    let mut chosen: Vec<Fact<'_>> = Vec::new();
    for fact in facts {
        let share = if chosen.len() < WANTED { 0.35 } else { 0.55 };
        if chosen.len() == MOST || fact.score <= 0.0 || fact.score < top * share {
            break;
        }
        let of_one = chosen.iter().filter(|other| other.rank == fact.rank).count();
        if of_one < most_of_one && !chosen.iter().any(|other| alike(&other.stems, &fact.stems)) {
            chosen.push(fact);
        }
    }
    chosen
}

fn alike(a: &HashSet<String>, b: &HashSet<String>) -> bool {
    let shared = a.intersection(b).count();
    shared * 2 > a.len().min(b.len()).max(1) + a.len().max(b.len()) / 4
}

/// The sentences of an article, each once, in one line each.
fn article_sentences(article: &FrozenArticle) -> Vec<String> {
    let body = article.body.as_deref().unwrap_or_default();
    let mut found: Vec<String> = Vec::new();
    let mut seen: HashSet<String> = HashSet::new();
    for paragraph in article.summary.lines().chain(body.lines()) {
        for range in sentences(paragraph, &[]) {
            let text = words::one_line(&paragraph[range], usize::MAX);
            let ended = text.ends_with(['.', '!', '?', '"', '”', '\'', '’', ')']);
            let fits = LENGTH.contains(&text.chars().count()) && !text.contains("://") && !text.contains("www.");
            // What opens in the middle of a quotation makes no sense alone.
            let whole =
                text.matches('"').count().is_multiple_of(2) && text.matches('“').count() == text.matches('”').count();
            if ended && fits && whole && seen.insert(words::normalized(&text)) {
                found.push(text);
            }
        }
    }
    if found.is_empty() {
        // A bare summary without a full stop, as feeds have them.
        let line = words::one_line(&article.summary, *LENGTH.end());
        found.extend((line.chars().count() >= *LENGTH.start()).then_some(line));
    }
    found
}

struct Term {
    stem: String,
    word: String,
    weight: f64,
    missing: bool,
}

/// What a question asks for.
struct Query {
    terms: Vec<Term>,
    focuses: Vec<&'static Focus>,
    pairs: Vec<(String, String)>,
}

impl Query {
    fn of(question: &str, articles: &[FrozenArticle]) -> Self {
        let focuses = focus::of(question);
        let mut counts: HashMap<String, usize> = HashMap::new();
        for article in articles {
            let text = format!("{} {} {}", article.title, article.summary, article.body.as_deref().unwrap_or_default());
            for stem in words::stems(&text).into_iter().collect::<HashSet<_>>() {
                *counts.entry(stem).or_default() += 1;
            }
        }
        let mut terms: Vec<Term> = Vec::new();
        for said in question.split(|c: char| !c.is_alphanumeric() && c != '%') {
            let word = said.to_lowercase();
            let stem = words::stem(&word);
            let known = terms.iter().any(|term| term.stem == stem);
            if word.is_empty() || words::is_stop_word(&word) || words::is_one_of(&stem, QUESTION_WORDS) || known {
                continue;
            }
            let count = counts.get(&stem).copied().unwrap_or(0);
            // "Risks" asks for what is risky more than for the word.
            let soft = count == 0 && !focus::of(&word).is_empty();
            let weight = if soft { 0.0 } else { (1.0 + articles.len() as f64 / (count as f64).max(0.5)).ln() };
            terms.push(Term { stem, word: said.to_owned(), weight, missing: count == 0 && !soft });
        }
        let pairs = terms.windows(2).map(|two| (two[0].stem.clone(), two[1].stem.clone())).collect();
        Self { terms, focuses, pairs }
    }

    /// Asks for whatever there is, or for a kind of thing rather than for one.
    fn is_general(&self) -> bool {
        self.terms.iter().all(|term| !focus::of(&term.word).is_empty())
    }

    fn total(&self) -> f64 {
        self.terms.iter().map(|term| term.weight).sum()
    }

    fn coverage(&self, stems: &HashSet<String>, title: &HashSet<String>) -> f64 {
        let has = |term: &&Term| stems.contains(&term.stem) || title.contains(&term.stem);
        let found: f64 = self.terms.iter().filter(has).map(|term| term.weight).sum();
        if self.total() > 0.0 { found / self.total() } else { 0.0 }
    }

    fn score(
        &self,
        stems: &HashSet<String>,
        title: &HashSet<String>,
        text: &str,
        at: usize,
        rank: usize,
        articles: usize,
    ) -> f64 {
        let weight = |set: &HashSet<String>| -> f64 {
            self.terms.iter().filter(|term| set.contains(&term.stem)).map(|term| term.weight).sum()
        };
        let own = weight(stems);
        let pairs = self.pairs.iter().filter(|(a, b)| stems.contains(a) && stems.contains(b)).count() as f64;
        let normalized = words::normalized(text);
        let cued = self.focuses.iter().filter(|focus| bears_on(&normalized, focus)).count() as f64;
        let lead = if at == 0 { 0.5 } else { 0.0 };
        if own == 0.0 && cued == 0.0 && !(self.is_general() && at == 0) {
            return 0.0;
        }
        // The search has put the best articles first.
        let place = 0.5 * (1.0 - rank as f64 / articles.max(1) as f64);
        own + 0.4 * weight(title) + 0.5 * pairs + 0.6 * cued + lead + place
    }
}

/// Whether a [`words::normalized`] sentence is about a focus.
pub fn bears_on(normalized: &str, focus: &Focus) -> bool {
    let cues = CUES.iter().find(|(name, _)| *name == focus.name).map(|(_, cues)| *cues).unwrap_or_default();
    focus
        .keywords
        .split(", ")
        .chain(cues.split(", "))
        .any(|word| !word.is_empty() && words::find_keyword(normalized, word).is_some())
}
