//! The assistant that works without a remote model: an interview, drafts, changes and answers made by rules, into which the
//! small model of this process words what it can ([`Engine::Local`]) or nobody does ([`Engine::Templates`]).
//!
//! It keeps no state: everything follows from the conversation, the draft and the tests. Each of `draft`, `change` and
//! `answer` has a `script` (what the model is asked) and a `from_model` (what becomes of what it wrote), both without any
//! I/O, beside a way that needs no model; only this file talks to the model.

pub mod answer;
pub mod brief;
pub mod change;
pub mod draft;
pub mod edit;
pub mod explain;
pub mod extract;
pub mod focus;
pub mod interview;
pub mod readers;
pub mod request;
pub mod section;
pub mod wish;
pub mod words;

use crate::domain::article::FrozenArticle;
use crate::domain::conversation::{MessageRole, Question};
use crate::domain::fence;
use crate::llm::engine::Engine;
use crate::llm::local::Local;
use crate::llm::{self, Sink};

pub use interview::{welcome, welcome_with_text};

/// One message of the conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Who said it.
    pub role: MessageRole,
    /// What was said.
    pub content: String,
    /// What was asked with it.
    pub questions: Vec<Question>,
}

/// A test, as far as the assistant talks about it.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialNote {
    /// What was asked.
    pub question: String,
    /// Why it failed, if it did.
    pub failed: Option<String>,
    /// What the citation check says, in a line; may be empty.
    pub citation_line: String,
    /// The mean of its ratings.
    pub mean_stars: Option<f32>,
    /// The notes of its ratings.
    pub notes: Vec<String>,
    /// How many articles were found for it.
    pub article_count: usize,
}

/// What a reply is made from.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The whole conversation, ending with the message to reply to.
    pub conversation: &'a [Said],
    /// The draft as it is now, perhaps edited by hand; empty when there is none.
    pub draft: &'a str,
    /// Its latest tests, the newest last.
    pub trials: &'a [TrialNote],
}

/// What the assistant says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The message, with a draft in a block tagged `prompt` if it makes one.
    pub text: String,
    /// The questions in it.
    pub questions: Vec<Question>,
}

/// What is in use, and what that means.
pub fn label(has_model: bool) -> &'static str {
    if has_model {
        "A small language model on this machine is in use. It needs no key and nothing leaves the machine; expect about 15 \
         seconds for a draft and 8 for an answer, longer when the machine is busy. It knows English only, its drafts are \
         general and it does not reason across articles; links and numbers in its answers are checked by code. For work that \
         matters, connect a larger model."
    } else {
        "No language model is in use. Drafts and changes come from templates and rules, and answers are sentences quoted from \
         the articles: good for trying out how everything works, not a replacement for a model."
    }
}

/// Replies to the last message of the conversation.
pub async fn reply(engine: &Engine, context: &Context<'_>, sink: &Sink) -> Result<Reply, llm::Error> {
    let plan = plan(context);
    let (script, local) = match (&plan, model(engine)) {
        (Plan::Draft(brief), Some(local)) => (Some(draft::script(brief)), Some(local)),
        (Plan::Change(message), Some(local)) => (change::script(message, context.draft), Some(local)),
        (Plan::Say(_), _) | (_, None) => (None, None),
    };
    let written = match (script, local) {
        // The draft is shown as it is written; what a change keeps of the model's text is only known at its end.
        (Some(script), Some(local)) if matches!(plan, Plan::Draft(_)) => Some(local.run(&script, sink).await?),
        (Some(script), Some(local)) => Some(local.run(&script, &Sink::nowhere()).await?),
        (None, _) | (_, None) => None,
    };
    let reply = finish(plan, context, written.as_deref());
    match (written, fence::draft_block(&reply.text)) {
        (Some(_), Some(block)) if context.draft.trim().is_empty() => {
            sink.send(reply.text.get(block.range.end..).unwrap_or_default().trim_start());
        }
        _ => sink.send(&reply.text),
    }
    Ok(reply)
}

/// Answers a question from articles, as a prompt wants it.
pub async fn answer(
    engine: &Engine,
    prompt: &str,
    question: &str,
    articles: &[FrozenArticle],
    sink: &Sink,
) -> Result<String, llm::Error> {
    let script = model(engine).and_then(|local| Some((local, answer::script(question, articles)?)));
    let text = match script {
        Some((local, script)) => {
            let written = local.run(&script, &Sink::nowhere()).await?;
            answer::from_model(prompt, question, articles, &written)
        }
        None => answer::from_articles(prompt, question, articles),
    };
    sink.send(&text);
    Ok(text)
}

fn model(engine: &Engine) -> Option<&Local> {
    match engine {
        Engine::Local(local) => Some(local),
        Engine::Remote(_) | Engine::Templates => None,
    }
}

