//! A person's talk with the workshop: which draft is open, and what each command does.

use super::Platform;
use super::command::{Command, Where};
use super::errand::Caller;
use super::outline;
use super::reply::{self, Reply};
use crate::domain::access::Visibility;
use crate::domain::account::Identity;
use crate::domain::conversation::{Outcome, parse_message};
use crate::domain::draft::Draft;
use crate::domain::library::{self, Filter, PromptName, Reference};
use crate::domain::proposal::ProposalStatus;
use crate::domain::trial::{self, TrialRequest};
use crate::domain::{Actor, AnswerId, ChatId, DraftId, TrialId};
use crate::workshop::draft::Start;
use crate::workshop::event::Event;
use crate::workshop::library::Commit;
use crate::workshop::proposal::Proposal;
use crate::workshop::session::Ask;
use crate::workshop::{Error, Workshop};

/// How many drafts or tests one reply lists.
const LISTED: i64 = 20;

/// How often rows are read when nothing is heard.
const LOOK: std::time::Duration = std::time::Duration::from_secs(2);

/// One person's talk on one platform.
pub struct Dialogue {
    workshop: Workshop,
    actor: Actor,
    /// How the actor is known here.
    identity: Identity,
    /// What stands before a command on this platform.
    marker: &'static str,
    draft: Option<DraftId>,
    topic: Option<String>,
    trial: Option<TrialId>,
    /// The conversation with a prompt that the next question goes on with.
    session: Option<ChatId>,
    /// What was answered last.
    answer: Option<AnswerId>,
}

/// Why a command was not carried out to its end.
#[derive(Debug)]
pub enum Stopped<E> {
    /// The workshop refused; the person hears why.
    Refused(Error),
    /// The platform could not show it.
    Platform(E),
}

impl<E> From<Error> for Stopped<E> {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl Dialogue {
    /// A talk with nothing open.
    pub fn new(workshop: Workshop, actor: Actor, identity: Identity, marker: &'static str) -> Self {
        Self { workshop, actor, identity, marker, draft: None, topic: None, trial: None, session: None, answer: None }
    }

    /// Carries out a command and shows what comes of it; says why when it is refused.
    pub async fn carry_out<P: Platform>(&mut self, command: Command, platform: &mut P) -> Result<(), P::Error> {
        match self.try_to(command, platform).await {
            Ok(reply) => platform.post(&reply),
            Err(Stopped::Refused(error)) => platform.post(&reply::error(&error)),
            Err(Stopped::Platform(error)) => Err(error),
        }
    }

