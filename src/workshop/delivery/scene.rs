//! What a delivery shows, read when it is shown, and where things were posted that have changed since.

use super::{CardBody, Note, message_key, place_key};
use crate::domain::draft::Draft;
use crate::domain::session::Answer;
use crate::domain::trial::Trial;
use crate::domain::{AnswerId, BatchId, DraftId, MessageId, TrialId};
use crate::store::delivery::{Delivery, DeliveryKind};
use crate::store::message::Message;
use crate::store::{self, Conn};
use crate::workshop::batch::{Report, report};
use crate::workshop::expiry::Told;
use crate::workshop::proposal::Proposal;
use crate::workshop::session::delivery_key;
use crate::workshop::{Error, Workshop};

/// What a delivery shows, as things stand.
#[derive(Debug, Clone)]
pub enum Scene {
    /// A draft's card.
    Card {
        /// The draft.
        draft: Box<Draft>,
        /// The owner's name.
        owner: String,
        /// What was said first.
        need: Option<String>,
        /// The platform's user who opened it.
        user: String,
    },
    /// A message of the conversation.
    Message {
        /// The message.
        message: Box<Message>,
        /// Who said it, when a person did.
        author: String,
        /// The draft.
        draft: Box<Draft>,
        /// The proposal that the message made.
        proposal: Option<Box<Proposal>>,
    },
    /// A test, on its way or ended.
    Trial(Box<Trial>, Box<Draft>),
    /// A batch of tests, on its way or ended.
    Batch(Box<Report>, Box<Draft>),
    /// A question that was put to a prompt, and who asked.
    Answer(Box<Answer>, String),
    /// Something that was done.
    Note(Note),
    /// A reminder or notice about a draft.
    Told(Told),
}

/// Whether what a delivery tells of is still to come, by what it shows now.
pub fn is_to_come(delivery: &Delivery, scene: Option<&Scene>) -> bool {
    match scene {
        None => delivery.kind == DeliveryKind::Message && delivery.body.get("turn").is_some(),
        Some(Scene::Answer(answer, _)) => !answer.status.is_final(),
        Some(_) => false,
    }
}

impl Workshop {
    /// What a delivery shows; `None` when what it tells of is gone.
    pub async fn scene(&self, delivery: &Delivery) -> Result<Option<Scene>, Error> {
        let mut conn = self.store.conn().await?;
        let id = |name: &str| delivery.body.get(name).and_then(|id| serde_json::from_value(id.clone()).ok());
        match delivery.kind {
            DeliveryKind::Card => {
                let Ok(body) = serde_json::from_value::<CardBody>(delivery.body.clone()) else { return Ok(None) };
                self.card_scene(&mut conn, body.draft, body.user).await
            }
            DeliveryKind::Message => {
                let message = match (id("message"), id("turn")) {
                    (Some(message), _) => store::message::find(&mut conn, MessageId(message)).await?,
                    (None, Some(turn)) => store::message::find_reply(&mut conn, MessageId(turn)).await?,
                    (None, None) => None,
                };
                match message {
                    Some(message) => message_scene(&mut conn, message).await,
                    None => Ok(None),
                }
            }
            DeliveryKind::Progress | DeliveryKind::TrialFinished | DeliveryKind::RatingReminder => match id("trial") {
                Some(trial) => trial_scene(&mut conn, TrialId(trial)).await,
                None => Ok(None),
            },
            DeliveryKind::Batch | DeliveryKind::BatchFinished => match id("batch") {
                Some(batch) => batch_scene(&mut conn, BatchId(batch)).await,
                None => Ok(None),
            },
            DeliveryKind::Said | DeliveryKind::Whisper => {
                Ok(serde_json::from_value(delivery.body.clone()).ok().map(Scene::Note))
            }
            DeliveryKind::ExpiryReminder | DeliveryKind::Expired => Ok(Told::read(delivery).map(Scene::Told)),
            DeliveryKind::Answer => match id("answer") {
                Some(answer) => answer_scene(&mut conn, AnswerId(answer)).await,
                None => Ok(None),
            },
        }
    }

    /// What a draft's card shows.
    pub async fn card(&self, draft: DraftId) -> Result<Option<(Scene, Vec<store::place::Home>)>, Error> {
        let mut conn = self.store.conn().await?;
        let Some(found) = store::draft::find(&mut conn, draft).await? else { return Ok(None) };
        let homes = store::place::list(&mut conn, found.chat).await?;
        let scene = self.card_scene(&mut conn, draft, String::new()).await?;
        Ok(scene.map(|scene| (scene, homes)))
    }

    async fn card_scene(&self, conn: &mut Conn, draft: DraftId, user: String) -> Result<Option<Scene>, Error> {
        let Some(draft) = store::draft::find(conn, draft).await? else { return Ok(None) };
        let owner = store::account::find(conn, draft.owner).await?.map(|account| account.name).unwrap_or_default();
        let need = store::message::first_said(conn, draft.chat).await?;
        Ok(Some(Scene::Card { draft: Box::new(draft), owner, need, user }))
    }

