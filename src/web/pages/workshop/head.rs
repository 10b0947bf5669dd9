//! The top of a workbench: what is worked on, how far it is, and what can be done with it.

use askama::Template;

use super::Bench;
use crate::domain::Access;
use crate::domain::draft::DraftStatus;
use crate::web::Web;
use crate::web::pages::Failed;
use crate::web::pages::shown::Day;

/// Name, status and what can be done.
#[derive(Template)]
#[template(path = "workshop/head.html", config = "src/web/askama.toml")]
pub(super) struct Head {
    draft: i32,
    name: String,
    status: DraftStatus,
    revision: i32,
    owner: Option<String>,
    parent: Option<String>,
    committed: Option<(String, i32)>,
    /// Where else the conversation goes on.
    homes: Vec<String>,
    expires_at: Option<Day>,
    may_commit: bool,
    may_restore: bool,
    is_owner: bool,
}

impl askama::filters::HtmlSafe for Head {}

impl Head {
    pub(super) async fn load(web: &Web, bench: &Bench) -> Result<Self, Failed> {
        let draft = &bench.draft;
        let committed = web.workshop.prompt_reference(draft.committed_as).await?;
        let parent = web.workshop.prompt_reference(draft.parent).await?;
        let mut homes: Vec<String> = web
            .workshop
            .homes(&bench.actor, draft.id)
            .await?
            .into_iter()
            .map(|home| home.place.platform.to_string())
            .collect();
        homes.dedup();
        Ok(Self {
            draft: draft.id.0,
            name: draft.name.clone(),
            status: draft.status,
            revision: draft.revision.0,
            owner: bench.shares.owner.clone().filter(|owner| *owner != bench.actor.name),
            parent: parent.map(|(name, _)| name),
            committed: committed.map(|(name, version)| (name, version.0)),
            homes,
            expires_at: web.workshop.expires_at(draft).map(Day::of),
            may_commit: bench.may(Access::Editor),
            may_restore: draft.status == DraftStatus::Expired && bench.access.allows(Access::Editor),
            is_owner: bench.access.allows(Access::Owner),
        })
    }
}
