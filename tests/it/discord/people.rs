//! What people are told when something is not right: permissions, forms, mistakes. And that nobody is pinged.

use serde_json::json;

use super::{HERE, alice, count_of, desk, drafted, press, says, start, whispered, with_button};
use crate::slack::count;
use crate::support::desk::{Options, PROMPT, Via};
use crate::support::discord::{ALICE, BOB, Discord, FORUM};
use crate::support::model_server::ModelServer;

#[tokio::test]
async fn a_stranger_learns_nothing_of_a_draft() {
    let (desk, discord) = desk(Via::Socket).await;
    // In a direct message, where nobody else reads.
    let direct = discord.dm(ALICE);
    discord.message(ALICE, &direct, "I need a weekly shipping briefing").await;
    says(&discord, &direct, "weekly shipping briefing").await;
    discord.command(BOB, HERE, "open", &[("draft", json!(1))]).await;
    discord.command(BOB, HERE, "test", &[("draft", json!(1)), ("question", json!("How did premiums move?"))]).await;
    discord
        .command(
            BOB,
            HERE,
            "commit",
            &[("draft", json!(1)), ("name", json!("some_name")), ("title", json!("Some title"))],
        )
        .await;
    discord
        .until("he is told so each time", |discord| {
            discord.ephemerals(BOB).iter().filter(|said| said.all_text().contains("There is no such draft")).count()
                == 3
        })
        .await;
    // A form is not even shown, and nothing is offered.
    let shown = discord.command(BOB, HERE, "commit", &[("draft", json!(1))]).await;
    assert!(shown.text().contains("There is no such draft"), "{shown:?}");
    assert!(discord.complete(BOB, HERE, "open", &[], "draft", "").await.is_empty());
    assert!(discord.modals().is_empty());
    desk.close().await;
}

