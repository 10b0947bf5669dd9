//! Times on pages: in UTC, until the browser shows them in the reader's zone.

use std::fmt;

use crate::domain::Instant;

/// A time to the minute.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment(pub(super) Instant);

/// A time to the day.
#[derive(Debug, Clone, Copy)]
pub(super) struct Day(pub(super) Instant);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (machine, people) = (self.0.format("%Y-%m-%dT%H:%M:%SZ"), self.0.format("%Y-%m-%d %H:%M UTC"));
        write!(f, "<time datetime=\"{machine}\">{people}</time>")
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (machine, people) = (self.0.format("%Y-%m-%dT%H:%M:%SZ"), self.0.format("%Y-%m-%d"));
        write!(f, "<time datetime=\"{machine}\" data-only=\"day\">{people}</time>")
    }
}

// Both are made of digits alone.
impl askama::filters::HtmlSafe for Moment {}
impl askama::filters::HtmlSafe for Day {}
