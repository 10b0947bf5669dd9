//! Telling every copy of the service that something happened: Postgres notifications.
//!
//! A notification is a hint, never the truth: who gets one, or none, reads the rows.

use sqlx::postgres::PgListener;

use super::{Conn, Error, Store};

/// The Postgres channel that everything goes through.
pub(super) const CHANNEL: &str = "workshop_events";

/// The most bytes in one notification; Postgres takes less than 8,000.
pub const PAYLOAD_BYTES: usize = 7_900;

/// Sends a payload to every listener when the transaction commits, or at once outside of one.
pub async fn notify(conn: &mut Conn, payload: &str) -> Result<(), Error> {
    sqlx::query!("select pg_notify($1, $2)", CHANNEL, payload).execute(conn).await?;
    Ok(())
}

/// A connection that receives payloads.
pub struct Listener(PgListener);

/// What a listener heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A payload.
    Payload(String),
    /// The connection was lost for a while: payloads may be missing.
    Gap,
}

impl Listener {
    /// Starts to listen.
    pub async fn connect(store: &Store) -> Result<Self, Error> {
        let mut listener = PgListener::connect_with(store.pool()).await?;
        listener.listen(CHANNEL).await?;
        Ok(Self(listener))
    }

    /// The next payload; waits for it, and reconnects by itself.
    pub async fn next(&mut self) -> Result<Heard, Error> {
        match self.0.try_recv().await? {
            Some(notification) => Ok(Heard::Payload(notification.payload().to_owned())),
            None => Ok(Heard::Gap),
        }
    }
}
