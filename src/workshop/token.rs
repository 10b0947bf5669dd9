//! API tokens: made, used and revoked. A token is shown once; only its fingerprint is kept.

use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};

use super::account::random_secret;
use super::{Error, Noun, Workshop};
pub use crate::domain::account::Token;
use crate::domain::account::{fingerprint, parse_name, parse_token_name};
use crate::domain::{AccountId, Actor, Invalid, TokenId};
use crate::store::{self, Conn};

/// The most tokens of one account that work at a time.
const MOST: usize = 50;

/// How exactly it is noted when a token was used: not at each request.
const NOTED_EVERY: TimeDelta = TimeDelta::hours(1);

impl Workshop {
    /// A new token for an account, without a name: for the command line.
    pub async fn create_token(&self, account: AccountId) -> Result<SecretString, Error> {
        let mut conn = self.store.conn().await?;
        Ok(self.add_token(&mut conn, account, String::new()).await?.1)
    }

    /// A new token of the actor's own, with a name that tells it from others.
    pub async fn create_named_token(&self, actor: &Actor, name: &str) -> Result<(Token, SecretString), Error> {
        let name = parse_token_name(name)?;
        let mut conn = self.store.conn().await?;
        if store::token::list(&mut conn, actor.account).await?.len() >= MOST {
            let reason = format!("would be one token too many: there can be {MOST}; revoke one first");
            return Err(Invalid::new("name", reason).into());
        }
        self.add_token(&mut conn, actor.account, name).await
    }

    /// Makes a token within a transaction of the caller's.
    pub(super) async fn add_token(
        &self,
        conn: &mut Conn,
        account: AccountId,
        name: String,
    ) -> Result<(Token, SecretString), Error> {
        let secret = random_secret("pw_");
        let token = Token { id: TokenId::new(), name, created_at: self.now(), used_at: None };
        store::token::insert(conn, account, &token, &fingerprint(secret.expose_secret())).await?;
        Ok((token, secret))
    }

    /// The actor's own tokens that work, the newest first.
    pub async fn tokens(&self, actor: &Actor) -> Result<Vec<Token>, Error> {
        Ok(store::token::list(&mut *self.store.conn().await?, actor.account).await?)
    }

    /// Makes one of the actor's own tokens work no more; its name.
    pub async fn revoke_token(&self, actor: &Actor, id: TokenId) -> Result<String, Error> {
        let mut conn = self.store.conn().await?;
        let revoked = store::token::revoke(&mut conn, actor.account, id, self.now()).await?;
        revoked.ok_or(Error::NotFound(Noun::Token))
    }

    /// Revokes every token of the account of this name; says how many there were.
    pub async fn revoke_tokens(&self, name: &str) -> Result<u64, Error> {
        let mut conn = self.store.conn().await?;
        let account = store::account::find_by_name(&mut conn, &parse_name(name)?).await?;
        let account = account.ok_or(Error::NotFound(Noun::Account))?;
        Ok(store::token::revoke_all(&mut conn, account.id, self.now()).await?)
    }

    /// Who acts with this token; `None` when it is unknown or revoked.
    pub async fn authenticate(&self, token: &str) -> Result<Option<Actor>, Error> {
        let mut conn = self.store.conn().await?;
        let Some(presented) = store::token::find(&mut conn, &fingerprint(token)).await? else { return Ok(None) };
        let now = self.now();
        if presented.used_at.is_none_or(|used_at| now - used_at > NOTED_EVERY) {
            store::token::touch(&mut conn, presented.id, now).await?;
        }
        Ok(Some(presented.account.actor()))
    }
}
