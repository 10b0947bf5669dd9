//! Forms, whatever the platform: which one somebody wants, what it shows, and what is checked of what is sent.

use super::button::{Button, Press};
use super::command::{self, Command};
use super::handle::Turn;
use super::inbound::{CommitFields, Form, What};
use super::press::{commit_of, draft_of, trial_of};
use super::{Stored, reply};
use crate::domain::draft::Draft;
use crate::domain::library::CommitWarning;
use crate::domain::proposal::ProposalStatus;
use crate::domain::trial::{Trial, TrialStatus};
use crate::domain::{Access, Actor, ArrivalId, DraftId, Invalid};
use crate::workshop::place::Audience;
use crate::workshop::proposal::Proposal;
use crate::workshop::{Error, Noun, Workshop};

/// What a form is wanted for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Wanted {
    /// A test of this draft, or of the one that is meant here.
    Test(Option<DraftId>),
    /// A commit of this draft, or of the one that is meant here.
    Commit(Option<DraftId>),
    /// What a button asks for.
    Button(Button),
    /// A new workshop.
    New,
}

/// A form to show, with what it shows.
#[derive(Debug, Clone)]
pub(super) enum Sheet {
    /// What a new workshop is for.
    New {
        /// What was typed before.
        need: String,
    },
    /// Something to say in a workshop's conversation.
    Say {
        draft: DraftId,
        /// What was typed before.
        text: String,
    },
    /// A question, and what it is tested on.
    Test {
        draft: Box<Draft>,
        topic: Option<String>,
        question: String,
        /// The model that is used when none is named; empty when there is none to name.
        model: String,
    },
    /// A text to edit; saving it makes it the revision after the draft's.
    Edit { draft: Box<Draft>, text: String, warning: Option<String> },
    /// What a draft is committed under; with a warning, sending it is the second yes.
    Commit { draft: Box<Draft>, fields: CommitFields, warning: Option<CommitWarning> },
    /// A note on a test.
    Note { trial: Box<Trial>, known: String },
    /// Which changes of a proposal to accept.
    Pick(Box<Proposal>),
    /// Which of these tests to compare a test with.
    Compare { trial: Box<Trial>, others: Vec<Trial> },
}

/// The form that somebody wants with what they did, if any.
pub(super) fn wanted(what: &What) -> Option<Wanted> {
    match what {
        What::Pressed { button, .. } => button.press.asks().then(|| Wanted::Button(button.clone())),
        What::Command { text } => command::parse(text).ok().as_ref().and_then(wanted_by),
        What::Chose { command } => wanted_by(command),
        What::Shortcut { .. } | What::Said { .. } | What::Submitted(_) => None,
    }
}

fn wanted_by(command: &Command) -> Option<Wanted> {
    match command {
        Command::Test { draft, question, .. } if question.is_empty() => Some(Wanted::Test(*draft)),
        Command::Commit { draft, name, .. } if name.is_empty() => Some(Wanted::Commit(*draft)),
        _ => None,
    }
}

