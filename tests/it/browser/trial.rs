//! The page of a test: citations and their articles, progress, stars.

use crate::support::browser::{Browser, Look};
use crate::support::desk::{Desk, Person};

const QUESTION: &str = "How did war-risk premiums move?";
const ANSWER: &str = "Premiums rose to 0.9 percent [War-risk premiums rise](https://news.example/1), then fell to 0.4 percent \
                      [Nothing of the kind](https://news.example/3). Traffic halved \
                      [Elsewhere](https://elsewhere.example/x). Delays are 9 days.";

/// A draft that was tested, and the page of the test.
async fn tested(desk: &Desk, person: &Person) -> (i64, String) {
    desk.model().reply(ANSWER);
    let draft = person.draft().await;
    let test = person.test(draft, QUESTION).await;
    (draft, format!("/workshop/{draft}/tests/{}", test["test_id"].as_str().unwrap()))
}

#[tokio::test]
async fn a_click_on_a_citation_shows_the_article_and_a_click_on_a_star_rates() {
    let desk = Desk::with_model().await;
    let alice = desk.person("alice").await;
    let (draft, page) = tested(&desk, &alice).await;
    let browser = Browser::start(&desk).await;
    browser.sign_in(&desk, "alice").await;
    browser.open(&page).await;
    browser.see_in(".answer .citation.valid", "War-risk premiums rise").await;
    browser.see_in(".answer .citation.title_mismatch", "Nothing of the kind").await;
    browser.see_in(".answer .citation.unknown_url", "Elsewhere").await;
    browser.see_in(".check", "3 claims, 1 cited, 1 title mismatch, 1 unknown link").await;
    browser.click("button", "2 claims without an article it was given").await;
    browser.see_in(".verdicts details li", "Delays are 9 days.").await;
    browser.is_accessible().await;

    browser.click_on(".answer .citation.valid").await;
    browser.see_in("dialog.side", "Insurers raised war-risk premiums to 0.9 percent of hull value.").await;
    browser.is_accessible().await;
    browser.click("button", "Close").await;
    browser.gone("dialog.side").await;

    browser.click_on(".stars label:nth-of-type(4)").await;
    browser.see_in(".ratings", "alice").await;
    browser.click("button", "Add a note").await;
    browser.fill("Your note", "Where are the timelines?").await;
    browser.click("button", "Save the note").await;
    browser.see_in(".ratings", "Where are the timelines?").await;
    let api = page.replacen("/workshop/", "/prompts/workshop/drafts/", 1);
    assert_eq!(alice.get(&api).await.expect(200)["user_rating"], 4);

    // Once more, with a text that changed.
    desk.model().reply("Premiums rose to 0.9 percent [War-risk premiums rise](https://news.example/1).");
    browser.click("button", "Test the current text on the same articles").await;
    browser.see_in(".check", "1 claim, 1 cited").await;
    assert_ne!(browser.path().await.as_deref(), Some(page.as_str()));
    browser.click("button", "Compare side by side").await;
    browser.see_text("Tests side by side").await;
    browser.has_no_complaints().await;

    // Who may not see the draft is told of no test.
    desk.person("bob").await;
    browser.sign_in(&desk, "bob").await;
    browser.open(&page).await;
    browser.see_text("There is no such draft.").await;
    browser.open(&format!("/workshop/{draft}/compare?tests=x")).await;
    browser.see_text("There is no such draft.").await;
    browser.close().await;
    desk.close().await;
}

#[tokio::test]
async fn a_running_test_is_followed_to_its_end_or_cancelled() {
    let desk = Desk::with_model().await;
    let alice = desk.person("alice").await;
    let draft = alice.draft().await;
    // Whoever looks long, as a scan on a busy machine does, lets the first request run out of time; the next is answered too.
    desk.model().answer_with(|_| ANSWER.to_owned());
    desk.model().hold();
    let page = |test: String| test.replacen("/prompts/workshop/drafts/", "/workshop/", 1);
    let test = page(alice.start_test(draft, QUESTION).await);
    let browser = Browser::start(&desk).await;
    browser.sign_in(&desk, "alice").await;
    browser.open(&test).await;
    browser.see_text("The model is writing.").await;
    browser.is_accessible().await;
    desk.model().release_all();
    browser.see_in(".check", "3 claims, 1 cited").await;
    browser.gone("[data-live-text]").await;

    desk.model().hold();
    let test = page(alice.start_test(draft, QUESTION).await);
    browser.open(&test).await;
    browser.see_text("The model is writing.").await;
    browser.click("button", "Cancel the test").await;
    browser.see_text("This test was cancelled.").await;
    browser.is_accessible().await;
    desk.model().release_all();
    browser.close().await;
    desk.close().await;
}

#[tokio::test]
async fn everything_about_a_test_can_be_read_on_a_phone_in_the_dark_and_without_javascript() {
    let desk = Desk::with_model().await;
    let alice = desk.person("alice").await;
    let (_, page) = tested(&desk, &alice).await;
    let browser = Browser::with(&desk, Look::PHONE.dark()).await;
    browser.sign_in(&desk, "alice").await;
    browser.open(&page).await;
    browser.see_in(".answer .citation.valid", "War-risk premiums rise").await;
    browser.is_accessible().await;
    browser.close().await;

    let browser = Browser::with(&desk, Look::PHONE.without_scripts()).await;
    browser.sign_in(&desk, "alice").await;
    browser.open(&page).await;
    browser.see_in(".check", "3 claims, 1 cited").await;
    browser.gone(".rate").await;
    browser.click("link", "Premiums fall again").await;
    browser.see_in("#article", "War-risk premiums fell to 0.4 percent after the ceasefire.").await;
    browser.click("link", "Back to the answer").await;
    browser.arrives(&page).await;
    browser.close().await;
    desk.close().await;
}
