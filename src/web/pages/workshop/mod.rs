//! The workbench: one workshop, its conversation on the left, draft and evidence on the right.
//!
//! The whole page is rendered at once; `/workshop/{draft}/parts/{part}` renders one part alone, for a page that is open
//! while something happens. A part is a file here and one line in [`Part`].

mod commit;
mod conversation;
pub(super) mod draft;
mod head;
mod history;
mod tests;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use self::commit::CommitDialog;
use self::conversation::Conversation;
use self::draft::{DraftQuery, DraftTab};
use self::head::Head;
use self::history::History;
use self::tests::{TestForm, TestResult};
use super::frame::{Frame, Section};
use super::{Failed, Page, filled, html};
use crate::domain::draft::Draft;
use crate::domain::history::Sort;
use crate::domain::sharing::{Shares, Target};
use crate::domain::trial::TrialStatus;
use crate::domain::{Access, Actor, DraftId, RevisionNumber, TrialId};
use crate::web::auth::Visitor;
use crate::web::body::{Path, Query};
use crate::web::{Web, assets};

/// What is on the right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Tab {
    /// The text.
    Draft,
    /// Asking a question, and what came of it.
    Test,
    /// Every test.
    History,
}

/// What is rendered alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Part {
    /// Name, status and what can be done.
    Head,
    /// What was said.
    Conversation,
    /// One test.
    Test,
    /// Every test.
    History,
    /// The dialog that commits.
    Commit,
}

/// What of a workshop is looked at.
#[derive(Debug, Default, Clone, Deserialize)]
pub(super) struct Look {
    tab: Option<Tab>,
    /// The test that is shown.
    test: Option<TrialId>,
    #[serde(default, deserialize_with = "filled")]
    revision: Option<RevisionNumber>,
    #[serde(default, deserialize_with = "filled")]
    status: Option<TrialStatus>,
    #[serde(default, deserialize_with = "filled")]
    rated: Option<bool>,
    sort: Option<Sort>,
    page: Option<i64>,
}

/// A draft on the workbench, and what the one who looks may do with it.
pub(super) struct Bench {
    actor: Actor,
    draft: Draft,
    access: Access,
    shares: Shares,
}

impl Bench {
    async fn load(web: &Web, actor: Actor, id: DraftId) -> Result<Self, Failed> {
        let draft = web.workshop.draft(&actor, id).await?;
        let shares = web.workshop.shares(&actor, &Target::Draft(id)).await?;
        Ok(Self { access: shares.yours, actor, draft, shares })
    }

    /// Whether the draft can change and the one who looks may do what needs `needed`.
    fn may(&self, needed: Access) -> bool {
        self.draft.writable().is_ok() && self.access.allows(needed)
    }
}

#[derive(Template)]
#[template(path = "workshop/page.html", config = "src/web/askama.toml")]
struct Workbench {
    frame: Frame,
    draft: i32,
    tab: Tab,
    may_talk: bool,
    script: String,
    head: Head,
    conversation: Conversation,
    draft_tab: DraftTab,
    form: TestForm,
    result: TestResult,
    history: History,
    commit: CommitDialog,
}

/// Shows the workbench of a draft.
pub(super) async fn show(
    State(web): State<Web>,
    Visitor(actor): Visitor,
    Path(id): Path<DraftId>,
    Query(look): Query<Look>,
    Query(query): Query<DraftQuery>,
) -> Page {
    // The revision of the address is one to read, or one whose tests are looked for.
    let (look, query) = match look.tab {
        Some(Tab::History) => (look, DraftQuery::default()),
        Some(Tab::Draft | Tab::Test) | None => (Look { revision: None, ..look }, query),
    };
    let bench = Bench::load(&web, actor, id).await?;
    html(&Workbench {
        frame: Frame::of(&bench.actor, Section::Workshops, bench.draft.name.clone()),
        draft: id.0,
        tab: look.tab.unwrap_or(Tab::Draft),
        may_talk: bench.may(Access::Commenter),
        script: assets::address("workbench.js"),
        head: Head::load(&web, &bench).await?,
        conversation: Conversation::load(&web, &bench).await?,
        draft_tab: DraftTab::load(&web, &bench.actor, &bench.draft, &query).await?,
        form: TestForm::load(&web, &bench).await?,
        result: TestResult::load(&web, &bench, look.test).await?,
        history: History::load(&web, &bench, &look).await?,
        commit: CommitDialog::load(&web, &bench).await?,
    })
}

/// Renders one part of a workbench.
pub(super) async fn part(
    State(web): State<Web>,
    Visitor(actor): Visitor,
    Path((id, part)): Path<(DraftId, Part)>,
    Query(look): Query<Look>,
) -> Result<Response, Failed> {
    let bench = Bench::load(&web, actor, id).await?;
    match part {
        Part::Head => html(&Head::load(&web, &bench).await?),
        Part::Conversation => html(&Conversation::load(&web, &bench).await?),
        Part::Test => html(&TestResult::load(&web, &bench, look.test).await?),
        Part::History => html(&History::load(&web, &bench, &look).await?),
        Part::Commit => html(&CommitDialog::load(&web, &bench).await?),
    }
}
