//! Values and rules of the workshop: no async, no I/O, no clock.
//!
//! One file per noun. A rule about a value is a method on its type and is tested beside it.

pub mod access;
pub mod account;
pub mod article;
pub mod auspex;
pub mod batch;
pub mod choice;
pub mod citation;
pub mod conversation;
pub mod draft;
pub mod expiry;
pub mod feed;
pub mod fence;
pub mod history;
pub mod html;
pub mod id;
pub mod library;
pub mod link;
pub mod markdown;
pub mod passage;
pub mod place;
pub mod prompt_file;
pub mod proposal;
pub mod push;
pub mod research_window;
pub mod sentence;
pub mod session;
pub mod sharing;
pub mod suite;
pub mod text;
pub mod trial;

pub use access::{Access, Actor};
pub use id::{
    AccountId, AnswerId, ArrivalId, ArticleId, BatchId, ChatId, CommentId, DeliveryId, DraftId, FeedId, InviteId,
    MessageId, PromptId, ProposalNumber, PushId, RetrievalId, RevisionNumber, SuiteId, TokenId, TrialId, VersionNumber,
};
pub use text::Invalid;

/// A point in time, in UTC.
pub type Instant = chrono::DateTime<chrono::Utc>;
