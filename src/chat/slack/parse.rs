//! Slack's payloads, read from raw JSON: the same for Socket Mode and for HTTP.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::chat::errand::{is_grouped, names_people};
use crate::chat::inbound::{Inbound, What};
use crate::domain::account::Platform;
use crate::domain::place::Place;
use crate::workshop::place::Audience;

/// What a shortcut on a message is called in the manifest.
pub const DESIGN_FROM_MESSAGE: &str = "design_from_message";

/// What the shortcut for a new workshop is called in the manifest.
pub const NEW_WORKSHOP: &str = "new_workshop";

/// How a payload reached us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// A slash command.
    Command,
    /// A button, a form, a shortcut, a search in a list.
    Interactive,
    /// An event.
    Event,
}

/// What a payload is.
#[derive(Debug, Clone, PartialEq)]
pub enum Received {
    /// Nothing for us.
    Ignored,
    /// Somebody did something.
    Person(Box<Person>),
    /// Somebody sent a form.
    Form {
        /// Who and where; its `what` is put in once the form is read.
        person: Box<Person>,
        /// The form.
        view: Value,
    },
    /// Somebody searches a list.
    Search {
        /// Which list.
        list: String,
        /// What they typed.
        typed: String,
    },
    /// Something that only Slack has.
    Slack(Box<Happening>),
}

/// Somebody did something.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// What they did.
    pub inbound: Inbound,
    /// The same for the same thing sent again.
    pub key: String,
    /// What lets us open a form, for three seconds; empty where nothing does.
    pub trigger: String,
    /// Whether it is for us for sure. Other messages are for us only if a workshop lives in their thread.
    pub is_ours: bool,
    /// The callback of a shortcut; empty for others.
    pub callback: String,
}

/// Something that only Slack has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Happening {
    /// The workspace, or the organisation.
    pub workspace: String,
    /// The same for the same thing sent again.
    pub key: String,
    /// What it is.
    pub what: Event,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Somebody looks at the app's home page.
    HomeOpened {
        /// Who.
        user: String,
    },
    /// Somebody opened the assistant's pane.
    AssistantOpened {
        /// Its channel.
        channel: String,
        /// Its thread.
        thread: String,
    },
    /// Somebody posted links of ours.
    LinkShared {
        /// Who.
        user: String,
        /// Where.
        channel: String,
        /// The message.
        ts: String,
        /// The links.
        urls: Vec<String>,
    },
    /// The app was removed, or its tokens were revoked.
    Gone,
}

/// Reads a payload; `bot` is the bot's own user, for events that do not name it.
pub fn read(sort: Sort, payload: &Value, bot: &str) -> Received {
    let read = match sort {
        Sort::Command => command(payload),
        Sort::Interactive => interactive(payload),
        Sort::Event => event(payload, bot),
    };
    read.unwrap_or(Received::Ignored)
}

fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The workspace, or the organisation for an app that was installed for a whole organisation.
fn workspace(payload: &Value) -> Option<String> {
    let org_wide = matches!(&payload["is_enterprise_install"], Value::Bool(true))
        || payload["is_enterprise_install"] == "true"
        || payload["authorizations"][0]["is_enterprise_install"] == true;
    let enterprise = || {
        text(&payload["enterprise_id"])
            .or_else(|| text(&payload["enterprise"]["id"]))
            .or_else(|| text(&payload["authorizations"][0]["enterprise_id"]))
    };
    let team = || {
        text(&payload["team_id"])
            .or_else(|| text(&payload["team"]["id"]))
            .or_else(|| text(&payload["user"]["team_id"]))
            .or_else(|| text(&payload["view"]["team_id"]))
    };
    if org_wide { enterprise().or_else(team) } else { team().or_else(enterprise) }
}

fn place(workspace: &str, channel: &str, thread: &str) -> Place {
    Place {
        platform: Platform::Slack,
        workspace: workspace.to_owned(),
        channel: channel.to_owned(),
        thread: thread.to_owned(),
    }
}

/// Who reads a channel. Channels of one person, and people themselves, have ids of their own kinds.
pub fn audience(channel: &str) -> Audience {
    if channel.starts_with(['D', 'U', 'W']) { Audience::Alone } else { Audience::Channel }
}

fn person(inbound: Inbound, key: String, trigger: &Value) -> Person {
    Person { inbound, key, trigger: text(trigger).unwrap_or_default(), is_ours: true, callback: String::new() }
}

