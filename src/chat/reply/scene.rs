//! What a workshop shows of itself where it lives on a chat platform.
//!
//! Each function words one [`Scene`](crate::workshop::delivery::Scene) as it stands at the moment, so that showing it again brings it up to date.

use super::{Action, Item, Reply, capitalized, metrics, rate_actions, ratings_line, told};
use crate::chat::button::{Button, Press};
use crate::domain::conversation::{MessageRole, Outcome, Question, before_questions};
use crate::domain::draft::{Draft, DraftStatus};
use crate::domain::fence;
use crate::domain::proposal::{self, ProposalStatus};
use crate::domain::text::excerpt;
use crate::domain::trial::{Stage, Trial, TrialStatus};
use crate::workshop::delivery::Note;
use crate::workshop::expiry::{TellKind, Told};
use crate::workshop::message::Message;
use crate::workshop::proposal::Proposal;

/// The longest label of a button, over all platforms (Slack 75 characters, Discord 80).
const LABEL: usize = 75;

/// The message that opens a workshop: name, number, status, and what was asked for.
pub fn card(draft: &Draft, owner: &str, need: Option<&str>) -> Reply {
    let mut reply = Reply { title: draft.name.clone(), ..Reply::default() };
    if let Some(need) = need {
        let quoted: Vec<String> = excerpt(need, 600).lines().map(|line| format!("> {line}")).collect();
        reply.text = quoted.join("\n");
    }
    let state = match draft.status {
        DraftStatus::Draft | DraftStatus::Testing | DraftStatus::Ready => "Talk about it in this thread.",
        DraftStatus::Committed => "It is in the library; clone it to work on it further.",
        DraftStatus::Expired => "It has expired; restore it to work on it further.",
    };
    let reply = reply.note(format!("Draft {} · **{}** · by {owner} · {state}", draft.id, draft.status));
    match draft.status {
        DraftStatus::Expired if draft.purged_at.is_none() => {
            reply.action(Action::new("Restore", Button::new(Press::Restore, draft.id, 0)))
        }
        DraftStatus::Draft
        | DraftStatus::Testing
        | DraftStatus::Ready
        | DraftStatus::Committed
        | DraftStatus::Expired => reply,
    }
}

/// A message of the conversation with what can be done about it now.
pub fn message(message: &Message, author: &str, draft: &Draft, proposal: Option<&Proposal>) -> Reply {
    if message.role == MessageRole::Person {
        return Reply::said(&message.content).note(format!("said by {author}"));
    }
    if message.outcome == Outcome::Failed {
        return Reply::refused(&message.content);
    }
    if let Some(proposal) = proposal {
        return proposed(message, proposal, draft);
    }
    if message.revision.is_some() {
        return drafted(Reply::said(&message.content), message, draft);
    }
    if draft.writable().is_err() || message.questions.is_empty() {
        return Reply::said(&message.content);
    }
    let mut reply = Reply::said(before_questions(&message.content, &message.questions));
    ask(&mut reply, message);
    reply
}

/// The questions of a message: what was chosen so far, and what can be chosen.
fn ask(reply: &mut Reply, message: &Message) {
    let chosen = |index: usize| message.chosen.get(&index.to_string());
    if message.answered {
        for (index, question) in message.questions.iter().enumerate() {
            let answer = chosen(index).map_or(question.default.as_str(), String::as_str);
            reply.notes.push(format!("✓ {} **{answer}**", question.text));
        }
        return;
    }
    for (index, question) in message.questions.iter().enumerate() {
        let text = match chosen(index) {
            Some(answer) => format!("✓ {} **{answer}**", question.text),
            None => format!("**{}**", question.text),
        };
        let actions = if chosen(index).is_some() { Vec::new() } else { options(message, index, question) };
        reply.items.push(Item { text, actions });
    }
    reply.notes.push("Or answer in your own words.".to_owned());
    let decide = Action::new("Decide for me", Button::new(Press::Decide, message.id, 0)).primary();
    reply.actions.push(decide);
}

fn options(message: &Message, index: usize, question: &Question) -> Vec<Action> {
    let action = |(number, option): (usize, &str)| {
        let mark = if option == question.default { " (default)" } else { "" };
        let label = excerpt(&format!("{option}{mark}"), LABEL);
        // The number holds the question and the option, so that each button is its own.
        Action::new(label, Button::new(Press::Answer, message.id, (index * 100 + number) as i64))
            .with(excerpt(option, 500))
    };
    question.offered().enumerate().map(action).collect()
}

