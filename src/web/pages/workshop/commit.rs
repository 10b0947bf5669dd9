//! The dialog that commits a draft: what is needed, and what speaks against it.

use askama::Template;

use super::Bench;
use crate::domain::Access;
use crate::web::Web;
use crate::web::pages::Failed;

/// The form, with what speaks against committing.
#[derive(Template)]
#[template(path = "workshop/commit.html", config = "src/web/askama.toml")]
pub(super) struct CommitDialog {
    draft: i32,
    revision: i32,
    may_commit: bool,
    /// What is missing; nothing can be committed until it is there.
    missing: Option<String>,
    /// What a person should know first.
    warning: Option<String>,
    name: String,
    title: String,
    description: String,
    /// The prompt that would get another version.
    publishes: Option<String>,
}

impl askama::filters::HtmlSafe for CommitDialog {}

impl CommitDialog {
    pub(super) async fn load(web: &Web, bench: &Bench) -> Result<Self, Failed> {
        let draft = &bench.draft;
        let name = web.workshop.suggested_prompt_name(draft).await?.unwrap_or_default();
        let parent = web.workshop.prompt_reference(draft.parent).await?;
        let warning = web.workshop.commit_warning(&bench.actor, draft.id).await?;
        Ok(Self {
            draft: draft.id.0,
            revision: draft.revision.0,
            may_commit: bench.may(Access::Editor),
            missing: draft.committable().err().map(|invalid| invalid.reason),
            warning: warning.map(|warning| warning.to_string()),
            name,
            title: draft.name.clone(),
            description: draft.description.clone(),
            publishes: parent.map(|(name, _)| name).filter(|_| draft.publishes),
        })
    }
}
