//! Conversations.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::Event as SseEvent;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use futures::stream;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::proposals::ProposalBody;
use crate::domain::conversation::{MessageRole, Outcome, Question, parse_message};
use crate::domain::session::Answer;
use crate::domain::{Actor, ChatId, DraftId, Invalid};
use crate::web::Web;
use crate::web::auth::Signed;
use crate::web::body::{Json, Path};
use crate::web::error::{Missing, Problem, Refusals, Unchanged, Unreadable};
use crate::web::stream::{AnswerTo, Heard, Watch, event, sent};
use crate::workshop::Error;
use crate::workshop::message::Message;

pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(say))
}

/// One message.
#[derive(Debug, Serialize, ToSchema)]
struct MessageBody {
    message_id: uuid::Uuid,
    chat_id: i32,
    role: MessageRole,
    /// The text, in Markdown.
    content: String,
    /// The message that this answers.
    reply_to: Option<uuid::Uuid>,
    /// `failed` when the assistant could not answer; the text says why.
    outcome: Outcome,
    /// What the assistant asks, with answers to choose from.
    questions: Vec<Question>,
    /// What wrote it; empty for people.
    engine: String,
    /// The revision that it made.
    revision: Option<i32>,
    /// The proposal that it made.
    proposal: Option<i32>,
    created_at: DateTime<Utc>,
}

impl From<Message> for MessageBody {
    fn from(message: Message) -> Self {
        Self {
            message_id: message.id.0,
            chat_id: message.chat.0,
            role: message.role,
            content: message.content,
            reply_to: message.reply_to.map(|id| id.0),
            outcome: message.outcome,
            questions: message.questions,
            engine: message.engine,
            revision: message.revision.map(|number| number.0),
            proposal: message.proposal.map(|number| number.0),
            created_at: message.created_at,
        }
    }
}

/// A question of a session and what was answered, as messages.
fn exchange(chat: ChatId, answer: Answer) -> impl Iterator<Item = MessageBody> {
    let said = |role, content, outcome, created_at| MessageBody {
        // The answer's own id, beside that of its question.
        message_id: uuid::Uuid::from_u128(answer.id.0.as_u128() ^ u128::from(role == MessageRole::Assistant)),
        chat_id: chat.0,
        role,
        content,
        reply_to: (role == MessageRole::Assistant).then_some(answer.id.0),
        outcome,
        questions: Vec::new(),
        engine: if role == MessageRole::Assistant { answer.engine.clone() } else { String::new() },
        revision: None,
        proposal: None,
        created_at,
    };
    let asked = said(MessageRole::Person, answer.question.clone(), Outcome::Said, answer.created_at);
    let ended = answer.finished_at.unwrap_or(answer.created_at);
    let answered = match (&answer.response, &answer.failure) {
        (Some(response), _) => Some(said(MessageRole::Assistant, response.clone(), Outcome::Said, ended)),
        (None, Some(failure)) => Some(said(MessageRole::Assistant, failure.clone(), Outcome::Failed, ended)),
        (None, None) => None,
    };
    [Some(asked), answered].into_iter().flatten()
}

/// A whole conversation.
#[derive(Debug, Serialize, ToSchema)]
struct MessageList {
    chat_id: i32,
    /// Oldest first.
    messages: Vec<MessageBody>,
    total: usize,
}

/// Reads a conversation.
#[utoipa::path(get, path = "/chat/sessions/{chat_id}/messages", tag = "conversation", params(("chat_id" = i32, Path)),
    responses((status = 200, body = MessageList), Missing, Refusals))]
async fn list(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(chat): Path<ChatId>,
) -> Result<axum::Json<MessageList>, Problem> {
    let messages: Vec<MessageBody> = match web.workshop.messages(&actor, chat).await {
        // Not a workshop's: a session's, perhaps.
        Err(Error::NotFound(_)) => {
            let (_, answers) = web.workshop.session(&actor, chat).await?;
            answers.into_iter().flat_map(|answer| exchange(chat, answer)).collect()
        }
        found => found?.into_iter().map(MessageBody::from).collect(),
    };
    Ok(axum::Json(MessageList { chat_id: chat.0, total: messages.len(), messages }))
}

/// Something to say.
#[derive(Debug, Deserialize, ToSchema)]
struct SayBody {
    /// 1 to 8,000 characters.
    #[serde(default)]
    content: String,
}

/// The draft as an answer made or proposed it.
#[derive(Debug, Serialize, ToSchema)]
struct ReplyDraft {
    /// The text.
    draft_content: String,
    /// Its number, when it is the draft's text now.
    revision: Option<i32>,
    /// The proposal, when a person is to accept it first.
    proposal: Option<ProposalBody>,
}

