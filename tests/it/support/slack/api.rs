//! The Web API: which method does what, for whom. A new method is a line in [`Data::answer`].

use std::time::Instant;

use serde_json::{Value, json};

use super::state::{Answer, Call, Data, Token, list, text};
use super::{APP, BOT, BOT_USER, CLIENT_ID, CLIENT_SECRET};

/// The methods that take their arguments from a form or the query only.
const NO_JSON: &[&str] =
    &["conversations.history", "conversations.replies", "files.getUploadURLExternal", "oauth.v2.access", "users.info"];

impl Data {
    /// Answers a call as Slack would.
    pub(super) fn answer(&mut self, call: &Call, was_json: bool) -> Answer {
        let (method, args) = (call.method.as_str(), &call.body);
        if was_json && NO_JSON.contains(&method) && args.as_object().is_some_and(|args| !args.is_empty()) {
            self.violation(format!("{method}: takes no JSON"));
            return Err("invalid_arguments".into());
        }
        if method == "oauth.v2.access" {
            return self.exchange_code(args);
        }
        let team = &self.authorized(method, &call.token)?;
        self.check_mentions(method, args);
        match method {
            "apps.connections.open" => {
                let ticket = self.serial().to_string();
                let url = format!("ws://{}/link/?ticket={ticket}&app_id={APP}", self.address);
                self.sockets.issue(ticket);
                Ok(json!({"url": url}))
            }
            "assistant.threads.setStatus" => self.set_thread_status(team, args),
            "assistant.threads.setSuggestedPrompts" => self.set_suggested_prompts(team, args),
            "assistant.threads.setTitle" => self.in_thread(team, args, &["title"]),
            "auth.test" => Ok(json!({
                "url": "https://example.slack.com/", "team": "Example", "user": "bot", "team_id": team,
                "user_id": BOT_USER, "bot_id": BOT, "is_enterprise_install": false,
            })),
            "chat.appendStream" => self.append_stream(team, args),
            "chat.delete" => self.delete_message(team, args),
            "chat.postEphemeral" => self.post_ephemeral(team, args),
            "chat.postMessage" => self.post_message(team, args),
            "chat.startStream" => self.start_stream(team, args),
            "chat.stopStream" => self.stop_stream(team, args),
            "chat.unfurl" => self.unfurl(team, args),
            "chat.update" => self.update_message(team, args),
            "conversations.join" => self.join(team, text(args, "channel")),
            "conversations.open" => self.open_conversation(team, text(args, "users")),
            "conversations.history" => self.history(team, args),
            "conversations.replies" => self.replies(team, args),
            "files.completeUploadExternal" => self.complete_upload(team, args),
            "files.getUploadURLExternal" => self.upload_url(args),
            "users.info" => self.user_info(team, text(args, "user")),
            "views.open" => self.open_view(team, args, call.at),
            "views.publish" => self.publish_view(team, args),
            "views.push" => self.push_view(team, args, call.at),
            "views.update" => self.update_view(team, args),
            _ => Err("unknown_method".into()),
        }
    }

    /// The workspace of a token that may call this method.
    fn authorized(&self, method: &str, bearer: &str) -> Result<String, super::state::Refusal> {
        if bearer.is_empty() {
            return Err("not_authed".into());
        }
        let Some(token) = self.tokens.get(bearer) else { return Err("invalid_auth".into()) };
        if token.revoked {
            return Err("token_revoked".into());
        }
        if bearer.starts_with("xapp") != (method == "apps.connections.open") {
            return Err("not_allowed_token_type".into());
        }
        Ok(token.team.clone())
    }

    fn exchange_code(&mut self, args: &Value) -> Answer {
        if text(args, "client_id") != CLIENT_ID {
            return Err("invalid_client_id".into());
        }
        if text(args, "client_secret") != CLIENT_SECRET {
            return Err("bad_client_secret".into());
        }
        let code = text(args, "code").to_owned();
        if code.is_empty() {
            return Err("invalid_code".into());
        }
        if self.used_codes.contains(&code) {
            return Err("code_already_used".into());
        }
        let installed = json!({
            "ok": true, "access_token": "xoxb-installed", "token_type": "bot", "scope": "chat:write,commands",
            "bot_user_id": BOT_USER, "app_id": APP, "team": {"id": "T1NEW", "name": "New"}, "enterprise": null,
            "authed_user": {"id": "U0ALICE"}, "is_enterprise_install": false,
        });
        let answer = self.oauth.get(&code).cloned().unwrap_or(installed);
        self.used_codes.push(code);
        if let Some(token) = answer["access_token"].as_str() {
            let team = text(&answer["team"], "id").to_owned();
            self.tokens.insert(token.to_owned(), Token { team, revoked: false });
        }
        match answer["error"].as_str() {
            Some(error) => Err(error.into()),
            None => Ok(answer),
        }
    }

