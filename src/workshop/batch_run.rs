//! Running a batch: what a worker does with one. It may run twice; only tests that have not ended run again.
//!
//! One job runs the tests concurrently, finds articles once for each question, and passes results to a writer, which
//! stores those of some milliseconds together. Starting sets a fresh token; a worker that was presumed dead and comes back
//! finds it gone, and nothing that it does is stored.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant as Stopwatch};

use tokio::sync::{OnceCell, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::batch::report;
use super::event::{Event, notify};
use super::pace::Pace;
use super::research::{Inquiry, Retrieval, SEARCH_TOOL};
use super::trial_run::{MOST_STARTS, Ran, count_end, failure_of, failure_sentence};
use super::{Error, Workshop};
use crate::domain::trial::{Failure, Metrics, TrialStatus};
use crate::domain::{BatchId, RetrievalId, text};
use crate::llm::engine::Engine;
use crate::llm::{self, Sink, retry};
use crate::store;
use crate::store::batch::run::{self, Answered, Ended, Open};

/// How long results are gathered before they are stored together.
const GATHER: Duration = Duration::from_millis(20);

/// The most results in one statement.
const TOGETHER: usize = 256;

/// How often others are told that a batch has got on.
const TELL: Duration = Duration::from_millis(500);

/// How often a test is tried whose model asks to slow down: nobody waits for it alone.
const PATIENT_TRIES: u32 = 20;

/// Batches that run in this process, so that they can be stopped.
#[derive(Debug, Clone, Default)]
pub(super) struct RunningBatches(Arc<Mutex<HashMap<BatchId, CancellationToken>>>);

impl RunningBatches {
    fn add(&self, id: BatchId) -> CancellationToken {
        let token = CancellationToken::new();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id, token.clone());
        token
    }

    fn remove(&self, id: BatchId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    /// Stops a batch, if it runs here.
    pub(super) fn cancel(&self, id: BatchId) {
        if let Some(token) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id) {
            token.cancel();
        }
    }
}

/// The articles for one question, found by the first of its tests.
type Found = Arc<OnceCell<Arc<Retrieval>>>;

/// What all tests of a batch share.
struct Work {
    workshop: Workshop,
    pace: Pace,
    texts: HashMap<i32, String>,
    /// What each topic is about.
    topics: HashMap<String, String>,
    /// Articles that earlier tests of a question were given, by question.
    frozen: HashMap<i32, RetrievalId>,
}

/// Where results go.
type Results = mpsc::Sender<Ended>;

impl Workshop {
    /// Runs a batch to its end, until it is cancelled, or until the service stops: then it is to be tried again.
    pub async fn run_batch(&self, id: BatchId, stop: &CancellationToken) -> Result<Ran, Error> {
        let token = Uuid::new_v4();
        let Some(starts) = run::start(&mut *self.store.conn().await?, id, token, self.now()).await? else {
            return Ok(Ran::Done);
        };
        if starts > MOST_STARTS {
            let detail = "The service stopped in the middle of this batch too often. Run what is left again.";
            self.abandon_batch(id, Failure::Interrupted, detail).await?;
            return Ok(Ran::Done);
        }
        let cancelled = self.batches.add(id);
        let ran = self.run_tests(id, token, stop, &cancelled).await;
        self.batches.remove(id);
        ran?;
        if cancelled.is_cancelled() {
            return Ok(Ran::Done);
        }
        self.finish_batch(id, token, stop).await
    }

    /// Runs the tests that have not ended, and stores what comes of them.
    async fn run_tests(
        &self,
        id: BatchId,
        token: Uuid,
        stop: &CancellationToken,
        cancelled: &CancellationToken,
    ) -> Result<(), Error> {
        let (work, open) = self.prepare(id).await?;
        let (results, inbox) = mpsc::channel(TOGETHER);
        let running = async {
            tokio::select! {
                // What was not stored yet was not done; nobody wants it any more.
                () = cancelled.cancelled() => Ok(()),
                ran = work_off(work, open, results, stop) => ran,
            }
        };
        let (ran, stored) = tokio::join!(running, self.store_results(id, token, inbox));
        stored?;
        ran
    }

