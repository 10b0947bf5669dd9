//! Posts what people are told on chat platforms.

use super::{Desk, Outcome};
use crate::workshop::delivery::Deliver;

pub(super) async fn run(job: Deliver, attempt: u32, desk: Desk) -> Outcome {
    match desk.chat.deliver(job.delivery, attempt).await {
        Ok(ended) => ended.into(),
        Err(error) => error.into(),
    }
}
