//! A draft being changed, line by line, with the reason for each change.

use super::brief::Layout;
use super::focus::{self, Focus};
use super::readers::Readers;
use super::section::{Lines, Section, bold_name, marker_length};
use super::wish::{self, Wish};
use super::{Reply, draft, request, words};
use crate::domain::proposal;

/// A draft being changed.
pub struct Edited {
    before: String,
    lines: Lines,
    /// Lines that came or went, and why.
    why: Vec<(String, String)>,
    /// What was already so.
    already: Vec<String>,
}

impl Edited {
    /// A draft before any change.
    pub fn new(draft: &str) -> Self {
        Self { before: draft.to_owned(), lines: Lines::of(draft), why: Vec::new(), already: Vec::new() }
    }

    /// Makes the edits that a wish asks for.
    pub fn apply(&mut self, words: &str, wish: &Wish) {
        let asked = format!("you asked: “{}”", words::escaped(words));
        let why = |what: &str| format!("{what}; {asked}.");
        match wish {
            Wish::Language(language) => {
                let old = self.find(|line| line.contains("Write the whole answer in "));
                let rule = request::language_rule(language);
                self.put(old, Place::Guidelines, &rule, &why(&format!("Answers in {language}")));
            }
            Wish::Length(depth) => {
                let old = self.find(is_length_line);
                self.put(old, Place::Format, &depth.line(), &why("Another length of the whole answer"));
            }
            Wish::ExactLength(limit) => {
                let old = self.find(is_length_line);
                let line = format!("Keep the whole answer within {limit}.");
                self.put(old, Place::Format, &line, &why("The length you named"));
            }
            Wish::Audience(readers) => self.set_audience(readers, &asked),
            Wish::Layout(layout) => {
                let known = [Layout::Bullets, Layout::Table, Layout::Prose].map(Layout::line);
                let old = self.find(|line| known.iter().any(|known| line.contains(known)));
                self.put(old, Place::Format, layout.line(), &why("Another layout"));
            }
            Wish::Table(focus) => {
                let (old, part) = (self.part_of(focus), draft::table_part(focus));
                self.put(old, Place::Format, &part, &why(&format!("A table for {}", focus.name)));
            }
            Wish::OtherTable(subject) => {
                self.add_part(subject, "a table with the columns Item, What is reported, Date, Source.", &asked);
            }
            Wish::Stronger(focus) => self.strengthen(focus, &asked),
            Wish::Add(focus) => {
                self.add_area(focus, focus.area, &why(&format!("Looks for {}", focus.name)));
                if self.part_of(focus).is_none() {
                    self.put_part(focus, &asked);
                }
            }
            Wish::AddOther(subject) => {
                let what = format!("what the articles report on {subject}, with figures, dates and sources.");
                self.add_part(subject, &what, &asked);
            }
            Wish::Remove(what) => self.remove(what, &asked),
            Wish::Rule(rule) => {
                let rule = words::sentence(&words::one_line(rule, wish::LONGEST));
                self.put(None, Place::Guidelines, &rule, &why("Your rule, word for word"));
            }
        }
    }

    fn find(&self, wanted: impl Fn(&str) -> bool) -> Option<usize> {
        self.lines.all().iter().position(|line| wanted(line))
    }

    /// The line of the answer's part for a focus.
    fn part_of(&self, focus: &Focus) -> Option<usize> {
        let section = self.lines.section(Place::Format.names())?;
        let range = section.heading + 1..section.end;
        range.into_iter().find(|at| {
            bold_name(&self.lines.all()[*at])
                .is_some_and(|name| focus::of(name).contains(&focus) || name == focus.part.0)
        })
    }

    /// Replaces the text of a line, or adds an item to the part for it, or adds that part.
    fn put(&mut self, old: Option<usize>, place: Place, text: &str, why: &str) {
        let stands =
            |line: &str| line[line.len() - line.trim_start().len() + marker_length(line.trim_start())..] == *text;
        if self.find(stands).is_some() {
            self.already.push(text.to_owned());
            return;
        }
        if let Some(at) = old {
            let line = self.lines.all()[at].clone();
            let new = format!("{}{text}", marker_of(&line));
            self.why.push((line, why.to_owned()));
            self.why.push((new.clone(), why.to_owned()));
            self.lines.replace(at, new);
            return;
        }
        match self.lines.section(place.names()) {
            Some(section) => self.add_item(&section, text, why),
            None => {
                let item = format!("- {text}");
                self.why.push((item.clone(), why.to_owned()));
                self.lines.add_section(place.title(), &[item]);
            }
        }
    }

