//! Articles as people read them: one, and lists to look through.

use super::{Conn, Error};
use crate::domain::article::{Article, ListedArticle, StoredArticle};
use crate::domain::research_window::Window;
use crate::domain::{ArticleId, Instant};

/// One article.
pub async fn find(conn: &mut Conn, id: ArticleId) -> Result<Option<StoredArticle>, Error> {
    let row = sqlx::query!(
        "select id, uri, title, summary, body, news_source, publication_date, topic, category, sentiment, future_signal,
            time_to_impact, driver_type, tags, bias, factual_reporting, updated_at
        from articles
        where id = $1",
        id.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| StoredArticle {
        id: ArticleId(row.id),
        article: Article {
            uri: row.uri,
            title: row.title,
            summary: row.summary,
            body: row.body,
            news_source: row.news_source,
            publication_date: row.publication_date,
            topic: row.topic,
            category: row.category,
            sentiment: row.sentiment,
            future_signal: row.future_signal,
            time_to_impact: row.time_to_impact,
            driver_type: row.driver_type,
            tags: row.tags,
            bias: row.bias,
            factual_reporting: row.factual_reporting,
        },
        updated_at: row.updated_at,
    }))
}

/// What to look through.
#[derive(Debug, Clone, Copy)]
pub struct Shelf<'a> {
    /// Only articles of this topic.
    pub topic: Option<&'a str>,
    /// Only articles published within.
    pub window: Option<Window>,
    /// How many at most.
    pub limit: i64,
    /// How many to leave out before.
    pub offset: i64,
}

struct Row {
    id: i64,
    title: String,
    summary: String,
    news_source: String,
    publication_date: Instant,
    topic: String,
}

impl From<Row> for ListedArticle {
    fn from(row: Row) -> Self {
        let Row { id, title, summary, news_source, publication_date, topic } = row;
        Self { id: ArticleId(id), title, summary, news_source, publication_date, topic }
    }
}

/// The newest articles.
pub async fn newest(conn: &mut Conn, shelf: Shelf<'_>) -> Result<Vec<ListedArticle>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "select id, title, summary, news_source, publication_date, topic
        from articles
        where ($1::text is null or topic = $1)
            and ($2::timestamptz is null or publication_date >= $2)
            and ($3::timestamptz is null or publication_date < $3)
        order by publication_date desc, id
        limit $4 offset $5",
        shelf.topic,
        shelf.window.map(|w| w.from),
        shelf.window.map(|w| w.to),
        shelf.limit,
        shelf.offset,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(ListedArticle::from).collect())
}

/// The articles with these words, as people write them into a search box, best first.
pub async fn matching(conn: &mut Conn, words: &str, shelf: Shelf<'_>) -> Result<Vec<ListedArticle>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "with best as materialized (
            select a.id, ts_rank(a.words, q.query) as rank, a.publication_date
            from articles a, (select websearch_to_tsquery('english', $6) as query) q
            where a.words @@ q.query
                and ($1::text is null or a.topic = $1)
                and ($2::timestamptz is null or a.publication_date >= $2)
                and ($3::timestamptz is null or a.publication_date < $3)
            order by rank desc, a.publication_date desc, a.id
            limit $4 offset $5
        )
        select a.id, a.title, a.summary, a.news_source, a.publication_date, a.topic
        from best
        join articles a on a.id = best.id
        order by best.rank desc, a.publication_date desc, a.id",
        shelf.topic,
        shelf.window.map(|w| w.from),
        shelf.window.map(|w| w.to),
        shelf.limit,
        shelf.offset,
        words,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(ListedArticle::from).collect())
}
