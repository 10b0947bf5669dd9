//! Messages and views as they stand, and what a person finds in them: the text, the buttons, the values of inputs.

use serde_json::{Value, json};

use super::state::{list, text};
use super::{APP, BOT, BOT_USER};

/// A message with its edits applied.
#[derive(Debug, Clone)]
pub struct Posted {
    /// Where.
    pub channel: String,
    /// Its id there.
    pub ts: String,
    /// The thread that it replies in.
    pub thread_ts: Option<String>,
    /// The text, or the markdown that was given instead.
    pub text: String,
    /// With the `block_id` and `action_id` that Slack makes up where there is none.
    pub blocks: Vec<Value>,
    /// The author's name; `bot` for ours.
    pub author: String,
    /// The author's id.
    pub user: String,
    /// How often it was updated or appended to.
    pub edits: usize,
    /// Whether a stream is still open.
    pub streaming: bool,
    /// `null` without any.
    pub metadata: Value,
    /// Who alone sees it.
    pub ephemeral_to: Option<String>,
    /// The titles of the files that were shared with it.
    pub files: Vec<String>,
}

/// A modal or a Home tab.
#[derive(Debug, Clone)]
pub struct View {
    /// `V…`
    pub id: String,
    /// Changes with every update.
    pub hash: String,
    /// Empty without one.
    pub callback_id: String,
    /// Empty without any.
    pub private_metadata: String,
    /// With the `block_id` and `action_id` that Slack makes up where there is none.
    pub blocks: Vec<Value>,
    /// The view as it was sent.
    pub raw: Value,
    /// The person who looks at it.
    pub opened_by: String,
    /// Whether it is still on the screen, perhaps below another one.
    pub open: bool,
    /// The view below it.
    pub previous: Option<String>,
    /// The lowest one.
    pub root: String,
    /// How often it was updated.
    pub updates: usize,
}

impl Posted {
    pub(super) fn by_bot(channel: &str, ts: String, body: &Value) -> Self {
        let markdown = text(body, "markdown_text");
        Self {
            channel: channel.to_owned(),
            ts,
            thread_ts: None,
            text: if markdown.is_empty() { text(body, "text").to_owned() } else { markdown.to_owned() },
            blocks: identified(list(body, "blocks")),
            author: "bot".to_owned(),
            user: BOT_USER.to_owned(),
            edits: 0,
            streaming: false,
            metadata: body["metadata"].clone(),
            ephemeral_to: None,
            files: Vec::new(),
        }
    }

    /// The text of all blocks, one a line; without blocks the text.
    pub fn all_text(&self) -> String {
        if self.blocks.is_empty() { self.text.clone() } else { text_of(&self.blocks) }
    }

    /// The labels of the buttons.
    pub fn buttons(&self) -> Vec<String> {
        labels(&self.blocks)
    }

    /// The button with this label, for [`Slack::action`](super::Slack::action).
    #[track_caller]
    pub fn button(&self, label: &str) -> Value {
        button(&self.blocks, label)
    }

    /// A menu with this option chosen, for [`Slack::action`](super::Slack::action).
    #[track_caller]
    pub fn choice(&self, action_id: &str, option_value: &str) -> Value {
        choice(&self.blocks, action_id, option_value)
    }

    pub(super) fn wire(&self) -> Value {
        let mut message = json!({"type": "message", "user": self.user, "text": self.text, "ts": self.ts});
        if self.user == BOT_USER {
            message["bot_id"] = json!(BOT);
            message["app_id"] = json!(APP);
        }
        if let Some(thread) = &self.thread_ts {
            message["thread_ts"] = json!(thread);
        }
        if !self.blocks.is_empty() {
            message["blocks"] = json!(self.blocks);
        }
        if !self.metadata.is_null() {
            message["metadata"] = self.metadata.clone();
        }
        message
    }

    /// `author: text [Button] [Button]`, the same in every run.
    pub(super) fn line(&self, only: Option<&str>) -> String {
        let only = only.map(|name| format!(" (only {name} sees this)")).unwrap_or_default();
        let text = self.all_text().replace('\n', "\n    ");
        let mut line = format!("{}{only}: {text}", self.author);
        for title in &self.files {
            line += &format!(" {{file: {title}}}");
        }
        for label in controls(&self.blocks) {
            line += &format!(" [{label}]");
        }
        if self.streaming {
            line += " …";
        }
        line
    }
}

