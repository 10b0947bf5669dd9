//! Messages and modals as they stand, and what a person finds in them: the text, the buttons, the menus, the inputs.

use serde_json::{Value, json};

use super::state::{Data, list, text};
use super::{APPLICATION, BOT_USER};

/// The message is a person's alone to see.
pub(super) const EPHEMERAL: u64 = 1 << 6;
/// The answer is still to come.
pub(super) const LOADING: u64 = 1 << 7;
/// A thread was started from the message.
pub(super) const HAS_THREAD: u64 = 1 << 5;

/// A message with its edits applied.
#[derive(Debug, Clone, Default)]
pub struct Posted {
    /// A snowflake.
    pub id: String,
    /// Where; a thread is a channel.
    pub channel: String,
    /// 0, 19 for a reply, 20 and 23 for answers to commands; others are notices by Discord.
    pub kind: u64,
    /// The text outside of embeds.
    pub content: String,
    /// As sent.
    pub embeds: Vec<Value>,
    /// The rows, as sent.
    pub components: Vec<Value>,
    /// The author's name; `bot` for ours.
    pub author: String,
    /// The author's id.
    pub user: String,
    /// How often it was edited.
    pub edits: usize,
    /// When it was sent.
    pub sent_at: String,
    /// When it was edited last.
    pub edited_at: Option<String>,
    /// The names of its files.
    pub attachments: Vec<String>,
    /// Who alone sees it.
    pub ephemeral_to: Option<String>,
    /// As Discord counts them.
    pub flags: u64,
    /// The message that it replies to.
    pub reference: Option<String>,
    /// The ids of the people it names.
    pub mentions: Vec<String>,
    /// Its nonce, if it came with one.
    pub nonce: Value,
    pub(super) files: Vec<Value>,
    pub(super) by_webhook: bool,
    pub(super) born: std::time::Duration,
}

/// A menu below a message.
#[derive(Debug, Clone)]
pub struct Menu {
    /// Its `custom_id`.
    pub id: String,
    /// What stands in it while nothing is chosen.
    pub hint: String,
    /// Label and value of each option.
    pub options: Vec<(String, String)>,
}

/// A form that was shown to a person.
#[derive(Debug, Clone)]
pub struct Modal {
    /// Names the showing, not the form.
    pub id: String,
    /// Names the form.
    pub custom_id: String,
    /// The heading.
    pub title: String,
    /// The inputs, from above.
    pub inputs: Vec<Input>,
    /// Who sees it.
    pub user: String,
    /// The message with the button that opened it.
    pub source: Option<String>,
    /// Where it was opened.
    pub channel: String,
    /// Whether the person has sent it.
    pub submitted: bool,
}

/// An input of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Names it.
    pub custom_id: String,
    /// What stands above it.
    pub label: String,
    /// What is in it at first.
    pub value: String,
    /// What shows while it is empty.
    pub placeholder: String,
    /// 1 is a line, 2 a paragraph.
    pub style: u64,
    /// The fewest characters.
    pub min: u64,
    /// The most characters.
    pub max: u64,
    /// Whether it must be filled in.
    pub required: bool,
}

impl Posted {
    /// The content, then title, description, fields and footer of each embed, one a line.
    pub fn all_text(&self) -> String {
        text_of(&self.content, &self.embeds)
    }

    /// The labels of the buttons.
    pub fn buttons(&self) -> Vec<String> {
        self.elements().iter().filter(|element| element["type"] == 2).map(label).collect()
    }

    /// The `custom_id` of the button with this label.
    #[track_caller]
    pub fn button(&self, wanted: &str) -> String {
        let found = self.elements().into_iter().find(|element| element["type"] == 2 && label(element) == wanted);
        let button = found.unwrap_or_else(|| panic!("no button {wanted:?}, only {:?}", self.buttons()));
        let id = button["custom_id"].as_str();
        id.unwrap_or_else(|| panic!("{wanted:?} is a link to {}", button["url"])).to_owned()
    }

    /// The links among the buttons: label and address.
    pub fn links(&self) -> Vec<(String, String)> {
        let elements = self.elements();
        let links = elements.iter().filter(|element| element["url"].is_string());
        links.map(|element| (label(element), text(element, "url").to_owned())).collect()
    }

    /// The menus.
    pub fn selects(&self) -> Vec<Menu> {
        let elements = self.elements();
        let menus = elements.iter().filter(|element| matches!(element["type"].as_u64(), Some(3 | 5..=8)));
        let option = |option: &Value| (text(option, "label").to_owned(), text(option, "value").to_owned());
        let shown = |menu: &Value| {
            let options = list(menu, "options").iter().map(option).collect();
            Menu { id: text(menu, "custom_id").to_owned(), hint: text(menu, "placeholder").to_owned(), options }
        };
        menus.map(shown).collect()
    }

    /// Whether the service has announced an answer that is not there yet.
    pub fn is_loading(&self) -> bool {
        self.flags & LOADING != 0
    }

    /// Every button and menu.
    pub(super) fn elements(&self) -> Vec<Value> {
        self.components.iter().flat_map(|row| list(row, "components")).cloned().collect()
    }

    /// Whether Discord itself says it: a thread was started, a message was pinned.
    pub(super) fn is_notice(&self) -> bool {
        !matches!(self.kind, 0 | 19 | 20 | 23)
    }

