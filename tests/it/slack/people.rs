//! Who somebody is, what they may do, and what they are told: identities, permissions, forms, mistakes.

use serde_json::json;

use super::{
    FIRST_DRAFT, HERE, LONG, SECOND_DRAFT, card, count, desk, drafted, option, press, says, with, with_button,
};
use crate::support::desk::{Options, PROMPT, Via, until};
use crate::support::slack::{ALICE, BOB, OTHER, Slack, User};

/// Waits until somebody is told something that only they see.
async fn whispered(slack: &Slack, who: User, what: &str) {
    slack
        .until(&format!("{} is told {what:?}", who.name), |slack| {
            slack.ephemerals(who).iter().any(|said| said.all_text().contains(what))
        })
        .await;
}

#[tokio::test]
async fn somebody_of_the_same_name_is_somebody_else() {
    let (desk, slack) = with(Via::Http, Options::default()).await;
    let known = desk.person("alice").await;
    let draft = known.draft().await;
    let list = slack.command(ALICE, HERE, "list").await;
    assert!(list.text().contains("You have no drafts"), "{}", list.text());
    slack.command(ALICE, HERE, &format!("open {draft}")).await;
    whispered(&slack, ALICE, "There is no such draft").await;
    assert_eq!(count(&desk, "select count(*) from accounts where name in ('alice', 'alice.2')").await, 2);
    desk.close().await;
}

#[tokio::test]
async fn a_code_joins_a_slack_user_to_an_account_and_brings_the_drafts_along() {
    let (desk, slack) = desk(Via::Http).await;
    let thread = drafted(&desk, &slack).await;
    let known = desk.person("alice.at.home").await;
    let code = desk.workshop().create_join_code(known.actor()).await.unwrap();
    let code = secrecy::ExposeSecret::expose_secret(&code).to_owned();
    slack.command(ALICE, HERE, &format!("link {code}")).await;
    whispered(&slack, ALICE, "You are alice.at.home here now").await;
    let drafts = known.get("/prompts/workshop/drafts").await.expect(200);
    assert_eq!(drafts["total"], 1, "{drafts}");
    assert_eq!(count(&desk, "select count(*) from accounts where name = 'alice'").await, 0);
    // It works once.
    slack.command(BOB, HERE, &format!("link {code}")).await;
    whispered(&slack, BOB, "There is no such sign-in link").await;
    // And she goes on where she was.
    desk.model().reply(SECOND_DRAFT);
    slack.message(ALICE, HERE, Some(&thread.ts), "make the timelines stronger").await;
    with_button(&slack, &thread, "Accept change").await;
    desk.close().await;
}

#[tokio::test]
async fn a_stranger_learns_nothing_of_a_draft() {
    let (desk, slack) = desk(Via::Socket).await;
    // In a direct message, where nobody else reads.
    slack.message(ALICE, "D0ALICE", None, "I need a weekly shipping briefing").await;
    let direct = slack
        .eventually("her thread", |slack| {
            slack.channel_messages("D0ALICE").into_iter().find(|said| said.author == "bot")
        })
        .await;
    let draft = count(&desk, "select max(id)::bigint from drafts").await;
    for typed in ["open N", "test N How did premiums move?", "commit N some_name Some title", "restore N"] {
        slack.command(BOB, HERE, &typed.replace('N', &draft.to_string())).await;
    }
    slack
        .until("he is told so each time", |slack| {
            slack.ephemerals(BOB).iter().filter(|said| said.all_text().contains("There is no such draft")).count() == 4
        })
        .await;
    // Nor does a button help that he made up.
    let button = json!({ "type": "button", "action_id": format!("pw:edit:{draft}:1"), "text": { "type": "plain_text", "text": "x" } });
    slack.action(BOB, &direct, &button).await;
    slack
        .until("nor then", |slack| slack.ephemerals(BOB).len() >= 5 || slack.channel_messages("D0BOB").len() == 1)
        .await;
    assert!(slack.views().is_empty());
    desk.close().await;
}

