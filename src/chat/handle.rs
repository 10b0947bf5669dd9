//! Handles what arrived from a chat platform: who did it, which draft it is about, what follows.
//!
//! Handling may happen twice. Whatever is made is made under the arrival's key, and what is told is told under it too.

use super::command::{self, Command, Unclear};
use super::errand::Caller;
use super::inbound::{CommitFields, Inbound, What};
use super::plain::parse_plain;
use super::reply::{self, Action, Reply};
use super::{outline, press, quiet};
use crate::chat::button::{Button, Press};
use crate::domain::conversation::parse_message;
use crate::domain::draft::{Draft, ReadOnly};
use crate::domain::library::Reference;
use crate::domain::place::Place;
use crate::domain::proposal::ProposalStatus;
use crate::domain::text::excerpt;
use crate::domain::trial::{self, DEFAULT_ARTICLES, Trial, TrialRequest, TrialStatus};
use crate::domain::{Actor, AnswerId, DraftId};
use crate::workshop::draft::{Opening, Start};
use crate::workshop::place::Audience;
use crate::workshop::session::{Ask, Asked};
use crate::workshop::{Error, Workshop};

/// The most of what somebody typed that is given back with a refusal.
const GIVEN_BACK: usize = 1_500;

/// One arrival being handled.
pub(super) struct Turn<'a> {
    pub(super) workshop: &'a Workshop,
    pub(super) actor: Actor,
    pub(super) inbound: &'a Inbound,
    /// What stands before a command there.
    pub(super) marker: &'a str,
    /// The same when the same thing is handled again.
    pub(super) key: &'a str,
}

/// What is said about it.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    /// Nothing: what was done shows by itself.
    Nothing,
    /// Something that only the person sees.
    Whisper(Reply),
    /// Something for everybody there.
    Here(Reply),
}

/// Handles something that arrived, and stores what is to be said about it.
pub(super) async fn handle(workshop: &Workshop, marker: &str, key: &str, inbound: &Inbound) -> Result<(), Error> {
    let actor = workshop.identify_user(&inbound.identity(), inbound.name.as_deref()).await?;
    let turn = Turn { workshop, actor, inbound, marker, key };
    let answer = match turn.take().await {
        Ok(answer) => answer,
        Err(error @ (Error::Unavailable(_) | Error::Fault(_))) => return Err(error),
        Err(error) => Answer::Whisper(turn.refusal(&error).await),
    };
    turn.tell(answer).await
}

