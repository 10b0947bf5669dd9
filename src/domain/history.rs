//! The history of a draft: what the tests of each of its texts came to.

use super::trial::TrialStatus;
use super::{RevisionNumber, VersionNumber};
use crate::choice;

choice! {
    /// Which tests of a history come first.
    pub enum Sort {
        /// Those asked for last.
        Newest = "newest",
        /// Those asked for first.
        Oldest = "oldest",
        /// Those with the most stars.
        Stars = "stars",
        /// Those that took the least time.
        Fastest = "fastest",
    }
}

/// Which tests of a draft to look at, and in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Only tests of this revision.
    pub revision: Option<RevisionNumber>,
    /// Only tests in this status.
    pub status: Option<TrialStatus>,
    /// Only tests that somebody gave stars, or that nobody did.
    pub rated: Option<bool>,
    /// Which come first.
    pub sort: Sort,
}

/// What the tests of one text have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct Tested {
    /// The revision of the draft that was tested.
    pub revision: Option<RevisionNumber>,
    /// Or the version of a prompt that was.
    pub version: Option<VersionNumber>,
    /// Tests of it.
    pub tests: i64,
    /// Those that were answered.
    pub answered: i64,
    /// How often somebody gave stars.
    pub ratings: i64,
    /// The mean of all stars.
    pub mean_rating: Option<f64>,
    /// The share of links in the answers that are valid, from 0 to 1.
    pub citation_validity: Option<f64>,
    /// The mean time of a test.
    pub mean_seconds: Option<f64>,
}

impl Tested {
    /// What was tested, in short: "rev 3" or "v2".
    pub fn label(&self) -> String {
        match (self.revision, self.version) {
            (Some(revision), _) => format!("rev {revision}"),
            (None, Some(version)) => format!("v{version}"),
            (None, None) => "gone".to_owned(),
        }
    }
}

/// Whether a chart of it says more than a list of its tests does.
pub fn is_worth_a_chart(history: &[Tested]) -> bool {
    history.len() > 1 || history.iter().any(|tested| tested.ratings > 0)
}
