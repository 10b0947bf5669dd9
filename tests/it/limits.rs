//! What is refused, and how: values, sizes, limits, conflicts.

use axum::http::{Method, header};
use serde_json::{Value, json};

use crate::support::desk::{Desk, Options, Person};

#[track_caller]
fn fields(problem: &Value) -> Vec<&str> {
    problem["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn every_range_is_enforced_with_a_reason_for_each_field() {
    let desk = Desk::start().await;
    let alice = desk.person("alice").await;
    let draft = alice.draft().await;
    let path = format!("/prompts/workshop/drafts/{draft}");
    let long = |length: usize| "x".repeat(length);

    let start = json!({ "draft_name": "ab", "starting_prompt": long(32_001), "requirements": long(8_001) });
    let problem = alice.post("/prompts/workshop/start", start).await.expect(422);
    assert_eq!(fields(&problem), ["starting_prompt", "draft_name", "requirements"]);

    let save = json!({ "draft_content": long(32_001), "draft_name": long(101), "draft_description": long(501) });
    let problem = alice.put(&path, save).await.expect(422);
    assert_eq!(fields(&problem), ["draft_content", "draft_name", "draft_description"]);
    alice.put(&path, json!({ "draft_content": long(32_000), "draft_description": long(500) })).await.expect(200);

    let test = json!({ "test_query": "too short", "topic": "", "limit": 4, "user_rating": 6, "notes": long(501) });
    let problem = alice.post(&format!("{path}/test"), test).await.expect(422);
    assert_eq!(fields(&problem), ["test_query", "topic", "limit", "user_rating", "notes"]);
    let test = json!({ "test_query": long(1_001), "topic": "Shipping", "limit": 201 });
    assert_eq!(fields(&alice.post(&format!("{path}/test"), test).await.expect(422)), ["test_query", "limit"]);
    let unknown = json!({ "test_query": "How did premiums move?", "topic": "Astrology" });
    let problem = alice.post(&format!("{path}/test"), unknown).await.expect(422);
    assert!(problem["detail"].as_str().unwrap().contains("\"Shipping\""), "it names the topics there are: {problem}");

    let commit = json!({ "name": "No", "title": "abcd", "description": long(501) });
    let problem = alice.post(&format!("{path}/commit"), commit).await.expect(422);
    assert_eq!(fields(&problem), ["name", "title", "description"]);
    assert_eq!(
        fields(&alice.post(&format!("{path}/messages"), json!({ "content": " " })).await.expect(422)),
        ["content"]
    );
    desk.close().await;
}

#[tokio::test]
async fn unreadable_bodies_are_told_apart() {
    let desk = Desk::start().await;
    let alice = desk.person("alice").await;
    let send = |body: String, kind: &'static str| {
        let request = alice.request(Method::POST, "/prompts/workshop/start");
        request.header(header::CONTENT_TYPE, kind).body(body)
    };
    for (body, kind, status) in [
        ("{".to_owned(), "application/json", 400),
        ("{}".to_owned(), "text/plain", 415),
        (r#"{"draft_name": 5}"#.to_owned(), "application/json", 422),
        (format!(r#"{{"draft_name": "{}"}}"#, "x".repeat(1024 * 1024)), "application/json", 413),
    ] {
        let answer = alice.send(send(body, kind)).await;
        assert_eq!(answer.headers[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(answer.expect(status)["status"], status);
    }
    desk.close().await;
}

#[tokio::test]
async fn a_used_up_limit_says_when_it_ends() {
    let settings = vec![("LIMITS__TESTS_PER_HOUR", "2".to_owned()), ("LIMITS__DRAFTS_PER_USER", "1".to_owned())];
    let desk = Desk::with(Options { settings, ..Options::default() }).await;
    let alice = desk.person("alice").await;
    let draft = alice.draft().await;
    let problem = alice.post("/prompts/workshop/start", json!({})).await.expect(429);
    assert_eq!((&problem["limit"], &problem["most"]), (&json!("drafts_per_user"), &json!(1)));

    for _ in 0..2 {
        alice.test(draft, "How did premiums move?").await;
    }
    let body = json!({ "test_query": "How did premiums move?", "topic": "Shipping" });
    let refused = alice.post(&format!("/prompts/workshop/drafts/{draft}/test"), body).await;
    assert!(refused.headers.contains_key(header::RETRY_AFTER));
    let problem = refused.expect(429);
    let until: chrono::DateTime<chrono::Utc> = problem["until"].as_str().unwrap().parse().unwrap();
    desk.clock.advance(chrono::TimeDelta::minutes(60));
    assert!(until <= prompt_workshop::workshop::Clock::now(&*desk.clock), "{problem}");
    alice.test(draft, "How did premiums move?").await;
    desk.close().await;
}

async fn save(person: &Person, path: &str, text: &str, tag: &str) -> crate::support::desk::Answer {
    let request = person.request(Method::PUT, path).header(header::IF_MATCH, tag);
    person.send(request.json(&json!({ "draft_content": text }))).await
}

#[tokio::test]
async fn two_people_cannot_overwrite_each_other() {
    let desk = Desk::start().await;
    let alice = desk.person("alice").await;
    let path = format!("/prompts/workshop/drafts/{}", alice.draft().await);
    let read = alice.get(&path).await;
    let tag = read.headers[header::ETAG].to_str().unwrap().to_owned();
    let saved = save(&alice, &path, "the first hand", &tag).await;
    assert_eq!(saved.headers[header::ETAG], "\"2\"");
    let problem = save(&alice, &path, "the second hand", &tag).await.expect(412);
    assert_eq!(problem["current"]["draft_content"], "the first hand");
    assert_eq!(alice.get(&path).await.expect(200)["draft_content"], "the first hand");
    let revisions = alice.get(&format!("{path}/revisions")).await.expect(200);
    assert_eq!(revisions["revisions"][1]["source"], "edit");
    assert_eq!(revisions["revisions"][1]["author"], "alice");
    let diff = alice.get(&format!("{path}/revisions/1/diff/2")).await.expect(200);
    assert!(diff["diff"].as_str().unwrap().contains("+the first hand"), "{diff}");
    desk.close().await;
}

#[tokio::test]
async fn a_proposal_never_overwrites_a_hand_edit() {
    let desk = Desk::with_model().await;
    let alice = desk.person("alice").await;
    let path = format!("/prompts/workshop/drafts/{}", alice.draft().await);
    let proposed = "````prompt\nYou are an analyst of energy markets. Cite every claim inline as `[Title](URL)`.\n\n```json\n{\"nested\": true}\n```\n````";
    desk.model().reply(proposed);
    let reply = alice.post(&format!("{path}/messages"), json!({ "content": "rewrite it" })).await.expect(200);
    assert!(reply["draft"]["draft_content"].as_str().unwrap().contains("{\"nested\": true}"), "{reply}");
    let number = reply["draft"]["proposal"]["proposal"].as_i64().unwrap();
    alice.put(&path, json!({ "draft_content": "my own words" })).await.expect(200);
    let accept = format!("{path}/proposals/{number}/accept");
    assert_eq!(alice.post(&accept, json!({})).await.expect(412)["current"]["draft_content"], "my own words");
    alice.post(&format!("{path}/proposals/{number}/reject"), json!({})).await.expect(200);
    let problem = alice.post(&accept, json!({})).await.expect(409);
    assert_eq!(problem["type"], "urn:prompt-workshop:problem:proposal-decided");
    assert_eq!(alice.get(&path).await.expect(200)["draft_content"], "my own words");
    desk.close().await;
}

#[tokio::test]
async fn an_untested_or_badly_rated_prompt_wants_a_second_yes() {
    let desk = Desk::start().await;
    let alice = desk.person("alice").await;
    let draft = alice.draft().await;
    let path = format!("/prompts/workshop/drafts/{draft}");
    let commit = json!({ "name": "rated_low", "title": "Rated low" });
    let problem = alice.post(&format!("{path}/commit"), commit.clone()).await.expect(409);
    assert_eq!(problem["type"], "urn:prompt-workshop:problem:confirmation-required");
    let test = alice.test(draft, "How did war-risk premiums move?").await;
    let feedback = format!("{path}/tests/{}/feedback", test["test_id"].as_str().unwrap());
    alice.put(&feedback, json!({ "user_rating": 2 })).await.expect(200);
    let problem = alice.post(&format!("{path}/commit"), commit.clone()).await.expect(409);
    assert!(problem["detail"].as_str().unwrap().contains("2.0"), "{problem}");
    alice.put(&feedback, json!({ "user_rating": 3 })).await.expect(200);
    alice.post(&format!("{path}/commit"), commit.clone()).await.expect(201);
    let problem = alice.put(&path, json!({ "draft_content": "more" })).await.expect(409);
    assert_eq!(problem["type"], "urn:prompt-workshop:problem:draft-committed");
    let other = alice.draft().await;
    let problem = alice.post(&format!("/prompts/workshop/drafts/{other}/commit"), commit).await.expect(409);
    assert_eq!(problem["type"], "urn:prompt-workshop:problem:name-taken");
    desk.close().await;
}

#[tokio::test]
async fn a_frozen_rerun_reads_the_articles_as_they_were() {
    let desk = Desk::with_model().await;
    let (alice, admin) = (desk.person("alice").await, desk.admin().await);
    let draft = alice.draft().await;
    desk.model().answer_with(|_| "Nothing to cite.".to_owned());
    let first = alice.test(draft, "How did war-risk premiums move?").await;
    let path = format!("/prompts/workshop/drafts/{draft}/tests/{}", first["test_id"].as_str().unwrap());
    let changed = json!([
        { "uri": "https://news.example/1", "title": "War-risk premiums corrected", "summary": "They rose to 7.7 percent.",
          "publication_date": "2026-01-01", "topic": "Shipping" },
        { "uri": 5 },
    ]);
    let import = admin.post("/articles", changed).await.expect(200);
    assert_eq!((&import["updated"], &import["rejected"][0]["position"]), (&json!(1), &json!(2)), "{import}");

    let rerun = |frozen: bool| {
        let request = alice.request(Method::POST, &format!("{path}/rerun")).header("prefer", "wait=60");
        alice.send(request.json(&json!({ "frozen": frozen })))
    };
    let frozen = rerun(true).await.expect(200);
    let asked = desk.model().requests().pop().unwrap().body.to_string();
    assert!(asked.contains("0.9 percent") && !asked.contains("7.7 percent"), "the frozen text is asked");
    let articles =
        |test: &Value| format!("/prompts/workshop/drafts/{draft}/tests/{}", test["test_id"].as_str().unwrap());
    let (one, two) = (alice.get(&articles(&first)).await.expect(200), alice.get(&articles(&frozen)).await.expect(200));
    assert_eq!(one["articles"], two["articles"]);

    rerun(false).await.expect(200);
    let asked = desk.model().requests().pop().unwrap().body.to_string();
    assert!(asked.contains("7.7 percent"), "today's text is asked");
    desk.close().await;
}

#[tokio::test]
async fn a_deleted_draft_takes_its_conversation_and_tests_along() {
    let desk = Desk::start().await;
    let alice = desk.person("alice").await;
    let started =
        alice.post("/prompts/workshop/start", json!({ "requirements": "risks of shipping" })).await.expect(201);
    let (draft, chat) = (&started["draft_id"], &started["chat_id"]);
    alice.get(&format!("/chat/sessions/{chat}/messages")).await.expect(200);
    let path = format!("/prompts/workshop/drafts/{draft}");
    alice.delete(&path).await.expect(200);
    alice.get(&path).await.expect(404);
    alice.get(&format!("/chat/sessions/{chat}/messages")).await.expect(404);
    alice.delete(&path).await.expect(404);
    desk.close().await;
}
