//! The queue, with real workers in this process: every known way in which a job could be lost, repeated or get stuck.
//!
//! What takes processes of its own, because they are killed, is in `service.rs`.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use prompt_workshop::jobs::schedule;
use prompt_workshop::workshop::upkeep::TidyQueue;
use serde_json::{Value, json};
use sqlx::PgConnection;

use crate::support::database::Database;
use crate::support::desk::{Desk, Options, Person, TestClock, until};
use crate::support::model_server::{Fault, ModelServer};

const QUESTION: &str = "How did war-risk premiums move?";
const SOON: Duration = Duration::from_secs(20);

/// A job as the queue's table has it.
#[derive(Debug, sqlx::FromRow)]
struct Row {
    status: String,
    attempts: i32,
    run_at: DateTime<Utc>,
    done_at: Option<DateTime<Utc>>,
}

async fn insert_job(conn: &mut PgConnection, id: &str, queue: &str, payload: &[u8]) {
    sqlx::query("insert into apalis.jobs (id, job_type, job, max_attempts) values ($1, $2, $3, 10)")
        .bind(id)
        .bind(queue)
        .bind(payload)
        .execute(conn)
        .await
        .unwrap();
}

/// Inserts a job that a worker holds, as the queue leaves it.
async fn held_job(conn: &mut PgConnection, attempts: i32) -> String {
    let id = ulid::Ulid::generate().to_string();
    insert_job(conn, &id, "trials", br#"{"kind":"run_trial","data":{}}"#).await;
    let held = "update apalis.jobs set status = 'Queued', attempts = $2, lock_at = now() where id = $1";
    sqlx::query(held).bind(&id).bind(attempts).execute(conn).await.unwrap();
    id
}

async fn job(conn: &mut PgConnection, id: &str) -> Row {
    let select = "select status, attempts, run_at, done_at from apalis.jobs where id = $1";
    sqlx::query_as(select).bind(id).fetch_one(conn).await.unwrap()
}

/// The worker's statement that notes how a job ended.
async fn note_result(conn: &mut PgConnection, id: &str, status: &str, attempts: i32, result: Value) {
    let ack = "update apalis.jobs set status = $2, attempts = $3, last_result = $4, done_at = now() where id = $1";
    sqlx::query(ack).bind(id).bind(status).bind(attempts).bind(result).execute(conn).await.unwrap();
}

/// The statement by which a living worker takes jobs from a dead one.
async fn rescue(conn: &mut PgConnection, id: &str) {
    let rescue = "update apalis.jobs set status = 'Pending', done_at = null, lock_by = null, lock_at = null, \
                  attempts = attempts + 1 where id = $1";
    sqlx::query(rescue).bind(id).execute(conn).await.unwrap();
}

async fn count(database: &Database, select: &'static str) -> i64 {
    let mut conn = database.connect().await;
    sqlx::query_scalar(select).fetch_one(&mut conn).await.unwrap()
}

/// No worker has died and been started again: the last part of a worker's name counts its starts.
async fn assert_no_worker_died(database: &Database) {
    let restarted = "select count(*) from apalis.workers where id not like '%-0'";
    assert_eq!(count(database, restarted).await, 0, "a worker died");
}

fn settings(settings: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

async fn desk_with(settings_of: &[(&'static str, &str)]) -> Desk {
    let model = Some(ModelServer::start().await);
    Desk::with(Options { settings: settings(settings_of), model, ..Options::default() }).await
}

async fn statuses(person: &Person, draft: i64) -> Vec<String> {
    let list = person.get(&format!("/prompts/workshop/drafts/{draft}/tests?limit=100")).await.expect(200);
    let tests = list["test_results"].as_array().unwrap();
    tests.iter().map(|test| test["status"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_killed_job_stays_killed() {
    let database = Database::create().await;
    let mut conn = database.connect().await;
    let id = held_job(&mut conn, 1).await;
    note_result(&mut conn, &id, "Killed", 1, json!({ "Err": "refused" })).await;
    note_result(&mut conn, &id, "Done", 1, json!({ "Ok": null })).await;
    rescue(&mut conn, &id).await;
    let killed = job(&mut conn, &id).await;
    assert_eq!((killed.status.as_str(), killed.attempts), ("Killed", 1));
    database.drop().await;
}

#[tokio::test]
async fn a_job_that_is_noted_as_ended_but_running_has_failed() {
    let database = Database::create().await;
    let mut conn = database.connect().await;
    for status in ["Running", "Queued"] {
        let id = held_job(&mut conn, 0).await;
        note_result(&mut conn, &id, status, 1, json!({ "Err": "panic" })).await;
        assert_eq!(job(&mut conn, &id).await.status, "Failed", "{status}");
    }
    database.drop().await;
}

#[tokio::test]
async fn a_job_is_rescued_as_often_as_it_may_start_and_no_more() {
    let database = Database::create().await;
    let mut conn = database.connect().await;
    let id = held_job(&mut conn, 8).await;
    rescue(&mut conn, &id).await;
    let rescued = job(&mut conn, &id).await;
    assert_eq!((rescued.status.as_str(), rescued.attempts, rescued.done_at), ("Pending", 9, None));

    sqlx::query("update apalis.jobs set status = 'Queued' where id = $1").bind(&id).execute(&mut conn).await.unwrap();
    rescue(&mut conn, &id).await;
    let given_up = job(&mut conn, &id).await;
    assert_eq!(given_up.status, "Killed");
    assert!(given_up.done_at.is_some(), "it can be removed some day");
    database.drop().await;
}

#[tokio::test]
async fn a_failed_job_waits_before_it_is_tried_again() {
    let database = Database::create().await;
    let mut conn = database.connect().await;
    // The wait that the handler asked for, else one that doubles, up to a minute.
    let cases = [
        (1, json!({ "Err": "retry_after_ms=30000" }), 29.0..=30.5),
        (1, json!({ "Err": "retry_after_ms=1" }), -1.0..=0.5),
        (1, json!({ "Err": "anything else" }), 0.5..=2.0),
        (3, json!({ "Err": "anything else" }), 3.5..=8.0),
        (9, Value::Null, 29.0..=60.0),
    ];
    for (attempts, result, expected) in cases {
        let id = held_job(&mut conn, attempts - 1).await;
        note_result(&mut conn, &id, "Failed", attempts, result.clone()).await;
        let failed = job(&mut conn, &id).await;
        let now: DateTime<Utc> = sqlx::query_scalar("select now()").fetch_one(&mut conn).await.unwrap();
        let wait = (failed.run_at - now).as_seconds_f64();
        assert!(failed.status == "Failed" && expected.contains(&wait), "attempt {attempts}, {result}: {wait} s");
    }
    database.drop().await;
}

#[tokio::test]
async fn a_poisonous_job_harms_only_itself() {
    let desk = desk_with(&[]).await;
    let mut conn = desk.database.connect().await;
    let payloads: [&[u8]; 7] = [
        b"\xff\x00 no JSON",
        b"",
        b"[1, 2]",
        br#"{"kind":"run_trial"}"#,
        br#"{"kind":"of another time","data":{}}"#,
        br#"{"kind":"run_trial","data":{"trial":"no id"}}"#,
        br#"{"kind":"run_trial","data":{"trial":"01890a5d-ac96-774b-bcce-b302099a8057"}}"#,
    ];
    let alice = desk.person("alice").await;
    let draft = alice.draft().await;
    let begun = Instant::now();
    for queue in ["trials", "talk", "upkeep"] {
        for payload in payloads {
            insert_job(&mut conn, &ulid::Ulid::generate().to_string(), queue, payload).await;
        }
    }
    let test = alice.test(draft, QUESTION).await;
    assert_eq!(test["status"], "succeeded", "{test}");
    assert!(begun.elapsed() < Duration::from_secs(8), "its neighbour waited {:?}", begun.elapsed());
    until("every job has ended", SOON, || async {
        let open = "select count(*) from apalis.jobs where status not in ('Done', 'Killed')";
        count(&desk.database, open).await == 0
    })
    .await;
    // The test is done, and so are those whose test does not exist.
    assert_eq!(count(&desk.database, "select count(*) from apalis.jobs where status = 'Done'").await, 4);
    assert_eq!(count(&desk.database, "select count(*) from apalis.jobs where status = 'Killed'").await, 18);
    assert_no_worker_died(&desk.database).await;
    assert_eq!(desk.model().requests().len(), 1);
    desk.close().await;
}

/// A service whose API is one desk, and whose workers are another with a clock of its own.
async fn desk_and_workers() -> (Desk, Desk) {
    let api = Desk::with(Options { no_workers: true, ..Options::default() }).await;
    let model = Some(ModelServer::start().await);
    let database = Some(api.database.clone());
    let workers = Desk::with(Options { database, model, clock: Some(TestClock::new()), ..Options::default() }).await;
    (api, workers)
}

#[tokio::test]
async fn a_test_whose_handler_panics_has_failed_and_the_next_one_runs() {
    let (api, workers) = desk_and_workers().await;
    let alice = api.person("alice").await;
    let draft = alice.draft().await;
    workers.clock.panic_once();
    let test = alice.test(draft, QUESTION).await;
    assert_eq!((&test["status"], &test["failure"]), (&json!("failed"), &json!("internal")), "{test}");
    assert_eq!(alice.test(draft, QUESTION).await["status"], "succeeded");
    assert_no_worker_died(&api.database).await;
    workers.close().await;
    api.close().await;
}

#[tokio::test]
async fn a_message_whose_handler_panics_is_answered_with_an_apology() {
    let (api, workers) = desk_and_workers().await;
    let alice = api.person("alice").await;
    let draft = alice.draft().await;
    let path = format!("/prompts/workshop/drafts/{draft}/messages");
    workers.clock.panic_once();
    let answer = alice.post(&path, json!({ "content": "Make it shorter" })).await;
    assert_eq!(answer.status, 502, "{}", answer.body);
    alice.post(&path, json!({ "content": "Make it shorter, please" })).await.expect(200);
    workers.close().await;
    api.close().await;
}

#[tokio::test]
async fn a_zero_byte_in_the_models_text_stops_nothing() {
    let desk = desk_with(&[]).await;
    let alice = desk.person("alice").await;
    let draft = alice.draft().await;
    desk.model().reply("Premiums \0rose.");
    let test = alice.test(draft, QUESTION).await;
    assert_eq!((&test["status"], &test["response_preview"]), (&json!("succeeded"), &json!("Premiums rose.")), "{test}");

    let body = r#"{"error": {"message": "no \u0000 such model"}}"#;
    desk.model().fault(Fault::Status { code: 400, retry_after: None, body });
    let test = alice.test(draft, QUESTION).await;
    assert_eq!((&test["status"], &test["failure"]), (&json!("failed"), &json!("refused")), "{test}");

    desk.model().reply("Of \0course.");
    let path = format!("/prompts/workshop/drafts/{draft}/messages");
    let reply = alice.post(&path, json!({ "content": "Make it shorter" })).await.expect(200);
    assert_eq!(reply["content"], "Of course.");
    assert_no_worker_died(&desk.database).await;
    desk.close().await;
}

#[tokio::test]
async fn a_model_that_hangs_is_asked_again_and_then_the_test_fails() {
    let desk = desk_with(&[("LLM__TIMEOUT_SECONDS", "1"), ("LLM__ATTEMPTS", "2")]).await;
    let alice = desk.person("alice").await;
    let draft = alice.draft().await;
    desk.model().fault(Fault::Hang);
    assert_eq!(alice.test(draft, QUESTION).await["status"], "succeeded");
    assert_eq!(desk.model().requests().len(), 2);

    desk.model().fault(Fault::Hang);
    desk.model().fault(Fault::StallAfter(1));
    let test = alice.test(draft, QUESTION).await;
    assert_eq!((&test["status"], &test["failure"]), (&json!("failed"), &json!("timeout")), "{test}");
    assert_eq!(desk.model().requests().len(), 4);
    assert!(test["failure_detail"].as_str().unwrap().contains("tried 2 times"), "{test}");
    desk.close().await;
}

#[tokio::test]
async fn a_second_job_with_the_same_key_is_not_pushed() {
    let desk = Desk::with(Options { no_workers: true, ..Options::default() }).await;
    let tick = Utc::now();
    assert!(desk.workshop().push_tick(&TidyQueue {}, tick).await.unwrap());
    assert!(!desk.workshop().push_tick(&TidyQueue {}, tick).await.unwrap());
    assert_eq!(count(&desk.database, "select count(*) from apalis.jobs").await, 1);
    desk.close().await;
}

#[tokio::test]
async fn two_copies_of_the_schedule_push_one_job_for_each_tick() {
    let one = Desk::start().await;
    let other = Desk::with(Options { database: Some(one.database.clone()), ..Options::default() }).await;
    let mut conn = one.database.connect().await;
    // Notes every attempt to push, also those that come second.
    let note_pushes = "create table pushed_jobs (key text not null);
        create function note_push() returns trigger language plpgsql as
            $$ begin insert into pushed_jobs values (new.idempotency_key); return new; end $$;
        create trigger note_push before insert on apalis.jobs for each row execute function note_push()";
    sqlx::raw_sql(note_pushes).execute(&mut conn).await.unwrap();
    let schedules = [&one, &other].map(|desk| tokio::spawn(schedule::run(desk.workshop().clone())));
    until("both copies have pushed at least two entries of one tick", SOON, || async {
        let twice = "select count(distinct split_part(key, ':', 2)) from
            (select key from pushed_jobs where key like 'cron:%' group by key having count(*) = 2) pushed";
        count(&one.database, twice).await >= 2
    })
    .await;
    until("the jobs are done", SOON, || async {
        count(&one.database, "select count(*) from apalis.jobs where status <> 'Done'").await == 0
    })
    .await;
    for schedule in schedules {
        schedule.abort();
    }
    let keys = count(&one.database, "select count(distinct key) from pushed_jobs").await;
    assert_eq!(count(&one.database, "select count(*) from apalis.jobs").await, keys);
    assert_eq!(count(&one.database, "select coalesce(sum(attempts), 0) from apalis.jobs").await, keys, "each ran once");
    other.close().await;
    one.close().await;
}

#[tokio::test]
async fn a_waiting_test_is_cancelled_at_once_and_a_running_one_within_two_seconds() {
    let (worker_model, limits) = (ModelServer::start().await, [("LIMITS__CONCURRENT_TESTS", "1")]);
    worker_model.hold();
    // The request to cancel reaches another copy than the one that runs the test.
    let api = Desk::with(Options { no_workers: true, settings: settings(&limits), ..Options::default() }).await;
    let database = Some(api.database.clone());
    let workers = Options { database, model: Some(worker_model), settings: settings(&limits), ..Options::default() };
    let workers = Desk::with(workers).await;
    let alice = api.person("alice").await;
    let draft = alice.draft().await;
    let running = alice.start_test(draft, QUESTION).await;
    until("the model is asked", SOON, || async { workers.model().at_once() == 1 }).await;
    let waiting = alice.start_test(draft, QUESTION).await;

    let cancelled = alice.post(&format!("{waiting}/cancel"), json!({})).await.expect(200);
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(alice.get(&running).await.expect(200)["status"], "running");

    let begun = Instant::now();
    let cancelled = alice.post(&format!("{running}/cancel"), json!({})).await.expect(200);
    assert_eq!(cancelled["status"], "cancelled", "{cancelled}");
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    until("the model is left alone", SOON, || async { workers.model().at_once() == 0 }).await;

    workers.model().release_all();
    assert_eq!(alice.test(draft, QUESTION).await["status"], "succeeded", "the place is free again");
    assert_eq!(workers.model().requests().len(), 2, "the waiting test never ran");
    assert_eq!(alice.get(&running).await.expect(200)["status"], "cancelled");
    workers.close().await;
    api.close().await;
}

#[tokio::test]
async fn a_job_whose_notification_is_lost_starts_within_two_seconds() {
    let desk = desk_with(&[]).await;
    let mut conn = desk.database.connect().await;
    let silence = "alter table apalis.jobs disable trigger notify_workers";
    sqlx::query(silence).execute(&mut conn).await.unwrap();
    let alice = desk.person("alice").await;
    let draft = alice.draft().await;
    for _ in 0..3 {
        let begun = Instant::now();
        assert_eq!(alice.test(draft, QUESTION).await["status"], "succeeded");
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    }
    let waits = "select count(*) from trials where started_at - created_at > interval '2 seconds'";
    assert_eq!(count(&desk.database, waits).await, 0);
    desk.close().await;
}

#[tokio::test]
async fn two_hundred_tests_of_one_person_do_not_keep_another_waiting() {
    let limits =
        [("LIMITS__TESTS_PER_HOUR", "1000"), ("LIMITS__CONCURRENT_TESTS", "100"), ("LLM__TIMEOUT_SECONDS", "60")];
    let desk = desk_with(&limits).await;
    desk.model().hold();
    let (alice, bob) = (desk.person("alice").await, desk.person("bob").await);
    let draft = alice.draft().await;
    let request = || alice.start_test(draft, QUESTION);
    for _ in 0..25 {
        futures::future::join_all((0..8).map(|_| request())).await;
    }
    until("every place is taken", SOON, || async { desk.model().at_once() == 8 }).await;
    let bobs = bob.draft().await;
    let bobs = bob.start_test(bobs, "Which carriers report delays?").await;

    // The very next place that becomes free is Bob's.
    desk.model().release(1);
    let asked_for_bob = || {
        let requests = desk.model().requests();
        requests.iter().filter(|request| request.body.to_string().contains("Which carriers report delays?")).count()
    };
    until("the model is asked for Bob", SOON, || async { asked_for_bob() == 1 }).await;
    assert_eq!(count(&desk.database, "select count(*) from trials where status = 'succeeded'").await, 1);
    assert_eq!(count(&desk.database, "select count(*) from trials where admitted_at is null").await, 192);

    desk.model().release_all();
    assert_eq!(bob.ended(&bobs, SOON).await["status"], "succeeded");
    until("all of Alice's tests succeed", Duration::from_secs(60), || async {
        count(&desk.database, "select count(*) from trials where status = 'succeeded'").await == 201
    })
    .await;
    assert_eq!(desk.model().requests().len(), 201, "none ran twice");
    assert_eq!(desk.model().most_at_once(), 8);
    desk.close().await;
}

#[tokio::test]
async fn a_person_has_no_more_tests_running_than_allowed() {
    let desk = desk_with(&[("LIMITS__CONCURRENT_TESTS", "2")]).await;
    desk.model().hold();
    let alice = desk.person("alice").await;
    let draft = alice.draft().await;
    for _ in 0..6 {
        alice.start_test(draft, QUESTION).await;
    }
    for done in [0, 1, 2] {
        until("two tests run", SOON, || async {
            desk.model().at_once() == 2 && desk.model().requests().len() == done + 2
        })
        .await;
        let statuses = statuses(&alice, draft).await;
        assert_eq!(statuses.iter().filter(|status| *status == "queued").count(), 4 - done, "{statuses:?}");
        desk.model().release(1);
    }
    desk.model().release_all();
    until("all succeed", SOON, || async { statuses(&alice, draft).await.iter().all(|status| status == "succeeded") })
        .await;
    assert_eq!((desk.model().most_at_once(), desk.model().requests().len()), (2, 6));
    desk.close().await;
}

#[tokio::test]
async fn a_test_that_lost_its_job_fails_with_a_reason() {
    let desk = Desk::with(Options { no_workers: true, ..Options::default() }).await;
    let alice = desk.person("alice").await;
    let draft = alice.draft().await;
    let (lost, kept) = (alice.start_test(draft, QUESTION).await, alice.start_test(draft, QUESTION).await);
    let mut conn = desk.database.connect().await;
    let lost_id = lost.rsplit('/').next().unwrap();
    let delete = sqlx::query("delete from apalis.jobs where idempotency_key like $1");
    let deleted = delete.bind(format!("trial:{lost_id}:%")).execute(&mut conn).await.unwrap();
    assert_eq!(deleted.rows_affected(), 1);

    desk.workshop().tidy_queue().await.unwrap();
    assert_eq!(alice.get(&lost).await.expect(200)["status"], "queued", "its job may be on its way still");
    desk.clock.advance(TimeDelta::seconds(31));
    desk.workshop().tidy_queue().await.unwrap();
    let test = alice.get(&lost).await.expect(200);
    assert_eq!((&test["status"], &test["failure"]), (&json!("failed"), &json!("interrupted")), "{test}");
    assert_eq!(alice.get(&kept).await.expect(200)["status"], "queued");
    desk.close().await;
}

#[tokio::test]
async fn finished_jobs_are_kept_for_a_week_and_dead_workers_for_a_day() {
    let desk = Desk::with(Options { no_workers: true, ..Options::default() }).await;
    let mut conn = desk.database.connect().await;
    let rows = "
        insert into apalis.workers (id, worker_type, storage_name, last_seen) values
            ('living', 'trials', '', now()), ('dead', 'trials', '', now() - interval '25 hours'),
            ('dead, but named by a job', 'trials', '', now() - interval '25 hours'),
            ('silent for a while', 'trials', '', now() - interval '23 hours');
        insert into apalis.jobs (id, job_type, job, status, attempts, max_attempts, done_at, lock_by) values
            ('done long ago', 'trials', '{}', 'Done', 1, 10, now() - interval '8 days', 'dead'),
            ('killed long ago', 'trials', '{}', 'Killed', 1, 10, now() - interval '8 days', null),
            ('failed for good long ago', 'trials', '{}', 'Failed', 10, 10, now() - interval '8 days', null),
            ('to be tried again', 'trials', '{}', 'Failed', 1, 10, now() - interval '8 days', null),
            ('done lately', 'trials', '{}', 'Done', 1, 10, now() - interval '6 days', 'dead, but named by a job');
        insert into apalis.jobs (id, job_type, job, max_attempts, run_at) values
            ('waits', 'trials', '{}', 10, now() - interval '9 days')";
    sqlx::raw_sql(rows).execute(&mut conn).await.unwrap();
    desk.workshop().tidy_queue().await.unwrap();
    let names = async |conn: &mut PgConnection, table: &str| -> Vec<String> {
        let select = sqlx::AssertSqlSafe(format!("select id from apalis.{table} order by id"));
        sqlx::query_scalar(select).fetch_all(conn).await.unwrap()
    };
    assert_eq!(names(&mut conn, "jobs").await, ["done lately", "to be tried again", "waits"]);
    assert_eq!(names(&mut conn, "workers").await, ["dead, but named by a job", "living", "silent for a while"]);
    desk.close().await;
}
