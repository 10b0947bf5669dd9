//! The slash command, made from the table of what can be said, and its registration with Discord.

use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use super::Discord;
use crate::chat::command::{Entry, Where, entries};
use crate::chat::slot::{Kind, Slot, slots};
use crate::domain::text::excerpt;

/// The slash command's name.
pub const NAME: &str = "workshop";

/// The entry in the menu of a message.
pub const DESIGN_FROM_MESSAGE: &str = "Design a prompt from this";

/// The most characters of a description (Discord).
const DESCRIPTION: usize = 100;

/// Discord's numbers for kinds of options.
const SUBCOMMAND: u8 = 1;
const GROUP: u8 = 2;
const STRING: u8 = 3;
const INTEGER: u8 = 4;

/// Every command, as Discord takes them.
pub fn commands() -> Value {
    json!([
        {
            "name": NAME,
            "type": 1,
            "description": "Design, test and share prompts for Auspex",
            // In servers and in direct messages with the bot.
            "contexts": [0, 1],
            "integration_types": [0],
            "options": words(),
        },
        { "name": DESIGN_FROM_MESSAGE, "type": 3, "contexts": [0, 1], "integration_types": [0] },
    ])
}

/// Every word; those of two parts stand in a group under their first.
fn words() -> Vec<Value> {
    let mut words: Vec<Value> = Vec::new();
    for entry in entries(Where::Platforms) {
        let Some((group, name)) = entry.verb.split_once(' ') else {
            words.push(subcommand(entry, entry.verb));
            continue;
        };
        let word = subcommand(entry, name);
        match words.iter_mut().find(|known| known["type"] == GROUP && known["name"] == group) {
            Some(known) => known["options"].as_array_mut().into_iter().for_each(|list| list.push(word.clone())),
            None => {
                let description = format!("{group}: what can be done");
                words.push(json!({ "type": GROUP, "name": group, "description": description, "options": [word] }));
            }
        }
    }
    words
}

fn subcommand(entry: &Entry, name: &str) -> Value {
    let mut option = json!({ "type": SUBCOMMAND, "name": name, "description": excerpt(entry.help, DESCRIPTION) });
    let slots = slots(entry.verb);
    if !slots.is_empty() {
        option["options"] = slots.iter().map(piece).collect();
    }
    option
}

fn piece(slot: &Slot) -> Value {
    let mut option = json!({ "name": slot.name, "description": slot.help, "required": slot.required });
    match slot.kind {
        Kind::Text(most) => {
            option["type"] = json!(STRING);
            option["max_length"] = json!(most);
        }
        Kind::Draft => {
            option["type"] = json!(INTEGER);
            option["min_value"] = json!(1);
            option["autocomplete"] = json!(true);
        }
        Kind::Prompt | Kind::Topic | Kind::Model => {
            option["type"] = json!(STRING);
            option["autocomplete"] = json!(true);
        }
        Kind::Number => {
            option["type"] = json!(INTEGER);
            option["min_value"] = json!(1);
        }
        Kind::Choice(choices) => {
            option["type"] = json!(STRING);
            option["choices"] = choices.iter().map(|choice| json!({ "name": choice, "value": choice })).collect();
        }
        Kind::Stars => {
            option["type"] = json!(INTEGER);
            option["choices"] = (1..=5).map(|stars| json!({ "name": "★".repeat(stars), "value": stars })).collect();
        }
    }
    option
}

impl Discord {
    /// Registers the commands if they are others than Discord knows; tried until it is done.
    pub async fn register(&self, stop: &CancellationToken) {
        self.introduce(stop).await;
        let (application, guild) = (self.application(), &self.0.settings.guild_id);
        let path = match guild.as_str() {
            "" => format!("/applications/{application}/commands"),
            guild => format!("/applications/{application}/guilds/{guild}/commands"),
        };
        let commands = commands();
        let hash = Sha256::digest(commands.to_string());
        let fingerprint: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let scope = format!("discord:{application}:{guild}");
        let mut wait = super::WAIT;
        while !stop.is_cancelled() {
            match self.0.workshop.commands_are_registered(&scope, &fingerprint).await {
                Ok(true) => return,
                Ok(false) => match self.0.api.call(Method::PUT, &path, Some(&commands)).await {
                    Ok(_) => {
                        tracing::info!("Discord knows the commands of this version now");
                        match self.0.workshop.commands_registered(&scope, &fingerprint).await {
                            Ok(()) => return,
                            Err(error) => tracing::warn!(%error, "That the commands are registered could not be noted"),
                        }
                    }
                    Err(error) => wait = super::gateway::longer("Discord did not take the commands", &error, wait),
                },
                Err(error) => tracing::warn!(%error, "Which commands Discord knows cannot be read"),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn characters(option: &Value) -> usize {
        let description = option["description"].as_str().unwrap().chars().count();
        assert!((1..=DESCRIPTION).contains(&description), "{option}");
        let options = option["options"].as_array().into_iter().flatten();
        assert!(options.clone().count() <= 25, "{option}");
        let choices = option["choices"].as_array().into_iter().flatten();
        let choices: usize = choices.map(|choice| choice["name"].as_str().unwrap().len() * 2).sum();
        description + option["name"].as_str().unwrap().len() + choices + options.map(characters).sum::<usize>()
    }

    #[test]
    fn the_commands_are_within_discords_limits() {
        let commands = commands();
        let words = commands[0]["options"].as_array().unwrap();
        assert!((10..=25).contains(&words.len()));
        let characters: usize = words.iter().map(characters).sum();
        // All names, descriptions and values of one command.
        assert!(characters <= 8_000, "{characters}");
    }
}
