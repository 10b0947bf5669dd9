//! Sessions: conversations with a committed prompt. Each question is stored and answered by a job, once.
//!
//! What a model is sent comes from [`super::research`], by the very lines that serve tests. How a question is answered is
//! in [`super::answer_run`].

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::article::best_topic;
use super::delivery::{Refresh, place_key};
use super::trial::find_topic;
use super::version::{Picked, picked};
use super::{Error, Noun, Workshop};
use crate::domain::article::FrozenArticle;
use crate::domain::library::{DEFAULT_PROMPT, Pick};
use crate::domain::place::Place;
use crate::domain::research_window::window_in;
use crate::domain::session::{Answer, AnswerStatus, Session};
use crate::domain::trial::{self, Stars};
use crate::domain::{Access, Actor, AnswerId, ChatId, DeliveryId, Invalid, text};
use crate::queue::{self, Job, Queue};
use crate::store::activity::{self, Happened};
use crate::store::answer::NewAnswer;
use crate::store::delivery::{Delivery, DeliveryKind};
use crate::store::session::NewSession;
use crate::store::{self, Conn};
use crate::workshop::place::Audience;

/// A question in a place goes on with the session that the person had there with the prompt, if that is not longer ago.
const GOES_ON: TimeDelta = TimeDelta::hours(12);

/// Answers a question to a prompt.
#[derive(Debug, Serialize, Deserialize)]
pub struct AnswerQuestion {
    /// The question, and its answer to be.
    pub answer: AnswerId,
}

impl Job for AnswerQuestion {
    const KIND: &'static str = "answer_question";
    const QUEUE: Queue = Queue::Talk;
}

/// A session to begin.
#[derive(Debug, Clone, Default)]
pub struct Begin {
    /// The prompt's name; the default prompt when not named.
    pub prompt: Option<String>,
    /// Which text of it answers.
    pub pick: Pick,
    /// The topic's name.
    pub topic: String,
    /// What it is called; its first question when left out.
    pub title: String,
}

/// A question to a prompt of the library.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The prompt's name.
    pub prompt: String,
    /// Which text of it answers.
    pub pick: Pick,
    /// The session to go on with; one is found or begun when not named.
    pub session: Option<ChatId>,
    /// The question: 10 to 1,000 characters.
    pub question: String,
    /// The topic's name; the one that fits best when not named.
    pub topic: Option<String>,
    /// How many articles at most: 5 to 200.
    pub article_limit: i32,
}

/// A question within a session.
#[derive(Debug, Clone)]
pub struct Say {
    /// The question: 10 to 1,000 characters.
    pub question: String,
    /// The model; the configured one when not named.
    pub model: Option<String>,
    /// How many articles at most: 5 to 200.
    pub article_limit: i32,
}

/// Where a question was asked on a chat platform.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The place, which is told the answer.
    pub place: &'a Place,
    /// Who reads it there.
    pub audience: Audience,
}

impl Workshop {
    /// Begins a session. A version or a label that there is not is refused at once.
    pub async fn begin_session(&self, actor: &Actor, begin: Begin) -> Result<Session, Error> {
        let mut tx = self.store.begin().await?;
        let name = begin.prompt.as_deref().unwrap_or(DEFAULT_PROMPT);
        let prompt = self.prompt_for(&mut tx, actor, name, Access::Viewer).await?;
        let prompt = picked(&mut tx, prompt, &begin.pick).await?.prompt;
        let topic = find_topic(&mut tx, &begin.topic).await?;
        let (title, pick) = (begin.title.as_str(), &begin.pick);
        let new = NewSession { owner: actor.account, title, topic: &topic, prompt: prompt.id, pick, place_key: "" };
        let chat = store::session::insert(&mut tx, &new, self.now()).await?;
        let session = store::session::find(&mut tx, chat).await?.ok_or(Error::NotFound(Noun::Session))?;
        store::commit(tx).await?;
        Ok(session)
    }

