//! Errands about suites of questions.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Caller, Errand as Any, Given, Noun, Word, word};
use crate::chat::command::Unclear;
use crate::chat::reply::{self, Reply};
use crate::chat::slot::{Kind, Slot, needed, optional};
use crate::domain::Invalid;
use crate::domain::batch::Texts;
use crate::domain::suite::{SuiteName, SuiteQuestion};
use crate::domain::trial::{DEFAULT_ARTICLES, parse_model, parse_question};
use crate::workshop::Error;
use crate::workshop::batch::BatchRequest;

/// How many suites one reply lists.
const LISTED: i64 = 30;

/// How long the terminal waits for a table.
const TERMINAL_WAIT: Duration = Duration::from_secs(600);

/// What can be said about suites.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Errand {
    /// List them.
    List,
    /// Show one.
    Show {
        /// Its name.
        suite: String,
    },
    /// Add a question; makes the suite when there is none.
    Add {
        /// Its name.
        suite: String,
        /// The question.
        question: String,
    },
    /// Take a question out.
    Drop {
        /// Its name.
        suite: String,
        /// The question's number, from 1.
        number: usize,
    },
    /// Run it on the draft that is meant.
    Run {
        /// Its name.
        suite: String,
        /// Which revisions and versions, such as "1,3,v2"; empty for the current revision.
        texts: String,
        /// Which models, separated by commas; empty for the usual one.
        models: String,
    },
    /// Delete it.
    Delete {
        /// Its name.
        suite: String,
    },
}

const NAME: Slot = needed("suite", Kind::Text(50), "The suite's name");
const QUESTION: Slot = needed("question", Kind::Text(1_000), "Such as: How did war-risk premiums move?");
const NUMBER: Slot = needed("number", Kind::Number, "The question's number");
const TEXTS: Slot = optional("revisions", Kind::Text(100), "Such as 1,3 or v2; the current one when left out");
const MODELS: Slot = optional("models", Kind::Text(400), "Separated by commas; the usual one when left out");

const WORDS: &[Word] = &[
    word("suite list", "", "list the suites", &[]),
    word("suite show", "NAME", "show a suite's questions", &[NAME]),
    word("suite add", "NAME QUESTION", "add a question to a suite, new or not", &[NAME, QUESTION]),
    word("suite drop", "NAME N", "take a question out of a suite", &[NAME, NUMBER]),
    word("suite run", "NAME [REVISIONS] [MODELS]", "test the draft on a suite", &[NAME, TEXTS, MODELS]),
    word("suite delete", "NAME", "delete a suite", &[NAME]),
];

pub(super) const NOUN: Noun = Noun { words: WORDS, read };

fn read(given: &Given<'_>) -> Result<Any, Unclear> {
    let suite = || given.needed("suite");
    Ok(Any::Suite(match given.verb {
        "suite list" => Errand::List,
        "suite show" => Errand::Show { suite: suite()? },
        "suite add" => Errand::Add { suite: suite()?, question: given.needed("question")? },
        "suite drop" => Errand::Drop { suite: suite()?, number: given.parsed_needed("number")? },
        "suite run" => Errand::Run { suite: suite()?, texts: given.text("revisions"), models: given.text("models") },
        "suite delete" => Errand::Delete { suite: suite()? },
        _ => return Err(given.usage()),
    }))
}

impl Errand {
    pub(super) fn only_reads(&self) -> bool {
        match self {
            Self::List | Self::Show { .. } => true,
            Self::Add { .. } | Self::Drop { .. } | Self::Run { .. } | Self::Delete { .. } => false,
        }
    }

    pub(super) fn typed(&self) -> &str {
        match self {
            Self::Add { question, .. } => question,
            Self::List | Self::Show { .. } | Self::Drop { .. } | Self::Run { .. } | Self::Delete { .. } => "",
        }
    }

    pub(super) async fn run(&self, caller: &Caller<'_>) -> Result<Reply, Error> {
        let Caller { workshop, actor, marker, .. } = caller;
        Ok(match self {
            Self::List => {
                let (suites, total) = workshop.suites(actor, LISTED, 0).await?;
                reply::suites(&suites, total, marker)
            }
            Self::Show { suite } => reply::suite(&workshop.suite(actor, suite).await?, marker),
            Self::Add { suite, question } => add(caller, suite, question).await?,
            Self::Drop { suite, number } => {
                reply::dropped_from_suite(&workshop.drop_from_suite(actor, suite, *number).await?, *number)
            }
            Self::Run { suite, texts, models } => run(caller, suite, texts, models).await?,
            Self::Delete { suite } => {
                workshop.delete_suite(actor, suite).await?;
                reply::suite_deleted(suite)
            }
        })
    }
}

async fn add(caller: &Caller<'_>, suite: &str, question: &str) -> Result<Reply, Error> {
    let (name, question) = (SuiteName::parse(suite)?, parse_question(question)?);
    let Some(topic) = caller.workshop.suggest_topic(&question).await? else { return Ok(reply::topics(&[], None)) };
    let new = SuiteQuestion { question: question.clone(), topic, article_limit: DEFAULT_ARTICLES };
    let suite = caller.workshop.add_to_suite(caller.actor, &name, new).await?;
    Ok(reply::added_to_suite(&suite, &question, caller.marker))
}

async fn run(caller: &Caller<'_>, suite: &str, texts: &str, models: &str) -> Result<Reply, Error> {
    let Caller { workshop, actor, marker, .. } = caller;
    let texts = Texts::parse(texts)?;
    let models = models.split(',').map(str::trim).filter(|model| !model.is_empty());
    let models = models.map(parse_model).collect::<Result<Vec<_>, _>>()?;
    let draft = caller.draft(None).await?;
    let request = BatchRequest { suite: suite.to_owned(), texts, models, article_limit: None };
    let Some(place) = caller.place else {
        let batch = workshop.start_batch(actor, draft.id, request, None).await?;
        let report = workshop.batch_within(actor, draft.id, batch.id, TERMINAL_WAIT).await?;
        return Ok(match report.batch.status.is_final() {
            true => reply::batch::table(&report),
            false => reply::suite_goes_on(&report.batch),
        });
    };
    let homes = workshop.homes(actor, draft.id).await?;
    let here = homes.iter().find(|home| home.place == *place).or(homes.first());
    let Some(home) = here else {
        return Err(Invalid::new("draft", reply::lives_nowhere(&draft, marker)).into());
    };
    let batch = workshop.start_batch(actor, draft.id, request, caller.key).await?;
    Ok(reply::suite_runs(&batch, &home.place))
}
