//! The model hub, over HTTPS, going on where a download broke off.

use std::time::Duration;

use futures::StreamExt as _;
use reqwest::{StatusCode, header};
use tokio::io::AsyncWriteExt as _;

use super::{Fetcher, Model, Refusal, Report, Source};

/// A download that brought nothing so many times in a row is given up.
const ATTEMPTS: u32 = 3;
const MEBIBYTE: u64 = 1 << 20;

impl Fetcher {
    /// Completes the partial file from the hub.
    pub(super) async fn fill_from_hub(&self, report: Report<'_>) -> Result<(), Refusal> {
        let idle = Duration::from_secs(60);
        let client = reqwest::Client::builder().connect_timeout(Duration::from_secs(15)).read_timeout(idle).build()?;
        let mut fruitless = 0;
        loop {
            let before = self.here().await?;
            if before == self.model.bytes {
                return Ok(());
            }
            let Err(refusal) = self.download(&client, before, report).await else { continue };
            let Refusal::Unreachable(cause) = &refusal else { return Err(refusal) };
            fruitless = if self.here().await? > before { 0 } else { fruitless + 1 };
            if fruitless >= ATTEMPTS || cause.is_builder() || (cause.is_connect() && before == 0) {
                return Err(refusal);
            }
            tokio::time::sleep(self.pause).await;
        }
    }

    /// One request for what is missing.
    async fn download(&self, client: &reqwest::Client, from: u64, report: Report<'_>) -> Result<(), Refusal> {
        let Model { repository, revision, file, bytes, .. } = self.model;
        let url = format!("{}/{repository}/resolve/{revision}/{file}", self.hub);
        let response = client.get(url).header(header::RANGE, format!("bytes={from}-")).send().await?;
        let start = match response.status() {
            StatusCode::PARTIAL_CONTENT => from,
            // It does not know ranges, so it begins at the beginning.
            StatusCode::OK => 0,
            other => return Err(Refusal::Status(other)),
        };
        if let Some(length) = response.content_length()
            && start + length != bytes
        {
            return Err(Refusal::Size(start + length));
        }
        let mut partial = self.open_partial(start).await?;
        let (mut done, mut body) = (start, response.bytes_stream());
        report(self.progress(Source::Hub, done));
        while let Some(chunk) = body.next().await {
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(error) => {
                    partial.flush().await?;
                    return Err(error.into());
                }
            };
            let before = done;
            done += chunk.len() as u64;
            if done > bytes {
                return Err(Refusal::Size(done));
            }
            partial.write_all(&chunk).await?;
            if before / MEBIBYTE != done / MEBIBYTE || done == bytes {
                report(self.progress(Source::Hub, done));
            }
        }
        partial.flush().await?;
        partial.sync_all().await?;
        Ok(())
    }
}
