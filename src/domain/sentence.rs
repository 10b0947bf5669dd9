//! Where sentences end, and which of them state a figure or a quotation.
//!
//! Works on plain English-like text, as [`crate::domain::passage`] takes it from Markdown. A full stop ends a sentence
//! unless the word before it is an abbreviation or the next word goes on in lower case; where an abbreviation may also
//! end a sentence ("U.S.", "Inc."), the next word decides.

use std::ops::Range;

/// Abbreviations that never end a sentence.
const ABBREVIATIONS: &[&str] = &[
    "dr", "mr", "mrs", "ms", "prof", "rev", "hon", "sen", "rep", "gov", "gen", "col", "capt", "lt", "sgt", "st", "mt",
    "ft", "vs", "v", "cf", "ca", "approx", "e.g", "i.e", "eg", "ie", "viz", "al", "messrs", "pres", "supt",
];
/// Abbreviations before a number.
const BEFORE_NUMBERS: &[&str] = &[
    "no", "nos", "art", "fig", "figs", "p", "pp", "vol", "ch", "sec", "par", "jan", "feb", "mar", "apr", "jun", "jul",
    "aug", "sep", "sept", "oct", "nov", "dec",
];
/// Abbreviations that may end a sentence.
const PERHAPS_LAST: &[&str] =
    &["inc", "ltd", "co", "corp", "bros", "jr", "sr", "dept", "est", "llc", "plc", "gmbh", "bn"];
/// Words that open a sentence and hardly ever follow an abbreviation within one, when written with a capital.
const OPENERS: &[&str] = &[
    "the",
    "a",
    "an",
    "this",
    "that",
    "these",
    "those",
    "it",
    "its",
    "in",
    "on",
    "at",
    "by",
    "for",
    "from",
    "with",
    "he",
    "she",
    "they",
    "we",
    "his",
    "her",
    "their",
    "our",
    "but",
    "and",
    "or",
    "however",
    "while",
    "when",
    "after",
    "before",
    "as",
    "if",
    "there",
    "meanwhile",
    "since",
    "although",
    "what",
    "some",
    "many",
    "most",
    "both",
    "all",
    "no",
    "yet",
];
/// A quotation that is longer than this was not closed.
const LONGEST_QUOTATION: usize = 600;
/// Fewer words in quotation marks are a term, not a quotation.
const QUOTATION_WORDS: usize = 3;

/// The sentences of a text, without white space around them. Inside the `solid` ranges (links), which are in order, none
/// ends; behind a full stop they open one.
pub fn sentences(text: &str, solid: &[Range<usize>]) -> Vec<Range<usize>> {
    let quoted = quotations(text);
    let mut found = Vec::new();
    let mut push = |range: Range<usize>| {
        let piece = &text[range.clone()];
        let start = range.start + piece.len() - piece.trim_start().len();
        let end = range.start + piece.trim_end().len();
        if start < end {
            found.push(start..end);
        }
    };
    let (mut start, mut done, mut next_solid, mut next_quoted) = (0, 0, 0, 0);
    for (at, c) in text.char_indices() {
        while solid.get(next_solid).is_some_and(|range| range.end <= at) {
            next_solid += 1;
        }
        while quoted.get(next_quoted).is_some_and(|range| range.end <= at) {
            next_quoted += 1;
        }
        let in_link = solid.get(next_solid).is_some_and(|range| range.start <= at);
        if at < done || in_link || !(is_terminator(c) || c == '\n') {
            continue;
        }
        let run = length_while(&text[at..], is_terminator).max(c.len_utf8());
        let end = at + run + length_while(&text[at + run..], is_closer);
        done = at + run;
        let in_quotation = quoted.get(next_quoted).is_some_and(|range| range.start < at && end < range.end);
        let stop = Stop { before: &text[start..at], mark: &text[at..at + run], text, end, solid: &solid[next_solid..] };
        if !in_quotation && stop.ends_sentence() {
            push(start..end);
            start = end;
            done = end;
        }
    }
    push(start..text.len());
    found
}

/// The quotations of a text, quotation marks included, in order.
pub fn quotations(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let opens = match c {
            '“' | '„' | '«' => true,
            '"' => before.is_whitespace() || "([{—–-".contains(before),
            _ => false,
        };
        before = c;
        if !opens || found.last().is_some_and(|range| at < range.end) {
            continue;
        }
        let inner = at + c.len_utf8();
        let close =
            text[inner..].char_indices().take_while(|(i, _)| *i < LONGEST_QUOTATION).find(|(_, mark)| match c {
                '“' => *mark == '”',
                '„' => matches!(mark, '“' | '”'),
                '«' => *mark == '»',
                _ => *mark == '"',
            });
        if let Some((length, mark)) = close {
            found.push(at..inner + length + mark.len_utf8());
        }
    }
    found
}

