//! Brings what was posted on chat platforms up to date.

use super::{Desk, Outcome};
use crate::workshop::delivery::Refresh;

pub(super) async fn run(job: Refresh, desk: Desk) -> Outcome {
    match desk.chat.refresh(&job).await {
        Ok(ended) => ended.into(),
        Err(error) => error.into(),
    }
}
