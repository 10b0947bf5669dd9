//! Single revisions of a draft, and the list of them without their texts.

use super::{Conn, Error, corrupt};
use crate::domain::draft::{Revision, RevisionEntry, Source};
use crate::domain::{DraftId, RevisionNumber};

/// The latest revisions of a draft, newest first.
pub async fn latest(conn: &mut Conn, id: DraftId, most: i64) -> Result<Vec<RevisionEntry>, Error> {
    let rows = sqlx::query!(
        r#"select r.number, r.source, a.name as "author?", char_length(r.text) as "length!", r.created_at
        from draft_revisions r
        left join accounts a on a.id = r.author_id
        where r.draft_id = $1
        order by r.number desc
        limit $2"#,
        id.0,
        most,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(RevisionEntry {
                number: RevisionNumber(row.number),
                source: row.source.parse::<Source>().map_err(corrupt("draft_revisions", id))?,
                author: row.author,
                length: usize::try_from(row.length).unwrap_or_default(),
                created_at: row.created_at,
            })
        })
        .collect()
}

/// One revision.
pub async fn find(conn: &mut Conn, id: DraftId, number: RevisionNumber) -> Result<Option<Revision>, Error> {
    let row = sqlx::query!(
        r#"select r.number, r.text, r.source, a.name as "author?", r.created_at
        from draft_revisions r
        left join accounts a on a.id = r.author_id
        where r.draft_id = $1 and r.number = $2"#,
        id.0,
        number.0,
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        Ok(Revision {
            number: RevisionNumber(row.number),
            text: row.text,
            source: row.source.parse::<Source>().map_err(corrupt("draft_revisions", id))?,
            author: row.author,
            created_at: row.created_at,
        })
    })
    .transpose()
}
