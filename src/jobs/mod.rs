//! Workers: one handler per file, the registry of kinds, and the schedule.
//!
//! apalis delivers; the truth is in our tables (see `workshop/`). The settings and guards here each answer a trap of the
//! queue: batches of one, so that heartbeats go on; at most four jobs a worker, so that it can stop; a fresh name for each
//! start, so that jobs of a dead worker are given to others; payloads parsed in the handler, so that a bad one harms only
//! itself; work spawned apart from the worker, so that a panic or a blocking call harms only the job.

mod answer_question;
mod answer_turn;
mod deliver;
mod expire_drafts;
mod handle_arrival;
mod poll_feeds;
mod prune_articles;
mod push_prompt;
mod refresh;
mod run_batch;
mod run_trial;
pub mod schedule;
mod tidy_queue;

use std::time::Duration;

use apalis::prelude::{AbortError, Attempt, BackendExt, BoxDynError, Data, Monitor, WorkerBuilder, WorkerBuilderExt};
use apalis_postgres::{Config, PostgresStorage};
use futures::Stream;
use serde::de::DeserializeOwned;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::task::AbortOnDropHandle;

use crate::chat::{Chat, Ended};
use crate::queue::{Envelope, Job, Queue, WorkerPool};
use crate::workshop::arrival::HandleArrival;
use crate::workshop::article::PruneArticles;
use crate::workshop::batch::RunBatch;
use crate::workshop::delivery::{Deliver, Refresh};
use crate::workshop::event::Event;
use crate::workshop::expiry::ExpireDrafts;
use crate::workshop::feed::PollFeeds;
use crate::workshop::message::AnswerTurn;
use crate::workshop::push::PushPrompt;
use crate::workshop::session::AnswerQuestion;
use crate::workshop::trial::RunTrial;
use crate::workshop::trial_run::Ran;
use crate::workshop::upkeep::TidyQueue;
use crate::workshop::{self, Workshop};

/// Jobs that one worker runs at a time. A worker with more cannot stop: its results have no room.
const JOBS_PER_WORKER: usize = 4;

/// Workers that answer people, and workers for the schedule.
const TALK_WORKERS: usize = 2;
const UPKEEP_WORKERS: usize = 1;

/// Workers for batches of tests: each job is a whole batch, and takes long.
const BATCH_WORKERS: usize = 1;

/// Workers for what chat platforms send and are sent.
const CHAT_WORKERS: usize = 2;

/// How often a worker says that it lives; also the last bound on a wake-up that was lost twice.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// How often a worker looks by itself: a notification can be lost.
const POLL: Duration = Duration::from_secs(1);

/// How long after jobs were pushed a worker looks, and looks again.
const NUDGES: &[Duration] = &[Duration::ZERO, Duration::from_millis(20), Duration::from_millis(100)];

/// The shortest wait that the queue keeps.
const AT_ONCE: Duration = Duration::from_millis(1);

/// How a job ended.
enum Outcome {
    /// For good.
    Done,
    /// Not yet; it is started again after this.
    Retry(Duration),
    /// For good, badly; a word for the queue's table. What people should know is in our tables.
    GiveUp(&'static str),
}

impl From<Ran> for Outcome {
    fn from(ran: Ran) -> Self {
        match ran {
            Ran::Done => Self::Done,
            Ran::Retry(after) => Self::Retry(after),
        }
    }
}

impl From<Ended> for Outcome {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Done => Self::Done,
            Ended::Retry(after) => Self::Retry(after),
        }
    }
}

/// Whether a use case that failed may be tried again.
impl From<workshop::Error> for Outcome {
    fn from(error: workshop::Error) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "A job could not be done: {error}");
        match error {
            workshop::Error::Unavailable(_) | workshop::Error::Fault(_) => Self::Retry(Duration::from_secs(2)),
            workshop::Error::NotFound(_)
            | workshop::Error::Forbidden { .. }
            | workshop::Error::AdminOnly
            | workshop::Error::Invalid(_)
            | workshop::Error::ReadOnly(_)
            | workshop::Error::Stale { .. }
            | workshop::Error::Decided(_)
            | workshop::Error::TrialEnded(_)
            | workshop::Error::TrialUnfinished(_)
            | workshop::Error::BatchEnded(_)
            | workshop::Error::WantsConfirmation(_)
            | workshop::Error::NameTaken { .. }
            | workshop::Error::LimitReached { .. } => Self::GiveUp("refused"),
        }
    }
}

/// What every handler gets.
#[derive(Clone)]
struct Desk {
    workshop: Workshop,
    chat: Chat,
    stop: tokio_util::sync::CancellationToken,
    patience: Duration,
}

