//! The pages in a real Chromium, one file per noun: what people see and do there.

mod articles;
mod home;
mod invite;
mod editor;
mod sign_in;
mod tokens;
