//! The interview: what is asked before there is a draft, and when enough is known for one.
//!
//! The questions are a bank of ours on every engine. A question more is an entry in [`Slot::ALL`] and its arms.

use super::brief::{Brief, Depth, Layout};
use super::readers::Readers;
use super::{Reply, Said, explain, request, words};
use crate::domain::conversation::{MessageRole, NO_DEFAULT, Question};
use crate::domain::fence;
use std::fmt::Write as _;

const MOST_QUESTIONS: usize = 3;
/// Whoever was asked this often without saying what they need gets a draft to look at instead.
const MOST_ROUNDS: usize = 2;
const LONGEST_ANSWER: usize = 300;

/// What is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// What kind of analysis.
    Analysis,
    /// Who reads it.
    Audience,
    /// How deep it goes.
    Depth,
    /// How it is laid out.
    Layout,
    /// What makes an answer good.
    Good,
    /// What must never happen.
    Never,
}

impl Slot {
    /// All of them, the most telling first.
    pub const ALL: &'static [Self] =
        &[Self::Analysis, Self::Audience, Self::Depth, Self::Layout, Self::Good, Self::Never];

    fn text(self) -> &'static str {
        match self {
            Self::Analysis => "What kind of analysis do you need?",
            Self::Audience => "Who reads the answers?",
            Self::Depth => "How deep should an answer go?",
            Self::Layout => "How should an answer be laid out?",
            Self::Good => "What does a good answer do?",
            Self::Never => "What must never happen?",
        }
    }

    fn options(self) -> &'static [&'static str] {
        match self {
            Self::Analysis => &[
                "Balanced overview",
                "Financial and market analysis",
                "Risks and early warnings",
                "Technology and trends",
            ],
            Self::Audience => {
                &["Analysts who check the details", "Executives who decide", "Engineers", "General readers"]
            }
            Self::Depth => &["Balanced, about one page", "Short, two minutes", "Deep and detailed"],
            Self::Layout => &["Headings with bullet points", "A table for the main part", "Paragraphs of text"],
            Self::Good => &[
                "Says what to do or watch next",
                "Weighs the evidence for and against",
                "Compares how sources report it",
            ],
            Self::Never => &["Speculation beyond the articles", "Investment, legal or medical advice", "Taking sides"],
        }
    }

    /// The question, the first of its options being its default.
    pub fn question(self) -> Question {
        let options: Vec<String> = self.options().iter().map(|option| (*option).to_owned()).collect();
        let default = self.options().first().copied().unwrap_or(NO_DEFAULT).to_owned();
        Question { text: self.text().to_owned(), options, default }
    }

    fn of(question: &Question) -> Option<Self> {
        Self::ALL.iter().copied().find(|slot| slot.text() == question.text)
    }

    /// The word in which a person may answer: "audience: engineers".
    fn label(self) -> &'static str {
        match self {
            Self::Analysis => "analysis",
            Self::Audience => "audience",
            Self::Depth => "depth",
            Self::Layout => "format",
            Self::Good => "good answer",
            Self::Never => "never",
        }
    }

    fn is_answered(self, brief: &Brief) -> bool {
        match self {
            Self::Analysis => brief.analysis.is_some() || !brief.focuses().is_empty(),
            Self::Audience => brief.readers.is_some(),
            Self::Depth => brief.depth.is_some(),
            Self::Layout => brief.layout.is_some(),
            Self::Good => !brief.good.is_empty(),
            Self::Never => !brief.never.is_empty(),
        }
    }

    fn answer(self, brief: &mut Brief, answer: &str) {
        let line = words::one_line(answer, LONGEST_ANSWER);
        if line.is_empty() {
            return;
        }
        match self {
            Self::Analysis => brief.analysis = Some(line),
            Self::Audience => brief.readers = Readers::answered(&line),
            // An answer that names no depth or layout we know is a wish of its own.
            Self::Depth => match Depth::mentioned(&line) {
                _ if line.starts_with("Balanced") => brief.depth = Some(Depth::Balanced),
                Some(depth) => brief.depth = Some(depth),
                None => brief.good.push(line),
            },
            Self::Layout => match Layout::mentioned(&line) {
                Some(layout) => brief.layout = Some(layout),
                None => brief.good.push(line),
            },
            Self::Good => brief.good.push(line),
            Self::Never if request::forbids(&line) => brief.never.push(words::sentence(&line)),
            Self::Never => brief.never.push(words::sentence(&format!("Never: {}", lower_first(&line)))),
        }
    }
}

