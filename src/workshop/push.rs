//! Pushing a committed prompt to a running Auspex: stored, sent by a job, told where it was asked.
//!
//! Nothing there is overwritten that was not created from here. What is about to be created is noted before, so that after
//! a crash in between the prompt there is known for ours by what it says ([`Known`]). The pushes of one prompt go one after
//! the other; one that comes too early is given a job again when the one before it has ended.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::admission::ORPHAN_AFTER;
use super::delivery::{Note, Telling};
use super::trial_run::Ran;
use super::version::{Picked, picked};
use super::{Error, Noun, Workshop};
use crate::auspex::{self, Auspex, There};
use crate::domain::library::Pick;
use crate::domain::place::Place;
use crate::domain::push::{Known, Push, PushStatus, RemotePrompt};
use crate::domain::{Access, Actor, Invalid, PromptId, PushId, text};
use crate::queue::{self, Job, Queue};
use crate::store::delivery::DeliveryKind;
use crate::store::{self, Conn};

/// How often a push is tried before it is given up.
const ATTEMPTS: i32 = 8;

/// The first wait of our own choice, and the longest.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The longest wait that Auspex may ask for; with a longer one the push fails instead.
const PATIENCE: Duration = Duration::from_secs(900);

/// What people read when workers died over a push.
const INTERRUPTED: &str = "The service stopped in the middle of this push too often. Push it again.";

/// Pushes a version of a prompt.
#[derive(Debug, Serialize, Deserialize)]
pub struct PushPrompt {
    /// The push.
    pub push: PushId,
}

impl Job for PushPrompt {
    const KIND: &'static str = "push_prompt";
    const QUEUE: Queue = Queue::Talk;
    const MOST_STARTS: i32 = 20;
}

/// How a try ended.
enum Tried {
    /// It is there, under this id.
    There(String),
    /// Not now.
    Later(auspex::Error),
    /// For good, for a reason that people read.
    Failed(String),
}

impl Workshop {
    /// Pushes a version of a prompt to the Auspex of the settings. It is stored, and its job with it, before this returns.
    ///
    /// A push under a `key` that the actor used before is a success that does nothing. `place` is told the result.
    pub async fn push_prompt(
        &self,
        actor: &Actor,
        name: &str,
        pick: &Pick,
        key: Option<&str>,
        place: Option<&Place>,
    ) -> Result<Push, Error> {
        let mut tx = self.store.begin().await?;
        let prompt = self.prompt_for(&mut tx, actor, name, Access::Editor).await?;
        let url = self.auspex()?.url().to_owned();
        store::push::lock_prompt(&mut tx, prompt.id).await?;
        if let Some(key) = key
            && let Some(known) = store::push::find_by_key(&mut tx, actor.account, key).await?
        {
            return Ok(known);
        }
        let Picked { prompt, number: version, .. } = picked(&mut tx, prompt, pick).await?;
        let push = Push {
            id: PushId::new(),
            prompt: prompt.id,
            name: prompt.name,
            version,
            account: actor.account,
            url,
            status: PushStatus::Queued,
            attempts: 0,
            failure: None,
            place: place.cloned(),
            created_at: self.now(),
            finished_at: None,
        };
        store::push::insert(&mut tx, &push, key).await?;
        push_job(&mut tx, push.id, "").await?;
        store::commit(tx).await?;
        Ok(push)
    }

    /// A push of a prompt.
    pub async fn push(&self, actor: &Actor, name: &str, id: PushId) -> Result<Push, Error> {
        let prompt = self.prompt(actor, name).await?.id;
        let push = store::push::find(&mut *self.store.conn().await?, id).await?;
        push.filter(|push| push.prompt == prompt).ok_or(Error::NotFound(Noun::Push))
    }

