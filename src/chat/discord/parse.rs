//! Discord's interactions and messages, read from raw JSON: the same for the gateway and for HTTP, and for what serenity's
//! types do not take.

use serde_json::Value;

use super::commands::DESIGN_FROM_MESSAGE;
use super::modal::read;
use crate::chat::button::{Button, Press};
use crate::chat::command::Unclear;
use crate::chat::errand::{is_grouped, names_people};
use crate::chat::inbound::{Form, Inbound, What};
use crate::chat::slot;
use crate::domain::account::Platform;
use crate::domain::place::Place;
use crate::domain::{Instant, Invalid};
use crate::workshop::place::Audience;

/// What stands for the server in direct messages, as in Discord's own links.
pub const DIRECT: &str = "@me";

/// The flag of a message that only one person sees.
pub const EPHEMERAL: u64 = 1 << 6;

/// What an interaction is.
#[derive(Debug, Clone, PartialEq)]
pub enum Received {
    /// Discord asks whether we are there.
    Ping,
    /// Somebody did something.
    Person(Box<Person>),
    /// Somebody sent a form that cannot be used as it is; what is wrong with it.
    Mistake(Box<Person>, Invalid),
    /// Somebody used a command in a way that it cannot be used.
    Unclear(Unclear),
    /// Somebody is typing a command.
    Typing(Box<Typing>),
    /// Nothing that we know.
    Unreadable,
}

/// Somebody did something.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// What they did.
    pub inbound: Inbound,
    /// The same for the same thing sent again.
    pub key: String,
    /// What lets us answer only them.
    pub token: String,
    /// On what it was done.
    pub on: On,
}

/// On what something was done, which decides what can be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// On nothing: a command, or a form that a command opened.
    Nothing,
    /// On a message, which stays as it is when nothing is answered.
    Message,
    /// On a list that only they see, and that has done its work.
    List,
}

/// Somebody is typing a command.
#[derive(Debug, Clone, PartialEq)]
pub struct Typing {
    /// Who and where.
    pub inbound: Inbound,
    /// The word.
    pub verb: String,
    /// The piece that they are at.
    pub slot: String,
    /// What they typed of it.
    pub typed: String,
}

fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Reads an interaction.
pub fn read_interaction(payload: &Value, now: Instant) -> Received {
    let read = match payload["type"].as_u64() {
        Some(1) => Some(Received::Ping),
        Some(2) => command(payload),
        Some(3) => component(payload),
        Some(4) => typing(payload),
        Some(5) => modal(payload, now),
        _ => None,
    };
    read.unwrap_or(Received::Unreadable)
}

/// Where an interaction happened. A message in a channel may have a thread, which the database knows.
fn place(payload: &Value) -> Option<(Place, Audience)> {
    let channel = text(&payload["channel_id"]).or_else(|| text(&payload["channel"]["id"]))?;
    Some(match text(&payload["guild_id"]) {
        None => (direct(&channel), Audience::Alone),
        Some(guild) => (in_guild(&guild, &channel, &payload["channel"]), Audience::Channel),
    })
}

/// A direct message: the whole channel is the place.
fn direct(channel: &str) -> Place {
    let place = Place {
        platform: Platform::Discord,
        workspace: DIRECT.to_owned(),
        channel: channel.to_owned(),
        thread: String::new(),
    };
    place.whole_channel()
}

/// A channel, or a thread with the channel that it is in.
pub fn in_guild(guild: &str, id: &str, channel: &Value) -> Place {
    let parent = text(&channel["parent_id"]).filter(|_| matches!(channel["type"].as_u64(), Some(10..=12)));
    let (channel, thread) = match parent {
        Some(parent) => (parent, id.to_owned()),
        None => (id.to_owned(), String::new()),
    };
    Place { platform: Platform::Discord, workspace: guild.to_owned(), channel, thread }
}

fn person(payload: &Value, what: What) -> Option<Box<Person>> {
    let inbound = inbound(payload, what)?;
    let key = format!("interaction:{}", text(&payload["id"])?);
    let on = match (payload["message"].is_object(), &inbound.what) {
        (true, What::Submitted(Form::Pick { .. } | Form::Compare { .. })) => On::List,
        (true, _) => On::Message,
        (false, _) => On::Nothing,
    };
    Some(Box::new(Person { inbound, key, token: text(&payload["token"])?, on }))
}

fn inbound(payload: &Value, what: What) -> Option<Inbound> {
    let user = if payload["member"]["user"].is_object() { &payload["member"]["user"] } else { &payload["user"] };
    let (place, audience) = place(payload)?;
    Some(Inbound { place, audience, user: text(&user["id"])?, name: text(&user["username"]), what })
}

