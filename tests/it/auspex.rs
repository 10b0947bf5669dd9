//! Taking over the articles and prompts of an Auspex database.

use std::path::Path;
use std::sync::Arc;

use prompt_workshop::workshop::auspex::Takeover;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor, SqliteConnection};

use crate::support::database::Database;
use crate::support::desk::{Desk, Options};
use crate::support::program::{Folder, Program};

async fn file(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).create_if_missing(true).connect().await.unwrap()
}

/// A file as Auspex makes it, with so many articles, and some that are bad.
async fn auspex(folder: &Folder, articles: u32) -> (SqliteConnection, SecretString) {
    let path = folder.0.join("auspex.db");
    let mut conn = file(&path).await;
    conn.execute(
        "create table articles (uri text primary key, title text, summary text, news_source text, publication_date text,
             submission_date text default '2026-01-02 03:04:05', topic text, category text, sentiment text, tags text,
             future_signal text, time_to_impact text, driver_type text, bias text, factual_reporting text, analyzed boolean);
         create table auspex_prompts (id integer primary key, name text unique, title text, content text, description text)",
    )
    .await
    .unwrap();
    let insert = format!(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < {articles})
         insert into articles (uri, title, summary, publication_date, topic, tags, sentiment)
         select 'https://auspex.example/' || i, 'Title ' || i, 'Text.',
             case i % 3 when 0 then '2026-05-31' when 1 then '2026-05-31T12:00:00' else null end, 'AI Adoption',
             'one, two', 'Neutral' from n"
    );
    conn.execute(sqlx::AssertSqlSafe(insert)).await.unwrap();
    let bad = [
        "insert into articles (uri, title, summary, publication_date) values ('https://auspex.example/x', 'T', 'S', 'soon')",
        "insert into articles (uri, title, summary) values ('not an address', 'T', 'S')",
        "insert into articles (uri, title, summary) values (null, 'T', 'S')",
        "insert into articles (uri, title, summary) values ('https://auspex.example/y', cast(x'ff41' as text), 'S')",
    ];
    for statement in bad {
        conn.execute(statement).await.unwrap();
    }
    let source = SecretString::from(path.to_str().unwrap().to_owned());
    (conn, source)
}

async fn desk() -> Desk {
    Desk::with(Options { no_workers: true, ..Options::default() }).await
}

async fn count(desk: &Desk) -> i64 {
    let mut conn = desk.database.connect().await;
    let select = "select count(*) from articles where uri like 'https://auspex.example/%'";
    sqlx::query_scalar(select).fetch_one(&mut conn).await.unwrap()
}

#[track_caller]
fn assert_came_to(takeover: &Takeover, inserted: u64, updated: u64, unchanged: u64, rejected: u64) {
    let came_to = (takeover.inserted, takeover.updated, takeover.unchanged, takeover.rejected);
    assert_eq!(came_to, (inserted, updated, unchanged, rejected), "{:?}", takeover.reasons);
}

#[tokio::test]
async fn a_file_is_taken_over_and_a_bad_row_stops_nothing() {
    let (desk, folder) = (desk().await, Folder::new());
    let (mut conn, source) = auspex(&folder, 1_100).await;
    let takeover = desk.workshop().import_auspex(&source, |_| {}).await.unwrap();
    assert_came_to(&takeover, 1_100, 0, 0, 4);
    let fields: Vec<&str> = takeover.reasons.iter().map(|(_, invalid)| invalid.field).collect();
    assert_eq!(fields, ["publication_date", "uri", "uri", "title"]);
    assert!(takeover.reasons[0].0.contains("https://auspex.example/x"), "{:?}", takeover.reasons);
    let mut ours = desk.database.connect().await;
    let select = "select to_jsonb(a) from articles a where uri = 'https://auspex.example/2'";
    let article: Value = sqlx::query_scalar(select).fetch_one(&mut ours).await.unwrap();
    assert_eq!((&article["topic"], &article["sentiment"]), (&"AI Adoption".into(), &"Neutral".into()));
    assert_eq!(article["publication_date"], "2026-01-02T03:04:05+00:00", "when it was got, for want of better");
    assert_eq!(article["tags"], serde_json::json!(["one", "two"]));

    // Again it brings only what is new or changed.
    let again = desk.workshop().import_auspex(&source, |_| {}).await.unwrap();
    assert_came_to(&again, 0, 0, 1_100, 4);
    conn.execute("update articles set category = 'Policy' where uri = 'https://auspex.example/7'").await.unwrap();
    conn.execute("insert into articles (uri, title, summary) values ('https://auspex.example/new', 'T', 'S')")
        .await
        .unwrap();
    let third = desk.workshop().import_auspex(&source, |_| {}).await.unwrap();
    assert_came_to(&third, 1, 1, 1_099, 4);
    conn.close().await.unwrap();
    desk.close().await;
}