/// Whether a sentence states a figure: a number, a date, an amount, a share. Names such as "G7", "COVID-19" or "5G" are
/// none, nor are addresses.
pub fn states_figure(sentence: &str) -> bool {
    let mut before = "";
    sentence.split_whitespace().any(|token| {
        let word = token.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        let spelled = matches!(word.as_str(), "percent" | "million" | "billion" | "trillion")
            || (word == "cent" && before.eq_ignore_ascii_case("per"));
        before = token;
        let address = token.contains("://") || token.starts_with("www.");
        spelled || (!address && token.split(['–', '—', '/']).any(is_figure))
    })
}

/// Whether a sentence quotes somebody: three words or more in quotation marks.
pub fn states_quotation(sentence: &str) -> bool {
    quotations(sentence).into_iter().any(|range| {
        sentence[range].split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).count() >= QUOTATION_WORDS
    })
}

fn is_figure(token: &str) -> bool {
    let word = token.trim_matches(|c: char| !c.is_alphanumeric());
    let prefix = word.trim_end_matches(|c: char| c != '-');
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        // Generations and dimensions.
        return !matches!(word, "2D" | "3D" | "4D" | "2G" | "3G" | "4G" | "5G" | "6G" | "5G-enabled" | "3D-printed");
    }
    let letters = length_while(word, char::is_alphabetic);
    let (name, rest) = word.split_at(letters);
    let digits_follow = rest.starts_with(|c: char| c.is_ascii_digit());
    let symbol_follows = rest.starts_with(['$', '€', '£', '¥']) && rest.contains(|c: char| c.is_ascii_digit());
    let money = matches!(name, "USD" | "EUR" | "GBP" | "CHF" | "JPY" | "CNY" | "INR" | "Rs");
    let part_of_year = matches!(name, "Q" | "H" | "FY");
    let year = rest.strip_prefix('-').is_some_and(|year| year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit()));
    // "mid-2024" and "sub-3%", but not "COVID-19".
    let hyphened = prefix.len() == name.len() + 1
        && name.chars().all(char::is_lowercase)
        && rest[1..].starts_with(|c: char| c.is_ascii_digit());
    symbol_follows || year || hyphened || (digits_follow && (money || part_of_year))
}

/// A place where a sentence may end.
struct Stop<'a> {
    /// The sentence so far, without the mark.
    before: &'a str,
    mark: &'a str,
    text: &'a str,
    /// Behind the mark and the brackets and quotation marks it closes.
    end: usize,
    /// Links from here on.
    solid: &'a [Range<usize>],
}

impl Stop<'_> {
    fn ends_sentence(&self) -> bool {
        let after = &self.text[self.end..];
        let next = after.trim_start();
        let next_at = self.text.len() - next.len();
        let link_next =
            self.solid.iter().take_while(|range| range.start <= next_at).any(|range| range.start == next_at);
        let wide = self.mark.starts_with(['。', '！', '？']);
        let apart = after.len() > next.len() || (link_next && !next.is_empty()) || wide || self.mark == "\n";
        if next.is_empty() || !apart {
            return false;
        }
        let opens = next.trim_start_matches(|c: char| !c.is_alphanumeric() && !c.is_whitespace());
        if !link_next && opens.starts_with(char::is_lowercase) {
            return false;
        }
        match self.mark {
            "." => !self.abbreviates(next),
            // "Rates rose ... Bonds fell": left out words, not an end.
            "…" | "..." => !self.before.ends_with(char::is_whitespace),
            _ => true,
        }
    }

    fn abbreviates(&self, next: &str) -> bool {
        let token = self.before.rsplit(char::is_whitespace).next().unwrap_or_default();
        let word = token.trim_start_matches(|c: char| !c.is_alphanumeric());
        let lower = word.to_lowercase();
        let lower = lower.as_str();
        let is_numeral = !word.is_empty() && word.len() <= 2 && word.bytes().all(|byte| byte.is_ascii_digit());
        if is_numeral {
            return self.before.trim() == token;
        }
        if ABBREVIATIONS.contains(&lower) {
            return true;
        }
        if BEFORE_NUMBERS.contains(&lower) && next.starts_with(|c: char| c.is_ascii_digit()) {
            return true;
        }
        let initial = word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
        let acronym = word.contains('.')
            && word.split('.').all(|part| (1..=2).contains(&part.len()) && part.chars().all(char::is_alphabetic));
        (initial || acronym || PERHAPS_LAST.contains(&lower)) && !self.sentence_opens()
    }

    /// Whether the words behind the mark, links left aside, begin a sentence.
    fn sentence_opens(&self) -> bool {
        let mut at = self.end;
        for range in self.solid.iter().filter(|range| range.start >= self.end) {
            if !self.text[at..range.start].chars().all(is_between) {
                break;
            }
            at = range.end;
        }
        let rest = self.text[at..].trim_start_matches(is_between);
        let word = &rest[..length_while(rest, char::is_alphabetic)];
        word.starts_with(char::is_uppercase) && OPENERS.contains(&word.to_lowercase().as_str())
    }
}

/// What may stand between a sentence and the citations behind it.
pub fn is_between(c: char) -> bool {
    c.is_whitespace() || "()[];,.".contains(c)
}

fn is_terminator(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…' | '。' | '！' | '？')
}

