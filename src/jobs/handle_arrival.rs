//! Handles what a chat platform sent.

use super::{Desk, Outcome};
use crate::workshop::arrival::HandleArrival;

pub(super) async fn run(job: HandleArrival, attempt: u32, desk: Desk) -> Outcome {
    match desk.chat.handle(job.arrival, attempt).await {
        Ok(ended) => ended.into(),
        Err(error) => error.into(),
    }
}
