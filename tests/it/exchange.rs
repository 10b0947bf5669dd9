//! Prompts that travel: export, import, and pushes to a running Auspex.

mod push;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::desk::{Answer, Desk, PROMPT, Person};
use crate::support::program::{Folder, Program, text};

/// Commits a prompt of two versions, the first of which is in production.
pub async fn committed(desk: &Desk, person: &Person, name: &str) {
    let draft = person.draft().await;
    let commit = json!({ "name": name, "title": "Shipping risks", "description": "For the desk", "confirm": true });
    person.post(&format!("/prompts/workshop/drafts/{draft}/commit"), commit.clone()).await.expect(201);
    let clone = person.post(&format!("/prompts/{name}/clone"), json!({})).await.expect(201);
    let draft = &clone["draft_id"];
    let second = json!({ "draft_content": second_text() });
    person.put(&format!("/prompts/workshop/drafts/{draft}"), second).await.expect(200);
    person.post(&format!("/prompts/workshop/drafts/{draft}/commit"), commit).await.expect(201);
    let mut conn = desk.database.connect().await;
    sqlx::query(
        "insert into prompt_labels (prompt_id, label, version) select id, 'production', 1 from prompts where name = $1",
    )
    .bind(name)
    .execute(&mut conn)
    .await
    .unwrap();
}

pub fn second_text() -> String {
    format!("{PROMPT}\n---\nname: \"not a front matter\"\n")
}

async fn import_file(person: &Person, file: &str) -> Answer {
    let request = person.request(Method::POST, "/prompts/import").header("content-type", "text/x-prompt");
    person.send(request.body(file.to_owned())).await
}

/// An export without what an import makes its own.
fn portable(mut export: Value) -> Value {
    for version in export["versions"].as_array_mut().unwrap() {
        version.as_object_mut().unwrap().remove("author");
    }
    export
}

#[tokio::test]
async fn a_prompt_travels_as_json_with_versions_labels_and_times() {
    let (here, there) = (Desk::start().await, Desk::start().await);
    let (alice, bob) = (here.person("alice").await, there.person("bob").await);
    committed(&here, &alice, "shipping_risks").await;
    let answer = alice.get("/prompts/shipping_risks/export").await;
    assert_eq!(answer.headers["content-disposition"], "attachment; filename=\"shipping_risks.json\"");
    let export = answer.expect(200);
    assert_eq!((&export["schema"], &export["visibility"]), (&json!(2), &json!("team")));
    assert_eq!(export["labels"], json!({ "production": 1 }));
    assert_eq!(export["versions"][1]["text"], second_text());
    assert_eq!(export["versions"][1]["author"], "alice");

    let imported = bob.post("/prompts/import", export.clone()).await.expect(200);
    assert_eq!(imported, json!({ "added": ["shipping_risks"], "rejected": [] }));
    let again = bob.get("/prompts/shipping_risks/export").await.expect(200);
    assert_eq!(again["versions"][1]["author"], "bob", "an import is its importer's work");
    assert_eq!(portable(again), portable(export.clone()));

    // One version only, numbered as it was.
    let one = alice.get("/prompts/shipping_risks/export?version=2").await.expect(200);
    assert_eq!((one["versions"].as_array().unwrap().len(), &one["labels"]), (1, &json!({})));
    assert_eq!(one["versions"][0]["version"], 2);
    alice.get("/prompts/shipping_risks/export?version=3").await.expect(422);
    alice.get("/prompts/shipping_risks/export?format=yaml").await.expect(422);
    here.close().await;
    there.close().await;
}

#[tokio::test]
async fn a_prompt_travels_as_a_file() {
    let (here, there) = (Desk::start().await, Desk::start().await);
    let (alice, bob) = (here.person("alice").await, there.person("bob").await);
    committed(&here, &alice, "shipping_risks").await;
    let answer = alice.get("/prompts/shipping_risks/export?format=prompt").await;
    assert_eq!(answer.headers["content-disposition"], "attachment; filename=\"shipping_risks.prompt\"");
    assert_eq!(answer.headers["content-type"], "text/x-prompt; charset=utf-8");
    let file = answer.expect(200).as_str().unwrap().to_owned();
    assert!(file.starts_with("---\nname: \"shipping_risks\"\ntitle: \"Shipping risks\"\n"), "{file}");
    assert!(file.contains("version: 2\n") && file.ends_with(&second_text()), "{file}");
    assert_eq!(import_file(&bob, &file).await.expect(200)["added"], json!(["shipping_risks"]));
    assert_eq!(bob.get("/prompts/shipping_risks").await.expect(200)["content"], second_text());
    let first = alice.get("/prompts/shipping_risks/export?format=prompt&version=1").await.expect(200);
    assert!(first.as_str().unwrap().ends_with(PROMPT));
    here.close().await;
    there.close().await;
}

