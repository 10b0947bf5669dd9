//! The tests that a version's text had: the evidence that it works.

use askama::Template;

use super::About;
use crate::domain::trial::{Trial, TrialStatus};
use crate::domain::{DraftId, VersionNumber};
use crate::web::Web;
use crate::web::error::Problem;
use crate::web::pages::shown::{Moment, Rated, seconds};
use crate::workshop::{Error, Noun};

#[derive(Template)]
#[template(path = "prompt/evidence.html", config = "src/web/askama.toml")]
pub(super) struct EvidenceTab {
    name: String,
    number: VersionNumber,
    newest: VersionNumber,
    tests: Vec<Trial>,
    /// The draft of the tests, if one may see it: then each test has a page.
    draft: Option<DraftId>,
    mean: Option<f64>,
}

impl EvidenceTab {
    fn numbers(&self) -> Vec<i32> {
        (1..=self.newest.0).rev().take(100).collect()
    }
}

pub(super) async fn read(web: &Web, about: &About) -> Result<EvidenceTab, Problem> {
    let detail = web.workshop.version(&about.actor, &about.prompt.name, about.picked.number).await?;
    let draft = match detail.version.draft {
        Some((draft, _)) => match web.workshop.draft(&about.actor, draft).await {
            Ok(draft) => Some(draft.id),
            Err(Error::NotFound(Noun::Draft)) => None,
            Err(error) => return Err(error.into()),
        },
        None => None,
    };
    Ok(EvidenceTab {
        name: about.prompt.name.clone(),
        number: about.picked.number,
        newest: about.prompt.version,
        mean: detail.version.mean_rating,
        tests: detail.tests,
        draft,
    })
}
