//! Forms: what each asks, in Discord's words, and how it is read. What is chosen from a list is a message with that list,
//! since Discord's classic forms have fields for text only.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::render::{entry, plain, select};
use crate::chat::button::{Button, Press};
use crate::chat::form::{Sheet, pieces};
use crate::chat::inbound::Form;
use crate::chat::reply::{self, capitalized};
use crate::domain::proposal;
use crate::domain::research_window::Window;
use crate::domain::trial::{self, DEFAULT_ARTICLES};
use crate::domain::{Instant, Invalid, RevisionNumber};

/// The most characters of a form's title, a field's name, what stands in an empty field, and a field (Discord).
const TITLE: usize = 45;
const LABEL: usize = 45;
const PLACEHOLDER: usize = 100;
const FIELD: usize = 4_000;

/// The most fields of a form (Discord).
const FIELDS: usize = 5;

/// How much of a longer text is put into one field, so that there is room to write more.
const PIECE: usize = 3_600;

/// The most entries of a list (Discord).
const ENTRIES: usize = 25;

/// What somebody who wants a form is answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// A form.
    Modal(Value),
    /// A message that only they see, with a list to choose from.
    List {
        /// What it says.
        text: String,
        /// The list, in its row.
        row: Value,
    },
}

/// A field of a form.
struct Field<'a> {
    id: String,
    label: &'a str,
    hint: &'a str,
    value: &'a str,
    long: bool,
    /// How many characters it takes.
    length: (usize, usize),
    required: bool,
}

impl<'a> Field<'a> {
    fn line(id: &str, label: &'a str, hint: &'a str, value: &'a str, length: (usize, usize)) -> Self {
        Self { id: id.to_owned(), label, hint, value, long: false, length, required: length.0 > 0 }
    }

    fn long(self) -> Self {
        Self { long: true, ..self }
    }

    fn row(&self) -> Value {
        let (least, most) = self.length;
        let mut input = json!({
            "type": 4,
            "custom_id": self.id,
            "label": plain(self.label, LABEL),
            "style": if self.long { 2 } else { 1 },
            "max_length": most,
            "required": self.required,
        });
        if least > 0 {
            input["min_length"] = json!(least);
        }
        if !self.value.is_empty() {
            input["value"] = json!(self.value.chars().take(most).collect::<String>());
        }
        if !self.hint.is_empty() {
            input["placeholder"] = json!(plain(self.hint, PLACEHOLDER));
        }
        json!({ "type": 1, "components": [input] })
    }
}

