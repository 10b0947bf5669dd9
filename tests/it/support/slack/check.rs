//! What Slack refuses, and what must never be sent although Slack would take it.

use std::collections::HashSet;

use serde_json::{Value, json};
use slackblocks::{HomeTabView, MessagePayload, ModalView, SelectOption};

use super::posted::{elements, text_of};
use super::state::{Data, Refusal, list, text};

/// Something wrong with a payload; `refuses` is the code that Slack answers with, if it minds.
struct Finding {
    refuses: Option<&'static str>,
    what: String,
}

fn minded(refuses: &'static str, what: impl Into<String>) -> Finding {
    Finding { refuses: Some(refuses), what: what.into() }
}

fn tolerated(what: impl Into<String>) -> Finding {
    Finding { refuses: None, what: what.into() }
}

impl Data {
    /// Records what is wrong with a message.
    pub(super) fn check_message(&mut self, method: &str, body: &Value) -> Result<(), Refusal> {
        self.judge(method, message(body))
    }

    /// Records what is wrong with blocks that are no message of their own.
    pub(super) fn check_blocks(&mut self, method: &str, blocks_of: &Value) -> Result<(), Refusal> {
        self.judge(method, blocks(blocks_of))
    }

    /// Records what is wrong with a view of this type.
    pub(super) fn check_view(&mut self, method: &str, body: &Value, kind: &str) -> Result<(), Refusal> {
        self.judge(method, view(body, kind))
    }

    /// Records the mentions in a payload; Slack takes them, which is the trouble.
    pub(super) fn check_mentions(&mut self, method: &str, body: &Value) {
        let mut found = Vec::new();
        mentions(body, &mut found);
        for flag in ["link_names", "parse"] {
            if matches!(body[flag].as_str(), Some("true" | "1" | "full")) || body[flag] == true {
                found.push(format!("{flag} is {}", body[flag]));
            }
        }
        let _ = self.judge(method, found.into_iter().map(tolerated).collect());
    }

    /// Records what is wrong with the options that were suggested.
    pub(super) fn check_options(&mut self, payload: &Value) {
        let groups = list(payload, "option_groups").iter().flat_map(|group| list(group, "options"));
        let options: Vec<&Value> = list(payload, "options").iter().chain(groups).collect();
        let mut findings = Vec::new();
        if !payload["options"].is_array() && !payload["option_groups"].is_array() {
            findings.push(tolerated(format!("no options in {payload}")));
        }
        if options.len() > 100 {
            findings.push(tolerated(format!("{} options, 100 are allowed", options.len())));
        }
        let broken = options.into_iter().filter_map(|option| SelectOption::try_from(option.clone()).err());
        findings.extend(broken.map(|error| tolerated(error.to_string())));
        let _ = self.judge("block_suggestion", findings);
    }

    /// Records a message's thread that is none.
    pub(super) fn check_thread(&mut self, method: &str, channel: &str, thread: &str) -> Result<(), Refusal> {
        let is_ts = thread.split_once('.').is_some_and(|(seconds, rest)| {
            rest.len() == 6 && seconds.chars().chain(rest.chars()).all(|digit| digit.is_ascii_digit())
        });
        if !is_ts {
            return self.judge(method, vec![minded("invalid_thread_ts", format!("thread_ts {thread:?}"))]);
        }
        let replies = self.message(channel, thread).and_then(|message| message.thread_ts.clone());
        if replies.is_some_and(|root| root != thread) {
            return self.judge(method, vec![tolerated("thread_ts names a reply, not the thread")]);
        }
        Ok(())
    }

    fn judge(&mut self, method: &str, findings: Vec<Finding>) -> Result<(), Refusal> {
        let code = findings.iter().find_map(|finding| finding.refuses);
        let messages: Vec<String> = findings.into_iter().map(|finding| finding.what).collect();
        for message in &messages {
            self.violation(format!("{method}: {message}"));
        }
        match code {
            Some(code) => Err(Refusal { code: code.to_owned(), messages }),
            None => Ok(()),
        }
    }
}

fn message(body: &Value) -> Vec<Finding> {
    let has_blocks = !list(body, "blocks").is_empty();
    let (plain, markdown) = (text(body, "text"), text(body, "markdown_text"));
    let mut findings = Vec::new();
    if has_blocks && plain.trim().is_empty() {
        findings.push(tolerated("blocks without a text for notifications"));
    }
    if plain.chars().count() > 4000 {
        findings.push(tolerated(format!("text of {} characters, 4000 are sensible", plain.chars().count())));
    }
    if markdown.chars().count() > 12_000 {
        findings.push(minded("msg_too_long", format!("markdown_text of {} characters", markdown.chars().count())));
    }
    if !markdown.is_empty() && (has_blocks || !plain.is_empty()) {
        findings.push(minded("markdown_text_conflict", "markdown_text together with text or blocks"));
    }
    if !has_blocks && plain.is_empty() && markdown.is_empty() && list(body, "attachments").is_empty() {
        findings.push(minded("no_text", "neither text nor blocks"));
    }
    let metadata = &body["metadata"];
    let empty = metadata.is_null() || metadata == &json!({});
    let whole = metadata["event_type"].is_string() && metadata["event_payload"].is_object();
    if !empty && !whole {
        findings.push(minded("invalid_metadata_format", format!("metadata {metadata}")));
    }
    findings.extend(blocks(body));
    findings
}