fn command(payload: &Value) -> Option<Received> {
    let data = &payload["data"];
    if data["name"] == DESIGN_FROM_MESSAGE {
        let message = &data["resolved"]["messages"][data["target_id"].as_str()?];
        let mut said = message["content"].as_str().unwrap_or_default().to_owned();
        if said.trim().is_empty() {
            said = message["embeds"][0]["description"].as_str().unwrap_or_default().to_owned();
        }
        return Some(Received::Person(person(payload, What::Shortcut { text: said })?));
    }
    let Some((verb, word)) = chosen_word(data) else {
        return Some(Received::Person(person(payload, What::Command { text: String::new() })?));
    };
    match slot::choose(&verb, |name| given(word, name)) {
        Ok(command) => Some(Received::Person(person(payload, What::Chose { command })?)),
        Err(unclear) => Some(Received::Unclear(unclear)),
    }
}

/// The word that was chosen, with its group before it, and what was given with it.
fn chosen_word(data: &Value) -> Option<(String, &Value)> {
    let word = &data["options"][0];
    let name = word["name"].as_str()?;
    match word["type"] == 2 {
        true => Some((format!("{name} {}", word["options"][0]["name"].as_str()?), &word["options"][0])),
        false => Some((name.to_owned(), word)),
    }
}

/// What was typed into a piece of a command.
fn given(word: &Value, name: &str) -> Option<String> {
    let option = word["options"].as_array()?.iter().find(|option| option["name"] == name)?;
    match &option["value"] {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    }
}

fn typing(payload: &Value) -> Option<Received> {
    let (verb, word) = chosen_word(&payload["data"])?;
    let focused = word["options"].as_array()?.iter().find(|option| option["focused"] == true)?;
    let slot = text(&focused["name"])?;
    let typing = Typing {
        inbound: inbound(payload, What::Command { text: String::new() })?,
        verb,
        typed: given(word, &slot).unwrap_or_default(),
        slot,
    };
    Some(Received::Typing(Box::new(typing)))
}

fn component(payload: &Value) -> Option<Received> {
    let data = &payload["data"];
    let button: Button = data["custom_id"].as_str()?.parse().ok()?;
    let chosen: Vec<&str> = data["values"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let message = &payload["message"];
    let seen_by_all = message["flags"].as_u64().unwrap_or_default() & EPHEMERAL == 0;
    let message_id = text(&message["id"]).filter(|_| seen_by_all).unwrap_or_default();
    let is_list = data["component_type"].as_u64() == Some(3);
    let what = match (button.press, chosen.as_slice()) {
        (Press::Pick, chosen) if is_list => What::Submitted(Form::Pick {
            draft: button.id.parse().ok()?,
            proposal: crate::domain::ProposalNumber(button.number.try_into().ok()?),
            changes: chosen.iter().filter_map(|number| number.parse().ok()).collect(),
        }),
        (Press::Compare, [with]) if is_list => {
            What::Submitted(Form::Compare { trial: button.id.parse().ok()?, with: with.parse().ok()? })
        }
        // A list of buttons.
        (_, [chosen]) if is_list => {
            What::Pressed { button: chosen.parse().ok()?, value: String::new(), message: message_id }
        }
        (_, []) => What::Pressed { button, value: String::new(), message: message_id },
        _ => return None,
    };
    Some(Received::Person(person(payload, what)?))
}

fn modal(payload: &Value, now: Instant) -> Option<Received> {
    let data = &payload["data"];
    let about: Button = data["custom_id"].as_str()?.parse().ok()?;
    let rows = data["components"].as_array()?;
    let inputs: Vec<(&str, &str)> = rows
        .iter()
        .flat_map(|row| row["components"].as_array().into_iter().flatten())
        .filter_map(|input| Some((input["custom_id"].as_str()?, input["value"].as_str().unwrap_or_default())))
        .collect();
    let (form, mistake) = read(&about, &inputs, now)?;
    let person = person(payload, What::Submitted(form))?;
    Some(match mistake {
        None => Received::Person(person),
        Some(invalid) => Received::Mistake(person, invalid),
    })
}

/// A message that somebody wrote.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// What they said; its place has the channel only, which may be a thread.
    pub inbound: Inbound,
    /// The same for the same message sent again.
    pub key: String,
    /// Whether there was something in it that we may not read.
    pub is_unreadable: bool,
}

/// Reads a message; `None` for those of bots, and those that say nothing. `bot` is the bot's own user.
pub fn read_message(message: &Value, bot: &str) -> Option<Heard> {
    // Ordinary messages and replies.
    let is_spoken = matches!(message["type"].as_u64(), None | Some(0 | 19));
    let author = &message["author"];
    if !is_spoken || author["bot"] == true || !message["webhook_id"].is_null() {
        return None;
    }
    let (channel, user, id) = (text(&message["channel_id"])?, text(&author["id"])?, text(&message["id"])?);
    let raw = message["content"].as_str().unwrap_or_default();
    let mentions = message["mentions"].as_array();
    let mentioned = !bot.is_empty() && mentions.is_some_and(|all| all.iter().any(|mention| mention["id"] == bot));
    let (place, audience) = match text(&message["guild_id"]) {
        None => (direct(&channel), Audience::Alone),
        Some(guild) => (in_guild(&guild, &channel, &Value::Null), Audience::Channel),
    };
    let addressed = mentioned || audience == Audience::Alone;
    let said = readable(raw, bot, mentions.map(Vec::as_slice).unwrap_or_default());
    // What is about people names them by their ids.
    let said = if is_grouped(&said) && names_people(&said) { readable(raw, bot, &[]) } else { said };
    let shows_something = |field: &str| message[field].as_array().is_some_and(|all| !all.is_empty());
    let is_empty = said.trim().is_empty();
    if is_empty && (shows_something("attachments") || shows_something("sticker_items") || shows_something("embeds")) {
        return None;
    }
    let inbound =
        Inbound { place, audience, user, name: text(&author["username"]), what: What::Said { text: said, addressed } };
    Some(Heard { inbound, key: format!("message:{id}"), is_unreadable: is_empty && !addressed })
}

