//! Tests as people ask for them, read, rate, cancel and repeat them. How one is run is in [`super::trial_run`].

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::delivery::Refresh;
use super::error::Limit;
use super::event::{Event, notify};
use super::{Error, Noun, Workshop};
use crate::domain::article::FrozenArticle;
use crate::domain::research_window::window_in;
use crate::domain::trial::{Stars, Trial, TrialRequest, TrialStatus};
use crate::domain::{Access, Actor, DraftId, Invalid, RetrievalId, TrialId};
use crate::queue::{Job, Queue};
use crate::store::activity::Happened;
use crate::store::delivery::DeliveryKind;
use crate::store::once::Made;
use crate::store::trial::NewTrial;
use crate::store::{self, Conn};

/// Runs a test.
#[derive(Debug, Serialize, Deserialize)]
pub struct RunTrial {
    /// The test.
    pub trial: TrialId,
}

impl Job for RunTrial {
    const KIND: &'static str = "run_trial";
    const QUEUE: Queue = Queue::Trials;
}

impl Workshop {
    /// Asks for a test of a draft's current revision. It is stored, and its job with it, before this returns.
    pub async fn start_trial(&self, actor: &Actor, draft: DraftId, request: TrialRequest) -> Result<Trial, Error> {
        self.start_trial_on(actor, draft, request, None, None).await
    }

    /// The models that tests named lately, the latest first.
    pub async fn models_tested_with(&self) -> Result<Vec<String>, Error> {
        Ok(store::trial::models(&mut *self.store.conn().await?, 20).await?)
    }

    /// Like [`Self::start_trial`]; the same request again, under the same key, finds the test of the first.
    pub async fn start_trial_once(
        &self,
        actor: &Actor,
        draft: DraftId,
        request: TrialRequest,
        key: &str,
    ) -> Result<Trial, Error> {
        self.start_trial_on(actor, draft, request, None, Some(key)).await
    }

    async fn start_trial_on(
        &self,
        actor: &Actor,
        draft: DraftId,
        request: TrialRequest,
        retrieval: Option<RetrievalId>,
        key: Option<&str>,
    ) -> Result<Trial, Error> {
        let mut tx = self.store.begin().await?;
        if let Some(key) = key
            && let Some(Made::Trial(id)) = store::once::find(&mut tx, key).await?
        {
            return self.trial_for(&mut tx, actor, draft, id, Access::Viewer).await;
        }
        let draft = self.writable_draft(&mut tx, actor, draft, Access::Commenter).await?;
        if draft.text.trim().is_empty() {
            let reason = "has no text yet: say what you need in the conversation, or write it by hand, then test it";
            return Err(Invalid::new("draft_content", reason).into());
        }
        self.check_test_limit(&mut tx, actor).await?;
        let topic = find_topic(&mut tx, &request.topic).await?;
        let now = self.now();
        let new = NewTrial {
            id: TrialId::new(),
            draft: draft.id,
            revision: draft.revision,
            account: actor.account,
            window: request.window.or_else(|| window_in(&request.question, now)),
            question: request.question,
            topic,
            model: request.model.unwrap_or_else(|| self.models.default_model()),
            article_limit: request.article_limit,
            retrieval,
        };
        store::trial::insert(&mut tx, &new, now).await?;
        if request.rating.is_some() || !request.note.is_empty() {
            let stars = request.rating.map(Stars::get);
            store::trial::rate(&mut tx, new.id, actor.account, stars, Some(&request.note), now).await?;
        }
        store::draft::touch(&mut tx, draft.id, draft.status_after_test(), now).await?;
        let event = store::activity::Event::draft(Happened::TrialStarted, Some(actor.account), draft.id);
        store::activity::insert(&mut tx, &event, now).await?;
        if let Some(key) = key {
            store::once::insert(&mut tx, key, Made::Trial(new.id), now).await?;
        }
        let body = json!({ "trial": new.id });
        self.tell_places(&mut tx, draft.chat, DeliveryKind::Progress, &body, &format!("progress:{}", new.id)).await?;
        if draft.status_after_test() != draft.status {
            self.refresh(&mut tx, draft.chat, Refresh::Card { draft: draft.id }).await?;
        }
        self.home_changed(&mut tx, actor.account).await?;
        trial_changed(&mut tx, draft.id, new.id).await?;
        if draft.status_after_test() != draft.status {
            notify(&mut tx, &Event::DraftChanged { draft: draft.id }).await?;
        }
        let admitted = self.admit_now(&mut tx).await?;
        let trial = store::trial::find(&mut tx, new.id).await?.ok_or(Error::NotFound(Noun::Trial))?;
        store::commit(tx).await?;
        if !admitted {
            self.admission.notify_one();
        }
        Ok(trial)
    }

