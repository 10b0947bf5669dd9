//! What pressing a button and sending a form does.

use super::button::{Button, Press};
use super::compare;
use super::handle::{Answer, Turn, commit_of, is_committed_as};
use super::inbound::Form;
use super::reply::{self, Reply, scene};
use crate::domain::draft::{self, ReadOnly};
use crate::domain::trial::{self, Stars, TrialRequest};
use crate::domain::{DraftId, Invalid, MessageId, ProposalNumber, RevisionNumber, TrialId};
use crate::workshop::draft::{Save, Start};
use crate::workshop::message::Choice;
use crate::workshop::{Error, Noun};

/// A button was pressed. Those that ask for something by a form are answered by the platform, which can show one.
pub(super) async fn pressed(turn: &Turn<'_>, button: &Button, value: &str, message: &str) -> Result<Answer, Error> {
    let (workshop, actor) = (turn.workshop, &turn.actor);
    match button.press {
        // The number holds the question and the answer; some platforms send the answer's words too.
        Press::Answer if value.is_empty() => {
            let (question, answer) = ((button.number / 100).max(0), (button.number % 100).max(0));
            choose(turn, button, Choice::Offered(question as usize, answer as usize)).await
        }
        Press::Answer => choose(turn, button, Choice::One((button.number / 100).max(0) as usize, value)).await,
        Press::Decide => choose(turn, button, Choice::Defaults).await,
        Press::Use => {
            let id = draft_of(button)?;
            let revision = RevisionNumber(number_of(button)?);
            let draft = workshop.use_revision(actor, id, revision).await?;
            let said = workshop.messages(actor, draft.chat).await?;
            match said.into_iter().rev().find(|said| said.revision == Some(revision)) {
                Some(said) => mark(turn, message, scene::used(&said, &draft, &actor.name)).await,
                None => Ok(Answer::Whisper(reply::used(&draft))),
            }
        }
        Press::Accept => {
            let proposal = ProposalNumber(number_of(button)?);
            workshop.accept_proposal(actor, draft_of(button)?, proposal, None).await?;
            Ok(Answer::Nothing)
        }
        Press::Reject => {
            let proposal = ProposalNumber(number_of(button)?);
            workshop.reject_proposal(actor, draft_of(button)?, proposal).await?;
            Ok(Answer::Nothing)
        }
        Press::Diff => {
            let (id, to) = (draft_of(button)?, number_of(button)?);
            if to < 2 {
                return Ok(Answer::Whisper(Reply::said(
                    "This is the first text; there is nothing to compare it with.",
                )));
            }
            let (unified, _) = workshop.revision_diff(actor, id, RevisionNumber(to - 1), RevisionNumber(to)).await?;
            Ok(Answer::Whisper(reply::diff(to, &unified)))
        }
        Press::Web => {
            let draft = workshop.draft(actor, draft_of(button)?).await?;
            Ok(Answer::Whisper(super::outline::web_draft(workshop, actor, draft.id).await?))
        }
        Press::Rate => {
            let trial = workshop.find_trial(actor, trial_of(button)?).await?;
            workshop.rate_trial(actor, trial.draft, trial.id, Some(Stars::parse(button.number)?), None).await?;
            match message {
                "" => Ok(Answer::Whisper(Reply::said(format!("You gave {} ★.", button.number)))),
                _ => Ok(Answer::Nothing),
            }
        }
        Press::Again => {
            let trial = workshop.find_trial(actor, trial_of(button)?).await?;
            workshop.rerun_trial_once(actor, trial.draft, trial.id, false, Some(turn.key)).await?;
            Ok(Answer::Nothing)
        }
        Press::Cancel => {
            let trial = workshop.find_trial(actor, trial_of(button)?).await?;
            workshop.cancel_trial(actor, trial.draft, trial.id).await?;
            Ok(Answer::Nothing)
        }
        Press::StopBatch => {
            let batch = button.id.parse().map_err(|_| Error::NotFound(Noun::Batch))?;
            workshop.cancel_batch_anywhere(actor, batch).await?;
            Ok(Answer::Nothing)
        }
        Press::Open => turn.open(draft_of(button)?).await,
        Press::Clone => turn.begin(Start { parent: Some(button.id.clone()), ..Start::default() }).await,
        Press::Keep => {
            let draft = workshop.save_draft(actor, draft_of(button)?, Save::default()).await?;
            mark(turn, message, reply::kept(&draft, &actor.name, workshop.expires_at(&draft))).await
        }
        Press::LetGo => {
            let draft = workshop.draft(actor, draft_of(button)?).await?;
            mark(turn, message, reply::let_go(&draft, &actor.name, workshop.expires_at(&draft))).await
        }
        Press::Restore => {
            let draft = super::outline::restore(workshop, actor, draft_of(button)?).await?;
            Ok(Answer::Whisper(reply::restored(&draft)))
        }
        Press::Pick
        | Press::Test
        | Press::Edit
        | Press::Commit
        | Press::Note
        | Press::Compare
        | Press::New
        | Press::Say
        | Press::Resume => Ok(Answer::Nothing),
    }
}

