//! Everything that the workshop says to people, in Markdown; each platform renders it.
//!
//! Here: what a reply is, and what answers a command. What a workshop shows of itself is in [`scene`].

pub mod scene;

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::button::{Button, Press};
use super::command::{Command, TABLE, Unclear, Where};
use crate::domain::account::Platform;
use crate::domain::citation::CitationCheck;
use crate::domain::draft::Draft;
use crate::domain::library::{Prompt, PromptName};
use crate::domain::place::Place;
use crate::domain::session::{Answer, AnswerStatus};
use crate::domain::text::excerpt;
use crate::domain::trial::{Metrics, Stage, Trial, TrialStatus};
use crate::domain::{DraftId, Instant, VersionNumber, proposal};
use crate::workshop::Error;
use crate::workshop::article::TopicInfo;
use crate::workshop::expiry::{TellKind, Told};
use crate::workshop::proposal::Proposal;

/// Something to show.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// A heading; may be empty.
    pub title: String,
    /// The text, in Markdown.
    pub text: String,
    /// Things listed below it, each with buttons of its own.
    pub items: Vec<Item>,
    /// Small lines below all that.
    pub notes: Vec<String>,
    /// What can be typed next, for platforms without buttons.
    pub hint: String,
    /// What can be pressed next.
    pub actions: Vec<Action>,
    /// Whether something went wrong.
    pub is_error: bool,
}

/// One of several things that are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What it is, in Markdown.
    pub text: String,
    /// What can be pressed about it.
    pub actions: Vec<Action>,
}

/// A button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// What stands on it.
    pub label: String,
    /// What it does.
    pub button: Button,
    /// What is sent with it.
    pub value: String,
    /// How it looks.
    pub style: Style,
    /// What is asked before it is done; empty for nothing.
    pub confirm: String,
}

/// How a button looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Style {
    /// Like any other.
    #[default]
    Plain,
    /// Like the one to press.
    Primary,
    /// Like one to think about.
    Danger,
}

impl Action {
    /// A plain button.
    pub fn new(label: impl Into<String>, button: Button) -> Self {
        Self { label: label.into(), button, value: String::new(), style: Style::Plain, confirm: String::new() }
    }

    /// The one to press.
    pub fn primary(self) -> Self {
        Self { style: Style::Primary, ..self }
    }

    /// One that is asked about before it is done.
    pub fn confirmed(self, question: impl Into<String>) -> Self {
        Self { style: Style::Danger, confirm: question.into(), ..self }
    }

    /// With something that is sent along.
    pub fn with(self, value: impl Into<String>) -> Self {
        Self { value: value.into(), ..self }
    }
}

impl Reply {
    /// Something that went as it should.
    pub fn said(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Something that did not.
    pub fn refused(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_error: true, ..Self::default() }
    }

    /// With what can be typed next.
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: hint.into(), ..self }
    }

    /// With a button.
    pub fn action(mut self, action: Action) -> Self {
        self.actions.push(action);
        self
    }

    /// With a small line.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Everything as one text, for platforms without buttons.
    pub fn as_text(&self) -> String {
        let items: Vec<&str> = self.items.iter().map(|item| item.text.as_str()).collect();
        let parts = [self.title.clone(), self.text.clone(), items.join("\n"), self.notes.join("\n"), self.hint.clone()];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.trim().is_empty()).collect();
        parts.join("\n\n")
    }
}

/// What can be said in a place; `marker` stands before each word.
pub fn help(marker: &str, place: Where) -> Reply {
    let mut text = String::new();
    for entry in TABLE.iter().filter(|entry| entry.said == Where::Everywhere || entry.said == place) {
        let usage = format!("{marker}{} {}", entry.verb, entry.arguments);
        let _ = writeln!(text, "{usage:<32} {}", entry.help);
    }
    let text = text.trim_end();
    match place {
        Where::Terminal => Reply::said(format!("Say what you need in your own words, and:\n{text}")),
        Where::Everywhere | Where::Platforms => Reply {
            title: "Prompt Workshop".to_owned(),
            text: format!(
                "Design, test and share prompts for Auspex. Start with `{marker}new I need executive-level financial \
                 analysis with risk focus`: a thread opens, and you go on there in your own words.\n\n```\n{text}\n```\n\n\
                 In a workshop's thread the same words work without `{}`.",
                marker.trim_end()
            ),
            ..Reply::default()
        },
    }
}