impl Turn<'_> {
    /// Stores what is to be said.
    pub(super) async fn tell(&self, answer: Answer) -> Result<(), Error> {
        let json = |reply: Reply| serde_json::to_value(reply).unwrap_or_default();
        match answer {
            Answer::Nothing => Ok(()),
            Answer::Whisper(reply) => {
                self.workshop.whisper(&self.inbound.place, &self.inbound.user, json(reply), self.key).await
            }
            Answer::Here(reply) => self.workshop.say_in(&self.actor, &self.inbound.place, json(reply), self.key).await,
        }
    }

    async fn take(&self) -> Result<Answer, Error> {
        let living = self.draft_here().await?;
        match &self.inbound.what {
            What::Command { text } => match command::parse(text) {
                Ok(command) => self.carry_out(command, living).await,
                Err(unclear) => Ok(Answer::Whisper(reply::unclear(&unclear, self.marker))),
            },
            What::Chose { command } => self.carry_out(command.clone(), living).await,
            What::Said { text, addressed } => self.hear(text, *addressed, living).await,
            What::Pressed { button, value, message } => press::pressed(self, button, value, message).await,
            What::Submitted(form) => press::submitted(self, form).await,
            What::Shortcut { text } => {
                let quoted = excerpt(text.trim(), 7_500);
                self.start(&format!("Design a prompt from this message:\n\n{quoted}")).await
            }
        }
    }

    /// The draft that lives here, which whoever is here may take part in.
    async fn draft_here(&self) -> Result<Option<DraftId>, Error> {
        let Some(draft) = self.workshop.draft_in(&self.inbound.place).await? else { return Ok(None) };
        if self.inbound.audience == Audience::Channel {
            self.workshop.join(&self.actor, draft).await?;
        }
        Ok(Some(draft))
    }

    /// A message: talk in a workshop's thread, a command, or the beginning of a workshop.
    async fn hear(&self, text: &str, addressed: bool, living: Option<DraftId>) -> Result<Answer, Error> {
        let text = text.trim();
        let living = match living {
            Some(draft) => Some(draft),
            None => {
                self.workshop.wait_for_card(&self.inbound.place).await?;
                // It may have been noted just now.
                self.draft_here().await?
            }
        };
        match living {
            Some(draft) => match parse_plain(text) {
                Command::Say(said) => self.say(draft, &said).await,
                command => self.carry_out(command, living).await,
            },
            None if !addressed => Ok(Answer::Nothing),
            None => match (command::parse(text), parse_plain(text)) {
                // "new …" is never talk where no workshop lives.
                (Ok(command @ (Command::New(_) | Command::Help)), _) => self.carry_out(command, None).await,
                // A slip of one word; more than that is what somebody needs.
                (Err(unclear @ Unclear::Unknown { nearest: Some(_), .. }), _)
                    if text.split_whitespace().count() <= 2 =>
                {
                    Ok(Answer::Whisper(reply::unclear(&unclear, self.marker)))
                }
                (_, Command::Say(said)) => self.start(&said).await,
                (_, command) => self.carry_out(command, None).await,
            },
        }
    }

    async fn say(&self, draft: DraftId, text: &str) -> Result<Answer, Error> {
        let content = parse_message(text)?;
        let place = &self.inbound.place;
        self.workshop.say_from(&self.actor, draft, &content, Some(self.key), Some(place)).await?;
        Ok(Answer::Nothing)
    }

    /// Says something that nobody there has read yet: it is shown where it was said too.
    pub(super) async fn say_by_form(&self, draft: DraftId, text: &str) -> Result<Answer, Error> {
        let content = parse_message(text)?;
        self.workshop.say_from(&self.actor, draft, &content, Some(self.key), None).await?;
        Ok(Answer::Nothing)
    }

    /// Where a workshop goes that is begun or opened here: a thread that has one keeps it, and it gets one of its own.
    async fn place_for_another(&self) -> Result<Place, Error> {
        let here = &self.inbound.place;
        let alone = self.inbound.audience == Audience::Alone && here.is_whole_channel();
        match !alone && self.workshop.draft_in(here).await?.is_some() {
            true => Ok(here.channel_only()),
            false => Ok(here.clone()),
        }
    }

    /// Starts a workshop here; its card shows by itself.
    pub(super) async fn start(&self, need: &str) -> Result<Answer, Error> {
        let requirements = Some(need.trim().to_owned()).filter(|need| !need.is_empty());
        self.begin(Start { requirements, ..Start::default() }).await
    }

    pub(super) async fn begin(&self, start: Start) -> Result<Answer, Error> {
        let opening = Some(Opening { place: self.place_for_another().await?, user: self.inbound.user.clone() });
        self.workshop.start_workshop(&self.actor, Start { key: Some(self.key.to_owned()), opening, ..start }).await?;
        Ok(Answer::Nothing)
    }

    /// Who runs an errand from here.
    pub(super) fn caller(&self, living: Option<DraftId>) -> Caller<'_> {
        Caller {
            workshop: self.workshop,
            actor: &self.actor,
            marker: self.marker,
            draft: living,
            place: Some(&self.inbound.place),
            key: Some(self.key),
        }
    }

    pub(super) async fn carry_out(&self, command: Command, living: Option<DraftId>) -> Result<Answer, Error> {
        if let Some(reply) = quiet::show(self, &command, living).await? {
            return Ok(Answer::Whisper(reply));
        }
        match command {
            Command::New(need) => self.start(&need).await,
            Command::Open(id) => self.open(id).await,
            Command::Say(text) => match living {
                Some(draft) => self.say(draft, &text).await,
                None => self.start(&text).await,
            },
            Command::Test { draft, question, topic, model } => {
                self.test(draft.or(living), &question, topic, model).await
            }
            Command::Rate { stars, note } => self.rate(living, stars, &note).await,
            Command::Accept(changes) => self.decide(living, Some(&changes)).await,
            Command::Reject => self.decide(living, None).await,
            Command::Ready => {
                let draft = self.draft(living).await?;
                Ok(Answer::Whisper(reply::ready(&outline::ready(self.workshop, &self.actor, draft.id).await?)))
            }
            Command::Commit { draft, name, title, confirm } => {
                let draft = self.draft(draft.or(living)).await?;
                if name.is_empty() {
                    return Ok(Answer::Whisper(reply::commit_form(&draft)));
                }
                let title = if title.is_empty() { draft.name.clone() } else { title };
                press::commit(self, draft.id, &CommitFields::new(&name, &title, &draft.description), confirm).await
            }
            Command::Clone(name) => self.begin(Start { parent: Some(name), ..Start::default() }).await,
            Command::Improve { as_version } => self.improve(None, as_version).await,
            Command::Ask { prompt, question } => self.ask(&prompt, &question).await,
            Command::Restore(id) => {
                Ok(Answer::Whisper(reply::restored(&outline::restore(self.workshop, &self.actor, id).await?)))
            }
            Command::Link(code) => {
                let identity = self.inbound.identity();
                let (reply, _) = outline::link(self.workshop, &self.actor, &identity, &code, self.marker).await?;
                Ok(Answer::Whisper(reply))
            }
            Command::Web => Ok(Answer::Whisper(outline::web(self.workshop, &self.actor).await?)),
            Command::Errand(errand) => Ok(Answer::Whisper(errand.run(&self.caller(living)).await?)),
            Command::Help
            | Command::List
            | Command::Library(_)
            | Command::Draft
            | Command::Tests
            | Command::Diff
            | Command::Topic(_)
            | Command::Quit => Ok(Answer::Nothing),
        }
    }

    /// The draft that is meant: the one named or living here, else the one the person worked on last.
    pub(super) async fn draft(&self, named: Option<DraftId>) -> Result<Draft, Error> {
        self.caller(None).draft(named).await
    }

    pub(super) async fn open(&self, id: DraftId) -> Result<Answer, Error> {
        let here = &self.inbound.place;
        let homes = self.workshop.homes(&self.actor, id).await?;
        if let Some(home) = homes.iter().find(|home| home.place.channel_only() == here.channel_only()) {
            let draft = self.workshop.draft(&self.actor, id).await?;
            return Ok(Answer::Whisper(reply::lives_here(&draft, &home.place)));
        }
        self.open_here(id).await?;
        Ok(Answer::Nothing)
    }

    async fn open_here(&self, id: DraftId) -> Result<(), Error> {
        let place = self.place_for_another().await?;
        let (audience, user) = (self.inbound.audience, &self.inbound.user);
        self.workshop.open_in(&self.actor, id, &place, audience, user, &format!("open:{}", self.key)).await
    }

    async fn test(
        &self,
        draft: Option<DraftId>,
        question: &str,
        topic: Option<String>,
        model: Option<String>,
    ) -> Result<Answer, Error> {
        let draft = self.draft(draft).await?;
        if question.is_empty() {
            return Ok(Answer::Whisper(reply::test_form(&draft)));
        }
        let question = trial::parse_question(question)?;
        let earlier = self.workshop.trials(&self.actor, draft.id, 1, 0).await?.0.pop();
        let topic = match (topic, earlier) {
            (Some(topic), _) => Some(topic),
            (None, Some(trial)) => Some(trial.topic),
            (None, None) => self.workshop.suggest_topic(&format!("{} {question} {}", draft.name, draft.text)).await?,
        };
        let Some(topic) = topic else { return Ok(Answer::Whisper(reply::topics(&[], None))) };
        let request = TrialRequest {
            question,
            topic,
            article_limit: DEFAULT_ARTICLES,
            model,
            window: None,
            rating: None,
            note: String::new(),
        };
        self.start_test(draft.id, request).await
    }

    /// Starts a test; its progress shows where the draft lives, which is here if it lived nowhere.
    pub(super) async fn start_test(&self, draft: DraftId, request: TrialRequest) -> Result<Answer, Error> {
        let homes = self.workshop.homes(&self.actor, draft).await?;
        let here = &self.inbound.place;
        let workspace = |place: &Place| (place.platform, place.workspace.clone());
        let lives = homes.iter().find(|home| workspace(&home.place) == workspace(here));
        self.workshop.start_trial_once(&self.actor, draft, request, self.key).await?;
        match lives {
            None => {
                self.open_here(draft).await?;
                Ok(Answer::Nothing)
            }
            Some(home) if home.place == *here => Ok(Answer::Nothing),
            Some(home) => Ok(Answer::Whisper(reply::result_comes_in(draft, &home.place))),
        }
    }

    /// The latest answered test of the draft that is meant.
    pub(super) async fn last_result(&self, draft: Option<DraftId>) -> Result<Option<Trial>, Error> {
        let draft = self.draft(draft).await?;
        let (trials, _) = self.workshop.trials(&self.actor, draft.id, 20, 0).await?;
        Ok(trials.into_iter().find(|trial| trial.status == TrialStatus::Succeeded))
    }

    async fn rate(&self, draft: Option<DraftId>, stars: Option<trial::Stars>, note: &str) -> Result<Answer, Error> {
        let note = trial::parse_note(note)?;
        let Some(last) = self.last_result(draft).await? else { return Ok(Answer::Whisper(reply::nothing_to_rate())) };
        let Some(stars) = stars else { return Ok(Answer::Whisper(reply::rate_this(&last))) };
        let note = Some(note.as_str()).filter(|note| !note.is_empty());
        let rated = self.workshop.rate_trial(&self.actor, last.draft, last.id, Some(stars), note).await?;
        Ok(Answer::Whisper(reply::rated(&rated)))
    }

    /// Accepts the open proposal, wholly or in part, or rejects it.
    async fn decide(&self, draft: Option<DraftId>, accept: Option<&[usize]>) -> Result<Answer, Error> {
        let draft = self.draft(draft).await?;
        let proposals = self.workshop.proposals(&self.actor, draft.id).await?;
        let Some(open) = proposals.iter().rev().find(|proposal| proposal.status == ProposalStatus::Open) else {
            return Ok(Answer::Whisper(reply::no_proposal()));
        };
        let reply = match accept {
            None => reply::decided(&self.workshop.reject_proposal(&self.actor, draft.id, open.number).await?, None),
            Some(changes) => {
                let chosen = Some(changes).filter(|changes| !changes.is_empty());
                let accepted = self.workshop.accept_proposal(&self.actor, draft.id, open.number, chosen).await?;
                reply::decided(&accepted.1, Some(accepted.0.revision.0))
            }
        };
        Ok(Answer::Whisper(reply))
    }

    /// Starts a workshop on the prompt that gave an answer: this one, or the last that the person was given.
    pub(super) async fn improve(&self, answer: Option<AnswerId>, as_version: bool) -> Result<Answer, Error> {
        let answer = match answer {
            Some(answer) => answer,
            None => match self.workshop.latest_answer(&self.actor).await? {
                Some(answer) => answer.id,
                None => return Ok(Answer::Whisper(reply::nothing_to_improve(self.marker))),
            },
        };
        self.begin(Start { answer: Some(answer), publishes: as_version, ..Start::default() }).await
    }

    async fn ask(&self, prompt: &str, question: &str) -> Result<Answer, Error> {
        let Reference { name: prompt, pick } = prompt.parse()?;
        let (session, question, topic) = (None, question.to_owned(), None);
        let ask = Ask { prompt, pick, session, question, topic, article_limit: DEFAULT_ARTICLES };
        let place = Asked { place: &self.inbound.place, audience: self.inbound.audience };
        let asked = self.workshop.ask_prompt_in(&self.actor, ask, Some(self.key), Some(place)).await?;
        let prompt = self.workshop.prompt(&self.actor, &asked.prompt_name).await?;
        Ok(Answer::Whisper(reply::asking(&asked, &prompt)))
    }

    /// Why something was not done, what was kept of it, and what can be done now.
    async fn refusal(&self, error: &Error) -> Reply {
        let mut reply = reply::error(error);
        if let Some(typed) = self.inbound.typed() {
            reply.notes.push(format!("You wrote: {}", excerpt(typed, GIVEN_BACK)));
        }
        if let (Error::ReadOnly(why), Ok(Some(id))) = (error, self.workshop.draft_in(&self.inbound.place).await) {
            match why {
                ReadOnly::Expired => reply.actions.push(Action::new("Restore", Button::new(Press::Restore, id, 0))),
                ReadOnly::Committed => {
                    if let Some(name) = self.committed_name(id).await {
                        reply.actions.push(Action::new("Clone", Button::new(Press::Clone, name, 0)));
                    }
                }
                ReadOnly::Purged => {}
            }
        }
        if let What::Submitted(_) = &self.inbound.what
            && let Some(arrival) = self.key.strip_prefix("arrival:")
        {
            let again = Button::new(Press::Resume, arrival, 0);
            reply.actions.push(Action::new("Open the form again", again).primary());
        }
        if let (Error::WantsConfirmation(_), Some(id)) = (error, self.inbound_draft().await) {
            reply.actions.push(Action::new("Commit…", Button::new(Press::Commit, id, 0)));
        }
        reply
    }

    async fn inbound_draft(&self) -> Option<DraftId> {
        self.workshop.draft_in(&self.inbound.place).await.ok().flatten()
    }

    async fn committed_name(&self, id: DraftId) -> Option<String> {
        let draft = self.workshop.draft(&self.actor, id).await.ok()?;
        let reference = self.workshop.prompt_reference(draft.committed_as).await.ok()?;
        reference.map(|(name, _)| name)
    }
}
