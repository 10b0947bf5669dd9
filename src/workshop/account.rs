//! Accounts, sign-in links and chat identities.

use std::collections::HashMap;

use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};

use super::{Error, Noun, Workshop};
use crate::domain::account::{Account, Identity, fingerprint, parse_name};
use crate::domain::{AccountId, Actor};
use crate::store;

/// How long a sign-in link works.
const LINK_LIFE: TimeDelta = TimeDelta::hours(24);

/// How long a code that is typed works: it is shorter.
const JOIN_LIFE: TimeDelta = TimeDelta::minutes(10);

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

    /// The account of this name, made if there is none; a guest from now on, who sees only what is shared with them.
    pub async fn ensure_guest(&self, name: &str) -> Result<Account, Error> {
        let account = self.ensure_account(name, false).await?;
        store::team::leave(&mut *self.store.conn().await?, store::team::EVERYONE, account.id).await?;
        Ok(account)
    }

    /// Every account, by name.
    pub async fn accounts(&self) -> Result<Vec<Account>, Error> {
        Ok(store::account::list(&mut *self.store.conn().await?).await?)
    }

    /// The names of accounts whose things one sees.
    pub async fn names_of(&self, accounts: &[AccountId]) -> Result<HashMap<AccountId, String>, Error> {
        Ok(store::account::names(&mut *self.store.conn().await?, accounts).await?)
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
        let account = store::account::redeem_login_link(&mut tx, &fingerprint(code), self.now()).await?;
        let account = account.ok_or(Error::NotFound(Noun::LoginLink))?;
        let (_, token) = self.add_token(&mut tx, account.id, String::new()).await?;
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
        store::account::insert_identity(&mut conn, identity, suggested, account.id, self.now()).await?;
        Ok(account.actor())
    }

    /// Who a user of a chat platform is here. On first use an account is made that nobody else has, named after the user.
    pub async fn identify_user(&self, identity: &Identity, label: Option<&str>) -> Result<Actor, Error> {
        let label = label.unwrap_or_default();
        let mut tx = self.store.begin().await?;
        if let Some(account) = store::account::find_by_identity(&mut tx, identity).await? {
            let known = store::account::identity_label(&mut tx, identity).await?.unwrap_or_default();
            if known.is_empty() && !label.is_empty() {
                store::account::set_identity_label(&mut tx, identity, label).await?;
                if account.name.starts_with(&name_like(&identity.user)) {
                    let name = free_name(&mut tx, label).await?;
                    store::account::rename(&mut tx, account.id, &name).await?;
                    store::commit(tx).await?;
                    return Ok(Actor { name, ..account.actor() });
                }
                store::commit(tx).await?;
            }
            return Ok(account.actor());
        }
        let now = self.now();
        let name = free_name(&mut tx, if label.is_empty() { &identity.user } else { label }).await?;
        let account = Account { id: AccountId::new(), name, is_admin: false, created_at: now };
        let added = store::account::insert(&mut tx, &account).await?;
        if !added || !store::account::insert_identity(&mut tx, identity, label, account.id, now).await? {
            // Another message of the same person came at the same moment; theirs is the account.
            drop(tx);
            let mut conn = self.store.conn().await?;
            let found = store::account::find_by_identity(&mut conn, identity).await?;
            return found.map(|account| account.actor()).ok_or(Error::Unavailable(store::Error::Interrupted));
        }
        store::commit(tx).await?;
        Ok(account.actor())
    }

    /// The name of the account that a user of a chat platform acts as, if there is one.
    pub async fn name_of(&self, identity: &Identity) -> Result<Option<String>, Error> {
        let found = store::account::find_by_identity(&mut *self.store.conn().await?, identity).await?;
        Ok(found.map(|account| account.name))
    }

    /// A code that joins a user of a chat platform to this account, once, within ten minutes.
    pub async fn create_join_code(&self, actor: &Actor) -> Result<SecretString, Error> {
        let code = typed_secret();
        let now = self.now();
        let hash = fingerprint(code.expose_secret());
        let mut conn = self.store.conn().await?;
        store::account::insert_login_link(&mut conn, &hash, actor.account, now, now + JOIN_LIFE).await?;
        Ok(code)
    }

    /// Joins a user of a chat platform to the account that made the code. What the user made so far comes along.
    pub async fn join_account(&self, identity: &Identity, code: &str) -> Result<Actor, Error> {
        let mut tx = self.store.begin().await?;
        let hash = fingerprint(&code.trim().to_uppercase());
        let account = store::account::redeem_login_link(&mut tx, &hash, self.now()).await?;
        let account = account.ok_or(Error::NotFound(Noun::LoginLink))?;
        let before = store::account::find_by_identity(&mut tx, identity).await?;
        store::account::move_identity(&mut tx, identity, account.id).await?;
        if let Some(before) = before
            && before.id != account.id
            && store::account::is_abandoned(&mut tx, before.id).await?
        {
            store::merge::accounts(&mut tx, before.id, account.id).await?;
        }
        store::commit(tx).await?;
        Ok(account.actor())
    }

    /// Notes that a user of a chat platform looks at the app's home page.
    pub async fn home_opened(&self, identity: &Identity) -> Result<(), Error> {
        Ok(store::account::home_opened(&mut *self.store.conn().await?, identity, self.now()).await?)
    }
}

/// A user's name as an account's name may be: what does not fit is left out.
fn name_like(label: &str) -> String {
    let fits: String = label.to_lowercase().chars().map(|c| if c.is_whitespace() { '.' } else { c }).collect();
    let fits: String = fits.chars().filter(|c| c.is_alphanumeric() || ".-_@".contains(*c)).take(50).collect();
    if fits.is_empty() { "someone".to_owned() } else { fits }
}

/// A name like this that no account has.
pub(super) async fn free_name(conn: &mut store::Conn, label: &str) -> Result<String, Error> {
    let wanted = name_like(label);
    let mut name = wanted.clone();
    for number in 2..100 {
        if store::account::find_by_name(conn, &name).await?.is_none() {
            return Ok(name);
        }
        name = format!("{wanted}.{number}");
    }
    Ok(format!("{wanted}.{:08x}", rand::random::<u32>()))
}

/// 60 random bits in letters and digits that are not mistaken for one another, in groups of four, to be typed.
fn typed_secret() -> SecretString {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let bytes: [u8; 12] = rand::random();
    let letters: Vec<char> = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
    let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
    SecretString::from(groups.join("-"))
}

/// 256 random bits in hexadecimal, after a prefix that secret scanners can look for.
pub(super) fn random_secret(prefix: &str) -> SecretString {
    let bytes: [u8; 32] = rand::random();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    SecretString::from(format!("{prefix}{hex}"))
}
