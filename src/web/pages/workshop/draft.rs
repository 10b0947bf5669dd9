//! The Draft tab of the workbench: the text with its status, a preview, and every revision.
//!
//! All of it can be read without JavaScript; `client/src/editor.ts` puts an editor in the text's place. What changes
//! while one looks is rendered alone, too: facts, revisions, what of them is shown, and the preview of a text.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;

use crate::domain::draft::{self, Draft, DraftStatus, ReadOnly, RevisionEntry, Source, TEXT_LENGTH};
use crate::domain::sharing::Target;
use crate::domain::{Access, Actor, DraftId, Instant, Invalid, RevisionNumber};
use crate::web::Web;
use crate::web::auth::Signed;
use crate::web::body::{Json, Path, Query};
use crate::web::markdown::{Prose, prose};
use crate::web::pages::diff::Diff;
use crate::web::pages::{Failed, Page, html};

/// The most revisions in the list; older ones are reached by their numbers.
const LISTED: i64 = 30;

/// Parts of the tab that are rendered alone.
pub(in crate::web::pages) fn routes() -> Router<Web> {
    Router::new()
        .route("/workshop/{draft}/draft/facts", get(facts))
        .route("/workshop/{draft}/draft/revisions", get(revisions))
        .route("/workshop/{draft}/draft/shown", get(shown))
        .route("/workshop/{draft}/draft/preview", post(preview))
}

/// Which revisions to show beside the text: `revision=3`, or what changed between two, `diff=2..3`.
#[derive(Debug, Default, Deserialize)]
pub(in crate::web::pages) struct DraftQuery {
    revision: Option<RevisionNumber>,
    diff: Option<String>,
}

/// The Draft tab.
#[derive(Template)]
#[template(path = "workshop/draft.html", config = "src/web/askama.toml")]
pub(super) struct DraftTab {
    draft: i32,
    revision: i32,
    /// Who looks.
    person: String,
    /// Lines of the text, each with its line feed.
    lines: Vec<String>,
    characters: usize,
    most: usize,
    tokens: usize,
    preview: Preview,
    facts: Facts,
    shown: Shown,
    revisions: Revisions,
}

/// What is known of the draft beside its text, and what one can do about it.
#[derive(Template)]
#[template(path = "workshop/draft_facts.html", config = "src/web/askama.toml")]
struct Facts {
    draft: i32,
    name: String,
    description: String,
    status: DraftStatus,
    pinned: bool,
    /// When it expires if nobody uses it.
    expires_at: Option<Instant>,
    has_text: bool,
    hold: Option<Hold>,
}

/// Why one cannot change the draft.
enum Hold {
    /// It is in the library, under this name.
    Committed(Option<(String, i32)>),
    /// It was left alone too long, and one may restore it or not.
    Expired { restorable: bool },
    /// Its text is gone.
    Purged,
    /// One may only look at it, or talk about it.
    Shared { access: Access, owner: String },
}

impl Hold {
    /// The reason in one sentence.
    fn reason(&self) -> String {
        match self {
            Self::Committed(_) => "This draft is committed: its text stays as it is.".to_owned(),
            Self::Expired { .. } => "This draft has expired: nobody used it for a while.".to_owned(),
            Self::Purged => "This draft expired, and its text was removed for good.".to_owned(),
            Self::Shared { access, owner } => {
                format!("You are here as {access}, so the text can be read only. {owner} can make you an editor.")
            }
        }
    }
}

/// Every revision, newest first.
#[derive(Template)]
#[template(path = "workshop/draft_revisions.html", config = "src/web/askama.toml")]
struct Revisions {
    draft: i32,
    current: i32,
    entries: Vec<RevisionEntry>,
}

/// What of the revisions is shown.
#[derive(Template)]
#[template(path = "workshop/draft_shown.html", config = "src/web/askama.toml")]
struct Shown {
    draft: i32,
    current: i32,
    may_edit: bool,
    what: What,
}

/// Nothing, one revision, or what changed between two.
enum What {
    Nothing,
    Text { entry: RevisionEntry, lines: Vec<String> },
    Diff { from: i32, to: i32, diff: Diff },
}

/// A text as Markdown makes it look.
#[derive(Template)]
#[template(path = "workshop/draft_preview.html", config = "src/web/askama.toml")]
struct Preview {
    text: Option<Prose>,
}

impl askama::filters::HtmlSafe for DraftTab {}
impl askama::filters::HtmlSafe for Facts {}
impl askama::filters::HtmlSafe for Revisions {}
impl askama::filters::HtmlSafe for Shown {}
impl askama::filters::HtmlSafe for Preview {}

impl DraftTab {
    /// Reads what the tab shows to somebody who may see the draft.
    pub(super) async fn load(web: &Web, actor: &Actor, draft: &Draft, query: &DraftQuery) -> Result<Self, Failed> {
        let characters = draft.text.chars().count();
        Ok(Self {
            draft: draft.id.0,
            revision: draft.revision.0,
            person: actor.name.clone(),
            lines: lines(&draft.text),
            characters,
            most: TEXT_LENGTH,
            // As everywhere: a token is taken to be four characters.
            tokens: characters.div_ceil(4),
            preview: Preview::of(&draft.text),
            facts: Facts::load(web, actor, draft).await?,
            shown: Shown::load(web, actor, draft, query).await?,
            revisions: Revisions::load(web, actor, draft).await?,
        })
    }
}

