//! Conversations: what a person says is stored, with the job that answers it, before anyone hears "ok".

use serde::{Deserialize, Serialize};

use super::delivery::Refresh;
use super::event::{Event, notify};
use super::{Error, Noun, Workshop};
use crate::domain::conversation::{MessageRole, Outcome, Question};
use crate::domain::place::Place;
use crate::domain::{Access, Actor, ChatId, DraftId, MessageId, text};
use crate::queue::{self, Job, Queue};
use crate::store;
pub use crate::store::message::Message;

/// What was chosen of a message's questions.
#[derive(Debug, Clone, Copy)]
pub enum Choice<'a> {
    /// An answer to the question of this number, from 0.
    One(usize, &'a str),
    /// To the question of this number the answer of this number among those offered, both from 0.
    Offered(usize, usize),
    /// Nothing more: what is open gets its default.
    Defaults,
}

/// Answers a person's message.
#[derive(Debug, Serialize, Deserialize)]
pub struct AnswerTurn {
    /// The message to answer.
    pub message: MessageId,
}

impl Job for AnswerTurn {
    const KIND: &'static str = "answer_turn";
    const QUEUE: Queue = Queue::Talk;
}

impl Workshop {
    /// Stores what a person says in a draft's conversation, and sees to the answer.
    ///
    /// A message under a `key` that is known is a success that does nothing: platforms send events again.
    pub async fn say(&self, actor: &Actor, draft: DraftId, content: &str, key: Option<&str>) -> Result<Message, Error> {
        self.say_from(actor, draft, content, key, None).await
    }

    /// Like [`Self::say`], said in a place that shows it already; the conversation's other places are told.
    pub async fn say_from(
        &self,
        actor: &Actor,
        draft: DraftId,
        content: &str,
        key: Option<&str>,
        said_in: Option<&Place>,
    ) -> Result<Message, Error> {
        let mut tx = self.store.begin().await?;
        let draft = self.writable_draft(&mut tx, actor, draft, Access::Commenter).await?;
        if let Some(key) = key
            && let Some(known) = store::message::find_by_key(&mut tx, draft.chat, key).await?
        {
            let message = store::message::find(&mut tx, known).await?;
            return message.ok_or(Error::NotFound(Noun::Chat));
        }
        let now = self.now();
        let message = Message {
            id: MessageId::new(),
            chat: draft.chat,
            role: MessageRole::Person,
            author: Some(actor.account),
            content: content.to_owned(),
            reply_to: None,
            outcome: Outcome::Said,
            questions: Vec::new(),
            engine: String::new(),
            revision: None,
            proposal: None,
            chosen: Default::default(),
            answered: false,
            created_at: now,
        };
        for asked in store::message::answer_all(&mut tx, draft.chat).await? {
            self.refresh(&mut tx, draft.chat, Refresh::Message { message: asked }).await?;
        }
        store::message::insert(&mut tx, &message, key).await?;
        store::draft::touch(&mut tx, draft.id, draft.status, now).await?;
        let options = queue::Options { key: Some(format!("turn:{}", message.id)), run_at: None };
        queue::push(&mut tx, &AnswerTurn { message: message.id }, options).await?;
        self.tell_others(&mut tx, &message, said_in).await?;
        notify(&mut tx, &Event::ChatChanged { chat: draft.chat }).await?;
        store::commit(tx).await?;
        Ok(message)
    }

    /// Chooses an answer to one question of a message, or leaves all that are open to their defaults.
    ///
    /// Once every question has its answer they are said, as one message of the actor's. False when they were before.
    pub async fn choose(
        &self,
        actor: &Actor,
        id: MessageId,
        choice: Choice<'_>,
        said_in: Option<&Place>,
    ) -> Result<bool, Error> {
        let mut tx = self.store.begin().await?;
        let asked = store::message::find(&mut tx, id).await?.ok_or(Error::NotFound(Noun::Chat))?;
        let draft = store::draft::find_by_chat(&mut tx, asked.chat).await?.ok_or(Error::NotFound(Noun::Chat))?;
        self.writable_draft(&mut tx, actor, draft.id, Access::Commenter).await?;
        // Read again, now that the draft is locked.
        let asked = store::message::find(&mut tx, id).await?.ok_or(Error::NotFound(Noun::Chat))?;
        let mut chosen = asked.chosen.clone();
        // Should we have died before they were said, saying them again says them once; in words they were said already.
        let before = asked.answered;
        if before && chosen.len() < asked.questions.len() {
            return Ok(false);
        }
        for (index, question) in asked.questions.iter().enumerate() {
            match choice {
                Choice::One(number, answer) if number == index && !before => {
                    chosen.insert(index.to_string(), text::line("answer", answer, 1, 500)?);
                }
                Choice::Defaults => {
                    chosen.entry(index.to_string()).or_insert_with(|| question.default.clone());
                }
                Choice::Offered(number, answer) if number == index && !before => {
                    let offered = question.offered().nth(answer).ok_or(Error::NotFound(Noun::Chat))?;
                    chosen.insert(index.to_string(), text::line("answer", offered, 1, 500)?);
                }
                Choice::One(..) | Choice::Offered(..) => {}
            }
        }
        let complete = chosen.len() == asked.questions.len();
        if !before {
            store::message::set_chosen(&mut tx, id, &chosen, complete).await?;
            self.refresh(&mut tx, asked.chat, Refresh::Message { message: id }).await?;
            notify(&mut tx, &Event::ChatChanged { chat: asked.chat }).await?;
        }
        store::commit(tx).await?;
        if complete {
            let answer = |(index, question): (usize, &Question)| match asked.questions.len() {
                1 => chosen[&index.to_string()].clone(),
                _ => format!("{}. {} {}", index + 1, question.text, chosen[&index.to_string()]),
            };
            let said: Vec<String> = asked.questions.iter().enumerate().map(answer).collect();
            // A key of the message's own: should we die between the two commits, saying it again says it once.
            self.say_from(actor, draft.id, &said.join("\n"), Some(&format!("answers:{id}")), said_in).await?;
        }
        Ok(!before)
    }

    /// The draft that a conversation is about.
    pub async fn draft_of_chat(&self, actor: &Actor, chat: ChatId) -> Result<DraftId, Error> {
        let mut conn = self.store.conn().await?;
        let draft = store::draft::find_by_chat(&mut conn, chat).await?.ok_or(Error::NotFound(Noun::Chat))?;
        match self.draft_for(&mut conn, actor, draft.id, Access::Viewer).await {
            Err(Error::NotFound(_)) => Err(Error::NotFound(Noun::Chat)),
            found => Ok(found?.id),
        }
    }

    /// A whole conversation, oldest message first.
    pub async fn messages(&self, actor: &Actor, chat: ChatId) -> Result<Vec<Message>, Error> {
        self.draft_of_chat(actor, chat).await?;
        Ok(store::message::list(&mut *self.store.conn().await?, chat).await?)
    }

    /// The answer to a message, once there is one.
    pub async fn answer_to(&self, actor: &Actor, message: &Message) -> Result<Option<Message>, Error> {
        self.draft_of_chat(actor, message.chat).await?;
        Ok(store::message::find_reply(&mut *self.store.conn().await?, message.id).await?)
    }
}
