//! A PostgreSQL server of our own, for who has none: a child of this process, with its data under the data directory.
//!
//! The programs are those of the installed PostgreSQL. One process at a time owns the server. A command that finds it
//! running uses it; a service never relies on another process' server, and waits until it can have its own.
//! `directory` holds `data` (the cluster), `password`, `run` (the socket), `log`, and two locks.

mod account;
mod binaries;
mod cluster;
mod lock;
mod process;

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;
use std::{fmt, io};

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::time::{Instant, sleep, timeout};

use cluster::{Cluster, Postmaster};
use lock::Lock;
use process::Server;

/// The database and the account inside the server.
const DATABASE: &str = "workshop";
const USER: &str = "workshop";

/// What the queue's tables need; Debian ships them apart from the server.
const EXTENSIONS: [&str; 2] = ["hstore", "pgcrypto"];

const CONNECT_PATIENCE: Duration = Duration::from_secs(10);

/// Who wants the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A service: one per directory, always with a server of its own.
    Serve,
    /// A short-lived command: uses a running server, else starts one for as long as it runs.
    Command,
}

/// Where the server is and how it is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Holds everything of the server; made when missing.
    pub directory: PathBuf,
    /// Who wants it.
    pub role: Role,
    /// Whether a commit survives a power cut. Only tests may do without.
    pub durable: bool,
    /// How many connections the server allows.
    pub max_connections: u32,
    /// PostgreSQL's own cache, in its notation.
    pub shared_buffers: String,
    /// The folder of the programs `postgres` and `initdb`; `None` searches the usual places.
    pub binaries: Option<PathBuf>,
    /// How long to wait for another process that has the server.
    pub patience: Duration,
}

impl Options {
    /// The usual options for a directory and role.
    pub fn new(directory: impl Into<PathBuf>, role: Role) -> Self {
        Self {
            directory: directory.into(),
            role,
            durable: true,
            max_connections: 100,
            shared_buffers: "128MB".to_owned(),
            binaries: None,
            patience: Duration::from_secs(30),
        }
    }
}

/// The server in use: our own child, or one adopted from another process.
///
/// Dropping it stops a server of our own; [`Embedded::stop`] does so with more patience.
#[derive(Debug)]
pub struct Embedded {
    url: SecretString,
    // In this order: the server ends before the locks are released.
    server: Option<Server>,
    _locks: Vec<Lock>,
}

impl Embedded {
    /// Starts the server, or adopts the one that runs; the database exists when this returns.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let directory = cluster::make_directory(&options.directory)?;
        let mut locks = Vec::new();
        if options.role == Role::Serve {
            let taken = Lock::take(&lock::serving(&directory))?;
            locks.push(taken.map_err(|pid| Error::AlreadyServing { directory: directory.clone(), pid: number(pid) })?);
        }
        let owning = match own_or_adopt(&directory, &options).await? {
            Place::Owner(lock) => lock,
            Place::Guest(url) => return Ok(Self { url, server: None, _locks: locks }),
        };
        process::end_orphan(&directory).await?;
        let (cluster, owning) = {
            let (directory, options) = (directory.clone(), options.clone());
            // The lock goes along: should the caller lose interest, the work goes on to its end, still locked.
            let work = move || Cluster::prepare(&directory, &options).map(|cluster| (cluster, owning));
            tokio::task::spawn_blocking(work).await.map_err(|_| Error::Interrupted)??
        };
        locks.push(owning);
        let url_of = |database| cluster::url(&cluster.sockets, &cluster.password, database);
        let (url, maintenance) = (url_of(DATABASE), url_of("postgres"));
        let server = Server::start(&directory, cluster, &options).await?;
        let embedded = Self { url, server: Some(server), _locks: locks };
        open_database(&maintenance).await?;
        Ok(embedded)
    }

    /// The URL of the database of a server that runs in a directory; nothing is started or made.
    pub fn running(directory: &Path) -> Result<Option<SecretString>, Error> {
        let Ok(directory) = std::fs::canonicalize(directory) else { return Ok(None) };
        let found = Postmaster::read(&directory).filter(|found| found.ready && found.is_alive(&directory));
        let Some(running) = found else { return Ok(None) };
        let password = cluster::read_password(&directory)?;
        Ok(Some(cluster::url(&running.sockets, &password, DATABASE)))
    }

    /// The URL of the database, password included.
    pub fn url(&self) -> SecretString {
        self.url.clone()
    }

    /// Whether the server belongs to another process, and ends with that one.
    pub fn adopted(&self) -> bool {
        self.server.is_none()
    }

    /// Stops a server of our own and waits for it; an adopted one is left alone.
    pub async fn stop(mut self) {
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
    }
}