/// The assistant's answer.
#[derive(Debug, Serialize, ToSchema)]
struct ReplyBody {
    #[serde(flatten)]
    message: MessageBody,
    /// The draft that came with it.
    draft: Option<ReplyDraft>,
}

/// Says something, and answers what the assistant replies.
///
/// With `Accept: text/event-stream` the answer comes as server-sent events: `delta` (`content`, more text; `restart` when
/// the answer begins anew), `draft` (a draft or proposal), `done` (the whole reply) or `error` (a problem). The message is
/// stored before the first event. With `Idempotency-Key`, a message that is sent again is not said twice.
#[utoipa::path(post, path = "/prompts/workshop/drafts/{id}/messages", tag = "conversation",
    params(("id" = i32, Path), ("Idempotency-Key" = Option<String>, Header, description = "1 to 200 characters.")),
    request_body = SayBody,
    responses((status = 200, content((ReplyBody = "application/json"), (String = "text/event-stream"))),
        (status = 502, body = Problem, content_type = "application/problem+json",
            description = "The model did not answer. The message is kept, and the conversation says why."),
        Missing, Refusals, Unchanged, Unreadable))]
async fn say(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(id): Path<DraftId>,
    headers: HeaderMap,
    Json(body): Json<SayBody>,
) -> Result<Response, Problem> {
    // Whoever may not see the draft hears that first, whatever else is wrong.
    web.workshop.draft(&actor, id).await?;
    let content = parse_message(&body.content)?;
    let key = idempotency_key(&headers)?;
    let events = web.workshop.events().subscribe();
    let message = web.workshop.say(&actor, id, &content, key.as_deref()).await?;
    let awaited = AnswerTo(message);
    let mut watch = Watch { workshop: web.workshop.clone(), actor: actor.clone(), awaited, events, started: false };
    if wants_events(&headers) {
        return Ok(stream_answer(web, actor, id, watch));
    }
    let answer = watch.whole().await?;
    let reply = reply(&web, &actor, id, answer).await?;
    Ok((StatusCode::OK, axum::Json(reply)).into_response())
}

pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Invalid> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let wrong = || Invalid::new("Idempotency-Key", "must have 1 to 200 printable ASCII characters");
    let key = value.to_str().map_err(|_| wrong())?;
    if key.is_empty() || key.len() > 200 { Err(wrong()) } else { Ok(Some(key.to_owned())) }
}

fn wants_events(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.to_ascii_lowercase().contains("text/event-stream")
}

async fn reply(web: &Web, actor: &Actor, id: DraftId, answer: Message) -> Result<ReplyBody, Problem> {
    if answer.outcome == Outcome::Failed {
        return Err(Problem::no_answer(&answer.content));
    }
    let draft = match (answer.revision, answer.proposal) {
        (Some(number), _) => {
            let revisions = web.workshop.revisions(actor, id).await?;
            revisions.into_iter().find(|revision| revision.number == number).map(|revision| ReplyDraft {
                draft_content: revision.text,
                revision: Some(number.0),
                proposal: None,
            })
        }
        (None, Some(number)) => {
            let proposals = web.workshop.proposals(actor, id).await?;
            proposals.into_iter().find(|proposal| proposal.number == number).map(|proposal| ReplyDraft {
                draft_content: proposal.text.clone(),
                revision: None,
                proposal: Some(proposal.into()),
            })
        }
        (None, None) => None,
    };
    Ok(ReplyBody { message: answer.into(), draft })
}

/// Where a stream of an answer is.
enum Streaming {
    Waiting(Box<Watch<AnswerTo>>),
    Last(Box<SseEvent>),
    Over,
}

fn stream_answer(web: Web, actor: Actor, id: DraftId, watch: Watch<AnswerTo>) -> Response {
    let events = stream::unfold(Streaming::Waiting(Box::new(watch)), move |state| {
        let (web, actor) = (web.clone(), actor.clone());
        async move {
            let (event, next) = match state {
                Streaming::Over => return None,
                Streaming::Last(event) => (*event, Streaming::Over),
                Streaming::Waiting(mut watch) => match watch.next().await {
                    Ok(Heard::Delta { text, restart }) => {
                        let data = if restart {
                            json!({ "content": text, "restart": true })
                        } else {
                            json!({ "content": text })
                        };
                        (event("delta", &data), Streaming::Waiting(watch))
                    }
                    Ok(Heard::Whole(answer)) => match reply(&web, &actor, id, *answer).await {
                        Ok(reply) => {
                            let done = event("done", &reply);
                            match &reply.draft {
                                Some(draft) => (event("draft", draft), Streaming::Last(Box::new(done))),
                                None => (done, Streaming::Over),
                            }
                        }
                        Err(problem) => (event("error", &problem), Streaming::Over),
                    },
                    Err(error) => (event("error", &Problem::from(error)), Streaming::Over),
                },
            };
            Some((event, next))
        }
    });
    sent(events)
}