fn command(payload: &Value) -> Option<Received> {
    let (channel, user) = (text(&payload["channel_id"])?, text(&payload["user_id"])?);
    let raw = payload["text"].as_str().unwrap_or_default();
    let said = readable(raw, "");
    let said = if names_people(&said) { with_mentions(raw, "") } else { said };
    let inbound = Inbound {
        place: place(&workspace(payload)?, &channel, ""),
        audience: audience(&channel),
        user,
        name: text(&payload["user_name"]),
        what: What::Command { text: said },
    };
    // Without a trigger nothing tells a repetition from the same command given twice.
    let key = text(&payload["trigger_id"])
        .map_or_else(|| format!("command:{}", uuid::Uuid::now_v7()), |id| format!("command:{id}"));
    Some(Received::Person(Box::new(person(inbound, key, &payload["trigger_id"]))))
}

fn interactive(payload: &Value) -> Option<Received> {
    match payload["type"].as_str()? {
        "block_actions" => pressed(payload),
        "block_suggestion" => Some(Received::Search {
            list: text(&payload["action_id"])?,
            typed: payload["value"].as_str().unwrap_or_default().to_owned(),
        }),
        "view_submission" => submitted(payload),
        "message_action" => shortcut_on_message(payload),
        "shortcut" => shortcut(payload),
        _ => None,
    }
}

fn user_of(payload: &Value) -> Option<(String, Option<String>)> {
    let user = &payload["user"];
    Some((text(&user["id"])?, text(&user["name"]).or_else(|| text(&user["username"]))))
}

fn pressed(payload: &Value) -> Option<Received> {
    let action = payload["actions"].get(0)?;
    let button = action["action_id"].as_str()?.parse().ok()?;
    let (user, name) = user_of(payload)?;
    let container = &payload["container"];
    let channel = text(&container["channel_id"]).or_else(|| text(&payload["channel"]["id"]));
    let ts = text(&container["message_ts"]).unwrap_or_default();
    let thread = text(&container["thread_ts"]).or_else(|| text(&payload["message"]["thread_ts"]));
    let ephemeral = container["is_ephemeral"] == true;
    // A message that only one person sees has no thread of its own.
    let thread = thread.unwrap_or_else(|| if ephemeral { String::new() } else { ts.clone() });
    let channel = channel.unwrap_or_else(|| user.clone());
    let inbound = Inbound {
        place: place(&workspace(payload)?, &channel, &thread),
        audience: audience(&channel),
        user: user.clone(),
        name,
        what: What::Pressed {
            button,
            value: text(&action["value"]).unwrap_or_default(),
            message: if ephemeral { String::new() } else { ts },
        },
    };
    let unique = text(&payload["trigger_id"]).or_else(|| Some(format!("{user}:{}", text(&action["action_ts"])?)))?;
    Some(Received::Person(Box::new(person(inbound, format!("press:{unique}"), &payload["trigger_id"]))))
}

fn submitted(payload: &Value) -> Option<Received> {
    let (user, name) = user_of(payload)?;
    let view = payload["view"].clone();
    let (id, hash) = (text(&view["id"])?, text(&view["hash"]).unwrap_or_default());
    // The form knows where it was opened; that is put in when it is read.
    let inbound = Inbound {
        place: place(&workspace(payload)?, &user, ""),
        audience: Audience::Alone,
        user,
        name,
        what: What::Command { text: String::new() },
    };
    let person = Box::new(person(inbound, format!("form:{id}:{hash}"), &payload["trigger_id"]));
    Some(Received::Form { person, view })
}

fn shortcut_on_message(payload: &Value) -> Option<Received> {
    let (user, name) = user_of(payload)?;
    let (channel, message) = (text(&payload["channel"]["id"])?, &payload["message"]);
    let thread = text(&message["thread_ts"]).or_else(|| text(&message["ts"]))?;
    let inbound = Inbound {
        place: place(&workspace(payload)?, &channel, &thread),
        audience: audience(&channel),
        user,
        name,
        what: What::Shortcut { text: readable(message["text"].as_str().unwrap_or_default(), "") },
    };
    let callback = text(&payload["callback_id"])?;
    let key = format!("shortcut:{}", text(&payload["trigger_id"])?);
    Some(Received::Person(Box::new(Person { callback, ..person(inbound, key, &payload["trigger_id"]) })))
}

