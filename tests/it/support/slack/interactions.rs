//! Commands, buttons, menus, modals and shortcuts: what a person does with the app itself.

use serde_json::{Value, json};

use super::delivery::{Kind, Sending};
use super::posted::{Posted, View, elements, option};
use super::state::{User, list, text};
use super::{APP, Slack};

/// What a person entered: the block, the element, and for it a text, a number, an option's value (for an external
/// menu the whole option), a list of options' values, or a conversation.
pub type Entered<'a> = (&'a str, &'a str, Value);

impl Slack {
    /// A person gives the command with this text.
    #[track_caller]
    pub fn command(&self, user: User, channel: &str, text: &str) -> Sending {
        let payload = {
            let data = &mut *self.data();
            data.meet(&self.team, user, channel);
            json!({
                "token": "verification", "team_id": self.team, "team_domain": "example", "channel_id": channel,
                "channel_name": data.channels[channel].name, "user_id": user.id, "user_name": user.name,
                "command": data.command_word, "text": text, "api_app_id": APP, "is_enterprise_install": "false",
                "response_url": data.response_url(channel, user.id, None), "trigger_id": data.trigger(user.id, None),
            })
        };
        self.sending(Kind::Command, payload)
    }

    /// A person presses a button or chooses from a menu of a message: what [`Posted::button`] or [`Posted::choice`] gave.
    #[track_caller]
    pub fn action(&self, user: User, message: &Posted, action: &Value) -> Sending {
        let mut payload = self.interaction("block_actions", user, None);
        let ephemeral = message.ephemeral_to.is_some();
        {
            let data = &mut *self.data();
            payload["container"] = json!({
                "type": "message", "message_ts": message.ts, "channel_id": message.channel, "is_ephemeral": ephemeral,
            });
            if let Some(thread) = &message.thread_ts {
                payload["container"]["thread_ts"] = json!(thread);
            }
            payload["channel"] = data.channel_json(&message.channel);
            payload["response_url"] = json!(data.response_url(&message.channel, user.id, Some(message)));
            payload["actions"] = json!([acted(action, data.ts())]);
        }
        if !ephemeral {
            payload["message"] = message.wire();
        }
        payload["state"] = json!({"values": values(&message.blocks, &[])});
        self.sending(Kind::Interactive, payload)
    }

    /// A person presses a button or chooses from a menu of a modal or a Home tab.
    #[track_caller]
    pub fn view_action(&self, user: User, view: &View, action: &Value) -> Sending {
        let from = (view.raw["type"] == "modal").then_some(view.id.as_str());
        let mut payload = self.interaction("block_actions", user, from);
        payload["container"] = json!({"type": "view", "view_id": view.id});
        payload["view"] = view.wire(&self.team, values(&view.blocks, &[]));
        payload["actions"] = json!([acted(action, self.data().ts())]);
        self.sending(Kind::Interactive, payload)
    }

    /// A person submits a modal; what they did not touch keeps its initial value.
    #[track_caller]
    pub fn view_submission(&self, user: User, view: &View, entered: &[Entered]) -> Sending {
        let state = values(&view.blocks, entered);
        assert_submittable(view, &state);
        let mut payload = self.interaction("view_submission", user, Some(&view.id));
        payload["view"] = view.wire(&self.team, state);
        payload["response_urls"] = json!([]);
        self.sending(Kind::Interactive, payload)
    }

    /// A person types into an external menu; the answer has [`Ack::options`](super::delivery::Ack::options).
    #[track_caller]
    pub fn block_suggestion(&self, user: User, view: &View, action_id: &str, typed: &str) -> Sending {
        let found = elements(&view.blocks).into_iter().find(|element| element["action_id"] == action_id);
        let element = found.unwrap_or_else(|| panic!("no menu {action_id:?} in the view"));
        let mut payload = self.interaction("block_suggestion", user, None);
        payload.as_object_mut().unwrap().remove("trigger_id");
        payload["container"] = json!({"type": "view", "view_id": view.id});
        payload["view"] = view.wire(&self.team, values(&view.blocks, &[]));
        payload["action_id"] = json!(action_id);
        payload["block_id"] = element["block_id"].clone();
        payload["value"] = json!(typed);
        self.sending(Kind::Interactive, payload)
    }

    /// A person closes a modal that asked for `notify_on_close`.
    #[track_caller]
    pub fn view_closed(&self, user: User, view: &View) -> Sending {
        assert_eq!(view.raw["notify_on_close"], true, "the app did not ask to be told");
        self.data().close_view(&view.id);
        let mut payload = self.interaction("view_closed", user, None);
        payload.as_object_mut().unwrap().remove("trigger_id");
        payload["view"] = view.wire(&self.team, values(&view.blocks, &[]));
        payload["is_cleared"] = json!(false);
        self.sending(Kind::Interactive, payload)
    }

    /// A person chooses the app from the menu of a message.
    #[track_caller]
    pub fn message_shortcut(&self, user: User, callback_id: &str, channel: &str, ts: &str, text: &str) -> Sending {
        let mut payload = self.interaction("message_action", user, None);
        {
            let data = &mut *self.data();
            data.meet(&self.team, user, channel);
            let made_up = json!({"type": "message", "user": user.id, "ts": ts, "text": text});
            payload["message"] = data.message(channel, ts).map_or(made_up, |message| message.wire());
            payload["channel"] = data.channel_json(channel);
            payload["response_url"] = json!(data.response_url(channel, user.id, None));
            payload["action_ts"] = json!(data.ts());
        }
        payload["callback_id"] = json!(callback_id);
        payload["message_ts"] = json!(ts);
        self.sending(Kind::Interactive, payload)
    }

