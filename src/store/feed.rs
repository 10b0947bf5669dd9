//! Feeds, and what their articles are known by.

use uuid::Uuid;

use super::{Conn, Error, corrupt};
use crate::domain::article::Article;
use crate::domain::feed::{Feed, FeedStatus, Validators};
use crate::domain::link::Key;
use crate::domain::{AccountId, FeedId, Instant};

struct Row {
    id: i32,
    url: String,
    topic: String,
    title: String,
    titled_by_hand: bool,
    interval_minutes: i32,
    status: String,
    problem: String,
    etag: Option<String>,
    last_modified: Option<String>,
    next_poll_at: Instant,
    not_before: Option<Instant>,
    failures: i32,
    last_polled_at: Option<Instant>,
    last_new: i32,
    added_by: Option<Uuid>,
    created_at: Instant,
}

impl TryFrom<Row> for Feed {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let Row {
            id, url, topic, title, titled_by_hand, interval_minutes, status, problem, etag, last_modified, ..
        } = row;
        Ok(Self {
            id: FeedId(id),
            url,
            topic,
            title,
            titled_by_hand,
            interval_minutes,
            status: status.parse::<FeedStatus>().map_err(corrupt("feeds", id))?,
            problem,
            validators: Validators { etag, last_modified },
            next_poll_at: row.next_poll_at,
            not_before: row.not_before,
            failures: row.failures,
            last_polled_at: row.last_polled_at,
            last_new: row.last_new,
            added_by: row.added_by.map(AccountId),
            created_at: row.created_at,
        })
    }
}

/// Every feed, by topic and number.
pub async fn list(conn: &mut Conn) -> Result<Vec<Feed>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "select id, url, topic, title, titled_by_hand, interval_minutes, status, problem, etag, last_modified,
            next_poll_at, not_before, failures, last_polled_at, last_new, added_by, created_at
        from feeds
        order by topic, id",
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Feed::try_from).collect()
}

/// One feed.
pub async fn find(conn: &mut Conn, id: FeedId) -> Result<Option<Feed>, Error> {
    let row = sqlx::query_as!(
        Row,
        "select id, url, topic, title, titled_by_hand, interval_minutes, status, problem, etag, last_modified,
            next_poll_at, not_before, failures, last_polled_at, last_new, added_by, created_at
        from feeds
        where id = $1",
        id.0,
    )
    .fetch_optional(conn)
    .await?;
    row.map(Feed::try_from).transpose()
}

/// The feed with this address.
pub async fn find_by_url(conn: &mut Conn, url: &str) -> Result<Option<FeedId>, Error> {
    Ok(sqlx::query_scalar!("select id from feeds where url = $1", url).fetch_optional(conn).await?.map(FeedId))
}

/// A feed to be added.
#[derive(Debug, Clone)]
pub struct NewFeed<'a> {
    /// Its address.
    pub url: &'a str,
    /// The topic of its articles; there is one.
    pub topic: &'a str,
    /// What it is called; empty for what it calls itself.
    pub title: &'a str,
    /// Minutes between two polls.
    pub interval_minutes: i32,
    /// Who adds it.
    pub added_by: AccountId,
}

/// Adds a feed that is due at once; [`Error::Taken`] when its address is there.
pub async fn insert(conn: &mut Conn, feed: &NewFeed<'_>, now: Instant) -> Result<FeedId, Error> {
    let id = sqlx::query_scalar!(
        "insert into feeds (url, topic, title, titled_by_hand, interval_minutes, next_poll_at, added_by, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $6)
        returning id",
        feed.url,
        feed.topic,
        feed.title,
        !feed.title.is_empty(),
        feed.interval_minutes,
        now,
        feed.added_by.0,
    )
    .fetch_one(conn)
    .await?;
    Ok(FeedId(id))
}

/// Removes a feed; its articles stay.
pub async fn delete(conn: &mut Conn, id: FeedId) -> Result<(), Error> {
    sqlx::query!("delete from feeds where id = $1", id.0).execute(conn).await?;
    Ok(())
}

/// Makes a feed due at a time, whatever became of it before.
pub async fn make_due(conn: &mut Conn, id: FeedId, at: Instant) -> Result<(), Error> {
    sqlx::query!(
        "update feeds
        set next_poll_at = $2, status = case when status = 'gone' then 'failing' else status end
        where id = $1",
        id.0,
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes feeds that are due, those that wait longest first; until `lasts_until` nobody else takes them.
pub async fn claim(
    conn: &mut Conn,
    claim: Uuid,
    now: Instant,
    lasts_until: Instant,
    most: i64,
) -> Result<Vec<Feed>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "update feeds
        set claim = $1, claimed_until = $3
        where id in (
            select id from feeds
            where status <> 'gone' and next_poll_at <= $2 and (claimed_until is null or claimed_until <= $2)
            order by next_poll_at
            limit $4
            for update skip locked
        )
        returning id, url, topic, title, titled_by_hand, interval_minutes, status, problem, etag, last_modified,
            next_poll_at, not_before, failures, last_polled_at, last_new, added_by, created_at",
        claim,
        now,
        lasts_until,
        most,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Feed::try_from).collect()
}