#[tokio::test]
async fn mistakes_in_a_form_are_shown_at_their_place_and_lose_nothing() {
    let (desk, slack) = desk(Via::Http).await;
    let thread = drafted(&desk, &slack).await;
    desk.person("carol").await.post("/prompts/workshop/start", json!({ "starting_prompt": PROMPT })).await.expect(201);
    let posted = with_button(&slack, &thread, "Commit…").await;
    slack.action(ALICE, &posted, &posted.button("Commit…")).await;
    let view = slack.eventually("the form", |slack| slack.view_of(ALICE)).await;
    assert!(view.raw.to_string().contains("has not been tested"), "the form warns");
    let ack = slack
        .view_submission(
            ALICE,
            &view,
            &[("name", "name", json!("Not A Name")), ("title", "title", json!("A good title"))],
        )
        .await;
    assert!(ack.errors()["name"].as_str().unwrap().contains("lower-case letters"), "{:?}", ack.payload);
    // The name of the prompt that ships with the service belongs to another.
    let values = [("name", "name", json!("auspex_default")), ("title", "title", json!("A good title"))];
    let ack = slack.view_submission(ALICE, &view, &values).await;
    assert!(ack.errors()["name"].as_str().unwrap().contains("taken"), "{:?}", ack.payload);
    // The form showed the warning, so that sending it is the second yes.
    let values = [("name", "name", json!("shipping_weekly")), ("title", "title", json!("Shipping, weekly"))];
    slack.view_submission(ALICE, &view, &values).await;
    says(&slack, &thread, "alice committed this prompt").await;
    // What is committed does not change, and an old button says so.
    slack.action(ALICE, &posted, &posted.button("Commit…")).await;
    whispered(&slack, ALICE, "This draft is committed").await;
    desk.close().await;
}

