//! What happens between something's arrival and the first response: it is stored, or answered at once.
//!
//! Nothing here waits for a model or a job. Discord takes a first response for three seconds, and it must be the form
//! where one is wanted.

use std::time::Duration;

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use super::modal::{self, Shown};
use super::parse::{self, DIRECT, EPHEMERAL, On, Person, Received};
use super::post::channel;
use super::render::render_one;
use super::{Discord, Hears, MARKER};
use crate::chat::button::{Button, Press};
use crate::chat::command::Command;
use crate::chat::form::{self, Wanted};
use crate::chat::handle::Turn;
use crate::chat::inbound::{Inbound, What};
use crate::chat::reply::{self, Action, Reply};
use crate::chat::{Stored, command, quiet};
use crate::domain::account::Platform;
use crate::domain::place::Place;
use crate::domain::{ArrivalId, Instant};
use crate::workshop::arrival::{AnswerToken, Arrival, Then};
use crate::workshop::{self, Error};

/// How long something that only reads may take before it is stored and answered later.
const QUICK: Duration = Duration::from_millis(1_000);

/// How long anything may take: the response has a way to go, and must be there within three seconds.
const PATIENCE: Duration = Duration::from_millis(2_000);

/// How long a response that did not get through is tried again.
const INSIST: Duration = Duration::from_millis(600);

/// How long a message may take to be stored; nobody waits for a response to it.
const MESSAGE_PATIENCE: Duration = Duration::from_secs(20);

/// A message that could not be stored is tried again so often, and after so long at most: for about ten minutes.
const MESSAGE_TRIES: u32 = 25;
const MESSAGE_WAIT: Duration = Duration::from_secs(30);

/// Discord's numbers for first responses.
const PONG: u8 = 1;
const MESSAGE: u8 = 4;
const NOTHING_YET: u8 = 6;
const UPDATE: u8 = 7;
const CHOICES: u8 = 8;
const MODAL: u8 = 9;

/// A message that only the person sees.
fn whisper(reply: &Reply) -> Value {
    let mut data = render_one(reply).body();
    data["flags"] = json!(EPHEMERAL);
    json!({ "type": MESSAGE, "data": data })
}

impl Discord {
    /// Takes an interaction that came over the gateway, and responds to it.
    pub(super) async fn respond(&self, payload: &Value) {
        let response = self.take_interaction(payload).await;
        let (Some(id), Some(token)) = (payload["id"].as_str(), payload["token"].as_str()) else { return };
        let path = format!("/interactions/{id}/{token}/callback");
        let first = self.0.api.call(Method::POST, &path, Some(&response)).await;
        let done = match first {
            Err(super::api::Error::Unavailable(_)) => {
                let again = self.0.api.call(Method::POST, &path, Some(&response));
                tokio::time::timeout(INSIST, again).await.unwrap_or(first)
            }
            first => first,
        };
        match done {
            // The first attempt got through although it did not seem so, or another copy heard it too.
            Err(error) if error.is_over() => {
                tracing::info!(%error, "An interaction was responded to before, or too late")
            }
            Err(error) => tracing::warn!(%error, "Discord did not take a response to an interaction"),
            Ok(_) => {}
        }
    }

    /// Takes an interaction, and says what Discord is answered.
    pub(super) async fn take_interaction(&self, payload: &Value) -> Value {
        let received = parse::read_interaction(payload, chrono::Utc::now());
        let typed = match &received {
            Received::Person(person) | Received::Mistake(person, _) => {
                person.inbound.typed().unwrap_or_default().to_owned()
            }
            _ => String::new(),
        };
        let is_typing = matches!(received, Received::Typing(_));
        match tokio::time::timeout(PATIENCE, self.take(received)).await {
            Ok(Ok(response)) => response,
            _ if is_typing => json!({ "type": CHOICES, "data": { "choices": [] } }),
            Ok(Err(error)) => {
                tracing::warn!(%error, "Something that Discord sent could not be stored");
                whisper(&reply::not_kept(&typed))
            }
            Err(_) => {
                tracing::warn!("Something that Discord sent could not be stored in time");
                whisper(&reply::not_kept(&typed))
            }
        }
    }

