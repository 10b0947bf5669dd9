//! What several test modules share.

pub mod database;
pub mod desk;
pub mod model_server;
#[expect(dead_code, reason = "the service as a process is for tests to come")]
pub mod program;
pub mod slack;
