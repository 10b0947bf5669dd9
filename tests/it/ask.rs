//! Asking a committed prompt: one answer for one question, from the very request that a test would send.

use std::time::Duration;

use chrono::TimeDelta;
use prompt_workshop::domain::access::Visibility;
use prompt_workshop::domain::library::{Pick, PromptName};
use prompt_workshop::domain::session::{Answer, AnswerStatus};
use prompt_workshop::domain::{AnswerId, DraftId, VersionNumber};
use prompt_workshop::workshop::library::Commit;
use prompt_workshop::workshop::session::Ask;
use prompt_workshop::workshop::trial_run::Ran;
use prompt_workshop::workshop::{Error, Noun};
use serde_json::{Value, json};

use crate::support::desk::{Desk, Options, PROMPT, Person, TestClock, until};
use crate::support::model_server::{Fault, ModelServer};

const QUESTION: &str = "How did war-risk premiums move?";
const SOON: Duration = Duration::from_secs(20);

/// Commits a draft with [`PROMPT`] as a prompt of this name.
async fn commit(desk: &Desk, person: &Person, name: &str, visibility: Visibility) {
    let draft = person.draft().await;
    commit_draft(desk, person, draft, name, visibility).await;
}

async fn commit_draft(desk: &Desk, person: &Person, draft: i64, name: &str, visibility: Visibility) {
    let commit = Commit {
        name: PromptName::parse(name).unwrap(),
        title: "Shipping risks".to_owned(),
        description: String::new(),
        note: String::new(),
        visibility,
        confirm: true,
    };
    desk.workshop().commit_draft(person.actor(), DraftId(draft as i32), commit).await.unwrap();
}

fn ask(prompt: &str) -> Ask {
    Ask {
        prompt: prompt.to_owned(),
        pick: Pick::Newest,
        session: None,
        question: QUESTION.to_owned(),
        topic: Some("shipping".to_owned()),
        article_limit: 50,
    }
}

/// The answer to a question, once it has ended.
async fn ended(desk: &Desk, person: &Person, id: AnswerId) -> Answer {
    let now = || async { desk.workshop().answer(person.actor(), id).await.unwrap() };
    until("the question ends", SOON, || async { now().await.status.is_final() }).await;
    now().await
}

async fn count(desk: &Desk, select: &'static str) -> i64 {
    sqlx::query_scalar(select).fetch_one(&mut desk.database.connect().await).await.unwrap()
}

/// A service without workers that asks a model server.
async fn idle_desk() -> Desk {
    let model = Some(ModelServer::start().await);
    Desk::with(Options { model, no_workers: true, ..Options::default() }).await
}

#[tokio::test]
async fn a_committed_prompt_answers_with_its_version_and_citation_check() {
    let desk = Desk::with_model().await;
    let alice = desk.person("alice").await;
    commit(&desk, &alice, "shipping_risks", Visibility::Team).await;
    desk.model()
        .reply("Premiums rose to 0.9 percent [War-risk premiums rise](https://news.example/1). They fell later by 2.");
    // Without a topic, the one whose name question and prompt share most words with is taken.
    let asked = Ask { topic: None, ..ask("shipping_risks") };
    let asked = desk.workshop().ask_prompt(alice.actor(), asked, None).await.unwrap();
    assert_eq!((asked.status, asked.version), (AnswerStatus::Queued, VersionNumber(1)));
    assert_eq!((asked.prompt_name.as_str(), asked.topic.as_str()), ("shipping_risks", "Shipping"));

    let answer = ended(&desk, &alice, asked.id).await;
    assert_eq!((answer.status, answer.failure.as_deref()), (AnswerStatus::Succeeded, None));
    assert!(answer.response.unwrap().starts_with("Premiums rose"));
    assert_eq!(answer.citations.unwrap().line(), "2 claims, 1 cited");
    assert_eq!(answer.article_count, 4);
    assert_eq!(answer.model, "test-model");
    assert!(answer.metrics.tokens_in.is_some() && answer.metrics.execution_ms.is_some());
    assert!(answer.retrieval.is_some() && answer.finished_at.is_some());
    assert_eq!(count(&desk, "select count(*) from activity where kind = 'prompt_asked'").await, 1);
    desk.close().await;
}

