//! Articles: how they come in, by file, standard input and request, and those that come with the service.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;

use prompt_workshop::domain::article::{Article, RawArticle};
use prompt_workshop::workshop::article::parse_json_line;
use serde_json::{Value, json};

use crate::support::desk::Desk;
use crate::support::program::{Folder, Program, text};

/// An article as a line of JSON.
fn line(number: u32) -> String {
    json!({
        "uri": format!("https://news.example/{number}"), "title": format!("Title {number}"), "summary": "Text.",
        "publication_date": "2026-01-01", "topic": "Rail",
    })
    .to_string()
}

/// Runs `articles import` and returns what it prints, line by line, and whether it succeeded.
async fn import(program: &Program, file: &str, input: &str) -> (Vec<String>, bool) {
    let output = program.run(&["articles", "import", file], input).await;
    assert_eq!(text(&output.stderr), "", "what was rejected is an answer, not a fault");
    (text(&output.stdout).lines().map(str::to_owned).collect(), output.status.success())
}

/// Asserts what an import prints: its first line after the name of the file, and how each further line begins.
#[track_caller]
fn assert_says(said: &(Vec<String>, bool), first: &str, rejected: &[&str]) {
    let (lines, succeeded) = said;
    assert!(lines[0].ends_with(&format!(": {first}")), "{lines:#?}");
    assert_eq!(lines.len(), rejected.len() + 1, "{lines:#?}");
    for (line, start) in lines[1..].iter().zip(rejected) {
        assert!(line.starts_with(start), "{line:?} should start with {start:?}");
    }
    assert_eq!(*succeeded, rejected.is_empty(), "the exit code says whether everything was taken");
}

/// Everything that is stored of one article.
async fn stored(program: &Program, number: u32) -> Value {
    let mut conn = program.database.as_ref().unwrap().connect().await;
    let select = "select to_jsonb(a) from articles a where uri = $1";
    let uri = format!("https://news.example/{number}");
    sqlx::query_scalar(select).bind(uri).fetch_one(&mut conn).await.unwrap()
}

#[tokio::test]
async fn a_bad_line_of_json_is_reported_by_number_and_stops_nothing() {
    let (program, folder) = (Program::new().await, Folder::new());
    let without_uri = r#"{"title":"x","summary":"y","publication_date":"2026-01-01","topic":"T"}"#;
    let lines = [
        line(1),
        "not json".to_owned(),
        String::new(),
        line(2),
        r#"{"uri": ["a", "list"]}"#.to_owned(),
        r#"["a list"]"#.to_owned(),
        without_uri.to_owned(),
        line(3).replace("2026-01-01", "yesterday"),
        line(4),
    ];
    let file = folder.write("a.jsonl", lines.join("\n"));
    let rejected = ["line 2: ", "line 5: ", "line 6: ", "line 7: uri: ", "line 8: publication_date: "];
    assert_says(&import(&program, &file, "").await, "inserted 3, updated 0, rejected 5", &rejected);
    assert_says(&import(&program, "-", &lines.join("\n")).await, "inserted 0, updated 3, rejected 5", &rejected);
    program.close().await;
}

#[tokio::test]
async fn json_lines_may_come_from_windows_and_from_a_database() {
    let (program, folder) = (Program::new().await, Folder::new());
    let mut content = format!("\u{feff}{}\r\n{}\r\nnonsense\r\n", line(1), line(2)).into_bytes();
    content.extend(b"{\"uri\": \"https://news.example/3\", \"title\": \"caf\xe9\"}\r\n");
    let nothing = json!({
        "uri": "https://news.example/4", "title": "Nulls and more", "summary": null, "body": "A body.\u{0}",
        "news_source": null, "publication_date": "2026-01-01 12:30:00", "topic": "Rail", "category": null,
        "sentiment": null, "tags": null, "bias": null, "id": 17, "unknown": {"a": []},
    });
    content.extend(nothing.to_string().into_bytes());
    let file = folder.write("a.NDJSON", content);
    let said = import(&program, &file, "").await;
    assert_says(&said, "inserted 3, updated 0, rejected 2", &["line 3: ", "line 4: article: is not UTF-8"]);
    let article = stored(&program, 4).await;
    assert_eq!((&article["news_source"], &article["body"]), (&json!(""), &json!("A body.")));
    program.close().await;
}

