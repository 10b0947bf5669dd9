//! Wording about suites of questions.

use std::fmt::Write as _;

use super::{Reply, address};
use crate::domain::batch::Batch;
use crate::domain::draft::Draft;
use crate::domain::place::Place;
use crate::domain::suite::Suite;
use crate::domain::text::excerpt;

/// The suites there are.
pub fn suites(suites: &[Suite], total: i64, marker: &str) -> Reply {
    if suites.is_empty() {
        return Reply::said(format!("No suites yet. Make one by its first question: {marker}suite add NAME QUESTION"));
    }
    let mut text = format!("Suites ({total}):\n");
    for suite in suites {
        let owner = suite.owner_name.as_deref().unwrap_or("nobody");
        let _ = writeln!(text, "- {} · {} questions · by {owner}", suite.name, suite.questions.len());
    }
    Reply::said(text.trim_end()).hint(format!("Run one on the draft here: {marker}suite run NAME"))
}

/// A suite with its questions.
pub fn suite(suite: &Suite, marker: &str) -> Reply {
    let mut text = suite.description.clone();
    if !text.is_empty() {
        text.push_str("\n\n");
    }
    for (index, question) in suite.questions.iter().enumerate() {
        let _ = writeln!(text, "{}. {} ({})", index + 1, question.question, question.topic);
    }
    let title = if suite.title.is_empty() { String::new() } else { format!(" · {}", suite.title) };
    let owner = suite.owner_name.as_deref().unwrap_or("nobody");
    Reply {
        title: format!("Suite {}{title}", suite.name),
        text: text.trim_end().to_owned(),
        hint: format!(
            "Run it on the draft here: {marker}suite run {0}, or on revisions: {marker}suite run {0} 1,3",
            suite.name
        ),
        ..Reply::default()
    }
    .note(format!("{} questions · by {owner}", suite.questions.len()))
}

/// That a question is in a suite.
pub fn added_to_suite(suite: &Suite, question: &str, marker: &str) -> Reply {
    let number = suite.questions.iter().position(|one| one.question == question).map_or(0, |index| index + 1);
    let topic = suite.questions.iter().find(|one| one.question == question).map_or("", |one| one.topic.as_str());
    Reply::said(format!("Question {number} of suite {}: *{}* · {topic}", suite.name, excerpt(question, 150)))
        .hint(format!("Run it on the draft here: {marker}suite run {}", suite.name))
}

/// That a question was taken out of a suite.
pub fn dropped_from_suite(suite: &Suite, number: usize) -> Reply {
    Reply::said(format!("Question {number} is out of suite {}; it has {} now.", suite.name, suite.questions.len()))
}

/// That a suite is gone.
pub fn suite_deleted(name: &str) -> Reply {
    Reply::said(format!("Suite {name} is deleted. What was run of it stays."))
}

/// That a batch was asked for, and where its table comes.
pub fn suite_runs(batch: &Batch, home: &Place) -> Reply {
    let Batch { suite, tests, draft, .. } = batch;
    Reply::said(format!(
        "Suite {suite} runs on draft {draft}: {tests} tests. Progress and table come in [its thread]({}).",
        address(home)
    ))
}

/// That a batch goes on longer than the terminal waits.
pub fn suite_goes_on(batch: &Batch) -> Reply {
    let Batch { suite, tests, done, .. } = batch;
    Reply::said(format!("Suite {suite} goes on: {done} of {tests} tests done. Run the same again later to see more."))
}

/// Why a suite cannot be run here.
pub fn lives_nowhere(draft: &Draft, marker: &str) -> String {
    format!(
        "{} has no thread for the table yet: open it by {marker}open {}, then run the suite there",
        draft.id, draft.id
    )
}
