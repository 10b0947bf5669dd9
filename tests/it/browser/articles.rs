//! Articles and feeds: reading for everybody, looking after them for administrators.

use serde_json::json;

use crate::support::browser::{Browser, Look};
use crate::support::desk::{Desk, Options};

#[tokio::test]
async fn articles_are_found_by_words_and_topic_and_read() {
    let desk = Desk::start().await;
    let admin = desk.admin().await;
    let article = json!([{
        "uri": "https://news.example/hostile", "title": "Ferries <b>resume</b>", "summary": "<script>alert(1)</script> Ferries sail.",
        "body": "First part.\n\n<img src=x onerror=alert(1)> Second part.", "topic": "Ferries & Co", "news_source": "Harbour News",
        "publication_date": "2026-07-01", "sentiment": "Positive", "time_to_impact": "Short-term", "tags": ["ferry", "sea"],
    }]);
    admin.post("/articles", article).await.expect(200);
    let browser = Browser::start(&desk).await;
    browser.sign_in(&desk, "alice").await;
    browser.click("link", "Articles").await;
    browser.arrives("/articles").await;
    browser.see_in("ul.articles", "Ferries <b>resume</b>").await;
    for dark in [false, true] {
        browser.prefer(dark, false).await;
        browser.is_accessible().await;
    }
    browser.fill("Words", "premiums").await;
    browser.click("button", "Search").await;
    browser.arrives("/articles?query=premiums&topic=&period=").await;
    browser.see_in("ul.articles", "War-risk premiums rise").await;
    assert!(!browser.texts("ul.articles").await.concat().contains("Grid queue"));
    browser.open("/articles?query=unfindable&period=week&topic=nonsense&page=x").await;
    browser.see_text("No article fits.").await;
    browser.is_accessible().await;

    browser.open("/articles").await;
    browser.click("link", "Ferries & Co").await;
    browser.click("link", "Ferries <b>resume</b>").await;
    browser.see_in("article", "<img src=x onerror=alert(1)> Second part.").await;
    browser.see_in("dl.facts", "Short-term").await;
    browser.see_in("dl.facts", "ferry, sea").await;
    let original = browser.named("link", "Read the original").await;
    assert_eq!(original.attr("href").await.unwrap().as_deref(), Some("https://news.example/hostile"));
    assert_eq!(original.attr("rel").await.unwrap().as_deref(), Some("noopener noreferrer nofollow"));
    for dark in [false, true] {
        browser.prefer(dark, false).await;
        browser.is_accessible().await;
    }
    browser.resize(360, 740).await;
    browser.is_accessible().await;
    browser.has_no_complaints().await;
    browser.open("/articles/999999").await;
    browser.see_text("There is no such article.").await;
    browser.is_accessible().await;
    browser.close().await;
    desk.close().await;
}

#[tokio::test]
async fn an_administrator_adds_polls_and_removes_a_feed_and_describes_a_topic() {
    let desk = Desk::with(Options { no_workers: true, ..Options::default() }).await;
    desk.admin().await;
    let browser = Browser::start(&desk).await;
    browser.sign_in(&desk, "admin").await;
    browser.open("/articles/feeds").await;
    browser.see_text("There is no feed.").await;
    for dark in [false, true] {
        browser.prefer(dark, false).await;
        browser.is_accessible().await;
    }
    browser.fill("Address", "https://feeds.example/ships.xml").await;
    browser.see("#feed-topic").await.send_keys("Shipping").await.unwrap();
    browser.click("button", "Add the feed").await;
    browser.see_in("#feeds", "https://feeds.example/ships.xml").await;
    browser.resize(360, 740).await;
    browser.is_accessible().await;
    browser.resize(1280, 800).await;
    browser.click("button", "Poll now: https://feeds.example/ships.xml").await;
    browser.see_text("It is polled shortly.").await;

    browser.click("button", "Describe Energy").await;
    browser.fill("What Energy is about", "Grids, plants & <b>storage</b>.").await;
    browser.click("button", "Save").await;
    browser.see_text("Grids, plants & <b>storage</b>.").await;

    browser.click("button", "Remove https://feeds.example/ships.xml").await;
    browser.click("button", "Remove").await;
    browser.see_text("There is no feed.").await;
    browser.has_no_complaints().await;
    browser.close().await;
    desk.close().await;
}

#[tokio::test]
async fn everybody_else_reads_the_feeds_and_changes_nothing() {
    let desk = Desk::with(Options { no_workers: true, ..Options::default() }).await;
    let feed = json!({ "url": "https://feeds.example/ships.xml", "topic": "Shipping" });
    desk.admin().await.post("/feeds", feed).await.expect(201);
    let browser = Browser::with(&desk, Look::PHONE.dark().without_scripts()).await;
    browser.sign_in(&desk, "alice").await;
    browser.open("/articles/feeds").await;
    browser.see_in("#feeds", "https://feeds.example/ships.xml").await;
    browser.see_in("#feeds", "not polled yet").await;
    assert!(browser.texts("form[data-api]").await.is_empty());
    browser.close().await;
    desk.close().await;
}
