//! Waiting for what an emulator sees.

use std::panic::Location;
use std::time::{Duration, Instant};

/// Looks until there is something; fails with all there is to know when there is nothing in time.
pub async fn eventually<T>(
    caller: &Location<'_>,
    what: &str,
    seconds: u64,
    find: impl Fn() -> Option<T>,
    everything: impl Fn() -> String,
) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = find() {
            return found;
        }
        if began.elapsed() > Duration::from_secs(seconds) {
            panic!("{caller}: waited {seconds} s for {what}\n{}", everything());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
