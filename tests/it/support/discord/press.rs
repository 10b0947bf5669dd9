//! What people do with messages and forms that the service has shown them.

use serde_json::{Value, json};

use super::Discord;
use super::interactions::{COMPONENT, Response, SUBMISSION};
use super::posted::{Input, Modal, Posted};
use super::state::{Data, User, list, text};

impl Discord {
    /// A person presses the button with this label. The message may have changed since: people are slower.
    pub async fn press(&self, user: User, message: &Posted, label: &str) -> Response {
        self.press_id(user, message, &message.button(label)).await
    }

    /// A person presses a button.
    pub async fn press_id(&self, user: User, message: &Posted, custom_id: &str) -> Response {
        let button = element(message, custom_id);
        assert_eq!(button["type"], 2, "{custom_id:?} is no button");
        self.touch(user, message, json!({"custom_id": custom_id, "component_type": 2})).await
    }

    /// A person chooses from a menu.
    pub async fn select(&self, user: User, message: &Posted, custom_id: &str, values: &[&str]) -> Response {
        let menu = element(message, custom_id);
        let options: Vec<&str> = list(&menu, "options").iter().map(|option| text(option, "value")).collect();
        for value in values.iter().filter(|_| menu["type"] == 3) {
            assert!(options.contains(value), "no option {value:?} in {custom_id:?}, only {options:?}");
        }
        let bound = |key: &str| menu[key].as_u64().unwrap_or(1) as usize;
        let allowed = bound("min_values")..=bound("max_values");
        assert!(allowed.contains(&values.len()), "{custom_id:?} takes {allowed:?} values");
        let data = json!({"custom_id": custom_id, "component_type": menu["type"], "values": values});
        self.touch(user, message, data).await
    }

    async fn touch(&self, user: User, message: &Posted, data: Value) -> Response {
        if let Some(only) = &message.ephemeral_to {
            assert_eq!(only, user.id, "{} does not see this message", user.name);
        }
        let payload = {
            let known = &mut *self.data();
            let mut payload = known.interaction(user, &message.channel, COMPONENT, data);
            known.stem_from(&mut payload, &message.id, Some(message));
            payload
        };
        self.respond_to(payload).await
    }

    /// A person sends a form; what they did not touch keeps its value.
    pub async fn submit(&self, user: User, modal: &Modal, entered: &[(&str, &str)]) -> Response {
        assert_eq!(modal.user, user.id, "{} does not see this form", user.name);
        for (custom_id, _) in entered {
            modal.value(custom_id);
        }
        let row = |input: &Input| {
            let given = entered.iter().find(|(custom_id, _)| *custom_id == input.custom_id);
            let value = given.map_or(input.value.as_str(), |(_, value)| value);
            assert_submittable(input, value);
            json!({"type": 1, "components": [{"type": 4, "custom_id": input.custom_id, "value": value}]})
        };
        let rows: Vec<Value> = modal.inputs.iter().map(row).collect();
        let payload = {
            let known = &mut *self.data();
            let data = json!({"custom_id": modal.custom_id, "components": rows});
            let mut payload = known.interaction(user, &modal.channel, SUBMISSION, data);
            if let Some(source) = &modal.source {
                known.stem_from(&mut payload, source, None);
            }
            known.modals.iter_mut().filter(|known| known.id == modal.id).for_each(|known| known.submitted = true);
            payload
        };
        self.respond_to(payload).await
    }
}

impl Data {
    /// Adds the message to an interaction that came from it, as it is now, or as it was seen.
    fn stem_from(&mut self, payload: &mut Value, id: &str, seen: Option<&Posted>) {
        if let Some(message) = self.find(id).or(seen) {
            payload["message"] = self.message_wire(message);
        }
        self.interactions.last_mut().expect("it was made known").source = Some(id.to_owned());
    }
}

#[track_caller]
fn element(message: &Posted, custom_id: &str) -> Value {
    let elements = message.elements();
    let ids = || elements.iter().map(|element| text(element, "custom_id")).collect::<Vec<_>>();
    let found = elements.iter().find(|element| element["custom_id"] == custom_id);
    let element = found.unwrap_or_else(|| panic!("no {custom_id:?} in the message, only {:?}", ids()));
    assert_ne!(element["disabled"], true, "{custom_id:?} is disabled");
    element.clone()
}

/// Discord does not let a person send what an input forbids; neither may a test.
#[track_caller]
fn assert_submittable(input: &Input, value: &str) {
    let id = &input.custom_id;
    assert!(!input.required || !value.is_empty(), "Discord wants something in {id:?}");
    let (length, allowed) = (value.chars().count() as u64, input.min..=input.max);
    assert!(value.is_empty() || allowed.contains(&length), "Discord wants {allowed:?} characters in {id:?}: {length}");
}