/// Locks a feed for whoever claimed it; false when it was removed or another has it now.
pub async fn lock_claimed(conn: &mut Conn, id: FeedId, claim: Uuid) -> Result<bool, Error> {
    let row = sqlx::query_scalar!("select id from feeds where id = $1 and claim = $2 for update", id.0, claim);
    Ok(row.fetch_optional(conn).await?.is_some())
}

/// Stores what came of a poll, and lets the feed go.
pub async fn finish(conn: &mut Conn, feed: &Feed) -> Result<(), Error> {
    sqlx::query!(
        "update feeds
        set url = $2, title = $3, status = $4, problem = $5, etag = $6, last_modified = $7, next_poll_at = $8,
            not_before = $9, failures = $10, last_polled_at = $11, last_new = $12, claim = null, claimed_until = null
        where id = $1",
        feed.id.0,
        feed.url,
        feed.title,
        feed.status.as_str(),
        feed.problem,
        feed.validators.etag,
        feed.validators.last_modified,
        feed.next_poll_at,
        feed.not_before,
        feed.failures,
        feed.last_polled_at,
        feed.last_new,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Lets feeds go that were not polled after all.
pub async fn release(conn: &mut Conn, ids: &[FeedId], claim: Uuid) -> Result<(), Error> {
    let ids: Vec<i32> = ids.iter().map(|id| id.0).collect();
    sqlx::query!("update feeds set claim = null, claimed_until = null where id = any($1) and claim = $2", &ids, claim)
        .execute(conn)
        .await?;
    Ok(())
}

/// Lets only one transaction at a time decide what is known, so that one story in two feeds is one article.
pub async fn lock_links(conn: &mut Conn) -> Result<(), Error> {
    sqlx::query!("select pg_advisory_xact_lock(hashtext('workshop.article_links')) as locked").fetch_one(conn).await?;
    Ok(())
}

/// An article that is there.
#[derive(Debug, Clone)]
pub struct Known {
    /// The key that it was found by, where it was.
    pub key: Option<Vec<u8>>,
    /// Its address.
    pub uri: String,
    /// The SHA-256 of what a model is shown of it.
    pub content_hash: Vec<u8>,
    /// When it was published.
    pub publication_date: Instant,
    /// Whether it has nothing that a feed does not have, so that the feed may change it.
    pub plain: bool,
}

/// The articles that are known by these keys, once for each, or under these addresses.
pub async fn known(conn: &mut Conn, keys: &[Key], uris: &[String]) -> Result<Vec<Known>, Error> {
    let keys: Vec<Vec<u8>> = keys.iter().map(|key| key.as_bytes().to_vec()).collect();
    let known = sqlx::query_as!(
        Known,
        r#"with found as (
            select l.key, l.article_id as id from article_links l where l.key = any($1)
            union all
            select null, a.id from articles a where a.uri = any($2)
        )
        select f.key as "key?", a.uri, a.content_hash, a.publication_date,
            (a.category = '' and a.sentiment = '' and a.future_signal = '' and a.time_to_impact = ''
                and a.driver_type = '' and a.bias = '' and a.factual_reporting = '') as "plain!"
        from found f
        join articles a on a.id = f.id"#,
        &keys,
        uris,
    )
    .fetch_all(conn)
    .await?;
    Ok(known)
}

/// Notes what articles are known by, beside their address; what is known by a key stays so.
pub async fn link(conn: &mut Conn, links: &[(Key, String)]) -> Result<(), Error> {
    let keys: Vec<Vec<u8>> = links.iter().map(|(key, _)| key.as_bytes().to_vec()).collect();
    let uris: Vec<String> = links.iter().map(|(_, uri)| uri.clone()).collect();
    sqlx::query!(
        "insert into article_links (key, article_id)
        select sent.key, a.id
        from (select unnest($1::bytea[]) as key, unnest($2::text[]) as uri) as sent
        join articles a on a.uri = sent.uri
        order by sent.key
        on conflict do nothing",
        &keys,
        &uris,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes what articles are known by through their own addresses.
pub async fn link_addresses(conn: &mut Conn, articles: &[Article]) -> Result<(), Error> {
    let links = articles.iter().filter_map(|article| Some((Key::of_link(&article.uri)?, article.uri.clone())));
    link(conn, &links.collect::<Vec<_>>()).await
}
