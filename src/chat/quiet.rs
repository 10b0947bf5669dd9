//! Commands that change nothing: they are answered at once, without being stored.

use super::command::{Command, Where};
use super::handle::Turn;
use super::reply::{self, Reply, scene};
use crate::domain::DraftId;
use crate::domain::library::Filter;
use crate::domain::proposal::ProposalStatus;
use crate::workshop::Error;

/// How many drafts or prompts one reply lists.
const LISTED: i64 = 15;

/// What a command that changes nothing shows; `None` for the others.
pub(super) async fn show(turn: &Turn<'_>, command: &Command, living: Option<DraftId>) -> Result<Option<Reply>, Error> {
    let (workshop, actor, marker) = (turn.workshop, &turn.actor, turn.marker);
    Ok(Some(match command {
        Command::Help => reply::help(marker, Where::Platforms),
        Command::Quit => Reply::said("Everything is kept. Just stop writing; come back whenever you like."),
        Command::Topic(_) => reply::topics(&workshop.topics().await?, None),
        Command::List => {
            let (drafts, total) = workshop.drafts(actor, None, LISTED, 0).await?;
            reply::drafts(&drafts, total, marker)
        }
        Command::Library(query) => {
            let (prompts, total) =
                workshop.prompts(actor, &Filter { query: query.clone(), ..Filter::default() }, LISTED, 0).await?;
            reply::prompts(&prompts, total, marker)
        }
        Command::Draft => {
            let draft = turn.draft(living).await?;
            let shown = reply::draft(&draft);
            if draft.text.is_empty() || draft.writable().is_err() { shown } else { scene::work_on(shown, &draft) }
        }
        Command::Tests => {
            let draft = turn.draft(living).await?;
            let (trials, total) = workshop.trials(actor, draft.id, LISTED, 0).await?;
            reply::trials(&trials, total, &workshop.history(actor, draft.id).await?, marker)
        }
        Command::Diff => {
            let draft = turn.draft(living).await?;
            let proposals = workshop.proposals(actor, draft.id).await?;
            match proposals.iter().rev().find(|proposal| proposal.status == ProposalStatus::Open) {
                Some(open) => scene::changes(open),
                None => reply::no_proposal(),
            }
        }
        Command::Errand(errand) if errand.only_reads() => errand.run(&turn.caller(living)).await?,
        Command::Errand(_)
        | Command::New(_)
        | Command::Open(_)
        | Command::Say(_)
        | Command::Test { .. }
        | Command::Rate { .. }
        | Command::Accept(_)
        | Command::Reject
        | Command::Ready
        | Command::Commit { .. }
        | Command::Clone(_)
        | Command::Ask { .. }
        | Command::Improve { .. }
        | Command::Restore(_)
        | Command::Link(_)
        | Command::Web => return Ok(None),
    }))
}
