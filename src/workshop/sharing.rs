//! Sharing: who may do what with a draft or a prompt, and how that changes.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::delivery::{Note, Refresh};
use super::error::Limit;
use super::event::{Event, notify};
use super::{Error, Noun, Workshop};
use crate::domain::access::Visibility;
use crate::domain::account::Account;
use crate::domain::sharing::{Holder, Shares, Target, Thing, Who, parse_given};
use crate::domain::{Access, Actor, ChatId, Invalid};
use crate::store::activity::{self, Happened};
use crate::store::grant::Held;
use crate::store::{self, Conn};

/// How who may do what has changed, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// It was shared.
    Shared {
        /// With whom.
        with: String,
        /// What they may do.
        access: Access,
    },
    /// What somebody could do was taken away.
    Removed {
        /// From whom.
        from: String,
    },
    /// Who did it gave it up.
    Left,
    /// It has another owner.
    Transferred {
        /// Who.
        to: String,
    },
    /// Others see it without being named.
    Visible {
        /// Who.
        to: Visibility,
    },
    /// Who did it came in by a link.
    CameIn {
        /// What they may do.
        access: Access,
    },
}

/// A draft or a prompt that somebody shares, comments on, or reads the record of.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) thing: Thing,
    /// What the actor may do with it.
    pub(super) access: Access,
    /// What it is called.
    pub(super) name: String,
    /// The conversation of the workshop that it is or came from.
    pub(super) chat: Option<ChatId>,
}

impl Found {
    /// What it is, for people.
    pub(super) fn about(&self) -> String {
        match self.thing {
            Thing::Draft(id) => format!("draft {id} \"{}\"", self.name),
            Thing::Prompt(_) => format!("the prompt {}", self.name),
        }
    }
}

/// Who is meant.
enum Meant {
    Person(Account),
    Team(i32, String),
}

pub(super) fn noun(target: &Target) -> Noun {
    match target {
        Target::Draft(_) => Noun::Draft,
        Target::Prompt(_) => Noun::Prompt,
    }
}

impl Workshop {
    /// The thing, if the actor may do with it what needs `needed`. What one may not see is not found.
    pub(super) async fn thing_for(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        target: &Target,
        needed: Access,
    ) -> Result<Found, Error> {
        let noun = noun(target);
        let found = store::grant::find_target(conn, target).await?;
        let (thing, name, chat) = found.ok_or(Error::NotFound(noun))?;
        let access = store::grant::access(conn, thing, actor.account).await?.ok_or(Error::NotFound(noun))?;
        match access.allows(needed) {
            true => Ok(Found { thing, access, name, chat }),
            false => Err(Error::Forbidden { noun, needed, has: access }),
        }
    }

    /// A thing that is the actor's own, locked until the transaction ends.
    pub(super) async fn own_thing(&self, conn: &mut Conn, actor: &Actor, target: &Target) -> Result<Found, Error> {
        let found = self.thing_for(conn, actor, target, Access::Owner).await?;
        store::grant::lock(conn, found.thing).await?;
        // Another may own it since.
        self.thing_for(conn, actor, target, Access::Owner).await
    }

    async fn meant(&self, actor: &Actor, who: &Who) -> Result<Meant, Error> {
        let account = match who {
            Who::Team(name) => {
                let mut conn = self.store.conn().await?;
                return Ok(Meant::Team(self.team_for(&mut conn, actor, name).await?, name.clone()));
            }
            Who::Mentioned { identity, label } => {
                let user = self.identify_user(identity, label.as_deref()).await?;
                store::account::find(&mut *self.store.conn().await?, user.account).await?
            }
            Who::Person(name) => store::account::find_by_name(&mut *self.store.conn().await?, name).await?,
        };
        account.map(Meant::Person).ok_or(Error::NotFound(Noun::Account))
    }

    /// Who may do what with a thing.
    pub async fn shares(&self, actor: &Actor, target: &Target) -> Result<Shares, Error> {
        let mut conn = self.store.conn().await?;
        let found = self.thing_for(&mut conn, actor, target, Access::Viewer).await?;
        read_shares(&mut conn, target, &found).await
    }

