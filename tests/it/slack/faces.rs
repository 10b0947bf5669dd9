//! What Slack shows besides threads: the app's home, the assistant's pane, shortcuts, links; and what comes by itself.

use chrono::TimeDelta;
use serde_json::json;

use super::faults::results;
use super::{ANSWER, FIRST_DRAFT, HERE, LONG, card, count, desk, drafted, press, says, with, with_button};
use crate::support::desk::{Desk, Options, PROMPT, Via, until};
use crate::support::slack::{ALICE, BOB, CLIENT_ID, CLIENT_SECRET, Slack};

#[tokio::test]
async fn the_home_page_shows_drafts_tests_and_the_library_and_follows_them() {
    let (desk, slack) = desk(Via::Socket).await;
    slack.app_home_opened(ALICE).await;
    slack
        .until("her home", |slack| slack.home(ALICE).is_some_and(|home| home.to_string().contains("My drafts (0)")))
        .await;
    assert!(slack.home(ALICE).unwrap().to_string().contains("auspex_default"));
    let view = slack.home_view(ALICE).unwrap();
    slack.view_action(ALICE, &view, &view.button("New workshop")).await;
    let form = slack.eventually("the form", |slack| slack.view_of(ALICE)).await;
    slack.view_submission(ALICE, &form, &[("need", "need", json!("I need a weekly shipping briefing"))]).await;
    let direct = card(&slack, "D0ALICE", "weekly shipping briefing").await;
    slack.until("it is at home", |slack| slack.home(ALICE).unwrap().to_string().contains("My drafts (1)")).await;
    desk.model().reply(FIRST_DRAFT);
    press(&slack, ALICE, &direct, "Decide for me").await;
    with_button(&slack, &direct, "Test…").await;
    // Opened from home, it is where it lives.
    let view = slack.home_view(ALICE).unwrap();
    slack.view_action(ALICE, &view, &view.button("Open")).await;
    slack
        .until("she hears where", |slack| {
            slack.channel_messages("D0ALICE").iter().chain(&slack.ephemerals(ALICE)).any(|said| {
                said.all_text().contains("has its thread") || said.thread_ts.is_none() && said.ts != direct.ts
            })
        })
        .await;
    slack.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn the_assistants_pane_greets_and_goes_on_as_a_workshop() {
    let (desk, slack) = desk(Via::Socket).await;
    let thread = slack.write(ALICE, "D0ALICE", None, "(opened the pane)");
    slack.assistant_thread_started(ALICE, "D0ALICE", &thread).await;
    slack.until("suggestions", |slack| !slack.calls_of("assistant.threads.setSuggestedPrompts").is_empty()).await;
    slack.message(ALICE, "D0ALICE", Some(&thread), "I need a weekly shipping briefing").await;
    let asked = slack
        .eventually("the questions", |slack| {
            slack
                .thread("D0ALICE", &thread)
                .into_iter()
                .find(|said| said.buttons().iter().any(|b| b == "Decide for me"))
        })
        .await;
    slack.until("a title", |slack| !slack.calls_of("assistant.threads.setTitle").is_empty()).await;
    desk.model().reply(FIRST_DRAFT);
    slack.action(ALICE, &asked, &asked.button("Decide for me")).await;
    slack
        .until("a status", |slack| slack.statuses().iter().any(|status| format!("{status:?}").contains("thinking")))
        .await;
    slack
        .until("a draft", |slack| {
            slack.thread("D0ALICE", &thread).iter().any(|said| said.all_text().contains("Name the main risks"))
        })
        .await;
    slack.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn a_message_becomes_a_workshop_and_a_mention_does_too() {
    let (desk, slack) = desk(Via::Http).await;
    let ts = slack.write(BOB, HERE, None, "Could somebody watch war-risk premiums & tell us when they move?");
    slack
        .message_shortcut(
            ALICE,
            "design_from_message",
            HERE,
            &ts,
            "Could somebody watch war-risk premiums &amp; tell us when they move?",
        )
        .await;
    slack
        .until("a workshop below it", |slack| {
            slack.thread(HERE, &ts).iter().any(|said| said.all_text().contains("premiums &amp; tell us"))
        })
        .await;
    let ts = slack.message(BOB, HERE, None, "<@U0BOT> I need an energy briefing").await;
    slack
        .until("another below the mention", |slack| {
            slack
                .thread(HERE, &ts)
                .iter()
                .any(|said| said.all_text().contains("energy briefing") && said.author == "bot")
        })
        .await;
    assert_eq!(count(&desk, "select count(*) from drafts").await, 2);
    // Other talk in the channel is nobody's business.
    slack.message(BOB, HERE, None, "lunch?").await;
    assert_eq!(count(&desk, "select count(*) from arrivals where body::text like '%lunch%'").await, 0);
    slack.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn a_link_shows_what_it_leads_to_for_those_who_may_see_it() {
    let (desk, slack) = desk(Via::Socket).await;
    drafted(&desk, &slack).await;
    let link = format!("{}/workshop/1", desk.workshop().settings().public_url);
    let ts = slack.write(BOB, HERE, None, &link);
    slack.link_shared(BOB, HERE, &ts, &[&link]).await;
    slack.link_shared(ALICE, HERE, &ts, &[&link, "https://elsewhere.example/workshop/1"]).await;
    let shown = slack.eventually("what it leads to", |slack| slack.unfurls().pop()).await;
    assert!(shown.content.to_string().contains("Weekly shipping briefing"), "{shown:?}");
    assert_eq!(slack.calls_of("chat.unfurl").len(), 1, "Bob has not taken part: {:?}", slack.calls_of("chat.unfurl"));
    slack.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn drafts_that_nobody_uses_are_reminded_of_where_they_live() {
    let (desk, slack) = desk(Via::Socket).await;
    let thread = drafted(&desk, &slack).await;
    desk.clock.advance(TimeDelta::days(23) + TimeDelta::hours(1));
    desk.workshop().expire_drafts().await.unwrap();
    let reminder = with_button(&slack, &thread, "Let it go").await;
    assert!(reminder.all_text().contains("expires on"), "{}", reminder.all_text());
    slack.action(ALICE, &reminder, &reminder.button("Keep")).await;
    says(&slack, &thread, "alice keeps draft 1").await;
    let now = slack.thread(HERE, &thread.ts).into_iter().find(|said| said.ts == reminder.ts).unwrap();
    assert!(now.buttons().is_empty(), "{:?}", now.buttons());
    desk.clock.advance(TimeDelta::days(31));
    desk.workshop().expire_drafts().await.unwrap();
    press(&slack, ALICE, &thread, "Restore").await;
    until("it is back", LONG, || async {
        count(&desk, "select count(*) from drafts where status <> 'expired'").await == 1
    })
    .await;
    slack.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn who_forgets_to_rate_is_reminded_once() {
    let (desk, slack) = desk(Via::Socket).await;
    let thread = drafted(&desk, &slack).await;
    desk.model().reply(ANSWER);
    slack.message(ALICE, HERE, Some(&thread.ts), "test How did war-risk premiums move?").await;
    slack.until("a result", |slack| results(slack, &thread) == 1).await;
    desk.clock.advance(TimeDelta::hours(5));
    for _ in 0..2 {
        desk.workshop().expire_drafts().await.unwrap();
    }
    let reminder = slack
        .eventually("a reminder", |slack| {
            slack.thread(HERE, &thread.ts).into_iter().find(|said| said.all_text().contains("This reminder comes once"))
        })
        .await;
    slack.action(ALICE, &reminder, &reminder.button("5 ★")).await;
    says(&slack, &thread, "alice 5 ★").await;
    desk.workshop().expire_drafts().await.unwrap();
    let reminders = |slack: &Slack| {
        slack.thread(HERE, &thread.ts).iter().filter(|said| said.all_text().contains("comes once")).count()
    };
    assert_eq!(reminders(&slack), 1);
    desk.close().await;
}

#[tokio::test]
async fn tests_are_compared_repeated_and_noted() {
    let (desk, slack) = desk(Via::Socket).await;
    let thread = drafted(&desk, &slack).await;
    for answer in [ANSWER, "They fell to 0.4 percent [Premiums fall again](https://news.example/3)."] {
        let before = results(&slack, &thread);
        desk.model().reply(answer);
        slack.message(ALICE, HERE, Some(&thread.ts), "test How did war-risk premiums move?").await;
        slack.until("a result", |slack| results(slack, &thread) == before + 1).await;
    }
    let result = with_button(&slack, &thread, "Compare with…").await;
    slack.action(BOB, &result, &result.button("Compare with…")).await;
    let form = slack.eventually("the form", |slack| slack.view_of(BOB)).await;
    let other = form.raw["blocks"][1]["element"]["options"][0].clone();
    slack.view_submission(BOB, &form, &[("with", "with", other)]).await;
    says(&slack, &thread, "4 articles in common").await;
    slack.action(BOB, &result, &result.button("Add a note…")).await;
    let form =
        slack.eventually("the form", |slack| slack.view_of(BOB).filter(|view| view.title() == "Add a note")).await;
    slack.view_submission(BOB, &form, &[("note", "note", json!("good timelines"))]).await;
    slack.action(BOB, &result, &result.button("4 ★")).await;
    says(&slack, &thread, "bob 4 ★ \"good timelines\"").await;
    desk.model().reply(ANSWER);
    slack.action(BOB, &result, &result.button("Run again")).await;
    slack.until("another result", |slack| results(slack, &thread) == 3).await;
    slack.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn workspaces_install_the_app_and_remove_it() {
    let settings = vec![
        ("SLACK__BOT_TOKEN", String::new()),
        ("SLACK__CLIENT_ID", CLIENT_ID.to_owned()),
        ("SLACK__CLIENT_SECRET", CLIENT_SECRET.to_owned()),
    ];
    let (desk, slack) = with(Via::Http, Options { settings, ..Options::default() }).await;
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
    let asked = browser.get(format!("{}/slack/install", desk.base())).send().await.unwrap();
    assert_eq!(asked.status(), 302);
    let location = asked.headers()["location"].to_str().unwrap().to_owned();
    assert!(location.contains("/oauth/v2/authorize?") && location.contains("chat%3Awrite"), "{location}");
    let cookie = asked.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let url = reqwest::Url::parse(&location).unwrap();
    let state = url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let back = |code: &str, state: &str, cookie: &str| {
        browser
            .get(format!("{}/slack/oauth/callback?code={code}&state={state}", desk.base()))
            .header("cookie", cookie.to_owned())
            .send()
    };
    assert_eq!(back("a-code", "forged.state.00", &cookie).await.unwrap().status(), 400);
    assert_eq!(back("a-code", &state, "workshop_slack_state=another").await.unwrap().status(), 400);
    let installed = back("a-code", &state, &cookie).await.unwrap();
    assert_eq!(installed.status(), 200, "{}", installed.text().await.unwrap());
    let leaked = "select count(*) from installations where position('xoxb' in encode(sealed_token, 'escape')) > 0";
    assert_eq!(count(&desk, leaked).await, 0);
    // The new workspace works by its own token.
    let there = slack.of_team("T1NEW");
    there.channel("C1NEWS", true);
    there.command(ALICE, "C1NEWS", "new I need a weekly shipping briefing").await;
    card(&there, "C1NEWS", "weekly shipping briefing").await;
    there.app_uninstalled().await;
    until("its token is gone", LONG, || async { count(&desk, "select count(*) from installations").await == 0 }).await;
    assert_eq!(count(&desk, "select count(*) from drafts").await, 1, "what people made stays");
    // It can be installed again, and its tokens be revoked.
    let asked = browser.get(format!("{}/slack/install", desk.base())).send().await.unwrap();
    let cookie = asked.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let url = reqwest::Url::parse(asked.headers()["location"].to_str().unwrap()).unwrap();
    let state = url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    assert_eq!(back("another-code", &state, &cookie).await.unwrap().status(), 200);
    there.tokens_revoked().await;
    until("its token is gone again", LONG, || async { count(&desk, "select count(*) from installations").await == 0 })
        .await;
    desk.close().await;
}

#[tokio::test]
async fn a_long_draft_is_edited_in_parts_and_put_together() {
    let (desk, slack) = desk(Via::Socket).await;
    let long = format!("{PROMPT}{}", "A rule that stands in a line of its own, with words enough.\n".repeat(250));
    slack.message(ALICE, "D0ALICE", None, "help").await;
    let alice = until_account(&desk).await;
    let started = alice.post("/prompts/workshop/start", json!({ "starting_prompt": long })).await.expect(201);
    slack.command(ALICE, HERE, &format!("open {}", started["draft_id"])).await;
    let thread = card(&slack, HERE, "Untitled draft").await;
    let posted = with_button(&slack, &thread, "Edit…").await;
    slack.action(ALICE, &posted, &posted.button("Edit…")).await;
    let form = slack.eventually("the form", |slack| slack.view_of(ALICE)).await;
    assert!(form.raw["blocks"].as_array().unwrap().len() > 5);
    // Nothing changed: nothing is saved.
    slack.view_submission(ALICE, &form, &[]).await;
    slack.action(ALICE, &posted, &posted.button("Edit…")).await;
    let form = slack.eventually("the form again", |slack| slack.view_of(ALICE).filter(|view| view.id != form.id)).await;
    slack.view_submission(ALICE, &form, &[("text0", "text0", json!("A new beginning."))]).await;
    says(&slack, &thread, "alice edited the draft: revision 2").await;
    let draft = alice.get(&format!("/prompts/workshop/drafts/{}", started["draft_id"])).await.expect(200);
    let text = draft["draft_content"].as_str().unwrap();
    assert!(text.starts_with("A new beginning.\nA rule that stands") && text.ends_with("words enough.\n"), "{text}");
    slack.assert_clean();
    desk.close().await;
}

/// Alice as she is known from Slack, with a token.
async fn until_account(desk: &Desk) -> crate::support::desk::Person {
    until("she is known", LONG, || async {
        count(desk, "select count(*) from accounts where name = 'u0alice'").await == 1
    })
    .await;
    let accounts = desk.workshop().accounts().await.unwrap();
    let account = accounts.into_iter().find(|account| account.name == "u0alice").unwrap();
    crate::support::desk::Person::at(desk.base().to_owned(), desk.workshop().create_token(account.id).await.unwrap())
}
