//! What a workshop begins with when it begins with a prompt of the library: a copy to go on from, the next version to be, or
//! an answer that should have been better.

use std::fmt::Write as _;

use super::draft::Start;
use super::version::{Picked, picked};
use super::{Error, Workshop};
use crate::domain::article::FrozenArticle;
use crate::domain::draft::Draft;
use crate::domain::library::Pick;
use crate::domain::text::excerpt;
use crate::domain::{Access, Actor, Invalid};
use crate::store::{self, Conn};

impl Workshop {
    /// The text of the library that a workshop begins with; and, if it is to improve on an answer, what is said first.
    pub(super) async fn parent_of(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        start: &Start,
    ) -> Result<(Option<Picked>, Option<String>), Error> {
        let needed = if start.publishes { Access::Editor } else { Access::Viewer };
        if let Some(id) = start.answer {
            let answer = self.answer_for(conn, actor, id).await?;
            let Some(response) = &answer.response else {
                return Err(
                    Invalid::new("answer", format!("is {}; there is nothing to improve on", answer.status)).into()
                );
            };
            let prompt = self.prompt_for(conn, actor, &answer.prompt_name, needed).await?;
            let from = picked(conn, prompt, &Pick::Version(answer.version)).await?;
            let articles = match answer.retrieval {
                Some(retrieval) => store::article::frozen(conn, retrieval).await?,
                None => Vec::new(),
            };
            return Ok((Some(from), Some(improvement(&answer.question, response, &articles))));
        }
        let Some(name) = &start.parent else { return Ok((None, None)) };
        let prompt = self.prompt_for(conn, actor, name, needed).await?;
        Ok((Some(picked(conn, prompt, &Pick::Newest).await?), None))
    }

    /// The name that a draft is most likely to be committed under.
    pub async fn suggested_prompt_name(&self, draft: &Draft) -> Result<Option<String>, Error> {
        if draft.publishes
            && let Some((name, _)) = self.prompt_reference(draft.parent).await?
        {
            return Ok(Some(name));
        }
        Ok(draft.suggested_prompt_name().map(|name| name.to_string()))
    }
}

/// What is said first in a workshop that is to improve on an answer: the question, the answer, and what it was given.
fn improvement(question: &str, response: &str, articles: &[FrozenArticle]) -> String {
    let quoted = |text: &str| text.lines().map(|line| format!("> {line}\n")).collect::<String>();
    let mut said =
        format!("I want a better prompt than the one that gave this answer.\n\nI asked:\n\n{}", quoted(question));
    let _ = write!(said, "\nIt answered:\n\n{}", quoted(&excerpt(response.trim_end(), 4_000)));
    if !articles.is_empty() {
        let _ = write!(said, "\nIt was given {} articles, the first of them:\n", articles.len());
        for article in articles.iter().take(10) {
            let _ = write!(said, "\n- {} ({})", excerpt(&article.title, 150), excerpt(&article.uri, 200));
        }
    }
    said
}
