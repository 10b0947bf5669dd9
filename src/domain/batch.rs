//! Batches: a suite run at once on several texts and models, and the table that comes of it.

use super::trial::TrialStatus;
use super::{AccountId, BatchId, DraftId, Instant, Invalid, RevisionNumber, TrialId, VersionNumber};
use crate::choice;

choice! {
    /// Where a batch is.
    pub enum BatchStatus {
        /// Waiting for another batch of the same person, or for a worker.
        Queued = "queued",
        /// Being run.
        Running = "running",
        /// Every test has ended.
        Finished = "finished",
        /// Stopped by a person.
        Cancelled = "cancelled",
    }
}

impl BatchStatus {
    /// Whether nothing more will happen to the batch.
    pub fn is_final(self) -> bool {
        match self {
            Self::Queued | Self::Running => false,
            Self::Finished | Self::Cancelled => true,
        }
    }
}

/// Texts that a batch tests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    /// Revisions of the draft.
    pub revisions: Vec<RevisionNumber>,
    /// Versions of the prompt that the draft was committed to, or else was cloned from.
    pub versions: Vec<VersionNumber>,
}

impl Texts {
    /// Reads what people type: "1,3" for revisions, "v2" for a version.
    pub fn parse(raw: &str) -> Result<Self, Invalid> {
        let mut texts = Self::default();
        for word in raw.split([',', ' ']).map(str::trim).filter(|word| !word.is_empty()) {
            let number = word.trim_start_matches('v').parse::<i32>().ok().filter(|number| *number >= 1);
            let reason = || format!("has \"{word}\"; name revisions like 1,3 and versions like v2");
            let number = number.ok_or_else(|| Invalid::new("revisions", reason()))?;
            if word.starts_with('v') {
                texts.versions.push(VersionNumber(number));
            } else {
                texts.revisions.push(RevisionNumber(number));
            }
        }
        Ok(texts)
    }

    /// With each of them once, in the order given.
    pub fn once(mut self) -> Self {
        let (mut revisions, mut versions) = (Vec::new(), Vec::new());
        self.revisions.retain(|one| !revisions.contains(one) && (revisions.push(*one), true).1);
        self.versions.retain(|one| !versions.contains(one) && (versions.push(*one), true).1);
        self
    }
}

/// A batch as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Its id.
    pub id: BatchId,
    /// The draft that it was run from.
    pub draft: DraftId,
    /// Who asked for it.
    pub account: AccountId,
    /// The name that its suite had.
    pub suite: String,
    /// What its columns are called.
    pub columns: Vec<String>,
    /// Where it is.
    pub status: BatchStatus,
    /// How many tests it has.
    pub tests: i32,
    /// How many of them have ended.
    pub done: i32,
    /// Whether it waits until another batch of the same person has ended.
    pub waits_for_own: bool,
    /// When it was asked for.
    pub created_at: Instant,
    /// When a worker started it first.
    pub started_at: Option<Instant>,
    /// When it ended.
    pub finished_at: Option<Instant>,
}

/// One test of a batch, as the table shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// The question, from 0.
    pub row: usize,
    /// The text and model, from 0.
    pub column: usize,
    /// The test.
    pub trial: TrialId,
    /// Its question.
    pub question: String,
    /// Where it is.
    pub status: TrialStatus,
    /// The mean of its stars.
    pub mean_rating: Option<f64>,
    /// Links of its answer that are those of an article it was given.
    pub valid_links: i32,
    /// All links of its answer.
    pub links: i32,
    /// Milliseconds that it took.
    pub execution_ms: Option<i32>,
}

/// What the answered tests of a column, a revision or a version have in common.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Summary {
    /// Answered tests.
    pub answered: usize,
    /// The mean of the tests' mean stars.
    pub mean_rating: Option<f64>,
    /// The share of links that are valid, from 0 to 1; `None` where there are none.
    pub citation_validity: Option<f64>,
    /// The mean time of a test.
    pub mean_seconds: Option<f64>,
}

/// Results by question and column.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// What the columns are called.
    pub columns: Vec<String>,
    /// Rows of cells, one for each column; `None` where there is no test.
    pub rows: Vec<Vec<Option<Cell>>>,
}