    async fn try_to<P: Platform>(&mut self, command: Command, platform: &mut P) -> Result<Reply, Stopped<P::Error>> {
        let marker = self.marker;
        Ok(match command {
            Command::Help => reply::help(marker, Where::Terminal),
            Command::Quit => Reply::said("Everything is kept. Until next time."),
            Command::New(requirements) => return self.start(&requirements, platform).await,
            Command::Say(text) => return self.say(&text, platform).await,
            Command::Test { draft, question, .. } => {
                self.draft = draft.or(self.draft);
                if question.is_empty() {
                    return Ok(reply::wants_question(marker));
                }
                return self.test(&question, platform).await;
            }
            Command::Improve { as_version } => self.improve(as_version).await?,
            Command::Ask { prompt, question } => return self.ask(prompt, question, platform).await,
            Command::List => {
                let (drafts, total) = self.workshop.drafts(&self.actor, None, LISTED, 0).await?;
                reply::drafts(&drafts, total, marker)
            }
            Command::Open(id) => {
                let draft = self.workshop.draft(&self.actor, id).await?;
                (self.draft, self.trial) = (Some(id), None);
                reply::opened(&draft)
            }
            Command::Draft => match self.open_draft().await? {
                Some(draft) => reply::draft(&draft),
                None => reply::no_draft(marker),
            },
            Command::Tests => match self.draft {
                Some(id) => {
                    let (trials, total) = self.workshop.trials(&self.actor, id, LISTED, 0).await?;
                    let history = self.workshop.history(&self.actor, id).await?;
                    reply::trials(&trials, total, &history, marker)
                }
                None => reply::no_draft(marker),
            },
            Command::Topic(name) => self.choose_topic(&name).await?,
            Command::Rate { stars: Some(stars), note } => self.rate(stars, &note).await?,
            Command::Rate { stars: None, .. } => Reply::refused(format!("Say how many stars: {marker}rate 1–5 [note]")),
            Command::Diff => match self.open_proposal().await? {
                Some(proposal) => reply::proposed(&proposal, marker),
                None => reply::no_proposal(),
            },
            Command::Accept(changes) => self.accept(&changes).await?,
            Command::Reject => match (self.draft, self.open_proposal().await?) {
                (Some(id), Some(open)) => {
                    let decided = self.workshop.reject_proposal(&self.actor, id, open.number).await?;
                    reply::decided(&decided, None)
                }
                (Some(_) | None, _) => reply::no_proposal(),
            },
            Command::Commit { draft, name, title, confirm } => {
                self.draft = draft.or(self.draft);
                self.commit(&name, &title, confirm).await?
            }
            Command::Ready => match self.draft {
                Some(id) => reply::ready(&outline::ready(&self.workshop, &self.actor, id).await?),
                None => reply::no_draft(marker),
            },
            Command::Restore(id) => {
                let draft = outline::restore(&self.workshop, &self.actor, id).await?;
                (self.draft, self.trial) = (Some(id), None);
                reply::restored(&draft)
            }
            Command::Web => outline::web(&self.workshop, &self.actor).await?,
            Command::Errand(errand) => {
                let caller = Caller {
                    workshop: &self.workshop,
                    actor: &self.actor,
                    marker,
                    draft: self.draft,
                    place: None,
                    key: None,
                };
                errand.run(&caller).await?
            }
            Command::Link(code) => {
                let (reply, joined) = outline::link(&self.workshop, &self.actor, &self.identity, &code, marker).await?;
                self.actor = joined.unwrap_or_else(|| self.actor.clone());
                reply
            }
            Command::Clone(name) => {
                let started = self.workshop.clone_prompt(&self.actor, &name, None, false).await?;
                (self.draft, self.trial) = (Some(started.draft.id), None);
                Reply::said(started.welcome.content)
            }
            Command::Library(query) => {
                let (prompts, total) =
                    self.workshop.prompts(&self.actor, &Filter { query, ..Filter::default() }, LISTED, 0).await?;
                reply::prompts(&prompts, total, marker)
            }
        })
    }

    async fn open_draft(&self) -> Result<Option<Draft>, Error> {
        match self.draft {
            Some(id) => self.workshop.draft(&self.actor, id).await.map(Some),
            None => Ok(None),
        }
    }

    async fn open_proposal(&self) -> Result<Option<Proposal>, Error> {
        let Some(id) = self.draft else { return Ok(None) };
        let proposals = self.workshop.proposals(&self.actor, id).await?;
        Ok(proposals.into_iter().rev().find(|proposal| proposal.status == ProposalStatus::Open))
    }

    /// Starts a workshop with what is needed.
    async fn start<P: Platform>(&mut self, requirements: &str, platform: &mut P) -> Result<Reply, Stopped<P::Error>> {
        let requirements = Some(requirements.trim().to_owned()).filter(|text| !text.is_empty());
        let start = Start { requirements, ..Start::default() };
        let started = self.workshop.start_workshop(&self.actor, start).await?;
        (self.draft, self.trial) = (Some(started.draft.id), None);
        platform.post(&reply::opened(&started.draft)).map_err(Stopped::Platform)?;
        Ok(Reply::said(started.welcome.content))
    }

