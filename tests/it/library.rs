//! The library: versions, labels, going back, deprecation, families, search, and what programs poll.

use axum::http::Method;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::desk::{Desk, PROMPT, Person};

const QUESTION: &str = "How did war-risk premiums move?";

/// Commits a text under a name, from a new draft or from a clone of the prompt; the version it became.
async fn publish(person: &Person, name: &str, text: &str, note: &str) -> Value {
    let known = person.get(&format!("/prompts/{name}")).await.status == 200;
    let draft = match known {
        true => person.post(&format!("/prompts/{name}/clone"), json!({ "as_version": true })).await.expect(201),
        false => person.post("/prompts/workshop/start", json!({})).await.expect(201),
    };
    let path = format!("/prompts/workshop/drafts/{}", draft["draft_id"]);
    person.put(&path, json!({ "draft_content": text })).await.expect(200);
    let commit = json!({ "name": name, "title": "Shipping risks", "note": note, "confirm": true });
    person.post(&format!("{path}/commit"), commit).await.expect(201)
}

fn sailors() -> String {
    format!("{PROMPT}\nWrite for sailors.\n")
}

#[tokio::test]
async fn each_version_has_its_note_its_author_and_the_tests_that_its_draft_had() {
    let desk = Desk::with_model().await;
    let alice = desk.person("alice").await;
    let draft = alice.draft().await;
    desk.model().reply("They rose to 0.9 percent [War-risk premiums rise](https://news.example/1).");
    let test = alice.test(draft, QUESTION).await;
    let path = format!("/prompts/workshop/drafts/{draft}");
    let feedback = format!("{path}/tests/{}/feedback", test["test_id"].as_str().unwrap());
    alice.put(&feedback, json!({ "user_rating": 4, "notes": "sober" })).await.expect(200);
    let commit = json!({ "name": "shipping_risks", "title": "Shipping risks", "note": "The first" });
    alice.post(&format!("{path}/commit"), commit).await.expect(201);
    publish(&alice, "shipping_risks", &sailors(), "For sailors").await;

    let versions = alice.get("/prompts/shipping_risks/versions").await.expect(200);
    assert_eq!(versions["total"], 2);
    let listed = versions["versions"].as_array().unwrap();
    let notes: Vec<_> = listed.iter().map(|version| (&version["version"], &version["note"])).collect();
    assert_eq!(notes, [(&json!(2), &json!("For sailors")), (&json!(1), &json!("The first"))]);
    assert_eq!((&listed[1]["total_tests"], &listed[1]["mean_rating"]), (&json!(1), &json!(4.0)));
    assert_eq!((&listed[0]["total_tests"], &listed[0]["mean_rating"]), (&json!(0), &Value::Null));

    let first = alice.get("/prompts/shipping_risks/versions/1").await.expect(200);
    assert_eq!((&first["content"], &first["author"]), (&json!(PROMPT), &json!("alice")));
    assert_eq!(first["tests"][0]["query"], QUESTION);
    assert_eq!(first["tests"][0]["ratings"][0]["notes"], "sober");
    alice.get("/prompts/shipping_risks/versions/3").await.expect(404);

    let diff = alice.get("/prompts/shipping_risks/versions/1/diff/2").await.expect(200);
    assert!(diff["diff"].as_str().unwrap().contains("+Write for sailors."), "{diff}");
    assert!(diff["words"].to_string().contains("sailors"), "{diff}");
    desk.close().await;
}

