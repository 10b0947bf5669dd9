//! Accounts, tokens, sign-in links and chat identities.

use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};

use super::{Error, Noun, Workshop};
use crate::domain::account::{Account, Identity, fingerprint, parse_name};
use crate::domain::{AccountId, Actor, TokenId};
use crate::store;

/// How long a sign-in link works.
const LINK_LIFE: TimeDelta = TimeDelta::hours(24);

impl Workshop {
    /// The account of this name, made if there is none; an administrator from now on if `admin`.
    pub async fn ensure_account(&self, name: &str, admin: bool) -> Result<Account, Error> {
        let name = parse_name(name)?;
        let mut tx = self.store.begin().await?;
        let new = Account { id: AccountId::new(), name, is_admin: admin, created_at: self.now() };
        store::account::insert(&mut tx, &new).await?;
        let found = store::account::find_by_name(&mut tx, &new.name).await?;
        let mut account = found.ok_or(Error::NotFound(Noun::Account))?;
        if admin && !account.is_admin {
            store::account::promote(&mut tx, account.id).await?;
            account.is_admin = true;
        }
        store::commit(tx).await?;
        Ok(account)
    }

    /// Every account, by name.
    pub async fn accounts(&self) -> Result<Vec<Account>, Error> {
        Ok(store::account::list(&mut *self.store.conn().await?).await?)
    }

    /// A new API token for an account. It is shown once; only its fingerprint is kept.
    pub async fn create_token(&self, account: AccountId) -> Result<SecretString, Error> {
        let token = random_secret("pw_");
        let hash = fingerprint(token.expose_secret());
        let mut conn = self.store.conn().await?;
        store::account::insert_token(&mut conn, TokenId::new(), account, &hash, self.now()).await?;
        Ok(token)
    }

    /// Revokes every token of the account of this name; says how many there were.
    pub async fn revoke_tokens(&self, name: &str) -> Result<u64, Error> {
        let mut conn = self.store.conn().await?;
        let account = store::account::find_by_name(&mut conn, &parse_name(name)?).await?;
        let account = account.ok_or(Error::NotFound(Noun::Account))?;
        Ok(store::account::revoke_tokens(&mut conn, account.id, self.now()).await?)
    }

    /// Who acts with this token; `None` when it is unknown or revoked.
    pub async fn authenticate(&self, token: &str) -> Result<Option<Actor>, Error> {
        let mut conn = self.store.conn().await?;
        let account = store::account::find_by_token(&mut conn, &fingerprint(token)).await?;
        Ok(account.map(|account| account.actor()))
    }

    /// A code that signs an account in once, within a day.
    pub async fn create_login_code(&self, account: AccountId) -> Result<SecretString, Error> {
        let code = random_secret("");
        let now = self.now();
        let hash = fingerprint(code.expose_secret());
        let mut conn = self.store.conn().await?;
        store::account::insert_login_link(&mut conn, &hash, account, now, now + LINK_LIFE).await?;
        Ok(code)
    }

    /// Whether a sign-in code can still be used.
    pub async fn login_code_is_open(&self, code: &str) -> Result<bool, Error> {
        let mut conn = self.store.conn().await?;
        Ok(store::account::login_link_is_open(&mut conn, &fingerprint(code), self.now()).await?)
    }

    /// Uses a sign-in code up, for a new API token.
    pub async fn redeem_login_code(&self, code: &str) -> Result<(Actor, SecretString), Error> {
        let mut tx = self.store.begin().await?;
        let now = self.now();
        let account = store::account::redeem_login_link(&mut tx, &fingerprint(code), now).await?;
        let account = account.ok_or(Error::NotFound(Noun::LoginLink))?;
        let token = random_secret("pw_");
        let hash = fingerprint(token.expose_secret());
        store::account::insert_token(&mut tx, TokenId::new(), account.id, &hash, now).await?;
        store::commit(tx).await?;
        Ok((account.actor(), token))
    }

    /// Who a user of a chat platform is here; an account named like `suggested` is made on first use.
    pub async fn identify(&self, identity: &Identity, suggested: &str) -> Result<Actor, Error> {
        let mut conn = self.store.conn().await?;
        if let Some(account) = store::account::find_by_identity(&mut conn, identity).await? {
            return Ok(account.actor());
        }
        drop(conn);
        let account = self.ensure_account(suggested, false).await?;
        let mut conn = self.store.conn().await?;
        store::account::insert_identity(&mut conn, identity, account.id, self.now()).await?;
        Ok(account.actor())
    }
}

/// 256 random bits in hexadecimal, after a prefix that secret scanners can look for.
fn random_secret(prefix: &str) -> SecretString {
    let bytes: [u8; 32] = rand::random();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    SecretString::from(format!("{prefix}{hex}"))
}
