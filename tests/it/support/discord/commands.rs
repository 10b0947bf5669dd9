//! The commands that the application has registered, what is wrong with them, and how a person's options fit them.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::check::Findings;
use super::check_interactive::choices;
use super::routes::Answer;
use super::state::{Data, list, text};
use super::{APPLICATION, Discord};

const SUBCOMMAND: u64 = 1;
const GROUP: u64 = 2;

impl Data {
    pub(super) fn register(&mut self, guild: &str, body: &Value) -> Answer {
        self.registrations += 1;
        let Some(commands) = body.as_array() else {
            return self.refuse("PUT commands", vec![("body", "it is no list".to_owned())]);
        };
        let mut findings = Findings::default();
        findings.count("commands", commands, 0..=100);
        let named = commands.iter().map(|command| format!("{} {}", kind(command), text(command, "name")));
        findings.unique("commands.name", named.collect::<Vec<_>>().iter().map(String::as_str));
        commands.iter().for_each(|command| check_command(command, &mut findings));
        self.refuse("PUT commands", findings.0)?;
        let mut registered = Vec::new();
        for command in commands {
            let mut command = command.clone();
            command["type"] = json!(kind(&command));
            let before = self.commands.get(guild).into_iter().flatten();
            let same = |known: &&Value| known["name"] == command["name"] && known["type"] == command["type"];
            // A command that keeps its name keeps its id.
            let id = before.into_iter().find(same).map(|known| text(known, "id").to_owned());
            command["id"] = json!(id.unwrap_or_else(|| self.snowflake()));
            command["application_id"] = json!(APPLICATION);
            command["version"] = json!(self.snowflake());
            let fields = command.as_object_mut().unwrap();
            if !guild.is_empty() {
                fields.insert("guild_id".to_owned(), json!(guild));
            }
            fields.entry("description").or_insert(json!(""));
            fields.entry("default_member_permissions").or_insert(Value::Null);
            registered.push(command);
        }
        self.commands.insert(guild.to_owned(), registered);
        Ok(self.commands_of(guild))
    }

    pub(super) fn commands_of(&self, guild: &str) -> Value {
        json!(self.commands.get(guild).map_or(&[][..], Vec::as_slice))
    }

    /// A command that a person may give there; none as long as none at all is registered.
    #[track_caller]
    pub(super) fn command(&self, channel: &str, kind: u64, name: &str) -> Option<Value> {
        if self.commands.values().all(Vec::is_empty) {
            return None;
        }
        let guild = self.place(channel).guild.as_deref();
        let context = if guild.is_some() { 0 } else { 1 };
        let scopes = [guild.filter(|guild| !guild.is_empty()), Some("")];
        let commands = scopes.into_iter().flatten().filter_map(|scope| self.commands.get(scope)).flatten();
        let offered = |command: &&Value| match command["contexts"].as_array() {
            Some(contexts) => contexts.contains(&json!(context)),
            None => guild.is_some() || command["dm_permission"] != false,
        };
        let commands: Vec<&Value> =
            commands.filter(|command| command["type"] == kind).filter(|command| offered(command)).collect();
        let found = commands.iter().find(|command| command["name"] == name);
        let names = || commands.iter().map(|command| text(command, "name")).collect::<Vec<_>>();
        Some((*found.unwrap_or_else(|| panic!("no command {name:?} in {channel}, only {:?}", names()))).clone())
    }
}

impl Discord {
    /// Waits until there are commands, as the service registers them when it starts; gives up after ten seconds.
    pub(super) async fn registration(&self) {
        for _ in 0..1000 {
            if self.data().commands.values().any(|commands| !commands.is_empty()) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
}

/// What is sent for a path of subcommands with these options; `focus` names the one that is being typed.
#[track_caller]
pub(super) fn filled(command: Option<&Value>, path: &str, given: &[(&str, Value)], focus: Option<&str>) -> Value {
    let mut level = command;
    let mut kinds = Vec::new();
    for name in path.split(' ').filter(|name| !name.is_empty()) {
        level = level.map(|level| option(level, name));
        kinds.push((name, level.map_or(SUBCOMMAND, kind)));
    }
    if let (Some(level), None) = (level, focus) {
        for required in list(level, "options").iter().filter(|option| option["required"] == true) {
            let name = text(required, "name");
            assert!(given.iter().any(|(given, _)| *given == name), "Discord wants {name:?} for {path:?}");
        }
    }
    let mut inner: Vec<Value> = Vec::new();
    for (name, value) in given {
        let known = level.map(|level| option(level, name));
        let is_focused = focus == Some(name);
        let kind = match known {
            Some(known) if is_focused => {
                assert_eq!(known["autocomplete"], true, "{name:?} has no suggestions");
                kind(known)
            }
            Some(known) => {
                assert_acceptable(known, value);
                kind(known)
            }
            None if value.is_i64() => 4,
            None if value.is_number() => 10,
            None if value.is_boolean() => 5,
            None => 3,
        };
        let mut option = json!({"name": name, "type": kind, "value": value});
        if is_focused {
            option["focused"] = json!(true);
        }
        inner.push(option);
    }
    for (name, kind) in kinds.into_iter().rev() {
        inner = vec![json!({"name": name, "type": kind, "options": inner})];
    }
    json!(inner)
}

#[track_caller]
fn option<'a>(level: &'a Value, name: &str) -> &'a Value {
    let options = list(level, "options");
    let names = || options.iter().map(|option| text(option, "name")).collect::<Vec<_>>();
    let found = options.iter().find(|option| option["name"] == name);
    found.unwrap_or_else(|| panic!("no option {name:?} in {:?}, only {:?}", text(level, "name"), names()))
}

