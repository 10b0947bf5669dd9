//! What several test modules share.

pub mod database;
pub mod desk;
pub mod model_server;
pub mod program;
