//! The integration tests, in one binary: one link instead of one per file.

mod embedded;
mod remote;
mod support;
