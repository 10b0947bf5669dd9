//! Discord at its worst: slow, refusing, limiting, sending twice. Nothing is lost and nothing shows twice.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use serde_json::json;

use super::{HERE, count_of, desk, drafted, press, results, room, says, start, whispered, with, with_button};
use crate::slack::{ANSWER, FIRST_DRAFT, LONG, count};
use crate::support::desk::{Desk, Options, Via, until};
use crate::support::discord::{ALICE, Discord, Fault, GENERAL, OTHER, Permissions};
use crate::support::model_server;
use crate::support::room::Room;

#[tokio::test]
async fn what_is_sent_again_is_done_once() {
    let (desk, discord) = desk(Via::Socket).await;
    start(&discord, HERE, "I need a weekly shipping briefing").await;
    discord.redeliver_last().await;
    let thread = room(&discord).thread("weekly shipping briefing").await;
    desk.model().reply(FIRST_DRAFT);
    discord.message(ALICE, &thread, "decide for me").await;
    discord.redeliver_last().await;
    press(&discord, ALICE, &thread, "Use this draft").await;
    discord.redeliver_last().await;
    says(&discord, &thread, "alice uses this draft").await;
    assert_eq!(count(&desk, "select count(*) from drafts").await, 1);
    assert_eq!(desk.model().requests().len(), 1, "the message is answered once");
    assert_eq!(discord.threads(HERE).len(), 1);
    desk.close().await;
}

#[tokio::test]
async fn everything_is_answered_in_time_while_discord_and_the_queue_are_slow() {
    // No worker: what is answered is stored, and nothing is done about it yet.
    let (desk, discord) = with(Via::Http, Options { no_workers: true, ..Options::default() }).await;
    discord.fault_for("*", 50, Fault::Slow(Duration::from_secs(20)));
    let started = Instant::now();
    start(&discord, HERE, "I need a weekly shipping briefing").await;
    let help = discord.command(ALICE, HERE, "help", &[]).await;
    assert!(help.text().contains("/workshop new"), "{}", help.text());
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    assert_eq!(count(&desk, "select count(*) from arrivals").await, 1);
    desk.close().await;
}

