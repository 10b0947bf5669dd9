//! Batches as people ask for them, read and cancel them. How one is run is in [`super::batch_run`].

use std::time::Duration;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::admission::ORPHAN_AFTER;
use super::delivery::Refresh;
use super::error::Limit;
use super::event::{Event, notify};
use super::trial::find_topic;
use super::{Error, Noun, Workshop};
use crate::domain::batch::{Batch, BatchStatus, Table, Texts};
use crate::domain::draft::{Draft, DraftStatus, ReadOnly};
use crate::domain::research_window::window_in;
use crate::domain::suite::Suite;
use crate::domain::trial::Failure;
use crate::domain::{
    Access, AccountId, Actor, BatchId, DraftId, Invalid, PromptId, RevisionNumber, TrialId, VersionNumber,
};
use crate::queue::{self, Job, Options, Queue};
use crate::store::activity::{self, Happened};
use crate::store::batch::{NewBatch, NewTest, run};
use crate::store::delivery::DeliveryKind;
use crate::store::once::Made;
use crate::store::{self, Conn};

/// How often the rows are read without a hint.
const LOOK: Duration = Duration::from_secs(2);

/// Runs a batch of tests.
#[derive(Debug, Serialize, Deserialize)]
pub struct RunBatch {
    /// The batch.
    pub batch: BatchId,
}

impl Job for RunBatch {
    const KIND: &'static str = "run_batch";
    const QUEUE: Queue = Queue::Batches;
    // A batch goes on where it was stopped; how often it may be started without getting on is counted by itself.
    const MOST_STARTS: i32 = 100;
}

/// What to run.
#[derive(Debug, Clone)]
pub struct BatchRequest {
    /// The suite's name.
    pub suite: String,
    /// The texts; the draft's current revision when there are none.
    pub texts: Texts,
    /// The models; the usual one when there are none.
    pub models: Vec<String>,
    /// How many articles at most, for every question; each question's own when not named.
    pub article_limit: Option<i32>,
}

/// A batch with its results so far.
#[derive(Debug, Clone)]
pub struct Report {
    /// The batch.
    pub batch: Batch,
    /// Results by question and column.
    pub table: Table,
}

impl Report {
    /// How many tests of it were answered.
    pub fn answered(&self) -> usize {
        (0..self.table.columns.len()).map(|column| self.table.summary(column).answered).sum()
    }

    /// Whether it was stopped by a person.
    pub fn is_cancelled(&self) -> bool {
        self.batch.status == BatchStatus::Cancelled
    }
}

/// A text that a batch tests.
#[derive(Debug, Clone, Copy)]
enum Text {
    Revision(RevisionNumber),
    Version(PromptId, VersionNumber),
}

impl Text {
    fn label(self) -> String {
        match self {
            Self::Revision(number) => format!("rev {number}"),
            Self::Version(_, number) => format!("v{number}"),
        }
    }
}

