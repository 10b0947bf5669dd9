//! Who gets what: every endpoint of the API for its owner, a stranger, and somebody without a token.

use std::collections::BTreeSet;

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::desk::{Desk, Person};

/// What a stranger hears.
#[derive(Clone, Copy)]
enum Stranger {
    /// That there is no such thing.
    NotFound,
    /// What anybody hears: it is about oneself, or shared by all.
    Own,
    /// That one may not.
    Forbidden,
    /// That something is missing: what one may not see is found out with it.
    Unfit,
}

/// Every endpoint: method, path as it is described, body, what its owner hears, what a stranger hears.
const TABLE: &[(&str, &str, &str, &[u16], Stranger)] = &[
    ("get", "/topics", "", &[200], Stranger::Own),
    ("post", "/articles", "[]", &[403], Stranger::Forbidden),
    ("post", "/prompts/workshop/start", "{}", &[201], Stranger::Own),
    ("get", "/prompts/workshop/drafts", "", &[200], Stranger::Own),
    ("get", "/prompts", "", &[200], Stranger::Own),
    ("get", "/prompts/{name}", "", &[200], Stranger::NotFound),
    ("post", "/prompts/{name}/clone", "{}", &[201], Stranger::NotFound),
    ("get", "/prompts/workshop/drafts/{id}", "", &[200], Stranger::NotFound),
    ("put", "/prompts/workshop/drafts/{id}", r#"{"draft_name": "Renamed"}"#, &[200], Stranger::NotFound),
    ("get", "/prompts/workshop/drafts/{id}/revisions", "", &[200], Stranger::NotFound),
    ("get", "/prompts/workshop/drafts/{id}/revisions/{n}/diff/{m}", "", &[200], Stranger::NotFound),
    ("get", "/chat/sessions/{chat_id}/messages", "", &[200], Stranger::NotFound),
    ("post", "/prompts/workshop/drafts/{id}/messages", r#"{"content": "shorter, please"}"#, &[200], Stranger::NotFound),
    ("get", "/prompts/workshop/drafts/{id}/proposals", "", &[200], Stranger::NotFound),
    ("post", "/prompts/workshop/drafts/{id}/proposals/{n}/accept", "{}", &[200, 409], Stranger::NotFound),
    ("post", "/prompts/workshop/drafts/{id}/proposals/{n}/reject", "", &[200, 409], Stranger::NotFound),
    (
        "post",
        "/prompts/workshop/drafts/{id}/test",
        r#"{"test_query": "How did premiums move?", "topic": "Shipping"}"#,
        &[202],
        Stranger::NotFound,
    ),
    ("get", "/prompts/workshop/drafts/{id}/tests", "", &[200], Stranger::NotFound),
    ("get", "/prompts/workshop/drafts/{id}/tests/{test_id}", "", &[200], Stranger::NotFound),
    ("get", "/prompts/workshop/drafts/{id}/tests/{test_id}/events", "", &[200], Stranger::NotFound),
    (
        "put",
        "/prompts/workshop/drafts/{id}/tests/{test_id}/feedback",
        r#"{"user_rating": 4}"#,
        &[200],
        Stranger::NotFound,
    ),
    ("post", "/prompts/workshop/drafts/{id}/tests/{test_id}/rerun", r#"{"frozen": true}"#, &[202], Stranger::NotFound),
    ("post", "/prompts/workshop/drafts/{id}/tests/{test_id}/cancel", "", &[200, 409], Stranger::NotFound),
    (
        "post",
        "/prompts/workshop/drafts/{id}/commit",
        r#"{"name": "second_prompt", "title": "A second prompt", "confirm": true}"#,
        &[201],
        Stranger::NotFound,
    ),
    ("get", "/suites", "", &[200], Stranger::Own),
    ("get", "/suites/{name}", "", &[200], Stranger::Own),
    (
        "post",
        "/suites",
        r#"{"name": "third_suite", "questions": [{"test_query": "How did premiums move?", "topic": "Shipping"}]}"#,
        // The stranger took the name.
        &[409],
        Stranger::Own,
    ),
    (
        "put",
        "/suites/{name}",
        r#"{"questions": [{"test_query": "How did premiums move?", "topic": "Shipping"}]}"#,
        &[200],
        Stranger::Forbidden,
    ),
    ("post", "/prompts/workshop/drafts/{id}/batches", r#"{"suite": "private_prompt"}"#, &[202], Stranger::NotFound),
    ("get", "/prompts/workshop/drafts/{id}/batches", "", &[200], Stranger::NotFound),
    ("get", "/prompts/workshop/drafts/{id}/batches/{batch_id}", "", &[200], Stranger::NotFound),
    ("post", "/prompts/workshop/drafts/{id}/batches/{batch_id}/cancel", "", &[409], Stranger::NotFound),
    ("get", "/tests/compare", "", &[422], Stranger::Unfit),
    ("get", "/prompts/workshop/drafts/{id}/history", "", &[200], Stranger::NotFound),
    ("delete", "/suites/{name}", "", &[200], Stranger::Forbidden),
    ("delete", "/prompts/workshop/drafts/{id}", "", &[200], Stranger::NotFound),
];

const FIRST: &str = "```prompt\nYou are an analyst. Answer from the articles, and cite every claim inline as \
                     `[Title](URL)`. Name what is uncertain.\n```";
const SECOND: &str = "```prompt\nYou are an analyst. Answer in three sentences from the articles, and cite every claim inline \
                      as `[Title](URL)`. Name what is uncertain.\n```";

/// What the table's paths are about.
struct Things {
    draft: i64,
    chat: i64,
    test: String,
    batch: String,
}

impl Things {
    fn path(&self, pattern: &str) -> String {
        pattern
            .replace("{id}", &self.draft.to_string())
            .replace("{chat_id}", &self.chat.to_string())
            .replace("{test_id}", &self.test)
            .replace("{batch_id}", &self.batch)
            .replace("{name}", "private_prompt")
            .replace("{n}", "1")
            .replace("{m}", "1")
    }
}

/// A draft with a revision, a proposal and a test; and a private prompt.
async fn things(desk: &Desk, owner: &Person) -> Things {
    let private = owner.draft().await;
    let commit =
        json!({ "name": "private_prompt", "title": "A private prompt", "visibility": "private", "confirm": true });
    owner.post(&format!("/prompts/workshop/drafts/{private}/commit"), commit).await.expect(201);
    let started = owner.post("/prompts/workshop/start", json!({})).await.expect(201);
    let draft = started["draft_id"].as_i64().unwrap();
    for reply in [FIRST, SECOND] {
        desk.model().reply(reply);
        let path = format!("/prompts/workshop/drafts/{draft}/messages");
        owner.post(&path, json!({ "content": "go on" })).await.expect(200);
    }
    desk.model().reply("Premiums rose to 0.9 percent [War-risk premiums rise](https://news.example/1).");
    let test = owner.test(draft, "How did premiums move?").await;
    // Everybody sees a suite; this one has the name of the private prompt, as all names here.
    let questions = json!([{ "test_query": "How did premiums move?", "topic": "Shipping" }]);
    owner.post("/suites", json!({ "name": "private_prompt", "questions": questions })).await.expect(201);
    let path = format!("/prompts/workshop/drafts/{draft}/batches");
    let request = owner.request(Method::POST, &path).header("prefer", "wait=60");
    let batch = owner.send(request.json(&json!({ "suite": "private_prompt" }))).await.expect(200);
    let id = |of: &Value, name: &str| of[name].as_str().unwrap().to_owned();
    let chat = started["chat_id"].as_i64().unwrap();
    Things { draft, chat, test: id(&test, "test_id"), batch: id(&batch, "batch_id") }
}

async fn status(person: &Person, method: &str, path: &str, body: &str) -> u16 {
    let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
    let request = person.request(method, path);
    let request = match serde_json::from_str::<Value>(body) {
        Ok(json) => request.json(&json),
        Err(_) => request,
    };
    person.send(request).await.status.as_u16()
}

#[tokio::test]
async fn a_stranger_finds_nothing_and_nobody_gets_in_without_a_token() {
    let desk = Desk::with_model().await;
    let (alice, bob, nobody) = (desk.person("alice").await, desk.person("bob").await, desk.anonymous());
    let things = things(&desk, &alice).await;
    for (method, pattern, body, _, stranger) in TABLE {
        let path = things.path(pattern);
        assert_eq!(status(&nobody, method, &path, body).await, 401, "{method} {pattern} without a token");
        let heard = status(&bob, method, &path, body).await;
        match stranger {
            Stranger::NotFound => assert_eq!(heard, 404, "{method} {pattern} for a stranger"),
            Stranger::Forbidden => assert_eq!(heard, 403, "{method} {pattern} for a stranger"),
            Stranger::Unfit => assert_eq!(heard, 422, "{method} {pattern} for a stranger"),
            Stranger::Own => assert!(heard < 300, "{method} {pattern} answered {heard}"),
        }
    }
    desk.model().answer_with(|_| "Shorter it is.".to_owned());
    for (method, pattern, body, owner, _) in TABLE {
        let heard = status(&alice, method, &things.path(pattern), body).await;
        assert!(owner.contains(&heard), "{method} {pattern} answered its owner {heard}");
    }
    desk.close().await;
}

#[tokio::test]
async fn the_table_has_every_endpoint_that_is_described() {
    let desk = Desk::start().await;
    let description = desk.anonymous().get("//api/openapi.json").await.expect(200);
    let described: BTreeSet<String> = description["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| methods.as_object().unwrap().keys().map(move |method| format!("{method} {path}")))
        .collect();
    let tested = TABLE.iter().map(|(method, path, ..)| format!("{method} /api/auspex{path}")).collect();
    assert_eq!(described, tested);
    desk.close().await;
}

#[tokio::test]
async fn a_colleague_sees_what_is_committed_for_the_team_and_cannot_publish_over_it() {
    let desk = Desk::start().await;
    let (alice, bob) = (desk.person("alice").await, desk.person("bob").await);
    let draft = alice.draft().await;
    let commit = json!({ "name": "team_prompt", "title": "For the team", "confirm": true });
    alice.post(&format!("/prompts/workshop/drafts/{draft}/commit"), commit.clone()).await.expect(201);
    assert_eq!(bob.get("/prompts/team_prompt").await.expect(200)["owner"], "alice");
    let clone = bob.post("/prompts/team_prompt/clone", json!({})).await.expect(201);
    let refused = bob.post(&format!("/prompts/workshop/drafts/{}/commit", clone["draft_id"]), commit.clone()).await;
    assert_eq!(refused.expect(409)["type"], "urn:prompt-workshop:problem:name-taken");
    let clone = alice.post("/prompts/team_prompt/clone", json!({})).await.expect(201);
    let path = format!("/prompts/workshop/drafts/{}/commit", clone["draft_id"]);
    assert_eq!(alice.post(&path, commit).await.expect(201)["version"], 2, "the owner publishes the next version");
    desk.close().await;
}
