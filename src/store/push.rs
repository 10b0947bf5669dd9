//! Pushes to an Auspex, and which prompts there were created from here.

use super::{Conn, Error, corrupt};
use crate::domain::push::{Known, Push, RemotePrompt};
use crate::domain::{AccountId, Instant, PromptId, PushId, VersionNumber};

struct Row {
    id: uuid::Uuid,
    prompt_id: i32,
    remote_name: String,
    version: i32,
    account_id: uuid::Uuid,
    url: String,
    status: String,
    attempts: i32,
    failure: Option<String>,
    place: Option<serde_json::Value>,
    created_at: Instant,
    finished_at: Option<Instant>,
}

impl TryFrom<Row> for Push {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: PushId(row.id),
            prompt: PromptId(row.prompt_id),
            name: row.remote_name,
            version: VersionNumber(row.version),
            account: AccountId(row.account_id),
            url: row.url,
            status: row.status.parse().map_err(corrupt("pushes", row.id))?,
            attempts: row.attempts,
            failure: row.failure,
            place: row.place.map(serde_json::from_value).transpose().map_err(corrupt("pushes", row.id))?,
            created_at: row.created_at,
            finished_at: row.finished_at,
        })
    }
}

/// The columns of a push, for the queries below.
macro_rules! select_push {
    ($conn:expr, $fetch:ident, $rest:literal $(, $arg:expr)*) => {
        sqlx::query_as!(
            Row,
            "select id, prompt_id, remote_name, version, account_id, url, status, attempts, failure, place, created_at,
                finished_at
            from pushes " + $rest $(, $arg)*
        ).$fetch($conn).await?
    };
}

/// The push with this id.
pub async fn find(conn: &mut Conn, id: PushId) -> Result<Option<Push>, Error> {
    select_push!(conn, fetch_optional, "where id = $1", id.0).map(Push::try_from).transpose()
}

/// The push that an account asked for under a key, if that arrived before.
pub async fn find_by_key(conn: &mut Conn, account: AccountId, key: &str) -> Result<Option<Push>, Error> {
    select_push!(conn, fetch_optional, "where account_id = $1 and client_key = $2", account.0, key)
        .map(Push::try_from)
        .transpose()
}

