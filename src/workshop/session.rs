//! Sessions: a question put to a committed prompt is stored, answered by a job, and ends once.
//!
//! What a model is sent comes from [`super::research`], by the very lines that serve tests. As with a test, starting sets
//! a fresh token, and only who holds it ends the question.

use std::time::{Duration, Instant as Stopwatch};

use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::admission::ORPHAN_AFTER;
use super::article::best_topic;
use super::event::{Event, notify};
use super::research::{self, Inquiry, Retrieval};
use super::trial::find_topic;
use super::trial_run::{MOST_STARTS, Ran, capital};
use super::{Error, Noun, Workshop};
use crate::domain::library::Prompt;
use crate::domain::place::Place;
use crate::domain::research_window::window_in;
use crate::domain::session::Answer;
use crate::domain::trial::{self, Metrics};
use crate::domain::{Actor, AnswerId, DeliveryId, Invalid, VersionNumber, text};
use crate::llm::{self, Sink, retry};
use crate::queue::{self, Job, Queue};
use crate::store::activity::{self, Happened};
use crate::store::answer::{NewAnswer, Success};
use crate::store::delivery::{Delivery, DeliveryKind};
use crate::store::{self, Conn};

/// What people read when workers died over a question.
const INTERRUPTED: &str = "The service stopped in the middle of this question too often. Ask it again.";

/// Answers a question to a prompt.
#[derive(Debug, Serialize, Deserialize)]
pub struct AnswerQuestion {
    /// The question, and its answer to be.
    pub answer: AnswerId,
}

impl Job for AnswerQuestion {
    const KIND: &'static str = "answer_question";
    const QUEUE: Queue = Queue::Talk;
}

/// A question to a prompt of the library.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The prompt's name.
    pub prompt: String,
    /// Which version answers; the newest when not named.
    pub version: Option<VersionNumber>,
    /// The question: 10 to 1,000 characters.
    pub question: String,
    /// The topic's name; the one that fits best when not named.
    pub topic: Option<String>,
    /// How many articles at most: 5 to 200.
    pub article_limit: i32,
}

impl Workshop {
    /// Asks a committed prompt a question. It is stored, and its job with it, before this returns.
    ///
    /// A question under a `key` that the actor used before is a success that does nothing: platforms send events again.
    pub async fn ask_prompt(&self, actor: &Actor, ask: Ask, key: Option<&str>) -> Result<Answer, Error> {
        self.ask_prompt_in(actor, ask, key, None).await
    }

    /// Like [`Self::ask_prompt`], asked in a place of a chat platform, which is told the answer.
    pub async fn ask_prompt_in(
        &self,
        actor: &Actor,
        ask: Ask,
        key: Option<&str>,
        place: Option<&Place>,
    ) -> Result<Answer, Error> {
        let question = trial::parse_question(&ask.question).map_err(|why| Invalid { field: "question", ..why })?;
        let article_limit = trial::parse_limit(Some(ask.article_limit.into()))?;
        let mut tx = self.store.begin().await?;
        let prompt = store::library::find_visible(&mut tx, &ask.prompt, actor.account).await?;
        let (prompt, _) = prompt.ok_or(Error::NotFound(Noun::Prompt))?;
        // The limit comes first for its lock: of two deliveries at once the second finds what the first stored.
        let limit = self.check_test_limit(&mut tx, actor).await;
        if let Some(key) = key
            && let Some(known) = store::answer::find_by_key(&mut tx, actor.account, key).await?
        {
            return store::answer::find(&mut tx, known).await?.ok_or(Error::NotFound(Noun::Answer));
        }
        limit?;
        let (version, text) = version_text(&mut tx, &prompt, ask.version).await?;
        let topic = match ask.topic {
            Some(topic) => topic,
            None => {
                let topics = store::article::topics(&mut tx).await?;
                best_topic(topics, &format!("{} {question} {text}", prompt.title)).unwrap_or_default()
            }
        };
        let now = self.now();
        let new = NewAnswer {
            id: AnswerId::new(),
            account: actor.account,
            prompt: prompt.id,
            version,
            topic: find_topic(&mut tx, &topic).await?,
            model: self.models.default_model(),
            article_limit,
            window: window_in(&question, now),
            question,
        };
        store::answer::insert(&mut tx, &new, key, now).await?;
        let event = activity::Event {
            kind: Happened::PromptAsked,
            account: Some(actor.account),
            draft: None,
            prompt: Some(prompt.id),
            detail: json!({ "version": version }),
        };
        activity::insert(&mut tx, &event, now).await?;
        let options = queue::Options { key: Some(format!("answer:{}", new.id)), run_at: None };
        queue::push(&mut tx, &AnswerQuestion { answer: new.id }, options).await?;
        if let Some(place) = place {
            let delivery = Delivery {
                id: DeliveryId::new(),
                chat: None,
                account: Some(actor.account),
                place: Some(place.clone()),
                recipient: String::new(),
                kind: DeliveryKind::Answer,
                body: json!({ "answer": new.id }),
                posted_as: None,
                attempted_at: None,
                created_at: now,
            };
            // Its job is pushed when there is an answer.
            store::delivery::insert(&mut tx, &delivery, &delivery_key(new.id)).await?;
        }
        let answer = store::answer::find(&mut tx, new.id).await?.ok_or(Error::NotFound(Noun::Answer))?;
        store::commit(tx).await?;
        Ok(answer)
    }

    /// A question that the actor asked, with its answer once there is one.
    pub async fn answer(&self, actor: &Actor, id: AnswerId) -> Result<Answer, Error> {
        let answer = store::answer::find(&mut *self.store.conn().await?, id).await?;
        answer.filter(|answer| answer.account == actor.account).ok_or(Error::NotFound(Noun::Answer))
    }

