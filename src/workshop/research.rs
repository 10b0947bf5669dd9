//! The engine behind tests and sessions: find articles, compose the request, ask, check the citations.
//!
//! Tests and sessions share every line of it, so that a test sends exactly what a session would send.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OnceCell};

use super::compose::{Composition, Exchange, compose};
use super::{Error, Workshop, guided};
use crate::domain::article::FrozenArticle;
use crate::domain::citation::{self, CitationCheck, Source};
use crate::domain::research_window::Window;
use crate::domain::trial::Metrics;
use crate::domain::{RetrievalId, text};
use crate::llm::engine::Engine;
use crate::llm::{self, Completion, Message, Request, Role, Sink};
use crate::store::article::{RetrievalKey, Search};
use crate::store::{self, Conn};

/// What finding articles is called in [`Trial::tools_used`](crate::domain::trial::Trial::tools_used).
pub const SEARCH_TOOL: &str = "search_articles";

/// Fewer matches of all words than this share of the limit, and articles with any of the words are taken too.
const ENOUGH: usize = 3;

/// What is to be found out, by a test or in a session.
#[derive(Debug, Clone, Copy)]
pub struct Inquiry<'a> {
    /// The question.
    pub question: &'a str,
    /// What was asked and answered before it in its session, oldest first.
    pub earlier: &'a [Exchange],
    /// The topic's name.
    pub topic: &'a str,
    /// How many articles at most.
    pub article_limit: i32,
    /// Only articles published within.
    pub window: Option<Window>,
    /// The model; empty for the one of the settings.
    pub model: &'a str,
    /// Articles that were frozen before; `None` looks for them.
    pub retrieval: Option<RetrievalId>,
}

impl Inquiry<'_> {
    /// What articles are looked for with: a short question is understood with the one before it.
    fn looked_for(&self) -> String {
        match self.earlier.last() {
            Some(before) if self.question.split_whitespace().count() <= SHORT => {
                format!("{} {}", before.question, self.question)
            }
            Some(_) | None => self.question.to_owned(),
        }
    }
}

/// A question of so few words hardly says by itself what it is about.
const SHORT: usize = 6;

/// A frozen list of articles, best first.
#[derive(Debug)]
pub struct Retrieval {
    /// Its id.
    pub id: RetrievalId,
    /// The articles.
    pub articles: Vec<FrozenArticle>,
}

/// The latest retrievals, so that tests and sessions with one question search once.
#[derive(Debug, Clone, Default)]
pub(super) struct Cache(Arc<Mutex<HashMap<RetrievalKey, Cell>>>);

/// A retrieval that is made once, by whoever comes first.
type Cell = Arc<OnceCell<Arc<Retrieval>>>;

/// More than this many are not kept.
const CACHED: usize = 32;

/// What came of asking.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The whole text.
    pub text: String,
    /// What answered.
    pub engine: String,
    /// The model that answered.
    pub model: String,
    /// The check of its citations.
    pub citations: CitationCheck,
    /// Cost and times, but the whole time.
    pub metrics: Metrics,
}

impl Workshop {
    /// The articles for a question: found once for each question, topic, window and state of the articles.
    pub(super) async fn retrieve(&self, inquiry: &Inquiry<'_>) -> Result<Arc<Retrieval>, Error> {
        let mut conn = self.store.conn().await?;
        if let Some(id) = inquiry.retrieval {
            let articles = store::article::frozen(&mut conn, id).await?;
            return Ok(Arc::new(Retrieval { id, articles }));
        }
        let key = RetrievalKey {
            question: inquiry.looked_for(),
            topic: inquiry.topic.to_owned(),
            limit: inquiry.article_limit,
            window: inquiry.window,
            state: store::article::state(&mut conn).await?,
        };
        drop(conn);
        let cell = {
            let mut cache = self.retrievals.0.lock().await;
            if cache.len() >= CACHED && !cache.contains_key(&key) {
                cache.clear();
            }
            cache.entry(key.clone()).or_default().clone()
        };
        let found = cell.get_or_try_init(|| async {
            let mut conn = self.store.conn().await?;
            let articles = search(&mut conn, &key).await?;
            let id = RetrievalId::new();
            store::article::insert_retrieval(&mut conn, id, &key, &articles, self.now()).await?;
            Ok::<_, Error>(Arc::new(Retrieval { id, articles }))
        });
        Ok(found.await?.clone())
    }