    /// Lets a person or a team do something with a thing, in place of what they could do before; only its owner may.
    pub async fn share(&self, actor: &Actor, target: &Target, who: &Who, access: Access) -> Result<Shares, Error> {
        let access = parse_given(access)?;
        // Before an account is made for somebody who is mentioned.
        self.thing_for(&mut *self.store.conn().await?, actor, target, Access::Owner).await?;
        let meant = self.meant(actor, who).await?;
        let mut tx = self.store.begin().await?;
        let found = self.own_thing(&mut tx, actor, target).await?;
        let now = self.now();
        let (changed, people, holder) = match meant {
            Meant::Person(account) => {
                refuse_owner(&mut tx, &found, &account).await?;
                let held = Held::Granted(access);
                let changed = store::grant::put(&mut tx, found.thing, account.id, held, now).await?;
                let holder = Holder::Person(account.name.clone());
                (changed, vec![account], holder)
            }
            Meant::Team(team, name) => {
                let changed = store::grant::put_team(&mut tx, found.thing, team, access, now).await?;
                (changed, Vec::new(), Holder::Team(name))
            }
        };
        if changed {
            let detail = detail(&holder, Some(access));
            let change = Change::Shared { with: holder.to_string(), access };
            self.changed(&mut tx, actor, &found, Happened::Shared, detail, change, &people).await?;
        }
        let shares = read_shares(&mut tx, target, &found).await?;
        store::commit(tx).await?;
        Ok(shares)
    }

    /// Takes away what a person or a team may do with a thing; only its owner may. Being in a channel does not let the
    /// person in again.
    pub async fn unshare(&self, actor: &Actor, target: &Target, who: &Who) -> Result<Shares, Error> {
        self.thing_for(&mut *self.store.conn().await?, actor, target, Access::Owner).await?;
        let meant = self.meant(actor, who).await?;
        let mut tx = self.store.begin().await?;
        let found = self.own_thing(&mut tx, actor, target).await?;
        let (changed, holder) = match meant {
            Meant::Person(account) => {
                refuse_owner(&mut tx, &found, &account).await?;
                let changed = store::grant::put(&mut tx, found.thing, account.id, Held::Removed, self.now()).await?;
                (changed, Holder::Person(account.name))
            }
            Meant::Team(team, name) => {
                (store::grant::delete_team(&mut tx, found.thing, team).await?, Holder::Team(name))
            }
        };
        if changed {
            let change = Change::Removed { from: holder.to_string() };
            self.changed(&mut tx, actor, &found, Happened::Unshared, detail(&holder, None), change, &[]).await?;
        }
        let shares = read_shares(&mut tx, target, &found).await?;
        store::commit(tx).await?;
        Ok(shares)
    }

