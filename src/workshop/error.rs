//! Why a use case did not do what was asked, named for what the caller can do about it.

use crate::choice;
use crate::domain::draft::{Draft, ReadOnly};
use crate::domain::library::CommitWarning;
use crate::domain::{Access, Instant, Invalid};
use crate::store;

choice! {
    /// A kind of thing that can be missing.
    pub enum Noun {
        /// A draft.
        Draft = "draft",
        /// A revision of a draft.
        Revision = "revision",
        /// A conversation.
        Chat = "chat",
        /// A proposal.
        Proposal = "proposal",
        /// A test.
        Trial = "test",
        /// A suite of questions.
        Suite = "suite",
        /// A batch of tests.
        Batch = "batch",
        /// A question to a prompt, with its answer.
        Answer = "answer",
        /// A push of a prompt to an Auspex.
        Push = "push",
        /// A prompt of the library.
        Prompt = "prompt",
        /// A version of a prompt.
        Version = "version",
        /// A label of a prompt.
        Label = "label",
        /// A conversation with a prompt.
        Session = "session",
        /// A topic.
        Topic = "topic",
        /// A feed.
        Feed = "feed",
        /// An article.
        Article = "article",
        /// An account.
        Account = "account",
        /// An API token.
        Token = "token",
        /// A sign-in link.
        LoginLink = "sign-in link",
        /// A team.
        Team = "team",
        /// A link that lets people in.
        Invite = "invitation",
        /// A comment.
        Comment = "comment",
    }
}

choice! {
    /// A limit of what one person may use.
    pub enum Limit {
        /// Tests, and questions to prompts, within an hour.
        TestsPerHour = "tests_per_hour",
        /// Tests of batches within an hour.
        BatchTestsPerHour = "batch_tests_per_hour",
        /// Living drafts.
        DraftsPerUser = "drafts_per_user",
    }
}

/// Why a use case did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or the actor may not know of it.
    #[error("There is no such {0}.")]
    NotFound(Noun),
    /// The actor may see it, but not do this with it.
    #[error("You can see this {noun} as {has}, but this needs {needed}.")]
    Forbidden {
        /// What it is about.
        noun: Noun,
        /// What is needed.
        needed: Access,
        /// What the actor has.
        has: Access,
    },
    /// Only an administrator of the service may do this.
    #[error("Only an administrator of this service can do this.")]
    AdminOnly,
    /// Values that cannot be accepted.
    #[error("{}", join(.0))]
    Invalid(Vec<Invalid>),
    /// The draft does not change any more.
    #[error(transparent)]
    ReadOnly(#[from] ReadOnly),
    /// The draft was changed meanwhile.
    #[error("The draft was changed since you read it: it is at revision {} now. Nothing was saved.", .current.revision)]
    Stale {
        /// The draft as it is now.
        current: Box<Draft>,
    },
    /// A person decided on the proposal before.
    #[error("This proposal is {0} already.")]
    Decided(crate::domain::proposal::ProposalStatus),
    /// The test has ended.
    #[error("This test is {0} already.")]
    TrialEnded(crate::domain::trial::TrialStatus),
    /// The test has not ended well, so that it cannot be rated or rerun on its articles.
    #[error("This test is {0}; it needs an answer first.")]
    TrialUnfinished(crate::domain::trial::TrialStatus),
    /// The batch has ended.
    #[error("This batch is {0} already.")]
    BatchEnded(crate::domain::batch::BatchStatus),
    /// Something speaks against it; it goes through with a second yes.
    #[error("{0} Send it again with \"confirm\": true to commit it all the same.")]
    WantsConfirmation(CommitWarning),
    /// The name belongs to another prompt.
    #[error("The name {name} is taken. Choose another.")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// A limit is used up.
    #[error("{}", limit_sentence(*.limit, *.most, *.until))]
    LimitReached {
        /// Which.
        limit: Limit,
        /// How many are allowed.
        most: u32,
        /// When there is room again, where time helps.
        until: Option<Instant>,
    },
    /// The database cannot be reached: try again.
    #[error("The database cannot be reached at the moment. Nothing was lost; try again shortly.")]
    Unavailable(#[source] store::Error),
    /// A fault of ours.
    #[error("Something went wrong on our side.")]
    Fault(#[source] store::Error),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Unavailable(_) | store::Error::Interrupted => Self::Unavailable(error),
            store::Error::Taken { .. }
            | store::Error::Corrupt { .. }
            | store::Error::Fault(_)
            | store::Error::Migration(_) => Self::Fault(error),
        }
    }
}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(vec![invalid])
    }
}

fn join(invalid: &[Invalid]) -> String {
    invalid.iter().map(|one| format!("{} {}.", one.field, one.reason)).collect::<Vec<_>>().join(" ")
}

fn limit_sentence(limit: Limit, most: u32, until: Option<Instant>) -> String {
    let what = match limit {
        Limit::TestsPerHour => format!("You can start {most} tests within an hour, questions to prompts included."),
        Limit::BatchTestsPerHour => format!("You can run {most} tests in batches within an hour."),
        Limit::DraftsPerUser => {
            format!("You can have {most} drafts at a time. Commit or delete one to start another.")
        }
    };
    match until {
        Some(until) => format!("{what} There is room again at {}.", until.format("%Y-%m-%d %H:%M:%S UTC")),
        None => what,
    }
}
