//! Replies as Discord messages within Discord's limits: plain text for talk, embeds with buttons for the rest.
//!
//! A reply that is too long for one message becomes several, and one that is too long for that a file with an excerpt.

use serde_json::{Value, json};

use super::api::File;
use super::markup;
use crate::chat::button::Press;
use crate::chat::reply::{Action, Item, Reply, Style};
use crate::domain::markdown::fold;
use crate::domain::text::excerpt;

/// The most characters of a message's content (Discord: 2,000).
const CONTENT: usize = 1_900;

/// The most characters of an embed's description (Discord: 4,096), and of the small lines below it.
const DESCRIPTION: usize = 3_400;
const BELOW: usize = 600;

/// The most characters of an embed's title, a button, a list's hint and a list's entry (Discord: 256, 80, 150, 100).
const TITLE: usize = 256;
const LABEL: usize = 80;
const HINT: usize = 150;
const ENTRY: usize = 100;

/// The most rows of buttons and lists, buttons in a row, and entries in a list.
const ROWS: usize = 5;
const IN_A_ROW: usize = 5;
const ENTRIES: usize = 25;

/// The most messages that one reply becomes.
const MESSAGES: usize = 4;

/// How much of a document is shown above the file that holds it.
const ABOVE_FILE: usize = 1_500;

/// The colours at an embed's edge.
const USUAL: u32 = 0x58_65_f2;
const WRONG: u32 = 0xe5_48_4d;

/// One Discord message.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Message {
    /// Its text.
    pub content: String,
    /// Its embed, if it has one.
    pub embed: Option<Value>,
    /// Rows of buttons and lists.
    pub components: Vec<Value>,
    /// The users whom it pings, and nobody else.
    pub mentions: Vec<String>,
}

impl Message {
    /// As Discord takes it. Everything is named, so that an edit removes what was there before.
    pub fn body(&self) -> Value {
        json!({
            "content": self.content,
            "embeds": self.embed.iter().collect::<Vec<_>>(),
            "components": self.components,
            "allowed_mentions": match self.mentions.is_empty() {
                true => json!({ "parse": [] }),
                false => json!({ "parse": [], "users": self.mentions }),
            },
        })
    }
}

/// A reply as Discord shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    /// Its messages, in order; one at least.
    pub messages: Vec<Message>,
    /// The whole text, for the last message, when the messages hold an excerpt only.
    pub file: Option<File>,
}

/// A reply as messages, the buttons on the last and who is pinged on the first.
pub fn render(reply: &Reply) -> Rendered {
    pinging(reply, without_pings(reply))
}

/// Puts the users whom a reply pings before its first message. What is no user's id is left out.
fn pinging(reply: &Reply, mut rendered: Rendered) -> Rendered {
    let is_user = |id: &&String| !id.is_empty() && id.chars().all(|c| c.is_ascii_digit());
    let users: Vec<String> = reply.mentions.iter().filter(is_user).take(10).cloned().collect();
    if users.is_empty() {
        return rendered;
    }
    let pings = users.iter().map(|id| format!("<@{id}>")).collect::<Vec<_>>().join(" ");
    match rendered.messages.first_mut() {
        Some(first) if first.content.chars().count() + pings.len() < CONTENT => {
            first.content = format!("{pings} {}", first.content).trim_end().to_owned();
            first.mentions = users;
        }
        Some(_) | None => {
            rendered.messages.insert(0, Message { content: pings, mentions: users, ..Message::default() });
        }
    }
    rendered
}

fn without_pings(reply: &Reply) -> Rendered {
    let whole = if reply.is_error { format!("⚠️ {}", reply.text) } else { reply.text.clone() };
    if is_talk(reply) {
        let (parts, file) = in_parts(&whole, CONTENT, "answer.md");
        let messages = parts.into_iter().map(|content| Message { content, ..Message::default() }).collect();
        return Rendered { messages, file };
    }
    let (mut parts, file) = match reply.is_document {
        true => {
            let parts = markup::pieces(&whole, ABOVE_FILE).into_iter().take(1).collect();
            (parts, Some(File { name: "comparison.md", text: whole }))
        }
        false => in_parts(&whole, DESCRIPTION, "answer.md"),
    };
    if parts.is_empty() {
        parts.push(String::new());
    }
    let last = parts.len() - 1;
    let below = below(reply, file.is_some());
    let colour = if reply.is_error { WRONG } else { USUAL };
    let messages = parts.into_iter().enumerate().map(|(index, part)| {
        let text = if index == last && !below.is_empty() { format!("{part}\n\n{below}") } else { part };
        let mut embed = json!({ "description": text.trim(), "color": colour });
        if index == 0 && !reply.title.is_empty() {
            embed["title"] = json!(plain(&reply.title, TITLE));
        }
        let components = if index == last { components(reply) } else { Vec::new() };
        Message { embed: Some(embed), components, ..Message::default() }
    });
    Rendered { messages: messages.collect(), file }
}

