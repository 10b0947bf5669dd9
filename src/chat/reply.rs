//! Everything that the workshop says to people, in Markdown; each platform renders it.

use std::fmt::Write as _;

use super::command::TABLE;
use crate::domain::citation::CitationCheck;
use crate::domain::draft::Draft;
use crate::domain::library::{Prompt, PromptName};
use crate::domain::session::{Answer, AnswerStatus};
use crate::domain::text::excerpt;
use crate::domain::trial::{Metrics, Stage, Trial, TrialStatus};
use crate::domain::{VersionNumber, proposal};
use crate::workshop::Error;
use crate::workshop::article::TopicInfo;
use crate::workshop::expiry::{TellKind, Told};
use crate::workshop::proposal::Proposal;

/// Something to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The text, in Markdown.
    pub text: String,
    /// Whether something went wrong.
    pub is_error: bool,
}

impl Reply {
    /// Something that went as it should.
    pub fn said(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_error: false }
    }

    /// Something that did not.
    pub fn refused(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_error: true }
    }
}

/// What can be said; `marker` stands before each word.
pub fn help(marker: &str) -> Reply {
    let mut text = "Say what you need in your own words, and:\n".to_owned();
    for entry in TABLE {
        let usage = format!("{marker}{} {}", entry.verb, entry.arguments);
        let _ = writeln!(text, "  {usage:<26} {}", entry.help);
    }
    Reply::said(text.trim_end())
}

/// A use case that did not do what was asked.
pub fn error(error: &Error) -> Reply {
    Reply::refused(match error {
        Error::WantsConfirmation(warning) => format!("{warning} To commit it all the same, add --yes."),
        Error::NotFound(_)
        | Error::Forbidden { .. }
        | Error::AdminOnly
        | Error::Invalid(_)
        | Error::ReadOnly(_)
        | Error::Stale { .. }
        | Error::Decided(_)
        | Error::TrialEnded(_)
        | Error::TrialUnfinished(_)
        | Error::NameTaken { .. }
        | Error::LimitReached { .. }
        | Error::Unavailable(_)
        | Error::Fault(_) => error.to_string(),
    })
}

/// The drafts of a person.
pub fn drafts(drafts: &[Draft], total: i64, marker: &str) -> Reply {
    if drafts.is_empty() {
        return Reply::said(format!("You have no drafts. Start one: {marker}new I need …"));
    }
    let mut text = format!("Your drafts ({total}):\n");
    for draft in drafts {
        let _ = writeln!(text, "  {:>4}  {:<10} {}", draft.id, draft.status, draft.name);
    }
    let _ = write!(text, "Go on with one: {marker}open N");
    Reply::said(text)
}

/// A draft's text.
pub fn draft(draft: &Draft) -> Reply {
    if draft.text.is_empty() {
        return Reply::said("There is no draft yet. Say what you need, or \"decide for me\".");
    }
    Reply::said(format!(
        "{} (draft {}, revision {}, {})\n\n{}",
        draft.name,
        draft.id,
        draft.revision,
        draft.status,
        draft.text.trim_end()
    ))
}

/// That a workshop goes on.
pub fn opened(draft: &Draft) -> Reply {
    Reply::said(format!("{} (draft {}, {})", draft.name, draft.id, draft.status))
}

/// That the assistant's first draft was taken.
pub fn drafted(draft: &Draft, marker: &str) -> Reply {
    Reply::said(format!(
        "This is draft {} now (revision {}). Try it: {marker}test QUESTION, or say what to change.",
        draft.id, draft.revision
    ))
}

/// The whole of an answer that was shown otherwise while it was written.
pub fn revised(content: &str) -> Reply {
    Reply::said(format!("(The answer was revised while it was written. This is what counts:)\n\n{content}"))
}

/// A proposal as a diff with a reason for each change.
pub fn proposed(proposal: &Proposal, marker: &str) -> Reply {
    let changes = proposal::changes(&proposal.base_text, &proposal.text, &proposal.reasons);
    let mut text = format!("Proposal {} changes {} place(s):\n", proposal.number, changes.len());
    for change in &changes {
        let _ = writeln!(text, "\n{}. {}", change.index, change.reason);
        for (sign, lines) in [("-", &change.before), ("+", &change.after)] {
            for line in lines.lines() {
                let _ = writeln!(text, "   {sign} {line}");
            }
        }
    }
    let _ =
        write!(text, "\n{marker}accept, {marker}accept 1 2 … for some, or {marker}reject. Nothing is applied before.");
    Reply::said(text)
}

/// That there is nothing to decide.
pub fn no_proposal() -> Reply {
    Reply::said("There is no open proposal. Say what to change, and the assistant proposes it.")
}