    fn in_thread(&mut self, team: &str, args: &Value, required: &[&str]) -> Answer {
        let channel = self.destination(team, text(args, "channel_id"))?;
        self.check_thread("assistant.threads", &channel, text(args, "thread_ts"))?;
        match required.iter().find(|key| args[**key].is_null()) {
            Some(missing) => {
                self.violation(format!("assistant.threads: no {missing}"));
                Err("invalid_arguments".into())
            }
            None => Ok(json!({})),
        }
    }

    fn set_thread_status(&mut self, team: &str, args: &Value) -> Answer {
        self.in_thread(team, args, &["status"])?;
        if list(args, "loading_messages").len() > 10 {
            self.violation("assistant.threads.setStatus: more than 10 loading_messages".to_owned());
        }
        self.set_status(text(args, "channel_id"), text(args, "thread_ts"), text(args, "status"));
        Ok(json!({}))
    }

    fn set_suggested_prompts(&mut self, team: &str, args: &Value) -> Answer {
        self.in_thread(team, args, &["prompts"])?;
        let prompts = list(args, "prompts");
        let whole = |prompt: &Value| !text(prompt, "title").is_empty() && !text(prompt, "message").is_empty();
        if prompts.is_empty() || prompts.len() > 4 || !prompts.iter().all(whole) {
            self.violation(format!("assistant.threads.setSuggestedPrompts: prompts {}", args["prompts"]));
            return Err("invalid_arguments".into());
        }
        Ok(json!({}))
    }

    fn join(&mut self, team: &str, id: &str) -> Answer {
        match self.channels.get_mut(id) {
            Some(channel) if channel.team == team && id.starts_with('C') => channel.has_bot = true,
            Some(channel) if channel.team == team => return Err("method_not_supported_for_channel_type".into()),
            _ => return Err("channel_not_found".into()),
        }
        Ok(json!({"channel": self.channel_json(id)}))
    }

    fn open_conversation(&mut self, team: &str, users: &str) -> Answer {
        if !self.users.contains_key(users) {
            return Err("user_not_found".into());
        }
        Ok(json!({"channel": {"id": self.direct_messages(team, users)}}))
    }

    fn replies(&mut self, team: &str, args: &Value) -> Answer {
        let channel = self.destination(team, text(args, "channel"))?;
        let (root, oldest, cursor) = (text(args, "ts"), text(args, "oldest"), text(args, "cursor"));
        let with_metadata = matches!(text(args, "include_all_metadata"), "true" | "1");
        let limit = text(args, "limit").parse().unwrap_or(1000);
        let messages = &self.channels[&channel].messages;
        if !messages.iter().any(|message| message.ts == root || message.thread_ts.as_deref() == Some(root)) {
            return Err("thread_not_found".into());
        }
        let wanted = messages.iter().filter(|message| {
            let is_root = message.ts == root;
            let is_reply = message.thread_ts.as_deref() == Some(root);
            let later = later(&message.ts, oldest) && later(&message.ts, cursor);
            (is_root && cursor.is_empty()) || (is_reply && later)
        });
        let wanted: Vec<&super::Posted> = wanted.collect();
        let has_more = wanted.len() > limit;
        let page = &wanted[..limit.min(wanted.len())];
        let next = if has_more { page.last().map_or("", |message| message.ts.as_str()) } else { "" };
        let messages = page.iter().map(|message| {
            let mut wire = message.wire();
            wire["thread_ts"] = json!(root);
            if !with_metadata {
                wire.as_object_mut().unwrap().remove("metadata");
            }
            wire
        });
        let messages: Vec<Value> = messages.collect();
        Ok(json!({"messages": messages, "has_more": has_more, "response_metadata": {"next_cursor": next}}))
    }

    /// The messages of a channel that are in no thread, the latest first.
    fn history(&mut self, team: &str, args: &Value) -> Answer {
        let channel = self.destination(team, text(args, "channel"))?;
        let oldest = text(args, "oldest");
        let messages = &self.channels[&channel].messages;
        let wanted = messages.iter().rev().filter(|message| message.thread_ts.is_none() && later(&message.ts, oldest));
        let messages: Vec<Value> = wanted.map(super::Posted::wire).collect();
        Ok(json!({"messages": messages, "has_more": false}))
    }

    fn user_info(&mut self, team: &str, id: &str) -> Answer {
        let Some(name) = self.users.get(id) else { return Err("user_not_found".into()) };
        Ok(json!({"user": {
            "id": id, "team_id": team, "name": name, "real_name": name, "deleted": false, "is_bot": id == BOT_USER,
            "is_restricted": false, "is_ultra_restricted": false, "is_admin": false, "is_owner": false, "tz": "UTC",
            "profile": {"real_name": name, "display_name": name},
        }}))
    }
}

/// Whether a timestamp is after another one, if there is one.
fn later(ts: &str, than: &str) -> bool {
    than.is_empty() || ts > than
}

/// A call that was just made.
pub(super) fn call(method: &str, token: &str, body: Value) -> Call {
    Call { method: method.to_owned(), token: token.to_owned(), body, at: Instant::now(), error: None }
}
