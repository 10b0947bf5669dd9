//! What Discord refuses in messages and threads, and what must never be sent although Discord would take it.

use serde_json::{Map, Value, json};

use super::body::Sent;
use super::posted::{EPHEMERAL, text_of};
use super::routes::{Answer, Refusal};
use super::state::{Data, list, text};

/// What Discord refuses: the field, and what is wrong with it.
pub(super) type Finding = (&'static str, String);

/// Collects what is wrong with a payload.
#[derive(Default)]
pub(super) struct Findings(pub(super) Vec<Finding>);

impl Findings {
    pub(super) fn note(&mut self, field: &'static str, what: impl Into<String>) {
        self.0.push((field, what.into()));
    }

    /// Notes a text that is longer or shorter than this.
    pub(super) fn length(&mut self, field: &'static str, value: &Value, allowed: std::ops::RangeInclusive<usize>) {
        if !value.is_null() && !value.is_string() {
            return self.note(field, format!("{value} is no text"));
        }
        let characters = value.as_str().unwrap_or_default().chars().count();
        if !allowed.contains(&characters) {
            let start: String = value.as_str().unwrap_or_default().chars().take(60).collect();
            self.note(field, format!("{characters} characters, not {allowed:?}: {start:?}"));
        }
    }

    pub(super) fn count(&mut self, field: &'static str, list: &[Value], allowed: std::ops::RangeInclusive<usize>) {
        if !allowed.contains(&list.len()) {
            self.note(field, format!("{} of them, not {allowed:?}", list.len()));
        }
    }

    pub(super) fn unique<'a>(&mut self, field: &'static str, values: impl Iterator<Item = &'a str>) {
        let mut seen = std::collections::HashSet::new();
        for value in values {
            if !seen.insert(value) {
                self.note(field, format!("{value:?} occurs twice"));
            }
        }
    }
}

impl Data {
    /// Records findings and refuses, if there are any.
    pub(super) fn refuse(&mut self, key: &str, findings: Vec<Finding>) -> Answer {
        if findings.is_empty() {
            return Ok(Value::Null);
        }
        let mut errors = Map::new();
        for (field, what) in findings {
            self.violation(format!("{key}: {field}: {what}"));
            errors.insert(field.to_owned(), json!({"_errors": [{"code": "INVALID", "message": what}]}));
        }
        Err(Refusal { errors: Value::Object(errors), ..Refusal::of(50035) })
    }

    /// Records what is wrong with a new message.
    pub(super) fn check_message(&mut self, key: &str, sent: &Sent) -> Result<(), Refusal> {
        self.check_habits(key, &sent.body, true);
        self.check_files(key, sent)?;
        self.refuse(key, message(&sent.body).0)?;
        let is_empty = text(&sent.body, "content").trim().is_empty()
            && ["embeds", "components"].iter().all(|part| list(&sent.body, part).is_empty())
            && sent.uploads.is_empty();
        self.check_emptiness(key, is_empty)
    }

    /// Records what is wrong with an edit.
    pub(super) fn check_edit(&mut self, key: &str, id: &str, sent: &Sent) -> Result<(), Refusal> {
        let body = &sent.body;
        let before = self.find(id).expect("the message exists");
        let is_empty = sent.uploads.is_empty()
            && body.get("content").map_or(before.content.as_str(), |_| text(body, "content")).trim().is_empty()
            && body.get("embeds").map_or(&before.embeds[..], |_| list(body, "embeds")).is_empty()
            && body.get("components").map_or(&before.components[..], |_| list(body, "components")).is_empty()
            && body.get("attachments").map_or(&before.files[..], |_| list(body, "attachments")).is_empty();
        let speaks = body.get("content").is_some_and(|content| !content.is_null());
        self.check_habits(key, body, speaks || key == "POST callback");
        self.check_files(key, sent)?;
        self.refuse(key, message(body).0)?;
        self.check_emptiness(key, is_empty)
    }

    fn check_emptiness(&mut self, key: &str, is_empty: bool) -> Result<(), Refusal> {
        if is_empty {
            self.violation(format!("{key}: an empty message"));
            return Err(Refusal::of(50006));
        }
        Ok(())
    }

