//! Sessions: conversations with a committed prompt, in the form that clients of Auspex read.

mod views;

use std::collections::VecDeque;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::Event as SseEvent;
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use views::{AnswerBody, SessionBody};

use super::drafts::StartedBody;
use super::messages::idempotency_key;
use super::tests::ArticleBody;
use super::{Checks, Page};
use crate::domain::library::Pick;
use crate::domain::session::{self, Answer};
use crate::domain::trial::{self, Stars};
use crate::domain::{Actor, AnswerId, ChatId, Invalid, draft};
use crate::web::Web;
use crate::web::auth::Signed;
use crate::web::body::{Json, Path, Query};
use crate::web::error::{Missing, Problem, Refusals, Unchanged, Unreadable};
use crate::web::stream::{Heard, Watch, sent};
use crate::workshop::draft::Start;
use crate::workshop::session::{Begin, Say};
use crate::workshop::{Error, Noun};

pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(begin, list))
        .routes(routes!(read, delete))
        .routes(routes!(say))
        .routes(routes!(feedback))
        .routes(routes!(improve))
}

/// A session to begin.
#[derive(Debug, Deserialize, ToSchema)]
struct BeginBody {
    /// The topic's name; see `/topics`.
    #[serde(default)]
    topic: String,
    /// At most 100 characters; the first question when left out.
    #[serde(default)]
    title: String,
    /// The prompt's name; the default prompt when left out.
    prompt_name: Option<String>,
    /// This version of it, always.
    version: Option<i32>,
    /// Whatever this label points to at the time of a question.
    label: Option<String>,
}

/// Begins a session with a prompt. A version or label that does not exist is refused.
#[utoipa::path(post, path = "/chat/sessions", tag = "sessions", request_body = BeginBody,
    responses((status = 201, body = SessionBody), Missing, Refusals, Unreadable))]
async fn begin(
    State(web): State<Web>,
    Signed(actor): Signed,
    Json(body): Json<BeginBody>,
) -> Result<Response, Problem> {
    let mut checks = Checks::default();
    let topic = checks.take(trial::parse_topic(&body.topic));
    let title = checks.take(session::parse_title(&body.title));
    let pick = checks.take(Pick::of(body.version, body.label.as_deref()));
    let prompt = body.prompt_name.filter(|name| !name.is_empty());
    let begin = topic.zip(title).zip(pick).map(|((topic, title), pick)| Begin { prompt, pick, topic, title });
    let session = web.workshop.begin_session(&actor, checks.finish(begin)?).await?;
    let location = format!("{}/chat/sessions/{}", super::ROOT, session.chat);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], axum::Json(SessionBody::from(session))).into_response())
}

/// A page of your sessions.
#[derive(Debug, Serialize, ToSchema)]
struct SessionList {
    /// The latest used first.
    sessions: Vec<SessionBody>,
    total: i64,
}

/// Lists your sessions.
#[utoipa::path(get, path = "/chat/sessions", tag = "sessions", params(Page),
    responses((status = 200, body = SessionList), Refusals, (status = 422, body = Problem,
        content_type = "application/problem+json", description = "The query does not fit.")))]
async fn list(
    State(web): State<Web>,
    Signed(actor): Signed,
    Query(page): Query<Page>,
) -> Result<axum::Json<SessionList>, Problem> {
    let (limit, offset) = page.bounds()?;
    let (sessions, total) = web.workshop.sessions(&actor, limit, offset).await?;
    Ok(axum::Json(SessionList { sessions: sessions.into_iter().map(SessionBody::from).collect(), total }))
}

/// A session with its questions and answers.
#[derive(Debug, Serialize, ToSchema)]
struct WholeSession {
    #[serde(flatten)]
    session: SessionBody,
    /// Oldest first.
    answers: Vec<AnswerBody>,
}

/// Reads a session with its questions and answers.
#[utoipa::path(get, path = "/chat/sessions/{chat_id}", tag = "sessions", params(("chat_id" = i32, Path)),
    responses((status = 200, body = WholeSession), Missing, Refusals))]
async fn read(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(chat): Path<ChatId>,
) -> Result<axum::Json<WholeSession>, Problem> {
    let (session, answers) = web.workshop.session(&actor, chat).await?;
    let answers = answers.into_iter().map(|answer| AnswerBody::of(answer, &actor)).collect();
    Ok(axum::Json(WholeSession { session: session.into(), answers }))
}

/// What was deleted.
#[derive(Debug, Serialize, ToSchema)]
struct DeletedBody {
    chat_id: i32,
    message: String,
}

