//! Which articles a question finds, and in which order.

use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};
use prompt_workshop::domain::article::{FrozenArticle, RawArticle};
use serde_json::json;

use crate::support::desk::{Desk, Person};

/// An article on railways; the higher its number, the newer it is.
fn article(number: u32, title: &str, summary: &str) -> RawArticle {
    RawArticle {
        uri: format!("https://rail.example/{number}"),
        title: title.to_owned(),
        summary: summary.to_owned(),
        news_source: format!("Source {number}"),
        publication_date: format!("2025-03-{number:02}"),
        topic: "Rail".to_owned(),
        ..RawArticle::default()
    }
}

async fn import(desk: &Desk, articles: Vec<RawArticle>) {
    let sent = articles.len() as u64;
    let import = desk.workshop().import((1..).zip(articles.into_iter().map(Ok))).await.unwrap();
    assert_eq!((import.inserted, import.rejected), (sent, vec![]));
}

async fn find(desk: &Desk, question: &str, limit: i32) -> Vec<FrozenArticle> {
    desk.workshop().find_articles(question, "Rail", None, limit).await.unwrap()
}

/// The numbers of the articles that a question finds, best first.
async fn numbers(desk: &Desk, question: &str, limit: i32) -> Vec<u32> {
    find(desk, question, limit).await.iter().map(number).collect()
}

