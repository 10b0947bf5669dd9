//! The handle to the model and the thread it runs on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::oneshot;

use super::CONTEXT_TOKENS;
use super::chat::Vocabulary;
use super::engine::{Engine, Opened, Task, Written};
use super::queue::Queue;
use crate::llm::{Completion, Error, Request, Role, Script, Sink, Step, Usage};

/// The model that runs in this process; clones share it.
///
/// It serves one generation at a time, on a thread of its own. Dropping the future of one cancels it.
#[derive(Debug, Clone)]
pub struct Local {
    shared: Arc<Shared>,
    seed: Option<u64>,
}

#[derive(Debug)]
struct Shared {
    queue: Arc<Queue>,
    vocabulary: Arc<Vocabulary>,
    name: String,
    context: usize,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl Local {
    /// Reads a model's file, which takes a second or two and blocks the thread for it.
    ///
    /// `threads` is what the settings say. It takes effect only if `main` called [`super::fix_threads`] with it.
    pub fn load(path: &Path, threads: usize) -> Result<Self, Error> {
        let (wanted, actual) = (super::threads(threads), candle_core::utils::get_num_threads());
        if wanted != actual {
            tracing::warn!(wanted, actual, "The local model computes with {actual} threads instead of {wanted}");
        }
        let Opened { mut engine, vocabulary, name } = Engine::open(path, CONTEXT_TOKENS)?;
        let (queue, vocabulary) = (Arc::new(Queue::default()), Arc::new(vocabulary));
        let context = engine.context();
        let shared = Shared { queue: Arc::clone(&queue), vocabulary: Arc::clone(&vocabulary), name, context };
        std::thread::Builder::new()
            .name("local-model".into())
            .spawn(move || serve(&queue, &mut engine, &vocabulary))
            .map_err(|error| Error::Local(format!("no thread for it: {error}")))?;
        Ok(Self { shared: Arc::new(shared), seed: None })
    }

    /// The same model, always with the same luck: the same request gets the same answer.
    pub fn seeded(&self, seed: u64) -> Self {
        Self { shared: Arc::clone(&self.shared), seed: Some(seed) }
    }

    /// How the model names itself.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// How many generations would be served before one that is asked for now.
    pub fn ahead(&self) -> usize {
        self.shared.queue.len()
    }

    /// The longest prompt; a quarter of the context is kept for the answer.
    ///
    /// Reading takes about 10 ms a token on two idle cores: keep well below 800 where somebody waits.
    pub fn max_prompt_tokens(&self) -> usize {
        self.shared.context - self.shared.context / 4
    }

    /// How many tokens a text has.
    pub fn count_tokens(&self, text: &str) -> usize {
        // Only text that is not UTF-8 could fail; the guess is that of a token for each four bytes.
        self.shared.vocabulary.encode(text).map_or(text.len() / 4, |tokens| tokens.len())
    }

    /// Writes a script: one text for each [`Step::Generate`]. Forced and generated text goes to `sink` as it comes.
    pub async fn run(&self, script: &Script, sink: &Sink) -> Result<Vec<String>, Error> {
        let prompt = self.shared.vocabulary.prompt(&script.system, [(Role::User, script.user.as_str())])?;
        let budget = |step: &Step| match step {
            Step::Force(text) => self.count_tokens(text),
            Step::Generate { max_tokens, .. } => *max_tokens as usize,
        };
        let needed = prompt.len() + script.steps.iter().map(budget).sum::<usize>();
        if needed > self.shared.context {
            return Err(too_long(needed, self.shared.context));
        }
        let written = self.write(prompt, script.steps.clone(), script.temperature, sink).await?;
        Ok(written.texts)
    }

    /// Answers a conversation. Text goes to `sink` as it comes.
    pub async fn stream(&self, request: &Request, sink: &Sink) -> Result<Completion, Error> {
        let asked = Instant::now();
        let messages = request.messages.iter().map(|message| (message.role, message.content.as_str()));
        let prompt = self.shared.vocabulary.prompt(&request.system, messages)?;
        if prompt.len() > self.max_prompt_tokens() {
            return Err(too_long(prompt.len(), self.max_prompt_tokens()));
        }
        let input = u32::try_from(prompt.len()).ok();
        let steps = vec![Step::Generate { stop: Vec::new(), max_tokens: request.max_tokens }];
        let written = self.write(prompt, steps, request.temperature, sink).await?;
        Ok(Completion {
            text: written.texts.concat(),
            model: self.shared.name.clone(),
            usage: Usage { input, output: Some(written.tokens) },
            first_token: written.began.map_or_else(|| asked.elapsed(), |began| began - asked),
        })
    }

    async fn write(&self, prompt: Vec<u32>, steps: Vec<Step>, temperature: f64, sink: &Sink) -> Result<Written, Error> {
        let (reply, answer) = oneshot::channel();
        let seed = self.seed.unwrap_or_else(rand::random);
        self.shared.queue.push(Task { prompt, steps, temperature, seed, sink: sink.clone(), reply })?;
        answer.await.unwrap_or_else(|_| Err(Error::Local("it stopped".into())))
    }
}

fn too_long(tokens: usize, most: usize) -> Error {
    Error::Refused(format!("that makes {tokens} tokens, and the local model takes at most {most}"))
}

fn serve(queue: &Queue, engine: &mut Engine, vocabulary: &Vocabulary) {
    while let Some(task) = queue.next() {
        // A fault in the arithmetic costs this answer, not the thread.
        let outcome = catch_unwind(AssertUnwindSafe(|| engine.write(&task, vocabulary)));
        let outcome = outcome.unwrap_or_else(|_| Err(Error::Local("the arithmetic failed".into())));
        match &outcome {
            Ok(_) | Err(Error::Cut) => {}
            Err(_) => engine.reset(),
        }
        // Who has gone away no longer wants to know.
        let _ = task.reply.send(outcome);
    }
}