fn drafted(reply: Reply, message: &Message, draft: &Draft) -> Reply {
    let Some(revision) = message.revision else { return reply };
    if draft.writable().is_err() {
        return reply.note(format!("The draft is {} now.", draft.status));
    }
    let used = Action::new("Use this draft", Button::new(Press::Use, draft.id, i64::from(revision.0)));
    if revision != draft.revision {
        return reply
            .note(format!("This was revision {revision}; the draft is at {} now.", draft.revision))
            .action(used);
    }
    let reply = reply.note(format!("Draft {} · revision {revision}", draft.id)).action(used);
    work_on(reply, draft)
}

/// A message whose draft somebody uses.
pub fn used(said: &Message, draft: &Draft, by: &str) -> Reply {
    let reply = Reply::said(&said.content).note(format!("✓ {by} uses this draft: revision {}", draft.revision));
    work_on(reply, draft)
}

/// What can be done with a draft's text.
pub fn work_on(reply: Reply, draft: &Draft) -> Reply {
    let revision = i64::from(draft.revision.0);
    reply
        .action(Action::new("Test…", Button::new(Press::Test, draft.id, revision)).primary())
        .action(Action::new("Edit…", Button::new(Press::Edit, draft.id, revision)))
        .action(Action::new("Commit…", Button::new(Press::Commit, draft.id, revision)))
        .action(Action::new("Open on the web", Button::new(Press::Web, draft.id, revision)))
}

fn proposed(message: &Message, proposal: &Proposal, draft: &Draft) -> Reply {
    let prose = match fence::draft_block(&message.content) {
        Some(block) => message.content.get(..block.range.start).unwrap_or_default().trim_end().to_owned(),
        None => message.content.clone(),
    };
    let mut reply = changes(proposal);
    if !prose.is_empty() {
        reply.text = format!("{prose}\n\n{}", reply.text);
    }
    let number = i64::from(proposal.number.0);
    let by = proposal.decided_by.as_deref().unwrap_or("somebody");
    match proposal.status {
        ProposalStatus::Open if draft.writable().is_ok() => {
            let several = proposal::changes(&proposal.base_text, &proposal.text, &proposal.reasons).len() > 1;
            reply.actions.push(Action::new("Accept change", Button::new(Press::Accept, draft.id, number)).primary());
            if several {
                reply.actions.push(Action::new("Accept some…", Button::new(Press::Pick, draft.id, number)));
            }
            reply
                .action(Action::new("Reject", Button::new(Press::Reject, draft.id, number)))
                .action(Action::new("Edit…", Button::new(Press::Edit, draft.id, number)))
                .action(Action::new("Open on the web", Button::new(Press::Web, draft.id, number)))
        }
        ProposalStatus::Open => reply.note(format!("The draft is {} now.", draft.status)),
        ProposalStatus::Accepted | ProposalStatus::PartlyAccepted => {
            let what = if proposal.status == ProposalStatus::Accepted { "this change" } else { "some of this change" };
            let revision = proposal.revision.map_or(String::new(), |number| format!(": revision {number}"));
            let reply = reply.note(format!("✓ {by} accepted {what}{revision}"));
            if draft.writable().is_err() {
                return reply;
            }
            let before = Button::new(Press::Diff, draft.id, proposal.revision.map_or(0, |number| i64::from(number.0)));
            work_on(reply.action(Action::new("Diff", before)), draft)
        }
        ProposalStatus::Rejected => reply.note(format!("✗ {by} rejected this change; the draft stays as it is.")),
        ProposalStatus::Superseded => reply.note("A newer proposal took its place."),
    }
}

/// A proposal as a diff with a reason for each change.
pub fn changes(proposal: &Proposal) -> Reply {
    let changes = proposal::changes(&proposal.base_text, &proposal.text, &proposal.reasons);
    let places = if changes.len() == 1 { "one place".to_owned() } else { format!("{} places", changes.len()) };
    let mut text = format!("**Proposal {}** changes {places}:", proposal.number);
    for change in &changes {
        text.push_str(&format!("\n\n{}. {}\n\n````diff\n", change.index, change.reason));
        for (sign, lines) in [("-", &change.before), ("+", &change.after)] {
            for line in lines.lines() {
                text.push_str(&format!("{sign} {line}\n"));
            }
        }
        text.push_str("````");
    }
    Reply::said(text)
}

