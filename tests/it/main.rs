//! The integration tests, in one binary: one link instead of one per file.

mod architecture;
mod embedded;
mod remote;
mod story;
mod support;
