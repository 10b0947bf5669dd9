//! Drafts and their revisions.

use super::{Conn, Error, corrupt};
use crate::domain::draft::{Draft, DraftStatus, Revision, Source};
use crate::domain::place::Place;
use crate::domain::{AccountId, ChatId, DraftId, Instant, PromptId, RevisionNumber, VersionNumber};

struct Row {
    id: i32,
    owner_id: uuid::Uuid,
    chat_id: i32,
    name: String,
    description: String,
    status: String,
    status_before_expiry: Option<String>,
    revision: i32,
    text: String,
    pinned: bool,
    parent_prompt_id: Option<i32>,
    parent_version: Option<i32>,
    publishes: bool,
    prompt_id: Option<i32>,
    prompt_version: Option<i32>,
    created_at: Instant,
    updated_at: Instant,
    active_at: Instant,
    expired_at: Option<Instant>,
    purged_at: Option<Instant>,
}

impl TryFrom<Row> for Draft {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self, Error> {
        let before = row.status_before_expiry.as_deref().map(str::parse::<DraftStatus>).transpose();
        Ok(Self {
            id: DraftId(row.id),
            owner: AccountId(row.owner_id),
            chat: ChatId(row.chat_id),
            name: row.name,
            description: row.description,
            status: row.status.parse().map_err(corrupt("drafts", row.id))?,
            status_before_expiry: before.map_err(corrupt("drafts", row.id))?,
            revision: RevisionNumber(row.revision),
            text: row.text,
            pinned: row.pinned,
            parent: version(row.parent_prompt_id, row.parent_version),
            publishes: row.publishes,
            committed_as: version(row.prompt_id, row.prompt_version),
            created_at: row.created_at,
            updated_at: row.updated_at,
            active_at: row.active_at,
            expired_at: row.expired_at,
            purged_at: row.purged_at,
        })
    }
}

fn version(prompt: Option<i32>, number: Option<i32>) -> Option<(PromptId, VersionNumber)> {
    Some((PromptId(prompt?), VersionNumber(number?)))
}

/// The columns of a draft, for the queries below; `d` and `r` are its row and its current revision.
macro_rules! select_draft {
    ($conn:expr, $fetch:ident, $rest:literal $(, $arg:expr)*) => {
        sqlx::query_as!(
            Row,
            r#"select d.id, d.owner_id, d.chat_id, d.name, d.description, d.status, d.status_before_expiry, d.revision,
                coalesce(r.text, '') as "text!", d.pinned, d.parent_prompt_id, d.parent_version, d.publishes, d.prompt_id,
                d.prompt_version, d.created_at, d.updated_at, d.active_at, d.expired_at, d.purged_at
            from drafts d
            left join draft_revisions r on r.draft_id = d.id and r.number = d.revision
            "# + $rest $(, $arg)*
        ).$fetch($conn).await?
    };
}

/// The draft with this number.
pub async fn find(conn: &mut Conn, id: DraftId) -> Result<Option<Draft>, Error> {
    select_draft!(conn, fetch_optional, "where d.id = $1", id.0).map(Draft::try_from).transpose()
}

/// The draft with this number, locked until the transaction ends.
pub async fn lock(conn: &mut Conn, id: DraftId) -> Result<Option<Draft>, Error> {
    select_draft!(conn, fetch_optional, "where d.id = $1 for update of d", id.0).map(Draft::try_from).transpose()
}

/// The draft of this conversation.
pub async fn find_by_chat(conn: &mut Conn, chat: ChatId) -> Result<Option<Draft>, Error> {
    select_draft!(conn, fetch_optional, "where d.chat_id = $1", chat.0).map(Draft::try_from).transpose()
}

/// A page of the drafts that an account may see, newest first, and how many there are in all.
pub async fn list(
    conn: &mut Conn,
    account: AccountId,
    status: Option<DraftStatus>,
    limit: i64,
    offset: i64,
) -> Result<(Vec<Draft>, i64), Error> {
    let status = status.map(DraftStatus::as_str);
    let rows = select_draft!(
        &mut *conn,
        fetch_all,
        "where d.id in (select draft_id from visible_drafts($1))
            and ($2::text is null or d.status = $2)
        order by d.id desc
        limit $3 offset $4",
        account.0,
        status,
        limit,
        offset
    );
    let total = sqlx::query_scalar!(
        r#"select count(*) as "total!"
        from drafts d
        where d.id in (select draft_id from visible_drafts($1))
            and ($2::text is null or d.status = $2)"#,
        account.0,
        status,
    )
    .fetch_one(conn)
    .await?;
    Ok((rows.into_iter().map(Draft::try_from).collect::<Result<_, _>>()?, total))
}