fn shortcut(payload: &Value) -> Option<Received> {
    let (user, name) = user_of(payload)?;
    let inbound = Inbound {
        place: place(&workspace(payload)?, &user, ""),
        audience: Audience::Alone,
        user,
        name,
        what: What::Shortcut { text: String::new() },
    };
    let callback = text(&payload["callback_id"])?;
    let key = format!("shortcut:{}", text(&payload["trigger_id"])?);
    Some(Received::Person(Box::new(Person { callback, ..person(inbound, key, &payload["trigger_id"]) })))
}

fn event(payload: &Value, bot: &str) -> Option<Received> {
    let event = &payload["event"];
    let workspace = workspace(payload)?;
    let key = format!("event:{}", text(&payload["event_id"])?);
    let happened =
        |what| Some(Received::Slack(Box::new(Happening { workspace: workspace.clone(), key: key.clone(), what })));
    match event["type"].as_str()? {
        "message" | "app_mention" => message(payload, &workspace, bot),
        "app_home_opened" if event["tab"].as_str().unwrap_or("home") == "home" => {
            happened(Event::HomeOpened { user: text(&event["user"])? })
        }
        "assistant_thread_started" => happened(Event::AssistantOpened {
            channel: text(&event["assistant_thread"]["channel_id"])?,
            thread: text(&event["assistant_thread"]["thread_ts"])?,
        }),
        "link_shared" => happened(Event::LinkShared {
            user: text(&event["user"])?,
            channel: text(&event["channel"])?,
            ts: text(&event["message_ts"])?,
            urls: event["links"].as_array()?.iter().filter_map(|link| text(&link["url"])).take(20).collect(),
        }),
        "app_uninstalled" => happened(Event::Gone),
        // Only the bot's own token concerns us; people's tokens are not kept.
        "tokens_revoked" if event["tokens"]["bot"].as_array().is_some_and(|bots| !bots.is_empty()) => {
            happened(Event::Gone)
        }
        _ => None,
    }
}

fn message(payload: &Value, workspace: &str, known: &str) -> Option<Received> {
    let event = &payload["event"];
    let spoken = matches!(event["subtype"].as_str(), None | Some("file_share" | "thread_broadcast" | "me_message"));
    let bot = payload["authorizations"][0]["user_id"].as_str().unwrap_or(known);
    let (user, channel, ts) = (text(&event["user"])?, text(&event["channel"])?, text(&event["ts"])?);
    if !spoken || !event["bot_id"].is_null() || user == bot {
        return None;
    }
    let raw = event["text"].as_str().unwrap_or_default();
    let said = readable(raw, bot);
    let said = if is_grouped(&said) && names_people(&said) { with_mentions(raw, bot) } else { said };
    let mentioned = event["type"] == "app_mention" || (!bot.is_empty() && raw.contains(&format!("<@{bot}")));
    let alone = event["channel_type"] == "im" || channel.starts_with('D');
    let thread = text(&event["thread_ts"]).unwrap_or_else(|| ts.clone());
    let below_ours = !bot.is_empty() && event["parent_user_id"] == bot;
    let inbound = Inbound {
        place: place(workspace, &channel, &thread),
        audience: if alone { Audience::Alone } else { Audience::Channel },
        user,
        name: None,
        what: What::Said { text: said, addressed: mentioned || alone },
    };
    // A mention comes twice, as a message and as a mention: both are the same message.
    let person = Person {
        is_ours: mentioned || alone || below_ours,
        ..person(inbound, format!("message:{channel}:{ts}"), &Value::Null)
    };
    Some(Received::Person(Box::new(person)))
}

/// Slack's text as a person reads it: links, mentions and channels by their names, no entities, the app's mention left out.
fn readable(raw: &str, bot: &str) -> String {
    read_text(raw, bot, false)
}

/// The same with mentions of people as they are sent, for what is about those people.
fn with_mentions(raw: &str, bot: &str) -> String {
    read_text(raw, bot, true)
}

