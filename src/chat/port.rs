//! What the flows here need of a chat platform, and what can go wrong with it.
//!
//! [`deliver`](super::deliver), [`refresh`](super::refresh) and [`follow`](super::follow) decide what is shown and when;
//! a platform puts it into its own shape and its own calls.

use std::time::Duration;

use super::reply::Reply;
use crate::domain::account::{Identity, Platform};
use crate::domain::place::Place;
use crate::workshop::delivery::{Delivery, Scene};
use crate::workshop::{self, Workshop};

/// What is between the ids of the messages that one delivery became.
pub(super) const BETWEEN: char = ',';

/// Why something was not shown.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    /// The platform asks to wait.
    #[error("the platform asks to wait {} s", retry_after.as_secs())]
    RateLimited {
        /// How long.
        retry_after: Duration,
    },
    /// The platform cannot be reached, fails or takes too long.
    #[error("the platform does not answer ({0})")]
    Unavailable(&'static str),
    /// The platform does not take our token; somebody can mend that.
    #[error("the app has no access: {0}")]
    Unauthorized(String),
    /// The place does not take our messages.
    #[error("the place is closed to the app: {0}")]
    Closed(String),
    /// The platform refuses, for good.
    #[error("the platform refuses: {0}")]
    Refused(String),
    /// It could not be noted.
    #[error(transparent)]
    Workshop(#[from] workshop::Error),
}

/// What was posted.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Posted {
    /// Where a conversation about it goes on.
    pub(super) place: Place,
    /// The platform's ids of its messages, the first one first, with [`BETWEEN`] between them.
    pub(super) ids: String,
}

impl Posted {
    /// The id of the first message.
    pub(super) fn first(&self) -> &str {
        self.ids.split(BETWEEN).next().unwrap_or(&self.ids)
    }
}

/// How an unfinished text is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Live {
    /// The platform takes what is new.
    Stream,
    /// One message is edited.
    Edits,
}

/// A chat platform.
pub(super) trait Port: Clone + Send + Sync + 'static {
    /// Which one it is.
    const PLATFORM: Platform;
    /// The least time between two edits of one message.
    const EDIT: Duration;
    /// The least time between two pieces of a stream.
    const STREAM: Duration;
    /// How long the platform shows that we are at work.
    const AT_WORK: Duration;

    /// The workshop.
    fn workshop(&self) -> &Workshop;

    /// What stands before a word of the slash command.
    fn marker(&self) -> &str;

    /// A reply with what only this platform adds to it.
    fn adapt(&self, _scene: &Scene, reply: Reply) -> Reply {
        reply
    }

    /// Posts a reply, in as many messages as it takes. Where it was begun before, what is there is not posted again.
    fn post(
        &self,
        delivery: &Delivery,
        place: &Place,
        scene: &Scene,
        reply: &Reply,
    ) -> impl Future<Output = Result<Posted, Failed>> + Send;

    /// Does what only this platform does once something was posted and noted.
    fn after(&self, posted: &Posted, scene: &Scene) -> impl Future<Output = Result<(), Failed>> + Send;

    /// Shows something else in place of what was posted; well when that is gone.
    fn edit(&self, place: &Place, ids: &str, reply: &Reply) -> impl Future<Output = Result<(), Failed>> + Send;

    /// Completes a message that was shown while it was written; what is too long for it follows below.
    fn complete(
        &self,
        delivery: &Delivery,
        place: &Place,
        ids: &str,
        reply: &Reply,
    ) -> impl Future<Output = Result<(), Failed>> + Send;

    /// Tells one person something that only they see, as far as the platform can do that.
    fn whisper(
        &self,
        delivery: &Delivery,
        place: &Place,
        reply: &Reply,
    ) -> impl Future<Output = Result<(), Failed>> + Send;

    /// Where a person is told something directly.
    fn direct(&self, place: &Place, user: &str) -> impl Future<Output = Result<Place, Failed>> + Send;

    /// Shows that we are at work; decoration, which may fail.
    fn at_work(&self, place: &Place) -> impl Future<Output = ()> + Send;

    /// Begins to show an unfinished text: how that goes on, and the message's id.
    fn begin(
        &self,
        delivery: &Delivery,
        place: &Place,
        text: &str,
    ) -> impl Future<Output = Result<(Live, String), Failed>> + Send;

    /// Shows more of an unfinished text: the whole so far, of which the part from `upto` on is new.
    fn go_on(
        &self,
        place: &Place,
        id: &str,
        live: Live,
        text: &str,
        upto: usize,
    ) -> impl Future<Output = Result<(), Failed>> + Send;

    /// Ends a stream, ours or one that a dead copy of the service left open.
    fn end(&self, place: &Place, id: &str) -> impl Future<Output = ()> + Send;

    /// Publishes somebody's home page, where there is such a thing.
    fn publish_home(&self, identity: &Identity, page: &Reply) -> impl Future<Output = ()> + Send;
}
