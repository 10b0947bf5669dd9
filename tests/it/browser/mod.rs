//! The pages in a real Chromium, one file per noun: what people see and do there.

mod sign_in;
