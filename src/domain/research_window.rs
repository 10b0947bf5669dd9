//! The time a question asks about: "last 7 days", "since March 2025", "between March and May 2025".
//!
//! All times are UTC. A window holds whole days, today included, so that the same question asked twice on one day reads
//! the same articles. "Past week", "the last week" and "last 7 days" count back from today; "last week", "last month"
//! and "last year" without an article are the calendar's. Questions about the future have no window.

use crate::domain::Instant;
use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta, Timelike};
use serde::{Deserialize, Serialize};

const NUMBERS: [&str; 12] =
    ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
/// What a count of days may be "of" and still be a time: the last 7 days of news, but not of rain.
const COVERAGE: [&str; 8] =
    ["news", "coverage", "articles", "reporting", "reports", "headlines", "developments", "events"];

/// A time to look for articles in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Window {
    /// The first instant in it.
    #[schema(value_type = String, format = DateTime)]
    pub from: Instant,
    /// The first instant after it.
    #[schema(value_type = String, format = DateTime)]
    pub to: Instant,
}

/// The window a question names, if it names one in the past. The most exact phrase of a question counts: first
/// "between … and …", then "since …", "last …", "in …", "this …", and at last "yesterday" and "today".
pub fn window_in(question: &str, now: Instant) -> Option<Window> {
    let reader = Reader { words: words(question), now };
    let finders: [fn(&Reader, usize) -> Option<Window>; 7] = [
        Reader::between,
        Reader::since,
        Reader::counted,
        Reader::within,
        Reader::calendar,
        Reader::yesterday,
        Reader::today,
    ];
    finders.iter().find_map(|find| (0..reader.words.len()).find_map(|at| find(&reader, at)))
}

/// The words in lower case without punctuation around them; "2023–2025" becomes three words.
fn words(question: &str) -> Vec<String> {
    question
        .replace(['–', '—'], " to ")
        .split_whitespace()
        .flat_map(|word| {
            let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
            match word.split_once('-') {
                Some((a, b)) if year(a).is_some() && year(b).is_some() => {
                    vec![a.to_owned(), "to".to_owned(), b.to_owned()]
                }
                _ => vec![word],
            }
        })
        .filter(|word| !word.is_empty())
        .collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl Unit {
    fn read(word: &str) -> Option<Self> {
        Some(match word.strip_suffix('s').unwrap_or(word) {
            "hour" => Self::Hour,
            "day" => Self::Day,
            "week" => Self::Week,
            "month" => Self::Month,
            "quarter" => Self::Quarter,
            "year" => Self::Year,
            _ => return None,
        })
    }

    /// The first day of the calendar's week, month, quarter or year that a day is in.
    fn start(self, day: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Hour | Self::Day => None,
            Self::Week => day.checked_sub_days(Days::new(u64::from(day.weekday().num_days_from_monday()))),
            Self::Month => day.with_day(1),
            Self::Quarter => NaiveDate::from_ymd_opt(day.year(), day.month0() / 3 * 3 + 1, 1),
            Self::Year => NaiveDate::from_ymd_opt(day.year(), 1, 1),
        }
    }

    /// The day so many of it ago.
    fn before(self, day: NaiveDate, count: u32) -> Option<NaiveDate> {
        match self {
            Self::Hour => None,
            Self::Day => day.checked_sub_days(Days::new(u64::from(count))),
            Self::Week => day.checked_sub_days(Days::new(u64::from(count) * 7)),
            Self::Month => day.checked_sub_months(Months::new(count)),
            Self::Quarter => day.checked_sub_months(Months::new(count * 3)),
            Self::Year => day.checked_sub_months(Months::new(count * 12)),
        }
    }
}

/// A day, month, quarter or year as people write it, perhaps without the year.
#[derive(Debug, Clone, Copy)]
struct Period {
    year: Option<i32>,
    /// The first month, from 1, and the number of months; none for a whole year.
    months: Option<(u32, u32)>,
    day: Option<u32>,
}

impl Period {
    fn in_year(self, year: i32) -> Option<(NaiveDate, NaiveDate)> {
        let (month, count) = self.months.unwrap_or((1, 12));
        let start = NaiveDate::from_ymd_opt(year, month, self.day.unwrap_or(1))?;
        let end = match self.day {
            Some(_) => start.succ_opt()?,
            None => start.checked_add_months(Months::new(count))?,
        };
        Some((start, end))
    }

    /// Its first day and the first day after it. Without a year it is the latest that has begun.
    fn dates(self, today: NaiveDate) -> Option<(NaiveDate, NaiveDate)> {
        if let Some(year) = self.year {
            return self.in_year(year);
        }
        let this_year = self.in_year(today.year()).filter(|(start, _)| *start <= today);
        this_year.or_else(|| self.in_year(today.year() - 1))
    }
}