/// A request's body, with the random word that fences the articles made the same.
fn without_nonce(body: &Value) -> String {
    let text = body.to_string();
    let (_, rest) = text.split_once("BEGIN ARTICLES ").unwrap();
    let nonce = rest[..8].to_owned();
    text.replace(&nonce, "nonce")
}

#[tokio::test]
async fn a_question_sends_exactly_what_a_test_sends() {
    let desk = Desk::with_model().await;
    let alice = desk.person("alice").await;
    let draft = alice.draft().await;
    alice.test(draft, QUESTION).await;
    commit_draft(&desk, &alice, draft, "shipping_risks", Visibility::Team).await;
    let asked = desk.workshop().ask_prompt(alice.actor(), ask("shipping_risks"), None).await.unwrap();
    ended(&desk, &alice, asked.id).await;
    let sent: Vec<String> = desk.model().requests().iter().map(|request| without_nonce(&request.body)).collect();
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0], sent[1]);
    assert!(sent[0].contains("You are a financial analyst for executives."));
    desk.close().await;
}

#[tokio::test]
async fn the_version_that_is_named_answers() {
    let desk = Desk::with_model().await;
    let alice = desk.person("alice").await;
    commit(&desk, &alice, "shipping_risks", Visibility::Team).await;
    let clone = alice.post("/prompts/shipping_risks/clone", json!({})).await.expect(201);
    let path = format!("/prompts/workshop/drafts/{}", clone["draft_id"]);
    alice.put(&path, json!({ "draft_content": format!("{PROMPT}\nWrite for sailors.\n") })).await.expect(200);
    let draft = clone["draft_id"].as_i64().unwrap();
    commit_draft(&desk, &alice, draft, "shipping_risks", Visibility::Team).await;

    for (version, for_sailors) in [(None, true), (Some(1), false), (Some(2), true)] {
        let pick = Pick::of(version, None).unwrap();
        let asked = Ask { pick, ..ask("shipping_risks") };
        let asked = desk.workshop().ask_prompt(alice.actor(), asked, None).await.unwrap();
        assert_eq!(asked.version, VersionNumber(version.unwrap_or(2)));
        ended(&desk, &alice, asked.id).await;
        let sent = desk.model().requests().pop().unwrap().body.to_string();
        assert_eq!(sent.contains("sailors"), for_sailors, "version {version:?}");
    }
    let unknown = Ask { pick: Pick::Version(VersionNumber(3)), ..ask("shipping_risks") };
    let refused = desk.workshop().ask_prompt(alice.actor(), unknown, None).await.unwrap_err();
    assert_eq!(refused.to_string(), "version is unknown; the newest of shipping_risks is 2.");
    desk.close().await;
}

#[tokio::test]
async fn a_question_that_is_delivered_again_is_asked_once() {
    let settings = vec![("LIMITS__TESTS_PER_HOUR", "1".to_owned())];
    let model = Some(ModelServer::start().await);
    let desk = Desk::with(Options { settings, model, ..Options::default() }).await;
    let (alice, bob) = (desk.person("alice").await, desk.person("bob").await);
    commit(&desk, &alice, "shipping_risks", Visibility::Team).await;
    let deliver = |person: &Person| {
        let (workshop, actor) = (desk.workshop().clone(), person.actor().clone());
        async move { workshop.ask_prompt(&actor, ask("shipping_risks"), Some("event-7")).await.unwrap() }
    };
    let (first, second) = tokio::join!(deliver(&alice), deliver(&alice));
    assert_eq!(first.id, second.id);
    ended(&desk, &alice, first.id).await;
    // The hour's only question is used up; the same one is still no new one.
    let third = deliver(&alice).await;
    assert_eq!((third.id, third.status), (first.id, AnswerStatus::Succeeded));
    assert_eq!(desk.model().requests().len(), 1);
    // Keys are each person's own.
    let other = deliver(&bob).await;
    assert_ne!(other.id, first.id);
    ended(&desk, &bob, other.id).await;
    desk.close().await;
}