/// A use case that did not do what was asked.
pub fn error(error: &Error) -> Reply {
    Reply::refused(match error {
        Error::WantsConfirmation(warning) => format!("{warning} To commit it all the same, add --yes."),
        Error::NameTaken { name } => {
            format!(
                "The name {name} is taken; nothing was committed. Choose another, or start from it by clone {name}."
            )
        }
        Error::NotFound(_)
        | Error::Forbidden { .. }
        | Error::AdminOnly
        | Error::Invalid(_)
        | Error::ReadOnly(_)
        | Error::Stale { .. }
        | Error::Decided(_)
        | Error::TrialEnded(_)
        | Error::TrialUnfinished(_)
        | Error::LimitReached { .. }
        | Error::Unavailable(_)
        | Error::Fault(_) => error.to_string(),
    })
}

/// The drafts of a person.
pub fn drafts(drafts: &[Draft], total: i64, marker: &str) -> Reply {
    if drafts.is_empty() {
        return Reply::said("You have no drafts.").hint(format!("Start one: {marker}new I need …"));
    }
    let item = |draft: &Draft| Item {
        text: format!("{:>4}  {:<10} {}", draft.id.0, draft.status.as_str(), draft.name),
        actions: vec![Action::new("Open", Button::new(Press::Open, draft.id, 0))],
    };
    Reply {
        title: format!("Your drafts ({total})"),
        items: drafts.iter().map(item).collect(),
        hint: format!("Go on with one: {marker}open N"),
        ..Reply::default()
    }
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
    Reply::said(format!("This is draft {} now (revision {}).", draft.id, draft.revision))
        .hint(format!("Try it: {marker}test QUESTION, or say what to change."))
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
    let hint = format!("{marker}accept, {marker}accept 1 2 … for some, or {marker}reject. Nothing is applied before.");
    Reply::said(text.trim_end()).hint(hint)
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
pub(super) fn metrics(trial: &Trial) -> [String; 2] {
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
            Reply::said(text).note(format!("{prompt_name} version {version} · {topic} · {line}")).note(check)
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
    Reply { text: format!("**{asker} asked {}: {question}**\n\n{}", asked.prompt_name, reply.text), ..reply }
}

/// That a question was put to a prompt.
pub fn asking(asked: &Answer) -> Reply {
    let (name, version, topic) = (&asked.prompt_name, asked.version, &asked.topic);
    Reply::said(format!("{name} version {version} is reading articles on {topic}; its answer comes here."))
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
    Reply::said(format!("{} is in the library now: version {version}, \"{}\".", prompt.name, prompt.title))
        .hint(format!("Work on it further: {marker}clone {}", prompt.name))
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
    let item = |prompt: &Prompt| Item {
        text: format!("{:<32} v{:<3} {}", prompt.name, prompt.version.0, prompt.title),
        actions: vec![Action::new("Clone", Button::new(Press::Clone, &prompt.name, 0))],
    };
    Reply {
        title: format!("The library ({total})"),
        items: prompts.iter().map(item).collect(),
        hint: format!("Start from one: {marker}clone NAME. Ask one: {marker}ask NAME QUESTION"),
        ..Reply::default()
    }
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

/// A usage of a word that lacks something.
pub fn wants_question(marker: &str) -> Reply {
    Reply::refused(format!("Say on which question: {marker}test QUESTION"))
}

/// The code that joins another identity to this account.
pub fn join_code(code: &str, marker: &str) -> Reply {
    Reply::said(format!(
        "Your code is `{code}`. It works once, within ten minutes. Where you want to be the same person, say \
         `{marker}link {code}`. Do not show it to others: whoever uses it acts as you."
    ))
}

/// That an identity was joined to an account.
pub fn joined(name: &str) -> Reply {
    Reply::said(format!("You are {name} here now. Everything you made before came along."))
}

/// A one-time link for a browser.
pub fn web_link(url: &str) -> Reply {
    Reply::said(format!("Sign in with this link: <{url}>\n\nIt works once, within a day. Do not show it to others."))
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

/// That the draft was said to be good.
pub fn ready(draft: &Draft) -> Reply {
    Reply::said(format!("Draft {} is {}. Any edit moves it back to draft.", draft.id, draft.status))
}

/// That a draft is back.
pub fn restored(draft: &Draft) -> Reply {
    Reply::said(format!("Draft {} \"{}\" is back: {}.", draft.id, draft.name, draft.status))
}

/// Why something that was said is no command.
pub fn unclear(unclear: &Unclear, marker: &str) -> Reply {
    let text = match unclear {
        Unclear::Unknown { verb, nearest } => {
            let near = nearest.map(|near| format!(" Did you mean `{marker}{near}`?")).unwrap_or_default();
            format!("There is no command \"{}\".{near} `{marker}help` shows what there is.", excerpt(verb, 50))
        }
        Unclear::Usage(verb, arguments) => format!("Say `{marker}{verb} {arguments}`."),
        Unclear::Invalid(invalid) => format!("{} {}.", invalid.field, invalid.reason),
    };
    Reply::refused(text)
}

/// A button that asks for a name and a title.
pub fn commit_form(draft: &Draft) -> Reply {
    Reply::said(format!("Commit draft {} \"{}\" to the library:", draft.id, draft.name))
        .action(Action::new("Commit…", Button::new(Press::Commit, draft.id, 0)).primary())
}

/// A button that asks for a question.
pub fn test_form(draft: &Draft) -> Reply {
    Reply::said(format!("Test draft {} \"{}\" on real articles:", draft.id, draft.name))
        .action(Action::new("Test…", Button::new(Press::Test, draft.id, 0)).primary())
}

/// Where to go on with a draft that lives in this channel already.
pub fn lives_here(draft: &Draft, home: &Place) -> Reply {
    Reply::said(format!("Draft {} \"{}\" has [its thread]({}) in this channel.", draft.id, draft.name, address(home)))
}

/// Where the result of a test will be.
pub fn result_comes_in(draft: DraftId, home: &Place) -> Reply {
    Reply::said(format!("Draft {draft} is being tested. The result comes in [its thread]({}).", address(home)))
}

/// A place's address, which the platform makes a link of.
fn address(place: &Place) -> String {
    match place.platform {
        Platform::Slack => format!(
            "https://slack.com/app_redirect?team={}&channel={}&message_ts={}",
            place.workspace, place.channel, place.thread
        ),
        Platform::Discord => format!("https://discord.com/channels/{}/{}", place.workspace, place.thread),
        Platform::Terminal | Platform::Web => String::new(),
    }
}

/// That a revision's text is the draft's now.
pub fn used(draft: &Draft) -> Reply {
    Reply::said(format!("This is the text of draft {} now (revision {}). Test it next.", draft.id, draft.revision))
}

/// What a revision changed.
pub fn diff(revision: i32, unified: &str) -> Reply {
    Reply::said(format!("What revision {revision} changed:\n\n````diff\n{}\n````", unified.trim_end()))
}

/// That the questions were answered before.
pub fn answered_already() -> Reply {
    Reply::said("These questions were answered already. Say what you want to change in your own words.")
}

/// That somebody keeps a draft.
pub fn kept(draft: &Draft, by: &str, expires_at: Option<Instant>) -> Reply {
    let until = expires_at.map(|at| format!(" until {} at least", at.format("%Y-%m-%d"))).unwrap_or_default();
    Reply::said(format!("✓ {by} keeps draft {} \"{}\"{until}.", draft.id, draft.name))
}

/// That somebody lets a draft go.
pub fn let_go(draft: &Draft, by: &str, expires_at: Option<Instant>) -> Reply {
    let when = expires_at.map(|at| format!(" It expires on {}", at.format("%Y-%m-%d"))).unwrap_or_default();
    Reply::said(format!(
        "{by} lets draft {} \"{}\" go.{when} and can be restored for a while after that.",
        draft.id, draft.name
    ))
}

/// That something went wrong on our side.
pub fn apology(reference: &str) -> Reply {
    Reply::refused(format!(
        "Something went wrong on our side. What you did is kept; try again, and tell the operator this reference if it \
         goes wrong again: {reference}."
    ))
}

/// What stands behind an answer that is still being written.
pub const GOES_ON: &str = "…";

/// What is shown at a form that could not be stored.
pub const NOT_KEPT_FORM: &str =
    "This could not be stored just now. What you typed is still here: send it again in a moment.";

/// Why a draft cannot be edited in a form.
pub const TOO_LONG_FOR_FORM: &str =
    "has a line that is longer than a form takes; say what to change, or edit it on the web";

/// Why there is nothing to compare a test with.
pub const NOTHING_TO_COMPARE: &str = "needs another answered test of this draft; run one first";

/// What somebody may begin with: a title, and what it says.
pub const EXAMPLES: &[(&str, &str)] = &[
    ("Financial risk for executives", "I need executive-level financial analysis with risk focus"),
    (
        "A weekly briefing",
        "I need a weekly briefing on one topic for a busy team, with what changed and what is uncertain",
    ),
    ("Signals of change", "I need to find weak signals of change in the news, with how soon each could matter"),
    ("Opposing views", "I need both sides of a contested question, each with its best evidence"),
];

/// What happens next with a command that takes a moment.
pub fn on_its_way(command: &Command) -> Reply {
    Reply::said(match command {
        Command::New(_) => "Your workshop is being opened; it goes on in a thread here.",
        Command::Clone(_) => "A workshop on a copy of it is being opened; it goes on in a thread here.",
        Command::Open(_) => "Your workshop is being opened here.",
        Command::Test { .. } => "The test is being started; its result comes in the workshop's thread.",
        Command::Ask { .. } => "The question is being asked; the answer comes here.",
        Command::Commit { .. } => "The draft is being committed.",
        Command::Help
        | Command::List
        | Command::Draft
        | Command::Topic(_)
        | Command::Tests
        | Command::Rate { .. }
        | Command::Diff
        | Command::Accept(_)
        | Command::Reject
        | Command::Ready
        | Command::Library(_)
        | Command::Restore(_)
        | Command::Web
        | Command::Link(_)
        | Command::Quit
        | Command::Say(_) => "One moment: the answer comes here.",
    })
}

/// That a command could not be stored.
pub fn not_kept(typed: &str) -> Reply {
    let reply = Reply::refused("This could not be stored just now, and nothing was done. Say it again in a moment.");
    if typed.trim().is_empty() { reply } else { reply.note(format!("You wrote: {}", excerpt(typed.trim(), 1_500))) }
}

/// That a form was not opened.
pub fn form_not_opened(not_installed: bool) -> Reply {
    Reply::refused(match not_installed {
        true => "The app has no access to this workspace any more. Ask an administrator to install it again.",
        false => "The form could not be opened in time. Nothing was changed; press the button again.",
    })
}

/// That a draft was changed while somebody edited it.
pub fn edited_meanwhile(revision: i32) -> String {
    format!(
        "⚠️ The draft was changed while you wrote: it is at revision {revision} now. Your text is below, untouched. Saving it \
         makes it the next revision; revision {revision} stays in the history."
    )
}

/// Why something comes in a direct message.
pub fn closed_channel(channel: &str) -> Reply {
    Reply::said(format!(
        "I cannot post in that channel ({channel}), so your workshop goes on here. To work there, invite me with `/invite` and open it \
         there again."
    ))
}
