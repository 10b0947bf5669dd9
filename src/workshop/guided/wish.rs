//! What a request for a change wants: its clauses, and what each of them asks for.
//!
//! A new kind of wish is a variant of [`Wish`], a rule in [`Wish::of`] and an arm in [`super::edit::Edited::apply`].

use super::brief::{Depth, Layout};
use super::edit;
use super::focus::{self, Focus};
use super::readers::Readers;
use super::section::Lines;
use super::{request, words};

/// The most characters of a wish that are taken in.
pub const LONGEST: usize = 400;
const MOST: usize = 8;

/// What a part of a request wants.
#[derive(Debug, Clone, PartialEq)]
pub enum Wish {
    /// Answers in a language.
    Language(&'static str),
    /// Shorter or longer answers.
    Length(Depth),
    /// Answers of a length in the person's words.
    ExactLength(String),
    /// Other readers.
    Audience(Readers),
    /// Another layout.
    Layout(Layout),
    /// A table of something that we know.
    Table(&'static Focus),
    /// A table of something else.
    OtherTable(String),
    /// More of something that we know.
    Stronger(&'static Focus),
    /// Something that we know, in addition.
    Add(&'static Focus),
    /// Something else in addition.
    AddOther(String),
    /// Something less.
    Remove(String),
    /// A rule in the person's words.
    Rule(String),
}

/// The wishes of a message, each with its words.
pub fn wishes(message: &str, draft: &str) -> Vec<(String, Wish)> {
    split(message).into_iter().take(MOST).map(|words| (words.clone(), Wish::of(&words, draft))).collect()
}

impl Wish {
    /// What a clause wants.
    pub fn of(clause: &str, draft: &str) -> Self {
        const ADDING: &str = "add, include, cover, mention, have, insert, look at, consider";
        const STRONGER: &str = "stronger, strengthen, more, emphasi*, stress, highlight, deeper, expand, better, \
                                focus on, improve, clearer";
        let normalized = words::normalized(clause);
        if let Some(what) = removed(clause, draft) {
            return Self::Remove(what);
        }
        if request::forbids(clause) {
            return Self::Rule(clause.to_owned());
        }
        if let Some(language) = request::language(clause) {
            return Self::Language(language);
        }
        if let Some(length) = length(&normalized) {
            return length;
        }
        if let Some(readers) = readers(clause, &normalized) {
            return Self::Audience(readers);
        }
        let focus = focus::of(clause).into_iter().next();
        if words::has(&normalized, "table, tables") {
            let other = || Self::OtherTable(subject_of(clause, "table, tables, columns, column"));
            return focus.map_or_else(other, Self::Table);
        }
        if let Some(layout) = layout(&normalized) {
            return Self::Layout(layout);
        }
        let adding = words::opens_with(&normalized, ADDING);
        match focus {
            Some(focus) if words::has(&normalized, STRONGER) => Self::Stronger(focus),
            Some(focus) if adding && draft.contains(focus.area) => Self::Stronger(focus),
            Some(focus) if adding => Self::Add(focus),
            None if adding && words::words(clause).len() <= 10 => Self::AddOther(subject_of(clause, "")),
            Some(_) | None => Self::Rule(clause.to_owned()),
        }
    }

    /// Whether a model may write the text for it; the others are exact as they are.
    pub fn is_open(&self) -> bool {
        match self {
            Self::Stronger(_) | Self::Add(_) | Self::AddOther(_) => true,
            Self::Language(_)
            | Self::Length(_)
            | Self::ExactLength(_)
            | Self::Audience(_)
            | Self::Layout(_)
            | Self::Table(_)
            | Self::OtherTable(_)
            | Self::Remove(_)
            | Self::Rule(_) => false,
        }
    }
}

/// What a clause wants to be gone, if the draft has it.
fn removed(clause: &str, draft: &str) -> Option<String> {
    const VERBS: &str = "remove, drop, delete, leave out, skip, get rid of, take out, cut, no, without";
    let lower = clause.to_lowercase();
    let verb = VERBS.split(", ").find(|verb| lower.starts_with(&format!("{verb} ")))?;
    let what = clause.get(verb.len()..)?.trim();
    edit::can_remove(&Lines::of(draft), what).then(|| what.to_owned())
}

/// "shorter answers", "at most 300 words": a wish about the answer as a whole.
fn length(normalized: &str) -> Option<Wish> {
    const WHOLE: &str = "answer, answers, response, responses, text, everything, output, outputs, much, too, bit, little, \
                         make, keep, give, write, way, far, words, want, need, go, even, whole, results, less, fewer";
    const SHORTER: &str = "short, shorter, shorten, brief, briefer, concise, long, tighter, crisper";
    const LONGER: &str = "longer, detail, details, detailed, deeper, depth";
    const UNITS: &str = "words, sentences, paragraphs, pages, page, bullets, lines";
    const LIMITS: &str = "answer*, response*, max*, most, under, within, up to, limit*, than, shorter, in, keep";
    let tokens: Vec<&str> = normalized.split_whitespace().collect();
    if let Some(at) = tokens.iter().position(|token| token.parse::<u32>().is_ok())
        && let Some(unit) = tokens.get(at + 1).filter(|unit| words::is_one_of(unit, UNITS))
        && words::has(normalized, LIMITS)
    {
        return Some(Wish::ExactLength(format!("{} {unit}", tokens[at])));
    }
    let of_length = |token: &str| words::is_one_of(token, SHORTER) || words::is_one_of(token, LONGER);
    let general = |token: &&str| of_length(token) || words::is_one_of(token, WHOLE) || words::is_stop_word(token);
    if !tokens.iter().any(|token| of_length(token)) || !tokens.iter().all(general) {
        return None;
    }
    // "too short", "less brief" and the like ask for more.
    let longer = words::has(normalized, "too short, too brief, less short, less brief, not so short")
        || (words::has(normalized, LONGER) && !words::has(normalized, "less, fewer, too"));
    Some(Wish::Length(if longer { Depth::Deep } else { Depth::Brief }))
}

fn readers(clause: &str, normalized: &str) -> Option<Readers> {
    const LEADS: &str = "write for, written for, write it for, make it for, aimed at, aim it at, aim at, target, address, \
                         audience is, audience are, readers are, change the audience to, for an audience of";
    let lower = clause.to_lowercase();
    for lead in LEADS.split(", ") {
        if let Some(at) = lower.find(lead)
            && let Some(rest) = clause.get(at + lead.len()..).filter(|rest| rest.starts_with(' '))
        {
            return Readers::answered(rest);
        }
    }
    let short = normalized.split_whitespace().count() <= 6;
    (short && normalized.starts_with(" for ")).then(|| Readers::answered(clause)).flatten()
}

fn layout(normalized: &str) -> Option<Layout> {
    const VERBS: &str = "use, as, in, with, write, make, format, prefer, instead, bullet points, bullets";
    Layout::mentioned(normalized).filter(|_| words::has(normalized, VERBS))
}

/// What a clause is about, without its verb: "competitors" of "add a section on competitors".
pub fn subject_of(clause: &str, besides: &str) -> String {
    const EMPTY: &str = "add, include, cover, also, mention, have, insert, look, consider, make, write, put, section, part, \
                         heading, on, about, for, of, a, an, the, with, at, new, to, in, please, it, and, strengthen, stronger, \
                         more, emphasise, emphasize, highlight, expand, improve, better, deeper, clearer, focus, stress, some, \
                         as, paragraph";
    let tokens: Vec<&str> = clause.split_whitespace().collect();
    let empty = |token: &&&str| {
        let plain = token.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        plain.is_empty() || words::is_one_of(&plain, EMPTY) || words::is_one_of(&plain, besides)
    };
    let start = tokens.iter().take_while(empty).count();
    let end = tokens.len() - tokens.iter().rev().take_while(empty).count();
    let kept = tokens.get(start..end.max(start)).unwrap_or_default();
    words::one_line(&kept.join(" "), 80).trim_end_matches(['.', ',', ';', ':', '!', '?']).to_owned()
}

/// The clauses of a message, each without what is only politeness.
fn split(message: &str) -> Vec<String> {
    const OPENERS: &str = "add, include, remove, drop, delete, make, write, use, keep, never, dont, do not, avoid, no, \
                           shorten, strengthen, emphasise, emphasize, highlight, expand, improve, cover, explain, compare, \
                           focus, start, end, put, cite, mention, give, show, translate, answer, always, less, more, shorter, \
                           longer, leave, say, name, only, must, should";
    let mut found: Vec<String> = Vec::new();
    let joined = message.replace("\r\n", "\n").replace(['\n', ';'], ". ");
    for part in joined.split_inclusive(". ").flat_map(|part| part.split_inclusive(", ")) {
        for (index, piece) in part.split(" and ").enumerate() {
            let normalized = words::normalized(piece);
            let joints = [" and", " but", " then", " also", " please"];
            let bare = joints.iter().fold(normalized.as_str(), |rest, joint| match rest.strip_prefix(joint) {
                Some(shorter) if shorter.starts_with(' ') => shorter,
                _ => rest,
            });
            let opens = words::opens_with(bare, OPENERS) || request::language(piece).is_some();
            let ended = index == 0 && found.last().is_none_or(|last| last.ends_with(['.', '!', '?']));
            match found.last_mut() {
                Some(last) if !opens && !ended => {
                    last.push_str(if index > 0 { " and " } else { " " });
                    last.push_str(piece.trim());
                }
                _ => found.push(piece.trim().to_owned()),
            }
        }
    }
    found.iter().map(|clause| without_politeness(clause)).filter(|clause| !clause.is_empty()).collect()
}

fn without_politeness(clause: &str) -> String {
    const LEADS: &str = "and|but|also|then|please|can you|could you|would you|will you|i want you to|i would like you to|\
                         i'd like you to|i would like|i'd like|it should|the answers should|let's|what about|how about|\
                         maybe|just|great,|hi,|ok,|okay,|thanks,|yes,";
    let line = words::one_line(clause, LONGEST);
    let mut rest = line.as_str();
    let lead_of = |text: &str| {
        let lower = text.to_lowercase();
        LEADS.split('|').map(str::trim).find(|lead| lower.strip_prefix(lead).is_some_and(|rest| rest.starts_with(' ')))
    };
    while let Some(lead) = lead_of(rest) {
        rest = rest.get(lead.len()..).unwrap_or_default().trim_start();
    }
    let rest = rest.trim_end_matches(['.', ',', ';', '!', '?', ' ']);
    let rest = rest.strip_suffix(" please").unwrap_or(rest).trim_end_matches([',', ' ']);
    if rest.chars().all(|c| !c.is_alphanumeric()) { String::new() } else { rest.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAFT: &str = "## Output format\n- **Risks**: the main ones.\n\n## Citations\nAs links.";

    #[test]
    fn wishes_are_told_apart() {
        for (message, expected) in [
            ("make it shorter", "[Length(Brief)]"),
            ("The answers are too long.", "[Length(Brief)]"),
            ("less detail", "[Length(Brief)]"),
            ("more detail please", "[Length(Deep)]"),
            ("that is too short", "[Length(Deep)]"),
            ("keep it under 200 words", "[ExactLength(\"200 words\")]"),
            ("name at least two sources for each claim", "[Rule(\"name at least two sources for each claim\")]"),
            ("in German and shorter", "[Language(\"German\"), Length(Brief)]"),
            ("risks in Europe and in Asia first", "[Rule(\"risks in Europe and in Asia first\")]"),
            ("Could you please add a paragraph on Taiwan?", "[AddOther(\"Taiwan\")]"),
            ("add a table of votes", "[OtherTable(\"votes\")]"),
            ("drop the risks part", "[Remove(\"the risks part\")]"),
            ("no tables", "[Rule(\"no tables\")]"),
            ("remove the citations", "[Rule(\"remove the citations\")]"),
            ("use paragraphs instead of bullets", "[Layout(Prose)]"),
            (
                "never speculate and never name people; cite twice",
                "[Rule(\"never speculate\"), Rule(\"never name people\"), Rule(\"cite twice\")]",
            ),
        ] {
            let found: Vec<Wish> = wishes(message, DRAFT).into_iter().map(|(_, wish)| wish).collect();
            assert_eq!(format!("{found:?}"), expected, "{message}");
        }
        let of = |clause: &str| Wish::of(clause, DRAFT);
        assert!(matches!(of("make the timelines stronger"), Wish::Stronger(focus) if focus.name == "timelines"));
        assert!(matches!(of("add competitor moves"), Wish::Add(focus) if focus.name == "competitors"));
        assert!(matches!(of("add a table of risks"), Wish::Table(focus) if focus.name == "risk"));
        assert!(
            matches!(of("write for engineers"), Wish::Audience(readers) if readers.name().starts_with("engineers"))
        );
    }
}
