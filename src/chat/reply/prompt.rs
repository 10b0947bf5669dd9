//! Wording about prompts of the library and their versions.

use super::{Action, Reply};
use crate::chat::button::{Button, Press};
use crate::domain::library::Prompt;

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
