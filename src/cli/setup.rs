//! `workshop setup`: fetches the local model and shows how far it is.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::llm::local::fetch::{self, Progress, Source};
use crate::llm::settings::Settings;

/// Fetches the local model into `data_dir`, the smaller one if `small`.
pub async fn run(settings: &Settings, data_dir: &Path, small: bool) -> anyhow::Result<()> {
    let bar = Bar::new(std::io::stderr().is_terminal());
    let fetched = fetch::fetch(settings, data_dir, small, |progress| bar.show(progress)).await;
    let was_shown = bar.finish();
    let path = fetched?;
    let ready = if was_shown { "is here" } else { "was here already" };
    let megabytes = std::fs::metadata(&path)?.len() / 1_000_000;
    println!("The local model {ready}: {} ({megabytes} MB). `workshop serve` answers with it.", path.display());
    if !cfg!(feature = "local-model") {
        println!("This build cannot use it: it was made without the feature `local-model`.");
    }
    Ok(())
}

/// The progress on standard error: one line written over and over, or a line for every tenth.
struct Bar {
    is_terminal: bool,
    shown: Mutex<Option<(Source, u64)>>,
}

impl Bar {
    fn new(is_terminal: bool) -> Self {
        Self { is_terminal, shown: Mutex::new(None) }
    }

    fn show(&self, progress: Progress) {
        let step = if self.is_terminal { progress.done_bytes / 1_000_000 } else { u64::from(progress.percent() / 10) };
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.replace((progress.source, step)) == Some((progress.source, step)) {
            return;
        }
        let line = line(progress);
        let line = if self.is_terminal { format!("\r{}\x1b[K", bar(progress.percent(), &line)) } else { line + "\n" };
        // A progress bar that cannot be shown is no reason to stop.
        let _ = std::io::stderr().write_all(line.as_bytes());
    }

    /// Leaves the line; answers whether anything was shown.
    fn finish(&self) -> bool {
        let was_shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if was_shown && self.is_terminal {
            eprintln!();
        }
        was_shown
    }
}

fn line(progress: Progress) -> String {
    let Progress { source, done_bytes, total_bytes } = progress;
    let (done, total) = (done_bytes / 1_000_000, total_bytes / 1_000_000);
    format!("{} %, {done} of {total} MB, from {source}", progress.percent())
}

fn bar(percent: u8, line: &str) -> String {
    let filled = usize::from(percent) * 24 / 100;
    format!("[{}{}] {line}", "#".repeat(filled), ".".repeat(24 - filled))
}

#[cfg(test)]
mod tests {
    use super::{Progress, Source, bar, line};

    #[test]
    fn the_line_says_how_much_of_what_from_where() {
        let progress = Progress { source: Source::Hub, done_bytes: 558_660_384, total_bytes: 1_117_320_768 };
        let line = line(progress);
        assert_eq!(line, "50 %, 558 of 1117 MB, from the model hub");
        assert_eq!(bar(progress.percent(), &line), format!("[############............] {line}"));
    }
}