impl Table {
    /// Puts cells in their places.
    pub fn new(columns: Vec<String>, cells: Vec<Cell>) -> Self {
        let height = cells.iter().map(|cell| cell.row + 1).max().unwrap_or(0);
        let mut rows = vec![vec![None; columns.len()]; height];
        for cell in cells {
            let place = rows.get_mut(cell.row).and_then(|row| row.get_mut(cell.column));
            if let Some(place) = place {
                *place = Some(cell);
            }
        }
        Self { columns, rows }
    }

    /// The question of a row.
    pub fn question(&self, row: usize) -> &str {
        let cells = self.rows.get(row).into_iter().flatten().flatten();
        cells.map(|cell| cell.question.as_str()).next().unwrap_or_default()
    }

    /// What a column's answered tests have in common.
    pub fn summary(&self, column: usize) -> Summary {
        let cells: Vec<&Cell> = self.rows.iter().filter_map(|row| row.get(column)?.as_ref()).collect();
        Summary::of(&cells)
    }
}

impl Cell {
    /// The share of its links that are valid.
    pub fn citation_validity(&self) -> Option<f64> {
        share(self.valid_links, self.links)
    }
}

impl Summary {
    fn of(cells: &[&Cell]) -> Self {
        let answered: Vec<&&Cell> = cells.iter().filter(|cell| cell.status == TrialStatus::Succeeded).collect();
        let sum = |value: fn(&Cell) -> i32| answered.iter().map(|cell| value(cell)).sum();
        Self {
            answered: answered.len(),
            mean_rating: mean(answered.iter().filter_map(|cell| cell.mean_rating)),
            citation_validity: share(sum(|cell| cell.valid_links), sum(|cell| cell.links)),
            mean_seconds: mean(answered.iter().filter_map(|cell| cell.execution_ms).map(|ms| f64::from(ms) / 1000.0)),
        }
    }
}

/// A part of a whole, from 0 to 1.
pub fn share(part: i32, whole: i32) -> Option<f64> {
    (whole > 0).then(|| f64::from(part) / f64::from(whole))
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = values.fold((0_u32, 0.0), |(count, sum), value| (count + 1, sum + value));
    (count > 0).then(|| sum / f64::from(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(row: usize, column: usize, stars: Option<f64>, links: (i32, i32)) -> Cell {
        Cell {
            row,
            column,
            trial: TrialId::new(),
            question: format!("question {row}"),
            status: TrialStatus::Succeeded,
            mean_rating: stars,
            valid_links: links.0,
            links: links.1,
            execution_ms: Some(2_000),
        }
    }

    #[test]
    fn a_table_sums_up_its_columns() {
        let failed = Cell { status: TrialStatus::Failed, ..cell(1, 1, Some(1.0), (0, 9)) };
        let cells = vec![cell(0, 0, Some(4.0), (1, 2)), cell(1, 0, None, (2, 2)), cell(0, 1, None, (0, 0)), failed];
        let table = Table::new(vec!["rev 1".to_owned(), "v2".to_owned()], cells);
        assert_eq!((table.rows.len(), table.question(1)), (2, "question 1"));
        let summary = table.summary(0);
        assert_eq!((summary.answered, summary.mean_rating), (2, Some(4.0)));
        assert_eq!((summary.citation_validity, summary.mean_seconds), (Some(0.75), Some(2.0)));
        let other = table.summary(1);
        assert_eq!((other.answered, other.mean_rating, other.citation_validity), (1, None, None));
    }

    #[test]
    fn revisions_and_versions_are_typed() {
        let texts = Texts::parse("1, 3 v2,3").unwrap().once();
        assert_eq!(texts.revisions, [RevisionNumber(1), RevisionNumber(3)]);
        assert_eq!(texts.versions, [VersionNumber(2)]);
        assert_eq!(Texts::parse(" ").unwrap(), Texts::default());
        for wrong in ["0", "x", "v", "-1", "1-3"] {
            assert!(Texts::parse(wrong).is_err(), "{wrong}");
        }
    }
}
