//! The workbench: from the sign-in link to a committed prompt, with everything that happens meanwhile.

use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::json;
use thirtyfour::Key;

use crate::support::browser::{Browser, Look};
use crate::support::desk::{Desk, PROMPT, Person};
use crate::support::model_server::Fault;
use crate::support::program::Program;

const FIRST_DRAFT: &str = "Here is a draft.\n\n```prompt\nYou are a financial analyst for executives.\n\n## Task\nName the main risks and when \
                           they bite.\n\n## Citations\nCite every claim inline as `[Title](URL)`.\n```\n\nShall I add timelines?";

const SECOND_DRAFT: &str = "I made it sharper.\n\n```prompt\nYou are a financial analyst for the board.\n\n## Task\nName the main risks with a timeline for \
                            each.\n\n## Citations\nCite every claim inline as `[Title](URL)`.\n```\n\nChanges:\n- The board reads it.\n- Timelines are asked for now.";

const ANSWER: &str = "Premiums rose to 0.9 percent [War-risk premiums rise](https://news.example/1). They reached 3 \
                      percent [Elsewhere](https://other.example/x).";

#[tokio::test]
async fn a_newcomer_gets_from_the_sign_in_link_to_a_committed_prompt() {
    let desk = Desk::with_model().await;
    let browser = Browser::start(&desk).await;
    browser.sign_in(&desk, "alice").await;

    // The home page asks what is needed.
    browser.fill("What should the prompt do?", "I need executive-level financial analysis with risk focus").await;
    browser.click("button", "Start the workshop").await;
    browser.see("#panels").await;
    browser.see_text("executive-level financial analysis").await;

    // What the assistant asks is left to it; its first draft fills the empty draft.
    desk.model().reply(FIRST_DRAFT);
    browser.fill("Message to the assistant", "decide for me").await;
    browser.click("button", "Send").await;
    browser.see_text("Open revision 1").await;
    browser.see_in("#head", "Revision 1").await;
    browser.see_in("#draft-tab", "You are a financial analyst").await;

    // Every later one is a proposal: one change is accepted, the other is not.
    desk.model().reply(SECOND_DRAFT);
    browser.fill("Message to the assistant", "make the timelines stronger").await;
    browser.press(Key::Enter).await;
    browser.see_text("Change 2, line 4: Timelines are asked for now.").await;
    browser.click("checkbox", "Change 1, line 1: The board reads it.").await;
    browser.click("button", "Accept the ticked changes").await;
    browser.see_text("Accepted in part by alice, as revision 2.").await;
    browser.see_in("#draft-tab", "with a timeline for each").await;
    browser.see_in("#draft-tab", "analyst for executives").await;

    // A test, its citations, and what one thinks of it.
    desk.model().reply(ANSWER);
    browser.click("tab", "Test").await;
    browser.fill("Question", "How did war-risk premiums move?").await;
    browser.click("button", "Run the test").await;
    browser.see_in("#test-result", "2 claims, 1 cited, 1 unknown link").await;
    browser.see_in("#test-result .citation.valid", "War-risk premiums rise").await;
    browser.see_in("#test-result .citation.unknown_url", "Elsewhere").await;
    browser.click_on("#test-result .stars label:nth-of-type(4)").await;
    browser.see_in("#test-result", "1 rating").await;
    browser.is_accessible().await;
    browser.click("tab", "History").await;
    browser.see_in("#history", "How did war-risk premiums move?").await;
    browser.is_accessible().await;

    // Into the library.
    browser.click("button", "Commit…").await;
    browser.fill("Name", "financial_risk_executive").await;
    browser.fill("Title", "Financial risk for executives").await;
    browser.is_accessible().await;
    browser.click("button", "Commit").await;
    browser.arrives("/library/financial_risk_executive").await;
    browser.see_text("Financial risk for executives").await;
    browser.has_no_complaints().await;
    browser.close().await;
    desk.close().await;
}

#[tokio::test]
async fn words_appear_as_they_are_written() {
    let desk = Desk::with_model().await;
    let alice = desk.person("alice").await;
    let draft = alice.draft().await;
    let browser = Browser::start(&desk).await;
    browser.sign_in(&desk, "alice").await;
    browser.open(&format!("/workshop/{draft}")).await;
    browser.see_in("#live", "Live").await;

    let long: String = (1..=60).map(|number| format!("word{number} ")).collect();
    desk.model().fault(Fault::Slow { per_delta: Duration::from_millis(60) });
    desk.model().reply(&long);
    browser.fill("Message to the assistant", "say much").await;
    browser.press(Key::Enter).await;
    browser.see_in("#streamed", "word3").await;
    assert!(!browser.texts("#conversation").await.concat().contains("word60"), "it is not all there yet");
    browser.see_in("#conversation .prose", "word60").await;
    browser.gone("#streamed").await;

    desk.model().fault(Fault::Slow { per_delta: Duration::from_millis(60) });
    desk.model().reply(&long);
    browser.click("tab", "Test").await;
    browser.fill("Question", "How did war-risk premiums move?").await;
    browser.click("button", "Run the test").await;
    browser.see_in("#test-streamed", "word3").await;
    // Reloaded in the middle, the page goes on with it.
    browser.reload().await;
    browser.see_in("#test-result .badge", "running").await;
    browser.see_in("#test-result .prose", "word60").await;
    browser.has_no_complaints().await;
    browser.close().await;
    desk.close().await;
}