#[tokio::test]
async fn what_is_taken_is_left_alone_and_what_is_bad_is_told() {
    let desk = Desk::start().await;
    let (alice, bob) = (desk.person("alice").await, desk.person("bob").await);
    committed(&desk, &alice, "shipping_risks").await;
    let good = json!({ "name": "from_the_first_shape", "title": "An old export", "versions": [{ "text": PROMPT }] });
    let bad_label = json!({ "name": "bad_label", "title": "A bad label", "labels": { "production": 7 },
        "versions": [{ "text": PROMPT }] });
    let newer =
        json!({ "schema": 3, "name": "newer_shape", "title": "A newer shape", "versions": [{ "text": PROMPT }] });
    let empty = json!({ "name": "empty_text", "title": "An empty text", "versions": [{ "text": " " }] });
    let taken = json!({ "name": "shipping_risks", "title": "Not this one", "versions": [{ "text": "Mine." }] });
    let several = json!([taken, good, bad_label, newer, empty]);
    let imported = bob.post("/prompts/import", several).await.expect(200);
    assert_eq!(imported["added"], json!(["from_the_first_shape"]));
    let reasons: Vec<&str> =
        imported["rejected"].as_array().unwrap().iter().map(|one| one["reason"].as_str().unwrap()).collect();
    assert!(reasons[0].contains("is taken"), "{reasons:?}");
    assert!(reasons[1].contains("production at version 7"), "{reasons:?}");
    assert!(reasons[2].contains("knows up to 2") && reasons[3].contains("is empty"), "{reasons:?}");
    // Nothing of what was rejected stays.
    bob.get("/prompts/bad_label").await.expect(404);
    assert_eq!(alice.get("/prompts/shipping_risks").await.expect(200)["content"], second_text());

    let refused = import_file(&bob, "---\nname: some_prompt\nmodel: x\n---\nText").await.expect(422);
    assert_eq!(refused["errors"][0]["field"], "file");
    assert!(refused["detail"].as_str().unwrap().contains("line 3 has the unknown key \"model\""), "{refused}");
    bob.post("/prompts/import", json!({ "name": "no_versions" })).await.expect(422);
    let request = bob.request(Method::POST, "/prompts/import").header("content-type", "text/x-prompt");
    bob.send(request.body(vec![0xff, 0xfe])).await.expect(400);
    let request = bob.request(Method::POST, "/prompts/import").header("content-type", "application/pdf");
    bob.send(request.body("%PDF")).await.expect(415);
    // A private prompt is nobody else's to export.
    alice
        .post(
            "/prompts/import",
            json!({ "name": "private_one", "title": "A private one", "visibility": "private",
        "versions": [{ "text": PROMPT }] }),
        )
        .await
        .expect(200);
    bob.get("/prompts/private_one/export").await.expect(404);
    desk.close().await;
}

#[tokio::test]
async fn an_operator_keeps_prompts_beside_code() {
    let desk = Desk::start().await;
    let alice = desk.person("alice").await;
    committed(&desk, &alice, "shipping_risks").await;
    let program = Program::beside(desk.database.clone());
    let folder = Folder::new();
    let out = folder.0.join("prompts");
    let out = out.to_str().unwrap();
    program.prints(&["prompts", "export", "--format", "prompt", "--output", out], "").await;
    program.prints(&["prompts", "export", "shipping_risks", "--output", out], "").await;
    let said = program.refuses(&["prompts", "export", "no_such_prompt"], "").await;
    assert!(said.contains("no such prompt"), "{said}");
    let said = program.refuses(&["prompts", "export", "--format", "prompt"], "").await;
    assert!(said.contains("--output"), "{said}");
    let file = program.prints(&["prompts", "export", "shipping_risks", "--format", "prompt"], "").await;
    assert_eq!(file, std::fs::read_to_string(format!("{out}/shipping_risks.prompt")).unwrap());

    let other = Program::new().await;
    let path = |name: &str| format!("{out}/{name}");
    assert_eq!(other.prints(&["prompts", "import", &path("shipping_risks.json")], "").await, "added 1, rejected 0\n");
    let bad = folder.write("bad.prompt", "You are…");
    let output = other.run(&["prompts", "import", &path("shipping_risks.prompt"), &bad], "").await;
    let said = text(&output.stdout);
    assert!(!output.status.success() && said.starts_with("added 0, rejected 2\n"), "{said}");
    assert!(said.contains("is taken") && said.contains("bad.prompt: line 1 must be ---"), "{said}");
    let renamed = file.replace("name: \"shipping_risks\"", "name: renamed_risks");
    assert_eq!(other.prints(&["prompts", "import", "-"], &renamed).await, "added 1, rejected 0\n");
    let again = other.prints(&["prompts", "export", "renamed_risks", "--format", "prompt"], "").await;
    assert!(again.ends_with(&second_text()), "{again}");
    other.close().await;
    program.close().await;
    desk.close().await;
}
