//! A month in the life of a family of prompts: three people of a team, one outside, in Slack and through the API.

use axum::http::Method;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::slack::{self, HERE, card, press, says};
use crate::support::desk::{Desk, Person, Via};
use crate::support::slack::{ALICE, BOB, Slack, User};

const QUESTION: &str = "How did war-risk premiums move?";
const ANSWER: &str = "They rose to 0.9 percent [War-risk premiums rise](https://news.example/1).";

async fn whispers(slack: &Slack, who: User, what: &str) {
    let told = |slack: &Slack| slack.ephemerals(who).iter().any(|said| said.all_text().contains(what));
    slack.until(&format!("{} is told {what:?}", who.name), told).await;
}

/// The data of the last event of an answer in a session.
async fn ask(person: &Person, session: &Value, question: &str) -> Value {
    let said = json!({ "chat_id": session, "message": question });
    let events = person.post("/chat/message", said).await.expect(200);
    let last = events.as_str().unwrap().lines().filter_map(|line| line.strip_prefix("data: ")).next_back();
    serde_json::from_str(last.unwrap()).unwrap()
}

async fn clone(person: &Person, body: Value) -> String {
    let clone = person.post("/prompts/shipping_brief/clone", body).await.expect(201);
    format!("/prompts/workshop/drafts/{}", clone["draft_id"])
}

#[tokio::test]
async fn a_family_of_prompts_lives_for_a_month() {
    let (desk, slack) = slack::desk(Via::Socket).await;
    let (alice, bob, carol) = first_week(&desk, &slack).await;
    desk.clock.advance(TimeDelta::days(7));
    let abandoned = clone(&carol, json!({ "clone_name": "Some day" })).await;
    second_week(&desk, &slack, &bob).await;
    desk.clock.advance(TimeDelta::days(7));
    third_week(&desk, &slack, &alice, &carol).await;
    desk.clock.advance(TimeDelta::days(7));
    fourth_week(&desk, &alice, &carol).await;

    // The clone that nobody came back to expires; everything else is in use or committed.
    desk.clock.advance(TimeDelta::days(16));
    desk.workshop().expire_drafts().await.unwrap();
    assert_eq!(carol.get(&abandoned).await.expect(200)["status"], "expired");
    carol.put(&abandoned, json!({ "draft_content": "new" })).await.expect(409);
    let record = alice.get("/prompts/shipping_brief/activity?page_size=100").await.expect(200).to_string();
    for happened in ["prompt_committed", "prompt_labelled", "prompt_reverted", "prompt_deprecated", "prompt_asked"] {
        assert!(record.contains(happened), "{happened}: {record}");
    }
    bob.get("/prompts/shipping_brief/activity").await.expect(403);
    slack.assert_clean();
    desk.close().await;
}

/// Alice designs a prompt in Slack, with Bob; it is tested, rated, committed, labelled, and shared with Bob.
async fn first_week(desk: &Desk, slack: &Slack) -> (Person, Person, Person) {
    slack.command(ALICE, HERE, "new I need a weekly shipping briefing").await;
    let thread = card(slack, HERE, "weekly shipping briefing").await;
    desk.model().reply(slack::FIRST_DRAFT);
    press(slack, ALICE, &thread, "Decide for me").await;
    slack::with_button(slack, &thread, "Test…").await;
    desk.model().reply(ANSWER);
    slack.message(BOB, HERE, Some(&thread.ts), &format!("test {QUESTION}")).await;
    press(slack, BOB, &thread, "4 ★").await;
    says(slack, &thread, "Rated 4.0 of 5 by 1: bob 4 ★").await;
    slack.message(ALICE, HERE, Some(&thread.ts), "commit shipping_brief Shipping in a week").await;
    says(slack, &thread, "alice committed this prompt").await;
    slack.command(ALICE, HERE, "prompt label shipping_brief production 1").await;
    whispers(slack, ALICE, "production of shipping_brief is version 1 now").await;
    slack.command(ALICE, HERE, &format!("share add <@{}|bob> editor shipping_brief", BOB.id)).await;
    whispers(slack, ALICE, "bob").await;
    let (alice, bob, carol) = (desk.person("alice").await, desk.person("bob").await, desk.person("carol").await);
    assert_eq!(bob.get("/prompts/shipping_brief/shares").await.expect(200)["your_access"], "editor");
    let share = json!({ "person": "carol", "access": "commenter" });
    alice.put("/prompts/shipping_brief/shares", share).await.expect(200);
    (alice, bob, carol)
}

