//! Replies as Slack messages: blocks within Slack's limits, and a text for notifications.
//!
//! A reply that is too long for one message becomes several, and one that is too long for that a file with an excerpt.

use serde_json::{Value, json};

use super::markup;
use crate::chat::reply::{Action, Item, Reply, Style};
use crate::domain::markdown::fold;
use crate::domain::text::excerpt;

/// The most characters of one section (Slack: 3,000).
const SECTION: usize = 2_900;

/// The most characters of all blocks of one message. Slack takes about 13,200 and says so nowhere.
const MESSAGE: usize = 9_000;

/// The most messages that one reply becomes.
const MESSAGES: usize = 4;

/// The most blocks of one message (Slack: 50), with room for notes and buttons.
const BLOCKS: usize = 40;

/// The most characters of a header, a button, its value, and a small line (Slack: 150, 75, 2,000, 3,000).
const HEADER: usize = 150;
const LABEL: usize = 75;
const VALUE: usize = 2_000;
const NOTE: usize = 1_900;

/// The most buttons in one block (Slack: 25; five to a row are readable).
const BUTTONS: usize = 25;

/// The most of a text for notifications (Slack recommends less than 4,000).
const FALLBACK: usize = 1_000;

/// One Slack message.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The text for notifications.
    pub text: String,
    /// What is shown.
    pub blocks: Vec<Value>,
}

/// A reply as Slack shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    /// Its messages, in order; one at least.
    pub messages: Vec<Message>,
    /// The whole text, to be attached as a file when the messages hold an excerpt only.
    pub file: Option<String>,
}

/// A reply as messages, the buttons on the last.
pub fn render(reply: &Reply) -> Rendered {
    let whole = if reply.is_error { format!("⚠️ {}", reply.text) } else { reply.text.clone() };
    let mut parts = pack(markup::sections(&whole, SECTION));
    let mut file = None;
    if parts.len() > MESSAGES {
        file = Some(whole);
        parts.truncate(1);
    }
    let mut messages: Vec<Vec<Value>> =
        parts.into_iter().map(|part| part.iter().map(|text| section(text)).collect()).collect();
    if messages.is_empty() {
        messages.push(Vec::new());
    }
    if !reply.title.is_empty()
        && let Some(first) = messages.first_mut()
    {
        first.insert(0, json!({ "type": "header", "text": plain_text(&reply.title, HEADER) }));
    }
    let mut tail = tail(reply);
    if file.is_some() {
        tail.insert(0, context(&["This is the beginning; the whole text is in the file below."]));
    }
    match messages.last_mut() {
        Some(last) if last.len() + tail.len() <= BLOCKS + 10 => last.append(&mut tail),
        Some(_) | None => messages.push(tail),
    }
    let mut text = fallback(reply);
    let users = mentions(reply);
    if !users.is_empty()
        && let Some(first) = messages.first_mut()
    {
        first.insert(0, section(&users));
        text = format!("{users} {text}");
    }
    Rendered { messages: messages.into_iter().map(|blocks| Message { text: text.clone(), blocks }).collect(), file }
}

/// The users whom a reply pings, as Slack writes mentions. What is no user's id is left out.
fn mentions(reply: &Reply) -> String {
    let is_user =
        |id: &&String| id.starts_with(['U', 'W']) && id.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    let users: Vec<String> = reply.mentions.iter().filter(is_user).map(|id| format!("<@{id}>")).collect();
    users.join(" ")
}

/// A reply as one message: what goes beyond it is left out, and said so.
pub fn render_one(reply: &Reply) -> Message {
    let mut rendered = render(reply);
    if rendered.messages.len() == 1 {
        return rendered.messages.remove(0);
    }
    let short = Reply {
        text: excerpt(&reply.text, MESSAGE / 2),
        notes: [reply.notes.clone(), vec!["This is the beginning only.".to_owned()]].concat(),
        items: reply.items.iter().take(10).cloned().collect(),
        ..reply.clone()
    };
    render(&short).messages.remove(0)
}

/// Sections put together into messages.
fn pack(sections: Vec<String>) -> Vec<Vec<String>> {
    let mut messages: Vec<Vec<String>> = Vec::new();
    let mut room = 0;
    for section in sections {
        let length = section.chars().count();
        match messages.last_mut() {
            Some(last) if length <= room && last.len() < BLOCKS => {
                room -= length;
                last.push(section);
            }
            Some(_) | None => {
                room = MESSAGE.saturating_sub(length);
                messages.push(vec![section]);
            }
        }
    }
    messages
}

/// What stands below the text: items, notes, buttons.
fn tail(reply: &Reply) -> Vec<Value> {
    let mut blocks: Vec<Value> = reply.items.iter().take(15).flat_map(item).collect();
    let notes: Vec<&str> = reply.notes.iter().map(String::as_str).filter(|note| !note.trim().is_empty()).collect();
    if !notes.is_empty() {
        blocks.push(context(&notes));
    }
    blocks.extend(reply.actions.chunks(BUTTONS).map(actions));
    blocks
}

/// One of several things that are listed.
pub fn item(item: &Item) -> Vec<Value> {
    let text = markup::sections(&fold(&item.text), SECTION).into_iter().next().unwrap_or_else(|| "…".to_owned());
    match item.actions.as_slice() {
        [] => vec![section(&text)],
        [one] => {
            let mut block = section(&text);
            block["accessory"] = button(one);
            vec![block]
        }
        several => vec![section(&text), actions(several)],
    }
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": text, "verbatim": true }, "expand": true })
}

