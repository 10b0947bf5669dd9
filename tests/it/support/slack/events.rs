//! The Events API: what people do, told to the app. Each function here is one thing that a person does.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::delivery::{Kind, Sending};
use super::posted::Posted;
use super::state::{Data, User};
use super::{APP, BOT, BOT_USER, Slack};

impl Slack {
    /// Brings an event, again and again until it is acked, four times at most.
    #[track_caller]
    pub fn event(&self, event: Value) -> Sending {
        let id = self.data().serial();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let payload = json!({
            "token": "verification", "team_id": self.team, "api_app_id": APP, "event": event, "type": "event_callback",
            "event_id": format!("Ev{id:08}"), "event_time": now, "is_ext_shared_channel": false,
            "event_context": format!("context-{id}"),
            "authorizations": [{
                "enterprise_id": null, "team_id": self.team, "user_id": BOT_USER, "is_bot": true,
                "is_enterprise_install": false,
            }],
        });
        self.sending(Kind::Event, payload)
    }

    /// A person writes a message; the app is told as a member of the channel, of a mention in an event of its own.
    #[track_caller]
    pub fn message(&self, user: User, channel: &str, thread: Option<&str>, text: &str) -> impl Future<Output = String> {
        let ts = self.write(user, channel, thread, text);
        let sendings = self.message_events(channel, &ts);
        async move {
            for sending in sendings {
                sending.await;
            }
            ts
        }
    }

    /// A person writes a message of which nobody tells the app; its `ts`.
    pub fn write(&self, user: User, channel: &str, thread: Option<&str>, text: &str) -> String {
        let data = &mut *self.data();
        data.meet(&self.team, user, channel);
        let ts = data.ts();
        let message = Posted {
            thread_ts: thread.map(str::to_owned),
            text: text.to_owned(),
            author: user.name.to_owned(),
            user: user.id.to_owned(),
            ..Posted::by_bot(channel, ts.clone(), &Value::Null)
        };
        data.add_message(message);
        ts
    }

    /// The events that tell of a message that was written, to be awaited one by one.
    #[track_caller]
    pub fn message_events(&self, channel: &str, ts: &str) -> Vec<Sending> {
        let (event, mentioned) = {
            let data = &mut *self.data();
            if !data.channels[channel].has_bot {
                return Vec::new();
            }
            let message = data.message(channel, ts).expect("the message was written").clone();
            let parent = message.thread_ts.as_deref().and_then(|thread| data.message(channel, thread));
            let parent = parent.map_or(BOT_USER, |parent| &parent.user);
            let kind = match channel.as_bytes()[0] {
                b'D' => "im",
                b'G' => "group",
                _ => "channel",
            };
            let mut event = message.wire();
            let known = json!({
                "channel": channel, "channel_type": kind, "event_ts": ts, "team": self.team,
                "client_msg_id": format!("client-{ts}"),
            });
            event.as_object_mut().unwrap().extend(known.as_object().unwrap().clone());
            if message.thread_ts.is_some() {
                event["parent_user_id"] = json!(parent);
            }
            (event, kind != "im" && message.text.contains(&format!("<@{BOT_USER}>")))
        };
        let mut sendings = vec![self.event(event.clone())];
        if mentioned {
            let mut mention = event;
            mention["type"] = json!("app_mention");
            for key in ["channel_type", "parent_user_id"] {
                mention.as_object_mut().unwrap().remove(key);
            }
            sendings.push(self.event(mention));
        }
        sendings
    }

    /// Slack tells the app of the app's own message, as it does in every channel.
    #[track_caller]
    pub fn echo(&self, message: &Posted) -> Sending {
        let kind = if message.channel.starts_with('D') { "im" } else { "channel" };
        let mut event = message.wire();
        let known = json!({
            "channel": message.channel, "channel_type": kind, "event_ts": message.ts, "team": self.team,
            "bot_profile": {"id": BOT, "app_id": APP, "name": "bot", "team_id": self.team, "deleted": false},
        });
        event.as_object_mut().unwrap().extend(known.as_object().unwrap().clone());
        self.event(event)
    }