/// What was left to us: each as "format: headings with bullet points".
pub fn defaults_taken(brief: &Brief) -> Vec<String> {
    let open = Slot::ALL.iter().filter(|slot| !slot.is_answered(brief));
    let told = open.filter_map(|slot| match slot {
        Slot::Depth if brief.readers.as_ref().is_some_and(Readers::are_executives) => Some("depth: short".to_owned()),
        // These add a rule only when a person wants one.
        Slot::Good => None,
        Slot::Analysis | Slot::Audience | Slot::Depth | Slot::Layout | Slot::Never => {
            Some(format!("{}: {}", slot.label(), lower_first(&slot.question().default)))
        }
    });
    told.collect()
}

/// With a small letter at its start, unless it opens with an acronym.
fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.clone().next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => first.to_lowercase().chain(chars).collect(),
        _ => text.to_owned(),
    }
}

/// What comes next while there is no draft.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// More is to be asked or said first.
    Ask(Reply),
    /// Enough is known.
    Draft(Brief),
}

/// The first message of a new workshop, the same on every engine.
pub fn welcome(requirements: Option<&str>) -> Reply {
    let mut brief = Brief::default();
    let wanted = requirements.map(|text| words::one_line(text, 200)).filter(|text| !text.is_empty());
    let mut text = "Hello! Together we write a system prompt for Auspex and try it on real articles.\n\n".to_owned();
    match (&wanted, requirements) {
        (Some(wanted), Some(requirements)) => {
            brief.hear(requirements);
            let _ = write!(text, "Your request: “{}”.\n\n", words::escaped(wanted));
        }
        _ => text.push_str("Tell me in a sentence what you want to learn from the news.\n\n"),
    }
    let questions = open_questions(&brief);
    if questions.is_empty() {
        text.push_str("I know enough: say \"draft\" and I write the first draft, which you can change, test and rate.");
        return Reply { text, questions };
    }
    text.push_str(match wanted {
        Some(_) => "A few questions, then I write a first draft that you can change, test and rate:\n\n",
        None => "These questions help; then I write a first draft that you can change, test and rate:\n\n",
    });
    text.push_str(&listed(&questions));
    text.push_str("\n\nAnswer in your own words, or say \"decide for me\" and I take the defaults.");
    Reply { text, questions }
}

/// The first message of a workshop that starts with a text: of the person's own, or of the prompt it was cloned from.
pub fn welcome_with_text(text: &str, parent_title: Option<&str>) -> String {
    let sections = super::section::headings(text);
    let parts = match sections.len() {
        0 => String::new(),
        _ => {
            let named: Vec<String> =
                sections.iter().take(8).map(|name| words::escaped(&words::one_line(name, 60))).collect();
            format!(" Its parts: {}.", words::listed(&named.iter().map(String::as_str).collect::<Vec<_>>()))
        }
    };
    let start = match parent_title {
        Some(title) => format!("This draft is a copy of *{}*.", words::escaped(&words::one_line(title, 100))),
        None => "I have your text as the first draft.".to_owned(),
    };
    format!(
        "Hello! {start}{parts}\n\nTell me what to change, for example \"write for executives\" or \"add a table of \
         risks\": I show each change with its reason, and nothing is applied until you accept it. Or test the draft on a \
         question first."
    )
}

/// What is said after "start over", if a message says so.
fn anew(message: &str) -> Option<&str> {
    let lower = message.to_lowercase();
    let leads = ["start over", "start again", "start from scratch", "begin again", "new draft"];
    let lead = leads.iter().find(|lead| lower.starts_with(*lead))?;
    Some(message.get(lead.len()..).unwrap_or_default().trim_start_matches(|c: char| !c.is_alphanumeric()))
}

/// Whether a message wants a new draft in place of the one there is.
pub fn starts_over(message: &str) -> bool {
    anew(message).is_some()
}

