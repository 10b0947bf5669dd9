//! What stands in for the local model in a build without it.

use std::path::Path;

use crate::llm::{Completion, Error, Request, Script, Sink};

/// A local model, of which this build has none: it cannot be loaded.
#[derive(Debug, Clone)]
pub enum Local {}

impl Local {
    /// Fails: this build has no local model.
    pub fn load(_path: &Path, _threads: usize) -> Result<Self, Error> {
        Err(Error::Local("this build was made without the feature `local-model`".into()))
    }

    /// See the real one.
    pub async fn run(&self, _script: &Script, _sink: &Sink) -> Result<Vec<String>, Error> {
        match *self {}
    }

    /// See the real one.
    pub async fn stream(&self, _request: &Request, _sink: &Sink) -> Result<Completion, Error> {
        match *self {}
    }

    /// See the real one.
    pub fn name(&self) -> &str {
        match *self {}
    }

    /// See the real one.
    pub fn seeded(&self, _seed: u64) -> Self {
        match *self {}
    }

    /// See the real one.
    pub fn ahead(&self) -> usize {
        match *self {}
    }

    /// See the real one.
    pub fn max_prompt_tokens(&self) -> usize {
        match *self {}
    }

    /// See the real one.
    pub fn count_tokens(&self, _text: &str) -> usize {
        match *self {}
    }
}
