//! Opening forms on Slack, and answering what is sent with them.

use serde_json::{Value, json};

use super::modal;
use super::modal::read::{Mistakes, first_input, input_of, memory};
use super::parse::{NEW_WORKSHOP, Person};
use super::{Failed, Slack};
use crate::chat::form::{self, Sheet, Wanted};
use crate::chat::handle::{Answer, Turn};
use crate::chat::inbound::What;
use crate::chat::reply;
use crate::domain::Invalid;
use crate::workshop::{self, Error, Noun};

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
        let sheet = form::open(turn, wanted).await?;
        if let Sheet::Edit { text, .. } = &sheet
            && !modal::fits_form(text)
        {
            return Err(Invalid::new("text", reply::TOO_LONG_FOR_FORM).into());
        }
        Ok(modal::view_of(&sheet, &turn.inbound.place))
    }

    /// Checks a form against what is stored; what Slack is answered when it cannot be taken as it is.
    pub(super) async fn check_form(&self, person: &Person, view: &Value) -> Result<Option<Value>, workshop::Error> {
        let What::Submitted(form) = &person.inbound.what else { return Ok(None) };
        let workshop = &self.0.workshop;
        let actor = workshop.identify_user(&person.inbound.identity(), person.inbound.name.as_deref()).await?;
        let at_first = |error: &Error| Mistakes::at(&first_input(view), reply::error(error).text).answer();
        match form::check(workshop, &actor, form).await {
            Ok(None) => Ok(None),
            Ok(Some(sheet)) => {
                let place = memory(view).map(|memory| memory.place).ok_or(Error::NotFound(Noun::Draft))?;
                let updated = modal::view_of(&sheet, &place);
                Ok(Some(json!({ "response_action": "update", "view": updated })))
            }
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
}

fn wanted(person: &Person) -> Option<Wanted> {
    match &person.inbound.what {
        What::Shortcut { .. } if person.callback == NEW_WORKSHOP => Some(Wanted::New),
        what => form::wanted(what),
    }
}
