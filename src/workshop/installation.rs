//! Workspaces that installed the app; their tokens are sealed before they come here.

use super::{Error, Workshop};
use crate::domain::account::Platform;
use crate::store;
pub use crate::store::installation::Installation;

impl Workshop {
    /// The installation of a workspace.
    pub async fn installation(&self, platform: Platform, workspace: &str) -> Result<Option<Installation>, Error> {
        Ok(store::installation::find(&mut *self.store.conn().await?, platform, workspace).await?)
    }

    /// Keeps an installation, in place of an earlier one of the same workspace.
    pub async fn keep_installation(&self, platform: Platform, new: &Installation) -> Result<(), Error> {
        Ok(store::installation::upsert(&mut *self.store.conn().await?, platform, new, self.now()).await?)
    }

    /// Removes an installation and its token. What people made stays.
    pub async fn forget_installation(&self, platform: Platform, workspace: &str) -> Result<(), Error> {
        store::installation::delete(&mut *self.store.conn().await?, platform, workspace).await?;
        Ok(())
    }
}
