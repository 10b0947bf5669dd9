//! The first response to an interaction, however it comes.

use serde_json::{Value, json};

use super::body::Sent;
use super::interactions::{Interaction, Response};
use super::posted::{EPHEMERAL, LOADING, Modal};
use super::routes::{Answer, Refusal};
use super::state::Data;

impl Data {
    pub(super) fn call_back(&mut self, id: &str, token: &str, sent: &Sent, with_response: bool) -> Answer {
        let known = |interaction: &Interaction| interaction.id == id && interaction.token == token;
        let at = self.interactions.iter().position(known).ok_or_else(|| Refusal::of(10062))?;
        let interaction = &self.interactions[at];
        if interaction.response.is_some() {
            return Err(Refusal::of(40060));
        }
        if self.now().saturating_sub(interaction.born) > self.limit {
            return Err(Refusal::of(10062));
        }
        let kind = interaction.kind;
        let message = self.respond(at, sent)?;
        if !with_response {
            return Ok(Value::Null);
        }
        let callback = &sent.body["type"];
        let mut answer = json!({"interaction": {"id": id, "type": kind}, "resource": {"type": callback}});
        if !message.is_null() {
            answer["interaction"]["response_message_id"] = message["id"].clone();
            answer["resource"]["message"] = message;
        }
        Ok(answer)
    }

    /// Does what a response says; gives the message that came of it, if any.
    pub(super) fn respond(&mut self, at: usize, sent: &Sent) -> Answer {
        let key = "POST callback";
        let callback = sent.body["type"].as_u64().unwrap_or_default();
        let (kind, source) = (self.interactions[at].kind, self.interactions[at].source.clone());
        let fits = match kind {
            1 => callback == 1,
            4 => callback == 8,
            2 => matches!(callback, 4 | 5 | 9),
            3 => matches!(callback, 4..=7 | 9),
            // A form from a message may change that message.
            _ => matches!(callback, 4 | 5) || matches!(callback, 6 | 7) && source.is_some(),
        };
        if !fits {
            let what = format!("a response of type {callback} to an interaction of type {kind}");
            return self.refuse(key, vec![("type", what)]);
        }
        let data = sent.within("data");
        let mut message = Value::Null;
        match callback {
            4 => {
                self.check_message(key, &data)?;
                message = self.answer_with(at, &data, 0);
            }
            5 => message = self.answer_with(at, &Sent::of(json!({"flags": data.body["flags"]})), LOADING),
            6 => self.interactions[at].original = source,
            7 => {
                let source = source.unwrap();
                if self.find(&source).is_none() {
                    return Err(Refusal::of(10008));
                }
                self.check_edit(key, &source, &data)?;
                message = self.change(&source, &data);
                self.interactions[at].original = Some(source);
            }
            8 => self.check_choices(key, &data.body)?,
            9 => {
                self.check_modal(key, &data.body)?;
                let id = self.snowflake();
                let Interaction { user, channel, .. } = &self.interactions[at];
                self.modals.push(Modal::of(id, &data.body, user, source, channel));
            }
            _ => {}
        }
        let interaction = &mut self.interactions[at];
        let took = interaction.dispatched.elapsed();
        let response = Response { kind: callback, data: data.body, took };
        interaction.response = Some(response.clone());
        if let Some(waiter) = interaction.waiter.take() {
            let _ = waiter.send(response);
        }
        Ok(message)
    }

    fn answer_with(&mut self, at: usize, data: &Sent, flags: u64) -> Value {
        let Interaction { user, channel, kind, payload, .. } = &self.interactions[at];
        let (user, channel) = (user.clone(), channel.clone());
        let message_kind = match (kind, payload["data"]["type"].as_u64()) {
            (2, Some(1)) => 20,
            (2, _) => 23,
            _ => 0,
        };
        let mut message = self.compose(&channel, data);
        message.by_webhook = true;
        message.kind = message_kind;
        message.flags |= flags;
        if data.body["flags"].as_u64().unwrap_or(0) & EPHEMERAL != 0 {
            message.flags |= EPHEMERAL;
            message.ephemeral_to = Some(user);
        }
        self.interactions[at].original = Some(message.id.clone());
        self.add(message)
    }
}
