//! Tests of drafts.

mod views;

use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use futures::stream;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) use views::{ArticleBody, MetricsBody, RatingBody, TrialBody, WholeTrial, whole};

use super::{Checks, Page};
use crate::domain::research_window::Window;
use crate::domain::trial::{self, Stars, Trial, TrialRequest};
use crate::domain::{Actor, DraftId, Invalid, TrialId};
use crate::web::Web;
use crate::web::auth::Signed;
use crate::web::body::{Json, Path, Query};
use crate::web::error::{Missing, Problem, Refusals, Unchanged, Unreadable};
use crate::web::stream::{Seen, TrialWatch, event, followed};

/// The longest that a request waits for a test, in seconds.
const LONGEST_WAIT: u64 = 300;

pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(start))
        .routes(routes!(list))
        .routes(routes!(read))
        .routes(routes!(feedback))
        .routes(routes!(cancel))
        .routes(routes!(rerun))
        .routes(routes!(events))
}

/// What to test.
#[derive(Debug, Deserialize, ToSchema)]
struct TestBody {
    /// The question: 10 to 1,000 characters.
    #[serde(default)]
    test_query: String,
    /// The topic's name; see `/topics`.
    #[serde(default)]
    topic: String,
    /// How many articles at most: 5 to 200, 50 when left out.
    limit: Option<i64>,
    /// The model; the configured one when left out.
    model: Option<String>,
    /// Only articles published from here; with `window_to`. When both are left out, the question decides ("last 7 days").
    window_from: Option<DateTime<Utc>>,
    /// Only articles published before here; with `window_from`.
    window_to: Option<DateTime<Utc>>,
    /// 1 to 5 stars; usually given later, see `feedback`.
    user_rating: Option<i64>,
    /// At most 500 characters.
    notes: Option<String>,
}

fn parse(body: TestBody) -> Result<TrialRequest, Problem> {
    let mut checks = Checks::default();
    let question = checks.take(trial::parse_question(&body.test_query));
    let topic = checks.take(trial::parse_topic(&body.topic));
    let limit = checks.take(trial::parse_limit(body.limit));
    let model = body.model.filter(|model| !model.is_empty()).map(|model| checks.take(trial::parse_model(&model)));
    let rating = body.user_rating.map(|stars| checks.take(Stars::parse(stars)));
    let note = checks.take(trial::parse_note(body.notes.as_deref().unwrap_or_default()));
    let window = checks.take(match (body.window_from, body.window_to) {
        (None, None) => Ok(None),
        (Some(from), Some(to)) if from < to => Ok(Some(Window { from, to })),
        _ => Err(Invalid::new("window_from", "and window_to belong together, the earlier one first")),
    });
    let request = question.zip(topic).zip(limit).zip(note).zip(window).map(
        |((((question, topic), article_limit), note), window)| TrialRequest {
            question,
            topic,
            article_limit,
            model: model.flatten(),
            window,
            rating: rating.flatten(),
            note,
        },
    );
    checks.finish(request)
}

/// Tests the draft's current text on a question, by a background job.
///
/// Answers 202 at once with the address of the test. With `Prefer: wait=SECONDS` (300 at most) it waits, and answers 200
/// when the test has ended by then.
#[utoipa::path(post, path = "/prompts/workshop/drafts/{id}/test", tag = "tests",
    params(("id" = i32, Path), ("Prefer" = Option<String>, Header, description = "wait=SECONDS")), request_body = TestBody,
    responses((status = 200, body = TrialBody, description = "It has ended."),
        (status = 202, body = TrialBody, description = "It is queued.", headers(("Location" = String))),
        (status = 429, body = Problem, content_type = "application/problem+json",
            description = "You have started as many tests as you can within an hour; `until` says when that ends."),
        Missing, Refusals, Unchanged, Unreadable))]
async fn start(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(id): Path<DraftId>,
    headers: HeaderMap,
    Json(body): Json<TestBody>,
) -> Result<Response, Problem> {
    // Whoever may not see the draft hears that first, whatever else is wrong.
    web.workshop.draft(&actor, id).await?;
    let request = parse(body)?;
    let events = web.workshop.events().subscribe();
    let trial = web.workshop.start_trial(&actor, id, request).await?;
    let mut watch = TrialWatch::new(&web.workshop, &actor, &trial, events);
    started(&actor, trial, &headers, &mut watch).await
}

