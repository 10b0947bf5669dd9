//! One workshop in Slack and in Discord at once, by one person who is known in both.

use serde_json::json;

use super::{HERE, count_of, press, says, whispered, with_button};
use crate::slack::{self, FIRST_DRAFT, SECOND_DRAFT};
use crate::support::desk::{Desk, Options, Via};
use crate::support::discord::{self, Discord};
use crate::support::model_server::ModelServer;
use crate::support::slack::{ALICE, GENERAL, Slack};

#[tokio::test]
async fn a_workshop_begun_in_slack_is_gone_on_with_and_committed_in_discord() {
    let (slack, discord) = (Slack::start().await, Discord::start().await);
    let desk = Desk::with(Options {
        model: Some(ModelServer::start().await),
        slack: Some((slack.clone(), Via::Socket)),
        discord: Some((discord.clone(), Via::Socket)),
        ..Options::default()
    })
    .await;
    slack.command(ALICE, GENERAL, "new I need a weekly shipping briefing").await;
    let in_slack = slack::card(&slack, GENERAL, "weekly shipping briefing").await;
    desk.model().reply(FIRST_DRAFT);
    slack::press(&slack, ALICE, &in_slack, "Decide for me").await;
    slack::with_button(&slack, &in_slack, "Test…").await;

    // In Discord nobody knows her yet.
    discord.command(discord::ALICE, HERE, "open", &[("draft", json!(1))]).await;
    whispered(&discord, discord::ALICE, "There is no such draft").await;
    slack.command(ALICE, GENERAL, "link").await;
    let told = |slack: &Slack| {
        let said = slack.ephemerals(ALICE).into_iter().find(|said| said.all_text().contains("Your code is"))?;
        Some(said.all_text().split('`').nth(1)?.to_owned())
    };
    let code = slack.eventually("her code", told).await;
    discord.command(discord::ALICE, HERE, "link", &[("code", json!(code))]).await;
    whispered(&discord, discord::ALICE, "You are alice here now").await;

    // Now it is hers, and lives in both.
    discord.command(discord::ALICE, HERE, "open", &[("draft", json!(1))]).await;
    let in_discord = discord.eventually("its thread", |discord| discord.threads(HERE).pop()).await;
    says(&discord, &in_discord.id, "Name the main risks and when they bite.").await;
    desk.model().reply(SECOND_DRAFT);
    discord.message(discord::ALICE, &in_discord.id, "make the timelines stronger").await;
    with_button(&discord, &in_discord.id, "Accept change").await;
    // What she said there, and what was answered, shows in Slack too.
    slack::says(&slack, &in_slack, "make the timelines stronger").await;
    let proposal = slack::with_button(&slack, &in_slack, "Accept change").await;
    assert_eq!(count_of(&discord, &in_discord.id, "make the timelines stronger"), 1, "it is not said twice");
    // What she does in Slack shows in Discord.
    slack.action(ALICE, &proposal, &proposal.button("Accept change")).await;
    says(&discord, &in_discord.id, "alice accepted this change").await;

    press(&discord, discord::ALICE, &in_discord.id, "Commit…").await;
    let form = discord.eventually("the form", |discord| discord.modal_of(discord::ALICE)).await;
    let values = [("name", "shipping_weekly"), ("title", "Shipping, every week")];
    discord.submit(discord::ALICE, &form, &values).await;
    says(&discord, &in_discord.id, "alice committed this prompt").await;
    slack::says(&slack, &in_slack, "alice committed this prompt").await;
    slack
        .until("the card in Slack says so", |slack| {
            let cards = slack.channel_messages(GENERAL).into_iter();
            cards.filter(|posted| posted.ts == in_slack.ts).any(|card| card.all_text().contains("committed"))
        })
        .await;
    discord
        .until("the card in Discord says so", |discord| {
            discord.messages(HERE).iter().any(|card| card.id == in_discord.id && card.all_text().contains("committed"))
        })
        .await;
    discord
        .until("the thread is put away", |discord| discord.thread(&in_discord.id).is_some_and(|thread| thread.archived))
        .await;
    slack.assert_clean();
    discord.assert_clean();
    desk.close().await;
}