/// Reads the conversation and decides.
pub fn next(conversation: &[Said]) -> Next {
    if let Some(rest) = conversation.last().and_then(|said| anew(&said.content)) {
        let mut brief = Brief::default();
        brief.hear(rest);
        return if brief.has_substance() { Next::Draft(brief) } else { Next::Ask(welcome(None)) };
    }
    let heard = Heard::of(conversation);
    let Some(last) = conversation.iter().rfind(|said| said.role == MessageRole::Person) else {
        return Next::Ask(welcome(None));
    };
    if let Some(aside) = explain::aside(&last.content) {
        let mut reply = aside;
        reply.questions = if heard.open.is_empty() { open_questions(&heard.brief) } else { heard.open };
        if !reply.questions.is_empty() {
            let _ = write!(reply.text, "\n\n{}\n\nOr say \"decide for me\".", listed(&reply.questions));
        }
        return Next::Ask(reply);
    }
    if heard.wants_draft {
        return Next::Draft(heard.brief);
    }
    if heard.only_tapped && !heard.open.is_empty() {
        let left = if heard.open.len() == 1 { "One more" } else { "Two more" };
        let text = format!("Noted. {left}:\n\n{}\n\nOr say \"decide for me\".", listed(&heard.open));
        return Next::Ask(Reply { text, questions: heard.open });
    }
    if !heard.only_tapped && !heard.brief.has_substance() && heard.rounds < MOST_ROUNDS {
        let questions = open_questions(&heard.brief);
        let text = format!(
            "Gladly. What should it find out for you? One sentence is enough, for example \"risks in battery supply \
             chains, for our board\".\n\n{}\n\nOr say \"decide for me\" and I take the defaults.",
            listed(&questions)
        );
        return Next::Ask(Reply { text, questions });
    }
    Next::Draft(heard.brief)
}

/// The first of the bank that are still open.
fn open_questions(brief: &Brief) -> Vec<Question> {
    let open = Slot::ALL.iter().filter(|slot| !slot.is_answered(brief));
    open.take(MOST_QUESTIONS).map(|slot| slot.question()).collect()
}

/// Questions as they stand in a message; [`crate::domain::conversation::questions`] reads them back.
fn listed(questions: &[Question]) -> String {
    let shown = questions.iter().enumerate().map(|(index, question)| {
        let Question { text, options, default } = question;
        let mut item = format!("{}. {text}", index + 1);
        if !options.is_empty() {
            let _ = write!(item, "\n   Options: {}", options.join(" / "));
        }
        let _ = write!(item, "\n   Default: {default}");
        item
    });
    shown.collect::<Vec<_>>().join("\n")
}

/// What a conversation told us.
struct Heard {
    brief: Brief,
    /// Asked last and not answered.
    open: Vec<Question>,
    /// The last message says that it is enough.
    wants_draft: bool,
    /// The last message only picks offered answers.
    only_tapped: bool,
    /// How often the assistant asked.
    rounds: usize,
}

impl Heard {
    fn of(conversation: &[Said]) -> Self {
        let mut heard =
            Self { brief: Brief::default(), open: Vec::new(), wants_draft: false, only_tapped: false, rounds: 0 };
        for said in conversation {
            match said.role {
                // What is said after a draft is about that draft.
                MessageRole::Assistant if fence::draft_block(&said.content).is_some() => break,
                MessageRole::Assistant if !said.questions.is_empty() => {
                    heard.rounds += 1;
                    heard.open.clone_from(&said.questions);
                }
                MessageRole::Assistant => {}
                MessageRole::Person => heard.listen(&said.content),
            }
        }
        let Self { brief, open, .. } = &mut heard;
        open.retain(|question| !Slot::of(question).is_some_and(|slot| slot.is_answered(brief)));
        heard
    }

    fn listen(&mut self, content: &str) {
        (self.wants_draft, self.only_tapped) = (false, true);
        if explain::aside(content).is_some() {
            return;
        }
        let asked = self.open.clone();
        for line in content.lines().flat_map(|line| line.split(';')).map(str::trim).filter(|line| !line.is_empty()) {
            match read_line(line, &asked) {
                Line::Decide => self.wants_draft = true,
                Line::Answer(question, answer) => {
                    self.open.retain(|open| *open != question);
                    let default = is_decide(&answer);
                    let answer = if default { question.default.clone() } else { answer };
                    match Slot::of(&question) {
                        Some(slot) if !(default && answer == NO_DEFAULT) => slot.answer(&mut self.brief, &answer),
                        Some(_) => {}
                        // A question that another engine asked: its words and the answer go into the request.
                        None if answer != NO_DEFAULT => {
                            self.brief.hear(&format!("{} {answer}", question.text));
                        }
                        None => {}
                    }
                }
                Line::Free(text) => {
                    self.only_tapped = false;
                    self.brief.hear(&text);
                }
            }
        }
    }
}

enum Line {
    Decide,
    Answer(Question, String),
    Free(String),
}