/// A person's client lets nothing else through; neither may a test.
#[track_caller]
fn assert_acceptable(option: &Value, value: &Value) {
    let name = text(option, "name");
    let fits = match kind(option) {
        3 => value.is_string(),
        4 => value.is_i64(),
        5 => value.is_boolean(),
        10 => value.is_number(),
        _ => true,
    };
    assert!(fits, "{name:?} is of type {}, not {value}", option["type"]);
    let choices = list(option, "choices");
    let chosen = choices.is_empty() || choices.iter().any(|choice| choice["value"] == *value);
    assert!(chosen, "{name:?} has no choice {value}, only {choices:?}");
    let measure = value.as_str().map(|text| text.chars().count() as f64).or(value.as_f64());
    let (low, high) = if value.is_string() { ("min_length", "max_length") } else { ("min_value", "max_value") };
    let low = option[low].as_f64().unwrap_or(f64::MIN);
    let high = option[high].as_f64().unwrap_or(if value.is_string() { 6000.0 } else { f64::MAX });
    assert!(measure.is_none_or(|measure| (low..=high).contains(&measure)), "{name:?} from {low} to {high}: {value}");
}

fn kind(of: &Value) -> u64 {
    of["type"].as_u64().unwrap_or(1)
}

fn check_command(command: &Value, findings: &mut Findings) {
    match kind(command) {
        1 => {
            check_name(command, findings);
            findings.length("commands.description", &command["description"], 1..=100);
            check_options(list(command, "options"), findings);
            let characters = characters(command);
            if characters > 8000 {
                findings.note("commands", format!("{characters} characters in all of it, not 8000"));
            }
        }
        _ => {
            findings.length("commands.name", &command["name"], 1..=32);
            findings.length("commands.description", &command["description"], 0..=0);
            findings.count("commands.options", list(command, "options"), 0..=0);
        }
    }
}

fn check_name(named: &Value, findings: &mut Findings) {
    let name = text(named, "name");
    let good = |character: char| matches!(character, 'a'..='z' | '0'..='9' | '_' | '-');
    if name.is_empty() || name.len() > 32 || !name.chars().all(good) {
        findings.note("commands.name", format!("{name:?}"));
    }
}

fn check_options(options: &[Value], findings: &mut Findings) {
    findings.count("commands.options", options, 0..=25);
    findings.unique("commands.options.name", options.iter().map(|option| text(option, "name")));
    let levels: HashSet<bool> = options.iter().map(|option| matches!(kind(option), SUBCOMMAND | GROUP)).collect();
    if levels.len() > 1 {
        findings.note("commands.options.type", "subcommands beside options");
    }
    let mut optional_before = false;
    for option in options {
        check_name(option, findings);
        findings.length("commands.options.description", &option["description"], 1..=100);
        if matches!(kind(option), SUBCOMMAND | GROUP) {
            check_options(list(option, "options"), findings);
            continue;
        }
        if !(3..=11).contains(&kind(option)) {
            findings.note("commands.options.type", format!("{}", option["type"]));
        }
        if option["required"] == true && optional_before {
            findings.note("commands.options.required", format!("{} comes after optional ones", option["name"]));
        }
        optional_before |= option["required"] != true;
        choices(list(option, "choices"), findings);
        if option["autocomplete"] == true && !list(option, "choices").is_empty() {
            findings.note("commands.options.autocomplete", "together with choices");
        }
    }
}

fn characters(of: &Value) -> usize {
    let own = ["name", "description", "value"].map(|key| text(of, key).chars().count());
    let inside = list(of, "options").iter().chain(list(of, "choices")).map(characters);
    own.into_iter().chain(inside).sum()
}
