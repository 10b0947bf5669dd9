//! Pushing a committed prompt to a running Auspex, which is played here.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::{committed, second_text};
use crate::support::desk::{Desk, Options, PROMPT, Person, Via, until};
use crate::support::slack::{ALICE, GENERAL, Slack};

const SOON: Duration = Duration::from_secs(30);

/// An Auspex of one test, with its prompts by name and what is to go wrong.
#[derive(Clone, Default)]
struct Auspex(Arc<Mutex<Played>>);

#[derive(Default)]
struct Played {
    prompts: serde_json::Map<String, Value>,
    /// What is answered to the next requests of a method in place of what it should.
    faults: VecDeque<(Method, Fault)>,
    /// Method and name of every request.
    asked: Vec<String>,
    tokens: Vec<String>,
}

enum Fault {
    /// This status, and how long to wait.
    Status(u16, Option<u64>),
    /// Done, and then this status.
    DoneThen(u16),
    /// A body that no person should see.
    Says(u16, String),
    /// Sent elsewhere.
    Redirect(String),
}

impl Auspex {
    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/api/auspex/prompts", post(create))
            .route("/api/auspex/prompts/{name}", get(read).put(change))
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        url
    }

    fn fault(&self, method: Method, fault: Fault) {
        self.0.lock().unwrap().faults.push_back((method, fault));
    }

    fn add(&self, name: &str, prompt: Value) {
        self.0.lock().unwrap().prompts.insert(name.to_owned(), prompt);
    }

    fn prompt(&self, name: &str) -> Value {
        self.0.lock().unwrap().prompts.get(name).cloned().unwrap_or_default()
    }

    fn asked(&self) -> Vec<String> {
        self.0.lock().unwrap().asked.clone()
    }

    /// Answers a request, unless something is to go wrong with it.
    fn answer(&self, method: Method, name: &str, headers: &HeaderMap, body: Option<Value>) -> Response {
        let mut played = self.0.lock().unwrap();
        played.asked.push(format!("{method} {name}"));
        let token = headers.get(header::AUTHORIZATION).map(|token| token.to_str().unwrap().to_owned());
        played.tokens.extend(token);
        let due = played.faults.front().is_some_and(|(of, _)| *of == method);
        let fault = if due { played.faults.pop_front().map(|(_, fault)| fault) } else { None };
        match fault {
            Some(Fault::Status(status, after)) => {
                let status = StatusCode::from_u16(status).unwrap();
                match after {
                    Some(after) => (status, [(header::RETRY_AFTER, after.to_string())]).into_response(),
                    None => status.into_response(),
                }
            }
            Some(Fault::Says(status, body)) => {
                (StatusCode::from_u16(status).unwrap(), axum::Json(json!({ "detail": body }))).into_response()
            }
            Some(Fault::Redirect(to)) => (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response(),
            Some(Fault::DoneThen(status)) => {
                played.take(&method, name, body);
                StatusCode::from_u16(status).unwrap().into_response()
            }
            None => played.take(&method, name, body),
        }
    }
}

impl Played {
    fn take(&mut self, method: &Method, name: &str, body: Option<Value>) -> Response {
        let is_there = self.prompts.contains_key(name);
        match (method, is_there, body) {
            (&Method::POST, true, _) => StatusCode::CONFLICT.into_response(),
            (_, false, None) | (&Method::PUT, false, _) => StatusCode::NOT_FOUND.into_response(),
            (_, true, None) => axum::Json(self.prompts[name].clone()).into_response(),
            (_, _, Some(mut body)) => {
                body["id"] = json!(7);
                self.prompts.insert(name.to_owned(), body.clone());
                (StatusCode::CREATED, axum::Json(body)).into_response()
            }
        }
    }
}

async fn create(State(auspex): State<Auspex>, headers: HeaderMap, body: axum::Json<Value>) -> Response {
    let name = body["name"].as_str().unwrap().to_owned();
    auspex.answer(Method::POST, &name, &headers, Some(body.0))
}

async fn read(State(auspex): State<Auspex>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    auspex.answer(Method::GET, &name, &headers, None)
}

