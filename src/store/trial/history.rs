//! The tests of a draft, summed up by what was tested.

use super::super::{Conn, Error};
use super::Row;
use crate::domain::batch::share;
use crate::domain::history::{Tested, Wanted};
use crate::domain::trial::Trial;
use crate::domain::{DraftId, RevisionNumber, VersionNumber};

/// A page of the tests wanted, and how many there are on all pages.
pub async fn page(
    conn: &mut Conn,
    draft: DraftId,
    wanted: Wanted,
    limit: i64,
    offset: i64,
) -> Result<(Vec<Trial>, i64), Error> {
    let (revision, status) = (wanted.revision.map(|number| number.0), wanted.status.map(|status| status.as_str()));
    let rows = super::select_trial!(
        &mut *conn,
        fetch_all,
        "left join lateral (select avg(r.stars) as mean from ratings r where r.trial_id = t.id) s on true
        where t.draft_id = $1
            and ($2::integer is null or t.revision = $2)
            and ($3::text is null or t.status = $3)
            and ($4::boolean is null or (s.mean is not null) = $4)
        order by
            case when $5 = 'stars' then s.mean end desc nulls last,
            case when $5 = 'fastest' then t.execution_ms end nulls last,
            case when $5 = 'oldest' then t.id end,
            t.id desc
        limit $6 offset $7",
        draft.0,
        revision,
        status,
        wanted.rated,
        wanted.sort.as_str(),
        limit,
        offset
    );
    let total = sqlx::query_scalar!(
        r#"select count(*) as "total!" from trials t
        where t.draft_id = $1
            and ($2::integer is null or t.revision = $2)
            and ($3::text is null or t.status = $3)
            and ($4::boolean is null or exists (
                select from ratings r where r.trial_id = t.id and r.stars is not null
            ) = $4)"#,
        draft.0,
        revision,
        status,
        wanted.rated,
    )
    .fetch_one(conn)
    .await?;
    Ok((rows.into_iter().map(Trial::try_from).collect::<Result<_, _>>()?, total))
}

/// What the tests of each revision, and of each version, of a draft have in common; the latest texts last.
pub async fn of(conn: &mut Conn, draft: DraftId) -> Result<Vec<Tested>, Error> {
    let rows = sqlx::query!(
        r#"select t.revision, t.prompt_version,
            count(*) as "tests!",
            count(*) filter (where t.status = 'succeeded') as "answered!",
            coalesce(sum(r.ratings), 0)::bigint as "ratings!",
            (sum(r.stars) / nullif(sum(r.ratings), 0))::double precision as mean_rating,
            coalesce(sum((t.citation_check->>'valid')::integer), 0)::integer as "valid!",
            coalesce(sum(jsonb_array_length(t.citation_check->'items')), 0)::integer as "links!",
            (avg(t.execution_ms) / 1000)::double precision as mean_seconds
        from trials t
        left join lateral (
            select count(r.stars) as ratings, sum(r.stars) as stars from ratings r where r.trial_id = t.id
        ) r on true
        where t.draft_id = $1 and (t.revision is not null or t.prompt_version is not null)
        group by t.revision, t.prompt_version
        order by t.revision nulls first, t.prompt_version"#,
        draft.0,
    )
    .fetch_all(conn)
    .await?;
    let tested = rows.into_iter().map(|row| Tested {
        revision: row.revision.map(RevisionNumber),
        version: row.prompt_version.map(VersionNumber),
        tests: row.tests,
        answered: row.answered,
        ratings: row.ratings,
        mean_rating: row.mean_rating,
        citation_validity: share(row.valid, row.links),
        mean_seconds: row.mean_seconds,
    });
    Ok(tested.collect())
}