    /// The articles that a test of this question would be given now, best first; nothing is frozen.
    pub async fn find_articles(
        &self,
        question: &str,
        topic: &str,
        window: Option<Window>,
        limit: i32,
    ) -> Result<Vec<FrozenArticle>, Error> {
        let (question, topic) = (question.to_owned(), topic.to_owned());
        let mut conn = self.store.conn().await?;
        search(&mut conn, &RetrievalKey { question, topic, limit, window, state: 0 }).await
    }

    /// Asks whoever answers now, for as long as a model may take, and checks the answer's citations.
    pub(super) async fn ask(
        &self,
        inquiry: &Inquiry<'_>,
        prompt: &str,
        articles: &[FrozenArticle],
        sink: &Sink,
    ) -> Result<Result<Answer, llm::Error>, Error> {
        let topic = store::article::find_topic(&mut *self.store.conn().await?, inquiry.topic).await?;
        let description = topic.map(|(_, description)| description).unwrap_or_default();
        Ok(self.ask_about(inquiry, prompt, articles, &description, sink).await)
    }

    /// Like [`Self::ask`], for who knows what the topic is about.
    pub(super) async fn ask_about(
        &self,
        inquiry: &Inquiry<'_>,
        prompt: &str,
        articles: &[FrozenArticle],
        topic_description: &str,
        sink: &Sink,
    ) -> Result<Answer, llm::Error> {
        let engine = self.models.engine();
        let limit = self.models.timeout();
        let asked = self.ask_engine(&engine, inquiry, prompt, articles, topic_description, sink);
        // The provider keeps its own deadline; this one also holds for a model in this process.
        let asked = tokio::time::timeout(limit + Duration::from_secs(1), asked).await;
        asked.unwrap_or(Err(llm::Error::Timeout(limit)))
    }

    async fn ask_engine(
        &self,
        engine: &Engine,
        inquiry: &Inquiry<'_>,
        prompt: &str,
        articles: &[FrozenArticle],
        topic_description: &str,
        sink: &Sink,
    ) -> Result<Answer, llm::Error> {
        let nonce = format!("{:08x}", rand::random::<u32>());
        let composed = compose(Composition {
            prompt,
            topic: inquiry.topic,
            topic_description,
            question: inquiry.question,
            earlier: inquiry.earlier,
            articles,
            token_budget: self.models.context_tokens(),
            nonce: &nonce,
        });
        let given = &articles[..composed.articles];
        let completion = match engine {
            Engine::Remote(remote) => {
                let mut messages = Vec::with_capacity(composed.earlier.len() * 2 + 1);
                for Exchange { question, answer } in composed.earlier {
                    messages.push(Message { role: Role::User, content: question });
                    messages.push(Message { role: Role::Assistant, content: answer });
                }
                messages.push(Message { role: Role::User, content: composed.user });
                let request = Request {
                    model: Some(inquiry.model.to_owned()).filter(|model| !model.is_empty()),
                    system: composed.system,
                    messages,
                    max_tokens: self.models.max_tokens(),
                    temperature: 0.3,
                };
                remote.stream(&request, sink).await?
            }
            Engine::Local(_) | Engine::Templates => {
                let started = std::time::Instant::now();
                let text = guided::answer(engine, prompt, inquiry.question, given, sink).await?;
                let model = engine.model().to_owned();
                Completion { text, model, usage: llm::Usage::default(), first_token: started.elapsed() }
            }
        };
        let sources: Vec<Source<'_>> =
            given.iter().map(|article| Source { id: article.id, uri: &article.uri, title: &article.title }).collect();
        let text = text::clean(&completion.text);
        let count = |tokens: Option<u32>| tokens.map(|tokens| tokens.min(i32::MAX as u32) as i32);
        Ok(Answer {
            citations: citation::check(&text, &sources),
            metrics: Metrics {
                tokens_in: count(completion.usage.input),
                tokens_out: count(completion.usage.output),
                cost_micros: self.models.cost_micros(completion.usage),
                first_token_ms: Some(completion.first_token.as_millis().min(i32::MAX as u128) as i32),
                execution_ms: None,
            },
            text,
            engine: engine.label().to_owned(),
            model: completion.model,
        })
    }
}

