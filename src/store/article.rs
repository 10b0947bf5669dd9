//! Articles, topics and frozen retrievals.

use super::{Conn, Error};
use crate::domain::article::{Article, FrozenArticle};
use crate::domain::research_window::Window;
use crate::domain::{ArticleId, Instant, RetrievalId};

/// What became of articles that were sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Upserted {
    /// New ones.
    pub inserted: u64,
    /// Known ones, replaced.
    pub updated: u64,
}

/// Adds articles, or replaces those whose address is known. No two may have the same address.
pub async fn upsert(conn: &mut Conn, articles: &[Article], now: Instant) -> Result<Upserted, Error> {
    let column =
        |field: fn(&Article) -> &String| -> Vec<String> { articles.iter().map(|a| field(a).clone()).collect() };
    let topics = column(|a| &a.topic);
    sqlx::query!("insert into topics (name) select distinct unnest($1::text[]) on conflict do nothing", &topics)
        .execute(&mut *conn)
        .await?;
    let bodies: Vec<Option<String>> = articles.iter().map(|a| a.body.clone()).collect();
    let dates: Vec<Instant> = articles.iter().map(|a| a.publication_date).collect();
    let hashes: Vec<Vec<u8>> = articles.iter().map(|a| a.content_hash().to_vec()).collect();
    let tags: Vec<String> = articles.iter().map(|a| a.tags.join("\n")).collect();
    let row = sqlx::query!(
        r#"with upserted as (
            insert into articles
                (uri, title, summary, body, news_source, publication_date, topic, category, sentiment, future_signal,
                 time_to_impact, driver_type, bias, factual_reporting, content_hash, tags, updated_at)
            select uri, title, summary, body, news_source, publication_date, topic, category, sentiment, future_signal,
                time_to_impact, driver_type, bias, factual_reporting, content_hash,
                coalesce(string_to_array(nullif(tags, ''), e'\n'), '{}'), $17
            from (
                select
                    unnest($1::text[]) as uri, unnest($2::text[]) as title, unnest($3::text[]) as summary,
                    unnest($4::text[]) as body, unnest($5::text[]) as news_source,
                    unnest($6::timestamptz[]) as publication_date, unnest($7::text[]) as topic,
                    unnest($8::text[]) as category, unnest($9::text[]) as sentiment,
                    unnest($10::text[]) as future_signal, unnest($11::text[]) as time_to_impact,
                    unnest($12::text[]) as driver_type, unnest($13::text[]) as bias,
                    unnest($14::text[]) as factual_reporting, unnest($15::bytea[]) as content_hash,
                    unnest($16::text[]) as tags
            ) as sent
            on conflict (uri) do update set
                title = excluded.title, summary = excluded.summary, body = excluded.body,
                news_source = excluded.news_source, publication_date = excluded.publication_date,
                topic = excluded.topic, category = excluded.category, sentiment = excluded.sentiment,
                future_signal = excluded.future_signal, time_to_impact = excluded.time_to_impact,
                driver_type = excluded.driver_type, bias = excluded.bias,
                factual_reporting = excluded.factual_reporting, content_hash = excluded.content_hash,
                tags = excluded.tags, updated_at = excluded.updated_at
            returning (xmax = 0) as new
        )
        select count(*) filter (where new) as "inserted!", count(*) filter (where not new) as "updated!" from upserted"#,
        &column(|a| &a.uri),
        &column(|a| &a.title),
        &column(|a| &a.summary),
        &bodies as &[Option<String>],
        &column(|a| &a.news_source),
        &dates,
        &topics,
        &column(|a| &a.category),
        &column(|a| &a.sentiment),
        &column(|a| &a.future_signal),
        &column(|a| &a.time_to_impact),
        &column(|a| &a.driver_type),
        &column(|a| &a.bias),
        &column(|a| &a.factual_reporting),
        &hashes,
        &tags,
        now,
    )
    .fetch_one(conn)
    .await?;
    Ok(Upserted { inserted: row.inserted as u64, updated: row.updated as u64 })
}

