//! The integration tests, in one binary: one link instead of one per file.

mod access;
mod architecture;
mod articles;
mod ask;
mod commands;
mod discord;
mod embedded;
mod expiry;
mod limits;
#[cfg(feature = "local-model")]
mod local_model;
mod queue;
mod remote;
mod search;
mod service;
mod slack;
mod story;
mod suites;
mod support;
mod talk;
