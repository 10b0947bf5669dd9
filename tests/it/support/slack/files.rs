//! The three steps of an upload.

use serde_json::{Value, json};

use super::posted::Posted;
use super::state::{Answer, Data, File, list, some_text, text};

impl Data {
    pub(super) fn upload_url(&mut self, args: &Value) -> Answer {
        let Ok(length) = text(args, "length").parse::<usize>() else { return Err("invalid_arguments".into()) };
        let Some(name) = some_text(args, "filename") else { return Err("invalid_arguments".into()) };
        let id = format!("F{:010}", self.serial());
        let url = format!("http://{}/upload/{id}", self.address);
        let file =
            File { id, title: name.clone(), name, length, bytes: Vec::new(), channel: String::new(), thread_ts: None };
        let answer = json!({"upload_url": url, "file_id": file.id});
        self.files.push(file);
        Ok(answer)
    }

    /// Keeps the bytes of a file; false when it was not announced so.
    pub(super) fn upload(&mut self, id: &str, bytes: Vec<u8>) -> bool {
        let Some(file) = self.files.iter_mut().find(|file| file.id == id) else { return false };
        let announced = file.length;
        let sent = bytes.len();
        file.bytes = bytes;
        if announced != sent {
            self.violation(format!("upload: {sent} bytes of a file that was announced with {announced}"));
        }
        announced == sent
    }

    pub(super) fn complete_upload(&mut self, team: &str, args: &Value) -> Answer {
        let channel = match text(args, "channel_id") {
            "" => None,
            channel => Some(self.destination(team, channel)?),
        };
        let thread_ts = some_text(args, "thread_ts");
        if let (Some(channel), Some(thread)) = (&channel, &thread_ts) {
            self.check_thread("files.completeUploadExternal", channel, thread)?;
        }
        let mut titles = Vec::new();
        for wanted in list(args, "files") {
            let found = self.files.iter_mut().find(|file| wanted["id"] == file.id);
            let Some(file) = found.filter(|file| file.bytes.len() == file.length) else {
                return Err("file_not_found".into());
            };
            if let Some(title) = some_text(wanted, "title") {
                file.title = title;
            }
            file.channel = channel.clone().unwrap_or_default();
            file.thread_ts = thread_ts.clone();
            titles.push(file.title.clone());
        }
        if titles.is_empty() {
            return Err("invalid_arguments".into());
        }
        if let Some(channel) = channel {
            let shared = json!({"text": args["initial_comment"]});
            let message = Posted { thread_ts, files: titles, ..Posted::by_bot(&channel, self.ts(), &shared) };
            self.add_bot_message(message);
        }
        Ok(json!({"files": args["files"]}))
    }
}

/// The content of the one file in a multipart body.
pub(super) fn multipart(content_type: &str, body: &[u8]) -> Option<Vec<u8>> {
    let boundary = content_type.split("boundary=").nth(1)?.split(';').next()?.trim_matches('"');
    let delimiter = format!("\r\n--{boundary}");
    // The first delimiter has no line break before it.
    let body = [b"\r\n", body].concat();
    let starts: Vec<usize> = find_all(&body, delimiter.as_bytes());
    let parts = starts.windows(2).map(|pair| &body[pair[0] + delimiter.len()..pair[1]]);
    parts.into_iter().find_map(|part| {
        let head = find_all(part, b"\r\n\r\n").first().copied()?;
        String::from_utf8_lossy(&part[..head]).contains("filename=").then(|| part[head + 4..].to_vec())
    })
}

fn find_all(bytes: &[u8], wanted: &[u8]) -> Vec<usize> {
    let windows = bytes.windows(wanted.len()).enumerate();
    windows.filter(|(_, window)| *window == wanted).map(|(at, _)| at).collect()
}
