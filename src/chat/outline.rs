//! What commands do that every platform does alike.

use secrecy::ExposeSecret;

use super::reply::{self, Reply};
use crate::domain::account::Identity;
use crate::domain::draft::{Draft, DraftStatus};
use crate::domain::{Actor, DraftId};
use crate::workshop::draft::Save;
use crate::workshop::{Error, Workshop};

/// Says that a draft is good.
pub(super) async fn ready(workshop: &Workshop, actor: &Actor, id: DraftId) -> Result<Draft, Error> {
    workshop.save_draft(actor, id, Save { status: Some(DraftStatus::Ready), ..Save::default() }).await
}

/// Brings an expired draft back; one that has not expired counts as used.
pub(super) async fn restore(workshop: &Workshop, actor: &Actor, id: DraftId) -> Result<Draft, Error> {
    let status = match workshop.draft(actor, id).await?.status {
        DraftStatus::Expired => Some(DraftStatus::Draft),
        DraftStatus::Draft | DraftStatus::Testing | DraftStatus::Ready | DraftStatus::Committed => None,
    };
    workshop.save_draft(actor, id, Save { status, ..Save::default() }).await
}

/// A link that signs the actor in, in a browser, once.
pub(super) async fn web(workshop: &Workshop, actor: &Actor) -> Result<Reply, Error> {
    let code = workshop.create_login_code(actor.account).await?;
    Ok(reply::web_link(&format!("{}/sign-in/{}", workshop.settings().public_url, code.expose_secret())))
}

/// Joins an identity to the account that a code is of, or makes a code; and who acts from now on, if that changed.
pub(super) async fn link(
    workshop: &Workshop,
    actor: &Actor,
    identity: &Identity,
    code: &str,
    marker: &str,
) -> Result<(Reply, Option<Actor>), Error> {
    if code.trim().is_empty() {
        let code = workshop.create_join_code(actor).await?;
        return Ok((reply::join_code(code.expose_secret(), marker), None));
    }
    let joined = workshop.join_account(identity, code).await?;
    Ok((reply::joined(&joined.name), Some(joined)))
}

/// The draft in a browser, with a link that signs the actor in once.
pub(super) async fn web_draft(workshop: &Workshop, actor: &Actor, draft: DraftId) -> Result<Reply, Error> {
    let code = workshop.create_login_code(actor.account).await?;
    let url = format!("{}/sign-in/{}?draft={draft}", workshop.settings().public_url, code.expose_secret());
    Ok(reply::web_link(&url))
}
