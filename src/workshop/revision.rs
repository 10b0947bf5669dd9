//! Revisions: every saved text of a draft, read, compared and taken back.

use super::delivery::{Note, Refresh};
use super::{Error, Noun, Workshop};
use crate::domain::draft::{Draft, Revision, RevisionEntry, Source};
use crate::domain::proposal::{self, DiffPart};
use crate::domain::{Access, Actor, DraftId, RevisionNumber};
use crate::store;

impl Workshop {
    /// Every revision of a draft, oldest first.
    pub async fn revisions(&self, actor: &Actor, id: DraftId) -> Result<Vec<Revision>, Error> {
        let mut conn = self.store.conn().await?;
        self.draft_for(&mut conn, actor, id, Access::Viewer).await?;
        Ok(store::draft::revisions(&mut conn, id).await?)
    }

    /// The latest revisions of a draft without their texts, newest first.
    pub async fn latest_revisions(&self, actor: &Actor, id: DraftId, most: i64) -> Result<Vec<RevisionEntry>, Error> {
        let mut conn = self.store.conn().await?;
        self.draft_for(&mut conn, actor, id, Access::Viewer).await?;
        Ok(store::revision::latest(&mut conn, id, most).await?)
    }

    /// One revision of a draft.
    pub async fn revision(&self, actor: &Actor, id: DraftId, number: RevisionNumber) -> Result<Revision, Error> {
        let mut conn = self.store.conn().await?;
        self.draft_for(&mut conn, actor, id, Access::Viewer).await?;
        store::revision::find(&mut conn, id, number).await?.ok_or(Error::NotFound(Noun::Revision))
    }

    /// How revision `to` differs from revision `from`: a unified diff, and the same word by word.
    pub async fn revision_diff(
        &self,
        actor: &Actor,
        id: DraftId,
        from: RevisionNumber,
        to: RevisionNumber,
    ) -> Result<(String, Vec<DiffPart>), Error> {
        let mut conn = self.store.conn().await?;
        self.draft_for(&mut conn, actor, id, Access::Viewer).await?;
        let missing = || Error::NotFound(Noun::Revision);
        let before = store::draft::revision_text(&mut conn, id, from).await?.ok_or_else(missing)?;
        let after = store::draft::revision_text(&mut conn, id, to).await?.ok_or_else(missing)?;
        let unified = proposal::unified(&before, &after, &format!("revision {from}"), &format!("revision {to}"));
        Ok((unified, proposal::words(&before, &after)))
    }

    /// Makes the text of a revision the draft's again; nothing changes when it is already.
    pub async fn use_revision(&self, actor: &Actor, id: DraftId, number: RevisionNumber) -> Result<Draft, Error> {
        let mut tx = self.store.begin().await?;
        let mut draft = self.writable_draft(&mut tx, actor, id, Access::Editor).await?;
        let text = store::draft::revision_text(&mut tx, id, number).await?.ok_or(Error::NotFound(Noun::Revision))?;
        if text != draft.text {
            let before = draft.revision;
            self.add_revision(&mut tx, &mut draft, &text, Source::Restore, Some(actor)).await?;
            let note = Note::Edited { by: actor.name.clone(), revision: draft.revision.0, before: before.0 };
            self.note(&mut tx, draft.chat, &note).await?;
            self.refresh(&mut tx, draft.chat, Refresh::Card { draft: id }).await?;
        }
        store::commit(tx).await?;
        Ok(draft)
    }
}