    async fn prepare(&self, id: BatchId) -> Result<(Arc<Work>, Vec<Open>), Error> {
        let mut conn = self.store.conn().await?;
        let open = run::open(&mut conn, id).await?;
        let mut topics = HashMap::new();
        for test in &open {
            if !topics.contains_key(&test.topic) {
                let found = store::article::find_topic(&mut conn, &test.topic).await?;
                topics.insert(test.topic.clone(), found.map(|(_, about)| about).unwrap_or_default());
            }
        }
        // The model in this process answers one at a time, and a test that waits for it would only time out.
        let most = match self.models.engine() {
            Engine::Local(_) => 1,
            Engine::Remote(_) | Engine::Templates => self.settings.queue.batch_concurrency.max(1),
        };
        let work = Work {
            workshop: self.clone(),
            pace: Pace::new(most as usize),
            texts: run::texts(&mut conn, id).await?,
            topics,
            frozen: run::retrievals(&mut conn, id).await?,
        };
        Ok((Arc::new(work), open))
    }

    /// Stores results as they come, those of some milliseconds together; ends when no more can come.
    async fn store_results(&self, id: BatchId, token: Uuid, mut inbox: mpsc::Receiver<Ended>) -> Result<(), Error> {
        let mut told = Stopwatch::now();
        let draft = store::batch::find(&mut *self.store.conn().await?, id).await?.map(|batch| batch.draft);
        loop {
            let mut ended = Vec::new();
            if inbox.recv_many(&mut ended, TOGETHER).await == 0 {
                return Ok(());
            }
            tokio::time::sleep(GATHER).await;
            while ended.len() < TOGETHER
                && let Ok(one) = inbox.try_recv()
            {
                ended.push(one);
            }
            let outcomes: Vec<bool> = ended.iter().map(|one| one.outcome.is_ok()).collect();
            let mut conn = self.store.conn().await?;
            if !run::store(&mut conn, id, token, ended, SEARCH_TOOL, self.now()).await? {
                tracing::info!(batch.id = %id, "Batch {id} was cancelled, or taken over by another worker");
                return Ok(());
            }
            for answered in outcomes {
                count_end(if answered { TrialStatus::Succeeded } else { TrialStatus::Failed });
            }
            if told.elapsed() > TELL {
                told = Stopwatch::now();
                notify(&mut conn, &Event::BatchChanged { batch: id, draft }).await?;
            }
        }
    }

    async fn finish_batch(&self, id: BatchId, token: Uuid, stop: &CancellationToken) -> Result<Ran, Error> {
        let mut tx = self.store.begin().await?;
        if run::finish(&mut tx, id, token, self.now()).await? {
            self.batch_ended(&mut tx, id).await?;
            let batch = super::batch::find(&mut tx, id).await?;
            let ended = report(&mut tx, batch).await?;
            store::commit(tx).await?;
            let (answered, tests) = (ended.answered(), ended.batch.tests);
            tracing::info!(batch.id = %id, answered, tests, "Batch {id} has ended: {answered} of {tests} tests answered");
            return Ok(Ran::Done);
        }
        // Another copy goes on with it now, rather than when it finds this one dead.
        Ok(if stop.is_cancelled() { Ran::Retry(Duration::from_millis(1)) } else { Ran::Done })
    }
}

