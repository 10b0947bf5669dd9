//! Talk, whatever the platform: what people can say ([`command`]), all wording ([`reply`]), and the platforms.
//!
//! A chat platform is a folder here, an implementation of `port::Port` and a choice in [`Chat`]. It turns what it hears
//! into [`inbound::Inbound`], which `handle` acts on, and what `deliver`, `refresh` and `follow` give it to show into its
//! own markup; nothing about prompts, drafts or tests is decided in it.
//! The terminal is a platform of its own kind: somebody waits in front of it ([`dialogue`]).

pub mod button;
pub mod command;
mod compare;
mod deliver;
pub mod dialogue;
pub mod discord;
pub mod errand;
mod follow;
mod form;
mod handle;
pub mod inbound;
mod outline;
mod plain;
mod port;
mod press;
mod quiet;
mod refresh;
pub mod reply;
pub mod slack;
pub mod slot;
pub mod split;
mod table;
pub mod terminal;

use std::time::Duration;

use futures::future::{OptionFuture, join};
use serde::{Deserialize, Serialize};

use self::discord::Discord;
use self::follow::TurnFollower;
use self::inbound::Inbound;
use self::port::Port;
use self::reply::{Action, Item, Reply};
use self::slack::Slack;
use crate::domain::account::{Identity, Platform as On};
use crate::domain::library::Filter;
use crate::domain::text::excerpt;
use crate::domain::{ArrivalId, BatchId, DeliveryId, MessageId, TrialId};
use crate::workshop::delivery::Refresh;
use crate::workshop::doctor::Finding;
use crate::workshop::{Error, Workshop};

/// The terminal, and whatever else a person waits in front of.
pub trait Platform {
    /// Why something could not be shown.
    type Error;

    /// Shows something new.
    fn post(&mut self, reply: &Reply) -> Result<(), Self::Error>;

    /// Shows progress in place of the progress shown last.
    fn progress(&mut self, line: &str) -> Result<(), Self::Error>;

    /// Shows more text of an answer that is being written.
    fn stream(&mut self, text: &str) -> Result<(), Self::Error>;
}

/// What is stored of something that arrived.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stored {
    /// Somebody did something.
    Person(Box<Inbound>),
    /// Something that only Slack has.
    Slack(slack::parse::Happening),
}

/// What became of something to handle or to deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Nothing is left to do.
    Done,
    /// Not now; try again after this.
    Retry(Duration),
}

/// How long until something for a platform that this copy of the service does not talk to is looked at again.
const ELSEWHERE: Duration = Duration::from_secs(60);

/// A fault of ours is met this often before the person is told.
const FAULTS: u32 = 4;

/// The chat platforms of this copy of the service. Cheap to clone.
#[derive(Clone)]
pub struct Chat {
    workshop: Workshop,
    slack: Option<Slack>,
    discord: Option<Discord>,
}

impl Chat {
    /// With the platforms that the settings name.
    pub fn new(workshop: Workshop, slack: Option<Slack>, discord: Option<Discord>) -> Self {
        Self { workshop, slack, discord }
    }

    /// Slack, if this copy talks to it.
    pub fn slack(&self) -> Option<&Slack> {
        self.slack.as_ref()
    }

    /// Discord, if this copy talks to it.
    pub fn discord(&self) -> Option<&Discord> {
        self.discord.as_ref()
    }

    /// Handles something that arrived.
    pub async fn handle(&self, id: ArrivalId, attempt: u32) -> Result<Ended, Error> {
        let Some(arrival) = self.workshop.arrival(id).await? else { return Ok(Ended::Done) };
        let Some(marker) = self.marker(arrival.platform) else { return Ok(Ended::Retry(ELSEWHERE)) };
        let key = format!("arrival:{id}");
        match serde_json::from_value(arrival.body) {
            Ok(Stored::Person(inbound)) => match handle::handle(&self.workshop, marker, &key, &inbound).await {
                Err(error @ Error::Fault(_)) if attempt >= FAULTS => self.apologise(&inbound, &key, &error).await?,
                handled => handled?,
            },
            Ok(Stored::Slack(happening)) => match &self.slack {
                Some(slack) => slack.happened(&happening).await?,
                None => return Ok(Ended::Retry(ELSEWHERE)),
            },
            Err(error) => tracing::error!(arrival.id = %id, %error, "Something that arrived cannot be read any more"),
        }
        self.workshop.arrival_handled(id).await?;
        Ok(Ended::Done)
    }

    /// Looks whether each platform that this copy talks to takes us.
    pub async fn examine(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if let Some(slack) = &self.slack {
            findings.extend(slack.examine().await);
        }
        if let Some(discord) = &self.discord {
            findings.push(discord.examine().await);
        }
        findings
    }

    /// What stands before a command on a platform that this copy talks to.
    fn marker(&self, platform: On) -> Option<&str> {
        match platform {
            On::Slack => self.slack.as_ref().map(Port::marker),
            On::Discord => self.discord.as_ref().map(Port::marker),
            On::Terminal | On::Web => None,
        }
    }

    async fn apologise(&self, inbound: &Inbound, key: &str, error: &Error) -> Result<(), Error> {
        let reference = format!("{:08x}", rand::random::<u32>());
        tracing::error!(reference, error = error as &dyn std::error::Error, "What somebody did could not be done");
        let reply = serde_json::to_value(reply::apology(&reference)).unwrap_or_default();
        self.workshop.whisper(&inbound.place, &inbound.user, reply, key).await
    }

