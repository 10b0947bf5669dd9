//! Giving stars and a note, to a test or to an answer of a prompt: `{{ stars }}` in any template.

use askama::Template;

use crate::domain::AccountId;
use crate::domain::trial::Rating;

/// A form that rates; a click on a star is enough.
#[derive(Debug, Template)]
#[template(path = "parts/stars.html", config = "src/web/askama.toml")]
pub(super) struct Stars {
    /// Its id, unlike any other of the page.
    id: String,
    /// Where it goes: the path of `…/feedback`.
    action: String,
    /// The part of the page to renew when it is saved.
    renews: String,
    given: Option<i16>,
    note: String,
}

impl askama::filters::HtmlSafe for Stars {}

/// One of the five.
struct Choice {
    number: i16,
    label: String,
    given: bool,
}

impl Stars {
    /// What `account` thinks and may change, saved by PUT to `action`; then the part `renews` of the page is renewed.
    pub(super) fn of(ratings: &[Rating], account: AccountId, id: &str, action: String, renews: &str) -> Self {
        let own = ratings.iter().find(|rating| rating.account == account);
        let note = own.map(|rating| rating.note.clone()).unwrap_or_default();
        let given = own.and_then(|rating| rating.stars);
        Self { id: format!("stars-{id}"), action, renews: renews.to_owned(), given, note }
    }

    fn choices(&self) -> Vec<Choice> {
        let choice = |number: i16| Choice {
            number,
            label: format!("{number} star{}", if number == 1 { "" } else { "s" }),
            given: self.given == Some(number),
        };
        (1..=5).map(choice).collect()
    }
}
