//! Signing in with a browser: a one-time code for a cookie, which lasts while it is used.

use chrono::Duration;
use secrecy::{ExposeSecret, SecretString};

use super::account::random_secret;
use super::{Error, Noun, Workshop};
use crate::domain::account::fingerprint;
use crate::domain::{AccountId, Actor, Instant};
use crate::store;
pub use crate::store::browser_session::Browser;

/// How long a browser stays signed in without being used.
pub const SESSION_LIFE: Duration = Duration::days(30);
/// How exactly it is noted when a browser was used: not at each request.
const NOTED_EVERY: Duration = Duration::hours(1);

impl Workshop {
    /// Uses a sign-in code up; the secret is the browser's cookie.
    pub async fn sign_in(&self, code: &str) -> Result<(Actor, SecretString), Error> {
        let mut tx = self.store.begin().await?;
        let now = self.now();
        let account = store::account::redeem_login_link(&mut tx, &fingerprint(code), now).await?;
        let account = account.ok_or(Error::NotFound(Noun::LoginLink))?;
        let cookie = begin_session(&mut tx, account.id, now).await?;
        store::commit(tx).await?;
        Ok((account.actor(), cookie))
    }

    /// Who is signed in with this cookie; `None` when it is unknown, has ended or was not used for long.
    pub async fn signed_in(&self, cookie: &str) -> Result<Option<Actor>, Error> {
        let mut conn = self.store.conn().await?;
        let (hash, now) = (fingerprint(cookie), self.now());
        let session = store::browser_session::find(&mut conn, &hash, now).await?;
        if let Some(session) = &session
            && now - session.used_at > NOTED_EVERY
        {
            store::browser_session::touch(&mut conn, &hash, now, now + SESSION_LIFE).await?;
        }
        Ok(session.map(|session| session.account.actor()))
    }

    /// The browsers that are signed in as the actor, the last used first.
    pub async fn browsers(&self, actor: &Actor) -> Result<Vec<Browser>, Error> {
        Ok(store::browser_session::list(&mut *self.store.conn().await?, actor.account, self.now()).await?)
    }

    /// Signs the actor out of every browser but the one with this cookie; says how many there were.
    pub async fn sign_out_elsewhere(&self, actor: &Actor, cookie: &str) -> Result<u64, Error> {
        let mut conn = self.store.conn().await?;
        Ok(store::browser_session::delete_others(&mut conn, actor.account, &fingerprint(cookie)).await?)
    }

    /// Signs a browser out; that it was not signed in is no error.
    pub async fn sign_out(&self, cookie: &str) -> Result<(), Error> {
        Ok(store::browser_session::delete(&mut *self.store.conn().await?, &fingerprint(cookie)).await?)
    }
}

/// Begins a session of an account; the secret is its cookie.
pub(super) async fn begin_session(
    conn: &mut store::Conn,
    account: AccountId,
    now: Instant,
) -> Result<SecretString, Error> {
    let cookie = random_secret("ws_");
    let hash = fingerprint(cookie.expose_secret());
    store::browser_session::insert(conn, &hash, account, now, now + SESSION_LIFE).await?;
    Ok(cookie)
}