impl Workshop {
    /// Asks for a batch. It is stored with all its tests, and its job with it, before this returns. The same request
    /// again, under the same key, finds the batch of the first.
    pub async fn start_batch(
        &self,
        actor: &Actor,
        draft: DraftId,
        request: BatchRequest,
        key: Option<&str>,
    ) -> Result<Batch, Error> {
        let mut tx = self.store.begin().await?;
        if let Some(key) = key
            && let Some(Made::Batch(id)) = store::once::find(&mut tx, key).await?
        {
            return self.batch_for(&mut tx, actor, draft, id, Access::Viewer).await;
        }
        let draft = self.draft_for(&mut tx, actor, draft, Access::Commenter).await?;
        testable(&draft)?;
        let suite = store::suite::find(&mut tx, &request.suite).await?.ok_or(Error::NotFound(Noun::Suite))?;
        let texts = self.texts_of(&mut tx, actor, &draft, request.texts.once()).await?;
        let mut models = request.models;
        let mut known = Vec::new();
        models.retain(|model| !known.contains(model) && (known.push(model.clone()), true).1);
        if models.is_empty() {
            models.push(self.models.default_model());
        }
        let count = suite.questions.len() * texts.len() * models.len();
        self.check_batch_limits(&mut tx, actor, count).await?;
        let (columns, tests) = self.plan(&mut tx, &suite, &texts, &models, request.article_limit).await?;
        let new = NewBatch { id: BatchId::new(), draft: draft.id, account: actor.account, suite: suite.name, columns };
        let now = self.now();
        store::batch::insert(&mut tx, &new, &tests, now).await?;
        if draft.writable().is_ok() {
            store::draft::touch(&mut tx, draft.id, draft.status_after_test(), now).await?;
            if draft.status_after_test() != draft.status {
                self.refresh(&mut tx, draft.chat, Refresh::Card { draft: draft.id }).await?;
            }
        }
        let event = activity::Event {
            detail: json!({ "tests": tests.len() }),
            ..activity::Event::draft(Happened::BatchStarted, Some(actor.account), draft.id)
        };
        activity::insert(&mut tx, &event, now).await?;
        if let Some(key) = key {
            store::once::insert(&mut tx, key, Made::Batch(new.id), now).await?;
        }
        let body = json!({ "batch": new.id });
        self.tell_places(&mut tx, draft.chat, DeliveryKind::Batch, &body, &format!("batch:{}", new.id)).await?;
        notify(&mut tx, &Event::BatchChanged { batch: new.id, draft: Some(draft.id) }).await?;
        self.admit_batch(&mut tx, actor.account).await?;
        let batch = find(&mut tx, new.id).await?;
        store::commit(tx).await?;
        Ok(batch)
    }

    /// The texts to test, each of which is there and may be seen by the actor.
    async fn texts_of(&self, conn: &mut Conn, actor: &Actor, draft: &Draft, wanted: Texts) -> Result<Vec<Text>, Error> {
        let Texts { mut revisions, versions } = wanted;
        if revisions.is_empty() && versions.is_empty() {
            if draft.text.trim().is_empty() {
                let reason =
                    "has no text yet: say what you need in the conversation, or write it by hand, then test it";
                return Err(Invalid::new("draft_content", reason).into());
            }
            revisions.push(draft.revision);
        }
        let mut texts = Vec::new();
        for number in revisions {
            let there = store::draft::revision_text(conn, draft.id, number).await?.is_some();
            if !there {
                let reason = format!("has {number}, which does not exist; the current one is {}", draft.revision);
                return Err(Invalid::new("revisions", reason).into());
            }
            texts.push(Text::Revision(number));
        }
        if versions.is_empty() {
            return Ok(texts);
        }
        let prompt = draft.committed_as.or(draft.parent).map(|(prompt, _)| prompt);
        let prompt = prompt.ok_or_else(|| {
            Invalid::new("versions", "needs a draft that was cloned from a prompt, or committed; this one was neither")
        })?;
        let visible = store::grant::prompt_access(conn, prompt, actor.account).await?.is_some();
        for number in versions {
            if !visible || store::version::text(conn, prompt, number).await?.is_none() {
                return Err(Invalid::new("versions", format!("has {number}, which does not exist")).into());
            }
            texts.push(Text::Version(prompt, number));
        }
        Ok(texts)
    }

    /// What columns are called, and every test.
    async fn plan(
        &self,
        conn: &mut Conn,
        suite: &Suite,
        texts: &[Text],
        models: &[String],
        article_limit: Option<i32>,
    ) -> Result<(Vec<String>, Vec<NewTest>), Error> {
        let mut columns = Vec::new();
        for text in texts {
            for model in models {
                let label = text.label();
                columns.push((if models.len() > 1 { format!("{label} · {model}") } else { label }, *text, model));
            }
        }
        let now = self.now();
        let mut tests = Vec::with_capacity(suite.questions.len() * columns.len());
        for (row, question) in (0..).zip(&suite.questions) {
            let topic = find_topic(conn, &question.topic).await?;
            let window = window_in(&question.question, now);
            for (column, (_, text, model)) in (0..).zip(&columns) {
                let (revision, version) = match text {
                    Text::Revision(number) => (Some(*number), None),
                    Text::Version(prompt, number) => (None, Some((*prompt, *number))),
                };
                tests.push(NewTest {
                    id: TrialId::new(),
                    row,
                    column,
                    revision,
                    version,
                    question: question.question.clone(),
                    topic: topic.clone(),
                    model: (*model).clone(),
                    article_limit: article_limit.unwrap_or(question.article_limit),
                    window,
                });
            }
        }
        Ok((columns.into_iter().map(|(label, ..)| label).collect(), tests))
    }