/// What a test is doing, in one line.
pub fn progress(trial: &Trial) -> Reply {
    let question = excerpt(&trial.question, 150);
    let state = match (trial.status, trial.stage) {
        (TrialStatus::Queued, _) if trial.attempts > 0 => "⏳ Waiting to try again",
        (TrialStatus::Queued, _) | (TrialStatus::Running, Stage::Queued) => "⏳ Queued",
        (TrialStatus::Running, Stage::Searching) => "🔎 Searching articles",
        (TrialStatus::Running, Stage::Writing | Stage::Done) => "✍️ Writing",
        (TrialStatus::Succeeded, _) => "✅ Done",
        (TrialStatus::Failed, _) => "⚠️ Failed",
        (TrialStatus::Cancelled, _) => "⏹ Cancelled",
    };
    let found = match trial.article_count {
        0 => String::new(),
        count => format!(" · {count} articles"),
    };
    let reply = Reply::said(format!("{state}: *{question}* · {}{found}", trial.topic));
    if trial.status.is_final() {
        return reply;
    }
    reply.action(Action::new("Cancel", Button::new(Press::Cancel, trial.id, i64::from(trial.draft.0))))
}

/// How a test ended, with its numbers, its citation check and its ratings.
pub fn result(trial: &Trial, draft: &Draft) -> Reply {
    let heading = format!("**{}**", excerpt(&trial.question, 300));
    let again = Action::new("Run again", Button::new(Press::Again, trial.id, 0));
    match trial.status {
        TrialStatus::Queued | TrialStatus::Running => progress(trial),
        TrialStatus::Cancelled => Reply::said(format!("{heading}\n\nThe test was cancelled.")).action(again),
        TrialStatus::Failed => Reply::refused(format!(
            "{heading}\n\nThe test failed. {}",
            trial.failure_detail.as_deref().unwrap_or_default()
        ))
        .action(again),
        TrialStatus::Succeeded => {
            let answer = trial.response.as_deref().unwrap_or_default().trim_end();
            let [numbers, check] = metrics(trial);
            let tested = format!("{} · {} · {numbers}", capitalized(&trial.tested()), trial.topic);
            let mut reply = Reply::said(format!("{heading}\n\n{answer}")).note(tested).note(check);
            if let Some(ratings) = ratings_line(&trial.ratings) {
                reply.notes.push(ratings);
            }
            // What is committed can still be rated and compared, but not tested on a text that does not change any more.
            reply.actions.extend(rate_actions(trial));
            reply.actions.push(Action::new("Add a note…", Button::new(Press::Note, trial.id, 0)));
            if draft.writable().is_ok() {
                reply.actions.push(again);
            }
            reply.action(Action::new("Compare with…", Button::new(Press::Compare, trial.id, 0)))
        }
    }
}

/// A reminder that a result was not rated.
pub fn rating_reminder(trial: &Trial) -> Reply {
    super::rate_this(trial)
        .note("A rating now tells everybody later whether this prompt works. This reminder comes once.")
}

/// What was done, for everybody.
pub fn note(note: &Note, draft: impl Fn() -> Option<i32>) -> Reply {
    match note {
        Note::Edited { by, revision, before: _ } => {
            let reply = Reply::said(format!("✏️ {by} edited the draft: revision {revision}."));
            match draft() {
                Some(id) => reply.action(Action::new("Diff", Button::new(Press::Diff, id, i64::from(*revision)))),
                None => reply,
            }
        }
        Note::Committed { by, name, title, version } => Reply::said(format!(
            "🎉 {by} committed this prompt: **{name}** version {version}, \"{title}\". It is in the library."
        ))
        .note(format!("Ask it: `ask {name} QUESTION`"))
        .action(Action::new("Clone", Button::new(Press::Clone, name, 0))),
        Note::Deleted { by, name } => Reply::said(format!("🗑 {by} deleted the workshop \"{name}\"; it is gone.")),
        Note::Pushed { name, version, url, failure } => super::pushed(name, *version, url, failure.as_deref()),
        Note::Sharing { by, change, about, mentions } => {
            Reply { mentions: mentions.clone(), ..Reply::said(super::sharing(by, change, about)) }
        }
        Note::Commented { by, about, text, mentions } => {
            Reply { mentions: mentions.clone(), ..Reply::said(text).note(format!("💬 {by} commented on {about}")) }
        }
        Note::Worded { reply } => serde_json::from_value(reply.clone()).unwrap_or_default(),
    }
}

/// A reminder or notice about a draft, with what can be done.
pub fn notice(told_of: &Told) -> Reply {
    let reply = Reply { hint: String::new(), ..told(told_of, "") };
    match told_of.kind {
        TellKind::ExpiryReminder => reply
            .action(Action::new("Keep", Button::new(Press::Keep, told_of.draft, 0)).primary())
            .action(Action::new("Commit…", Button::new(Press::Commit, told_of.draft, 0)))
            .action(Action::new("Let it go", Button::new(Press::LetGo, told_of.draft, 0))),
        TellKind::Expired => reply.action(Action::new("Restore", Button::new(Press::Restore, told_of.draft, 0))),
    }
}