/// The addresses of those articles that are there exactly like this.
pub async fn unchanged(conn: &mut Conn, articles: &[Article]) -> Result<Vec<String>, Error> {
    let column =
        |field: fn(&Article) -> &String| -> Vec<String> { articles.iter().map(|a| field(a).clone()).collect() };
    let hashes: Vec<Vec<u8>> = articles.iter().map(|a| a.content_hash().to_vec()).collect();
    let tags: Vec<String> = articles.iter().map(|a| a.tags.join("\n")).collect();
    let same = sqlx::query_scalar!(
        "select a.uri
        from (
            select
                unnest($1::text[]) as uri, unnest($2::bytea[]) as content_hash, unnest($3::text[]) as topic,
                unnest($4::text[]) as category, unnest($5::text[]) as future_signal,
                unnest($6::text[]) as time_to_impact, unnest($7::text[]) as driver_type, unnest($8::text[]) as bias,
                unnest($9::text[]) as factual_reporting, unnest($10::text[]) as tags
        ) as sent
        join articles a on a.uri = sent.uri
        where a.content_hash = sent.content_hash and a.topic = sent.topic and a.category = sent.category
            and a.future_signal = sent.future_signal and a.time_to_impact = sent.time_to_impact
            and a.driver_type = sent.driver_type and a.bias = sent.bias
            and a.factual_reporting = sent.factual_reporting and array_to_string(a.tags, e'\n') = sent.tags",
        &column(|a| &a.uri),
        &hashes,
        &column(|a| &a.topic),
        &column(|a| &a.category),
        &column(|a| &a.future_signal),
        &column(|a| &a.time_to_impact),
        &column(|a| &a.driver_type),
        &column(|a| &a.bias),
        &column(|a| &a.factual_reporting),
        &tags,
    )
    .fetch_all(conn)
    .await?;
    Ok(same)
}

/// Removes articles published before this, the oldest first, at most so many; says how many.
///
/// What a frozen list still needs of them stays; the rest of what is kept at a removal goes too.
pub async fn prune(conn: &mut Conn, before: Instant, most: i64) -> Result<u64, Error> {
    let removed = sqlx::query_scalar!(
        "delete from articles
        where id in (
            select id from articles
            where publication_date < $1
            order by publication_date
            limit $2
            for update skip locked
        )
        returning id",
        before,
        most,
    )
    .fetch_all(&mut *conn)
    .await?;
    sqlx::query!(
        "delete from article_versions v
        where v.article_id = any($1) and v.article_id not in (
            select unnest(r.article_ids) from retrievals r where r.article_ids && $1
        )",
        &removed,
    )
    .execute(conn)
    .await?;
    Ok(removed.len() as u64)
}

/// What to search for.
#[derive(Debug, Clone)]
pub struct Search<'a> {
    /// A Postgres `tsquery`.
    pub query: &'a str,
    /// The topic.
    pub topic: &'a str,
    /// Only articles published within.
    pub window: Option<Window>,
    /// How many at most.
    pub limit: i64,
}

/// The articles that match, best first.
pub async fn search(conn: &mut Conn, search: &Search<'_>) -> Result<Vec<FrozenArticle>, Error> {
    let articles = sqlx::query_as!(
        FoundRow,
        r#"with best as materialized (
            select a.id, ts_rank(a.words, q.query) as rank
            from articles a, (select $1::text::tsquery as query) q
            where a.words @@ q.query
                and a.topic = $2
                and ($3::timestamptz is null or a.publication_date >= $3)
                and ($4::timestamptz is null or a.publication_date < $4)
            order by rank desc, a.publication_date desc
            limit $5
        )
        select a.id, a.uri, a.title, a.summary, a.body, a.news_source, a.publication_date, a.sentiment, a.content_hash
        from best
        join articles a on a.id = best.id
        order by best.rank desc, a.publication_date desc"#,
        search.query,
        search.topic,
        search.window.map(|w| w.from),
        search.window.map(|w| w.to),
        search.limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(articles.into_iter().map(FrozenArticle::from).collect())
}

/// The newest articles of a topic.
pub async fn newest(
    conn: &mut Conn,
    topic: &str,
    window: Option<Window>,
    limit: i64,
) -> Result<Vec<FrozenArticle>, Error> {
    let articles = sqlx::query_as!(
        FoundRow,
        "select id, uri, title, summary, body, news_source, publication_date, sentiment, content_hash
        from articles
        where topic = $1
            and ($2::timestamptz is null or publication_date >= $2)
            and ($3::timestamptz is null or publication_date < $3)
        order by publication_date desc
        limit $4",
        topic,
        window.map(|w| w.from),
        window.map(|w| w.to),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(articles.into_iter().map(FrozenArticle::from).collect())
}

struct FoundRow {
    id: i64,
    uri: String,
    title: String,
    summary: String,
    body: Option<String>,
    news_source: String,
    publication_date: Instant,
    sentiment: String,
    content_hash: Vec<u8>,
}

impl From<FoundRow> for FrozenArticle {
    fn from(row: FoundRow) -> Self {
        let FoundRow { id, uri, title, summary, body, news_source, publication_date, sentiment, content_hash } = row;
        Self { id: ArticleId(id), uri, title, summary, body, news_source, publication_date, sentiment, content_hash }
    }
}

/// The words of a question as Postgres reduces them, each quoted for use in a `tsquery`.
pub async fn lexemes(conn: &mut Conn, question: &str) -> Result<Vec<String>, Error> {
    let words = sqlx::query_scalar!(
        r#"select quote_literal(lexeme) as "word!" from unnest(to_tsvector('english', $1)) order by positions[1]"#,
        question,
    )
    .fetch_all(conn)
    .await?;
    Ok(words)
}

/// How often the articles have changed.
pub async fn state(conn: &mut Conn) -> Result<i64, Error> {
    Ok(sqlx::query_scalar!("select version from article_state").fetch_one(conn).await?)
}

/// What a list of articles was looked for with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RetrievalKey {
    /// The question.
    pub question: String,
    /// The topic.
    pub topic: String,
    /// How many at most.
    pub limit: i32,
    /// Only articles published within.
    pub window: Option<Window>,
    /// How often the articles had changed.
    pub state: i64,
}

