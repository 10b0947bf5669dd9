//! Answers a person's message.

use super::{Desk, Outcome};
use crate::workshop::message::AnswerTurn;

pub(super) async fn run(job: AnswerTurn, attempt: u32, desk: Desk) -> Outcome {
    match desk.workshop.answer_turn(job.message, attempt.max(1)).await {
        Ok(ran) => ran.into(),
        Err(error) => error.into(),
    }
}
