//! The main job, end to end: from a requirement to a committed, tested prompt and its clone.

use serde_json::json;

use crate::support::desk::Desk;

const FIRST_DRAFT: &str = "Here is a draft.\n\n```prompt\nYou are a financial analyst for executives.\n\n## Task\nName the main risks and when \
                           they bite.\n\n## Citations\nCite every claim inline as `[Title](URL)`.\n```\n\nShall I add timelines?";

const SECOND_DRAFT: &str = "```prompt\nYou are a financial analyst for executives.\n\n## Task\nName the main risks with a timeline for \
                            each.\n\n## Citations\nCite every claim inline as `[Title](URL)`.\n```\n\nChanges:\n- Timelines are asked for now.";

#[tokio::test]
async fn an_analyst_gets_from_a_requirement_to_a_tested_prompt_and_its_clone() {
    let desk = Desk::with_model().await;
    let alice = desk.person("alice").await;
    let need = "I need executive-level financial analysis with risk focus";
    let started = alice.post("/prompts/workshop/start", json!({ "requirements": need })).await.expect(201);
    let draft = started["draft_id"].as_i64().unwrap();
    assert_eq!(started["status"], "draft");
    assert!(started["questions"].as_array().unwrap().len() <= 3, "{started}");

    // The first draft fills the empty draft by itself.
    desk.model().reply(FIRST_DRAFT);
    let path = format!("/prompts/workshop/drafts/{draft}");
    let reply = alice.post(&format!("{path}/messages"), json!({ "content": "decide for me" })).await.expect(200);
    assert_eq!(reply["draft"]["revision"], 1, "{reply}");
    let asked = desk.model().requests().pop().unwrap().body.to_string();
    assert!(asked.contains(need), "the model hears the requirement");

    // Every later one is a proposal.
    desk.model().reply(SECOND_DRAFT);
    let more = json!({ "content": "make the timelines stronger" });
    let reply = alice.post(&format!("{path}/messages"), more).await.expect(200);
    let proposal = &reply["draft"]["proposal"];
    assert_eq!(proposal["changes"][0]["reason"], "Timelines are asked for now.", "{reply}");
    let number = proposal["proposal"].as_i64().unwrap();
    let before = alice.get(&path).await.expect(200);
    assert_eq!(before["revision"], 1, "nothing is applied until a person accepts it");
    let accepted = alice.post(&format!("{path}/proposals/{number}/accept"), json!({})).await.expect(200);
    assert_eq!(accepted["revision"], 2);
    assert!(accepted["draft_content"].as_str().unwrap().contains("a timeline for"));

    // The test cites one article well and one that does not exist.
    desk.model().reply(
        "Premiums rose to 0.9 percent [War-risk premiums rise](https://news.example/1). \
                        They reached 3 percent [Elsewhere](https://other.example/x).",
    );
    let test = alice.test(draft, "How did war-risk premiums move?").await;
    assert_eq!((&test["status"], &test["revision"]), (&json!("succeeded"), &json!(2)), "{test}");
    assert_eq!(test["citation_summary"], "2 claims, 1 cited, 1 unknown link");
    let test_id = test["test_id"].as_str().unwrap();
    let whole = alice.get(&format!("{path}/tests/{test_id}")).await.expect(200);
    assert_eq!(whole["articles"].as_array().unwrap().len(), test["article_count"].as_u64().unwrap() as usize);
    assert_eq!(alice.get(&path).await.expect(200)["status"], "testing");

    let rated = json!({ "user_rating": 4, "notes": "good timelines" });
    let rated = alice.put(&format!("{path}/tests/{test_id}/feedback"), rated).await.expect(200);
    assert_eq!((&rated["user_rating"], &rated["mean_rating"]), (&json!(4), &json!(4.0)));

    let commit = json!({ "name": "financial_risk_executive", "title": "Financial risk for executives" });
    let committed = alice.post(&format!("{path}/commit"), commit).await.expect(201);
    assert_eq!(committed["name"], "financial_risk_executive");
    let prompt = alice.get("/prompts/financial_risk_executive").await.expect(200);
    assert!(prompt["content"].as_str().unwrap().contains("a timeline for"));

    let clone = alice.post("/prompts/financial_risk_executive/clone", json!({})).await.expect(201);
    let cloned = alice.get(&format!("/prompts/workshop/drafts/{}", clone["draft_id"])).await.expect(200);
    assert_eq!((&cloned["parent_prompt"], &cloned["parent_version"]), (&json!("financial_risk_executive"), &json!(1)));
    assert_eq!(cloned["draft_content"], prompt["content"]);
    desk.close().await;
}
