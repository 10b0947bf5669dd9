//! Sessions with a prompt: begun, asked in, streamed, rated, and the way from an answer to a better prompt.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::desk::{Desk, PROMPT, Person};
use crate::support::model_server::Fault;

const QUESTION: &str = "How did war-risk premiums move?";
const ANSWER: &str = "They rose to 0.9 percent [War-risk premiums rise](https://news.example/1).";

async fn commit(person: &Person, name: &str) {
    let draft = person.draft().await;
    let commit = json!({ "name": name, "title": "Shipping risks", "confirm": true });
    person.post(&format!("/prompts/workshop/drafts/{draft}/commit"), commit).await.expect(201);
}

async fn begin(person: &Person, body: Value) -> i64 {
    person.post("/chat/sessions", body).await.expect(201)["chat_id"].as_i64().unwrap()
}

/// The data of each event of a stream.
async fn events(person: &Person, chat: i64, message: &str) -> Vec<Value> {
    let answer = person.post("/chat/message", json!({ "chat_id": chat, "message": message })).await;
    assert_eq!(answer.headers["content-type"], "text/event-stream");
    let text = answer.expect(200).as_str().unwrap().to_owned();
    text.lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect()
}

fn text_of(events: &[Value]) -> String {
    events.iter().filter_map(|event| event["content"].as_str()).collect()
}

#[tokio::test]
async fn a_session_streams_each_answer_and_records_what_gave_it() {
    let desk = Desk::with_model().await;
    let alice = desk.person("alice").await;
    commit(&alice, "shipping_risks").await;
    let chat = begin(&alice, json!({ "topic": "shipping", "prompt_name": "shipping_risks" })).await;
    desk.model().reply(ANSWER);
    let said = events(&alice, chat, QUESTION).await;
    assert_eq!(text_of(&said), ANSWER);
    let done = said.last().unwrap();
    assert_eq!(
        (&done["done"], &done["prompt_name"], &done["version"]),
        (&json!(true), &json!("shipping_risks"), &json!(1))
    );
    assert_eq!((&done["citation_summary"], &done["article_count"]), (&json!("1 claim, 1 cited"), &json!(4)));
    assert_eq!(done["articles"].as_array().unwrap().len(), 4);

    // A short question is understood with what was said before, and the model is told it.
    desk.model().reply("For tankers too.");
    assert_eq!(text_of(&events(&alice, chat, "And for tankers?").await), "For tankers too.");
    let sent = desk.model().requests().pop().unwrap().body;
    let roles: Vec<_> = sent["messages"].as_array().unwrap().iter().map(|message| message["role"].clone()).collect();
    assert_eq!(roles, ["system", "user", "assistant", "user"]);
    assert_eq!(sent["messages"][2]["content"], ANSWER);

    let session = alice.get(&format!("/chat/sessions/{chat}")).await.expect(200);
    assert_eq!((&session["title"], &session["topic"]), (&json!(QUESTION), &json!("Shipping")));
    assert_eq!(session["answers"].as_array().unwrap().len(), 2);
    assert_eq!(session["answers"][0]["response"], ANSWER);
    let messages = alice.get(&format!("/chat/sessions/{chat}/messages")).await.expect(200);
    let roles: Vec<_> =
        messages["messages"].as_array().unwrap().iter().map(|message| message["role"].clone()).collect();
    assert_eq!(roles, ["person", "assistant", "person", "assistant"]);
    assert_eq!(alice.get("/prompts/shipping_risks").await.expect(200)["uses"], 2);
    assert_eq!(alice.get("/chat/sessions").await.expect(200)["total"], 1);
    alice.delete(&format!("/chat/sessions/{chat}")).await.expect(200);
    alice.get(&format!("/chat/sessions/{chat}")).await.expect(404);
    assert_eq!(alice.get("/prompts/shipping_risks").await.expect(200)["uses"], 2, "that it was used stays counted");
    desk.close().await;
}

