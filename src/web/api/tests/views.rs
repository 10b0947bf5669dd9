//! Tests as they are sent.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::Actor;
use crate::domain::article::FrozenArticle;
use crate::domain::citation::CitationCheck;
use crate::domain::text::excerpt;
use crate::domain::trial::{Failure, Metrics, Rating, Stage, Trial, TrialStatus};
use crate::web::Web;
use crate::web::error::Problem;

/// A test.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web::api) struct TrialBody {
    test_id: uuid::Uuid,
    draft_id: i32,
    /// The tested revision of the draft; 0 where a version of a prompt was tested.
    revision: i32,
    /// The tested version of a prompt, where one was tested.
    version: Option<i32>,
    /// The prompt of that version.
    prompt_name: Option<String>,
    /// The batch that it is part of.
    batch_id: Option<uuid::Uuid>,
    query: String,
    topic: String,
    model: String,
    /// What answered.
    engine: String,
    status: TrialStatus,
    /// What it is doing.
    stage: Stage,
    /// The first 500 characters of the answer.
    response_preview: String,
    /// Characters of the whole answer.
    response_length: usize,
    tools_used: Vec<String>,
    article_count: i32,
    execution_time_ms: Option<i32>,
    /// When it was asked for.
    timestamp: DateTime<Utc>,
    /// Your stars.
    user_rating: Option<i16>,
    /// Your note.
    notes: String,
    /// The mean of everybody's stars.
    mean_rating: Option<f64>,
    /// Who rated it.
    ratings: Vec<RatingBody>,
    /// The citation check in one line.
    citation_summary: Option<String>,
    /// Why it failed.
    failure: Option<Failure>,
    /// The same, as a sentence.
    failure_detail: Option<String>,
}

/// What one person thinks of a test or an answer.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web::api) struct RatingBody {
    name: String,
    user_rating: Option<i16>,
    notes: String,
}

impl From<&Rating> for RatingBody {
    fn from(rating: &Rating) -> Self {
        Self { name: rating.name.clone(), user_rating: rating.stars, notes: rating.note.clone() }
    }
}

impl MetricsBody {
    pub(in crate::web::api) fn of(metrics: Metrics, attempts: Option<i32>) -> Self {
        Self {
            tokens_in: metrics.tokens_in,
            tokens_out: metrics.tokens_out,
            cost_usd: metrics.cost_micros.map(|micros| micros as f64 / 1e6),
            first_token_ms: metrics.first_token_ms,
            execution_time_ms: metrics.execution_ms,
            attempts,
        }
    }
}

impl TrialBody {
    pub(in crate::web::api) fn of(trial: &Trial, actor: &Actor) -> Self {
        let own = trial.rating_of(actor.account);
        let response = trial.response.as_deref().unwrap_or_default();
        Self {
            test_id: trial.id.0,
            draft_id: trial.draft.0,
            revision: trial.revision.0,
            version: trial.version.as_ref().map(|(_, number)| number.0),
            prompt_name: trial.version.as_ref().map(|(name, _)| name.clone()),
            batch_id: trial.batch.map(|batch| batch.0),
            query: trial.question.clone(),
            topic: trial.topic.clone(),
            model: trial.model.clone(),
            engine: trial.engine.clone(),
            status: trial.status,
            stage: trial.stage,
            response_preview: excerpt(response, 500),
            response_length: response.chars().count(),
            tools_used: trial.tools_used.clone(),
            article_count: trial.article_count,
            execution_time_ms: trial.metrics.execution_ms,
            timestamp: trial.created_at,
            user_rating: own.and_then(|rating| rating.stars),
            notes: own.map(|rating| rating.note.clone()).unwrap_or_default(),
            mean_rating: trial.mean_rating(),
            ratings: trial.ratings.iter().map(RatingBody::from).collect(),
            citation_summary: trial.citations.as_ref().map(CitationCheck::line),
            failure: trial.failure,
            failure_detail: trial.failure_detail.clone(),
        }
    }
}

/// Cost and times of a test or an answer.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web::api) struct MetricsBody {
    tokens_in: Option<i32>,
    tokens_out: Option<i32>,
    /// US dollars, where the price is configured.
    cost_usd: Option<f64>,
    /// From the request to the first text.
    first_token_ms: Option<i32>,
    execution_time_ms: Option<i32>,
    /// How often a worker started it.
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<i32>,
}

/// An article that a test or an answer was given.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web::api) struct ArticleBody {
    /// Its place among them, from 1.
    rank: usize,
    article_id: i64,
    title: String,
    uri: String,
    news_source: String,
    publication_date: DateTime<Utc>,
    /// SHA-256 of what the model could be shown, in hexadecimal.
    content_hash: String,
}

impl ArticleBody {
    pub(in crate::web::api) fn of((index, article): (usize, FrozenArticle)) -> Self {
        Self {
            rank: index + 1,
            article_id: article.id.0,
            title: article.title,
            uri: article.uri,
            news_source: article.news_source,
            publication_date: article.publication_date,
            content_hash: article.content_hash.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}

/// A test with everything about it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web::api) struct WholeTrial {
    #[serde(flatten)]
    test: TrialBody,
    /// The whole answer, in Markdown.
    response: Option<String>,
    /// The check of every citation.
    citations: Option<CitationCheck>,
    /// The articles it was given, best first, as they were then.
    articles: Vec<ArticleBody>,
    metrics: MetricsBody,
    /// How many articles it may use.
    limit: i32,
    window_from: Option<DateTime<Utc>>,
    window_to: Option<DateTime<Utc>>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

/// A test with everything about it, as it is sent.
pub(in crate::web::api) async fn whole(web: &Web, actor: &Actor, trial: Trial) -> Result<WholeTrial, Problem> {
    let articles = web.workshop.trial_articles(&trial).await?;
    Ok(WholeTrial {
        test: TrialBody::of(&trial, actor),
        articles: articles.into_iter().enumerate().map(ArticleBody::of).collect(),
        metrics: MetricsBody::of(trial.metrics, Some(trial.attempts)),
        response: trial.response,
        citations: trial.citations,
        limit: trial.article_limit,
        window_from: trial.window.map(|window| window.from),
        window_to: trial.window.map(|window| window.to),
        started_at: trial.started_at,
        finished_at: trial.finished_at,
    })
}
