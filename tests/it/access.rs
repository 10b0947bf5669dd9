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
    ("put", "/topics/{name}", r#"{"description": "About ships"}"#, &[403], Stranger::Forbidden),
    ("post", "/articles", "[]", &[403], Stranger::Forbidden),
    ("get", "/feeds", "", &[200], Stranger::Own),
    ("post", "/feeds", r#"{"url": "https://feeds.example/a", "topic": "Shipping"}"#, &[403], Stranger::Forbidden),
    ("delete", "/feeds/{id}", "", &[403], Stranger::Forbidden),
    ("post", "/feeds/{id}/poll", "", &[403], Stranger::Forbidden),
    ("get", "/tokens", "", &[200], Stranger::Own),
    ("post", "/tokens", r#"{"name": "Nightly report"}"#, &[201], Stranger::Own),
    ("delete", "/tokens/{token_id}", "", &[200], Stranger::NotFound),
    ("post", "/prompts/workshop/start", "{}", &[201], Stranger::Own),
    ("get", "/prompts/workshop/drafts", "", &[200], Stranger::Own),
    ("get", "/prompts", "", &[200], Stranger::Own),
    ("get", "/prompts/{name}", "", &[200], Stranger::NotFound),
    ("get", "/prompts/{name}/export", "", &[200], Stranger::NotFound),
    ("post", "/prompts/import", "[]", &[200], Stranger::Own),
    ("post", "/prompts/{name}/push", "{}", &[422], Stranger::NotFound),
    ("get", "/prompts/{name}/pushes", "", &[200], Stranger::NotFound),
    ("get", "/prompts/{name}/pushes/{push_id}", "", &[404], Stranger::NotFound),
    ("post", "/prompts/{name}/clone", "{}", &[201], Stranger::NotFound),
    ("put", "/prompts/{name}", r#"{"title": "Another title"}"#, &[200], Stranger::NotFound),
    ("get", "/prompts/{name}/family", "", &[200], Stranger::NotFound),
    ("get", "/prompts/{name}/versions", "", &[200], Stranger::NotFound),
    ("get", "/prompts/{name}/versions/{n}", "", &[200], Stranger::NotFound),
    ("get", "/prompts/{name}/versions/{n}/diff/{m}", "", &[200], Stranger::NotFound),
    ("put", "/prompts/{name}/labels/{label}", r#"{"version": 1}"#, &[200], Stranger::NotFound),
    ("delete", "/prompts/{name}/labels/{label}", "", &[200], Stranger::NotFound),
    ("post", "/prompts/{name}/revert", r#"{"version": 1}"#, &[422], Stranger::NotFound),
    ("post", "/chat/sessions", r#"{"topic": "Shipping"}"#, &[201], Stranger::Own),
    ("get", "/chat/sessions", "", &[200], Stranger::Own),
    (
        "post",
        "/chat/message",
        r#"{"chat_id": {session_id}, "message": "And for tankers?"}"#,
        &[200],
        Stranger::NotFound,
    ),
    ("get", "/chat/sessions/{session_id}", "", &[200], Stranger::NotFound),
    (
        "put",
        "/chat/sessions/{session_id}/answers/{answer_id}/feedback",
        r#"{"user_rating": 4}"#,
        &[200],
        Stranger::NotFound,
    ),
    ("post", "/chat/sessions/{session_id}/answers/{answer_id}/improve", "{}", &[201], Stranger::NotFound),
    ("get", "/prompts/workshop/drafts/{id}", "", &[200], Stranger::NotFound),
    ("put", "/prompts/workshop/drafts/{id}", r#"{"draft_name": "Renamed"}"#, &[200], Stranger::NotFound),
    ("get", "/prompts/workshop/drafts/{id}/revisions", "", &[200], Stranger::NotFound),
    ("get", "/prompts/workshop/drafts/{id}/revisions/{n}", "", &[200], Stranger::NotFound),
    ("post", "/prompts/workshop/drafts/{id}/revisions/{n}/use", "", &[200], Stranger::NotFound),
    ("get", "/prompts/workshop/drafts/{id}/revisions/{n}/diff/{m}", "", &[200], Stranger::NotFound),
    ("get", "/prompts/workshop/drafts/{id}/events", "", &[200], Stranger::NotFound),
    ("get", "/chat/sessions/{chat_id}/messages", "", &[200], Stranger::NotFound),
    ("post", "/prompts/workshop/drafts/{id}/messages", r#"{"content": "shorter, please"}"#, &[200], Stranger::NotFound),
    ("post", "/prompts/workshop/drafts/{id}/messages/{message_id}/answers", "{}", &[404], Stranger::NotFound),
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
    ("get", "/prompts/{name}/shares", "", &[200], Stranger::NotFound),
    ("put", "/prompts/{name}/shares", r#"{"person": "carol", "access": "viewer"}"#, &[200], Stranger::NotFound),
    ("delete", "/prompts/{name}/shares/{kind}/{holder}", "", &[200], Stranger::NotFound),
    ("post", "/prompts/{name}/leave", "", &[422], Stranger::NotFound),
    ("post", "/prompts/{name}/transfer", r#"{"to": "alice"}"#, &[200], Stranger::NotFound),
    ("put", "/prompts/{name}/visibility", r#"{"visibility": "private"}"#, &[200], Stranger::NotFound),
    ("get", "/prompts/{name}/invites", "", &[200], Stranger::NotFound),
    ("post", "/prompts/{name}/invites", r#"{"access": "viewer"}"#, &[201], Stranger::NotFound),
    ("delete", "/prompts/{name}/invites/{invite_id}", "", &[200], Stranger::NotFound),
    ("get", "/prompts/{name}/comments", "", &[200], Stranger::NotFound),
    ("post", "/prompts/{name}/comments", r#"{"text": "Good."}"#, &[201], Stranger::NotFound),
    ("delete", "/prompts/{name}/comments/{comment_id}", "", &[200], Stranger::NotFound),
    ("get", "/prompts/{name}/activity", "", &[200], Stranger::NotFound),
    ("get", "/prompts/workshop/drafts/{id}/shares", "", &[200], Stranger::NotFound),
    (
        "put",
        "/prompts/workshop/drafts/{id}/shares",
        r#"{"person": "carol", "access": "viewer"}"#,
        &[200],
        Stranger::NotFound,
    ),
    ("delete", "/prompts/workshop/drafts/{id}/shares/{kind}/{holder}", "", &[200], Stranger::NotFound),
    ("post", "/prompts/workshop/drafts/{id}/leave", "", &[422], Stranger::NotFound),
    ("post", "/prompts/workshop/drafts/{id}/transfer", r#"{"to": "alice"}"#, &[200], Stranger::NotFound),
    ("put", "/prompts/workshop/drafts/{id}/visibility", r#"{"visibility": "private"}"#, &[200], Stranger::NotFound),
    ("get", "/prompts/workshop/drafts/{id}/invites", "", &[200], Stranger::NotFound),
    ("post", "/prompts/workshop/drafts/{id}/invites", r#"{"access": "viewer"}"#, &[201], Stranger::NotFound),
    ("delete", "/prompts/workshop/drafts/{id}/invites/{invite_id}", "", &[200], Stranger::NotFound),
    ("get", "/prompts/workshop/drafts/{id}/comments", "", &[200], Stranger::NotFound),
    ("post", "/prompts/workshop/drafts/{id}/comments", r#"{"text": "Good."}"#, &[201], Stranger::NotFound),
    ("delete", "/prompts/workshop/drafts/{id}/comments/{comment_id}", "", &[200], Stranger::NotFound),
    ("get", "/prompts/workshop/drafts/{id}/activity", "", &[200], Stranger::NotFound),
    ("post", "/invites/accept", r#"{"code": "no such code"}"#, &[404], Stranger::NotFound),
    ("get", "/activity", "", &[403], Stranger::Forbidden),
    ("get", "/teams", "", &[200], Stranger::Own),
    ("post", "/teams", r#"{"name": "desk"}"#, &[403], Stranger::Forbidden),
    ("put", "/teams/{team}/members/{person}", "", &[403], Stranger::Forbidden),
    ("delete", "/teams/{team}/members/{person}", "", &[403], Stranger::Forbidden),
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
    ("delete", "/chat/sessions/{session_id}", "", &[200], Stranger::NotFound),
    ("delete", "/prompts/{name}", "", &[200], Stranger::NotFound),
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
    session: i64,
    answer: String,
    /// Of the prompt, and of the draft.
    invites: [String; 2],
    comments: [String; 2],
    batch: String,
    token: String,
}

impl Things {
    fn path(&self, pattern: &str) -> String {
        let which = usize::from(pattern.contains("/drafts/"));
        pattern
            .replace("{invite_id}", &self.invites[which])
            .replace("{comment_id}", &self.comments[which])
            .replace("{token_id}", &self.token)
            .replace("{kind}", "person")
            .replace("{holder}", "carol")
            .replace("{team}", "everyone")
            .replace("{person}", "carol")
            .replace("{id}", &self.draft.to_string())
            .replace("{message_id}", &self.test)
            .replace("{chat_id}", &self.chat.to_string())
            .replace("{test_id}", &self.test)
            .replace("{batch_id}", &self.batch)
            .replace("{name}", "private_prompt")
            .replace("{session_id}", &self.session.to_string())
            .replace("{answer_id}", &self.answer)
            .replace("{label}", "candidate")
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
    let id = |body: &Value, name: &str| body[name].as_str().unwrap().to_owned();
    let (mut invites, mut comments) = (Vec::new(), Vec::new());
    for base in ["/prompts/private_prompt".to_owned(), format!("/prompts/workshop/drafts/{draft}")] {
        let invite = owner.post(&format!("{base}/invites"), json!({ "access": "viewer" })).await.expect(201);
        invites.push(id(&invite, "invite_id"));
        let comment = owner.post(&format!("{base}/comments"), json!({ "text": "Mine." })).await.expect(201);
        comments.push(id(&comment, "comment_id"));
    }
    let (invites, comments) = (invites.try_into().unwrap(), comments.try_into().unwrap());
    let begin = json!({ "topic": "Shipping", "prompt_name": "private_prompt" });
    let session = owner.post("/chat/sessions", begin).await.expect(201)["chat_id"].as_i64().unwrap();
    owner.post("/chat/message", json!({ "chat_id": session, "message": "How did premiums move?" })).await.expect(200);
    let answers = owner.get(&format!("/chat/sessions/{session}")).await.expect(200);
    let answer = id(&answers["answers"][0], "answer_id");
    let chat = started["chat_id"].as_i64().unwrap();
    // Everybody sees a suite; this one has the name of the private prompt, as all names here.
    let questions = json!([{ "test_query": "How did premiums move?", "topic": "Shipping" }]);
    owner.post("/suites", json!({ "name": "private_prompt", "questions": questions })).await.expect(201);
    let path = format!("/prompts/workshop/drafts/{draft}/batches");
    let request = owner.request(Method::POST, &path).header("prefer", "wait=60");
    let batch = owner.send(request.json(&json!({ "suite": "private_prompt" }))).await.expect(200);
    let (test, batch) = (id(&test, "test_id"), id(&batch, "batch_id"));
    let token = id(&owner.post("/tokens", json!({ "name": "Spare" })).await.expect(201), "token_id");
    Things { draft, chat, test, batch, session, answer, invites, comments, token }
}

async fn status(person: &Person, method: &str, path: &str, body: &str) -> u16 {
    let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
    let request = person.request(method, path);
    let request = match serde_json::from_str::<Value>(body) {
        Ok(json) => request.json(&json),
        Err(_) => request,
    };
    if path.ends_with("/events") && !path.contains("/tests/") {
        // It does not end.
        return request.send().await.unwrap().status().as_u16();
    }
    person.send(request).await.status.as_u16()
}

#[tokio::test]
async fn a_stranger_finds_nothing_and_nobody_gets_in_without_a_token() {
    let desk = Desk::with_model().await;
    let (alice, bob, nobody) = (desk.person("alice").await, desk.person("bob").await, desk.anonymous());
    desk.person("carol").await;
    let things = things(&desk, &alice).await;
    for (method, pattern, body, _, stranger) in TABLE {
        let path = things.path(pattern);
        let body = &things.path(body);
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
        let heard = status(&alice, method, &things.path(pattern), &things.path(body)).await;
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
    let named = |path: &str| path.replace("{session_id}", "{chat_id}");
    let tested = TABLE.iter().map(|(method, path, ..)| format!("{method} /api/auspex{}", named(path))).collect();
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
