//! Ends tests that lost their job, and removes what the queue no longer needs.

use super::{Desk, Outcome};
use crate::workshop::upkeep::TidyQueue;

pub(super) async fn run(_: TidyQueue, desk: Desk) -> Outcome {
    match desk.workshop.tidy_queue().await {
        Ok(()) => Outcome::Done,
        Err(error) => error.into(),
    }
}