#[tokio::test]
async fn what_cannot_be_stored_in_time_is_said_and_given_back() {
    let (desk, discord) = desk(Via::Socket).await;
    discord.command(ALICE, HERE, "help", &[]).await;
    let mut conn = desk.database.connect().await;
    let mut lock = sqlx::Connection::begin(&mut conn).await.unwrap();
    sqlx::query("lock table arrivals in exclusive mode").execute(&mut *lock).await.unwrap();
    let refused = discord.command(ALICE, HERE, "new", &[("need", json!("I need a briefing"))]).await;
    assert!(refused.text().contains("nothing was done") && refused.text().contains("I need a briefing"), "{refused:?}");
    lock.rollback().await.unwrap();
    start(&discord, HERE, "I need a weekly shipping briefing").await;
    room(&discord).thread("weekly shipping briefing").await;
    assert_eq!(count(&desk, "select count(*) from drafts").await, 1, "what was said not to be done was not");
    discord.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn a_rate_limit_is_honoured_and_the_result_comes_once() {
    let (desk, discord) = desk(Via::Socket).await;
    let thread = drafted(&desk, &discord).await;
    desk.model().reply(ANSWER);
    discord.fault_for("POST messages", 2, Fault::RateLimited { retry_after: 2.0 });
    discord.message(ALICE, &thread, "test How did war-risk premiums move?").await;
    let result = with_button(&discord, &thread, "4 ★").await;
    assert!(result.all_text().contains("War-risk premiums rise"));
    assert_eq!(results(&discord, &thread), 1);
    assert_eq!(discord.pace_violations(), Vec::<String>::new());
    discord.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn errors_and_silence_of_discord_lose_nothing() {
    let (desk, discord) = desk(Via::Socket).await;
    let thread = drafted(&desk, &discord).await;
    desk.model().reply(ANSWER);
    discord.fault("POST messages", Fault::Status(500));
    discord.fault("POST messages", Fault::Drop);
    discord.message(ALICE, &thread, "test How did war-risk premiums move?").await;
    with_button(&discord, &thread, "4 ★").await;
    assert_eq!(results(&discord, &thread), 1);
    desk.close().await;
}

#[tokio::test]
async fn what_was_posted_before_the_connection_broke_is_not_posted_again() {
    let (desk, discord) = desk(Via::Socket).await;
    discord.fault("POST messages", Fault::AcceptThenDrop);
    let thread = drafted(&desk, &discord).await;
    assert_eq!(count_of(&discord, HERE, "weekly shipping briefing"), 1, "one card");
    desk.model().hold();
    let middling =
        format!("The beginning. {}The end of it.", "Another sentence about shipping and its risks. ".repeat(150));
    desk.model().reply(&middling);
    discord.message(ALICE, &thread, "test How did war-risk premiums move?").await;
    says(&discord, &thread, "Writing").await;
    discord.fault("POST messages", Fault::AcceptThenDrop);
    desk.model().release_all();
    says(&discord, &thread, "The end of it.").await;
    let open = "select count(*) from deliveries where status = 'pending'";
    until("the result counts as delivered", LONG, || async { count(&desk, open).await == 0 }).await;
    for part in ["The beginning.", "The end of it."] {
        assert_eq!(count_of(&discord, &thread, part), 1, "{part}");
    }
    desk.close().await;
}

#[tokio::test]
async fn where_the_bot_may_not_post_the_workshop_goes_on_in_a_direct_message() {
    let (desk, discord) = desk(Via::Socket).await;
    start(&discord, OTHER, "I need a weekly shipping briefing").await;
    let direct = discord.dm(ALICE);
    says(&discord, &direct, "weekly shipping briefing").await;
    says(&discord, &direct, "cannot post in that channel").await;
    desk.model().reply(FIRST_DRAFT);
    discord.message(ALICE, &direct, "decide for me").await;
    with_button(&discord, &direct, "Test…").await;
    discord.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn without_threads_the_workshop_lives_in_the_channel_and_says_why() {
    let (desk, discord) = desk(Via::Socket).await;
    discord.permissions(GENERAL, Permissions { thread: false, ..Permissions::ALL });
    start(&discord, HERE, "I need a weekly shipping briefing").await;
    says(&discord, HERE, "may not create threads here").await;
    desk.model().reply(FIRST_DRAFT);
    press(&discord, ALICE, HERE, "Decide for me").await;
    with_button(&discord, HERE, "Test…").await;
    // Not all that is said in a channel is for the workshop.
    discord.message(ALICE, HERE, "what is for lunch?").await;
    desk.model().reply("I hear you.");
    discord.message(ALICE, HERE, "<@1001> what do you think of it?").await;
    says(&discord, HERE, "I hear you.").await;
    assert_eq!(count(&desk, "select count(*) from messages where content like '%lunch%'").await, 0);
    // Another one takes its place.
    start(&discord, HERE, "I need an energy outlook").await;
    says(&discord, HERE, "energy outlook").await;
    assert_eq!(count(&desk, "select count(*) from places").await, 1);
    assert_eq!(count_of(&discord, HERE, "may not create threads here"), 1, "said once");
    discord.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn without_embeds_messages_are_plain_and_say_why_once() {
    let (desk, discord) = desk(Via::Socket).await;
    discord.permissions(GENERAL, Permissions { embed: false, ..Permissions::ALL });
    let thread = drafted(&desk, &discord).await;
    says(&discord, HERE, "may not embed links here").await;
    desk.model().reply(ANSWER);
    discord.message(ALICE, &thread, "test How did war-risk premiums move?").await;
    let result = with_button(&discord, &thread, "4 ★").await;
    assert!(result.embeds.is_empty() && result.content.contains("War-risk premiums rise"), "{result:?}");
    press(&discord, ALICE, &thread, "4 ★").await;
    says(&discord, &thread, "alice 4 ★").await;
    desk.close().await;
}

#[tokio::test]
async fn without_files_the_beginning_is_shown_and_says_so() {
    let (desk, discord) = desk(Via::Socket).await;
    discord.permissions(GENERAL, Permissions { attach: false, ..Permissions::ALL });
    let thread = drafted(&desk, &discord).await;
    desk.model().reply(&"A sentence that goes on and on about shipping. ".repeat(1_500));
    discord.message(ALICE, &thread, "test How did war-risk premiums move?").await;
    let result = with_button(&discord, &thread, "4 ★").await;
    assert!(result.all_text().contains("may not attach the whole text"), "{}", result.all_text());
    assert!(discord.files().is_empty());
    desk.close().await;
}

#[tokio::test]
async fn a_very_long_answer_comes_whole() {
    let (desk, discord) = desk(Via::Socket).await;
    let thread = drafted(&desk, &discord).await;
    let long = format!("{}The last sentence.", "A sentence that goes on and on about shipping. ".repeat(1_500));
    desk.model().reply(&long);
    discord.message(ALICE, &thread, "test How did war-risk premiums move?").await;
    let file = discord.eventually("a file", |discord| discord.files().pop()).await;
    assert!(String::from_utf8_lossy(&file.bytes).ends_with("The last sentence."));
    let middling = format!("{}The end of it.", "Another sentence about shipping and its risks. ".repeat(200));
    desk.model().reply(&middling);
    discord.message(ALICE, &thread, "test What about premiums in March?").await;
    says(&discord, &thread, "The end of it.").await;
    discord.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn an_answer_is_shown_while_it_is_written() {
    let (desk, discord) = desk(Via::Socket).await;
    let thread = drafted(&desk, &discord).await;
    desk.model().fault(model_server::Fault::Slow { per_delta: Duration::from_millis(200) });
    desk.model().reply(&format!("{}and that is all.", "Some thoughts about this come one after the other. ".repeat(4)));
    let typing = discord.typing(&thread);
    discord.message(ALICE, &thread, "what do you think of it").await;
    discord.until("an unfinished answer", |discord| count_of(discord, &thread, "…") > 0).await;
    says(&discord, &thread, "and that is all.").await;
    assert!(discord.typing(&thread) > typing, "it shows that it is at work");
    let shown: Vec<_> =
        discord.messages(&thread).into_iter().filter(|said| said.all_text().contains("Some thoughts")).collect();
    assert_eq!(shown.len(), 1, "one message, not two");
    assert!(shown[0].edits >= 2, "{}", shown[0].edits);
    discord.assert_clean();
    assert_eq!(discord.pace_violations(), Vec::<String>::new());
    desk.close().await;
}

#[tokio::test]
async fn what_is_told_after_a_quarter_of_an_hour_goes_to_the_thread() {
    let discord = Discord::start().await;
    let late = with_discord(&discord, Options { no_workers: true, ..Options::default() }).await;
    let direct = discord.dm(ALICE);
    discord.command(ALICE, &direct, "ready", &[]).await;
    let (clock, database) = (late.clock.clone(), late.database.clone());
    clock.advance(TimeDelta::minutes(16));
    discord.advance(Duration::from_secs(16 * 60));
    let desk =
        with_discord(&discord, Options { clock: Some(clock), database: Some(database), ..Options::default() }).await;
    says(&discord, &direct, "you have none").await;
    assert_eq!(
        count(&desk, "select count(*) from apalis.jobs where convert_from(job, 'UTF8') like '%token%'").await,
        0
    );
    desk.workshop().tidy_queue().await.unwrap();
    assert_eq!(count(&desk, "select count(*) from arrivals where answer_token is not null").await, 0);
    late.close().await;
    desk.close().await;
}

async fn with_discord(discord: &Discord, options: Options) -> Desk {
    Desk::with(Options { discord: Some((discord.clone(), Via::Socket)), ..options }).await
}

#[tokio::test]
async fn what_only_one_person_may_see_is_told_directly_where_it_cannot_be_whispered() {
    let (desk, discord) = desk(Via::Socket).await;
    let thread = drafted(&desk, &discord).await;
    discord.message(ALICE, &thread, "web").await;
    says(&discord, &discord.dm(ALICE), "/sign-in/").await;
    assert_eq!(count_of(&discord, &thread, "/sign-in/"), 0);
    discord.dm_closed(ALICE);
    discord.message(ALICE, &thread, "link").await;
    says(&discord, &thread, "for your eyes only").await;
    assert_eq!(count_of(&discord, &thread, "Your code is"), 0);
    // By the slash command it is whispered.
    discord.command(ALICE, &thread, "web", &[]).await;
    whispered(&discord, ALICE, "/sign-in/").await;
    discord.assert_clean();
    desk.close().await;
}