    /// `author: text [Button] [select: Placeholder]`, the same in every run.
    pub(super) fn line(&self, only: Option<&str>) -> String {
        let only = only.map(|name| format!(" (only {name} sees this)")).unwrap_or_default();
        let mut line = format!("{}{only}: {}", self.author, self.all_text().replace('\n', "\n    "));
        for name in &self.attachments {
            line += &format!(" {{file: {name}}}");
        }
        for element in self.elements() {
            let off = if element["disabled"] == true { " (off)" } else { "" };
            match element["type"].as_u64() {
                Some(2) => line += &format!(" [{}{off}]", label(&element)),
                _ => line += &format!(" [select: {}{off}]", text(&element, "placeholder")),
            }
        }
        if self.is_loading() {
            line += " …";
        }
        line
    }
}

impl Modal {
    pub(super) fn of(id: String, body: &Value, user: &str, source: Option<String>, channel: &str) -> Self {
        let rows = list(body, "components").iter();
        let input = |input: &Value| Input {
            custom_id: text(input, "custom_id").to_owned(),
            label: text(input, "label").to_owned(),
            value: text(input, "value").to_owned(),
            placeholder: text(input, "placeholder").to_owned(),
            style: input["style"].as_u64().unwrap_or_default(),
            min: input["min_length"].as_u64().unwrap_or(0),
            max: input["max_length"].as_u64().unwrap_or(4000),
            required: input["required"].as_bool().unwrap_or(true),
        };
        Self {
            id,
            custom_id: text(body, "custom_id").to_owned(),
            title: text(body, "title").to_owned(),
            inputs: rows.flat_map(|row| list(row, "components")).map(input).collect(),
            user: user.to_owned(),
            source,
            channel: channel.to_owned(),
            submitted: false,
        }
    }

    /// What is in an input at first.
    #[track_caller]
    pub fn value(&self, custom_id: &str) -> &str {
        let found = self.inputs.iter().find(|input| input.custom_id == custom_id);
        let ids = || self.inputs.iter().map(|input| input.custom_id.as_str()).collect::<Vec<_>>();
        &found.unwrap_or_else(|| panic!("no input {custom_id:?}, only {:?}", ids())).value
    }
}

impl Data {
    /// A message as the API tells it.
    pub(super) fn message_wire(&self, message: &Posted) -> Value {
        let users = |ids: &[String]| ids.iter().map(|id| self.user_wire(id)).collect::<Vec<_>>();
        let embeds: Vec<Value> = message.embeds.iter().cloned().map(rich).collect();
        let mut wire = json!({
            "id": message.id, "channel_id": message.channel, "author": self.user_wire(&message.user),
            "content": message.content, "timestamp": message.sent_at, "edited_timestamp": message.edited_at,
            "tts": false, "mention_everyone": false, "mentions": users(&message.mentions), "mention_roles": [],
            "attachments": message.files, "embeds": embeds, "pinned": false, "type": message.kind,
            "flags": message.flags, "components": message.components,
        });
        if !message.nonce.is_null() {
            wire["nonce"] = message.nonce.clone();
        }
        if message.user == BOT_USER {
            wire["application_id"] = json!(APPLICATION);
        }
        if message.by_webhook {
            wire["webhook_id"] = json!(APPLICATION);
        }
        if let Some(reference) = &message.reference {
            let guild = self.channels.get(&message.channel).and_then(|channel| channel.guild.clone());
            let original = self.find(reference);
            let channel = original.map_or(&message.channel, |original| &original.channel);
            wire["message_reference"] =
                json!({"type": 0, "message_id": reference, "channel_id": channel, "guild_id": guild});
            // What is quoted does not quote in turn.
            let plain = original.map(|original| Posted { reference: None, ..original.clone() });
            wire["referenced_message"] = plain.map_or(Value::Null, |plain| self.message_wire(&plain));
        }
        if message.flags & HAS_THREAD != 0 && self.channels.contains_key(&message.id) {
            wire["thread"] = self.channel_wire(&message.id);
        }
        wire
    }

    /// A message anywhere.
    pub(super) fn find(&self, id: &str) -> Option<&Posted> {
        self.channels.values().flat_map(|channel| &channel.messages).find(|message| message.id == id)
    }

    pub(super) fn find_mut(&mut self, id: &str) -> Option<&mut Posted> {
        self.channels.values_mut().flat_map(|channel| &mut channel.messages).find(|message| message.id == id)
    }
}

/// An embed as Discord gives it back.
fn rich(mut embed: Value) -> Value {
    if let Some(embed) = embed.as_object_mut() {
        embed.insert("type".to_owned(), json!("rich"));
    }
    embed
}

pub(super) fn text_of(content: &str, embeds: &[Value]) -> String {
    let mut lines = vec![content];
    for embed in embeds {
        lines.extend([text(&embed["author"], "name"), text(embed, "title"), text(embed, "description")]);
        lines.extend(list(embed, "fields").iter().flat_map(|field| [text(field, "name"), text(field, "value")]));
        lines.push(text(&embed["footer"], "text"));
    }
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

fn label(button: &Value) -> String {
    let emoji = text(&button["emoji"], "name");
    format!("{emoji} {}", text(button, "label")).trim().to_owned()
}