    /// A person chooses the app from the menu that is everywhere.
    #[track_caller]
    pub fn shortcut(&self, user: User, callback_id: &str) -> Sending {
        let mut payload = self.interaction("shortcut", user, None);
        payload["callback_id"] = json!(callback_id);
        payload["action_ts"] = json!(self.data().ts());
        self.sending(Kind::Interactive, payload)
    }

    fn interaction(&self, kind: &str, user: User, from_view: Option<&str>) -> Value {
        let data = &mut *self.data();
        data.users.insert(user.id.to_owned(), user.name.to_owned());
        json!({
            "type": kind, "token": "verification", "api_app_id": APP, "team": {"id": self.team, "domain": "example"},
            "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": self.team},
            "enterprise": null, "is_enterprise_install": false, "trigger_id": data.trigger(user.id, from_view),
        })
    }
}

/// An element as it is named in `actions`.
fn acted(element: &Value, ts: String) -> Value {
    let mut action = json!({"action_ts": ts});
    let kept =
        |key: &str| ["type", "action_id", "block_id", "text", "value"].contains(&key) || key.starts_with("selected");
    for (key, value) in element.as_object().unwrap().iter().filter(|(key, _)| kept(key)) {
        action[key] = value.clone();
    }
    action
}

/// The state of all inputs and menus.
#[track_caller]
fn values(blocks: &[Value], entered: &[Entered]) -> Value {
    let mut state = json!({});
    let elements = elements(blocks);
    for (block, action, _) in entered {
        let here = |element: &&Value| element["block_id"] == *block && element["action_id"] == *action;
        let known = || elements.iter().map(|e| (text(e, "block_id"), text(e, "action_id"))).collect::<Vec<_>>();
        assert!(elements.iter().any(|element| here(&element)), "no input {block:?} {action:?}, only {:?}", known());
    }
    for element in &elements {
        let (block, action) = (text(element, "block_id"), text(element, "action_id"));
        let given = entered.iter().find(|(b, a, _)| *b == block && *a == action).map(|(_, _, value)| value);
        if let Some(value) = value(element, given) {
            state[block][action] = value;
        }
    }
    state
}

/// The state of one input: what was entered, otherwise what it started with. Buttons have none.
#[track_caller]
fn value(element: &Value, entered: Option<&Value>) -> Option<Value> {
    let kind = text(element, "type");
    let one = |entered: &Value| if entered.is_string() { option(element, text_of(entered)) } else { entered.clone() };
    let (key, value) = match kind {
        "button" | "icon_button" | "feedback_buttons" | "overflow" => return None,
        "checkboxes" | "multi_static_select" | "multi_external_select" => {
            let chosen = entered.map(|values| json!(values.as_array().unwrap().iter().map(one).collect::<Vec<_>>()));
            ("selected_options", chosen.unwrap_or_else(|| json!(list(element, "initial_options"))))
        }
        "static_select" | "external_select" | "radio_buttons" => {
            ("selected_option", entered.map(one).unwrap_or_else(|| element["initial_option"].clone()))
        }
        "number_input" => {
            let number = entered.unwrap_or(&element["initial_value"]);
            ("value", if number.is_number() { json!(number.to_string()) } else { number.clone() })
        }
        "plain_text_input" | "email_text_input" | "url_text_input" => {
            // An input that was emptied is null, not an empty text.
            let typed = entered.unwrap_or(&element["initial_value"]).clone();
            ("value", if typed == "" { Value::Null } else { typed })
        }
        "rich_text_input" => ("rich_text_value", entered.unwrap_or(&element["initial_value"]).clone()),
        _ => {
            let chosen = match kind {
                "conversations_select" => "conversation",
                "channels_select" => "channel",
                "users_select" => "user",
                "datepicker" => "date",
                "timepicker" => "time",
                other => panic!("{other} is not known here"),
            };
            let value = entered.unwrap_or(&element[format!("initial_{chosen}")]).clone();
            return Some(json!({"type": kind, format!("selected_{chosen}"): value}));
        }
    };
    Some(json!({"type": kind, key: value}))
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Slack does not let a person submit what an input forbids; neither may a test.
#[track_caller]
fn assert_submittable(view: &View, state: &Value) {
    for block in view.blocks.iter().filter(|block| block["type"] == "input") {
        let (id, element) = (text(block, "block_id"), &block["element"]);
        let state = &state[id][text(element, "action_id")];
        let filled = state.as_object().unwrap().iter().any(|(key, value)| {
            key != "type" && !value.is_null() && value != "" && value.as_array().is_none_or(|list| !list.is_empty())
        });
        assert!(filled || block["optional"] == true, "Slack wants something in {id:?}: {state}");
        let length = text(state, "value").chars().count() as u64;
        if filled && state["value"].is_string() && text(element, "type") == "plain_text_input" {
            let bound = |key: &str, otherwise: u64| element[key].as_u64().unwrap_or(otherwise);
            let allowed = bound("min_length", 0)..=bound("max_length", 3000);
            assert!(allowed.contains(&length), "Slack wants {allowed:?} characters in {id:?}, not {length}");
        }
    }
}
