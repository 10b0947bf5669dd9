//! Reading requests and articles by their words: keywords, stems, numbers, and text made safe to show.

/// Words that say nothing about the subject.
const STOP_WORDS: &[&str] = &[
    "a", "about", "after", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by",
    "can", "could", "did", "do", "does", "for", "from", "get", "had", "has", "have", "he", "her", "his", "how", "i",
    "if", "in", "into", "is", "it", "its", "just", "like", "may", "me", "might", "more", "most", "my", "no", "not",
    "of", "on", "or", "our", "out", "over", "please", "s", "she", "should", "so", "some", "t", "than", "that", "the",
    "their", "them", "there", "these", "they", "this", "those", "to", "up", "us", "was", "we", "were", "what", "when",
    "where", "which", "who", "whose", "why", "will", "with", "would", "you", "your",
];

/// Lower case, everything but letters, digits and per cent made single spaces, one space at each end.
pub fn normalized(text: &str) -> String {
    let mut out = String::from(" ");
    for c in text.chars() {
        if c.is_alphanumeric() || c == '%' {
            out.extend(c.to_lowercase());
        } else if c != '\'' && c != '’' && !out.ends_with(' ') {
            out.push(' ');
        }
    }
    if !out.ends_with(' ') {
        out.push(' ');
    }
    out
}

/// Where a [`normalized`] text has a keyword: a word or phrase, or with a `*` at its end the beginning of one.
pub fn find_keyword(normalized: &str, keyword: &str) -> Option<usize> {
    match keyword.strip_suffix('*') {
        Some(beginning) => normalized.find(&format!(" {beginning}")),
        None => normalized.find(&format!(" {keyword} ")),
    }
}

/// Whether a [`normalized`] text has one of the keywords, which have commas between.
pub fn has(normalized: &str, keywords: &str) -> bool {
    keywords.split(", ").any(|keyword| find_keyword(normalized, keyword).is_some())
}

/// Whether a [`normalized`] text opens with one of the phrases, which have commas between.
pub fn opens_with(normalized: &str, phrases: &str) -> bool {
    phrases.split(", ").any(|phrase| normalized.strip_prefix(' ').is_some_and(|text| starts_word(text, phrase)))
}

fn starts_word(text: &str, phrase: &str) -> bool {
    text.strip_prefix(phrase).is_some_and(|rest| rest.starts_with(' '))
}

/// Whether an item is one of a list with commas between.
pub fn is_one_of(item: &str, list: &str) -> bool {
    list.split(", ").any(|other| other == item)
}

/// The words of a text in lower case, as they stand.
pub fn words(text: &str) -> Vec<String> {
    normalized(text).split_whitespace().map(str::to_owned).collect()
}

/// Whether a word says nothing about the subject.
pub fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.binary_search(&word).is_ok()
}

/// The stems of the words that say something.
pub fn stems(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for word in words(text).iter().filter(|word| !is_stop_word(word)) {
        found.push(stem(word));
    }
    found
}

/// A word without the commonest English endings: good enough to find "sanctioned" with "sanctions".
pub fn stem(word: &str) -> String {
    let has_vowel = |rest: &str| rest.contains(['a', 'e', 'i', 'o', 'u', 'y']);
    let plural = match word {
        _ if word.ends_with("ies") && word.len() > 4 => format!("{}y", &word[..word.len() - 3]),
        _ if word.ends_with("sses") || word.ends_with("xes") || word.ends_with("ches") || word.ends_with("shes") => {
            word[..word.len() - 2].to_owned()
        }
        _ if word.ends_with('s') && word.len() > 3 && !word.ends_with("ss") && !word.ends_with("us") => {
            word[..word.len() - 1].to_owned()
        }
        _ => word.to_owned(),
    };
    let cut = ["ing", "ed"].iter().find_map(|ending| plural.strip_suffix(ending));
    let root = match cut {
        Some(rest) if rest.len() >= 3 && has_vowel(rest) => {
            let mut rest = rest.to_owned();
            let doubled = rest.chars().rev().take(2).collect::<Vec<_>>();
            if doubled.len() == 2 && doubled[0] == doubled[1] && !"lsz".contains(doubled[0]) {
                rest.pop();
            }
            rest
        }
        _ => plural,
    };
    match root.strip_suffix('e') {
        Some(rest) if rest.len() >= 3 => rest.to_owned(),
        _ => root,
    }
}

/// The numbers in a text, as digits with a decimal point, without commas: "0-3 months, 1,200" has 0, 3 and 1200.
pub fn numbers(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let chars: Vec<char> = text.chars().collect();
    let mut at = 0;
    while at < chars.len() {
        if !chars[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let mut number = String::new();
        while at < chars.len() {
            let followed = chars.get(at + 1).is_some_and(char::is_ascii_digit);
            match chars[at] {
                c if c.is_ascii_digit() => number.push(c),
                ',' if followed => {}
                '.' if followed => number.push('.'),
                _ => break,
            }
            at += 1;
        }
        found.push(number);
    }
    found
}

/// One line of what a person or an article said: no control or invisible characters, white space folded, not too long.
pub fn one_line(raw: &str, most: usize) -> String {
    let visible: String = raw
        .chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| if c.is_control() || c.is_whitespace() { ' ' } else { c })
        .collect();
    crate::domain::text::excerpt(&crate::domain::markdown::fold(&visible), most)
}

