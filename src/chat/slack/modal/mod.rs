//! Forms: what each asks, in Slack's words. How they are read is in [`read`].

pub mod read;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::markup;
use super::render::{context, plain_text};
use crate::chat::form::{Sheet, pieces};
use crate::chat::inbound::CommitFields;
use crate::chat::reply::capitalized;
use crate::domain::draft::Draft;
use crate::domain::library::CommitWarning;
use crate::domain::place::Place;
use crate::domain::proposal;
use crate::domain::text::excerpt;
use crate::domain::trial::{DEFAULT_ARTICLES, Trial};
use crate::domain::{DraftId, ProposalNumber, RevisionNumber, TrialId};
use crate::workshop::proposal::Proposal;

/// The most characters that one text input holds (Slack's limit).
const INPUT: usize = 3_000;

/// How much of a longer text is put into one input, so that there is room to write more.
const PIECE: usize = 2_500;

/// What a form remembers of where it was opened, and what it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Where it was opened.
    pub place: Place,
    /// What it is about.
    pub about: About,
}

/// What a form is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "form", rename_all = "snake_case")]
pub enum About {
    /// A test of a draft.
    Test {
        /// The draft.
        draft: DraftId,
    },
    /// A draft's text.
    Edit {
        /// The draft.
        draft: DraftId,
        /// The revision that is edited.
        base: RevisionNumber,
    },
    /// A commit.
    Commit {
        /// The draft.
        draft: DraftId,
        /// Whether the form shows a warning, so that sending it is the second yes.
        confirm: bool,
    },
    /// A note on a test.
    Note {
        /// The test.
        trial: TrialId,
    },
    /// Which changes of a proposal to accept.
    Pick {
        /// The draft.
        draft: DraftId,
        /// The proposal.
        proposal: ProposalNumber,
    },
    /// What to compare a test with.
    Compare {
        /// The test.
        trial: TrialId,
    },
    /// A new workshop.
    New,
}

/// The time windows that a test's form offers: how it is sent, what it says, and its days.
pub const WINDOWS: &[(&str, &str, Option<i64>)] = &[
    ("question", "As the question says", None),
    ("7", "The last 7 days", Some(7)),
    ("30", "The last 30 days", Some(30)),
    ("90", "The last 90 days", Some(90)),
    ("365", "The last year", Some(365)),
];

fn view(title: &str, submit: &str, memory: &Memory, blocks: Vec<Value>) -> Value {
    json!({
        "type": "modal",
        "callback_id": "pw",
        "title": plain_text(title, 24),
        "submit": plain_text(submit, 24),
        "close": plain_text("Cancel", 24),
        "private_metadata": serde_json::to_string(memory).unwrap_or_default(),
        "blocks": blocks,
    })
}

/// A form as Slack shows it.
pub(in crate::chat) fn view_of(sheet: &Sheet, place: &Place) -> Value {
    match sheet {
        // Slack hears what is said, and shows no button that asks for it.
        Sheet::New { need } | Sheet::Say { text: need, .. } => new(need, place),
        Sheet::Test { draft, topic, question, model } => test(draft, topic.as_deref(), question, model, place),
        Sheet::Edit { draft, text, warning } => edit(draft, text, place, warning.as_deref()),
        Sheet::Commit { draft, fields, warning } => commit(draft, fields, *warning, place),
        Sheet::Note { trial, known } => note(trial, known, place),
        Sheet::Pick(proposal) => pick(proposal, place),
        Sheet::Compare { trial, others } => compare(trial, others, place),
    }
}

/// An input, and the element in it, under one name: Slack keeps values by both.
fn input(block: &str, label: &str, hint: &str, optional: bool, mut element: Value) -> Value {
    element["action_id"] = json!(block);
    let mut input = json!({
        "type": "input",
        "block_id": block,
        "label": plain_text(label, 150),
        "optional": optional,
        "element": element,
    });
    if !hint.is_empty() {
        input["hint"] = plain_text(hint, 150);
    }
    input
}

