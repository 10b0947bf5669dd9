//! What a person can do: the use cases, one method each, one file per noun.
//!
//! A use case takes the [`Actor`] first, opens the transaction, checks permission and limits, decides by the rules of
//! [`crate::domain`], saves, pushes jobs and commits. Surfaces (chat, web, jobs) only translate to and from these calls.

pub mod account;
pub mod activity;
pub mod admission;
pub mod answer_run;
pub mod archive;
pub mod arrival;
pub mod article;
pub mod auspex;
pub mod batch;
pub mod batch_run;
pub mod browser_session;
pub mod clock;
pub mod comment;
pub mod comparison;
pub mod compose;
pub mod delivery;
pub mod doctor;
pub mod draft;
pub mod error;
pub mod event;
pub mod exchange;
pub mod expiry;
pub mod feed;
pub mod feed_poll;
pub mod guided;
pub mod improvement;
pub mod installation;
pub mod invite;
pub mod lease;
pub mod library;
pub mod message;
pub mod openid;
mod pace;
pub mod place;
pub mod proposal;
pub mod push;
pub mod research;
pub mod revision;
pub mod session;
pub mod settings;
pub mod sharing;
pub mod suite;
pub mod team;
pub mod token;
pub mod trial;
pub mod trial_run;
pub mod turn;
pub mod upkeep;
pub mod version;

use std::sync::Arc;

pub use clock::Clock;
pub use error::{Error, Noun};
pub use settings::Settings;

use crate::auspex::Auspex;
use crate::domain::draft::Draft;
use crate::domain::expiry::ExpiryRule;
use crate::domain::{Access, Actor, DraftId, Instant, Invalid};
use crate::feed::Fetcher;
pub use crate::llm::engine::LocalState;
use crate::llm::engine::Models;
use crate::store::{self, Conn, Store};

/// The workshop: every use case is a method of it. Cheap to clone.
#[derive(Clone)]
pub struct Workshop {
    store: Store,
    models: Arc<Models>,
    clock: Arc<dyn Clock>,
    settings: Arc<Settings>,
    expiry: Arc<ExpiryRule>,
    events: event::Hub,
    admission: Arc<tokio::sync::Notify>,
    running: trial_run::Running,
    batches: batch_run::RunningBatches,
    retrievals: research::Cache,
    gathering: Arc<arrival::Gathering>,
    auspex: Option<Arc<Auspex>>,
    fetcher: Arc<Fetcher>,
}

impl Workshop {
    /// A workshop over a migrated database.
    pub fn new(store: Store, models: Arc<Models>, clock: Arc<dyn Clock>, settings: Settings) -> Result<Self, Invalid> {
        let drafts = &settings.drafts;
        let expiry = ExpiryRule::new(drafts.expire_after_days, &drafts.remind_after_days, drafts.purge_after_days)?;
        let auspex = Auspex::new(&settings.auspex)?.map(Arc::new);
        let fetcher = Fetcher::new(settings.feeds.allow_private_addresses, &settings.public_url);
        Ok(Self {
            store,
            models,
            clock,
            settings: Arc::new(settings),
            expiry: Arc::new(expiry),
            events: event::Hub::default(),
            admission: Arc::default(),
            running: trial_run::Running::default(),
            batches: batch_run::RunningBatches::default(),
            retrievals: research::Cache::default(),
            gathering: Arc::default(),
            auspex,
            fetcher: Arc::new(fetcher),
        })
    }

    /// Which model answers, and what that means.
    pub fn models(&self) -> &Models {
        &self.models
    }

    /// What happens, as it happens, in any copy of the service.
    pub fn events(&self) -> &event::Hub {
        &self.events
    }

    /// The settings it works by.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), Error> {
        Ok(self.store.ping().await?)
    }

    fn now(&self) -> Instant {
        self.clock.now()
    }

    /// The draft, if the actor may do with it what needs `needed`. A draft one may not see is not found.
    async fn draft_for(&self, conn: &mut Conn, actor: &Actor, id: DraftId, needed: Access) -> Result<Draft, Error> {
        let access = store::grant::draft_access(conn, id, actor.account).await?;
        let access = access.ok_or(Error::NotFound(Noun::Draft))?;
        if !access.allows(needed) {
            return Err(Error::Forbidden { noun: Noun::Draft, needed, has: access });
        }
        store::draft::find(conn, id).await?.ok_or(Error::NotFound(Noun::Draft))
    }

    /// Like [`Self::draft_for`], with the draft locked until the transaction ends and open to changes.
    async fn writable_draft(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        id: DraftId,
        needed: Access,
    ) -> Result<Draft, Error> {
        self.draft_for(conn, actor, id, needed).await?;
        let draft = store::draft::lock(conn, id).await?.ok_or(Error::NotFound(Noun::Draft))?;
        draft.writable()?;
        Ok(draft)
    }
}