impl Desk {
    /// Ends when the service stops and has waited long enough for its jobs.
    async fn out_of_patience(&self) {
        self.stop.cancelled().await;
        tokio::time::sleep(self.patience).await;
    }
}

/// Runs workers for every queue until `stop` is cancelled, then until they have finished what they hold.
pub async fn run(
    workshop: Workshop,
    chat: Chat,
    pool: WorkerPool,
    settings: &workshop::settings::Queue,
    stop: tokio_util::sync::CancellationToken,
) -> Result<(), BoxDynError> {
    let trial_workers = trial_workers(settings);
    let patience = Duration::from_secs(settings.shutdown_seconds);
    let desk = Desk { workshop, chat, stop: stop.clone(), patience };
    let copy = ulid::Ulid::generate().to_string();
    let missed = (settings.rescue_after_seconds.div_ceil(HEARTBEAT.as_secs())).max(2) as usize;
    let mut monitor = Monitor::new()
        .should_restart(|worker, error| {
            tracing::error!(worker = worker.name(), %error, "A worker died and is started again");
            true
        })
        .shutdown_timeout(patience + Duration::from_secs(2));
    let workers = [
        (Queue::Trials, trial_workers),
        (Queue::Batches, BATCH_WORKERS),
        (Queue::Talk, TALK_WORKERS),
        (Queue::Chat, CHAT_WORKERS),
        (Queue::Upkeep, UPKEEP_WORKERS),
    ];
    for (queue, count) in workers {
        for index in 0..count {
            let (pool, desk, copy) = (pool.clone(), desk.clone(), copy.clone());
            let config = Config::default()
                .queue(queue.as_str())
                .batch_size(1)
                .heartbeat_interval(HEARTBEAT)
                .missed_heartbeats(missed)
                .lock_tasks(false)
                .persist_results(true);
            monitor = monitor.register(move |restart| {
                let backend = PostgresStorage::<serde_json::Value>::new(&pool)
                    .with_config(config.clone())
                    .with_pubsub()
                    .poll_with_interval(POLL)
                    .poll_with_stream(nudges(&desk.workshop));
                WorkerBuilder::new(format!("{copy}-{queue}{index}-{restart}"))
                    .backend(backend)
                    .catch_panic()
                    .concurrency(JOBS_PER_WORKER)
                    .data(desk.clone())
                    .build(handle)
            });
        }
    }
    let signal = async move {
        stop.cancelled().await;
        Ok(())
    };
    let ran = monitor.run_with_signal(signal).await;
    pool.close().await;
    ran.map_err(Into::into)
}

/// When a worker is to look for jobs besides: when one was pushed, and shortly after.
///
/// The queue's own notification is lost when it comes while a worker is fetching, as it does when a job pushes the next
/// one; without this, each step of what follows from one click would wait for [`POLL`].
fn nudges(workshop: &Workshop) -> impl Stream<Item = ()> + Send + Sync + Unpin + use<> {
    let (sender, nudges) = tokio::sync::mpsc::channel(1);
    let mut events = workshop.events().subscribe();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                () = sender.closed() => return,
                event = events.next() => if !matches!(*event, Event::Pushed | Event::Gap) {
                    continue;
                },
            }
            loop {
                for wait in NUDGES {
                    tokio::time::sleep(*wait).await;
                    // One that is waiting to be seen is as good as two.
                    let _ = sender.try_send(());
                }
                // Many pushes are one reason to look.
                if !events.heard_of_jobs() {
                    break;
                }
            }
        }
    });
    ReceiverStream::new(nudges)
}

/// Database connections that the workers of one copy need: one each that listens, and some that take turns.
pub fn connections(settings: &workshop::settings::Queue) -> u32 {
    let workers = trial_workers(settings) + BATCH_WORKERS + TALK_WORKERS + CHAT_WORKERS + UPKEEP_WORKERS;
    (workers + workers / 2 + 2) as u32
}

fn trial_workers(settings: &workshop::settings::Queue) -> usize {
    (settings.concurrency as usize).div_ceil(JOBS_PER_WORKER).max(1)
}