    /// A page of the actor's sessions, the latest used first, and how many there are in all.
    pub async fn sessions(&self, actor: &Actor, limit: i64, offset: i64) -> Result<(Vec<Session>, i64), Error> {
        Ok(store::session::list(&mut *self.store.conn().await?, actor.account, limit, offset).await?)
    }

    /// A session of the actor.
    pub async fn find_session(&self, actor: &Actor, chat: ChatId) -> Result<Session, Error> {
        session_of(&mut *self.store.conn().await?, actor, chat).await
    }

    /// A session of the actor with its questions and answers, oldest first.
    pub async fn session(&self, actor: &Actor, chat: ChatId) -> Result<(Session, Vec<Answer>), Error> {
        let mut conn = self.store.conn().await?;
        let session = session_of(&mut conn, actor, chat).await?;
        let answers = store::answer::list(&mut conn, chat, None, 1_000).await?;
        Ok((session, answers))
    }

    /// Deletes a session with its questions and answers; that its prompt was used stays counted.
    pub async fn delete_session(&self, actor: &Actor, chat: ChatId) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        let session = session_of(&mut tx, actor, chat).await?;
        store::session::delete(&mut tx, chat).await?;
        let event = activity::Event::prompt(Happened::SessionDeleted, Some(actor.account), session.prompt, json!({}));
        activity::insert(&mut tx, &event, self.now()).await?;
        Ok(store::commit(tx).await?)
    }

    /// Asks within a session. The question is stored, and its job with it, before this returns.
    ///
    /// A question under a `key` that the actor used before is a success that does nothing: programs send again.
    pub async fn ask_in_session(
        &self,
        actor: &Actor,
        chat: ChatId,
        say: Say,
        key: Option<&str>,
    ) -> Result<Answer, Error> {
        let question = question(&say.question, "message")?;
        let mut tx = self.store.begin().await?;
        let session = session_of(&mut tx, actor, chat).await?;
        // The limit comes first for its lock: of two deliveries at once the second finds what the first stored.
        let limit = self.check_test_limit(&mut tx, actor).await;
        if let Some(known) = known(&mut tx, actor, key).await? {
            return Ok(known);
        }
        limit?;
        let prompt = self.prompt_for(&mut tx, actor, &session.prompt_name, Access::Viewer).await?;
        let picked = picked(&mut tx, prompt, &session.pick).await?;
        let answer = self.store_question(&mut tx, actor, &session, &picked, Say { question, ..say }, key, None).await?;
        store::commit(tx).await?;
        Ok(answer)
    }

    /// Asks a committed prompt a question, in the session that is named or in a new one.
    pub async fn ask_prompt(&self, actor: &Actor, ask: Ask, key: Option<&str>) -> Result<Answer, Error> {
        self.ask_prompt_in(actor, ask, key, None).await
    }

    /// Like [`Self::ask_prompt`], asked in a place of a chat platform, which is told the answer: it goes on with the
    /// session that the actor has there with the prompt.
    pub async fn ask_prompt_in(
        &self,
        actor: &Actor,
        ask: Ask,
        key: Option<&str>,
        asked: Option<Asked<'_>>,
    ) -> Result<Answer, Error> {
        let question = question(&ask.question, "question")?;
        let mut tx = self.store.begin().await?;
        let prompt = self.prompt_for(&mut tx, actor, &ask.prompt, Access::Viewer).await?;
        let limit = self.check_test_limit(&mut tx, actor).await;
        if let Some(known) = known(&mut tx, actor, key).await? {
            return Ok(known);
        }
        limit?;
        let picked = picked(&mut tx, prompt, &ask.pick).await?;
        let session = self.session_for(&mut tx, actor, &ask, &picked, asked.map(|asked| asked.place)).await?;
        let say = Say { question, model: None, article_limit: ask.article_limit };
        let answer = self.store_question(&mut tx, actor, &session, &picked, say, key, asked).await?;
        store::commit(tx).await?;
        Ok(answer)
    }

    /// The session that a question belongs to; begun if there is none that it goes on with.
    async fn session_for(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        ask: &Ask,
        picked: &Picked,
        place: Option<&Place>,
    ) -> Result<Session, Error> {
        let key = place.map(|place| place_key("session", place)).unwrap_or_default();
        let (prompt, now) = (&picked.prompt, self.now());
        let found = match (ask.session, place) {
            (Some(chat), _) => Some(session_of(conn, actor, chat).await?),
            (None, Some(_)) => {
                store::session::find_in_place(conn, actor.account, prompt.id, &key, now - GOES_ON).await?
            }
            (None, None) => None,
        };
        let same_topic =
            |session: &Session| ask.topic.as_ref().is_none_or(|topic| topic.eq_ignore_ascii_case(&session.topic));
        let goes_on =
            |session: &Session| session.prompt == prompt.id && session.pick == ask.pick && same_topic(session);
        if let Some(session) = found.filter(goes_on) {
            return Ok(session);
        }
        let topic = match &ask.topic {
            Some(topic) => topic.clone(),
            None => {
                let about = format!("{} {} {}", prompt.title, ask.question, picked.text);
                best_topic(store::article::topics(conn).await?, &about).unwrap_or_default()
            }
        };
        let topic = find_topic(conn, &topic).await?;
        let new = NewSession {
            owner: actor.account,
            title: "",
            topic: &topic,
            prompt: prompt.id,
            pick: &ask.pick,
            place_key: &key,
        };
        let chat = store::session::insert(conn, &new, now).await?;
        store::session::find(conn, chat).await?.ok_or(Error::NotFound(Noun::Session))
    }

    /// Stores a question of a session with all that follows from it.
    #[expect(clippy::too_many_arguments, reason = "one place for everything that a question comes with")]
    async fn store_question(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        session: &Session,
        picked: &Picked,
        say: Say,
        key: Option<&str>,
        asked: Option<Asked<'_>>,
    ) -> Result<Answer, Error> {
        let article_limit = trial::parse_limit(Some(say.article_limit.into()))?;
        let (prompt, now) = (picked.prompt.id, self.now());
        let new = NewAnswer {
            id: AnswerId::new(),
            account: actor.account,
            chat: session.chat,
            open_to_readers: asked.is_some_and(|asked| asked.audience == Audience::Channel),
            prompt,
            version: picked.number,
            topic: session.topic.clone(),
            model: say.model.unwrap_or_else(|| self.models.default_model()),
            article_limit,
            window: window_in(&say.question, now),
            question: say.question,
        };
        store::answer::insert(conn, &new, key, now).await?;
        store::session::touch(conn, session.chat, &text::excerpt(&new.question, 100), now).await?;
        store::library::count_use(conn, prompt).await?;
        let detail = json!({ "version": picked.number });
        let event = activity::Event::prompt(Happened::PromptAsked, Some(actor.account), prompt, detail);
        activity::insert(conn, &event, now).await?;
        let options = queue::Options { key: Some(format!("answer:{}", new.id)), run_at: None };
        queue::push(conn, &AnswerQuestion { answer: new.id }, options).await?;
        if let Some(Asked { place, .. }) = asked {
            let delivery = Delivery {
                id: DeliveryId::new(),
                chat: None,
                account: Some(actor.account),
                place: Some(place.clone()),
                recipient: String::new(),
                kind: DeliveryKind::Answer,
                body: json!({ "answer": new.id }),
                posted_as: None,
                attempted_at: None,
                created_at: now,
            };
            // Its job is pushed when there is an answer.
            store::delivery::insert(conn, &delivery, &delivery_key(new.id)).await?;
        }
        store::answer::find(conn, new.id).await?.ok_or(Error::NotFound(Noun::Answer))
    }

    /// A question with its answer once there is one: to who asked, and to readers of the prompt where it was asked openly.
    pub async fn answer(&self, actor: &Actor, id: AnswerId) -> Result<Answer, Error> {
        self.answer_for(&mut *self.store.conn().await?, actor, id).await
    }

    pub(super) async fn answer_for(&self, conn: &mut Conn, actor: &Actor, id: AnswerId) -> Result<Answer, Error> {
        let answer = store::answer::find(conn, id).await?.ok_or(Error::NotFound(Noun::Answer))?;
        let may = answer.account == actor.account
            || answer.open_to_readers
                && store::grant::prompt_access(conn, answer.prompt, actor.account).await?.is_some();
        if may { Ok(answer) } else { Err(Error::NotFound(Noun::Answer)) }
    }

    /// The latest answer that the actor was given.
    pub async fn latest_answer(&self, actor: &Actor) -> Result<Option<Answer>, Error> {
        Ok(store::answer::latest(&mut *self.store.conn().await?, actor.account).await?)
    }

    /// The articles that an answer was given, best first, as they were then.
    pub async fn answer_articles(&self, actor: &Actor, id: AnswerId) -> Result<Vec<FrozenArticle>, Error> {
        let mut conn = self.store.conn().await?;
        match self.answer_for(&mut conn, actor, id).await?.retrieval {
            Some(retrieval) => Ok(store::article::frozen(&mut conn, retrieval).await?),
            None => Ok(Vec::new()),
        }
    }

    /// Saves what the actor thinks of an answer; what is `None` stays as it was.
    pub async fn rate_answer(
        &self,
        actor: &Actor,
        id: AnswerId,
        stars: Option<Stars>,
        note: Option<&str>,
    ) -> Result<Answer, Error> {
        let mut tx = self.store.begin().await?;
        let answer = self.answer_for(&mut tx, actor, id).await?;
        if answer.status != AnswerStatus::Succeeded {
            return Err(Invalid::new("answer", format!("is {} and has nothing to rate", answer.status)).into());
        }
        let now = self.now();
        store::answer::rate(&mut tx, id, actor.account, stars.map(Stars::get), note, now).await?;
        let detail = json!({ "stars": stars.map(Stars::get) });
        let event = activity::Event::prompt(Happened::AnswerRated, Some(actor.account), answer.prompt, detail);
        activity::insert(&mut tx, &event, now).await?;
        if store::delivery::find_by_key(&mut tx, &delivery_key(id)).await?.is_some() {
            queue::push(&mut tx, &Refresh::Answer { answer: id }, queue::Options::default()).await?;
        }
        let answer = store::answer::find(&mut tx, id).await?.ok_or(Error::NotFound(Noun::Answer))?;
        store::commit(tx).await?;
        Ok(answer)
    }
}

/// The delivery of an answer where it was asked.
pub(super) fn delivery_key(id: AnswerId) -> String {
    format!("answer:{id}")
}

/// A question, read from what was sent as `field`.
fn question(raw: &str, field: &'static str) -> Result<String, Invalid> {
    trial::parse_question(raw).map_err(|why| Invalid { field, ..why })
}

/// The session, if it is the actor's.
async fn session_of(conn: &mut Conn, actor: &Actor, chat: ChatId) -> Result<Session, Error> {
    let session = store::session::find(conn, chat).await?;
    session.filter(|session| session.owner == actor.account).ok_or(Error::NotFound(Noun::Session))
}

/// What the actor asked under a key before.
async fn known(conn: &mut Conn, actor: &Actor, key: Option<&str>) -> Result<Option<Answer>, Error> {
    let Some(key) = key else { return Ok(None) };
    match store::answer::find_by_key(conn, actor.account, key).await? {
        Some(id) => Ok(store::answer::find(conn, id).await?),
        None => Ok(None),
    }
}
