//! The integration tests, in one binary: one link instead of one per file.

mod architecture;
mod embedded;
#[cfg(feature = "local-model")]
mod local_model;
mod queue;
mod remote;
mod story;
mod support;
