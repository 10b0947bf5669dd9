//! Prompts, their versions and labels.

use super::{Conn, Error, corrupt};
use crate::domain::access::Visibility;
use crate::domain::library::Prompt;
use crate::domain::{AccountId, DraftId, Instant, PromptId, RevisionNumber, VersionNumber};

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
    shipped: bool,
    created_at: Instant,
    updated_at: Instant,
}

impl TryFrom<Row> for Prompt {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self, Error> {
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
            shipped: row.shipped,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// The columns of a prompt `p` with its newest version, for the queries below.
macro_rules! select_prompt {
    ($conn:expr, $fetch:ident, $rest:literal $(, $arg:expr)*) => {
        sqlx::query_as!(
            Row,
            r#"select p.id, p.name, p.title, p.description, p.owner_id, o.name as "owner_name?", p.visibility,
                parent.name as "parent_name?", p.parent_version, p.family_id, p.version, v.text, p.shipped,
                p.created_at, p.updated_at
            from prompts p
            join prompt_versions v on v.prompt_id = p.id and v.number = p.version
            left join accounts o on o.id = p.owner_id
            left join prompts parent on parent.id = p.parent_id
            "# + $rest $(, $arg)*
        ).$fetch($conn).await?
    };
}

/// The prompt of this name.
pub async fn find(conn: &mut Conn, name: &str) -> Result<Option<Prompt>, Error> {
    select_prompt!(conn, fetch_optional, "where p.name = $1", name).map(Prompt::try_from).transpose()
}

/// The prompt with this id.
pub async fn find_by_id(conn: &mut Conn, id: PromptId) -> Result<Option<Prompt>, Error> {
    select_prompt!(conn, fetch_optional, "where p.id = $1", id.0).map(Prompt::try_from).transpose()
}

/// The prompt of this name if the account may see it, with what the account may do with it.
pub async fn find_visible(
    conn: &mut Conn,
    name: &str,
    account: AccountId,
) -> Result<Option<(Prompt, crate::domain::Access)>, Error> {
    let Some(prompt) = find(conn, name).await? else { return Ok(None) };
    let access = super::grant::prompt_access(conn, prompt.id, account).await?;
    Ok(access.map(|access| (prompt, access)))
}

/// A page of the prompts that an account may see, by name, and how many there are in all.
///
/// `words` must all appear in name, title, description or text.
pub async fn list(
    conn: &mut Conn,
    account: AccountId,
    words: &[String],
    limit: i64,
    offset: i64,
) -> Result<(Vec<Prompt>, i64), Error> {
    let patterns: Vec<String> = words.iter().map(|word| format!("%{}%", escape_like(word))).collect();
    let ids = sqlx::query_scalar!(
        r#"select p.id
        from prompts p
        join prompt_versions v on v.prompt_id = p.id and v.number = p.version
        where p.id in (select prompt_id from visible_prompts($1))
            and concat_ws(e'\n', p.name, p.title, p.description, v.text) ilike all ($2)
        order by p.name"#,
        account.0,
        &patterns,
    )
    .fetch_all(&mut *conn)
    .await?;
    let total = ids.len() as i64;
    let page: Vec<i32> = ids.into_iter().skip(offset.max(0) as usize).take(limit.max(0) as usize).collect();
    let rows = select_prompt!(conn, fetch_all, "where p.id = any($1) order by p.name", &page);
    Ok((rows.into_iter().map(Prompt::try_from).collect::<Result<_, _>>()?, total))
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

/// Where a version's text came from.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// The draft and its revision.
    pub draft: Option<(DraftId, RevisionNumber)>,
    /// Who published it.
    pub author: Option<AccountId>,
    /// Why.
    pub note: String,
}

/// Adds a text as a prompt's next version and makes it the newest.
pub async fn insert_version(
    conn: &mut Conn,
    prompt: PromptId,
    text: &str,
    origin: &Origin,
    now: Instant,
) -> Result<VersionNumber, Error> {
    let number = sqlx::query_scalar!(
        "with next as (
            update prompts set version = version + 1, updated_at = $7 where id = $1 returning version
        )
        insert into prompt_versions (prompt_id, number, text, note, draft_id, draft_revision, author_id, created_at)
        select $1, next.version, $2, $3, $4, $5, $6, $7 from next
        returning number",
        prompt.0,
        text,
        origin.note,
        origin.draft.map(|(draft, _)| draft.0),
        origin.draft.map(|(_, revision)| revision.0),
        origin.author.map(|id| id.0),
        now,
    )
    .fetch_one(conn)
    .await?;
    Ok(VersionNumber(number))
}

/// Saves a prompt's title and description.
pub async fn update(conn: &mut Conn, id: PromptId, title: &str, description: &str, now: Instant) -> Result<(), Error> {
    sqlx::query!(
        "update prompts set title = $2, description = $3, updated_at = $4 where id = $1",
        id.0,
        title,
        description,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// One version of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its number, from 1.
    pub number: VersionNumber,
    /// The text.
    pub text: String,
    /// Why it was made.
    pub note: String,
    /// Who published it.
    pub author: Option<String>,
    /// When.
    pub created_at: Instant,
}

/// Every version of a prompt, oldest first.
pub async fn versions(conn: &mut Conn, prompt: PromptId) -> Result<Vec<Version>, Error> {
    let rows = sqlx::query!(
        r#"select v.number, v.text, v.note, a.name as "author?", v.created_at
        from prompt_versions v
        left join accounts a on a.id = v.author_id
        where v.prompt_id = $1
        order by v.number"#,
        prompt.0,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Version {
            number: VersionNumber(row.number),
            text: row.text,
            note: row.note,
            author: row.author,
            created_at: row.created_at,
        })
        .collect())
}

/// The text of one version of a prompt.
pub async fn version_text(conn: &mut Conn, prompt: PromptId, number: VersionNumber) -> Result<Option<String>, Error> {
    let text = sqlx::query_scalar!(
        "select text from prompt_versions where prompt_id = $1 and number = $2",
        prompt.0,
        number.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(text)
}

/// Drafts that were started from a prompt.
pub async fn count_clones(conn: &mut Conn, prompt: PromptId) -> Result<i64, Error> {
    let count = sqlx::query_scalar!(r#"select count(*) as "count!" from drafts where parent_prompt_id = $1"#, prompt.0)
        .fetch_one(conn)
        .await?;
    Ok(count)
}
