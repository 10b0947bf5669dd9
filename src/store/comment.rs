//! Comments on drafts and prompts.

use super::{Conn, Error};
use crate::domain::sharing::{Comment, Thing};
use crate::domain::{AccountId, CommentId, TrialId};

struct Row {
    id: uuid::Uuid,
    author_id: Option<uuid::Uuid>,
    author_name: Option<String>,
    text: String,
    reply_to: Option<uuid::Uuid>,
    trial_id: Option<uuid::Uuid>,
    created_at: crate::domain::Instant,
}

impl From<Row> for Comment {
    fn from(row: Row) -> Self {
        Self {
            id: CommentId(row.id),
            author: row.author_id.map(AccountId),
            author_name: row.author_name,
            text: row.text,
            reply_to: row.reply_to.map(CommentId),
            trial: row.trial_id.map(TrialId),
            created_at: row.created_at,
        }
    }
}

/// Adds a comment; false when its author wrote one under this key before.
pub async fn insert(conn: &mut Conn, thing: Thing, comment: &Comment, key: Option<&str>) -> Result<bool, Error> {
    let done = sqlx::query!(
        "insert into comments (id, draft_id, prompt_id, author_id, text, reply_to, trial_id, client_key, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        on conflict (author_id, client_key) do nothing",
        comment.id.0,
        thing.draft().map(|id| id.0),
        thing.prompt().map(|id| id.0),
        comment.author.map(|id| id.0),
        comment.text,
        comment.reply_to.map(|id| id.0),
        comment.trial.map(|id| id.0),
        key,
        comment.created_at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A page of the comments on a thing, oldest first, and how many there are in all; the last page for a negative offset.
pub async fn list(conn: &mut Conn, thing: Thing, limit: i64, offset: i64) -> Result<(Vec<Comment>, i64), Error> {
    let (draft, prompt) = (thing.draft().map(|id| id.0), thing.prompt().map(|id| id.0));
    let total = sqlx::query_scalar!(
        r#"select count(*) as "total!" from comments where draft_id = $1 or prompt_id = $2"#,
        draft,
        prompt,
    )
    .fetch_one(&mut *conn)
    .await?;
    let offset = if offset < 0 { (total - limit).max(0) } else { offset };
    let rows = sqlx::query_as!(
        Row,
        r#"select c.id, c.author_id, a.name as "author_name?", c.text, c.reply_to, c.trial_id, c.created_at
        from comments c
        left join accounts a on a.id = c.author_id
        where c.draft_id = $1 or c.prompt_id = $2
        order by c.id
        limit $3 offset $4"#,
        draft,
        prompt,
        limit,
        offset,
    )
    .fetch_all(conn)
    .await?;
    Ok((rows.into_iter().map(Comment::from).collect(), total))
}

/// One comment on a thing.
pub async fn find(conn: &mut Conn, thing: Thing, id: CommentId) -> Result<Option<Comment>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"select c.id, c.author_id, a.name as "author_name?", c.text, c.reply_to, c.trial_id, c.created_at
        from comments c
        left join accounts a on a.id = c.author_id
        where c.id = $3 and (c.draft_id = $1 or c.prompt_id = $2)"#,
        thing.draft().map(|id| id.0),
        thing.prompt().map(|id| id.0),
        id.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Comment::from))
}

/// The comment that an author wrote under a key.
pub async fn find_by_key(conn: &mut Conn, author: AccountId, key: &str) -> Result<Option<CommentId>, Error> {
    let id = sqlx::query_scalar!("select id from comments where author_id = $1 and client_key = $2", author.0, key)
        .fetch_optional(conn)
        .await?;
    Ok(id.map(CommentId))
}

/// Removes a comment.
pub async fn delete(conn: &mut Conn, id: CommentId) -> Result<(), Error> {
    sqlx::query!("delete from comments where id = $1", id.0).execute(conn).await?;
    Ok(())
}
