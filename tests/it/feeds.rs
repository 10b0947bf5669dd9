//! Feeds: what becomes of their entries, how politely they are asked, and what a bad one can do.

use std::sync::Arc;
use std::time::Duration;

use axum::http::header;
use axum::routing::get;
use chrono::{DateTime, TimeDelta, Utc};
use prompt_workshop::workshop::feed_poll::Polled;
use serde_json::{Value, json};
use tower_http::compression::CompressionLayer;
use wiremock::matchers::{any, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::desk::{Desk, Options, Person, Via, until};
use crate::support::discord::{self, Discord};
use crate::support::slack::{self, Slack};

const LONG: Duration = Duration::from_secs(30);

/// A service that may fetch from this machine, and polls when the test says so.
async fn desk() -> Desk {
    with(&[]).await
}

async fn with(settings: &[(&'static str, &str)]) -> Desk {
    let mut all = vec![("FEEDS__ALLOW_PRIVATE_ADDRESSES", "true".to_owned())];
    all.extend(settings.iter().map(|(name, value)| (*name, (*value).to_owned())));
    Desk::with(Options { no_workers: true, settings: all, ..Options::default() }).await
}

/// A server that answers everything alike.
async fn server(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

fn xml(body: impl Into<String>) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(body.into(), "application/rss+xml; charset=utf-8")
}

/// An RSS feed: titles, links and ids.
fn rss(items: &[(&str, &str, &str)]) -> String {
    let item = |(title, link, guid): &(&str, &str, &str)| {
        let link = link.replace('&', "&amp;");
        format!(
            "<item><title>{title}</title><link>{link}</link><guid isPermaLink=\"false\">{guid}</guid>\
             <description>Text of {title}.</description><pubDate>Mon, 01 Jun 2026 10:00:00 GMT</pubDate></item>"
        )
    };
    let items: String = items.iter().map(item).collect();
    format!(
        "<rss version=\"2.0\"><channel><title>The Wire</title><link>https://wire.example/</link>{items}</channel></rss>"
    )
}

/// Adds a feed; its number.
async fn add(admin: &Person, url: &str) -> i64 {
    let feed = admin.post("/feeds", json!({ "url": url, "topic": "Rail" })).await.expect(201);
    assert_eq!(feed["status"], "waiting");
    feed["feed_id"].as_i64().unwrap()
}

async fn feed(person: &Person, id: i64) -> Value {
    let feeds = person.get("/feeds").await.expect(200);
    feeds["feeds"].as_array().unwrap().iter().find(|feed| feed["feed_id"] == id).unwrap().clone()
}

async fn poll(desk: &Desk) -> Polled {
    desk.workshop().poll_feeds().await.unwrap()
}

/// Minutes from now until a feed is polled next.
async fn wait(desk: &Desk, person: &Person, id: i64) -> i64 {
    let next: DateTime<Utc> = feed(person, id).await["next_poll_at"].as_str().unwrap().parse().unwrap();
    let now = prompt_workshop::workshop::Clock::now(&*desk.clock);
    (next - now).num_minutes()
}

/// The articles of the topic that the feeds here have, by address.
async fn articles(desk: &Desk) -> Vec<Value> {
    let mut conn = desk.database.connect().await;
    let select = "select to_jsonb(a) from articles a where topic = 'Rail' order by uri";
    sqlx::query_scalar(select).fetch_all(&mut conn).await.unwrap()
}

async fn uris(desk: &Desk) -> Vec<String> {
    articles(desk).await.iter().map(|article| article["uri"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn rss_atom_and_json_become_articles() {
    let desk = desk().await;
    let admin = desk.admin().await;
    let item = "<item><title>Rails &amp;amp; roads</title><link>https://wire.example/1?utm_source=rss#top</link>\
                <description>&lt;p&gt;One &lt;b&gt;line&lt;/b&gt;.&lt;/p&gt;&lt;script&gt;no()&lt;/script&gt;</description>\
                <category>freight</category><pubDate>Mon, 01 Jun 2026 10:00:00 +0200</pubDate></item>";
    let rss =
        format!("<rss version=\"2.0\"><channel><title>Wire &lt;i&gt;News&lt;/i&gt;</title>{item}</channel></rss>");
    let atom = "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>Atom News</title><id>urn:x</id><updated>2026-06-02T00:00:00Z</updated>\
                <entry><id>urn:x:1</id><title>From Atom</title><link href=\"/atom/1\"/><updated>2026-06-02T10:00:00Z</updated>\
                <summary>Short.</summary><content type=\"html\">&lt;p&gt;The whole story, at length.&lt;/p&gt;</content></entry></feed>";
    let json = json!({
        "version": "https://jsonfeed.org/version/1.1", "title": "JSON News", "items": [
            { "id": "1", "url": "https://json.example/1", "title": "From JSON", "content_text": "Words.",
              "date_published": "2999-01-01T00:00:00Z" },
            { "id": "2", "title": "Without a link", "content_text": "Words." },
        ],
    });
    let servers = [
        server(xml(rss)).await,
        server(xml(atom)).await,
        server(ResponseTemplate::new(200).set_body_raw(json.to_string(), "application/feed+json")).await,
    ];
    for server in &servers {
        add(&admin, &server.uri()).await;
    }
    assert_eq!(poll(&desk).await, Polled { working: 3, failed: 0, new: 3 });

    let found = articles(&desk).await;
    let by_title = |title: &str| found.iter().find(|article| article["title"] == title).unwrap();
    let article = by_title("Rails & roads");
    assert_eq!(article["uri"], "https://wire.example/1");
    assert_eq!((&article["summary"], &article["news_source"]), (&json!("One line."), &json!("Wire News")));
    assert_eq!(article["publication_date"], "2026-06-01T08:00:00+00:00");
    assert_eq!(article["tags"], json!(["freight"]));
    let article = by_title("From Atom");
    assert_eq!(article["uri"], format!("{}/atom/1", servers[1].uri()));
    assert_eq!((&article["summary"], &article["body"]), (&json!("Short."), &json!("The whole story, at length.")));
    let published: DateTime<Utc> = by_title("From JSON")["publication_date"].as_str().unwrap().parse().unwrap();
    assert!(published <= Utc::now(), "a date to come is the time it was seen");
    let problem = feed(&admin, 3).await["problem"].as_str().unwrap().to_owned();
    assert_eq!(problem, "1 of its entries could not be taken; the first: it has no link.");
    let request = &servers[0].received_requests().await.unwrap()[0];
    let agent = request.headers["user-agent"].to_str().unwrap();
    assert!(agent.starts_with("PromptWorkshop/") && agent.contains("(+http"), "{agent}");
    desk.close().await;
}

#[tokio::test]
async fn what_is_known_is_not_sent_again() {
    let desk = desk().await;
    let admin = desk.admin().await;
    let server = MockServer::start().await;
    let marked = xml(rss(&[("One", "https://wire.example/1", "1")]))
        .insert_header("etag", "\"abc\"")
        .insert_header("last-modified", "Mon, 01 Jun 2026 10:00:00 GMT")
        .insert_header("cache-control", "max-age=5400");
    Mock::given(any()).respond_with(marked).up_to_n_times(1).mount(&server).await;
    Mock::given(any()).respond_with(ResponseTemplate::new(304)).mount(&server).await;
    let id = add(&admin, &server.uri()).await;
    assert_eq!(poll(&desk).await, Polled { working: 1, failed: 0, new: 1 });
    assert_eq!(wait(&desk, &admin, id).await, 90, "the server says how long it has nothing newer");
    assert_eq!(poll(&desk).await, Polled::default(), "it is not due");
    for _ in 0..2 {
        desk.clock.advance(TimeDelta::minutes(91));
        assert_eq!(poll(&desk).await, Polled { working: 1, failed: 0, new: 0 });
    }
    let requests = server.received_requests().await.unwrap();
    assert!(!requests[0].headers.contains_key("if-none-match"));
    for request in &requests[1..] {
        assert_eq!(request.headers["if-none-match"], "\"abc\"", "a 304 without marks leaves them as they are");
        assert_eq!(request.headers["if-modified-since"], "Mon, 01 Jun 2026 10:00:00 GMT");
    }
    assert_eq!(wait(&desk, &admin, id).await, 30);
    desk.close().await;
}

#[tokio::test]
async fn one_story_is_one_article_however_it_is_linked() {
    let desk = desk().await;
    let admin = desk.admin().await;
    // As it came over the API before.
    let sent = json!([{ "uri": "http://wire.example/sent/", "title": "Sent", "summary": "Text.", "topic": "Rail",
                        "publication_date": "2026-06-01", "sentiment": "critical" }]);
    admin.post("/articles", sent).await.expect(200);
    let first = server(xml(rss(&[
        ("Story", "https://wire.example/story?utm_source=feed&id=7", "a"),
        ("Story again", "http://www.wire.example/story/?id=7#comments", "b"),
        ("Sent", "https://wire.example/sent?utm_medium=rss", "c"),
    ])))
    .await;
    let second = server(xml(rss(&[("The story elsewhere", "https://wire.example/story?id=7&fbclid=x", "z")]))).await;
    let id = add(&admin, &first.uri()).await;
    assert_eq!(poll(&desk).await.new, 1);
    add(&admin, &second.uri()).await;
    assert_eq!(poll(&desk).await.new, 0);
    assert_eq!(uris(&desk).await, ["http://wire.example/sent/", "https://wire.example/story?id=7"]);
    assert_eq!(articles(&desk).await[0]["sentiment"], "critical", "what others know is not lost");

    // The same entry under another address and title is the same story, corrected by its own feed.
    first.reset().await;
    let corrected =
        rss(&[("Story, corrected", "https://wire.example/moved", "a"), ("New", "https://wire.example/new", "n")]);
    Mock::given(any()).respond_with(xml(corrected)).mount(&first).await;
    admin.post(&format!("/feeds/{id}/poll"), json!({})).await.expect(202);
    desk.clock.advance(TimeDelta::minutes(31));
    assert_eq!(poll(&desk).await.new, 1);
    let found = articles(&desk).await;
    assert_eq!(found.iter().filter(|article| article["title"] == "Story, corrected").count(), 1);
    assert_eq!(found.len(), 3);
    let version = |desk: &Desk| {
        let database = desk.database.clone();
        async move {
            let mut conn = database.connect().await;
            sqlx::query_scalar::<_, i64>("select version from article_state").fetch_one(&mut conn).await.unwrap()
        }
    };
    let before = version(&desk).await;
    desk.clock.advance(TimeDelta::minutes(31));
    assert_eq!(poll(&desk).await.new, 0);
    assert_eq!(version(&desk).await, before, "what is as it was is not written again");
    desk.close().await;
}

/// A server that says too much.
async fn big(bytes: usize, compressed: bool) -> String {
    let body = move || async move { ([(header::CONTENT_TYPE, "text/xml")], vec![b' '; bytes]) };
    let router = axum::Router::new().route("/", get(body));
    let router = if compressed { router.layer(CompressionLayer::new()) } else { router };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

#[tokio::test]
async fn a_dead_or_hostile_feed_is_reported_and_harms_nothing() {
    let desk = desk().await;
    let admin = desk.admin().await;
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let circle = MockServer::start().await;
    let back = ResponseTemplate::new(302).insert_header("location", format!("{}/round", circle.uri()).as_str());
    Mock::given(any()).respond_with(back).expect(6).mount(&circle).await;
    let attributes = format!("<rss version=\"2.0\" {}><channel/></rss>", "a=\"\" ".repeat(50_000));
    let page = "<!doctype html><html><head><link rel=\"alternate\" type=\"application/rss+xml\" href=\"/feed.xml\"></head></html>";
    let kind = |status: u16, body: &str, kind: &str| ResponseTemplate::new(status).set_body_raw(body.to_owned(), kind);
    let servers = [
        (server(kind(200, "GIF89a", "image/gif")).await, "The answer is image/gif, not a feed."),
        (server(kind(200, page, "text/html")).await, "The page names this feed: http://127.0.0.1"),
        (server(kind(200, "not a feed", "text/plain")).await, "none of these"),
        (server(xml("<rss version=\"2.0\"><channel><item><title>Half")).await, "cannot be read"),
        (server(xml(attributes)).await, "too many attributes"),
        (server(kind(500, "", "text/plain")).await, "The server answered with HTTP 500."),
        (server(kind(404, "", "text/plain")).await, "The server answered with HTTP 404."),
        (server(kind(200, "junk", "text/xml").insert_header("content-encoding", "gzip")).await, "damaged"),
        (
            server(ResponseTemplate::new(302).insert_header("location", "file:///etc/passwd")).await,
            "must begin with http",
        ),
    ];
    let mut feeds: Vec<(String, &str)> = servers.iter().map(|(server, problem)| (server.uri(), *problem)).collect();
    feeds.push((circle.uri(), "passed on more than 5 times"));
    feeds.push((big(10 << 20, false).await, "more than 5 MB"));
    feeds.push((big(12 << 20, true).await, "more than 5 MB"));
    feeds.push((format!("http://{closed}/"), "cannot be reached"));
    feeds.push(("http://nowhere.invalid/".to_owned(), "The server nowhere.invalid cannot be reached."));
    let good = server(xml(rss(&[("Good", "https://wire.example/good", "1")]))).await;
    let mut ids = Vec::new();
    for (url, problem) in &feeds {
        ids.push((add(&admin, url).await, *problem));
    }
    add(&admin, &good.uri()).await;
    assert_eq!(poll(&desk).await, Polled { working: 1, failed: feeds.len(), new: 1 });
    for (id, problem) in ids {
        let feed = feed(&admin, id).await;
        assert_eq!((&feed["status"], &feed["failures"]), (&json!("failing"), &json!(1)), "{feed}");
        assert!(feed["problem"].as_str().unwrap().contains(problem), "{problem}: {feed}");
    }
    assert_eq!(uris(&desk).await, ["https://wire.example/good"]);
    desk.close().await;
}

#[tokio::test]
async fn nothing_private_is_reached_unless_it_is_allowed() {
    let desk = Desk::with(Options { no_workers: true, ..Options::default() }).await;
    let admin = desk.admin().await;
    let server = server(xml(rss(&[("Secret", "https://wire.example/secret", "1")]))).await;
    let port = server.address().port();
    for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0.0.0.0", "169.254.169.254"] {
        let id = add(&admin, &format!("http://{host}:{port}/")).await;
        poll(&desk).await;
        let feed = feed(&admin, id).await;
        assert_eq!(feed["status"], "failing", "{host}");
        assert!(feed["problem"].as_str().unwrap().contains("is not a public address"), "{host}: {feed}");
        admin.delete(&format!("/feeds/{id}")).await.expect(200);
    }
    assert_eq!(server.received_requests().await.unwrap().len(), 0);
    desk.close().await;
}

#[tokio::test]
async fn a_feed_that_is_gone_is_not_asked_again_but_by_hand() {
    let desk = desk().await;
    let admin = desk.admin().await;
    let server = server(ResponseTemplate::new(410)).await;
    let id = add(&admin, &server.uri()).await;
    poll(&desk).await;
    let gone = feed(&admin, id).await;
    assert_eq!(gone["status"], "gone");
    assert!(gone["problem"].as_str().unwrap().contains("gone for good"), "{gone}");
    desk.clock.advance(TimeDelta::days(30));
    assert_eq!(poll(&desk).await, Polled::default());
    server.reset().await;
    Mock::given(any()).respond_with(xml(rss(&[("Back", "https://wire.example/back", "1")]))).mount(&server).await;
    admin.post(&format!("/feeds/{id}/poll"), json!({})).await.expect(202);
    assert_eq!(poll(&desk).await, Polled { working: 1, failed: 0, new: 1 });
    assert_eq!(feed(&admin, id).await["status"], "working");
    desk.close().await;
}

#[tokio::test]
async fn a_feed_that_fails_is_asked_less_and_less_and_a_busy_server_is_left_alone() {
    let desk = desk().await;
    let admin = desk.admin().await;
    let failing = server(ResponseTemplate::new(500)).await;
    let busy = server(ResponseTemplate::new(503).insert_header("retry-after", "7200")).await;
    let (failing, busy) = (add(&admin, &failing.uri()).await, add(&admin, &busy.uri()).await);
    poll(&desk).await;
    assert_eq!(wait(&desk, &admin, busy).await, 120);
    let polled = admin.post(&format!("/feeds/{busy}/poll"), json!({})).await.expect(202);
    assert_eq!(polled["next_poll_at"], feed(&admin, busy).await["next_poll_at"]);
    assert_eq!(wait(&desk, &admin, busy).await, 120, "nor is it asked sooner by hand");
    for minutes in [30, 60, 120] {
        assert_eq!(wait(&desk, &admin, failing).await, minutes);
        desk.clock.advance(TimeDelta::minutes(minutes));
        assert!(poll(&desk).await.failed >= 1);
    }
    // By hand it is asked at once, but not twice within a minute.
    admin.post(&format!("/feeds/{failing}/poll"), json!({})).await.expect(202);
    assert_eq!(wait(&desk, &admin, failing).await, 1);
    desk.close().await;
}

#[tokio::test]
async fn two_copies_poll_a_feed_once_and_a_host_gets_one_request_at_a_time() {
    let first = desk().await;
    let options = Options {
        database: Some(first.database.clone()),
        clock: Some(first.clock.clone()),
        no_workers: true,
        settings: vec![("FEEDS__ALLOW_PRIVATE_ADDRESSES", "true".to_owned())],
        ..Options::default()
    };
    let second = Desk::with(options).await;
    let admin = first.admin().await;
    let slow = |link: &str| xml(rss(&[("One", link, "1")])).set_delay(Duration::from_millis(300));
    let server = MockServer::start().await;
    for name in ["/a", "/b"] {
        let answer = slow(&format!("https://wire.example{name}"));
        Mock::given(path(name)).respond_with(answer).expect(1).mount(&server).await;
        add(&admin, &format!("{}{name}", server.uri())).await;
    }
    let began = std::time::Instant::now();
    let (one, two) = tokio::join!(first.workshop().poll_feeds(), second.workshop().poll_feeds());
    // A host that the other copy is asking is left to it; a later round finds the rest.
    let later = poll(&first).await;
    let polled = [one.unwrap(), two.unwrap(), later];
    assert_eq!(polled.iter().map(|polled| polled.new).sum::<usize>(), 2, "{polled:?}");
    let together = polled.iter().any(|polled| polled.working == 2);
    assert!(!together || began.elapsed() >= Duration::from_secs(2), "there is a pause between two requests");
    server.verify().await;
    second.close().await;
    first.close().await;
}

#[tokio::test]
async fn a_feed_that_moved_for_good_is_asked_where_it_lives_now() {
    let desk = desk().await;
    let admin = desk.admin().await;
    let home = server(xml(rss(&[("One", "https://wire.example/1", "1")]))).await;
    let to = |status: u16| ResponseTemplate::new(status).insert_header("location", home.uri().as_str());
    let (moved, visiting) = (server(to(301)).await, server(to(302)).await);
    let (moved, visiting) = (add(&admin, &moved.uri()).await, add(&admin, &visiting.uri()).await);
    assert_eq!(poll(&desk).await.working, 2);
    let url = |feed: &Value| feed["url"].as_str().unwrap().trim_end_matches('/').to_owned();
    assert_eq!(url(&feed(&admin, moved).await), home.uri());
    assert_ne!(url(&feed(&admin, visiting).await), home.uri());
    desk.close().await;
}

#[tokio::test]
async fn only_administrators_look_after_feeds_and_everybody_sees_them() {
    let desk = desk().await;
    let (admin, alice) = (desk.admin().await, desk.person("alice").await);
    let body =
        json!({ "url": "https://feeds.example/a", "topic": "shipping", "title": "Ships", "interval_minutes": 60 });
    alice.post("/feeds", body.clone()).await.expect(403);
    let added = admin.post("/feeds", body.clone()).await.expect(201);
    assert_eq!((&added["topic"], &added["title"]), (&json!("Shipping"), &json!("Ships")), "the topic there is");
    let again = admin.post("/feeds", body).await.expect(422);
    assert!(again["detail"].as_str().unwrap().contains("feed 1"), "{again}");
    let wrong = admin.post("/feeds", json!({ "url": "ftp://x", "interval_minutes": 1 })).await.expect(422);
    let fields: Vec<&Value> = wrong["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
    assert_eq!(fields, ["url", "topic", "interval_minutes"]);
    assert_eq!(alice.get("/feeds").await.expect(200)["total"], 1);
    alice.delete("/feeds/1").await.expect(403);
    alice.post("/feeds/1/poll", json!({})).await.expect(403);
    admin.post("/feeds/99/poll", json!({})).await.expect(404);
    admin.delete("/feeds/1").await.expect(200);
    admin.delete("/feeds/1").await.expect(404);

    let about = json!({ "description": " Ships and ports. " });
    alice.put("/topics/Shipping", about.clone()).await.expect(403);
    assert_eq!(admin.put("/topics/Shipping", about.clone()).await.expect(200)["description"], "Ships and ports.");
    admin.put("/topics/Astrology", about).await.expect(404);
    admin.put("/topics/Shipping", json!({ "description": "x".repeat(501) })).await.expect(422);
    let topics = alice.get("/topics").await.expect(200);
    let shipping =
        topics["topics"].as_array().unwrap().iter().find(|topic| topic["name"] == "Shipping").unwrap().clone();
    assert_eq!((&shipping["description"], &shipping["article_count"]), (&json!("Ships and ports."), &json!(4)));
    desk.close().await;
}

/// A service whose workers poll, and a feed with a story.
fn local() -> Options {
    let settings = vec![("FEEDS__ALLOW_PRIVATE_ADDRESSES", "true".to_owned())];
    Options { settings, ..Options::default() }
}

#[tokio::test]
async fn feeds_are_looked_after_from_slack() {
    let slack = Slack::start().await;
    let desk = Desk::with(Options { slack: Some((slack.clone(), Via::Http)), ..local() }).await;
    let title = "A story [of](https://evil.example) rails &lt;!channel&gt;";
    let server = server(xml(rss(&[(title, "https://wire.example/1", "1")]).replace("The Wire", title))).await;
    let told = async |what: &str| {
        let said = |slack: &Slack| slack.ephemerals(slack::ALICE).iter().any(|said| said.all_text().contains(what));
        slack.until(&format!("she is told {what:?}"), said).await;
    };
    slack.command(slack::ALICE, slack::GENERAL, &format!("feed add {} Rail", server.uri())).await;
    told("Only an administrator").await;
    desk.workshop().ensure_account("alice", true).await.unwrap();
    slack.command(slack::ALICE, slack::GENERAL, &format!("feed add <{0}|{0}> Rail", server.uri())).await;
    told("Feed 1 is added to Rail").await;
    until("it is polled", LONG, || async { uris(&desk).await.len() == 1 }).await;
    let list = slack.command(slack::BOB, slack::GENERAL, "feed list").await.text();
    assert!(list.contains("Feeds (1)") && list.contains("1 new at"), "{list}");
    assert!(!list.contains("<https://evil.example|") && !list.contains("<!channel>"), "{list}");
    slack.command(slack::ALICE, slack::GENERAL, "feed poll 1").await;
    told("is polled").await;
    slack.command(slack::ALICE, slack::GENERAL, "feed remove 1").await;
    told("is removed. Its articles stay.").await;
    slack.command(slack::ALICE, slack::GENERAL, "feed remove 1").await;
    told("There is no such feed").await;
    desk.close().await;
}

#[tokio::test]
async fn feeds_are_looked_after_from_discord() {
    let discord = Discord::start().await;
    let desk = Desk::with(Options { discord: Some((discord.clone(), Via::Http)), ..local() }).await;
    let server = server(xml(rss(&[("A story", "https://wire.example/1", "1")]))).await;
    let told = async |what: &str| {
        let said =
            |discord: &Discord| discord.ephemerals(discord::ALICE).iter().any(|said| said.all_text().contains(what));
        discord.until(&format!("she is told {what:?}"), said).await;
    };
    let here = discord::GENERAL;
    let options = [("url", json!(server.uri())), ("topic", json!("Rail"))];
    discord.command(discord::ALICE, here, "feed add", &options).await;
    told("Only an administrator").await;
    desk.workshop().ensure_account("alice", true).await.unwrap();
    discord.command(discord::ALICE, here, "feed add", &options).await;
    told("Feed 1 is added to Rail").await;
    until("it is polled", LONG, || async { uris(&desk).await.len() == 1 }).await;
    let list = discord.command(discord::BOB, here, "feed list", &[]).await.text();
    assert!(list.contains("1 new at"), "{list}");
    discord.command(discord::ALICE, here, "feed remove", &[("feed", json!(1))]).await;
    told("is removed. Its articles stay.").await;
    desk.close().await;
}

#[tokio::test]
async fn old_articles_go_and_tests_keep_what_they_were_answered_from() {
    let settings =
        vec![("FEEDS__ALLOW_PRIVATE_ADDRESSES", "true".to_owned()), ("ARTICLES__KEEP_DAYS", "100000".to_owned())];
    let desk = Desk::with(Options { settings: settings.clone(), ..Options::default() }).await;
    assert_eq!(desk.workshop().prune_articles().await.unwrap(), 0);
    let alice = desk.person("alice").await;
    let draft = alice.draft().await;
    let test = alice.test(draft, "How did war-risk premiums move?").await;
    let shorter = settings.iter().map(|(name, value)| match *name {
        "ARTICLES__KEEP_DAYS" => (*name, "30".to_owned()),
        _ => (*name, value.clone()),
    });
    let clock = Some(desk.clock.clone());
    // Starting loads the samples of the tests anew, which are old.
    let options = Options {
        database: Some(Arc::clone(&desk.database)),
        clock,
        settings: shorter.collect(),
        no_workers: true,
        ..Options::default()
    };
    let pruning = Desk::with(options).await;
    desk.clock.advance(TimeDelta::days(30 * 365));
    assert_eq!(pruning.workshop().prune_articles().await.unwrap(), 6);
    assert_eq!(pruning.workshop().prune_articles().await.unwrap(), 0);
    let mut conn = desk.database.connect().await;
    let kept: i64 = sqlx::query_scalar("select count(*) from article_versions").fetch_one(&mut conn).await.unwrap();
    let used = test["article_count"].as_i64().unwrap();
    assert!(used > 0 && kept == used, "{kept} of {used}: what no test used is gone for good");
    let path = format!("/prompts/workshop/drafts/{draft}/tests/{}/rerun", test["test_id"].as_str().unwrap());
    let request = alice.request(axum::http::Method::POST, &path).header("prefer", "wait=60");
    let again = alice.send(request.json(&json!({ "frozen": true }))).await.expect(200);
    assert_eq!(again["article_count"], used);

    // Nor does a feed bring back what is too old.
    let admin = desk.admin().await;
    let server = server(xml(rss(&[("Old", "https://wire.example/old", "1")]))).await;
    admin.post("/feeds", json!({ "url": server.uri(), "topic": "Rail" })).await.expect(201);
    drop(conn);
    until("it is polled", LONG, || async { feed(&admin, 1).await["status"] == "working" }).await;
    assert_eq!(pruning.workshop().prune_articles().await.unwrap(), 1);
    desk.clock.advance(TimeDelta::minutes(31));
    assert_eq!(poll(&pruning).await, Polled { working: 1, failed: 0, new: 0 });
    assert_eq!(uris(&desk).await, [""; 0]);
    pruning.close().await;
    desk.close().await;
}
