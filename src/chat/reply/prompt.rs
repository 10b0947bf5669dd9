//! Wording about prompts of the library and their versions.

use super::{Action, Reply};
use crate::chat::button::{Button, Press};
use crate::domain::library::Prompt;
use crate::domain::prompt_file::PromptFile;
use crate::domain::push::Push;

/// A prompt with its text.
pub fn prompt(prompt: &Prompt, marker: &str) -> Reply {
    let owner = prompt.owner_name.as_deref().unwrap_or("Prompt Workshop");
    Reply {
        title: format!("{} · {} version {}", prompt.title, prompt.name, prompt.version),
        text: prompt.text.trim_end().to_owned(),
        hint: format!("Ask it: {marker}ask {0} QUESTION. Start from it: {marker}clone {0}", prompt.name),
        actions: vec![Action::new("Clone", Button::new(Press::Clone, &prompt.name, 0))],
        is_document: true,
        ..Reply::default()
    }
    .note(format!("by {owner} · {}", prompt.visibility))
}

/// A version of a prompt as a file.
pub fn prompt_file(file: &PromptFile) -> Reply {
    let version = file.version.map(|version| format!(" version {version}")).unwrap_or_default();
    Reply {
        title: format!("{}.prompt", file.name),
        text: file.write(),
        hint: format!("workshop prompts import {}.prompt reads it again.", file.name),
        is_document: true,
        ..Reply::default()
    }
    .note(format!("{}{version}; the text begins after the second ---", file.title))
}

/// That a prompt is on its way to Auspex.
pub fn pushing(push: &Push) -> Reply {
    let Push { name, version, url, .. } = push;
    Reply::said(format!("{name} version {version} is on its way to {url}; the result comes here."))
}

/// How a push to Auspex ended.
pub fn pushed(name: &str, version: i32, url: &str, failure: Option<&str>) -> Reply {
    match failure {
        None => Reply::said(format!("📤 **{name}** version {version} is in Auspex now: {url}")),
        Some(failure) => Reply::refused(format!("**{name}** version {version} was not pushed to {url}. {failure}")),
    }
}
