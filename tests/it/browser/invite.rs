//! The page of a link that lets people in.

use serde_json::json;

use crate::support::browser::{Browser, Look};
use crate::support::desk::{Desk, Options};

#[tokio::test]
async fn an_invitation_is_accepted_on_its_page_by_who_is_signed_in() {
    let desk = Desk::with(Options { no_workers: true, ..Options::default() }).await;
    let alice = desk.person("alice").await;
    let draft = alice.draft().await;
    let path = format!("/prompts/workshop/drafts/{draft}/invites");
    let made = alice.post(&path, json!({ "access": "commenter" })).await.expect(201);
    let page = format!("/invite/{}", made["code"].as_str().unwrap());

    let browser = Browser::with(&desk, Look::PHONE.without_scripts()).await;
    browser.open(&page).await;
    browser.click("link", "Sign in first").await;
    browser.see_text(&format!("Then open {page} again.")).await;
    browser.sign_in(&desk, "bob").await;
    browser.open(&page).await;
    browser.see_text("Come in as bob").await;
    browser.click("button", "Accept the invitation").await;
    browser.arrives(&format!("/workshop/{draft}")).await;

    let id = made["invite_id"].as_str().unwrap();
    alice.delete(&format!("{path}/{id}")).await.expect(200);
    browser.open(&page).await;
    browser.see_text("This invitation does not work any more").await;
    browser.close().await;

    let made = alice.post(&path, json!({ "access": "viewer" })).await.expect(201);
    let browser = Browser::start(&desk).await;
    browser.open(&format!("/invite/{}", made["code"].as_str().unwrap())).await;
    browser.is_accessible().await;
    browser.sign_in(&desk, "carol").await;
    browser.open(&format!("/invite/{}", made["code"].as_str().unwrap())).await;
    browser.is_accessible().await;
    browser.close().await;
    desk.close().await;
}
