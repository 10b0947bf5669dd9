//! A change by the AI that waits for a person: what differs between two texts, and what of it is taken over.
//!
//! Texts are compared by lines (what stands between line feeds, so that a text of n line feeds has n + 1 lines) and,
//! within changed lines, by words. The algorithm bounds its own work by the size of the texts and not by a clock, so the
//! same two texts always give the same numbered changes; accepting "change 2" depends on that.

use crate::choice;
use crate::domain::markdown::fold;
use crate::domain::text::Invalid;
use serde::Serialize;
use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices, group_diff_ops};
use std::collections::HashSet;
use std::fmt::Write as _;
use std::ops::Range;

/// What is shown for a change that came without a reason.
pub const NO_REASON: &str = "No reason was given.";

/// Unchanged lines shown around a change in a unified diff.
const CONTEXT_LINES: usize = 3;

choice! {
    /// Where a proposal is.
    pub enum ProposalStatus {
        /// Waiting for a person.
        Open = "open",
        /// Taken over as a whole.
        Accepted = "accepted",
        /// Some of its changes were taken over.
        PartlyAccepted = "partly_accepted",
        /// Turned down.
        Rejected = "rejected",
        /// The text changed, or a newer proposal came, before anyone decided.
        Superseded = "superseded",
    }
}

/// One change of a proposal: adjacent lines that differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Change {
    /// Its number within the proposal, from 1.
    pub index: usize,
    /// The lines that go; empty when lines are only added.
    pub before: String,
    /// The lines that come; empty when lines are only removed.
    pub after: String,
    /// The line of the text before at which it begins, from 1.
    pub line: usize,
    /// Why.
    pub reason: String,
}

choice! {
    /// What became of a part of a text.
    pub enum DiffKind {
        /// In both texts.
        Equal = "equal",
        /// Only in the text before.
        Delete = "delete",
        /// Only in the text after.
        Insert = "insert",
    }
}

/// A part of two compared texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct DiffPart {
    /// What became of it.
    pub kind: DiffKind,
    /// The part itself.
    pub text: String,
}

/// The changes that make `after` of `before`, in order, each with the reason that fits it.
///
/// With as many reasons as changes, they belong together in order. Otherwise a change has the reason with which it
/// shares most words, else the first.
pub fn changes(before: &str, after: &str, reasons: &[String]) -> Vec<Change> {
    let (old, new) = (lines(before), lines(after));
    let hunks = hunks(&old, &new);
    let in_order = reasons.len() == hunks.len();
    let mut found: Vec<Change> = Vec::with_capacity(hunks.len());
    for (i, hunk) in hunks.iter().enumerate() {
        let before = shown(&old[hunk.old.clone()]);
        let after = shown(&new[hunk.new.clone()]);
        let reason = match reasons.get(i) {
            Some(reason) if in_order => Some(reason),
            _ => best_reason(&before, &after, reasons),
        };
        let reason = reason.map(|reason| fold(reason)).filter(|reason| !reason.is_empty());
        let reason = reason.unwrap_or_else(|| NO_REASON.to_owned());
        found.push(Change { index: i + 1, before, after, line: hunk.old.start + 1, reason });
    }
    found
}

/// The text with only the accepted changes made; `accepted` holds numbers as [`changes`] gives them.
pub fn apply(before: &str, after: &str, accepted: &[usize]) -> Result<String, Invalid> {
    let (old, new) = (lines(before), lines(after));
    let hunks = hunks(&old, &new);
    if let Some(unknown) = accepted.iter().find(|number| **number == 0 || **number > hunks.len()) {
        let known = match hunks.len() {
            0 => "this proposal changes nothing".to_owned(),
            1 => "the only change is 1".to_owned(),
            count => format!("the changes are 1 to {count}"),
        };
        return Err(Invalid::new("changes", format!("there is no change {unknown}; {known}")));
    }
    let mut kept: Vec<&str> = Vec::with_capacity(old.len().max(new.len()));
    let mut done = 0;
    for (i, hunk) in hunks.iter().enumerate() {
        kept.extend(&old[done..hunk.old.start]);
        if accepted.contains(&(i + 1)) {
            kept.extend(&new[hunk.new.clone()]);
        } else {
            kept.extend(&old[hunk.old.clone()]);
        }
        done = hunk.old.end;
    }
    kept.extend(&old[done..]);
    Ok(kept.join("\n"))
}

