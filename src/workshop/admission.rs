//! Admission: which waiting tests may run now.
//!
//! Tests wait in our table, where cancelling one is an update and people take turns. A test that is admitted gets its
//! job in the same transaction, so that neither can be without the other.

use super::event::{Event, notify};
use super::trial::RunTrial;
use super::{Error, Workshop};
use crate::domain::trial::Failure;
use crate::queue::{self, Queue};
use crate::store::trial::run;
use crate::store::{self, Conn};

/// How long an admitted test, or a question, may be without a living job before it is looked at.
pub(super) const ORPHAN_AFTER: chrono::TimeDelta = chrono::TimeDelta::seconds(30);

impl Workshop {
    /// Admits what fits, in the caller's transaction; false when another transaction is deciding just now.
    pub(super) async fn admit_now(&self, conn: &mut Conn) -> Result<bool, Error> {
        if !run::try_admission(conn).await? {
            return Ok(false);
        }
        self.admit_with_right(conn).await?;
        Ok(true)
    }

    async fn admit_with_right(&self, conn: &mut Conn) -> Result<usize, Error> {
        let slots = i64::from(self.settings.queue.concurrency);
        let copies = store::job::live_copies(conn, Queue::Trials.as_str()).await?.max(1);
        let per_account = i64::from(self.settings.limits.concurrent_tests);
        let admitted = run::admit(conn, slots * copies, per_account, self.now()).await?;
        for trial in &admitted {
            let options = queue::Options { key: Some(job_key(trial)), run_at: None };
            queue::push(conn, &RunTrial { trial: trial.id }, options).await?;
        }
        Ok(admitted.len())
    }

    /// Admits whenever there may be something to admit, and once a second; ends only when it is dropped.
    pub async fn keep_admitting(&self) {
        loop {
            // A tick makes up for a wake-up that was lost with a connection.
            let _ = tokio::time::timeout(std::time::Duration::from_secs(1), self.admission.notified()).await;
            if let Err(error) = self.admit_waiting().await {
                tracing::warn!(%error, "Could not admit waiting tests; trying again");
            }
        }
    }

    /// Admits what fits; says how many tests that were.
    pub async fn admit_waiting(&self) -> Result<usize, Error> {
        if !store::trial::any_waiting(&mut *self.store.conn().await?).await? {
            return Ok(0);
        }
        let mut tx = self.store.begin().await?;
        run::wait_for_admission(&mut tx).await?;
        let admitted = self.admit_with_right(&mut tx).await?;
        store::commit(tx).await?;
        Ok(admitted)
    }

    /// Ends tests whose job has ended without them: a handler that died on its last attempt, a job that is gone.
    pub async fn reconcile_trials(&self) -> Result<usize, Error> {
        let mut tx = self.store.begin().await?;
        let now = self.now();
        let orphans = run::orphans(&mut tx, Queue::Trials.as_str(), now - ORPHAN_AFTER).await?;
        for (trial, _) in &orphans {
            let detail =
                "The service stopped in the middle of this test too often. Nothing else was lost; run it again.";
            if run::abandon(&mut tx, *trial, Failure::Interrupted, detail, now).await? {
                tracing::error!(trial.id = %trial, "Test {trial} was left without a job and has failed");
                self.trial_ended(&mut tx, *trial).await?;
            }
        }
        notify(&mut tx, &Event::Admit).await?;
        store::commit(tx).await?;
        Ok(orphans.len())
    }
}

fn job_key(trial: &run::Admitted) -> String {
    format!("trial:{}:{}", trial.id, trial.job_run)
}