fn is_closer(c: char) -> bool {
    matches!(c, ')' | ']' | '"' | '”' | '“' | '’' | '\'' | '»')
}

fn length_while(text: &str, wanted: impl Fn(char) -> bool) -> usize {
    text.find(|c| !wanted(c)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(text: &str) -> Vec<&str> {
        sentences(text, &[]).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn plain_sentences_are_told_apart() {
        assert_eq!(
            split("Rates rose. Did bonds fall? Yes!  Indeed… Then it ended"),
            ["Rates rose.", "Did bonds fall?", "Yes!", "Indeed…", "Then it ended"]
        );
        assert_eq!(
            split("It rose (by 3 %.) Then \"it fell.\" The end."),
            ["It rose (by 3 %.)", "Then \"it fell.\"", "The end."]
        );
        assert_eq!(split("一。二"), ["一。", "二"]);
        assert!(split("  ").is_empty());
    }

    #[test]
    fn abbreviations_decimals_and_initials_end_nothing() {
        for whole in [
            "The U.S. Treasury grew 3.5 percent, e.g. in bonds, i.e. Bunds.",
            "Dr. Smith and Prof. J. R. Hartley met Mr. Jones vs. Acme.",
            "See No. 5, Fig. 2 and pp. 3 of Jan. 5 at St. Gallen.",
            "Apple Inc. Chief Tim Cook left approx. 40 Bn. behind.",
            "1. Overview of it",
            "He waited ... and it came.",
            "\"Really?\" he said.",
            "Rates rose ... Bonds fell.",
            "Version 2.0.1 of example.com rose.",
        ] {
            assert_eq!(split(whole), [whole]);
        }
    }

    #[test]
    fn what_may_end_a_sentence_does_before_one_that_opens() {
        assert_eq!(split("He left the U.S. The dollar fell."), ["He left the U.S.", "The dollar fell."]);
        assert_eq!(split("He works at Acme Inc. It grew."), ["He works at Acme Inc.", "It grew."]);
        assert_eq!(split("Did it? No. 5 of them left."), ["Did it?", "No. 5 of them left."]);
        assert_eq!(
            split("She said no. They left in Dec. Sales fell in 2024. 5 stayed."),
            ["She said no.", "They left in Dec.", "Sales fell in 2024.", "5 stayed."]
        );
    }

    #[test]
    fn a_quotation_is_not_torn() {
        let whole = "She said “We rose. We fell. We rest.” on Monday.";
        assert_eq!(split(whole), [whole]);
        assert_eq!(
            split("He said \"It fell. It rose.\" Then he left."),
            ["He said \"It fell. It rose.\"", "Then he left."]
        );
    }

    #[test]
    fn a_line_that_ends_by_intent_ends_a_sentence() {
        assert_eq!(split("Oil: 80\nGas: 3"), ["Oil: 80", "Gas: 3"]);
        assert_eq!(split("Oil rose\nand fell"), ["Oil rose\nand fell"]);
    }

    #[test]
    fn links_are_not_torn_and_open_a_sentence() {
        let text = "It rose. what Dr. X. Y said. It did not.";
        let link = 9..27;
        assert_eq!(&text[link.clone()], "what Dr. X. Y said");
        let found: Vec<&str> = sentences(text, &[link]).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, ["It rose.", "what Dr. X. Y said.", "It did not."]);
    }

    #[test]
    fn figures_are_numbers_and_not_names() {
        for figure in [
            "It grew 3.5 %.",
            "in 2024",
            "$4bn went",
            "US$4 went",
            "EUR5m",
            "mid-2024",
            "March-2024",
            "three percent",
            "two per cent",
            "a million people",
            "(12)",
            "Q3 results",
            "rose [1]",
            "10–12%",
            "the 19th",
        ] {
            assert!(states_figure(figure), "{figure}");
        }
        for name in [
            "The G7 met",
            "COVID-19 and GPT-4",
            "5G and 3D",
            "CO2",
            "see https://example.com/2024/05",
            "per capita",
            "no figures",
        ] {
            assert!(!states_figure(name), "{name}");
        }
    }

    #[test]
    fn quotations_have_three_words() {
        assert!(states_quotation("He said \"we will not rest\"."));
        assert!(states_quotation("Er sagte „wir ruhen nie“."));
        assert!(!states_quotation("A so-called \"AI winter\" came."));
        assert!(!states_quotation("A 5\" screen and a 6\" one with more words"));
    }

    proptest! {
        #[test]
        fn sentences_lie_in_order_and_hold_all_but_white_space(text in "([A-Ca-c0-9.!?… \"“”é]|U\\.S\\. |Dr\\. |。|\n){0,60}") {
            let found = sentences(&text, &[]);
            prop_assert!(found.windows(2).all(|pair| pair[0].end <= pair[1].start));
            let held: String = found.iter().flat_map(|range| text[range.clone()].split_whitespace()).collect();
            prop_assert_eq!(held, text.split_whitespace().collect::<String>());
            states_figure(&text);
        }
    }
}