    /// Gives up what the actor may do with a thing; its owner cannot.
    pub async fn leave(&self, actor: &Actor, target: &Target) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        let found = self.thing_for(&mut tx, actor, target, Access::Viewer).await?;
        store::grant::lock(&mut tx, found.thing).await?;
        let holding = store::grant::holding(&mut tx, found.thing).await?;
        if holding.is_some_and(|(owner, ..)| owner == Some(actor.account)) {
            return Err(Invalid::new("owner", "cannot leave what they own; transfer it first").into());
        }
        let before = store::grant::find(&mut tx, found.thing, actor.account).await?;
        if before != Some(Held::Removed)
            && store::grant::put(&mut tx, found.thing, actor.account, Held::Left, self.now()).await?
        {
            self.changed(&mut tx, actor, &found, Happened::Left, json!({}), Change::Left, &[]).await?;
        }
        Ok(store::commit(tx).await?)
    }

    /// Makes somebody else the owner of a thing; the actor stays as an editor.
    pub async fn transfer(&self, actor: &Actor, target: &Target, to: &Who) -> Result<Shares, Error> {
        self.thing_for(&mut *self.store.conn().await?, actor, target, Access::Owner).await?;
        let Meant::Person(new) = self.meant(actor, to).await? else {
            return Err(Invalid::new("to", "must be a person").into());
        };
        let mut tx = self.store.begin().await?;
        let found = self.own_thing(&mut tx, actor, target).await?;
        let now = self.now();
        if new.id != actor.account {
            self.check_room(&mut tx, &found, &new).await?;
            store::grant::set_owner(&mut tx, found.thing, new.id).await?;
            store::grant::put(&mut tx, found.thing, actor.account, Held::Granted(Access::Editor), now).await?;
            let change = Change::Transferred { to: new.name.clone() };
            let detail = json!({ "person": new.name });
            let (happened, people) = (Happened::Transferred, [new]);
            self.changed(&mut tx, actor, &found, happened, detail, change, &people).await?;
            for account in [actor.account, people[0].id] {
                self.home_changed(&mut tx, account).await?;
            }
        }
        let found = self.thing_for(&mut tx, actor, target, Access::Viewer).await?;
        let shares = read_shares(&mut tx, target, &found).await?;
        store::commit(tx).await?;
        Ok(shares)
    }

    /// A draft counts among those of its new owner, who must have room for it.
    async fn check_room(&self, conn: &mut Conn, found: &Found, new: &Account) -> Result<(), Error> {
        let Thing::Draft(id) = found.thing else { return Ok(()) };
        let draft = store::draft::find(conn, id).await?.ok_or(Error::NotFound(Noun::Draft))?;
        let most = self.settings.limits.drafts_per_user;
        if draft.writable().is_ok() && store::draft::count_live(conn, new.id).await? >= i64::from(most) {
            return Err(Error::LimitReached { limit: Limit::DraftsPerUser, most, until: None });
        }
        Ok(())
    }

    /// Changes who sees a thing without being named; only its owner may.
    pub async fn set_visibility(&self, actor: &Actor, target: &Target, to: Visibility) -> Result<Shares, Error> {
        let mut tx = self.store.begin().await?;
        let found = self.own_thing(&mut tx, actor, target).await?;
        let holding = store::grant::holding(&mut tx, found.thing).await?;
        let (_, before, team) = holding.ok_or(Error::NotFound(noun(target)))?;
        if to == Visibility::Team && !store::team::has(&mut tx, team, actor.account).await? {
            return Err(Invalid::new("visibility", "cannot be a team that you do not belong to").into());
        }
        if to != before {
            store::grant::set_visibility(&mut tx, found.thing, to).await?;
            let (detail, change) = (json!({ "visibility": to }), Change::Visible { to });
            self.changed(&mut tx, actor, &found, Happened::VisibilityChanged, detail, change, &[]).await?;
        }
        let shares = read_shares(&mut tx, target, &found).await?;
        store::commit(tx).await?;
        Ok(shares)
    }

    /// Records a change of who may do what, and tells it where the workshop lives and whom it concerns.
    #[expect(clippy::too_many_arguments, reason = "each is one part of what is recorded and told")]
    pub(super) async fn changed(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        found: &Found,
        kind: Happened,
        detail: Value,
        change: Change,
        people: &[Account],
    ) -> Result<(), Error> {
        let event = activity::Event::thing(kind, actor.account, found.thing, detail);
        activity::insert(conn, &event, self.now()).await?;
        let others: Vec<Account> = people.iter().filter(|account| account.id != actor.account).cloned().collect();
        let note =
            |mentions| Note::Sharing { by: actor.name.clone(), change: change.clone(), about: found.about(), mentions };
        self.tell_people(conn, found.chat, &others, note).await?;
        if let Thing::Draft(draft) = found.thing {
            notify(conn, &Event::DraftChanged { draft }).await?;
            if let Some(chat) = found.chat {
                self.refresh(conn, chat, Refresh::Card { draft }).await?;
            }
        }
        Ok(())
    }
}

async fn read_shares(conn: &mut Conn, target: &Target, found: &Found) -> Result<Shares, Error> {
    let holding = store::grant::holding(conn, found.thing).await?;
    let (owner, visibility, team) = holding.ok_or(Error::NotFound(noun(target)))?;
    let owner = match owner {
        Some(owner) => store::account::find(conn, owner).await?.map(|account| account.name),
        None => None,
    };
    let team = store::team::name(conn, team).await?.unwrap_or_default();
    let grants = store::grant::list(conn, found.thing).await?;
    Ok(Shares { name: found.name.clone(), owner, visibility, team, yours: found.access, grants })
}

async fn refuse_owner(conn: &mut Conn, found: &Found, account: &Account) -> Result<(), Error> {
    match store::grant::holding(conn, found.thing).await? {
        Some((Some(owner), ..)) if owner == account.id => {
            Err(Invalid::new("person", "owns it; transfer it instead").into())
        }
        _ => Ok(()),
    }
}

fn detail(holder: &Holder, access: Option<Access>) -> Value {
    match holder {
        Holder::Person(name) => json!({ "person": name, "access": access }),
        Holder::Team(name) => json!({ "team": name, "access": access }),
    }
}
