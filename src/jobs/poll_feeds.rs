//! Polls the feeds that are due.

use super::{Desk, Outcome};
use crate::workshop::feed::PollFeeds;
use crate::workshop::feed_poll::Polled;

pub(super) async fn run(_: PollFeeds, desk: Desk) -> Outcome {
    match desk.workshop.poll_feeds().await {
        Ok(Polled { working: 0, failed: 0, .. }) => Outcome::Done,
        Ok(done) => {
            tracing::info!(done.working, done.failed, done.new, "Polled feeds");
            Outcome::Done
        }
        Err(error) => error.into(),
    }
}
