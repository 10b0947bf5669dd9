//! What an export and an import need beside the prompts and versions of [`library`](super::library): labels.

use super::{Conn, Error};
use crate::domain::{PromptId, VersionNumber};

/// The labels of a prompt, each with its version, by name.
pub async fn labels(conn: &mut Conn, prompt: PromptId) -> Result<Vec<(String, VersionNumber)>, Error> {
    let rows = sqlx::query!("select label, version from prompt_labels where prompt_id = $1 order by label", prompt.0)
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| (row.label, VersionNumber(row.version))).collect())
}

/// Puts a new label onto a version.
pub async fn insert_label(conn: &mut Conn, prompt: PromptId, label: &str, version: VersionNumber) -> Result<(), Error> {
    sqlx::query!(
        "insert into prompt_labels (prompt_id, label, version) values ($1, $2, $3)",
        prompt.0,
        label,
        version.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The version that a label points to.
pub async fn labelled(conn: &mut Conn, prompt: PromptId, label: &str) -> Result<Option<VersionNumber>, Error> {
    let version =
        sqlx::query_scalar!("select version from prompt_labels where prompt_id = $1 and label = $2", prompt.0, label,)
            .fetch_optional(conn)
            .await?;
    Ok(version.map(VersionNumber))
}
