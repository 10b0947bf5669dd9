//! The workshop in Slack, told as it reads in a thread, against an emulator of Slack.

mod faces;
mod faults;
mod kill;
mod people;

use std::time::Duration;

use serde_json::Value;

use crate::support::desk::{Desk, Options, Via};
use crate::support::model_server::ModelServer;
use crate::support::room::{OnSlack, Room};
use crate::support::slack::{ALICE, GENERAL, Posted, Slack, User};

/// What an assistant answers to the first requirement, and to the wish for stronger timelines.
pub const FIRST_DRAFT: &str = "Here is a draft.\n\n```prompt\nYou are a financial analyst for executives.\n\n## Task\nName the main risks and \
                               when they bite.\n\n## Citations\nCite every claim inline as `[Title](URL)`.\n```\n\nShall I add timelines?";
pub const SECOND_DRAFT: &str = "```prompt\nYou are a financial analyst for executives.\n\n## Task\nName the main risks with a timeline \
                                for each.\n\n## Citations\nCite every claim inline as `[Title](URL)`.\n```\n\nChanges:\n- Timelines are asked for now.";
pub const ANSWER: &str = "Premiums rose to 0.9 percent [War-risk premiums rise](https://news.example/1). They reached 3 percent \
                          [Elsewhere](https://other.example/x).";

/// A service with a model server, in a workspace of Slack.
pub async fn desk(via: Via) -> (Desk, Slack) {
    with(via, Options { model: Some(ModelServer::start().await), ..Options::default() }).await
}

/// A service as the options want it, in a workspace of Slack.
pub async fn with(via: Via, options: Options) -> (Desk, Slack) {
    let slack = Slack::start().await;
    let desk = Desk::with(Options { slack: Some((slack.clone(), via)), ..options }).await;
    (desk, slack)
}

/// The workshop's thread, once its card is there: the card.
pub async fn card(slack: &Slack, channel: &str, name: &str) -> Posted {
    slack
        .eventually(&format!("the card of {name:?}"), |slack| {
            slack
                .channel_messages(channel)
                .into_iter()
                .find(|posted| posted.thread_ts.is_none() && posted.all_text().contains(name))
        })
        .await
}

/// A thread of Alice's with a draft in it: its card.
pub async fn drafted(desk: &Desk, slack: &Slack) -> Posted {
    slack.command(ALICE, HERE, "new I need a weekly shipping briefing").await;
    let thread = card(slack, HERE, "weekly shipping briefing").await;
    desk.model().reply(FIRST_DRAFT);
    press(slack, ALICE, &thread, "Decide for me").await;
    with_button(slack, &thread, "Test…").await;
    thread
}

/// The latest message of a thread that has a button, once there is one.
pub async fn with_button(slack: &Slack, card: &Posted, label: &str) -> Posted {
    OnSlack(slack).with_button(card, label).await
}

/// Presses a button of the latest message that has it.
pub async fn press(slack: &Slack, who: User, card: &Posted, label: &str) -> Posted {
    let posted = with_button(slack, card, label).await;
    slack.action(who, &posted, &posted.button(label)).await;
    posted
}

/// Waits until a thread says something.
pub async fn says(slack: &Slack, card: &Posted, what: &str) {
    OnSlack(slack).says(card, what).await;
}

/// A value of a form's list.
pub fn option(value: &str) -> Value {
    serde_json::json!({ "text": { "type": "plain_text", "text": value }, "value": value })
}

/// Longer than anything that is waited for here.
pub const LONG: Duration = Duration::from_secs(30);

/// Where they happen.
pub const HERE: &str = GENERAL;

/// A number from the service's database.
pub async fn count(desk: &Desk, query: &'static str) -> i64 {
    let mut conn = desk.database.connect().await;
    sqlx::query_scalar(query).fetch_one(&mut conn).await.unwrap()
}