struct Reader {
    words: Vec<String>,
    now: Instant,
}

impl Reader {
    fn word(&self, at: usize) -> &str {
        self.words.get(at).map_or("", String::as_str)
    }

    fn today(&self, at: usize) -> Option<Window> {
        let today = self.now.date_naive();
        (self.word(at) == "today").then(|| self.window(today, today.succ_opt()?)).flatten()
    }

    fn yesterday(&self, at: usize) -> Option<Window> {
        let today = self.now.date_naive();
        matches!(self.word(at), "yesterday" | "yesterday's" | "yesterday’s")
            .then(|| self.window(today.pred_opt()?, today))
            .flatten()
    }

    /// "between March and May 2025", "from 2023 to 2025".
    fn between(&self, at: usize) -> Option<Window> {
        let joint: &[&str] = match self.word(at) {
            "between" => &["and", "to"],
            "from" => &["to", "until", "till", "through"],
            _ => return None,
        };
        let (first, next) = self.period(at + 1)?;
        if !joint.contains(&self.word(next)) {
            return None;
        }
        let (last, _) = self.period(next + 1)?;
        self.span(first, last)
    }

    /// "since March 2025", "since 2024".
    fn since(&self, at: usize) -> Option<Window> {
        if self.word(at) != "since" {
            return None;
        }
        let at = if matches!(self.word(at + 1), "the" | "early") { at + 1 } else { at };
        let (period, _) = self.period(at + 1)?;
        let today = self.now.date_naive();
        let (start, _) = period.dates(today)?;
        self.window(start, today.succ_opt()?)
    }

    /// "last 7 days", "past three months", "the last year".
    fn counted(&self, at: usize) -> Option<Window> {
        let rolling = match self.word(at) {
            "past" => true,
            "last" | "previous" => at > 0 && self.word(at - 1) == "the",
            _ => return None,
        };
        let (count, unit, next) = match self.count(at + 1) {
            Some((count, next)) => (count, Unit::read(self.word(next))?, next + 1),
            // "The last day" is the end of something.
            None if rolling => {
                let word = self.word(at + 1);
                let unit = Unit::read(word).filter(|unit| !word.ends_with('s') && *unit != Unit::Day)?;
                (1, unit, at + 2)
            }
            None => return None,
        };
        if self.word(next) == "of" && !COVERAGE.contains(&self.word(next + 1)) {
            return None;
        }
        let tomorrow = self.now.date_naive().succ_opt()?;
        if unit == Unit::Hour {
            let start = self.now.checked_sub_signed(TimeDelta::hours(i64::from(count)))?;
            let from = start.with_minute(0)?.with_second(0)?.with_nanosecond(0)?;
            return Some(Window { from, to: midnight(tomorrow) });
        }
        self.window(unit.before(self.now.date_naive(), count)?, tomorrow)
    }

    /// "in 2025", "in March 2025", "during 2023 and 2024".
    fn within(&self, at: usize) -> Option<Window> {
        if !matches!(self.word(at), "in" | "during") {
            return None;
        }
        let (first, mut next) = self.period(at + 1)?;
        let mut last = first;
        // Every further period belongs to it: a question about 2023 and 2024 is not answered by half of them.
        while let Some((further, after)) = match self.word(next) {
            "and" | "or" | "to" | "through" | "until" | "versus" | "vs" => {
                self.period(next + 1).or_else(|| self.period(next + 2).filter(|_| self.word(next + 1) == "in"))
            }
            _ => self.period(next),
        } {
            (last, next) = (further, after);
        }
        self.span(first, last)
    }

    /// "this year", "last month": the calendar's.
    fn calendar(&self, at: usize) -> Option<Window> {
        let word = self.word(at);
        let unit = Unit::read(self.word(at + 1)).filter(|_| !self.word(at + 1).ends_with('s'))?;
        if self.word(at + 2) == "of" {
            return None;
        }
        let today = self.now.date_naive();
        let start = unit.start(today)?;
        match word {
            "this" => self.window(start, today.succ_opt()?),
            "last" | "previous" => self.window(unit.before(start, 1)?, start),
            _ => None,
        }
    }

    /// A count and the place after it: "7", "three", "couple of".
    fn count(&self, at: usize) -> Option<(u32, usize)> {
        let word = self.word(at);
        if word == "couple" {
            return Some((2, if self.word(at + 1) == "of" { at + 2 } else { at + 1 }));
        }
        let named = NUMBERS.iter().zip(1..).find(|(name, _)| **name == word).map(|(_, number)| number);
        let digits = || word.parse::<u32>().ok().filter(|count| (1..=9999).contains(count));
        Some((named.or_else(digits)?, at + 1))
    }

