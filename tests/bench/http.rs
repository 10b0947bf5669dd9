//! A client of one kept connection that does next to nothing, so that what is measured is the server.

use std::net::SocketAddr;

use anyhow::{Context, bail};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One connection.
pub struct Client {
    stream: TcpStream,
    token: String,
    buffer: Vec<u8>,
}

/// An answer.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The entity tag; empty without one.
    pub tag: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body, if the status is the one expected.
    pub fn expect(self, status: u16) -> anyhow::Result<Value> {
        if self.status != status {
            bail!("the service answered {}: {}", self.status, String::from_utf8_lossy(&self.body));
        }
        Ok(serde_json::from_slice(&self.body)?)
    }
}

impl Client {
    /// Connects as the owner of a token, or as nobody with an empty one.
    pub async fn connect(address: SocketAddr, token: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, token: token.to_owned(), buffer: Vec::new() })
    }

    /// Reads a path.
    pub async fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        self.send(&format!("GET {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {}\r\n\r\n", self.token)).await
    }

    /// Reads a path, unless it still bears this entity tag.
    pub async fn get_unless(&mut self, path: &str, tag: &str) -> anyhow::Result<Answer> {
        let token = &self.token;
        self.send(&format!(
            "GET {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\nif-none-match: {tag}\r\n\r\n"
        ))
        .await
    }

    /// Sends JSON; `wait` asks for the outcome.
    pub async fn post(&mut self, path: &str, body: &Value, wait: bool) -> anyhow::Result<Answer> {
        self.send_json("POST", path, body, wait).await
    }

    /// Sends JSON that replaces what is there.
    pub async fn put(&mut self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.send_json("PUT", path, body, false).await
    }

    async fn send_json(&mut self, method: &str, path: &str, body: &Value, wait: bool) -> anyhow::Result<Answer> {
        let body = body.to_string();
        let wait = if wait { "prefer: wait=60\r\n" } else { "" };
        let (token, length) = (&self.token, body.len());
        self.send(&format!(
            "{method} {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n{wait}\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        ))
        .await
    }

    /// Sends a form with headers of its own, each of which ends its line.
    pub async fn post_form(&mut self, path: &str, headers: &str, form: &str) -> anyhow::Result<Answer> {
        let length = form.len();
        self.send(&format!(
            "POST {path} HTTP/1.1\r\nhost: bench\r\n{headers}\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n{form}"
        ))
        .await
    }

    async fn send(&mut self, request: &str) -> anyhow::Result<Answer> {
        self.stream.write_all(request.as_bytes()).await?;
        self.buffer.clear();
        let end = loop {
            self.read().await?;
            if let Some(end) = self.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let head = std::str::from_utf8(&self.buffer[..end])?;
        let status = head.split(' ').nth(1).context("no status")?.parse()?;
        let header = |wanted: &str| {
            head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case(wanted).then(|| value.trim().to_owned())
            })
        };
        let tag = header("etag").unwrap_or_default();
        let whole = match (status, header("content-length")) {
            // "Not modified" has no body, whatever its length says.
            (304, _) => end,
            (_, length) => end + length.context("an answer without a length")?.parse::<usize>()?,
        };
        while self.buffer.len() < whole {
            self.read().await?;
        }
        Ok(Answer { status, tag, body: self.buffer[end..whole].to_vec() })
    }

    async fn read(&mut self) -> anyhow::Result<()> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("the service closed the connection");
        }
        Ok(())
    }
}
