//! The doctor: looks whether everything works that the service needs, and says what to do where it does not.
//!
//! It only looks. What is not of the database or the model is looked at where it is known: the chat platforms in `chat/`,
//! the machine and the settings in `app/`.

use std::time::Duration;

use serde::Serialize;

use super::Workshop;
use crate::choice;
use crate::llm::engine::Engine;
use crate::llm::{self, Message, Request, Role, Sink};
use crate::store;
use crate::store::Conn;
use crate::store::doctor::{Server, Waiting};

choice! {
    /// How something is.
    pub enum State {
        /// As it should be.
        Ok = "ok",
        /// It works, but somebody should look after it.
        Warning = "warning",
        /// It does not work.
        Problem = "problem",
    }
}

/// What the doctor found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: &'static str,
    /// How it is.
    pub state: State,
    /// What was seen.
    pub what: String,
    /// What to do; empty when nothing is to be done.
    pub fix: String,
}

impl Finding {
    /// Something that is as it should be.
    pub fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self { check, state: State::Ok, what: what.into(), fix: String::new() }
    }

    /// Something that somebody should look after.
    pub fn warning(check: &'static str, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { check, state: State::Warning, what: what.into(), fix: fix.into() }
    }

    /// Something that does not work.
    pub fn problem(check: &'static str, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { check, state: State::Problem, what: what.into(), fix: fix.into() }
    }
}

/// How long the database and the model may take to answer.
const DATABASE_PATIENCE: Duration = Duration::from_secs(5);
const MODEL_PATIENCE: Duration = Duration::from_secs(15);

/// The oldest Postgres that does.
const OLDEST_POSTGRES: i32 = 14;

/// Seconds that a job waits until that is worth a warning, and until it is a problem.
const SLOW: f64 = 60.0;
const STUCK: f64 = 600.0;

/// Seconds that the clocks may be apart.
const APART: f64 = 5.0;

impl Workshop {
    /// Looks at the database, its tables, the queue and the clock; with no database there is no more to see.
    pub async fn examine_database(&self) -> Vec<Finding> {
        let fix = "See that Postgres runs there and that database.url (WORKSHOP_DATABASE__URL) names it, with user and \
                   password.";
        let mut conn = match tokio::time::timeout(DATABASE_PATIENCE, store::doctor::connect(&self.store)).await {
            Ok(Ok(conn)) => conn,
            Ok(Err(error)) => return vec![Finding::problem("database", format!("refuses us: {}", cause(&error)), fix)],
            Err(_) => return vec![Finding::problem("database", "does not answer within 5 seconds", fix)],
        };
        let mut findings = Vec::new();
        match self.examine_tables(&mut conn, &mut findings).await {
            Ok(()) => {}
            Err(error) => findings.push(Finding::problem(
                "database",
                format!("did not answer everything: {}", cause(&error)),
                "Look into the log of Postgres, and run `workshop doctor` again.",
            )),
        }
        findings
    }

    async fn examine_tables(&self, conn: &mut Conn, findings: &mut Vec<Finding>) -> Result<(), store::Error> {
        let ours = self.now();
        let server = store::doctor::server(conn).await?;
        findings.push(database(&server));
        findings.push(clock((server.now - ours).as_seconds_f64()));
        let schema = store::doctor::schema(conn).await?;
        let (finding, is_usable) = migrations(&schema);
        findings.push(finding);
        if !is_usable {
            return Ok(());
        }
        findings.push(queue(&store::doctor::waiting(conn).await?));
        let killed = store::doctor::killed(conn).await?;
        findings.push(match killed.as_slice() {
            [] => Finding::ok("given up", "no job was given up within a day"),
            killed => Finding::warning(
                "given up",
                format!("jobs that were given up within a day: {}", killed.join(", ")),
                "Look for \"job\" in the service's log: each says there why. People were told what concerns them.",
            ),
        });
        findings.push(match store::job::worker_is_alive(conn, 30.0).await? {
            true => Finding::ok("workers", "at work"),
            false => Finding::problem(
                "workers",
                "none was seen within 30 seconds: nothing is answered",
                "Start the service: `workshop serve`, with the role worker where roles are named.",
            ),
        });
        Ok(())
    }

    /// Looks whether a model answers.
    pub async fn examine_model(&self) -> Finding {
        let Engine::Remote(remote) = self.models.engine() else {
            return match self.models.local_file() {
                Some(_) => Finding::ok("model", "the local model's file is here"),
                None => Finding::warning(
                    "model",
                    "there is none: drafts come from templates, answers are quoted sentences",
                    "Name a server by llm.base_url or llm.api_key, or fetch the local model: `workshop setup`.",
                ),
            };
        };
        let request = Request {
            model: None,
            system: "Answer with one word.".to_owned(),
            messages: vec![Message { role: Role::User, content: "Say ok.".to_owned() }],
            max_tokens: 64,
            temperature: 0.0,
        };
        let (place, name) = (remote.place(), remote.model());
        match tokio::time::timeout(MODEL_PATIENCE, remote.stream(&request, &Sink::nowhere())).await {
            Ok(Ok(_)) => Finding::ok("model", format!("{name} at {place} answers")),
            Ok(Err(error)) => unanswered(&format!("{name} at {place}: {error}"), &error),
            Err(_) => Finding::problem(
                "model",
                format!("{name} at {place} does not answer within {} seconds", MODEL_PATIENCE.as_secs()),
                "See that the server runs and is not overloaded, and that llm.base_url names it.",
            ),
        }
    }
}

