//! A prompt of the library: its text, versions, evidence and family, how to use it, who may see it, what is said of it.
//!
//! Each tab is a file here and a template in `templates/prompt/`; the tab's address is `?tab=NAME`.

mod comments;
mod evidence;
mod family;
mod sharing;
mod text;
mod usage;
mod versions;

use std::fmt;

use askama::Template;
use axum::extract::State;
use serde::Deserialize;

use super::frame::{Frame, Section};
use super::library::seen_by;
use super::shown::{Moment, counted};
use super::{Page, html};
use crate::choice;
use crate::domain::library::{Pick, Prompt};
use crate::domain::sharing::{Shares, Target};
use crate::domain::{Access, Actor};
use crate::web::Web;
use crate::web::auth::Visitor;
use crate::web::body::{Path, Query};
use crate::web::error::Problem;
use crate::workshop::Error;
use crate::workshop::version::Picked;

choice! {
    /// A tab of the page.
    pub enum Tab {
        /// The text.
        Text = "text",
        /// Versions and labels.
        Versions = "versions",
        /// Tests of the text.
        Evidence = "evidence",
        /// What was cloned from what.
        Family = "family",
        /// How to ask it.
        Use = "use",
        /// Who may do what.
        Sharing = "sharing",
        /// What people say.
        Comments = "comments",
    }
}

impl Tab {
    fn label(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::Versions => "Versions",
            Self::Evidence => "Evidence",
            Self::Family => "Family",
            Self::Use => "Use it",
            Self::Sharing => "Sharing",
            Self::Comments => "Comments",
        }
    }
}

/// What of the prompt is wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    tab: Option<Tab>,
    version: Option<i32>,
    label: Option<String>,
    /// Two versions to compare, such as `1..2`.
    diff: Option<String>,
    from: Option<i32>,
    to: Option<i32>,
    page: Option<String>,
}

#[derive(Template)]
#[template(path = "prompt.html", config = "src/web/askama.toml")]
struct PromptPage {
    frame: Frame,
    about: About,
    tab: Tab,
    /// This page's own address.
    here: String,
    body: Body,
}

/// What every tab knows.
pub(super) struct About {
    prompt: Prompt,
    picked: Picked,
    shares: Shares,
    actor: Actor,
}

impl About {
    /// Whether one may do what needs this.
    fn may(&self, needed: Access) -> bool {
        self.shares.yours.allows(needed)
    }

    /// Whether one may change the text: the prompt that ships with the service has no owner.
    fn may_edit(&self) -> bool {
        self.may(Access::Editor)
    }

    fn may_own(&self) -> bool {
        self.may(Access::Owner)
    }

    /// The prompt in the API.
    fn api(&self) -> String {
        format!("/api/auspex/prompts/{}", self.prompt.name)
    }

    fn tags(&self) -> String {
        self.prompt.tags.join(", ")
    }
}

/// What the tab shows.
enum Body {
    Text(text::TextTab),
    Versions(versions::VersionsTab),
    Evidence(evidence::EvidenceTab),
    Family(family::FamilyTab),
    Use(usage::UseTab),
    Sharing(sharing::SharingTab),
    Comments(comments::CommentsTab),
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(tab) => tab.fmt(f),
            Self::Versions(tab) => tab.fmt(f),
            Self::Evidence(tab) => tab.fmt(f),
            Self::Family(tab) => tab.fmt(f),
            Self::Use(tab) => tab.fmt(f),
            Self::Sharing(tab) => tab.fmt(f),
            Self::Comments(tab) => tab.fmt(f),
        }
    }
}

impl askama::filters::HtmlSafe for Body {}

/// Shows a prompt.
pub(super) async fn show(
    State(web): State<Web>,
    Visitor(actor): Visitor,
    Path(name): Path<String>,
    Query(wanted): Query<Wanted>,
    uri: axum::http::Uri,
) -> Page {
    let pick = Pick::of(wanted.version, wanted.label.as_deref().filter(|label| !label.is_empty()))?;
    let picked = match web.workshop.pick_prompt(&actor, &name, &pick).await {
        // It is the address that names what there is not.
        Err(Error::Invalid(invalid)) => return Err(Problem::missing(&Error::Invalid(invalid).to_string()).into()),
        picked => picked?,
    };
    let shares = web.workshop.shares(&actor, &Target::Prompt(name)).await?;
    let about = About { prompt: picked.prompt.clone(), picked, shares, actor: actor.clone() };
    let compares = wanted.diff.is_some() || wanted.from.is_some();
    let tab = wanted.tab.unwrap_or(if compares { Tab::Versions } else { Tab::Text });
    let body = match tab {
        Tab::Text => Body::Text(text::TextTab::of(&about)),
        Tab::Versions => Body::Versions(versions::read(&web, &about, &wanted).await?),
        Tab::Evidence => Body::Evidence(evidence::read(&web, &about).await?),
        Tab::Family => Body::Family(family::read(&web, &about).await?),
        Tab::Use => Body::Use(usage::read(&web, &about).await?),
        Tab::Sharing => Body::Sharing(sharing::read(&web, &about).await?),
        Tab::Comments => Body::Comments(comments::read(&web, &about, &wanted).await?),
    };
    let frame = Frame::of(&actor, Section::Library, about.prompt.title.clone());
    html(&PromptPage { frame, tab, here: uri.to_string(), body, about })
}
