//! The tests of a draft, summed up by what was tested.

use super::super::{Conn, Error};
use crate::domain::batch::share;
use crate::domain::history::Tested;
use crate::domain::{DraftId, RevisionNumber, VersionNumber};

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
