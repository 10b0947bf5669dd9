//! Opening forms, and checking what is sent with them against what is stored.

use serde_json::{Value, json};

use super::modal::read::{Mistakes, commit_fields, first_input, input_of, memory};
use super::modal::{self, CommitFields};
use super::parse::{NEW_WORKSHOP, Person};
use super::{Failed, Slack};
use crate::chat::button::{Button, Press};
use crate::chat::command::{self, Command};
use crate::chat::handle::{Answer, Turn, commit_of};
use crate::chat::inbound::{Form, What};
use crate::chat::press::{draft_of, trial_of};
use crate::chat::reply;
use crate::domain::proposal::ProposalStatus;
use crate::domain::trial::TrialStatus;
use crate::domain::{Access, Actor, DraftId, Invalid};
use crate::workshop::place::Audience;
use crate::workshop::{self, Error, Noun};

/// What a form is wanted for.
enum Wanted {
    Test(Option<DraftId>),
    Commit(Option<DraftId>),
    Button(Button),
    New,
}

impl Slack {
    /// Whether what somebody did is answered by a form.
    pub(super) fn wants_form(&self, person: &Person) -> bool {
        wanted(person).is_some()
    }

    /// Opens the form that somebody wants, or says why not.
    pub(super) async fn open_form(&self, person: Person) {
        let Some(wanted) = wanted(&person) else { return };
        let workshop = &self.0.workshop;
        let inbound = &person.inbound;
        let actor = match workshop.identify_user(&inbound.identity(), inbound.name.as_deref()).await {
            Ok(actor) => actor,
            Err(error) => return tracing::warn!(%error, "A form could not be opened"),
        };
        let turn = Turn { workshop, actor, inbound, marker: &self.0.marker, key: &person.key };
        let answer = match self.view(&turn, wanted).await {
            Ok(view) => {
                let body = json!({ "trigger_id": person.trigger, "view": view });
                match self.call(&inbound.place.workspace, "views.open", &body).await {
                    Ok(_) => Answer::Nothing,
                    Err(error) => {
                        tracing::info!(%error, "Slack did not open a form");
                        Answer::Whisper(reply::form_not_opened(error == Failed::NotInstalled))
                    }
                }
            }
            Err(error) => Answer::Whisper(reply::error(&error)),
        };
        if let Err(error) = turn.tell(answer).await {
            tracing::warn!(%error, "Somebody could not be told why a form was not opened");
        }
    }

