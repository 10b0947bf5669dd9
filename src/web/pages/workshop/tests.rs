//! Testing a draft: the form that asks a question, and what came of one test.

use askama::Template;

use super::Bench;
use crate::domain::trial::{DEFAULT_ARTICLES, Stage, Trial};
use crate::domain::{Access, TrialId};
use crate::web::Web;
use crate::web::pages::Failed;
use crate::web::pages::answer::AnswerView;
use crate::web::pages::shown::Moment;
use crate::workshop::article::TopicInfo;

/// What to test: question, topic, model, articles, window.
#[derive(Template)]
#[template(path = "workshop/test_form.html", config = "src/web/askama.toml")]
pub(super) struct TestForm {
    draft: i32,
    may_test: bool,
    has_text: bool,
    topics: Vec<TopicInfo>,
    topic: String,
    models: Vec<String>,
    default_model: String,
    articles: i32,
}

impl askama::filters::HtmlSafe for TestForm {}

impl TestForm {
    pub(super) async fn load(web: &Web, bench: &Bench) -> Result<Self, Failed> {
        let draft = &bench.draft;
        let (latest, _) = web.workshop.trials(&bench.actor, draft.id, 1, 0).await?;
        let topic = match latest.into_iter().next() {
            Some(trial) => trial.topic,
            None => {
                let about = format!("{} {} {}", draft.name, draft.description, draft.text);
                web.workshop.suggest_topic(&about).await?.unwrap_or_default()
            }
        };
        Ok(Self {
            draft: draft.id.0,
            may_test: bench.may(Access::Commenter),
            has_text: draft.revision.0 > 0,
            topics: web.workshop.topics().await?,
            topic,
            models: web.workshop.models_tested_with().await?,
            default_model: web.workshop.models().default_model(),
            articles: DEFAULT_ARTICLES,
        })
    }
}

/// What came of one test: the one asked for, else the latest.
#[derive(Template)]
#[template(path = "workshop/test_result.html", config = "src/web/askama.toml")]
pub(super) struct TestResult {
    draft: i32,
    trial: Option<Trial>,
    steps: Vec<Step>,
    answer: Option<AnswerView>,
    /// Whether the address names the test: then it stays, whatever is tested meanwhile.
    named: bool,
    may_test: bool,
}

impl askama::filters::HtmlSafe for TestResult {}

/// One step of a test, for progress.
struct Step {
    word: &'static str,
    /// `done`, `now` or `later`.
    state: &'static str,
}

impl TestResult {
    pub(super) async fn load(web: &Web, bench: &Bench, wanted: Option<TrialId>) -> Result<Self, Failed> {
        let id = bench.draft.id;
        let trial = match wanted {
            Some(trial) => Some(web.workshop.trial(&bench.actor, id, trial).await?),
            None => web.workshop.trials(&bench.actor, id, 1, 0).await?.0.into_iter().next(),
        };
        Ok(Self {
            draft: id.0,
            answer: trial.as_ref().and_then(|trial| {
                let may_rate = bench.access.allows(Access::Commenter);
                AnswerView::of(trial, &bench.actor, may_rate, "test-result history")
            }),
            steps: trial.as_ref().map(steps).unwrap_or_default(),
            named: wanted.is_some(),
            may_test: bench.may(Access::Commenter),
            trial,
        })
    }
}

fn steps(trial: &Trial) -> Vec<Step> {
    if trial.status.is_final() {
        return Vec::new();
    }
    let words = [
        (Stage::Queued, "Queued"),
        (Stage::Searching, "Searching"),
        (Stage::Writing, "Writing"),
        (Stage::Done, "Done"),
    ];
    let state = |stage: Stage| match stage.cmp(&trial.stage) {
        std::cmp::Ordering::Less => "done",
        std::cmp::Ordering::Equal => "now",
        std::cmp::Ordering::Greater => "later",
    };
    words.into_iter().map(|(stage, word)| Step { word, state: state(stage) }).collect()
}
