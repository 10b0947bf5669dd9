//! Asking a committed prompt: beginning a session, answers as they come, stars, and the way to a better prompt.

use std::time::Duration;

use crate::support::browser::{Browser, Look};
use crate::support::desk::{Desk, until};
use crate::support::model_server::Fault;

const ANSWER: &str = "They rose to 0.9 percent [War-risk premiums rise](https://news.example/1).";

#[tokio::test]
async fn a_session_is_begun_asked_rated_and_improved_from() {
    let desk = Desk::with_model().await;
    let browser = Browser::start(&desk).await;
    browser.sign_in(&desk, "alice").await;
    browser.open("/sessions").await;
    browser.see_text("You have asked nothing yet.").await;
    browser.is_accessible().await;
    desk.model().reply(ANSWER);
    browser.click_on("#begin-topic option:nth-of-type(2)").await;
    browser.fill("Question", "How did war-risk premiums move?").await;
    browser.click("button", "Ask").await;
    browser.see_in("#answers .citation.valid", "War-risk premiums rise").await;
    browser.gone("#live").await;
    browser.is_accessible().await;
    let session = browser.path().await.unwrap();

    browser.click_on("#answers .citation.valid").await;
    browser.see_in("dialog.side", "0.9 percent of hull value").await;
    browser.click("button", "Close").await;

    desk.model().hold();
    desk.model().answer_with(|_| "For tankers they doubled.".to_owned());
    browser.fill("Question", "And what about tankers?").await;
    browser.click("button", "Ask").await;
    browser.see_in("#live", "And what about tankers?").await;
    until("the model is asked", Duration::from_secs(30), || async { desk.model().at_once() > 0 }).await;
    // Who loads the page again in the middle of it finds the answer, too.
    browser.reload().await;
    browser.see_in("#answers", "The answer is on its way.").await;
    browser.is_accessible().await;
    desk.model().release_all();
    browser.see_in("#answers", "For tankers they doubled.").await;

    browser.click_on("#answers article:last-of-type .stars label:nth-of-type(2)").await;
    browser.see_in("#answers article:last-of-type .ratings", "alice").await;
    browser.has_no_complaints().await;

    browser.open("/sessions").await;
    browser.see_in(".items-list", "2 questions").await;
    browser.open(&session).await;
    browser.click("button", "Improve this prompt from this answer").await;
    browser.gone("#answers").await;
    let path = browser.path().await.unwrap_or_default();
    assert!(path.starts_with("/workshop/"), "{path}");

    browser.sign_in(&desk, "bob").await;
    browser.open(&session).await;
    browser.see_text("There is no such session.").await;
    browser.close().await;
    desk.close().await;
}

#[tokio::test]
async fn a_question_without_an_answer_is_kept_with_the_reason_and_can_be_read_without_javascript() {
    let desk = Desk::with_model().await;
    let alice = desk.person("alice").await;
    let begin = serde_json::json!({ "topic": "Shipping" });
    let chat = alice.post("/chat/sessions", begin).await.expect(201)["chat_id"].as_i64().unwrap();
    let browser = Browser::with(&desk, Look::PHONE.dark()).await;
    browser.sign_in(&desk, "alice").await;
    browser.open(&format!("/sessions/{chat}")).await;
    browser.see_text("Nothing was asked here yet.").await;
    desk.model().fault(Fault::Status { code: 400, retry_after: None, body: "{}" });
    browser.fill("Question", "How did war-risk premiums move?").await;
    browser.click("button", "Ask").await;
    browser.see_in("#answers .note.bad", "There is no answer.").await;
    browser.is_accessible().await;
    browser.close().await;

    let browser = Browser::with(&desk, Look::PHONE.without_scripts()).await;
    browser.sign_in(&desk, "alice").await;
    browser.open(&format!("/sessions/{chat}")).await;
    browser.see_in("#answers .note.bad", "There is no answer.").await;
    browser.see_text("To ask more, allow JavaScript.").await;
    browser.close().await;
    desk.close().await;
}