/// Small grey lines.
pub fn context(notes: &[&str]) -> Value {
    let element = |note: &&str| {
        let text = markup::sections(note, NOTE).into_iter().next().unwrap_or_else(|| "…".to_owned());
        json!({ "type": "mrkdwn", "text": text, "verbatim": true })
    };
    json!({ "type": "context", "elements": notes.iter().take(10).map(element).collect::<Vec<_>>() })
}

fn actions(actions: &[Action]) -> Value {
    json!({ "type": "actions", "elements": actions.iter().map(button).collect::<Vec<_>>() })
}

/// A button as Slack shows it; what it does is in its id.
pub fn button(action: &Action) -> Value {
    let mut button = json!({
        "type": "button",
        "text": plain_text(&action.label, LABEL),
        "action_id": action.button.to_string(),
    });
    if !action.value.is_empty() {
        button["value"] = json!(excerpt(&action.value, VALUE));
    }
    match action.style {
        Style::Plain => {}
        Style::Primary => button["style"] = json!("primary"),
        Style::Danger => button["style"] = json!("danger"),
    }
    if !action.confirm.is_empty() {
        button["confirm"] = json!({
            "title": plain_text("Are you sure?", 100),
            "text": plain_text(&action.confirm, 300),
            "confirm": plain_text("Yes", 30),
            "deny": plain_text("No", 30),
        });
    }
    button
}

/// A text that Slack shows as it is.
pub fn plain_text(text: &str, most: usize) -> Value {
    let shown = excerpt(&fold(text), most);
    json!({ "type": "plain_text", "text": if shown.is_empty() { "…" } else { &shown }, "emoji": true })
}

/// The text for notifications and for screen readers.
pub fn fallback(reply: &Reply) -> String {
    let first = if reply.title.is_empty() { String::new() } else { format!("{}\n\n", reply.title) };
    let text = match reply.text.is_empty() {
        true => reply.items.first().map(|item| item.text.clone()).unwrap_or_default(),
        false => reply.text.clone(),
    };
    let plain = markup::plain(&excerpt(&format!("{first}{text}"), FALLBACK / 2));
    let plain = excerpt(plain.trim(), FALLBACK * 3);
    if plain.is_empty() { "Prompt Workshop".to_owned() } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::button::{Button, Press};

    fn length(message: &Message) -> usize {
        message.blocks.iter().filter_map(|block| block["text"]["text"].as_str()).map(|text| text.chars().count()).sum()
    }

    #[test]
    fn a_long_reply_becomes_several_messages_and_the_buttons_stand_on_the_last() {
        let paragraph = format!("{}\n\n", "word ".repeat(200));
        let reply = Reply::said(paragraph.repeat(20)).action(Action::new("Test…", Button::new(Press::Test, 1, 0)));
        let rendered = render(&reply);
        assert!((2..=MESSAGES).contains(&rendered.messages.len()), "{}", rendered.messages.len());
        assert!(
            rendered.messages.iter().all(|message| length(message) <= MESSAGE + SECTION && message.blocks.len() <= 50)
        );
        let with_buttons: Vec<bool> = rendered
            .messages
            .iter()
            .map(|message| message.blocks.iter().any(|block| block["type"] == "actions"))
            .collect();
        assert_eq!(with_buttons.iter().filter(|has| **has).count(), 1);
        assert_eq!(with_buttons.last(), Some(&true));
        assert_eq!(rendered.file, None);
    }

    #[test]
    fn what_is_too_long_for_messages_is_attached_whole() {
        let text = "A sentence that goes on. ".repeat(4_000);
        let rendered = render(&Reply::said(&text));
        assert_eq!(rendered.file.as_deref(), Some(text.as_str()));
        assert_eq!(rendered.messages.len(), 1);
        let shown = serde_json::to_string(&rendered.messages[0].blocks).unwrap();
        assert!(shown.contains("whole text is in the file"), "{shown}");
    }

    #[test]
    fn only_who_is_meant_is_pinged() {
        let reply =
            Reply { mentions: vec!["U0BOB".to_owned(), "!channel".to_owned()], ..Reply::said("<@U0EVE> look at this") };
        let rendered = serde_json::to_string(&render(&reply).messages[0].blocks).unwrap();
        assert!(rendered.contains("<@U0BOB>"), "{rendered}");
        assert!(!rendered.contains("<@U0EVE>") && !rendered.contains("<!channel>"), "{rendered}");
    }

    #[test]
    fn nothing_in_a_reply_can_ping() {
        let hostile = "<!channel> <@U1> @here [x](https://e.example/<!everyone>) `<!here>`";
        let reply = Reply {
            title: hostile.to_owned(),
            text: hostile.to_owned(),
            notes: vec![hostile.to_owned()],
            items: vec![Item { text: hostile.to_owned(), actions: Vec::new() }],
            is_error: true,
            ..Reply::default()
        };
        for message in render(&reply).messages {
            let mut texts = vec![message.text.clone()];
            for block in &message.blocks {
                let elements = block["elements"].as_array().cloned().unwrap_or_default();
                let text = [block["text"].clone()].into_iter().chain(elements).filter(|text| text["type"] == "mrkdwn");
                texts.extend(text.filter_map(|text| text["text"].as_str().map(str::to_owned)));
            }
            for text in texts {
                assert!(!text.contains("<!") && !text.contains("<@"), "{text}");
            }
        }
    }
}