    /// Answers a question, or says when to try again. `attempt` counts from 1.
    pub async fn answer_question(&self, id: AnswerId, attempt: u32) -> Result<Ran, Error> {
        let token = Uuid::new_v4();
        let mut conn = self.store.conn().await?;
        let Some(starts) = store::answer::start(&mut conn, id, token).await? else { return Ok(Ran::Done) };
        let Some(answer) = store::answer::find(&mut conn, id).await? else { return Ok(Ran::Done) };
        drop(conn);
        if starts > MOST_STARTS {
            return self.fail_question(id, token, INTERRUPTED).await;
        }
        let watch = Stopwatch::now();
        let inquiry = Inquiry {
            question: &answer.question,
            topic: &answer.topic,
            article_limit: answer.article_limit,
            window: answer.window,
            model: &answer.model,
            retrieval: answer.retrieval,
        };
        let retrieval = self.retrieve(&inquiry).await?;
        let text = store::library::version_text(&mut *self.store.conn().await?, answer.prompt, answer.version).await?;
        let text = text.ok_or(Error::NotFound(Noun::Prompt))?;
        match self.ask(&inquiry, &text, &retrieval.articles, &Sink::nowhere()).await? {
            Ok(said) => self.finish_question(id, token, &retrieval, said, watch.elapsed()).await,
            Err(error) => self.retry_question(id, token, attempt, &error).await,
        }
    }

    async fn finish_question(
        &self,
        id: AnswerId,
        token: Uuid,
        retrieval: &Retrieval,
        said: research::Answer,
        took: Duration,
    ) -> Result<Ran, Error> {
        let success = Success {
            retrieval: retrieval.id,
            article_count: retrieval.articles.len() as i32,
            response: said.text,
            engine: said.engine,
            model: said.model,
            citations: said.citations,
            metrics: Metrics { execution_ms: Some(took.as_millis().min(i32::MAX as u128) as i32), ..said.metrics },
        };
        let mut tx = self.store.begin().await?;
        if store::answer::succeed(&mut tx, id, token, &success, self.now()).await? {
            self.question_ended(&mut tx, id).await?;
        }
        store::commit(tx).await?;
        tracing::info!(answer.id = %id, took.ms = took.as_millis() as u64, "Question {id} was answered");
        Ok(Ran::Done)
    }

    async fn retry_question(&self, id: AnswerId, token: Uuid, attempt: u32, error: &llm::Error) -> Result<Ran, Error> {
        if let Some(wait) = retry::delay(error, attempt, self.models.attempts()) {
            tracing::warn!(answer.id = %id, attempt, %error, "Question {id} will be tried again");
            store::answer::give_back(&mut *self.store.conn().await?, id, token).await?;
            return Ok(Ran::Retry(wait));
        }
        let tried = if attempt > 1 { format!(" It was tried {attempt} times.") } else { String::new() };
        let failure = format!("{}.{tried} Ask again when the model answers.", capital(error));
        self.fail_question(id, token, &failure).await
    }

    async fn fail_question(&self, id: AnswerId, token: Uuid, failure: &str) -> Result<Ran, Error> {
        let mut tx = self.store.begin().await?;
        if store::answer::fail(&mut tx, id, token, &text::clean(failure), self.now()).await? {
            self.question_ended(&mut tx, id).await?;
        }
        store::commit(tx).await?;
        tracing::warn!(answer.id = %id, "Question {id} failed");
        Ok(Ran::Done)
    }

    /// Fails a question whose handler panicked; the fault itself is in the log.
    pub async fn question_panicked(&self, id: AnswerId) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        self.abandon_question(&mut tx, id, "Something went wrong on our side. Ask it again.").await?;
        Ok(store::commit(tx).await?)
    }

    /// Fails questions whose job has ended without them; says how many.
    pub(super) async fn reconcile_questions(&self) -> Result<usize, Error> {
        let mut tx = self.store.begin().await?;
        let orphans =
            store::answer::orphans(&mut tx, AnswerQuestion::QUEUE.as_str(), self.now() - ORPHAN_AFTER).await?;
        for id in &orphans {
            tracing::error!(answer.id = %id, "Question {id} was left without a job and fails");
            self.abandon_question(&mut tx, *id, INTERRUPTED).await?;
        }
        store::commit(tx).await?;
        Ok(orphans.len())
    }

    async fn abandon_question(&self, conn: &mut Conn, id: AnswerId, failure: &str) -> Result<(), Error> {
        if store::answer::abandon(conn, id, failure, self.now()).await? {
            self.question_ended(conn, id).await?;
        }
        Ok(())
    }

    /// What follows when a question is answered or has failed, in the transaction that stores it.
    async fn question_ended(&self, conn: &mut Conn, id: AnswerId) -> Result<(), Error> {
        if let Some(delivery) = store::delivery::find_by_key(conn, &delivery_key(id)).await? {
            self.push_delivery(conn, delivery.id, "").await?;
        }
        notify(conn, &Event::QuestionAnswered { answer: id }).await
    }
}

fn delivery_key(id: AnswerId) -> String {
    format!("answer:{id}")
}

/// The version that is asked, with its text; a version that there is not is refused.
async fn version_text(
    conn: &mut Conn,
    prompt: &Prompt,
    wanted: Option<VersionNumber>,
) -> Result<(VersionNumber, String), Error> {
    let Some(wanted) = wanted else { return Ok((prompt.version, prompt.text.clone())) };
    let text = store::library::version_text(conn, prompt.id, wanted).await?;
    let unknown =
        || Invalid::new("version", format!("is unknown; the newest of {} is {}", prompt.name, prompt.version));
    Ok((wanted, text.ok_or_else(unknown)?))
}
