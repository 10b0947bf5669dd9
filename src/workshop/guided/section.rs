//! A prompt as lines under headings, so that a change touches only the lines it is about.

/// The lines of a prompt. Joined again they are the text, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines(Vec<String>);

/// A part of a prompt: its heading's line and the lines up to the next heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// What the heading says.
    pub title: String,
    /// The line of the heading.
    pub heading: usize,
    /// The line after its last.
    pub end: usize,
    /// What stands before the title in the heading's line, such as `## `, and after it.
    marks: (String, String),
}

/// The headings of a prompt.
pub fn headings(text: &str) -> Vec<String> {
    Lines::of(text).sections().into_iter().map(|section| section.title).collect()
}

impl Lines {
    /// The lines of a text.
    pub fn of(text: &str) -> Self {
        Self(text.split('\n').map(str::to_owned).collect())
    }

    /// The text.
    pub fn text(&self) -> String {
        self.0.join("\n")
    }

    /// The lines.
    pub fn all(&self) -> &[String] {
        &self.0
    }

    /// The parts of the prompt, in order; text before the first heading belongs to none.
    pub fn sections(&self) -> Vec<Section> {
        let mut found: Vec<Section> = Vec::new();
        let mut fence: Option<&str> = None;
        for (at, line) in self.0.iter().enumerate() {
            let start = line.trim_start();
            match fence {
                Some(mark) if start.starts_with(mark) && start.trim_matches(['`', '~', ' ']).is_empty() => fence = None,
                Some(_) => {}
                None => fence = ["```", "~~~"].into_iter().find(|mark| start.starts_with(mark)),
            }
            if let (None, Some((before, title, after))) = (fence, heading(line)) {
                if let Some(open) = found.last_mut() {
                    open.end = at;
                }
                let marks = (before.to_owned(), after.to_owned());
                found.push(Section { title: title.to_owned(), heading: at, end: self.0.len(), marks });
            }
        }
        found
    }

    /// The first part whose title begins with one of the names, in the order of the names.
    pub fn section(&self, names: &[&str]) -> Option<Section> {
        let sections = self.sections();
        names.iter().find_map(|name| sections.iter().find(|s| s.title.to_lowercase().starts_with(name)).cloned())
    }

    /// The titles of the parts within a part: headings below it of a lower rank.
    pub fn subheadings(&self, section: &Section) -> Vec<String> {
        let rank = |marks: &str| marks.chars().filter(|c| *c == '#').count();
        let own = rank(&section.marks.0);
        let after = self.sections().into_iter().filter(|other| other.heading > section.heading);
        after.take_while(|other| rank(&other.marks.0) > own).map(|other| other.title).collect()
    }

    /// Replaces a line.
    pub fn replace(&mut self, at: usize, line: String) {
        self.0[at] = line;
    }

    /// Removes a line, and an empty one with it where two would follow each other.
    pub fn remove(&mut self, at: usize) {
        self.0.remove(at);
        let empty = |line: Option<&String>| line.is_none_or(|line| line.trim().is_empty());
        if at < self.0.len() && self.0[at].trim().is_empty() && (at == 0 || empty(self.0.get(at - 1))) {
            self.0.remove(at);
        }
    }

    /// Removes a part with its heading.
    pub fn remove_section(&mut self, section: &Section) {
        self.0.drain(section.heading..section.end);
    }

    /// Puts a line in before another.
    pub fn insert(&mut self, at: usize, line: String) {
        self.0.insert(at, line);
    }

    /// Adds an item to the end of a part, in the style of its last item.
    pub fn append_item(&mut self, section: &Section, text: &str) {
        let last = (section.heading..section.end).rev().find(|at| !self.0[*at].trim().is_empty());
        let last = last.unwrap_or(section.heading);
        let item = format!("{}{text}", self.next_marker(section));
        self.0.insert(last + 1, item);
        if last == section.heading && self.0.get(last + 2).is_some_and(|line| heading(line).is_some()) {
            self.0.insert(last + 2, String::new());
        }
    }

    /// What opens the next item of a part's list: the next number or the same bullet.
    pub fn next_marker(&self, section: &Section) -> String {
        for line in self.0[section.heading + 1..section.end].iter().rev() {
            let start = line.trim_start();
            let indent = &line[..line.len() - start.len()];
            if indent.len() > 3 {
                continue;
            }
            if let Some(bullet) = start.chars().next().filter(|c| "-*+".contains(*c) && start[1..].starts_with(' ')) {
                return format!("{indent}{bullet} ");
            }
            let digits = start.len() - start.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let after = &start[digits..];
            if let Some(mark) = after.chars().next().filter(|c| ".)".contains(*c) && after[1..].starts_with(' '))
                && let Ok(number) = start[..digits].parse::<u32>()
            {
                return format!("{indent}{}{mark} ", number.saturating_add(1));
            }
        }
        "- ".to_owned()
    }