    /// Posts something that is to be told.
    pub async fn deliver(&self, id: DeliveryId, attempt: u32) -> Result<Ended, Error> {
        let delivery = match deliver::claim(&self.workshop, id).await? {
            Ok(delivery) => delivery,
            Err(ended) => return Ok(ended),
        };
        match (delivery.place.as_ref().map(|place| place.platform), &self.slack, &self.discord) {
            (Some(On::Slack), Some(slack), _) => deliver::deliver_claimed(slack, delivery, attempt).await,
            (Some(On::Discord), _, Some(discord)) => deliver::deliver_claimed(discord, delivery, attempt).await,
            _ => {
                self.workshop.release_delivery(id).await?;
                Ok(Ended::Retry(ELSEWHERE))
            }
        }
    }

    /// Brings something that was posted up to date.
    pub async fn refresh(&self, refresh: &Refresh) -> Result<Ended, Error> {
        let slack = OptionFuture::from(self.slack.as_ref().map(|slack| refresh::refresh(slack, refresh)));
        let discord = OptionFuture::from(self.discord.as_ref().map(|discord| refresh::refresh(discord, refresh)));
        let (slack, discord) = (slack.await.transpose()?, discord.await.transpose()?);
        // Done when no platform needs it again; what is shown twice is the same.
        let again = [slack, discord].into_iter().flatten().max_by_key(|ended| match ended {
            Ended::Done => Duration::ZERO,
            Ended::Retry(after) => *after,
        });
        Ok(again.unwrap_or(Ended::Retry(ELSEWHERE)))
    }

    /// Shows the answer to a message while it is written; to be had before it is begun.
    pub async fn follow_turn(&self, message: MessageId) -> Followers {
        if self.slack.is_none() && self.discord.is_none() {
            return Followers { slack: None, discord: None };
        }
        // What cannot be shown while it is written is shown when it is.
        let prepared = self.workshop.prepare_answer(message).await.unwrap_or_default();
        let slack = self.slack.as_ref().map(|slack| follow::follow_turn(slack, message, &prepared));
        let discord = self.discord.as_ref().map(|discord| follow::follow_turn(discord, message, &prepared));
        let (slack, discord) = (OptionFuture::from(slack).await, OptionFuture::from(discord).await);
        Followers { slack, discord }
    }

    /// Keeps the progress of a test up to date; ends only when it is dropped.
    pub async fn follow_trial(&self, trial: TrialId) {
        let slack = self.slack.as_ref().map(|slack| follow::follow_trial(slack, trial));
        let discord = self.discord.as_ref().map(|discord| follow::follow_trial(discord, trial));
        join(or_never(slack), or_never(discord)).await;
    }

    /// Keeps the progress of a batch up to date; ends only when it is dropped.
    pub async fn follow_batch(&self, batch: BatchId) {
        let slack = self.slack.as_ref().map(|slack| follow::follow_batch(slack, batch));
        let discord = self.discord.as_ref().map(|discord| follow::follow_batch(discord, batch));
        join(or_never(slack), or_never(discord)).await;
    }
}

/// Does something endless, or waits for ever where there is nothing to do.
async fn or_never(work: Option<impl Future<Output = ()>>) {
    match work {
        Some(work) => work.await,
        None => std::future::pending().await,
    }
}

/// Shows one answer wherever its conversation lives, while it is written.
pub struct Followers {
    slack: Option<TurnFollower<Slack>>,
    discord: Option<TurnFollower<Discord>>,
}

impl Followers {
    /// Shows the answer as it comes; ends only when it is dropped.
    pub async fn watch(&mut self) {
        let slack = self.slack.as_mut().map(TurnFollower::watch);
        let discord = self.discord.as_mut().map(TurnFollower::watch);
        join(or_never(slack), or_never(discord)).await;
    }

    /// Completes what was shown, once the answer is stored; gives it back when it is not.
    pub async fn finish(self, answered: bool) {
        let slack = OptionFuture::from(self.slack.map(|follower| follower.finish(answered)));
        let discord = OptionFuture::from(self.discord.map(|follower| follower.finish(answered)));
        join(slack, discord).await;
    }
}

/// Somebody's home page: running tests, drafts, the library.
async fn home_page(workshop: &Workshop, identity: &Identity) -> Result<Reply, Error> {
    const LISTED: i64 = 10;
    let actor = workshop.identify_user(identity, None).await?;
    let running = workshop.running_trials(&actor).await?;
    let (drafts, total) = workshop.drafts(&actor, None, LISTED, 0).await?;
    let (prompts, in_library) = workshop.prompts(&actor, &Filter::default(), LISTED, 0).await?;
    let heading = |text: String| Item { text: format!("**{text}**"), actions: Vec::new() };
    let mut items = Vec::new();
    if !running.is_empty() {
        items.push(heading(format!("Running tests ({})", running.len())));
        items
            .extend(running.iter().map(|trial| Item { text: reply::scene::progress(trial).text, actions: Vec::new() }));
    }
    items.push(heading(format!("My drafts ({total})")));
    items.extend(drafts.iter().map(|draft| Item {
        text: format!("{} · draft {} · {} · {}", excerpt(&draft.name, 80), draft.id, draft.status, workshop.age(draft)),
        actions: vec![Action::new("Open", button::Button::new(button::Press::Open, draft.id, 0))],
    }));
    items.push(heading(format!("Library ({in_library})")));
    items.extend(prompts.iter().map(|prompt| Item {
        text: format!("{} · v{} · {}", prompt.name, prompt.version, excerpt(&prompt.title, 80)),
        actions: vec![Action::new("Clone", button::Button::new(button::Press::Clone, &prompt.name, 0))],
    }));
    Ok(Reply {
        title: "Prompt Workshop".to_owned(),
        text: "Design a prompt in conversation, test it on real articles, and put it into the library.".to_owned(),
        items,
        actions: vec![Action::new("New workshop", button::Button::new(button::Press::New, 0, 0)).primary()],
        ..Reply::default()
    })
}