impl View {
    /// The text of all blocks, one a line.
    pub fn all_text(&self) -> String {
        text_of(&self.blocks)
    }

    /// The title.
    pub fn title(&self) -> &str {
        text(&self.raw["title"], "text")
    }

    /// The labels of the buttons.
    pub fn buttons(&self) -> Vec<String> {
        labels(&self.blocks)
    }

    /// The button with this label, for [`Slack::view_action`](super::Slack::view_action).
    #[track_caller]
    pub fn button(&self, label: &str) -> Value {
        button(&self.blocks, label)
    }

    /// A menu with this option chosen, for [`Slack::view_action`](super::Slack::view_action).
    #[track_caller]
    pub fn choice(&self, action_id: &str, option_value: &str) -> Value {
        choice(&self.blocks, action_id, option_value)
    }

    pub(super) fn wire(&self, team: &str, state: Value) -> Value {
        let mut view = self.raw.clone();
        let known = json!({
            "id": self.id, "team_id": team, "hash": self.hash, "state": {"values": state}, "blocks": self.blocks,
            "callback_id": self.callback_id, "private_metadata": self.private_metadata, "app_id": APP, "bot_id": BOT,
            "app_installed_team_id": team, "root_view_id": self.root, "previous_view_id": self.previous,
            "external_id": text(&self.raw, "external_id"),
        });
        view.as_object_mut().unwrap().extend(known.as_object().unwrap().clone());
        for key in ["title", "submit", "close"] {
            view.as_object_mut().unwrap().entry(key).or_insert(Value::Null);
        }
        for key in ["clear_on_close", "notify_on_close"] {
            view.as_object_mut().unwrap().entry(key).or_insert(json!(false));
        }
        view
    }
}

/// The element types that have an `action_id`.
const INTERACTIVE: &[&str] = &[
    "button",
    "checkboxes",
    "conversations_select",
    "channels_select",
    "datepicker",
    "datetimepicker",
    "email_text_input",
    "external_select",
    "feedback_buttons",
    "icon_button",
    "multi_conversations_select",
    "multi_external_select",
    "multi_static_select",
    "multi_users_select",
    "number_input",
    "overflow",
    "plain_text_input",
    "radio_buttons",
    "rich_text_input",
    "static_select",
    "timepicker",
    "url_text_input",
    "users_select",
];

/// The blocks with the ids that Slack makes up.
pub(super) fn identified(blocks: &[Value]) -> Vec<Value> {
    fn actions(value: &mut Value, serial: &mut usize) {
        match value {
            Value::Array(values) => values.iter_mut().for_each(|value| actions(value, serial)),
            Value::Object(map) => {
                let kind = map.get("type").and_then(Value::as_str).unwrap_or_default();
                if INTERACTIVE.contains(&kind) && !map.contains_key("action_id") {
                    *serial += 1;
                    map.insert("action_id".to_owned(), json!(format!("made-up-{serial}")));
                }
                map.values_mut().for_each(|value| actions(value, serial));
            }
            _ => {}
        }
    }
    let mut serial = 0;
    let mut blocks = blocks.to_vec();
    for (at, block) in blocks.iter_mut().enumerate() {
        actions(block, &mut serial);
        if let Some(block) = block.as_object_mut() {
            block.entry("block_id").or_insert(json!(format!("made-up-{at}")));
        }
    }
    blocks
}