#[tokio::test]
async fn an_article_with_a_known_address_replaces_it_and_the_last_one_of_a_file_counts() {
    let program = Program::new().await;
    let newer = |number, title: &str| line(number).replace(&format!("Title {number}"), title);
    let lines = [line(1), line(2), newer(1, "Second"), newer(1, "Third")].join("\n");
    assert_says(&import(&program, "-", &lines).await, "inserted 2, updated 2, rejected 0", &[]);
    assert_eq!(stored(&program, 1).await["title"], "Third");
    assert_says(&import(&program, "-", &newer(1, "Fourth")).await, "inserted 0, updated 1, rejected 0", &[]);
    assert_eq!(stored(&program, 1).await["title"], "Fourth");
    assert_eq!(stored(&program, 2).await["title"], "Title 2");

    // The same over more lines than are stored in one statement.
    let many: Vec<String> = (0..1_203).map(|number| line(number % 601 + 10)).collect();
    let said = import(&program, "-", &many.join("\n")).await;
    assert_says(&said, "inserted 601, updated 602, rejected 0", &[]);
    program.close().await;
}

const HEADER: &str = "uri,title,summary,publication_date,topic,tags,body";

#[tokio::test]
async fn a_row_of_csv_is_reported_by_the_line_it_begins_on() {
    let (program, folder) = (Program::new().await, Folder::new());
    let rows = [
        HEADER,                                                                             // 1
        r##"https://news.example/1,"One, in ""quotes""",Text.,2026-01-01,Rail,"a, b","""##, // 2
        "https://news.example/2,Two,\"A summary",                                           // 3
        "of three",                                                                         // 4
        "lines.\",2026-01-01,Rail,,",                                                       // 5
        "no address,Three,Text.,2026-01-01,Rail,,",                                         // 6
        "https://news.example/4,Four,\"Two",                                                // 7
        "lines.\",not a date,Rail,,",                                                       // 8
        "https://news.example/5,Five,Text.,2026-01-01,Rail",                                // 9
        "https://news.example/6,Six",                                                       // 10
        "https://news.example/7,Seven,Text.,2026-01-01,Rail,2026,,more,columns,than,named", // 11
    ];
    let rejected = ["line 6: uri: ", "line 7: publication_date: ", "line 10: summary: "];
    for (name, end) in [("unix.csv", "\n"), ("windows.CSV", "\r\n")] {
        for mark in ["", "\u{feff}"] {
            let file = folder.write(name, format!("{mark}{}{end}", rows.join(end)));
            let (lines, succeeded) = import(&program, &file, "").await;
            let said = (
                lines.into_iter().map(|line| line.replace("inserted 0, updated 4", "inserted 4, updated 0")).collect(),
                succeeded,
            );
            assert_says(&said, "inserted 4, updated 0, rejected 3", &rejected);
        }
    }
    let first = stored(&program, 1).await;
    assert_eq!(
        (&first["title"], &first["tags"], &first["body"]),
        (&json!("One, in \"quotes\""), &json!(["a", "b"]), &Value::Null)
    );
    assert_eq!(stored(&program, 2).await["summary"], "A summary\nof three\nlines.");
    assert_eq!(stored(&program, 7).await["tags"], json!(["2026"]), "a year is a tag like any other");
    program.close().await;
}

#[tokio::test]
async fn columns_of_csv_come_in_any_order_and_blank_lines_count() {
    let (program, folder) = (Program::new().await, Folder::new());
    let mut rows = b"topic, title ,unknown,summary,uri,publication_date\n".to_vec();
    rows.extend(b"Rail,One,x,Text.,https://news.example/1,2026-01-01\n\n\nRail,Two,x,Text.,not one,2026-01-01\n");
    rows.extend(b"Rail,caf\xe9,x,Text.,https://news.example/3,2026-01-01\n");
    rows.extend(b"Rail,12345,true,67,https://news.example/4,2026-01-01\n");
    let said = import(&program, &folder.write("a.csv", rows), "").await;
    assert_says(&said, "inserted 2, updated 0, rejected 2", &["line 5: uri: ", "line 6: "]);
    assert_eq!(stored(&program, 4).await["title"], "12345");
    program.close().await;
}

