//! The schedule: one job per entry and tick, whichever copies of the service run.
//!
//! Each copy computes the ticks and pushes a job under a key made of entry and tick; the first wins. Jobs are written so
//! that a missed tick is made up for by the next, and each entry also runs when a copy starts.

use std::str::FromStr;

use chrono::{TimeDelta, Utc};
use cron::Schedule;

use crate::domain::Instant;
use crate::queue::Job;
use crate::workshop::Workshop;
use crate::workshop::expiry::ExpireDrafts;
use crate::workshop::upkeep::TidyQueue;

/// Every ten minutes: reminders, expiry, purge.
const EXPIRE: &str = "0 */10 * * * *";

/// Every minute: tests without a job, finished jobs.
const TIDY: &str = "30 * * * * *";

/// Pushes the schedule's jobs as their ticks come; ends only when it is dropped, or for a schedule that has no next tick.
pub async fn run(workshop: Workshop) {
    let (Ok(expire), Ok(tidy)) = (Schedule::from_str(EXPIRE), Schedule::from_str(TIDY)) else {
        return tracing::error!("The schedule cannot be read");
    };
    let mut last = Utc::now() - TimeDelta::minutes(10);
    loop {
        let now = Utc::now();
        if let Some(tick) = expire.after(&last).take_while(|tick| *tick <= now).last() {
            push(&workshop, &ExpireDrafts {}, tick).await;
        }
        if let Some(tick) = tidy.after(&last).take_while(|tick| *tick <= now).last() {
            push(&workshop, &TidyQueue {}, tick).await;
        }
        last = now;
        let next = [&expire, &tidy].into_iter().filter_map(|schedule| schedule.after(&now).next()).min();
        let Some(next) = next else { return };
        let wait = (next - Utc::now()).to_std().unwrap_or_default();
        tokio::time::sleep(wait).await;
    }
}

async fn push<J: Job>(workshop: &Workshop, job: &J, tick: Instant) {
    if let Err(error) = workshop.push_tick(job, tick).await {
        tracing::warn!(kind = J::KIND, %error, "A tick of the schedule could not be pushed; the next makes up for it");
    }
}
