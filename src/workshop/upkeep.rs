//! Keeping the service in order: the schedule's jobs, the queue's state.

use serde::{Deserialize, Serialize};

use super::{Error, Workshop};
use crate::domain::Instant;
use crate::queue::{self, Job, Options, Queue};
use crate::store;

/// Keeps the queue in order.
#[derive(Debug, Serialize, Deserialize)]
pub struct TidyQueue {}

impl Job for TidyQueue {
    const KIND: &'static str = "tidy_queue";
    const QUEUE: Queue = Queue::Upkeep;
}

/// One queue's state.
#[derive(Debug, Clone, PartialEq)]
pub struct QueueDepth {
    /// The queue.
    pub queue: Queue,
    /// Jobs that wait or run.
    pub jobs: i64,
    /// For how many seconds the oldest has been due.
    pub oldest_seconds: f64,
}

impl Workshop {
    /// Pushes the job of one tick of the schedule; false when a copy of the service did so before.
    pub async fn push_tick<J: Job>(&self, job: &J, tick: Instant) -> Result<bool, Error> {
        let options = Options { key: Some(format!("cron:{}:{}", J::KIND, tick.timestamp())), run_at: None };
        Ok(queue::push(&mut *self.store.conn().await?, job, options).await?)
    }

    /// Ends tests, batches, questions and pushes without a job, and removes finished jobs after a week and dead workers after
    /// a day.
    pub async fn tidy_queue(&self) -> Result<(), Error> {
        self.reconcile_trials().await?;
        self.reconcile_questions().await?;
        self.reconcile_pushes().await?;
        self.reconcile_batches().await?;
        let now = self.now();
        let mut conn = self.store.conn().await?;
        let (week, day) = (chrono::TimeDelta::days(7), chrono::TimeDelta::days(1));
        store::job::prune(&mut conn, now - week, now - day).await?;
        store::arrival::prune(&mut conn, now - week).await?;
        store::arrival::forget_answers(&mut conn, now - super::arrival::ANSWERABLE).await?;
        store::lease::prune(&mut conn, week).await?;
        drop(conn);
        self.deliver_stranded().await?;
        Ok(())
    }

    /// Every queue's state.
    pub async fn queue_depth(&self) -> Result<Vec<QueueDepth>, Error> {
        let depths = store::job::depth(&mut *self.store.conn().await?).await?;
        let of = |queue: &Queue| {
            let here = || depths.iter().filter(|depth| depth.queue == queue.as_str());
            QueueDepth {
                queue: *queue,
                jobs: here().map(|depth| depth.jobs).sum(),
                oldest_seconds: here().map(|depth| depth.oldest_seconds).fold(0.0, f64::max),
            }
        };
        Ok(Queue::ALL.iter().map(of).collect())
    }

    /// Whether any copy of the service runs jobs.
    pub async fn has_workers(&self) -> Result<bool, Error> {
        Ok(store::job::worker_is_alive(&mut *self.store.conn().await?, 15.0).await?)
    }
}
