//! Identifiers, each a type of its own, so that one cannot be passed for another.
//!
//! People type the numbers of drafts, prompts and chats; everything else is a UUIDv7.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta] $name:ident($inner:ty);)*) => {$(
        #[$doc]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = <$inner as std::str::FromStr>::Err;
            fn from_str(raw: &str) -> Result<Self, Self::Err> {
                raw.parse().map(Self)
            }
        }
    )*};
}

id! {
    /// A draft; people type it.
    DraftId(i32);
    /// A committed prompt.
    PromptId(i32);
    /// A conversation.
    ChatId(i32);
    /// A number of a saved text of one draft, from 1; 0 means that the draft has no text yet.
    RevisionNumber(i32);
    /// A number of a committed text of one prompt, from 1.
    VersionNumber(i32);
    /// A number of a proposal within one draft, from 1.
    ProposalNumber(i32);
    /// A feed; people type it.
    FeedId(i32);
    /// An article of the database.
    ArticleId(i64);
    /// A person or a service.
    AccountId(Uuid);
    /// An API token.
    TokenId(Uuid);
    /// One message of a conversation.
    MessageId(Uuid);
    /// One test.
    TrialId(Uuid);
    /// A question to a prompt, with its answer.
    AnswerId(Uuid);
    /// A version of a prompt on its way to an Auspex.
    PushId(Uuid);
    /// A frozen list of articles.
    RetrievalId(Uuid);
    /// Something to tell a person where a workshop lives.
    DeliveryId(Uuid);
    /// What somebody says about a draft or a prompt.
    CommentId(Uuid);
    /// A link that lets people in.
    InviteId(Uuid);
    /// Something that a chat platform sent.
    ArrivalId(Uuid);
    /// A suite of questions; people know its name.
    SuiteId(i32);
    /// A suite run at once on several texts and models.
    BatchId(Uuid);
}

macro_rules! uuid_id {
    ($($name:ident)*) => {$(
        impl $name {
            /// A new id; ids made later sort later.
            #[expect(clippy::new_without_default, reason = "two calls never give the same value")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }
    )*};
}

uuid_id! {
    AccountId TokenId MessageId TrialId AnswerId PushId RetrievalId DeliveryId CommentId InviteId ArrivalId BatchId
}