impl Facts {
    async fn load(web: &Web, actor: &Actor, draft: &Draft) -> Result<Self, Failed> {
        Ok(Self {
            draft: draft.id.0,
            name: draft.name.clone(),
            description: draft.description.clone(),
            status: draft.status,
            pinned: draft.pinned,
            expires_at: web.workshop.expires_at(draft),
            has_text: !draft.text.is_empty(),
            hold: hold(web, actor, draft).await?,
        })
    }
}

async fn hold(web: &Web, actor: &Actor, draft: &Draft) -> Result<Option<Hold>, Failed> {
    let shares = web.workshop.shares(actor, &Target::Draft(draft.id)).await?;
    let may_edit = shares.yours.allows(Access::Editor);
    Ok(match draft.writable() {
        Err(ReadOnly::Committed) => {
            let prompt = web.workshop.prompt_reference(draft.committed_as).await?;
            Some(Hold::Committed(prompt.map(|(name, version)| (name, version.0))))
        }
        Err(ReadOnly::Expired) => Some(Hold::Expired { restorable: may_edit }),
        Err(ReadOnly::Purged) => Some(Hold::Purged),
        Ok(()) if may_edit => None,
        Ok(()) => {
            let owner = shares.owner.unwrap_or_else(|| "Its owner".to_owned());
            Some(Hold::Shared { access: shares.yours, owner })
        }
    })
}

impl Revisions {
    async fn load(web: &Web, actor: &Actor, draft: &Draft) -> Result<Self, Failed> {
        let entries = web.workshop.latest_revisions(actor, draft.id, LISTED).await?;
        Ok(Self { draft: draft.id.0, current: draft.revision.0, entries })
    }

    /// How many revisions are older than those listed.
    fn older(&self) -> i32 {
        self.entries.last().map_or(0, |oldest| oldest.number.0 - 1)
    }
}

impl Shown {
    async fn load(web: &Web, actor: &Actor, draft: &Draft, query: &DraftQuery) -> Result<Self, Failed> {
        let what = match (query.revision, &query.diff) {
            (_, Some(range)) => {
                let (from, to) = parse_range(range)?;
                let (unified, _) = web.workshop.revision_diff(actor, draft.id, from, to).await?;
                What::Diff { from: from.0, to: to.0, diff: Diff::of_unified(&unified) }
            }
            (Some(number), None) => {
                let revision = web.workshop.revision(actor, draft.id, number).await?;
                let entry = RevisionEntry {
                    number: revision.number,
                    source: revision.source,
                    author: revision.author,
                    length: revision.text.chars().count(),
                    created_at: revision.created_at,
                };
                What::Text { entry, lines: lines(&revision.text) }
            }
            (None, None) => What::Nothing,
        };
        let may_edit = hold(web, actor, draft).await?.is_none();
        Ok(Self { draft: draft.id.0, current: draft.revision.0, may_edit, what })
    }
}

impl Preview {
    fn of(text: &str) -> Self {
        Self { text: (!text.trim().is_empty()).then(|| prose(text)) }
    }
}

/// Where a revision came from, for people.
fn made(entry: &RevisionEntry) -> String {
    let by = entry.author.as_deref().unwrap_or("somebody");
    match entry.source {
        Source::Chat => "the assistant's draft".to_owned(),
        Source::Edit => format!("edited by {by}"),
        Source::Accept => format!("a proposal that {by} accepted"),
        Source::Restore => format!("an earlier text that {by} took back"),
        Source::Clone => "the prompt it began with".to_owned(),
    }
}

fn lines(text: &str) -> Vec<String> {
    text.split_inclusive('\n').map(str::to_owned).collect()
}

fn parse_range(range: &str) -> Result<(RevisionNumber, RevisionNumber), Invalid> {
    let numbers = range.split_once("..").and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    numbers.ok_or_else(|| Invalid::new("diff", "is two revisions, such as 2..3"))
}

async fn facts(State(web): State<Web>, Signed(actor): Signed, Path(id): Path<DraftId>) -> Page {
    let draft = web.workshop.draft(&actor, id).await?;
    html(&Facts::load(&web, &actor, &draft).await?)
}

async fn revisions(State(web): State<Web>, Signed(actor): Signed, Path(id): Path<DraftId>) -> Page {
    let draft = web.workshop.draft(&actor, id).await?;
    html(&Revisions::load(&web, &actor, &draft).await?)
}

async fn shown(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(id): Path<DraftId>,
    Query(query): Query<DraftQuery>,
) -> Page {
    let draft = web.workshop.draft(&actor, id).await?;
    html(&Shown::load(&web, &actor, &draft, &query).await?)
}

/// A text as somebody has it before them, saved or not.
#[derive(Deserialize)]
struct Written {
    text: String,
}

async fn preview(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(id): Path<DraftId>,
    Json(written): Json<Written>,
) -> Page {
    web.workshop.draft(&actor, id).await?;
    html(&Preview::of(&draft::parse_text("text", &written.text)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_revisions_are_named_by_their_numbers() {
        assert_eq!(parse_range("2..3"), Ok((RevisionNumber(2), RevisionNumber(3))));
        for wrong in ["", "2", "2..", "..3", "a..b", "2..3..4"] {
            assert!(parse_range(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_lines_of_a_text_make_up_the_text() {
        for text in ["", "one", "one\n\ntwo\n"] {
            assert_eq!(lines(text).concat(), text);
        }
    }
}
