//! What a person wants, as far as their words tell: read by keywords, never by a model.

use super::focus::{self, Focus};
use super::readers::Readers;
use super::{request, words};

/// The most characters of a request that a draft quotes.
pub const LONGEST_REQUEST: usize = 1_500;
const MOST_FOCUSES: usize = 4;
const MOST_NAMES: usize = 6;

/// How long and deep an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// One page at most.
    Brief,
    /// The middle.
    Balanced,
    /// Everything that matters.
    Deep,
}

impl Depth {
    /// The depth that a text names.
    pub fn mentioned(text: &str) -> Option<Self> {
        const BRIEF: &str = "brief, briefs, short, shorter, concise, one page, one pager, quick, at a glance, two minutes, \
                             executive summary";
        const DEEP: &str = "deep, deeper, in depth, detailed, more detail, comprehensive, thorough, exhaustive, long";
        const BALANCED: &str = "balanced summary, medium, two pages, standard length";
        let normalized = words::normalized(text);
        [(Self::Deep, DEEP), (Self::Brief, BRIEF), (Self::Balanced, BALANCED)]
            .into_iter()
            .find_map(|(depth, words)| words::has(&normalized, words).then_some(depth))
    }

    /// The line that asks for it.
    pub fn line(self) -> String {
        match self {
            Self::Brief => "Keep the whole answer within 250 words: only what changes the reader's view or decision.",
            Self::Balanced => "Keep the whole answer within 500 words: the main points with their evidence, no digressions.",
            Self::Deep => {
                "Use up to 1,000 words: go into causes, context and disagreement between sources, and leave out nothing \
                 that matters."
            }
        }
        .to_owned()
    }
}

/// How an answer is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Headings with bullet points.
    Bullets,
    /// The main part as a table.
    Table,
    /// Text in paragraphs.
    Prose,
}

impl Layout {
    /// The layout that a text names.
    pub fn mentioned(text: &str) -> Option<Self> {
        const TABLE: &str = "table, tables, tabular, spreadsheet, matrix";
        const PROSE: &str = "paragraph*, prose, essay, flowing text, continuous text";
        const BULLETS: &str = "bullet*, list, lists, headings";
        let normalized = words::normalized(text);
        [(Self::Table, TABLE), (Self::Prose, PROSE), (Self::Bullets, BULLETS)]
            .into_iter()
            .find_map(|(layout, words)| words::has(&normalized, words).then_some(layout))
    }

    /// The line that asks for it.
    pub fn line(self) -> &'static str {
        match self {
            Self::Bullets => "Set each part under its heading, as short bullet points with one claim each.",
            Self::Table => "Set each part under its heading; use bullet points where no table is asked for.",
            Self::Prose => "Set each part under its heading, in short paragraphs; no bullet points.",
        }
    }
}

/// What a person wants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Brief {
    /// What they asked for, in their words, one entry a message.
    pub request: Vec<String>,
    /// The kind of analysis, where they were asked and answered.
    pub analysis: Option<String>,
    /// Who reads the answers.
    pub readers: Option<Readers>,
    /// How deep they go.
    pub depth: Option<Depth>,
    /// How they are laid out.
    pub layout: Option<Layout>,
    /// What a good answer looks like.
    pub good: Vec<String>,
    /// What must never happen, each a rule in their words.
    pub never: Vec<String>,
    /// The language of the answers.
    pub language: Option<&'static str>,
}

impl Brief {
    /// Takes in what a person said freely.
    pub fn hear(&mut self, text: &str) {
        let line = words::one_line(text, LONGEST_REQUEST);
        let wishes = request::without_prohibitions(&line);
        self.readers = Readers::mentioned(&wishes).or(self.readers.take());
        self.depth = Depth::mentioned(&wishes).or(self.depth);
        self.layout = Layout::mentioned(&wishes).or(self.layout);
        self.language = request::language(&wishes).or(self.language);
        self.never.extend(request::prohibitions(&line).iter().map(|rule| words::sentence(rule)));
        self.request.push(line);
    }

    /// All of the request in one line.
    pub fn words(&self) -> String {
        let whole: Vec<&str> = self.request.iter().map(|part| part.trim_end_matches(['.', ';', ' '])).collect();
        words::one_line(&whole.join("; "), LONGEST_REQUEST)
    }

    /// What it asks for, without what it forbids.
    fn wishes(&self) -> String {
        let parts: Vec<String> = self
            .analysis
            .iter()
            .cloned()
            .chain(self.request.iter().map(|p| request::without_prohibitions(p)))
            .collect();
        parts.join(". ")
    }

    /// What to look at.
    pub fn focuses(&self) -> Vec<&'static Focus> {
        let mut found = focus::of(&self.wishes());
        found.truncate(MOST_FOCUSES);
        found
    }

    /// The subject, where the request names one besides its focuses: "battery recycling".
    pub fn subject(&self) -> Option<String> {
        self.request.iter().find_map(|part| request::subject(&request::without_prohibitions(part)))
    }

    /// Names in the request: companies, countries, people.
    pub fn names(&self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for name in self.request.iter().flat_map(|part| request::names(part)) {
            if !found.contains(&name) && found.len() < MOST_NAMES {
                found.push(name);
            }
        }
        found
    }

    /// Periods in the request: "0-3 months", "next 12 months".
    pub fn periods(&self) -> Vec<String> {
        self.request.iter().flat_map(|part| request::periods(part)).collect()
    }

    /// Whether there is anything to make a draft of.
    pub fn has_substance(&self) -> bool {
        self.analysis.is_some() || self.request.iter().any(|part| request::says_something(part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_forbidden_is_a_rule_and_no_focus() {
        let mut brief = Brief::default();
        brief.hear("Energy news in short, but never speculate about war, and no investment advice.");
        assert_eq!(brief.never, ["Never speculate about war.", "No investment advice."]);
        assert_eq!(brief.focuses().iter().map(|f| f.name).collect::<Vec<_>>(), ["energy"]);
        assert_eq!(brief.depth, Some(Depth::Brief));
    }
}
