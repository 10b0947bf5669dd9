//! How two texts differ, line by line, with the words that changed marked: `{{ diff }}` in any template.

use askama::Template;

use crate::domain::proposal::{self, DiffKind, DiffPart};

/// How two texts differ.
#[derive(Debug, Template)]
#[template(path = "parts/diff.html", config = "src/web/askama.toml")]
pub(super) struct Diff {
    lines: Vec<Line>,
}

impl askama::filters::HtmlSafe for Diff {}

/// A line of either text, or a note on those left out.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    /// What became of it; the name of its look.
    kind: &'static str,
    /// The same for those who do not see it.
    said: &'static str,
    pieces: Vec<Piece>,
}

/// A part of a line.
#[derive(Debug, PartialEq, Eq)]
struct Piece {
    /// Whether it is what changed within the line.
    changed: bool,
    text: String,
}

impl Diff {
    /// One change alone: these lines for those.
    pub(super) fn replaced(before: &str, after: &str) -> Self {
        let mut diff = Self { lines: Vec::new() };
        let lines = |text: &str| match text {
            "" => Vec::new(),
            text => text.split('\n').map(str::to_owned).collect(),
        };
        diff.replace(&lines(before), &lines(after));
        diff
    }

    /// What a unified diff says.
    pub(super) fn of_unified(unified: &str) -> Self {
        let mut diff = Self { lines: Vec::new() };
        let (mut gone, mut come) = (Vec::new(), Vec::new());
        for line in unified.split_terminator('\n').skip(2) {
            let (sign, text) = line.split_at_checked(1).unwrap_or((" ", ""));
            match sign {
                "-" => gone.push(text.to_owned()),
                "+" => come.push(text.to_owned()),
                // "\ No newline at end of file" is nobody's line.
                "\\" => {}
                sign => {
                    diff.replace(&std::mem::take(&mut gone), &std::mem::take(&mut come));
                    diff.lines.extend(if sign == "@" { omitted(line) } else { Some(Line::equal(text)) });
                }
            }
        }
        diff.replace(&gone, &come);
        diff
    }

    /// Whether the texts are the same.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    fn replace(&mut self, gone: &[String], come: &[String]) {
        let (before, after) = (gone.join("\n"), come.join("\n"));
        if before == after && gone.len() == come.len() {
            self.lines.extend(gone.iter().map(|line| Line::equal(line)));
            return;
        }
        let parts = if gone.is_empty() || come.is_empty() { Vec::new() } else { proposal::words(&before, &after) };
        let side = |lines: &[String], kind: DiffKind| match says_something(&parts) {
            true => pieces(&parts, kind),
            false => lines.iter().map(|line| vec![Piece { changed: false, text: line.clone() }]).collect(),
        };
        let line = |kind, said| move |pieces| Line { kind, said, pieces };
        self.lines.extend(side(gone, DiffKind::Delete).into_iter().map(line("delete", "Removed: ")));
        self.lines.extend(side(come, DiffKind::Insert).into_iter().map(line("insert", "Added: ")));
    }
}

impl Line {
    fn equal(text: &str) -> Self {
        Self { kind: "equal", said: "", pieces: vec![Piece { changed: false, text: text.to_owned() }] }
    }
}

/// The note on lines left out before a hunk, read from its head: `@@ -1,7 +12,8 @@`.
fn omitted(head: &str) -> Option<Line> {
    let (_, place) = head.split_once('+')?;
    let first: u32 = place.split([',', ' ']).next()?.parse().ok()?;
    let text = format!("from line {first}");
    let pieces = vec![Piece { changed: false, text }];
    (first > 1).then_some(Line { kind: "omitted", said: "", pieces })
}

/// Whether marking words helps: not where nearly everything changed.
fn says_something(parts: &[DiffPart]) -> bool {
    let length = |equal: bool| -> usize {
        let of_kind = parts.iter().filter(|part| (part.kind == DiffKind::Equal) == equal);
        of_kind.map(|part| part.text.trim().len()).sum()
    };
    length(true) * 2 > length(false)
}

/// One side of a comparison by words, cut into lines; what is only on that side is marked.
fn pieces(parts: &[DiffPart], side: DiffKind) -> Vec<Vec<Piece>> {
    let mut lines = vec![Vec::new()];
    for part in parts.iter().filter(|part| part.kind == side || part.kind == DiffKind::Equal) {
        for (index, text) in part.text.split('\n').enumerate() {
            if index > 0 {
                lines.push(Vec::new());
            }
            if let Some(line) = lines.last_mut().filter(|_| !text.is_empty()) {
                line.push(Piece { changed: part.kind == side, text: text.to_owned() });
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(before: &str, after: &str) -> Diff {
        Diff::of_unified(&proposal::unified(before, after, "before", "after"))
    }

    fn told(diff: &Diff) -> Vec<String> {
        let piece = |piece: &Piece| if piece.changed { format!("[{}]", piece.text) } else { piece.text.clone() };
        let line = |line: &Line| format!("{} {}", line.kind, line.pieces.iter().map(piece).collect::<String>());
        diff.lines.iter().map(line).collect()
    }

    #[test]
    fn changed_words_are_marked_within_changed_lines() {
        let diff = between("# Role\nYou analyse.\n-- sign\n", "# Role\nYou analyse risks.\n-- sign\n");
        assert_eq!(
            told(&diff),
            ["equal # Role", "delete You analyse.", "insert You analyse[ risks].", "equal -- sign"]
        );
        assert!(diff.to_string().contains("<ins> risks</ins>"), "{diff}");
        assert!(between("same", "same").is_empty());
    }

    #[test]
    fn lines_far_from_a_change_are_left_out_and_named() {
        let before: String = (1..=20).map(|number| format!("line {number}\n")).collect();
        let after = before.replace("line 15\n", "other\nwords\n");
        let told = told(&between(&before, &after));
        assert_eq!(told[0], "omitted from line 12");
        assert_eq!(told[4..7], ["delete line 15", "insert other", "insert words"]);
    }

    #[test]
    fn one_change_alone_may_only_add_or_remove() {
        assert_eq!(told(&Diff::replaced("", "new")), ["insert new"]);
        assert_eq!(told(&Diff::replaced("old\n<b>", "")), ["delete old", "delete <b>"]);
        assert!(Diff::replaced("<b>", "").to_string().contains("&#60;b&#62;"));
    }
}
