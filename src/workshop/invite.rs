//! Links that let people in: made and revoked by the owner, used by whoever has one, until they expire.

use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::account::random_secret;
use super::sharing::{Change, Found};
use super::{Error, Noun, Workshop};
use crate::domain::account::fingerprint;
use crate::domain::sharing::{Invite, Target, Thing, parse_days, parse_given};
use crate::domain::{Access, Actor, Invalid, InviteId};
use crate::store::activity::{self, Happened};
use crate::store::grant::Held;
use crate::store::{self, Conn};

/// The most links of one thing that work at a time.
const MOST: usize = 20;

/// What a link has opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// What.
    pub target: Target,
    /// What it is called.
    pub name: String,
    /// What the one who used the link may do with it now.
    pub access: Access,
}

impl Workshop {
    /// Makes a link that lets whoever has it in, for some days; only the owner may. The code is shown once.
    pub async fn create_invite(
        &self,
        actor: &Actor,
        target: &Target,
        access: Access,
        days: Option<i64>,
    ) -> Result<(Invite, SecretString), Error> {
        let (access, days) = (parse_given(access)?, parse_days(days)?);
        let mut tx = self.store.begin().await?;
        let found = self.own_thing(&mut tx, actor, target).await?;
        let now = self.now();
        if store::invite::list(&mut tx, found.thing, now).await?.len() >= MOST {
            let reason = format!("are as many as there can be ({MOST}); revoke one first");
            return Err(Invalid::new("invites", reason).into());
        }
        let code = random_secret("");
        let invite = Invite {
            id: InviteId::new(),
            access,
            created_by: Some(actor.name.clone()),
            created_at: now,
            expires_at: now + TimeDelta::days(days),
            uses: 0,
        };
        let hash = fingerprint(code.expose_secret());
        store::invite::insert(&mut tx, found.thing, &invite, actor.account, &hash).await?;
        let detail = json!({ "access": access, "days": days });
        let event = activity::Event::thing(Happened::InviteMade, actor.account, found.thing, detail);
        activity::insert(&mut tx, &event, now).await?;
        store::commit(tx).await?;
        Ok((invite, code))
    }

    /// The address of a link's page.
    pub fn invite_url(&self, code: &SecretString) -> String {
        format!("{}/invite/{}", self.settings.public_url, code.expose_secret())
    }

    /// The links of a thing that still work; only its owner may know them.
    pub async fn invites(&self, actor: &Actor, target: &Target) -> Result<Vec<Invite>, Error> {
        let mut conn = self.store.conn().await?;
        let found = self.thing_for(&mut conn, actor, target, Access::Owner).await?;
        Ok(store::invite::list(&mut conn, found.thing, self.now()).await?)
    }

    /// Makes a link work no more; only the owner may. Who came in by it stays.
    pub async fn revoke_invite(&self, actor: &Actor, target: &Target, id: InviteId) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        let found = self.own_thing(&mut tx, actor, target).await?;
        let now = self.now();
        let was_open = store::invite::revoke(&mut tx, found.thing, id, now).await?;
        if was_open.ok_or(Error::NotFound(Noun::Invite))? {
            let event = activity::Event::thing(Happened::InviteRevoked, actor.account, found.thing, json!({}));
            activity::insert(&mut tx, &event, now).await?;
        }
        Ok(store::commit(tx).await?)
    }

    /// Whether a link still works.
    pub async fn invite_is_open(&self, code: &str) -> Result<bool, Error> {
        let mut conn = self.store.conn().await?;
        Ok(store::invite::find_open(&mut conn, &fingerprint(code), self.now()).await?.is_some())
    }

    /// Comes in by a link, given as its code or its address. It never takes anything from what one may do already, and
    /// does not let in whose access was taken away.
    pub async fn accept_invite(&self, actor: &Actor, code: &str) -> Result<Opened, Error> {
        let code = code.trim().trim_end_matches(['/', '>']);
        let hash = fingerprint(code.rsplit('/').next().unwrap_or(code));
        let mut tx = self.store.begin().await?;
        let now = self.now();
        let missing = || Error::NotFound(Noun::Invite);
        let (invite, thing, access) = store::invite::find_open(&mut tx, &hash, now).await?.ok_or_else(missing)?;
        store::grant::lock(&mut tx, thing).await?;
        let target = self.target_of(&mut tx, thing).await?.ok_or_else(missing)?;
        let before = match store::grant::find(&mut tx, thing, actor.account).await? {
            Some(Held::Removed) => return Err(missing()),
            Some(Held::Granted(before)) => Some(before),
            Some(Held::Left) | None => None,
        };
        let owns = store::grant::access(&mut tx, thing, actor.account).await? == Some(Access::Owner);
        if !owns && before < Some(access) {
            store::grant::put(&mut tx, thing, actor.account, Held::Granted(access), now).await?;
            store::invite::used(&mut tx, invite).await?;
            let found: Found = self.thing_for(&mut tx, actor, &target, Access::Viewer).await?;
            let (detail, change) = (json!({ "access": access }), Change::CameIn { access });
            self.changed(&mut tx, actor, &found, Happened::InviteAccepted, detail, change, &[]).await?;
        }
        let found = self.thing_for(&mut tx, actor, &target, Access::Viewer).await?;
        store::commit(tx).await?;
        Ok(Opened { target, name: found.name, access: found.access })
    }

    /// A thing as a person names it.
    pub(super) async fn target_of(&self, conn: &mut Conn, thing: Thing) -> Result<Option<Target>, Error> {
        match thing {
            Thing::Draft(id) => Ok(Some(Target::Draft(id))),
            Thing::Prompt(id) => {
                Ok(store::library::find_by_id(conn, id).await?.map(|prompt| Target::Prompt(prompt.name)))
            }
        }
    }
}
