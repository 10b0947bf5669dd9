//! Everything we keep: all SQL, one file per noun, and the connection to Postgres.
//!
//! Functions take a [`Conn`] and do one thing; a use case opens a [`Tx`], calls several and commits.
//! Queries are checked when they are compiled, against the migrations (`make queries` renews the data for it).

pub mod account;
pub mod activity;
pub mod answer;
pub mod archive;
pub mod arrival;
pub mod article;
pub mod auspex;
pub mod batch;
pub mod browser_session;
pub mod command_registration;
pub mod comment;
pub mod delivery;
pub mod doctor;
pub mod draft;
pub mod embedded;
pub mod event;
pub mod feed;
pub mod grant;
pub mod import;
pub mod installation;
pub mod invite;
pub mod job;
pub mod lease;
pub mod library;
pub mod merge;
pub mod message;
pub mod once;
pub mod openid;
pub mod place;
pub mod proposal;
pub mod push;
pub mod revision;
pub mod session;
pub mod settings;
pub mod suite;
pub mod team;
pub mod token;
pub mod trial;
pub mod version;

use std::str::FromStr;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, Executor};

/// A connection to the database, in or out of a transaction.
pub type Conn = sqlx::PgConnection;

/// A transaction: what is done in it is done together or, when it is dropped, not at all.
pub type Tx = sqlx::Transaction<'static, sqlx::Postgres>;

/// A pool of connections.
pub type Pool = sqlx::PgPool;

/// Why the database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database cannot be reached or is restarting: try again.
    #[error("the database cannot be reached")]
    Unavailable(#[source] sqlx::Error),
    /// Something else came in between: try again.
    #[error("something else came in between")]
    Interrupted,
    /// A value that must be unique is taken.
    #[error("{constraint} is taken")]
    Taken {
        /// The name of the constraint.
        constraint: String,
    },
    /// A stored row makes no sense to this version of the service.
    #[error("row {id} of {table} cannot be read: {reason}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The row.
        id: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Anything else: a fault of ours.
    #[error("the database refused a statement")]
    Fault(#[source] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the database could not be migrated")]
    Migration(#[from] sqlx::migrate::MigrateError),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            sqlx::Error::Database(database) => match database.code().as_deref() {
                Some("23505") => Self::Taken { constraint: database.constraint().unwrap_or("a value").to_owned() },
                // Shutting down, starting up, connection lost, too many connections, serialization, deadlock.
                Some("57P01" | "57P02" | "57P03" | "08000" | "08003" | "08006" | "53300" | "40001" | "40P01") => {
                    Self::Unavailable(error)
                }
                Some(_) | None => Self::Fault(error),
            },
            _ => Self::Fault(error),
        }
    }
}

/// Says which row could not be read, for use with `map_err`.
fn corrupt<E: std::fmt::Display>(table: &'static str, id: impl std::fmt::Display) -> impl FnOnce(E) -> Error {
    move |reason| Error::Corrupt { table, id: id.to_string(), reason: reason.to_string() }
}

/// The database: a pool of connections.
#[derive(Debug, Clone)]
pub struct Store {
    pool: sqlx::PgPool,
    options: PgConnectOptions,
}

impl Store {
    /// Prepares a pool for `url`; nothing is connected yet.
    pub fn new(url: &SecretString, max_connections: u32) -> Result<Self, Error> {
        let options = PgConnectOptions::from_str(url.expose_secret())?
            .application_name("prompt-workshop")
            .options([("search_path", "workshop,public")])
            .log_statements(tracing::log::LevelFilter::Trace)
            .log_slow_statements(tracing::log::LevelFilter::Warn, Duration::from_secs(1));
        let pool = pool_options(max_connections).connect_lazy_with(options.clone());
        Ok(Self { pool, options })
    }

    /// A pool of its own for the queue. Its commits do not wait for the disk: losing one repeats a job, which jobs mind
    /// neither in our tables (they wait) nor in their effects.
    pub fn queue_pool(&self, max_connections: u32) -> sqlx::PgPool {
        let options = self.options.clone().options([("synchronous_commit", "off")]);
        pool_options(max_connections).connect_lazy_with(options)
    }

    /// Brings our schema up to date. The queue's own schema must be there already.
    pub async fn migrate(&self) -> Result<(), Error> {
        self.conn().await?.execute("create schema if not exists workshop").await?;
        sqlx::migrate!().run(&self.pool).await?;
        Ok(())
    }

    /// A connection outside any transaction.
    pub async fn conn(&self) -> Result<sqlx::pool::PoolConnection<sqlx::Postgres>, Error> {
        Ok(self.pool.acquire().await?)
    }

    /// A new transaction.
    pub async fn begin(&self) -> Result<Tx, Error> {
        Ok(self.pool.begin().await?)
    }

    /// The pool itself, for the queue's migrations and the listener.
    pub fn pool(&self) -> &sqlx::PgPool {
        &self.pool
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), Error> {
        sqlx::query_scalar!("select 1").fetch_one(&self.pool).await?;
        Ok(())
    }

    /// Closes every connection, after those in use are given back.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// How long a connection counts as alive after it was used.
const TRUSTED: Duration = Duration::from_secs(1);

fn pool_options(max_connections: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(Duration::from_secs(10))
        .idle_timeout(Duration::from_secs(120))
        // A connection that was used just now needs no question whether it still lives: that would double each read.
        .test_before_acquire(false)
        .before_acquire(|conn, about| {
            Box::pin(async move {
                match about.idle_for < TRUSTED {
                    true => Ok(true),
                    false => Ok(conn.ping().await.is_ok()),
                }
            })
        })
}

/// Makes what was done in a transaction last.
pub async fn commit(tx: Tx) -> Result<(), Error> {
    Ok(tx.commit().await?)
}
