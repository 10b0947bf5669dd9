//! Running a test: what a worker does with one. It may run twice and must not show twice.
//!
//! Starting sets a fresh token; only who holds it advances or ends the test. A worker that was presumed dead and comes
//! back finds its token gone, and its result is dropped.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant as Stopwatch};

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::event::{Event, notify};
use super::research::{Answer, Inquiry, SEARCH_TOOL};
use super::trial::trial_changed;
use super::{Error, Workshop};
use crate::domain::TrialId;
use crate::domain::trial::{Failure, Stage, Trial, TrialStatus};
use crate::llm::{self, Sink, retry};
use crate::store::delivery::DeliveryKind;
use crate::store::trial::run;
use crate::store::{self, Conn};

/// How often running tests are checked for a cancellation whose notification was lost.
const CANCEL_CHECK: Duration = Duration::from_secs(2);

/// More starts than this, and a test or question is what kills its workers.
pub(super) const MOST_STARTS: i32 = 8;

/// What became of a job's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ran {
    /// Nothing more to do.
    Done,
    /// Try again, not before this.
    Retry(Duration),
}

/// Tests that run in this process, so that they can be stopped.
#[derive(Debug, Clone, Default)]
pub(super) struct Running(Arc<Mutex<HashMap<TrialId, CancellationToken>>>);

impl Running {
    fn add(&self, id: TrialId) -> RunningGuard {
        let token = CancellationToken::new();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id, token.clone());
        RunningGuard { running: self.clone(), id, token }
    }

    /// Stops a test, if it runs here.
    pub(super) fn cancel(&self, id: TrialId) {
        if let Some(token) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id) {
            token.cancel();
        }
    }

    fn ids(&self) -> Vec<TrialId> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }
}

struct RunningGuard {
    running: Running,
    id: TrialId,
    token: CancellationToken,
}

