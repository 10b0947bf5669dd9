//! The faces that Discord gives the workshop: commands that are offered, lists, direct messages, reminders.

use chrono::TimeDelta;
use serde_json::json;

use super::{HERE, count_of, desk, drafted, press, results, says, start, whispered, with_button};
use crate::slack::{ANSWER, FIRST_DRAFT, LONG, SECOND_DRAFT, count};
use crate::support::desk::{Via, until};
use crate::support::discord::{ALICE, BOB};

#[tokio::test]
async fn drafts_prompts_topics_and_models_are_offered_while_typed() {
    let (desk, discord) = desk(Via::Socket).await;
    drafted(&desk, &discord).await;
    let drafts = discord.complete(ALICE, HERE, "open", &[], "draft", "ship").await;
    assert_eq!((drafts.len(), &drafts[0]["value"]), (1, &json!(1)), "{drafts:?}");
    assert!(discord.complete(ALICE, HERE, "open", &[], "draft", "energy").await.is_empty());
    let prompts = discord.complete(ALICE, HERE, "clone", &[], "prompt", "ausp").await;
    assert_eq!(prompts[0]["value"], "auspex_default", "{prompts:?}");
    let topics = discord.complete(ALICE, HERE, "test", &[("question", json!("Why?"))], "topic", "en").await;
    assert_eq!(topics[0]["value"], "Energy", "{topics:?}");
    let models = discord.complete(ALICE, HERE, "test", &[], "model", "").await;
    assert_eq!(models[0]["value"], "test-model", "{models:?}");
    let help = discord.command(ALICE, HERE, "help", &[]).await;
    assert!(help.is_ephemeral() && help.text().contains("/workshop commit"), "{}", help.text());
    discord.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn a_test_is_given_by_a_command_with_its_topic_and_its_model() {
    let (desk, discord) = desk(Via::Http).await;
    let thread = drafted(&desk, &discord).await;
    desk.model().reply(ANSWER);
    let options =
        [("question", json!("2026: how did it change?")), ("topic", json!("Energy")), ("model", json!("other-model"))];
    discord.command(ALICE, &thread, "test", &options).await;
    let result = with_button(&discord, &thread, "4 ★").await;
    assert!(result.all_text().contains("Energy"), "{}", result.all_text());
    assert_eq!(count(&desk, "select count(*) from trials where model = 'other-model' and topic = 'Energy'").await, 1);
    discord.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn questions_are_answered_by_choosing_one_answer_each() {
    let (desk, discord) = desk(Via::Socket).await;
    start(&discord, HERE, "I need a weekly shipping briefing").await;
    let thread = discord.eventually("its thread", |discord| discord.threads(HERE).pop()).await.id;
    desk.model().reply(FIRST_DRAFT);
    let asked = with_button(&discord, &thread, "Decide for me").await;
    let lists = asked.selects();
    assert!(!lists.is_empty() && lists.iter().all(|list| list.hint.len() > 5), "{lists:?}");
    let id = &lists[0].id;
    let (label, value) = &lists[0].options[1];
    let answer = label.trim_end_matches(" (default)");
    discord.select(ALICE, &asked, id, &[value]).await;
    says(&discord, &thread, &format!("**{answer}**")).await;
    assert!(desk.model().requests().is_empty(), "the others are still open");
    press(&discord, BOB, &thread, "Decide for me").await;
    with_button(&discord, &thread, "Test…").await;
    assert!(desk.model().only_request().body.to_string().contains(answer), "the model hears what was chosen");
    // The lists are gone; an old one says what has happened.
    assert!(discord.message_now(&asked.id).unwrap().components.is_empty());
    discord.select(BOB, &asked, id, &[value]).await;
    whispered(&discord, BOB, "answered already").await;
    discord.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn direct_messages_hold_one_workshop_after_the_other() {
    let (desk, discord) = desk(Via::Socket).await;
    let direct = discord.dm(ALICE);
    discord.message(ALICE, &direct, "I need a weekly shipping briefing").await;
    desk.model().reply(FIRST_DRAFT);
    press(&discord, ALICE, &direct, "Decide for me").await;
    with_button(&discord, &direct, "Test…").await;
    discord.message(ALICE, &direct, "new I need an energy outlook").await;
    says(&discord, &direct, "energy outlook").await;
    desk.model().reply("And now for energy.");
    discord.message(ALICE, &direct, "decide for me").await;
    says(&discord, &direct, "And now for energy.").await;
    assert_eq!(count(&desk, "select count(*) from places").await, 1);
    // The first one comes back when it is opened.
    discord.command(ALICE, &direct, "open", &[("draft", json!(1))]).await;
    desk.model().reply(SECOND_DRAFT);
    until("it is back", LONG, || async {
        count(&desk, "select count(*) from places p join drafts d using (chat_id) where d.id = 1").await == 1
    })
    .await;
    discord.message(ALICE, &direct, "make the timelines stronger").await;
    with_button(&discord, &direct, "Accept change").await;
    discord.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn some_changes_are_accepted_from_a_list() {
    let (desk, discord) = desk(Via::Socket).await;
    let thread = drafted(&desk, &discord).await;
    let two = SECOND_DRAFT.replace("You are a financial analyst", "You are a careful analyst");
    desk.model().reply(&two);
    discord.message(ALICE, &thread, "be careful, and make the timelines stronger").await;
    press(&discord, ALICE, &thread, "Accept some…").await;
    let list = discord.ephemerals(ALICE).pop().unwrap();
    let changes = list.selects().remove(0);
    assert_eq!(changes.options.len(), 2, "{changes:?}");
    discord.select(ALICE, &list, &changes.id, &["2"]).await;
    let list = discord.message_now(&list.id).unwrap();
    assert!(list.components.is_empty() && list.all_text().contains("being accepted"), "{list:?}");
    says(&discord, &thread, "alice accepted some of this change").await;
    discord.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn tests_are_compared_repeated_and_noted() {
    let (desk, discord) = desk(Via::Socket).await;
    let thread = drafted(&desk, &discord).await;
    for answer in [ANSWER, "They fell to 0.4 percent [Premiums fall again](https://news.example/3)."] {
        let before = results(&discord, &thread);
        desk.model().reply(answer);
        discord.message(ALICE, &thread, "test How did war-risk premiums move?").await;
        discord.until("a result", |discord| results(discord, &thread) == before + 1).await;
    }
    let result = press(&discord, BOB, &thread, "Compare with…").await;
    let list = discord.ephemerals(BOB).pop().unwrap();
    let tests = list.selects().remove(0);
    discord.select(BOB, &list, &tests.id, &[&tests.options[0].1]).await;
    says(&discord, &thread, "4 articles in common").await;
    let file = discord.eventually("a file", |discord| discord.files().pop()).await;
    assert_eq!(file.name, "comparison.md");
    let compared = String::from_utf8_lossy(&file.bytes).into_owned();
    assert!(compared.contains("War-risk premiums rise") && compared.contains("Premiums fall again"), "{compared}");
    discord.press(BOB, &result, "Add a note…").await;
    discord.submit(BOB, &discord.modal_of(BOB).unwrap(), &[("note", "good timelines")]).await;
    discord.press(BOB, &result, "4 ★").await;
    says(&discord, &thread, "bob 4 ★ \"good timelines\"").await;
    desk.model().reply(ANSWER);
    discord.press(BOB, &result, "Run again").await;
    discord.until("another result", |discord| results(discord, &thread) == 3).await;
    discord.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn a_committed_workshop_is_put_away_and_rating_it_leaves_it_so() {
    let (desk, discord) = desk(Via::Socket).await;
    let thread = drafted(&desk, &discord).await;
    desk.model().reply(ANSWER);
    discord.message(ALICE, &thread, "test How did war-risk premiums move?").await;
    let result = with_button(&discord, &thread, "4 ★").await;
    discord.message(ALICE, &thread, "commit shipping_weekly Shipping, weekly").await;
    discord.until("it is put away", |discord| discord.thread(&thread).unwrap().archived).await;
    discord.press(BOB, &result, "4 ★").await;
    says(&discord, &thread, "bob 4 ★").await;
    discord.until("it is put away again", |discord| discord.thread(&thread).unwrap().archived).await;
    // Using it brings it back.
    desk.model().reply(ANSWER);
    discord.message(BOB, &thread, "ask shipping_weekly Where are war-risk premiums now?").await;
    says(&discord, &thread, "bob asked shipping_weekly").await;
    assert!(!discord.thread(&thread).unwrap().archived);
    discord.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn drafts_that_nobody_uses_are_reminded_of_where_they_live() {
    let (desk, discord) = desk(Via::Socket).await;
    let thread = drafted(&desk, &discord).await;
    desk.clock.advance(TimeDelta::days(23) + TimeDelta::hours(1));
    desk.workshop().expire_drafts().await.unwrap();
    let reminder = with_button(&discord, &thread, "Let it go").await;
    assert!(reminder.all_text().contains("expires on"), "{}", reminder.all_text());
    discord.press(ALICE, &reminder, "Keep").await;
    says(&discord, &thread, "alice keeps draft 1").await;
    assert!(discord.message_now(&reminder.id).unwrap().buttons().is_empty());
    desk.clock.advance(TimeDelta::days(31));
    desk.workshop().expire_drafts().await.unwrap();
    press(&discord, ALICE, &thread, "Restore").await;
    until("it is back", LONG, || async {
        count(&desk, "select count(*) from drafts where status <> 'expired'").await == 1
    })
    .await;
    discord.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn who_lives_nowhere_is_reminded_in_a_direct_message() {
    let (desk, discord) = desk(Via::Socket).await;
    drafted(&desk, &discord).await;
    let mut conn = desk.database.connect().await;
    sqlx::query("delete from places").execute(&mut conn).await.unwrap();
    desk.clock.advance(TimeDelta::days(23) + TimeDelta::hours(1));
    desk.workshop().expire_drafts().await.unwrap();
    with_button(&discord, &discord.dm(ALICE), "Let it go").await;
    discord.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn who_forgets_to_rate_is_reminded_once() {
    let (desk, discord) = desk(Via::Socket).await;
    let thread = drafted(&desk, &discord).await;
    desk.model().reply(ANSWER);
    discord.message(ALICE, &thread, "test How did war-risk premiums move?").await;
    discord.until("a result", |discord| results(discord, &thread) == 1).await;
    desk.clock.advance(TimeDelta::hours(5));
    for _ in 0..2 {
        desk.workshop().expire_drafts().await.unwrap();
    }
    says(&discord, &thread, "This reminder comes once").await;
    press(&discord, ALICE, &thread, "5 ★").await;
    says(&discord, &thread, "alice 5 ★").await;
    desk.workshop().expire_drafts().await.unwrap();
    assert_eq!(count_of(&discord, &thread, "comes once"), 1);
    desk.close().await;
}

#[tokio::test]
async fn a_message_becomes_a_workshop_and_a_mention_does_too() {
    let (desk, discord) = desk(Via::Socket).await;
    let id = discord.message(BOB, HERE, "We keep missing what happens in ports.").await;
    let message = discord.message_now(&id).unwrap();
    discord.context_menu(ALICE, &message, "Design a prompt from this").await;
    discord.eventually("its thread", |discord| discord.threads(HERE).pop()).await;
    says(&discord, HERE, "We keep missing what happens in ports.").await;
    discord.message(BOB, HERE, "<@1001> I need an energy outlook").await;
    discord.until("another thread", |discord| discord.threads(HERE).len() == 2).await;
    discord.message(BOB, HERE, "nothing for the bot").await;
    discord.assert_clean();
    assert_eq!(count(&desk, "select count(*) from drafts").await, 2);
    desk.close().await;
}
