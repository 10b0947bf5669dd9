//! The gateway: lost, renewed, refused, and held by one copy of the service at a time.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{HERE, count_of, desk, drafted, room, says, start, whispered, with, with_button};
use crate::slack::{ANSWER, FIRST_DRAFT, SECOND_DRAFT, count};
use crate::support::desk::{Desk, Options, Via, discord_settings};
use crate::support::discord::{ALICE, BOB, Discord, Fault, GUILD};
use crate::support::model_server::ModelServer;
use crate::support::program::Program;
use crate::support::room::{OnDiscord, Room, Who};

#[tokio::test]
async fn connections_that_are_lost_or_renewed_are_opened_again_and_nothing_is_missed() {
    let (desk, discord) = desk(Via::Socket).await;
    let thread = drafted(&desk, &discord).await;
    discord.reconnect_all();
    discord.until("it resumed", |discord| discord.resumes() == 1).await;
    discord.connected(1).await;
    start(&discord, HERE, "I need an energy outlook").await;
    room(&discord).thread("energy outlook").await;
    // A new session: what was said in between is looked up.
    let identified = discord.identifies();
    discord.invalid_session(false);
    desk.model().reply("I heard you all the same.");
    discord.message(ALICE, &thread, "can you hear me?").await;
    discord.until("a new session", |discord| discord.identifies() > identified).await;
    says(&discord, &thread, "I heard you all the same.").await;
    assert_eq!(desk.model().requests().len(), 2, "and once");
    discord.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn the_gateway_is_never_looked_for_anywhere_else() {
    let discord = Discord::start().await;
    discord.fault_for("GET gateway", 3, Fault::Status(500));
    let desk = Desk::with(Options { discord: Some((discord.clone(), Via::Socket)), ..Options::default() }).await;
    discord.connected(1).await;
    assert!(discord.calls_of("GET gateway").len() > 3);
    start(&discord, HERE, "I need a weekly shipping briefing").await;
    room(&discord).thread("weekly shipping briefing").await;
    desk.close().await;
}

#[tokio::test]
async fn without_the_right_to_read_people_mention_the_bot_or_press_reply() {
    let discord = Discord::start().await;
    discord.message_content(false);
    let desk = Desk::with(Options {
        model: Some(ModelServer::start().await),
        discord: Some((discord.clone(), Via::Socket)),
        ..Options::default()
    })
    .await;
    start(&discord, HERE, "I need a weekly shipping briefing").await;
    let room = OnDiscord { discord: &discord, hears: false };
    let thread = room.thread("weekly shipping briefing").await;
    says(&discord, &thread, "may not read messages here").await;
    desk.model().reply(FIRST_DRAFT);
    room.press(Who::Alice, &thread, "Decide for me").await;
    with_button(&discord, &thread, "Test…").await;
    // What is not heard is said not to be, once; a mention and the form are heard.
    discord.message(BOB, &thread, "make it shorter").await;
    discord.message(BOB, &thread, "hello?").await;
    desk.model().reply(SECOND_DRAFT);
    discord.message(BOB, &thread, "<@1001> make the timelines stronger").await;
    with_button(&discord, &thread, "Accept change").await;
    desk.model().reply("Three pages at most, then.");
    room.say(Who::Bob, &thread, "how long will it be?").await;
    says(&discord, &thread, "Three pages at most, then.").await;
    // What was said by form shows.
    says(&discord, &thread, "how long will it be?").await;
    says(&discord, &thread, "said by bob").await;
    assert!(count_of(&discord, &thread, "may not read messages here") <= 2);
    discord.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn an_intent_that_is_refused_is_gone_without() {
    let (desk, discord) = desk(Via::Socket).await;
    discord.message_content(false);
    discord.close_gateways(4014);
    discord.connected(1).await;
    start(&discord, HERE, "I need a weekly shipping briefing").await;
    let thread = room(&discord).thread("weekly shipping briefing").await;
    says(&discord, &thread, "may not read messages here").await;
    desk.close().await;
}

#[tokio::test]
async fn what_cannot_be_parsed_is_answered_all_the_same() {
    let (desk, discord) = desk(Via::Socket).await;
    discord.command(ALICE, HERE, "help", &[]).await;
    // Fields that a typed model wants and nobody needs.
    let mut spoilt = discord.interaction(ALICE, HERE);
    for field in ["entitlements", "attachment_size_limit"] {
        spoilt.as_object_mut().unwrap().remove(field);
    }
    let id = spoilt["id"].as_str().unwrap().to_owned();
    discord.raw_dispatch("INTERACTION_CREATE", spoilt).await;
    let response = discord.eventually("an answer", |discord| discord.response_to(&id)).await;
    assert!(response.text().contains("/workshop new"), "{response:?}");
    // Something of another version.
    let mut foreign = discord.interaction(ALICE, HERE);
    foreign["type"] = json!(77);
    let id = foreign["id"].as_str().unwrap().to_owned();
    discord.raw_dispatch("INTERACTION_CREATE", foreign).await;
    let response = discord.eventually("an answer", |discord| discord.response_to(&id)).await;
    assert!(response.text().contains("do not understand"), "{response:?}");
    desk.close().await;
}

#[tokio::test]
async fn commands_are_registered_when_they_change() {
    let (first, discord) = with(Via::Socket, Options::default()).await;
    discord.command(ALICE, HERE, "help", &[]).await;
    assert_eq!(discord.registrations(), 1);
    let second = Desk::with(Options {
        database: Some(first.database.clone()),
        clock: Some(first.clock.clone()),
        discord: Some((discord.clone(), Via::Socket)),
        ..Options::default()
    })
    .await;
    let third = Desk::with(Options {
        settings: vec![("DISCORD__GUILD_ID", GUILD.to_owned())],
        database: Some(first.database.clone()),
        clock: Some(first.clock.clone()),
        discord: Some((discord.clone(), Via::Socket)),
        ..Options::default()
    })
    .await;
    discord.until("the server has them", |discord| discord.registrations() == 2).await;
    assert!(discord.calls_of("PUT commands").last().unwrap().path.contains("/guilds/"));
    assert_eq!(discord.max_sessions_per_shard(), 1, "one copy holds the gateway");
    for desk in [second, third, first] {
        desk.close().await;
    }
}

#[tokio::test]
async fn a_copy_that_dies_is_replaced_and_the_main_job_goes_on() {
    let (discord, model) = (Discord::start().await, ModelServer::start().await);
    model.answer_with(|request| {
        let request = request.to_string();
        let asked = |what: &str| request.contains(what);
        let answer = if asked("BEGIN ARTICLES") {
            ANSWER
        } else if asked("timelines stronger") {
            SECOND_DRAFT
        } else {
            FIRST_DRAFT
        };
        answer.to_owned()
    });
    // A copy in this process has the articles, and does nothing with them.
    let desk = Desk::with(Options { no_workers: true, ..Options::default() }).await;
    let mut program = Program::beside(desk.database.clone())
        .set("HTTP__LISTEN", "127.0.0.1:0")
        .set("LLM__BASE_URL", model.url())
        .set("LLM__MODEL", "test-model")
        .set("QUEUE__RESCUE_AFTER_SECONDS", "10")
        .set("QUEUE__SHUTDOWN_SECONDS", "1");
    for (name, value) in discord_settings(&discord, Via::Socket) {
        program = program.set(name, value);
    }
    let first = program.serve().await;
    discord.connected(1).await;
    let second = program.serve().await;
    let room = room(&discord);
    room.start(Who::Alice, "I need a weekly shipping briefing").await;
    let thread = room.thread("weekly shipping briefing").await;
    room.press(Who::Alice, &thread, "Decide for me").await;
    room.text_with(&thread, "Test…").await;
    // The copy that holds the gateway dies; what is said meanwhile is heard by the other.
    first.kill().await;
    let died = Instant::now();
    discord.message(ALICE, &thread, "make the timelines stronger").await;
    discord
        .until("the other copy holds the gateway", |discord| discord.identifies() >= 2 && discord.sessions() == 1)
        .await;
    assert!(died.elapsed() < Duration::from_secs(30), "{:?}", died.elapsed());
    room.press(Who::Alice, &thread, "Accept change").await;
    room.says(&thread, "alice accepted this change").await;
    room.say(Who::Bob, &thread, "test How did war-risk premiums move?").await;
    room.text_with(&thread, "4 ★").await;
    assert_eq!(count_of(&discord, &thread, "Here is a draft."), 1);
    assert_eq!(discord.max_sessions_per_shard(), 1);
    discord.assert_clean();
    tokio::time::timeout(Duration::from_secs(20), second.stop()).await.unwrap();
    assert_eq!(count(&desk, "select count(*) from leases where lasts_until > now()").await, 0, "let go at the end");
    drop(program);
    desk.close().await;
}

#[tokio::test]
async fn requests_that_discord_did_not_sign_just_now_are_refused() {
    let (desk, discord) = with(Via::Http, Options::default()).await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let ping = json!({ "type": 1, "id": "1", "token": "t" }).to_string();
    for (time, good, expected) in
        [(now, true, 200), (now - 290, true, 200), (now - 310, true, 401), (now + 310, true, 401), (now, false, 401)]
    {
        let (status, body) = discord.signed_post(desk.base(), "/discord/interactions", &ping, time, good).await;
        assert_eq!(status, expected, "{time} {good}");
        assert!(expected != 200 || body == r#"{"type":1}"#, "{body}");
    }
    let unsigned = reqwest::Client::new().post(format!("{}/discord/interactions", desk.base())).body("{}").send().await;
    assert_eq!(unsigned.unwrap().status(), 401);
    let (status, _) = discord.signed_post(desk.base(), "/discord/interactions", "no json", now, true).await;
    assert_eq!(status, 400);
    // Over HTTP what only one person sees comes as an answer too.
    discord.command(ALICE, HERE, "restore", &[("draft", json!(99))]).await;
    whispered(&discord, ALICE, "There is no such draft").await;
    desk.close().await;
}
