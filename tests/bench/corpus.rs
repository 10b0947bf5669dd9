//! Articles made of invented words whose frequencies follow Zipf's law, and questions in the same words.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use prompt_workshop::domain::article::RawArticle;
use prompt_workshop::domain::research_window::Window;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Words in the language.
const VOCABULARY: usize = 30_000;

/// Words of a title and of a summary.
const TITLE: usize = 8;
const SUMMARY: usize = 40;

/// Topics of the corpus.
pub const TOPICS: usize = 20;

/// Days it spans, and days that a question asks about.
const DAYS: i64 = 1_095;
const ASKED: i64 = 90;

/// What makes the articles and questions: always the same.
pub struct Corpus {
    random: StdRng,
    /// The share of all text that the first words make up, for each number of them.
    shares: Vec<f64>,
    end: DateTime<Utc>,
}

impl Corpus {
    /// A corpus from its beginning.
    pub fn new() -> Self {
        let mut shares: Vec<f64> = Vec::with_capacity(VOCABULARY);
        for rank in 1..=VOCABULARY {
            shares.push(shares.last().copied().unwrap_or(0.0) + 1.0 / rank as f64);
        }
        let all = shares.last().copied().unwrap_or(1.0);
        shares.iter_mut().for_each(|share| *share /= all);
        Self { random: StdRng::seed_from_u64(1), shares, end: DateTime::UNIX_EPOCH + TimeDelta::days(20_500) }
    }

    fn rank(&mut self) -> usize {
        let at: f64 = self.random.random();
        self.shares.partition_point(|share| *share < at).min(VOCABULARY - 1)
    }

    fn text(&mut self, words: usize) -> String {
        (0..words).map(|_| word(self.rank())).collect::<Vec<_>>().join(" ")
    }

    /// The article of this number; ask for them in order.
    pub fn article(&mut self, number: usize) -> RawArticle {
        let minutes = self.random.random_range(0..DAYS * 24 * 60);
        RawArticle {
            uri: format!("https://news.example/{number}"),
            title: self.text(TITLE),
            summary: self.text(SUMMARY) + ".",
            news_source: format!("Source {}", number % 200),
            publication_date: (self.end - TimeDelta::minutes(minutes)).to_rfc3339(),
            topic: topic(number % TOPICS),
            sentiment: "Neutral".to_owned(),
            ..RawArticle::default()
        }
    }

    /// Three different words, as often as the articles use them.
    pub fn question(&mut self) -> String {
        let mut words = BTreeSet::new();
        while words.len() < 3 {
            words.insert(word(self.rank()));
        }
        words.into_iter().collect::<Vec<_>>().join(" ")
    }

    /// One of the topics.
    pub fn any_topic(&mut self) -> String {
        topic(self.random.random_range(0..TOPICS))
    }

    /// Ninety days.
    pub fn window(&mut self) -> Window {
        let from = self.end - TimeDelta::days(self.random.random_range(ASKED..=DAYS));
        Window { from, to: from + TimeDelta::days(ASKED) }
    }
}

/// The name of a topic.
pub fn topic(number: usize) -> String {
    format!("Topic {:02}", number + 1)
}

/// The word of a rank: three syllables and a consonant, which no stemmer shortens.
fn word(rank: usize) -> String {
    const CONSONANTS: [char; 10] = ['b', 'd', 'f', 'g', 'k', 'l', 'm', 'n', 'p', 'r'];
    const VOWELS: [char; 5] = ['a', 'e', 'i', 'o', 'u'];
    let mut rest = rank;
    let mut word = String::new();
    for _ in 0..3 {
        word.push(CONSONANTS[rest % 10]);
        word.push(VOWELS[rest / 10 % 5]);
        rest /= 50;
    }
    word.push('k');
    word
}
