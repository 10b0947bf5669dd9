//! API tokens and signed-in browsers, on the page of settings.

use secrecy::SecretString;
use serde_json::Value;

use crate::support::browser::{Browser, Look};
use crate::support::desk::{Desk, Person};

#[tokio::test]
async fn a_token_is_made_used_and_revoked() {
    let desk = Desk::start().await;
    let browser = Browser::start(&desk).await;
    browser.sign_in(&desk, "alice").await;
    browser.click("button", "alice").await;
    browser.click("link", "API tokens").await;
    browser.arrives("/settings/tokens").await;
    browser.see_text("You have no token.").await;
    browser.is_accessible().await;

    browser.fill("Name", "Nightly report").await;
    browser.click("button", "Create the token").await;
    browser.see_text("it is not shown again").await;
    browser.is_accessible().await;
    browser.prefer(true, false).await;
    browser.is_accessible().await;
    browser.prefer(false, false).await;
    let secret = browser.script("return document.getElementById('new-token').value").await;
    let Value::String(secret) = secret else { panic!("{secret} is no token") };
    let report = Person::at(desk.base().to_owned(), SecretString::from(secret.clone()));
    report.get("/prompts/workshop/drafts").await.expect(200);

    browser.open("/settings/tokens").await;
    browser.see_in("#tokens strong", "Nightly report").await;
    assert!(!browser.texts("body").await.concat().contains(&secret));
    browser.resize(360, 740).await;
    browser.is_accessible().await;
    browser.resize(1280, 800).await;
    browser.click("button", "Revoke Nightly report").await;
    browser.see_text("Programs that use it are refused at once.").await;
    browser.click("button", "Revoke").await;
    browser.see_text("You have no token.").await;
    report.get("/prompts/workshop/drafts").await.expect(401);
    browser.has_no_complaints().await;
    browser.close().await;
    desk.close().await;
}

#[tokio::test]
async fn without_javascript_a_token_is_made_and_other_browsers_are_signed_out() {
    let desk = Desk::start().await;
    let browser = Browser::with(&desk, Look::PHONE.without_scripts()).await;
    let other = Browser::start(&desk).await;
    browser.sign_in(&desk, "alice").await;
    other.sign_in(&desk, "alice").await;
    browser.open("/settings/tokens").await;
    browser.fill("Name", "Nightly report").await;
    browser.click("button", "Create the token").await;
    browser.see("#new-token").await;
    browser.click("button", "Sign out everywhere else").await;
    browser.arrives("/settings/tokens").await;
    assert_eq!(browser.texts(".badge.good").await, ["This browser"]);
    other.open("/settings/tokens").await;
    other.arrives("/sign-in?next=%2Fsettings%2Ftokens").await;
    other.close().await;
    browser.close().await;
    desk.close().await;
}