/// A message as a person reads it: mentions by their names, that of the bot left out.
fn readable(raw: &str, bot: &str, mentions: &[Value]) -> String {
    let mut said = raw.to_owned();
    if !bot.is_empty() {
        said = said.replace(&format!("<@{bot}>"), "").replace(&format!("<@!{bot}>"), "");
    }
    for mention in mentions {
        if let (Some(id), Some(name)) = (mention["id"].as_str(), mention["username"].as_str()) {
            said = said
                .replace(&format!("<@{id}>"), &format!("@{name}"))
                .replace(&format!("<@!{id}>"), &format!("@{name}"));
        }
    }
    said.trim().to_owned()
}

/// The least id of what happened at a time or later: ids begin with the milliseconds since 2015.
pub fn first_id_at(at: Instant) -> u64 {
    const EPOCH: i64 = 1_420_070_400_000;
    let milliseconds = u64::try_from(at.timestamp_millis() - EPOCH).unwrap_or(0);
    milliseconds << 22
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::command::Command;
    use serde_json::json;

    fn pressed(data: Value) -> Value {
        json!({
            "id": "1", "type": 3, "token": "t", "guild_id": "2", "channel_id": "3",
            "channel": { "id": "3", "type": 11, "parent_id": "4" },
            "member": { "user": { "id": "5", "username": "alice" } },
            "message": { "id": "6" },
            "data": data,
        })
    }

    fn person(payload: &Value) -> Person {
        match read_interaction(payload, chrono::Utc::now()) {
            Received::Person(person) => *person,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_button_in_a_thread_is_pressed_in_the_thread() {
        let person = person(&pressed(json!({ "custom_id": "pw:accept:7:1", "component_type": 2 })));
        assert_eq!((person.inbound.place.channel.as_str(), person.inbound.place.thread.as_str()), ("4", "3"));
        assert!(matches!(person.inbound.what, What::Pressed { ref message, .. } if message == "6"));
    }

    #[test]
    fn an_answer_chosen_in_a_list_is_the_button_that_it_stands_for() {
        let data = json!({ "custom_id": "pw:answer:m:100", "component_type": 3, "values": ["pw:answer:m:102"] });
        let What::Pressed { button, .. } = person(&pressed(data)).inbound.what else { panic!() };
        assert_eq!(button.number, 102);
    }

    #[test]
    fn a_command_is_read_with_its_pieces() {
        let mut payload = pressed(json!({ "name": "workshop", "options": [
            { "name": "test", "type": 1, "options": [{ "name": "draft", "type": 4, "value": 7 }, { "name": "question", "type": 3, "value": "Why so, and how?" }] },
        ] }));
        payload["type"] = json!(2);
        let What::Chose { command: Command::Test { draft, question, .. } } = person(&payload).inbound.what else {
            panic!()
        };
        assert_eq!((draft.unwrap().0, question.as_str()), (7, "Why so, and how?"));
    }

    #[test]
    fn what_bots_say_is_not_heard_and_the_mention_is_left_out() {
        let message = json!({
            "id": "1", "channel_id": "2", "guild_id": "3", "type": 0, "content": "<@9> help <@8>",
            "author": { "id": "5", "username": "alice" }, "mentions": [{ "id": "9", "username": "bot" }, { "id": "8", "username": "bob" }],
        });
        let heard = read_message(&message, "9").unwrap();
        assert_eq!(heard.inbound.what, What::Said { text: "help @bob".to_owned(), addressed: true });
        let mut of_bot = message.clone();
        of_bot["author"]["bot"] = json!(true);
        assert_eq!(read_message(&of_bot, "9"), None);
        let mut empty = message;
        (empty["content"], empty["mentions"]) = (json!(""), json!([]));
        assert!(read_message(&empty, "9").unwrap().is_unreadable);
    }

    #[test]
    fn anything_else_is_unreadable() {
        for payload in
            [json!({}), json!({ "type": 3 }), pressed(json!({ "custom_id": "foreign" })), json!({ "type": 99 })]
        {
            assert_eq!(read_interaction(&payload, chrono::Utc::now()), Received::Unreadable);
        }
    }
}
