//! What an open workbench hears, wherever something is done.

use std::net::TcpListener;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::slack::{HERE, LONG, SECOND_DRAFT, count, drafted};
use crate::support::desk::{Desk, Options, Person, Via, until};
use crate::support::follower::{End, Follower};
use crate::support::program::Program;
use crate::support::slack::ALICE;

const QUESTION: &str = "How did war-risk premiums move?";
const ANSWER: &str = "Premiums rose to 0.9 percent [War-risk premiums rise](https://news.example/1) and fell again.";

/// Opens the workbench of a draft.
async fn opened(person: &Person, draft: i64) -> Follower {
    let follower = Follower::start(person, &format!("/prompts/workshop/drafts/{draft}/events")).await;
    follower.next("hello").await;
    follower
}

/// The text that pieces make, of which none may be missing.
fn joined(pieces: &[Value]) -> String {
    let numbers: Vec<usize> = pieces.iter().map(|piece| piece["part"].as_u64().unwrap() as usize).collect();
    assert_eq!(numbers, (0..pieces.len()).collect::<Vec<_>>());
    pieces.iter().map(|piece| piece["text"].as_str().unwrap()).collect()
}

/// Whether a piece is the last of [`ANSWER`].
fn is_last(piece: &Value) -> bool {
    piece["text"].as_str().is_some_and(|text| ANSWER.ends_with(text))
}

#[tokio::test]
async fn what_is_said_in_slack_reaches_an_open_workbench() {
    let (desk, slack) = crate::slack::desk(Via::Http).await;
    let thread = drafted(&desk, &slack).await;
    let alice = desk.person("alice.at.home").await;
    let code = desk.workshop().create_join_code(alice.actor()).await.unwrap();
    slack.command(ALICE, HERE, &format!("link {}", secrecy::ExposeSecret::expose_secret(&code))).await;
    let draft = count(&desk, "select id::bigint from drafts").await;
    let path = format!("/prompts/workshop/drafts/{draft}");
    until("the draft is hers", LONG, || async { alice.get(&path).await.status == 200 }).await;
    let page = opened(&alice, draft).await;

    desk.model().reply(SECOND_DRAFT);
    slack.message(ALICE, HERE, Some(&thread.ts), "make the timelines stronger").await;
    page.next("conversation").await;
    let first = page.next("delta").await;
    page.next("conversation").await;
    assert_eq!(page.next("draft").await, json!({ "revision": 1, "status": "draft" }));
    let pieces = page.all("delta");
    assert!(pieces.iter().all(|piece| piece["message"] == first["message"]), "{pieces:?}");
    assert_eq!(joined(&pieces), SECOND_DRAFT);

    // The change is accepted in Slack, too.
    crate::slack::press(&slack, ALICE, &thread, "Accept change").await;
    page.hears("draft", |draft| draft["revision"] == 2).await;
    desk.close().await;
}

#[tokio::test]
async fn an_open_workbench_follows_the_draft_and_its_tests() {
    let desk = Desk::with_model().await;
    let alice = desk.person("alice").await;
    let draft = alice.draft().await;
    let path = format!("/prompts/workshop/drafts/{draft}");
    let page = opened(&alice, draft).await;

    desk.model().reply(ANSWER);
    let test = alice.test(draft, QUESTION).await["test_id"].clone();
    let ours = |event: &Value| event["test_id"] == test;
    page.hears("test", ours).await;
    page.hears("test_delta", is_last).await;
    page.hears("test", |event| ours(event) && event["status"] == "succeeded").await;
    assert_eq!(joined(&page.all("test_delta")), ANSWER);
    assert_eq!(page.all("draft").last(), Some(&json!({ "revision": 1, "status": "testing" })));

    alice
        .put(&format!("{path}/tests/{}/feedback", test.as_str().unwrap()), json!({ "user_rating": 4 }))
        .await
        .expect(200);
    page.hears("test", ours).await;
    alice.post(&format!("{path}/comments"), json!({ "text": "Good." })).await.expect(201);
    page.next("draft").await;

    desk.model().hold();
    let waiting = alice.start_test(draft, QUESTION).await;
    page.hears("test", |event| event["status"] == "running").await;
    alice.post(&format!("{waiting}/cancel"), json!({})).await.expect(200);
    page.hears("test", |event| event["status"] == "cancelled").await;
    desk.model().release_all();

    let questions = json!([{ "test_query": QUESTION, "topic": "Shipping" }]);
    alice.post("/suites", json!({ "name": "ours", "questions": questions })).await.expect(201);
    alice.post(&format!("{path}/batches"), json!({ "suite": "ours" })).await.expect(202);
    // One event when it is asked for, and one when it has ended.
    page.next("draft").await;
    page.next("draft").await;

    alice
        .put(&path, json!({ "draft_content": format!("{} And be brief.", crate::support::desk::PROMPT) }))
        .await
        .expect(200);
    page.hears("draft", |draft| draft["revision"] == 2).await;
    alice
        .post(&format!("{path}/commit"), json!({ "name": "ours", "title": "Our prompt", "confirm": true }))
        .await
        .expect(201);
    page.hears("draft", |draft| draft["status"] == "committed").await;
    alice.delete(&path).await.expect(200);
    page.next("gone").await;
    assert_eq!(page.end().await, End::Orderly);
    desk.close().await;
}