    /// Refuses a batch that is too big, or with which the actor would use more than one person may.
    async fn check_batch_limits(&self, conn: &mut Conn, actor: &Actor, count: usize) -> Result<(), Error> {
        let limits = &self.settings.limits;
        if count > limits.batch_tests as usize {
            let reason = format!(
                "makes {count} tests with so many texts and models; a batch may have {} at most",
                limits.batch_tests
            );
            return Err(Invalid::new("suite", reason).into());
        }
        let (hour, most) = (TimeDelta::hours(1), limits.batch_tests_per_hour);
        let (recent, oldest) = store::batch::usage_since(conn, actor.account, self.now() - hour).await?;
        if recent + count as i64 <= i64::from(most) {
            return Ok(());
        }
        let until = oldest.map(|oldest| oldest + hour);
        Err(Error::LimitReached { limit: Limit::BatchTestsPerHour, most, until })
    }

    /// Gives the person's oldest waiting batch its job, unless another of theirs is running.
    pub(super) async fn admit_batch(&self, conn: &mut Conn, account: AccountId) -> Result<(), Error> {
        if let Some(batch) = store::batch::admit(conn, account, self.now()).await? {
            let options = Options { key: Some(format!("batch:{batch}")), run_at: None };
            queue::push(conn, &RunBatch { batch }, options).await?;
        }
        Ok(())
    }

    async fn batch_for(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        draft: DraftId,
        id: BatchId,
        needed: Access,
    ) -> Result<Batch, Error> {
        self.draft_for(conn, actor, draft, needed).await?;
        let batch = store::batch::find(conn, id).await?;
        batch.filter(|batch| batch.draft == draft).ok_or(Error::NotFound(Noun::Batch))
    }

    /// One batch of a draft, with its results so far.
    pub async fn batch(&self, actor: &Actor, draft: DraftId, id: BatchId) -> Result<Report, Error> {
        let mut conn = self.store.conn().await?;
        let batch = self.batch_for(&mut conn, actor, draft, id, Access::Viewer).await?;
        report(&mut conn, batch).await
    }

    /// A page of a draft's batches, newest first, and how many there are in all.
    pub async fn batches(
        &self,
        actor: &Actor,
        draft: DraftId,
        limit: i64,
        offset: i64,
    ) -> Result<(Vec<Batch>, i64), Error> {
        let mut conn = self.store.conn().await?;
        self.draft_for(&mut conn, actor, draft, Access::Viewer).await?;
        Ok(store::batch::list(&mut conn, draft, limit, offset).await?)
    }

    /// A batch once it has ended, or as it is after a while.
    pub async fn batch_within(
        &self,
        actor: &Actor,
        draft: DraftId,
        id: BatchId,
        within: Duration,
    ) -> Result<Report, Error> {
        let mut events = self.events.subscribe();
        let deadline = tokio::time::Instant::now() + within;
        loop {
            let batch = self.batch_for(&mut *self.store.conn().await?, actor, draft, id, Access::Viewer).await?;
            let left = deadline.saturating_duration_since(tokio::time::Instant::now());
            if batch.status.is_final() || left.is_zero() {
                return report(&mut *self.store.conn().await?, batch).await;
            }
            let heard = async { while !matches!(&*events.next().await, Event::Gap | Event::BatchChanged { .. }) {} };
            let _ = tokio::time::timeout(LOOK.min(left), heard).await;
        }
    }