/// Bob edits what is to be the next version, runs a suite on both texts, compares, and publishes version 2.
async fn second_week(desk: &Desk, slack: &Slack, bob: &Person) {
    let draft = clone(bob, json!({ "as_version": true })).await;
    let before = bob.get(&draft).await.expect(200)["draft_content"].as_str().unwrap().to_owned();
    bob.put(&draft, json!({ "draft_content": format!("{before}\n## Dates\nGive a date for each fact.\n") }))
        .await
        .expect(200);
    let questions = json!([
        { "test_query": QUESTION, "topic": "Shipping" },
        { "test_query": "Which ports reopened after strikes?", "topic": "Shipping" },
    ]);
    bob.post("/suites", json!({ "name": "weekly_questions", "questions": questions })).await.expect(201);
    desk.model().answer_with(|_| ANSWER.to_owned());
    let run = bob.request(Method::POST, &format!("{draft}/batches")).header("prefer", "wait=60");
    let run = run.json(&json!({ "suite": "weekly_questions", "revisions": [1, 2] }));
    let batch = bob.send(run).await.expect(200);
    assert_eq!((&batch["status"], &batch["done"]), (&json!("finished"), &json!(4)));
    let tests = bob.get(&format!("{draft}/tests")).await.expect(200);
    let tests = tests["test_results"].as_array().unwrap();
    let of = |revision: i64| {
        let test = tests.iter().find(|test| test["revision"] == revision && test["query"] == QUESTION).unwrap();
        test["test_id"].as_str().unwrap().to_owned()
    };
    let compared = bob.get(&format!("/tests/compare?tests={},{}", of(1), of(2))).await.expect(200);
    assert!(compared.to_string().contains("Give a date for each fact."), "{compared}");
    let rating = json!({ "user_rating": 5, "notes": "dates at last" });
    bob.put(&format!("{draft}/tests/{}/feedback", of(2)), rating).await.expect(200);
    let history = bob.get(&format!("{draft}/history")).await.expect(200);
    assert_eq!(history["history"][1]["mean_rating"], 5.0, "{history}");
    let commit = json!({ "name": "shipping_brief", "title": "Shipping in a week", "note": "Dates" });
    assert_eq!(bob.post(&format!("{draft}/commit"), commit).await.expect(201)["version"], 2);
    let version = bob.get("/prompts/shipping_brief/versions/2").await.expect(200);
    assert_eq!((&version["note"], &version["mean_rating"]), (&json!("Dates"), &json!(5.0)));
    assert_eq!(version["tests"].as_array().unwrap().len(), 2);

    // What is in production only its owner moves.
    bob.put("/prompts/shipping_brief/labels/production", json!({ "version": 2 })).await.expect(403);
    slack.command(ALICE, HERE, "prompt label shipping_brief production 2").await;
    whispers(slack, ALICE, "production of shipping_brief is version 2 now. It was 1 before").await;
}

