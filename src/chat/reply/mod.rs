//! Everything that the workshop says to people, in Markdown; each platform renders it.
//!
//! Here: what a reply is, and what is said of nothing in particular. What a workshop shows of itself is in [`scene`].

pub mod batch;
mod draft;
mod feed;
mod prompt;
pub mod scene;
mod share;
mod suite;
mod trial;

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::button::Button;
use super::command::{Command, Unclear, Where, entries};
use super::inbound::Form;
use crate::domain::account::Platform;
use crate::domain::draft::Draft;
use crate::domain::place::Place;
use crate::domain::text::excerpt;
use crate::workshop::Error;

pub use draft::*;
pub use feed::*;
pub use prompt::*;
pub use share::*;
pub use suite::*;
pub use trial::*;

/// Something to show.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
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
    /// Whether it is for one person's eyes, so that it must not be shown to others where that person cannot be told alone.
    pub is_private: bool,
    /// Whether it is something to read at leisure: a file, where messages are short.
    pub is_document: bool,
    /// The platform's users whom it pings, deliberately; nothing else in it pings anybody.
    pub mentions: Vec<String>,
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

    /// For one person's eyes.
    pub fn private(self) -> Self {
        Self { is_private: true, ..self }
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

/// A phrase as the start of a sentence.
pub(in crate::chat) fn capitalized(phrase: &str) -> String {
    let mut chars = phrase.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// What can be said in a place; `marker` stands before each word.
pub fn help(marker: &str, place: Where) -> Reply {
    let mut text = String::new();
    for entry in entries(place) {
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
        | Error::BatchEnded(_)
        | Error::LimitReached { .. }
        | Error::Unavailable(_)
        | Error::Fault(_) => error.to_string(),
    })
}

/// The code that joins another identity to this account.
pub fn join_code(code: &str, marker: &str) -> Reply {
    Reply::said(format!(
        "Your code is `{code}`. It works once, within ten minutes. Where you want to be the same person, say \
         `{marker}link {code}`. Do not show it to others: whoever uses it acts as you."
    ))
    .private()
}

/// That an identity was joined to an account.
pub fn joined(name: &str) -> Reply {
    Reply::said(format!("You are {name} here now. Everything you made before came along."))
}

/// A one-time link for a browser.
pub fn web_link(url: &str) -> Reply {
    Reply::said(format!("Sign in with this link: <{url}>\n\nIt works once, within a day. Do not show it to others."))
        .private()
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

/// Where to go on with a draft that lives in this channel already.
pub fn lives_here(draft: &Draft, home: &Place) -> Reply {
    Reply::said(format!("Draft {} \"{}\" has [its thread]({}) in this channel.", draft.id, draft.name, address(home)))
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
        Command::New(_) | Command::Improve { .. } => "Your workshop is being opened; it goes on in a thread here.",
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
        | Command::Errand(_)
        | Command::Quit
        | Command::Say(_) => "One moment: the answer comes here.",
    })
}

/// That a command could not be stored.
pub fn not_kept(typed: &str) -> Reply {
    let reply = Reply::refused("This could not be stored just now, and nothing was done. Say it again in a moment.");
    if typed.trim().is_empty() { reply } else { reply.note(format!("You wrote: {}", excerpt(typed.trim(), 1_500))) }
}

/// What happens next with a form that was sent.
pub fn form_on_its_way(form: &Form) -> Reply {
    Reply::said(match form {
        Form::Test { .. } => "The test is being started; its result comes in the workshop's thread.",
        Form::Commit { .. } => "The draft is being committed.",
        Form::Edit { .. } => "Your text is being saved.",
        Form::New { .. } => "Your workshop is being opened; it goes on in a thread here.",
        Form::Compare { .. } => "The comparison is being made; it comes here.",
        Form::Pick { .. } => "These changes are being accepted; the proposal shows it.",
        Form::Note { .. } | Form::Say { .. } => "One moment: the answer comes here.",
    })
}

/// That something was done that this version does not know.
pub fn not_understood() -> Reply {
    Reply::refused(
        "I do not understand this; nothing was done. It may be from another version: try again, or say it in words.",
    )
}

/// That what is said is not heard, and what to do. Over HTTP no message comes, whatever the app may read.
pub fn cannot_read(over_http: bool) -> Reply {
    Reply::said(match over_http {
        true => "I do not hear messages here. Press Reply below what I say, and I hear what you write there.",
        false => {
            "I may not read messages here. Mention me in what you say, or press Reply below what I say. An administrator \
             can grant me the message content intent; then I hear everything that is said in a workshop's thread."
        }
    })
}

/// That a workshop has no thread, and what to do.
pub fn no_threads() -> Reply {
    Reply::said(
        "I may not create threads here, so the workshop lives in this channel: mention me in what you say to it. Let my \
         role create public threads, and the next workshop gets its own.",
    )
}

/// That messages look plain, and what to do.
pub fn no_embeds() -> Reply {
    Reply::said("I may not embed links here, so what I post looks plain. Let my role do that to see more of it.")
}

/// That something private could not be told.
pub fn not_reached(marker: &str) -> Reply {
    Reply::refused(format!(
        "What you asked for is for your eyes only, and you take no direct messages from me. Ask again with `{marker}…`, \
         whose answer only you see."
    ))
}

/// That a form was not opened.
pub fn form_not_opened(not_installed: bool) -> Reply {
    Reply::refused(match not_installed {
        true => "The app has no access to this workspace any more. Ask an administrator to install it again.",
        false => "The form could not be opened in time. Nothing was changed; press the button again.",
    })
}

/// Why something comes in a direct message.
pub fn closed_channel(place: &Place) -> Reply {
    let channel = &place.channel;
    let remedy = match place.platform {
        Platform::Discord => "let my role see that channel, send messages and create threads there",
        Platform::Slack | Platform::Terminal | Platform::Web => "invite me with `/invite`",
    };
    Reply::said(format!(
        "I cannot post in that channel ({channel}), so your workshop goes on here. To work there, {remedy}, and open it \
         there again."
    ))
}