/// Freezes a list of articles.
pub async fn insert_retrieval(
    conn: &mut Conn,
    id: RetrievalId,
    key: &RetrievalKey,
    articles: &[FrozenArticle],
    now: Instant,
) -> Result<(), Error> {
    let ids: Vec<i64> = articles.iter().map(|a| a.id.0).collect();
    let hashes: Vec<Vec<u8>> = articles.iter().map(|a| a.content_hash.clone()).collect();
    sqlx::query!(
        "insert into retrievals
            (id, question, topic, article_limit, window_from, window_to, article_ids, content_hashes, article_state, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        id.0,
        key.question,
        key.topic,
        key.limit,
        key.window.map(|w| w.from),
        key.window.map(|w| w.to),
        &ids,
        &hashes,
        key.state,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A frozen list, best first, as the articles were then.
pub async fn frozen(conn: &mut Conn, id: RetrievalId) -> Result<Vec<FrozenArticle>, Error> {
    let articles = sqlx::query_as!(
        FoundRow,
        r#"select f.id as "id!", coalesce(a.uri, v.uri) as "uri!", coalesce(a.title, v.title) as "title!",
            coalesce(a.summary, v.summary) as "summary!", case when a.id is null then v.body else a.body end as body,
            coalesce(a.news_source, v.news_source) as "news_source!",
            coalesce(a.publication_date, v.publication_date) as "publication_date!",
            coalesce(a.sentiment, v.sentiment) as "sentiment!", f.content_hash as "content_hash!"
        from retrievals r
        cross join lateral unnest(r.article_ids, r.content_hashes) with ordinality as f (id, content_hash, rank)
        left join articles a on a.id = f.id and a.content_hash = f.content_hash
        left join article_versions v on a.id is null and v.article_id = f.id and v.content_hash = f.content_hash
        where r.id = $1 and (a.id is not null or v.article_id is not null)
        order by f.rank"#,
        id.0,
    )
    .fetch_all(conn)
    .await?;
    Ok(articles.into_iter().map(FrozenArticle::from).collect())
}

/// One topic with its size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// How many articles it holds.
    pub articles: i64,
    /// When its newest was published.
    pub newest: Option<Instant>,
    /// When its oldest was published.
    pub oldest: Option<Instant>,
}

/// Every topic, by name.
pub async fn topics(conn: &mut Conn) -> Result<Vec<Topic>, Error> {
    let topics = sqlx::query_as!(
        Topic,
        r#"select t.name, t.description, count(a.id) as "articles!", max(a.publication_date) as newest,
            min(a.publication_date) as oldest
        from topics t
        left join articles a on a.topic = t.name
        group by t.name, t.description
        order by t.name"#,
    )
    .fetch_all(conn)
    .await?;
    Ok(topics)
}

/// A topic's name as it is stored, found in any case of letters; and its description.
pub async fn find_topic(conn: &mut Conn, name: &str) -> Result<Option<(String, String)>, Error> {
    let row = sqlx::query!(
        "select name, description from topics where lower(name) = lower($1) order by name = $1 desc limit 1",
        name,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (row.name, row.description)))
}

/// Makes a topic, if there is none of this name in any case of letters; its name as it is stored.
pub async fn ensure_topic(conn: &mut Conn, name: &str) -> Result<String, Error> {
    if let Some((name, _)) = find_topic(conn, name).await? {
        return Ok(name);
    }
    sqlx::query!("insert into topics (name) values ($1) on conflict do nothing", name).execute(conn).await?;
    Ok(name.to_owned())
}

/// Says what a topic is about; false when there is no such topic.
pub async fn describe_topic(conn: &mut Conn, name: &str, description: &str) -> Result<bool, Error> {
    let updated = sqlx::query!("update topics set description = $2 where name = $1", name, description);
    Ok(updated.execute(conn).await?.rows_affected() > 0)
}
