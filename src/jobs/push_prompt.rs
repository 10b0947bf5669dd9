//! Pushes a version of a prompt to a running Auspex.

use super::{Desk, Outcome};
use crate::workshop::push::PushPrompt;

pub(super) async fn run(job: PushPrompt, desk: Desk) -> Outcome {
    match desk.workshop.run_push(job.push).await {
        Ok(ran) => ran.into(),
        Err(error) => error.into(),
    }
}
