//! Proposals: changes by the AI that a person accepts, whole or in part, or rejects.

use serde_json::json;

use super::delivery::Refresh;
use super::event::{Event, notify};
use super::{Error, Noun, Workshop};
use crate::domain::draft::{Draft, Source};
use crate::domain::proposal::{self, ProposalStatus};
use crate::domain::sharing::Thing;
use crate::domain::{Access, Actor, DraftId, ProposalNumber};
use crate::store::activity::{self, Happened};
pub use crate::store::proposal::Proposal;
use crate::store::{self, Conn};

impl Workshop {
    /// Every proposal of a draft, oldest first.
    pub async fn proposals(&self, actor: &Actor, draft: DraftId) -> Result<Vec<Proposal>, Error> {
        let mut conn = self.store.conn().await?;
        self.draft_for(&mut conn, actor, draft, Access::Viewer).await?;
        Ok(store::proposal::list(&mut conn, draft).await?)
    }

    /// Accepts a proposal, or only the changes with these numbers; the result is the draft's next revision.
    ///
    /// A draft that was edited since the proposal was made is [`Error::Stale`]: nothing of the edit is overwritten.
    pub async fn accept_proposal(
        &self,
        actor: &Actor,
        id: DraftId,
        number: ProposalNumber,
        changes: Option<&[usize]>,
    ) -> Result<(Draft, Proposal), Error> {
        let mut tx = self.store.begin().await?;
        let mut draft = self.writable_draft(&mut tx, actor, id, Access::Editor).await?;
        let open = open_proposal(&mut tx, id, number).await?;
        if draft.text != open.base_text {
            return Err(Error::Stale { current: Box::new(draft) });
        }
        let (text, status) = match changes {
            None => (open.text.clone(), ProposalStatus::Accepted),
            Some(chosen) => {
                let text = proposal::apply(&open.base_text, &open.text, chosen)?;
                let whole = text == open.text;
                (text, if whole { ProposalStatus::Accepted } else { ProposalStatus::PartlyAccepted })
            }
        };
        if text != draft.text {
            self.add_revision(&mut tx, &mut draft, &text, Source::Accept, Some(actor)).await?;
        }
        let revision = Some(draft.revision);
        store::proposal::decide(&mut tx, id, number, status, actor.account, revision, self.now()).await?;
        let decided = store::proposal::find(&mut tx, id, number).await?.ok_or(Error::NotFound(Noun::Proposal))?;
        self.proposal_decided(&mut tx, actor, &draft, &decided).await?;
        store::commit(tx).await?;
        Ok((draft, decided))
    }

    /// Rejects a proposal; the draft stays as it is.
    pub async fn reject_proposal(&self, actor: &Actor, id: DraftId, number: ProposalNumber) -> Result<Proposal, Error> {
        let mut tx = self.store.begin().await?;
        let draft = self.writable_draft(&mut tx, actor, id, Access::Editor).await?;
        open_proposal(&mut tx, id, number).await?;
        let now = self.now();
        store::proposal::decide(&mut tx, id, number, ProposalStatus::Rejected, actor.account, None, now).await?;
        store::draft::touch(&mut tx, id, draft.status, now).await?;
        let decided = store::proposal::find(&mut tx, id, number).await?.ok_or(Error::NotFound(Noun::Proposal))?;
        self.proposal_decided(&mut tx, actor, &draft, &decided).await?;
        store::commit(tx).await?;
        Ok(decided)
    }

    async fn proposal_decided(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        draft: &Draft,
        decided: &Proposal,
    ) -> Result<(), Error> {
        let detail = json!({ "proposal": decided.number, "decision": decided.status });
        let event = activity::Event::thing(Happened::ProposalDecided, actor.account, Thing::Draft(draft.id), detail);
        activity::insert(conn, &event, self.now()).await?;
        if let Some(message) = decided.message {
            self.refresh(conn, draft.chat, Refresh::Message { message }).await?;
        }
        self.refresh(conn, draft.chat, Refresh::Card { draft: draft.id }).await?;
        notify(conn, &Event::ChatChanged { chat: draft.chat }).await?;
        notify(conn, &Event::DraftChanged { draft: draft.id }).await
    }
}

async fn open_proposal(conn: &mut store::Conn, draft: DraftId, number: ProposalNumber) -> Result<Proposal, Error> {
    let found = store::proposal::find(conn, draft, number).await?.ok_or(Error::NotFound(Noun::Proposal))?;
    match found.status {
        ProposalStatus::Open => Ok(found),
        ProposalStatus::Accepted
        | ProposalStatus::PartlyAccepted
        | ProposalStatus::Rejected
        | ProposalStatus::Superseded => Err(Error::Decided(found.status)),
    }
}
