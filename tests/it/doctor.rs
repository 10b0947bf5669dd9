//! The doctor: what is well, what is not, and what to do about it.

use std::time::Duration;

use serde_json::Value;

use crate::support::desk::{Desk, Options, Via, slack_settings, until};
use crate::support::model_server::{Fault, ModelServer};
use crate::support::program::{Program, text};
use crate::support::slack::{BOT_TOKEN, Slack};

/// What the doctor finds: the exit code, and each finding's state, words and fix by what was looked at.
async fn examine(program: &Program) -> (i32, Vec<Value>) {
    let output = program.run(&["doctor", "--json"], "").await;
    let found: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    (output.status.code().unwrap(), found["findings"].as_array().unwrap().clone())
}

#[track_caller]
fn finding<'a>(findings: &'a [Value], check: &str, state: &str) -> &'a Value {
    let found = findings.iter().find(|finding| finding["check"] == check);
    let found = found.unwrap_or_else(|| panic!("nothing of {check}: {findings:#?}"));
    assert_eq!(found["state"], state, "{found}");
    assert_eq!(state == "ok", found["fix"] == "", "{found}");
    found
}

/// The program beside a service that asks a model server.
async fn beside(desk: &Desk) -> Program {
    Program::beside(desk.database.clone()).set("LLM__BASE_URL", desk.model().url()).set("LLM__MODEL", "test-model")
}

#[tokio::test]
async fn a_healthy_service_gets_a_clean_bill() {
    let desk = Desk::with_model().await;
    until("the workers say that they live", Duration::from_secs(20), || async {
        desk.workshop().has_workers().await.unwrap()
    })
    .await;
    let slack = Slack::start().await;
    let mut program = beside(&desk).await;
    for (name, value) in slack_settings(&slack, Via::Socket) {
        program = program.set(name, value);
    }
    let (code, findings) = examine(&program).await;
    assert_eq!(code, 0, "{findings:#?}");
    for check in ["settings", "database", "clock", "migrations", "queue", "given up", "workers", "model", "slack"] {
        finding(&findings, check, "ok");
    }
    assert!(findings.iter().any(|finding| finding["check"] == "disk"));
    let said = text(&program.run(&["doctor"], "").await.stdout);
    assert!(said.contains("✓ database: Postgres ") && said.contains("✓ workers: at work"), "{said}");
    program.close().await;
    desk.close().await;
}

#[tokio::test]
async fn without_a_database_the_rest_is_looked_at() {
    let model = ModelServer::start().await;
    let program = Program::new().await;
    let down = "postgres://doctor:hush-hush@127.0.0.1:1/none";
    let program = program.set("DATABASE__URL", down).set("LLM__BASE_URL", model.url()).set("LLM__MODEL", "test-model");
    let (code, findings) = examine(&program).await;
    assert_eq!(code, 1);
    let database = finding(&findings, "database", "problem");
    assert!(database["what"].as_str().unwrap().contains("refused"), "{database}");
    finding(&findings, "model", "ok");
    let output = program.run(&["doctor"], "").await;
    let said = text(&output.stdout) + text(&output.stderr).as_str();
    assert!(said.contains("✗ database: ") && said.contains("\n    See that Postgres runs there"), "{said}");
    assert!(!said.contains("hush-hush"), "{said}");
    program.close().await;
}

#[tokio::test]
async fn it_changes_nothing_and_starts_no_database() {
    // Of a database that was never migrated.
    let folder = crate::support::program::Folder::new();
    let program = Program::alone(&folder.0);
    let (code, findings) = examine(&program).await;
    assert_eq!(code, 1);
    let database = finding(&findings, "database", "problem");
    assert!(database["what"].as_str().unwrap().contains("does not run"), "{database}");
    finding(&findings, "model", "warning");
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 0);
}

#[tokio::test]
async fn what_is_wrong_comes_with_what_to_do() {
    let desk =
        Desk::with(Options { model: Some(ModelServer::start().await), no_workers: true, ..Options::default() }).await;
    let mut conn = desk.database.connect().await;
    for statement in [
        "insert into apalis.jobs (id, job_type, job, status, attempts, done_at, last_result)
            values ('dead', 'talk', '{}', 'Killed', 1, now(), '{\"Err\": \"refused\"}')",
        "insert into apalis.jobs (id, job_type, job, run_at) values ('old', 'talk', '{}', now() - interval '11 minutes')",
        "delete from apalis.workers",
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time) values (9999, '', true, '', 0)",
    ] {
        sqlx::query(statement).execute(&mut conn).await.unwrap();
    }
    let slack = Slack::start().await;
    slack.revoke(BOT_TOKEN);
    let mut program = beside(&desk).await.set("HTTP__PUBLIC_URL", "http://localhost:8484");
    for (name, value) in slack_settings(&slack, Via::Http) {
        program = program.set(name, value);
    }
    desk.model().fault(Fault::Status { code: 401, retry_after: None, body: "{}" });
    let (code, findings) = examine(&program).await;
    assert_eq!(code, 1);
    finding(&findings, "database", "ok");
    assert!(finding(&findings, "migrations", "problem")["what"].as_str().unwrap().contains("9999 are unknown"));
    assert!(finding(&findings, "given up", "warning")["what"].as_str().unwrap().contains("talk 1 (refused)"));
    assert!(finding(&findings, "queue", "problem")["what"].as_str().unwrap().contains("1 jobs wait (talk 1)"));
    assert!(finding(&findings, "workers", "problem")["fix"].as_str().unwrap().contains("workshop serve"));
    finding(&findings, "model", "problem");
    assert!(finding(&findings, "slack", "problem")["fix"].as_str().unwrap().contains("Set slack.bot_token"));
    finding(&findings, "public address", "problem");
    assert!(!format!("{findings:?}").contains(BOT_TOKEN));
    program.close().await;
    desk.close().await;
}

#[tokio::test]
async fn a_setting_that_is_wrong_is_named() {
    let program = Program::new().await.set("HTTP__LISTEN", "nowhere");
    let (code, findings) = examine(&program).await;
    assert_eq!((code, findings.len()), (1, 1));
    assert!(finding(&findings, "settings", "problem")["what"].as_str().unwrap().contains("http.listen"));
    program.close().await;
}
