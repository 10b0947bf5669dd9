//! Forms that were sent: read and checked while the person still sees them, so that a mistake loses nothing.

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::{About, Memory, WINDOWS};
use crate::chat::inbound::{CommitFields, Form};
use crate::domain::research_window::Window;
use crate::domain::trial;
use crate::domain::{Instant, Invalid, draft, library};

/// A form with values that cannot be used: Slack shows a sentence at each.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mistakes(Map<String, Value>);

impl Mistakes {
    /// One mistake, at one input.
    pub fn at(block: &str, sentence: impl Into<String>) -> Self {
        let mut mistakes = Self::default();
        mistakes.add(block, sentence.into());
        mistakes
    }

    fn add(&mut self, block: &str, sentence: String) {
        self.0.insert(block.to_owned(), json!(sentence));
    }

    /// What Slack is answered.
    pub fn answer(self) -> Value {
        json!({ "response_action": "errors", "errors": self.0 })
    }
}

/// What a form remembers.
pub fn memory(view: &Value) -> Option<Memory> {
    serde_json::from_str(view["private_metadata"].as_str()?).ok()
}

/// The first input of a form, where what is wrong with the whole is shown.
pub fn first_input(view: &Value) -> String {
    let blocks = view["blocks"].as_array().map(Vec::as_slice).unwrap_or_default();
    let first = blocks.iter().find(|block| block["type"] == "input");
    first.and_then(|block| block["block_id"].as_str()).unwrap_or("value").to_owned()
}

/// The input of the form that holds a field.
pub fn input_of(field: &str, view: &Value) -> String {
    let block = match field {
        "test_query" => "question",
        "limit" => "articles",
        "notes" => "note",
        other => other,
    };
    let blocks = view["blocks"].as_array().map(Vec::as_slice).unwrap_or_default();
    match blocks.iter().any(|known| known["block_id"] == block && known["type"] == "input") {
        true => block.to_owned(),
        false => first_input(view),
    }
}

/// Reads a form; every value is checked as far as that can be done without asking anybody.
pub fn read(about: &About, view: &Value, now: Instant) -> Result<Form, Mistakes> {
    let state = &view["state"]["values"];
    let text = |block: &str| typed(view, block);
    let choice = |block: &str| chosen(view, block);
    let mut mistakes = Mistakes::default();
    let mut check = |result: Result<(), Invalid>, block: &str| {
        if let Err(invalid) = result {
            mistakes.add(block, format!("This {}.", invalid.reason));
        }
    };
    let form = match about {
        About::Test { draft } => {
            let topic = choice("topic").unwrap_or_default();
            let (question, model) = (text("question"), text("model"));
            check(trial::parse_question(&question).map(|_| ()), "question");
            check(trial::parse_topic(&topic).map(|_| ()), "topic");
            if !model.trim().is_empty() {
                check(trial::parse_model(&model).map(|_| ()), "model");
            }
            let limit = trial::parse_limit(Some(text("articles").trim().parse().unwrap_or(0)));
            let articles = limit.as_ref().copied().unwrap_or_default();
            check(limit.map(|_| ()), "articles");
            let model = Some(model.trim().to_owned()).filter(|model| !model.is_empty());
            let window = window(choice("window").as_deref(), now);
            Form::Test { draft: *draft, question, topic, articles, model, window }
        }
        About::Edit { draft, base } => {
            let texts: Vec<String> = (0..)
                .map(|index| format!("text{index}"))
                .take_while(|block| state.get(block).is_some() || !shown(view, block).is_null())
                .map(|block| typed(view, &block))
                .collect();
            let text = texts.join("\n");
            check(draft::parse_text("text", &text).map(|_| ()), "text0");
            Form::Edit { draft: *draft, base: *base, text }
        }
        About::Commit { draft, confirm } => {
            let fields = commit_fields(view);
            check(library::PromptName::parse(&fields.name).map(|_| ()), "name");
            check(library::parse_title(&fields.title).map(|_| ()), "title");
            check(library::parse_description(&fields.description).map(|_| ()), "description");
            check(library::parse_note(&fields.note).map(|_| ()), "note");
            Form::Commit { draft: *draft, fields, confirm: *confirm }
        }
        About::Note { trial } => {
            let note = text("note");
            check(trial::parse_note(&note).map(|_| ()), "note");
            Form::Note { trial: *trial, note }
        }
        About::Pick { draft, proposal } => {
            let groups = (0..)
                .map(|index| format!("changes{index}"))
                .map_while(|block| state.get(&block).map(|input| &input[&block]));
            let chosen = groups.flat_map(|group| group["selected_options"].as_array().cloned().unwrap_or_default());
            let changes: Vec<usize> = chosen.filter_map(|option| option["value"].as_str()?.parse().ok()).collect();
            if changes.is_empty() {
                check(
                    Err(Invalid::new("changes", "needs one change at least; press Reject to accept none")),
                    "changes0",
                );
            }
            Form::Pick { draft: *draft, proposal: *proposal, changes }
        }
        About::Compare { trial } => {
            let with = choice("with").and_then(|id| id.parse().ok());
            match with {
                Some(with) => Form::Compare { trial: *trial, with },
                None => return Err(Mistakes::at("with", "Choose a test.")),
            }
        }
        About::New => Form::New { need: text("need") },
    };
    if mistakes.0.is_empty() { Ok(form) } else { Err(mistakes) }
}

/// An input of the form, as it was shown.
fn shown<'a>(view: &'a Value, block: &str) -> &'a Value {
    let blocks = view["blocks"].as_array().map(Vec::as_slice).unwrap_or_default();
    blocks.iter().find(|known| known["block_id"] == block).map_or(&Value::Null, |known| &known["element"])
}

/// What an input holds; one that was left alone holds what it was shown with.
fn typed(view: &Value, block: &str) -> String {
    let entered = &view["state"]["values"][block][block];
    let value = if entered.is_null() { &shown(view, block)["initial_value"] } else { &entered["value"] };
    value.as_str().unwrap_or_default().to_owned()
}

/// What is chosen in a list; one that was left alone has what it was shown with.
fn chosen(view: &Value, block: &str) -> Option<String> {
    let entered = &view["state"]["values"][block][block];
    let option = if entered.is_null() { &shown(view, block)["initial_option"] } else { &entered["selected_option"] };
    option["value"].as_str().map(str::to_owned)
}

/// What was typed into a commit's form.
fn commit_fields(view: &Value) -> CommitFields {
    let text = |block: &str| typed(view, block).trim().to_owned();
    CommitFields { name: text("name"), title: text("title"), description: text("description"), note: text("note") }
}

fn window(choice: Option<&str>, now: Instant) -> Option<Window> {
    let days = WINDOWS.iter().find(|(value, ..)| Some(*value) == choice).and_then(|(_, _, days)| *days)?;
    Some(Window { from: now - TimeDelta::days(days), to: now })
}
