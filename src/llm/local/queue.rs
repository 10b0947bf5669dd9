//! Who waits for the model: one at a time is served, in order of arrival; who has gone does not count.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::QUEUE_LENGTH;
use super::engine::Task;
use crate::llm::Error;

/// The waiting line.
#[derive(Debug, Default)]
pub struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Task>,
    is_busy: bool,
    is_closed: bool,
}

impl Queue {
    /// Adds a task, unless the line is full.
    pub fn push(&self, task: Task) -> Result<(), Error> {
        let mut state = self.state();
        if state.waiting.len() >= QUEUE_LENGTH {
            return Err(Error::RateLimited { retry_after: None });
        }
        state.waiting.push_back(task);
        self.changed.notify_one();
        Ok(())
    }

    /// How many are waiting or being served.
    pub fn len(&self) -> usize {
        let state = self.state();
        state.waiting.len() + usize::from(state.is_busy)
    }

    /// Waits for the next task; `None` once the line is closed. The one before counts as served.
    pub fn next(&self) -> Option<Task> {
        let mut state = self.state();
        state.is_busy = false;
        loop {
            if state.is_closed {
                return None;
            }
            if let Some(task) = state.waiting.pop_front() {
                if task.reply.is_closed() {
                    continue;
                }
                state.is_busy = true;
                return Some(task);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Sends everybody home.
    pub fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        state.waiting.clear();
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here can be left half done by a panic.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.waiting.retain(|task| !task.reply.is_closed());
        state
    }
}
