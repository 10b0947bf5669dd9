//! Articles as people read them: anybody who is signed in may.

use chrono::TimeDelta;

use super::{Error, Noun, Workshop};
use crate::domain::article::{ListedArticle, StoredArticle};
use crate::domain::research_window::Window;
use crate::domain::{Actor, ArticleId, text};
use crate::store;
use crate::store::archive::Shelf;

/// What to look for among the articles.
#[derive(Debug, Clone, Default)]
pub struct Browse {
    /// Words to find; the newest when there are none.
    pub words: String,
    /// Only articles of this topic.
    pub topic: Option<String>,
    /// Only articles of the last so many days.
    pub days: Option<u32>,
}

impl Workshop {
    /// A page of the articles that were looked for, and whether there are more: the newest first, or the best.
    pub async fn browse_articles(
        &self,
        _: &Actor,
        browse: &Browse,
        limit: i64,
        offset: i64,
    ) -> Result<(Vec<ListedArticle>, bool), Error> {
        let words = text::line("query", &browse.words, 0, 1_000)?;
        let now = self.now();
        let window =
            browse.days.map(|days| Window { from: now - TimeDelta::days(days.into()), to: now + TimeDelta::days(1) });
        let shelf = Shelf { topic: browse.topic.as_deref(), window, limit: limit + 1, offset };
        let mut conn = self.store.conn().await?;
        let mut articles = match words.is_empty() {
            true => store::archive::newest(&mut conn, shelf).await?,
            false => store::archive::matching(&mut conn, &words, shelf).await?,
        };
        let more = articles.len() as i64 > limit;
        articles.truncate(usize::try_from(limit).unwrap_or_default());
        Ok((articles, more))
    }

    /// One article as it is now.
    pub async fn article(&self, _: &Actor, id: ArticleId) -> Result<StoredArticle, Error> {
        let found = store::archive::find(&mut *self.store.conn().await?, id).await?;
        found.ok_or(Error::NotFound(Noun::Article))
    }
}