/// A unified diff; empty when the texts are the same.
pub fn unified(before: &str, after: &str, old_name: &str, new_name: &str) -> String {
    let old: Vec<&str> = before.split_inclusive('\n').collect();
    let new: Vec<&str> = after.split_inclusive('\n').collect();
    let ops = capture_diff_slices(Algorithm::Myers, &old, &new);
    let mut text = String::new();
    for group in group_diff_ops(ops, CONTEXT_LINES) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        if text.is_empty() {
            let _ = writeln!(text, "--- {}\n+++ {}", fold(old_name), fold(new_name));
        }
        let old_range = first.old_range().start..last.old_range().end;
        let new_range = first.new_range().start..last.new_range().end;
        let _ = writeln!(text, "@@ -{} +{} @@", place(&old_range), place(&new_range));
        for op in &group {
            if op.tag() == DiffTag::Equal {
                write_lines(&mut text, ' ', &old[op.old_range()]);
            } else {
                write_lines(&mut text, '-', &old[op.old_range()]);
                write_lines(&mut text, '+', &new[op.new_range()]);
            }
        }
    }
    text
}

/// The two texts as one sequence of parts: those equal or deleted make `before`, those equal or inserted make `after`.
pub fn words(before: &str, after: &str) -> Vec<DiffPart> {
    let (old, new) = (tokens(before), tokens(after));
    let mut parts: Vec<DiffPart> = Vec::new();
    let mut push = |kind: DiffKind, pieces: &[&str]| {
        if pieces.is_empty() {
            return;
        }
        match parts.last_mut().filter(|part| part.kind == kind) {
            Some(part) => part.text.extend(pieces.iter().copied()),
            None => parts.push(DiffPart { kind, text: pieces.concat() }),
        }
    };
    for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
        match op.tag() {
            DiffTag::Equal => push(DiffKind::Equal, &old[op.old_range()]),
            DiffTag::Delete | DiffTag::Insert | DiffTag::Replace => {
                push(DiffKind::Delete, &old[op.old_range()]);
                push(DiffKind::Insert, &new[op.new_range()]);
            }
        }
    }
    parts
}

fn lines(text: &str) -> Vec<&str> {
    text.split('\n').collect()
}

struct Hunk {
    old: Range<usize>,
    new: Range<usize>,
}

/// The places where lines differ; adjacent ones are one.
fn hunks(old: &[&str], new: &[&str]) -> Vec<Hunk> {
    let mut found: Vec<Hunk> = Vec::new();
    let differing = |op: &DiffOp| op.tag() != DiffTag::Equal;
    for op in capture_diff_slices(Algorithm::Myers, old, new).iter().filter(|op| differing(op)) {
        match found
            .last_mut()
            .filter(|hunk| hunk.old.end == op.old_range().start && hunk.new.end == op.new_range().start)
        {
            Some(hunk) => {
                hunk.old.end = op.old_range().end;
                hunk.new.end = op.new_range().end;
            }
            None => found.push(Hunk { old: op.old_range(), new: op.new_range() }),
        }
    }
    found
}

/// Lines as people see them; empty lines alone are shown as line feeds, to differ from no lines.
fn shown(lines: &[&str]) -> String {
    if lines.iter().all(|line| line.is_empty()) { "\n".repeat(lines.len()) } else { lines.join("\n") }
}

fn best_reason<'a>(before: &str, after: &str, reasons: &'a [String]) -> Option<&'a String> {
    let changed = telling_words(before).into_iter().chain(telling_words(after)).collect::<HashSet<_>>();
    let shared = |reason: &String| telling_words(reason).intersection(&changed).count();
    // The first of several equally good ones, also when none shares a word.
    reasons.iter().rev().max_by_key(|reason| shared(reason))
}

