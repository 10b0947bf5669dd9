//! Who may do what with drafts and prompts. The rule itself is in the database: `visible_drafts`, `visible_prompts`.

use super::{Conn, Error, corrupt};
use crate::domain::access::Visibility;
use crate::domain::sharing::{Grant, Holder, Target, Thing};
use crate::domain::{Access, AccountId, ChatId, DraftId, Instant, PromptId};

/// The thing that a person names, what it is called, and the conversation of the workshop that it is or came from.
pub async fn find_target(conn: &mut Conn, target: &Target) -> Result<Option<(Thing, String, Option<ChatId>)>, Error> {
    match target {
        Target::Draft(id) => {
            let row = sqlx::query!("select name, chat_id from drafts where id = $1", id.0).fetch_optional(conn).await?;
            Ok(row.map(|row| (Thing::Draft(*id), row.name, Some(ChatId(row.chat_id)))))
        }
        Target::Prompt(name) => {
            let row = sqlx::query!(
                r#"select p.id, p.name, (
                    select d.chat_id
                    from prompt_versions v
                    join drafts d on d.id = v.draft_id
                    where v.prompt_id = p.id
                    order by v.number desc
                    limit 1
                ) as chat_id
                from prompts p
                where p.name = $1"#,
                name,
            )
            .fetch_optional(conn)
            .await?;
            Ok(row.map(|row| (Thing::Prompt(PromptId(row.id)), row.name, row.chat_id.map(ChatId))))
        }
    }
}

/// What an account may do with a draft; `None` when it may not even know of it.
pub async fn draft_access(conn: &mut Conn, draft: DraftId, account: AccountId) -> Result<Option<Access>, Error> {
    let word = sqlx::query_scalar!(
        r#"select access as "access!" from visible_drafts($2) where draft_id = $1"#,
        draft.0,
        account.0,
    )
    .fetch_optional(conn)
    .await?;
    word.map(|word| word.parse().map_err(corrupt("grants", draft))).transpose()
}

/// What an account may do with a prompt; `None` when it may not even know of it.
pub async fn prompt_access(conn: &mut Conn, prompt: PromptId, account: AccountId) -> Result<Option<Access>, Error> {
    let word = sqlx::query_scalar!(
        r#"select access as "access!" from visible_prompts($2) where prompt_id = $1"#,
        prompt.0,
        account.0,
    )
    .fetch_optional(conn)
    .await?;
    word.map(|word| word.parse().map_err(corrupt("grants", prompt))).transpose()
}

/// What an account may do with a thing; `None` when it may not even know of it.
pub async fn access(conn: &mut Conn, thing: Thing, account: AccountId) -> Result<Option<Access>, Error> {
    match thing {
        Thing::Draft(id) => draft_access(conn, id, account).await,
        Thing::Prompt(id) => prompt_access(conn, id, account).await,
    }
}

/// Lets an account do something with a draft, if nobody decided on it before; false when somebody had.
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

/// Every grant of a thing, people before teams, by name.
pub async fn list(conn: &mut Conn, thing: Thing) -> Result<Vec<Grant>, Error> {
    let rows = sqlx::query!(
        r#"select a.name as "person?", t.name as "team?", g.access, g.created_at
        from grants g
        left join accounts a on a.id = g.account_id
        left join teams t on t.id = g.team_id
        where (g.draft_id = $1 or g.prompt_id = $2) and g.access not in ('removed', 'left')
        order by g.team_id is not null, a.name, t.name"#,
        thing.draft().map(|id| id.0),
        thing.prompt().map(|id| id.0),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let access = row.access.parse().map_err(corrupt("grants", row.created_at))?;
            let holder = match (row.person, row.team) {
                (Some(person), _) => Holder::Person(person),
                (None, team) => Holder::Team(team.unwrap_or_default()),
            };
            Ok(Grant { holder, access, since: row.created_at })
        })
        .collect()
}

/// What became of an account's own access to a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// It may do this.
    Granted(Access),
    /// It was taken away.
    Removed,
    /// It was given up.
    Left,
}

impl Held {
    fn as_str(self) -> &'static str {
        match self {
            Self::Granted(access) => access.as_str(),
            Self::Removed => "removed",
            Self::Left => "left",
        }
    }
}

/// What was decided on an account's own access to a thing; `None` when nothing was.
pub async fn find(conn: &mut Conn, thing: Thing, account: AccountId) -> Result<Option<Held>, Error> {
    let word = sqlx::query_scalar!(
        "select access from grants where account_id = $1 and (draft_id = $2 or prompt_id = $3)",
        account.0,
        thing.draft().map(|id| id.0),
        thing.prompt().map(|id| id.0),
    )
    .fetch_optional(conn)
    .await?;
    word.map(|word| match word.as_str() {
        "removed" => Ok(Held::Removed),
        "left" => Ok(Held::Left),
        access => access.parse().map(Held::Granted).map_err(corrupt("grants", account)),
    })
    .transpose()
}