fn read_line(line: &str, asked: &[Question]) -> Line {
    let same = |a: &str, b: &str| words::normalized(a) == words::normalized(b);
    let picked = |text: &str| asked.iter().find(|question| question.options.iter().any(|option| same(option, text)));
    if let Some(question) = picked(line) {
        return Line::Answer(question.clone(), line.to_owned());
    }
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if (1..=2).contains(&digits)
        && let Some(answer) = line[digits..].strip_prefix(['.', ')', ':'])
        && let Some(question) = line[..digits].parse().ok().and_then(|n: usize| asked.get(n.wrapping_sub(1)))
    {
        return Line::Answer(question.clone(), answer.trim().to_owned());
    }
    if let Some((label, answer)) = line.split_once(['?', ':']) {
        let named = |question: &&Question| {
            same(label, &question.text) || Slot::of(question).is_some_and(|slot| same(label, slot.label()))
        };
        if let Some(question) = asked.iter().find(named) {
            return Line::Answer(question.clone(), answer.trim_start_matches(':').trim().to_owned());
        }
    }
    if is_decide(line) || is_go_ahead(line) { Line::Decide } else { Line::Free(line.to_owned()) }
}

/// Whether a message leaves the choice to us.
pub fn is_decide(text: &str) -> bool {
    const WHOLE: &str = "you decide, your choice, defaults, default, use the defaults, take the defaults, up to you, skip, \
                         skip all, i dont know, dont know, dont care, whatever";
    let normalized = words::normalized(text);
    words::has(&normalized, NO_DEFAULT) || words::is_one_of(normalized.trim(), WHOLE)
}

