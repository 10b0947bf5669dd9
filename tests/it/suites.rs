//! Suites of questions, batches of tests, comparison and history: by the API, on Slack and on Discord.

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};

use crate::slack::{self, count};
use crate::support::desk::{Desk, Options, PROMPT, Person, Via, until};
use crate::support::model_server::{Fault, ModelServer};
use crate::support::program::Program;
use crate::{discord, support};

const SOON: Duration = Duration::from_secs(30);

/// Three questions in two topics.
fn questions() -> Value {
    json!([
        { "test_query": "How did war-risk premiums move?", "topic": "shipping" },
        { "test_query": "Which ports reopened after strikes?", "topic": "Shipping", "limit": 10 },
        { "test_query": "How long is the queue for the grid?", "topic": "Energy" },
    ])
}

async fn suite(person: &Person) -> Value {
    person.post("/suites", json!({ "name": "usual_questions", "questions": questions() })).await.expect(201)
}

fn batches(draft: i64) -> String {
    format!("/prompts/workshop/drafts/{draft}/batches")
}

/// A draft with two revisions.
async fn two_revisions(person: &Person) -> i64 {
    let draft = person.draft().await;
    let text = PROMPT.replace("financial analyst", "risk analyst");
    person.put(&format!("/prompts/workshop/drafts/{draft}"), json!({ "draft_content": text })).await.expect(200);
    draft
}

/// Runs a batch and waits for the end of it.
async fn run(person: &Person, draft: i64, body: Value) -> Value {
    let request = person.request(Method::POST, &batches(draft)).header("prefer", "wait=60").json(&body);
    person.send(request).await.expect(200)
}

/// A batch once it has ended.
async fn ended(person: &Person, path: &str) -> Value {
    until("the batch ends", Duration::from_secs(90), || async {
        let status = person.get(path).await.expect(200)["status"].clone();
        status == "finished" || status == "cancelled"
    })
    .await;
    person.get(path).await.expect(200)
}

