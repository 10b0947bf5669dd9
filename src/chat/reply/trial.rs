//! Wording about tests, their results and ratings, and questions put to prompts.

use std::fmt::Write as _;

use super::{Action, Reply, address};
use crate::chat::button::{Button, Press};
use crate::domain::DraftId;
use crate::domain::citation::CitationCheck;
use crate::domain::draft::Draft;
use crate::domain::history::{Tested, is_worth_a_chart};
use crate::domain::library::Prompt;
use crate::domain::place::Place;
use crate::domain::session::{Answer, AnswerStatus};
use crate::domain::text::excerpt;
use crate::domain::trial::{Metrics, Rating, Stage, Trial, TrialStatus, mean_stars};
use crate::workshop::article::TopicInfo;

/// What a test is doing.
pub fn progress(trial: &Trial) -> &'static str {
    match (trial.status, trial.stage) {
        (TrialStatus::Queued, _) if trial.attempts > 0 => "Waiting to try again …",
        (TrialStatus::Queued, _) | (TrialStatus::Running, Stage::Queued) => "Queued …",
        (TrialStatus::Running, Stage::Searching) => "Searching articles …",
        (TrialStatus::Running, Stage::Writing) => "Writing …",
        (TrialStatus::Running, Stage::Done)
        | (TrialStatus::Succeeded | TrialStatus::Failed | TrialStatus::Cancelled, _) => "Done.",
    }
}

/// How a test ended.
pub fn result(trial: &Trial, marker: &str) -> Reply {
    match trial.status {
        TrialStatus::Succeeded => {
            let answer = trial.response.as_deref().unwrap_or_default().trim_end();
            let [numbers, check] = metrics(trial);
            Reply::said(answer).note(numbers).note(check).hint(format!("Rate it: {marker}rate 1–5 [note]"))
        }
        TrialStatus::Failed => {
            Reply::refused(format!("The test failed. {}", trial.failure_detail.as_deref().unwrap_or_default()))
        }
        TrialStatus::Cancelled => Reply::said("The test was cancelled."),
        TrialStatus::Queued | TrialStatus::Running => {
            Reply::said("The test goes on.").hint(format!("Its result will be among {marker}tests."))
        }
    }
}

/// One line of numbers and one of the citation check.
pub(in crate::chat) fn metrics(trial: &Trial) -> [String; 2] {
    numbers(&trial.engine, trial.article_count, trial.metrics, trial.citations.as_ref())
}

fn numbers(engine: &str, articles: i32, metrics: Metrics, check: Option<&CitationCheck>) -> [String; 2] {
    let seconds = f64::from(metrics.execution_ms.unwrap_or_default()) / 1000.0;
    let mut line = format!("{engine} · {articles} articles · {seconds:.1} s");
    if let (Some(input), Some(output)) = (metrics.tokens_in, metrics.tokens_out) {
        let _ = write!(line, " · {input} + {output} tokens");
    }
    if let Some(cost) = metrics.cost_micros {
        let _ = write!(line, " · ${:.4}", cost as f64 / 1e6);
    }
    let check = check.map(CitationCheck::line).unwrap_or_default();
    [line, check]
}

/// What becomes of a question to a prompt.
pub fn answering(status: AnswerStatus) -> &'static str {
    match status {
        AnswerStatus::Queued => "Queued …",
        AnswerStatus::Running => "Reading articles and writing …",
        AnswerStatus::Succeeded | AnswerStatus::Failed => "Done.",
    }
}

/// A prompt's answer to a question, or why there is none.
pub fn answer(answer: &Answer) -> Reply {
    let Answer { prompt_name, version, topic, .. } = answer;
    match answer.status {
        AnswerStatus::Succeeded => {
            let text = answer.response.as_deref().unwrap_or_default().trim_end();
            let [line, check] =
                numbers(&answer.engine, answer.article_count, answer.metrics, answer.citations.as_ref());
            let reply =
                Reply::said(text).note(format!("{prompt_name} version {version} · {topic} · {line}")).note(check);
            match ratings_line(&answer.ratings) {
                Some(ratings) => reply.note(ratings),
                None => reply,
            }
        }
        AnswerStatus::Failed => {
            let failure = answer.failure.as_deref().unwrap_or_default();
            Reply::refused(format!("{prompt_name} could not answer. {failure}"))
        }
        AnswerStatus::Queued | AnswerStatus::Running => Reply::said(format!("{prompt_name} is still answering.")),
    }
}

/// A prompt's answer, for everybody where it was asked.
pub fn answer_to(asked: &Answer, asker: &str) -> Reply {
    let reply = answer(asked);
    let question = excerpt(&asked.question, 300);
    let reply =
        Reply { text: format!("**{asker} asked {}: {question}**\n\n{}", asked.prompt_name, reply.text), ..reply };
    if asked.status != AnswerStatus::Succeeded {
        return reply;
    }
    let stars = (1..=5).map(|stars| Action::new(format!("{stars} ★"), Button::new(Press::RateAnswer, asked.id, stars)));
    let mut reply = Reply { actions: stars.collect(), ..reply };
    reply.actions.push(Action::new("Improve the prompt", Button::new(Press::Improve, asked.id, 0)));
    reply
}