enum Place {
    Owner(Lock),
    Guest(SecretString),
}

/// Becomes the owner of the server, or, for a command, the guest of the owner.
async fn own_or_adopt(directory: &Path, options: &Options) -> Result<Place, Error> {
    let deadline = Instant::now() + options.patience;
    let mut told = false;
    loop {
        let holder = match Lock::take(&lock::owning(directory))? {
            Ok(lock) => return Ok(Place::Owner(lock)),
            Err(holder) => number(holder),
        };
        match options.role {
            Role::Command => {
                if let Some(url) = adopt(directory).await? {
                    return Ok(Place::Guest(url));
                }
            }
            Role::Serve if !told => {
                told = true;
                tracing::info!("Waiting for process {holder}, a command that runs the database, to end");
            }
            Role::Serve => {}
        }
        if Instant::now() > deadline {
            return Err(Error::Busy { directory: directory.to_owned(), pid: holder });
        }
        sleep(Duration::from_millis(20)).await;
    }
}

/// The URL of the running server, if it answers.
async fn adopt(directory: &Path) -> Result<Option<SecretString>, Error> {
    let Some(running) = Postmaster::read(directory).filter(|found| found.ready && found.is_alive(directory)) else {
        return Ok(None);
    };
    let password = cluster::read_password(directory)?;
    match open_database(&cluster::url(&running.sockets, &password, "postgres")).await {
        Ok(()) => Ok(Some(cluster::url(&running.sockets, &password, DATABASE))),
        Err(Error::Database(error)) => {
            tracing::debug!(%error, "The running database server does not answer");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Makes our database if it is missing, and sees that the server has the extensions.
async fn open_database(maintenance: &SecretString) -> Result<(), Error> {
    let options = PgConnectOptions::from_str(maintenance.expose_secret())?;
    let connecting = timeout(CONNECT_PATIENCE, options.connect());
    let mut connection = connecting.await.map_err(|_| sqlx::Error::PoolTimedOut)??;
    let outcome = complete_server(&mut connection).await;
    connection.close().await?;
    outcome
}

async fn complete_server(connection: &mut PgConnection) -> Result<(), Error> {
    // Not checked at build time: this is another database than the one whose tables the checks know.
    let (exists, available): (bool, Vec<String>) = sqlx::query_as(
        "select exists (select from pg_database where datname = $1),
                array(select name::text from pg_available_extensions where name = any ($2))",
    )
    .bind(DATABASE)
    .bind(EXTENSIONS.as_slice())
    .fetch_one(&mut *connection)
    .await?;
    let missing: Vec<&str> = EXTENSIONS.into_iter().filter(|name| !available.iter().any(|have| have == name)).collect();
    if !missing.is_empty() {
        return Err(Error::MissingExtensions { names: missing.join(" and ") });
    }
    if exists {
        return Ok(());
    }
    match sqlx::query("create database workshop").execute(connection).await {
        Err(sqlx::Error::Database(error)) if matches!(error.code().as_deref(), Some("42P04" | "23505")) => Ok(()),
        outcome => Ok(outcome.map(|_| ())?),
    }
}

fn number(holder: lock::Holder) -> String {
    holder.map_or_else(|| "of unknown number".to_owned(), |pid| pid.to_string())
}

/// Why there is no server. Every sentence says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No PostgreSQL anywhere.
    #[error(
        "PostgreSQL is not installed. On Debian or Ubuntu: apt install postgresql postgresql-contrib; on other systems, \
         its server and contrib packages. Or set database.url to a server that runs elsewhere."
    )]
    NotInstalled,
    /// No PostgreSQL where the operator said.
    #[error(
        "There are no PostgreSQL programs (postgres, initdb) in {}. Correct the setting or remove it; the Debian package \
         is postgresql, with postgresql-contrib.", .folder.display()
    )]
    NotThere {
        /// The folder from the settings.
        folder: PathBuf,
    },
    /// Only too old ones.
    #[error("The installed PostgreSQL is {}; {oldest} or newer is needed.", Listed(.found))]
    TooOld {
        /// The versions found.
        found: Vec<u32>,
        /// The oldest that would do.
        oldest: u32,
    },
    /// The cluster needs another version.
    #[error(
        "The database was made by PostgreSQL {made_by}, and only {} is installed. Install version {made_by} beside it \
         (Debian: postgresql-{made_by}), or move the data with pg_upgrade.", Listed(.found)
    )]
    WrongVersion {
        /// The version that made the cluster.
        made_by: u32,
        /// The versions found.
        found: Vec<u32>,
    },
    /// The server came without its contrib modules.
    #[error(
        "PostgreSQL lacks the extensions {names}. On Debian or Ubuntu: apt install postgresql-contrib; on other systems, \
         its contrib package."
    )]
    MissingExtensions {
        /// What is missing.
        names: String,
    },
    /// No account to run it as.
    #[error(
        "User number {uid} has no name on this system (or, as root, there is neither `postgres` nor `nobody`), and \
         PostgreSQL cannot run without one. Add the user, or set database.url to a server that runs elsewhere."
    )]
    NoAccount {
        /// The user's number.
        uid: u32,
    },
    /// The cluster belongs to somebody else.
    #[error(
        "{} belongs to user number {owner}, and this is user {me}. Run as that user or as root, or set data_dir to a \
         directory of your own.", .path.display()
    )]
    Foreign {
        /// The cluster.
        path: PathBuf,
        /// Its owner.
        owner: u32,
        /// The user of this process.
        me: u32,
    },
    /// The account cannot get at something.
    #[error(
        "PostgreSQL does not run as root, and the account it runs as instead, {account}, cannot reach {}. Set data_dir \
         to a place that other accounts can reach, such as below /var/lib, or do not run as root.", .path.display()
    )]
    Unreachable {
        /// The account.
        account: String,
        /// What it cannot reach.
        path: PathBuf,
    },
    /// The folder for the socket is not safe to use.
    #[error("{} exists already, but it is not a private directory of {account}. Remove it.", .path.display())]
    NotPrivate {
        /// The folder.
        path: PathBuf,
        /// Who should own it.
        account: String,
    },
    /// Another service has the directory.
    #[error(
        "The database in {} is served already, by process {pid}. Stop that one first, or give this one a data_dir of its \
         own; for several services on one database, set database.url.", .directory.display()
    )]
    AlreadyServing {
        /// The directory.
        directory: PathBuf,
        /// Who holds it.
        pid: String,
    },
    /// Another process has the server, and does not end.
    #[error(
        "The database in {} is in use by process {pid}, which has not ended in time. Wait for it or stop it, then start \
         again.", .directory.display()
    )]
    Busy {
        /// The directory.
        directory: PathBuf,
        /// Who holds it.
        pid: String,
    },
    /// Making the cluster failed.
    #[error("PostgreSQL could not make its data directory:\n{said}")]
    Initialise {
        /// The last lines it wrote.
        said: String,
    },
    /// The server did not start.
    #[error("PostgreSQL did not start. The last lines of {}:\n{said}", .log.display())]
    Start {
        /// The last lines it wrote.
        said: String,
        /// Where the rest is.
        log: PathBuf,
    },
    /// The work was given up because the process ends.
    #[error("The start of PostgreSQL was interrupted.")]
    Interrupted,
    /// The system refused something.
    #[error("Cannot {action} {}: {source}", .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The server runs, but does not do what is asked.
    #[error("The database server of our own does not answer: {0}")]
    Database(#[from] sqlx::Error),
}

impl Error {
    fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), source }
    }
}

struct Listed<'a>(&'a [u32]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String> = self.0.iter().map(u32::to_string).collect();
        f.write_str(&numbers.join(", "))
    }
}