#[tokio::test]
async fn a_label_points_to_one_version_and_a_missing_one_is_an_error() {
    let desk = Desk::start().await;
    let (alice, bob) = (desk.person("alice").await, desk.person("bob").await);
    publish(&alice, "shipping_risks", PROMPT, "").await;
    publish(&alice, "shipping_risks", &sailors(), "").await;
    let missing = alice.get("/prompts/shipping_risks?label=production").await.expect(404);
    assert!(missing["detail"].as_str().unwrap().contains("label production does not exist"), "{missing}");

    let set = alice.put("/prompts/shipping_risks/labels/production", json!({ "version": 1 })).await.expect(200);
    assert_eq!(set["previous_version"], Value::Null);
    let labelled = bob.get("/prompts/shipping_risks?label=production").await.expect(200);
    assert_eq!((&labelled["version"], &labelled["latest_version"]), (&json!(1), &json!(2)));
    assert_eq!((&labelled["content"], &labelled["labels"]), (&json!(PROMPT), &json!({ "production": 1 })));
    let moved = alice.put("/prompts/shipping_risks/labels/production", json!({ "version": 2 })).await.expect(200);
    assert_eq!(moved["previous_version"], 1);
    assert_eq!(bob.get("/prompts/shipping_risks?label=production").await.expect(200)["content"], sailors());
    assert_eq!(bob.get("/prompts/shipping_risks?version=1").await.expect(200)["content"], PROMPT);
    bob.get("/prompts/shipping_risks?version=7").await.expect(404);
    bob.get("/prompts/shipping_risks?version=1&label=production").await.expect(422);

    // Bob sees it as one of the team: he moves nothing.
    bob.put("/prompts/shipping_risks/labels/candidate", json!({ "version": 1 })).await.expect(403);
    for (label, version, reason) in [("Not a label", 1, "label"), ("7", 1, "label"), ("candidate", 9, "version")] {
        let path = format!("/prompts/shipping_risks/labels/{}", label.replace(' ', "%20"));
        let refused = alice.put(&path, json!({ "version": version })).await.expect(422);
        assert_eq!(refused["errors"][0]["field"], reason, "{refused}");
    }
    alice.delete("/prompts/shipping_risks/labels/production").await.expect(200);
    alice.delete("/prompts/shipping_risks/labels/production").await.expect(404);
    bob.get("/prompts/shipping_risks?label=production").await.expect(404);
    desk.close().await;
}

#[tokio::test]
async fn going_back_makes_a_new_version_and_leaves_labels_alone() {
    let desk = Desk::start().await;
    let alice = desk.person("alice").await;
    publish(&alice, "shipping_risks", PROMPT, "").await;
    publish(&alice, "shipping_risks", &sailors(), "").await;
    alice.put("/prompts/shipping_risks/labels/production", json!({ "version": 2 })).await.expect(200);
    let reverted = alice.post("/prompts/shipping_risks/revert", json!({ "version": 1 })).await.expect(201);
    assert_eq!(reverted["version"], 3);
    let newest = alice.get("/prompts/shipping_risks").await.expect(200);
    assert_eq!((&newest["version"], &newest["content"]), (&json!(3), &json!(PROMPT)));
    assert_eq!(newest["labels"], json!({ "production": 2 }));
    assert_eq!(alice.get("/prompts/shipping_risks/versions/3").await.expect(200)["note"], "Back to version 1");
    let again = alice.post("/prompts/shipping_risks/revert", json!({ "version": 1 })).await.expect(422);
    assert!(again["detail"].as_str().unwrap().contains("already"), "{again}");
    alice.post("/prompts/shipping_risks/revert", json!({ "version": 9 })).await.expect(422);
    desk.close().await;
}

#[tokio::test]
async fn a_program_polls_cheaply_and_hears_of_what_matters() {
    let desk = Desk::start().await;
    let alice = desk.person("alice").await;
    publish(&alice, "shipping_risks", PROMPT, "").await;
    let answer = alice.get("/prompts/shipping_risks").await;
    let tag = answer.headers["etag"].to_str().unwrap().to_owned();
    answer.expect(200);
    let poll = async |tag: &str| {
        let request = alice.request(Method::GET, "/prompts/shipping_risks").header("if-none-match", tag);
        alice.send(request).await
    };
    let unchanged = poll(&tag).await;
    assert_eq!((unchanged.status.as_u16(), unchanged.body), (304, json!("")));
    // That it was asked is nothing to hear of.
    let begin = json!({ "topic": "Shipping", "prompt_name": "shipping_risks" });
    let session = alice.post("/chat/sessions", begin).await.expect(201)["chat_id"].clone();
    alice.post("/chat/message", json!({ "chat_id": session, "message": QUESTION })).await.expect(200);
    assert_eq!(poll(&format!("\"other\", {tag}")).await.status, 304);
    for change in [json!({ "title": "Risks of shipping" }), json!({ "tags": ["risk"] }), json!({ "deprecated": true })]
    {
        let before = alice.get("/prompts/shipping_risks").await.headers["etag"].to_str().unwrap().to_owned();
        alice.put("/prompts/shipping_risks", change).await.expect(200);
        assert_eq!(poll(&before).await.status, 200);
    }
    publish(&alice, "shipping_risks", &sailors(), "").await;
    let newest = poll(&tag).await.expect(200);
    assert_eq!((&newest["version"], &newest["uses"]), (&json!(2), &json!(1)));
    desk.close().await;
}

