//! What Discord refuses in buttons, menus, forms and suggestions.

use serde_json::Value;

use super::check::Findings;
use super::routes::Refusal;
use super::state::{Data, list, text};

impl Data {
    pub(super) fn check_modal(&mut self, key: &str, body: &Value) -> Result<(), Refusal> {
        let mut findings = Findings::default();
        findings.length("custom_id", &body["custom_id"], 1..=100);
        findings.length("title", &body["title"], 1..=45);
        let rows = list(body, "components");
        findings.count("components", rows, 1..=5);
        for row in rows {
            let inputs = list(row, "components");
            findings.count("components.components", inputs, 1..=1);
            if row["type"] != 1 || inputs.iter().any(|input| input["type"] != 4) {
                findings.note("components.type", "a form consists of rows with a text input each");
            }
        }
        let inputs: Vec<&Value> = rows.iter().flat_map(|row| list(row, "components")).collect();
        findings.unique("components.custom_id", inputs.iter().map(|input| text(input, "custom_id")));
        inputs.into_iter().for_each(|input| check_input(input, &mut findings));
        self.refuse(key, findings.0).map(|_| ())
    }

    /// Records what is wrong with suggestions.
    pub(super) fn check_choices(&mut self, key: &str, body: &Value) -> Result<(), Refusal> {
        let mut findings = Findings::default();
        if !body["choices"].is_array() {
            findings.note("choices", "missing");
        }
        choices(list(body, "choices"), &mut findings);
        self.refuse(key, findings.0).map(|_| ())
    }
}

/// Notes what is wrong with the choices of an option.
pub(super) fn choices(choices: &[Value], findings: &mut Findings) {
    findings.count("choices", choices, 0..=25);
    for choice in choices {
        findings.length("choices.name", &choice["name"], 1..=100);
        match &choice["value"] {
            Value::Number(_) => {}
            value => findings.length("choices.value", value, 1..=100),
        }
    }
}

fn check_input(input: &Value, findings: &mut Findings) {
    findings.length("components.custom_id", &input["custom_id"], 1..=100);
    findings.length("components.label", &input["label"], 1..=45);
    findings.length("components.placeholder", &input["placeholder"], 0..=100);
    let bound = |key: &str, otherwise: u64| if input[key].is_null() { Some(otherwise) } else { input[key].as_u64() };
    let (min, max) = (bound("min_length", 0), bound("max_length", 4000));
    match (min, max) {
        (Some(min @ 0..=4000), Some(max @ 1..=4000)) if min <= max => {
            // A form may start with less than it asks for, but not with more.
            findings.length("components.value", &input["value"], 0..=max as usize);
        }
        _ => findings.note("components.max_length", format!("from {min:?} to {max:?}")),
    }
    if !matches!(input["style"].as_u64(), Some(1 | 2)) {
        findings.note("components.style", format!("{}", input["style"]));
    }
}

/// Notes what is wrong with the rows of a message.
pub(super) fn rows(rows: &[Value], findings: &mut Findings) {
    findings.count("components", rows, 0..=5);
    for row in rows {
        let elements = list(row, "components");
        let menus = elements.iter().filter(|element| element["type"] != 2).count();
        if row["type"] != 1 {
            findings.note("components.type", format!("{} is no row", row["type"]));
        }
        findings.count("components.components", elements, 1..=5);
        if menus > 0 && elements.len() > 1 {
            findings.note("components.components", "a menu shares its row");
        }
    }
    let elements: Vec<&Value> = rows.iter().flat_map(|row| list(row, "components")).collect();
    let ids = elements.iter().filter_map(|element| element["custom_id"].as_str());
    findings.unique("components.custom_id", ids);
    for element in elements {
        match element["type"].as_u64() {
            Some(2) => check_button(element, findings),
            Some(3 | 5..=8) => check_menu(element, findings),
            _ => findings.note("components.type", format!("{} in a row of a message", element["type"])),
        }
    }
}

fn check_button(button: &Value, findings: &mut Findings) {
    findings.length("components.label", &button["label"], 0..=80);
    if text(button, "label").is_empty() && button["emoji"].is_null() {
        findings.note("components.label", "a button without a label");
    }
    match button["style"].as_u64() {
        Some(1..=4) => {
            findings.length("components.custom_id", &button["custom_id"], 1..=100);
            if button.get("url").is_some() {
                findings.note("components.url", "only links have an address");
            }
        }
        Some(5) => {
            findings.length("components.url", &button["url"], 1..=512);
            let url = text(button, "url");
            if !url.starts_with("https://") && !url.starts_with("http://") {
                findings.note("components.url", format!("{url:?} is no address"));
            }
            if button.get("custom_id").is_some() {
                findings.note("components.custom_id", "a link has none");
            }
        }
        _ => findings.note("components.style", format!("{}", button["style"])),
    }
}

fn check_menu(menu: &Value, findings: &mut Findings) {
    findings.length("components.custom_id", &menu["custom_id"], 1..=100);
    findings.length("components.placeholder", &menu["placeholder"], 0..=150);
    let options = list(menu, "options");
    if menu["type"] == 3 {
        findings.count("components.options", options, 1..=25);
    }
    for option in options {
        findings.length("components.options.label", &option["label"], 1..=100);
        findings.length("components.options.value", &option["value"], 1..=100);
        findings.length("components.options.description", &option["description"], 0..=100);
    }
    findings.unique("components.options.value", options.iter().map(|option| text(option, "value")));
    let (min, max) = (menu["min_values"].as_u64().unwrap_or(1), menu["max_values"].as_u64().unwrap_or(1));
    if min > max || max > 25 || menu["type"] == 3 && max as usize > options.len().max(1) {
        findings.note("components.max_values", format!("from {min} to {max} of {} options", options.len()));
    }
    if options.iter().filter(|option| option["default"] == true).count() as u64 > max {
        findings.note("components.options.default", format!("more than {max}"));
    }
}
