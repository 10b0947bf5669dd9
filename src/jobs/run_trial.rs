//! Runs a test.

use super::{Desk, Outcome};
use crate::workshop::trial::RunTrial;

pub(super) async fn run(job: RunTrial, desk: Desk) -> Outcome {
    match desk.workshop.run_trial(job.trial).await {
        Ok(ran) => ran.into(),
        Err(error) => error.into(),
    }
}
