//! One database for each test, cloned from a migrated template.

use std::str::FromStr;

use prompt_workshop::queue;
use prompt_workshop::store::Store;
use prompt_workshop::store::embedded::{Embedded, Options, Role};
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Executor};
use tokio::sync::OnceCell;

/// The server of this test run: the one that `make test` started, or one of this process.
static SERVER: OnceCell<Server> = OnceCell::const_new();

struct Server {
    options: PgConnectOptions,
    template: String,
    _embedded: Option<Embedded>,
}

impl Server {
    async fn start() -> Self {
        let (url, embedded) = match std::env::var("TEST_DATABASE_URL") {
            Ok(url) => (SecretString::from(url), None),
            Err(_) => {
                let directory = std::env::temp_dir().join(format!("workshop-tests-{}", std::process::id()));
                let mut options = Options::new(directory, Role::Serve);
                (options.durable, options.max_connections) = (false, 300);
                let embedded =
                    Embedded::start(options).await.expect("tests need PostgreSQL's programs: run `make test`");
                (embedded.url(), Some(embedded))
            }
        };
        let options = PgConnectOptions::from_str(url.expose_secret()).unwrap();
        let template = format!("template_{}", ulid::Ulid::generate().to_string().to_lowercase());
        let mut admin = options.connect().await.unwrap();
        admin.execute(sqlx::AssertSqlSafe(format!("create database {template}"))).await.unwrap();
        admin.close().await.unwrap();
        let store = Store::new(&url_of(&options, &template), 2).unwrap();
        queue::migrate(&store).await.unwrap();
        store.migrate().await.unwrap();
        store.close().await;
        Self { options, template, _embedded: embedded }
    }
}

fn url_of(options: &PgConnectOptions, database: &str) -> SecretString {
    SecretString::from(options.clone().database(database).to_url_lossy().to_string())
}

/// A database of one test's own.
pub struct Database {
    name: String,
    url: SecretString,
}

impl Database {
    /// A fresh clone of the migrated template.
    pub async fn create() -> Self {
        let server = SERVER.get_or_init(Server::start).await;
        let name = format!("test_{}", ulid::Ulid::generate().to_string().to_lowercase());
        let mut admin = server.options.connect().await.unwrap();
        let statement = format!("create database {name} template {}", server.template);
        admin.execute(sqlx::AssertSqlSafe(statement)).await.unwrap();
        admin.close().await.unwrap();
        Self { url: url_of(&server.options, &name), name }
    }

    /// Its address.
    pub fn url(&self) -> SecretString {
        self.url.clone()
    }

    /// A connection of the test's own, that sees the service's tables.
    pub async fn connect(&self) -> PgConnection {
        let options = PgConnectOptions::from_str(self.url.expose_secret()).unwrap();
        options.options([("search_path", "workshop,public")]).connect().await.unwrap()
    }

    /// Removes it, with whoever is still connected.
    pub async fn drop(self) {
        let server = SERVER.get_or_init(Server::start).await;
        let mut admin = server.options.connect().await.unwrap();
        let statement = format!("drop database if exists {} with (force)", self.name);
        admin.execute(sqlx::AssertSqlSafe(statement)).await.unwrap();
    }
}
