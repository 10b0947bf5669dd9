//! Discord's Markdown, made from the Markdown that models and people write.
//!
//! Most of it is the same. What Discord lacks becomes something it has: tables, deep headings, images, fences of other
//! lengths. Whatever a text says, nothing in it becomes a mention; `allowed_mentions` keeps it from pinging besides.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::chat::split::split;
use crate::chat::table::Table;
use crate::domain::markdown::fold;

const OPTIONS: Options = Options::ENABLE_STRIKETHROUGH.union(Options::ENABLE_TABLES).union(Options::ENABLE_TASKLISTS);

/// Does not show, and keeps what stands around it from being one thing.
const GUARD: char = '\u{200b}';

/// The least that [`split`] cuts to.
const SHORTEST_PART: usize = 200;

/// Markdown as pieces of Discord's, each at most `most` characters long and formatted by itself.
pub fn pieces(markdown: &str, most: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    fill(markdown, most, most, &mut pieces);
    pieces
}

fn fill(markdown: &str, limit: usize, most: usize, pieces: &mut Vec<String>) {
    for part in split(markdown, limit.max(SHORTEST_PART)) {
        let piece = discord(&part).trim().to_owned();
        if piece.chars().count() <= most {
            pieces.extend(Some(piece).filter(|piece| !piece.is_empty()));
        } else if limit > SHORTEST_PART {
            // What is written otherwise can be longer: try with less.
            fill(&part, limit * 2 / 3, most, pieces);
        } else {
            let plain: Vec<char> = neutral(&part.replace('`', "'")).chars().collect();
            pieces.extend(plain.chunks(most).map(|chunk| chunk.iter().collect::<String>()));
        }
    }
}

/// One line, without line ends or formatting that goes beyond it.
pub fn line(markdown: &str, most: usize) -> String {
    let shown = crate::domain::text::excerpt(&fold(markdown), most);
    pieces(&shown, most.max(SHORTEST_PART)).into_iter().next().map(|piece| fold(&piece)).unwrap_or_default()
}

/// Markdown as Discord's.
pub fn discord(markdown: &str) -> String {
    let mut out = String::with_capacity(markdown.len());
    let mut from = 0;
    for (range, replacement) in replacements(markdown) {
        if range.start < from {
            continue;
        }
        out.push_str(&neutral(&markdown[from..range.start]));
        out.push_str(&replacement);
        from = range.end;
    }
    out.push_str(&neutral(&markdown[from..]));
    out
}

