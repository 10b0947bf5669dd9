//! Wording about drafts, changes, commits and the library.

use std::fmt::Write as _;

use super::{Action, Item, Reply};
use crate::chat::button::{Button, Press};
use crate::domain::draft::Draft;
use crate::domain::library::Prompt;
use crate::domain::{Instant, VersionNumber, proposal};
use crate::workshop::expiry::{TellKind, Told};
use crate::workshop::proposal::Proposal;

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

/// That a draft is in the library.
pub fn committed(prompt: &Prompt, version: VersionNumber, marker: &str) -> Reply {
    Reply::said(format!("{} is in the library now: version {version}, \"{}\".", prompt.name, prompt.title))
        .hint(format!("Work on it further: {marker}clone {}", prompt.name))
}

/// That a name is needed.
pub fn needs_name(suggested: Option<String>, marker: &str) -> Reply {
    let example = suggested.unwrap_or_else(|| "financial_risk_executive".to_owned());
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

/// That the draft was said to be good.
pub fn ready(draft: &Draft) -> Reply {
    Reply::said(format!("Draft {} is {}. Any edit moves it back to draft.", draft.id, draft.status))
}

/// That a draft is back.
pub fn restored(draft: &Draft) -> Reply {
    Reply::said(format!("Draft {} \"{}\" is back: {}.", draft.id, draft.name, draft.status))
}

/// A button that asks for a name and a title.
pub fn commit_form(draft: &Draft) -> Reply {
    Reply::said(format!("Commit draft {} \"{}\" to the library:", draft.id, draft.name))
        .action(Action::new("Commit…", Button::new(Press::Commit, draft.id, 0)).primary())
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

/// Why a draft cannot be edited in a form.
pub const TOO_LONG_FOR_FORM: &str =
    "has a line that is longer than a form takes; say what to change, or edit it on the web";

/// That a draft was changed while somebody edited it.
pub fn edited_meanwhile(revision: i32) -> String {
    format!(
        "⚠️ The draft was changed while you wrote: it is at revision {revision} now. Your text is below, untouched. Saving it \
         makes it the next revision; revision {revision} stays in the history."
    )
}
