//! Versions of prompts, and the labels that point to them.

use super::{Conn, Error, library};
use crate::domain::library::{Evidence, Label, Version};
use crate::domain::{AccountId, DraftId, Instant, PromptId, RevisionNumber, VersionNumber};

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
pub async fn insert(
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
    .fetch_one(&mut *conn)
    .await?;
    library::renew_words(conn, prompt).await?;
    Ok(VersionNumber(number))
}

struct Row {
    number: i32,
    note: String,
    author: Option<String>,
    draft_id: Option<i32>,
    draft_revision: Option<i32>,
    labels: Vec<String>,
    tests: i64,
    mean_rating: Option<f64>,
    length: i32,
    created_at: Instant,
}

impl From<Row> for Version {
    fn from(row: Row) -> Self {
        Self {
            number: VersionNumber(row.number),
            note: row.note,
            author: row.author,
            draft: row.draft_id.map(DraftId).zip(row.draft_revision.map(RevisionNumber)),
            labels: row.labels,
            tests: row.tests,
            mean_rating: row.mean_rating,
            length: row.length,
            created_at: row.created_at,
        }
    }
}

/// A page of a prompt's versions, newest first; with `only`, that version alone.
pub async fn list(
    conn: &mut Conn,
    prompt: PromptId,
    only: Option<VersionNumber>,
    limit: i64,
    offset: i64,
) -> Result<Vec<Version>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"select v.number, v.note, a.name as "author?", v.draft_id, v.draft_revision,
            coalesce(
                (
                    select array_agg(l.label order by l.label)
                    from prompt_labels l
                    where l.prompt_id = v.prompt_id and l.version = v.number
                ),
                '{}'
            ) as "labels!",
            e.tests as "tests!", e.mean as mean_rating, char_length(v.text) as "length!", v.created_at
        from prompt_versions v
        left join accounts a on a.id = v.author_id
        cross join lateral (
            select count(distinct t.id) as tests, avg(r.stars)::double precision as mean
            from trials t
            left join ratings r on r.trial_id = t.id
            where t.draft_id = v.draft_id and t.revision = v.draft_revision and t.status = 'succeeded'
        ) e
        where v.prompt_id = $1 and ($2::integer is null or v.number = $2)
        order by v.number desc
        limit $3 offset $4"#,
        prompt.0,
        only.map(|number| number.0),
        limit,
        offset,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Version::from).collect())
}

/// What the tests of each prompt's newest version came to.
pub async fn evidence(conn: &mut Conn, prompts: &[PromptId]) -> Result<Vec<Evidence>, Error> {
    let ids: Vec<i32> = prompts.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"select p.id, count(distinct t.id) as "tests!", count(r.stars) as "ratings!",
            avg(r.stars)::double precision as mean
        from prompts p
        join prompt_versions v on v.prompt_id = p.id and v.number = p.version
        left join trials t on t.draft_id = v.draft_id and t.revision = v.draft_revision and t.status = 'succeeded'
        left join ratings r on r.trial_id = t.id
        where p.id = any($1)
        group by p.id"#,
        &ids,
    )
    .fetch_all(conn)
    .await?;
    let evidence =
        |prompt, tests, ratings, mean_rating| Evidence { prompt: PromptId(prompt), tests, ratings, mean_rating };
    Ok(rows.into_iter().map(|row| evidence(row.id, row.tests, row.ratings, row.mean)).collect())
}

/// A version with its text, as it is exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Full {
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

/// Every version of a prompt with its text, oldest first.
pub async fn texts(conn: &mut Conn, prompt: PromptId) -> Result<Vec<Full>, Error> {
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
    let full = rows.into_iter().map(|row| Full {
        number: VersionNumber(row.number),
        text: row.text,
        note: row.note,
        author: row.author,
        created_at: row.created_at,
    });
    Ok(full.collect())
}

/// The text of one version of a prompt.
pub async fn text(conn: &mut Conn, prompt: PromptId, number: VersionNumber) -> Result<Option<String>, Error> {
    let text = sqlx::query_scalar!(
        "select text from prompt_versions where prompt_id = $1 and number = $2",
        prompt.0,
        number.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(text)
}

/// Points a label to a version, and says to which it pointed before.
pub async fn set_label(
    conn: &mut Conn,
    prompt: PromptId,
    label: &Label,
    version: VersionNumber,
    now: Instant,
) -> Result<Option<VersionNumber>, Error> {
    let before = find_label(&mut *conn, prompt, label).await?;
    sqlx::query!(
        "insert into prompt_labels (prompt_id, label, version, set_at)
        values ($1, $2, $3, $4)
        on conflict (prompt_id, label) do update set version = $3, set_at = $4",
        prompt.0,
        label.as_str(),
        version.0,
        now,
    )
    .execute(&mut *conn)
    .await?;
    touch(conn, prompt, now).await?;
    Ok(before)
}

/// Takes a label away; `None` when there was no such label.
pub async fn delete_label(
    conn: &mut Conn,
    prompt: PromptId,
    label: &Label,
    now: Instant,
) -> Result<Option<VersionNumber>, Error> {
    let version = sqlx::query_scalar!(
        "delete from prompt_labels where prompt_id = $1 and label = $2 returning version",
        prompt.0,
        label.as_str(),
    )
    .fetch_optional(&mut *conn)
    .await?;
    touch(conn, prompt, now).await?;
    Ok(version.map(VersionNumber))
}

/// The version that a label points to.
pub async fn find_label(conn: &mut Conn, prompt: PromptId, label: &Label) -> Result<Option<VersionNumber>, Error> {
    let version = sqlx::query_scalar!(
        "select version from prompt_labels where prompt_id = $1 and label = $2",
        prompt.0,
        label.as_str(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(version.map(VersionNumber))
}

async fn touch(conn: &mut Conn, prompt: PromptId, now: Instant) -> Result<(), Error> {
    sqlx::query!("update prompts set updated_at = $2 where id = $1", prompt.0, now).execute(conn).await?;
    Ok(())
}