/// What is written otherwise, in order; code is among it, so that nothing is put into it.
fn replacements(markdown: &str) -> Vec<(Range<usize>, String)> {
    let mut found: Vec<(Range<usize>, String)> = Vec::new();
    let mut events = Parser::new_ext(markdown, OPTIONS).into_offset_iter();
    while let Some((event, range)) = events.next() {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                let mut text = String::new();
                for (event, _) in events.by_ref() {
                    match event {
                        Event::Text(more) => text.push_str(&more),
                        Event::End(TagEnd::CodeBlock) => break,
                        _ => {}
                    }
                }
                // The white space behind a block that was indented belongs to what follows.
                let end = markdown[range.clone()].trim_end_matches(['\n', ' ']).len() + range.start;
                found.push((range.start..end, fenced(&language(&kind), &text)));
            }
            Event::Code(_) => found.push((range.clone(), markdown[range].to_owned())),
            Event::Start(Tag::Table(alignments)) => {
                let (mut rows, mut has_links, mut sources) = (Vec::new(), false, Vec::new());
                for (event, inner) in events.by_ref() {
                    match event {
                        Event::Start(Tag::TableHead | Tag::TableRow) => {
                            rows.push(Vec::new());
                            sources.push(Vec::new());
                        }
                        Event::Start(Tag::TableCell) => {
                            if let (Some(row), Some(source)) = (rows.last_mut(), sources.last_mut()) {
                                row.push(String::new());
                                source.push(markdown[inner].trim().to_owned());
                            }
                        }
                        Event::Text(text) | Event::Code(text) => {
                            if let Some(cell) = rows.last_mut().and_then(|row: &mut Vec<String>| row.last_mut()) {
                                cell.push_str(&text);
                            }
                        }
                        Event::Start(Tag::Link { .. }) => has_links = true,
                        Event::End(TagEnd::Table) => break,
                        _ => {}
                    }
                }
                let end = markdown[range.clone()].trim_end().len() + range.start;
                let shown = match has_links {
                    // A link in code is no link.
                    true => listed(&sources),
                    false => fenced("", &Table { alignments, rows }.aligned()),
                };
                found.push((range.start..end, shown));
            }
            Event::Start(Tag::Heading { level, .. }) => {
                let source = &markdown[range.clone()];
                let text = fold(source.trim_start_matches('#').trim_end_matches(['=', '-', '#', ' ', '\n']));
                let shown = match level {
                    HeadingLevel::H1 => format!("# {text}"),
                    HeadingLevel::H2 => format!("## {text}"),
                    HeadingLevel::H3 => format!("### {text}"),
                    HeadingLevel::H4 | HeadingLevel::H5 | HeadingLevel::H6 => format!("**{text}**"),
                };
                let end = source.trim_end().len() + range.start;
                found.push((range.start..end, neutral(&shown)));
                events.by_ref().find(|(event, _)| matches!(event, Event::End(TagEnd::Heading(_))));
            }
            Event::Start(Tag::Image { dest_url, .. }) => {
                let mut title = String::new();
                for (event, _) in events.by_ref() {
                    match event {
                        Event::Text(text) => title.push_str(&text),
                        Event::End(TagEnd::Image) => break,
                        _ => {}
                    }
                }
                found.push((range, neutral(&format!("{} ({dest_url})", fold(&title)))));
            }
            Event::Start(Tag::Strong) if markdown[range.clone()].starts_with("__") => {
                // Two underscores underline on Discord.
                found.push((range.start..range.start + 2, "**".to_owned()));
                found.push((range.end - 2..range.end, "**".to_owned()));
            }
            Event::Rule => {
                let end = markdown[range.clone()].trim_end().len() + range.start;
                found.push((range.start..end, "───".to_owned()));
            }
            _ => {}
        }
    }
    found.sort_by_key(|(range, _)| range.start);
    found
}

/// The word behind a fence, where it can be one of a language.
fn language(kind: &CodeBlockKind<'_>) -> String {
    let CodeBlockKind::Fenced(info) = kind else { return String::new() };
    let word = info.split_whitespace().next().unwrap_or_default();
    let is_one = word.len() <= 20 && word.chars().all(|c| c.is_ascii_alphanumeric() || "_+-.#".contains(c));
    if is_one { word.to_owned() } else { String::new() }
}

/// A block of code. Discord knows fences of three backticks only.
fn fenced(language: &str, text: &str) -> String {
    let text = text.trim_end_matches('\n').replace("```", &format!("`{GUARD}`{GUARD}`"));
    // An empty block would not be one.
    let text = if text.trim().is_empty() { " " } else { &text };
    format!("```{language}\n{text}\n```")
}

/// The rows of a table as items of a list, each cell with the name of its column.
fn listed(rows: &[Vec<String>]) -> String {
    let Some((head, rows)) = rows.split_first() else { return String::new() };
    let row = |row: &Vec<String>| {
        let cells = row.iter().enumerate().filter(|(_, cell)| !cell.is_empty()).map(|(column, cell)| {
            match head.get(column).filter(|name| !name.is_empty()) {
                Some(name) => format!("{name}: {cell}"),
                None => cell.clone(),
            }
        });
        format!("- {}", cells.collect::<Vec<_>>().join(" · "))
    };
    neutral(&rows.iter().map(row).collect::<Vec<_>>().join("\n"))
}

