//! What a request carries: JSON, alone or with files beside it.

use serde_json::{Value, json};

/// A body, read.
#[derive(Debug, Clone, Default)]
pub(super) struct Sent {
    pub(super) body: Value,
    pub(super) uploads: Vec<Upload>,
}

/// A file in a body.
#[derive(Debug, Clone)]
pub(super) struct Upload {
    /// The number in its field `files[n]`.
    pub(super) number: u64,
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

impl Sent {
    /// None when it cannot be read.
    pub(super) fn read(content_type: &str, bytes: &[u8]) -> Option<Self> {
        if bytes.is_empty() {
            return Some(Self::of(json!({})));
        }
        match content_type.starts_with("multipart/") {
            true => multipart(content_type, bytes),
            false => serde_json::from_slice(bytes).ok().map(Self::of),
        }
    }

    pub(super) fn of(body: Value) -> Self {
        Self { body, uploads: Vec::new() }
    }

    /// The part of the body under this key, with the files.
    pub(super) fn within(&self, key: &str) -> Self {
        let body = if self.body[key].is_object() { self.body[key].clone() } else { json!({}) };
        Self { body, uploads: self.uploads.clone() }
    }
}

fn multipart(content_type: &str, bytes: &[u8]) -> Option<Sent> {
    let boundary = content_type.split("boundary=").nth(1)?.split(';').next()?.trim_matches('"');
    let delimiter = format!("\r\n--{boundary}");
    // The first delimiter has no line break before it.
    let bytes = [b"\r\n", bytes].concat();
    let starts = find_all(&bytes, delimiter.as_bytes());
    let mut sent = Sent::of(json!({}));
    for pair in starts.windows(2) {
        let part = &bytes[pair[0] + delimiter.len()..pair[1]];
        let head_ends = find_all(part, b"\r\n\r\n").first().copied()?;
        let head = String::from_utf8_lossy(&part[..head_ends]).into_owned();
        let content = &part[head_ends + 4..];
        let field = attribute(&head, " name=")?;
        match field.strip_prefix("files[").and_then(|rest| rest.strip_suffix(']')) {
            Some(number) => {
                let name = attribute(&head, " filename=").unwrap_or_else(|| "unknown".to_owned());
                sent.uploads.push(Upload { number: number.parse().ok()?, name, bytes: content.to_vec() });
            }
            None if field == "payload_json" => sent.body = serde_json::from_slice(content).ok()?,
            None => return None,
        }
    }
    Some(sent)
}

fn attribute(head: &str, name: &str) -> Option<String> {
    let rest = &head[head.find(name)? + name.len()..];
    let value = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => rest.split([';', '\r', '\n']).next()?,
    };
    Some(value.to_owned())
}

fn find_all(bytes: &[u8], wanted: &[u8]) -> Vec<usize> {
    let windows = bytes.windows(wanted.len()).enumerate();
    windows.filter(|(_, window)| *window == wanted).map(|(at, _)| at).collect()
}
