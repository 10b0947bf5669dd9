//! The workshop in Discord, told as it reads in a thread, against an emulator of Discord.

use crate::support::desk::{Desk, Options, Via};
use crate::support::discord::Discord;

/// A service as the options want it, in a server of Discord.
pub async fn with(via: Via, options: Options) -> (Desk, Discord) {
    let discord = Discord::start().await;
    let desk = Desk::with(Options { discord: Some((discord.clone(), via)), ..options }).await;
    (desk, discord)
}