/// Text with nothing in it that Discord would show as a mention, a time, an emoji of its own or a spoiler.
pub fn neutral(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['<', '@', '|']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let guarded = match from.as_bytes().first() {
            Some(b'<') => {
                let next = &from[1..];
                next.starts_with(['@', '#', '/', ':']) || ["a:", "t:", "id:"].iter().any(|word| next.starts_with(word))
            }
            Some(b'@') => ["everyone", "here"].iter().any(|word| from[1..].starts_with(word)),
            _ => from[1..].starts_with('|'),
        };
        out.push_str(&from[..1]);
        if guarded {
            out.push(GUARD);
        }
        rest = &from[1..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(markdown: &str) -> String {
        discord(markdown).replace(GUARD, "^")
    }

    #[test]
    fn what_discord_knows_stays_as_it_is() {
        let text =
            "# Title\n\n**bold** *it* ~~gone~~ `a|b @here` [Title](https://news.example/1)\n\n- one\n- two\n\n> quoted";
        assert_eq!(shown(text), text);
    }

    #[test]
    fn what_discord_lacks_becomes_something_it_has() {
        for (markdown, expected) in [
            ("#### Deep", "**Deep**"),
            ("Title\n=====\n\ntext", "# Title\n\ntext"),
            ("__strong__ word", "**strong** word"),
            ("![A map](https://news.example/map.png)", "A map (https://news.example/map.png)"),
            ("---", "───"),
            ("~~~rust\nlet x = 1;\n~~~", "```rust\nlet x = 1;\n```"),
            ("````prompt\n```\ninner\n```\n````", "```prompt\n`^`^`\ninner\n`^`^`\n```"),
            ("| A | B |\n|---|--:|\n| x | 1 |", "```\nA   |   B\n----|----\nx   |   1\n```"),
            ("| A | B |\n|---|---|\n| [x](https://news.example) | 1 |", "- A: [x](https://news.example) · B: 1"),
        ] {
            assert_eq!(shown(markdown), expected, "{markdown}");
        }
    }

    #[test]
    fn nothing_becomes_a_mention() {
        for (markdown, expected) in [
            ("@everyone and @here", "@^everyone and @^here"),
            (
                "<@1> <@!1> <@&1> <#1> </ask:1> <t:1> <:x:1> <a:x:1> <id:home>",
                "<^@1> <^@!1> <^@&1> <^#1> <^/ask:1> <^t:1> <^:x:1> <^a:x:1> <^id:home>",
            ),
            ("a ||b|| c", "a |^|b|^| c"),
            ("`<@1>` stays", "`<@1>` stays"),
            ("## Hear, @everyone", "## Hear, @^everyone"),
            ("1 < 2 and a@b.example", "1 < 2 and a@b.example"),
        ] {
            assert_eq!(shown(markdown), expected, "{markdown}");
        }
    }

    #[test]
    fn a_long_text_becomes_pieces_whose_fences_are_closed() {
        let text = format!("Before.\n\n```prompt\n{}```\n\nAfter.", "A line of the prompt.\n".repeat(400));
        let pieces = pieces(&text, 1_900);
        assert!(pieces.len() > 3);
        for piece in &pieces {
            assert!(piece.chars().count() <= 1_900);
            assert_eq!(piece.matches("```").count() % 2, 0, "{piece}");
        }
    }

    proptest! {
        #[test]
        fn any_text_becomes_short_pieces_without_mentions(text in "(?s)[ \\n`<@>|#&!*_\\[\\]()a-z0-9:/-]{0,400}") {
            for piece in pieces(&text, 300) {
                prop_assert!(piece.chars().count() <= 300);
                let plain = replacements(&piece).into_iter().rev().fold(piece.clone(), |mut plain, (range, _)| {
                    if plain.is_char_boundary(range.start) && plain.is_char_boundary(range.end) && range.end <= plain.len() {
                        plain.replace_range(range, " ");
                    }
                    plain
                });
                prop_assert!(!plain.contains("<@") && !plain.contains("@everyone"), "{plain}");
            }
        }
    }
}
