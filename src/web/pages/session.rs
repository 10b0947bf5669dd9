//! Asking committed prompts: one's sessions, and the conversation of one of them.

use askama::Template;
use axum::extract::State;
use serde::Deserialize;

use super::answer::{AnswerView, Given};
use super::frame::{Frame, Section};
use super::paging::{Paging, page_number};
use super::shown::{Moment, counted};
use super::trial::given_article;
use super::{Page, html};
use crate::domain::library::{DEFAULT_PROMPT, Filter, Pick, Prompt};
use crate::domain::session::{Answer, AnswerStatus, Session};
use crate::domain::sharing::Target;
use crate::domain::{Access, Actor, AnswerId, ArticleId, ChatId};
use crate::web::Web;
use crate::web::auth::Visitor;
use crate::web::body::{Path, Query};
use crate::web::error::Problem;
use crate::workshop::{Error, Noun};

/// How many sessions a page.
const SIZE: i64 = 30;
/// How many prompts can be chosen to ask.
const PROMPTS: i64 = 200;

/// The form that begins a session: `{{ begin }}` in any template.
#[derive(Debug, Template)]
#[template(path = "parts/begin.html", config = "src/web/askama.toml")]
pub(super) struct BeginForm {
    choices: Vec<Choice>,
    topics: Vec<String>,
}

impl askama::filters::HtmlSafe for BeginForm {}

/// A prompt that can be asked, as its newest version or by a label.
#[derive(Debug)]
struct Choice {
    /// The name, perhaps with `@` and a label.
    value: String,
    label: String,
    chosen: bool,
}

impl BeginForm {
    /// To ask this prompt.
    pub(super) async fn about(web: &Web, prompt: &Prompt) -> Result<Self, Problem> {
        Ok(Self { choices: choices(prompt), topics: topics(web).await? })
    }

    /// To ask any prompt that one may see.
    async fn any(web: &Web, actor: &Actor) -> Result<Self, Problem> {
        let (prompts, _) = web.workshop.prompts(actor, &Filter::default(), PROMPTS, 0).await?;
        let in_use = prompts.iter().filter(|prompt| prompt.deprecated_at.is_none());
        Ok(Self { choices: in_use.flat_map(choices).collect(), topics: topics(web).await? })
    }

    /// A topic that there is.
    pub(super) fn topic(&self) -> Option<&str> {
        self.topics.first().map(String::as_str)
    }
}

fn choices(prompt: &Prompt) -> Vec<Choice> {
    let newest =
        Choice { value: prompt.name.clone(), label: prompt.title.clone(), chosen: prompt.name == DEFAULT_PROMPT };
    let labelled = prompt.labels.iter().map(|(label, version)| Choice {
        value: format!("{}@{label}", prompt.name),
        label: format!("{} · {label} (version {version})", prompt.title),
        chosen: false,
    });
    std::iter::once(newest).chain(labelled).collect()
}

async fn topics(web: &Web) -> Result<Vec<String>, Problem> {
    Ok(web.workshop.topics().await?.into_iter().map(|topic| topic.name).collect())
}

/// Which page of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    page: Option<String>,
}

#[derive(Template)]
#[template(path = "sessions.html", config = "src/web/askama.toml")]
struct SessionsPage {
    frame: Frame,
    begin: BeginForm,
    sessions: Vec<Session>,
    total: i64,
    paging: Paging,
}

/// Shows one's sessions, and how to begin another.
pub(super) async fn list(State(web): State<Web>, Visitor(actor): Visitor, Query(wanted): Query<Wanted>) -> Page {
    let page = page_number(wanted.page.as_deref());
    let (sessions, total) = web.workshop.sessions(&actor, SIZE, (page - 1) * SIZE).await?;
    html(&SessionsPage {
        frame: Frame::of(&actor, Section::Sessions, "Ask"),
        begin: BeginForm::any(&web, &actor).await?,
        paging: Paging::of("/sessions", &[], page, total, SIZE),
        sessions,
        total,
    })
}

/// What a session is called.
fn title(session: &Session) -> String {
    if session.title.is_empty() { format!("Session {}", session.chat) } else { session.title.clone() }
}

/// Which text answers, for people; empty for the newest.
fn picked(session: &Session) -> String {
    match &session.pick {
        Pick::Newest => String::new(),
        Pick::Version(version) => format!("version {version}"),
        Pick::Label(label) => label.to_string(),
    }
}

#[derive(Template)]
#[template(path = "session.html", config = "src/web/askama.toml")]
struct SessionPage {
    frame: Frame,
    session: Session,
    asked: Vec<Asked>,
    /// Whether an answer is being written.
    waits: bool,
    /// Whether one may publish versions of the prompt.
    may_publish: bool,
}

/// A question with its answer.
struct Asked {
    answer: Answer,
    view: Option<AnswerView>,
}

/// Shows the conversation of a session.
pub(super) async fn show(State(web): State<Web>, Visitor(actor): Visitor, Path(chat): Path<ChatId>) -> Page {
    let (session, answers) = web.workshop.session(&actor, chat).await?;
    let target = Target::Prompt(session.prompt_name.clone());
    let may_publish = match web.workshop.shares(&actor, &target).await {
        Ok(shares) => shares.yours.allows(Access::Editor),
        // One may see it no more; what it answered stays.
        Err(Error::NotFound(Noun::Prompt)) => false,
        Err(error) => return Err(error.into()),
    };
    let asked = |answer: Answer| Asked { view: AnswerView::of_session(&answer, &actor, "answers"), answer };
    html(&SessionPage {
        frame: Frame::of(&actor, Section::Sessions, title(&session)),
        waits: answers.iter().any(|answer| !answer.status.is_final()),
        asked: answers.into_iter().map(asked).collect(),
        session,
        may_publish,
    })
}

#[derive(Template)]
#[template(path = "session_articles.html", config = "src/web/askama.toml")]
struct ArticlesPage {
    frame: Frame,
    chat: ChatId,
    question: String,
    given: Given,
}

/// Shows the articles that an answer of a session was given.
pub(super) async fn articles(
    State(web): State<Web>,
    Visitor(actor): Visitor,
    Path((chat, id)): Path<(ChatId, AnswerId)>,
) -> Page {
    let answer = answer_in(&web, &actor, chat, id).await?;
    let articles = web.workshop.answer_articles(&actor, id).await?;
    html(&ArticlesPage {
        frame: Frame::of(&actor, Section::Sessions, "Articles of an answer"),
        given: Given::of(&articles, answer.citations.as_ref(), format!("/sessions/{chat}/answers/{id}/articles")),
        question: answer.question,
        chat,
    })
}

/// Shows an article as an answer of a session saw it.
pub(super) async fn article(
    State(web): State<Web>,
    Visitor(actor): Visitor,
    Path((chat, id, article)): Path<(ChatId, AnswerId, ArticleId)>,
) -> Page {
    answer_in(&web, &actor, chat, id).await?;
    let articles = web.workshop.answer_articles(&actor, id).await?;
    let frame = |title| Frame::of(&actor, Section::Sessions, title);
    given_article(articles, article, format!("/sessions/{chat}"), frame)
}

/// The answer, if it is of this session.
async fn answer_in(web: &Web, actor: &Actor, chat: ChatId, id: AnswerId) -> Result<Answer, Problem> {
    let answer = web.workshop.answer(actor, id).await?;
    if answer.chat == Some(chat) { Ok(answer) } else { Err(Error::NotFound(Noun::Answer).into()) }
}