    /// Refuses when the actor has used up what one person may ask for: tests and questions to prompts together.
    pub(super) async fn check_test_limit(&self, conn: &mut Conn, actor: &Actor) -> Result<(), Error> {
        let hour = TimeDelta::hours(1);
        let usage = store::trial::usage_since(conn, actor.account, self.now() - hour).await?;
        let most = self.settings.limits.tests_per_hour;
        if usage.recent < i64::from(most) {
            return Ok(());
        }
        Err(Error::LimitReached { limit: Limit::TestsPerHour, most, until: usage.oldest.map(|oldest| oldest + hour) })
    }

    /// The test, if the actor may do with its draft what needs `needed`.
    async fn trial_for(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        draft: DraftId,
        id: TrialId,
        needed: Access,
    ) -> Result<Trial, Error> {
        self.draft_for(conn, actor, draft, needed).await?;
        let trial = store::trial::find(conn, id).await?;
        trial.filter(|trial| trial.draft == draft).ok_or(Error::NotFound(Noun::Trial))
    }

    /// One test of a draft.
    pub async fn trial(&self, actor: &Actor, draft: DraftId, id: TrialId) -> Result<Trial, Error> {
        self.trial_for(&mut *self.store.conn().await?, actor, draft, id, Access::Viewer).await
    }

