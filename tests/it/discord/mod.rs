//! The workshop in Discord, told as it reads in a thread, against an emulator of Discord.

mod across;
mod faces;
mod faults;
mod gateway;
mod people;

use serde_json::Value;

use crate::slack::{FIRST_DRAFT, LONG, count};
use crate::support::desk::{Desk, Options, Person, Via, until};
use crate::support::discord::{ALICE, Discord, GENERAL, Posted, User};
use crate::support::model_server::ModelServer;
use crate::support::room::{OnDiscord, Room, Who};

/// Where it happens.
pub const HERE: &str = GENERAL;

/// A service as the options want it, in a server of Discord.
pub async fn with(via: Via, options: Options) -> (Desk, Discord) {
    let discord = Discord::start().await;
    let desk = Desk::with(Options { discord: Some((discord.clone(), via)), ..options }).await;
    (desk, discord)
}

/// A service with a model server.
pub async fn desk(via: Via) -> (Desk, Discord) {
    with(via, Options { model: Some(ModelServer::start().await), ..Options::default() }).await
}

/// The channel in which people are heard.
pub fn room(discord: &Discord) -> OnDiscord<'_> {
    OnDiscord { discord, hears: true }
}

/// A thread of Alice's with a draft in it.
pub async fn drafted(desk: &Desk, discord: &Discord) -> String {
    let room = room(discord);
    room.start(Who::Alice, "I need a weekly shipping briefing").await;
    let thread = room.thread("weekly shipping briefing").await;
    desk.model().reply(FIRST_DRAFT);
    room.press(Who::Alice, &thread, "Decide for me").await;
    room.text_with(&thread, "Test…").await;
    thread
}

/// The latest message of a channel or thread that has a button, once there is one.
pub async fn with_button(discord: &Discord, channel: &str, label: &str) -> Posted {
    room(discord).with_button(channel, label).await
}

/// Presses a button where it stands last.
pub async fn press(discord: &Discord, who: User, channel: &str, label: &str) -> Posted {
    let posted = with_button(discord, channel, label).await;
    discord.press(who, &posted, label).await;
    posted
}

/// Waits until a channel or thread says something.
pub async fn says(discord: &Discord, channel: &str, what: &str) {
    discord.until(&format!("{channel} says {what:?}"), |discord| count_of(discord, channel, what) > 0).await;
}

/// How many messages of a channel or thread say something.
pub fn count_of(discord: &Discord, channel: &str, what: &str) -> usize {
    discord.messages(channel).iter().filter(|posted| posted.all_text().contains(what)).count()
}

/// How many results of tests a thread shows.
pub fn results(discord: &Discord, thread: &str) -> usize {
    discord.messages(thread).iter().filter(|posted| posted.buttons().iter().any(|label| label == "Run again")).count()
}

/// What a person is told alone, once it holds something.
pub async fn whispered(discord: &Discord, who: User, what: &str) -> Posted {
    discord
        .eventually(&format!("{} is told {what:?}", who.name), |discord| {
            discord.ephemerals(who).into_iter().find(|said| said.all_text().contains(what))
        })
        .await
}

/// Alice as she is known from Discord, with a token for the API.
pub async fn alice(desk: &Desk) -> Person {
    until("she is known", LONG, || async {
        count(desk, "select count(*) from accounts where name = 'alice'").await == 1
    })
    .await;
    let accounts = desk.workshop().accounts().await.unwrap();
    let account = accounts.into_iter().find(|account| account.name == "alice").unwrap();
    Person::at(desk.base().to_owned(), desk.workshop().create_token(account.id).await.unwrap())
}

/// Alice starts a workshop by the slash command.
pub async fn start(discord: &Discord, channel: &str, need: &str) {
    let response = discord.command(ALICE, channel, "new", &[("need", Value::from(need))]).await;
    assert!(response.text().contains("being opened"), "{response:?}");
}