#[tokio::test]
async fn an_import_that_was_interrupted_goes_on_where_it_was() {
    let (desk, folder) = (desk().await, Folder::new());
    let (conn, source) = auspex(&folder, 2_300).await;
    let stop = Arc::new(tokio::sync::Notify::new());
    let mut batches = 0;
    let tell = |_: &Takeover| {
        batches += 1;
        if batches == 2 {
            stop.notify_one();
        }
    };
    tokio::select! {
        biased;
        () = stop.notified() => {}
        _ = desk.workshop().import_auspex(&source, tell) => panic!("it was not interrupted"),
    }
    assert_eq!(count(&desk).await, 1_000);
    let rest = desk.workshop().import_auspex(&source, |_| {}).await.unwrap();
    assert!(rest.resumed);
    assert_came_to(&rest, 1_300, 0, 0, 4);
    let again = desk.workshop().import_auspex(&source, |_| {}).await.unwrap();
    assert!(!again.resumed);
    assert_came_to(&again, 0, 0, 2_300, 4);
    conn.close().await.unwrap();
    desk.close().await;
}

#[tokio::test]
async fn a_server_is_taken_over_without_being_written_to() {
    let desk = desk().await;
    let source = Database::create().await;
    let mut conn = source.connect().await;
    conn.execute(
        "drop schema workshop cascade;
         create table public.articles (uri text, title text, summary text, content text, publication_date timestamptz,
             topic text, tags text[]);
         insert into public.articles
             select 'https://auspex.example/' || i, 'Title ' || i, 'Text.', 'The whole text.', '2026-05-31 12:00:00+02',
                 'AI', array['a', 'b c'] from generate_series(1, 620) i;
         insert into public.articles (title) values ('Without an address');
         create table public.auspex_prompts (name text, title text, content text);
         insert into public.auspex_prompts values ('Risk Analysis', 'Risk analysis', 'You analyse risks.'),
             ('auspex_default', 'Default', 'Taken.'), ('Empty', 'Nothing in it', '')",
    )
    .await
    .unwrap();
    let url = source.url();
    let takeover = desk.workshop().import_auspex(&url, |_| {}).await.unwrap();
    assert_came_to(&takeover, 620, 0, 0, 1);
    let password = url.expose_secret().split('@').next().unwrap().rsplit(':').next().unwrap().to_owned();
    assert!(!takeover.source.contains(&password), "{}", takeover.source);
    let mut ours = desk.database.connect().await;
    let select = "select to_jsonb(a) from articles a where uri = 'https://auspex.example/600'";
    let article: Value = sqlx::query_scalar(select).fetch_one(&mut ours).await.unwrap();
    assert_eq!(
        (&article["body"], &article["publication_date"]),
        (&"The whole text.".into(), &"2026-05-31T10:00:00+00:00".into())
    );
    assert_eq!(article["tags"], serde_json::json!(["a", "b c"]));
    assert_came_to(&desk.workshop().import_auspex(&url, |_| {}).await.unwrap(), 0, 0, 620, 1);

    let owner = desk.admin().await;
    let imported = desk.workshop().import_auspex_prompts(owner.actor(), &url).await.unwrap();
    assert_eq!(imported.added, ["risk_analysis"]);
    let mut left: Vec<&str> = imported.rejected.iter().map(|(name, _)| name.as_str()).collect();
    left.sort_unstable();
    assert_eq!(left, ["Empty", "auspex_default"], "{:?}", imported.rejected);
    let prompt = owner.get("/prompts/risk_analysis").await.expect(200);
    assert_eq!(prompt["content"], "You analyse risks.");
    drop(conn);
    source.drop().await;
    desk.close().await;
}

#[tokio::test]
async fn the_operator_takes_over_and_polls_from_the_command_line() {
    let (program, folder) = (Program::new().await, Folder::new());
    let (conn, source) = auspex(&folder, 3).await;
    conn.close().await.unwrap();
    let path = source.expose_secret();
    let output = program.run(&["articles", "import-auspex", path, "--prompts"], "").await;
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("inserted 3, updated 0, unchanged 0, too old 0, rejected 4"), "{said}");
    assert!(said.contains("prompts: added 0, left alone 0"), "{said}");
    assert!(!output.status.success(), "some rows were bad");
    let refused = program.refuses(&["articles", "import-auspex", "/nowhere/auspex.db"], "").await;
    assert!(refused.contains("there is no file /nowhere/auspex.db"), "{refused}");
    let text = folder.write("text.db", "this is no database at all, however long it may be");
    let refused = program.refuses(&["articles", "import-auspex", &text], "").await;
    assert!(refused.contains("it cannot be opened"), "{refused}");
    let empty = folder.0.join("empty.db");
    file(&empty).await.execute("create table other (x text)").await.unwrap();
    let refused = program.refuses(&["articles", "import-auspex", empty.to_str().unwrap()], "").await;
    assert!(refused.contains("no table articles with a column uri"), "{refused}");

    let added = program.prints(&["feeds", "add", "http://127.0.0.1:9/feed", "--topic", "Rail"], "").await;
    assert_eq!(added, "Added feed 1 to Rail: http://127.0.0.1:9/feed\n");
    let polled = program.prints(&["feeds", "poll"], "").await;
    assert!(
        polled.contains("polled 1, failed 1, new articles 0") && polled.contains("is not a public address"),
        "{polled}"
    );
    assert!(program.prints(&["feeds", "list"], "").await.contains("failing"));
    assert!(program.prints(&["feeds", "remove", "1"], "").await.starts_with("Removed feed 1"));
    program.close().await;
}