/// The words of a text that say what it is about: four letters or more, in lower case.
fn telling_words(text: &str) -> HashSet<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() >= 4).map(str::to_lowercase).collect()
}

/// Words, white space, and every other character by itself.
fn tokens(text: &str) -> Vec<&str> {
    #[derive(PartialEq)]
    enum Class {
        Word,
        Space,
        Other,
    }
    let class = |c: char| match c {
        _ if c.is_alphanumeric() || c == '_' => Class::Word,
        // A line feed is a token of its own, so that paragraphs are matched with paragraphs.
        _ if c.is_whitespace() && c != '\n' => Class::Space,
        _ => Class::Other,
    };
    let mut found = Vec::new();
    let mut start = 0;
    let mut last: Option<Class> = None;
    for (at, c) in text.char_indices() {
        let this = class(c);
        if last.as_ref().is_some_and(|last| *last != this || this == Class::Other) {
            found.push(&text[start..at]);
            start = at;
        }
        last = Some(this);
    }
    if start < text.len() {
        found.push(&text[start..]);
    }
    found
}

/// A range of lines in the notation of unified diffs.
fn place(range: &Range<usize>) -> String {
    match range.len() {
        0 => format!("{},0", range.start),
        1 => (range.start + 1).to_string(),
        count => format!("{},{count}", range.start + 1),
    }
}

