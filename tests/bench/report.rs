//! The figures: a table for people, JSON for machines.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

/// The figures so far, in the order they were measured.
pub struct Report {
    setting: Value,
    lines: Vec<Line>,
}

struct Line {
    measure: String,
    value: f64,
    unit: &'static str,
    aim: Option<f64>,
    note: String,
}

impl Report {
    /// An empty report that names the machine.
    pub fn new(quick: bool, postgres: String) -> Self {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').next().unwrap_or_default().to_owned();
        let commit = env!("CARGO_PKG_VERSION");
        let setting =
            json!({ "version": commit, "quick": quick, "cores": cores, "load_before": load, "postgres": postgres });
        Self { setting, lines: Vec::new() }
    }

    /// Adds a figure.
    pub fn add(&mut self, measure: impl Into<String>, value: f64, unit: &'static str) -> &mut Self {
        self.lines.push(Line { measure: measure.into(), value, unit, aim: None, note: String::new() });
        self
    }

    /// Adds a time in milliseconds.
    pub fn milliseconds(&mut self, measure: impl Into<String>, time: Duration) -> &mut Self {
        self.add(measure, time.as_secs_f64() * 1000.0, "ms")
    }

    /// What the last figure should stay below.
    pub fn aim(&mut self, below: f64) -> &mut Self {
        if let Some(line) = self.lines.last_mut() {
            line.aim = Some(below);
        }
        self
    }

    /// What to know about the last figure.
    pub fn note(&mut self, note: impl Into<String>) -> &mut Self {
        if let Some(line) = self.lines.last_mut() {
            line.note = note.into();
        }
        self
    }

    /// The table.
    pub fn table(&self) -> String {
        let figures: Vec<String> =
            self.lines.iter().map(|line| format!("{} {}", short(line.value), line.unit)).collect();
        let longest = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0);
        let measures = longest(&mut self.lines.iter().map(|line| line.measure.chars().count()));
        let values = longest(&mut figures.iter().map(String::len));
        let mut table = format!("{}\n", self.setting);
        for (line, figure) in self.lines.iter().zip(figures) {
            let missed = |aim| if line.value < aim { "" } else { " missed" };
            let aim = line.aim.map(|aim| format!("< {}{}", short(aim), missed(aim))).unwrap_or_default();
            let Line { measure, note, .. } = line;
            let row = format!("{measure:measures$}  {figure:>values$}  {aim:13}  {note}");
            let _ = writeln!(table, "{}", row.trim_end());
        }
        table
    }

    /// The same as JSON.
    pub fn json(&self) -> anyhow::Result<String> {
        let lines: Vec<Value> = self
            .lines
            .iter()
            .map(|Line { measure, value, unit, aim, note }| {
                json!({ "measure": measure, "value": value, "unit": unit, "aim_below": aim, "note": note })
            })
            .collect();
        Ok(serde_json::to_string_pretty(&json!({ "setting": self.setting, "figures": lines }))?)
    }
}

/// Three digits that count.
fn short(value: f64) -> String {
    match value.abs() {
        big if big >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ if value == value.trunc() => format!("{value:.0}"),
        _ => format!("{value:.2}"),
    }
}

/// Times that were taken one by one.
pub struct Times(Vec<Duration>);

impl Times {
    /// Takes times in any order.
    pub fn new(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// The time that this share of them stays within.
    pub fn within(&self, share: f64) -> Duration {
        let place = (share * self.0.len() as f64).ceil() as usize;
        self.0.get(place.saturating_sub(1)).copied().unwrap_or_default()
    }

    /// The longest.
    pub fn longest(&self) -> Duration {
        self.0.last().copied().unwrap_or_default()
    }

    /// How many took longer.
    pub fn longer_than(&self, limit: Duration) -> usize {
        self.0.iter().filter(|time| **time > limit).count()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}
