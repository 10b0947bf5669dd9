//! Teams: groups of accounts that things are shared with. Administrators make them and put people in.

use serde_json::json;

use super::{Error, Noun, Workshop};
use crate::domain::account::parse_name;
use crate::domain::sharing::{Team, parse_team};
use crate::domain::{Actor, Invalid};
use crate::store::activity::{self, Happened};
use crate::store::{self, Conn};

impl Workshop {
    /// The teams that the actor knows of: every team, but for guests only those they belong to.
    pub async fn teams(&self, actor: &Actor) -> Result<Vec<Team>, Error> {
        let mut conn = self.store.conn().await?;
        let knows_all = actor.is_admin || store::team::has(&mut conn, store::team::EVERYONE, actor.account).await?;
        Ok(store::team::list(&mut conn, (!knows_all).then_some(actor.account)).await?)
    }

    /// The number of a team that the actor knows of.
    pub(super) async fn team_for(&self, conn: &mut Conn, actor: &Actor, name: &str) -> Result<i32, Error> {
        let team = store::team::find(conn, name).await?.ok_or(Error::NotFound(Noun::Team))?;
        let knows = actor.is_admin
            || store::team::has(conn, store::team::EVERYONE, actor.account).await?
            || store::team::has(conn, team, actor.account).await?;
        if knows { Ok(team) } else { Err(Error::NotFound(Noun::Team)) }
    }

    /// Makes a team; only an administrator may. One that is there stays as it is.
    pub async fn add_team(&self, actor: &Actor, name: &str) -> Result<Team, Error> {
        admin_only(actor)?;
        let name = parse_team(name)?;
        let mut tx = self.store.begin().await?;
        if store::team::insert(&mut tx, &name, self.now()).await? {
            self.record_team(&mut tx, actor, Happened::TeamMade, json!({ "team": name })).await?;
        }
        let team = self.read_team(&mut tx, &name).await?;
        store::commit(tx).await?;
        Ok(team)
    }

    /// Puts an account into a team; only an administrator may.
    pub async fn add_to_team(&self, actor: &Actor, team: &str, person: &str) -> Result<Team, Error> {
        self.change_team(actor, team, person, true).await
    }

    /// Takes an account out of a team; only an administrator may. Taken out of everyone, it is a guest.
    pub async fn remove_from_team(&self, actor: &Actor, team: &str, person: &str) -> Result<Team, Error> {
        self.change_team(actor, team, person, false).await
    }

    async fn change_team(&self, actor: &Actor, team: &str, person: &str, joins: bool) -> Result<Team, Error> {
        admin_only(actor)?;
        let name = parse_team(team)?;
        let person = parse_name(person).map_err(|invalid| Invalid::new("person", invalid.reason))?;
        let mut tx = self.store.begin().await?;
        let id = store::team::find(&mut tx, &name).await?.ok_or(Error::NotFound(Noun::Team))?;
        let account = store::account::find_by_name(&mut tx, &person).await?.ok_or(Error::NotFound(Noun::Account))?;
        let (changed, kind) = match joins {
            true => (store::team::join(&mut tx, id, account.id).await?, Happened::TeamJoined),
            false => (store::team::leave(&mut tx, id, account.id).await?, Happened::TeamLeft),
        };
        if changed {
            self.record_team(&mut tx, actor, kind, json!({ "team": name, "person": account.name })).await?;
        }
        let team = self.read_team(&mut tx, &name).await?;
        store::commit(tx).await?;
        Ok(team)
    }

    async fn record_team(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        kind: Happened,
        detail: serde_json::Value,
    ) -> Result<(), Error> {
        let event = activity::Event { kind, account: Some(actor.account), draft: None, prompt: None, detail };
        Ok(activity::insert(conn, &event, self.now()).await?)
    }

    async fn read_team(&self, conn: &mut Conn, name: &str) -> Result<Team, Error> {
        let teams = store::team::list(conn, None).await?;
        teams.into_iter().find(|team| team.name == name).ok_or(Error::NotFound(Noun::Team))
    }
}

fn admin_only(actor: &Actor) -> Result<(), Error> {
    if actor.is_admin { Ok(()) } else { Err(Error::AdminOnly) }
}