/// Deletes a session with its questions and answers.
#[utoipa::path(delete, path = "/chat/sessions/{chat_id}", tag = "sessions", params(("chat_id" = i32, Path)),
    responses((status = 200, body = DeletedBody), Missing, Refusals))]
async fn delete(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(chat): Path<ChatId>,
) -> Result<axum::Json<DeletedBody>, Problem> {
    web.workshop.delete_session(&actor, chat).await?;
    let message = format!("Session {chat} with its questions and answers is deleted.");
    Ok(axum::Json(DeletedBody { chat_id: chat.0, message }))
}

/// A question within a session.
#[derive(Debug, Deserialize, ToSchema)]
struct SayBody {
    /// The session.
    chat_id: Option<i32>,
    /// The question: 10 to 1,000 characters.
    #[serde(default)]
    message: String,
    /// The model; the configured one when left out.
    model: Option<String>,
    /// How many articles at most: 5 to 200, 50 when left out.
    limit: Option<i64>,
}

/// Asks within a session, and streams the answer as server-sent events.
///
/// `data: {"content": "…"}` brings more text; with `"restart": true` the answer begins anew. The last event is
/// `data: {"done": true, …}` with the prompt, the version, the articles and the citation check; when there is no answer,
/// it has `"error"`, a sentence. The question is stored before the first event: who loses the stream reads the session.
/// With `Idempotency-Key`, a question that is sent again is not asked twice.
#[utoipa::path(post, path = "/chat/message", tag = "sessions",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 200 characters.")), request_body = SayBody,
    responses((status = 200, body = String, content_type = "text/event-stream"),
        (status = 429, body = Problem, content_type = "application/problem+json",
            description = "You have asked as much as you can within an hour; `until` says when that ends."),
        Missing, Refusals, Unreadable))]
async fn say(
    State(web): State<Web>,
    Signed(actor): Signed,
    headers: HeaderMap,
    Json(body): Json<SayBody>,
) -> Result<Response, Problem> {
    let chat = ChatId(body.chat_id.ok_or_else(|| Invalid::new("chat_id", "is needed: the session to ask in"))?);
    // Whoever may not see the session hears that first, whatever else is wrong.
    web.workshop.find_session(&actor, chat).await?;
    let mut checks = Checks::default();
    let wrong = |why: Invalid| Invalid { field: "message", ..why };
    let question = checks.take(trial::parse_question(&body.message).map_err(wrong));
    let model = body.model.filter(|model| !model.is_empty()).map(|model| checks.take(trial::parse_model(&model)));
    let limit = checks.take(trial::parse_limit(body.limit));
    let key = checks.take(idempotency_key(&headers));
    let say = question
        .zip(limit)
        .zip(key)
        .map(|((question, article_limit), key)| (Say { question, model: model.flatten(), article_limit }, key));
    let (say, key) = checks.finish(say)?;
    let events = web.workshop.events().subscribe();
    let answer = web.workshop.ask_in_session(&actor, chat, say, key.as_deref()).await?.id;
    let (workshop, awaited) = (web.workshop.clone(), answer);
    let watch = Watch { workshop, actor: actor.clone(), awaited, events, started: false };
    Ok(stream_answer(web, actor, watch))
}

/// What is to be sent, and where more comes from.
struct Streaming {
    ready: VecDeque<Value>,
    watch: Option<Watch<AnswerId>>,
}

fn stream_answer(web: Web, actor: Actor, watch: Watch<AnswerId>) -> Response {
    let begun = Streaming { ready: VecDeque::new(), watch: Some(watch) };
    let events = stream::unfold(begun, move |mut state| {
        let (web, actor) = (web.clone(), actor.clone());
        async move {
            while state.ready.is_empty() {
                let watch = state.watch.as_mut()?;
                match watch.next().await {
                    Ok(Heard::Delta { text, restart: false }) => state.ready.push_back(json!({ "content": text })),
                    Ok(Heard::Delta { text, restart: true }) => {
                        state.ready.push_back(json!({ "content": text, "restart": true }));
                    }
                    Ok(Heard::Whole(answer)) => {
                        let streamed = watch.started;
                        state.watch = None;
                        state.ready.extend(last(&web, &actor, *answer, streamed).await);
                    }
                    Err(error) => {
                        state.watch = None;
                        let problem = Problem::from(error);
                        state.ready.push_back(json!({ "error": problem.detail, "done": true }));
                    }
                }
            }
            let data = state.ready.pop_front()?;
            let event = SseEvent::default().json_data(data).unwrap_or_else(|_| SseEvent::default().data("{}"));
            Some((event, state))
        }
    });
    sent(events)
}

