//! Sessions and their answers as they are sent.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::tests::{MetricsBody, RatingBody};
use crate::domain::Actor;
use crate::domain::citation::CitationCheck;
use crate::domain::library::Pick;
use crate::domain::session::{Answer, AnswerStatus, Session};

/// A session.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SessionBody {
    chat_id: i32,
    title: String,
    topic: String,
    prompt_name: String,
    /// The version that always answers, if one was chosen.
    version: Option<i32>,
    /// The label whose version answers, if one was chosen.
    label: Option<String>,
    /// How many questions were asked.
    questions: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Session> for SessionBody {
    fn from(session: Session) -> Self {
        let (version, label) = match session.pick {
            Pick::Newest => (None, None),
            Pick::Version(version) => (Some(version.0), None),
            Pick::Label(label) => (None, Some(label.to_string())),
        };
        Self {
            chat_id: session.chat.0,
            title: session.title,
            topic: session.topic,
            prompt_name: session.prompt_name,
            version,
            label,
            questions: session.questions,
            created_at: session.created_at,
            updated_at: session.active_at,
        }
    }
}

/// A question of a session and its answer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AnswerBody {
    pub(super) answer_id: uuid::Uuid,
    status: AnswerStatus,
    question: String,
    /// The whole answer, in Markdown.
    response: Option<String>,
    /// Why there is none.
    failure: Option<String>,
    pub(super) prompt_name: String,
    /// The version that answered.
    pub(super) version: i32,
    topic: String,
    pub(super) model: String,
    /// What answered.
    engine: String,
    pub(super) article_count: i32,
    /// The check of every citation.
    pub(super) citations: Option<CitationCheck>,
    /// The same in one line.
    pub(super) citation_summary: Option<String>,
    metrics: MetricsBody,
    /// Your stars.
    user_rating: Option<i16>,
    /// Your note.
    notes: String,
    /// Who rated it.
    ratings: Vec<RatingBody>,
    created_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

impl AnswerBody {
    pub(super) fn of(answer: Answer, actor: &Actor) -> Self {
        let own = answer.ratings.iter().find(|rating| rating.account == actor.account);
        Self {
            answer_id: answer.id.0,
            status: answer.status,
            user_rating: own.and_then(|rating| rating.stars),
            notes: own.map(|rating| rating.note.clone()).unwrap_or_default(),
            ratings: answer.ratings.iter().map(RatingBody::from).collect(),
            question: answer.question,
            response: answer.response,
            failure: answer.failure,
            prompt_name: answer.prompt_name,
            version: answer.version.0,
            topic: answer.topic,
            model: answer.model,
            engine: answer.engine,
            article_count: answer.article_count,
            citation_summary: answer.citations.as_ref().map(CitationCheck::line),
            citations: answer.citations,
            metrics: MetricsBody::of(answer.metrics, None),
            created_at: answer.created_at,
            finished_at: answer.finished_at,
        }
    }
}