impl Drop for RunningGuard {
    fn drop(&mut self) {
        self.running.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

impl Workshop {
    /// Runs a test to its end, or until it is to be tried again.
    pub async fn run_trial(&self, id: TrialId) -> Result<Ran, Error> {
        let token = Uuid::new_v4();
        let Some(trial) = self.begin_run(id, token).await? else { return Ok(Ran::Done) };
        if trial.attempts > MOST_STARTS {
            let detail = "The service stopped in the middle of this test too often.";
            return self.fail_run(id, token, Failure::Interrupted, detail).await;
        }
        let guard = self.running.add(id);
        let watch = Stopwatch::now();
        let outcome = tokio::select! {
            () = guard.token.cancelled() => None,
            outcome = self.work_on(&trial, token) => Some(outcome),
        };
        drop(guard);
        match outcome {
            None => self.end_cancelled(id).await,
            Some(Err(error)) => Err(error),
            Some(Ok(Ok(answer))) => self.finish_run(id, token, answer, watch.elapsed()).await,
            Some(Ok(Err(error))) => self.retry_or_fail(&trial, token, &error).await,
        }
    }

    /// Takes a test over; `None` when there is nothing to run.
    async fn begin_run(&self, id: TrialId, token: Uuid) -> Result<Option<Trial>, Error> {
        let mut tx = self.store.begin().await?;
        if !run::start(&mut tx, id, token, self.now()).await? {
            // A person cancelled it while its worker was dying.
            if run::cancelled(&mut tx, id, self.now()).await? {
                self.trial_ended(&mut tx, id).await?;
            }
            store::commit(tx).await?;
            return Ok(None);
        }
        let trial = store::trial::find(&mut tx, id).await?;
        if let Some(trial) = &trial {
            trial_changed(&mut tx, trial.draft, id).await?;
        }
        store::commit(tx).await?;
        Ok(trial)
    }

    async fn work_on(&self, trial: &Trial, token: Uuid) -> Result<Result<Answer, llm::Error>, Error> {
        let inquiry = Inquiry {
            question: &trial.question,
            earlier: &[],
            topic: &trial.topic,
            article_limit: trial.article_limit,
            window: trial.window,
            model: &trial.model,
            retrieval: trial.retrieval,
        };
        let retrieval = self.retrieve(&inquiry).await?;
        let mut tx = self.store.begin().await?;
        let found = retrieval.articles.len() as i32;
        run::advance(&mut tx, trial.id, token, Stage::Writing, retrieval.id, found).await?;
        trial_changed(&mut tx, trial.draft, trial.id).await?;
        let prompt = store::draft::revision_text(&mut tx, trial.draft, trial.revision).await?.unwrap_or_default();
        store::commit(tx).await?;
        let (sink, deltas) = Sink::channel();
        let asking = async {
            // The sink goes when the answer is there, which ends the forwarding.
            let sink = sink;
            self.ask(&inquiry, &prompt, &retrieval.articles, &sink).await
        };
        let written = |part, text| Event::TrialWritten { trial: trial.id, draft: trial.draft, part, text };
        let (asked, ()) = tokio::join!(asking, self.forward(deltas, written));
        asked
    }

    async fn finish_run(&self, id: TrialId, token: Uuid, answer: Answer, took: Duration) -> Result<Ran, Error> {
        let success = run::Success {
            response: answer.text,
            engine: answer.engine,
            model: answer.model,
            tools_used: vec![SEARCH_TOOL.to_owned()],
            citations: answer.citations,
            metrics: crate::domain::trial::Metrics {
                execution_ms: Some(took.as_millis().min(i32::MAX as u128) as i32),
                ..answer.metrics
            },
        };
        let mut tx = self.store.begin().await?;
        if run::succeed(&mut tx, id, token, &success, self.now()).await? {
            self.trial_ended(&mut tx, id).await?;
        }
        store::commit(tx).await?;
        metrics::histogram!("workshop_trial_seconds").record(took.as_secs_f64());
        count_end(TrialStatus::Succeeded);
        tracing::info!(trial.id = %id, took.ms = took.as_millis() as u64, "Test {id} succeeded");
        Ok(Ran::Done)
    }

    async fn retry_or_fail(&self, trial: &Trial, token: Uuid, error: &llm::Error) -> Result<Ran, Error> {
        let attempt = trial.attempts.max(1) as u32;
        if let Some(wait) = retry::delay(error, attempt, self.models.attempts()) {
            tracing::warn!(trial.id = %trial.id, attempt, %error, "Test {} will be tried again", trial.id);
            let mut tx = self.store.begin().await?;
            run::give_back(&mut tx, trial.id, token).await?;
            trial_changed(&mut tx, trial.draft, trial.id).await?;
            store::commit(tx).await?;
            return Ok(Ran::Retry(wait));
        }
        self.fail_run(trial.id, token, failure_of(error), &failure_sentence(error, attempt)).await
    }

    async fn fail_run(&self, id: TrialId, token: Uuid, failure: Failure, detail: &str) -> Result<Ran, Error> {
        let mut tx = self.store.begin().await?;
        let detail = crate::domain::text::clean(detail);
        if run::fail(&mut tx, id, token, failure, &detail, self.now()).await? {
            self.trial_ended(&mut tx, id).await?;
        }
        store::commit(tx).await?;
        count_end(TrialStatus::Failed);
        tracing::warn!(trial.id = %id, failure = %failure, "Test {id} failed: {failure}");
        Ok(Ran::Done)
    }

    async fn end_cancelled(&self, id: TrialId) -> Result<Ran, Error> {
        let mut tx = self.store.begin().await?;
        if run::cancelled(&mut tx, id, self.now()).await? {
            self.trial_ended(&mut tx, id).await?;
        }
        store::commit(tx).await?;
        count_end(TrialStatus::Cancelled);
        tracing::info!(trial.id = %id, "Test {id} was cancelled");
        Ok(Ran::Done)
    }

    /// Fails a test whose handler panicked; the fault itself is in the log.
    pub async fn trial_panicked(&self, id: TrialId) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        let detail = "Something went wrong on our side while the test ran. The draft is unchanged; run it again.";
        if run::abandon(&mut tx, id, Failure::Internal, detail, self.now()).await? {
            self.trial_ended(&mut tx, id).await?;
        }
        Ok(store::commit(tx).await?)
    }

    pub(super) async fn trial_ended(&self, conn: &mut Conn, id: TrialId) -> Result<(), Error> {
        let Some(trial) = store::trial::find(conn, id).await? else { return Ok(()) };
        if let Some(batch) = trial.batch {
            // A batch is told of as a whole.
            notify(conn, &Event::BatchChanged { batch, draft: Some(trial.draft) }).await?;
        } else if let Some(draft) = store::draft::find(conn, trial.draft).await? {
            let body = serde_json::json!({ "trial": id });
            self.tell_places(conn, draft.chat, DeliveryKind::TrialFinished, &body, &format!("result:{id}")).await?;
            self.home_changed(conn, trial.account).await?;
        }
        trial_changed(conn, trial.draft, id).await?;
        notify(conn, &Event::Admit).await
    }

    /// Stops tests that were cancelled while no notification came through; ends only when it is dropped.
    pub async fn watch_cancellations(&self) {
        let mut tick = tokio::time::interval(CANCEL_CHECK);
        loop {
            tick.tick().await;
            let ids = self.running.ids();
            if ids.is_empty() {
                continue;
            }
            let Ok(mut conn) = self.store.conn().await else { continue };
            for id in run::cancel_requested(&mut conn, &ids).await.unwrap_or_default() {
                self.running.cancel(id);
            }
        }
    }
}

/// Why a test failed whose model did not answer.
pub(super) fn failure_of(error: &llm::Error) -> Failure {
    match error {
        llm::Error::RateLimited { .. } => Failure::RateLimited,
        llm::Error::Unavailable(_) | llm::Error::Cut => Failure::Unavailable,
        llm::Error::Timeout(_) => Failure::Timeout,
        llm::Error::Refused(_) | llm::Error::Local(_) => Failure::Refused,
    }
}

/// The same for people.
pub(super) fn failure_sentence(error: &llm::Error, attempt: u32) -> String {
    let tried = if attempt > 1 { format!(" It was tried {attempt} times.") } else { String::new() };
    format!("{}.{tried} The draft is unchanged; run the test again when the model answers.", capital(error))
}

pub(super) fn count_end(status: TrialStatus) {
    metrics::counter!("workshop_trials_total", "status" => status.as_str()).increment(1);
}

/// What happened to a model, as the start of a sentence.
pub(super) fn capital(error: &llm::Error) -> String {
    let sentence = error.to_string();
    let mut chars = sentence.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
