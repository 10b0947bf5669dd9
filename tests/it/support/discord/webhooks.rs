//! What comes after the first response: follow-ups, and the response itself as `@original`.

use std::time::Duration;

use serde_json::Value;

use super::body::Sent;
use super::posted::EPHEMERAL;
use super::routes::{Answer, Refusal};
use super::state::Data;

/// How long an interaction's token is good.
const TOKENS_LAST: Duration = Duration::from_secs(15 * 60);

impl Data {
    /// The place of the interaction with this token in the list, if the token is still good.
    fn of_token(&self, token: &str) -> Result<usize, Refusal> {
        let at = self.interactions.iter().position(|interaction| interaction.token == token);
        let at = at.ok_or_else(|| Refusal::of(10015))?;
        let interaction = &self.interactions[at];
        if self.now().saturating_sub(interaction.born) > TOKENS_LAST {
            return Err(Refusal::of(50027));
        }
        if interaction.response.is_none() {
            return Err(Refusal::of(10015));
        }
        Ok(at)
    }

    /// The message that an id means to the interaction.
    fn of_webhook(&self, token: &str, id: &str) -> Result<String, Refusal> {
        let interaction = &self.interactions[self.of_token(token)?];
        let meant = match id {
            "@original" => interaction.original.clone(),
            id => interaction.followed_up.iter().chain(&interaction.original).find(|known| *known == id).cloned(),
        };
        meant.filter(|id| self.find(id).is_some()).ok_or_else(|| Refusal::of(10008))
    }

    pub(super) fn follow_up(&mut self, token: &str, sent: &Sent) -> Answer {
        let at = self.of_token(token)?;
        self.check_message("POST webhook", sent)?;
        let original = self.interactions[at].original.clone();
        // The first one takes the place of the announcement, and is seen by whoever saw that.
        if let Some(id) = original.filter(|id| self.find(id).is_some_and(|message| message.is_loading())) {
            return Ok(self.change(&id, sent));
        }
        let (channel, user) = (self.interactions[at].channel.clone(), self.interactions[at].user.clone());
        let mut message = self.compose(&channel, sent);
        message.by_webhook = true;
        if sent.body["flags"].as_u64().unwrap_or(0) & EPHEMERAL != 0 {
            message.flags |= EPHEMERAL;
            message.ephemeral_to = Some(user);
        }
        self.interactions[at].followed_up.push(message.id.clone());
        Ok(self.add(message))
    }

    pub(super) fn webhook_message(&self, token: &str, id: &str) -> Answer {
        let id = self.of_webhook(token, id)?;
        Ok(self.message_wire(self.find(&id).unwrap()))
    }

    pub(super) fn edit_webhook_message(&mut self, token: &str, id: &str, sent: &Sent) -> Answer {
        let id = self.of_webhook(token, id)?;
        let there = &self.channels[&self.find(&id).unwrap().channel];
        if there.is_thread() && there.archived {
            return Err(Refusal::of(50083));
        }
        self.check_edit("PATCH webhook", &id, sent)?;
        Ok(self.change(&id, sent))
    }

    pub(super) fn delete_webhook_message(&mut self, token: &str, id: &str) -> Answer {
        let id = self.of_webhook(token, id)?;
        self.remove(&id);
        Ok(Value::Null)
    }
}
