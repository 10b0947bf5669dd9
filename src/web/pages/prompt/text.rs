//! The text of the version that is looked at.

use askama::Template;

use super::About;
use crate::domain::VersionNumber;
use crate::web::markdown::{Prose, prose};

#[derive(Template)]
#[template(path = "prompt/text.html", config = "src/web/askama.toml")]
pub(super) struct TextTab {
    name: String,
    number: VersionNumber,
    newest: VersionNumber,
    rendered: Prose,
    raw: String,
    characters: usize,
    may_edit: bool,
}

impl TextTab {
    pub(super) fn of(about: &About) -> Self {
        let picked = &about.picked;
        Self {
            name: about.prompt.name.clone(),
            number: picked.number,
            newest: about.prompt.version,
            rendered: prose(&picked.text),
            characters: picked.text.chars().count(),
            raw: picked.text.clone(),
            may_edit: about.may_edit(),
        }
    }

    /// Every version, the newest first.
    fn numbers(&self) -> Vec<i32> {
        (1..=self.newest.0).rev().take(100).collect()
    }
}