    /// Says something to the assistant and shows its answer as it is written. The first words start a workshop.
    async fn say<P: Platform>(&mut self, text: &str, platform: &mut P) -> Result<Reply, Stopped<P::Error>> {
        let Some(id) = self.draft else { return self.start(text, platform).await };
        let content = parse_message(text).map_err(Error::from)?;
        let mut events = self.workshop.events().subscribe();
        let message = self.workshop.say(&self.actor, id, &content, None).await?;
        let mut streamed = String::new();
        let answer = loop {
            match tokio::time::timeout(LOOK, events.next()).await.ok().as_deref() {
                Some(Event::Delta { message: of, text, .. }) if *of == message.id => {
                    streamed.push_str(text);
                    platform.stream(text).map_err(Stopped::Platform)?;
                    continue;
                }
                Some(Event::Answered { .. } | Event::Gap) | None => {}
                Some(
                    Event::Delta { .. }
                    | Event::ChatChanged { .. }
                    | Event::DraftChanged { .. }
                    | Event::TrialChanged { .. }
                    | Event::TrialWritten { .. }
                    | Event::QuestionAnswered { .. }
                    | Event::Written { .. }
                    | Event::CancelTrial { .. }
                    | Event::BatchChanged { .. }
                    | Event::CancelBatch { .. }
                    | Event::Admit
                    | Event::Pushed,
                ) => continue,
            }
            if let Some(answer) = self.workshop.answer_to(&self.actor, &message).await? {
                break answer;
            }
        };
        if answer.outcome == Outcome::Failed {
            return Ok(Reply::refused(answer.content));
        }
        if streamed.is_empty() {
            platform.stream(&answer.content).map_err(Stopped::Platform)?;
        } else if streamed.trim() != answer.content.trim() {
            // An answer that began anew, or a draft whose parts were replaced: what counts is what is stored.
            platform.post(&reply::revised(&answer.content)).map_err(Stopped::Platform)?;
        }
        Ok(match (answer.revision, self.open_draft().await?, self.open_proposal().await?) {
            (Some(_), Some(draft), _) => reply::drafted(&draft, self.marker),
            (None, _, Some(open)) if answer.proposal == Some(open.number) => reply::proposed(&open, self.marker),
            (Some(_) | None, _, _) => Reply::said(""),
        })
    }

    /// Tests the draft, showing progress in place and then the result.
    async fn test<P: Platform>(&mut self, question: &str, platform: &mut P) -> Result<Reply, Stopped<P::Error>> {
        let Some(id) = self.draft else { return Ok(reply::no_draft(self.marker)) };
        let question = trial::parse_question(question).map_err(Error::from)?;
        let topic = match &self.topic {
            Some(topic) => topic.clone(),
            None => {
                let draft = self.workshop.draft(&self.actor, id).await?;
                let about = format!("{} {question} {}", draft.name, draft.text);
                let Some(best) = self.workshop.suggest_topic(&about).await? else {
                    return Ok(reply::topics(&[], None));
                };
                // A person can choose another.
                platform.post(&reply::topic_chosen(&best)).map_err(Stopped::Platform)?;
                self.topic.insert(best).clone()
            }
        };
        let request = TrialRequest {
            question,
            topic,
            article_limit: trial::DEFAULT_ARTICLES,
            model: None,
            window: None,
            rating: None,
            note: String::new(),
        };
        let mut events = self.workshop.events().subscribe();
        let started = self.workshop.start_trial(&self.actor, id, request).await?;
        (self.trial, self.answer) = (Some(started.id), None);
        let mut trial = started;
        while !trial.status.is_final() {
            platform.progress(reply::progress(&trial)).map_err(Stopped::Platform)?;
            // Whatever is heard, or nothing for a while, the row is the truth.
            let _ = tokio::time::timeout(LOOK, events.next()).await;
            trial = self.workshop.trial(&self.actor, id, trial.id).await?;
        }
        platform.progress(reply::progress(&trial)).map_err(Stopped::Platform)?;
        Ok(reply::result(&trial, self.marker))
    }

