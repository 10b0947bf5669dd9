//! What several test modules share.

pub mod model_server;
