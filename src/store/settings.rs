//! The settings of `[database]`; every one is explained in `config/default.toml`.

use secrecy::SecretString;
use serde::Deserialize;

/// `[database]`: which Postgres keeps everything.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The server; empty for one of our own under the data directory.
    pub url: SecretString,
    /// Connections for requests; the queue has its own beside them.
    pub max_connections: u32,
}
