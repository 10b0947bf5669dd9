//! The first page: what this is, a new workshop, and what one works on.

use axum::http::Method;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::browser::{Browser, Look};
use crate::support::desk::{Desk, PROMPT};

const WISH: &str = "A briefing on war-risk premiums for insurers, half a page";

#[tokio::test]
async fn whoever_comes_sees_what_this_is_and_how_to_come_in() {
    let desk = Desk::start().await;
    let browser = Browser::start(&desk).await;
    for dark in [false, true] {
        browser.prefer(dark, false).await;
        browser.open("/").await;
        browser.see_text("Prompt Workshop has no passwords.").await;
        browser.is_accessible().await;
    }
    browser.resize(360, 740).await;
    browser.is_accessible().await;
    let nobody = desk.anonymous();
    let page = nobody.send(nobody.request(Method::GET, "//")).await.expect(200);
    assert!(page.as_str().unwrap().contains("Prompt Workshop"));
    browser.has_no_complaints().await;
    browser.close().await;
    desk.close().await;
}

#[tokio::test]
async fn an_example_becomes_a_workshop_with_one_click() {
    let desk = Desk::start().await;
    let browser = Browser::start(&desk).await;
    browser.sign_in(&desk, "alice").await;
    browser.see_text("You have no workshop yet.").await;
    for dark in [false, true] {
        browser.prefer(dark, false).await;
        browser.is_accessible().await;
    }
    browser.click_on("button.example").await;
    browser.arrives("/workshop/1").await;
    let alice = desk.person("alice").await;
    let chat = alice.get("/prompts/workshop/drafts/1").await.expect(200)["chat_id"].clone();
    let said = alice.get(&format!("/chat/sessions/{chat}/messages")).await.expect(200);
    assert!(said.to_string().contains("how banks, insurers and their rivals adopt AI"), "{said}");

    browser.open("/").await;
    browser.fill("What should the prompt do?", WISH).await;
    browser.click("button", "Start the workshop").await;
    browser.arrives("/workshop/2").await;
    browser.open("/").await;
    browser.see("#draft-1").await;
    browser.see("#draft-2").await;
    browser.has_no_complaints().await;
    browser.close().await;
    desk.close().await;
}

#[tokio::test]
async fn a_workshop_begins_without_javascript_and_a_refusal_keeps_what_was_written() {
    let desk = Desk::with(crate::support::desk::Options {
        settings: vec![("LIMITS__DRAFTS_PER_USER", "2".to_owned())],
        no_workers: true,
        ..Default::default()
    })
    .await;
    let browser = Browser::with(&desk, Look::PHONE.without_scripts()).await;
    browser.sign_in(&desk, "alice").await;
    browser.fill("What should the prompt do?", WISH).await;
    browser.click("button", "Start the workshop").await;
    browser.arrives("/workshop/1").await;
    browser.open("/").await;
    browser.click_on("button.example").await;
    browser.arrives("/workshop/2").await;
    browser.open("/").await;
    browser.fill("What should the prompt do?", WISH).await;
    browser.click("button", "Start the workshop").await;
    browser.see_text("No workshop was started. You can have 2 drafts at a time.").await;
    let kept = browser.see("#requirements").await.text().await.unwrap();
    assert_eq!(kept, WISH);
    browser.close().await;
    desk.close().await;
}

#[tokio::test]
async fn the_list_says_whose_a_workshop_is_filters_and_renews_itself() {
    let desk = Desk::start().await;
    let (alice, bob) = (desk.person("alice").await, desk.person("bob").await);
    let old = alice.draft().await;
    desk.clock.advance(TimeDelta::days(24));
    let shared = bob.draft().await;
    let share = json!({ "person": "alice", "access": "viewer" });
    bob.put(&format!("/prompts/workshop/drafts/{shared}/shares"), share).await.expect(200);
    let commit = json!({ "name": "port_prompt", "title": "Ports and premiums", "visibility": "team", "confirm": true });
    let second = bob.draft().await;
    bob.post(&format!("/prompts/workshop/drafts/{second}/commit"), commit).await.expect(201);

    let browser = Browser::start(&desk).await;
    browser.sign_in(&desk, "alice").await;
    browser.see_in("li", "Shared by bob").await;
    browser.see_in("li .badge.warn", "Expires").await;
    browser.see_text("Ports and premiums").await;
    for dark in [false, true] {
        browser.prefer(dark, false).await;
        browser.is_accessible().await;
    }
    browser.resize(360, 740).await;
    browser.is_accessible().await;
    browser.resize(1280, 800).await;

    browser.click("link", "Testing").await;
    browser.arrives("/?status=testing").await;
    browser.see_text("No workshop here.").await;
    browser.click("link", "Show all workshops").await;
    browser.see(&format!("#draft-{old}")).await;

    let start = json!({ "starting_prompt": PROMPT, "draft_name": "Made in the terminal" });
    let made: Value = alice.post("/prompts/workshop/start", start).await.expect(201);
    browser.see_in(&format!("#draft-{}", made["draft_id"]), "Made in the terminal").await;
    browser.has_no_complaints().await;
    browser.close().await;
    desk.close().await;
}