#[tokio::test]
async fn a_session_follows_its_label_and_stays_with_its_version() {
    let desk = Desk::with_model().await;
    let alice = desk.person("alice").await;
    commit(&alice, "shipping_risks").await;
    let missing = json!({ "topic": "Shipping", "prompt_name": "shipping_risks", "label": "production" });
    let refused = alice.post("/chat/sessions", missing.clone()).await.expect(422);
    assert_eq!(refused["errors"][0]["field"], "label");
    alice.put("/prompts/shipping_risks/labels/production", json!({ "version": 1 })).await.expect(200);
    let labelled = begin(&alice, missing).await;
    let pinned = begin(&alice, json!({ "topic": "Shipping", "prompt_name": "shipping_risks", "version": 1 })).await;
    let newest = begin(&alice, json!({ "topic": "Shipping", "prompt_name": "shipping_risks" })).await;
    let default = begin(&alice, json!({ "topic": "Shipping" })).await;

    let clone = alice.post("/prompts/shipping_risks/clone", json!({})).await.expect(201);
    let path = format!("/prompts/workshop/drafts/{}", clone["draft_id"]);
    alice.put(&path, json!({ "draft_content": format!("{PROMPT} For sailors.") })).await.expect(200);
    let commit = json!({ "name": "shipping_risks", "title": "Shipping risks", "confirm": true });
    alice.post(&format!("{path}/commit"), commit).await.expect(201);
    let version = async |chat| events(&alice, chat, QUESTION).await.pop().unwrap()["version"].clone();
    assert_eq!((version(labelled).await, version(pinned).await, version(newest).await), (json!(1), json!(1), json!(2)));
    alice.put("/prompts/shipping_risks/labels/production", json!({ "version": 2 })).await.expect(200);
    assert_eq!((version(labelled).await, version(pinned).await), (json!(2), json!(1)));
    assert_eq!(events(&alice, default, QUESTION).await.pop().unwrap()["prompt_name"], "auspex_default");
    // A label that is taken away is an error for who still asks for it, and nothing else answers in its place.
    alice.delete("/prompts/shipping_risks/labels/production").await.expect(200);
    let refused = alice.post("/chat/message", json!({ "chat_id": labelled, "message": QUESTION })).await.expect(422);
    assert!(refused["detail"].as_str().unwrap().contains("label production does not exist"), "{refused}");
    desk.close().await;
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_before_anything_is_streamed() {
    let desk = Desk::start().await;
    let (alice, bob) = (desk.person("alice").await, desk.person("bob").await);
    let chat = begin(&alice, json!({ "topic": "Shipping" })).await;
    for (body, field) in [
        (json!({ "chat_id": chat, "message": "short" }), "message"),
        (json!({ "chat_id": chat, "message": "x".repeat(1_001) }), "message"),
        (json!({ "chat_id": chat, "message": QUESTION, "limit": 4 }), "limit"),
        (json!({ "chat_id": chat, "message": QUESTION, "model": "two words" }), "model"),
        (json!({ "message": QUESTION }), "chat_id"),
    ] {
        assert_eq!(alice.post("/chat/message", body).await.expect(422)["errors"][0]["field"], field);
    }
    bob.post("/chat/message", json!({ "chat_id": chat, "message": QUESTION })).await.expect(404);
    alice.post("/chat/sessions", json!({ "topic": "Astrology" })).await.expect(422);
    alice.post("/chat/sessions", json!({ "topic": "Shipping", "prompt_name": "unheard_of" })).await.expect(404);
    let both = json!({ "topic": "Shipping", "prompt_name": "auspex_default", "version": 1, "label": "production" });
    alice.post("/chat/sessions", both).await.expect(422);
    assert_eq!(alice.get(&format!("/chat/sessions/{chat}")).await.expect(200)["answers"], json!([]));
    desk.close().await;
}

#[tokio::test]
async fn a_question_that_is_sent_again_is_asked_once_and_a_failure_ends_the_stream_with_a_sentence() {
    let desk = Desk::with_model().await;
    let alice = desk.person("alice").await;
    let chat = begin(&alice, json!({ "topic": "Shipping" })).await;
    for _ in 0..2 {
        let request = alice.request(Method::POST, "/chat/message").header("idempotency-key", "one");
        let answer = alice.send(request.json(&json!({ "chat_id": chat, "message": QUESTION }))).await;
        assert!(answer.expect(200).as_str().unwrap().contains("\"done\":true"));
    }
    assert_eq!(desk.model().requests().len(), 1);
    desk.model().fault(Fault::Status { code: 400, retry_after: None, body: "{}" });
    let failed = events(&alice, chat, QUESTION).await;
    let last = failed.last().unwrap();
    assert_eq!(last["done"], true);
    assert!(last["error"].as_str().unwrap().starts_with("The model's server refused the request"), "{last}");
    desk.close().await;
}

#[tokio::test]
async fn an_answer_is_rated_and_opens_a_workshop_that_has_it_as_a_test() {
    let desk = Desk::with_model().await;
    let (alice, bob) = (desk.person("alice").await, desk.person("bob").await);
    commit(&alice, "shipping_risks").await;
    let chat = begin(&bob, json!({ "topic": "Shipping", "prompt_name": "shipping_risks" })).await;
    desk.model().reply(ANSWER);
    let answer = events(&bob, chat, QUESTION).await.pop().unwrap()["answer_id"].as_str().unwrap().to_owned();
    let path = format!("/chat/sessions/{chat}/answers/{answer}");
    let rated =
        bob.put(&format!("{path}/feedback"), json!({ "user_rating": 2, "notes": "no dates" })).await.expect(200);
    assert_eq!((&rated["user_rating"], &rated["notes"]), (&json!(2), &json!("no dates")));
    bob.put(&format!("{path}/feedback"), json!({ "user_rating": 6 })).await.expect(422);
    alice.put(&format!("{path}/feedback"), json!({ "user_rating": 5 })).await.expect(404);

    // As a clone by anybody who may see it; as the next version by those who may publish.
    bob.post(&format!("{path}/improve"), json!({ "as_version": true })).await.expect(403);
    let improved = bob.post(&format!("{path}/improve"), json!({})).await.expect(201);
    let draft = bob.get(&format!("/prompts/workshop/drafts/{}", improved["draft_id"])).await.expect(200);
    assert_eq!((&draft["draft_content"], &draft["status"]), (&json!(PROMPT), &json!("testing")));
    assert_eq!((&draft["parent_prompt"], &draft["parent_version"]), (&json!("shipping_risks"), &json!(1)));
    let said = bob.get(&format!("/chat/sessions/{}/messages", improved["chat_id"])).await.expect(200);
    let first = said["messages"][0]["content"].as_str().unwrap();
    assert!(first.contains(QUESTION) && first.contains(ANSWER) && first.contains("https://news.example/1"), "{first}");
    let tests = bob.get(&format!("/prompts/workshop/drafts/{}/tests", improved["draft_id"])).await.expect(200);
    let test = &tests["test_results"][0];
    assert_eq!(
        (&test["query"], &test["user_rating"], &test["notes"]),
        (&json!(QUESTION), &json!(2), &json!("no dates"))
    );
    // It can be run again on the very articles that the answer was given.
    let rerun =
        format!("/prompts/workshop/drafts/{}/tests/{}/rerun", improved["draft_id"], test["test_id"].as_str().unwrap());
    bob.post(&rerun, json!({ "frozen": true })).await.expect(202);
    desk.close().await;
}
