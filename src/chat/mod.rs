//! Talk, whatever the platform: what people can say ([`command`]), all wording ([`reply`]), and the platforms.
//!
//! A new platform is a folder or file here and one line below. It turns what it hears into [`command::Command`]s and what
//! it gets back into its own markup; nothing about prompts, drafts or tests is decided in it.

pub mod button;
pub mod command;
mod compare;
pub mod dialogue;
mod handle;
pub mod inbound;
mod outline;
mod press;
pub mod reply;
pub mod terminal;

use reply::Reply;

/// A place where people talk. The terminal is one; chat platforms are others.
pub trait Platform {
    /// Why something could not be shown.
    type Error;

    /// Shows something new.
    fn post(&mut self, reply: &Reply) -> Result<(), Self::Error>;

    /// Shows progress in place of the progress shown last.
    fn progress(&mut self, line: &str) -> Result<(), Self::Error>;

    /// Shows more text of an answer that is being written.
    fn stream(&mut self, text: &str) -> Result<(), Self::Error>;
}
