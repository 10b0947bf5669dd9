//! Prompt Workshop: design, test and share system prompts in conversation with an AI.

pub mod llm;