    /// A period and the place after it.
    fn period(&self, at: usize) -> Option<(Period, usize)> {
        let word = self.word(at);
        if let Some(year) = year(word) {
            return Some((Period { year: Some(year), months: None, day: None }, at + 1));
        }
        if let Ok(date) = word.parse::<NaiveDate>() {
            let months = Some((date.month(), 1));
            return Some((Period { year: Some(date.year()), months, day: Some(date.day()) }, at + 1));
        }
        if let Some(quarter) = word.strip_prefix('q').and_then(|number| number.parse::<u32>().ok()) {
            let months = (1..=4).contains(&quarter).then(|| (quarter * 3 - 2, 3))?;
            return Some(self.with_year(Period { year: None, months: Some(months), day: None }, at + 1));
        }
        if let Some((a, b)) = word.split_once('-')
            && let (Some(year), Ok(month @ 1..=12)) = (year(a), b.parse::<u32>())
        {
            return Some((Period { year: Some(year), months: Some((month, 1)), day: None }, at + 1));
        }
        if let Some(month) = month(word) {
            let after = day(self.word(at + 1));
            let next = if after.is_some() { at + 2 } else { at + 1 };
            return Some(self.with_year(Period { year: None, months: Some((month, 1)), day: after }, next));
        }
        let (first, month) = (day(word)?, month(self.word(at + 1))?);
        Some(self.with_year(Period { year: None, months: Some((month, 1)), day: Some(first) }, at + 2))
    }

    fn with_year(&self, period: Period, at: usize) -> (Period, usize) {
        match year(self.word(at)) {
            Some(year) => (Period { year: Some(year), ..period }, at + 1),
            None => (period, at),
        }
    }

    /// From the start of the first period to the end of the last; a year that is said once counts for both.
    fn span(&self, first: Period, last: Period) -> Option<Window> {
        let today = self.now.date_naive();
        let (last_start, end) = last.dates(today)?;
        let start = match first.year {
            Some(_) => first.dates(today)?.0,
            None => {
                let same_year = first.in_year(last_start.year())?.0;
                if same_year <= last_start { same_year } else { first.in_year(last_start.year() - 1)?.0 }
            }
        };
        if last_start > today {
            return None;
        }
        self.window(start, end)
    }

    /// Whole days, up to today; none when nothing of them has passed.
    fn window(&self, start: NaiveDate, end: NaiveDate) -> Option<Window> {
        let tomorrow = self.now.date_naive().succ_opt()?;
        let (from, to) = (midnight(start), midnight(end.min(tomorrow)));
        (from < to).then_some(Window { from, to })
    }
}

fn midnight(day: NaiveDate) -> Instant {
    DateTime::from_naive_utc_and_offset(day.and_time(NaiveTime::MIN), chrono::Utc)
}

fn year(word: &str) -> Option<i32> {
    let all_digits = word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit());
    word.parse().ok().filter(|year| all_digits && (1900..=2100).contains(year))
}

fn month(word: &str) -> Option<u32> {
    let short = |name: &str| word == "sept" && name == "september" || word.len() == 3 && name.starts_with(word);
    (1..).zip(MONTHS).find(|(_, name)| *name == word || short(name)).map(|(number, _)| number)
}

