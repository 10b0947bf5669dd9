//! Times, stars and numbers as pages show them.

use std::borrow::Borrow;
use std::fmt;

use crate::domain::Instant;

/// A time, in UTC; browsers show it in the reader's own zone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment(Instant);

impl Moment {
    /// As templates call it, with what a field holds.
    pub(super) fn at(at: impl Borrow<Instant>) -> Self {
        Self(*at.borrow())
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.0;
        write!(f, "<time datetime=\"{}\">{} UTC</time>", at.format("%Y-%m-%dT%H:%M:%SZ"), at.format("%Y-%m-%d %H:%M"))
    }
}

impl askama::filters::HtmlSafe for Moment {}

/// A day, in UTC.
#[derive(Debug, Clone, Copy)]
pub(super) struct Day(Instant);

impl Day {
    /// As templates call it, with what a field holds.
    pub(super) fn of(at: impl Borrow<Instant>) -> Self {
        Self(*at.borrow())
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (at, day) = (self.0.format("%Y-%m-%dT%H:%M:%SZ"), self.0.format("%Y-%m-%d"));
        write!(f, "<time datetime=\"{at}\" data-only=\"day\">{day}</time>")
    }
}

impl askama::filters::HtmlSafe for Day {}

/// Stars that were given, or the mean of them: drawn, and said in words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rated(f64);

impl Rated {
    /// The mean of stars.
    pub(super) fn mean(mean: impl Borrow<f64>) -> Self {
        Self(*mean.borrow())
    }

    /// Stars that one person gave.
    pub(super) fn stars(stars: impl Borrow<i16>) -> Self {
        Self(f64::from(*stars.borrow()))
    }
}

impl fmt::Display for Rated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let full = self.0.round().clamp(0.0, 5.0) as usize;
        let words = if self.0.fract() == 0.0 { format!("{:.0}", self.0) } else { format!("{:.1}", self.0) };
        let drawn = "★".repeat(full) + &"☆".repeat(5 - full);
        write!(f, "<span class=\"rating\" role=\"img\" aria-label=\"{words} of 5 stars\">{drawn}</span>")
    }
}

impl askama::filters::HtmlSafe for Rated {}

/// A number with its thousands apart, such as "12,345".
pub(super) fn thousands(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut shown = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    if number < 0 { format!("-{shown}") } else { shown }
}

/// A count of things, such as "1 test" or "3 tests".
pub(super) fn counted(count: impl Borrow<i64>, one: &str, many: &str) -> String {
    let count = *count.borrow();
    format!("{} {}", thousands(count), if count == 1 { one } else { many })
}

/// Milliseconds as seconds, such as "3.2 s".
pub(super) fn seconds(ms: impl Borrow<i32>) -> String {
    let ms = *ms.borrow();
    match ms {
        ..1_000 => format!("{ms} ms"),
        1_000..100_000 => format!("{:.1} s", f64::from(ms) / 1_000.0),
        100_000.. => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

/// Millionths of a US dollar, such as "$0.0123".
pub(super) fn dollars(micros: impl Borrow<i64>) -> String {
    let micros = *micros.borrow();
    let digits = if micros.abs() < 1_000_000 { 4 } else { 2 };
    format!("${:.digits$}", micros as f64 / 1e6)
}

/// A share from 0 to 1, such as "92 %".
pub(super) fn percent(share: impl Borrow<f64>) -> String {
    format!("{:.0} %", *share.borrow() * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!((thousands(7).as_str(), thousands(1_234_567).as_str()), ("7", "1,234,567"));
        assert_eq!(counted(1, "test", "tests"), "1 test");
        assert_eq!(
            (seconds(820).as_str(), seconds(3_240).as_str(), seconds(130_000).as_str()),
            ("820 ms", "3.2 s", "2 min 10 s")
        );
        assert_eq!((dollars(12_345).as_str(), dollars(2_500_000).as_str()), ("$0.0123", "$2.50"));
        assert_eq!(percent(0.916), "92 %");
    }

    #[test]
    fn stars_are_drawn_and_said() {
        let shown = Rated(3.5).to_string();
        assert!(shown.contains("★★★★☆") && shown.contains("\"3.5 of 5 stars\""), "{shown}");
        assert!(Rated::stars(5).to_string().contains("\"5 of 5 stars\""));
    }
}