fn text_input(initial: &str, multiline: bool, (least, most): (usize, usize)) -> Value {
    let mut element = json!({
        "type": "plain_text_input",
        "multiline": multiline,
        "max_length": most,
    });
    if least > 0 {
        element["min_length"] = json!(least);
    }
    if !initial.is_empty() {
        element["initial_value"] = json!(initial.chars().take(most).collect::<String>());
    }
    element
}

fn said(text: &str) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": text, "verbatim": true } })
}

/// An option of a list.
pub fn option(text: &str, value: &str) -> Value {
    json!({ "text": plain_text(text, 75), "value": excerpt(value, 150) })
}

/// Asks for a question and what it is tested on.
fn test(draft: &Draft, topic: Option<&str>, question: &str, model: &str, place: &Place) -> Value {
    let memory = Memory { place: place.clone(), about: About::Test { draft: draft.id } };
    let mut topics = json!({
        "type": "external_select",
        "min_query_length": 0,
        "placeholder": plain_text("Choose or search a topic", 150),
    });
    if let Some(topic) = topic {
        topics["initial_option"] = option(topic, topic);
    }
    let window = json!({
        "type": "static_select",
        "initial_option": option(WINDOWS[0].1, WINDOWS[0].0),
        "options": WINDOWS.iter().map(|(value, text, _)| option(text, value)).collect::<Vec<_>>(),
    });
    let articles = json!({
        "type": "number_input",
        "is_decimal_allowed": false,
        "min_value": "5",
        "max_value": "200",
        "initial_value": DEFAULT_ARTICLES.to_string(),
    });
    let usual = if model.is_empty() { "The usual one".to_owned() } else { format!("Empty: {model}") };
    view(
        "Test the draft",
        "Test",
        &memory,
        vec![
            context(&[&format!("Draft {} · {} · revision {}", draft.id, draft.name, draft.revision)]),
            input("question", "Question", "10 to 1,000 characters", false, text_input(question, true, (10, 1_000))),
            input("topic", "Topic", "", false, topics),
            input("articles", "Articles", "At most this many: 5 to 200", false, articles),
            input("window", "Published", "", false, window),
            input("model", "Model", &usual, true, text_input("", false, (0, 200))),
        ],
    )
}

/// A draft's text, to be edited. A long one is cut at its lines into several inputs, and put together again when sent.
fn edit(draft: &Draft, text: &str, place: &Place, warning: Option<&str>) -> Value {
    let memory = Memory { place: place.clone(), about: About::Edit { draft: draft.id, base: draft.revision } };
    let pieces = pieces(text, PIECE);
    let several = pieces.len() > 1;
    let mut blocks: Vec<Value> = warning.map(said).into_iter().collect();
    if several {
        blocks.push(context(&["Slack's fields hold 3,000 characters each; the parts are put together when you save."]));
    }
    for (index, piece) in pieces.iter().enumerate() {
        let label = if several { format!("Text, part {} of {}", index + 1, pieces.len()) } else { "Text".to_owned() };
        // Each warning is a new form to Slack, whose inputs must not keep what an earlier one held.
        let block = format!("text{index}");
        blocks.push(input(&block, &label, "", true, text_input(piece, true, (0, INPUT))));
    }
    view("Edit the draft", "Save", &memory, blocks)
}

/// Whether a text can be edited in a form: a line that is longer than an input cannot.
pub fn fits_form(text: &str) -> bool {
    let pieces = pieces(text, PIECE);
    pieces.len() <= 90 && pieces.iter().all(|piece| piece.chars().count() <= INPUT)
}

