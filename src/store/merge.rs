//! Joining two accounts of one person. A table that names accounts has its line here.

use super::{Conn, Error};
use crate::domain::AccountId;

/// Makes everything of one account another's, and removes the first.
pub async fn accounts(conn: &mut Conn, from: AccountId, into: AccountId) -> Result<(), Error> {
    let (from, into) = (from.0, into.0);
    sqlx::query!("update drafts set owner_id = $2 where owner_id = $1", from, into).execute(&mut *conn).await?;
    sqlx::query!("update chats set owner_id = $2 where owner_id = $1", from, into).execute(&mut *conn).await?;
    sqlx::query!("update prompts set owner_id = $2 where owner_id = $1", from, into).execute(&mut *conn).await?;
    sqlx::query!("update trials set account_id = $2 where account_id = $1", from, into).execute(&mut *conn).await?;
    sqlx::query!("update messages set author_id = $2 where author_id = $1", from, into).execute(&mut *conn).await?;
    sqlx::query!("update draft_revisions set author_id = $2 where author_id = $1", from, into)
        .execute(&mut *conn)
        .await?;
    sqlx::query!("update prompt_versions set author_id = $2 where author_id = $1", from, into)
        .execute(&mut *conn)
        .await?;
    sqlx::query!("update proposals set decided_by = $2 where decided_by = $1", from, into).execute(&mut *conn).await?;
    sqlx::query!("update deliveries set account_id = $2 where account_id = $1", from, into).execute(&mut *conn).await?;
    sqlx::query!("update activity set account_id = $2 where account_id = $1", from, into).execute(&mut *conn).await?;
    sqlx::query!("update suites set owner_id = $2 where owner_id = $1", from, into).execute(&mut *conn).await?;
    sqlx::query!("update batches set account_id = $2 where account_id = $1", from, into).execute(&mut *conn).await?;
    sqlx::query!("update feeds set added_by = $2 where added_by = $1", from, into).execute(&mut *conn).await?;
    sqlx::query!(
        "update pushes p set account_id = $2
        where p.account_id = $1
            and not exists (select from pushes o where o.account_id = $2 and o.client_key = p.client_key)",
        from,
        into,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!("update invites set created_by = $2 where created_by = $1", from, into).execute(&mut *conn).await?;
    sqlx::query!(
        "update comments c set author_id = $2
        where c.author_id = $1
            and not exists (select from comments o where o.author_id = $2 and o.client_key = c.client_key)",
        from,
        into,
    )
    .execute(&mut *conn)
    .await?;
    // Whether somebody is a guest is decided for the account that stays.
    sqlx::query!(
        "insert into memberships (team_id, account_id)
        select team_id, $2 from memberships where account_id = $1 and team_id <> 1
        on conflict do nothing",
        from,
        into,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update answers a set account_id = $2
        where a.account_id = $1
            and not exists (select from answers o where o.account_id = $2 and o.client_key = a.client_key)",
        from,
        into,
    )
    .execute(&mut *conn)
    .await?;
    // Where both have one, the account that stays keeps its own.
    sqlx::query!(
        "update ratings r set account_id = $2
        where r.account_id = $1
            and not exists (select from ratings o where o.trial_id = r.trial_id and o.account_id = $2)",
        from,
        into,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update answer_ratings r set account_id = $2
        where r.account_id = $1
            and not exists (select from answer_ratings o where o.answer_id = r.answer_id and o.account_id = $2)",
        from,
        into,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update grants g set account_id = $2
        where g.account_id = $1
            and not exists (
                select from grants o
                where o.account_id = $2
                    and (o.draft_id = g.draft_id or o.prompt_id = g.prompt_id)
            )",
        from,
        into,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!("update openid_identities set account_id = $2 where account_id = $1", from, into)
        .execute(&mut *conn)
        .await?;
    sqlx::query!("update browser_sessions set account_id = $2 where account_id = $1", from, into)
        .execute(&mut *conn)
        .await?;
    sqlx::query!("delete from accounts where id = $1", from).execute(conn).await?;
    Ok(())
}
