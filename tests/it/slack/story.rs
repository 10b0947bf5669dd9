//! The main job, in a Slack thread with two people: from a requirement to a committed prompt that answers.

use serde_json::json;

use super::{ANSWER, FIRST_DRAFT, HERE, SECOND_DRAFT, card, desk, option, press, says, with, with_button};
use crate::support::desk::{Options, Via};
use crate::support::slack::{ALICE, BOB};

#[tokio::test]
async fn two_people_get_from_a_requirement_to_a_committed_prompt_over_sockets() {
    story(Via::Socket).await;
}

#[tokio::test]
async fn two_people_get_from_a_requirement_to_a_committed_prompt_over_http() {
    story(Via::Http).await;
}

async fn story(via: Via) {
    let (desk, slack) = desk(via).await;
    slack.command(ALICE, HERE, "new I need executive-level financial analysis with risk focus").await;
    let thread = card(&slack, HERE, "executive-level financial analysis").await;

    // The questions carry their answers as buttons, and "decide for me".
    desk.model().reply(FIRST_DRAFT);
    press(&slack, ALICE, &thread, "Decide for me").await;
    let drafted = with_button(&slack, &thread, "Test…").await;
    assert!(drafted.all_text().contains("Name the main risks and when they bite."), "{}", drafted.all_text());

    // Bob, who is in the channel, takes part by writing in the thread.
    desk.model().reply(SECOND_DRAFT);
    slack.message(BOB, HERE, Some(&thread.ts), "make the timelines stronger").await;
    let proposal = with_button(&slack, &thread, "Accept change").await;
    assert!(proposal.all_text().contains("Timelines are asked for now."), "{}", proposal.all_text());
    // He may talk and test there, but not change the text.
    slack.action(BOB, &proposal, &proposal.button("Accept change")).await;
    slack
        .until("Bob is refused", |slack| {
            slack.ephemerals(BOB).iter().any(|said| said.all_text().contains("needs editor"))
        })
        .await;
    slack.action(ALICE, &proposal, &proposal.button("Accept change")).await;
    says(&slack, &thread, "alice accepted this change").await;

    // The form for a test, and its result where the work is.
    desk.model().reply(ANSWER);
    let posted = with_button(&slack, &thread, "Test…").await;
    slack.action(BOB, &posted, &posted.button("Test…")).await;
    let view = slack.eventually("the form", |slack| slack.view_of(BOB)).await;
    let topics = slack.block_suggestion(BOB, &view, "topic", "ship").await.options();
    assert_eq!(topics.len(), 1, "{topics:?}");
    let values = [
        ("question", "question", json!("How did war-risk premiums move?")),
        ("topic", "topic", option("Shipping")),
        ("articles", "articles", json!("20")),
    ];
    slack.view_submission(BOB, &view, &values).await;
    let result = with_button(&slack, &thread, "4 ★").await;
    let text = result.all_text();
    assert!(text.contains("<https://news.example/1|War-risk premiums rise>"), "{text}");
    assert!(text.contains("2 claims, 1 cited, 1 unknown link"), "{text}");
    slack.action(BOB, &result, &result.button("4 ★")).await;
    says(&slack, &thread, "Rated 4.0 of 5 by 1: bob 4 ★").await;

    // Committed under a name, with a form; everybody there is told.
    let posted = with_button(&slack, &thread, "Commit…").await;
    slack.action(ALICE, &posted, &posted.button("Commit…")).await;
    let view = slack.eventually("the form", |slack| slack.view_of(ALICE)).await;
    let values = [
        ("name", "name", json!("financial_risk_executive")),
        ("title", "title", json!("Financial risk for executives")),
    ];
    slack.view_submission(ALICE, &view, &values).await;
    says(&slack, &thread, "alice committed this prompt").await;

    // And used.
    desk.model().reply("They fell to 0.4 percent [Premiums fall again](https://news.example/3).");
    slack.message(BOB, HERE, Some(&thread.ts), "ask financial_risk_executive Where are war-risk premiums now?").await;
    says(&slack, &thread, "<https://news.example/3|Premiums fall again>").await;
    slack.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn without_any_model_a_prompt_is_still_designed_and_tested() {
    let (desk, slack) = with(Via::Socket, Options::default()).await;
    slack.command(ALICE, HERE, "new I need a shipping risk briefing for executives").await;
    let thread = card(&slack, HERE, "shipping risk briefing").await;
    press(&slack, ALICE, &thread, "Decide for me").await;
    with_button(&slack, &thread, "Test…").await;
    slack.message(BOB, HERE, Some(&thread.ts), "make the timelines stronger").await;
    press(&slack, ALICE, &thread, "Accept change").await;
    says(&slack, &thread, "alice accepted this change").await;
    slack.message(BOB, HERE, Some(&thread.ts), "test How did war-risk premiums move?").await;
    let result = with_button(&slack, &thread, "5 ★").await;
    assert!(result.all_text().contains("https://news.example/"), "{}", result.all_text());
    slack.message(BOB, HERE, Some(&thread.ts), "rate 5 names its sources").await;
    says(&slack, &thread, "bob 5 ★ \"names its sources\"").await;
    slack.message(ALICE, HERE, Some(&thread.ts), "commit shipping_risk_briefing").await;
    says(&slack, &thread, "alice committed this prompt").await;
    slack.assert_clean();
    desk.close().await;
}