async fn change(
    State(auspex): State<Auspex>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: axum::Json<Value>,
) -> Response {
    auspex.answer(Method::PUT, &name, &headers, Some(body.0))
}

/// A service with a prompt of two versions, and its Auspex.
async fn setting(options: Options) -> (Desk, Person, Auspex) {
    let auspex = Auspex::default();
    let mut settings = options.settings;
    settings.push(("AUSPEX__URL", auspex.start().await));
    settings.push(("AUSPEX__TOKEN", "a-secret".to_owned()));
    let desk = Desk::with(Options { settings, ..options }).await;
    let alice = desk.person("alice").await;
    committed(&desk, &alice, "shipping_risks").await;
    (desk, alice, auspex)
}

/// The push that was asked for, once it has ended.
async fn ended(person: &Person, push: &Value) -> Value {
    let path = format!("/prompts/shipping_risks/pushes/{}", push["push_id"].as_str().unwrap());
    let now = || async { person.get(&path).await.expect(200) };
    until("the push ends", SOON, || async {
        let status = now().await["status"].clone();
        status == "succeeded" || status == "failed"
    })
    .await;
    now().await
}

async fn push(person: &Person, body: Value) -> Value {
    let push = person.post("/prompts/shipping_risks/push", body).await.expect(202);
    ended(person, &push).await
}

#[track_caller]
fn failed(push: &Value, with: &str) {
    assert_eq!(push["status"], "failed", "{push}");
    assert!(push["failure"].as_str().unwrap().contains(with), "{push}");
}

#[tokio::test]
async fn a_prompt_is_created_there_and_then_changed() {
    let (desk, alice, auspex) = setting(Options::default()).await;
    let answer = alice.post("/prompts/shipping_risks/push", json!({ "label": "production" })).await;
    let location = answer.headers["location"].to_str().unwrap().to_owned();
    let queued = answer.expect(202);
    assert_eq!(location, format!("/api/auspex/prompts/shipping_risks/pushes/{}", queued["push_id"].as_str().unwrap()));
    let first = ended(&alice, &queued).await;
    assert_eq!((&first["status"], &first["version"]), (&json!("succeeded"), &json!(1)), "{first}");
    let there = auspex.prompt("shipping_risks");
    assert_eq!((&there["content"], &there["title"]), (&json!(PROMPT), &json!("Shipping risks")));
    assert_eq!((&there["name"], &there["description"]), (&json!("shipping_risks"), &json!("For the desk")));
    assert_eq!(push(&alice, json!({})).await["status"], "succeeded");
    assert_eq!(auspex.prompt("shipping_risks")["content"], second_text());
    // The same again changes nothing there.
    assert_eq!(push(&alice, json!({ "version": 2 })).await["status"], "succeeded");
    let expected = ["GET", "POST", "GET", "PUT", "GET"].map(|method| format!("{method} shipping_risks"));
    assert_eq!(auspex.asked(), expected);
    assert!(auspex.0.lock().unwrap().tokens.iter().all(|token| token == "Bearer a-secret"));
    let list = alice.get("/prompts/shipping_risks/pushes?page_size=2").await.expect(200);
    assert_eq!((&list["total"], &list["pushes"][0]["version"]), (&json!(3), &json!(2)));
    for wrong in
        [json!({ "version": 9 }), json!({ "label": "staging" }), json!({ "label": "production", "version": 1 })]
    {
        alice.post("/prompts/shipping_risks/push", wrong).await.expect(422);
    }
    desk.close().await;
}

#[tokio::test]
async fn what_was_not_pushed_from_here_stays_as_it_is() {
    let (desk, alice, auspex) = setting(Options::default()).await;
    let theirs =
        json!({ "id": 3, "name": "shipping_risks", "title": "Theirs", "content": "Theirs.", "description": "" });
    auspex.add("shipping_risks", theirs.clone());
    failed(&push(&alice, json!({})).await, "which was not pushed from here; nothing was changed");
    assert_eq!(auspex.prompt("shipping_risks"), theirs);
    // Nor is one of that name that came in between.
    auspex.fault(Method::GET, Fault::Status(404, None));
    failed(&push(&alice, json!({})).await, "which was not pushed from here");
    failed(&push(&alice, json!({})).await, "which was not pushed from here");
    assert_eq!(auspex.prompt("shipping_risks"), theirs);
    assert!(!auspex.asked().iter().any(|asked| asked.starts_with("PUT")), "{:?}", auspex.asked());
    desk.close().await;
}