/// The blocks and attachments of a body.
fn blocks(body: &Value) -> Vec<Finding> {
    let mut payload = json!({"channel": "C", "text": "text"});
    for key in ["blocks", "attachments"] {
        payload[key] = body[key].clone();
    }
    let mut findings = Vec::new();
    let blocks = list(body, "blocks");
    if blocks.len() > 50 {
        findings.push(minded("invalid_blocks", format!("{} blocks, 50 are allowed", blocks.len())));
    } else if let Err(error) = MessagePayload::try_from(payload) {
        findings.push(minded("invalid_blocks", error.to_string()));
    }
    let characters = text_of(blocks).chars().count();
    if characters > 13_200 {
        findings.push(minded("msg_blocks_too_long", format!("blocks of {characters} characters, 13200 are allowed")));
    }
    findings.extend(twice(blocks));
    findings
}

fn view(body: &Value, kind: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let checked = match kind {
        "home" => HomeTabView::try_from(body.clone()).err(),
        _ => ModalView::try_from(body.clone()).err(),
    };
    findings.extend(checked.map(|error| minded("invalid_blocks", error.to_string())));
    let bytes = body.to_string().len();
    if bytes > 250_000 {
        findings.push(minded("view_too_large", format!("a view of {bytes} bytes")));
    }
    findings.extend(twice(list(body, "blocks")));
    findings
}

/// Ids that occur twice.
fn twice(blocks: &[Value]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let block_ids = blocks.iter().filter_map(|block| block["block_id"].as_str()).map(str::to_owned);
    let elements = elements(blocks);
    let action_ids = elements.iter().filter_map(|element| element["action_id"].as_str()).map(str::to_owned);
    for (kind, ids) in [("block_id", block_ids.collect::<Vec<_>>()), ("action_id", action_ids.collect())] {
        let mut seen = HashSet::new();
        for id in ids {
            if !seen.insert(id.clone()) {
                findings.push(minded("invalid_blocks", format!("duplicate {kind} {id:?}")));
            }
        }
    }
    findings
}

/// The fields in which Slack looks for mentions.
const SPOKEN: &[&str] =
    &["text", "markdown_text", "fallback", "pretext", "title", "footer", "details", "output", "initial_comment"];

const MENTIONS: &[&str] = &["<!channel", "<!here", "<!everyone", "<!group", "<!subteam", "<@"];

fn mentions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| mentions(value, found)),
        Value::Object(map) => match text(value, "type") {
            // Slack shows these as they are.
            "plain_text" | "raw_text" | "text" => {}
            kind @ ("user" | "usergroup" | "broadcast") => found.push(format!("a mention: rich text element {kind}")),
            _ => {
                let pings = value["blocks"][0]["text"]["text"].as_str().filter(|text| only_pings(text));
                for (key, value) in map {
                    let spoken = value.as_str().filter(|_| SPOKEN.contains(&key.as_str())).unwrap_or_default();
                    // Deliberate: a block with nothing but mentions, and the same before the text for notifications.
                    let spoken = if only_pings(spoken) { "" } else { spoken };
                    let spoken = pings.and_then(|pings| spoken.strip_prefix(pings)).unwrap_or(spoken);
                    for mention in MENTIONS.iter().filter(|mention| spoken.contains(**mention)) {
                        found.push(format!("a mention: {mention} in {key} {:?}", excerpt(spoken, mention)));
                    }
                    // Nobody reads the metadata but the app.
                    if key != "metadata" {
                        mentions(value, found);
                    }
                }
            }
        },
        _ => {}
    }
}

/// Whether a text is nothing but mentions of people.
fn only_pings(text: &str) -> bool {
    let is_ping = |word: &str| {
        let id = word.strip_prefix("<@").and_then(|rest| rest.strip_suffix('>'));
        id.is_some_and(|id| !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric()))
    };
    !text.is_empty() && text.split(' ').all(is_ping)
}

/// The text from the mention on, as much as is needed to find it.
fn excerpt(text: &str, mention: &str) -> String {
    text[text.find(mention).unwrap()..].chars().take(60).collect()
}