    async fn take(&self, received: Received) -> Result<Value, workshop::Error> {
        match received {
            Received::Ping => Ok(json!({ "type": PONG })),
            Received::Unreadable => {
                metrics::counter!("workshop_discord_unreadable_total").increment(1);
                tracing::warn!("Discord sent an interaction that this version does not understand");
                Ok(whisper(&reply::not_understood()))
            }
            Received::Unclear(unclear) => Ok(whisper(&reply::unclear(&unclear, MARKER))),
            Received::Typing(typing) => {
                let choices = tokio::time::timeout(QUICK, self.offer(&typing)).await;
                let choices = choices.map_err(|_| ()).and_then(|offered| offered.map_err(|_| ()));
                Ok(json!({ "type": CHOICES, "data": { "choices": choices.unwrap_or_default() } }))
            }
            Received::Mistake(mut person, invalid) => {
                self.settle(&mut person.inbound).await?;
                // It is stored so that the form can be opened again with what was typed.
                let id = self.store(&person, Then::Remember).await?.0;
                let again = Action::new("Open the form again", Button::new(Press::Resume, id, 0)).primary();
                Ok(whisper(&reply::error(&invalid.into()).action(again)))
            }
            Received::Person(mut person) => {
                self.settle(&mut person.inbound).await?;
                self.take_person(*person).await
            }
        }
    }

    async fn take_person(&self, person: Person) -> Result<Value, workshop::Error> {
        if let Some(wanted) = form::wanted(&person.inbound.what) {
            return Ok(self.form(&person, wanted).await);
        }
        let command = match &person.inbound.what {
            What::Chose { command } => Some(command.clone()),
            What::Command { text } => command::parse(text).ok(),
            What::Shortcut { .. } => Some(Command::New(String::new())),
            What::Said { .. } | What::Pressed { .. } | What::Submitted(_) => None,
        };
        if let Some(command) = &command
            && command.only_reads()
            && let Ok(Some(reply)) = tokio::time::timeout(QUICK, self.answer_quietly(&person, command)).await
        {
            return Ok(whisper(&reply));
        }
        self.store(&person, Then::Handle).await?;
        Ok(match (&command, &person.inbound.what) {
            (Some(command), _) => whisper(&reply::on_its_way(command)),
            (None, What::Submitted(form)) if person.on == On::List => {
                json!({ "type": UPDATE, "data": render_one(&reply::form_on_its_way(form)).body() })
            }
            // What it does shows where it was pressed; what only they are told comes below it.
            _ if person.on == On::Message => json!({ "type": NOTHING_YET }),
            (None, What::Submitted(form)) => whisper(&reply::form_on_its_way(form)),
            (None, _) => whisper(&reply::on_its_way(&Command::Help)),
        })
    }

    /// The answer to a command that changes nothing.
    async fn answer_quietly(&self, person: &Person, command: &Command) -> Option<Reply> {
        let turn = self.turn(person).await.ok()?;
        let living = self.0.workshop.draft_in(&person.inbound.place).await.ok()?;
        match quiet::show(&turn, command, living).await {
            Ok(reply) => reply,
            Err(Error::Unavailable(_) | Error::Fault(_)) => None,
            Err(error) => Some(reply::error(&error)),
        }
    }

    async fn turn<'a>(&'a self, person: &'a Person) -> Result<Turn<'a>, Error> {
        let (workshop, inbound) = (&self.0.workshop, &person.inbound);
        let actor = workshop.identify_user(&inbound.identity(), inbound.name.as_deref()).await?;
        Ok(Turn { workshop, actor, inbound, marker: MARKER, key: &person.key })
    }

    /// The form that somebody wants, or why not.
    async fn form(&self, person: &Person, wanted: Wanted) -> Value {
        let sheet = async {
            let turn = self.turn(person).await?;
            Ok(modal::shown(&form::open(&turn, wanted).await?)?)
        };
        match sheet.await {
            Ok(Shown::Modal(modal)) => json!({ "type": MODAL, "data": modal }),
            Ok(Shown::List { text, row }) => {
                let mut response = whisper(&Reply::said(text));
                response["data"]["components"] = json!([row]);
                response
            }
            Err(Error::Unavailable(_) | Error::Fault(_)) => whisper(&reply::form_not_opened(false)),
            Err(error) => whisper(&reply::error(&error)),
        }
    }

    /// Puts into the place what only we know: threads that were made of messages, and workshops without a thread.
    async fn settle(&self, inbound: &mut Inbound) -> Result<(), Error> {
        if !inbound.place.thread.is_empty() {
            return Ok(());
        }
        if let What::Pressed { message, .. } = &inbound.what
            && !message.is_empty()
        {
            let below = Place { thread: message.clone(), ..inbound.place.clone() };
            if self.0.workshop.draft_in(&below).await?.is_some() {
                inbound.place = below;
                return Ok(());
            }
        }
        let whole = inbound.place.whole_channel();
        if self.0.workshop.draft_in(&whole).await?.is_some() {
            inbound.place = whole;
        }
        Ok(())
    }