    /// A page of the pushes of a prompt, newest first, and how many there are in all.
    pub async fn pushes(&self, actor: &Actor, name: &str, limit: i64, offset: i64) -> Result<(Vec<Push>, i64), Error> {
        let prompt = self.prompt(actor, name).await?.id;
        Ok(store::push::list(&mut *self.store.conn().await?, prompt, limit, offset).await?)
    }

    fn auspex(&self) -> Result<&Arc<Auspex>, Invalid> {
        let none = || Invalid::new("auspex.url", "is not set: an operator names the Auspex to push to by this setting");
        self.auspex.as_ref().ok_or_else(none)
    }

    /// Sends a push, or says when to try again.
    pub async fn run_push(&self, id: PushId) -> Result<Ran, Error> {
        let token = Uuid::new_v4();
        let mut conn = self.store.conn().await?;
        let Some(attempts) = store::push::start(&mut conn, id, token).await? else { return Ok(Ran::Done) };
        let Some(push) = store::push::find(&mut conn, id).await? else { return Ok(Ran::Done) };
        let prompt = store::library::find_by_id(&mut conn, push.prompt).await?;
        let content = store::version::text(&mut conn, push.prompt, push.version).await?;
        let known = store::push::known(&mut conn, &push.url, &push.name).await?;
        drop(conn);
        let (Some(prompt), Some(content)) = (prompt, content) else { return Ok(Ran::Done) };
        let auspex = match self.auspex.clone().filter(|auspex| auspex.url() == push.url) {
            Some(auspex) => auspex,
            None => {
                let failure = format!("The setting auspex.url no longer names {}. Push it again.", push.url);
                return self.end_push(&push, Some(token), Some(&failure), None).await;
            }
        };
        let wanted =
            RemotePrompt { name: push.name.clone(), title: prompt.title, content, description: prompt.description };
        match self.try_push(&auspex, &push, known.as_ref(), &wanted).await? {
            Tried::There(remote_id) => self.end_push(&push, Some(token), None, Some((&remote_id, &wanted))).await,
            Tried::Failed(failure) => self.end_push(&push, Some(token), Some(&failure), None).await,
            Tried::Later(error) => match wait(&error, attempts) {
                Some(wait) => {
                    tracing::warn!(push.id = %id, attempts, %error, "Push {id} will be tried again");
                    store::push::give_back(&mut *self.store.conn().await?, id, token).await?;
                    Ok(Ran::Retry(wait))
                }
                None => {
                    let failure = format!("{error}. It was tried {attempts} times. Push it again when Auspex answers.");
                    self.end_push(&push, Some(token), Some(&failure), None).await
                }
            },
        }
    }

    /// Looks what is there, and creates or changes it where that is ours to do.
    async fn try_push(
        &self,
        auspex: &Auspex,
        push: &Push,
        known: Option<&Known>,
        wanted: &RemotePrompt,
    ) -> Result<Tried, Error> {
        match auspex.find(&push.name).await {
            Err(error) => Ok(failed(error)),
            Ok(None) => {
                store::push::intend(&mut *self.store.conn().await?, &push.url, wanted, self.now()).await?;
                match auspex.create(wanted).await {
                    Ok(there) => Ok(Tried::There(there.id)),
                    // Somebody was faster, or we were, in a try whose end nobody knows: then the next one tells.
                    Err(error @ auspex::Error::Taken) if known.is_some_and(|known| !known.created) => Ok(failed(error)),
                    Err(auspex::Error::Taken) => self.not_ours(push).await,
                    Err(error) => {
                        let tried = failed(error);
                        if matches!(tried, Tried::Failed(_)) {
                            store::push::forget(&mut *self.store.conn().await?, &push.url, &push.name).await?;
                        }
                        Ok(tried)
                    }
                }
            }
            Ok(Some(there)) => match known {
                Some(known) if known.is_ours(&filled(&there, &known.intended), &there.id) => {
                    if same(&there.prompt, wanted) {
                        return Ok(Tried::There(there.id));
                    }
                    match auspex.update(wanted).await {
                        Ok(changed) => Ok(Tried::There(if changed.id.is_empty() { there.id } else { changed.id })),
                        Err(error) => Ok(failed(error)),
                    }
                }
                Some(_) | None => self.not_ours(push).await,
            },
        }
    }

