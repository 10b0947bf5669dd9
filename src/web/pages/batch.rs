//! A batch: the questions of a suite against texts and models, each test a cell.

use askama::Template;
use axum::extract::State;

use super::frame::{Frame, Section};
use super::shown::{Moment, Rated, counted, percent};
use super::{Page, html};
use crate::domain::batch::{Batch, Cell, Summary, Table};
use crate::domain::draft::Draft;
use crate::domain::sharing::Target;
use crate::domain::trial::TrialStatus;
use crate::domain::{Access, BatchId, DraftId};
use crate::web::Web;
use crate::web::auth::Visitor;
use crate::web::body::Path;

#[derive(Template)]
#[template(path = "batch.html", config = "src/web/askama.toml")]
struct BatchPage {
    frame: Frame,
    draft: Draft,
    batch: Batch,
    rows: Vec<Row>,
    summaries: Vec<Summary>,
    may_cancel: bool,
}

/// The tests of one question.
struct Row {
    question: String,
    cells: Vec<Option<Cell>>,
}

impl Row {
    /// The page that compares its answered tests, where there are several.
    fn comparison(&self, draft: &DraftId) -> Option<String> {
        let answered = self.cells.iter().flatten().filter(|cell| cell.status == TrialStatus::Succeeded);
        let ids: Vec<String> = answered.take(6).map(|cell| cell.trial.to_string()).collect();
        (ids.len() > 1).then(|| format!("/workshop/{draft}/compare?tests={}", ids.join(",")))
    }
}

/// Shows a batch with its results so far.
pub(super) async fn show(
    State(web): State<Web>,
    Visitor(actor): Visitor,
    Path((draft, id)): Path<(DraftId, BatchId)>,
) -> Page {
    let report = web.workshop.batch(&actor, draft, id).await?;
    let draft = web.workshop.draft(&actor, draft).await?;
    let yours = web.workshop.shares(&actor, &Target::Draft(draft.id)).await?.yours;
    let summaries = (0..report.table.columns.len()).map(|column| report.table.summary(column)).collect();
    html(&BatchPage {
        frame: Frame::of(&actor, Section::Workshops, format!("Batch of {}", report.batch.suite)),
        may_cancel: yours.allows(Access::Commenter) && !report.batch.status.is_final(),
        rows: rows(report.table),
        batch: report.batch,
        summaries,
        draft,
    })
}

fn rows(table: Table) -> Vec<Row> {
    let questions: Vec<String> = (0..table.rows.len()).map(|row| table.question(row).to_owned()).collect();
    questions.into_iter().zip(table.rows).map(|(question, cells)| Row { question, cells }).collect()
}