/// A form was sent. Its values were checked when it was; they are checked again where they are used.
pub(super) async fn submitted(turn: &Turn<'_>, form: &Form) -> Result<Answer, Error> {
    let (workshop, actor) = (turn.workshop, &turn.actor);
    match form {
        Form::Test { draft, question, topic, articles, model, window } => {
            let request = TrialRequest {
                question: trial::parse_question(question)?,
                topic: topic.clone(),
                article_limit: trial::parse_limit(Some((*articles).into()))?,
                model: model.clone(),
                window: *window,
                rating: None,
                note: String::new(),
            };
            turn.start_test(*draft, request).await
        }
        Form::Edit { draft, base, text } => {
            let text = draft::parse_text("draft_content", text)?;
            let save = Save { text: Some(text.clone()), expected: Some(*base), ..Save::default() };
            match workshop.save_draft(actor, *draft, save).await {
                // The same edit made again.
                Err(Error::Stale { current }) if current.text == text => Ok(Answer::Nothing),
                saved => saved.map(|_| Answer::Nothing),
            }
        }
        Form::Commit { draft, name, title, description, confirm } => {
            commit(turn, *draft, name, title, description, *confirm).await
        }
        Form::Note { trial, note } => {
            let trial = workshop.find_trial(actor, *trial).await?;
            let note = trial::parse_note(note)?;
            workshop.rate_trial(actor, trial.draft, trial.id, None, Some(&note)).await?;
            Ok(Answer::Whisper(Reply::said("Your note is kept with the test.")))
        }
        Form::Pick { draft, proposal, changes } => {
            workshop.accept_proposal(actor, *draft, *proposal, Some(changes)).await?;
            Ok(Answer::Nothing)
        }
        Form::Compare { trial, with } => Ok(Answer::Here(compare::compare(workshop, actor, *trial, *with).await?)),
        Form::Say { draft, text } => turn.say_by_form(*draft, text).await,
        Form::New { need } => turn.start(need).await,
    }
}

/// Commits a draft; everybody where it lives is told. The same commit made again is a success that does nothing.
pub(super) async fn commit(
    turn: &Turn<'_>,
    draft: DraftId,
    name: &str,
    title: &str,
    description: &str,
    confirm: bool,
) -> Result<Answer, Error> {
    let commit = commit_of(name, title, description, confirm)?;
    match turn.workshop.commit_draft(&turn.actor, draft, commit).await {
        Ok((prompt, version)) => {
            // Where the draft does not live, nobody was told yet.
            let homes = turn.workshop.homes(&turn.actor, draft).await?;
            if homes.iter().any(|home| home.place == turn.inbound.place) {
                return Ok(Answer::Nothing);
            }
            Ok(Answer::Whisper(reply::committed(&prompt, version, turn.marker)))
        }
        Err(Error::ReadOnly(ReadOnly::Committed)) if is_committed_as(turn, draft, name).await? => Ok(Answer::Nothing),
        Err(error) => Err(error),
    }
}

async fn choose(turn: &Turn<'_>, button: &Button, choice: Choice<'_>) -> Result<Answer, Error> {
    let message = MessageId(button.id.parse().map_err(|_| gone())?);
    let new = turn.workshop.choose(&turn.actor, message, choice, Some(&turn.inbound.place)).await?;
    if new { Ok(Answer::Nothing) } else { Ok(Answer::Whisper(reply::answered_already())) }
}

/// Writes what was done onto the message whose button was pressed.
async fn mark(turn: &Turn<'_>, message: &str, reply: Reply) -> Result<Answer, Error> {
    if message.is_empty() {
        return Ok(Answer::Whisper(reply));
    }
    let json = serde_json::to_value(reply).unwrap_or_default();
    turn.workshop.edit_in(&turn.inbound.place, message, json, turn.key).await?;
    Ok(Answer::Nothing)
}

fn gone() -> Error {
    Error::NotFound(Noun::Draft)
}

pub(super) fn draft_of(button: &Button) -> Result<DraftId, Error> {
    button.id.parse().map_err(|_| gone())
}

pub(super) fn trial_of(button: &Button) -> Result<TrialId, Error> {
    button.id.parse().map_err(|_| Error::NotFound(Noun::Trial))
}

fn number_of(button: &Button) -> Result<i32, Error> {
    i32::try_from(button.number).map_err(|_| Invalid::new("number", "is too large").into())
}
