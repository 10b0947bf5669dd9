//! Taking over articles and prompts from an Auspex database, as often as wanted: what is there already is left alone.

use secrecy::SecretString;

use super::exchange::{Export, ExportedVersion, Imported};
use super::{Error, Workshop};
use crate::domain::article::Article;
use crate::domain::{Actor, Invalid, auspex};
use crate::store::auspex::{Row, Source};
use crate::store::{self, article::Upserted};

/// Rows that are read and stored together.
const BATCH: i64 = 500;

/// Bad rows of which the reason is kept.
const MOST_REASONS: usize = 1_000;

/// Why an import ended before its end; what was stored until then stays, and the next import goes on there.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The other database.
    #[error("the Auspex database cannot be taken over")]
    Source(#[from] store::auspex::Error),
    /// Ours.
    #[error(transparent)]
    Ours(#[from] Error),
}

impl From<store::Error> for Failed {
    fn from(error: store::Error) -> Self {
        Self::Ours(error.into())
    }
}

/// How an import goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Takeover {
    /// What was imported from, without a password.
    pub source: String,
    /// Whether it went on where an import was interrupted.
    pub resumed: bool,
    /// New articles.
    pub inserted: u64,
    /// Articles that were there and have changed.
    pub updated: u64,
    /// Articles that were there just so.
    pub unchanged: u64,
    /// Articles that are older than what is kept.
    pub too_old: u64,
    /// Rows that could not be taken.
    pub rejected: u64,
    /// The first of them: where they stand, their address as far as it is known, and why.
    pub reasons: Vec<(String, Invalid)>,
}

impl Takeover {
    fn reject(&mut self, row: String, invalid: Invalid) {
        self.rejected += 1;
        if self.reasons.len() < MOST_REASONS {
            self.reasons.push((row, invalid));
        }
    }
}

impl Workshop {
    /// Imports the articles of an Auspex database, and tells after each batch how far it is. A bad row never stops the rest.
    ///
    /// Each batch is stored together with where it ends, so that an import that was interrupted goes on there.
    pub async fn import_auspex(
        &self,
        source: &SecretString,
        mut tell: impl FnMut(&Takeover),
    ) -> Result<Takeover, Failed> {
        let mut source = Source::open(source).await?;
        let table = source.articles().await?;
        let fingerprint = source.fingerprint();
        let mut conn = self.store.conn().await?;
        let mut position = store::import::begin(&mut conn, &fingerprint, source.name(), self.now()).await?;
        drop(conn);
        let mut takeover =
            Takeover { source: source.name().to_owned(), resumed: position.is_some(), ..Takeover::default() };
        for _ in 0..source.unordered(&table).await? {
            takeover.reject("a row without uri".to_owned(), Invalid::new("uri", "is missing"));
        }
        loop {
            let rows = source.rows(&table, position.as_deref(), BATCH).await?;
            let Some(last) = rows.last().map(|row| row.position.clone()) else { break };
            let articles = self.readable(rows, &mut takeover);
            let mut tx = self.store.begin().await?;
            self.take_over(&mut tx, articles, &mut takeover).await?;
            store::import::advance(&mut tx, &fingerprint, &last, self.now()).await?;
            store::commit(tx).await?;
            position = Some(last);
            tell(&takeover);
        }
        store::import::finish(&mut *self.store.conn().await?, &fingerprint, self.now()).await?;
        Ok(takeover)
    }

    /// The articles of rows, each address once, the last row of two counting.
    fn readable(&self, rows: Vec<Row>, takeover: &mut Takeover) -> Vec<Article> {
        let oldest = self.oldest_kept(self.now());
        let mut articles: Vec<Article> = Vec::new();
        for Row { position, fields } in rows {
            let uri = fields.as_ref().ok().and_then(|fields| fields.get("uri").cloned());
            match fields.and_then(auspex::article).and_then(|raw| raw.parse()) {
                Err(invalid) => takeover.reject(named(&position, uri), invalid),
                Ok(article) if oldest.is_some_and(|oldest| article.publication_date < oldest) => takeover.too_old += 1,
                Ok(article) => articles.push(article),
            }
        }
        // Sorting keeps the order of equals; in one order, two imports at once wait for each other and do not deadlock.
        articles.reverse();
        articles.sort_by(|a, b| a.uri.cmp(&b.uri));
        let all = articles.len();
        articles.dedup_by(|later, first| later.uri == first.uri);
        takeover.unchanged += (all - articles.len()) as u64;
        articles
    }

    async fn take_over(
        &self,
        tx: &mut store::Tx,
        mut articles: Vec<Article>,
        takeover: &mut Takeover,
    ) -> Result<(), Error> {
        let unchanged = store::article::unchanged(tx, &articles).await?;
        takeover.unchanged += unchanged.len() as u64;
        articles.retain(|article| !unchanged.contains(&article.uri));
        if articles.is_empty() {
            return Ok(());
        }
        let Upserted { inserted, updated } = store::article::upsert(tx, &articles, self.now()).await?;
        store::feed::link_addresses(tx, &articles).await?;
        takeover.inserted += inserted;
        takeover.updated += updated;
        Ok(())
    }

    /// Imports the prompts of an Auspex database, for an owner. A name that is taken is left alone, and said so.
    pub async fn import_auspex_prompts(&self, actor: &Actor, source: &SecretString) -> Result<Imported, Failed> {
        let mut source = Source::open(source).await?;
        let table = source.prompts().await?;
        let mut imported = Imported::default();
        let mut position = None;
        loop {
            let rows = source.rows(&table, position.as_deref(), BATCH).await?;
            let Some(last) = rows.last() else { break };
            position = Some(last.position.clone());
            for Row { position, fields } in rows {
                let found = match fields.map(auspex::prompt) {
                    Ok(found) if !found.text.is_empty() => found,
                    Ok(empty) => {
                        imported.rejected.push((empty.called, "It has no text.".to_owned()));
                        continue;
                    }
                    Err(invalid) => {
                        imported.rejected.push((format!("row {position}"), invalid.to_string()));
                        continue;
                    }
                };
                let (called, export) = (found.called.clone(), export(found));
                let one = self.import_prompts(actor, &[export]).await?;
                imported.added.extend(one.added);
                imported.rejected.extend(one.rejected.into_iter().map(|(_, reason)| (called.clone(), reason)));
            }
        }
        Ok(imported)
    }
}

fn export(found: auspex::FoundPrompt) -> Export {
    let auspex::FoundPrompt { called, name, title, description, text } = found;
    let note = format!("From Auspex, where it is called {called:?}.");
    Export::of_one(name, title, description, ExportedVersion { text, note, ..ExportedVersion::default() })
}

/// A row as an operator finds it again.
fn named(position: &str, uri: Option<String>) -> String {
    match uri {
        Some(uri) if uri != position => format!("row {position} ({})", crate::domain::text::excerpt(&uri, 200)),
        Some(_) | None => format!("row {position}"),
    }
}
