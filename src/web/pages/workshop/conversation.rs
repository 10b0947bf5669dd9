//! The conversation of a workshop: what was said, questions with answers to tap, proposals to decide.

use askama::Template;

use super::Bench;
use crate::domain::conversation::{MessageRole, NO_DEFAULT, Outcome, before_questions};
use crate::domain::proposal::{self, Change, ProposalStatus};
use crate::domain::{Access, AccountId, Instant, fence};
use crate::web::Web;
use crate::web::markdown::{Prose, prose};
use crate::web::pages::Failed;
use crate::web::pages::diff::Diff;
use crate::web::pages::shown::Moment;
use crate::workshop::message::Message;
use crate::workshop::proposal::Proposal;

/// What was said in a workshop, and the place to say more.
#[derive(Template)]
#[template(path = "workshop/conversation.html", config = "src/web/askama.toml")]
pub(super) struct Conversation {
    draft: i32,
    said: Vec<Said>,
    /// The message that the assistant is answering.
    awaited: Option<String>,
    may_talk: bool,
    may_decide: bool,
    read_only: bool,
}

impl askama::filters::HtmlSafe for Conversation {}

/// One message.
struct Said {
    id: String,
    by_person: bool,
    /// Who said it.
    who: String,
    text: Prose,
    failed: bool,
    at: Instant,
    revision: Option<i32>,
    proposal: Option<Proposed>,
    asked: Vec<Asked>,
    /// Whether its questions still wait for answers.
    open: bool,
}

/// One question with answers to tap.
struct Asked {
    /// Its number, from 1.
    number: usize,
    text: String,
    offered: Vec<Offered>,
    /// What is taken when it is left to the assistant.
    default: String,
    chosen: Option<String>,
}

/// One answer to tap.
struct Offered {
    text: String,
    chosen: bool,
}

/// A change by the assistant, to accept whole or in part.
struct Proposed {
    number: i32,
    base: i32,
    open: bool,
    /// What was decided, as a sentence.
    decision: String,
    changes: Vec<ShownChange>,
}

/// One change of a proposal.
struct ShownChange {
    index: usize,
    line: usize,
    reason: String,
    diff: Diff,
}

impl From<Change> for ShownChange {
    fn from(change: Change) -> Self {
        let diff = Diff::replaced(&change.before, &change.after);
        Self { index: change.index, line: change.line, diff, reason: change.reason }
    }
}

impl From<&Proposal> for Proposed {
    fn from(proposal: &Proposal) -> Self {
        let changes = proposal::changes(&proposal.base_text, &proposal.text, &proposal.reasons);
        Self {
            number: proposal.number.0,
            base: proposal.base_revision.0,
            open: proposal.status == ProposalStatus::Open,
            decision: decision(proposal),
            changes: changes.into_iter().map(ShownChange::from).collect(),
        }
    }
}

fn decision(proposal: &Proposal) -> String {
    let by = proposal.decided_by.as_deref().map(|name| format!(" by {name}")).unwrap_or_default();
    let made = proposal.revision.map(|number| format!(", as revision {number}")).unwrap_or_default();
    match proposal.status {
        ProposalStatus::Open => String::new(),
        ProposalStatus::Accepted => format!("Accepted{by}{made}."),
        ProposalStatus::PartlyAccepted => format!("Accepted in part{by}{made}."),
        ProposalStatus::Rejected => format!("Rejected{by}; the draft stayed as it was."),
        ProposalStatus::Superseded => "The draft changed before anybody decided, so this proposal is over.".to_owned(),
    }
}

impl Conversation {
    /// Reads the conversation of a draft that the actor may see.
    pub(super) async fn load(web: &Web, bench: &Bench) -> Result<Self, Failed> {
        let draft = &bench.draft;
        let messages = web.workshop.messages(&bench.actor, draft.chat).await?;
        let proposals = web.workshop.proposals(&bench.actor, draft.id).await?;
        let authors: Vec<AccountId> = messages.iter().filter_map(|message| message.author).collect();
        let names = web.workshop.names_of(&authors).await?;
        // What is said with the start of a workshop is answered by its welcome, which replies to nothing.
        let answers = |other: &Message, message: &Message| match other.reply_to {
            Some(id) => id == message.id,
            None => other.role == MessageRole::Assistant && other.id > message.id,
        };
        let (may_talk, writable) = (bench.may(Access::Commenter), draft.writable().is_ok());
        let answered = |message: &Message| messages.iter().any(|other| answers(other, message));
        let awaited = messages.iter().rev().find(|message| message.role == MessageRole::Person && !answered(message));
        let awaited = awaited.map(|message| message.id.0.to_string());
        let said = messages.iter().map(|message| {
            let author = message.author.and_then(|author| names.get(&author));
            let proposal = proposals.iter().find(|proposal| Some(proposal.number) == message.proposal);
            said(message, author, proposal, may_talk)
        });
        Ok(Self {
            draft: draft.id.0,
            said: said.collect(),
            awaited,
            may_talk,
            may_decide: bench.may(Access::Editor),
            read_only: !writable,
        })
    }
}

fn said(message: &Message, author: Option<&String>, proposal: Option<&Proposal>, may_talk: bool) -> Said {
    // Questions stand below with answers to tap, or with what was chosen.
    let shows_questions = (!message.answered && may_talk) || !message.chosen.is_empty();
    let by_person = message.role == MessageRole::Person;
    let who = match author {
        Some(name) => name.clone(),
        None if by_person => "Somebody".to_owned(),
        None => "Assistant".to_owned(),
    };
    // The draft itself is on the right: here stands what was said around it.
    let block = if by_person { None } else { fence::draft_block(&message.content) };
    let text = match &block {
        Some(block) if message.revision.is_some() || message.proposal.is_some() => {
            fence::prose_around(&message.content, block)
        }
        Some(_) | None if shows_questions => before_questions(&message.content, &message.questions).to_owned(),
        Some(_) | None => message.content.clone(),
    };
    Said {
        id: message.id.0.to_string(),
        by_person,
        who,
        text: prose(&text),
        failed: message.outcome == Outcome::Failed,
        at: message.created_at,
        revision: message.revision.map(|number| number.0),
        proposal: proposal.map(Proposed::from),
        asked: asked(message),
        open: !message.answered,
    }
}

fn asked(message: &Message) -> Vec<Asked> {
    let questions = message.questions.iter().enumerate();
    questions
        .map(|(index, question)| {
            let chosen = message.chosen.get(&index.to_string());
            let offered = question.offered();
            let offered =
                offered.map(|text| Offered { text: text.to_owned(), chosen: chosen.is_some_and(|c| c == text) });
            Asked {
                number: index + 1,
                text: question.text.clone(),
                offered: offered.collect(),
                default: if question.default == NO_DEFAULT { String::new() } else { question.default.clone() },
                chosen: chosen.cloned(),
            }
        })
        .collect()
}