#[tokio::test]
async fn an_open_workbench_hears_that_its_draft_expires() {
    let desk = Desk::start().await;
    let alice = desk.person("alice").await;
    let page = opened(&alice, alice.draft().await).await;
    desk.clock.advance(TimeDelta::days(400));
    desk.workshop().expire_drafts().await.unwrap();
    page.hears("draft", |draft| draft["status"] == "expired").await;
    desk.close().await;
}

#[tokio::test]
async fn who_is_removed_hears_so_and_nothing_more() {
    let desk = Desk::start().await;
    let (alice, bob) = (desk.person("alice").await, desk.person("bob").await);
    let draft = alice.draft().await;
    let path = format!("/prompts/workshop/drafts/{draft}");
    bob.get(&format!("{path}/events")).await.expect(404);
    alice.put(&format!("{path}/shares"), json!({ "person": "bob", "access": "viewer" })).await.expect(200);
    let (hers, his) = (opened(&alice, draft).await, opened(&bob, draft).await);

    alice.delete(&format!("{path}/shares/person/bob")).await.expect(200);
    his.next("gone").await;
    assert_eq!(his.end().await, End::Orderly);
    alice.post(&format!("{path}/messages"), json!({ "content": "make it shorter" })).await.expect(200);
    hers.next("conversation").await;
    assert!(his.all("conversation").is_empty() && his.all("draft").is_empty());
    desk.close().await;
}

#[tokio::test]
async fn what_one_copy_of_the_service_does_the_other_tells() {
    let one = Desk::with_model().await;
    let options = Options { database: Some(one.database.clone()), no_workers: true, ..Options::default() };
    let other = Desk::with(options).await;
    let alice = one.person("alice").await;
    let draft = alice.draft().await;
    let page = opened(&other.person("alice").await, draft).await;

    one.model().reply(ANSWER);
    let test = alice.test(draft, QUESTION).await["test_id"].clone();
    page.hears("test_delta", is_last).await;
    page.hears("test", |event| event["test_id"] == test && event["status"] == "succeeded").await;
    assert_eq!(joined(&page.all("test_delta")), ANSWER);
    one.model().reply("What for?");
    alice
        .post(&format!("/prompts/workshop/drafts/{draft}/messages"), json!({ "content": "Shorter" }))
        .await
        .expect(200);
    page.next("conversation").await;
    page.hears("delta", |delta| delta["text"].as_str().unwrap().starts_with("What")).await;
    other.close().await;
    one.close().await;
}

#[tokio::test]
async fn a_test_is_followed_word_by_word() {
    let desk = Desk::with_model().await;
    let alice = desk.person("alice").await;
    let draft = alice.draft().await;
    desk.model().hold();
    desk.model().reply(ANSWER);
    let test = alice.start_test(draft, QUESTION).await;
    let follower = Follower::start(&alice, &format!("{test}/events")).await;
    follower.hears("progress", |test| test["stage"] == "writing").await;
    desk.model().release_all();
    let done = follower.next("done").await;
    assert_eq!(done["status"], "succeeded", "{done}");
    assert_eq!(joined(&follower.all("delta")), ANSWER);
    assert_eq!(follower.end().await, End::Orderly);
    desk.close().await;
}

#[tokio::test]
async fn an_open_workbench_does_not_hold_up_a_service_that_stops() {
    let desk = Desk::start().await;
    let alice = desk.person("alice").await;
    let draft = alice.draft().await;
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let program =
        Program::beside(desk.database.clone()).set("HTTP__LISTEN", &free).set("DATABASE__MAX_CONNECTIONS", "6");
    let service = program.serve().await;
    let token = desk.workshop().create_token(alice.actor().account).await.unwrap();
    let page = opened(&Person::at(format!("http://{free}"), token), draft).await;

    service.stop().await;
    // Let go by the service, rather than cut off when it lost patience.
    assert_eq!(page.end().await, End::Orderly);
    drop(program);
    desk.close().await;
}