/// The living draft that an account used last: in this channel if there is one, else anywhere.
pub async fn latest(conn: &mut Conn, account: AccountId, place: &Place) -> Result<Option<DraftId>, Error> {
    let id = sqlx::query_scalar!(
        "select d.id
        from drafts d
        where d.status in ('draft', 'testing', 'ready')
            and d.id in (select draft_id from visible_drafts($1) where named)
        order by
            exists (
                select from places p
                where p.chat_id = d.chat_id and p.platform = $2 and p.workspace = $3 and p.channel = $4
            ) desc,
            d.active_at desc
        limit 1",
        account.0,
        place.platform.as_str(),
        place.workspace,
        place.channel,
    )
    .fetch_optional(conn)
    .await?;
    Ok(id.map(DraftId))
}

/// How many drafts of an account are neither committed nor expired.
///
/// Takes a lock on the account until the transaction ends, so that two requests at once cannot both be the last.
pub async fn count_live(conn: &mut Conn, owner: AccountId) -> Result<i64, Error> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended($1::uuid::text, 0))", owner.0)
        .execute(&mut *conn)
        .await?;
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from drafts where owner_id = $1 and status in ('draft', 'testing', 'ready')"#,
        owner.0,
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}

/// What a new draft starts with.
#[derive(Debug, Clone)]
pub struct NewDraft {
    /// Who owns it.
    pub owner: AccountId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The version it is a clone of.
    pub parent: Option<(PromptId, VersionNumber)>,
    /// Whether it is meant to become its parent's next version.
    pub publishes: bool,
}

/// Adds a draft without text, and its conversation.
pub async fn insert(conn: &mut Conn, new: &NewDraft, now: Instant) -> Result<(DraftId, ChatId), Error> {
    let row = sqlx::query!(
        "with chat as (insert into chats (owner_id, created_at) values ($1, $2) returning id)
        insert into drafts
            (owner_id, chat_id, name, description, parent_prompt_id, parent_version, publishes, created_at, updated_at,
             active_at)
        select $1, chat.id, $3, $4, $5, $6, $7, $2, $2, $2 from chat
        returning id, chat_id",
        new.owner.0,
        now,
        new.name,
        new.description,
        new.parent.map(|(prompt, _)| prompt.0),
        new.parent.map(|(_, version)| version.0),
        new.publishes,
    )
    .fetch_one(conn)
    .await?;
    Ok((DraftId(row.id), ChatId(row.chat_id)))
}

