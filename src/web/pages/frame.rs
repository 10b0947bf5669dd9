//! What is around every page: its title, where one is, and who looks.

use crate::domain::Actor;
use crate::web::assets;

/// The parts of the site that the bar at the top leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// One's workshops.
    Workshops,
    /// The library of prompts.
    Library,
    /// Questions to committed prompts.
    Sessions,
    /// The article database.
    Articles,
    /// None of these.
    Elsewhere,
}

/// What is around a page.
pub(super) struct Frame {
    /// The page's title.
    pub(super) title: String,
    /// Who looks, if somebody is signed in.
    pub(super) person: Option<Actor>,
    section: Section,
}

/// A link of the bar.
pub(super) struct Entry {
    pub(super) label: &'static str,
    pub(super) href: &'static str,
    pub(super) current: bool,
}

impl Frame {
    /// Around a page for somebody who is signed in.
    pub(super) fn of(actor: &Actor, section: Section, title: impl Into<String>) -> Self {
        Self { title: title.into(), person: Some(actor.clone()), section }
    }

    /// Around a page for anybody.
    pub(super) fn open(title: impl Into<String>) -> Self {
        Self { title: title.into(), person: None, section: Section::Elsewhere }
    }

    /// The bar's links.
    pub(super) fn entries(&self) -> [Entry; 4] {
        [
            (Section::Workshops, "Workshops", "/"),
            (Section::Library, "Library", "/library"),
            (Section::Sessions, "Ask", "/sessions"),
            (Section::Articles, "Articles", "/articles"),
        ]
        .map(|(section, label, href)| Entry { label, href, current: section == self.section })
    }

    /// The address of the style sheet.
    pub(super) fn style(&self) -> String {
        assets::address("style.css")
    }

    /// The address of the script that every page has.
    pub(super) fn script(&self) -> String {
        assets::address("page.js")
    }
}
