//! Articles and topics.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::article::RawArticle;
use crate::web::Web;
use crate::web::auth::Signed;
use crate::web::body::{Json, Path};
use crate::web::error::{Missing, Problem, Refusals, Unchanged, Unreadable};
use crate::workshop::article::TopicInfo;

pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(topics)).routes(routes!(describe)).routes(routes!(upsert))
}

/// A named part of the article database.
#[derive(Debug, Serialize, ToSchema)]
struct TopicBody {
    name: String,
    description: String,
    article_count: i64,
    newest: Option<DateTime<Utc>>,
    oldest: Option<DateTime<Utc>>,
}

impl From<TopicInfo> for TopicBody {
    fn from(topic: TopicInfo) -> Self {
        let TopicInfo { name, description, articles, newest, oldest } = topic;
        Self { name, description, article_count: articles, newest, oldest }
    }
}

/// Every topic.
#[derive(Debug, Serialize, ToSchema)]
struct TopicList {
    /// By name.
    topics: Vec<TopicBody>,
    total: usize,
}

/// Lists every topic with its size.
#[utoipa::path(get, path = "/topics", tag = "articles", responses((status = 200, body = TopicList), Refusals))]
async fn topics(State(web): State<Web>, Signed(_): Signed) -> Result<axum::Json<TopicList>, Problem> {
    let topics: Vec<TopicBody> = web.workshop.topics().await?.into_iter().map(TopicBody::from).collect();
    Ok(axum::Json(TopicList { total: topics.len(), topics }))
}

/// What a topic is about.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct DescribeBody {
    /// At most 500 characters; shown to people, and told to models with the topic's articles.
    #[serde(default)]
    description: String,
}

/// Says what a topic is about; only an administrator may.
#[utoipa::path(put, path = "/topics/{name}", tag = "articles", params(("name" = String, Path)),
    request_body = DescribeBody,
    responses((status = 200, body = TopicBody), Missing, Unchanged, Refusals, Unreadable))]
async fn describe(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(name): Path<String>,
    Json(body): Json<DescribeBody>,
) -> Result<axum::Json<TopicBody>, Problem> {
    Ok(axum::Json(web.workshop.describe_topic(&actor, &name, &body.description).await?.into()))
}

/// What became of the articles.
#[derive(Debug, Serialize, ToSchema)]
struct ImportBody {
    inserted: u64,
    updated: u64,
    /// Those that were left out.
    rejected: Vec<RejectedBody>,
}

/// An article that was left out.
#[derive(Debug, Serialize, ToSchema)]
struct RejectedBody {
    /// Its place in the list, from 1.
    position: u64,
    field: String,
    reason: String,
}

/// Adds articles, or replaces those whose `uri` is known; only an administrator may. A bad one never stops the rest.
#[utoipa::path(post, path = "/articles", tag = "articles", request_body = Vec<RawArticle>,
    responses((status = 200, body = ImportBody), (status = 403, body = Problem, content_type = "application/problem+json",
        description = "You are no administrator."), Refusals, Unreadable))]
async fn upsert(
    State(web): State<Web>,
    Signed(actor): Signed,
    Json(body): Json<Vec<Value>>,
) -> Result<axum::Json<ImportBody>, Problem> {
    let import = web.workshop.upsert_articles(&actor, body.into_iter().map(RawArticle::read)).await?;
    let rejected = import
        .rejected
        .into_iter()
        .map(|(position, invalid)| RejectedBody { position, field: invalid.field.to_owned(), reason: invalid.reason })
        .collect();
    Ok(axum::Json(ImportBody { inserted: import.inserted, updated: import.updated, rejected }))
}
