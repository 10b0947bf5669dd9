//! Wording about batches of tests: what one is doing, and the table that comes of it.

use std::fmt::Write as _;

use super::{Action, Reply};
use crate::chat::button::{Button, Press};
use crate::domain::batch::{Batch, BatchStatus, Cell, Summary};
use crate::domain::text::excerpt;
use crate::domain::trial::TrialStatus;
use crate::workshop::batch::Report;

/// What a batch is doing, in one line.
pub fn progress(batch: &Batch) -> Reply {
    let Batch { suite, tests, done, .. } = batch;
    let what = format!("*{suite}* on {}", excerpt(&batch.columns.join(", "), 200));
    match batch.status {
        BatchStatus::Queued if batch.waits_for_own => {
            stoppable(batch, format!("⏳ Suite {what}: {tests} tests wait until your batch before this one has ended."))
        }
        BatchStatus::Queued => stoppable(batch, format!("⏳ Suite {what}: {tests} tests, queued")),
        BatchStatus::Running => stoppable(batch, format!("✍️ Suite {what}: {done} of {tests} tests done")),
        BatchStatus::Finished => Reply::said(format!("✅ Suite {what}: all {tests} tests have ended")),
        BatchStatus::Cancelled => Reply::said(format!("⏹ Suite {what}: stopped")),
    }
}

fn stoppable(batch: &Batch, text: String) -> Reply {
    Reply::said(text).action(Action::new("Stop", Button::new(Press::StopBatch, batch.id, 0)))
}

/// How a batch ended: results by question and column.
pub fn table(report: &Report) -> Reply {
    let Report { batch, table } = report;
    if !batch.status.is_final() {
        return progress(batch);
    }
    let mut text = format!("**Suite {}**\n\n| |", batch.suite);
    for column in &table.columns {
        let _ = write!(text, " {} |", plain(column));
    }
    text.push_str("\n|---|");
    text.push_str(&"---|".repeat(table.columns.len()));
    for (index, row) in table.rows.iter().enumerate() {
        let _ = write!(text, "\n| {}. {} |", index + 1, plain(&excerpt(table.question(index), 60)));
        for cell in row {
            let _ = write!(text, " {} |", cell.as_ref().map(shown).unwrap_or_default());
        }
    }
    text.push_str("\n| all |");
    for column in 0..table.columns.len() {
        let _ = write!(text, " {} |", summed(&table.summary(column)));
    }
    let answered = report.answered();
    let ended = if report.is_cancelled() { "It was stopped. " } else { "" };
    Reply { text, is_error: answered == 0 && !report.is_cancelled(), ..Reply::default() }
        .note(format!("{ended}{answered} of {} tests answered · stars · valid of all links · seconds", batch.tests))
        .note("Rate single tests on the web or by the API; the table follows.")
}

/// A cell: stars, valid links of all links, seconds.
fn shown(cell: &Cell) -> String {
    match cell.status {
        TrialStatus::Queued | TrialStatus::Running => "…".to_owned(),
        TrialStatus::Failed => "failed".to_owned(),
        TrialStatus::Cancelled => "stopped".to_owned(),
        TrialStatus::Succeeded => {
            let stars = cell.mean_rating.map(|mean| format!("{mean:.1} ★ · ")).unwrap_or_default();
            let seconds = f64::from(cell.execution_ms.unwrap_or_default()) / 1000.0;
            format!("{stars}{}/{} · {seconds:.1} s", cell.valid_links, cell.links)
        }
    }
}

fn summed(summary: &Summary) -> String {
    let stars = summary.mean_rating.map(|mean| format!("{mean:.1} ★ · ")).unwrap_or_default();
    let valid = summary.citation_validity.map_or("–".to_owned(), |share| format!("{:.0} %", share * 100.0));
    let seconds = summary.mean_seconds.map_or("–".to_owned(), |seconds| format!("{seconds:.1} s"));
    format!("{stars}{valid} · {seconds}")
}

/// Text in a cell: nothing in it ends the cell.
fn plain(text: &str) -> String {
    text.replace('|', "¦").replace(['\n', '\r'], " ")
}
