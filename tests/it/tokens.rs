//! One's own API tokens: made with a name, used, noted, revoked.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::support::desk::{Desk, Options, Person};

async fn desk() -> Desk {
    Desk::with(Options { no_workers: true, ..Options::default() }).await
}

fn used(tokens: &Value, name: &str) -> Option<DateTime<Utc>> {
    let list = tokens["tokens"].as_array().unwrap();
    let one = list.iter().find(|token| token["name"] == name).unwrap_or_else(|| panic!("{name} in {tokens}"));
    one["last_used_at"].as_str().map(|at| at.parse().unwrap())
}

#[tokio::test]
async fn a_token_works_until_it_is_revoked_and_says_when_it_was_used() {
    let desk = desk().await;
    let alice = desk.person("alice").await;
    let made = alice.post("/tokens", json!({ "name": " Nightly\n report " })).await.expect(201);
    assert_eq!(made["name"], "Nightly report");
    let secret = made["token"].as_str().unwrap();
    assert!(secret.starts_with("pw_") && secret.len() == 67, "{secret}");

    let listed = alice.get("/tokens").await.expect(200);
    assert_eq!((&listed["total"], &listed["tokens"][0]["name"]), (&json!(2), &json!("Nightly report")), "{listed}");
    assert!(!listed.to_string().contains("pw_"), "a token is shown once: {listed}");
    assert_eq!(used(&listed, "Nightly report"), None);

    let report = Person::at(desk.base().to_owned(), SecretString::from(secret));
    let first = used(&report.get("/tokens").await.expect(200), "Nightly report").expect("used by this very request");
    desk.clock.advance(TimeDelta::minutes(59));
    assert_eq!(used(&report.get("/tokens").await.expect(200), "Nightly report"), Some(first));
    desk.clock.advance(TimeDelta::minutes(2));
    let later = used(&report.get("/tokens").await.expect(200), "Nightly report");
    assert_eq!(later, Some(first + TimeDelta::minutes(61)));

    let path = format!("/tokens/{}", made["token_id"].as_str().unwrap());
    assert_eq!(desk.person("bob").await.delete(&path).await.status, 404, "another's token is not found");
    let revoked = alice.delete(&path).await.expect(200);
    assert_eq!(revoked["message"], "The token \"Nightly report\" works no more.");
    assert_eq!(report.get("/tokens").await.status, 401);
    assert_eq!(alice.delete(&path).await.status, 404, "once");
    desk.close().await;
}

#[tokio::test]
async fn a_token_has_a_name_and_there_are_not_endlessly_many() {
    let desk = desk().await;
    let alice = desk.person("alice").await;
    for bad in [json!({}), json!({ "name": " " }), json!({ "name": "x".repeat(61) })] {
        let refused = alice.post("/tokens", bad).await.expect(422);
        assert_eq!(refused["errors"][0]["field"], "name", "{refused}");
    }
    for number in 2..=50 {
        alice.post("/tokens", json!({ "name": format!("Token {number}") })).await.expect(201);
    }
    let refused = alice.post("/tokens", json!({ "name": "One more" })).await.expect(422);
    assert!(refused["detail"].as_str().unwrap().contains("revoke one first"), "{refused}");
    desk.close().await;
}
