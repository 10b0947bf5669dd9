//! Every test of a draft: filtered, sorted, drawn, and any of them compared.

use askama::Template;

use super::{Bench, Look};
use crate::domain::RevisionNumber;
use crate::domain::history::{self, Sort, Wanted};
use crate::domain::trial::{Trial, TrialStatus};
use crate::web::Web;
use crate::web::pages::Failed;
use crate::web::pages::chart::Chart;
use crate::web::pages::shown::Moment;

/// Tests on one page.
const PAGE: i64 = 50;

/// The tests of a draft.
#[derive(Template)]
#[template(path = "workshop/history.html", config = "src/web/askama.toml")]
pub(super) struct History {
    draft: i32,
    trials: Vec<Row>,
    total: i64,
    page: i64,
    pages: i64,
    chart: Option<Chart>,
    /// Revisions that were tested.
    revisions: Vec<i32>,
    wanted: Wanted,
    /// The filter as a query, for links to other pages.
    query: String,
    filtered: bool,
}

impl askama::filters::HtmlSafe for History {}

/// One test of the table.
struct Row {
    id: String,
    trial: Trial,
    citations: String,
    seconds: String,
    stars: String,
}

impl From<Trial> for Row {
    fn from(trial: Trial) -> Self {
        let mean = trial.mean_rating().map(|mean| format!("{mean:.1}")).unwrap_or_default();
        let seconds = trial.metrics.execution_ms.map(|ms| format!("{:.1} s", f64::from(ms) / 1000.0));
        Self {
            id: trial.id.0.to_string(),
            citations: trial.citations.as_ref().map(|check| check.line()).unwrap_or_default(),
            seconds: seconds.unwrap_or_default(),
            stars: mean,
            trial,
        }
    }
}

impl History {
    fn is_wanted(&self, revision: &i32) -> bool {
        self.wanted.revision == Some(RevisionNumber(*revision))
    }

    fn has_status(&self, status: &TrialStatus) -> bool {
        self.wanted.status == Some(*status)
    }

    pub(super) async fn load(web: &Web, bench: &Bench, look: &Look) -> Result<Self, Failed> {
        let (actor, id) = (&bench.actor, bench.draft.id);
        let wanted = Wanted {
            revision: look.revision,
            status: look.status,
            rated: look.rated,
            sort: look.sort.unwrap_or(Sort::Newest),
        };
        let page = look.page.unwrap_or(1).clamp(1, 100_000);
        let (trials, total) = web.workshop.tests_wanted(actor, id, wanted, PAGE, (page - 1) * PAGE).await?;
        let tested = web.workshop.history(actor, id).await?;
        Ok(Self {
            draft: id.0,
            trials: trials.into_iter().map(Row::from).collect(),
            total,
            page,
            pages: (total + PAGE - 1) / PAGE,
            revisions: tested
                .iter()
                .filter_map(|tested| tested.revision)
                .map(|RevisionNumber(number)| number)
                .collect(),
            chart: history::is_worth_a_chart(&tested).then(|| Chart::of(&tested)),
            wanted,
            query: query(&wanted),
            filtered: wanted.revision.is_some() || wanted.status.is_some() || wanted.rated.is_some(),
        })
    }
}

fn query(wanted: &Wanted) -> String {
    let mut query = format!("tab=history&sort={}", wanted.sort);
    if let Some(revision) = wanted.revision {
        query += &format!("&revision={revision}");
    }
    if let Some(status) = wanted.status {
        query += &format!("&status={status}");
    }
    if let Some(rated) = wanted.rated {
        query += &format!("&rated={rated}");
    }
    query
}