/// The form that is wanted, filled with what is known.
pub(super) async fn open(turn: &Turn<'_>, wanted: Wanted) -> Result<Sheet, Error> {
    let (workshop, actor, place) = (turn.workshop, &turn.actor, &turn.inbound.place);
    if let Some(here) = workshop.draft_in(place).await?
        && turn.inbound.audience == Audience::Channel
    {
        workshop.join(actor, here).await?;
    }
    let button = match wanted {
        Wanted::New => return Ok(Sheet::New { need: String::new() }),
        Wanted::Test(draft) => Button::new(Press::Test, turn.draft(draft).await?.id, 0),
        Wanted::Commit(draft) => Button::new(Press::Commit, turn.draft(draft).await?.id, 0),
        Wanted::Button(button) => button,
    };
    match button.press {
        Press::Say => {
            let draft = workshop.draft_to_change(actor, draft_of(&button)?, Access::Commenter).await?;
            Ok(Sheet::Say { draft: draft.id, text: String::new() })
        }
        Press::Resume => resume(turn, &button).await,
        Press::Test => test(workshop, actor, draft_of(&button)?).await,
        Press::Edit => {
            let draft = workshop.draft_to_change(actor, draft_of(&button)?, Access::Editor).await?;
            Ok(Sheet::Edit { text: draft.text.clone(), draft: Box::new(draft), warning: None })
        }
        Press::Commit => commit(workshop, actor, draft_of(&button)?).await,
        Press::Note => {
            let trial = workshop.find_trial(actor, trial_of(&button)?).await?;
            let mine = trial.ratings.iter().find(|rating| rating.account == actor.account);
            let known = mine.map(|rating| rating.note.clone()).unwrap_or_default();
            Ok(Sheet::Note { trial: Box::new(trial), known })
        }
        Press::Pick => {
            let proposals = workshop.proposals(actor, draft_of(&button)?).await?;
            let found = proposals.into_iter().find(|proposal| i64::from(proposal.number.0) == button.number);
            let proposal = found.ok_or(Error::NotFound(Noun::Proposal))?;
            match proposal.status {
                ProposalStatus::Open => Ok(Sheet::Pick(Box::new(proposal))),
                decided => Err(Error::Decided(decided)),
            }
        }
        Press::Compare => {
            let trial = workshop.find_trial(actor, trial_of(&button)?).await?;
            let (mut others, _) = workshop.trials(actor, trial.draft, 100, 0).await?;
            others.retain(|other| other.id != trial.id && other.status == TrialStatus::Succeeded);
            if others.is_empty() {
                return Err(Invalid::new("comparison", reply::NOTHING_TO_COMPARE).into());
            }
            Ok(Sheet::Compare { trial: Box::new(trial), others })
        }
        Press::New => Ok(Sheet::New { need: String::new() }),
        // The others ask for nothing.
        _ => Err(Error::NotFound(Noun::Draft)),
    }
}

async fn test(workshop: &Workshop, actor: &Actor, draft: DraftId) -> Result<Sheet, Error> {
    let draft = workshop.draft_to_change(actor, draft, Access::Commenter).await?;
    let last = workshop.trials(actor, draft.id, 1, 0).await?.0.pop();
    let topic = match &last {
        Some(trial) => Some(trial.topic.clone()),
        None => workshop.suggest_topic(&format!("{} {}", draft.name, draft.text)).await?,
    };
    let question = last.map(|trial| trial.question).unwrap_or_default();
    let model = workshop.models().default_model().as_str().to_owned();
    Ok(Sheet::Test { draft: Box::new(draft), topic, question, model })
}

async fn commit(workshop: &Workshop, actor: &Actor, draft: DraftId) -> Result<Sheet, Error> {
    let draft = workshop.draft_to_change(actor, draft, Access::Editor).await?;
    draft.committable()?;
    let warning = workshop.commit_warning(actor, draft.id).await?;
    let parent = workshop.prompt_reference(draft.parent).await?.map(|(name, _)| name);
    let name = match parent {
        Some(parent) => Some(parent),
        None => workshop.suggested_prompt_name(&draft).await?,
    };
    let fields = CommitFields {
        name: name.unwrap_or_default(),
        title: draft.name.clone(),
        description: draft.description.clone(),
        note: String::new(),
    };
    Ok(Sheet::Commit { draft: Box::new(draft), fields, warning })
}