/// Carol asks it in a session, Bob in Slack; both rate. Alice goes back to the first text.
async fn third_week(desk: &Desk, slack: &Slack, alice: &Person, carol: &Person) {
    let begin = json!({ "topic": "Shipping", "prompt_name": "shipping_brief", "label": "production" });
    let session = carol.post("/chat/sessions", begin).await.expect(201)["chat_id"].clone();
    let done = ask(carol, &session, QUESTION).await;
    assert_eq!(done["version"], 2, "{done}");
    let answer = format!("/chat/sessions/{session}/answers/{}", done["answer_id"].as_str().unwrap());
    carol.put(&format!("{answer}/feedback"), json!({ "user_rating": 2, "notes": "too terse" })).await.expect(200);
    slack.command(BOB, HERE, &format!("ask shipping_brief@production {QUESTION}")).await;
    let asked = slack
        .eventually("the answer in the channel", |slack| {
            let mut said = slack.channel_messages(HERE).into_iter();
            said.find(|posted| posted.all_text().contains("bob asked shipping_brief"))
        })
        .await;
    slack.action(ALICE, &asked, &asked.button("2 ★")).await;
    slack
        .until("its rating shows", |slack| {
            slack
                .channel_messages(HERE)
                .iter()
                .any(|posted| posted.all_text().contains("Rated 2.0 of 5 by 1: alice 2 ★"))
        })
        .await;
    let remark = json!({ "text": "@alice the first one was calmer." });
    carol.post("/prompts/shipping_brief/comments", remark).await.expect(201);
    carol.post("/prompts/shipping_brief/revert", json!({ "version": 1 })).await.expect(403);
    let reverted = alice.post("/prompts/shipping_brief/revert", json!({ "version": 1, "note": "Calmer" })).await;
    assert_eq!(reverted.expect(201)["version"], 3);
    alice.put("/prompts/shipping_brief/labels/production", json!({ "version": 3 })).await.expect(200);
    assert_eq!(ask(carol, &session, QUESTION).await["version"], 3);
    assert_eq!(alice.get("/prompts/shipping_brief").await.expect(200)["uses"], 3);

    // Carol makes something better of the answer she did not like.
    let improved = carol.post(&format!("{answer}/improve"), json!({ "draft_name": "Calm brief" })).await.expect(201);
    let draft = format!("/prompts/workshop/drafts/{}", improved["draft_id"]);
    let tests = carol.get(&format!("{draft}/tests")).await.expect(200);
    assert_eq!((&tests["total_tests"], &tests["test_results"][0]["notes"]), (&json!(1), &json!("too terse")));
    let commit = json!({ "name": "calm_brief", "title": "A calm brief", "confirm": true });
    carol.post(&format!("{draft}/commit"), commit).await.expect(201);
    assert_eq!(desk.workshop().latest_answer(carol.actor()).await.unwrap().unwrap().version.0, 3);
}

/// The old prompt is deprecated for Carol's, and somebody outside is let in by a link.
async fn fourth_week(desk: &Desk, alice: &Person, carol: &Person) {
    let deprecate = json!({ "deprecated": true, "successor": "calm_brief" });
    carol.put("/prompts/shipping_brief", deprecate.clone()).await.expect(403);
    assert_eq!(alice.put("/prompts/shipping_brief", deprecate).await.expect(200)["successor"], "calm_brief");
    let begin = json!({ "topic": "Shipping", "prompt_name": "shipping_brief" });
    let session = carol.post("/chat/sessions", begin).await.expect(201)["chat_id"].clone();
    assert_eq!(ask(carol, &session, QUESTION).await["successor"], "calm_brief", "it still answers, and says so");
    let family = carol.get("/prompts/calm_brief/family").await.expect(200);
    let members: Vec<_> =
        family["prompts"].as_array().unwrap().iter().map(|one| (&one["name"], &one["deprecated"])).collect();
    assert_eq!(members, [(&json!("shipping_brief"), &json!(true)), (&json!("calm_brief"), &json!(false))]);

    desk.workshop().ensure_guest("gina").await.unwrap();
    let gina = desk.person("gina").await;
    gina.get("/prompts/calm_brief").await.expect(404);
    let invite = carol.post("/prompts/calm_brief/invites", json!({ "access": "viewer" })).await.expect(201);
    gina.post("/invites/accept", json!({ "code": invite["code"] })).await.expect(200);
    let seen = gina.get("/prompts/calm_brief").await.expect(200);
    assert_eq!((&seen["parent_prompt"], &seen["parent_version"]), (&json!("shipping_brief"), &json!(2)));
    gina.get("/prompts/shipping_brief").await.expect(404);
    gina.post("/prompts/calm_brief/clone", json!({})).await.expect(201);
}