fn number(article: &FrozenArticle) -> u32 {
    article.uri.rsplit('/').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn articles_with_all_the_words_come_first_and_any_word_will_do_when_they_are_few() {
    let desk = Desk::start().await;
    let articles = vec![
        article(1, "Tunnel, tunnel, tunnel", "The tunnel is a tunnel like any other tunnel."),
        article(2, "A delay", "One more delay in a row of delays, and no end of the delay."),
        article(3, "Works go on", "Somewhere below, the tunnel waits for its end after a long delay."),
        article(4, "Something else", "Nothing here has to do with it."),
        article(5, "Works stop", "There is a delay; the reason lies in the tunnel."),
    ];
    import(&desk, articles).await;

    let few = numbers(&desk, "tunnel delay", 9).await;
    assert_eq!((few.len(), few[..2].contains(&3), few[..2].contains(&5)), (4, true, true), "{few:?}");
    assert!(few[2..].contains(&1) && few[2..].contains(&2), "{few:?}");

    let mut enough = numbers(&desk, "tunnel delay", 6).await;
    enough.sort_unstable();
    assert_eq!(enough, [3, 5], "a third of the limit has all the words: nothing else is needed");
    desk.close().await;
}

#[tokio::test]
async fn a_thin_list_is_filled_with_the_newest_of_the_topic_after_the_matches() {
    let desk = Desk::start().await;
    let mut articles: Vec<_> = (2..=20).map(|number| article(number, "Timetable", "Trains run as planned.")).collect();
    articles.push(article(1, "Tunnel opens", "A tunnel opens."));
    articles.push(RawArticle { topic: "Roads".to_owned(), ..article(28, "Newer, but elsewhere", "A road.") });
    import(&desk, articles).await;

    assert_eq!(numbers(&desk, "Which tunnel is open?", 12).await, [1, 20, 19, 18], "the match first, a third in all");
    assert_eq!(numbers(&desk, "Which tunnel is open?", 5).await, [1, 20]);
    assert_eq!(numbers(&desk, "What of bicycles?", 12).await, [20, 19, 18, 17], "no match: the newest");
    assert_eq!(numbers(&desk, "What is it that it is?", 12).await, [20, 19, 18, 17], "no word to look for: the newest");
    assert_eq!(numbers(&desk, "Trains on a timetable?", 5).await.len(), 5, "matches fill the whole list");
    desk.close().await;
}

#[tokio::test]
async fn a_match_is_not_repeated_among_the_newest() {
    let desk = Desk::start().await;
    let articles =
        vec![article(1, "Old", "A bridge."), article(2, "New", "A tunnel."), article(3, "Newest", "A tunnel.")];
    import(&desk, articles).await;
    assert_eq!(numbers(&desk, "the bridge and the tunnel", 200).await.len(), 3);
    assert_eq!(numbers(&desk, "only the bridge", 200).await, [1, 3, 2]);
    desk.close().await;
}

#[tokio::test]
async fn words_are_found_in_every_form() {
    let desk = Desk::start().await;
    import(&desk, vec![article(1, "Tunnel delayed", "The engineer rebuilds it."), article(9, "Other", "Text.")]).await;
    for question in ["tunnels", "Delays?", "delaying", "ENGINEERS", "rebuilding"] {
        assert_eq!(numbers(&desk, question, 3).await[0], 1, "{question}");
    }
    desk.close().await;
}

#[tokio::test]
async fn a_word_counts_more_in_a_title_than_in_a_summary_and_more_there_than_in_a_body() {
    let desk = Desk::start().await;
    let in_body = RawArticle { body: Some("A tunnel.".to_owned()), ..article(9, "One", "A text.") };
    import(&desk, vec![in_body, article(8, "Two", "A tunnel."), article(1, "Tunnel", "A text.")]).await;
    assert_eq!(numbers(&desk, "tunnel", 9).await, [1, 8, 9]);
    desk.close().await;
}

#[tokio::test]
async fn no_source_drowns_the_others() {
    let desk = Desk::start().await;
    // The loud one has more to say on the subject than the list has room for, and says it better.
    let by = |source: &str, article| RawArticle { news_source: source.to_owned(), ..article };
    let loud = (1..=9).map(|n| by("Loud", article(n, "Tunnel tunnel", "Tunnel.")));
    let quiet = (10..=13).map(|n| by("Quiet", article(n, "News", "A tunnel.")));
    let third = (14..=15).map(|n| by("Third", article(n, "News", "Far below, after a long time, there is a tunnel.")));
    import(&desk, loud.chain(quiet).chain(third).collect()).await;

    let found = find(&desk, "tunnel", 10).await;
    let from = |source: &str| found.iter().filter(|article| article.news_source == source).count();
    assert_eq!((from("Loud"), from("Quiet"), from("Third")), (4, 4, 2), "at most two fifths of ten");
    assert_eq!(found[0].news_source, "Loud", "the best still comes first");

    let found = find(&desk, "tunnel", 15).await;
    assert_eq!(found.len(), 15, "without others the loud one fills what is left");
    desk.close().await;
}

#[tokio::test]
async fn no_question_breaks_the_search() {
    let desk = Desk::start().await;
    import(&desk, vec![article(1, "O'Neill's tunnel", "A tunnel."), article(2, "Other", "Text.")]).await;
    let mut long = "tunnel ".to_owned();
    for word in 0..200 {
        write!(long, "w{word} ").unwrap();
    }
    for question in [
        "O'Neill's \"tunnel\"?",
        "tunnel & | ! ( ) <-> :* \\ '",
        r"the tunnel in C:\temp\x and http://x.example/a\b?c='d'",
        "tunnel'); drop table articles; --",
        "tunnel \u{202e} \u{1f682} 隧道 тоннель",
        long.as_str(),
    ] {
        assert_eq!(numbers(&desk, question, 3).await[0], 1, "{question}");
    }
    desk.close().await;
}

/// The addresses that a test of a question was given.
async fn given(person: &Person, draft: i64, question: &str) -> Vec<String> {
    let path = format!("/prompts/workshop/drafts/{draft}/test");
    let body = json!({ "test_query": question, "topic": "rail", "limit": 30 });
    let test = person.send(person.request("POST".parse().unwrap(), &path).header("prefer", "wait=60").json(&body));
    let id = test.await.expect(200)["test_id"].as_str().unwrap().to_owned();
    let whole = person.get(&format!("/prompts/workshop/drafts/{draft}/tests/{id}")).await.expect(200);
    whole["articles"].as_array().unwrap().iter().map(|article| article["uri"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_time_in_the_question_leaves_older_articles_out() {
    let desk = Desk::start().await;
    let alice = desk.person("alice").await;
    let now = chrono::DateTime::<Utc>::from_timestamp_millis(Utc::now().timestamp_millis()).unwrap();
    let aged = |number: u32, days: i64| {
        let date: DateTime<Utc> = now - TimeDelta::days(days);
        RawArticle { publication_date: date.to_rfc3339(), ..article(number, "The tunnel", "A tunnel.") }
    };
    let newest_but_silent = RawArticle { title: "Timetable".to_owned(), summary: "Trains.".to_owned(), ..aged(3, 2) };
    import(&desk, vec![aged(1, 1), aged(2, 20), newest_but_silent, aged(4, 400)]).await;
    let draft = alice.draft().await;
    let all = |numbers: &[u32]| -> Vec<String> {
        numbers.iter().map(|number| format!("https://rail.example/{number}")).collect()
    };

    let last_week = given(&alice, draft, "What happened to the tunnel in the last 7 days?").await;
    assert_eq!(last_week, all(&[1, 3]), "the list is not filled from outside the window either");
    let ever = given(&alice, draft, "What happened to the tunnel?").await;
    assert_eq!(ever.len(), 4, "{ever:?}");
    let month = given(&alice, draft, "What happened to the tunnel in the last 30 days?").await;
    assert_eq!(month, all(&[1, 2, 3]));
    let long_ago = given(&alice, draft, "What happened to the tunnel in 1999?").await;
    assert_eq!(long_ago, all(&[]), "nothing in the window is nothing, not something else");
    desk.close().await;
}

#[tokio::test]
async fn tests_of_one_question_search_once_until_the_articles_change() {
    let desk = Desk::start().await;
    let alice = desk.person("alice").await;
    import(&desk, vec![article(1, "Tunnel", "A tunnel.")]).await;
    let draft = alice.draft().await;
    let question = "What happened to the tunnel?";
    let searches = async || {
        let mut conn = desk.database.connect().await;
        sqlx::query_scalar::<_, i64>("select count(*) from retrievals").fetch_one(&mut conn).await.unwrap()
    };
    given(&alice, draft, question).await;
    given(&alice, draft, question).await;
    assert_eq!(searches().await, 1);
    import(&desk, vec![article(2, "Tunnel again", "A tunnel.")]).await;
    assert_eq!(given(&alice, draft, question).await.len(), 2, "a new article is found at once");
    assert_eq!(searches().await, 2);
    desk.close().await;
}
