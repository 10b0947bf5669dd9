//! Runs a batch of tests, and shows its progress where the draft lives.

use super::{Desk, Outcome};
use crate::workshop::batch::RunBatch;

pub(super) async fn run(job: RunBatch, desk: Desk) -> Outcome {
    let ran = tokio::select! {
        ran = desk.workshop.run_batch(job.batch, &desk.stop) => ran,
        () = desk.chat.follow_batch(job.batch) => return Outcome::Retry(super::AT_ONCE),
    };
    match ran {
        Ok(ran) => ran.into(),
        Err(error) => error.into(),
    }
}