fn is_go_ahead(text: &str) -> bool {
    const WHOLE: &str = "draft, go, go ahead, go on, start, just draft it, draft it, write it, write the draft, \
        make a draft, write a draft, draft now, ok, okay, yes, yes please, ready, do it, lets go, continue, next, \
        generate, generate it, create it, create the draft, write the prompt, that is all, thats all, done";
    let normalized = words::normalized(text);
    let trimmed = normalized.trim();
    let bare = trimmed.strip_prefix("please ").unwrap_or(trimmed);
    words::is_one_of(bare.strip_suffix(" please").unwrap_or(bare), WHOLE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::conversation;

    fn person(content: &str) -> Said {
        Said { role: MessageRole::Person, content: content.to_owned(), questions: Vec::new() }
    }

    fn assistant(reply: &Reply) -> Said {
        Said { role: MessageRole::Assistant, content: reply.text.clone(), questions: reply.questions.clone() }
    }

    fn talk(messages: &[&str]) -> Next {
        let mut conversation = vec![assistant(&welcome(None))];
        let mut next = Next::Ask(welcome(None));
        for message in messages {
            conversation.push(person(message));
            next = super::next(&conversation);
            if let Next::Ask(reply) = &next {
                conversation.push(assistant(reply));
            }
        }
        next
    }

    fn brief(messages: &[&str]) -> Brief {
        match talk(messages) {
            Next::Draft(brief) => brief,
            Next::Ask(reply) => panic!("still asking: {}", reply.text),
        }
    }

    fn asked(messages: &[&str]) -> Reply {
        match talk(messages) {
            Next::Ask(reply) => reply,
            Next::Draft(brief) => panic!("drafting: {brief:?}"),
        }
    }

    #[test]
    fn a_new_workshop_is_welcomed() {
        insta::assert_snapshot!(welcome(None).text, @r#"
        Hello! Together we write a system prompt for Auspex and try it on real articles.

        Tell me in a sentence what you want to learn from the news.

        These questions help; then I write a first draft that you can change, test and rate:

        1. What kind of analysis do you need?
           Options: Balanced overview / Financial and market analysis / Risks and early warnings / Technology and trends
           Default: Balanced overview
        2. Who reads the answers?
           Options: Analysts who check the details / Executives who decide / Engineers / General readers
           Default: Analysts who check the details
        3. How deep should an answer go?
           Options: Balanced, about one page / Short, two minutes / Deep and detailed
           Default: Balanced, about one page

        Answer in your own words, or say "decide for me" and I take the defaults.
        "#);
        insta::assert_snapshot!(welcome(Some("I need executive-level financial analysis with risk focus")).text, @r#"
        Hello! Together we write a system prompt for Auspex and try it on real articles.

        Your request: “I need executive-level financial analysis with risk focus”.

        A few questions, then I write a first draft that you can change, test and rate:

        1. How deep should an answer go?
           Options: Balanced, about one page / Short, two minutes / Deep and detailed
           Default: Balanced, about one page
        2. How should an answer be laid out?
           Options: Headings with bullet points / A table for the main part / Paragraphs of text
           Default: Headings with bullet points
        3. What does a good answer do?
           Options: Says what to do or watch next / Weighs the evidence for and against / Compares how sources report it
           Default: Says what to do or watch next

        Answer in your own words, or say "decide for me" and I take the defaults.
        "#);
    }

    #[test]
    fn a_workshop_with_a_text_is_welcomed() {
        insta::assert_snapshot!(welcome_with_text("# Role\nx\n\n# Task\ny", Some("Auspex *default*")), @r#"
        Hello! This draft is a copy of *Auspex \*default\**. Its parts: Role and Task.

        Tell me what to change, for example "write for executives" or "add a table of risks": I show each change with its reason, and nothing is applied until you accept it. Or test the draft on a question first.
        "#);
        insta::assert_snapshot!(welcome_with_text("You are an analyst.", None), @r#"
        Hello! I have your text as the first draft.

        Tell me what to change, for example "write for executives" or "add a table of risks": I show each change with its reason, and nothing is applied until you accept it. Or test the draft on a question first.
        "#);
    }

    #[test]
    fn the_questions_are_read_back_from_the_message() {
        for requirements in [None, Some("short risk tables for executives"), Some("[x](y) 1. who?")] {
            let reply = welcome(requirements);
            assert_eq!(conversation::questions(&reply.text), reply.questions);
            for question in &reply.questions {
                assert!((3..=4).contains(&question.options.len()) && question.options.contains(&question.default));
            }
        }
    }

    #[test]
    fn what_the_requirements_answer_is_not_asked() {
        for (requirements, expected) in [
            ("risks", vec![Slot::Audience, Slot::Depth, Slot::Layout]),
            ("executive risk tables, in depth", vec![Slot::Good, Slot::Never]),
            ("a short table of risks for engineers; never speculate", vec![Slot::Good]),
        ] {
            let expected: Vec<_> = expected.into_iter().map(Slot::question).collect();
            assert_eq!(welcome(Some(requirements)).questions, expected, "{requirements}");
        }
    }

    #[test]
    fn a_telling_first_message_is_enough() {
        let brief = brief(&["I need executive-level financial analysis with risk focus"]);
        assert_eq!(brief.focuses().iter().map(|f| f.name).collect::<Vec<_>>(), ["finance", "risk"]);
        assert_eq!(brief.request, ["I need executive-level financial analysis with risk focus"]);
    }

    #[test]
    fn tapped_answers_are_gathered_one_by_one() {
        let reply = asked(&["Risks and early warnings"]);
        assert_eq!(
            reply.questions.iter().map(|q| q.text.as_str()).collect::<Vec<_>>(),
            ["Who reads the answers?", "How deep should an answer go?"]
        );
        let brief = brief(&["Risks and early warnings", "executives who decide", "Short, two minutes"]);
        assert_eq!(brief.readers.as_ref().map(Readers::name), Some("executives"));
        assert_eq!(brief.depth, Some(Depth::Brief));
        assert!(brief.request.is_empty());
    }

    #[test]
    fn answers_may_be_numbered_labelled_or_left_to_us() {
        let brief = brief(&["1. wheat prices\nAudience: our traders\n3) decide for me"]);
        assert_eq!(brief.analysis.as_deref(), Some("wheat prices"));
        assert_eq!(brief.readers.as_ref().map(Readers::name), Some("investors"));
        assert_eq!(brief.depth, Some(Depth::Balanced));
    }

    #[test]
    fn decide_for_me_and_go_ahead_end_the_interview() {
        for enough in ["decide for me", "Please decide for me!", "go ahead", "draft", "Draft it, please"] {
            assert!(matches!(talk(&[enough]), Next::Draft(_)), "{enough}");
        }
    }

    #[test]
    fn who_says_nothing_is_asked_twice_and_then_drafted_for() {
        let reply = asked(&["hello"]);
        assert_eq!(reply.questions.len(), 3);
        assert!(matches!(talk(&["I need a prompt", "a good one"]), Next::Draft(_)));
    }

    #[test]
    fn help_is_given_and_the_questions_stay() {
        let reply = asked(&["what is this?"]);
        assert_eq!(reply.questions, welcome(None).questions);
        let brief = brief(&["help", "shipping risks"]);
        assert_eq!(brief.request, ["shipping risks"]);
    }

    #[test]
    fn what_is_left_to_us_is_said() {
        assert_eq!(
            defaults_taken(&brief(&["executive risk analysis"])),
            ["depth: short", "format: headings with bullet points", "never: speculation beyond the articles"]
        );
    }
}
