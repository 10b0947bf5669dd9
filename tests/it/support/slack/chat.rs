//! `chat.*`: messages, streams, link previews.

use serde_json::{Value, json};

use super::posted::{Posted, identified};
use super::state::{Answer, Data, Refusal, Status, Unfurl, list, some_text, text};

impl Data {
    pub(super) fn post_message(&mut self, team: &str, args: &Value) -> Answer {
        let channel = self.destination(team, text(args, "channel"))?;
        self.check_message("chat.postMessage", args)?;
        let thread_ts = self.thread_of("chat.postMessage", &channel, args)?;
        let message = Posted { thread_ts, ..Posted::by_bot(&channel, self.ts(), args) };
        let answer = json!({"channel": channel, "ts": message.ts, "message": message.wire()});
        self.add_bot_message(message);
        Ok(answer)
    }

    pub(super) fn update_message(&mut self, team: &str, args: &Value) -> Answer {
        let channel = self.destination(team, text(args, "channel"))?;
        let message = self.own_message(&channel, args, "cant_update_message")?;
        if message.streaming {
            return Err("streaming_state_conflict".into());
        }
        self.check_message("chat.update", args)?;
        let message = self.own_message(&channel, args, "cant_update_message")?;
        message.edit(args);
        Ok(json!({"channel": channel, "ts": message.ts, "text": message.text, "message": message.wire()}))
    }

    pub(super) fn delete_message(&mut self, team: &str, args: &Value) -> Answer {
        let channel = self.destination(team, text(args, "channel"))?;
        self.own_message(&channel, args, "cant_delete_message")?;
        let ts = text(args, "ts").to_owned();
        self.channels.get_mut(&channel).unwrap().messages.retain(|message| message.ts != ts);
        Ok(json!({"channel": channel, "ts": ts}))
    }

    pub(super) fn post_ephemeral(&mut self, team: &str, args: &Value) -> Answer {
        let channel = self.destination(team, text(args, "channel"))?;
        let user = text(args, "user");
        if !self.users.contains_key(user) {
            return Err("user_not_in_channel".into());
        }
        self.check_message("chat.postEphemeral", args)?;
        let thread_ts = self.thread_of("chat.postEphemeral", &channel, args)?;
        let ephemeral_to = Some(user.to_owned());
        let message = Posted { thread_ts, ephemeral_to, ..Posted::by_bot(&channel, self.ts(), args) };
        let answer = json!({"message_ts": message.ts});
        self.ephemerals.push(message);
        Ok(answer)
    }

    pub(super) fn start_stream(&mut self, team: &str, args: &Value) -> Answer {
        if self.refuse_streams {
            return Err("channel_type_not_supported".into());
        }
        let channel = self.destination(team, text(args, "channel"))?;
        let Some(thread) = self.thread_of("chat.startStream", &channel, args)? else {
            self.violation("chat.startStream: no thread_ts".to_owned());
            return Err("invalid_thread_ts".into());
        };
        for (argument, code) in
            [("recipient_user_id", "missing_recipient_user_id"), ("recipient_team_id", "missing_recipient_team_id")]
        {
            if !channel.starts_with('D') && text(args, argument).is_empty() {
                self.violation(format!("chat.startStream: no {argument}"));
                return Err(code.into());
            }
        }
        let added = self.streamed("chat.startStream", args)?;
        let empty = Posted::by_bot(&channel, self.ts(), &Value::Null);
        let message = Posted { thread_ts: Some(thread), text: added, streaming: true, ..empty };
        let answer = json!({"channel": channel, "ts": message.ts});
        self.add_bot_message(message);
        Ok(answer)
    }

    pub(super) fn append_stream(&mut self, team: &str, args: &Value) -> Answer {
        let channel = self.destination(team, text(args, "channel"))?;
        self.open_stream(&channel, args)?;
        let added = self.streamed("chat.appendStream", args)?;
        if added.is_empty() && list(args, "chunks").is_empty() {
            return Err("no_text".into());
        }
        let message = self.open_stream(&channel, args)?;
        message.text += &added;
        message.edits += 1;
        Ok(json!({"channel": channel, "ts": message.ts}))
    }

    pub(super) fn stop_stream(&mut self, team: &str, args: &Value) -> Answer {
        let channel = self.destination(team, text(args, "channel"))?;
        self.open_stream(&channel, args)?;
        let added = self.streamed("chat.stopStream", args)?;
        self.check_blocks("chat.stopStream", args)?;
        let message = self.open_stream(&channel, args)?;
        message.text += &added;
        message.streaming = false;
        message.metadata = args["metadata"].clone();
        // The streamed text stays above the blocks that a stream ends with.
        if args["blocks"].is_array() {
            let streamed = json!({"type": "markdown", "text": message.text});
            let above = if message.text.is_empty() { vec![] } else { vec![streamed] };
            message.blocks = identified(&[above.as_slice(), list(args, "blocks")].concat());
        }
        Ok(json!({"channel": channel, "ts": message.ts, "message": message.wire()}))
    }

