//! The first page: for somebody signed in a new workshop, those there are and what runs; for others what this is.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::frame::{Frame, Section};
use super::shown::Day;
use super::{Page, html};
use crate::domain::draft::{Draft, DraftStatus};
use crate::domain::library::{Filter, PRODUCTION, Prompt, Sort};
use crate::domain::text::excerpt;
use crate::domain::trial::Trial;
use crate::domain::{AccountId, Actor};
use crate::web::Web;
use crate::web::auth::{Anybody, Visitor};
use crate::workshop::Error;
use crate::workshop::draft::Start;

/// Workshops on one page.
const ROWS: i64 = 20;
/// Prompts of the library that are shown.
const TEASED: i64 = 5;

/// What a workshop can begin with, written out.
struct Example {
    title: &'static str,
    requirements: &'static str,
}

const EXAMPLES: [Example; 3] = [
    Example {
        title: "Weekly competitor briefing for executives",
        requirements: "A weekly briefing for our executives on how banks, insurers and their rivals adopt AI. Begin with \
                       the three developments that matter most: what happened, who did it, and what it means for us. Half \
                       a page in plain words, no hype, and a citation for every claim.",
    },
    Example {
        title: "Risk radar with timelines",
        requirements: "A risk radar for supply chains, for people who buy and ship goods. List the risks that the articles \
                       show: how likely, how serious, when each would bite (weeks, months or years), and the early signs \
                       to watch. A table first, then two sentences on each. Say where the evidence is thin, and cite the \
                       article behind every claim.",
    },
    Example {
        title: "Neutral summary of a policy debate",
        requirements: "A neutral summary of the debate on energy policy, for readers of all sides: what is proposed, the \
                       strongest arguments for and against and who makes them, and where the facts in the articles \
                       support or contradict them. No recommendation, no loaded words, a citation for every claim.",
    },
];

/// A workshop in the list.
struct Row {
    draft: Draft,
    /// How long ago it was used.
    age: String,
    /// Who shares it, if it is not one's own.
    owner: Option<String>,
    /// When it expires, once that is near.
    expires: Option<Day>,
}

/// A link that filters the list.
struct Choice {
    label: &'static str,
    href: String,
    current: bool,
}

/// A test that waits or runs.
struct Running {
    trial: Trial,
    question: String,
}

#[derive(Template)]
#[template(path = "home.html", config = "src/web/askama.toml")]
struct Home {
    frame: Frame,
    /// Why a workshop was not started.
    problem: Option<String>,
    /// What was written for it.
    written: String,
    examples: &'static [Example],
    /// The address of this very list.
    here: String,
    choices: Vec<Choice>,
    rows: Vec<Row>,
    filtered: bool,
    before: Option<String>,
    after: Option<String>,
    running: Vec<Running>,
    prompts: Vec<Prompt>,
    engine: String,
}

impl Home {
    /// The version that sessions use.
    fn production(&self, prompt: &Prompt) -> Option<i32> {
        prompt.labels.get(PRODUCTION).map(|version| version.0)
    }
}

#[derive(Template)]
#[template(path = "front.html", config = "src/web/askama.toml")]
struct Front {
    frame: Frame,
    next: String,
    openid: Option<String>,
}

/// Which workshops to list.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    status: Option<String>,
    page: Option<String>,
}

impl Wanted {
    fn status(&self) -> Option<DraftStatus> {
        self.status.as_deref().and_then(|word| word.parse().ok())
    }

    fn page(&self) -> i64 {
        super::page_number(self.page.as_deref())
    }
}

/// The address of a list.
fn address(status: Option<DraftStatus>, page: i64) -> String {
    let status = status.map(|status| format!("status={status}"));
    let page = (page > 1).then(|| format!("page={page}"));
    let query: Vec<String> = [status, page].into_iter().flatten().collect();
    if query.is_empty() { "/".to_owned() } else { format!("/?{}", query.join("&")) }
}