#[tokio::test]
async fn what_is_said_about_a_prompt_changes_without_a_version() {
    let desk = Desk::start().await;
    let (alice, bob) = (desk.person("alice").await, desk.person("bob").await);
    publish(&alice, "shipping_risks", PROMPT, "").await;
    let about = json!({ "title": "Risks of shipping", "description": "For the desk", "tags": ["Risk", "risk", "Sea"] });
    let described = alice.put("/prompts/shipping_risks", about).await.expect(200);
    assert_eq!((&described["title"], &described["version"]), (&json!("Risks of shipping"), &json!(1)));
    assert_eq!(described["tags"], json!(["risk", "sea"]));
    bob.put("/prompts/shipping_risks", json!({ "title": "Mine now" })).await.expect(403);
    let refused = alice.put("/prompts/shipping_risks", json!({ "title": "no", "content": "x" })).await.expect(422);
    assert_eq!(refused["errors"].as_array().unwrap().len(), 2, "{refused}");

    // Deprecated, with what to use instead.
    publish(&alice, "better_risks", PROMPT, "").await;
    let body = json!({ "deprecated": true, "successor": "better_risks" });
    let deprecated = alice.put("/prompts/shipping_risks", body).await.expect(200);
    assert_eq!((&deprecated["deprecated"], &deprecated["successor"]), (&json!(true), &json!("better_risks")));
    for wrong in ["unheard_of", "shipping_risks"] {
        alice.put("/prompts/shipping_risks", json!({ "successor": wrong })).await.expect(422);
    }
    let back = alice.put("/prompts/shipping_risks", json!({ "deprecated": false })).await.expect(200);
    assert_eq!((&back["deprecated"], &back["successor"]), (&json!(false), &Value::Null));
    desk.close().await;
}

#[tokio::test]
async fn a_deleted_prompt_leaves_its_clones_their_lineage_and_its_name_free() {
    let desk = Desk::start().await;
    let (alice, bob) = (desk.person("alice").await, desk.person("bob").await);
    publish(&alice, "shipping_risks", PROMPT, "").await;
    let clone = bob.post("/prompts/shipping_risks/clone", json!({})).await.expect(201);
    let path = format!("/prompts/workshop/drafts/{}", clone["draft_id"]);
    let commit = json!({ "name": "bobs_risks", "title": "Bob's risks", "confirm": true });
    bob.post(&format!("{path}/commit"), commit).await.expect(201);
    bob.delete("/prompts/shipping_risks").await.expect(403);
    alice.delete("/prompts/shipping_risks").await.expect(200);
    alice.get("/prompts/shipping_risks").await.expect(404);

    let left = bob.get("/prompts/bobs_risks").await.expect(200);
    assert_eq!((&left["parent_prompt"], &left["parent_version"]), (&json!("shipping_risks"), &json!(1)));
    let family = bob.get("/prompts/bobs_risks/family").await.expect(200);
    let members: Vec<_> = family["prompts"].as_array().unwrap().iter().map(|p| (&p["name"], &p["deleted"])).collect();
    assert_eq!(members, [(&json!("shipping_risks"), &json!(true)), (&json!("bobs_risks"), &json!(false))]);
    assert_eq!(bob.get(&path).await.expect(200)["parent_prompt"], "shipping_risks");
    // The name is free, for something of its own.
    assert_eq!(publish(&bob, "shipping_risks", &sailors(), "").await["version"], 1);

    let default = alice.delete("/prompts/auspex_default").await.expect(422);
    assert!(default["detail"].as_str().unwrap().contains("cannot be deleted"), "{default}");
    desk.close().await;
}

