//! Drafts that nobody uses: reminded of, expired, restored, purged.

use chrono::TimeDelta;
use prompt_workshop::workshop::expiry::{Expired, TellKind};
use serde_json::json;

use crate::support::desk::{Desk, Options};

const NOTHING: Expired = Expired { reminded: 0, expired: 0, purged: 0 };

#[tokio::test]
async fn the_owner_is_told_twice_and_then_the_draft_is_read_only() {
    let desk = Desk::start().await;
    let alice = desk.person("alice").await;
    let draft = alice.draft().await;
    let path = format!("/prompts/workshop/drafts/{draft}");
    for (days, expected) in [
        (22, NOTHING),
        (1, Expired { reminded: 1, ..NOTHING }),
        (0, NOTHING),
        (6, Expired { reminded: 1, ..NOTHING }),
        (1, Expired { expired: 1, ..NOTHING }),
        (0, NOTHING),
    ] {
        desk.clock.advance(TimeDelta::days(days));
        assert_eq!(desk.workshop().expire_drafts().await.unwrap(), expected, "{days} days later");
    }
    let told: Vec<TellKind> =
        desk.workshop().take_notices(alice.actor()).await.unwrap().into_iter().map(|told| told.kind).collect();
    assert_eq!(told, [TellKind::ExpiryReminder, TellKind::ExpiryReminder, TellKind::Expired]);
    assert_eq!(desk.workshop().take_notices(alice.actor()).await.unwrap(), [], "nothing is told twice");

    assert_eq!(alice.get(&path).await.expect(200)["status"], "expired");
    let refused = alice.put(&path, json!({ "draft_content": "new" })).await.expect(409);
    assert_eq!(refused["type"], "urn:prompt-workshop:problem:draft-expired");
    let restored = alice.put(&path, json!({ "status": "draft" })).await.expect(200);
    assert_eq!(restored["status"], "draft");
    assert_eq!(desk.workshop().expire_drafts().await.unwrap(), NOTHING, "restoring is use");
    desk.close().await;
}

#[tokio::test]
async fn a_purged_draft_loses_its_words_and_keeps_its_numbers() {
    let desk = Desk::start().await;
    let alice = desk.person("alice").await;
    let draft = alice.draft().await;
    let path = format!("/prompts/workshop/drafts/{draft}");
    let test = alice.test(draft, "How did war-risk premiums move?").await;
    let feedback = format!("{path}/tests/{}/feedback", test["test_id"].as_str().unwrap());
    alice.put(&feedback, json!({ "user_rating": 4, "notes": "a private thought" })).await.expect(200);
    let chat = alice.get(&path).await.expect(200)["chat_id"].clone();

    desk.clock.advance(TimeDelta::days(30));
    assert_eq!(desk.workshop().expire_drafts().await.unwrap().expired, 1);
    desk.clock.advance(TimeDelta::days(29));
    assert_eq!(desk.workshop().expire_drafts().await.unwrap(), NOTHING);
    desk.clock.advance(TimeDelta::days(1));
    assert_eq!(desk.workshop().expire_drafts().await.unwrap().purged, 1);

    assert_eq!(alice.get(&path).await.expect(200)["draft_content"], "");
    assert_eq!(alice.get(&format!("/chat/sessions/{chat}/messages")).await.expect(200)["total"], 0);
    let tests = alice.get(&format!("{path}/tests")).await.expect(200);
    assert_eq!((&tests["total_tests"], &tests["test_results"][0]["user_rating"]), (&json!(1), &json!(4)));
    let words = tests.to_string();
    assert!(!words.contains("premiums") && !words.contains("private thought"), "{words}");
    alice.put(&path, json!({ "status": "draft" })).await.expect(422);
    desk.close().await;
}

#[tokio::test]
async fn use_starts_the_days_anew_and_pinned_or_committed_drafts_never_expire() {
    let desk = Desk::start().await;
    let alice = desk.person("alice").await;
    let (used, pinned, committed) = (alice.draft().await, alice.draft().await, alice.draft().await);
    alice.put(&format!("/prompts/workshop/drafts/{pinned}"), json!({ "pinned": true })).await.expect(200);
    let commit = json!({ "name": "kept_prompt", "title": "Kept prompt", "confirm": true });
    alice.post(&format!("/prompts/workshop/drafts/{committed}/commit"), commit).await.expect(201);
    for _ in 0..3 {
        desk.clock.advance(TimeDelta::days(20));
        alice.put(&format!("/prompts/workshop/drafts/{used}"), json!({ "draft_name": "Used" })).await.expect(200);
        assert_eq!(desk.workshop().expire_drafts().await.unwrap(), NOTHING);
    }
    desk.close().await;
}

#[tokio::test]
async fn two_copies_at_once_do_everything_once() {
    let first = Desk::start().await;
    let options = Options {
        database: Some(first.database.clone()),
        clock: Some(first.clock.clone()),
        no_workers: true,
        ..Options::default()
    };
    let second = Desk::with(options).await;
    let alice = first.person("alice").await;
    for _ in 0..12 {
        alice.draft().await;
    }
    first.clock.advance(TimeDelta::days(23));
    let (one, two) = tokio::join!(first.workshop().expire_drafts(), second.workshop().expire_drafts());
    // A draft that the other copy holds is left to it; a later round finds nothing left.
    let later = first.workshop().expire_drafts().await.unwrap();
    assert_eq!(one.unwrap().reminded + two.unwrap().reminded + later.reminded, 12);
    assert_eq!(first.workshop().take_notices(alice.actor()).await.unwrap().len(), 12);
    second.close().await;
    first.close().await;
}
