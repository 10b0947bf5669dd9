//! Removes articles that are older than what is kept.

use super::{Desk, Outcome};
use crate::workshop::article::PruneArticles;

pub(super) async fn run(_: PruneArticles, desk: Desk) -> Outcome {
    match desk.workshop.prune_articles().await {
        Ok(0) => Outcome::Done,
        Ok(removed) => {
            tracing::info!(removed, "Removed articles that are too old");
            Outcome::Done
        }
        Err(error) => error.into(),
    }
}