    /// Adds a part, before the parts that close a prompt where it has them; its heading is styled like the others.
    pub fn add_section(&mut self, title: &str, body: &[String]) {
        let sections = self.sections();
        let closing =
            sections.iter().find(|s| ["citation", "limits"].iter().any(|n| s.title.to_lowercase().starts_with(n)));
        let (before, after) = match closing.or(sections.first()) {
            Some(section) => section.marks.clone(),
            None => ("## ".to_owned(), String::new()),
        };
        let mut block = vec![format!("{before}{title}{after}")];
        block.extend_from_slice(body);
        match closing.map(|section| section.heading) {
            Some(at) => {
                block.push(String::new());
                self.0.splice(at..at, block);
            }
            None => {
                // The text's own last line feed stays its last.
                let end = self.0.iter().rposition(|line| !line.trim().is_empty()).map_or(0, |at| at + 1);
                if end > 0 {
                    block.insert(0, String::new());
                }
                self.0.splice(end..end, block);
            }
        }
    }
}

/// What a line of a heading holds before, in and after the title: `## Title`, or a line all bold.
fn heading(line: &str) -> Option<(&str, &str, &str)> {
    let hashes = line.len() - line.trim_start_matches('#').len();
    if (1..=6).contains(&hashes) {
        let title = line[hashes..].strip_prefix(' ')?.trim_start();
        let marks = &line[..line.len() - title.len()];
        let title = title.trim_end_matches(['#', ' ', ':', '\r']);
        return (!title.is_empty()).then_some((marks, title, ""));
    }
    let inner = line.trim_end().strip_prefix("**")?.strip_suffix("**")?;
    let title = inner.trim_end_matches(':');
    (!title.is_empty() && !inner.contains("**")).then_some(("**", title, "**"))
}

/// How long the marker of a list item is, with the space after it.
pub fn marker_length(line: &str) -> usize {
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let marks: &[char] = if digits > 0 { &['.', ')'] } else { &['-', '*', '+'] };
    if line[digits..].starts_with(marks) && line[digits + 1..].starts_with(' ') { digits + 2 } else { 0 }
}

/// The name at the start of `- **Name**: …`.
pub fn bold_name(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let rest = line[marker_length(line)..].strip_prefix("**")?;
    let name = rest[..rest.find("**")?].trim_end_matches(':').trim();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PROMPT: &str =
        "Preamble.\n\n# Role\nYou are.\n\n# Rules\n1. One.\n2. Two.\n\n```\n# no heading\n```\n\n# Limits\nNone.\n";

    #[test]
    fn parts_are_found_outside_of_fences() {
        assert_eq!(headings(PROMPT), ["Role", "Rules", "Limits"]);
        assert_eq!(headings("**Role:**\nx\n**Task**\ny **z**"), ["Role", "Task"]);
    }

    #[test]
    fn an_item_goes_on_with_the_list() {
        let mut lines = Lines::of("# Rules\n1. One.\n2. Two.\n\n# Limits\nNone.\n");
        let section = lines.section(&["rules"]).unwrap();
        lines.append_item(&section, "Three.");
        assert_eq!(lines.text(), "# Rules\n1. One.\n2. Two.\n3. Three.\n\n# Limits\nNone.\n");
    }

    #[test]
    fn a_new_part_stands_before_the_closing_ones() {
        let mut lines = Lines::of("### Role\nx\n\n### Citations\ny\n");
        lines.add_section("Rules", &["- One.".to_owned()]);
        assert_eq!(lines.text(), "### Role\nx\n\n### Rules\n- One.\n\n### Citations\ny\n");
        let mut bare = Lines::of("You are an analyst.\n");
        bare.add_section("Rules", &["- One.".to_owned()]);
        assert_eq!(bare.text(), "You are an analyst.\n\n## Rules\n- One.\n");
    }

    proptest! {
        #[test]
        fn lines_are_the_text(text in "([a-z# *\\-1.`]|\n){0,80}") {
            let lines = Lines::of(&text);
            prop_assert_eq!(lines.text(), text);
            for section in lines.sections() {
                prop_assert!(section.heading < section.end && section.end <= lines.all().len());
                lines.next_marker(&section);
            }
        }
    }
}
