//! Answering a question: what a worker does with one. As with a test, starting sets a fresh token, and only who holds it
//! ends the question.

use std::time::{Duration, Instant as Stopwatch};

use uuid::Uuid;

use super::admission::ORPHAN_AFTER;
use super::compose::Exchange;
use super::event::{Event, notify};
use super::research::{self, Inquiry, Retrieval};
use super::session::{AnswerQuestion, delivery_key};
use super::trial_run::{MOST_STARTS, Ran, capital};
use super::{Error, Noun, Workshop};
use crate::domain::session::{Answer, AnswerStatus};
use crate::domain::trial::Metrics;
use crate::domain::{AnswerId, text};
use crate::llm::{self, Sink, retry};
use crate::queue::Job;
use crate::store::answer::run::{self, Success};
use crate::store::{self, Conn};

/// What people read when workers died over a question.
const INTERRUPTED: &str = "The service stopped in the middle of this question too often. Ask it again.";

/// How many questions before it a question is understood by.
const EARLIER: i64 = 6;

impl Workshop {
    /// Answers a question, or says when to try again. `attempt` counts from 1.
    pub async fn answer_question(&self, id: AnswerId, attempt: u32) -> Result<Ran, Error> {
        let token = Uuid::new_v4();
        let mut conn = self.store.conn().await?;
        let Some(starts) = run::start(&mut conn, id, token).await? else { return Ok(Ran::Done) };
        let Some(answer) = store::answer::find(&mut conn, id).await? else { return Ok(Ran::Done) };
        drop(conn);
        if starts > MOST_STARTS {
            return self.fail_question(id, token, INTERRUPTED).await;
        }
        let watch = Stopwatch::now();
        let earlier = self.earlier(&answer).await?;
        let inquiry = Inquiry {
            question: &answer.question,
            earlier: &earlier,
            topic: &answer.topic,
            article_limit: answer.article_limit,
            window: answer.window,
            model: &answer.model,
            retrieval: answer.retrieval,
        };
        let retrieval = self.retrieve(&inquiry).await?;
        let text = store::version::text(&mut *self.store.conn().await?, answer.prompt, answer.version).await?;
        let text = text.ok_or(Error::NotFound(Noun::Prompt))?;
        let (sink, deltas) = Sink::channel();
        let asking = async {
            // The sink goes when the answer is there, which ends the forwarding.
            let sink = sink;
            self.ask(&inquiry, &text, &retrieval.articles, &sink).await
        };
        let written = |part, text| Event::Written { answer: id, part, text };
        let (asked, ()) = tokio::join!(asking, self.forward(deltas, written));
        match asked? {
            Ok(said) => self.finish_question(id, token, &retrieval, said, watch.elapsed()).await,
            Err(error) => self.retry_question(id, token, attempt, &error).await,
        }
    }

    /// What was asked and answered in the session before a question.
    async fn earlier(&self, answer: &Answer) -> Result<Vec<Exchange>, Error> {
        let Some(chat) = answer.chat else { return Ok(Vec::new()) };
        let before = store::answer::list(&mut *self.store.conn().await?, chat, Some(answer.id), EARLIER).await?;
        let answered = before.into_iter().filter(|answer| answer.status == AnswerStatus::Succeeded);
        Ok(answered
            .map(|answer| Exchange { question: answer.question, answer: answer.response.unwrap_or_default() })
            .collect())
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
        if run::succeed(&mut tx, id, token, &success, self.now()).await? {
            self.question_ended(&mut tx, id).await?;
        }
        store::commit(tx).await?;
        tracing::info!(answer.id = %id, took.ms = took.as_millis() as u64, "Question {id} was answered");
        Ok(Ran::Done)
    }

    async fn retry_question(&self, id: AnswerId, token: Uuid, attempt: u32, error: &llm::Error) -> Result<Ran, Error> {
        if let Some(wait) = retry::delay(error, attempt, self.models.attempts()) {
            tracing::warn!(answer.id = %id, attempt, %error, "Question {id} will be tried again");
            run::give_back(&mut *self.store.conn().await?, id, token).await?;
            return Ok(Ran::Retry(wait));
        }
        let tried = if attempt > 1 { format!(" It was tried {attempt} times.") } else { String::new() };
        let failure = format!("{}.{tried} Ask again when the model answers.", capital(error));
        self.fail_question(id, token, &failure).await
    }

    async fn fail_question(&self, id: AnswerId, token: Uuid, failure: &str) -> Result<Ran, Error> {
        let mut tx = self.store.begin().await?;
        if run::fail(&mut tx, id, token, &text::clean(failure), self.now()).await? {
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
        let orphans = run::orphans(&mut tx, AnswerQuestion::QUEUE.as_str(), self.now() - ORPHAN_AFTER).await?;
        for id in &orphans {
            tracing::error!(answer.id = %id, "Question {id} was left without a job and fails");
            self.abandon_question(&mut tx, *id, INTERRUPTED).await?;
        }
        store::commit(tx).await?;
        Ok(orphans.len())
    }

    async fn abandon_question(&self, conn: &mut Conn, id: AnswerId, failure: &str) -> Result<(), Error> {
        if run::abandon(conn, id, failure, self.now()).await? {
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
