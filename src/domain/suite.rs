//! Suites: saved questions that a draft or prompt is tested on together.

use super::{AccountId, Actor, Instant, Invalid, SuiteId, text};

/// The most questions of a suite.
pub const MOST_QUESTIONS: usize = 100;

/// The name of a suite: `^[a-z0-9_]{3,50}$`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuiteName(String);

impl SuiteName {
    /// Reads a name.
    pub fn parse(raw: &str) -> Result<Self, Invalid> {
        let fits = (3..=50).contains(&raw.len())
            && raw.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if fits {
            Ok(Self(raw.to_owned()))
        } else {
            let reason = "must have 3 to 50 characters, lower-case letters, digits and underscores only";
            Err(Invalid::new("name", reason))
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Reads a suite's title: at most 100 characters.
pub fn parse_title(raw: &str) -> Result<String, Invalid> {
    text::line("title", raw, 0, 100)
}

/// Reads what a suite is for: at most 500 characters.
pub fn parse_description(raw: &str) -> Result<String, Invalid> {
    text::block("description", raw, 0, 500)
}

/// One question of a suite.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SuiteQuestion {
    /// The question: 10 to 1,000 characters.
    pub question: String,
    /// The topic's name.
    pub topic: String,
    /// How many articles at most.
    pub article_limit: i32,
}

/// Checks the questions of a suite as a whole: 1 to 100, none twice.
pub fn check_questions(questions: &[SuiteQuestion]) -> Result<(), Invalid> {
    if questions.is_empty() || questions.len() > MOST_QUESTIONS {
        let reason = format!("must be 1 to {MOST_QUESTIONS}; these are {}", questions.len());
        return Err(Invalid::new("questions", reason));
    }
    let twice = questions.iter().enumerate().find(|(index, one)| questions[..*index].contains(one));
    match twice {
        Some((index, _)) => {
            Err(Invalid::new("questions", format!("must differ; number {} is there before", index + 1)))
        }
        None => Ok(()),
    }
}

/// What a suite holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSuite {
    /// Its name.
    pub name: SuiteName,
    /// Its title; may be empty.
    pub title: String,
    /// What it is for; may be empty.
    pub description: String,
    /// Its questions, in order.
    pub questions: Vec<SuiteQuestion>,
}

/// A suite as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suite {
    /// Its id.
    pub id: SuiteId,
    /// Its name.
    pub name: String,
    /// Its title; may be empty.
    pub title: String,
    /// What it is for; may be empty.
    pub description: String,
    /// Who owns it, while that account exists.
    pub owner: Option<AccountId>,
    /// The owner's name.
    pub owner_name: Option<String>,
    /// Its questions, in order.
    pub questions: Vec<SuiteQuestion>,
    /// When it was made.
    pub created_at: Instant,
    /// When it was changed last.
    pub updated_at: Instant,
}

impl Suite {
    /// Whether the actor may change and delete it: its owner and administrators.
    pub fn is_changed_by(&self, actor: &Actor) -> bool {
        actor.is_admin || self.owner == Some(actor.account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(text: &str) -> SuiteQuestion {
        SuiteQuestion { question: text.to_owned(), topic: "Shipping".to_owned(), article_limit: 50 }
    }

    #[test]
    fn a_name_is_a_word_that_can_be_typed() {
        assert_eq!(SuiteName::parse("shipping_2026").unwrap().as_str(), "shipping_2026");
        for wrong in ["ab", "Shipping", "ship ping", &"a".repeat(51)] {
            assert!(SuiteName::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_suite_has_each_question_once_and_not_too_many() {
        assert!(check_questions(&[]).is_err());
        assert!(check_questions(&[question("one"), question("two")]).is_ok());
        let twice = check_questions(&[question("one"), question("two"), question("one")]).unwrap_err();
        assert!(twice.reason.contains("number 3"), "{}", twice.reason);
        let many: Vec<_> = (0..101).map(|number| question(&number.to_string())).collect();
        assert!(check_questions(&many[..100]).is_ok());
        assert!(check_questions(&many).is_err());
    }
}
