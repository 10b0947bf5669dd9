//! Checking text that people and programs send, once, at the edge.

/// Why a value cannot be accepted: the field it came in and a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct Invalid {
    /// The name of the field, as it is sent.
    pub field: &'static str,
    /// What is wrong and what would be right.
    pub reason: String,
}

impl Invalid {
    /// A refusal of `field` with a reason.
    pub fn new(field: &'static str, reason: impl Into<String>) -> Self {
        Self { field, reason: reason.into() }
    }
}

/// Text with U+0000 removed (Postgres cannot store it) and line ends made `\n`.
pub fn clean(raw: &str) -> String {
    raw.replace('\0', "").replace("\r\n", "\n")
}

/// One line of text: trimmed, white space and control characters folded to single spaces, `min` to `max` characters.
pub fn line(field: &'static str, raw: &str, min: usize, max: usize) -> Result<String, Invalid> {
    let folded = raw
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    check_length(field, &folded, min, max)?;
    Ok(folded)
}

/// Text of any number of lines: cleaned and trimmed, `min` to `max` characters.
pub fn block(field: &'static str, raw: &str, min: usize, max: usize) -> Result<String, Invalid> {
    let text = clean(raw).trim().to_owned();
    check_length(field, &text, min, max)?;
    Ok(text)
}

/// The first `max` characters of a text, with an ellipsis in place of the last when something was left out.
pub fn excerpt(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(max.saturating_sub(1)).collect();
    short.push('…');
    short
}

fn check_length(field: &'static str, text: &str, min: usize, max: usize) -> Result<(), Invalid> {
    let length = text.chars().count();
    if length < min || length > max {
        return Err(Invalid::new(
            field,
            if min == 0 {
                format!("may have at most {max} characters; this has {length}")
            } else {
                format!("must have {min} to {max} characters; this has {length}")
            },
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_folded_and_measured_in_characters() {
        assert_eq!(line("name", "  two\n words\u{7} ", 3, 20).unwrap(), "two words");
        assert_eq!(line("name", "äöü", 3, 3).unwrap(), "äöü");
        assert!(line("name", "   ab ", 3, 20).is_err());
    }

    #[test]
    fn a_block_loses_nul_and_outer_space_only() {
        assert_eq!(block("text", "\n a\0b\r\nc \n", 0, 10).unwrap(), "ab\nc");
    }

    #[test]
    fn an_excerpt_says_that_it_is_one() {
        assert_eq!(excerpt("abcdef", 4), "abc…");
        assert_eq!(excerpt("abcd", 4), "abcd");
    }
}
