//! The model that runs in this process: Qwen2 from one GGUF file, on the processor, with no server and no key.
//!
//! [`fetch`] obtains the file, [`Local`] answers with it. Another family of models is another file beside `qwen2.rs`.
//! Without the cargo feature `local-model`, [`Local`] exists but can never be loaded.

pub mod fetch;

#[cfg(feature = "local-model")]
mod chat;
#[cfg(feature = "local-model")]
mod engine;
#[cfg(feature = "local-model")]
mod queue;
#[cfg(feature = "local-model")]
mod qwen2;
#[cfg(feature = "local-model")]
mod sample;
#[cfg(feature = "local-model")]
mod stop;
#[cfg(all(test, feature = "local-model"))]
mod tests;
#[cfg(feature = "local-model")]
mod worker;

#[cfg(not(feature = "local-model"))]
mod absent;

#[cfg(not(feature = "local-model"))]
pub use absent::Local;
#[cfg(feature = "local-model")]
pub use worker::Local;

/// Tokens of prompt, forced text and answer together.
///
/// The cache of one generation takes 56 KiB a token with the 1.5B model, so this is about 230 MB when full.
pub const CONTEXT_TOKENS: usize = 4096;

/// How many generations may wait; one more is refused.
pub const QUEUE_LENGTH: usize = 16;

/// The threads to compute with, for what the settings say: 0 means all cores but one.
///
/// On a busy machine a thread that waits for its turn holds up all the others, so all cores are slower than all but one.
pub fn threads(setting: usize) -> usize {
    if setting > 0 {
        return setting;
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    cores.saturating_sub(1).max(1)
}

/// Sets the number of threads that the arithmetic will use to what the settings say, unless the environment sets it.
///
/// Candle reads it from the environment once, when it first computes, and offers no other way.
///
/// # Safety
///
/// Call it first thing in `main`, while there is no other thread: writing the environment races with every reader.
pub unsafe fn fix_threads(setting: usize) {
    const RAYON: &str = "RAYON_NUM_THREADS";
    let is_set = |name| std::env::var_os(name).is_some();
    if !is_set(RAYON) && !is_set("CANDLE_NUM_THREADS") {
        // SAFETY: the caller promises that no other thread runs.
        unsafe { std::env::set_var(RAYON, threads(setting).to_string()) };
    }
}
