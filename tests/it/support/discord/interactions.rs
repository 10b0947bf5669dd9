//! What a person does with the application: how it is told, and how the first response is waited for.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::posted::text_of;
use super::state::{Data, User, list, text};
use super::{APPLICATION, Discord};

pub(super) const COMMAND: u64 = 2;
pub(super) const COMPONENT: u64 = 3;
pub(super) const AUTOCOMPLETE: u64 = 4;
pub(super) const SUBMISSION: u64 = 5;

/// The first response to an interaction.
#[derive(Debug, Clone, Default)]
pub struct Response {
    /// 4 message, 5 announcement, 6 nothing yet, 7 update, 8 suggestions, 9 form; 0 when none came in time.
    pub kind: u64,
    /// As sent.
    pub data: Value,
    /// From the dispatch on.
    pub took: Duration,
}

impl Response {
    /// What the person reads at once.
    pub fn text(&self) -> String {
        text_of(text(&self.data, "content"), list(&self.data, "embeds"))
    }

    /// Whether only the person sees it.
    pub fn is_ephemeral(&self) -> bool {
        self.data["flags"].as_u64().unwrap_or(0) & super::posted::EPHEMERAL != 0
    }
}

/// An interaction that was, or may be, told to the service.
pub(super) struct Interaction {
    pub(super) id: String,
    pub(super) token: String,
    pub(super) kind: u64,
    pub(super) user: String,
    pub(super) channel: String,
    pub(super) payload: Value,
    /// By the emulator's clock.
    pub(super) born: Duration,
    pub(super) dispatched: Instant,
    /// The message with the button.
    pub(super) source: Option<String>,
    /// The message that `@original` means.
    pub(super) original: Option<String>,
    pub(super) followed_up: Vec<String>,
    pub(super) response: Option<Response>,
    pub(super) waiter: Option<oneshot::Sender<Response>>,
}

/// What was told to the service last.
#[derive(Debug, Clone)]
pub(super) enum Parcel {
    Event { event: String, payload: Value, guild: Option<String> },
    Interaction(Value),
}

impl Data {
    /// Makes an interaction known and gives its payload, without the message.
    #[track_caller]
    pub(super) fn interaction(&mut self, user: User, channel: &str, kind: u64, data: Value) -> Value {
        self.meet(user);
        let (id, token) = (self.snowflake(), format!("interaction-{}", self.snowflake()));
        let there = self.place(channel);
        let (guild, recipient) = (there.guild.clone(), there.recipient.clone());
        let owner = recipient.as_deref().unwrap_or(user.id);
        assert_eq!(owner, user.id, "only {owner} can use the direct messages {channel}");
        let bits = self.permissions(there).bits().to_string();
        let mut told = self.channel_wire(channel);
        told["permissions"] = json!("2251799813685247");
        let mut payload = json!({
            "id": id, "application_id": APPLICATION, "type": kind, "token": token, "version": 1, "data": data,
            "channel_id": channel, "channel": told, "app_permissions": bits, "locale": "en-US", "entitlements": [],
            "attachment_size_limit": 10_485_760, "authorizing_integration_owners": {"0": "0"}, "context": 1,
        });
        match &guild {
            Some(guild) => {
                let mut member = self.member_wire();
                member["user"] = self.user_wire(user.id);
                member["permissions"] = json!("2251799813685247");
                payload["member"] = member;
                payload["guild_id"] = json!(guild);
                payload["guild"] = json!({"id": guild, "locale": "en-US", "features": []});
                payload["guild_locale"] = json!("en-US");
                payload["authorizing_integration_owners"] = json!({"0": guild});
                payload["context"] = json!(0);
            }
            None => payload["user"] = self.user_wire(user.id),
        }
        self.interactions.push(Interaction {
            id,
            token,
            kind,
            user: user.id.to_owned(),
            channel: channel.to_owned(),
            payload: payload.clone(),
            born: self.now(),
            dispatched: Instant::now(),
            source: None,
            original: None,
            followed_up: Vec::new(),
            response: None,
            waiter: None,
        });
        payload
    }
}

impl Discord {
    /// A well-formed payload for [`Discord::raw_dispatch`], which the test may spoil; it can be responded to.
    pub fn interaction(&self, user: User, channel: &str) -> Value {
        let data = &mut *self.data();
        let known = data.commands.values().flatten().find(|command| command["type"] == 1).cloned();
        let id = known.map_or_else(|| "1".to_owned(), |command| text(&command, "id").to_owned());
        let options = json!([{"name": "help", "type": 1, "options": []}]);
        let told = json!({"id": id, "name": "workshop", "type": 1, "options": options});
        data.interaction(user, channel, COMMAND, told)
    }

    /// Tells every session of the shard.
    pub async fn raw_dispatch(&self, event: &str, payload: Value) {
        let data = &mut *self.data();
        let guild = payload["guild_id"].as_str().map(str::to_owned);
        data.dispatch(event, &payload, guild.as_deref());
    }

    /// The first response to an interaction, if it came.
    pub fn response_to(&self, id: &str) -> Option<Response> {
        self.data().interactions.iter().find(|interaction| interaction.id == id)?.response.clone()
    }

    /// Tells the same once more, as it happens when a session is resumed.
    pub async fn redeliver_last(&self) {
        let last = self.data().last.clone().expect("something was told before");
        match last {
            Parcel::Event { event, payload, guild } => self.data().dispatch(&event, &payload, guild.as_deref()),
            Parcel::Interaction(payload) => self.tell(&payload).await,
        }
    }

    async fn tell(&self, payload: &Value) {
        let base = {
            let data = &mut *self.data();
            data.last = Some(Parcel::Interaction(payload.clone()));
            if data.http.is_none() {
                data.dispatch("INTERACTION_CREATE", payload, payload["guild_id"].as_str());
            }
            data.http.clone()
        };
        if let Some(base) = base {
            self.deliver_signed(&base, payload).await;
        }
    }

    /// Tells an interaction that was made known, and waits for the first response.
    pub(super) async fn respond_to(&self, payload: Value) -> Response {
        let (waiter, response) = oneshot::channel();
        let limit = {
            let data = &mut *self.data();
            let born = data.now();
            let interaction = data.interactions.iter_mut().find(|known| payload["id"] == known.id).unwrap();
            interaction.payload = payload.clone();
            interaction.born = born;
            interaction.dispatched = Instant::now();
            interaction.waiter = Some(waiter);
            data.limit
        };
        let discord = self.clone();
        let told = payload.clone();
        tokio::spawn(async move { discord.tell(&told).await });
        if let Ok(Ok(response)) = tokio::time::timeout(limit, response).await {
            return response;
        }
        let data = &mut *self.data();
        let interaction = data.interactions.iter_mut().find(|known| payload["id"] == known.id).unwrap();
        // It may have come at the last moment.
        if let Some(response) = interaction.response.clone() {
            return response;
        }
        interaction.waiter = None;
        let name = match interaction.kind {
            COMMAND => format!("command {}", payload["data"]["name"]),
            AUTOCOMPLETE => "suggestions".to_owned(),
            COMPONENT => format!("press of {}", payload["data"]["custom_id"]),
            _ => format!("form {}", payload["data"]["custom_id"]),
        };
        data.violation(format!("{name}: no response within {limit:?}"));
        Response { took: limit, ..Response::default() }
    }
}
