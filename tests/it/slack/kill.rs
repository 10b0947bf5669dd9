//! The real program, killed in every step of the main job and started again: everything is done, and shown once.

use std::time::Duration;

use serde_json::json;

use super::faults::results;
use super::{ANSWER, FIRST_DRAFT, HERE, SECOND_DRAFT, card, option, press, says, with_button};
use crate::support::desk::{Via, articles, slack_settings};
use crate::support::model_server::ModelServer;
use crate::support::program::{Folder, Program, Service};
use crate::support::slack::{ALICE, BOB, Fault, Slack};

const LAST_ANSWER: &str = "They fell to 0.4 percent [Premiums fall again](https://news.example/3).";

/// The program with a model and a Slack, and articles to test on.
async fn program(slack: &Slack, model: &ModelServer) -> Program {
    let mut program = Program::new()
        .await
        .set("HTTP__LISTEN", "127.0.0.1:0")
        .set("LLM__BASE_URL", model.url())
        .set("LLM__MODEL", "test-model")
        .set("LLM__TIMEOUT_SECONDS", "10")
        // A worker that was killed is noticed soon.
        .set("QUEUE__RESCUE_AFTER_SECONDS", "10")
        .set("QUEUE__SHUTDOWN_SECONDS", "1");
    for (name, value) in slack_settings(slack, Via::Socket) {
        program = program.set(name, value);
    }
    let folder = Folder::new();
    let lines: Vec<String> = articles()
        .iter()
        .map(|article| {
            serde_json::to_string(&json!({
        "uri": article.uri, "title": article.title, "summary": article.summary, "news_source": article.news_source,
        "publication_date": article.publication_date, "topic": article.topic,
    })).unwrap()
        })
        .collect();
    let file = folder.write("articles.jsonl", lines.join("\n"));
    program.prints(&["articles", "import", &file], "").await;
    program
}

/// Kills the service at once, and starts it again.
async fn kill(service: Service, program: &Program, slack: &Slack) -> Service {
    service.kill().await;
    let service = program.serve().await;
    slack.connected(2).await;
    service
}

#[tokio::test]
async fn the_main_job_survives_a_kill_in_every_step() {
    let (slack, model) = (Slack::start().await, ModelServer::start().await);
    // What is asked decides the answer, however often it is asked.
    model.answer_with(|request| {
        let request = request.to_string();
        let asked = |what: &str| request.contains(what);
        match () {
            () if asked("Where are war-risk premiums now?") => LAST_ANSWER,
            () if asked("BEGIN ARTICLES") => ANSWER,
            () if asked("make the timelines stronger") => SECOND_DRAFT,
            () => FIRST_DRAFT,
        }
        .to_owned()
    });
    let program = program(&slack, &model).await;
    let service = program.serve().await;
    slack.connected(2).await;

    // Killed as soon as the command is acknowledged.
    slack.command(ALICE, HERE, "new I need executive-level financial analysis with risk focus").await;
    let service = kill(service, &program, &slack).await;
    let thread = card(&slack, HERE, "executive-level financial analysis").await;

    // Killed while the model writes.
    model.hold();
    press(&slack, ALICE, &thread, "Decide for me").await;
    slack.until("the model is asked", |_| model.at_once() == 1).await;
    let service = kill(service, &program, &slack).await;
    model.release_all();
    with_button(&slack, &thread, "Test…").await;

    // Killed when the wish is acknowledged.
    slack.message(BOB, HERE, Some(&thread.ts), "make the timelines stronger").await;
    let service = kill(service, &program, &slack).await;
    press(&slack, ALICE, &thread, "Accept change").await;
    let service = kill(service, &program, &slack).await;
    says(&slack, &thread, "alice accepted this change").await;

    // Killed between the end of a test and the posting of its result.
    let posted = with_button(&slack, &thread, "Test…").await;
    slack.action(BOB, &posted, &posted.button("Test…")).await;
    let view = slack.eventually("the form", |slack| slack.view_of(BOB)).await;
    model.hold();
    let question = json!("How did war-risk premiums move?");
    slack
        .view_submission(BOB, &view, &[("question", "question", question), ("topic", "topic", option("Shipping"))])
        .await;
    says(&slack, &thread, "Writing").await;
    slack.fault_for("chat.postMessage", 100, Fault::Hang);
    model.release_all();
    slack
        .until("the result is about to be posted", |slack| {
            slack.calls().last().is_some_and(|call| call.method == "chat.postMessage")
        })
        .await;
    let service = kill(service, &program, &slack).await;
    slack.clear_faults();
    let result = with_button(&slack, &thread, "4 ★").await;
    slack.action(BOB, &result, &result.button("4 ★")).await;
    let service = kill(service, &program, &slack).await;
    says(&slack, &thread, "bob 4 ★").await;

    // Killed when the commit is acknowledged, and when the question is.
    let posted = with_button(&slack, &thread, "Commit…").await;
    slack.action(ALICE, &posted, &posted.button("Commit…")).await;
    let view = slack.eventually("the form", |slack| slack.view_of(ALICE)).await;
    let values = [
        ("name", "name", json!("financial_risk_executive")),
        ("title", "title", json!("Financial risk for executives")),
    ];
    slack.view_submission(ALICE, &view, &values).await;
    let service = kill(service, &program, &slack).await;
    says(&slack, &thread, "alice committed this prompt").await;
    slack.message(BOB, HERE, Some(&thread.ts), "ask financial_risk_executive Where are war-risk premiums now?").await;
    let service = kill(service, &program, &slack).await;
    says(&slack, &thread, "<https://news.example/3|Premiums fall again>").await;

    let said = slack.thread(HERE, &thread.ts);
    let times = |what: &str| said.iter().filter(|posted| posted.all_text().contains(what)).count();
    assert_eq!(results(&slack, &thread), 1, "{}", slack.transcript(HERE, thread.ts.as_str()));
    assert_eq!(times("Here is a draft."), 1);
    assert_eq!(times("alice committed this prompt"), 1);
    assert_eq!(times("bob asked financial_risk_executive"), 1);
    assert_eq!(slack.channel_messages(HERE).iter().filter(|said| said.thread_ts.is_none()).count(), 1);
    slack.assert_clean();
    tokio::time::timeout(Duration::from_secs(20), service.stop()).await.unwrap();
    program.close().await;
}
