//! Prompts: finding, listing, adding, changing and deleting them. Their versions and labels are in [`super::version`].

use std::collections::BTreeMap;

use super::{Conn, Error, corrupt};
use crate::domain::access::Visibility;
use crate::domain::library::{Filter, Prompt, Relative, Sort};
use crate::domain::{AccountId, Instant, PromptId, VersionNumber};

struct Row {
    id: i32,
    name: String,
    title: String,
    description: String,
    owner_id: Option<uuid::Uuid>,
    owner_name: Option<String>,
    visibility: String,
    parent_name: Option<String>,
    parent_version: Option<i32>,
    family_id: i32,
    version: i32,
    text: String,
    tags: Vec<String>,
    labels: serde_json::Value,
    deprecated_at: Option<Instant>,
    successor: Option<String>,
    uses: i64,
    shipped: bool,
    created_at: Instant,
    updated_at: Instant,
    access: Option<String>,
}

impl TryFrom<Row> for Prompt {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self, Error> {
        let labels = serde_json::from_value::<BTreeMap<String, VersionNumber>>(row.labels);
        Ok(Self {
            id: PromptId(row.id),
            name: row.name,
            title: row.title,
            description: row.description,
            owner: row.owner_id.map(AccountId),
            owner_name: row.owner_name,
            visibility: row.visibility.parse::<Visibility>().map_err(corrupt("prompts", row.id))?,
            parent: row.parent_name.zip(row.parent_version.map(VersionNumber)),
            family: PromptId(row.family_id),
            version: VersionNumber(row.version),
            text: row.text,
            tags: row.tags,
            labels: labels.map_err(corrupt("prompt_labels", row.id))?,
            deprecated_at: row.deprecated_at,
            successor: row.successor,
            uses: row.uses,
            shipped: row.shipped,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// The columns of a prompt `p` with its newest version, for the queries below.
macro_rules! select_prompt {
    ($conn:expr, $fetch:ident, $rest:literal $(, $arg:expr)*) => {
        select_prompt!(access "null::text", $conn, $fetch, $rest $(, $arg)*)
    };
    (access $access:literal, $conn:expr, $fetch:ident, $rest:literal $(, $arg:expr)*) => {
        sqlx::query_as!(
            Row,
            r#"select p.id, p.name, p.title, p.description, p.owner_id, o.name as "owner_name?", p.visibility,
                parent.name as "parent_name?", p.parent_version, p.family_id, p.version, v.text, p.tags,
                coalesce(
                    (select jsonb_object_agg(l.label, l.version) from prompt_labels l where l.prompt_id = p.id), '{}'
                ) as "labels!", p.deprecated_at, successor.name as "successor?", p.uses, p.shipped, p.created_at,
                p.updated_at, "# + $access + r#" as "access?"
            from prompts p
            join prompt_versions v on v.prompt_id = p.id and v.number = p.version
            left join accounts o on o.id = p.owner_id
            left join prompts parent on parent.id = p.parent_id
            left join prompts successor on successor.id = p.successor_id and successor.deleted_at is null
            "# + $rest $(, $arg)*
        ).$fetch($conn).await?
    };
}

/// The prompt of this name.
pub async fn find(conn: &mut Conn, name: &str) -> Result<Option<Prompt>, Error> {
    select_prompt!(conn, fetch_optional, "where p.name = $1 and p.deleted_at is null", name)
        .map(Prompt::try_from)
        .transpose()
}

/// The prompt with this id.
pub async fn find_by_id(conn: &mut Conn, id: PromptId) -> Result<Option<Prompt>, Error> {
    select_prompt!(conn, fetch_optional, "where p.id = $1 and p.deleted_at is null", id.0)
        .map(Prompt::try_from)
        .transpose()
}

/// The prompt of this name if the account may see it, with what the account may do with it.
pub async fn find_visible(
    conn: &mut Conn,
    name: &str,
    account: AccountId,
) -> Result<Option<(Prompt, crate::domain::Access)>, Error> {
    let row = select_prompt!(
        access "(select seen.access from visible_prompts($2) seen where seen.prompt_id = p.id)",
        conn,
        fetch_optional,
        "where p.name = $1 and p.deleted_at is null",
        name,
        account.0
    );
    let Some((row, access)) = row.and_then(|row| row.access.clone().map(|access| (row, access))) else {
        return Ok(None);
    };
    let access = access.parse().map_err(corrupt("grants", row.id))?;
    Ok(Some((Prompt::try_from(row)?, access)))
}

/// The name of a prompt, also of one that was deleted.
pub async fn find_name(conn: &mut Conn, id: PromptId) -> Result<Option<String>, Error> {
    Ok(sqlx::query_scalar!("select name from prompts where id = $1", id.0).fetch_optional(conn).await?)
}

/// Like [`find`], locked until the transaction ends.
pub async fn lock(conn: &mut Conn, id: PromptId) -> Result<Option<Prompt>, Error> {
    select_prompt!(conn, fetch_optional, "where p.id = $1 and p.deleted_at is null for update of p", id.0)
        .map(Prompt::try_from)
        .transpose()
}

/// A page of the prompts that an account may see, and how many there are in all.
pub async fn list(
    conn: &mut Conn,
    account: AccountId,
    filter: &Filter,
    limit: i64,
    offset: i64,
) -> Result<(Vec<Prompt>, i64), Error> {
    let words: Vec<&str> = filter.query.split_whitespace().take(20).collect();
    let patterns: Vec<String> = words.iter().map(|word| format!("%{}%", escape_like(word))).collect();
    let found = sqlx::query!(
        r#"select p.id, count(*) over () as "total!"
        from prompts p
        where p.deleted_at is null
            and p.id in (select prompt_id from visible_prompts($1))
            and (
                $2 = ''
                or p.words @@ to_tsquery('simple', $2)
                or concat_ws(e'\n', p.name, p.title, p.description, array_to_string(p.tags, ' ')) ilike all ($3)
            )
            and ($4::text is null or $4 = any(p.tags))
            and ($5::text is null or p.visibility = $5)
        order by
            case when $6 = 'updated' then p.updated_at end desc,
            case when $6 = 'created' then p.created_at end desc,
            case when $6 = 'uses' then p.uses end desc,
            p.name
        limit $7 offset $8"#,
        account.0,
        search_words(&words),
        &patterns,
        filter.tag,
        filter.visibility.map(Visibility::as_str),
        filter.sort.unwrap_or(Sort::Name).as_str(),
        limit,
        offset,
    )
    .fetch_all(&mut *conn)
    .await?;
    let total = match found.first() {
        Some(first) => first.total,
        None if offset > 0 => Box::pin(list(&mut *conn, account, filter, 1, 0)).await?.1,
        None => 0,
    };
    let ids: Vec<i32> = found.into_iter().map(|row| row.id).collect();
    let rows = select_prompt!(conn, fetch_all, "where p.id = any($1) order by array_position($1, p.id)", &ids);
    Ok((rows.into_iter().map(Prompt::try_from).collect::<Result<_, _>>()?, total))
}

/// A `tsquery` that wants a word beginning with each of these; empty when they hold no letters or digits.
fn search_words(words: &[&str]) -> String {
    let parts = words.iter().flat_map(|word| word.split(|c: char| !c.is_alphanumeric()));
    let parts: Vec<String> = parts.filter(|part| !part.is_empty()).map(|part| format!("{part}:*")).collect();
    match parts.is_empty() && !words.is_empty() {
        // A word that no text has, so that only names and titles are looked at.
        true => "\u{10fffd}".to_owned(),
        false => parts.join(" & "),
    }
}

fn escape_like(word: &str) -> String {
    word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// What a new prompt starts with, but its text.
#[derive(Debug, Clone)]
pub struct NewPrompt<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its title.
    pub title: &'a str,
    /// What it is for.
    pub description: &'a str,
    /// Who owns it; nobody for what ships with the service.
    pub owner: Option<AccountId>,
    /// Who sees it.
    pub visibility: Visibility,
    /// The version it is a clone of.
    pub parent: Option<(PromptId, VersionNumber)>,
    /// Whether it ships with the service.
    pub shipped: bool,
}

/// Adds a prompt with version 1 to come; a taken name is [`Error::Taken`].
pub async fn insert(conn: &mut Conn, new: &NewPrompt<'_>, now: Instant) -> Result<PromptId, Error> {
    let id = sqlx::query_scalar!(
        "with id as (select nextval(pg_get_serial_sequence('prompts', 'id'))::integer as next)
        insert into prompts
            (id, name, title, description, owner_id, visibility, parent_id, parent_version, family_id, version, shipped,
             created_at, updated_at)
        overriding system value
        select id.next, $1, $2, $3, $4, $5, $6, $7,
            coalesce((select family_id from prompts where id = $6), id.next), 0, $8, $9, $9
        from id
        returning id",
        new.name,
        new.title,
        new.description,
        new.owner.map(|id| id.0),
        new.visibility.as_str(),
        new.parent.map(|(prompt, _)| prompt.0),
        new.parent.map(|(_, version)| version.0),
        new.shipped,
        now,
    )
    .fetch_one(conn)
    .await?;
    Ok(PromptId(id))
}

/// What people say about a prompt.
#[derive(Debug, Clone)]
pub struct About<'a> {
    /// Its title.
    pub title: &'a str,
    /// What it is for.
    pub description: &'a str,
    /// Words to find it by.
    pub tags: &'a [String],
}

/// Saves what people say about a prompt.
pub async fn update(conn: &mut Conn, id: PromptId, about: &About<'_>, now: Instant) -> Result<(), Error> {
    sqlx::query!(
        "update prompts set title = $2, description = $3, tags = $4, updated_at = $5 where id = $1",
        id.0,
        about.title,
        about.description,
        about.tags,
        now,
    )
    .execute(&mut *conn)
    .await?;
    renew_words(conn, id).await
}

/// Renews what a prompt is found by.
pub(super) async fn renew_words(conn: &mut Conn, id: PromptId) -> Result<(), Error> {
    sqlx::query!(
        "update prompts p
        set words =
            setweight(to_tsvector('simple', concat_ws(' ', replace(p.name, '_', ' '), p.title, array_to_string(p.tags, ' '))), 'A')
            || setweight(to_tsvector('simple', p.description), 'B')
            || setweight(to_tsvector('simple', v.text), 'C')
        from prompt_versions v
        where p.id = $1 and v.prompt_id = p.id and v.number = p.version",
        id.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Says that a prompt should not be used any more and what to use instead, or takes that back.
pub async fn set_deprecated(
    conn: &mut Conn,
    id: PromptId,
    deprecated_at: Option<Instant>,
    successor: Option<PromptId>,
    now: Instant,
) -> Result<(), Error> {
    sqlx::query!(
        "update prompts set deprecated_at = $2, successor_id = $3, updated_at = $4 where id = $1",
        id.0,
        deprecated_at,
        successor.map(|id| id.0),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Counts one use of a prompt.
pub async fn count_use(conn: &mut Conn, id: PromptId) -> Result<(), Error> {
    sqlx::query!("update prompts set uses = uses + 1 where id = $1", id.0).execute(conn).await?;
    Ok(())
}

/// Deletes a prompt: its texts, labels and grants go, its name is free; the row stays for its clones.
pub async fn delete(conn: &mut Conn, id: PromptId, now: Instant) -> Result<(), Error> {
    sqlx::query!("delete from prompt_labels where prompt_id = $1", id.0).execute(&mut *conn).await?;
    sqlx::query!("delete from grants where prompt_id = $1", id.0).execute(&mut *conn).await?;
    sqlx::query!("update prompt_versions set text = '', note = '' where prompt_id = $1", id.0)
        .execute(&mut *conn)
        .await?;
    sqlx::query!(
        "update prompts set deleted_at = $2, updated_at = $2, description = '', tags = '{}', words = '' where id = $1",
        id.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The members of a family, also those that were deleted, in the order in which they came.
pub async fn family(conn: &mut Conn, family: PromptId) -> Result<Vec<Relative>, Error> {
    let rows = sqlx::query!(
        r#"select id, name, title, version, parent_id, parent_version, deprecated_at is not null as "deprecated!",
            deleted_at is not null as "deleted!", uses
        from prompts
        where family_id = $1
        order by id
        limit 1000"#,
        family.0,
    )
    .fetch_all(conn)
    .await?;
    let relative = rows.into_iter().map(|row| Relative {
        id: PromptId(row.id),
        name: row.name,
        title: row.title,
        version: VersionNumber(row.version),
        parent: row.parent_id.map(PromptId).zip(row.parent_version.map(VersionNumber)),
        deprecated: row.deprecated,
        deleted: row.deleted,
        uses: row.uses,
    });
    Ok(relative.collect())
}

/// Drafts that were started from a prompt.
pub async fn count_clones(conn: &mut Conn, prompt: PromptId) -> Result<i64, Error> {
    let count = sqlx::query_scalar!(r#"select count(*) as "count!" from drafts where parent_prompt_id = $1"#, prompt.0)
        .fetch_one(conn)
        .await?;
    Ok(count)
}
