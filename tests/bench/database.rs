//! The server of `TEST_DATABASE_URL`, and a fresh database for each measure.

use std::str::FromStr;
use std::time::Duration;

use anyhow::Context;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};

use super::process;

/// The server.
#[derive(Clone)]
pub struct Server {
    options: PgConnectOptions,
    postmaster: u32,
}

impl Server {
    /// The server that `make bench` started.
    pub async fn find() -> anyhow::Result<Self> {
        let url = std::env::var("TEST_DATABASE_URL").context("run `make bench`: it starts a database server")?;
        let options = PgConnectOptions::from_str(&url)?;
        let mut conn = options.connect().await?;
        let backend: i32 = sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut conn).await?;
        let postmaster = process::parent(backend.unsigned_abs()).context("the server must run on this machine")?;
        conn.close().await?;
        Ok(Self { options, postmaster })
    }

    /// Its version, and whether it waits for the disk.
    pub async fn version(&self) -> anyhow::Result<String> {
        let mut conn = self.options.connect().await?;
        let setting = |name| format!("select current_setting('{name}')");
        let version: String = sqlx::query_scalar(AssertSqlSafe(setting("server_version"))).fetch_one(&mut conn).await?;
        let fsync: String = sqlx::query_scalar(AssertSqlSafe(setting("fsync"))).fetch_one(&mut conn).await?;
        Ok(format!("{version}, fsync {fsync}"))
    }

    /// The CPU time that all its processes have used.
    pub fn cpu(&self) -> anyhow::Result<Duration> {
        process::cpu(self.postmaster)
    }

    /// A fresh, empty database.
    pub async fn create(&self, name: &str) -> anyhow::Result<Database> {
        let name = format!("bench_{name}_{}", std::process::id());
        self.execute(&format!("create database {name}")).await?;
        Ok(Database { server: self.clone(), name })
    }

    async fn execute(&self, statement: &str) -> anyhow::Result<()> {
        let mut conn = self.options.connect().await?;
        conn.execute(AssertSqlSafe(statement)).await.with_context(|| statement.to_owned())?;
        Ok(conn.close().await?)
    }
}

/// One database.
pub struct Database {
    server: Server,
    name: String,
}

impl Database {
    /// Its address.
    pub fn url(&self) -> String {
        self.server.options.clone().database(&self.name).to_url_lossy().to_string()
    }

    /// A connection that sees the service's tables.
    pub async fn connect(&self) -> anyhow::Result<PgConnection> {
        let options = self.server.options.clone().database(&self.name);
        Ok(options.options([("search_path", "workshop,public")]).connect().await?)
    }

    /// Removes it.
    pub async fn drop(self) -> anyhow::Result<()> {
        self.server.execute(&format!("drop database {} with (force)", self.name)).await
    }
}
