//! Workspaces that installed the app.

use super::{Conn, Error};
use crate::domain::Instant;
use crate::domain::account::Platform;

/// One workspace's installation; its token is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// The workspace, or the organisation when it installed for all of its workspaces.
    pub workspace: String,
    /// The organisation that the workspace belongs to; empty where there is none.
    pub enterprise: String,
    /// The app's id.
    pub app: String,
    /// The app's own user.
    pub bot_user: String,
    /// The bot's token, encrypted.
    pub sealed_token: Vec<u8>,
    /// What the token may do.
    pub scopes: String,
    /// The user who installed it.
    pub installed_by: String,
    /// The workspace's web address.
    pub url: String,
}

/// Adds an installation, or replaces the one of this workspace.
pub async fn upsert(conn: &mut Conn, platform: Platform, new: &Installation, now: Instant) -> Result<(), Error> {
    sqlx::query!(
        "insert into installations
            (platform, workspace, enterprise, app, bot_user, sealed_token, scopes, installed_by, url, installed_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict (platform, workspace) do update
        set enterprise = $3, app = $4, bot_user = $5, sealed_token = $6, scopes = $7, installed_by = $8, url = $9,
            installed_at = $10",
        platform.as_str(),
        new.workspace,
        new.enterprise,
        new.app,
        new.bot_user,
        new.sealed_token,
        new.scopes,
        new.installed_by,
        new.url,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The installation of a workspace.
pub async fn find(conn: &mut Conn, platform: Platform, workspace: &str) -> Result<Option<Installation>, Error> {
    Ok(sqlx::query_as!(
        Installation,
        "select workspace, enterprise, app, bot_user, sealed_token, scopes, installed_by, url
        from installations where platform = $1 and workspace = $2",
        platform.as_str(),
        workspace,
    )
    .fetch_optional(conn)
    .await?)
}

/// Removes the installation of a workspace; false when there was none.
pub async fn delete(conn: &mut Conn, platform: Platform, workspace: &str) -> Result<bool, Error> {
    let done =
        sqlx::query!("delete from installations where platform = $1 and workspace = $2", platform.as_str(), workspace)
            .execute(conn)
            .await?;
    Ok(done.rows_affected() == 1)
}