/// Runs tests, as many at a time as the pace allows, until all have ended or the service stops.
async fn work_off(work: Arc<Work>, open: Vec<Open>, results: Results, stop: &CancellationToken) -> Result<(), Error> {
    let mut running: JoinSet<Result<(), Error>> = JoinSet::new();
    let mut group: (i32, Found) = (-1, Found::default());
    for test in open {
        if group.0 != test.row {
            // The articles of a question are let go when its last test has ended.
            group = (test.row, Found::default());
        }
        while running.len() >= work.pace.most() {
            joined(running.join_next().await)?;
        }
        if stop.is_cancelled() || results.is_closed() {
            break;
        }
        let (work, found, results) = (work.clone(), group.1.clone(), results.clone());
        running.spawn(async move {
            let ended = work.run(test, &found).await?;
            // Nobody takes results any more when the batch is no longer ours.
            let _ = results.send(ended).await;
            Ok(())
        });
    }
    while let Some(ended) = running.join_next().await {
        joined(Some(ended))?;
    }
    Ok(())
}

fn joined(ended: Option<Result<Result<(), Error>, tokio::task::JoinError>>) -> Result<(), Error> {
    match ended {
        Some(Ok(ended)) => ended,
        // It panics here too: the job's handler says so to whoever waits.
        Some(Err(error)) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Some(Err(_)) | None => Ok(()),
    }
}

impl Work {
    /// Runs one test to its end, however often the model has to be asked.
    async fn run(&self, test: Open, found: &Found) -> Result<Ended, Error> {
        let mut tries = 0;
        loop {
            let turn = self.pace.turn().await;
            tries += 1;
            let (watch, started_at) = (Stopwatch::now(), self.workshop.now());
            let (retrieval, asked) = self.ask(&test, found).await?;
            let ended = |outcome| Ended { id: test.id, retrieval, attempts: tries as i32, started_at, outcome };
            let error = match asked {
                Ok(answered) => {
                    turn.went_well();
                    let took = watch.elapsed();
                    metrics::histogram!("workshop_trial_seconds").record(took.as_secs_f64());
                    let execution_ms = Some(took.as_millis().min(i32::MAX as u128) as i32);
                    let metrics = Metrics { execution_ms, ..answered.metrics };
                    return Ok(ended(Ok(Answered { metrics, ..answered })));
                }
                Err(error) => error,
            };
            let slow = matches!(error, llm::Error::RateLimited { .. });
            let attempts = self.workshop.models.attempts();
            let most = if slow { attempts.max(PATIENT_TRIES) } else { attempts };
            let Some(wait) = retry::delay(&error, tries, most) else {
                let detail = text::clean(&failure_sentence(&error, tries));
                return Ok(ended(Err((failure_of(&error), detail))));
            };
            if slow {
                turn.slow_down(wait);
            } else {
                drop(turn);
                tokio::time::sleep(wait).await;
            }
        }
    }

    /// Asks the model once; the articles are found by the first test of their question.
    async fn ask(
        &self,
        test: &Open,
        found: &Found,
    ) -> Result<(Option<(RetrievalId, i32)>, Result<Answered, llm::Error>), Error> {
        let inquiry = Inquiry {
            earlier: &[],
            question: &test.question,
            topic: &test.topic,
            article_limit: test.article_limit,
            window: test.window,
            model: &test.model,
            retrieval: self.frozen.get(&test.row).copied(),
        };
        let retrieval = found.get_or_try_init(|| self.workshop.retrieve(&inquiry)).await?;
        let given = Some((retrieval.id, retrieval.articles.len() as i32));
        let Some(prompt) = self.texts.get(&test.column) else {
            let gone = "the text to test is gone: it was deleted while the batch ran";
            return Ok((given, Err(llm::Error::Refused(gone.to_owned()))));
        };
        let about = self.topics.get(&test.topic).map(String::as_str).unwrap_or_default();
        let asked = self.workshop.ask_about(&inquiry, prompt, &retrieval.articles, about, &Sink::nowhere()).await;
        let answered = asked.map(|answer| Answered {
            response: answer.text,
            engine: answer.engine,
            model: answer.model,
            citations: answer.citations,
            metrics: answer.metrics,
        });
        Ok((given, answered))
    }
}
