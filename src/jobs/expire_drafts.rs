//! Reminds of, expires and purges drafts that nobody uses.

use super::{Desk, Outcome};
use crate::workshop::expiry::ExpireDrafts;

pub(super) async fn run(_: ExpireDrafts, desk: Desk) -> Outcome {
    match desk.workshop.expire_drafts().await {
        Ok(done) => {
            tracing::info!(done.reminded, done.expired, done.purged, "Looked after drafts that nobody uses");
            Outcome::Done
        }
        Err(error) => error.into(),
    }
}
