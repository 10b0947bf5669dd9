//! Prompt Workshop: design, test and share system prompts in conversation with an AI.
//!
//! Where to look:
//!
//! | for | look in |
//! |---|---|
//! | a rule about drafts, tests, citations, expiry | [`domain`], one file per noun, tested beside the rule |
//! | what a person can do | [`workshop`], one method each; permissions, limits and transactions are there |
//! | a line of SQL | [`store`], one file per noun; `migrations/` |
//! | how a job is pushed, and how it is run | [`queue`]; [`jobs`] |
//! | how a model is asked | [`llm`]: `remote`, `local`, and which of them answers in `engine` |
//! | fetching feeds | [`feed`]: what may be reached, how much is read |
//! | an endpoint | [`web`]: `api/` JSON, `pages/` HTML, `error.rs` every refusal |
//! | talk in the terminal and on chat platforms | [`chat`]: what can be said in `command`, what follows in `handle`, wording in `reply` |
//! | Slack | [`chat::slack`], one file per way in and out |
//! | a prompt that is pushed to a running Auspex | [`auspex`], and `push.rs` in every layer |
//! | signing in through an OpenID Connect provider | [`openid`], and `openid.rs` in store, workshop and web |
//! | a setting | `config/default.toml`, [`config`], and the `Settings` of its module |
//! | what starts, and what stops in which order | [`app`]; [`cli`] |

pub mod app;
pub mod auspex;
pub mod chat;
pub mod cli;
pub mod config;
pub mod domain;
pub mod feed;
pub mod jobs;
pub mod llm;
pub mod openid;
pub mod queue;
pub mod store;
pub mod telemetry;
pub mod web;
pub mod workshop;