    /// What asking for a test would be refused for, without asking.
    pub async fn check_test(&self, actor: &Actor, draft: DraftId, topic: &str) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        let draft = self.draft_for(&mut tx, actor, draft, Access::Commenter).await?;
        draft.writable()?;
        self.check_test_limit(&mut tx, actor).await?;
        find_topic(&mut tx, topic).await.map(|_| ())
    }

    /// The actor's tests that wait or run, oldest first.
    pub async fn running_trials(&self, actor: &Actor) -> Result<Vec<Trial>, Error> {
        Ok(store::trial::running(&mut *self.store.conn().await?, actor.account).await?)
    }

    /// One test of whichever draft.
    pub async fn find_trial(&self, actor: &Actor, id: TrialId) -> Result<Trial, Error> {
        let mut conn = self.store.conn().await?;
        let trial = store::trial::find(&mut conn, id).await?.ok_or(Error::NotFound(Noun::Trial))?;
        match self.draft_for(&mut conn, actor, trial.draft, Access::Viewer).await {
            Err(Error::NotFound(_)) => Err(Error::NotFound(Noun::Trial)),
            found => found.map(|_| trial),
        }
    }

    /// A page of a draft's tests, newest first, and how many there are in all.
    pub async fn trials(
        &self,
        actor: &Actor,
        draft: DraftId,
        limit: i64,
        offset: i64,
    ) -> Result<(Vec<Trial>, i64), Error> {
        let mut conn = self.store.conn().await?;
        self.draft_for(&mut conn, actor, draft, Access::Viewer).await?;
        Ok(store::trial::list(&mut conn, draft, limit, offset).await?)
    }

    /// The articles that a test saw, best first, as they were then.
    pub async fn trial_articles(&self, trial: &Trial) -> Result<Vec<FrozenArticle>, Error> {
        let Some(retrieval) = trial.retrieval else { return Ok(Vec::new()) };
        Ok(store::article::frozen(&mut *self.store.conn().await?, retrieval).await?)
    }

    /// Saves what the actor thinks of an answered test; what is `None` stays as it was.
    pub async fn rate_trial(
        &self,
        actor: &Actor,
        draft: DraftId,
        id: TrialId,
        stars: Option<Stars>,
        note: Option<&str>,
    ) -> Result<Trial, Error> {
        let mut tx = self.store.begin().await?;
        let trial = self.trial_for(&mut tx, actor, draft, id, Access::Commenter).await?;
        if trial.status != TrialStatus::Succeeded {
            return Err(Error::TrialUnfinished(trial.status));
        }
        let now = self.now();
        store::trial::rate(&mut tx, id, actor.account, stars.map(Stars::get), note, now).await?;
        let parent = self.draft_for(&mut tx, actor, draft, Access::Commenter).await?;
        store::draft::touch(&mut tx, draft, parent.status, now).await?;
        let event = store::activity::Event::draft(Happened::TrialRated, Some(actor.account), draft);
        store::activity::insert(&mut tx, &event, now).await?;
        trial_changed(&mut tx, draft, id).await?;
        let shown = trial.batch.map_or(Refresh::Trial { trial: id }, |batch| Refresh::Batch { batch });
        self.refresh(&mut tx, parent.chat, shown).await?;
        let trial = store::trial::find(&mut tx, id).await?.ok_or(Error::NotFound(Noun::Trial))?;
        store::commit(tx).await?;
        Ok(trial)
    }

    /// Cancels a test: at once when it waits, as soon as its worker hears of it when it runs.
    pub async fn cancel_trial(&self, actor: &Actor, draft: DraftId, id: TrialId) -> Result<Trial, Error> {
        let mut tx = self.store.begin().await?;
        let trial = self.trial_for(&mut tx, actor, draft, id, Access::Commenter).await?;
        match store::trial::request_cancel(&mut tx, id, self.now()).await? {
            None => return Err(Error::TrialEnded(trial.status)),
            // It waited, and will never run.
            Some(TrialStatus::Cancelled) => self.trial_ended(&mut tx, id).await?,
            Some(TrialStatus::Queued | TrialStatus::Running | TrialStatus::Succeeded | TrialStatus::Failed) => {
                notify(&mut tx, &Event::CancelTrial { trial: id }).await?;
                trial_changed(&mut tx, draft, id).await?;
            }
        }
        let trial = store::trial::find(&mut tx, id).await?.ok_or(Error::NotFound(Noun::Trial))?;
        store::commit(tx).await?;
        Ok(trial)
    }

    /// Tests the current revision on an earlier test's question: on the very articles it saw, or on today's.
    pub async fn rerun_trial(&self, actor: &Actor, draft: DraftId, id: TrialId, frozen: bool) -> Result<Trial, Error> {
        self.rerun_trial_once(actor, draft, id, frozen, None).await
    }

    /// Like [`Self::rerun_trial`]; the same request again, under the same key, finds the test of the first.
    pub async fn rerun_trial_once(
        &self,
        actor: &Actor,
        draft: DraftId,
        id: TrialId,
        frozen: bool,
        key: Option<&str>,
    ) -> Result<Trial, Error> {
        let trial = self.trial(actor, draft, id).await?;
        if frozen && trial.retrieval.is_none() {
            return Err(Error::TrialUnfinished(trial.status));
        }
        let request = TrialRequest {
            question: trial.question,
            topic: trial.topic,
            article_limit: trial.article_limit,
            model: None,
            window: trial.window.filter(|_| frozen),
            rating: None,
            note: String::new(),
        };
        self.start_trial_on(actor, draft, request, trial.retrieval.filter(|_| frozen), key).await
    }
}

/// Tells whoever waits for a test or looks at its workshop that it moved on.
pub(super) async fn trial_changed(conn: &mut Conn, draft: DraftId, trial: TrialId) -> Result<(), Error> {
    notify(conn, &Event::TrialChanged { trial, draft: Some(draft) }).await
}

/// The stored name of a topic, or a refusal that names those there are.
pub(super) async fn find_topic(conn: &mut Conn, name: &str) -> Result<String, Error> {
    if let Some((name, _)) = store::article::find_topic(conn, name).await? {
        return Ok(name);
    }
    let topics = store::article::topics(conn).await?;
    let known: Vec<String> = topics.iter().take(20).map(|topic| format!("\"{}\"", topic.name)).collect();
    let reason = if known.is_empty() {
        "is unknown: there are no articles yet; import some with `workshop articles import FILE`".to_owned()
    } else {
        format!("is unknown; there are {}", known.join(", "))
    };
    Err(Invalid::new("topic", reason).into())
}