#[tokio::test]
async fn a_csv_file_without_names_or_with_an_open_quote_is_refused_where_it_goes_wrong() {
    let (program, folder) = (Program::new().await, Folder::new());
    let row = "https://news.example/1,One,Text.,2026-01-01,Rail,,";
    let unnamed = program.refuses(&["articles", "import", &folder.write("a.csv", row)], "").await;
    assert!(unnamed.contains("a.csv") && unnamed.contains("must name the columns"), "{unnamed}");
    let open = format!("{HEADER}\n{row}\n\nhttps://news.example/2,\"Two,Text.\n{row}\n");
    let said = import(&program, &folder.write("b.csv", open), "").await;
    assert_says(&said, "inserted 1, updated 0, rejected 1", &["line 3: "]);
    program.close().await;
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_refused_by_name() {
    let (program, folder) = (Program::new().await, Folder::new());
    let missing = program.refuses(&["articles", "import", "missing.csv"], "").await;
    assert!(missing.contains("missing.csv"), "{missing}");
    let kind = program.refuses(&["articles", "import", &folder.write("a.xlsx", "x")], "").await;
    assert!(kind.contains("name it .jsonl or .csv"), "{kind}");
    for name in ["folder.jsonl", "folder.csv"] {
        fs::create_dir(folder.0.join(name)).unwrap();
        let path = folder.0.join(name);
        let said = program.refuses(&["articles", "import", path.to_str().unwrap()], "").await;
        assert!(said.contains(name), "{said}");
    }
    program.close().await;
}

#[tokio::test]
async fn one_file_does_not_stop_the_next() {
    let (program, folder) = (Program::new().await, Folder::new());
    let (good, bad) = (folder.write("good.jsonl", line(1)), folder.write("bad.jsonl", "nonsense"));
    let missing = folder.0.join("missing.jsonl");
    let arguments = ["articles", "import", &bad, missing.to_str().unwrap(), &good];
    let output = program.run(&arguments, "").await;
    assert!(!output.status.success());
    let said = text(&output.stdout);
    assert!(said.contains(&format!("{bad}: inserted 0, updated 0, rejected 1")), "{said}");
    assert!(said.contains(&format!("{good}: inserted 1, updated 0, rejected 0")), "{said}");
    assert!(text(&output.stderr).contains("missing.jsonl"), "{}", text(&output.stderr));
    program.close().await;
}

#[tokio::test]
async fn statistics_count_every_topic() {
    let program = Program::new().await;
    assert_eq!(program.prints(&["articles", "stats"], "").await, "       0  in 0 topics\n");
    let other = line(3).replace("Rail", "Energy").replace("2026-01-01", "2025-06-30");
    import(&program, "-", &[line(1), line(2).replace("2026-01-01", "2026-02-03"), other].join("\n")).await;
    let expected =
        "       1  Energy  2025-06-30 to 2025-06-30\n       2  Rail  2026-01-01 to 2026-02-03\n       3  in 2 topics\n";
    assert_eq!(program.prints(&["articles", "stats"], "").await, expected);
    program.close().await;
}

#[tokio::test]
async fn a_bad_article_in_a_request_is_rejected_by_position_and_stops_nothing() {
    let desk = Desk::start().await;
    let admin = desk.admin().await;
    let good = |number| serde_json::from_str::<Value>(&line(number)).unwrap();
    let longest = format!(
        "https://news.example/{}",
        (0..1_900).filter_map(|n| char::from_u32(0x4e00 + n * 7_919 % 20_000)).collect::<String>()
    );
    let body = json!([
        good(11), 17, null, "text", [good(13)], {}, { "uri": 1, "title": "x" }, good(12),
        { "uri": longest, "title": "x", "summary": "x", "publication_date": "2026-01-01", "topic": "Rail" },
        { "uri": "https://news.example/14", "title": "x", "summary": "x", "publication_date": "2026-01-01",
          "topic": "Rail", "tags": ["a", 2026] },
        good(1),
    ]);
    let done = admin.post("/articles", body).await.expect(200);
    let rejected = done["rejected"].as_array().unwrap();
    let positions: Vec<u64> = rejected.iter().map(|one| one["position"].as_u64().unwrap()).collect();
    assert_eq!((&done["inserted"], &done["updated"]), (&json!(2), &json!(1)), "{done}");
    assert_eq!(positions, [2, 3, 4, 5, 6, 7, 9, 10]);
    assert!(rejected.iter().all(|one| one["reason"].as_str().unwrap().len() > 5), "{done}");

    admin.post("/articles", json!({ "uri": "https://news.example/1" })).await.expect(422);
    admin.post("/articles", json!([])).await.expect(200);
    let person = desk.person("alice").await;
    person.post("/articles", json!([good(20)])).await.expect(403);
    let topics = person.get("/topics").await.expect(200);
    let rail = topics["topics"].as_array().unwrap().iter().find(|topic| topic["name"] == "Rail").unwrap();
    assert_eq!(rail["article_count"], 3, "nothing that was rejected or refused is there");
    desk.close().await;
}

#[tokio::test]
async fn the_description_of_the_api_says_what_an_article_is() {
    let desk = Desk::start().await;
    let api = desk.anonymous().get("//api/openapi.json").await.expect(200);
    let body = &api["paths"]["/api/auspex/articles"]["post"]["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(body["type"], "array", "{body}");
    assert_eq!(body["items"]["$ref"], "#/components/schemas/RawArticle", "{body}");
    let fields = api["components"]["schemas"]["RawArticle"]["properties"].as_object().unwrap();
    assert_eq!(fields.len(), 15, "{:?}", fields.keys());
    desk.close().await;
}

/// The articles that come with the service.
fn samples() -> Vec<Article> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/config");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let files = files.filter(|path| path.to_str().unwrap().contains("sample-articles"));
    let lines: String = files.map(|path| fs::read_to_string(path).unwrap()).collect();
    lines.lines().map(|line| parse_json_line(line).and_then(RawArticle::parse).unwrap()).collect()
}

#[test]
fn the_sample_articles_are_many_whole_and_marked_as_fictional() {
    let samples = samples();
    assert!(samples.len() >= 200, "{}", samples.len());
    for article in &samples {
        let Article {
            uri,
            title,
            summary,
            body,
            news_source,
            publication_date: _,
            topic,
            category,
            sentiment,
            future_signal,
            time_to_impact,
            driver_type,
            tags,
            bias,
            factual_reporting,
        } = article;
        let texts = [
            title,
            summary,
            news_source,
            topic,
            category,
            sentiment,
            future_signal,
            time_to_impact,
            driver_type,
            bias,
            factual_reporting,
        ];
        assert!(texts.iter().all(|text| !text.is_empty()) && body.is_some(), "{article:?}");
        assert!(tags.len() > 1 && tags.contains(&"fictional".to_owned()), "{article:?}");
        assert!(uri.starts_with("https://sample.invalid/"), "a link that leads nowhere real: {uri}");
    }
    let addresses: HashSet<&str> = samples.iter().map(|article| article.uri.as_str()).collect();
    assert_eq!(addresses.len(), samples.len());
    let titles: HashSet<&str> = samples.iter().map(|article| article.title.as_str()).collect();
    assert_eq!(titles.len(), samples.len());
}

#[test]
fn the_sample_articles_span_six_topics_two_years_and_many_sources() {
    let samples = samples();
    let mut topics: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for article in &samples {
        let months = topics.entry(&article.topic).or_default();
        months.insert(article.publication_date.format("%Y-%m").to_string());
    }
    assert!(topics.len() >= 6, "{:?}", topics.keys());
    for (topic, months) in topics {
        assert!(months.len() >= 18, "{topic} has articles of {months:?} only");
    }
    let dates = || samples.iter().map(|article| article.publication_date);
    let days = (dates().max().unwrap() - dates().min().unwrap()).num_days();
    assert!((640..=800).contains(&days), "{days}");
    let sources: HashSet<&str> = samples.iter().map(|article| article.news_source.as_str()).collect();
    assert!(sources.len() >= 8, "{sources:?}");
}

#[tokio::test]
async fn a_newcomer_finds_the_sample_articles_once() {
    let program = Program::new().await;
    let first = program.prints(&["chat", "--user", "ann"], "/topic\n/quit\n").await;
    assert!(first.contains("Loaded the sample articles (fictional)"), "{first}");
    let second = program.prints(&["chat", "--user", "ann"], "/quit\n").await;
    assert!(!second.contains("Loaded"), "{second}");
    let stats = program.prints(&["articles", "stats"], "").await;
    assert!(stats.ends_with(&format!("{:>8}  in {} topics\n", samples().len(), stats.lines().count() - 1)), "{stats}");
    program.close().await;
}
