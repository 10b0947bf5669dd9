//! The pages in a real Chromium, one file per noun: what people see and do there.

mod articles;
mod editor;
mod home;
mod invite;
mod sign_in;
mod tokens;