/// Articles with all words of the question, then with any of them when too few have all, then the newest of the topic.
async fn search(conn: &mut Conn, key: &RetrievalKey) -> Result<Vec<FrozenArticle>, Error> {
    let limit = key.limit as usize;
    let words = store::article::lexemes(conn, &key.question).await?;
    let mut found: Vec<FrozenArticle> = Vec::new();
    if !words.is_empty() {
        for operator in [" & ", " | "] {
            if found.len() * ENOUGH >= limit {
                break;
            }
            let query = words.join(operator);
            // More than asked for, so that there is something to choose from when one source dominates.
            let search =
                Search { query: &query, topic: &key.topic, window: key.window, limit: i64::from(key.limit) * 2 };
            for article in store::article::search(conn, &search).await? {
                if !found.iter().any(|known| known.id == article.id) {
                    found.push(article);
                }
            }
        }
    }
    // Few articles have the words: what is new in the topic may still bear on the question. Matches come first.
    if found.len() * ENOUGH < limit {
        let room = limit.div_ceil(ENOUGH) - found.len();
        let newest = store::article::newest(conn, &key.topic, key.window, i64::from(key.limit)).await?;
        let unknown: Vec<_> = newest.into_iter().filter(|one| !found.iter().any(|known| known.id == one.id)).collect();
        found.extend(unknown.into_iter().take(room));
    }
    Ok(diversify(found, limit))
}

/// The best `limit` articles, with at most two fifths from one source as long as others have something.
fn diversify(found: Vec<FrozenArticle>, limit: usize) -> Vec<FrozenArticle> {
    let most = (limit * 2 / 5).max(2);
    let mut by_source: HashMap<String, usize> = HashMap::new();
    let (mut kept, mut spare) = (Vec::new(), Vec::new());
    for article in found {
        let seen = by_source.entry(article.news_source.clone()).or_default();
        *seen += 1;
        if *seen <= most || article.news_source.is_empty() { kept.push(article) } else { spare.push(article) }
    }
    kept.truncate(limit);
    let room = limit - kept.len();
    kept.extend(spare.into_iter().take(room));
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ArticleId, Instant};

    fn article(id: i64, source: &str, body: &str) -> FrozenArticle {
        FrozenArticle {
            id: ArticleId(id),
            uri: format!("https://news.example/{id}"),
            title: format!("Title {id}"),
            summary: "A summary.".to_owned(),
            body: Some(body.to_owned()),
            news_source: source.to_owned(),
            publication_date: Instant::UNIX_EPOCH,
            sentiment: String::new(),
            content_hash: vec![0; 32],
        }
    }

    #[test]
    fn a_short_question_is_looked_for_with_the_one_before_it() {
        let earlier = [Exchange { question: "How did war-risk premiums move?".to_owned(), answer: String::new() }];
        let asked = |question, earlier| Inquiry {
            question,
            earlier,
            topic: "Shipping",
            article_limit: 50,
            window: None,
            model: "",
            retrieval: None,
        };
        assert_eq!(
            asked("And for tankers?", &earlier).looked_for(),
            "How did war-risk premiums move? And for tankers?"
        );
        assert_eq!(asked("And for tankers?", &[]).looked_for(), "And for tankers?");
        let whole = "How long were the ports of the gulf closed?";
        assert_eq!(asked(whole, &earlier).looked_for(), whole);
    }

    #[test]
    fn one_source_does_not_drown_the_others() {
        let mut found: Vec<_> = (0..20).map(|id| article(id, "Loud", "x")).collect();
        found.extend((20..26).map(|id| article(id, "Quiet", "x")));
        let kept = diversify(found, 10);
        assert_eq!(kept.len(), 10);
        assert_eq!(kept.iter().filter(|article| article.news_source == "Quiet").count(), 4);
        assert!(kept[..8].iter().any(|article| article.news_source == "Quiet"));
    }
}
