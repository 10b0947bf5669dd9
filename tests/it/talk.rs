//! The main job, told once and done on each chat platform: from a requirement to a committed prompt that answers.

use crate::slack::{ANSWER, FIRST_DRAFT, SECOND_DRAFT};
use crate::support::desk::{Desk, Options, Via};
use crate::support::model_server::ModelServer;
use crate::support::room::{OnDiscord, OnSlack, Room, Who};
use crate::{discord, slack};

async fn model() -> Options {
    Options { model: Some(ModelServer::start().await), ..Options::default() }
}

#[tokio::test]
async fn two_people_get_from_a_requirement_to_a_committed_prompt_on_slack_over_sockets() {
    let (desk, slack) = slack::with(Via::Socket, model().await).await;
    story(&desk, &OnSlack(&slack)).await;
    desk.close().await;
}

#[tokio::test]
async fn two_people_get_from_a_requirement_to_a_committed_prompt_on_slack_over_http() {
    let (desk, slack) = slack::with(Via::Http, model().await).await;
    story(&desk, &OnSlack(&slack)).await;
    desk.close().await;
}

#[tokio::test]
async fn two_people_get_from_a_requirement_to_a_committed_prompt_on_discord_over_the_gateway() {
    let (desk, discord) = discord::with(Via::Socket, model().await).await;
    story(&desk, &OnDiscord { discord: &discord, hears: true }).await;
    desk.close().await;
}

#[tokio::test]
async fn two_people_get_from_a_requirement_to_a_committed_prompt_on_discord_over_http() {
    let (desk, discord) = discord::with(Via::Http, model().await).await;
    story(&desk, &OnDiscord { discord: &discord, hears: false }).await;
    desk.close().await;
}

async fn story<R: Room>(desk: &Desk, room: &R) {
    room.start(Who::Alice, "I need executive-level financial analysis with risk focus").await;
    let thread = room.thread("executive-level financial analysis").await;

    // The questions carry their answers, and "decide for me".
    desk.model().reply(FIRST_DRAFT);
    room.press(Who::Alice, &thread, "Decide for me").await;
    let drafted = room.text_with(&thread, "Test…").await;
    assert!(drafted.contains("Name the main risks and when they bite."), "{drafted}");

    // Bob, who is in the channel, takes part by writing in the thread.
    desk.model().reply(SECOND_DRAFT);
    room.say(Who::Bob, &thread, "make the timelines stronger").await;
    let proposal = room.text_with(&thread, "Accept change").await;
    assert!(proposal.contains("Timelines are asked for now."), "{proposal}");
    // He may talk and test there, but not change the text.
    room.press(Who::Bob, &thread, "Accept change").await;
    room.whispers(Who::Bob, "needs editor").await;
    room.press(Who::Alice, &thread, "Accept change").await;
    room.says(&thread, "alice accepted this change").await;

    // The form for a test, and its result where the work is.
    desk.model().reply(ANSWER);
    room.press(Who::Bob, &thread, "Test…").await;
    let values = [("question", "How did war-risk premiums move?"), ("topic", "Shipping"), ("articles", "20")];
    room.fill(Who::Bob, &values).await;
    let result = room.text_with(&thread, "4 ★").await;
    assert!(result.contains(&room.link("War-risk premiums rise", "https://news.example/1")), "{result}");
    assert!(result.contains("2 claims, 1 cited, 1 unknown link"), "{result}");
    room.press(Who::Bob, &thread, "4 ★").await;
    room.says(&thread, "Rated 4.0 of 5 by 1: bob 4 ★").await;

    // Committed under a name, with a form; everybody there is told.
    room.press(Who::Alice, &thread, "Commit…").await;
    let values = [("name", "financial_risk_executive"), ("title", "Financial risk for executives")];
    room.fill(Who::Alice, &values).await;
    room.says(&thread, "alice committed this prompt").await;

    // And used.
    desk.model().reply("They fell to 0.4 percent [Premiums fall again](https://news.example/3).");
    room.ask(Who::Bob, &thread, "financial_risk_executive", "Where are war-risk premiums now?").await;
    room.says(&thread, &room.link("Premiums fall again", "https://news.example/3")).await;
    room.assert_clean();
}

#[tokio::test]
async fn without_any_model_a_prompt_is_designed_and_tested_on_slack() {
    let (desk, slack) = slack::with(Via::Socket, Options::default()).await;
    story_without_model(&OnSlack(&slack)).await;
    desk.close().await;
}

#[tokio::test]
async fn without_any_model_a_prompt_is_designed_and_tested_on_discord() {
    let (desk, discord) = discord::with(Via::Socket, Options::default()).await;
    story_without_model(&OnDiscord { discord: &discord, hears: true }).await;
    desk.close().await;
}

async fn story_without_model<R: Room>(room: &R) {
    room.start(Who::Alice, "I need a shipping risk briefing for executives").await;
    let thread = room.thread("shipping risk briefing").await;
    room.press(Who::Alice, &thread, "Decide for me").await;
    room.text_with(&thread, "Test…").await;
    room.say(Who::Bob, &thread, "make the timelines stronger").await;
    room.press(Who::Alice, &thread, "Accept change").await;
    room.says(&thread, "alice accepted this change").await;
    room.say(Who::Bob, &thread, "test How did war-risk premiums move?").await;
    let result = room.text_with(&thread, "5 ★").await;
    assert!(result.contains("https://news.example/"), "{result}");
    room.say(Who::Bob, &thread, "rate 5 names its sources").await;
    room.says(&thread, "bob 5 ★ \"names its sources\"").await;
    room.say(Who::Alice, &thread, "commit shipping_risk_briefing").await;
    room.says(&thread, "alice committed this prompt").await;
    room.assert_clean();
}