/// Characters that show nothing or turn the direction of what follows.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// With a capital at its start and a full stop at its end.
pub fn sentence(text: &str) -> String {
    let mut sentence = capitalized(text.trim());
    if !sentence.ends_with(['.', '!', '?', '…', ':']) && !sentence.is_empty() {
        sentence.push('.');
    }
    sentence
}

/// With a capital at its start.
pub fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// "a, b and c".
pub fn listed(items: &[&str]) -> String {
    match items {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// Text to stand within a line of Markdown as it is: it opens nothing, links nothing and mentions nobody.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let rest = &text[at + c.len_utf8()..];
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '~' => out.extend(['\\', c]),
            '&' if opens_entity(rest) => out.push_str("\\&"),
            '#' | '+' | '-' | '=' if at == 0 => out.extend(['\\', c]),
            '.' | ')' if at > 0 && text[..at].chars().all(|c| c.is_ascii_digit()) => out.extend(['\\', c]),
            '@' if !before.is_alphanumeric() && rest.starts_with(char::is_alphanumeric) => {
                // No backslash stops a chat platform from seeing a mention; a character of no width does.
                out.push_str("@\u{200b}");
            }
            _ => out.push(c),
        }
        before = c;
    }
    out
}

/// Whether what follows an ampersand makes it the start of a character reference such as `&amp;`.
fn opens_entity(rest: &str) -> bool {
    let name = rest.find(';').map(|end| &rest[..end]).unwrap_or_default();
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '#')
}

/// A link that a CommonMark parser reads back as exactly this title and address.
pub fn link(title: &str, uri: &str) -> String {
    let title: String = one_line(title, usize::MAX)
        .chars()
        .flat_map(|c| {
            let special = matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '~' | '!');
            special.then_some('\\').into_iter().chain([c])
        })
        .collect();
    let bracketed = uri.is_empty() || uri.contains(|c: char| c == ' ' || c.is_control());
    let mut target = String::with_capacity(uri.len() + 4);
    for c in uri.chars() {
        match c {
            '\\' | '<' | '>' | '(' | ')' | '&' | '`' => target.extend(['\\', c]),
            // An address cannot hold a line break; one that does is none, and must not end the link.
            '\n' | '\r' => target.push_str("%0A"),
            _ => target.push(c),
        }
    }
    if bracketed { format!("[{title}](<{target}>)") } else { format!("[{title}]({target})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stop_words_are_in_order() {
        assert!(STOP_WORDS.is_sorted());
    }

    #[test]
    fn keywords_are_whole_words_unless_marked() {
        let text = normalized("AI-driven aid, risk-focused finance!");
        assert_eq!(text, " ai driven aid risk focused finance ");
        assert!(has(&text, "ai") && has(&text, "financ*") && has(&text, "risk focused"));
        assert!(!has(&text, "driv") && !has(&text, "nance*"));
    }

    #[test]
    fn stems_join_the_forms_of_a_word() {
        for (a, b) in [
            ("sanctions", "sanctioned"),
            ("companies", "company"),
            ("planning", "plans"),
            ("increased", "increase"),
            ("banks", "banking"),
            ("crashes", "crashed"),
        ] {
            assert_eq!(stem(a), stem(b), "{a} {b}");
        }
        assert_eq!(stem("virus"), "virus");
    }

    #[test]
    fn numbers_are_read_with_their_points_and_without_commas() {
        assert_eq!(numbers("0-3 months, $1,200.50 and 0.9%."), ["0", "3", "1200.50", "0.9"]);
        assert!(numbers("none").is_empty());
    }

    #[test]
    fn a_line_has_nothing_invisible() {
        assert_eq!(one_line(" a\u{202e}b\n\tc\u{7}d\u{200b} ", 50), "ab c d");
        assert_eq!(one_line("abcdef", 4), "abc…");
    }

    #[test]
    fn escaped_text_is_only_text() {
        for (raw, safe) in [
            ("# Heading", "\\# Heading"),
            ("1. item", "1\\. item"),
            ("- item", "\\- item"),
            ("```sh", "\\`\\`\\`sh"),
            ("see [x](y) <b>", "see \\[x\\](y) \\<b\\>"),
            ("AT&T &amp; co", "AT&T \\&amp; co"),
            ("ask @everyone at a@b.example", "ask @\u{200b}everyone at a@b.example"),
        ] {
            assert_eq!(escaped(raw), safe);
        }
    }
}
