//! Who may do what with a prompt.

use askama::Template;

use super::About;
use crate::domain::Access;
use crate::domain::access::Visibility;
use crate::domain::sharing::{Holder, HolderKind, Invite, Shares, Target};
use crate::web::Web;
use crate::web::error::Problem;
use crate::web::pages::library::seen_by;
use crate::web::pages::shown::{Day, counted};

#[derive(Template)]
#[template(path = "prompt/sharing.html", config = "src/web/askama.toml")]
pub(super) struct SharingTab {
    api: String,
    shares: Shares,
    holders: Vec<Held>,
    invites: Vec<Invite>,
    teams: Vec<String>,
    may_own: bool,
    /// Whether one can give up what one may do.
    may_leave: bool,
}

/// Somebody who may do something.
struct Held {
    kind: HolderKind,
    name: String,
    /// The name as part of an address.
    encoded: String,
    access: Access,
    since: Day,
}

/// What can be given to others, with what it means.
fn givable() -> [(Access, &'static str); 3] {
    [
        (Access::Viewer, "viewer: read and ask it"),
        (Access::Commenter, "commenter: also comment"),
        (Access::Editor, "editor: also publish versions"),
    ]
}

pub(super) async fn read(web: &Web, about: &About) -> Result<SharingTab, Problem> {
    let target = Target::Prompt(about.prompt.name.clone());
    let may_own = about.may_own() && !about.prompt.shipped;
    let (mut invites, mut teams) = (Vec::new(), Vec::new());
    if may_own {
        invites = web.workshop.invites(&about.actor, &target).await?;
        teams = web.workshop.teams(&about.actor).await?.into_iter().map(|team| team.name).collect();
    }
    let shares = about.shares.clone();
    let held = |grant: &crate::domain::sharing::Grant| {
        let (kind, name) = match &grant.holder {
            Holder::Person(name) => (HolderKind::Person, name.clone()),
            Holder::Team(name) => (HolderKind::Team, name.clone()),
        };
        let encoded = url::form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>().replace('+', "%20");
        Held { kind, name, encoded, access: grant.access, since: Day::of(grant.since) }
    };
    let may_leave = shares.grants.iter().any(|grant| grant.holder == Holder::Person(about.actor.name.clone()));
    Ok(SharingTab {
        holders: shares.grants.iter().map(held).collect(),
        api: about.api(),
        shares,
        invites,
        teams,
        may_own,
        may_leave,
    })
}
