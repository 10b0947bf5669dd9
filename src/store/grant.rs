//! What accounts that are not the owner may do.

use super::{Conn, Error, corrupt};
use crate::domain::{Access, AccountId, DraftId, PromptId};

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