#[tokio::test]
async fn one_that_was_made_anew_there_is_not_ours_any_more() {
    let (desk, alice, auspex) = setting(Options::default()).await;
    assert_eq!(push(&alice, json!({ "version": 1 })).await["status"], "succeeded");
    auspex.add("shipping_risks", json!({ "id": 8, "name": "shipping_risks", "content": "Anew." }));
    failed(&push(&alice, json!({})).await, "which was not pushed from here");
    assert_eq!(auspex.prompt("shipping_risks")["content"], "Anew.");
    desk.close().await;
}

#[tokio::test]
async fn what_passes_is_tried_again_and_a_wait_is_kept() {
    let (desk, alice, auspex) = setting(Options::default()).await;
    auspex.fault(Method::GET, Fault::Status(503, None));
    auspex.fault(Method::GET, Fault::Status(429, Some(1)));
    auspex.fault(Method::POST, Fault::Status(500, Some(0)));
    let began = std::time::Instant::now();
    let pushed = push(&alice, json!({})).await;
    assert_eq!((&pushed["status"], &pushed["attempts"]), (&json!("succeeded"), &json!(4)), "{pushed}");
    assert!(began.elapsed() >= Duration::from_secs(1));
    // A wait of hours is not waited for.
    auspex.fault(Method::GET, Fault::Status(429, Some(7_200)));
    failed(&push(&alice, json!({ "version": 1 })).await, "Auspex asks to slow down");
    desk.close().await;
}

#[tokio::test]
async fn a_creation_whose_end_nobody_saw_is_known_for_ours() {
    let (desk, alice, auspex) = setting(Options::default()).await;
    auspex.fault(Method::POST, Fault::DoneThen(502));
    let pushed = push(&alice, json!({ "version": 1 })).await;
    assert_eq!((&pushed["status"], &pushed["attempts"]), (&json!("succeeded"), &json!(2)), "{pushed}");
    assert_eq!(push(&alice, json!({})).await["status"], "succeeded");
    assert_eq!(auspex.prompt("shipping_risks")["content"], second_text());
    assert_eq!(auspex.asked().iter().filter(|asked| asked.starts_with("POST")).count(), 1);
    desk.close().await;
}

#[tokio::test]
async fn a_crash_between_creating_and_noting_it_is_made_good() {
    let (desk, alice, auspex) = setting(Options::default()).await;
    let ours = json!({ "name": "shipping_risks", "title": "Shipping risks", "content": PROMPT, "description": "For the desk" });
    let mut conn = desk.database.connect().await;
    sqlx::query(
        "insert into remote_prompts (url, name, intended, changed_at) values ($1, 'shipping_risks', $2, now())",
    )
    .bind(url(&desk))
    .bind(&ours)
    .execute(&mut conn)
    .await
    .unwrap();
    auspex.add("shipping_risks", ours);
    assert_eq!(push(&alice, json!({})).await["status"], "succeeded");
    assert_eq!(auspex.prompt("shipping_risks")["content"], second_text());
    desk.close().await;
}

fn url(desk: &Desk) -> String {
    desk.workshop().settings().auspex.url.clone()
}