/// The mean, the count and who rated.
pub(in crate::chat) fn ratings_line(ratings: &[Rating]) -> Option<String> {
    let mean = mean_stars(ratings)?;
    let each = ratings.iter().filter_map(|rating| {
        let note = if rating.note.is_empty() { String::new() } else { format!(" \"{}\"", excerpt(&rating.note, 200)) };
        rating.stars.map(|stars| format!("{} {stars} ★{note}", rating.name))
    });
    let each: Vec<String> = each.collect();
    Some(format!("Rated {mean:.1} of 5 by {}: {}", each.len(), each.join(", ")))
}

/// That an answer was rated.
pub fn answer_rated(answer: &Answer) -> Reply {
    Reply::said(ratings_line(&answer.ratings).unwrap_or_default())
}

/// That nothing was asked yet.
pub fn nothing_to_improve(marker: &str) -> Reply {
    Reply::refused(format!("No prompt has answered you yet. Ask one first: {marker}ask NAME QUESTION"))
}

/// That a question was put to a prompt.
pub fn asking(asked: &Answer, prompt: &Prompt) -> Reply {
    let (name, version, topic) = (&asked.prompt_name, asked.version, &asked.topic);
    let reply = Reply::said(format!("{name} version {version} is reading articles on {topic}; its answer comes here."));
    match super::deprecation(prompt) {
        Some(deprecation) => reply.note(deprecation),
        None => reply,
    }
}

/// The tests of a draft.
pub fn trials(trials: &[Trial], total: i64, history: &[Tested], marker: &str) -> Reply {
    if trials.is_empty() {
        return Reply::said(format!("No tests yet. Try one: {marker}test QUESTION"));
    }
    let mut text = format!("{}Tests of this draft ({total}):\n", chart(history));
    for trial in trials {
        let stars = trial.mean_rating().map_or("not rated".to_owned(), |mean| format!("{mean:.1} stars"));
        let question = excerpt(&trial.question, 60);
        let _ = writeln!(text, "  {:<12} {:<9} {stars:<10} {question}", trial.tested(), trial.status);
    }
    Reply::said(text.trim_end())
}

/// The history of a draft: a line for each text, with a bar of stars and the share of valid citations.
fn chart(history: &[Tested]) -> String {
    if !is_worth_a_chart(history) {
        return String::new();
    }
    let mut text = "History:\n\n```\n".to_owned();
    for tested in history {
        let filled = tested.mean_rating.unwrap_or_default().round().clamp(0.0, 5.0) as usize;
        let bar = format!("{}{}", "★".repeat(filled), "☆".repeat(5 - filled));
        let mean = tested.mean_rating.map_or("  –".to_owned(), |mean| format!("{mean:.1}"));
        let valid = tested.citation_validity.map_or("–".to_owned(), |share| format!("{:.0} %", share * 100.0));
        let seconds = tested.mean_seconds.map_or("–".to_owned(), |seconds| format!("{seconds:.1} s"));
        let _ = writeln!(
            text,
            "{:<7} {bar} {mean}  citations valid {valid:>5}  {seconds:>6}  {} tests, {} ratings",
            tested.label(),
            tested.tests,
            tested.ratings
        );
    }
    text.push_str("```\n\n");
    text
}

/// That a test was rated.
pub fn rated(trial: &Trial) -> Reply {
    let mean = trial.mean_rating().unwrap_or_default();
    Reply::said(format!("Rated. Mean {mean:.1} of {} rating(s).", trial.ratings.len()))
}

/// The topics there are, and the one that tests use.
pub fn topics(topics: &[TopicInfo], chosen: Option<&str>) -> Reply {
    if topics.is_empty() {
        return Reply::refused("There are no articles yet. Import some: workshop articles import FILE");
    }
    let mut text = "Topics:\n".to_owned();
    for topic in topics {
        let mark = if chosen == Some(topic.name.as_str()) { "*" } else { " " };
        let _ = writeln!(text, " {mark} {:<28} {} articles", topic.name, topic.articles);
    }
    Reply::said(text.trim_end())
}

/// Which topic tests use from now on.
pub fn topic_chosen(topic: &str) -> Reply {
    Reply::said(format!("Tests use the topic \"{topic}\"."))
}

/// A usage of a word that lacks something.
pub fn wants_question(marker: &str) -> Reply {
    Reply::refused(format!("Say on which question: {marker}test QUESTION"))
}

/// Nobody has a test to rate.
pub fn nothing_to_rate() -> Reply {
    Reply::said("There is no result to rate yet. Test the draft first.")
}

/// Stars to press.
pub fn rate_actions(trial: &Trial) -> Vec<Action> {
    (1..=5).map(|stars| Action::new(format!("{stars} ★"), Button::new(Press::Rate, trial.id, stars))).collect()
}

/// Asks for stars.
pub fn rate_this(trial: &Trial) -> Reply {
    Reply {
        text: format!("How good was the answer to \"{}\"?", excerpt(&trial.question, 200)),
        actions: rate_actions(trial),
        ..Reply::default()
    }
}

/// A button that asks for a question.
pub fn test_form(draft: &Draft) -> Reply {
    Reply::said(format!("Test draft {} \"{}\" on real articles:", draft.id, draft.name))
        .action(Action::new("Test…", Button::new(Press::Test, draft.id, 0)).primary())
}

/// Where the result of a test will be.
pub fn result_comes_in(draft: DraftId, home: &Place) -> Reply {
    Reply::said(format!("Draft {draft} is being tested. The result comes in [its thread]({}).", address(home)))
}

/// Why there is nothing to compare a test with.
pub const NOTHING_TO_COMPARE: &str = "needs another answered test of this draft; run one first";