/// What is sent last: the whole text if nothing was streamed, and all that is known of the answer.
async fn last(web: &Web, actor: &Actor, answer: Answer, streamed: bool) -> Vec<Value> {
    let Some(response) = answer.response.clone() else {
        let failure = answer.failure.clone().unwrap_or_else(|| "There is no answer.".to_owned());
        return vec![json!({ "error": failure, "done": true, "answer_id": answer.id })];
    };
    let articles = web.workshop.answer_articles(actor, answer.id).await.unwrap_or_default();
    let articles: Vec<ArticleBody> = articles.into_iter().enumerate().map(ArticleBody::of).collect();
    let prompt = web.workshop.prompt(actor, &answer.prompt_name).await.ok();
    let (chat, body) = (answer.chat, AnswerBody::of(answer, actor));
    let done = json!({
        "done": true,
        "chat_id": chat,
        "answer_id": body.answer_id,
        "prompt_name": body.prompt_name,
        "version": body.version,
        "deprecated": prompt.as_ref().is_some_and(|prompt| prompt.deprecated_at.is_some()),
        "successor": prompt.and_then(|prompt| prompt.successor),
        "model": body.model,
        "citations": body.citations,
        "citation_summary": body.citation_summary,
        "article_count": body.article_count,
        "articles": articles,
    });
    if streamed { vec![done] } else { vec![json!({ "content": response }), done] }
}

/// What you think of an answer.
#[derive(Debug, Deserialize, ToSchema)]
struct FeedbackBody {
    /// 1 to 5 stars.
    user_rating: Option<i64>,
    /// At most 500 characters.
    notes: Option<String>,
}

/// Rates an answer; what is left out stays, and the last one counts.
#[utoipa::path(put, path = "/chat/sessions/{chat_id}/answers/{answer_id}/feedback", tag = "sessions",
    params(("chat_id" = i32, Path), ("answer_id" = uuid::Uuid, Path)), request_body = FeedbackBody,
    responses((status = 200, body = AnswerBody), Missing, Refusals, Unreadable))]
async fn feedback(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path((chat, id)): Path<(ChatId, AnswerId)>,
    Json(body): Json<FeedbackBody>,
) -> Result<axum::Json<AnswerBody>, Problem> {
    answer_in(&web, &actor, chat, id).await?;
    let mut checks = Checks::default();
    let stars = body.user_rating.map(|stars| checks.take(Stars::parse(stars)));
    let note = body.notes.map(|note| checks.take(trial::parse_note(&note)));
    checks.finish(Some(()))?;
    let answer = web.workshop.rate_answer(&actor, id, stars.flatten(), note.flatten().as_deref()).await?;
    Ok(axum::Json(AnswerBody::of(answer, &actor)))
}

/// How to go on from an answer.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct ImproveBody {
    /// The draft's name: 3 to 100 characters.
    draft_name: Option<String>,
    /// Whether the draft is to become the prompt's next version; its editors may.
    #[serde(default)]
    as_version: bool,
}

/// Starts a workshop on the prompt that gave an answer, with the question, the answer and its articles.
#[utoipa::path(post, path = "/chat/sessions/{chat_id}/answers/{answer_id}/improve", tag = "sessions",
    params(("chat_id" = i32, Path), ("answer_id" = uuid::Uuid, Path)), request_body = ImproveBody,
    responses((status = 201, body = StartedBody), (status = 429, body = Problem,
        content_type = "application/problem+json", description = "You have as many drafts as you can have."),
        Missing, Refusals, Unchanged, Unreadable))]
async fn improve(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path((chat, id)): Path<(ChatId, AnswerId)>,
    Json(body): Json<ImproveBody>,
) -> Result<Response, Problem> {
    answer_in(&web, &actor, chat, id).await?;
    let name = body.draft_name.map(|name| draft::parse_name(&name)).transpose()?;
    let start = Start { answer: Some(id), publishes: body.as_version, name, ..Start::default() };
    let started = StartedBody::from(web.workshop.start_workshop(&actor, start).await?);
    let location = format!("{}/prompts/workshop/drafts/{}", super::ROOT, started.draft_id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], axum::Json(started)).into_response())
}

/// The answer, if it is of this session.
async fn answer_in(web: &Web, actor: &Actor, chat: ChatId, id: AnswerId) -> Result<Answer, Problem> {
    let answer = web.workshop.answer(actor, id).await?;
    if answer.chat == Some(chat) { Ok(answer) } else { Err(Error::NotFound(Noun::Answer).into()) }
}
