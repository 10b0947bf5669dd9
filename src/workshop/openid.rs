//! Signing in through an OpenID Connect provider, whose word on who somebody is was checked before.

use secrecy::SecretString;

use super::account::free_name;
use super::browser_session::begin_session;
use super::{Error, Noun, Workshop};
use crate::domain::account::{Account, Introduced, OpenIdIdentity};
use crate::domain::{AccountId, Actor};
use crate::store::{self, Conn};

impl Workshop {
    /// Signs somebody in whom a provider introduced; the secret is the browser's cookie. On first use an account is made
    /// that nobody else has. With `join`, who is signed in as that account already acts as it by the provider, too.
    pub async fn sign_in_introduced(
        &self,
        introduced: &Introduced,
        join: Option<AccountId>,
    ) -> Result<(Actor, SecretString), Error> {
        let mut tx = self.store.begin().await?;
        let known = store::openid::find(&mut tx, &introduced.user).await?;
        let account = match (known, join) {
            (Some(before), Some(into)) if before.id != into => {
                self.join_introduced(&mut tx, introduced, before, into).await?
            }
            (Some(known), _) => {
                store::openid::update(&mut tx, &introduced.user, &introduced.label, known.id).await?;
                known
            }
            (None, Some(into)) => {
                let account = store::account::find(&mut tx, into).await?;
                let account = account.ok_or(Error::NotFound(Noun::Account))?;
                self.introduce(&mut tx, introduced, account).await?
            }
            (None, None) => {
                let name = free_name(&mut tx, &introduced.name).await?;
                let new = Account { id: AccountId::new(), name, is_admin: false, created_at: self.now() };
                if !store::account::insert(&mut tx, &new).await? {
                    return Err(Error::Unavailable(store::Error::Interrupted));
                }
                self.introduce(&mut tx, introduced, new).await?
            }
        };
        let cookie = begin_session(&mut tx, account.id, self.now()).await?;
        store::commit(tx).await?;
        Ok((account.actor(), cookie))
    }

    /// Joins a user who is new to an account. Twice at the same moment, the first counts, and the second tries again.
    async fn introduce(&self, conn: &mut Conn, introduced: &Introduced, account: Account) -> Result<Account, Error> {
        match store::openid::insert(conn, &introduced.user, &introduced.label, account.id, self.now()).await? {
            true => Ok(account),
            false => Err(Error::Unavailable(store::Error::Interrupted)),
        }
    }

    /// Joins a known user to another account. If nobody can act as the one before any more, all it made comes along.
    async fn join_introduced(
        &self,
        conn: &mut Conn,
        introduced: &Introduced,
        before: Account,
        into: AccountId,
    ) -> Result<Account, Error> {
        store::openid::update(conn, &introduced.user, &introduced.label, into).await?;
        if store::account::is_abandoned(conn, before.id).await? {
            store::merge::accounts(conn, before.id, into).await?;
        }
        store::account::find(conn, into).await?.ok_or(Error::NotFound(Noun::Account))
    }

    /// The users of providers who act as the actor, the first joined first.
    pub async fn openid_identities(&self, actor: &Actor) -> Result<Vec<OpenIdIdentity>, Error> {
        Ok(store::openid::list(&mut *self.store.conn().await?, actor.account).await?)
    }
}
