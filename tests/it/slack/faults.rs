//! Slack at its worst: slow, refusing, limiting, sending twice. Nothing is lost and nothing shows twice.

use std::time::{Duration, Instant};

use super::{ANSWER, FIRST_DRAFT, HERE, LONG, card, count, desk, drafted, press, says, with, with_button};
use crate::support::desk::{Options, Via, until};
use crate::support::model_server::{self, ModelServer};
use crate::support::slack::{ALICE, BOT_TOKEN, Fault, OTHER, TEAM};

#[tokio::test]
async fn what_is_sent_again_is_done_once() {
    let (desk, slack) = desk(Via::Socket).await;
    slack.command(ALICE, HERE, "new I need a weekly shipping briefing").await;
    slack.redeliver_last().await;
    let thread = card(&slack, HERE, "weekly shipping briefing").await;
    desk.model().reply(FIRST_DRAFT);
    slack.message(ALICE, HERE, Some(&thread.ts), "decide for me").await;
    slack.redeliver_last().await;
    let posted = with_button(&slack, &thread, "Test…").await;
    slack.action(ALICE, &posted, &posted.button("Use this draft")).await;
    slack.redeliver_last().await;
    says(&slack, &thread, "alice uses this draft").await;
    assert_eq!(slack.channel_messages(HERE).iter().filter(|said| said.thread_ts.is_none()).count(), 1);
    assert_eq!(desk.model().requests().len(), 1, "the message is answered once");
    let whispers = slack.ephemerals(ALICE).len();
    assert_eq!(whispers, 1, "that the workshop is being opened, once");
    slack.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn everything_is_acknowledged_in_time_while_slack_and_the_queue_are_slow() {
    for via in [Via::Socket, Via::Http] {
        // No worker: what is acknowledged is stored, and nothing is done about it yet.
        let (desk, slack) = with(via, Options { no_workers: true, ..Options::default() }).await;
        slack.fault_for("*", 50, Fault::Slow(Duration::from_secs(20)));
        let started = Instant::now();
        slack.command(ALICE, HERE, "new I need a weekly shipping briefing").await;
        slack.message(ALICE, "D0ALICE", None, "new I need an energy briefing").await;
        let help = slack.command(ALICE, HERE, "help").await;
        assert!(help.payload.unwrap().to_string().contains("/workshop new"));
        assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
        let stored =
            "select count(*) from arrivals a join apalis.jobs j on convert_from(j.job, 'UTF8') like '%' || a.id || '%'";
        let stored = count(&desk, stored).await;
        assert_eq!(stored, 2, "each is stored with its job");
        desk.close().await;
    }
}

#[tokio::test]
async fn what_cannot_be_stored_yet_holds_up_nothing_else_and_what_cannot_be_stored_in_time_is_said() {
    let (desk, slack) = desk(Via::Socket).await;
    slack.command(ALICE, HERE, "help").await;
    let mut conn = desk.database.connect().await;
    let mut lock = sqlx::Connection::begin(&mut conn).await.unwrap();
    sqlx::query("lock table arrivals in exclusive mode").execute(&mut *lock).await.unwrap();
    // Several, so that each socket has one that waits.
    let waiting =
        (0..4).map(|number| slack.command(ALICE, HERE, &format!("new I need briefing number {number}")).into_future());
    let waiting = tokio::spawn(futures::future::join_all(waiting));
    let help = slack.command(ALICE, HERE, "help").await;
    assert!(help.took < Duration::from_secs(1), "{:?}", help.took);
    let refused = waiting.await.unwrap();
    assert!(
        refused.iter().all(|ack| ack.text().contains("nothing was done") && ack.text().contains("You wrote: new")),
        "{refused:?}"
    );
    lock.rollback().await.unwrap();
    slack.command(ALICE, HERE, "new I need a weekly shipping briefing").await;
    card(&slack, HERE, "weekly shipping briefing").await;
    assert_eq!(count(&desk, "select count(*) from drafts").await, 1, "what was said not to be done was not");
    desk.close().await;
}

#[tokio::test]
async fn a_rate_limit_is_honoured_and_the_result_comes_once() {
    let (desk, slack) = desk(Via::Socket).await;
    let thread = drafted(&desk, &slack).await;
    desk.model().reply(ANSWER);
    slack.fault_for("chat.postMessage", 2, Fault::RateLimited { retry_after: 2 });
    slack.message(ALICE, HERE, Some(&thread.ts), "test How did war-risk premiums move?").await;
    let result = with_button(&slack, &thread, "4 ★").await;
    assert!(result.all_text().contains("War-risk premiums rise"));
    assert_eq!(results(&slack, &thread), 1);
    assert_eq!(slack.pace_violations(), Vec::<String>::new());
    slack.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn errors_and_silence_of_slack_lose_nothing() {
    let (desk, slack) = desk(Via::Socket).await;
    let thread = drafted(&desk, &slack).await;
    desk.model().reply(ANSWER);
    slack.fault("chat.postMessage", Fault::Status(500));
    slack.fault("chat.postMessage", Fault::Error("internal_error"));
    slack.message(ALICE, HERE, Some(&thread.ts), "test How did war-risk premiums move?").await;
    with_button(&slack, &thread, "4 ★").await;
    assert_eq!(results(&slack, &thread), 1);
    desk.close().await;
}

#[tokio::test]
async fn a_result_that_was_posted_before_the_connection_broke_is_not_posted_again() {
    let (desk, slack) = desk(Via::Socket).await;
    let thread = drafted(&desk, &slack).await;
    desk.model().hold();
    desk.model().reply(ANSWER);
    slack.message(ALICE, HERE, Some(&thread.ts), "test How did war-risk premiums move?").await;
    says(&slack, &thread, "Writing").await;
    slack.fault("chat.postMessage", Fault::AcceptThenDrop);
    desk.model().release_all();
    with_button(&slack, &thread, "4 ★").await;
    let open = "select count(*) from deliveries where status = 'pending'";
    until("the result counts as delivered", LONG, || async { count(&desk, open).await == 0 }).await;
    assert_eq!(results(&slack, &thread), 1);
    desk.close().await;
}

#[tokio::test]
async fn what_was_posted_in_part_is_gone_on_with() {
    let (desk, slack) = desk(Via::Socket).await;
    slack.fault("chat.postMessage", Fault::AcceptThenDrop);
    let thread = drafted(&desk, &slack).await;
    assert_eq!(slack.channel_messages(HERE).iter().filter(|said| said.thread_ts.is_none()).count(), 1, "one card");
    let middling =
        format!("The beginning. {}The end of it.", "Another sentence about shipping and its risks. ".repeat(300));
    desk.model().hold();
    desk.model().reply(&middling);
    slack.message(ALICE, HERE, Some(&thread.ts), "test What about premiums in March?").await;
    says(&slack, &thread, "Writing").await;
    slack.fault("chat.postMessage", Fault::AcceptThenDrop);
    desk.model().release_all();
    says(&slack, &thread, "The end of it.").await;
    let said = slack.thread(HERE, &thread.ts);
    for part in ["The beginning.", "The end of it."] {
        assert_eq!(said.iter().filter(|posted| posted.all_text().contains(part)).count(), 1, "{part}");
    }
    desk.close().await;
}

#[tokio::test]
async fn a_draft_that_lived_nowhere_is_opened_where_it_is_tested() {
    let (desk, slack) = desk(Via::Http).await;
    slack.message(ALICE, "D0ALICE", None, "I need a weekly shipping briefing").await;
    desk.model().reply(FIRST_DRAFT);
    let direct = slack
        .eventually("her thread", |slack| {
            slack
                .channel_messages("D0ALICE")
                .into_iter()
                .find(|said| said.buttons().iter().any(|label| label == "Decide for me"))
        })
        .await;
    slack.action(ALICE, &direct, &direct.button("Decide for me")).await;
    until("there is a text", LONG, || async { count(&desk, "select max(revision)::bigint from drafts").await == 1 })
        .await;
    let mut conn = desk.database.connect().await;
    sqlx::query("delete from places").execute(&mut conn).await.unwrap();
    desk.model().reply(ANSWER);
    slack.command(ALICE, HERE, "test 1 How did war-risk premiums move?").await;
    let thread = card(&slack, HERE, "weekly shipping briefing").await;
    with_button(&slack, &thread, "4 ★").await;
    assert_eq!(results(&slack, &thread), 1);
    desk.close().await;
}

#[tokio::test]
async fn where_the_app_may_not_post_the_workshop_goes_on_in_a_direct_message() {
    let (desk, slack) = desk(Via::Http).await;
    slack.command(ALICE, OTHER, "new I need a weekly shipping briefing").await;
    let direct = card(&slack, "D0ALICE", "weekly shipping briefing").await;
    slack
        .until("the person hears why", |slack| {
            slack.channel_messages("D0ALICE").iter().any(|said| said.all_text().contains("cannot post in that channel"))
        })
        .await;
    desk.model().reply(FIRST_DRAFT);
    slack.message(ALICE, "D0ALICE", Some(&direct.ts), "decide for me").await;
    with_button(&slack, &direct, "Test…").await;
    slack.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn what_slack_finds_too_long_is_attached() {
    let (desk, slack) = desk(Via::Socket).await;
    let thread = drafted(&desk, &slack).await;
    desk.model().hold();
    desk.model().reply(ANSWER);
    slack.message(ALICE, HERE, Some(&thread.ts), "test How did war-risk premiums move?").await;
    says(&slack, &thread, "Writing").await;
    slack.fault("chat.postMessage", Fault::Error("msg_blocks_too_long"));
    desk.model().release_all();
    let file =
        slack.eventually("a file", |slack| slack.files().into_iter().find(|file| !file.channel.is_empty())).await;
    assert!(String::from_utf8_lossy(&file.bytes).contains("War-risk premiums rise"), "{file:?}");
    desk.close().await;
}

#[tokio::test]
async fn a_very_long_answer_comes_whole() {
    let (desk, slack) = desk(Via::Socket).await;
    let thread = drafted(&desk, &slack).await;
    let long = format!("{}The last sentence.", "A sentence that goes on and on about shipping. ".repeat(1_500));
    desk.model().reply(&long);
    slack.message(ALICE, HERE, Some(&thread.ts), "test How did war-risk premiums move?").await;
    let file =
        slack.eventually("a file", |slack| slack.files().into_iter().find(|file| !file.channel.is_empty())).await;
    assert!(String::from_utf8_lossy(&file.bytes).ends_with("The last sentence."));
    let middling = format!("{}The end of it.", "Another sentence about shipping and its risks. ".repeat(300));
    desk.model().reply(&middling);
    slack.message(ALICE, HERE, Some(&thread.ts), "test What about premiums in March?").await;
    says(&slack, &thread, "The end of it.").await;
    slack.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn a_revoked_token_delays_and_loses_nothing() {
    let (desk, slack) = desk(Via::Socket).await;
    let thread = drafted(&desk, &slack).await;
    slack.revoke(BOT_TOKEN);
    desk.model().reply("```prompt\nAnother text that is long enough to be taken for a draft of a prompt, surely.\n```");
    slack.message(ALICE, HERE, Some(&thread.ts), "make it shorter").await;
    let waiting =
        "select count(*) from deliveries where kind = 'message' and status = 'pending' and attempted_at is not null";
    until("the answer waits", LONG, || async { count(&desk, waiting).await == 1 }).await;
    slack.add_token(BOT_TOKEN, TEAM);
    // Its job looks again after five minutes; here it need not wait.
    let mut conn = desk.database.connect().await;
    sqlx::query("update apalis.jobs set run_at = now() where status = 'Failed'").execute(&mut conn).await.unwrap();
    with_button(&slack, &thread, "Accept change").await;
    desk.close().await;
}

#[tokio::test]
async fn an_answer_is_streamed_while_it_is_written() {
    let (desk, slack) = desk(Via::Socket).await;
    let thread = drafted(&desk, &slack).await;
    desk.model().fault(model_server::Fault::Slow { per_delta: Duration::from_millis(120) });
    desk.model().reply(&format!("{}and that is all.", "Some thoughts about this come one after the other. ".repeat(3)));
    slack.message(ALICE, HERE, Some(&thread.ts), "what do you think of it").await;
    slack.until("a stream is open", |slack| slack.thread(HERE, &thread.ts).iter().any(|said| said.streaming)).await;
    says(&slack, &thread, "and that is all.").await;
    slack
        .until("the stream has ended", |slack| slack.thread(HERE, &thread.ts).iter().all(|said| !said.streaming))
        .await;
    assert!(!slack.calls_of("chat.startStream").is_empty() && !slack.calls_of("chat.stopStream").is_empty());
    let said = slack.thread(HERE, &thread.ts);
    assert_eq!(said.iter().filter(|said| said.all_text().contains("Some thoughts")).count(), 1, "one message, not two");
    slack.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn where_streams_are_refused_one_message_is_edited() {
    let (desk, slack) = desk(Via::Socket).await;
    slack.refuse_streams();
    let thread = drafted(&desk, &slack).await;
    desk.model().fault(model_server::Fault::Slow { per_delta: Duration::from_millis(200) });
    desk.model().reply(&format!("{}and that is all.", "Some thoughts about this come one after the other. ".repeat(3)));
    slack.message(ALICE, HERE, Some(&thread.ts), "what do you think of it").await;
    says(&slack, &thread, "and that is all.").await;
    let said = slack.thread(HERE, &thread.ts);
    let shown: Vec<_> = said.iter().filter(|said| said.all_text().contains("Some thoughts")).collect();
    assert_eq!(shown.len(), 1, "one message, not two");
    assert!(shown[0].edits >= 1, "{}", shown[0].edits);
    slack.assert_clean();
    desk.close().await;
}

#[tokio::test]
async fn sockets_that_are_lost_or_renewed_are_opened_again() {
    let (desk, slack) = desk(Via::Socket).await;
    slack.disconnect_all("refresh_requested");
    slack.connected(2).await;
    slack.drop_sockets();
    slack.connected(2).await;
    slack.command(ALICE, HERE, "new I need a weekly shipping briefing").await;
    card(&slack, HERE, "weekly shipping briefing").await;
    assert!(slack.connections_opened() < 12, "{} connections", slack.connections_opened());
    desk.close().await;
}

#[tokio::test]
async fn two_copies_of_the_service_do_everything_once() {
    let (first, slack) = desk(Via::Socket).await;
    let second = crate::support::desk::Desk::with(Options {
        database: Some(first.database.clone()),
        clock: Some(first.clock.clone()),
        model: Some(ModelServer::start().await),
        slack: Some((slack.clone(), Via::Socket)),
        ..Options::default()
    })
    .await;
    slack.connected(4).await;
    for model in [first.model(), second.model()] {
        model.answer_with(|_| FIRST_DRAFT.to_owned());
    }
    slack.command(ALICE, HERE, "new I need a weekly shipping briefing").await;
    let thread = card(&slack, HERE, "weekly shipping briefing").await;
    press(&slack, ALICE, &thread, "Decide for me").await;
    with_button(&slack, &thread, "Test…").await;
    for number in 1..=4 {
        slack
            .message(ALICE, HERE, Some(&thread.ts), &format!("test What is new with premiums, number {number}?"))
            .await;
    }
    slack.until("every result is there", |slack| results(slack, &thread) == 4).await;
    let asked = first.model().requests().len() + second.model().requests().len();
    assert_eq!(asked, 5, "one draft and four tests");
    assert_eq!(slack.channel_messages(HERE).iter().filter(|said| said.thread_ts.is_none()).count(), 1);
    slack.assert_clean();
    second.close().await;
    first.close().await;
}

/// How many results a thread shows.
pub fn results(slack: &crate::support::slack::Slack, thread: &crate::support::slack::Posted) -> usize {
    slack
        .thread(&thread.channel, &thread.ts)
        .iter()
        .filter(|said| said.buttons().iter().any(|button| button == "Add a note…"))
        .count()
}