#[tokio::test]
async fn two_who_publish_from_one_version_hear_of_each_other() {
    let desk = Desk::start().await;
    let alice = desk.person("alice").await;
    publish(&alice, "shipping_risks", PROMPT, "").await;
    let clone = alice.post("/prompts/shipping_risks/clone", json!({ "as_version": true })).await.expect(201);
    publish(&alice, "shipping_risks", &sailors(), "").await;
    let path = format!("/prompts/workshop/drafts/{}/commit", clone["draft_id"]);
    let commit = |confirm| json!({ "name": "shipping_risks", "title": "Shipping risks", "confirm": confirm });
    let warned = alice.post(&path, commit(false)).await.expect(409);
    assert_eq!(warned["type"], "urn:prompt-workshop:problem:confirmation-required");
    assert!(warned["warning"].as_str().unwrap().contains("version 2 was published since"), "{warned}");
    assert_eq!(alice.post(&path, commit(true)).await.expect(201)["version"], 3);
    desk.close().await;
}

#[tokio::test]
async fn a_clone_to_be_the_next_version_is_for_those_who_may_publish_it() {
    let desk = Desk::start().await;
    let (alice, bob) = (desk.person("alice").await, desk.person("bob").await);
    publish(&alice, "shipping_risks", PROMPT, "").await;
    bob.post("/prompts/shipping_risks/clone", json!({ "as_version": true })).await.expect(403);
    bob.post("/prompts/shipping_risks/clone", json!({})).await.expect(201);
    desk.close().await;
}

#[tokio::test]
async fn the_library_is_searched_filtered_sorted_and_paged() {
    let desk = Desk::start().await;
    let (alice, bob) = (desk.person("alice").await, desk.person("bob").await);
    for (name, text) in
        [("alpha_memo", PROMPT.to_owned()), ("beta_memo", sailors()), ("gamma_brief", PROMPT.to_owned())]
    {
        publish(&alice, name, &text, "").await;
    }
    desk.clock.advance(TimeDelta::minutes(1));
    alice.put("/prompts/gamma_brief", json!({ "tags": ["Sea news"], "description": "Für Schöffen" })).await.expect(200);
    let names = async |query: &str| -> Vec<String> {
        let found = bob.get(&format!("/prompts?{query}")).await.expect(200);
        found["prompts"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("query=sailors").await, ["beta_memo"], "the whole text is searched");
    assert_eq!(names("query=sail").await, ["beta_memo"], "words may go on");
    assert_eq!(names("query=_mem").await, ["alpha_memo", "beta_memo"], "names are found by any part");
    assert_eq!(names("query=sch%C3%B6ff").await, ["gamma_brief"]);
    assert_eq!(names("query=sea%20news").await, ["gamma_brief"]);
    assert_eq!(names("query=%25").await, Vec::<String>::new(), "a percent sign is no wildcard");
    assert_eq!(names("query=%26%20%7C%20!").await, Vec::<String>::new(), "nor is anything an operator");
    assert_eq!(names("tag=SEA%20NEWS").await, ["gamma_brief"]);
    assert_eq!(names("visibility=public").await, ["auspex_default"]);
    assert_eq!(names("sort=updated&page_size=1").await, ["gamma_brief"]);
    assert_eq!(names("sort=name&page=2&page_size=2").await, ["beta_memo", "gamma_brief"]);
    let begin = json!({ "topic": "Shipping", "prompt_name": "beta_memo" });
    let session = bob.post("/chat/sessions", begin).await.expect(201)["chat_id"].clone();
    bob.post("/chat/message", json!({ "chat_id": session, "message": QUESTION })).await.expect(200);
    assert_eq!(names("sort=uses&page_size=1").await, ["beta_memo"]);
    let beyond = bob.get("/prompts?page=9").await.expect(200);
    assert_eq!((&beyond["total"], &beyond["prompts"]), (&json!(4), &json!([])));
    bob.get("/prompts?sort=colour").await.expect(422);
    desk.close().await;
}