/// Answers for a test that was just asked for, at once or when it has ended.
async fn started(
    actor: &Actor,
    trial: Trial,
    headers: &HeaderMap,
    watch: &mut TrialWatch,
) -> Result<Response, Problem> {
    if let Some(wait) = preferred_wait(headers)
        && let Ok(ended) = tokio::time::timeout(wait, watch.end()).await
    {
        let applied = [(HeaderName::from_static("preference-applied"), HeaderValue::from_static("wait"))];
        return Ok((StatusCode::OK, applied, axum::Json(TrialBody::of(&ended?, actor))).into_response());
    }
    let now = watch.workshop.trial(actor, trial.draft, trial.id).await?;
    let location = format!("{}/prompts/workshop/drafts/{}/tests/{}", super::ROOT, trial.draft, trial.id);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], axum::Json(TrialBody::of(&now, actor))).into_response())
}

/// `wait=N` among the preferences of RFC 7240.
pub(super) fn preferred_wait(headers: &HeaderMap) -> Option<Duration> {
    let preferences = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let mut words = preferences.flat_map(|value| value.split([',', ';'])).map(str::trim);
    let seconds: u64 = words.find_map(|word| {
        let (name, value) = word.split_once('=')?;
        if name.trim().eq_ignore_ascii_case("wait") { value.trim().trim_matches('"').parse().ok() } else { None }
    })?;
    Some(Duration::from_secs(seconds.min(LONGEST_WAIT)))
}

/// A page of a draft's tests.
#[derive(Debug, Serialize, ToSchema)]
struct TrialList {
    draft_id: i32,
    /// Newest first.
    test_results: Vec<TrialBody>,
    /// How many there are on all pages.
    total_tests: i64,
}

/// Lists the tests of a draft.
#[utoipa::path(get, path = "/prompts/workshop/drafts/{id}/tests", tag = "tests", params(("id" = i32, Path), Page),
    responses((status = 200, body = TrialList), (status = 422, body = Problem, content_type = "application/problem+json",
        description = "The query does not fit."), Missing, Refusals))]
async fn list(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(id): Path<DraftId>,
    Query(page): Query<Page>,
) -> Result<axum::Json<TrialList>, Problem> {
    let (limit, offset) = page.bounds()?;
    let (trials, total_tests) = web.workshop.trials(&actor, id, limit, offset).await?;
    let test_results = trials.iter().map(|trial| TrialBody::of(trial, &actor)).collect();
    Ok(axum::Json(TrialList { draft_id: id.0, test_results, total_tests }))
}

/// Reads a test: the whole answer, every citation, the articles, cost and times.
#[utoipa::path(get, path = "/prompts/workshop/drafts/{id}/tests/{test_id}", tag = "tests",
    params(("id" = i32, Path), ("test_id" = uuid::Uuid, Path)),
    responses((status = 200, body = WholeTrial), Missing, Refusals))]
async fn read(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path((id, test)): Path<(DraftId, TrialId)>,
) -> Result<axum::Json<WholeTrial>, Problem> {
    let trial = web.workshop.trial(&actor, id, test).await?;
    Ok(axum::Json(whole(&web, &actor, trial).await?))
}

/// What you think of a test; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
struct FeedbackBody {
    /// 1 to 5 stars.
    user_rating: Option<i64>,
    /// At most 500 characters.
    notes: Option<String>,
}

/// Rates a test. Your last word counts.
#[utoipa::path(put, path = "/prompts/workshop/drafts/{id}/tests/{test_id}/feedback", tag = "tests",
    params(("id" = i32, Path), ("test_id" = uuid::Uuid, Path)), request_body = FeedbackBody,
    responses((status = 200, body = TrialBody), Missing, Refusals, Unchanged, Unreadable))]
async fn feedback(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path((id, test)): Path<(DraftId, TrialId)>,
    Json(body): Json<FeedbackBody>,
) -> Result<axum::Json<TrialBody>, Problem> {
    // Whoever may not see the test hears that first, whatever else is wrong.
    web.workshop.trial(&actor, id, test).await?;
    let mut checks = Checks::default();
    let stars = body.user_rating.map(|stars| checks.take(Stars::parse(stars)));
    let note = body.notes.map(|note| checks.take(trial::parse_note(&note)));
    checks.finish(Some(()))?;
    let (stars, note) = (stars.flatten(), note.flatten());
    if stars.is_none() && note.is_none() {
        return Err(Invalid::new("user_rating", "is missing, and so is notes").into());
    }
    let trial = web.workshop.rate_trial(&actor, id, test, stars, note.as_deref()).await?;
    Ok(axum::Json(TrialBody::of(&trial, &actor)))
}