/// What is the matter with a model that does not answer.
fn unanswered(what: &str, error: &llm::Error) -> Finding {
    match error {
        llm::Error::RateLimited { .. } => {
            Finding::warning("model", what, "Wait, or raise the limits of your account with the provider.")
        }
        llm::Error::Cut => Finding::warning("model", what, "See the server's log; llm.max_tokens may be too small."),
        llm::Error::Unavailable(_) | llm::Error::Timeout(_) => {
            Finding::problem("model", what, "See that the server runs, and that llm.base_url names it.")
        }
        llm::Error::Refused(_) => Finding::problem(
            "model",
            what,
            "Correct llm.api_key, llm.model or llm.provider; the server says why above.",
        ),
        llm::Error::Local(_) => Finding::problem("model", what, "Fetch the file again: `workshop setup`."),
    }
}

fn database(server: &Server) -> Finding {
    let Server { number, version, missing, .. } = server;
    if number / 10_000 < OLDEST_POSTGRES {
        let fix =
            format!("Move it to Postgres {OLDEST_POSTGRES} or newer (pg_upgrade), or name another by database.url.");
        return Finding::problem("database", format!("Postgres {version} is too old"), fix);
    }
    if !missing.is_empty() {
        let (names, fix) =
            (missing.join(" and "), "Install its contrib package; on Debian: apt install postgresql-contrib.");
        return Finding::problem("database", format!("Postgres {version} lacks the extensions {names}"), fix);
    }
    Finding::ok("database", format!("Postgres {version} answers"))
}

fn clock(apart: f64) -> Finding {
    match apart.abs() > APART {
        true => Finding::warning(
            "clock",
            format!("this machine and the database are {:.0} seconds apart", apart.abs()),
            "Set both by a time server; on Debian: timedatectl set-ntp true.",
        ),
        false => Finding::ok("clock", "agrees with the database's"),
    }
}

/// Whether the tables are those of this version, and whether there are any.
fn migrations(schema: &store::doctor::Schema) -> (Finding, bool) {
    let listed = |numbers: &[i64]| numbers.iter().map(|n| format!("{n:04}")).collect::<Vec<_>>().join(", ");
    let store::doctor::Schema { missing, unknown, broken, applied } = schema;
    let (what, fix) = if !broken.is_empty() {
        let fix = "The tables were made by another build. Run the version that made them, or restore a backup.";
        (format!("{} differ or were left half done", listed(broken)), fix)
    } else if !unknown.is_empty() {
        let fix = "A newer version has used this database. Run that version or a newer one.";
        (format!("{} are unknown to this version", listed(unknown)), fix)
    } else if !missing.is_empty() {
        let fix = "Run `workshop migrate`; `workshop serve` does it as well.";
        (format!("{} are not applied", listed(missing)), fix)
    } else {
        return (Finding::ok("migrations", format!("all {applied} are applied")), true);
    };
    (Finding::problem("migrations", what, fix), *applied > 0 && missing.is_empty())
}

fn queue(waiting: &[Waiting]) -> Finding {
    let all: i64 = waiting.iter().map(|queue| queue.jobs).sum();
    let oldest = waiting.iter().map(|queue| queue.oldest_seconds).fold(0.0, f64::max);
    let each: Vec<String> = waiting.iter().map(|queue| format!("{} {}", queue.queue, queue.jobs)).collect();
    let what = match all {
        0 => return Finding::ok("queue", "no job waits"),
        all => format!("{all} jobs wait ({}), the oldest for {oldest:.0} seconds", each.join(", ")),
    };
    let fix = "See below whether workers are at work. If they are, raise queue.concurrency or start another copy of \
               `workshop serve` on this database.";
    match oldest {
        stuck if stuck > STUCK => Finding::problem("queue", what, fix),
        slow if slow > SLOW => Finding::warning("queue", what, fix),
        _ => Finding::ok("queue", what),
    }
}

/// The innermost reason for an error, which says most. Postgres does not repeat passwords in it.
fn cause(error: &store::Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    crate::domain::text::excerpt(&inner.to_string(), 200)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::doctor::Schema;

    fn waiting(oldest_seconds: f64) -> Vec<Waiting> {
        vec![Waiting { queue: "talk".to_owned(), jobs: 3, oldest_seconds }]
    }

    #[test]
    fn what_is_not_well_comes_with_a_fix() {
        let server = |number, missing: &[&str]| Server {
            number,
            version: "13.4".to_owned(),
            now: chrono::Utc::now(),
            missing: missing.iter().map(|name| (*name).to_owned()).collect(),
        };
        let schema = |missing: &[i64], unknown: &[i64], broken: &[i64]| Schema {
            missing: missing.to_vec(),
            unknown: unknown.to_vec(),
            broken: broken.to_vec(),
            applied: 3,
        };
        let ill = [
            database(&server(130_004, &[])),
            database(&server(150_000, &["hstore"])),
            clock(-9.0),
            migrations(&schema(&[16], &[], &[])).0,
            migrations(&schema(&[], &[99], &[])).0,
            migrations(&schema(&[], &[], &[2])).0,
            queue(&waiting(61.0)),
            queue(&waiting(601.0)),
        ];
        for finding in ill {
            assert!(finding.state != State::Ok && finding.fix.len() > 20, "{finding:?}");
        }
        let well = [
            database(&server(140_000, &[])),
            clock(4.9),
            migrations(&schema(&[], &[], &[])).0,
            queue(&waiting(59.0)),
            queue(&[]),
        ];
        for finding in well {
            assert!(finding.state == State::Ok && finding.fix.is_empty(), "{finding:?}");
        }
    }

    #[test]
    fn waiting_jobs_are_a_warning_after_a_minute_and_a_problem_after_ten() {
        assert_eq!(queue(&waiting(61.0)).state, State::Warning);
        assert_eq!(queue(&waiting(601.0)).state, State::Problem);
    }
}
