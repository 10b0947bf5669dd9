//! Suites: everybody sees and runs them; their owner, or an administrator, changes them.

use super::trial::find_topic;
use super::{Error, Noun, Workshop};
use crate::domain::suite::{MOST_QUESTIONS, NewSuite, Suite, SuiteName, SuiteQuestion, check_questions};
use crate::domain::{Access, Actor, Invalid};
use crate::store::{self, Conn};

impl Workshop {
    /// A page of the suites, by name, and how many there are in all.
    pub async fn suites(&self, _: &Actor, limit: i64, offset: i64) -> Result<(Vec<Suite>, i64), Error> {
        Ok(store::suite::list(&mut *self.store.conn().await?, limit, offset).await?)
    }

    /// The suite of this name.
    pub async fn suite(&self, _: &Actor, name: &str) -> Result<Suite, Error> {
        let found = store::suite::find(&mut *self.store.conn().await?, name).await?;
        found.ok_or(Error::NotFound(Noun::Suite))
    }

    /// Makes a suite, which the actor owns.
    pub async fn create_suite(&self, actor: &Actor, new: NewSuite) -> Result<Suite, Error> {
        let mut tx = self.store.begin().await?;
        let questions = checked(&mut tx, &new.questions).await?;
        let id = named(&new, store::suite::insert(&mut tx, &new, actor.account, self.now()).await)?;
        store::suite::set_questions(&mut tx, id, &questions).await?;
        let suite = find(&mut tx, new.name.as_str()).await?;
        store::commit(tx).await?;
        Ok(suite)
    }

    /// Replaces all that a suite holds.
    pub async fn replace_suite(&self, actor: &Actor, name: &str, new: NewSuite) -> Result<Suite, Error> {
        let mut tx = self.store.begin().await?;
        let suite = own(&mut tx, actor, name).await?;
        let questions = checked(&mut tx, &new.questions).await?;
        named(&new, store::suite::update(&mut tx, suite.id, &new, self.now()).await)?;
        store::suite::set_questions(&mut tx, suite.id, &questions).await?;
        let suite = find(&mut tx, new.name.as_str()).await?;
        store::commit(tx).await?;
        Ok(suite)
    }

    /// Adds a question to a suite, which is made when there is none of this name. A question that is there already is a
    /// success that does nothing.
    pub async fn add_to_suite(&self, actor: &Actor, name: &SuiteName, question: SuiteQuestion) -> Result<Suite, Error> {
        let known = store::suite::find(&mut *self.store.conn().await?, name.as_str()).await?;
        let Some(known) = known else {
            let (title, description) = (String::new(), String::new());
            let new = NewSuite { name: name.clone(), title, description, questions: vec![question] };
            return self.create_suite(actor, new).await;
        };
        if known.questions.iter().any(|one| one.question == question.question) {
            return Ok(known);
        }
        if known.questions.len() >= MOST_QUESTIONS {
            return Err(Invalid::new("questions", format!("may be {MOST_QUESTIONS} at most; drop one first")).into());
        }
        self.change_questions(actor, name.as_str(), |questions| {
            questions.push(question);
            Ok(())
        })
        .await
    }

    /// Takes a question, by its number from 1, out of a suite.
    pub async fn drop_from_suite(&self, actor: &Actor, name: &str, number: usize) -> Result<Suite, Error> {
        self.change_questions(actor, name, |questions| {
            let there = (1..=questions.len()).contains(&number);
            let last = questions.len() == 1;
            match (there, last) {
                (false, _) => Err(Invalid::new("number", format!("must be 1 to {}", questions.len()))),
                (true, true) => Err(Invalid::new("number", "is the only question; delete the suite instead")),
                (true, false) => {
                    questions.remove(number - 1);
                    Ok(())
                }
            }
        })
        .await
    }

    async fn change_questions(
        &self,
        actor: &Actor,
        name: &str,
        change: impl FnOnce(&mut Vec<SuiteQuestion>) -> Result<(), Invalid>,
    ) -> Result<Suite, Error> {
        let mut tx = self.store.begin().await?;
        let Suite { id, title, description, mut questions, .. } = own(&mut tx, actor, name).await?;
        change(&mut questions)?;
        let questions = checked(&mut tx, &questions).await?;
        let new = NewSuite { name: SuiteName::parse(name)?, title, description, questions };
        store::suite::update(&mut tx, id, &new, self.now()).await?;
        store::suite::set_questions(&mut tx, id, &new.questions).await?;
        let suite = find(&mut tx, name).await?;
        store::commit(tx).await?;
        Ok(suite)
    }

    /// Deletes a suite; its batches and their tests stay.
    pub async fn delete_suite(&self, actor: &Actor, name: &str) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        let suite = own(&mut tx, actor, name).await?;
        store::suite::delete(&mut tx, suite.id).await?;
        Ok(store::commit(tx).await?)
    }
}

async fn find(conn: &mut Conn, name: &str) -> Result<Suite, Error> {
    store::suite::find(conn, name).await?.ok_or(Error::NotFound(Noun::Suite))
}

/// The suite, locked, if the actor may change it.
async fn own(conn: &mut Conn, actor: &Actor, name: &str) -> Result<Suite, Error> {
    let suite = store::suite::lock(conn, name).await?.ok_or(Error::NotFound(Noun::Suite))?;
    match suite.is_changed_by(actor) {
        true => Ok(suite),
        false => Err(Error::Forbidden { noun: Noun::Suite, needed: Access::Owner, has: Access::Viewer }),
    }
}

/// The questions with their topics as these are stored.
async fn checked(conn: &mut Conn, questions: &[SuiteQuestion]) -> Result<Vec<SuiteQuestion>, Error> {
    check_questions(questions)?;
    let mut checked = Vec::with_capacity(questions.len());
    for question in questions {
        let topic = find_topic(conn, &question.topic).await?;
        checked.push(SuiteQuestion { topic, ..question.clone() });
    }
    Ok(checked)
}

fn named<T>(new: &NewSuite, done: Result<T, store::Error>) -> Result<T, Error> {
    match done {
        Err(store::Error::Taken { .. }) => Err(Error::NameTaken { name: new.name.as_str().to_owned() }),
        done => Ok(done?),
    }
}