/// Shows one's workshops, or what this is.
pub(super) async fn show(State(web): State<Web>, Anybody(actor): Anybody, Query(wanted): Query<Wanted>) -> Page {
    match actor {
        Some(actor) => html(&home(&web, &actor, &wanted).await?),
        None => {
            let openid = web.openid.as_ref().map(|openid| openid.label().to_owned());
            html(&Front { frame: Frame::open("Welcome"), next: String::new(), openid })
        }
    }
}

async fn home(web: &Web, actor: &Actor, wanted: &Wanted) -> Result<Home, Error> {
    let (status, page) = (wanted.status(), wanted.page());
    let (drafts, total) = web.workshop.drafts(actor, status, ROWS, (page - 1) * ROWS).await?;
    let owners: Vec<AccountId> = drafts.iter().map(|draft| draft.owner).filter(|one| *one != actor.account).collect();
    let names = if owners.is_empty() { HashMap::new() } else { web.workshop.names_of(&owners).await? };
    let rows = drafts.into_iter().map(|draft| row(web, &names, draft)).collect();
    let filter = Filter { sort: Some(Sort::Uses), ..Filter::default() };
    let (prompts, _) = web.workshop.prompts(actor, &filter, TEASED, 0).await?;
    let running = web.workshop.running_trials(actor).await?.into_iter();
    let choice = |label, one: Option<DraftStatus>| Choice { label, href: address(one, 1), current: one == status };
    Ok(Home {
        frame: Frame::of(actor, Section::Workshops, "Workshops"),
        problem: None,
        written: String::new(),
        examples: &EXAMPLES,
        here: address(status, page),
        choices: vec![
            choice("All", None),
            choice("Draft", Some(DraftStatus::Draft)),
            choice("Testing", Some(DraftStatus::Testing)),
            choice("Ready", Some(DraftStatus::Ready)),
            choice("Committed", Some(DraftStatus::Committed)),
            choice("Expired", Some(DraftStatus::Expired)),
        ],
        rows,
        filtered: status.is_some() || page > 1,
        before: (page > 1).then(|| address(status, page - 1)),
        after: (page * ROWS < total).then(|| address(status, page + 1)),
        running: running.map(|trial| Running { question: excerpt(&trial.question, 120), trial }).collect(),
        prompts,
        engine: web.workshop.models().engine().meaning().to_string(),
    })
}

fn row(web: &Web, names: &HashMap<AccountId, String>, draft: Draft) -> Row {
    Row {
        age: web.workshop.age(&draft),
        owner: names.get(&draft.owner).cloned(),
        expires: web.workshop.expires_soon(&draft).map(Day::of),
        draft,
    }
}

/// What a new workshop is to begin with.
#[derive(Debug, Deserialize)]
pub(super) struct Requirements {
    #[serde(default)]
    requirements: String,
}

/// Starts a workshop for a browser without JavaScript, and goes there.
pub(super) async fn start(
    State(web): State<Web>,
    Visitor(actor): Visitor,
    Form(Requirements { requirements }): Form<Requirements>,
) -> Page {
    let wish = Start { requirements: Some(requirements.clone()), ..Start::default() };
    let problem = match web.workshop.start_workshop(&actor, wish).await {
        Ok(started) => return Ok(Redirect::to(&format!("/workshop/{}", started.draft.id)).into_response()),
        Err(problem @ (Error::Invalid(_) | Error::LimitReached { .. })) => problem,
        Err(error) => return Err(error.into()),
    };
    let status = match &problem {
        Error::LimitReached { .. } => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let home = home(&web, &actor, &Wanted::default()).await?;
    let page: Response = html(&Home { problem: Some(problem.to_string()), written: requirements, ..home })?;
    Ok((status, page).into_response())
}

/// Leads who comes back to start a workshop to where that is done.
pub(super) async fn at_start() -> Redirect {
    Redirect::to("/")
}
