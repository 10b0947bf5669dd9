//! What happens between a payload's arrival and its acknowledgement: it is stored, or answered at once.
//!
//! Nothing here waits for a model, a job or Slack: the acknowledgement must be out within three seconds.

use std::time::Duration;

use serde_json::{Value, json};

use super::parse::{self, Event, Happening, NEW_WORKSHOP, Person, Received, Sort};
use super::render::{Message, render_one};
use super::{Slack, modal};
use crate::chat::Stored;
use crate::chat::command::{self, Command};
use crate::chat::handle::Turn;
use crate::chat::inbound::What;
use crate::chat::quiet;
use crate::chat::reply::{self, Reply};
use crate::domain::ArrivalId;
use crate::domain::account::Platform;
use crate::workshop::arrival::{Arrival, Then};
use crate::workshop::{self, Error};

/// How long something that only reads may take before it is stored and answered later.
const QUICK: Duration = Duration::from_millis(1_200);

/// How long storing may take: the acknowledgement must be out within three seconds.
const PATIENCE: Duration = Duration::from_millis(2_500);

/// What Slack is answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Ack {
    /// Nothing but that it arrived.
    Bare,
    /// With something to show, or to do with a form.
    With(Value),
    /// Not at all: it could not be stored, and Slack shall send it again.
    Refused,
}

impl Slack {
    /// Takes a payload, and says what Slack is answered.
    pub async fn receive(&self, sort: Sort, payload: &Value) -> Ack {
        match tokio::time::timeout(PATIENCE, self.take(sort, payload)).await {
            Ok(Ok(ack)) => ack,
            Ok(Err(error)) => {
                tracing::warn!(%error, "Something that Slack sent could not be stored");
                not_stored(sort, payload)
            }
            Err(_) => {
                tracing::warn!("Something that Slack sent could not be stored in time");
                not_stored(sort, payload)
            }
        }
    }

    async fn take(&self, sort: Sort, payload: &Value) -> Result<Ack, workshop::Error> {
        let bot = self.0.bot_user.get().map(String::as_str).unwrap_or_default();
        match parse::read(sort, payload, bot) {
            Received::Ignored => {
                metrics::counter!("workshop_slack_ignored_total").increment(1);
                Ok(Ack::Bare)
            }
            Received::Person(person) => self.take_person(*person).await,
            Received::Form { person, view } => self.take_form(*person, &view).await,
            Received::Search { list, typed } => self.search(&list, &typed).await,
            Received::Slack(happening) => self.take_happening(*happening).await,
        }
    }

    async fn take_person(&self, person: Person) -> Result<Ack, workshop::Error> {
        let workshop = &self.0.workshop;
        if !person.is_ours && workshop.draft_in(&person.inbound.place).await?.is_none() {
            return Ok(Ack::Bare);
        }
        let mut ack = Ack::Bare;
        if let What::Command { text } = &person.inbound.what {
            match command::parse(text) {
                Err(unclear) => return Ok(shown(&reply::unclear(&unclear, &self.0.marker))),
                Ok(command) => {
                    if command.only_reads()
                        && let Ok(Some(reply)) =
                            tokio::time::timeout(QUICK, self.answer_quietly(&person, &command)).await
                    {
                        return Ok(shown(&reply));
                    }
                    ack = shown(&reply::on_its_way(&command));
                }
            }
        }
        let asks = !person.trigger.is_empty() && (self.wants_form(&person) || person.callback == NEW_WORKSHOP);
        let then = if asks { Then::Remember } else { Then::Handle };
        let stored = Stored::Person(Box::new(person.inbound.clone()));
        let new = self.store(&person.key, &person.inbound.place.workspace, &stored, then).await?;
        if asks {
            if new {
                let slack = self.clone();
                tokio::spawn(async move { slack.open_form(person).await });
            }
            return Ok(Ack::Bare);
        }
        Ok(if new { ack } else { Ack::Bare })
    }