    /// Adds the part of the answer for a focus.
    fn put_part(&mut self, focus: &Focus, asked: &str) {
        let part = format!("**{}**: {}", focus.part.0, focus.part.1);
        self.put(None, Place::Format, &part, &format!("A part of the answer for {}; {asked}.", focus.name));
    }

    /// Adds an item to a part; what closes the list of an answer's parts stays at its end.
    fn add_item(&mut self, section: &Section, text: &str, why: &str) {
        let closing = (section.heading + 1..section.end).find(|at| {
            let line = &self.lines.all()[*at];
            ["**What to watch**", "**Decisions and signals**", "**Evidence and gaps**"]
                .iter()
                .any(|part| line.contains(part))
        });
        match closing.filter(|_| text.starts_with("**")) {
            Some(at) => {
                let line = self.lines.all()[at].clone();
                let item = format!("{}{text}", marker_of(&line));
                self.why.push((item.clone(), why.to_owned()));
                self.lines.insert(at, item);
            }
            None => {
                let item = format!("{}{text}", self.lines.next_marker(section));
                self.why.push((item, why.to_owned()));
                self.lines.append_item(section, text);
            }
        }
    }

    /// Adds something to look for, after what is looked for on the same focus.
    fn add_area(&mut self, focus: &Focus, text: &str, why: &str) {
        let Some(section) = self.lines.section(Place::Areas.names()) else {
            return self.put(None, Place::Guidelines, text, why);
        };
        if self.find(|line| line.ends_with(text)).is_some() {
            self.already.push(text.to_owned());
            return;
        }
        let related = (section.heading + 1..section.end).rev().find(|at| {
            let line = &self.lines.all()[*at];
            marker_length(line.trim_start()) > 0
                && !line.contains(" bear on each other")
                && focus::of(line).first() == Some(&focus)
        });
        match related {
            Some(at) if self.lines.all()[at].starts_with(['-', '*', '+']) => {
                let item = format!("{}{text}", &self.lines.all()[at][..2]);
                self.why.push((item.clone(), why.to_owned()));
                self.lines.insert(at + 1, item);
            }
            _ => self.add_item(&section, text, why),
        }
    }

    fn strengthen(&mut self, focus: &'static Focus, asked: &str) {
        self.add_area(focus, focus.stronger, &format!("Goes deeper into {}; {asked}.", focus.name));
        if self.part_of(focus).is_none() {
            self.put_part(focus, asked);
        } else if self.find(|line| line.contains(focus.rule)).is_none() {
            self.put(None, Place::Guidelines, focus.rule, &format!("How to handle {}; {asked}.", focus.name));
        }
    }

    fn add_part(&mut self, subject: &str, what: &str, asked: &str) {
        let title = words::capitalized(&words::one_line(subject, 60).replace('*', ""));
        let title = if title.is_empty() { "Overview".to_owned() } else { title };
        self.put(None, Place::Format, &format!("**{title}**: {what}"), &format!("A new part of the answer; {asked}."));
    }

    fn set_audience(&mut self, readers: &Readers, asked: &str) {
        let line = readers.line();
        let why = format!("Written for {}; {asked}.", words::escaped(readers.name()));
        let section = self.lines.section(Place::Audience.names());
        let old = section.and_then(|section| {
            (section.heading + 1..section.end).find(|at| {
                let text = self.lines.all()[*at].trim_start();
                let lower = text[marker_length(text)..].to_lowercase();
                lower.starts_with("write for") || lower.starts_with("audience") || lower.starts_with("readers")
            })
        });
        self.put(old, Place::Audience, &line, &why);
    }

    fn remove(&mut self, what: &str, asked: &str) {
        let why = format!("Gone; {asked}.");
        if let Some(section) = found_section(&self.lines, what) {
            for line in &self.lines.all()[section.heading..section.end] {
                self.why.push((line.clone(), why.clone()));
            }
            self.lines.remove_section(&section);
            return;
        }
        for at in found_lines(&self.lines, what).into_iter().rev() {
            self.why.push((self.lines.all()[at].clone(), why.clone()));
            self.lines.remove(at);
        }
    }

    /// Adds a part that a model wrote, or its items to the part with the same title.
    pub fn write_section(&mut self, words: &str, rules: &[String]) {
        let title = title_of(words);
        let why = format!("The part “{title}”; you asked: “{}”.", words::escaped(words));
        let body: Vec<String> = rules.iter().map(|rule| format!("- {rule}")).collect();
        self.why.extend(body.iter().map(|line| (line.clone(), why.clone())));
        let same = |section: &Section| section.title.eq_ignore_ascii_case(&title);
        if !self.lines.sections().iter().any(same) {
            return self.lines.add_section(&title, &body);
        }
        for rule in rules {
            if let Some(section) = self.lines.sections().into_iter().find(same) {
                self.lines.append_item(&section, rule);
            }
        }
    }

