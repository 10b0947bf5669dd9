//! Answers a person's message, shown while it is written where the conversation lives.

use super::{Desk, Outcome};
use crate::workshop::message::AnswerTurn;
use crate::workshop::trial_run::Ran;

pub(super) async fn run(job: AnswerTurn, attempt: u32, desk: Desk) -> Outcome {
    let mut follower = desk.chat.follow_turn(job.message).await;
    let answered = tokio::select! {
        answered = desk.workshop.answer_turn(job.message, attempt.max(1)) => answered,
        () = follower.watch() => return Outcome::Retry(super::AT_ONCE),
    };
    follower.finish(matches!(answered, Ok(Ran::Done))).await;
    match answered {
        Ok(ran) => ran.into(),
        Err(error) => error.into(),
    }
}
