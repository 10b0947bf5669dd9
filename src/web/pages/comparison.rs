//! Tests side by side: how their prompts differ, their answers, times, citations and stars.

use askama::Template;
use axum::extract::{RawQuery, State};

use super::answer::AnswerView;
use super::diff::Diff;
use super::frame::{Frame, Section};
use super::shown::{Rated, dollars, percent, seconds, thousands};
use super::{Page, html};
use crate::domain::sharing::Target;
use crate::domain::trial::{Trial, TrialStatus};
use crate::domain::{Access, Actor, DraftId, Invalid, TrialId};
use crate::web::Web;
use crate::web::auth::Visitor;
use crate::web::body::Path;
use crate::web::error::Problem;
use crate::workshop::comparison::Compared;

#[derive(Template)]
#[template(path = "comparison.html", config = "src/web/askama.toml")]
struct ComparisonPage {
    frame: Frame,
    draft: DraftId,
    name: String,
    /// This page's own address.
    here: String,
    sides: Vec<Side>,
    /// Whether all answer the same question.
    one_question: bool,
    common: usize,
}

/// One test beside others.
struct Side {
    trial: Trial,
    answer: Option<AnswerView>,
    diff: Diff,
    /// How many articles no other was given.
    only: usize,
}

impl Side {
    /// The share of its links that are valid.
    fn validity(&self) -> Option<String> {
        let check = self.trial.citations.as_ref()?;
        let links = check.items.len();
        (links > 0).then(|| percent(f64::from(check.valid) / links as f64))
    }

    fn tokens(&self) -> Option<String> {
        let (read, written) = self.trial.metrics.tokens_in.zip(self.trial.metrics.tokens_out)?;
        Some(format!("{} read, {} written", thousands(read.into()), thousands(written.into())))
    }
}

/// Shows tests side by side.
pub(super) async fn show(
    State(web): State<Web>,
    Visitor(actor): Visitor,
    Path(draft): Path<DraftId>,
    RawQuery(query): RawQuery,
) -> Page {
    let draft = web.workshop.draft(&actor, draft).await?;
    let ids = named_tests(query.as_deref().unwrap_or_default())?;
    let comparison = web.workshop.compare_trials(&actor, &ids).await?;
    let mut sides = Vec::new();
    for compared in comparison.tests {
        sides.push(side(&web, &actor, compared).await?);
    }
    let named: Vec<String> = ids.iter().map(TrialId::to_string).collect();
    html(&ComparisonPage {
        frame: Frame::of(&actor, Section::Workshops, "Tests side by side"),
        here: format!("/workshop/{}/compare?tests={}", draft.id, named.join(",")),
        one_question: sides.iter().all(|side| side.trial.question == sides[0].trial.question),
        common: comparison.common.len(),
        draft: draft.id,
        name: draft.name,
        sides,
    })
}

async fn side(web: &Web, actor: &Actor, compared: Compared) -> Result<Side, Problem> {
    let Compared { trial, diff, only } = compared;
    let yours = web.workshop.shares(actor, &Target::Draft(trial.draft)).await?.yours;
    let answer = AnswerView::of(&trial, actor, yours.allows(Access::Commenter), "compared");
    Ok(Side { answer, diff: Diff::of_unified(&diff), only: only.len(), trial })
}

/// The tests that a query names: `tests=A,B`, or `tests=A&tests=B` as a form sends it.
fn named_tests(query: &str) -> Result<Vec<TrialId>, Problem> {
    let fields = url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "tests");
    let values: Vec<String> = fields.map(|(_, value)| value.into_owned()).collect();
    let words = values.iter().flat_map(|value| value.split(',')).map(str::trim).filter(|word| !word.is_empty());
    let ids: Result<Vec<TrialId>, _> = words.map(str::parse).collect();
    ids.map_err(|_| Invalid::new("tests", "must be ids of tests").into())
}

#[cfg(test)]
mod tests {
    use super::named_tests;

    #[test]
    fn tests_are_named_in_one_field_or_several() {
        let (a, b) = ("0192d3c4-0000-7000-8000-000000000001", "0192d3c4-0000-7000-8000-000000000002");
        for query in [format!("tests={a},{b}"), format!("tests={a}&x=1&tests={b}"), format!("tests={a}%2C{b}")] {
            let ids = named_tests(&query).unwrap_or_default();
            assert_eq!(ids.iter().map(ToString::to_string).collect::<Vec<_>>(), [a, b], "{query}");
        }
        assert!(named_tests("tests=x").is_err());
    }
}
