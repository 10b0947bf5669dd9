//! The versions of a prompt, how two of them differ, and the labels that point to them.

use askama::Template;

use super::{About, Wanted};
use crate::domain::VersionNumber;
use crate::domain::library::{Label, Version};
use crate::web::Web;
use crate::web::error::Problem;
use crate::web::pages::diff::Diff;
use crate::web::pages::paging::{Paging, page_number};
use crate::web::pages::shown::{Moment, Rated, counted};

/// How many versions a page.
const SIZE: i64 = 50;

#[derive(Template)]
#[template(path = "prompt/versions.html", config = "src/web/askama.toml")]
pub(super) struct VersionsTab {
    name: String,
    newest: VersionNumber,
    versions: Vec<Version>,
    compared: Option<Compared>,
    labels: Vec<Labelled>,
    may_edit: bool,
    may_own: bool,
    paging: Paging,
}

/// Two versions beside one another.
struct Compared {
    from: VersionNumber,
    to: VersionNumber,
    diff: Diff,
}

/// A label, and whether one may move it.
struct Labelled {
    label: String,
    version: VersionNumber,
    movable: bool,
}

impl VersionsTab {
    fn numbers(&self) -> Vec<i32> {
        (1..=self.newest.0).rev().take(200).collect()
    }

    /// What a comparison is offered with first: what is shown, else the two newest.
    fn offered(&self) -> (i32, i32) {
        let newest = (self.newest.0 - 1, self.newest.0);
        self.compared.as_ref().map_or(newest, |compared| (compared.from.0, compared.to.0))
    }
}

pub(super) async fn read(web: &Web, about: &About, wanted: &Wanted) -> Result<VersionsTab, Problem> {
    let name = &about.prompt.name;
    let page = page_number(wanted.page.as_deref());
    let (versions, total) = web.workshop.versions(&about.actor, name, SIZE, (page - 1) * SIZE).await?;
    let compared = match pair(wanted) {
        Some((from, to)) => Some(compare(web, about, from, to).await?),
        None => None,
    };
    let may_move = |label: &str| Label::parse(label).is_ok_and(|label| about.may(label.needs()));
    let labels = about.prompt.labels.iter();
    let labels =
        labels.map(|(label, version)| Labelled { label: label.clone(), version: *version, movable: may_move(label) });
    Ok(VersionsTab {
        labels: labels.collect(),
        newest: about.prompt.version,
        may_edit: about.may_edit(),
        may_own: about.may_own(),
        paging: Paging::of(&format!("/library/{name}"), &[("tab", "versions")], page, total, SIZE),
        name: name.clone(),
        versions,
        compared,
    })
}

/// The two versions to compare: `diff=1..2`, or `from=1&to=2` as a form sends it.
fn pair(wanted: &Wanted) -> Option<(VersionNumber, VersionNumber)> {
    let dotted = wanted.diff.as_deref().and_then(|diff| diff.split_once(".."));
    let dotted = dotted.and_then(|(from, to)| Some((from.trim().parse().ok()?, to.trim().parse().ok()?)));
    dotted.or(wanted.from.zip(wanted.to).map(|(from, to)| (VersionNumber(from), VersionNumber(to))))
}

async fn compare(web: &Web, about: &About, from: VersionNumber, to: VersionNumber) -> Result<Compared, Problem> {
    let diff = web.workshop.version_diff(&about.actor, &about.prompt.name, from, to).await?;
    Ok(Compared { from, to, diff: Diff::of_unified(&diff.unified) })
}