/// A reply as one message: what goes beyond it is left out, and said so.
pub fn render_one(reply: &Reply) -> Message {
    let mut rendered = render(reply);
    if rendered.messages.len() == 1 && rendered.file.is_none() {
        return rendered.messages.remove(0);
    }
    let short = Reply {
        text: excerpt(&reply.text, CONTENT),
        notes: [reply.notes.clone(), vec!["This is the beginning only.".to_owned()]].concat(),
        is_document: false,
        ..reply.clone()
    };
    render(&short).messages.remove(0)
}

/// A reply without embeds, for channels in which we may not show any, or without files either.
pub fn render_flat(reply: &Reply, may_attach: bool) -> Rendered {
    let title = if reply.title.is_empty() { String::new() } else { format!("**{}**\n\n", reply.title) };
    let mark = if reply.is_error { "⚠️ " } else { "" };
    let (mut parts, file) = in_parts(&format!("{title}{mark}{}", reply.text), CONTENT - BELOW, "answer.md");
    let mut below = below(reply, file.is_some() && may_attach);
    let file = match may_attach {
        true => file,
        false => {
            if file.is_some() || reply.is_document {
                below = format!("-# This is the beginning; I may not attach the whole text as a file here.\n{below}");
            }
            None
        }
    };
    match parts.last_mut() {
        Some(last) if !below.is_empty() => last.push_str(&format!("\n\n{below}")),
        Some(_) => {}
        None => parts.push(below),
    }
    let mut messages: Vec<Message> =
        parts.into_iter().map(|content| Message { content, ..Message::default() }).collect();
    if let Some(last) = messages.last_mut() {
        last.components = components(reply);
    }
    pinging(reply, Rendered { messages, file })
}

/// Whether a reply is nothing but text.
fn is_talk(reply: &Reply) -> bool {
    let Reply { title, items, notes, actions, is_error, is_document, .. } = reply;
    title.is_empty() && items.is_empty() && notes.is_empty() && actions.is_empty() && !is_error && !is_document
}

/// A text in few parts, or its beginning and a file.
fn in_parts(text: &str, most: usize, name: &'static str) -> (Vec<String>, Option<File>) {
    let mut parts = markup::pieces(text, most);
    if parts.len() <= MESSAGES {
        return (parts, None);
    }
    parts.truncate(1);
    (parts, Some(File { name, text: text.to_owned() }))
}

/// What stands below the text: items and small lines.
fn below(reply: &Reply, has_file: bool) -> String {
    let items = reply.items.iter().map(|item| markup::line(&item.text, BELOW / 3));
    let beginning = has_file.then_some("This is the beginning; the whole text is in the file.");
    let notes = beginning.into_iter().chain(reply.notes.iter().map(String::as_str));
    let notes = notes.filter(|note| !note.trim().is_empty()).map(|note| format!("-# {}", markup::line(note, BELOW)));
    excerpt(&items.chain(notes).collect::<Vec<_>>().join("\n"), DESCRIPTION.min(BELOW * 2))
}

/// The rows of a message: a list for each item with several answers, then the buttons.
fn components(reply: &Reply) -> Vec<Value> {
    let mut rows: Vec<Value> = reply.items.iter().filter(|item| item.actions.len() > 1).map(list).collect();
    let single = reply.items.iter().filter_map(|item| match item.actions.as_slice() {
        [one] => Some(Action { label: format!("{}: {}", one.label, plain(&item.text, 40)), ..one.clone() }),
        _ => None,
    });
    // The stars are five, and stand together.
    let (stars, others): (Vec<Action>, Vec<Action>) =
        single.chain(reply.actions.iter().cloned()).partition(|action| action.button.press == Press::Rate);
    for actions in [stars, others] {
        rows.extend(
            actions
                .chunks(IN_A_ROW)
                .map(|row| json!({ "type": 1, "components": row.iter().map(button).collect::<Vec<_>>() })),
        );
    }
    rows.truncate(ROWS);
    rows
}

/// A button; what it does is in its id.
fn button(action: &Action) -> Value {
    let style = match action.style {
        Style::Primary => 1,
        Style::Plain => 2,
        Style::Danger => 4,
    };
    json!({
        "type": 2,
        "style": style,
        "label": plain(&action.label, LABEL),
        "custom_id": action.button.to_string(),
    })
}

/// A question with its answers.
fn list(item: &Item) -> Value {
    let entry = |action: &Action| json!({ "label": plain(&action.label, ENTRY), "value": action.button.to_string() });
    let id = item.actions.first().map(|action| action.button.to_string()).unwrap_or_default();
    select(&id, &item.text, item.actions.iter().take(ENTRIES).map(entry).collect(), 1)
}