    /// What a message shows as things stand, and where it was posted.
    pub async fn posted_message(&self, id: MessageId) -> Result<Option<(Scene, Vec<Delivery>)>, Error> {
        let mut conn = self.store.conn().await?;
        let Some(message) = store::message::find(&mut conn, id).await? else { return Ok(None) };
        let mut posted = Vec::new();
        for home in store::place::list(&mut conn, message.chat).await? {
            let key = message_key(message.id, message.reply_to, &home.place);
            posted.extend(store::delivery::find_by_key(&mut conn, &key).await?);
        }
        Ok(message_scene(&mut conn, message).await?.map(|scene| (scene, posted)))
    }

    /// What an answer shows as things stand, and where it was posted.
    pub async fn posted_answer(&self, id: AnswerId) -> Result<Option<(Scene, Vec<Delivery>)>, Error> {
        let mut conn = self.store.conn().await?;
        let posted = store::delivery::find_by_key(&mut conn, &delivery_key(id)).await?;
        Ok(answer_scene(&mut conn, id).await?.map(|scene| (scene, posted.into_iter().collect())))
    }

    /// What a test shows as things stand, and where its progress and its result were posted.
    pub async fn posted_trial(&self, id: TrialId) -> Result<Option<(Scene, Vec<Delivery>, Vec<Delivery>)>, Error> {
        let mut conn = self.store.conn().await?;
        let Some(scene) = trial_scene(&mut conn, id).await? else { return Ok(None) };
        let Scene::Trial(_, draft) = &scene else { return Ok(None) };
        let (mut progress, mut results) = (Vec::new(), Vec::new());
        for home in store::place::list(&mut conn, draft.chat).await? {
            let of = |what: &str| place_key(&format!("{what}:{id}"), &home.place);
            progress.extend(store::delivery::find_by_key(&mut conn, &of("progress")).await?);
            results.extend(store::delivery::find_by_key(&mut conn, &of("result")).await?);
        }
        Ok(Some((scene, progress, results)))
    }

    /// What a batch shows as things stand, and where its progress and its table were posted.
    pub async fn posted_batch(&self, id: BatchId) -> Result<Option<(Scene, Vec<Delivery>, Vec<Delivery>)>, Error> {
        let mut conn = self.store.conn().await?;
        let Some(scene) = batch_scene(&mut conn, id).await? else { return Ok(None) };
        let Scene::Batch(_, draft) = &scene else { return Ok(None) };
        let (mut progress, mut results) = (Vec::new(), Vec::new());
        for home in store::place::list(&mut conn, draft.chat).await? {
            let of = |what: &str| place_key(&format!("{what}:{id}"), &home.place);
            progress.extend(store::delivery::find_by_key(&mut conn, &of("batch")).await?);
            results.extend(store::delivery::find_by_key(&mut conn, &of("batch_result")).await?);
        }
        Ok(Some((scene, progress, results)))
    }
}

async fn batch_scene(conn: &mut Conn, id: BatchId) -> Result<Option<Scene>, Error> {
    let Some(batch) = store::batch::find(conn, id).await? else { return Ok(None) };
    let Some(draft) = store::draft::find(conn, batch.draft).await? else { return Ok(None) };
    Ok(Some(Scene::Batch(Box::new(report(conn, batch).await?), Box::new(draft))))
}

async fn answer_scene(conn: &mut Conn, id: AnswerId) -> Result<Option<Scene>, Error> {
    let Some(answer) = store::answer::find(conn, id).await? else { return Ok(None) };
    let asker = store::account::find(conn, answer.account).await?.map(|account| account.name).unwrap_or_default();
    Ok(Some(Scene::Answer(Box::new(answer), asker)))
}

async fn message_scene(conn: &mut Conn, message: Message) -> Result<Option<Scene>, Error> {
    let Some(draft) = store::draft::find_by_chat(conn, message.chat).await? else { return Ok(None) };
    let author = match message.author {
        Some(account) => store::account::find(conn, account).await?.map(|account| account.name).unwrap_or_default(),
        None => String::new(),
    };
    let proposal = match message.proposal {
        Some(number) => store::proposal::find(conn, draft.id, number).await?.map(Box::new),
        None => None,
    };
    Ok(Some(Scene::Message { message: Box::new(message), author, draft: Box::new(draft), proposal }))
}

async fn trial_scene(conn: &mut Conn, id: TrialId) -> Result<Option<Scene>, Error> {
    let Some(trial) = store::trial::find(conn, id).await? else { return Ok(None) };
    let draft = store::draft::find(conn, trial.draft).await?;
    Ok(draft.map(|draft| Scene::Trial(Box::new(trial), Box::new(draft))))
}