    async fn not_ours(&self, push: &Push) -> Result<Tried, Error> {
        store::push::forget(&mut *self.store.conn().await?, &push.url, &push.name).await?;
        let name = &push.name;
        Ok(Tried::Failed(format!(
            "A prompt named {name} exists there which was not pushed from here; nothing was changed. Rename or delete it \
             there, or push under another name: clone {name} and commit the copy."
        )))
    }

    /// Ends a push, tells who waits for it, and gives the next one its turn.
    async fn end_push(
        &self,
        push: &Push,
        token: Option<Uuid>,
        failure: Option<&str>,
        there: Option<(&str, &RemotePrompt)>,
    ) -> Result<Ran, Error> {
        let mut tx = self.store.begin().await?;
        if let Some((remote_id, says)) = there {
            // Also when another run ends the push: what is there is a fact.
            store::push::pushed(&mut tx, push, (remote_id, says), &hash(says), self.now()).await?;
        }
        let failure = failure.map(text::clean);
        if store::push::end(&mut tx, push.id, token, failure.as_deref(), self.now()).await? {
            self.push_ended(&mut tx, push, failure.clone()).await?;
        }
        store::commit(tx).await?;
        match failure {
            None => tracing::info!(push.id = %push.id, "Push {} has arrived", push.id),
            Some(_) => tracing::warn!(push.id = %push.id, "Push {} failed", push.id),
        }
        Ok(Ran::Done)
    }

    /// What follows when a push has ended, in the transaction that stores it.
    async fn push_ended(&self, conn: &mut Conn, push: &Push, failure: Option<String>) -> Result<(), Error> {
        if let Some(place) = &push.place {
            let (name, version, url) = (push.name.clone(), push.version.0, push.url.clone());
            let body = json!(Note::Pushed { name, version, url, failure });
            let telling = Telling { chat: None, kind: DeliveryKind::Said, body, recipient: String::new() };
            if let Some(delivery) = self.tell(conn, place, &telling, &format!("push:{}", push.id)).await? {
                // Should the place be closed to us, it is for who pushed.
                store::delivery::set_account(conn, delivery, push.account).await?;
            }
        }
        self.next_push(conn, push.prompt, push.id).await
    }

    async fn next_push(&self, conn: &mut Conn, prompt: PromptId, ended: PushId) -> Result<(), Error> {
        match store::push::next(conn, prompt).await? {
            Some(next) => push_job(conn, next, &format!(":{ended}")).await,
            None => Ok(()),
        }
    }

    /// Fails a push whose handler panicked; the fault itself is in the log.
    pub async fn push_panicked(&self, id: PushId) -> Result<(), Error> {
        self.abandon_push(id, "Something went wrong on our side. Push it again.").await
    }

    /// Fails pushes whose job has ended without them.
    pub(super) async fn reconcile_pushes(&self) -> Result<(), Error> {
        let before = self.now() - ORPHAN_AFTER;
        let orphans = store::push::orphans(&mut *self.store.conn().await?, PushPrompt::QUEUE.as_str(), before).await?;
        for id in orphans {
            tracing::error!(push.id = %id, "Push {id} was left without a job and fails");
            self.abandon_push(id, INTERRUPTED).await?;
        }
        Ok(())
    }

    async fn abandon_push(&self, id: PushId, failure: &str) -> Result<(), Error> {
        let push = store::push::find(&mut *self.store.conn().await?, id).await?;
        match push {
            Some(push) => self.end_push(&push, None, Some(failure), None).await.map(|_| ()),
            None => Ok(()),
        }
    }
}

async fn push_job(conn: &mut Conn, push: PushId, again: &str) -> Result<(), Error> {
    let options = queue::Options { key: Some(format!("push:{push}{again}")), run_at: None };
    queue::push(conn, &PushPrompt { push }, options).await?;
    Ok(())
}

