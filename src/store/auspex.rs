//! Reading an Auspex database: an SQLite file or a Postgres server, never writing to it.
//!
//! Which columns there are is known only when it is opened, so that its queries are made at run time. They are made of
//! the names in [`crate::domain::auspex`] and nothing else.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection, Row as _};

use crate::domain::Invalid;
use crate::domain::auspex::{ARTICLE_COLUMNS, Fields, PROMPT_COLUMNS};

/// Why another database could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such file.
    #[error("there is no file {}", .0.display())]
    NoFile(PathBuf),
    /// The file is none, or the server does not let us in.
    #[error("it cannot be opened")]
    Open(#[source] sqlx::Error),
    /// It has no such table, or the table has no address of articles, or no text of prompts.
    #[error("it has no table {table} with a column {column}")]
    NoTable {
        /// The table.
        table: &'static str,
        /// The column without which nothing can be read.
        column: &'static str,
    },
    /// It was open and could not be read to the end.
    #[error("it cannot be read further")]
    Read(#[source] sqlx::Error),
}

/// Another database.
pub struct Source {
    kind: Kind,
    name: String,
}

enum Kind {
    Sqlite(sqlx::SqliteConnection),
    Postgres(sqlx::PgConnection),
}

/// A row of a table.
#[derive(Debug)]
pub struct Row {
    /// Where it stands: rows are read in this order.
    pub position: String,
    /// What it holds, or why that is no text.
    pub fields: Result<Fields, Invalid>,
}

/// A table as it is read: our names of its columns, and theirs.
#[derive(Debug, Clone)]
pub struct Table {
    name: &'static str,
    columns: Vec<(&'static str, &'static str)>,
}

impl Source {
    /// Opens a `postgres://` address, or else a file of SQLite.
    pub async fn open(source: &SecretString) -> Result<Self, Error> {
        let written = source.expose_secret();
        if !written.starts_with("postgres://") && !written.starts_with("postgresql://") {
            return Self::open_file(Path::new(written.trim_start_matches("sqlite://"))).await;
        }
        let options = PgConnectOptions::from_str(written).map_err(Error::Open)?.options([
            ("default_transaction_read_only", "on"),
            ("datestyle", "ISO"),
            ("timezone", "UTC"),
        ]);
        let database = options.get_database().unwrap_or(options.get_username()).to_owned();
        let (host, port) = (options.get_host(), options.get_port());
        let name = match options.get_socket() {
            Some(socket) => format!("postgres://{}:{port}/{database}", socket.display()),
            None => format!("postgres://{host}:{port}/{database}"),
        };
        let conn = sqlx::PgConnection::connect_with(&options).await.map_err(Error::Open)?;
        Ok(Self { kind: Kind::Postgres(conn), name })
    }

    async fn open_file(path: &Path) -> Result<Self, Error> {
        let path = path.canonicalize().ok().filter(|path| path.is_file()).ok_or(Error::NoFile(path.to_owned()))?;
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .read_only(true)
            .create_if_missing(false)
            .busy_timeout(Duration::from_secs(30))
            // A file of others may hold more than data.
            .pragma("trusted_schema", "OFF");
        let mut conn = sqlx::SqliteConnection::connect_with(&options).await.map_err(Error::Open)?;
        // SQLite looks into the file only now.
        sqlx::query("select count(*) from sqlite_master").fetch_one(&mut conn).await.map_err(Error::Open)?;
        Ok(Self { kind: Kind::Sqlite(conn), name: path.display().to_string() })
    }

    /// What it is, for people; without a password.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same whenever it is opened.
    pub fn fingerprint(&self) -> [u8; 32] {
        Sha256::digest(self.name.as_bytes()).into()
    }

    /// The table of articles.
    pub async fn articles(&mut self) -> Result<Table, Error> {
        self.table("articles", "uri", ARTICLE_COLUMNS).await
    }

    /// The table of prompts.
    pub async fn prompts(&mut self) -> Result<Table, Error> {
        self.table("auspex_prompts", "content", PROMPT_COLUMNS).await
    }

    async fn table(
        &mut self,
        name: &'static str,
        needed: &'static str,
        wanted: &[(&'static str, &'static [&'static str])],
    ) -> Result<Table, Error> {
        let found: Vec<String> = match &mut self.kind {
            Kind::Sqlite(conn) => {
                sqlx::query_scalar("select lower(name) from pragma_table_info(?)").bind(name).fetch_all(conn).await
            }
            Kind::Postgres(conn) => {
                // The one table that the name means there, also when several schemas have one.
                let columns = "select lower(attname::text) from pg_attribute
                    where attrelid = to_regclass($1) and attnum > 0 and not attisdropped";
                sqlx::query_scalar(columns).bind(name).fetch_all(conn).await
            }
        }
        .map_err(Error::Read)?;
        let found: HashSet<&str> = found.iter().map(String::as_str).collect();
        let mut columns = Vec::new();
        for (ours, theirs) in wanted {
            columns.extend(theirs.iter().find(|column| found.contains(*column)).map(|column| (*ours, *column)));
        }
        if !columns.iter().any(|(ours, _)| *ours == needed) {
            return Err(Error::NoTable { table: name, column: needed });
        }
        Ok(Table { name, columns })
    }

    /// The rows after a position, in order, at most so many.
    pub async fn rows(&mut self, table: &Table, after: Option<&str>, most: i64) -> Result<Vec<Row>, Error> {
        match &mut self.kind {
            Kind::Sqlite(conn) => {
                let list = table.list(|column| format!("cast(cast({column} as text) as blob)"));
                let select = format!("select rowid, {list} from {} where rowid > ? order by rowid limit ?", table.name);
                let after: i64 = after.and_then(|position| position.parse().ok()).unwrap_or(i64::MIN);
                let rows = sqlx::query(AssertSqlSafe(select)).bind(after).bind(most).fetch_all(conn).await;
                let read = |row: &sqlx::sqlite::SqliteRow| {
                    let position: i64 = row.try_get(0)?;
                    Ok(table.row(position.to_string(), |index| row.try_get(index)))
                };
                rows.and_then(|rows| rows.iter().map(read).collect()).map_err(Error::Read)
            }
            Kind::Postgres(conn) => {
                let key = table.key();
                let list = table.list(|column| format!("convert_to({column}::text, 'UTF8')"));
                let select = format!(
                    "select {key}::text, {list} from {} where ($1::text is null or {key} > $1) and {key} is not null
                    order by {key} limit $2",
                    table.name
                );
                let rows = sqlx::query(AssertSqlSafe(select)).bind(after).bind(most).fetch_all(conn).await;
                let read = |row: &sqlx::postgres::PgRow| {
                    let position: String = row.try_get(0)?;
                    Ok(table.row(position, |index| row.try_get(index)))
                };
                rows.and_then(|rows| rows.iter().map(read).collect()).map_err(Error::Read)
            }
        }
    }

    /// Rows that have no place in the order, and are not read.
    pub async fn unordered(&mut self, table: &Table) -> Result<i64, Error> {
        match &mut self.kind {
            Kind::Sqlite(_) => Ok(0),
            Kind::Postgres(conn) => {
                let select = format!("select count(*) from {} where {} is null", table.name, table.key());
                sqlx::query_scalar(AssertSqlSafe(select)).fetch_one(conn).await.map_err(Error::Read)
            }
        }
    }
}

impl Table {
    /// The column that rows are ordered by in Postgres: what an article or a prompt is told apart by.
    fn key(&self) -> &'static str {
        self.columns[0].1
    }

    fn list(&self, read: impl Fn(&str) -> String) -> String {
        self.columns.iter().map(|(_, column)| read(column)).collect::<Vec<_>>().join(", ")
    }

    /// A row of bytes, which begin with the second column of the answer.
    fn row(&self, position: String, get: impl Fn(usize) -> Result<Option<Vec<u8>>, sqlx::Error>) -> Row {
        let mut fields = Fields::new();
        for (index, (ours, _)) in self.columns.iter().enumerate() {
            match get(index + 1).map(|bytes| bytes.map(String::from_utf8)) {
                Ok(None) => {}
                Ok(Some(Ok(text))) => drop(fields.insert(*ours, text)),
                Ok(Some(Err(_))) => return Row { position, fields: Err(Invalid::new(ours, "is not UTF-8")) },
                Err(_) => return Row { position, fields: Err(Invalid::new(ours, "cannot be read")) },
            }
        }
        Row { position, fields: Ok(fields) }
    }
}
