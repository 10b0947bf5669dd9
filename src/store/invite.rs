//! Links that let people in.

use super::{Conn, Error, corrupt};
use crate::domain::sharing::{Invite, Thing};
use crate::domain::{Access, AccountId, DraftId, Instant, InviteId, PromptId};

/// Adds a link, known by its fingerprint.
pub async fn insert(conn: &mut Conn, thing: Thing, invite: &Invite, by: AccountId, hash: &[u8]) -> Result<(), Error> {
    sqlx::query!(
        "insert into invites (id, hash, draft_id, prompt_id, access, created_by, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)",
        invite.id.0,
        hash,
        thing.draft().map(|id| id.0),
        thing.prompt().map(|id| id.0),
        invite.access.as_str(),
        by.0,
        invite.created_at,
        invite.expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The links of a thing that still work, oldest first.
pub async fn list(conn: &mut Conn, thing: Thing, now: Instant) -> Result<Vec<Invite>, Error> {
    let rows = sqlx::query!(
        r#"select i.id, i.access, a.name as "created_by?", i.created_at, i.expires_at, i.uses
        from invites i
        left join accounts a on a.id = i.created_by
        where (i.draft_id = $1 or i.prompt_id = $2) and i.revoked_at is null and i.expires_at > $3
        order by i.id"#,
        thing.draft().map(|id| id.0),
        thing.prompt().map(|id| id.0),
        now,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Invite {
                id: InviteId(row.id),
                access: row.access.parse().map_err(corrupt("invites", row.id))?,
                created_by: row.created_by,
                created_at: row.created_at,
                expires_at: row.expires_at,
                uses: row.uses,
            })
        })
        .collect()
}

/// What a link opens, while it works.
pub async fn find_open(conn: &mut Conn, hash: &[u8], now: Instant) -> Result<Option<(InviteId, Thing, Access)>, Error> {
    let row = sqlx::query!(
        "select id, draft_id, prompt_id, access from invites
        where hash = $1 and revoked_at is null and expires_at > $2",
        hash,
        now,
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let access = row.access.parse().map_err(corrupt("invites", row.id))?;
    let thing = match (row.draft_id, row.prompt_id) {
        (Some(draft), _) => Thing::Draft(DraftId(draft)),
        (None, Some(prompt)) => Thing::Prompt(PromptId(prompt)),
        (None, None) => return Ok(None),
    };
    Ok(Some((InviteId(row.id), thing, access)))
}

/// Notes that somebody used a link.
pub async fn used(conn: &mut Conn, id: InviteId) -> Result<(), Error> {
    sqlx::query!("update invites set uses = uses + 1 where id = $1", id.0).execute(conn).await?;
    Ok(())
}

/// Makes a link of a thing work no more; `None` when the thing has no such link, false when it did not work before.
pub async fn revoke(conn: &mut Conn, thing: Thing, id: InviteId, now: Instant) -> Result<Option<bool>, Error> {
    let found = sqlx::query_scalar!(
        r#"with before as (select id, revoked_at from invites where id = $3 and (draft_id = $1 or prompt_id = $2)),
        changed as (update invites i set revoked_at = coalesce(i.revoked_at, $4) from before where i.id = before.id)
        select revoked_at is null as "was_open!" from before"#,
        thing.draft().map(|id| id.0),
        thing.prompt().map(|id| id.0),
        id.0,
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(found)
}
