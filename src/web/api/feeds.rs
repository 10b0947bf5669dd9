//! Feeds, which articles come from.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::FeedId;
use crate::domain::feed::{Feed, FeedStatus};
use crate::web::Web;
use crate::web::auth::Signed;
use crate::web::body::{Json, Path};
use crate::web::error::{Missing, Problem, Refusals, Unchanged, Unreadable};
use crate::workshop::feed::AddFeed;

pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(remove)).routes(routes!(poll))
}

/// A feed and how it fares.
#[derive(Debug, Serialize, ToSchema)]
struct FeedBody {
    feed_id: i32,
    url: String,
    topic: String,
    /// What it calls itself, or whoever added it; empty until the first poll.
    title: String,
    interval_minutes: i32,
    status: FeedStatus,
    /// What went wrong at the last poll, as a sentence; empty when nothing did.
    problem: String,
    /// Polls that failed, since the last that did not.
    failures: i32,
    last_polled_at: Option<DateTime<Utc>>,
    /// New articles at the last poll.
    last_new: i32,
    next_poll_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
}

impl From<Feed> for FeedBody {
    fn from(feed: Feed) -> Self {
        Self {
            feed_id: feed.id.0,
            url: feed.url,
            topic: feed.topic,
            title: feed.title,
            interval_minutes: feed.interval_minutes,
            status: feed.status,
            problem: feed.problem,
            failures: feed.failures,
            last_polled_at: feed.last_polled_at,
            last_new: feed.last_new,
            next_poll_at: feed.next_poll_at,
            created_at: feed.created_at,
        }
    }
}

/// Every feed.
#[derive(Debug, Serialize, ToSchema)]
struct FeedList {
    /// By topic and number.
    feeds: Vec<FeedBody>,
    total: usize,
}

/// Lists every feed with how it fares.
#[utoipa::path(get, path = "/feeds", tag = "articles", responses((status = 200, body = FeedList), Refusals))]
async fn list(State(web): State<Web>, Signed(actor): Signed) -> Result<axum::Json<FeedList>, Problem> {
    let feeds: Vec<FeedBody> = web.workshop.feeds(&actor).await?.into_iter().map(FeedBody::from).collect();
    Ok(axum::Json(FeedList { total: feeds.len(), feeds }))
}

/// A feed to be added.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct AddBody {
    /// Its address: `http` or `https`.
    #[serde(default)]
    url: String,
    /// The topic of its articles: 1 to 100 characters; a new one is made.
    #[serde(default)]
    topic: String,
    /// What to call it: at most 200 characters; what it calls itself when left out.
    title: Option<String>,
    /// Minutes between two polls: 5 to 10,080; those of the settings when left out.
    interval_minutes: Option<i64>,
}

/// Adds a feed (RSS, Atom, JSON Feed); only an administrator may. It is polled at once; its status tells what came of it.
#[utoipa::path(post, path = "/feeds", tag = "articles", request_body = AddBody,
    responses((status = 201, body = FeedBody), Unchanged, Refusals, Unreadable))]
async fn add(State(web): State<Web>, Signed(actor): Signed, Json(body): Json<AddBody>) -> Result<Response, Problem> {
    let AddBody { url, topic, title, interval_minutes } = body;
    let add = AddFeed { url, topic, title: title.unwrap_or_default(), interval_minutes };
    let feed = FeedBody::from(web.workshop.add_feed(&actor, &add).await?);
    let location = format!("{}/feeds/{}", super::ROOT, feed.feed_id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], axum::Json(feed)).into_response())
}

/// Removes a feed; its articles stay. Only an administrator may.
#[utoipa::path(delete, path = "/feeds/{id}", tag = "articles", params(("id" = i32, Path)),
    responses((status = 200, body = FeedBody), Missing, Unchanged, Refusals))]
async fn remove(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(id): Path<i32>,
) -> Result<axum::Json<FeedBody>, Problem> {
    Ok(axum::Json(web.workshop.remove_feed(&actor, FeedId(id)).await?.into()))
}

/// Has a feed polled soon, also one that was given up: at `next_poll_at`. Only an administrator may.
#[utoipa::path(post, path = "/feeds/{id}/poll", tag = "articles", params(("id" = i32, Path)),
    responses((status = 202, body = FeedBody), Missing, Unchanged, Refusals))]
async fn poll(State(web): State<Web>, Signed(actor): Signed, Path(id): Path<i32>) -> Result<Response, Problem> {
    let (feed, _) = web.workshop.poll_feed(&actor, FeedId(id)).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(FeedBody::from(feed))).into_response())
}