    /// Stores what somebody did; its id, and whether it is new.
    async fn store(&self, person: &Person, then: Then) -> Result<(ArrivalId, bool), workshop::Error> {
        let answer = AnswerToken { token: person.token.clone().into(), edits: person.on != On::Message };
        self.store_as(&person.key, &person.inbound, Some(answer), then).await
    }

    async fn store_as(
        &self,
        key: &str,
        inbound: &Inbound,
        answer: Option<AnswerToken>,
        then: Then,
    ) -> Result<(ArrivalId, bool), workshop::Error> {
        let id = ArrivalId::new();
        let body = serde_json::to_value(Stored::Person(Box::new(inbound.clone()))).unwrap_or_default();
        let (platform, workspace, key) = (Platform::Discord, inbound.place.workspace.clone(), key.to_owned());
        let new = self.0.workshop.receive(Arrival { id, platform, workspace, key, body, answer }, then).await?;
        Ok((id, new))
    }

    /// Takes a message that somebody wrote.
    pub(super) async fn hear(&self, message: &Value) {
        let mut wait = Duration::from_millis(200);
        for _ in 0..MESSAGE_TRIES {
            match tokio::time::timeout(MESSAGE_PATIENCE, self.take_message(message)).await {
                Ok(Ok(())) => return,
                Ok(Err(error)) => tracing::warn!(%error, "A message on Discord could not be stored; trying again"),
                Err(_) => tracing::warn!("A message on Discord could not be stored in time; trying again"),
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(MESSAGE_WAIT);
        }
        tracing::error!("A message on Discord was not heard; it is when the connection is opened again");
    }

    async fn take_message(&self, message: &Value) -> Result<(), Error> {
        let Some(mut heard) = parse::read_message(message, self.bot_user()) else { return Ok(()) };
        let What::Said { addressed, .. } = heard.inbound.what else { return Ok(()) };
        let workshop = &self.0.workshop;
        if heard.inbound.place.workspace != DIRECT {
            let channel = heard.inbound.place.channel.clone();
            match workshop.place_of_thread(Platform::Discord, &channel).await? {
                // Where a workshop lives in a whole channel, not all that is said there is for it.
                Some(place) if !place.is_whole_channel() || addressed => heard.inbound.place = place,
                None if addressed => heard.inbound.place = self.find_place(&heard.inbound.place).await,
                Some(_) | None => return Ok(()),
            }
        }
        if heard.is_unreadable {
            // With the right to read, something that has no words: a poll, say.
            if self.hears() == Hears::Everything && self.may_read() {
                return Ok(());
            }
            self.hears_now(Hears::Addressed);
            let (place, key) = (&heard.inbound.place, format!("deaf:{}", heard.inbound.place.thread));
            let reply = serde_json::to_value(reply::cannot_read(self.takes_http())).unwrap_or_default();
            return workshop.announce(place, reply, &key).await;
        }
        if !addressed {
            self.hears_now(Hears::Everything);
        }
        self.store_as(&heard.key, &heard.inbound, None, Then::Handle).await?;
        Ok(())
    }

    /// A channel with the channel that it is a thread of, if it is one.
    async fn find_place(&self, place: &Place) -> Place {
        match self.0.api.call(Method::GET, &format!("/channels/{}", place.channel), None).await {
            Ok(channel) => parse::in_guild(&place.workspace, &place.channel, &channel),
            Err(_) => place.clone(),
        }
    }

    /// Hears what was said while nobody listened, where workshops are alive.
    pub(super) async fn catch_up(&self, since: Instant) {
        const PLACES: i64 = 50;
        const ALIVE: TimeDelta = TimeDelta::days(7);
        match self.0.workshop.lively_places(Platform::Discord, since - ALIVE, PLACES).await {
            Ok(places) => {
                for place in places {
                    self.hear_again(&place, since).await;
                }
            }
            Err(error) => tracing::warn!(%error, "What was said on Discord meanwhile cannot be looked up"),
        }
    }

    /// Hears what was said in a place since a time. What was heard before is heard once.
    pub(super) async fn hear_again(&self, place: &Place, since: Instant) {
        if self.hears() == Hears::Nothing {
            return;
        }
        let path = format!("/channels/{}/messages?limit=100&after={}", channel(place), parse::first_id_at(since));
        let Ok(answer) = self.0.api.call(Method::GET, &path, None).await else { return };
        // The latest comes first.
        for message in answer.as_array().into_iter().flatten().rev() {
            let mut message = message.clone();
            if place.workspace != DIRECT {
                message["guild_id"] = json!(place.workspace);
            }
            self.hear(&message).await;
        }
    }
}
