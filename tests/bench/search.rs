//! Searching 200,000 articles, as a test does: three words, one of twenty topics, 90 of 1,095 days, the best 50.

use std::time::Instant;

use prompt_workshop::domain::article::FrozenArticle;
use prompt_workshop::domain::research_window::Window;
use sqlx::PgConnection;

use super::Bench;
use super::corpus::Corpus;
use super::process;
use super::report::Times;
use super::service::{self, Settings};

const LIMIT: i32 = 50;

/// One search.
struct Asked {
    question: String,
    topic: String,
    window: Window,
}

pub(super) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let database = bench.server.create("search").await?;
    let settings: Settings = vec![("DATABASE__URL", database.url()), ("LLM__PROVIDER", "local".to_owned())];
    let app = service::open(&settings).await?;
    let articles = bench.scaled(200_000);
    let mut corpus = Corpus::new();
    let started = Instant::now();
    app.workshop().import((0..articles).map(|number| (number as u64, Ok(corpus.article(number))))).await?;
    bench.report.add(format!("import of {articles} articles"), started.elapsed().as_secs_f64(), "s");
    let mut conn = database.connect().await?;
    // As autovacuum leaves them.
    sqlx::raw_sql("vacuum analyze articles").execute(&mut conn).await?;

    let mut ask = || Asked { question: corpus.question(), topic: corpus.any_topic(), window: corpus.window() };
    let (warm, measured): (Vec<Asked>, Vec<Asked>) =
        ((0..50).map(|_| ask()).collect(), (0..1_000).map(|_| ask()).collect());
    let find = |asked: &Asked| {
        let (question, topic, window) = (asked.question.clone(), asked.topic.clone(), asked.window);
        let workshop = app.workshop().clone();
        async move { workshop.find_articles(&question, &topic, Some(window), LIMIT).await }
    };
    for asked in &warm {
        find(asked).await?;
    }
    let before = process::cpu(std::process::id())? + bench.server.cpu()?;
    let (mut times, mut found) = (Vec::new(), Vec::new());
    for asked in &measured {
        let started = Instant::now();
        let articles = find(asked).await?;
        times.push(started.elapsed());
        found.push(articles);
    }
    let cpu = process::cpu(std::process::id())? + bench.server.cpu()? - before;
    let widened = check(&mut conn, &measured, &found).await?;
    let times = Times::new(times);
    let report = &mut bench.report;
    let note = format!("{} searches, {widened} of them for any word, since too few had all", times.count());
    report.milliseconds("article search: p50", times.within(0.5)).note(note);
    report.milliseconds("article search: p99", times.within(0.99)).aim(50.0);
    let each = cpu / times.count().max(1) as u32;
    report.milliseconds("article search: CPU per search", each).note("with Postgres' share");
    app.close().await;
    database.drop().await?;
    Ok(())
}

/// That articles with all words come first, and others only when those are too few; says how often that was.
async fn check(conn: &mut PgConnection, asked: &[Asked], found: &[Vec<FrozenArticle>]) -> anyhow::Result<usize> {
    let mut widened = 0;
    for (Asked { question, topic, window }, found) in asked.iter().zip(found) {
        let ids: Vec<i64> = found.iter().map(|article| article.id.0).collect();
        let (all, shown): (i64, i64) = sqlx::query_as(
            "select count(*), count(*) filter (where id = any($5)) from articles
            where words @@ plainto_tsquery('english', $1) and topic = $2
                and publication_date >= $3 and publication_date < $4",
        )
        .bind(question)
        .bind(topic)
        .bind(window.from)
        .bind(window.to)
        .bind(&ids)
        .fetch_one(&mut *conn)
        .await?;
        let others = found.len() as i64 - shown;
        anyhow::ensure!(
            others == 0 || all * 3 < i64::from(LIMIT),
            "\"{question}\": {all} articles have all words, and yet {others} of those found have not"
        );
        anyhow::ensure!(
            shown == all.min(i64::from(LIMIT)),
            "\"{question}\": {shown} of {all} with all words were found"
        );
        widened += usize::from(others > 0);
    }
    Ok(widened)
}