/// Cancels a test: at once while it waits, within seconds while it runs.
#[utoipa::path(post, path = "/prompts/workshop/drafts/{id}/tests/{test_id}/cancel", tag = "tests",
    params(("id" = i32, Path), ("test_id" = uuid::Uuid, Path)),
    responses((status = 200, body = TrialBody), Missing, Refusals, Unchanged))]
async fn cancel(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path((id, test)): Path<(DraftId, TrialId)>,
) -> Result<axum::Json<TrialBody>, Problem> {
    let events = web.workshop.events().subscribe();
    let trial = web.workshop.cancel_trial(&actor, id, test).await?;
    let mut watch = TrialWatch::new(&web.workshop, &actor, &trial, events);
    // A running test is stopped by its worker, which hears of it within milliseconds.
    let ended = tokio::time::timeout(Duration::from_secs(2), watch.end()).await;
    let trial = match ended {
        Ok(ended) => ended?,
        Err(_) => trial,
    };
    Ok(axum::Json(TrialBody::of(&trial, &actor)))
}

/// On which articles to repeat a test.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct RerunBody {
    /// `true` for the very articles that the test saw, `false` for today's.
    #[serde(default)]
    frozen: bool,
}

/// Tests the draft's current text on the question of an earlier test.
#[utoipa::path(post, path = "/prompts/workshop/drafts/{id}/tests/{test_id}/rerun", tag = "tests",
    params(("id" = i32, Path), ("test_id" = uuid::Uuid, Path),
        ("Prefer" = Option<String>, Header, description = "wait=SECONDS")), request_body = RerunBody,
    responses((status = 200, body = TrialBody, description = "It has ended."),
        (status = 202, body = TrialBody, description = "It is queued.", headers(("Location" = String))),
        (status = 429, body = Problem, content_type = "application/problem+json",
            description = "You have started as many tests as you can within an hour; `until` says when that ends."),
        Missing, Refusals, Unchanged, Unreadable))]
async fn rerun(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path((id, test)): Path<(DraftId, TrialId)>,
    headers: HeaderMap,
    Json(body): Json<RerunBody>,
) -> Result<Response, Problem> {
    let events = web.workshop.events().subscribe();
    let trial = web.workshop.rerun_trial(&actor, id, test, body.frozen).await?;
    let mut watch = TrialWatch::new(&web.workshop, &actor, &trial, events);
    started(&actor, trial, &headers, &mut watch).await
}

/// Follows a test by server-sent events: `progress` whenever it moves on, `delta` as its answer is written, `done` with
/// the test when it has ended.
///
/// A `delta` has `part` and `text`. Parts are counted, and part 0 begins the answer anew; who misses one reads the whole
/// answer in the end. Batches do not tell their answers piece by piece.
#[utoipa::path(get, path = "/prompts/workshop/drafts/{id}/tests/{test_id}/events", tag = "tests",
    params(("id" = i32, Path), ("test_id" = uuid::Uuid, Path)),
    responses((status = 200, body = String, content_type = "text/event-stream"), Missing, Refusals))]
async fn events(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path((id, test)): Path<(DraftId, TrialId)>,
) -> Result<Response, Problem> {
    let subscription = web.workshop.events().subscribe();
    let trial = web.workshop.trial(&actor, id, test).await?;
    let watch = TrialWatch::new(&web.workshop, &actor, &trial, subscription);
    let events = stream::unfold(Some(watch), move |watch| {
        let actor = actor.clone();
        async move {
            let mut watch = watch?;
            Some(match watch.next().await {
                Ok(Seen::Moved(now)) if now.status.is_final() => (event("done", &TrialBody::of(&now, &actor)), None),
                Ok(Seen::Moved(now)) => (event("progress", &TrialBody::of(&now, &actor)), Some(watch)),
                Ok(Seen::Text { part, text }) => (event("delta", &json!({ "part": part, "text": text })), Some(watch)),
                Err(error) => (event("error", &Problem::from(error)), None),
            })
        }
    });
    Ok(followed(events, &web.stopping))
}