/// Notes what was decided on an account's own access to a thing; false when it was so before.
pub async fn put(conn: &mut Conn, thing: Thing, account: AccountId, held: Held, now: Instant) -> Result<bool, Error> {
    let word = held.as_str();
    let done = match thing {
        Thing::Draft(id) => {
            sqlx::query!(
                "insert into grants as g (account_id, draft_id, access, created_at) values ($1, $2, $3, $4)
                on conflict (account_id, draft_id) do update set access = $3, created_at = $4 where g.access <> $3",
                account.0,
                id.0,
                word,
                now,
            )
            .execute(conn)
            .await?
        }
        Thing::Prompt(id) => {
            sqlx::query!(
                "insert into grants as g (account_id, prompt_id, access, created_at) values ($1, $2, $3, $4)
                on conflict (account_id, prompt_id) do update set access = $3, created_at = $4 where g.access <> $3",
                account.0,
                id.0,
                word,
                now,
            )
            .execute(conn)
            .await?
        }
    };
    Ok(done.rows_affected() == 1)
}

/// Lets a team do something with a thing; false when it could do just that before.
pub async fn put_team(conn: &mut Conn, thing: Thing, team: i32, access: Access, now: Instant) -> Result<bool, Error> {
    let word = access.as_str();
    let done = match thing {
        Thing::Draft(id) => {
            sqlx::query!(
                "insert into grants as g (team_id, draft_id, access, created_at) values ($1, $2, $3, $4)
                on conflict (team_id, draft_id) do update set access = $3, created_at = $4 where g.access <> $3",
                team,
                id.0,
                word,
                now,
            )
            .execute(conn)
            .await?
        }
        Thing::Prompt(id) => {
            sqlx::query!(
                "insert into grants as g (team_id, prompt_id, access, created_at) values ($1, $2, $3, $4)
                on conflict (team_id, prompt_id) do update set access = $3, created_at = $4 where g.access <> $3",
                team,
                id.0,
                word,
                now,
            )
            .execute(conn)
            .await?
        }
    };
    Ok(done.rows_affected() == 1)
}

/// Takes a team's grant away; false when it had none.
pub async fn delete_team(conn: &mut Conn, thing: Thing, team: i32) -> Result<bool, Error> {
    let done = sqlx::query!(
        "delete from grants where team_id = $1 and (draft_id = $2 or prompt_id = $3)",
        team,
        thing.draft().map(|id| id.0),
        thing.prompt().map(|id| id.0),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Who owns a thing, who sees it, and the team that a team's visibility means.
pub async fn holding(conn: &mut Conn, thing: Thing) -> Result<Option<(Option<AccountId>, Visibility, i32)>, Error> {
    let row = sqlx::query!(
        r#"select owner_id as "owner_id?", visibility as "visibility!", team_id as "team_id!" from drafts where id = $1
        union all
        select owner_id, visibility, team_id from prompts where id = $2"#,
        thing.draft().map(|id| id.0),
        thing.prompt().map(|id| id.0),
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        let visibility = row.visibility.parse().map_err(corrupt("visibility", row.team_id))?;
        Ok((row.owner_id.map(AccountId), visibility, row.team_id))
    })
    .transpose()
}

/// Locks a thing until the transaction ends, so that two changes to who may do what come one after the other.
pub async fn lock(conn: &mut Conn, thing: Thing) -> Result<(), Error> {
    match thing {
        Thing::Draft(id) => {
            sqlx::query!("select id from drafts where id = $1 for update", id.0).fetch_optional(conn).await?;
        }
        Thing::Prompt(id) => {
            sqlx::query!("select id from prompts where id = $1 for update", id.0).fetch_optional(conn).await?;
        }
    }
    Ok(())
}

/// Changes who sees a thing without being named.
pub async fn set_visibility(conn: &mut Conn, thing: Thing, visibility: Visibility) -> Result<(), Error> {
    let word = visibility.as_str();
    match thing {
        Thing::Draft(id) => {
            sqlx::query!("update drafts set visibility = $2 where id = $1", id.0, word).execute(conn).await?;
        }
        Thing::Prompt(id) => {
            sqlx::query!("update prompts set visibility = $2 where id = $1", id.0, word).execute(conn).await?;
        }
    }
    Ok(())
}

/// Makes another account the owner of a thing; what it was granted before is nothing beside that.
pub async fn set_owner(conn: &mut Conn, thing: Thing, owner: AccountId) -> Result<(), Error> {
    match thing {
        Thing::Draft(id) => {
            sqlx::query!("update drafts set owner_id = $2 where id = $1", id.0, owner.0).execute(&mut *conn).await?;
            sqlx::query!(
                "update chats set owner_id = $2 where id = (select chat_id from drafts where id = $1)",
                id.0,
                owner.0
            )
            .execute(&mut *conn)
            .await?;
        }
        Thing::Prompt(id) => {
            sqlx::query!("update prompts set owner_id = $2 where id = $1", id.0, owner.0).execute(&mut *conn).await?;
        }
    }
    sqlx::query!(
        "delete from grants where account_id = $1 and (draft_id = $2 or prompt_id = $3)",
        owner.0,
        thing.draft().map(|id| id.0),
        thing.prompt().map(|id| id.0),
    )
    .execute(conn)
    .await?;
    Ok(())
}