/// Every interactive element, with the `block_id` of its block.
pub(super) fn elements(blocks: &[Value]) -> Vec<Value> {
    fn walk(value: &Value, block_id: &Value, found: &mut Vec<Value>) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| walk(value, block_id, found)),
            Value::Object(map) => {
                let block_id = map.get("block_id").unwrap_or(block_id);
                if INTERACTIVE.contains(&text(value, "type")) {
                    let mut element = value.clone();
                    element["block_id"] = block_id.clone();
                    found.push(element);
                }
                map.values().for_each(|value| walk(value, block_id, found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    blocks.iter().for_each(|block| walk(block, &Value::Null, &mut found));
    found
}

/// The things to press, each with its label.
fn pressable(blocks: &[Value]) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for mut element in elements(blocks) {
        match text(&element, "type") {
            "button" | "icon_button" => found.push((text(&element["text"], "text").to_owned(), element)),
            "feedback_buttons" => {
                for side in ["positive_button", "negative_button"] {
                    element["value"] = element[side]["value"].clone();
                    found.push((text(&element[side]["text"], "text").to_owned(), element.clone()));
                }
            }
            _ => {}
        }
    }
    found
}

fn labels(blocks: &[Value]) -> Vec<String> {
    pressable(blocks).into_iter().map(|(label, _)| label).collect()
}

/// The labels of what can be pressed, and what menus and inputs show.
pub(super) fn controls(blocks: &[Value]) -> Vec<String> {
    let menus = elements(blocks).into_iter().filter_map(|element| match text(&element, "type") {
        "button" | "icon_button" | "feedback_buttons" => None,
        kind => Some(format!("{kind}: {}", text(&element["placeholder"], "text")).trim_end_matches(": ").to_owned()),
    });
    labels(blocks).into_iter().chain(menus).collect()
}

#[track_caller]
fn button(blocks: &[Value], label: &str) -> Value {
    let found = pressable(blocks).into_iter().find(|(name, _)| name == label);
    found.unwrap_or_else(|| panic!("no button {label:?}, only {:?}", labels(blocks))).1
}

#[track_caller]
fn choice(blocks: &[Value], action_id: &str, option_value: &str) -> Value {
    let elements = elements(blocks);
    let Some(element) = elements.iter().find(|element| element["action_id"] == action_id) else {
        let ids: Vec<&str> = elements.iter().map(|element| text(element, "action_id")).collect();
        panic!("no menu {action_id:?}, only {ids:?}");
    };
    let mut element = element.clone();
    element["selected_option"] = option(&element, option_value);
    element
}

/// The option of a menu with this value.
#[track_caller]
pub(super) fn option(element: &Value, value: &str) -> Value {
    let groups = list(element, "option_groups").iter().flat_map(|group| list(group, "options"));
    let options: Vec<&Value> = list(element, "options").iter().chain(groups).collect();
    let values: Vec<&str> = options.iter().map(|option| text(option, "value")).collect();
    let found = options.iter().find(|option| option["value"] == value);
    (*found.unwrap_or_else(|| panic!("no option {value:?} in {}, only {values:?}", element["action_id"]))).clone()
}

/// The text of all blocks, one a line.
pub(super) fn text_of(blocks: &[Value]) -> String {
    blocks.iter().map(text_of_block).filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n")
}

fn text_of_block(block: &Value) -> String {
    let join = |parts: Vec<String>| parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n");
    match text(block, "type") {
        "section" => {
            let fields = list(block, "fields").iter().map(|field| text(field, "text").to_owned());
            join(std::iter::once(text(&block["text"], "text").to_owned()).chain(fields).collect())
        }
        "header" => text(&block["text"], "text").to_owned(),
        "markdown" => text(block, "text").to_owned(),
        "context" => join(list(block, "elements").iter().map(inline).collect()),
        "rich_text" => join(list(block, "elements").iter().map(inline).collect()),
        "input" => join(vec![text(&block["label"], "text").to_owned(), text(&block["hint"], "text").to_owned()]),
        "image" => join(vec![text(&block["title"], "text").to_owned(), text(block, "alt_text").to_owned()]),
        "table" | "data_table" => {
            let row = |row: &Value| row.as_array().unwrap().iter().map(inline).collect::<Vec<_>>().join(" | ");
            join(list(block, "rows").iter().map(row).collect())
        }
        "alert" => inline(&block["text"]),
        "plan" | "task_card" => {
            let tasks = list(block, "tasks").iter().map(inline);
            join(std::iter::once(inline(&block["title"])).chain(tasks).collect())
        }
        "container" => text_of(list(block, "child_blocks")),
        _ => String::new(),
    }
}

/// The text inside an element, wherever it is.
fn inline(element: &Value) -> String {
    match element {
        Value::String(text) => text.clone(),
        Value::Object(map) => match (text(element, "type"), map.get("text"), map.get("elements")) {
            ("rich_text_list", _, Some(Value::Array(items))) => {
                items.iter().map(|item| format!("• {}", inline(item))).collect::<Vec<_>>().join("\n")
            }
            (_, Some(text), _) => inline(text),
            (_, _, Some(Value::Array(parts))) => parts.iter().map(inline).collect(),
            ("link", ..) => text(element, "url").to_owned(),
            ("emoji", ..) => format!(":{}:", text(element, "name")),
            ("user", ..) => format!("<@{}>", text(element, "user_id")),
            ("image", ..) => text(element, "alt_text").to_owned(),
            _ => map.get("title").map(inline).unwrap_or_default(),
        },
        _ => String::new(),
    }
}
