//! The library: finding a prompt, reading it, its versions and family, using it and sharing it.

use serde_json::json;

use crate::support::browser::{Browser, Look};
use crate::support::desk::{Desk, PROMPT, Person};

/// A prompt with two versions and a clone.
async fn committed(person: &Person) {
    let commit = |draft| format!("/prompts/workshop/drafts/{draft}/commit");
    let draft = person.draft().await;
    let body = json!({ "name": "shipping_risks", "title": "Shipping risks", "description": "For the weekly memo.",
        "confirm": true });
    person.post(&commit(draft), body).await.expect(201);
    person.put("/prompts/shipping_risks", json!({ "tags": ["risk"] })).await.expect(200);
    let next = person.post("/prompts/shipping_risks/clone", json!({ "as_version": true })).await.expect(201);
    let next = next["draft_id"].as_i64().unwrap();
    let text = PROMPT.replace("for executives", "for ship owners");
    person.put(&format!("/prompts/workshop/drafts/{next}"), json!({ "draft_content": text })).await.expect(200);
    let body = json!({ "name": "shipping_risks", "title": "Shipping risks", "description": "For the weekly memo.",
        "note": "Owners read it", "confirm": true });
    person.post(&commit(next), body).await.expect(201);
    let clone = person.post("/prompts/shipping_risks/clone", json!({})).await.expect(201)["draft_id"].as_i64().unwrap();
    let body = json!({ "name": "port_risks", "title": "Port risks", "confirm": true });
    person.post(&commit(clone), body).await.expect(201);
}

const TABS: [&str; 7] = ["text", "versions", "evidence", "family", "use", "sharing", "comments"];

#[tokio::test]
async fn a_prompt_is_found_read_labelled_commented_and_cloned() {
    let desk = Desk::start().await;
    let alice = desk.person("alice").await;
    committed(&alice).await;
    let browser = Browser::start(&desk).await;
    browser.sign_in(&desk, "alice").await;
    browser.open("/library").await;
    browser.see_text("Auspex default").await;
    browser.is_accessible().await;
    browser.open("/library?query=nothing+like+this").await;
    browser.see_text("No prompt fits.").await;
    browser.open("/library?query=owners&tag=risk").await;
    browser.text_gone("Auspex default").await;
    browser.click("link", "Shipping risks").await;
    browser.arrives("/library/shipping_risks").await;
    browser.see_in(".prompt-text", "for ship owners").await;

    browser.click("link", "Versions").await;
    browser.click("button", "Compare").await;
    browser.see_in(".diff ins", "ship owners").await;
    browser.see_in(".diff del", "executives").await;
    browser.fill("New label", "production").await;
    browser.click("button", "Set the label").await;
    browser.see_text("production → 2").await;

    browser.click("link", "Family").await;
    browser.see_in(".family ul", "Port risks").await;
    browser.see_in(".family [aria-current]", "Shipping risks").await;

    browser.click("link", "Comments").await;
    browser.fill("Your comment", "Good for Mondays.").await;
    browser.click("button", "Comment").await;
    browser.see_in(".comments", "Good for Mondays.").await;

    browser.click("button", "More").await;
    browser.click("button", "Edit title and tags").await;
    browser.fill("Title", "Shipping risks, weekly").await;
    browser.is_accessible().await;
    browser.click("button", "Save").await;
    browser.see_in("h1", "Shipping risks, weekly").await;

    browser.click("button", "Start a workshop from it").await;
    browser.gone("#prompt").await;
    let path = browser.path().await.unwrap_or_default();
    assert!(path.starts_with("/workshop/"), "{path}");
    browser.has_no_complaints().await;
    browser.close().await;
    desk.close().await;
}

#[tokio::test]
async fn who_only_reads_a_prompt_is_offered_only_that() {
    let desk = Desk::start().await;
    let alice = desk.person("alice").await;
    committed(&alice).await;
    let browser = Browser::start(&desk).await;
    browser.sign_in(&desk, "bob").await;
    browser.open("/library/shipping_risks?tab=sharing").await;
    browser.see_in(".facts", "alice").await;
    browser.gone("#add-person").await;
    browser.open("/library/shipping_risks?tab=versions").await;
    browser.see_text("All versions").await;
    browser.gone("#new-label").await;
    browser.open("/library/shipping_risks?version=9").await;
    browser.see_text("version is unknown; the newest of shipping_risks is 2").await;
    alice.put("/prompts/shipping_risks/visibility", json!({ "visibility": "private" })).await.expect(200);
    browser.open("/library/shipping_risks").await;
    browser.see_text("There is no such prompt.").await;

    browser.sign_in(&desk, "alice").await;
    browser.open("/library/shipping_risks?tab=sharing").await;
    browser.fill("Name", "bob").await;
    browser.click_on("#add-person button").await;
    browser.see_in(".items-list", "bob").await;
    browser.click("button", "Make a link").await;
    browser.see_in("#add-invite output", "/invite/").await;
    browser.close().await;
    desk.close().await;
}

#[tokio::test]
async fn every_part_of_a_prompt_can_be_read_in_the_dark_on_a_phone_and_without_javascript() {
    let desk = Desk::start().await;
    let alice = desk.person("alice").await;
    committed(&alice).await;
    let comment = json!({ "text": "Good for Mondays." });
    alice.post("/prompts/shipping_risks/comments", comment).await.expect(201);
    for look in [Look::DESKTOP, Look::PHONE.dark()] {
        let browser = Browser::with(&desk, look).await;
        browser.sign_in(&desk, "alice").await;
        for tab in TABS {
            browser.open(&format!("/library/shipping_risks?tab={tab}")).await;
            browser.see(".tab-body").await;
            browser.is_accessible().await;
        }
        browser.open("/library").await;
        browser.is_accessible().await;
        browser.has_no_complaints().await;
        browser.close().await;
    }
    let browser = Browser::with(&desk, Look::PHONE.without_scripts()).await;
    browser.sign_in(&desk, "alice").await;
    browser.open("/library/shipping_risks").await;
    for (link, text) in [
        ("Versions", "Owners read it"),
        ("Evidence", "This text was not tested"),
        ("Family", "Port risks"),
        ("Use it", "/workshop ask shipping_risks"),
        ("Sharing", "It is shared with nobody by name."),
        ("Comments", "Good for Mondays."),
    ] {
        browser.click("link", link).await;
        browser.see_in(".tab-body", text).await;
    }
    browser.close().await;
    desk.close().await;
}