    /// Asks a prompt of the library, showing progress in place and then the answer.
    async fn ask<P: Platform>(
        &mut self,
        prompt: String,
        question: String,
        platform: &mut P,
    ) -> Result<Reply, Stopped<P::Error>> {
        let topic = self.topic.clone();
        let Reference { name: prompt, pick } = prompt.parse().map_err(Error::from)?;
        let session = self.session;
        let ask = Ask { prompt, pick, session, question, topic, article_limit: trial::DEFAULT_ARTICLES };
        let mut events = self.workshop.events().subscribe();
        let mut answer = self.workshop.ask_prompt(&self.actor, ask, None).await?;
        (self.session, self.answer) = (answer.chat, Some(answer.id));
        while !answer.status.is_final() {
            platform.progress(reply::answering(answer.status)).map_err(Stopped::Platform)?;
            let _ = tokio::time::timeout(LOOK, events.next()).await;
            answer = self.workshop.answer(&self.actor, answer.id).await?;
        }
        platform.progress(reply::answering(answer.status)).map_err(Stopped::Platform)?;
        let mut reply = reply::answer(&answer);
        reply.notes.extend(reply::deprecation(&self.workshop.prompt(&self.actor, &answer.prompt_name).await?));
        Ok(reply)
    }

    /// Starts a workshop on the prompt that answered last.
    async fn improve(&mut self, as_version: bool) -> Result<Reply, Error> {
        let answer = match self.answer {
            Some(answer) => answer,
            None => match self.workshop.latest_answer(&self.actor).await? {
                Some(answer) => answer.id,
                None => return Ok(reply::nothing_to_improve(self.marker)),
            },
        };
        let start = Start { answer: Some(answer), publishes: as_version, ..Start::default() };
        let started = self.workshop.start_workshop(&self.actor, start).await?;
        (self.draft, self.trial) = (Some(started.draft.id), None);
        Ok(Reply::said(started.welcome.content))
    }

    async fn choose_topic(&mut self, name: &str) -> Result<Reply, Error> {
        let topics = self.workshop.topics().await?;
        let chosen = topics.iter().find(|topic| topic.name.eq_ignore_ascii_case(name));
        Ok(match chosen {
            Some(topic) => {
                self.topic = Some(topic.name.clone());
                reply::topic_chosen(&topic.name)
            }
            None => reply::topics(&topics, self.topic.as_deref()),
        })
    }

    async fn rate(&mut self, stars: trial::Stars, note: &str) -> Result<Reply, Error> {
        let note = trial::parse_note(note)?;
        if let Some(answer) = self.answer {
            let note = Some(note.as_str()).filter(|note| !note.is_empty());
            return Ok(reply::answer_rated(&self.workshop.rate_answer(&self.actor, answer, Some(stars), note).await?));
        }
        let Some(id) = self.draft else { return Ok(reply::no_draft(self.marker)) };
        let last = match self.trial {
            Some(trial) => Some(trial),
            None => self.workshop.trials(&self.actor, id, 1, 0).await?.0.first().map(|trial| trial.id),
        };
        let Some(last) = last else { return Ok(reply::trials(&[], 0, &[], self.marker)) };
        let note = Some(note.as_str()).filter(|note| !note.is_empty());
        Ok(reply::rated(&self.workshop.rate_trial(&self.actor, id, last, Some(stars), note).await?))
    }

    async fn accept(&mut self, changes: &[usize]) -> Result<Reply, Error> {
        let (Some(id), Some(open)) = (self.draft, self.open_proposal().await?) else { return Ok(reply::no_proposal()) };
        let chosen = Some(changes).filter(|changes| !changes.is_empty());
        let (draft, decided) = self.workshop.accept_proposal(&self.actor, id, open.number, chosen).await?;
        Ok(reply::decided(&decided, Some(draft.revision.0)))
    }

    async fn commit(&mut self, name: &str, title: &str, confirm: bool) -> Result<Reply, Error> {
        let Some(draft) = self.open_draft().await? else { return Ok(reply::no_draft(self.marker)) };
        if name.is_empty() {
            return Ok(reply::needs_name(self.workshop.suggested_prompt_name(&draft).await?, self.marker));
        }
        let title = if title.is_empty() { draft.name.clone() } else { title.to_owned() };
        let commit = Commit {
            name: PromptName::parse(name)?,
            title: library::parse_title(&title)?,
            description: draft.description,
            note: String::new(),
            visibility: Visibility::Team,
            confirm,
        };
        let (prompt, version) = self.workshop.commit_draft(&self.actor, draft.id, commit).await?;
        Ok(reply::committed(&prompt, version, self.marker))
    }
}