    /// A person opens the app's Home tab.
    #[track_caller]
    pub fn app_home_opened(&self, user: User) -> Sending {
        let event = {
            let data = &mut *self.data();
            data.users.insert(user.id.to_owned(), user.name.to_owned());
            let channel = data.direct_messages(&self.team, user.id);
            let ts = data.ts();
            let mut event = json!({
                "type": "app_home_opened", "user": user.id, "channel": channel, "event_ts": ts, "tab": "home",
            });
            if let Some(home) = data.homes.get(user.id) {
                event["view"] = home.wire(&self.team, json!({}));
            }
            event
        };
        self.event(event)
    }

    /// A person opens a conversation with the assistant.
    #[track_caller]
    pub fn assistant_thread_started(&self, user: User, channel: &str, thread_ts: &str) -> Sending {
        let event_ts = {
            let data = &mut *self.data();
            data.meet(&self.team, user, channel);
            data.ts()
        };
        self.event(json!({
            "type": "assistant_thread_started", "event_ts": event_ts,
            "assistant_thread": {
                "user_id": user.id, "channel_id": channel, "thread_ts": thread_ts,
                "context": {"channel_id": super::GENERAL, "team_id": self.team, "enterprise_id": null},
            },
        }))
    }

    /// A person's message has links to a domain of the app.
    #[track_caller]
    pub fn link_shared(&self, user: User, channel: &str, ts: &str, urls: &[&str]) -> Sending {
        let (member, thread, serial, event_ts) = {
            let data = &mut *self.data();
            data.meet(&self.team, user, channel);
            let thread = data.message(channel, ts).and_then(|message| message.thread_ts.clone());
            (data.channels[channel].has_bot, thread, data.serial(), data.ts())
        };
        let links = urls.iter().map(|url| {
            let domain = reqwest::Url::parse(url).unwrap().host_str().unwrap().to_owned();
            json!({"url": url, "domain": domain})
        });
        let mut event = json!({
            "type": "link_shared", "user": user.id, "channel": channel, "message_ts": ts, "event_ts": event_ts,
            "is_bot_user_member": member, "source": "conversations_history", "unfurl_id": format!("unfurl-{serial}"),
            "links": links.collect::<Vec<_>>(),
        });
        if let Some(thread) = thread {
            event["thread_ts"] = json!(thread);
        }
        self.event(event)
    }

    /// The app is removed from the workspace, whose tokens end.
    #[track_caller]
    pub fn app_uninstalled(&self) -> Sending {
        self.end_tokens();
        self.event(json!({"type": "app_uninstalled"}))
    }

    /// The workspace's tokens end.
    #[track_caller]
    pub fn tokens_revoked(&self) -> Sending {
        self.end_tokens();
        self.event(json!({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [BOT_USER]}}))
    }

    fn end_tokens(&self) {
        let data = &mut *self.data();
        let bots = data.tokens.iter_mut().filter(|(token, _)| token.starts_with("xoxb"));
        bots.filter(|(_, token)| token.team == self.team).for_each(|(_, token)| token.revoked = true);
    }

    /// Asks the app at this address for the challenge, as when its URL is entered; what it answered.
    pub async fn verify_url(&self, base: &str) -> String {
        let body = json!({"type": "url_verification", "token": "verification", "challenge": "challenge-1"}).to_string();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let json = "application/json";
        let (status, answer) = self.signed_post(base, "/slack/events", &body, json, now, super::SIGNING_SECRET).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }
}

impl Data {
    /// Makes a person known, and the place where they do something.
    pub(super) fn meet(&mut self, team: &str, user: User, channel: &str) {
        self.users.insert(user.id.to_owned(), user.name.to_owned());
        if !self.channels.contains_key(channel) {
            self.add_channel(team, channel, channel.starts_with('D'));
        }
    }
}