fn write_lines(text: &mut String, sign: char, lines: &[&str]) {
    for line in lines {
        text.push(sign);
        text.push_str(line);
        if !line.ends_with('\n') {
            text.push_str("\n\\ No newline at end of file\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BEFORE: &str = "# Role\nYou analyse.\n\n# Rules\nBe brief.\nCite.\n\n# Output\nA list.";
    const AFTER: &str =
        "# Role\nYou analyse risks.\n\n# Rules\nCite every claim.\n\n# Output\nA list.\nThen a summary.";

    fn reasons(given: &[&str]) -> Vec<String> {
        given.iter().map(|reason| (*reason).to_owned()).collect()
    }

    fn told(changes: &[Change]) -> Vec<String> {
        changes
            .iter()
            .map(|c| format!("{}@{} {:?} -> {:?}: {}", c.index, c.line, c.before, c.after, c.reason))
            .collect()
    }

    #[test]
    fn adjacent_lines_make_one_numbered_change() {
        assert_eq!(
            told(&changes(BEFORE, AFTER, &reasons(&["risks", "claims", "end"]))),
            [
                r#"1@2 "You analyse." -> "You analyse risks.": risks"#,
                r#"2@5 "Be brief.\nCite." -> "Cite every claim.": claims"#,
                r#"3@10 "" -> "Then a summary.": end"#,
            ]
        );
    }

    #[test]
    fn reasons_of_another_number_go_where_their_words_are() {
        let given = reasons(&["Every claim is now cited", "A summary closes the answer"]);
        let found: Vec<String> = changes(BEFORE, AFTER, &given).into_iter().map(|change| change.reason).collect();
        assert_eq!(found, ["Every claim is now cited", "Every claim is now cited", "A summary closes the answer"]);
    }

    #[test]
    fn a_change_without_reasons_says_so() {
        assert!(changes(BEFORE, AFTER, &[]).iter().all(|change| change.reason == NO_REASON));
        assert_eq!(changes("a", "b", &reasons(&[" "]))[0].reason, NO_REASON);
    }

    #[test]
    fn the_same_text_has_no_changes() {
        assert!(changes(BEFORE, BEFORE, &[]).is_empty());
        assert_eq!(unified(BEFORE, BEFORE, "a", "b"), "");
        assert_eq!(words("", ""), []);
    }

    #[test]
    fn empty_lines_are_changes_one_can_see() {
        assert_eq!(told(&changes("a", "a\n", &[])), [format!(r#"1@2 "" -> "\n": {NO_REASON}"#)]);
        assert_eq!(told(&changes("a\n\n\nb", "a\nb", &[])).len(), 1);
        assert_eq!(told(&changes("", "a", &[])), [format!(r#"1@1 "\n" -> "a": {NO_REASON}"#)]);
    }

    #[test]
    fn only_the_accepted_changes_are_made() {
        assert_eq!(
            apply(BEFORE, AFTER, &[2, 2]).unwrap(),
            "# Role\nYou analyse.\n\n# Rules\nCite every claim.\n\n# Output\nA list."
        );
        assert_eq!(
            apply(BEFORE, AFTER, &[3, 1]).unwrap(),
            "# Role\nYou analyse risks.\n\n# Rules\nBe brief.\nCite.\n\n# Output\nA list.\nThen a summary."
        );
    }

    #[test]
    fn an_unknown_change_is_refused() {
        let refused = apply(BEFORE, AFTER, &[1, 4]).unwrap_err();
        assert_eq!(
            (refused.field, refused.reason.as_str()),
            ("changes", "there is no change 4; the changes are 1 to 3")
        );
        assert_eq!(apply("a", "b", &[0]).unwrap_err().reason, "there is no change 0; the only change is 1");
        assert!(apply("a", "a", &[1]).is_err());
    }

    #[test]
    fn a_unified_diff_can_be_read_by_patch() {
        assert_eq!(
            unified("a\nb\nc\nd\ne\nf\ng\nh\n", "a\nb\nc\nd\ne\nf\nG\nh", "revision 1", "revision\n2"),
            "--- revision 1\n+++ revision 2\n@@ -4,5 +4,5 @@\n d\n e\n f\n-g\n-h\n+G\n+h\n\\ No newline at end of file\n"
        );
        assert_eq!(unified("", "a\n", "x", "y"), "--- x\n+++ y\n@@ -0,0 +1 @@\n+a\n");
    }

    #[test]
    fn words_show_what_changed_within_a_line() {
        let told: Vec<String> =
            words("Be brief, cite.", "Be very brief; cite!").iter().map(|p| format!("{}:{}", p.kind, p.text)).collect();
        assert_eq!(
            told,
            ["equal:Be ", "insert:very ", "equal:brief", "delete:,", "insert:;", "equal: cite", "delete:.", "insert:!"]
        );
    }

    #[test]
    fn texts_that_share_nothing_or_are_turned_round_are_compared_in_time() {
        let numbered = |word: &str, range: &mut dyn Iterator<Item = usize>| {
            range.map(|i| format!("{word}{i}")).collect::<Vec<_>>()
        };
        let forward = numbered("", &mut (0..6000));
        let backward = numbered("", &mut (0..6000).rev());
        let other = numbered("x", &mut (0..6000));
        let shuffled = numbered("", &mut (0..6000).map(|i| (i * 2741) % 6007));
        let begun = std::time::Instant::now();
        for separator in ["\n", " "] {
            for against in [&backward, &other, &shuffled] {
                let (old, new) = (forward.join(separator), against.join(separator));
                assert!(!changes(&old, &new, &[]).is_empty());
                assert!(words(&old, &new).iter().any(|part| part.kind == DiffKind::Insert));
                assert!(!unified(&old, &new, "a", "b").is_empty());
            }
        }
        // Eighteen comparisons, unoptimised and next to other tests; an unbounded search takes minutes.
        assert!(begun.elapsed().as_secs() < 15, "took {:?}", begun.elapsed());
    }

    proptest! {
        #[test]
        fn all_changes_make_the_text_after_and_none_the_text_before(before in "[ab \n]{0,40}", after in "[ab \n]{0,40}") {
            let numbers: Vec<usize> = changes(&before, &after, &[]).iter().map(|change| change.index).collect();
            prop_assert_eq!(apply(&before, &after, &numbers).unwrap(), after.clone());
            prop_assert_eq!(apply(&before, &after, &[]).unwrap(), before);
        }

        #[test]
        fn word_parts_hold_both_texts(before in "[ab, é\n]{0,40}", after in "[ab, é\n]{0,40}") {
            let parts = words(&before, &after);
            let without = |kind: DiffKind| parts.iter().filter(|p| p.kind != kind).map(|p| p.text.as_str()).collect::<String>();
            prop_assert_eq!(without(DiffKind::Insert), before);
            prop_assert_eq!(without(DiffKind::Delete), after);
        }
    }
}