    /// The message: the whole new draft and a reason for each of its changes, in their order.
    pub fn reply(self, how: &str) -> Reply {
        let after = self.lines.text();
        let changes = proposal::changes(&self.before, &after, &[]);
        if changes.is_empty() {
            let already = self.already.first().map(|line| format!(" It already says: “{}”", words::escaped(line)));
            let text = format!(
                "Nothing to change there.{} Tell me in other words what should be different, or write it as a rule, for \
                 example “always name the source”.",
                already.unwrap_or_default()
            );
            return Reply { text, questions: Vec::new() };
        }
        let reasons: Vec<String> = changes.iter().map(|change| self.reason(&change.before, &change.after)).collect();
        let reasons: Vec<String> =
            reasons.iter().enumerate().map(|(index, reason)| format!("{}. {reason}", index + 1)).collect();
        let count = if changes.len() == 1 { "one change".to_owned() } else { format!("{} changes", changes.len()) };
        let text = format!(
            "Here is the draft with {count}. {how}\n\n{}\n\nChanges:\n\n{}",
            draft::fenced(&after),
            reasons.join("\n")
        );
        Reply { text, questions: Vec::new() }
    }

    fn reason(&self, before: &str, after: &str) -> String {
        let in_change = |line: &str| before.lines().chain(after.lines()).any(|other| other == line);
        let mut reasons: Vec<&str> = Vec::new();
        for (line, why) in &self.why {
            if in_change(line) && !reasons.contains(&why.as_str()) {
                reasons.push(why);
            }
        }
        match reasons.as_slice() {
            [] => "Follows from your request.".to_owned(),
            reasons => reasons.join(" "),
        }
    }
}

/// The heading of a new part, from the words of a wish.
pub fn title_of(words: &str) -> String {
    let title = words::capitalized(&wish::subject_of(words, ""));
    let title = words::one_line(title.trim_matches(|c: char| "#*`".contains(c)), 60);
    if title.is_empty() { "Additional rules".to_owned() } else { title }
}

/// Whether a draft has what is to go.
pub fn can_remove(lines: &Lines, what: &str) -> bool {
    found_section(lines, what).is_some() || !found_lines(lines, what).is_empty()
}

/// Where in a prompt something belongs.
#[derive(Debug, Clone, Copy)]
enum Place {
    Guidelines,
    Areas,
    Format,
    Audience,
}

impl Place {
    /// How the headings of such a part may begin.
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Guidelines => {
                &["guideline", "rule", "instruction", "constraint", "requirement", "principle", "evidence"]
            }
            Self::Areas => &["what to analy", "focus", "areas", "what to look", "analysis", "task"],
            Self::Format => &["output", "format", "structure", "answer"],
            Self::Audience => &["audience", "tone", "reader", "style"],
        }
    }

    /// How we call it.
    fn title(self) -> &'static str {
        match self {
            Self::Guidelines => "Guidelines",
            Self::Areas => "What to analyse",
            Self::Format => "Output format",
            Self::Audience => "Audience and tone",
        }
    }
}

/// The indentation and marker of a list item's line.
fn marker_of(line: &str) -> &str {
    let body = line.trim_start();
    &line[..line.len() - body.len() + marker_length(body)]
}

fn is_length_line(line: &str) -> bool {
    const LIMITS: &str = "keep the whole answer within, use up to, at most, no more than, maximum, length";
    let normalized = words::normalized(line);
    words::has(&normalized, LIMITS) && words::has(&normalized, "words, sentences, paragraphs, pages, bullets")
}

/// The part of the prompt that is to go, by its heading. The fixed parts stay: without them nothing is cited or safe.
fn found_section(lines: &Lines, what: &str) -> Option<Section> {
    let wanted = words::stems(&wish::subject_of(what, ""));
    let fixed =
        |section: &Section| ["citation", "limits"].iter().any(|name| section.title.to_lowercase().starts_with(name));
    lines
        .sections()
        .into_iter()
        .find(|section| !wanted.is_empty() && !fixed(section) && words::stems(&section.title) == wanted)
}

/// The items that are to go, by their bold names.
fn found_lines(lines: &Lines, what: &str) -> Vec<usize> {
    let wanted = words::stems(&wish::subject_of(what, ""));
    let named = |line: &String| {
        bold_name(line).is_some_and(|name| {
            let name = words::stems(name);
            !wanted.is_empty() && wanted.iter().all(|stem| name.contains(stem))
        })
    };
    lines.all().iter().enumerate().filter(|(_, line)| named(line)).map(|(at, _)| at).collect()
}
