//! The integration tests, in one binary: one link instead of one per file.

mod access;
mod architecture;
mod commands;
mod embedded;
mod expiry;
mod limits;
mod local_model;
mod queue;
mod remote;
mod search;
mod service;
mod story;
mod support;
