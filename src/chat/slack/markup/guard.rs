//! Text as Slack must not misread it: escaped, calling no one, and without a character that formats what follows.

/// Takes no room and is no letter, so it ends a word and keeps Slack from seeing a mark.
pub const GUARD: char = '\u{200B}';

/// Text that Slack shows as it is, apart from its formatting.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| push_escaped(&mut out, c));
    out
}

/// Whether Slack formats text between two of these.
pub fn is_mark(c: char) -> bool {
    matches!(c, '*' | '_' | '~' | '`')
}

/// Writes text so that no mark in it formats anything, and none ends one of the spans that are open.
pub fn guard(out: &mut String, text: &str, open: &[char]) {
    let mut before = out.chars().next_back();
    let mut is_address = false;
    for (at, c) in text.char_indices() {
        let (rest, next) = (&text[at..], text[at + c.len_utf8()..].chars().next());
        // Slack makes a bare address a link; it must stay as it is.
        is_address = !c.is_whitespace() && (is_address || rest.starts_with("https://") || rest.starts_with("http://"));
        let formats = is_mark(c) && (c == '`' || !is_address);
        let ends = formats && open.contains(&c) && before.is_some_and(|b| !b.is_whitespace());
        let begins = formats && !before.is_some_and(char::is_alphanumeric) && !next.is_some_and(char::is_whitespace);
        out.extend(ends.then_some(GUARD));
        push_escaped(out, c);
        out.extend((ends || begins || (formats && c == '`') || is_mention(rest)).then_some(GUARD));
        before = Some(c);
    }
}

/// Adds a character, escaped.
pub fn push_escaped(out: &mut String, c: char) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        _ => out.push(c),
    }
}

/// Text that calls no one, not yet escaped.
pub fn without_mentions(text: &str) -> String {
    let guarded = |(at, c)| [Some(c), is_mention(&text[at..]).then_some(GUARD)];
    text.char_indices().flat_map(guarded).flatten().collect()
}

/// Whether a text starts with a word that calls many people, or may once more text is written behind it.
fn is_mention(text: &str) -> bool {
    let Some(name) = text.strip_prefix('@') else { return false };
    ["channel", "here", "everyone"].iter().any(|group| {
        let shared = group.len().min(name.len());
        name.get(..shared).is_some_and(|start| start.eq_ignore_ascii_case(&group[..shared]))
    })
}
