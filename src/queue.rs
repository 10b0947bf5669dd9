//! Pushing a job in the caller's transaction. Who runs jobs is in `jobs/`.
//!
//! A job is a word (its kind) and ids; the rows it names are the truth. It may run twice.

use serde::{Serialize, de::DeserializeOwned};

use crate::choice;
use crate::domain::Instant;
use crate::store::{self, Conn, Store};

choice! {
    /// The queues. Each has workers of its own, so that none waits for another's work.
    pub enum Queue {
        /// Tests; filled by admission only.
        Trials = "trials",
        /// Batches of tests, whose turns are kept in our table.
        Batches = "batches",
        /// Answers and messages to people.
        Talk = "talk",
        /// What chat platforms sent, and what is posted there.
        Chat = "chat",
        /// The schedule.
        Upkeep = "upkeep",
    }
}

/// A kind of job: what is stored of it.
pub trait Job: Serialize + DeserializeOwned {
    /// The word that is stored for this kind. Renaming the type leaves it alone.
    const KIND: &'static str;
    /// Where it waits.
    const QUEUE: Queue;
    /// How often it is started at most; a worker that dies uses up one start.
    const MOST_STARTS: i32 = 10;
}

/// The stored form of a job.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub struct Envelope {
    /// [`Job::KIND`].
    pub kind: String,
    /// The job itself.
    pub data: serde_json::Value,
}

/// When and how a job runs.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// A second job with the same key is not pushed.
    pub key: Option<String>,
    /// Not before this.
    pub run_at: Option<Instant>,
}

/// What every copy of the service is told when jobs were pushed: an event of `workshop::event` without ids.
pub const PUSHED: &str = r#"{"event":"pushed"}"#;

/// Pushes a job; it starts when the transaction commits. False when one with its key is there already.
pub async fn push<J: Job>(conn: &mut Conn, job: &J, options: Options) -> Result<bool, store::Error> {
    Ok(push_all(conn, vec![(job, options)]).await? == 1)
}

/// Pushes several jobs of a kind in one statement; says how many were new.
pub async fn push_all<J: Job>(conn: &mut Conn, jobs: Vec<(&J, Options)>) -> Result<u64, store::Error> {
    let jobs = jobs.into_iter().map(|(job, options)| stored(job, options)).collect::<Result<Vec<_>, _>>()?;
    store::job::insert(conn, &jobs, PUSHED).await
}

fn stored<J: Job>(job: &J, options: Options) -> Result<store::job::NewJob, store::Error> {
    let corrupt = |error: serde_json::Error| store::Error::Corrupt {
        table: "apalis.jobs",
        id: J::KIND.to_owned(),
        reason: error.to_string(),
    };
    let data = serde_json::to_value(job).map_err(corrupt)?;
    let payload = serde_json::to_vec(&Envelope { kind: J::KIND.to_owned(), data }).map_err(corrupt)?;
    Ok(store::job::NewJob {
        queue: J::QUEUE.as_str(),
        payload,
        key: options.key,
        max_attempts: J::MOST_STARTS,
        run_at: options.run_at,
        priority: 0,
    })
}

/// Why the queue's tables could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("the queue's tables could not be set up")]
pub struct SetupError(#[source] Box<dyn std::error::Error + Send + Sync>);

/// Brings the queue's own schema up to date; comes before [`Store::migrate`], which leans on it.
pub async fn migrate(store: &Store) -> Result<(), SetupError> {
    apalis_postgres::PostgresStorage::<()>::setup(store.pool()).await.map_err(|error| SetupError(Box::new(error)))
}

/// The connections of one copy's workers.
pub type WorkerPool = store::Pool;