/// Runs one job apart from its worker, and says what the queue is to note.
///
/// The queue's table gets nothing but short ASCII words: text with U+0000 would kill the worker.
async fn handle(job: serde_json::Value, attempt: Attempt, desk: Data<Desk>) -> Result<(), BoxDynError> {
    let attempt = attempt.current() as u32;
    let desk: Desk = (*desk).clone();
    let apology = apologise(&job, &desk.workshop);
    let work = AbortOnDropHandle::new(tokio::spawn(dispatch(job, attempt, desk.clone())));
    let outcome = tokio::select! {
        ended = work => match ended {
            Ok(outcome) => outcome,
            Err(error) if error.is_panic() => {
                tracing::error!("A job panicked");
                // Should this panic too, the job has still ended.
                let _ = tokio::spawn(apology).await;
                Outcome::GiveUp("panic")
            }
            Err(_) => Outcome::Retry(AT_ONCE),
        },
        // Another copy takes it now, rather than when it finds this one dead.
        () = desk.out_of_patience() => Outcome::Retry(AT_ONCE),
    };
    match outcome {
        Outcome::Done => Ok(()),
        Outcome::Retry(after) => Err(format!("retry_after_ms={}", after.as_millis()).into()),
        Outcome::GiveUp(why) => Err(AbortError::new(why).into()),
    }
}

/// The registry: which handler takes which kind.
async fn dispatch(job: serde_json::Value, attempt: u32, desk: Desk) -> Outcome {
    let Ok(Envelope { kind, data }) = serde_json::from_value::<Envelope>(job) else {
        tracing::error!("A job that is no job was left out");
        return Outcome::GiveUp("not_a_job");
    };
    match kind.as_str() {
        AnswerTurn::KIND => with(data, |job| answer_turn::run(job, attempt, desk)).await,
        AnswerQuestion::KIND => with(data, |job| answer_question::run(job, attempt, desk)).await,
        RunTrial::KIND => with(data, |job| run_trial::run(job, desk)).await,
        RunBatch::KIND => with(data, |job| run_batch::run(job, desk)).await,
        HandleArrival::KIND => with(data, |job| handle_arrival::run(job, attempt, desk)).await,
        Deliver::KIND => with(data, |job| deliver::run(job, attempt, desk)).await,
        Refresh::KIND => with(data, |job| refresh::run(job, desk)).await,
        PushPrompt::KIND => with(data, |job| push_prompt::run(job, desk)).await,
        ExpireDrafts::KIND => with(data, |job| expire_drafts::run(job, desk)).await,
        PollFeeds::KIND => with(data, |job| poll_feeds::run(job, desk)).await,
        PruneArticles::KIND => with(data, |job| prune_articles::run(job, desk)).await,
        TidyQueue::KIND => with(data, |job| tidy_queue::run(job, desk)).await,
        _ => {
            tracing::error!(kind, "A job of an unknown kind was left out");
            Outcome::GiveUp("unknown_kind")
        }
    }
}

async fn with<J: DeserializeOwned, F: Future<Output = Outcome>>(
    data: serde_json::Value,
    run: impl FnOnce(J) -> F,
) -> Outcome {
    match serde_json::from_value(data) {
        Ok(job) => run(job).await,
        Err(_) => {
            tracing::error!("A job with unreadable data was left out");
            Outcome::GiveUp("unreadable")
        }
    }
}

/// What to do when the job's handler panics: nobody must be left waiting.
fn apologise(job: &serde_json::Value, workshop: &Workshop) -> impl Future<Output = ()> + Send + 'static {
    let envelope = serde_json::from_value::<Envelope>(job.clone());
    let workshop = workshop.clone();
    async move {
        let Ok(Envelope { kind, data }) = envelope else { return };
        let told = match kind.as_str() {
            RunTrial::KIND => match serde_json::from_value::<RunTrial>(data) {
                Ok(RunTrial { trial }) => workshop.trial_panicked(trial).await,
                Err(_) => Ok(()),
            },
            RunBatch::KIND => match serde_json::from_value::<RunBatch>(data) {
                Ok(RunBatch { batch }) => workshop.batch_panicked(batch).await,
                Err(_) => Ok(()),
            },
            AnswerTurn::KIND => match serde_json::from_value::<AnswerTurn>(data) {
                Ok(AnswerTurn { message }) => workshop.turn_panicked(message).await,
                Err(_) => Ok(()),
            },
            AnswerQuestion::KIND => match serde_json::from_value::<AnswerQuestion>(data) {
                Ok(AnswerQuestion { answer }) => workshop.question_panicked(answer).await,
                Err(_) => Ok(()),
            },
            PushPrompt::KIND => match serde_json::from_value::<PushPrompt>(data) {
                Ok(PushPrompt { push }) => workshop.push_panicked(push).await,
                Err(_) => Ok(()),
            },
            _ => Ok(()),
        };
        if let Err(error) = told {
            tracing::error!(kind, %error, "The end of a job that panicked could not be stored: {error}");
        }
    }
}
