//! Tests side by side, and a batch as a table that leads there.

use axum::http::Method;
use serde_json::json;

use crate::support::browser::{Browser, Look};
use crate::support::desk::{Desk, PROMPT};

#[tokio::test]
async fn two_texts_are_compared_by_their_answers_on_a_desk_and_on_a_phone() {
    let desk = Desk::start().await;
    let alice = desk.person("alice").await;
    let draft = alice.draft().await;
    let text = PROMPT.replace("financial analyst", "risk analyst");
    alice.put(&format!("/prompts/workshop/drafts/{draft}"), json!({ "draft_content": text })).await.expect(200);
    let questions = json!([{ "test_query": "How did war-risk premiums move?", "topic": "Shipping" },
        { "test_query": "How long is the queue for the grid?", "topic": "Energy" }]);
    alice.post("/suites", json!({ "name": "weekly", "questions": questions })).await.expect(201);
    let body = json!({ "suite": "weekly", "revisions": [1, 2] });
    let path = format!("/prompts/workshop/drafts/{draft}/batches");
    let run = alice.request(Method::POST, &path).header("prefer", "wait=60").json(&body);
    let batch = alice.send(run).await.expect(200)["batch_id"].as_str().unwrap().to_owned();

    for look in [Look::DESKTOP, Look::PHONE.dark()] {
        let browser = Browser::with(&desk, look).await;
        browser.sign_in(&desk, "alice").await;
        browser.open(&format!("/workshop/{draft}/batches/{batch}")).await;
        browser.see_in("h1", "Suite weekly").await;
        browser.see_in("tfoot", "2 answered").await;
        browser.is_accessible().await;
        browser.click("link", "Compare the answers to “How did war-risk premiums move?”").await;
        browser.see_in("h1", "Tests side by side").await;
        browser.see_in(".side-by-side", "War-risk premiums rise").await;
        browser.see_in(".diff ins", "risk").await;
        browser.is_accessible().await;
        browser.has_no_complaints().await;
        browser.close().await;
    }
    let browser = Browser::with(&desk, Look::PHONE.without_scripts()).await;
    browser.sign_in(&desk, "alice").await;
    browser.open(&format!("/workshop/{draft}/batches/{batch}")).await;
    browser.click("link", "Compare the answers to “How did war-risk premiums move?”").await;
    browser.see_in(".side-by-side", "War-risk premiums rise").await;
    browser.close().await;
    desk.close().await;
}
