//! A model of fixed latency: a process of its own, so that its CPU is nobody else's.

use std::convert::Infallible;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::post;
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

/// The argument that makes the bench a model.
pub const COMMAND: &str = "model";

/// Pieces that an answer comes in, and words in each.
pub const PIECES: usize = 40;
const WORDS: usize = 5;

/// A model that runs until this is dropped.
pub struct Model {
    _child: Child,
    /// Where it answers.
    pub url: String,
}

impl Model {
    /// Starts one.
    pub async fn start(latency: Duration) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args([COMMAND, &latency.as_millis().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = child.stdout.take().context("the model has no output")?;
        let address = BufReader::new(output).lines().next_line().await?.context("the model did not start")?;
        Ok(Self { _child: child, url: format!("http://{address}/v1") })
    }
}

/// Is a model: prints its address and answers until standard input ends.
pub async fn serve(latency: &str) -> anyhow::Result<()> {
    let latency = Duration::from_millis(latency.parse()?);
    let answer = move |request: Bytes| async move {
        tokio::time::sleep(latency).await;
        answer(&request)
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    let served = axum::serve(listener, Router::new().route("/v1/chat/completions", post(answer)));
    let (mut input, mut nothing) = (tokio::io::stdin(), [0]);
    tokio::select! {
        served = async { served.await } => Ok(served?),
        _ = input.read(&mut nothing) => Ok(()),
    }
}

/// A streamed answer that cites the first article it was given.
fn answer(request: &[u8]) -> impl IntoResponse + use<> {
    let request = String::from_utf8_lossy(request);
    let after = |mark: &str| request.split_once(mark).and_then(|(_, rest)| rest.split("\\n").next());
    let citation = match (after("Title: "), after("URL: ")) {
        (Some(title), Some(url)) => format!("[{title}]({url}). "),
        _ => String::new(),
    };
    let chunk = |delta: Value, end: Value| {
        let choice = json!({ "index": 0, "delta": delta, "finish_reason": end });
        let chunk = json!({ "id": "1", "object": "chat.completion.chunk", "model": "bench", "choices": [choice] });
        format!("data: {chunk}\n\n")
    };
    let mut frames = vec![chunk(json!({ "role": "assistant", "content": "" }), Value::Null)];
    let plain = "Growth slows and risks remain. ".repeat(WORDS / 5);
    for piece in 0..PIECES {
        let text = if piece % 10 == 0 { format!("{plain}Orders fell by 12 percent {citation}") } else { plain.clone() };
        frames.push(chunk(json!({ "content": text }), Value::Null));
    }
    frames.push(chunk(json!({}), json!("stop")));
    let usage = json!({ "prompt_tokens": 4000, "completion_tokens": 240, "total_tokens": 4240 });
    let last = json!({ "object": "chat.completion.chunk", "model": "bench", "choices": [], "usage": usage });
    frames.push(format!("data: {last}\n\n"));
    frames.push("data: [DONE]\n\n".to_owned());
    let frames = stream::iter(frames).map(|frame| Ok::<_, Infallible>(Bytes::from(frame)));
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(frames))
}