fn read_text(raw: &str, bot: &str, keeps_mentions: bool) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(open) = rest.find('<') {
        text.push_str(&rest[..open]);
        rest = &rest[open..];
        let Some(close) = rest.find('>') else { break };
        let inside = &rest[1..close];
        let (target, label) = inside.split_once('|').map_or((inside, None), |(target, label)| (target, Some(label)));
        match target.chars().next() {
            Some('@') if !bot.is_empty() && &target[1..] == bot => {}
            Some('@') if keeps_mentions => text.push_str(&format!("<{inside}>")),
            Some('@') => text.push_str(&format!("@{}", label.unwrap_or(&target[1..]))),
            Some('#') => text.push_str(&format!("#{}", label.unwrap_or(&target[1..]))),
            Some('!') => text.push_str(&format!("@{}", label.unwrap_or(&target[1..]).trim_start_matches('@'))),
            Some(_) | None => match label {
                Some(label) if label != target => text.push_str(&format!("{label} ({target})")),
                Some(_) | None => text.push_str(target),
            },
        }
        rest = &rest[close + 1..];
    }
    text.push_str(rest);
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn text_is_read_as_a_person_reads_it() {
        assert_eq!(readable("<@U0BOT> test &lt;b&gt; &amp;amp; c", "U0BOT"), "test <b> &amp; c");
        assert_eq!(
            readable("see <https://e.example/a|the report> and <https://e.example>", ""),
            "see the report (https://e.example/a) and https://e.example"
        );
        assert_eq!(readable("<#C1|news> <!here> <@U2|bob> <@U3> 1 < 2", ""), "#news @here @bob @U3 1 < 2");
    }

    #[test]
    fn who_is_meant_stays_known_by_id() {
        assert_eq!(with_mentions("<@U0BOT> share add <@U2|bob> editor", "U0BOT"), "share add <@U2|bob> editor");
        let payload = json!({
            "team_id": "T1", "channel_id": "C1", "user_id": "U1", "trigger_id": "1",
            "text": "share add <@U2|bob> editor",
        });
        let Received::Person(person) = read(Sort::Command, &payload, "") else { panic!("not read") };
        assert_eq!(person.inbound.what, What::Command { text: "share add <@U2|bob> editor".to_owned() });
    }

    #[test]
    fn an_organisation_wide_installation_has_no_team() {
        let payload = json!({
            "type": "block_actions", "team": null, "enterprise": { "id": "E1" }, "is_enterprise_install": true,
            "user": { "id": "W1", "team_id": "T9" }, "trigger_id": "1.2", "channel": { "id": "C1" },
            "container": { "type": "message", "message_ts": "1.1", "channel_id": "C1", "is_ephemeral": false },
            "actions": [{ "type": "button", "action_id": "pw:accept:5:1", "action_ts": "1.3" }],
        });
        let Received::Person(person) = read(Sort::Interactive, &payload, "") else { panic!("not read") };
        assert_eq!(person.inbound.place, place("E1", "C1", "1.1"));
        assert_eq!(person.key, "press:1.2");
    }

    #[test]
    fn a_mention_and_its_message_are_one() {
        let event = |kind: &str, id: &str| {
            json!({
                "team_id": "T1", "event_id": id, "authorizations": [{ "user_id": "U0BOT" }],
                "event": { "type": kind, "user": "U1", "channel": "C1", "ts": "1.1", "text": "<@U0BOT> help", "channel_type": "channel" },
            })
        };
        let keys: Vec<(String, bool)> = [event("message", "Ev1"), event("app_mention", "Ev2")]
            .iter()
            .map(|payload| match read(Sort::Event, payload, "") {
                Received::Person(person) => (person.key, person.is_ours),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(keys[0], keys[1]);
        assert!(keys[0].1);
    }

    #[test]
    fn what_bots_say_and_what_nobody_knows_is_ignored() {
        let said = |extra: Value| {
            let mut event = json!({ "type": "message", "user": "U1", "channel": "C1", "ts": "1.1", "text": "x" });
            event.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            json!({ "team_id": "T1", "event_id": "Ev1", "event": event, "authorizations": [{ "user_id": "U0BOT" }] })
        };
        for extra in [json!({ "bot_id": "B1" }), json!({ "user": "U0BOT" }), json!({ "subtype": "message_changed" })] {
            assert_eq!(read(Sort::Event, &said(extra), ""), Received::Ignored);
        }
        for payload in
            [json!({}), json!(null), json!({ "type": "new_thing" }), json!({ "event": { "type": "message" } })]
        {
            for sort in [Sort::Command, Sort::Interactive, Sort::Event] {
                assert_eq!(read(sort, &payload, ""), Received::Ignored, "{payload}");
            }
        }
    }
}
