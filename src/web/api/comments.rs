//! Comments on a draft or a prompt.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Page;
use crate::domain::sharing::{Comment, Target};
use crate::domain::{CommentId, DraftId, TrialId};
use crate::web::Web;
use crate::web::auth::Signed;
use crate::web::body::{Json, Path, Query};
use crate::web::error::{Missing, Problem, Refusals, Unchanged, Unreadable};
use crate::workshop::comment::{Commented, NewComment};

pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().merge(drafts::routes()).merge(prompts::routes())
}

/// What to say.
#[derive(Debug, Deserialize, ToSchema)]
struct WriteComment {
    /// 1 to 2,000 characters; `@name` mentions somebody who may see it.
    text: String,
    /// The comment that it answers.
    reply_to: Option<Uuid>,
    /// The test of the draft that it is about.
    test_id: Option<Uuid>,
}

/// A comment.
#[derive(Debug, Serialize, ToSchema)]
struct CommentBody {
    comment_id: Uuid,
    /// Who wrote it, while they have an account.
    author: Option<String>,
    text: String,
    reply_to: Option<Uuid>,
    test_id: Option<Uuid>,
    created_at: DateTime<Utc>,
}

impl From<Comment> for CommentBody {
    fn from(Comment { id, author: _, author_name, text, reply_to, trial, created_at }: Comment) -> Self {
        let (reply_to, test_id) = (reply_to.map(|id| id.0), trial.map(|id| id.0));
        Self { comment_id: id.0, author: author_name, text, reply_to, test_id, created_at }
    }
}

/// A comment that was written.
#[derive(Debug, Serialize, ToSchema)]
struct WrittenBody {
    #[serde(flatten)]
    comment: CommentBody,
    /// Whom it mentions.
    mentioned: Vec<String>,
    /// Those of them who are known on no chat platform, so that nothing tells them.
    not_reached: Vec<String>,
}

impl From<Commented> for WrittenBody {
    fn from(Commented { comment, mentioned, not_reached }: Commented) -> Self {
        Self { comment: comment.into(), mentioned, not_reached }
    }
}

/// A page of comments.
#[derive(Debug, Serialize, ToSchema)]
struct CommentList {
    /// Oldest first.
    comments: Vec<CommentBody>,
    /// How many there are on all pages.
    total: i64,
}

/// What was done.
#[derive(Debug, Serialize, ToSchema)]
struct DeletedComment {
    message: String,
}

/// The endpoints about one kind of thing.
macro_rules! endpoints {
    ($module:ident, $base:literal, $param:literal, $id:ty, $shown:ty, $target:expr) => {
        mod $module {
            use super::*;

            pub(super) fn routes() -> OpenApiRouter<Web> {
                OpenApiRouter::new().routes(routes!(list, write)).routes(routes!(delete))
            }

            /// Lists the comments on it.
            #[utoipa::path(get, path = concat!($base, "/comments"), tag = "comments", params(($param = $shown, Path), Page),
                responses((status = 200, body = CommentList), Missing, Refusals))]
            async fn list(
                State(web): State<Web>,
                Signed(actor): Signed,
                Path(id): Path<$id>,
                Query(page): Query<Page>,
            ) -> Result<axum::Json<CommentList>, Problem> {
                let (limit, offset) = page.bounds()?;
                let (comments, total) = web.workshop.comments(&actor, &$target(id), limit, offset).await?;
                let comments = comments.into_iter().map(CommentBody::from).collect();
                Ok(axum::Json(CommentList { comments, total }))
            }

            /// Comments on it. The comment is told where the workshop lives, and whom it mentions.
            #[utoipa::path(post, path = concat!($base, "/comments"), tag = "comments", params(($param = $shown, Path)),
                request_body = WriteComment,
                responses((status = 201, body = WrittenBody), Missing, Refusals, Unchanged, Unreadable))]
            async fn write(
                State(web): State<Web>,
                Signed(actor): Signed,
                Path(id): Path<$id>,
                Json(body): Json<WriteComment>,
            ) -> Result<(StatusCode, axum::Json<WrittenBody>), Problem> {
                let (reply_to, trial) = (body.reply_to.map(CommentId), body.test_id.map(TrialId));
                let new = NewComment { text: body.text, reply_to, trial };
                let written = web.workshop.write_comment(&actor, &$target(id), new, None).await?;
                Ok((StatusCode::CREATED, axum::Json(written.into())))
            }

            /// Deletes a comment: its author may, and the owner of what it is about.
            #[utoipa::path(delete, path = concat!($base, "/comments/{comment_id}"), tag = "comments",
                params(($param = $shown, Path), ("comment_id" = Uuid, Path)),
                responses((status = 200, body = DeletedComment), Missing, Refusals, Unchanged))]
            async fn delete(
                State(web): State<Web>,
                Signed(actor): Signed,
                Path((id, comment)): Path<($id, CommentId)>,
            ) -> Result<axum::Json<DeletedComment>, Problem> {
                web.workshop.delete_comment(&actor, &$target(id), comment).await?;
                Ok(axum::Json(DeletedComment { message: "The comment is deleted.".to_owned() }))
            }
        }
    };
}

endpoints!(drafts, "/prompts/workshop/drafts/{id}", "id", DraftId, i32, Target::Draft);
endpoints!(prompts, "/prompts/{name}", "name", String, String, Target::Prompt);
