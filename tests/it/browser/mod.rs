//! The pages in a real Chromium, one file per noun: what people see and do there.

mod articles;
mod comparison;
mod editor;
mod home;
mod invite;
mod library;
mod session;
mod sign_in;
mod tokens;
mod trial;
mod workbench;
