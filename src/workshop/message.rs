//! Conversations: what a person says is stored, with the job that answers it, before anyone hears "ok".

use serde::{Deserialize, Serialize};

use super::{Error, Noun, Workshop};
use crate::domain::conversation::{MessageRole, Outcome};
use crate::domain::{Access, Actor, ChatId, DraftId, MessageId};
use crate::queue::{self, Job, Queue};
use crate::store;
pub use crate::store::message::Message;

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
            created_at: now,
        };
        store::message::insert(&mut tx, &message, key).await?;
        store::draft::touch(&mut tx, draft.id, draft.status, now).await?;
        let options = queue::Options { key: Some(format!("turn:{}", message.id)), run_at: None };
        queue::push(&mut tx, &AnswerTurn { message: message.id }, options).await?;
        store::commit(tx).await?;
        Ok(message)
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
