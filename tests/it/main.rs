//! The integration tests, in one binary: one link instead of one per file.

mod access;
mod architecture;
mod articles;
mod ask;
mod auspex;
mod browser;
mod commands;
mod discord;
mod doctor;
mod embedded;
mod exchange;
mod expiry;
mod feeds;
mod library;
mod limits;
mod live;
#[cfg(feature = "local-model")]
mod local_model;
mod month;
mod openid;
mod permissions;
mod queue;
mod remote;
mod search;
mod service;
mod sessions;
mod sharing;
mod slack;
mod story;
mod suites;
mod support;
mod talk;
mod tokens;
