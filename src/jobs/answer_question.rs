//! Answers a question to a committed prompt.

use super::{Desk, Outcome};
use crate::workshop::session::AnswerQuestion;

pub(super) async fn run(job: AnswerQuestion, attempt: u32, desk: Desk) -> Outcome {
    match desk.workshop.answer_question(job.answer, attempt.max(1)).await {
        Ok(ran) => ran.into(),
        Err(error) => error.into(),
    }
}