    /// Cancels what is left of a batch, at once.
    pub async fn cancel_batch(&self, actor: &Actor, draft: DraftId, id: BatchId) -> Result<Report, Error> {
        let mut tx = self.store.begin().await?;
        let batch = self.batch_for(&mut tx, actor, draft, id, Access::Commenter).await?;
        if !store::batch::cancel(&mut tx, id, self.now()).await? {
            return Err(Error::BatchEnded(batch.status));
        }
        notify(&mut tx, &Event::CancelBatch { batch: id }).await?;
        self.batch_ended(&mut tx, id).await?;
        store::commit(tx).await?;
        tracing::info!(batch.id = %id, "Batch {id} was cancelled");
        self.batch(actor, draft, id).await
    }

    /// Cancels a batch of whichever draft.
    pub async fn cancel_batch_anywhere(&self, actor: &Actor, id: BatchId) -> Result<Report, Error> {
        let batch = store::batch::find(&mut *self.store.conn().await?, id).await?;
        let draft = batch.ok_or(Error::NotFound(Noun::Batch))?.draft;
        match self.cancel_batch(actor, draft, id).await {
            Err(Error::NotFound(_)) => Err(Error::NotFound(Noun::Batch)),
            cancelled => cancelled,
        }
    }

    /// Tells everywhere that a batch has ended, and lets the person's next one begin.
    pub(super) async fn batch_ended(&self, conn: &mut Conn, id: BatchId) -> Result<(), Error> {
        let batch = find(conn, id).await?;
        if let Some(draft) = store::draft::find(conn, batch.draft).await? {
            let body = json!({ "batch": id });
            let key = format!("batch_result:{id}");
            self.tell_places(conn, draft.chat, DeliveryKind::BatchFinished, &body, &key).await?;
        }
        self.admit_batch(conn, batch.account).await?;
        notify(conn, &Event::BatchChanged { batch: id, draft: Some(batch.draft) }).await
    }

    /// Ends a batch whose handler panicked; the fault itself is in the log.
    pub async fn batch_panicked(&self, id: BatchId) -> Result<(), Error> {
        let detail = "Something went wrong on our side while the batch ran. The draft is unchanged; run it again.";
        self.abandon_batch(id, Failure::Internal, detail).await
    }

    pub(super) async fn abandon_batch(&self, id: BatchId, failure: Failure, detail: &str) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        if run::abandon(&mut tx, id, failure, detail, self.now()).await? {
            self.batch_ended(&mut tx, id).await?;
        }
        Ok(store::commit(tx).await?)
    }

    /// Ends batches whose job has ended without them, and admits those whose turn was forgotten.
    pub(super) async fn reconcile_batches(&self) -> Result<(), Error> {
        let mut conn = self.store.conn().await?;
        let orphans = run::orphans(&mut conn, Queue::Batches.as_str(), self.now() - ORPHAN_AFTER).await?;
        for batch in orphans {
            tracing::error!(batch.id = %batch, "Batch {batch} was left without a job and has ended");
            let detail = "The service stopped in the middle of this batch too often. Run what is left again.";
            self.abandon_batch(batch, Failure::Interrupted, detail).await?;
        }
        for account in run::waiting_accounts(&mut conn).await? {
            let mut tx = self.store.begin().await?;
            self.admit_batch(&mut tx, account).await?;
            store::commit(tx).await?;
        }
        Ok(())
    }
}

pub(super) async fn find(conn: &mut Conn, id: BatchId) -> Result<Batch, Error> {
    store::batch::find(conn, id).await?.ok_or(Error::NotFound(Noun::Batch))
}

/// A batch with its table.
pub(super) async fn report(conn: &mut Conn, batch: Batch) -> Result<Report, Error> {
    let cells = store::batch::cells(conn, batch.id).await?;
    Ok(Report { table: Table::new(batch.columns.clone(), cells), batch })
}

/// Whether a draft's texts can be tested: a committed one too, since its text is compared with later versions.
fn testable(draft: &Draft) -> Result<(), ReadOnly> {
    match draft.status {
        DraftStatus::Draft | DraftStatus::Testing | DraftStatus::Ready | DraftStatus::Committed => Ok(()),
        DraftStatus::Expired => draft.writable(),
    }
}
