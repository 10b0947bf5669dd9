//! What happens in a workshop, as it happens: the events of an open workbench.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use axum::response::sse::Event as SseEvent;
use futures::stream;
use serde_json::json;
use tokio::time::Instant;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::draft::Draft;
use crate::domain::{Actor, ChatId, DraftId, TrialId};
use crate::web::Web;
use crate::web::auth::Signed;
use crate::web::body::Path;
use crate::web::error::{Missing, Problem, Refusals};
use crate::web::stream::{event, followed};
use crate::workshop::event::{Event, Subscription};
use crate::workshop::{Error, Workshop};

/// How often it is looked whether one may still see the draft, though nothing is heard of it.
const LOOK: Duration = Duration::from_secs(60);

/// How long to wait when the database does not answer, and how long a browser waits when the stream has ended.
const AGAIN: Duration = Duration::from_secs(1);

pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(events))
}

/// Follows a workshop by server-sent events, wherever and by whomever something is done in it.
///
/// - `hello`: one is connected, or events may have been lost; what is shown is to be read again.
/// - `delta` (`message`, `part`, `text`): more of the answer to a message. Parts are counted; 0 begins it anew.
/// - `conversation`: something was said, answered or decided.
/// - `draft` (`revision`, `status`): the draft changed, or what is said about it, or a batch of its tests got on.
/// - `test` (`test_id`, `status`, `stage`): a test was asked for, moved on, ended or was rated.
/// - `test_delta` (`test_id`, `part`, `text`): more of a test's answer, likewise.
/// - `gone`: the workshop was deleted, or one may not see it any more. The stream ends.
///
/// The stream ends without `gone` when the service stops: connect again, to any copy of it.
#[utoipa::path(get, path = "/prompts/workshop/drafts/{id}/events", tag = "workshop", params(("id" = i32, Path)),
    responses((status = 200, body = String, content_type = "text/event-stream"), Missing, Refusals))]
async fn events(State(web): State<Web>, Signed(actor): Signed, Path(id): Path<DraftId>) -> Result<Response, Problem> {
    // Before the draft is read: nothing that comes after that is missed.
    let events = web.workshop.events().subscribe();
    let draft = web.workshop.draft(&actor, id).await?;
    let look_at = Instant::now() + LOOK;
    let bench = Workbench { workshop: web.workshop.clone(), actor, draft: id, chat: draft.chat, events, look_at };
    let events = stream::unfold(Step::Greet(Box::new(bench)), |step| async move {
        match step {
            Step::Greet(bench) => Some((event("hello", &json!({})).retry(AGAIN), Step::Follow(bench))),
            Step::Follow(mut bench) => Some(match bench.next().await {
                Some(event) => (event, Step::Follow(bench)),
                None => (event("gone", &json!({})), Step::Over),
            }),
            Step::Over => None,
        }
    });
    Ok(followed(events, &web.stopping))
}

/// How far a stream is.
enum Step {
    Greet(Box<Workbench>),
    Follow(Box<Workbench>),
    Over,
}

/// An open page of a workshop.
struct Workbench {
    workshop: Workshop,
    actor: Actor,
    draft: DraftId,
    chat: ChatId,
    events: Subscription,
    /// When the draft is to be looked at next.
    look_at: Instant,
}

/// What an event means to a page.
enum News {
    /// What is sent of it.
    Send(SseEvent),
    /// The draft is not what it was.
    Draft,
    /// A test, perhaps of this draft, is not what it was.
    Trial(TrialId),
    /// Events were lost.
    Lost,
    /// Nothing.
    Nothing,
}

impl Workbench {
    /// The next event; waits for it. `None` when one may not see the draft any more.
    async fn next(&mut self) -> Option<SseEvent> {
        loop {
            let Ok(heard) = tokio::time::timeout_at(self.look_at, self.events.next()).await else {
                self.look().await?;
                continue;
            };
            match self.news(&heard) {
                News::Send(event) => return Some(event),
                News::Draft => {
                    let draft = self.look().await?;
                    return Some(event("draft", &json!({ "revision": draft.revision, "status": draft.status })));
                }
                News::Trial(id) => match self.workshop.trial(&self.actor, self.draft, id).await {
                    Ok(trial) => {
                        let now = json!({ "test_id": id, "status": trial.status, "stage": trial.stage });
                        return Some(event("test", &now));
                    }
                    // Another draft's; or ours is gone, which is told by an event of its own.
                    Err(Error::NotFound(_)) => {}
                    Err(_) => return self.hello().await,
                },
                News::Lost => return self.hello().await,
                News::Nothing => {}
            }
        }
    }

    fn news(&self, heard: &Event) -> News {
        match heard {
            Event::Gap => News::Lost,
            Event::Delta { chat, message, part, text } if *chat == self.chat => {
                News::Send(event("delta", &json!({ "message": message, "part": part, "text": text })))
            }
            Event::Answered { chat, .. } | Event::ChatChanged { chat } if *chat == self.chat => {
                News::Send(event("conversation", &json!({})))
            }
            Event::DraftChanged { draft } | Event::BatchChanged { draft: Some(draft), .. } if *draft == self.draft => {
                News::Draft
            }
            Event::TrialChanged { trial, draft } if draft.is_none_or(|draft| draft == self.draft) => {
                News::Trial(*trial)
            }
            Event::TrialWritten { trial, draft, part, text } if *draft == self.draft => {
                News::Send(event("test_delta", &json!({ "test_id": trial, "part": part, "text": text })))
            }
            Event::Delta { .. }
            | Event::Answered { .. }
            | Event::ChatChanged { .. }
            | Event::DraftChanged { .. }
            | Event::BatchChanged { .. }
            | Event::TrialChanged { .. }
            | Event::TrialWritten { .. }
            | Event::Written { .. }
            | Event::QuestionAnswered { .. }
            | Event::CancelTrial { .. }
            | Event::CancelBatch { .. }
            | Event::Admit
            | Event::Pushed => News::Nothing,
        }
    }

    /// Has everything read again, if one may still see it.
    async fn hello(&mut self) -> Option<SseEvent> {
        self.look().await?;
        Some(event("hello", &json!({})))
    }

    /// The draft, as soon as the database answers; nothing is told before it is known who may hear it.
    async fn look(&mut self) -> Option<Draft> {
        loop {
            match self.workshop.draft(&self.actor, self.draft).await {
                Ok(draft) => {
                    self.look_at = Instant::now() + LOOK;
                    return Some(draft);
                }
                Err(Error::NotFound(_)) => return None,
                Err(error) => tracing::debug!(%error, "The database does not answer; events wait for it"),
            }
            tokio::time::sleep(AGAIN).await;
        }
    }
}