    /// Records what Discord takes, but people would mind.
    fn check_habits(&mut self, key: &str, body: &Value, must_be_quiet: bool) {
        if must_be_quiet && !is_quiet(body) {
            self.violation(format!("{key}: allowed_mentions is {}, mentions would ping", body["allowed_mentions"]));
        }
        let embeds = list(body, "embeds").iter();
        let described = embeds.flat_map(|embed| {
            let fields = list(embed, "fields").iter().map(|field| text(field, "value"));
            std::iter::once(text(embed, "description")).chain(fields)
        });
        let open = std::iter::once(text(body, "content")).chain(described);
        for text in open.filter(|text| text.matches("```").count() % 2 == 1) {
            let start: String = text.chars().take(60).collect();
            self.violations.push(format!("{key}: a fence is left open in {start:?}"));
        }
    }

    /// Records what only answers to interactions may have.
    pub(super) fn check_outside_of_interactions(&mut self, key: &str, body: &Value) {
        if body["flags"].as_u64().unwrap_or(0) & EPHEMERAL != 0 {
            self.violation(format!("{key}: the ephemeral flag, which only answers to interactions may have"));
        }
    }

    pub(super) fn check_thread(&mut self, key: &str, body: &Value) -> Result<(), Refusal> {
        let mut findings = Findings::default();
        findings.length("name", &body["name"], 1..=100);
        self.refuse(key, findings.0)?;
        self.check_thread_change(key, body)
    }

    pub(super) fn check_thread_change(&mut self, key: &str, body: &Value) -> Result<(), Refusal> {
        let mut findings = Findings::default();
        if body.get("name").is_some() {
            findings.length("name", &body["name"], 1..=100);
        }
        let duration = &body["auto_archive_duration"];
        if !duration.is_null() && !matches!(duration.as_u64(), Some(60 | 1440 | 4320 | 10080)) {
            findings.note("auto_archive_duration", format!("{duration}"));
        }
        self.refuse(key, findings.0).map(|_| ())
    }
}

fn is_quiet(body: &Value) -> bool {
    let allowed = &body["allowed_mentions"];
    let content = text(body, "content");
    // Deliberate: those who are named, in this order, before anything else.
    let pings: Vec<String> =
        list(allowed, "users").iter().map(|id| format!("<@{}>", id.as_str().unwrap_or_default())).collect();
    allowed["parse"] == json!([])
        && content.starts_with(&pings.join(" "))
        && list(allowed, "roles").is_empty()
        && allowed["replied_user"] != true
}

fn message(body: &Value) -> Findings {
    let mut findings = Findings::default();
    findings.length("content", &body["content"], 0..=2000);
    let embeds = list(body, "embeds");
    findings.count("embeds", embeds, 0..=10);
    // The type that Discord gives back counts for nothing.
    let characters = text_of("", embeds).chars().filter(|character| *character != '\n').count();
    if characters > 6000 {
        findings.note("embeds", format!("{characters} characters in all of them, not 6000"));
    }
    embeds.iter().for_each(|embed| check_embed(embed, &mut findings));
    let nonce = &body["nonce"];
    if nonce.as_str().is_some_and(|nonce| nonce.chars().count() > 25) {
        findings.note("nonce", format!("{nonce} has more than 25 characters"));
    }
    if body["flags"].as_u64().unwrap_or(0) & 1 << 15 != 0 {
        findings.note("flags", "components of the second version, which are not known here");
    }
    for key in ["embeds", "components", "attachments"] {
        if !body[key].is_null() && !body[key].is_array() {
            findings.note("body", format!("{key} is no list"));
        }
    }
    super::check_interactive::rows(list(body, "components"), &mut findings);
    findings
}

fn check_embed(embed: &Value, findings: &mut Findings) {
    findings.length("embeds.title", &embed["title"], 0..=256);
    findings.length("embeds.description", &embed["description"], 0..=4096);
    findings.length("embeds.footer.text", &embed["footer"]["text"], 0..=2048);
    findings.length("embeds.author.name", &embed["author"]["name"], 0..=256);
    let fields = list(embed, "fields");
    findings.count("embeds.fields", fields, 0..=25);
    for field in fields {
        findings.length("embeds.fields.name", &field["name"], 1..=256);
        findings.length("embeds.fields.value", &field["value"], 1..=1024);
    }
    if text_of("", std::slice::from_ref(embed)).trim().is_empty() && embed["image"].is_null() {
        findings.note("embeds", "an empty one");
    }
    let url = &embed["url"];
    if url.as_str().is_some_and(|url| !url.starts_with("http://") && !url.starts_with("https://")) {
        findings.note("embeds.url", format!("{url} is no address"));
    }
}
