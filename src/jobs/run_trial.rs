//! Runs a test, and shows its progress where the draft lives.

use super::{Desk, Outcome};
use crate::workshop::trial::RunTrial;

pub(super) async fn run(job: RunTrial, desk: Desk) -> Outcome {
    let ran = tokio::select! {
        ran = desk.workshop.run_trial(job.trial) => ran,
        () = desk.chat.follow_trial(job.trial) => return Outcome::Retry(super::AT_ONCE),
    };
    match ran {
        Ok(ran) => ran.into(),
        Err(error) => error.into(),
    }
}