    /// The answer to a command that changes nothing.
    async fn answer_quietly(&self, person: &Person, command: &Command) -> Option<Reply> {
        let workshop = &self.0.workshop;
        let actor = workshop.identify_user(&person.inbound.identity(), person.inbound.name.as_deref()).await.ok()?;
        let turn = Turn { workshop, actor, inbound: &person.inbound, marker: &self.0.marker, key: "" };
        match quiet::show(&turn, command, None).await {
            Ok(reply) => reply,
            Err(Error::Unavailable(_) | Error::Fault(_)) => None,
            Err(error) => Some(reply::error(&error)),
        }
    }

    async fn take_form(&self, mut person: Person, view: &Value) -> Result<Ack, workshop::Error> {
        let Some(memory) = modal::read::memory(view) else { return Ok(Ack::Bare) };
        let form = match modal::read::read(&memory.about, view, chrono::Utc::now()) {
            Ok(form) => form,
            Err(mistakes) => return Ok(Ack::With(mistakes.answer())),
        };
        person.inbound.audience = parse::audience(&memory.place.channel);
        person.inbound.place = memory.place;
        person.inbound.what = What::Submitted(form);
        if let Some(answer) = self.check_form(&person, view).await? {
            return Ok(Ack::With(answer));
        }
        let stored = Stored::Person(Box::new(person.inbound.clone()));
        self.store(&person.key, &person.inbound.place.workspace, &stored, Then::Handle).await?;
        Ok(Ack::Bare)
    }

    async fn search(&self, list: &str, typed: &str) -> Result<Ack, workshop::Error> {
        if list != "topic" {
            return Ok(Ack::With(json!({ "options": [] })));
        }
        let typed = typed.to_lowercase();
        let topics = self.0.workshop.topics().await?;
        let found = topics.iter().filter(|topic| topic.name.to_lowercase().contains(&typed));
        let options: Vec<Value> = found.take(100).map(|topic| modal::option(&topic.name, &topic.name)).collect();
        Ok(Ack::With(json!({ "options": options })))
    }

    async fn take_happening(&self, happening: Happening) -> Result<Ack, workshop::Error> {
        if happening.what == Event::Gone {
            tracing::info!(
                slack.team = happening.workspace,
                "The app was removed from workspace {}",
                happening.workspace
            );
        }
        let Happening { workspace, key, .. } = &happening;
        self.store(key, workspace, &Stored::Slack(happening.clone()), Then::Handle).await?;
        Ok(Ack::Bare)
    }

    async fn store(&self, key: &str, workspace: &str, what: &Stored, then: Then) -> Result<bool, workshop::Error> {
        let arrival = Arrival {
            id: ArrivalId::new(),
            platform: Platform::Slack,
            workspace: workspace.to_owned(),
            key: key.chars().take(300).collect(),
            body: serde_json::to_value(what).unwrap_or_default(),
            answer: None,
        };
        self.0.workshop.receive(arrival, then).await
    }
}

/// A reply that only the person sees, in the acknowledgement of a command.
fn shown(reply: &Reply) -> Ack {
    let Message { text, blocks } = render_one(reply);
    Ack::With(json!({ "response_type": "ephemeral", "text": text, "blocks": blocks }))
}

/// The answer when something could not be stored. A person must not think that it was.
fn not_stored(sort: Sort, payload: &Value) -> Ack {
    match (sort, payload["type"].as_str()) {
        (Sort::Command, _) => shown(&reply::not_kept(payload["text"].as_str().unwrap_or_default())),
        (Sort::Interactive, Some("view_submission")) => {
            let block = modal::read::first_input(&payload["view"]);
            Ack::With(modal::read::Mistakes::at(&block, reply::NOT_KEPT_FORM).answer())
        }
        (Sort::Interactive, Some("block_suggestion")) => Ack::With(json!({ "options": [] })),
        (Sort::Interactive | Sort::Event, _) => Ack::Refused,
    }
}
