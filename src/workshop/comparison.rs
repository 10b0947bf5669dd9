//! Tests side by side, and the history of a draft.

use super::{Error, Noun, Workshop};
use crate::domain::article::FrozenArticle;
use crate::domain::history::{Tested, Wanted};
use crate::domain::proposal;
use crate::domain::trial::Trial;
use crate::domain::{Access, Actor, ArticleId, DraftId, Invalid, TrialId};
use crate::store::{self, Conn};

/// How many tests are compared.
const COMPARED: std::ops::RangeInclusive<usize> = 2..=6;

/// Tests side by side.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The tests, in the order they were named.
    pub tests: Vec<Compared>,
    /// Articles that every test was given, in the order of the first.
    pub common: Vec<FrozenArticle>,
}

/// One test beside others.
#[derive(Debug, Clone)]
pub struct Compared {
    /// The test.
    pub trial: Trial,
    /// What its prompt changes against that of the first test, as a unified diff; empty where nothing differs.
    pub diff: String,
    /// Articles that no other of the tests was given.
    pub only: Vec<FrozenArticle>,
}

impl Workshop {
    /// Compares 2 to 6 tests of drafts that the actor may see.
    pub async fn compare_trials(&self, actor: &Actor, ids: &[TrialId]) -> Result<Comparison, Error> {
        let twice = ids.iter().enumerate().any(|(index, id)| ids[..index].contains(id));
        if !COMPARED.contains(&ids.len()) || twice {
            return Err(Invalid::new("tests", "must be 2 to 6 different tests").into());
        }
        let mut conn = self.store.conn().await?;
        let mut found = store::trial::find_all(&mut conn, ids).await?;
        found.sort_by_key(|trial| ids.iter().position(|id| *id == trial.id));
        if found.len() != ids.len() {
            return Err(Error::NotFound(Noun::Trial));
        }
        let (mut texts, mut articles) = (Vec::new(), Vec::new());
        for trial in &found {
            match self.draft_for(&mut conn, actor, trial.draft, Access::Viewer).await {
                Err(Error::NotFound(_)) => return Err(Error::NotFound(Noun::Trial)),
                seen => seen?,
            };
            texts.push(tested_text(&mut conn, actor, trial).await?);
            articles.push(match trial.retrieval {
                Some(retrieval) => store::article::frozen(&mut conn, retrieval).await?,
                None => Vec::new(),
            });
        }
        let given = |list: &[FrozenArticle], id: ArticleId| list.iter().any(|article| article.id == id);
        let common = articles.first().into_iter().flatten();
        let common = common.filter(|article| articles.iter().all(|list| given(list, article.id))).cloned().collect();
        let diffs = diffs(&found, &texts);
        let tests = found.into_iter().zip(diffs).enumerate().map(|(index, (trial, diff))| {
            let elsewhere = |id| articles.iter().enumerate().any(|(other, list)| other != index && given(list, id));
            let only = articles[index].iter().filter(|article| !elsewhere(article.id)).cloned().collect();
            Compared { trial, diff, only }
        });
        Ok(Comparison { tests: tests.collect(), common })
    }

    /// A page of the wanted tests of a draft, and how many there are on all pages.
    pub async fn tests_wanted(
        &self,
        actor: &Actor,
        draft: DraftId,
        wanted: Wanted,
        limit: i64,
        offset: i64,
    ) -> Result<(Vec<Trial>, i64), Error> {
        let mut conn = self.store.conn().await?;
        self.draft_for(&mut conn, actor, draft, Access::Viewer).await?;
        Ok(store::trial::history::page(&mut conn, draft, wanted, limit, offset).await?)
    }

    /// What the tests of each text of a draft came to, the latest texts last.
    pub async fn history(&self, actor: &Actor, draft: DraftId) -> Result<Vec<Tested>, Error> {
        let mut conn = self.store.conn().await?;
        self.draft_for(&mut conn, actor, draft, Access::Viewer).await?;
        Ok(store::trial::history::of(&mut conn, draft).await?)
    }
}

/// The text that a test tested, if it is there and the actor may see it.
async fn tested_text(conn: &mut Conn, actor: &Actor, trial: &Trial) -> Result<Option<String>, Error> {
    let Some((name, number)) = &trial.version else {
        return Ok(store::draft::revision_text(conn, trial.draft, trial.revision).await?);
    };
    match store::library::find_visible(conn, name, actor.account).await? {
        Some((prompt, _)) => Ok(store::version::text(conn, prompt.id, *number).await?),
        None => Ok(None),
    }
}

fn diffs(trials: &[Trial], texts: &[Option<String>]) -> Vec<String> {
    let one_draft = trials.iter().all(|trial| trial.draft == trials[0].draft);
    let name = |trial: &Trial| match one_draft || trial.version.is_some() {
        true => trial.tested(),
        false => format!("draft {} {}", trial.draft, trial.tested()),
    };
    let against_first = |(trial, text): (&Trial, &Option<String>)| match (texts.first(), text) {
        (Some(Some(first)), Some(text)) if first != text => {
            proposal::unified(first, text, &name(&trials[0]), &name(trial))
        }
        _ => String::new(),
    };
    trials.iter().zip(texts).map(against_first).collect()
}
