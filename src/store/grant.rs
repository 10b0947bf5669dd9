//! What accounts that are not the owner may do.

use super::{Conn, Error, corrupt};
use crate::domain::{Access, AccountId, DraftId, Instant, PromptId};

/// What an account may do with a draft; `None` when it may not even know of it.
pub async fn draft_access(conn: &mut Conn, draft: DraftId, account: AccountId) -> Result<Option<Access>, Error> {
    let word = sqlx::query_scalar!(
        r#"select case when d.owner_id = $2 then 'owner' else g.access end as "access"
        from drafts d
        left join grants g on g.draft_id = d.id and g.account_id = $2
        where d.id = $1"#,
        draft.0,
        account.0,
    )
    .fetch_optional(conn)
    .await?;
    word.flatten().map(|word| word.parse().map_err(corrupt("grants", draft))).transpose()
}

/// What an account may do with a prompt; `None` when it may not even know of it.
pub async fn prompt_access(conn: &mut Conn, prompt: PromptId, account: AccountId) -> Result<Option<Access>, Error> {
    let word = sqlx::query_scalar!(
        r#"select case
            when p.owner_id = $2 then 'owner'
            when g.access is not null then g.access
            when p.visibility = 'public' then 'viewer'
            when p.visibility = 'team' and exists (
                select from memberships m where m.team_id = p.team_id and m.account_id = $2
            ) then 'viewer'
        end as "access"
        from prompts p
        left join grants g on g.prompt_id = p.id and g.account_id = $2
        where p.id = $1"#,
        prompt.0,
        account.0,
    )
    .fetch_optional(conn)
    .await?;
    word.flatten().map(|word| word.parse().map_err(corrupt("grants", prompt))).transpose()
}

/// Lets an account do something with a draft, if it could do nothing with it before; false when it could.
pub async fn insert_draft(
    conn: &mut Conn,
    account: AccountId,
    draft: DraftId,
    access: Access,
    now: Instant,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "insert into grants (account_id, draft_id, access, created_at)
        select $1, $2, $3, $4
        where not exists (select from drafts where id = $2 and owner_id = $1)
        on conflict (account_id, draft_id) do nothing",
        account.0,
        draft.0,
        access.as_str(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