/// Saves everything about a draft that a use case may change, but its text (see [`insert_revision`]).
pub async fn update(conn: &mut Conn, draft: &Draft) -> Result<(), Error> {
    sqlx::query!(
        "update drafts
        set name = $2, description = $3, status = $4, status_before_expiry = $5, pinned = $6, prompt_id = $7,
            prompt_version = $8, updated_at = $9, active_at = $10, expired_at = $11, purged_at = $12
        where id = $1",
        draft.id.0,
        draft.name,
        draft.description,
        draft.status.as_str(),
        draft.status_before_expiry.map(DraftStatus::as_str),
        draft.pinned,
        draft.committed_as.map(|(prompt, _)| prompt.0),
        draft.committed_as.map(|(_, version)| version.0),
        draft.updated_at,
        draft.active_at,
        draft.expired_at,
        draft.purged_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that a draft was used, and what that does to its status.
pub async fn touch(conn: &mut Conn, id: DraftId, status: DraftStatus, now: Instant) -> Result<(), Error> {
    sqlx::query!(
        "update drafts set active_at = greatest(active_at, $2), status = $3 where id = $1",
        id.0,
        now,
        status.as_str()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Saves a text as the draft's next revision and makes it current. The draft must be locked.
pub async fn insert_revision(
    conn: &mut Conn,
    id: DraftId,
    text: &str,
    source: Source,
    author: Option<AccountId>,
    now: Instant,
) -> Result<RevisionNumber, Error> {
    let number = sqlx::query_scalar!(
        "with next as (
            update drafts set revision = revision + 1 where id = $1 returning revision
        )
        insert into draft_revisions (draft_id, number, text, source, author_id, created_at)
        select $1, next.revision, $2, $3, $4, $5 from next
        returning number",
        id.0,
        text,
        source.as_str(),
        author.map(|id| id.0),
        now,
    )
    .fetch_one(conn)
    .await?;
    Ok(RevisionNumber(number))
}

/// Every revision of a draft, oldest first.
pub async fn revisions(conn: &mut Conn, id: DraftId) -> Result<Vec<Revision>, Error> {
    let rows = sqlx::query!(
        r#"select r.number, r.text, r.source, a.name as "author?", r.created_at
        from draft_revisions r
        left join accounts a on a.id = r.author_id
        where r.draft_id = $1
        order by r.number"#,
        id.0,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Revision {
                number: RevisionNumber(row.number),
                text: row.text,
                source: row.source.parse::<Source>().map_err(corrupt("draft_revisions", id))?,
                author: row.author,
                created_at: row.created_at,
            })
        })
        .collect()
}

/// The text of one revision.
pub async fn revision_text(conn: &mut Conn, id: DraftId, number: RevisionNumber) -> Result<Option<String>, Error> {
    let text =
        sqlx::query_scalar!("select text from draft_revisions where draft_id = $1 and number = $2", id.0, number.0)
            .fetch_optional(conn)
            .await?;
    Ok(text)
}

/// Removes a draft with its revisions, tests and conversation.
pub async fn delete(conn: &mut Conn, chat: ChatId) -> Result<(), Error> {
    sqlx::query!("delete from chats where id = $1", chat.0).execute(conn).await?;
    Ok(())
}

/// Numbers of living, unpinned drafts last used before, the longest unused first.
///
/// They stay locked until the transaction ends; drafts that another copy of the service has locked are left out.
pub async fn lock_idle(conn: &mut Conn, before: Instant, after: DraftId, limit: i64) -> Result<Vec<DraftId>, Error> {
    let ids = sqlx::query_scalar!(
        "select id from drafts
        where status in ('draft', 'testing', 'ready') and not pinned and active_at <= $1 and id > $2
        order by id
        limit $3
        for update skip locked",
        before,
        after.0,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(DraftId).collect())
}

/// Numbers of drafts that expired before and still have their text, locked like [`lock_idle`].
pub async fn lock_purgeable(conn: &mut Conn, before: Instant, limit: i64) -> Result<Vec<DraftId>, Error> {
    let ids = sqlx::query_scalar!(
        "select id from drafts
        where status = 'expired' and purged_at is null and expired_at <= $1
        order by id
        limit $2
        for update skip locked",
        before,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(DraftId).collect())
}

/// Removes what a purged draft must not keep: conversation, texts, proposals, questions, answers and notes. Counts stay.
pub async fn purge(conn: &mut Conn, id: DraftId, chat: ChatId, now: Instant) -> Result<(), Error> {
    sqlx::query!("delete from messages where chat_id = $1", chat.0).execute(&mut *conn).await?;
    sqlx::query!("delete from proposals where draft_id = $1", id.0).execute(&mut *conn).await?;
    sqlx::query!("delete from comments where draft_id = $1", id.0).execute(&mut *conn).await?;
    sqlx::query!("update draft_revisions set text = '' where draft_id = $1", id.0).execute(&mut *conn).await?;
    sqlx::query!("update ratings set note = '' where trial_id in (select id from trials where draft_id = $1)", id.0)
        .execute(&mut *conn)
        .await?;
    sqlx::query!(
        "update trials
        set question = 'removed with its draft', response = null, citation_check = null, failure_detail = null,
            retrieval_id = null
        where draft_id = $1",
        id.0,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!("update drafts set purged_at = $2 where id = $1", id.0, now).execute(conn).await?;
    Ok(())
}