/// What a message calls for.
#[derive(Debug, PartialEq, Eq)]
enum Plan {
    /// Something that is known already.
    Say(Reply),
    /// A first draft.
    Draft(brief::Brief),
    /// A change of the draft, for this request.
    Change(String),
}

fn plan(context: &Context<'_>) -> Plan {
    let message = context.conversation.last().map(|said| said.content.as_str()).unwrap_or_default();
    if context.draft.trim().is_empty() || interview::starts_over(message) {
        return match interview::next(context.conversation) {
            interview::Next::Ask(reply) => Plan::Say(reply),
            interview::Next::Draft(brief) => Plan::Draft(brief),
        };
    }
    if interview::is_decide(message) {
        let asked = context.conversation.iter().rev().find(|said| said.role == MessageRole::Assistant);
        return match asked.and_then(|said| said.questions.first()) {
            Some(question) => Plan::Change(question.default.clone()),
            None => Plan::Say(explain::reply(explain::Intent::Improve, context)),
        };
    }
    match explain::intent(message) {
        Some(intent) => Plan::Say(explain::reply(intent, context)),
        None => Plan::Change(message.to_owned()),
    }
}

fn finish(plan: Plan, context: &Context<'_>, written: Option<&[String]>) -> Reply {
    match (plan, written) {
        (Plan::Say(reply), _) => reply,
        (Plan::Draft(brief), Some(written)) => draft::from_model(&brief, written),
        (Plan::Draft(brief), None) => draft::from_templates(&brief),
        (Plan::Change(message), Some(written)) => change::from_model(&message, context.draft, written),
        (Plan::Change(message), None) => change::by_rules(&message, context.draft),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(role: MessageRole, content: &str) -> Said {
        Said { role, content: content.to_owned(), questions: Vec::new() }
    }

    async fn replied(conversation: &[Said], draft: &str) -> Reply {
        let (sink, mut shown) = Sink::channel();
        let reply = reply(&Engine::Templates, &Context { conversation, draft, trials: &[] }, &sink).await.unwrap();
        drop(sink);
        let mut streamed = String::new();
        while let Some(piece) = shown.recv().await {
            streamed.push_str(&piece);
        }
        assert_eq!(streamed, reply.text);
        reply
    }

    #[tokio::test]
    async fn a_conversation_leads_from_a_wish_to_a_draft_to_a_change() {
        let wish = "I need executive-level financial analysis with risk focus";
        let greeting = welcome(None);
        let mut conversation = vec![
            Said { role: MessageRole::Assistant, content: greeting.text, questions: greeting.questions },
            said(MessageRole::Person, wish),
        ];
        let first = replied(&conversation, "").await;
        let draft = fence::draft_block(&first.text).unwrap().text;
        assert!(draft.contains(wish));
        conversation.push(said(MessageRole::Assistant, &first.text));
        conversation.push(said(MessageRole::Person, "make the timelines stronger"));
        let second = replied(&conversation, &draft).await;
        let block = fence::draft_block(&second.text).unwrap();
        assert_ne!(block.text, draft);
        assert!(!fence::reasons(&second.text[block.range.end..]).is_empty());
        conversation.push(said(MessageRole::Assistant, &second.text));
        conversation.push(said(MessageRole::Person, "thanks"));
        assert!(fence::draft_block(&replied(&conversation, &draft).await.text).is_none());
    }

    #[tokio::test]
    async fn requirements_said_before_the_welcome_count() {
        let greeting = welcome(Some("risks in shipping for our board"));
        let conversation = [
            said(MessageRole::Person, "risks in shipping for our board"),
            Said { role: MessageRole::Assistant, content: greeting.text, questions: greeting.questions },
            said(MessageRole::Person, "decide for me"),
        ];
        let draft = fence::draft_block(&replied(&conversation, "").await.text).unwrap().text;
        assert!(
            draft.contains("“risks in shipping for our board”") && draft.contains("Write for executives"),
            "{draft}"
        );
    }

    #[tokio::test]
    async fn starting_over_makes_a_new_draft() {
        let conversation = [said(MessageRole::Person, "start over: weekly wheat prices for traders")];
        let reply = replied(&conversation, "## Role\nYou are old.").await;
        let draft = fence::draft_block(&reply.text).unwrap().text;
        assert!(draft.contains("wheat prices") && !draft.contains("You are old"), "{draft}");
    }

    #[tokio::test]
    async fn leaving_the_choice_to_us_takes_the_default_of_what_was_asked() {
        let draft = "## Role\nYou are an analyst.\n\n## Output format\n- Use up to 1,000 words.";
        let mut conversation = vec![said(MessageRole::Person, "make it better")];
        let asked = replied(&conversation, draft).await;
        assert_eq!(asked.questions.len(), 1);
        conversation.push(Said { role: MessageRole::Assistant, content: asked.text, questions: asked.questions });
        conversation.push(said(MessageRole::Person, "decide for me"));
        assert!(replied(&conversation, draft).await.text.contains("250 words"));
    }
}
