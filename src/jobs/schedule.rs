//! The schedule: one job per entry and tick, whichever copies of the service run.
//!
//! Each copy computes the ticks and pushes a job under a key made of entry and tick; the first wins. Jobs are written so
//! that a missed tick is made up for by the next, and each entry also runs when a copy starts.

use std::str::FromStr;

use chrono::{TimeDelta, Utc};
use cron::Schedule;
use futures::FutureExt;
use futures::future::BoxFuture;

use crate::domain::Instant;
use crate::queue::Job;
use crate::workshop::Workshop;
use crate::workshop::article::PruneArticles;
use crate::workshop::expiry::ExpireDrafts;
use crate::workshop::feed::PollFeeds;
use crate::workshop::upkeep::TidyQueue;

/// One entry: when, and which job.
struct Entry {
    when: &'static str,
    push: Push,
}

type Push = for<'a> fn(&'a Workshop, Instant) -> BoxFuture<'a, ()>;

const ENTRIES: &[Entry] = &[
    // Every ten minutes: reminders, expiry, purge.
    Entry { when: "0 */10 * * * *", push: |workshop, tick| push(workshop, ExpireDrafts {}, tick).boxed() },
    // Every minute: tests without a job, finished jobs.
    Entry { when: "30 * * * * *", push: |workshop, tick| push(workshop, TidyQueue {}, tick).boxed() },
    // Every five minutes: feeds that are due.
    Entry { when: "15 */5 * * * *", push: |workshop, tick| push(workshop, PollFeeds {}, tick).boxed() },
    // Every hour: articles that are too old.
    Entry { when: "45 7 * * * *", push: |workshop, tick| push(workshop, PruneArticles {}, tick).boxed() },
];

/// Pushes the schedule's jobs as their ticks come; ends only when it is dropped, or for a schedule that has no next tick.
pub async fn run(workshop: Workshop) {
    let parsed: Result<Vec<(Schedule, Push)>, _> =
        ENTRIES.iter().map(|entry| Ok((Schedule::from_str(entry.when)?, entry.push))).collect();
    let entries = match parsed {
        Ok(entries) => entries,
        Err::<_, cron::error::Error>(error) => return tracing::error!(%error, "The schedule cannot be read"),
    };
    let mut last = Utc::now() - TimeDelta::minutes(10);
    loop {
        let now = Utc::now();
        for (schedule, push) in &entries {
            if let Some(tick) = schedule.after(&last).take_while(|tick| *tick <= now).last() {
                push(&workshop, tick).await;
            }
        }
        last = now;
        let Some(next) = entries.iter().filter_map(|(schedule, _)| schedule.after(&now).next()).min() else { return };
        let wait = (next - Utc::now()).to_std().unwrap_or_default();
        tokio::time::sleep(wait).await;
    }
}

async fn push<J: Job>(workshop: &Workshop, job: J, tick: Instant) {
    if let Err(error) = workshop.push_tick(&job, tick).await {
        tracing::warn!(kind = J::KIND, %error, "A tick of the schedule could not be pushed; the next makes up for it");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_can_be_read_and_comes_again() {
        for entry in ENTRIES {
            let schedule = Schedule::from_str(entry.when).unwrap();
            assert!(schedule.after(&Utc::now()).nth(100).is_some(), "{}", entry.when);
        }
    }
}