#[tokio::test]
async fn a_form_with_a_mistake_is_opened_again_with_what_was_typed() {
    let (desk, discord) = desk(Via::Socket).await;
    let thread = drafted(&desk, &discord).await;
    press(&discord, ALICE, &thread, "Test…").await;
    let form = discord.modal_of(ALICE).unwrap();
    assert_eq!(form.value("topic"), "Shipping");
    let question = "How did war-risk premiums move?";
    let response = discord.submit(ALICE, &form, &[("question", question), ("days", "soon")]).await;
    assert!(response.text().contains("1 to 3660"), "{response:?}");
    let told = discord.ephemerals(ALICE).pop().unwrap();
    discord.press(ALICE, &told, "Open the form again").await;
    let form = discord.modal_of(ALICE).unwrap();
    assert_eq!(form.value("question"), question);
    // Nobody else can open it.
    let mut made_up = discord.interaction(BOB, &thread);
    made_up["type"] = json!(3);
    made_up["data"] = json!({ "custom_id": told.button("Open the form again"), "component_type": 2 });
    made_up["message"] = json!({ "id": "1" });
    let id = made_up["id"].as_str().unwrap().to_owned();
    discord.raw_dispatch("INTERACTION_CREATE", made_up).await;
    let stolen = discord.eventually("an answer", |discord| discord.response_to(&id)).await;
    assert!(stolen.text().contains("There is no such draft"), "{stolen:?}");
    // A topic that does not exist is found out later, and costs nothing either.
    discord.submit(ALICE, &form, &[("topic", "Shiping")]).await;
    let told = discord
        .eventually("the refusal", |discord| {
            let told = discord.ephemerals(ALICE).into_iter().rev();
            told.into_iter().find(|said| said.all_text().contains("topic") && said.buttons().len() == 1)
        })
        .await;
    discord.press(ALICE, &told, "Open the form again").await;
    let form = discord.modal_of(ALICE).unwrap();
    assert_eq!((form.value("question"), form.value("topic")), (question, "Shiping"));
    desk.model().reply(crate::slack::ANSWER);
    discord.submit(ALICE, &form, &[("topic", "Shipping")]).await;
    with_button(&discord, &thread, "4 ★").await;
    discord.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn an_edit_that_comes_second_is_kept_and_shown_what_came_first() {
    let (desk, discord) = desk(Via::Socket).await;
    let thread = drafted(&desk, &discord).await;
    press(&discord, ALICE, &thread, "Edit…").await;
    let form = discord.modal_of(ALICE).unwrap();
    // Meanwhile the text changes elsewhere.
    let web = alice(&desk).await;
    web.put("/prompts/workshop/drafts/1", json!({ "draft_content": PROMPT })).await.expect(200);
    says(&discord, &thread, "alice edited the draft: revision 2").await;
    let mine = format!("{PROMPT}\n\nMine, written in Discord.");
    discord.submit(ALICE, &form, &[("text0", &mine)]).await;
    let told = whispered(&discord, ALICE, "changed").await;
    discord.press(ALICE, &told, "Open the form again").await;
    let form = discord.modal_of(ALICE).unwrap();
    assert!(form.title.contains("revision 2"), "{}", form.title);
    assert!(form.value("text0").contains("Mine, written in Discord."));
    discord.submit(ALICE, &form, &[]).await;
    says(&discord, &thread, "alice edited the draft: revision 3").await;
    let draft = web.get("/prompts/workshop/drafts/1").await.expect(200);
    assert_eq!(draft["draft_content"], mine);
    discord.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn a_long_draft_is_edited_in_parts_and_put_together() {
    let (desk, discord) = desk(Via::Socket).await;
    discord.command(ALICE, HERE, "list", &[]).await;
    let web = alice(&desk).await;
    let long = format!("{PROMPT}{}", "A rule that stands in a line of its own, with words enough.\n".repeat(200));
    let started = web.post("/prompts/workshop/start", json!({ "starting_prompt": long })).await.expect(201);
    discord.command(ALICE, HERE, "open", &[("draft", started["draft_id"].clone())]).await;
    let thread = discord.eventually("its thread", |discord| discord.threads(HERE).pop()).await.id;
    press(&discord, ALICE, &thread, "Edit…").await;
    let form = discord.modal_of(ALICE).unwrap();
    assert!(form.inputs.len() > 2, "{}", form.inputs.len());
    discord.submit(ALICE, &form, &[("text0", "A new beginning.")]).await;
    says(&discord, &thread, "alice edited the draft: revision 2").await;
    let draft = web.get(&format!("/prompts/workshop/drafts/{}", started["draft_id"])).await.expect(200);
    let text = draft["draft_content"].as_str().unwrap();
    assert!(
        text.starts_with("A new beginning.\nA rule that stands") && text.trim_end().ends_with("words enough."),
        "{text}"
    );
    discord.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn an_untested_draft_is_committed_by_a_form_that_warns() {
    let (desk, discord) = desk(Via::Socket).await;
    let thread = drafted(&desk, &discord).await;
    press(&discord, ALICE, &thread, "Commit…").await;
    let form = discord.modal_of(ALICE).unwrap();
    assert!(form.title.contains("not been tested"), "{}", form.title);
    // The name of the prompt that ships with the service belongs to another.
    discord.submit(ALICE, &form, &[("name", "auspex_default"), ("title", "A good title")]).await;
    let told = whispered(&discord, ALICE, "taken").await;
    discord.press(ALICE, &told, "Open the form again").await;
    let form = discord.modal_of(ALICE).unwrap();
    assert_eq!(form.value("title"), "A good title");
    discord.submit(ALICE, &form, &[("name", "shipping_weekly")]).await;
    says(&discord, &thread, "alice committed this prompt").await;
    discord.until("the thread is put away", |discord| discord.thread(&thread).unwrap().archived).await;
    // An old button says what has happened.
    let late = discord.messages(&thread).into_iter().find(|said| said.all_text().contains("Here is a draft.")).unwrap();
    let refused = discord.press_id(ALICE, &late, "pw:commit:1:1").await;
    assert!(refused.text().contains("committed"), "{refused:?}");
    desk.close().await;
}

#[tokio::test]
async fn nobody_is_pinged_whatever_a_model_or_an_article_says() {
    let (desk, discord) = desk(Via::Socket).await;
    let thread = drafted(&desk, &discord).await;
    let hostile =
        "Wake up <@3001> and <@&5>, @everyone and @here! See [@everyone](https://news.example/1) and </ask:1>.";
    desk.model().reply(hostile);
    discord.message(ALICE, &thread, "test How did war-risk premiums move?").await;
    with_button(&discord, &thread, "4 ★").await;
    desk.model().reply(hostile);
    discord.message(BOB, &thread, "@everyone what do you think of <@3001>?").await;
    discord.until("the assistant answered", |discord| count_of(discord, &thread, "Wake up") == 2).await;
    for posted in discord.messages(&thread).into_iter().filter(|posted| posted.author == "bot") {
        let text = posted.all_text();
        assert!(!text.contains("<@") && !text.contains("@everyone") && !text.contains("@here"), "{text}");
    }
    discord.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn a_test_beyond_the_limit_is_refused_and_given_back() {
    let limit = Options {
        settings: vec![("LIMITS__TESTS_PER_HOUR", "1".to_owned())],
        model: Some(ModelServer::start().await),
        ..Options::default()
    };
    let (desk, discord) = super::with(Via::Socket, limit).await;
    let thread = drafted(&desk, &discord).await;
    desk.model().reply(crate::slack::ANSWER);
    discord.command(ALICE, &thread, "test", &[("question", json!("How did premiums move?"))]).await;
    with_button(&discord, &thread, "4 ★").await;
    discord.command(ALICE, &thread, "test", &[("question", json!("How will premiums move?"))]).await;
    let told = whispered(&discord, ALICE, "1 tests within an hour").await;
    assert!(told.all_text().contains("How will premiums move?"), "{}", told.all_text());
    assert_eq!(count(&desk, "select count(*) from trials").await, 1);
    desk.close().await;
}

#[tokio::test]
async fn a_forum_holds_workshops_as_posts() {
    let (desk, discord) = desk(Via::Socket).await;
    let post = discord.start_thread(ALICE, FORUM, "Shipping", "What about shipping?").await;
    start(&discord, &post, "I need a weekly shipping briefing").await;
    says(&discord, &post, "weekly shipping briefing").await;
    desk.model().reply(crate::slack::FIRST_DRAFT);
    press(&discord, ALICE, &post, "Decide for me").await;
    with_button(&discord, &post, "Test…").await;
    // That post has its workshop; another gets a post of its own.
    start(&discord, &post, "I need an energy outlook").await;
    let another = discord
        .eventually("another post", |discord: &Discord| {
            discord.threads(FORUM).into_iter().find(|thread| thread.name.contains("nergy outlook"))
        })
        .await;
    press(&discord, ALICE, &another.id, "Decide for me").await;
    // Its card is brought up to date where it stands.
    discord.command(ALICE, &another.id, "ready", &[]).await;
    says(&discord, &another.id, "energy outlook").await;
    discord.assert_clean();
    assert_eq!(count(&desk, "select count(*) from places").await, 2);
    desk.close().await;
}

#[tokio::test]
async fn a_deleted_workshop_says_so_and_is_put_away() {
    let (desk, discord) = desk(Via::Socket).await;
    let thread = drafted(&desk, &discord).await;
    let web = alice(&desk).await;
    assert!(web.delete("/prompts/workshop/drafts/1").await.status.is_success());
    says(&discord, &thread, "alice deleted the workshop").await;
    discord.until("the thread is put away", |discord| discord.thread(&thread).unwrap().archived).await;
    discord.assert_clean();
    desk.close().await;
}
