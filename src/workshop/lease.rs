//! What one copy of the service holds at a time, and what it noted of the outside world.

use std::time::Duration;

use uuid::Uuid;

use super::{Error, Workshop};
use crate::store;
pub use crate::store::lease::Lease;

impl Workshop {
    /// Takes or renews what one copy holds at a time; `None` while another has it.
    pub async fn take_lease(&self, name: &str, holder: Uuid, lasts: Duration) -> Result<Option<Lease>, Error> {
        Ok(store::lease::take(&mut *self.store.conn().await?, name, holder, lasts.as_secs_f64()).await?)
    }

    /// Lets it go.
    pub async fn release_lease(&self, name: &str, holder: Uuid) -> Result<(), Error> {
        Ok(store::lease::release(&mut *self.store.conn().await?, name, holder).await?)
    }

    /// Whether a chat platform knows the commands with this fingerprint.
    pub async fn commands_are_registered(&self, scope: &str, fingerprint: &str) -> Result<bool, Error> {
        let mut conn = self.store.conn().await?;
        Ok(store::command_registration::is_registered(&mut conn, scope, fingerprint).await?)
    }

    /// Notes that a chat platform knows them.
    pub async fn commands_registered(&self, scope: &str, fingerprint: &str) -> Result<(), Error> {
        let mut conn = self.store.conn().await?;
        Ok(store::command_registration::registered(&mut conn, scope, fingerprint, self.now()).await?)
    }
}