fn modal(about: &Button, title: &str, fields: &[Field<'_>]) -> Shown {
    let rows: Vec<Value> = fields.iter().map(Field::row).collect();
    Shown::Modal(json!({ "custom_id": about.to_string(), "title": plain(title, TITLE), "components": rows }))
}

/// A form as Discord shows it.
pub(in crate::chat) fn shown(sheet: &Sheet) -> Result<Shown, Invalid> {
    Ok(match sheet {
        Sheet::New { need } => {
            let hint = "Such as: executive-level financial analysis with risk focus";
            let need = Field::line("need", "What do you need?", hint, need, (0, FIELD)).long();
            modal(&Button::new(Press::New, 0, 0), "New workshop", &[need])
        }
        Sheet::Say { draft, text } => {
            let text = Field::line("text", "What do you want to say?", "", text, (1, FIELD)).long();
            modal(&Button::new(Press::Say, draft, 0), "Reply", &[text])
        }
        Sheet::Test { draft, topic, question, model } => {
            let articles = DEFAULT_ARTICLES.to_string();
            let usual = format!("Empty: {model}");
            let usual = if model.is_empty() { "Empty: the usual one" } else { &usual };
            let title = format!("Test draft {}, revision {}", draft.id, draft.revision);
            modal(
                &Button::new(Press::Test, draft.id, 0),
                &title,
                &[
                    Field::line("question", "Question", "10 to 1,000 characters", question, (10, 1_000)).long(),
                    Field::line("topic", "Topic", "", topic.as_deref().unwrap_or_default(), (1, 100)),
                    Field::line("articles", "Articles: 5 to 200", "", &articles, (1, 3)),
                    Field::line("days", "Published within days", "Empty: as the question says", "", (0, 4)),
                    Field::line("model", "Model", usual, "", (0, 200)),
                ],
            )
        }
        Sheet::Edit { draft, text, warning } => {
            let parts = pieces(text, PIECE);
            if parts.len() > FIELDS || parts.iter().any(|part| part.chars().count() > FIELD) {
                return Err(Invalid::new("text", reply::TOO_LONG_FOR_FORM));
            }
            let several = parts.len() > 1;
            let name = |part: usize| {
                if several { format!("Text, part {} of {}", part + 1, parts.len()) } else { "Text".to_owned() }
            };
            let names: Vec<String> = (0..parts.len()).map(name).collect();
            let fields: Vec<Field<'_>> = parts
                .iter()
                .zip(&names)
                .enumerate()
                .map(|(part, (text, name))| Field::line(&format!("text{part}"), name, "", text, (0, FIELD)).long())
                .collect();
            let title = match warning {
                Some(_) => format!("Edit: changed since, now revision {}", draft.revision),
                None => format!("Edit draft {}, revision {}", draft.id, draft.revision),
            };
            modal(&Button::new(Press::Edit, draft.id, draft.revision.0.into()), &title, &fields)
        }
        Sheet::Commit { draft, fields, warning } => {
            let title = match warning {
                Some(warning) => format!("⚠️ {warning}"),
                None => "Commit to the library".to_owned(),
            };
            let confirm = i64::from(warning.is_some());
            let name_label = if warning.is_some() { "Name, to commit it all the same" } else { "Name" };
            modal(
                &Button::new(Press::Commit, draft.id, confirm),
                &title,
                &[
                    Field::line("name", name_label, "3 to 50 characters: a to z, digits and _", &fields.name, (3, 50)),
                    Field::line("title", "Title", "5 to 100 characters", &fields.title, (5, 100)),
                    Field::line("description", "What it is for", "", &fields.description, (0, 500)).long(),
                ],
            )
        }
        Sheet::Note { trial, known } => {
            let note = Field::line("note", "Note", "At most 500 characters", known, (0, 500)).long();
            modal(&Button::new(Press::Note, trial.id, 0), "Add a note", &[note])
        }
        Sheet::Pick(proposal) => {
            let changes = proposal::changes(&proposal.base_text, &proposal.text, &proposal.reasons);
            let options: Vec<Value> = changes
                .iter()
                .take(ENTRIES)
                .map(|change| {
                    let shown = if change.after.trim().is_empty() { &change.before } else { &change.after };
                    entry(&format!("{}. {}", change.index, change.reason), &change.index.to_string(), shown)
                })
                .collect();
            let id = Button::new(Press::Pick, proposal.draft, proposal.number.0.into()).to_string();
            let most = options.len();
            Shown::List {
                text: format!("Which changes of proposal {} shall be accepted?", proposal.number),
                row: select(&id, "Changes to accept", options, most),
            }
        }
        Sheet::Compare { trial, others } => {
            let choice = |other: &trial::Trial| {
                let stars = other.mean_rating().map_or(String::new(), |mean| format!(" · {mean:.1} ★"));
                entry(&format!("{}{stars}", capitalized(&other.tested())), &other.id.to_string(), &other.question)
            };
            let options: Vec<Value> = others.iter().take(ENTRIES).map(choice).collect();
            let id = Button::new(Press::Compare, trial.id, 0).to_string();
            Shown::List {
                text: format!("Compare {} on \"{}\" with which test?", trial.tested(), plain(&trial.question, 200)),
                row: select(&id, "Choose a test", options, 1),
            }
        }
    })
}

/// Reads a form; with what is wrong with it, as far as that shows without asking anybody. `None` for a foreign one.
pub(super) fn read(about: &Button, inputs: &[(&str, &str)], now: Instant) -> Option<(Form, Option<Invalid>)> {
    let text = |id: &str| inputs.iter().find(|(known, _)| *known == id).map_or("", |(_, value)| value).to_owned();
    let mut mistake = None;
    let form = match about.press {
        Press::New => Form::New { need: text("need") },
        Press::Say => Form::Say { draft: about.id.parse().ok()?, text: text("text") },
        Press::Test => {
            let articles = trial::parse_limit(Some(text("articles").trim().parse().unwrap_or(0)));
            let days = days(&text("days"));
            let window = days.as_ref().ok().copied().flatten();
            mistake = articles.as_ref().err().or(days.as_ref().err()).cloned();
            Form::Test {
                draft: about.id.parse().ok()?,
                question: text("question"),
                topic: text("topic").trim().to_owned(),
                articles: articles.unwrap_or(DEFAULT_ARTICLES),
                model: Some(text("model").trim().to_owned()).filter(|model| !model.is_empty()),
                window: window.map(|days| Window { from: now - TimeDelta::days(days), to: now }),
            }
        }
        Press::Edit => {
            let parts: Vec<String> = (0..FIELDS)
                .map(|part| format!("text{part}"))
                .take_while(|id| inputs.iter().any(|(known, _)| known == id))
                .map(|id| text(&id))
                .collect();
            let base = RevisionNumber(about.number.try_into().ok()?);
            Form::Edit { draft: about.id.parse().ok()?, base, text: parts.join("\n") }
        }
        Press::Commit => Form::Commit {
            draft: about.id.parse().ok()?,
            name: text("name").trim().to_owned(),
            title: text("title").trim().to_owned(),
            description: text("description").trim().to_owned(),
            confirm: about.number == 1,
        },
        Press::Note => Form::Note { trial: about.id.parse().ok()?, note: text("note") },
        _ => return None,
    };
    Some((form, mistake))
}

/// How many days back articles may be from; `None` for what the question says.
fn days(typed: &str) -> Result<Option<i64>, Invalid> {
    match typed.trim() {
        "" => Ok(None),
        typed => match typed.parse() {
            Ok(days @ 1..=3_660) => Ok(Some(days)),
            Ok(_) | Err(_) => {
                Err(Invalid::new("published within days", "must be a number of days from 1 to 3660, or empty"))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test_form(inputs: &[(&str, &str)]) -> (Form, Option<Invalid>) {
        read(&Button::new(Press::Test, 7, 0), inputs, chrono::Utc::now()).unwrap()
    }

    #[test]
    fn a_test_with_wrong_numbers_keeps_the_question_and_says_what_is_wrong() {
        let question = ("question", "How did premiums move?");
        let (form, mistake) = test_form(&[question, ("articles", "many"), ("days", "")]);
        assert!(matches!(form, Form::Test { question, .. } if question.starts_with("How")));
        assert_eq!(mistake.unwrap().field, "limit");
        let (_, mistake) = test_form(&[question, ("articles", "20"), ("days", "soon")]);
        assert!(mistake.unwrap().reason.contains("1 to 3660"));
        let (form, mistake) = test_form(&[question, ("articles", "20"), ("days", "30")]);
        assert!(mistake.is_none() && matches!(form, Form::Test { window: Some(_), articles: 20, .. }));
    }

    #[test]
    fn a_text_in_parts_is_put_together() {
        let inputs = [("text0", "one\ntwo"), ("text1", "three")];
        let (form, _) = read(&Button::new(Press::Edit, 7, 3), &inputs, chrono::Utc::now()).unwrap();
        assert!(matches!(form, Form::Edit { base: RevisionNumber(3), text, .. } if text == "one\ntwo\nthree"));
    }
}