    pub(super) fn unfurl(&mut self, team: &str, args: &Value) -> Answer {
        let by_id = !text(args, "unfurl_id").is_empty();
        let channel = if by_id { String::new() } else { self.destination(team, text(args, "channel"))? };
        if !by_id && text(args, "ts").is_empty() {
            return Err("cannot_unfurl_message".into());
        }
        let Some(unfurls) = args["unfurls"].as_object() else { return Err("cannot_parse_attachment".into()) };
        for (url, content) in unfurls {
            self.check_blocks("chat.unfurl", content)?;
            let ts = if by_id { text(args, "unfurl_id") } else { text(args, "ts") }.to_owned();
            let (channel, url, content) = (channel.clone(), url.clone(), content.clone());
            self.unfurls.push(Unfurl { channel, ts, url, content });
        }
        Ok(json!({}))
    }

    /// What is answered to a command, or sent to a `response_url`.
    pub(super) fn respond(&mut self, what: &str, channel: &str, user: &str, body: &Value) -> Result<(), Refusal> {
        self.check_mentions(what, body);
        self.check_message(what, body)?;
        if !self.channels.contains_key(channel) {
            return Err("channel_not_found".into());
        }
        let message = Posted { thread_ts: some_text(body, "thread_ts"), ..Posted::by_bot(channel, self.ts(), body) };
        match text(body, "response_type") {
            "in_channel" => self.add_bot_message(message),
            _ => self.ephemerals.push(Posted { ephemeral_to: Some(user.to_owned()), ..message }),
        }
        Ok(())
    }

    pub(super) fn set_status(&mut self, channel: &str, thread: &str, status: &str) {
        let (channel, thread_ts) = (channel.to_owned(), thread.to_owned());
        self.statuses.push(Status { channel, thread_ts, status: status.to_owned() });
    }

    /// A message of ours also ends the status of its thread.
    pub(super) fn add_bot_message(&mut self, message: Posted) {
        if let Some(thread) = &message.thread_ts {
            let here = |status: &&Status| status.channel == message.channel && status.thread_ts == *thread;
            if self.statuses.iter().rev().find(here).is_some_and(|status| !status.status.is_empty()) {
                self.set_status(&message.channel, thread, "");
            }
        }
        self.add_message(message);
    }

    fn thread_of(&mut self, method: &str, channel: &str, args: &Value) -> Result<Option<String>, Refusal> {
        let thread = some_text(args, "thread_ts");
        if let Some(thread) = &thread {
            self.check_thread(method, channel, thread)?;
        }
        Ok(thread)
    }

    fn own_message(&mut self, channel: &str, args: &Value, refusal: &str) -> Result<&mut Posted, Refusal> {
        match self.message(channel, text(args, "ts")) {
            Some(message) if message.author == "bot" => Ok(message),
            Some(_) => Err(refusal.into()),
            None => Err("message_not_found".into()),
        }
    }

    fn open_stream(&mut self, channel: &str, args: &Value) -> Result<&mut Posted, Refusal> {
        let message = self.own_message(channel, args, "message_not_owned_by_app")?;
        if message.streaming { Ok(message) } else { Err("message_not_in_streaming_state".into()) }
    }

    /// The text that a call adds to a stream.
    fn streamed(&mut self, method: &str, args: &Value) -> Result<String, Refusal> {
        let chunks = list(args, "chunks");
        let markdown = text(args, "markdown_text");
        if !markdown.is_empty() && !chunks.is_empty() {
            self.violation(format!("{method}: markdown_text together with chunks"));
            return Err("invalid_arguments".into());
        }
        let texts = chunks.iter().filter(|chunk| chunk["type"] == "markdown_text").map(|chunk| text(chunk, "text"));
        let added: String = std::iter::once(markdown).chain(texts).collect();
        if added.chars().count() > 12_000 {
            self.violation(format!("{method}: markdown_text of {} characters", added.chars().count()));
            return Err("msg_too_long".into());
        }
        Ok(added)
    }
}

impl Posted {
    /// What is not given stays as it was.
    pub(super) fn edit(&mut self, args: &Value) {
        let edited = Self::by_bot(&self.channel, self.ts.clone(), args);
        if !edited.text.is_empty() {
            self.text = edited.text;
        }
        if args["blocks"].is_array() || !text(args, "markdown_text").is_empty() {
            self.blocks = edited.blocks;
        }
        if !args["metadata"].is_null() {
            self.metadata = edited.metadata;
        }
        self.edits += 1;
    }
}