/// A page of the pushes of a prompt, newest first, and how many there are in all.
pub async fn list(conn: &mut Conn, prompt: PromptId, limit: i64, offset: i64) -> Result<(Vec<Push>, i64), Error> {
    let total = sqlx::query_scalar!(r#"select count(*) as "count!" from pushes where prompt_id = $1"#, prompt.0)
        .fetch_one(&mut *conn)
        .await?;
    let rows = select_push!(
        conn,
        fetch_all,
        "where prompt_id = $1 order by sequence desc limit $2 offset $3",
        prompt.0,
        limit,
        offset
    );
    Ok((rows.into_iter().map(Push::try_from).collect::<Result<_, _>>()?, total))
}

/// Keeps other pushes of a prompt from being added until the transaction ends, so that their order is that of their commits.
pub async fn lock_prompt(conn: &mut Conn, prompt: PromptId) -> Result<(), Error> {
    sqlx::query_scalar!("select id from prompts where id = $1 for no key update", prompt.0)
        .fetch_optional(conn)
        .await?;
    Ok(())
}

/// Adds a waiting push.
pub async fn insert(conn: &mut Conn, push: &Push, client_key: Option<&str>) -> Result<(), Error> {
    let place = push.place.as_ref().map(serde_json::to_value).transpose().map_err(corrupt("pushes", push.id))?;
    sqlx::query!(
        "insert into pushes (id, prompt_id, version, account_id, url, remote_name, client_key, place, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        push.id.0,
        push.prompt.0,
        push.version.0,
        push.account.0,
        push.url,
        push.name,
        client_key,
        place,
        push.created_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Starts a push under a fresh token and says how often that was done. `None` when it has ended, or when it is not its turn:
/// it is given a job again when the one before has ended.
pub async fn start(conn: &mut Conn, id: PushId, token: uuid::Uuid) -> Result<Option<i32>, Error> {
    let attempts = sqlx::query_scalar!(
        "update pushes p
        set status = 'running', token = $2, attempts = attempts + 1
        where p.id = $1 and p.status in ('queued', 'running') and not exists (
            select from pushes b
            where b.prompt_id = p.prompt_id and b.sequence < p.sequence and b.status in ('queued', 'running')
        )
        returning attempts",
        id.0,
        token,
    )
    .fetch_optional(conn)
    .await?;
    Ok(attempts)
}

/// Shows a push as waiting again while it waits for its next try.
pub async fn give_back(conn: &mut Conn, id: PushId, token: uuid::Uuid) -> Result<(), Error> {
    sqlx::query!(
        "update pushes set status = 'queued', token = null where id = $1 and token = $2 and status = 'running'",
        id.0,
        token,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends a push, well without a failure; `token` must still hold it, where one is given.
pub async fn end(
    conn: &mut Conn,
    id: PushId,
    token: Option<uuid::Uuid>,
    failure: Option<&str>,
    now: Instant,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "update pushes
        set status = case when $3::text is null then 'succeeded' else 'failed' end, failure = $3, finished_at = $4
        where id = $1 and status in ('queued', 'running') and ($2::uuid is null or token = $2)",
        id.0,
        token,
        failure,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The push of a prompt whose turn it is.
pub async fn next(conn: &mut Conn, prompt: PromptId) -> Result<Option<PushId>, Error> {
    let id = sqlx::query_scalar!(
        "select id from pushes
        where prompt_id = $1 and status in ('queued', 'running')
        order by sequence
        limit 1",
        prompt.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(id.map(PushId))
}

/// Unfinished pushes whose turn it is and whose jobs of queue `queue` (key `push:<id>…`) have all ended or are gone.
pub async fn orphans(conn: &mut Conn, queue: &str, asked_before: Instant) -> Result<Vec<PushId>, Error> {
    let ids = sqlx::query_scalar!(
        "select p.id
        from pushes p
        where p.status in ('queued', 'running') and p.created_at < $2
            and not exists (
                select from pushes b
                where b.prompt_id = p.prompt_id and b.sequence < p.sequence and b.status in ('queued', 'running')
            )
            and not exists (
                select from apalis.jobs j
                where j.job_type = $1 and starts_with(j.idempotency_key, 'push:' || p.id::text)
                    and (
                        j.status in ('Pending', 'Queued', 'Running')
                        or (j.status = 'Failed' and j.attempts < j.max_attempts)
                    )
            )",
        queue,
        asked_before,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(PushId).collect())
}

/// What we know of a prompt there.
pub async fn known(conn: &mut Conn, url: &str, name: &str) -> Result<Option<Known>, Error> {
    let row = sqlx::query!(
        "select intended, created, remote_id from remote_prompts where url = $1 and name = $2",
        url,
        name,
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        let intended = serde_json::from_value(row.intended).map_err(corrupt("remote_prompts", name))?;
        Ok(Known { intended, created: row.created, remote_id: row.remote_id })
    })
    .transpose()
}

/// Notes that a prompt is about to be created there, where there is none of its name.
pub async fn intend(conn: &mut Conn, url: &str, prompt: &RemotePrompt, now: Instant) -> Result<(), Error> {
    let intended = serde_json::to_value(prompt).map_err(corrupt("remote_prompts", &prompt.name))?;
    sqlx::query!(
        "insert into remote_prompts (url, name, intended, changed_at) values ($1, $2, $3, $4)
        on conflict (url, name) do update
        set intended = excluded.intended, created = false, remote_id = '', changed_at = excluded.changed_at",
        url,
        prompt.name,
        intended,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets that a prompt was about to be created there, unless it was.
pub async fn forget(conn: &mut Conn, url: &str, name: &str) -> Result<(), Error> {
    sqlx::query!("delete from remote_prompts where url = $1 and name = $2 and not created", url, name)
        .execute(conn)
        .await?;
    Ok(())
}

/// Notes what a prompt there says now, and that it is ours.
pub async fn pushed(
    conn: &mut Conn,
    push: &Push,
    (remote_id, says): (&str, &RemotePrompt),
    hash: &str,
    now: Instant,
) -> Result<(), Error> {
    let intended = serde_json::to_value(says).map_err(corrupt("remote_prompts", &push.name))?;
    sqlx::query!(
        "insert into remote_prompts (url, name, intended, created, remote_id, version, hash, changed_at)
        values ($1, $2, $3, true, $4, $5, $6, $7)
        on conflict (url, name) do update
        set created = true, remote_id = coalesce(nullif(excluded.remote_id, ''), remote_prompts.remote_id),
            version = excluded.version, hash = excluded.hash, changed_at = excluded.changed_at",
        push.url,
        push.name,
        intended,
        remote_id,
        push.version.0,
        hash,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