/// A list to choose from, in a row of its own.
pub fn select(id: &str, hint: &str, options: Vec<Value>, most: usize) -> Value {
    let list = json!({
        "type": 3,
        "custom_id": id,
        "placeholder": plain(hint, HINT),
        "min_values": 1,
        "max_values": most.clamp(1, options.len().max(1)),
        "options": options,
    });
    json!({ "type": 1, "components": [list] })
}

/// An entry of a list.
pub fn entry(label: &str, value: &str, more: &str) -> Value {
    let mut entry = json!({ "label": plain(label, ENTRY), "value": value });
    if !more.trim().is_empty() {
        entry["description"] = json!(plain(more, ENTRY));
    }
    entry
}

/// A text that Discord shows as it is, on one line.
pub fn plain(text: &str, most: usize) -> String {
    let shown = excerpt(&fold(&text.replace("**", "").replace('`', "")), most);
    if shown.is_empty() { "…".to_owned() } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::button::Button;

    fn length(message: &Message) -> usize {
        let description = message.embed.as_ref().and_then(|embed| embed["description"].as_str()).unwrap_or_default();
        message.content.chars().count().max(description.chars().count())
    }

    #[test]
    fn talk_is_plain_and_what_can_be_pressed_is_an_embed() {
        let talk = render(&Reply::said("Just words."));
        assert_eq!(talk.messages, [Message { content: "Just words.".to_owned(), ..Message::default() }]);
        let draft = render(&Reply::said("A draft.").action(Action::new("Test…", Button::new(Press::Test, 1, 0))));
        assert_eq!(draft.messages[0].content, "");
        assert_eq!(draft.messages[0].embed.as_ref().unwrap()["description"], "A draft.");
        assert_eq!(draft.messages[0].components[0]["components"][0]["custom_id"], "pw:test:1:0");
    }

    #[test]
    fn only_who_is_meant_is_pinged() {
        let reply =
            Reply { mentions: vec!["3002".to_owned(), "@everyone".to_owned()], ..Reply::said("look at <@3001>") };
        let message = &render(&reply.clone().note("by alice")).messages[0];
        assert_eq!(message.content, "<@3002>");
        assert_eq!(message.body()["allowed_mentions"], json!({ "parse": [], "users": ["3002"] }));
        let plain = &render(&reply).messages[0].body()["allowed_mentions"];
        assert_eq!(plain, &json!({ "parse": [], "users": ["3002"] }));
    }

    #[test]
    fn a_long_reply_becomes_several_messages_and_the_buttons_stand_on_the_last() {
        let paragraph = format!("{}\n\n", "word ".repeat(200));
        let reply = Reply::said(paragraph.repeat(9)).action(Action::new("Test…", Button::new(Press::Test, 1, 0)));
        let rendered = render(&reply);
        assert!((2..=MESSAGES).contains(&rendered.messages.len()), "{}", rendered.messages.len());
        assert!(rendered.messages.iter().all(|message| length(message) <= 4_096));
        let with_buttons: Vec<bool> = rendered.messages.iter().map(|message| !message.components.is_empty()).collect();
        assert_eq!(with_buttons.iter().filter(|has| **has).count(), 1);
        assert_eq!(with_buttons.last(), Some(&true));
        assert_eq!(rendered.file, None);
    }

    #[test]
    fn what_is_too_long_for_messages_is_attached_whole() {
        let text = "A sentence that goes on. ".repeat(4_000);
        for reply in [Reply::said(&text), Reply::said(&text).note("A note.")] {
            let rendered = render(&reply);
            assert_eq!(rendered.file.as_ref().unwrap().text, text);
            assert_eq!(rendered.messages.len(), 1);
        }
    }

    #[test]
    fn stars_stand_in_a_row_of_their_own_and_questions_are_lists() {
        let answer = |number| Action::new(format!("Answer {number}"), Button::new(Press::Answer, "m", number));
        let stars = (1..=5).map(|stars| Action::new(format!("{stars} ★"), Button::new(Press::Rate, "t", stars)));
        let reply = Reply {
            items: vec![Item { text: "**Who reads it?**".to_owned(), actions: vec![answer(0), answer(1)] }],
            actions: stars.chain([Action::new("Run again", Button::new(Press::Again, "t", 0))]).collect(),
            ..Reply::default()
        };
        let rows = &render(&reply).messages[0].components;
        let kinds: Vec<(u64, usize)> = rows
            .iter()
            .map(|row| (row["components"][0]["type"].as_u64().unwrap(), row["components"].as_array().unwrap().len()))
            .collect();
        assert_eq!(kinds, [(3, 1), (2, 5), (2, 1)]);
        assert_eq!(rows[0]["components"][0]["placeholder"], "Who reads it?");
    }
}