#[tokio::test]
async fn an_edit_that_comes_second_is_kept_and_shown_what_came_first() {
    let (desk, slack) = desk(Via::Socket).await;
    let thread = drafted(&desk, &slack).await;
    let posted = with_button(&slack, &thread, "Edit…").await;
    slack.action(ALICE, &posted, &posted.button("Edit…")).await;
    let view = slack.eventually("the form", |slack| slack.view_of(ALICE)).await;
    // Meanwhile the text changes elsewhere.
    let alice = desk.workshop().accounts().await.unwrap().into_iter().find(|account| account.name == "alice").unwrap();
    let token = desk.workshop().create_token(alice.id).await.unwrap();
    let web = crate::support::desk::Person::at(desk.base().to_owned(), token);
    web.put("/prompts/workshop/drafts/1", json!({ "draft_content": PROMPT })).await.expect(200);
    says(&slack, &thread, "alice edited the draft: revision 2").await;
    let mine = format!("{PROMPT}\n\nMine, written in Slack.");
    let ack = slack.view_submission(ALICE, &view, &[("text0", "text0", json!(mine))]).await;
    assert_eq!(ack.payload.as_ref().unwrap()["response_action"], "update", "{:?}", ack.payload);
    let view = slack.view_of(ALICE).unwrap();
    assert!(view.raw.to_string().contains("it is at revision 2 now"), "{}", view.raw);
    assert!(view.raw.to_string().contains("Mine, written in Slack."));
    slack.view_submission(ALICE, &view, &[]).await;
    says(&slack, &thread, "alice edited the draft: revision 3").await;
    let draft = web.get("/prompts/workshop/drafts/1").await.expect(200);
    assert_eq!(draft["draft_content"], mine);
    slack.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn who_types_in_a_browser_is_told_of_once_in_a_while() {
    let (desk, slack) = desk(Via::Socket).await;
    let thread = drafted(&desk, &slack).await;
    let alice = desk.workshop().accounts().await.unwrap().into_iter().find(|account| account.name == "alice").unwrap();
    let token = desk.workshop().create_token(alice.id).await.unwrap();
    let web = crate::support::desk::Person::at(desk.base().to_owned(), token);
    let autosave = async |text: &str| {
        let body = json!({ "draft_content": format!("{PROMPT}{text}"), "autosave": true });
        web.put("/prompts/workshop/drafts/1", body).await.expect(200);
    };
    for text in ["W", "Wr", "Wri"] {
        autosave(text).await;
    }
    says(&slack, &thread, "alice edited the draft: revision 2").await;
    desk.clock.advance(chrono::TimeDelta::minutes(11));
    autosave("Written").await;
    says(&slack, &thread, "alice edited the draft: revision 5").await;
    let told = slack.bot_messages(HERE).iter().filter(|posted| posted.text.contains("edited the draft")).count();
    assert_eq!(told, 2, "revisions 3 and 4 came while she typed");
    desk.close().await;
}

#[tokio::test]
async fn questions_are_answered_by_tapping_one_answer_each() {
    let (desk, slack) = desk(Via::Socket).await;
    slack.command(ALICE, HERE, "new I need a weekly shipping briefing").await;
    let thread = card(&slack, HERE, "weekly shipping briefing").await;
    desk.model().reply(FIRST_DRAFT);
    let asked = with_button(&slack, &thread, "Decide for me").await;
    let options: Vec<String> = asked.buttons().into_iter().filter(|label| label != "Decide for me").collect();
    assert!(options.len() >= 4, "{options:?}");
    slack.action(ALICE, &asked, &asked.button(&options[1])).await;
    says(&slack, &thread, &format!("*{}*", options[1].trim_end_matches(" (default)"))).await;
    assert!(desk.model().requests().is_empty(), "the others are still open");
    press(&slack, BOB, &thread, "Decide for me").await;
    with_button(&slack, &thread, "Test…").await;
    let heard = desk.model().only_request().body.to_string();
    assert!(heard.contains(options[1].trim_end_matches(" (default)")), "the model hears what was chosen");
    // The buttons are gone; an old one says what has happened.
    let now = slack.thread(HERE, &thread.ts).into_iter().find(|said| said.ts == asked.ts).unwrap();
    assert!(now.buttons().is_empty(), "{:?}", now.buttons());
    slack.action(BOB, &asked, &asked.button(&options[2])).await;
    whispered(&slack, BOB, "answered already").await;
    slack.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn what_is_typed_wrong_is_explained_and_given_back() {
    let (desk, slack) = desk(Via::Http).await;
    let thread = drafted(&desk, &slack).await;
    let ack = slack.command(ALICE, HERE, "comit some_name").await;
    assert!(ack.text().contains("Did you mean") && ack.text().contains("/workshop commit"), "{}", ack.text());
    let bare = slack.command(ALICE, HERE, "").await;
    assert!(bare.payload.unwrap().to_string().contains("/workshop library"), "bare shows help");
    slack.message(ALICE, HERE, Some(&thread.ts), "test short?").await;
    whispered(&slack, ALICE, "must have 10 to 1000 characters").await;
    whispered(&slack, ALICE, "You wrote: test short?").await;
    let long = format!("new {}", "a need that is too long ".repeat(400));
    slack.command(ALICE, OTHER, &long).await;
    slack
        .until("she is told in a direct message", |slack| {
            slack.channel_messages("D0ALICE").iter().any(|said| said.all_text().contains("8000 characters"))
        })
        .await;
    slack.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn nobody_is_pinged_whatever_a_model_or_an_article_says() {
    let (desk, slack) = desk(Via::Socket).await;
    let thread = drafted(&desk, &slack).await;
    let hostile = "Wake up <!channel> and <@U0ALICE>, @everyone! See [<!here>](https://news.example/1) and <https://evil.example|this>.";
    desk.model().reply(hostile);
    slack.message(ALICE, HERE, Some(&thread.ts), "test How did war-risk premiums move?").await;
    with_button(&slack, &thread, "4 ★").await;
    desk.model().reply(hostile);
    slack.message(BOB, HERE, Some(&thread.ts), "<!channel> what do you think of <@U0ALICE>?").await;
    slack
        .until("the assistant answered", |slack| {
            slack.thread(HERE, &thread.ts).iter().filter(|said| said.all_text().contains("Wake up")).count() == 2
        })
        .await;
    slack.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn requests_that_slack_did_not_sign_just_now_are_refused() {
    let (desk, slack) = with(Via::Http, Options::default()).await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let secret = crate::support::slack::SIGNING_SECRET;
    let form = "application/x-www-form-urlencoded";
    let body = "command=%2Fworkshop&text=help&user_id=U1&user_name=u&channel_id=C1&team_id=T1&trigger_id=1.1";
    for (time, key, expected) in [
        (now, secret, 200),
        (now - 290, secret, 200),
        (now - 310, secret, 401),
        (now + 310, secret, 401),
        (now, "another", 401),
    ] {
        let (status, _) = slack.signed_post(desk.base(), "/slack/commands", body, form, time, key).await;
        assert_eq!(status, expected, "{time} {key}");
    }
    let unsigned =
        reqwest::Client::new().post(format!("{}/slack/events", desk.base())).body("{}").send().await.unwrap();
    assert_eq!(unsigned.status(), 401);
    slack.verify_url(desk.base()).await;
    let (status, _) = slack.signed_post(desk.base(), "/slack/events", "no json", "application/json", now, secret).await;
    assert_eq!(status, 400);
    desk.close().await;
}

#[tokio::test]
async fn a_test_by_form_is_checked_before_it_is_taken() {
    let limit = Options {
        settings: vec![("LIMITS__TESTS_PER_HOUR", "1".to_owned())],
        model: Some(crate::support::model_server::ModelServer::start().await),
        ..Options::default()
    };
    let (desk, slack) = with(Via::Socket, limit).await;
    let thread = drafted(&desk, &slack).await;
    for round in 0..2 {
        let posted = with_button(&slack, &thread, "Test…").await;
        let views = slack.views().len();
        slack.action(ALICE, &posted, &posted.button("Test…")).await;
        slack.until("another form", |slack| slack.views().len() > views).await;
        let view = slack.view_of(ALICE).unwrap();
        let values =
            [("question", "question", json!("How did premiums move?")), ("topic", "topic", option("Shipping"))];
        let ack = slack.view_submission(ALICE, &view, &values).await;
        match round {
            0 => {
                assert_eq!(ack.payload, None);
                until("the test is asked for", LONG, || async {
                    count(&desk, "select count(*) from trials").await == 1
                })
                .await;
            }
            _ => assert!(format!("{:?}", ack.errors()).contains("1 tests within an hour"), "{:?}", ack.payload),
        }
    }
    desk.close().await;
}