#[tokio::test]
async fn a_stranger_neither_asks_a_private_prompt_nor_reads_its_answers() {
    let desk = Desk::start().await;
    let (alice, bob) = (desk.person("alice").await, desk.person("bob").await);
    commit(&desk, &alice, "own_notes", Visibility::Private).await;
    let asked = desk.workshop().ask_prompt(alice.actor(), ask("own_notes"), Some("event-7")).await.unwrap();
    for key in [None, Some("event-7")] {
        let refused = desk.workshop().ask_prompt(bob.actor(), ask("own_notes"), key).await;
        assert!(matches!(refused, Err(Error::NotFound(Noun::Prompt))), "{refused:?}");
    }
    let refused = desk.workshop().answer(bob.actor(), asked.id).await;
    assert!(matches!(refused, Err(Error::NotFound(Noun::Answer))), "{refused:?}");
    let answer = ended(&desk, &alice, asked.id).await;
    assert_eq!((answer.status, answer.engine.as_str()), (AnswerStatus::Succeeded, "no model"));
    desk.close().await;
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_with_a_reason() {
    let desk = Desk::start().await;
    let alice = desk.person("alice").await;
    commit(&desk, &alice, "shipping_risks", Visibility::Team).await;
    for (asked, reason) in [
        (Ask { topic: Some("Astrology".to_owned()), ..ask("shipping_risks") }, "there are \"Energy\", \"Shipping\""),
        (Ask { question: "too short".to_owned(), ..ask("shipping_risks") }, "question must have 10 to 1000 characters"),
        (Ask { article_limit: 4, ..ask("shipping_risks") }, "limit must be 5 to 200 articles"),
        (ask("unheard_of"), "There is no such prompt."),
    ] {
        let refused = desk.workshop().ask_prompt(alice.actor(), asked, None).await.unwrap_err();
        assert!(refused.to_string().contains(reason), "{refused}");
    }
    assert_eq!(count(&desk, "select count(*) from answers").await, 0);
    desk.close().await;
}

#[tokio::test]
async fn a_model_that_keeps_failing_ends_a_question_with_a_sentence() {
    let settings = vec![("LLM__ATTEMPTS", "2".to_owned())];
    let model = Some(ModelServer::start().await);
    let desk = Desk::with(Options { settings, model, ..Options::default() }).await;
    let alice = desk.person("alice").await;
    commit(&desk, &alice, "shipping_risks", Visibility::Team).await;
    let outcome = || async {
        let asked = desk.workshop().ask_prompt(alice.actor(), ask("shipping_risks"), None).await.unwrap();
        ended(&desk, &alice, asked.id).await
    };
    let busy = || Fault::Status { code: 503, retry_after: None, body: "{}" };

    desk.model().fault(busy());
    desk.model().reply("It went on.");
    assert_eq!(outcome().await.response.as_deref(), Some("It went on."), "one failure is no end");

    desk.model().fault(busy());
    desk.model().fault(busy());
    let failed = outcome().await;
    assert_eq!((failed.status, failed.response), (AnswerStatus::Failed, None));
    let failure = failed.failure.unwrap();
    assert!(failure.starts_with("The model's server is unavailable"), "{failure}");
    assert!(failure.ends_with("It was tried 2 times. Ask again when the model answers."), "{failure}");

    desk.model().fault(Fault::Status { code: 400, retry_after: None, body: "{}" });
    let refused = outcome().await.failure.unwrap();
    assert!(refused.starts_with("The model's server refused the request") && !refused.contains("tried"), "{refused}");
    desk.close().await;
}

#[tokio::test]
async fn a_job_that_runs_twice_answers_once() {
    let desk = idle_desk().await;
    let alice = desk.person("alice").await;
    commit(&desk, &alice, "shipping_risks", Visibility::Team).await;
    let asked = desk.workshop().ask_prompt(alice.actor(), ask("shipping_risks"), None).await.unwrap();
    desk.model().reply("From a worker that was presumed dead.");
    desk.model().reply("From the one that took over.");
    desk.model().hold();
    let mut runs = Vec::new();
    for at_once in 1..=2 {
        let workshop = desk.workshop().clone();
        runs.push(tokio::spawn(async move { workshop.answer_question(asked.id, 1).await.unwrap() }));
        until("the model is asked", SOON, || async { desk.model().at_once() == at_once }).await;
    }
    desk.model().release_all();
    for run in runs {
        assert_eq!(run.await.unwrap(), Ran::Done);
    }
    let answer = desk.workshop().answer(alice.actor(), asked.id).await.unwrap();
    assert_eq!(answer.response.as_deref(), Some("From the one that took over."));

    assert_eq!(desk.workshop().answer_question(asked.id, 2).await.unwrap(), Ran::Done);
    assert_eq!(desk.model().requests().len(), 2, "what is answered is not asked again");
    assert_eq!(desk.workshop().answer(alice.actor(), asked.id).await.unwrap(), answer);
    desk.close().await;
}

#[tokio::test]
async fn tests_and_questions_share_one_limit() {
    let settings = vec![("LIMITS__TESTS_PER_HOUR", "2".to_owned())];
    let desk = Desk::with(Options { settings, ..Options::default() }).await;
    let alice = desk.person("alice").await;
    commit(&desk, &alice, "shipping_risks", Visibility::Team).await;
    let draft = alice.draft().await;
    alice.test(draft, QUESTION).await;
    desk.clock.advance(TimeDelta::minutes(10));
    let once = || desk.workshop().ask_prompt(alice.actor(), ask("shipping_risks"), None);
    let first = once().await.unwrap();
    ended(&desk, &alice, first.id).await;

    let Err(Error::LimitReached { most: 2, until: Some(until), .. }) = once().await else { panic!("no limit") };
    assert_eq!(until, first.created_at + TimeDelta::minutes(50), "an hour after the test");
    let body = json!({ "test_query": QUESTION, "topic": "Shipping" });
    alice.post(&format!("/prompts/workshop/drafts/{draft}/test"), body).await.expect(429);
    desk.clock.advance(TimeDelta::minutes(50));
    let second = once().await.unwrap();
    ended(&desk, &alice, second.id).await;
    desk.close().await;
}

#[tokio::test]
async fn a_question_whose_handler_panics_fails_with_an_apology() {
    let api = Desk::with(Options { no_workers: true, ..Options::default() }).await;
    let model = Some(ModelServer::start().await);
    let (database, clock) = (Some(api.database.clone()), Some(TestClock::new()));
    let workers = Desk::with(Options { database, clock, model, ..Options::default() }).await;
    let alice = api.person("alice").await;
    commit(&api, &alice, "shipping_risks", Visibility::Team).await;
    workers.clock.panic_once();
    let asked = api.workshop().ask_prompt(alice.actor(), ask("shipping_risks"), None).await.unwrap();
    let failed = ended(&api, &alice, asked.id).await;
    assert_eq!(failed.failure.as_deref(), Some("Something went wrong on our side. Ask it again."));
    workers.close().await;
    api.close().await;
}

#[tokio::test]
async fn a_question_without_a_job_fails_instead_of_waiting_for_ever() {
    let desk = idle_desk().await;
    let alice = desk.person("alice").await;
    commit(&desk, &alice, "shipping_risks", Visibility::Team).await;
    let mut asked = Vec::new();
    for _ in 0..2 {
        asked.push(desk.workshop().ask_prompt(alice.actor(), ask("shipping_risks"), None).await.unwrap().id);
    }
    let gone = "update apalis.jobs set status = 'Killed' where idempotency_key = 'answer:' || $1::text";
    sqlx::query(gone).bind(asked[0].0).execute(&mut desk.database.connect().await).await.unwrap();
    desk.clock.advance(TimeDelta::minutes(1));
    desk.workshop().tidy_queue().await.unwrap();
    let answer = |id: AnswerId| desk.workshop().answer(alice.actor(), id);
    let failed = answer(asked[0]).await.unwrap();
    assert_eq!(failed.status, AnswerStatus::Failed);
    assert!(failed.failure.unwrap().ends_with("Ask it again."));
    assert_eq!(answer(asked[1]).await.unwrap().status, AnswerStatus::Queued, "this one's job still waits");
    desk.close().await;
}