fn settings(of: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    of.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

async fn desk_with(of: &[(&'static str, &str)]) -> Desk {
    let model = Some(ModelServer::start().await);
    Desk::with(Options { settings: settings(of), model, ..Options::default() }).await
}

#[tokio::test]
async fn a_suite_is_made_and_seen_by_all_and_changed_by_its_owner() {
    let desk = Desk::start().await;
    let (alice, bob, admin) = (desk.person("alice").await, desk.person("bob").await, desk.admin().await);
    let made = suite(&alice).await;
    assert_eq!(made["questions"][0]["topic"], "Shipping", "the topic is written as it is known: {made}");
    assert_eq!((&made["owner"], &made["questions"][1]["limit"]), (&json!("alice"), &json!(10)));
    let taken = alice.post("/suites", json!({ "name": "usual_questions", "questions": questions() })).await;
    assert_eq!(taken.expect(409)["type"], "urn:prompt-workshop:problem:name-taken");
    assert_eq!(bob.get("/suites").await.expect(200)["total"], 1);

    let one = json!({ "title": "Usual", "questions": [questions()[2]] });
    bob.put("/suites/usual_questions", one.clone()).await.expect(403);
    bob.delete("/suites/usual_questions").await.expect(403);
    let changed = alice.put("/suites/usual_questions", one.clone()).await.expect(200);
    assert_eq!(changed["questions"].as_array().unwrap().len(), 1);
    admin
        .put("/suites/usual_questions", json!({ "name": "energy_only", "questions": [questions()[2]] }))
        .await
        .expect(200);
    alice.get("/suites/usual_questions").await.expect(404);
    alice.delete("/suites/energy_only").await.expect(200);
    assert_eq!(bob.get("/suites").await.expect(200)["total"], 0);
    desk.close().await;
}

#[tokio::test]
async fn what_makes_no_suite_is_refused_field_by_field() {
    let desk = Desk::start().await;
    let alice = desk.person("alice").await;
    let long = |count: usize| {
        let one = |number: usize| json!({ "test_query": format!("Question number {number}?"), "topic": "Energy" });
        (0..count).map(one).collect::<Vec<_>>()
    };
    let cases = [
        (json!({ "name": "Usual", "questions": questions() }), "name"),
        (json!({ "name": "usual", "questions": [] }), "questions"),
        (json!({ "name": "usual", "questions": long(101) }), "questions"),
        (json!({ "name": "usual", "questions": [questions()[0], questions()[0]] }), "questions"),
        (json!({ "name": "usual", "questions": [{ "test_query": "short", "topic": "Energy" }] }), "test_query"),
        (json!({ "name": "usual", "questions": [{ "test_query": "Long enough?", "topic": "Moon" }] }), "topic"),
        (
            json!({ "name": "usual", "questions": [{ "test_query": "Long enough?", "topic": "Energy", "limit": 4 }] }),
            "limit",
        ),
    ];
    for (body, field) in cases {
        let refused = alice.post("/suites", body).await.expect(422);
        assert_eq!(refused["errors"][0]["field"], field, "{refused}");
    }
    alice.post("/suites", json!({ "name": "usual", "questions": long(100) })).await.expect(201);
    desk.close().await;
}

#[tokio::test]
async fn a_batch_runs_on_revisions_and_models_and_finds_articles_once_for_each_question() {
    let desk = desk_with(&[]).await;
    let alice = desk.person("alice").await;
    suite(&alice).await;
    let draft = two_revisions(&alice).await;
    desk.model().answer_with(|_| slack::ANSWER.to_owned());
    let body = json!({ "suite": "usual_questions", "revisions": [1, 2], "models": ["one", "other"] });
    let batch = run(&alice, draft, body).await;
    assert_eq!((&batch["status"], &batch["done"], &batch["total"]), (&json!("finished"), &json!(12), &json!(12)));
    assert_eq!(batch["columns"], json!(["rev 1 · one", "rev 1 · other", "rev 2 · one", "rev 2 · other"]));
    assert_eq!(desk.model().requests().len(), 12);
    assert_eq!(count(&desk, "select count(*) from retrievals").await, 3, "once for each question");
    let asked = desk.model().requests();
    let with = |what: &str| asked.iter().filter(|request| request.body.to_string().contains(what)).count();
    assert_eq!((with("financial analyst"), with("risk analyst"), with("\"other\"")), (6, 6, 6));

    // Stars given to one test show in the table, and the history sums them up.
    let cell = &batch["table"][0]["cells"][0];
    assert_eq!((&cell["status"], &cell["valid_links"], &cell["links"]), (&json!("succeeded"), &json!(1), &json!(2)));
    let test = format!("/prompts/workshop/drafts/{draft}/tests/{}", cell["test_id"].as_str().unwrap());
    alice.put(&format!("{test}/feedback"), json!({ "user_rating": 4 })).await.expect(200);
    let path = format!("{}/{}", batches(draft), batch["batch_id"].as_str().unwrap());
    let now = alice.get(&path).await.expect(200);
    assert_eq!(
        (&now["table"][0]["cells"][0]["mean_rating"], &now["summary"][0]["mean_rating"]),
        (&json!(4.0), &json!(4.0))
    );
    let history = alice.get(&format!("/prompts/workshop/drafts/{draft}/history")).await.expect(200);
    let first = &history["history"][0];
    assert_eq!(
        (&first["revision"], &first["tests"], &first["rating_count"]),
        (&json!(1), &json!(6), &json!(1)),
        "{first}"
    );
    assert_eq!((&first["mean_rating"], &history["history"][1]["mean_rating"]), (&json!(4.0), &Value::Null));
    assert!(first["citation_validity"].as_f64().is_some_and(|share| share > 0.0 && share < 1.0), "{first}");

    // They do not count as single tests, and do not stand in their way.
    assert_eq!(alice.test(draft, "How did premiums move?").await["status"], "succeeded");
    assert_eq!(alice.get(&batches(draft)).await.expect(200)["total"], 1);
    desk.close().await;
}

#[tokio::test]
async fn versions_of_the_prompt_are_tested_beside_revisions() {
    let desk = desk_with(&[]).await;
    let (alice, bob) = (desk.person("alice").await, desk.person("bob").await);
    suite(&alice).await;
    let first = alice.draft().await;
    let commit = json!({ "name": "shipping_risk", "title": "Shipping risk", "confirm": true });
    alice.post(&format!("/prompts/workshop/drafts/{first}/commit"), commit).await.expect(201);
    let clone = alice.post("/prompts/shipping_risk/clone", json!({})).await.expect(201);
    let draft = clone["draft_id"].as_i64().unwrap();
    let text = PROMPT.replace("financial analyst", "risk analyst");
    alice.put(&format!("/prompts/workshop/drafts/{draft}"), json!({ "draft_content": text })).await.expect(200);
    let body = json!({ "suite": "usual_questions", "revisions": [2], "versions": [1] });
    let batch = run(&alice, draft, body).await;
    assert_eq!(batch["columns"], json!(["rev 2", "v1"]));
    let cells = &batch["table"][0]["cells"];
    let ids = [cells[1]["test_id"].as_str().unwrap(), cells[0]["test_id"].as_str().unwrap()];
    let compared = alice.get(&format!("/tests/compare?tests={},{}", ids[0], ids[1])).await.expect(200);
    assert_eq!(
        (&compared["tests"][0]["test"]["version"], &compared["tests"][0]["prompt_diff"]),
        (&json!(1), &json!(""))
    );
    let diff = compared["tests"][1]["prompt_diff"].as_str().unwrap();
    assert!(diff.contains("version 1 of shipping_risk") && diff.contains("+You are a risk analyst"), "{diff}");
    let common = compared["articles_in_common"].as_array().unwrap();
    assert!(!common.is_empty() && compared["tests"][1]["articles_only_here"] == json!([]), "{compared}");
    assert!(compared["tests"][1]["test"]["metrics"]["execution_time_ms"].is_number());

    // A committed draft can still be tested by a batch; a version that is not there cannot.
    assert_eq!(run(&alice, first, json!({ "suite": "usual_questions" })).await["done"], 3);
    let path = batches(draft);
    alice.post(&path, json!({ "suite": "usual_questions", "versions": [9] })).await.expect(422);
    alice.post(&path, json!({ "suite": "usual_questions", "revisions": [9] })).await.expect(422);
    alice.post(&path, json!({ "suite": "no_such_suite" })).await.expect(404);
    // Others find neither the batch nor the tests.
    bob.get(&path).await.expect(404);
    bob.post(&path, json!({ "suite": "usual_questions" })).await.expect(404);
    bob.get(&format!("/tests/compare?tests={},{}", ids[0], ids[1])).await.expect(404);
    alice.get(&format!("/tests/compare?tests={}", ids[0])).await.expect(422);
    desk.close().await;
}

#[tokio::test]
async fn a_batch_is_limited_and_one_of_a_person_runs_at_a_time() {
    let desk = desk_with(&[("LIMITS__BATCH_TESTS", "6"), ("LIMITS__BATCH_TESTS_PER_HOUR", "9")]).await;
    let alice = desk.person("alice").await;
    suite(&alice).await;
    let draft = two_revisions(&alice).await;
    desk.model().hold();
    let path = batches(draft);
    let big = json!({ "suite": "usual_questions", "revisions": [1, 2], "models": ["one", "other"] });
    assert!(alice.post(&path, big).await.expect(422)["detail"].as_str().unwrap().contains("6 at most"));
    let first = alice.post(&path, json!({ "suite": "usual_questions", "revisions": [1, 2] })).await.expect(202);
    until("the model is asked", SOON, || async { desk.model().at_once() == 6 }).await;
    let second = alice.post(&path, json!({ "suite": "usual_questions" })).await.expect(202);
    assert_eq!((&second["waits_for_own"], &first["waits_for_own"]), (&json!(true), &json!(false)));
    let refused = alice.post(&path, json!({ "suite": "usual_questions" })).await.expect(429);
    assert_eq!(refused["limit"], "batch_tests_per_hour", "{refused}");
    assert_eq!(desk.model().at_once(), 6);
    desk.model().release_all();
    for batch in [first, second] {
        let ended = ended(&alice, &format!("{path}/{}", batch["batch_id"].as_str().unwrap())).await;
        assert_eq!(ended["done"], ended["total"]);
    }
    desk.close().await;
}

#[tokio::test]
async fn what_is_left_of_a_batch_is_cancelled_at_once_and_what_was_answered_stays() {
    let desk = desk_with(&[("QUEUE__BATCH_CONCURRENCY", "1")]).await;
    let alice = desk.person("alice").await;
    suite(&alice).await;
    let draft = alice.draft().await;
    desk.model().hold();
    let path = batches(draft);
    let batch = alice.post(&path, json!({ "suite": "usual_questions" })).await.expect(202);
    let batch = format!("{path}/{}", batch["batch_id"].as_str().unwrap());
    desk.model().release(1);
    until("one is answered", SOON, || async { alice.get(&batch).await.expect(200)["done"] == 1 }).await;
    until("the next is asked", SOON, || async { desk.model().at_once() == 1 }).await;
    let cancelled = alice.post(&format!("{batch}/cancel"), json!({})).await.expect(200);
    assert_eq!((&cancelled["status"], &cancelled["done"]), (&json!("cancelled"), &json!(3)));
    until("the model is left alone", SOON, || async { desk.model().at_once() == 0 }).await;
    desk.model().release_all();
    assert_eq!(count(&desk, "select count(*) from trials where status = 'succeeded'").await, 1);
    assert_eq!(count(&desk, "select count(*) from trials where status = 'cancelled'").await, 2);
    assert_eq!(desk.model().requests().len(), 2);
    let again = alice.post(&format!("{batch}/cancel"), json!({})).await.expect(409);
    assert_eq!(again["type"], "urn:prompt-workshop:problem:batch-ended");
    // The next one begins.
    assert_eq!(run(&alice, draft, json!({ "suite": "usual_questions" })).await["done"], 3);
    desk.close().await;
}

#[tokio::test]
async fn a_model_that_asks_to_slow_down_is_asked_again_and_one_that_refuses_is_not() {
    let desk = desk_with(&[("LLM__ATTEMPTS", "1")]).await;
    let alice = desk.person("alice").await;
    suite(&alice).await;
    let draft = alice.draft().await;
    for _ in 0..3 {
        desk.model().fault(Fault::Status { code: 429, retry_after: Some("1"), body: "{}" });
    }
    let batch = run(&alice, draft, json!({ "suite": "usual_questions" })).await;
    let statuses = |batch: &Value| {
        let rows = batch["table"].as_array().unwrap().iter();
        rows.map(|row| row["cells"][0]["status"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(statuses(&batch), ["succeeded"; 3]);
    assert_eq!(desk.model().requests().len(), 6);
    desk.model().fault(Fault::Status { code: 400, retry_after: None, body: r#"{"error": {"message": "no"}}"# });
    let batch = run(&alice, draft, json!({ "suite": "usual_questions" })).await;
    let mut ended = statuses(&batch);
    ended.sort_unstable();
    assert_eq!(ended, ["failed", "succeeded", "succeeded"]);
    desk.close().await;
}

#[tokio::test]
async fn of_a_batch_that_was_killed_in_the_middle_only_what_has_not_ended_runs_again() {
    let api = Desk::with(Options { no_workers: true, ..Options::default() }).await;
    let model = ModelServer::start().await;
    let program = Program::beside(api.database.clone())
        .set("HTTP__LISTEN", "127.0.0.1:0")
        .set("LLM__BASE_URL", model.url())
        .set("LLM__MODEL", "test-model")
        .set("QUEUE__BATCH_CONCURRENCY", "2")
        // A worker that was killed is noticed soon.
        .set("QUEUE__RESCUE_AFTER_SECONDS", "10")
        .set("QUEUE__SHUTDOWN_SECONDS", "5");
    let alice = api.person("alice").await;
    suite(&alice).await;
    let draft = two_revisions(&alice).await;
    model.hold();
    let service = program.serve().await;
    let path = batches(draft);
    let body = json!({ "suite": "usual_questions", "revisions": [1, 2] });
    let batch = alice.post(&path, body).await.expect(202);
    let batch = format!("{path}/{}", batch["batch_id"].as_str().unwrap());
    model.release(3);
    until("three are stored", SOON, || async { alice.get(&batch).await.expect(200)["done"] == 3 }).await;
    until("two more are asked", SOON, || async { model.at_once() == 2 }).await;
    service.kill().await;
    until("both requests have broken off", SOON, || async { model.at_once() == 0 }).await;
    model.release_all();
    let service = program.serve().await;
    let ended = ended(&alice, &batch).await;
    assert_eq!((&ended["status"], &ended["done"]), (&json!("finished"), &json!(6)));
    assert_eq!(model.requests().len(), 3 + 2 + 3, "what had ended was not asked again");
    assert_eq!(count(&api, "select count(*) from trials where status = 'succeeded'").await, 6);
    let most = "select count(*) from (select batch_row from trials group by batch_row having \
                count(distinct retrieval_id) > 1) several";
    assert_eq!(count(&api, most).await, 0, "each question has one list of articles");
    assert_eq!(count(&api, "select count(*) from activity where kind = 'batch_started'").await, 1);
    service.stop().await;
    drop(program);
    api.close().await;
}

#[tokio::test]
async fn in_slack_a_suite_is_made_run_and_its_table_shown_once() {
    let (desk, slack) = slack::desk(Via::Socket).await;
    let card = slack::drafted(&desk, &slack).await;
    desk.model().answer_with(|_| slack::ANSWER.to_owned());
    let alice = support::slack::ALICE;
    slack.message(alice, slack::HERE, Some(&card.ts), "suite add usual How did war-risk premiums move?").await;
    slack.until("it is made", |slack| whispers(slack, "Question 1 of suite usual")).await;
    slack.message(alice, slack::HERE, Some(&card.ts), "suite add usual Which shipping ports reopened?").await;
    slack.until("it has two", |slack| whispers(slack, "Question 2 of suite usual")).await;
    desk.model().hold();
    slack.message(alice, slack::HERE, Some(&card.ts), "suite run usual").await;
    slack::says(&slack, &card, "of 2 tests done").await;
    desk.model().release_all();
    slack::says(&slack, &card, "2 of 2 tests answered").await;
    slack::says(&slack, &card, "all 2 tests have ended").await;
    let said = slack.thread(slack::HERE, &card.ts);
    let tables = said.iter().filter(|posted| posted.all_text().contains("tests answered")).count();
    assert_eq!(tables, 1, "{}", slack.transcript(slack::HERE, card.ts.as_str()));
    slack.message(alice, slack::HERE, Some(&card.ts), "rate 4").await;
    slack.until("she rated", |slack| whispers(slack, "Rated.")).await;
    slack.message(alice, slack::HERE, Some(&card.ts), "tests").await;
    slack.until("the history", |slack| whispers(slack, "rev 1") && whispers(slack, "★★★★☆ 4.0")).await;
    slack::says(&slack, &card, "4.0 ★").await;
    slack.message(alice, slack::HERE, Some(&card.ts), "suite drop usual 1").await;
    slack.until("it has one", |slack| whispers(slack, "it has 1 now")).await;
    slack.assert_clean();
    desk.close().await;
}

fn whispers(slack: &support::slack::Slack, what: &str) -> bool {
    slack.ephemerals(support::slack::ALICE).iter().any(|said| said.all_text().contains(what))
}

#[tokio::test]
async fn in_discord_a_suite_runs_and_is_stopped_by_its_button() {
    let (desk, discord) = discord::desk(Via::Socket).await;
    let thread = discord::drafted(&desk, &discord).await;
    let alice = support::discord::ALICE;
    let add = [("suite", json!("usual")), ("question", json!("How did war-risk premiums move?"))];
    discord.command(alice, &thread, "suite add", &add).await;
    discord::whispered(&discord, alice, "Question 1 of suite usual").await;
    desk.model().hold();
    discord.command(alice, &thread, "suite run", &[("suite", json!("usual"))]).await;
    discord::says(&discord, &thread, "of 1 tests done").await;
    discord::press(&discord, alice, &thread, "Stop").await;
    discord::says(&discord, &thread, "It was stopped.").await;
    desk.model().release_all();
    assert_eq!(discord::count_of(&discord, &thread, "It was stopped."), 1);
    discord.assert_clean();
    desk.close().await;
}