#[tokio::test]
async fn a_refusal_is_told_short_and_clean_and_not_tried_again() {
    let (desk, alice, auspex) = setting(Options::default()).await;
    auspex.fault(Method::GET, Fault::Status(401, None));
    let refused = push(&alice, json!({})).await;
    failed(&refused, "does not take our token");
    assert_eq!(refused["attempts"], 1);
    auspex.fault(Method::POST, Fault::Says(422, format!("Too\nlong <b>@everyone</b>{}", "x".repeat(9_000))));
    let refused = push(&alice, json!({})).await;
    failed(&refused, "(status 422), saying: Too long beveryone/bxxx");
    assert!(refused["failure"].as_str().unwrap().len() < 400, "{refused}");
    // A token does not follow to another host.
    let elsewhere = Auspex::default();
    let to = format!("{}/api/auspex/prompts/shipping_risks", elsewhere.start().await);
    auspex.fault(Method::GET, Fault::Redirect(to));
    failed(&push(&alice, json!({})).await, "status 307");
    assert!(elsewhere.asked().is_empty());
    desk.close().await;
}

#[tokio::test]
async fn pushing_needs_the_right_to_change_the_prompt_and_an_auspex() {
    let (desk, _, auspex) = setting(Options::default()).await;
    let bob = desk.person("bob").await;
    bob.post("/prompts/shipping_risks/push", json!({})).await.expect(403);
    bob.get("/prompts/shipping_risks/pushes").await.expect(200);
    assert!(auspex.asked().is_empty());
    desk.close().await;
    let desk = Desk::start().await;
    let alice = desk.person("alice").await;
    committed(&desk, &alice, "shipping_risks").await;
    let refused = alice.post("/prompts/shipping_risks/push", json!({})).await.expect(422);
    assert!(refused["detail"].as_str().unwrap().starts_with("auspex.url is not set"), "{refused}");
    desk.close().await;
}

#[tokio::test]
async fn pushes_of_one_prompt_arrive_in_their_order() {
    let (desk, alice, auspex) = setting(Options::default()).await;
    auspex.fault(Method::GET, Fault::Status(503, Some(1)));
    let mut pushes = Vec::new();
    for version in [1, 2, 1, 2] {
        pushes.push(alice.post("/prompts/shipping_risks/push", json!({ "version": version })).await.expect(202));
    }
    for push in &pushes {
        assert_eq!(ended(&alice, push).await["status"], "succeeded");
    }
    let methods: Vec<String> = auspex.asked().iter().map(|asked| asked.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(methods, ["GET", "GET", "POST", "GET", "PUT", "GET", "PUT", "GET", "PUT"]);
    assert_eq!(auspex.prompt("shipping_risks")["content"], second_text());
    desk.close().await;
}

#[tokio::test]
async fn a_push_from_chat_is_told_there_once() {
    let slack = Slack::start().await;
    let (desk, alice, auspex) =
        setting(Options { slack: Some((slack.clone(), Via::Http)), ..Options::default() }).await;
    // The same person in Slack.
    let code = desk.workshop().create_join_code(alice.actor()).await.unwrap();
    let code = secrecy::ExposeSecret::expose_secret(&code).to_owned();
    slack.command(ALICE, GENERAL, &format!("link {code}")).await;
    let whispered = |what: &'static str| {
        let told = move |slack: &Slack| slack.ephemerals(ALICE).iter().any(|said| said.all_text().contains(what));
        slack.until(what, told)
    };
    whispered("You are alice here now").await;
    slack.command(ALICE, GENERAL, "prompt push shipping_risks").await;
    let told = |slack: &Slack| {
        slack.bot_messages(GENERAL).iter().filter(|said| said.all_text().contains("version 2 is in Auspex now")).count()
    };
    slack.until("the channel is told", |slack| told(slack) > 0).await;
    whispered("shipping_risks version 2 is on its way").await;
    assert_eq!(auspex.prompt("shipping_risks")["content"], second_text());
    // The same request again is no other push.
    slack.redeliver_last().await;
    let given = slack.command(ALICE, GENERAL, "prompt export shipping_risks").await;
    until("the file is given", SOON, || async {
        given.text().contains("shipping_risks.prompt")
            || slack.ephemerals(ALICE).iter().any(|said| said.all_text().contains("shipping_risks.prompt"))
            || slack.files().iter().any(|file| format!("{file:?}").contains("shipping_risks"))
    })
    .await;
    assert_eq!(alice.get("/prompts/shipping_risks/pushes").await.expect(200)["total"], 1);
    assert_eq!(told(&slack), 1);
    desk.close().await;
}
