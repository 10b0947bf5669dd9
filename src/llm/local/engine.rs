//! One generation: reads the prompt, writes the steps, stops when nobody wants the text any more.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::time::Instant;

use candle_core::quantized::gguf_file::{Content, Value};
use tokio::sync::oneshot;

use super::chat::Vocabulary;
use super::qwen2::Qwen2;
use super::sample::Sampler;
use super::stop::Tail;
use crate::llm::{Error, Sink, Step};

/// So many tokens are read at once; between two such chunks the work can be cancelled.
pub const CHUNK: usize = 256;

/// What is to be written, and for whom.
#[derive(Debug)]
pub struct Task {
    /// The conversation up to the assistant's message.
    pub prompt: Vec<u32>,
    /// The assistant's message.
    pub steps: Vec<Step>,
    /// See [`Sampler`].
    pub temperature: f64,
    /// See [`Sampler`].
    pub seed: u64,
    /// Hears the text as it comes.
    pub sink: Sink,
    /// Gets the end of it; once its other end is dropped, nobody wants the text any more.
    pub reply: oneshot::Sender<Result<Written, Error>>,
}

/// What was written.
#[derive(Debug, Default, PartialEq)]
pub struct Written {
    /// One text for each [`Step::Generate`].
    pub texts: Vec<String>,
    /// Tokens generated.
    pub tokens: u32,
    /// When the first generated text was there.
    pub began: Option<Instant>,
}

/// The model with what it has read.
#[derive(Debug)]
pub struct Engine {
    model: Qwen2,
    /// What is in the model's cache; a task that begins alike does not read it again.
    read: Vec<u32>,
}

/// What was found in a model's file.
#[derive(Debug)]
pub struct Opened {
    /// The arithmetic.
    pub engine: Engine,
    /// The words.
    pub vocabulary: Vocabulary,
    /// How the model names itself.
    pub name: String,
}

impl Engine {
    /// Opens a model's file.
    pub fn open(path: &Path, context: usize) -> Result<Opened, Error> {
        let broken = |error: candle_core::Error| Error::Local(format!("{}: {error}", path.display()));
        let file = File::open(path).map_err(|error| broken(error.into()))?;
        let mut file = BufReader::new(file);
        let content = Content::read(&mut file).map_err(broken)?;
        let vocabulary = Vocabulary::from_gguf(&content)?;
        let model = Qwen2::read(&content, &mut file, context).map_err(broken)?;
        let name = match content.metadata.get("general.name").map(Value::to_string) {
            Some(Ok(name)) if !name.is_empty() => name.clone(),
            Some(_) | None => path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
        };
        Ok(Opened { engine: Self { model, read: Vec::new() }, vocabulary, name })
    }

    /// How many tokens fit, prompt and answer together.
    pub fn context(&self) -> usize {
        self.model.context()
    }

    /// Forgets what it has read.
    pub fn reset(&mut self) {
        self.keep(0);
    }

    /// Writes what `task` asks for.
    pub fn write(&mut self, task: &Task, vocabulary: &Vocabulary) -> Result<Written, Error> {
        let mut writing = Writing {
            engine: self,
            vocabulary,
            task,
            sampler: Sampler::new(task.temperature, task.seed),
            tokens: task.prompt.clone(),
            text: String::new(),
            written: Written::default(),
        };
        for step in &task.steps {
            match step {
                Step::Force(forced) => {
                    task.sink.send(forced);
                    writing.text.push_str(forced);
                }
                Step::Generate { stop, max_tokens } => writing.generate(stop, *max_tokens)?,
            }
        }
        Ok(writing.written)
    }

    fn keep(&mut self, tokens: usize) {
        self.read.truncate(tokens);
        self.model.truncate(tokens);
    }

    /// Reads what is new in `tokens` and scores what comes next.
    pub fn score(&mut self, tokens: &[u32], is_cancelled: impl Fn() -> bool) -> Result<Vec<f32>, Error> {
        let failed = |error: candle_core::Error| Error::Local(error.to_string());
        let Some(before_last) = tokens.len().checked_sub(1) else {
            return Err(Error::Refused("there is nothing to answer".into()));
        };
        let known = self.read.iter().zip(tokens).take_while(|(old, new)| old == new).count().min(before_last);
        self.keep(known);
        while tokens.len() - self.read.len() > CHUNK {
            if is_cancelled() {
                return Err(Error::Cut);
            }
            let chunk = &tokens[self.read.len()..][..CHUNK];
            self.model.read_tokens(chunk).map_err(failed)?;
            self.read.extend(chunk);
        }
        if is_cancelled() {
            return Err(Error::Cut);
        }
        let rest = &tokens[self.read.len()..];
        let scores = self.model.score(rest).map_err(failed)?;
        self.read.extend(rest);
        Ok(scores)
    }
}

/// A task on its way.
struct Writing<'a> {
    engine: &'a mut Engine,
    vocabulary: &'a Vocabulary,
    task: &'a Task,
    sampler: Sampler,
    /// The conversation so far,
    tokens: Vec<u32>,
    /// and the text behind it that is not in tokens yet.
    text: String,
    written: Written,
}

impl Writing<'_> {
    fn generate(&mut self, stop: &[String], max_tokens: u32) -> Result<(), Error> {
        // In this vocabulary a word carries the space before it, so a space at the end belongs to the word to come.
        let is_mid_line = self.text.ends_with(' ');
        self.tokens.extend(self.vocabulary.encode(self.text.trim_end_matches(' '))?);
        self.text.clear();

        let begin = self.tokens.len();
        let mut tail = Tail::new(stop);
        let mut text = String::new();
        let mut say = |piece: &str| {
            let piece = if is_mid_line && text.is_empty() { piece.trim_start_matches(' ') } else { piece };
            text.push_str(piece);
            self.task.sink.send(piece);
            if !piece.is_empty() {
                self.written.began.get_or_insert_with(Instant::now);
            }
        };
        for _ in 0..max_tokens {
            if self.tokens.len() >= self.engine.context() {
                break;
            }
            let scores = self.engine.score(&self.tokens, || self.task.reply.is_closed())?;
            let token = self.sampler.choose(&scores);
            self.written.tokens += 1;
            if self.vocabulary.is_end(token) {
                break;
            }
            self.tokens.push(token);
            say(tail.push(&self.vocabulary.bytes(token)));
            if tail.is_stopped() {
                break;
            }
        }
        say(tail.finish());
        let (kept, rest) = tail.kept();
        self.tokens.truncate(begin + kept);
        self.text.push_str(rest);
        self.written.texts.push(text);
        Ok(())
    }
}