/// What was decided on a proposal.
pub fn decided(proposal: &Proposal, revision: Option<i32>) -> Reply {
    Reply::said(match revision {
        Some(revision) => {
            format!("Proposal {} is {}; the draft is at revision {revision}.", proposal.number, proposal.status)
        }
        None => format!("Proposal {} is {}; the draft stays as it is.", proposal.number, proposal.status),
    })
}

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
            let numbers = metrics(&trial.engine, trial.article_count, trial.metrics, trial.citations.as_ref());
            Reply::said(format!("{answer}\n\n{numbers}\nRate it: {marker}rate 1–5 [note]"))
        }
        TrialStatus::Failed => {
            Reply::refused(format!("The test failed. {}", trial.failure_detail.as_deref().unwrap_or_default()))
        }
        TrialStatus::Cancelled => Reply::said("The test was cancelled."),
        TrialStatus::Queued | TrialStatus::Running => {
            Reply::said(format!("The test goes on; its result will be among {marker}tests."))
        }
    }
}

/// One line of numbers and one of the citation check.
fn metrics(engine: &str, articles: i32, metrics: Metrics, check: Option<&CitationCheck>) -> String {
    let seconds = f64::from(metrics.execution_ms.unwrap_or_default()) / 1000.0;
    let mut line = format!("{engine} · {articles} articles · {seconds:.1} s");
    if let (Some(input), Some(output)) = (metrics.tokens_in, metrics.tokens_out) {
        let _ = write!(line, " · {input} + {output} tokens");
    }
    if let Some(cost) = metrics.cost_micros {
        let _ = write!(line, " · ${:.4}", cost as f64 / 1e6);
    }
    let check = check.map(CitationCheck::line).unwrap_or_default();
    format!("{line}\n{check}")
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
    match answer.status {
        AnswerStatus::Succeeded => {
            let text = answer.response.as_deref().unwrap_or_default().trim_end();
            let numbers = metrics(&answer.engine, answer.article_count, answer.metrics, answer.citations.as_ref());
            let Answer { prompt_name, version, topic, .. } = answer;
            Reply::said(format!("{text}\n\n{prompt_name} version {version} · {topic} · {numbers}"))
        }
        AnswerStatus::Failed => {
            let failure = answer.failure.as_deref().unwrap_or_default();
            Reply::refused(format!("{} could not answer. {failure}", answer.prompt_name))
        }
        AnswerStatus::Queued | AnswerStatus::Running => {
            Reply::said(format!("{} is still answering.", answer.prompt_name))
        }
    }
}

/// The tests of a draft.
pub fn trials(trials: &[Trial], total: i64, marker: &str) -> Reply {
    if trials.is_empty() {
        return Reply::said(format!("No tests yet. Try one: {marker}test QUESTION"));
    }
    let mut text = format!("Tests of this draft ({total}):\n");
    for trial in trials {
        let stars = trial.mean_rating().map_or("not rated".to_owned(), |mean| format!("{mean:.1} stars"));
        let question = excerpt(&trial.question, 60);
        let _ = writeln!(text, "  revision {:<3} {:<9} {stars:<10} {question}", trial.revision, trial.status);
    }
    Reply::said(text.trim_end())
}

/// That a test was rated.
pub fn rated(trial: &Trial) -> Reply {
    let mean = trial.mean_rating().unwrap_or_default();
    Reply::said(format!("Rated. Mean {mean:.1} of {} rating(s).", trial.ratings.len()))
}

/// That a draft is in the library.
pub fn committed(prompt: &Prompt, version: VersionNumber, marker: &str) -> Reply {
    Reply::said(format!(
        "{} is in the library now: version {version}, \"{}\". Work on it further: {marker}clone {}",
        prompt.name, prompt.title, prompt.name
    ))
}

/// That a name is needed.
pub fn needs_name(suggested: Option<PromptName>, marker: &str) -> Reply {
    let example = suggested.map_or("financial_risk_executive".to_owned(), |name| name.to_string());
    Reply::refused(format!("Give the prompt a name: {marker}commit {example}"))
}

/// Prompts that were found.
pub fn prompts(prompts: &[Prompt], total: i64, marker: &str) -> Reply {
    if prompts.is_empty() {
        return Reply::said("No prompt has all these words.");
    }
    let mut text = format!("The library ({total}):\n");
    for prompt in prompts {
        let _ = writeln!(text, "  {:<32} v{:<3} {}", prompt.name, prompt.version, prompt.title);
    }
    let _ = write!(text, "Start from one: {marker}clone NAME");
    Reply::said(text)
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

/// A reminder or notice about a draft.
pub fn told(told: &Told, marker: &str) -> Reply {
    let Told { kind, draft, name, when } = told;
    Reply::said(match kind {
        TellKind::ExpiryReminder => {
            let when = when.map_or("soon".to_owned(), |when| when.format("on %Y-%m-%d").to_string());
            format!(
                "Draft {draft} \"{name}\" expires {when} if nobody uses it. Keep it: {marker}open {draft} and say something."
            )
        }
        TellKind::Expired => {
            format!("Draft {draft} \"{name}\" has expired: it can be read, and restored for a while.")
        }
    })
}

/// That no draft is open.
pub fn no_draft(marker: &str) -> Reply {
    Reply::refused(format!("No draft is open. Say what you need, or {marker}list and {marker}open N."))
}