fn day(word: &str) -> Option<u32> {
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|ending| word.strip_suffix(ending)).unwrap_or(word);
    digits.parse().ok().filter(|day| (1..=31).contains(day) && digits.len() <= 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Wednesday, 18 June 2025, in the afternoon.
    fn now() -> Instant {
        "2025-06-18T15:30:45Z".parse().unwrap()
    }

    fn told(question: &str) -> String {
        window_in(question, now())
            .map_or_else(|| "none".to_owned(), |w| format!("{} {}", w.from.format("%Y-%m-%d"), w.to.format("%Y-%m-%d")))
    }

    #[test]
    fn counts_go_back_from_today() {
        for (question, expected) in [
            ("What happened in the last 7 days?", "2025-06-11 2025-06-19"),
            ("Summarise the LAST TWO WEEKS, please", "2025-06-04 2025-06-19"),
            ("What moved over the past 3 months?", "2025-03-18 2025-06-19"),
            ("News of the past twelve months", "2024-06-18 2025-06-19"),
            ("the past week in AI", "2025-06-11 2025-06-19"),
            ("over the last year", "2024-06-18 2025-06-19"),
            ("previous 10 days", "2025-06-08 2025-06-19"),
            ("last couple of weeks", "2025-06-04 2025-06-19"),
            ("the last 2 quarters", "2024-12-18 2025-06-19"),
            ("last 7 days of news on AI", "2025-06-11 2025-06-19"),
        ] {
            assert_eq!(told(question), expected, "{question}");
        }
    }

    #[test]
    fn hours_are_cut_to_the_hour() {
        let window = window_in("the last 24 hours", now()).unwrap();
        assert_eq!(window.from.to_rfc3339(), "2025-06-17T15:00:00+00:00");
        assert_eq!(window.to.to_rfc3339(), "2025-06-19T00:00:00+00:00");
    }

    #[test]
    fn the_calendar_is_known() {
        for (question, expected) in [
            ("What happened this week?", "2025-06-16 2025-06-19"),
            ("this month", "2025-06-01 2025-06-19"),
            ("this quarter", "2025-04-01 2025-06-19"),
            ("so far this year", "2025-01-01 2025-06-19"),
            ("What happened last week?", "2025-06-09 2025-06-16"),
            ("last month", "2025-05-01 2025-06-01"),
            ("last year", "2024-01-01 2025-01-01"),
            ("last quarter", "2025-01-01 2025-04-01"),
            ("today", "2025-06-18 2025-06-19"),
            ("What was said yesterday?", "2025-06-17 2025-06-18"),
        ] {
            assert_eq!(told(question), expected, "{question}");
        }
    }

    #[test]
    fn named_times_are_read() {
        for (question, expected) in [
            ("since March 2025", "2025-03-01 2025-06-19"),
            ("since 2024", "2024-01-01 2025-06-19"),
            ("since March", "2025-03-01 2025-06-19"),
            ("since October", "2024-10-01 2025-06-19"),
            ("since 12 March 2025", "2025-03-12 2025-06-19"),
            ("since March 12th, 2025", "2025-03-12 2025-06-19"),
            ("since 2025-03-12", "2025-03-12 2025-06-19"),
            ("since 2025-03", "2025-03-01 2025-06-19"),
            ("in 2024", "2024-01-01 2025-01-01"),
            ("What changed in 2025?", "2025-01-01 2025-06-19"),
            ("in Sept. 2024", "2024-09-01 2024-10-01"),
            ("in Q1 2025", "2025-01-01 2025-04-01"),
            ("in 2023 and 2024", "2023-01-01 2025-01-01"),
            ("in 2023–2024", "2023-01-01 2025-01-01"),
            ("between March and May 2025", "2025-03-01 2025-06-01"),
            ("between November and February 2025", "2024-11-01 2025-03-01"),
            ("between March 2024 and May 2025", "2024-03-01 2025-06-01"),
            ("between 2023 and 2025", "2023-01-01 2025-06-19"),
            ("from March to May 2025", "2025-03-01 2025-06-01"),
        ] {
            assert_eq!(told(question), expected, "{question}");
        }
    }

    #[test]
    fn the_most_exact_phrase_counts() {
        assert_eq!(told("Compared to today, what happened between March and May 2025?"), "2025-03-01 2025-06-01");
        assert_eq!(told("What is new this year, above all in the last 7 days?"), "2025-06-11 2025-06-19");
    }

    #[test]
    fn what_names_no_past_time_has_no_window() {
        for question in [
            "",
            "What do 7 days of rain do?",
            "What did the last 7 companies say?",
            "The last 7 days of rain ruined it",
            "What happened on the last day of the summit?",
            "the last year of the war",
            "last minute deals",
            "Who spoke last?",
            "How will AI look in 2030?",
            "Growth between 2025 and 2030?",
            "since 2030",
            "AI in today's world",
            "this year's budget",
            "What may happen in markets?",
            "since the war began",
            "in 1500 companies",
            "the last 0 days",
            "the last 99999999999 days",
            "between Paris and London",
            "since 31 February 2025",
        ] {
            assert_eq!(told(question), "none", "{question}");
        }
    }

    proptest! {
        #[test]
        fn any_question_gives_a_window_that_is_not_empty_or_none(
            words in proptest::collection::vec(
                prop::sample::select(vec![
                    "last", "the", "past", "since", "in", "between", "and", "march", "may", "2024", "2025", "7", "9999",
                    "31", "days", "years", "year", "q4", "2025-02", "of", "to", "from", "hours", "-", "été",
                ]),
                0..8,
            ),
        ) {
            if let Some(window) = window_in(&words.join(" "), now()) {
                prop_assert!(window.from < window.to);
                prop_assert!(window.from <= now());
            }
        }
    }
}