    async fn view(&self, turn: &Turn<'_>, wanted: Wanted) -> Result<Value, Error> {
        let (workshop, actor, place) = (turn.workshop, &turn.actor, &turn.inbound.place);
        if let Some(here) = workshop.draft_in(place).await?
            && turn.inbound.audience == Audience::Channel
        {
            workshop.join(actor, here).await?;
        }
        let button = match wanted {
            Wanted::New => return Ok(modal::new(place)),
            Wanted::Test(draft) => Button::new(Press::Test, turn.draft(draft).await?.id, 0),
            Wanted::Commit(draft) => Button::new(Press::Commit, turn.draft(draft).await?.id, 0),
            Wanted::Button(button) => button,
        };
        match button.press {
            Press::Test => {
                let draft = workshop.draft_to_change(actor, draft_of(&button)?, Access::Commenter).await?;
                let last = workshop.trials(actor, draft.id, 1, 0).await?.0.pop();
                let topic = match &last {
                    Some(trial) => Some(trial.topic.clone()),
                    None => workshop.suggest_topic(&format!("{} {}", draft.name, draft.text)).await?,
                };
                let question = last.map(|trial| trial.question).unwrap_or_default();
                Ok(modal::test(&draft, topic.as_deref(), &question, workshop.models().default_model().as_str(), place))
            }
            Press::Edit => {
                let draft = workshop.draft_to_change(actor, draft_of(&button)?, Access::Editor).await?;
                if !modal::fits_form(&draft.text) {
                    return Err(Invalid::new("text", reply::TOO_LONG_FOR_FORM).into());
                }
                Ok(modal::edit(&draft, &draft.text, place, None))
            }
            Press::Commit => {
                let draft = workshop.draft_to_change(actor, draft_of(&button)?, Access::Editor).await?;
                draft.committable()?;
                let warning = workshop.commit_warning(actor, draft.id).await?;
                let parent = workshop.prompt_reference(draft.parent).await?.map(|(name, _)| name);
                let name = parent.or_else(|| draft.suggested_prompt_name().map(|name| name.to_string()));
                let fields = CommitFields {
                    name: name.unwrap_or_default(),
                    title: draft.name.clone(),
                    description: draft.description.clone(),
                };
                Ok(modal::commit(&draft, &fields, warning, place))
            }
            Press::Note => {
                let trial = workshop.find_trial(actor, trial_of(&button)?).await?;
                let mine = trial.ratings.iter().find(|rating| rating.account == actor.account);
                let known = mine.map(|rating| rating.note.clone()).unwrap_or_default();
                Ok(modal::note(&trial, &known, place))
            }
            Press::Pick => {
                let proposals = workshop.proposals(actor, draft_of(&button)?).await?;
                let found = proposals.into_iter().find(|proposal| i64::from(proposal.number.0) == button.number);
                let proposal = found.ok_or(Error::NotFound(Noun::Proposal))?;
                match proposal.status {
                    ProposalStatus::Open => Ok(modal::pick(&proposal, place)),
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
                Ok(modal::compare(&trial, &others, place))
            }
            Press::New => Ok(modal::new(place)),
            // The others ask for nothing.
            _ => Err(Error::NotFound(Noun::Draft)),
        }
    }

    /// Checks a form against what is stored; what Slack is answered when it cannot be taken as it is.
    pub(super) async fn check_form(&self, person: &Person, view: &Value) -> Result<Option<Value>, workshop::Error> {
        let What::Submitted(form) = &person.inbound.what else { return Ok(None) };
        let workshop = &self.0.workshop;
        let actor = workshop.identify_user(&person.inbound.identity(), person.inbound.name.as_deref()).await?;
        let at_first = |error: &Error| Mistakes::at(&first_input(view), reply::error(error).text).answer();
        match self.check_with(&actor, form, view).await {
            Ok(answer) => Ok(answer),
            Err(error @ (Error::Unavailable(_) | Error::Fault(_))) => Err(error),
            Err(Error::Invalid(invalid)) => {
                let Some(first) = invalid.first() else { return Ok(None) };
                let sentence = format!("{} {}.", first.field, first.reason);
                Ok(Some(Mistakes::at(&input_of(first.field, view), sentence).answer()))
            }
            Err(error @ Error::NameTaken { .. }) => Ok(Some(Mistakes::at("name", reply::error(&error).text).answer())),
            Err(error) => Ok(Some(at_first(&error))),
        }
    }

    async fn check_with(&self, actor: &Actor, form: &Form, view: &Value) -> Result<Option<Value>, Error> {
        let workshop = &self.0.workshop;
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
                let place = memory(view).map(|memory| memory.place).ok_or(Error::NotFound(Noun::Draft))?;
                let updated = modal::edit(&current, text, &place, Some(&reply::edited_meanwhile(current.revision.0)));
                Ok(Some(json!({ "response_action": "update", "view": updated })))
            }
            Form::Commit { draft, name, title, description, confirm } => {
                let commit = commit_of(name, title, description, *confirm)?;
                let warning = workshop.check_commit(actor, *draft, &commit.name).await?;
                if warning.is_none() || *confirm {
                    return Ok(None);
                }
                let place = memory(view).map(|memory| memory.place).ok_or(Error::NotFound(Noun::Draft))?;
                let current = workshop.draft(actor, *draft).await?;
                let updated = modal::commit(&current, &commit_fields(view), warning, &place);
                Ok(Some(json!({ "response_action": "update", "view": updated })))
            }
            Form::Pick { draft, .. } => {
                workshop.draft_to_change(actor, *draft, Access::Editor).await?;
                Ok(None)
            }
            Form::Note { trial, .. } | Form::Compare { trial, .. } => {
                workshop.find_trial(actor, *trial).await?;
                Ok(None)
            }
            Form::New { .. } => Ok(None),
        }
    }
}

fn wanted(person: &Person) -> Option<Wanted> {
    match &person.inbound.what {
        What::Pressed { button, .. } => button.press.asks().then(|| Wanted::Button(button.clone())),
        What::Command { text } => match command::parse(text) {
            Ok(Command::Test { draft, question }) if question.is_empty() => Some(Wanted::Test(draft)),
            Ok(Command::Commit { draft, name, .. }) if name.is_empty() => Some(Wanted::Commit(draft)),
            _ => None,
        },
        What::Shortcut { .. } if person.callback == NEW_WORKSHOP => Some(Wanted::New),
        What::Shortcut { .. } | What::Said { .. } | What::Submitted(_) => None,
    }
}