/// A form that was sent and could not be taken, with what was typed into it and what holds now.
async fn resume(turn: &Turn<'_>, button: &Button) -> Result<Sheet, Error> {
    let (workshop, actor) = (turn.workshop, &turn.actor);
    let gone = || Error::NotFound(Noun::Draft);
    let body = workshop.arrival_body(ArrivalId(button.id.parse().map_err(|_| gone())?)).await?.ok_or_else(gone)?;
    let Ok(Stored::Person(sent)) = serde_json::from_value(body) else { return Err(gone()) };
    // What somebody typed is for nobody else.
    if sent.identity() != turn.inbound.identity() {
        return Err(gone());
    }
    let What::Submitted(form) = &sent.what else { return Err(gone()) };
    match form {
        Form::Test { draft, question, topic, model, .. } => match test(workshop, actor, *draft).await? {
            Sheet::Test { draft, topic: usual, model: usual_model, .. } => Ok(Sheet::Test {
                draft,
                topic: Some(topic.clone()).filter(|topic| !topic.is_empty()).or(usual),
                question: question.clone(),
                model: model.clone().unwrap_or(usual_model),
            }),
            other => Ok(other),
        },
        Form::Edit { draft, base, text } => {
            let current = workshop.draft_to_change(actor, *draft, Access::Editor).await?;
            let warning = (current.revision != *base).then(|| reply::edited_meanwhile(current.revision.0));
            Ok(Sheet::Edit { draft: Box::new(current), text: text.clone(), warning })
        }
        Form::Commit { draft, fields, .. } => match commit(workshop, actor, *draft).await? {
            Sheet::Commit { draft, warning, .. } => Ok(Sheet::Commit { draft, fields: fields.clone(), warning }),
            other => Ok(other),
        },
        Form::Note { trial, note } => {
            let trial = workshop.find_trial(actor, *trial).await?;
            Ok(Sheet::Note { trial: Box::new(trial), known: note.clone() })
        }
        Form::Say { draft, text } => Ok(Sheet::Say { draft: *draft, text: text.clone() }),
        Form::New { need } => Ok(Sheet::New { need: need.clone() }),
        // What was chosen in a list is chosen again there.
        Form::Pick { .. } | Form::Compare { .. } => Err(gone()),
    }
}

/// A text in pieces that fit into fields, cut between lines where that is possible; joined by line ends they are the text.
pub(super) fn pieces(text: &str, most: usize) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut piece = String::new();
    let mut length = 0;
    for (index, line) in text.split('\n').enumerate() {
        let line_length = line.chars().count();
        if index > 0 {
            if length + line_length + 1 > most {
                pieces.push(std::mem::take(&mut piece));
                length = 0;
            } else {
                piece.push('\n');
                length += 1;
            }
        }
        piece.push_str(line);
        length += line_length;
    }
    pieces.push(piece);
    pieces
}

/// Checks a form against what is stored; the form to show again when it cannot be taken as it is.
pub(super) async fn check(workshop: &Workshop, actor: &Actor, form: &Form) -> Result<Option<Sheet>, Error> {
    match form {
        Form::Test { draft, topic, .. } => {
            workshop.check_test(actor, *draft, topic).await?;
            Ok(None)
        }
        Form::Edit { draft, base, text } => {
            let current = workshop.draft_to_change(actor, *draft, Access::Editor).await?;
            if current.revision == *base || current.text == *text {
                return Ok(None);
            }
            let warning = Some(reply::edited_meanwhile(current.revision.0));
            Ok(Some(Sheet::Edit { draft: Box::new(current), text: text.clone(), warning }))
        }
        Form::Commit { draft, fields, confirm } => {
            let commit = commit_of(fields, *confirm)?;
            let warning = workshop.check_commit(actor, *draft, &commit.name).await?;
            if warning.is_none() || *confirm {
                return Ok(None);
            }
            let draft = Box::new(workshop.draft(actor, *draft).await?);
            Ok(Some(Sheet::Commit { draft, fields: fields.clone(), warning }))
        }
        Form::Pick { draft, .. } => {
            workshop.draft_to_change(actor, *draft, Access::Editor).await?;
            Ok(None)
        }
        Form::Note { trial, .. } | Form::Compare { trial, .. } => {
            workshop.find_trial(actor, *trial).await?;
            Ok(None)
        }
        Form::Say { draft, .. } => {
            workshop.draft_to_change(actor, *draft, Access::Commenter).await?;
            Ok(None)
        }
        Form::New { .. } => Ok(None),
    }
}