/// What a refusal means: try again, or a sentence.
fn failed(error: auspex::Error) -> Tried {
    match error {
        auspex::Error::RateLimited { .. } | auspex::Error::Unavailable { .. } => Tried::Later(error),
        // It was there a moment ago.
        auspex::Error::Missing | auspex::Error::Taken => {
            Tried::Later(auspex::Error::Unavailable { what: error.to_string(), retry_after: None })
        }
        auspex::Error::Unauthorized(_) => {
            Tried::Failed(format!("{error}; nothing was changed. An operator sets it by auspex.token."))
        }
        auspex::Error::Refused { .. } => Tried::Failed(format!("{error}. Nothing was changed.")),
    }
}

/// How long to wait after try number `attempts`; `None` to give up.
fn wait(error: &auspex::Error, attempts: i32) -> Option<Duration> {
    let asked = match error {
        auspex::Error::RateLimited { retry_after } | auspex::Error::Unavailable { retry_after, .. } => *retry_after,
        auspex::Error::Unauthorized(_)
        | auspex::Error::Taken
        | auspex::Error::Missing
        | auspex::Error::Refused { .. } => return None,
    };
    if attempts >= ATTEMPTS || asked.is_some_and(|asked| asked > PATIENCE) {
        return None;
    }
    let doubled = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(attempts.max(1).unsigned_abs() - 1));
    let own = doubled.min(LONGEST_WAIT).mul_f64(rand::random_range(0.5..=1.0));
    Some(asked.unwrap_or(own))
}

/// What is there, with what was not told taken from elsewhere: not every Auspex tells title and description.
fn filled(there: &There, from: &RemotePrompt) -> RemotePrompt {
    let or = |told: &str, other: &str| if told.is_empty() { other.to_owned() } else { told.to_owned() };
    let told = &there.prompt;
    RemotePrompt {
        name: from.name.clone(),
        title: or(&told.title, &from.title),
        content: told.content.clone(),
        description: or(&told.description, &from.description),
    }
}

fn same(there: &RemotePrompt, wanted: &RemotePrompt) -> bool {
    filled(&There { id: String::new(), prompt: there.clone() }, wanted) == *wanted
}

/// A short name for what a prompt says.
fn hash(says: &RemotePrompt) -> String {
    let RemotePrompt { name, title, content, description } = says;
    let mut hasher = Sha256::new();
    for part in [name, title, content, description] {
        hasher.update(part.len().to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auspex_gets_the_wait_it_asks_for_and_no_more_than_it_should() {
        let limited = |seconds| auspex::Error::RateLimited { retry_after: Some(Duration::from_secs(seconds)) };
        assert_eq!(wait(&limited(30), 1), Some(Duration::from_secs(30)));
        assert_eq!(wait(&limited(901), 1), None);
        assert_eq!(wait(&limited(1), ATTEMPTS), None);
        let down = auspex::Error::Unavailable { what: String::new(), retry_after: None };
        for (attempts, most) in [(1, 1.0), (3, 4.0), (7, 60.0)] {
            let seconds = wait(&down, attempts).unwrap().as_secs_f64();
            assert!((most / 2.0..=most).contains(&seconds), "try {attempts} waits {seconds} s");
        }
        assert_eq!(wait(&auspex::Error::Unauthorized(401), 1), None);
    }

    #[test]
    fn what_is_not_told_is_taken_for_the_same() {
        let wanted = RemotePrompt {
            name: "a_b".to_owned(),
            title: "A title".to_owned(),
            content: "Text".to_owned(),
            description: "For us".to_owned(),
        };
        let bare = RemotePrompt { title: String::new(), description: String::new(), ..wanted.clone() };
        assert!(same(&bare, &wanted));
        assert!(!same(&RemotePrompt { content: "Other".to_owned(), ..bare }, &wanted));
    }
}
