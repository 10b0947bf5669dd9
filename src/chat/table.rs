//! A table, shown as text in columns, for platforms that have no tables.

use pulldown_cmark::Alignment;

/// Wider columns are not lined up: one long cell would fill all rows with spaces.
const WIDEST_COLUMN: usize = 40;

/// The rows of a table, the first of them its head.
pub struct Table {
    pub alignments: Vec<Alignment>,
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// The rows below each other, a line below the first.
    pub fn aligned(&self) -> String {
        let columns = self.rows.first().map_or(0, Vec::len);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0).clamp(3, WIDEST_COLUMN)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut lines: Vec<String> = self.rows.iter().map(|row| self.line(row, &widths)).collect();
        let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
        lines.insert(1.min(lines.len()), rule.join("-|-"));
        lines.join("\n")
    }

    fn line(&self, row: &[String], widths: &[usize]) -> String {
        let cells = row.iter().zip(widths).zip(&self.alignments).map(|((cell, width), alignment)| match alignment {
            Alignment::Right => format!("{cell:>width$}"),
            Alignment::Center => format!("{cell:^width$}"),
            Alignment::Left | Alignment::None => format!("{cell:<width$}"),
        });
        cells.collect::<Vec<_>>().join(" | ").trim_end().to_owned()
    }
}