/// Asks for a name and a title; with a warning, sending the form is the second yes.
fn commit(draft: &Draft, fields: &CommitFields, warning: Option<CommitWarning>, place: &Place) -> Value {
    let memory = Memory { place: place.clone(), about: About::Commit { draft: draft.id, confirm: warning.is_some() } };
    let mut blocks = Vec::new();
    if let Some(warning) = warning {
        blocks.push(said(&format!("⚠️ {} You can commit it all the same.", markup::escape(&warning.to_string()))));
    }
    blocks.extend([
        input(
            "name",
            "Name",
            "3 to 50 characters: a to z, digits and _",
            false,
            text_input(&fields.name, false, (3, 50)),
        ),
        input("title", "Title", "5 to 100 characters", false, text_input(&fields.title, false, (5, 100))),
        input("description", "What it is for", "", true, text_input(&fields.description, true, (0, 500))),
        input("note", "What is new", "For the history of its versions", true, text_input(&fields.note, true, (0, 500))),
    ]);
    let submit = if warning.is_some() { "Commit anyway" } else { "Commit" };
    view("Commit to the library", submit, &memory, blocks)
}

/// Asks for a note on a test.
fn note(trial: &Trial, known: &str, place: &Place) -> Value {
    let memory = Memory { place: place.clone(), about: About::Note { trial: trial.id } };
    let blocks = vec![
        context(&[&excerpt(&trial.question, 300)]),
        input("note", "Note", "At most 500 characters", false, text_input(known, true, (0, 500))),
    ];
    view("Add a note", "Save", &memory, blocks)
}

/// Asks which changes of a proposal to accept.
fn pick(proposal: &Proposal, place: &Place) -> Value {
    let about = About::Pick { draft: proposal.draft, proposal: proposal.number };
    let memory = Memory { place: place.clone(), about };
    let changes = proposal::changes(&proposal.base_text, &proposal.text, &proposal.reasons);
    let choice = |change: &proposal::Change| {
        let shown = if change.after.trim().is_empty() { &change.before } else { &change.after };
        let mut choice = option(&format!("{}. {}", change.index, change.reason), &change.index.to_string());
        choice["description"] = plain_text(shown, 75);
        choice
    };
    // A list of boxes holds ten.
    let groups = changes.chunks(10).take(9).enumerate().map(|(index, group)| {
        let boxes = json!({
            "type": "checkboxes",
            "options": group.iter().map(choice).collect::<Vec<_>>(),
        });
        input(&format!("changes{index}"), "Changes to accept", "", true, boxes)
    });
    view("Accept some changes", "Accept", &memory, groups.collect())
}

/// Asks which test to compare with.
fn compare(trial: &Trial, others: &[Trial], place: &Place) -> Value {
    let memory = Memory { place: place.clone(), about: About::Compare { trial: trial.id } };
    let choice = |other: &Trial| {
        let stars = other.mean_rating().map_or(String::new(), |mean| format!(" · {mean:.1} ★"));
        option(&format!("{}{stars} · {}", capitalized(&other.tested()), other.question), &other.id.to_string())
    };
    let list = json!({
        "type": "static_select",
        "placeholder": plain_text("Choose a test", 150),
        "options": others.iter().take(100).map(choice).collect::<Vec<_>>(),
    });
    let blocks = vec![context(&[&excerpt(&trial.question, 300)]), input("with", "Compare with", "", false, list)];
    view("Compare tests", "Compare", &memory, blocks)
}

/// Asks what a new workshop is for.
fn new(known: &str, place: &Place) -> Value {
    let memory = Memory { place: place.clone(), about: About::New };
    let hint = "For example: executive-level financial analysis with risk focus";
    let blocks = vec![input("need", "What do you need?", hint, true, text_input(known, true, (0, INPUT)))];
    view("New workshop", "Start", &memory, blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_in_pieces_is_the_text_again() {
        let text = format!("{}\n\nshort\n{}\n\n", "x".repeat(2_000), "a line of words\n".repeat(600));
        let cut = pieces(&text, PIECE);
        assert!(cut.len() > 3 && cut.iter().all(|piece| piece.chars().count() <= PIECE), "{}", cut.len());
        assert_eq!(cut.join("\n"), text);
        assert!(fits_form(&text));
        assert_eq!(pieces("one", PIECE), ["one"]);
        assert!(!fits_form(&"x".repeat(3_001)), "a single line is never cut");
    }
}
