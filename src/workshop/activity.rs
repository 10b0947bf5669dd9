//! The record of who did what, for owners and administrators.

use super::{Error, Noun, Workshop, sharing};
use crate::domain::account::parse_name;
use crate::domain::sharing::Target;
use crate::domain::{Access, Actor};
use crate::store;
use crate::store::activity::Filter;
pub use crate::store::activity::{Happened, Recorded};

impl Workshop {
    /// A page of what happened to a thing, the newest first, and how much there is in all; its owner and administrators
    /// may read it.
    pub async fn activity_of(
        &self,
        actor: &Actor,
        target: &Target,
        limit: i64,
        offset: i64,
    ) -> Result<(Vec<Recorded>, i64), Error> {
        let mut conn = self.store.conn().await?;
        let thing = match actor.is_admin {
            true => store::grant::find_target(&mut conn, target).await?.map(|(thing, ..)| thing),
            false => Some(self.thing_for(&mut conn, actor, target, Access::Owner).await?.thing),
        };
        let thing = Some(thing.ok_or(Error::NotFound(sharing::noun(target)))?);
        Ok(store::activity::list(&mut conn, Filter { thing, ..Filter::default() }, limit, offset).await?)
    }

    /// A page of what happened here, the newest first, and how much there is in all; only administrators may read it.
    pub async fn activity(
        &self,
        actor: &Actor,
        person: Option<&str>,
        kind: Option<Happened>,
        limit: i64,
        offset: i64,
    ) -> Result<(Vec<Recorded>, i64), Error> {
        if !actor.is_admin {
            return Err(Error::AdminOnly);
        }
        let mut conn = self.store.conn().await?;
        let account = match person {
            Some(name) => {
                let account = store::account::find_by_name(&mut conn, &parse_name(name)?).await?;
                Some(account.ok_or(Error::NotFound(Noun::Account))?.id)
            }
            None => None,
        };
        Ok(store::activity::list(&mut conn, Filter { thing: None, account, kind }, limit, offset).await?)
    }
}