#[tokio::test]
async fn what_others_do_shows_within_a_second_and_a_commit_ends_it() {
    let desk = Desk::with_model().await;
    let alice = desk.person("alice").await;
    let draft = alice.draft().await;
    let path = format!("/prompts/workshop/drafts/{draft}");
    let browser = Browser::start(&desk).await;
    browser.sign_in(&desk, "alice").await;
    browser.open(&format!("/workshop/{draft}")).await;
    browser.see_in("#live", "Live").await;

    alice.put(&path, json!({ "draft_content": format!("{PROMPT}\nBe brief.") })).await.expect(200);
    browser.see_in("#head", "Revision 2").await;
    browser.see_in("#draft-tab", "Be brief.").await;
    desk.model().reply("Gladly.");
    alice.post(&format!("{path}/messages"), json!({ "content": "hello from elsewhere" })).await.expect(200);
    browser.see_in("#conversation", "hello from elsewhere").await;
    browser.see_in("#conversation", "Gladly.").await;
    desk.model().reply(ANSWER);
    alice.test(draft, "How did war-risk premiums move?").await;
    browser.click("tab", "History").await;
    browser.see_in("#history", "How did war-risk premiums move?").await;
    let commit = json!({ "name": "from_elsewhere", "title": "From elsewhere", "confirm": true });
    alice.post(&format!("{path}/commit"), commit).await.expect(201);
    browser.see_in("#head", "Version 1 of from_elsewhere").await;
    browser.has_no_complaints().await;
    browser.close().await;
    desk.close().await;
}

#[tokio::test]
async fn a_page_that_is_open_outlives_a_restart_of_the_service() {
    let desk = Desk::start().await;
    let draft = desk.person("alice").await.draft().await;
    let address = free_address().await;
    let program = Program::beside(desk.database.clone()).set("HTTP__LISTEN", &address);
    let first = program.serve().await;
    let browser = Browser::at(&format!("http://{address}"), Look::DESKTOP).await;
    browser.sign_in_with(desk.login_code("alice").await.expose_secret()).await;
    browser.open(&format!("/workshop/{draft}")).await;
    browser.see_in("#live", "Live").await;
    browser.fill("Message to the assistant", "shorter, please").await;

    first.kill().await;
    browser.see_in("#live", "Reconnecting").await;
    browser.press(Key::Enter).await;
    browser.see_text("The service cannot be reached.").await;
    let second = program.serve().await;
    browser.see_in("#live", "Live").await;
    let kept = browser.script("return document.getElementById('say').value").await;
    assert_eq!(kept, "shorter, please", "what was typed is kept");
    browser.click("button", "Send").await;
    browser.see_in("#conversation .person", "shorter, please").await;
    browser.close().await;
    second.stop().await;
    desk.close().await;
    program.close().await;
}

/// An address on this machine where nobody listens.
async fn free_address() -> String {
    tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string()
}

#[tokio::test]
async fn everything_can_be_done_with_the_keyboard_alone() {
    let desk = Desk::with_model().await;
    let draft = desk.person("alice").await.draft().await;
    let browser = Browser::start(&desk).await;
    browser.sign_in(&desk, "alice").await;
    browser.open(&format!("/workshop/{draft}")).await;
    browser.see_in("#live", "Live").await;

    desk.model().reply("Gladly.");
    browser.tab_to("Message to the assistant").await;
    browser.write("hello").await;
    browser.press(Key::Enter).await;
    browser.see_in("#conversation", "Gladly.").await;
    browser.tab_to("Width of the conversation").await;
    let width = "return document.querySelector('.panel.left').getBoundingClientRect().width";
    let before = browser.script(width).await.as_f64().unwrap();
    browser.press(Key::Left).await;
    assert!(browser.script(width).await.as_f64().unwrap() < before, "the divider moved");
    browser.tab_to("Draft").await;
    browser.press(Key::Right).await;
    assert_eq!(browser.focus().await, "Test");
    browser.press(Key::Enter).await;
    browser.see("#test-form").await;
    browser.tab_to("Question").await;
    browser.write("How did war-risk premiums move?").await;
    desk.model().reply(ANSWER);
    browser.tab_to("Run the test").await;
    browser.press(Key::Enter).await;
    browser.see_in("#test-result", "2 claims, 1 cited, 1 unknown link").await;
    browser.close().await;
    desk.close().await;
}

#[tokio::test]
async fn it_can_be_read_without_scripts_and_on_a_phone() {
    let desk = Desk::with_model().await;
    let alice = desk.person("alice").await;
    let draft = read_much(&desk, &alice).await;
    for (look, scripts) in [(Look::PHONE.without_scripts(), false), (Look::PHONE, true), (Look::DESKTOP.dark(), true)] {
        let browser = Browser::with(&desk, look).await;
        browser.sign_in(&desk, "alice").await;
        for tab in ["draft", "test", "history"] {
            browser.open(&format!("/workshop/{draft}?tab={tab}")).await;
            browser.see_text("hello there").await;
            // The scan is a script that waits, which a page without scripts never does.
            if scripts {
                browser.is_accessible().await;
            } else {
                assert!(!browser.is_too_wide().await, "{tab} is wider than the window");
            }
            let shown = match tab {
                "draft" => "You are a financial analyst",
                "test" => "War-risk premiums rise",
                _ => "How did war-risk premiums move?",
            };
            browser.see_in(&format!("#panel-{tab}"), shown).await;
        }
        browser.close().await;
    }
    desk.close().await;
}

/// A workshop with a conversation and a test.
async fn read_much(desk: &Desk, alice: &Person) -> i64 {
    let draft = alice.draft().await;
    let path = format!("/prompts/workshop/drafts/{draft}");
    desk.model().reply("Good day.");
    alice.post(&format!("{path}/messages"), json!({ "content": "hello there" })).await.expect(200);
    desk.model().reply(ANSWER);
    alice.test(draft, "How did war-risk premiums move?").await;
    draft
}
