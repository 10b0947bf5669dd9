//! Reading a request: what it is about, what it forbids, and the names, periods and languages in it.

use super::{focus, words};

/// The languages an answer can be asked in.
const LANGUAGES: &str = "Arabic, Bulgarian, Chinese, Croatian, Czech, Danish, Dutch, English, Estonian, Finnish, \
        French, German, Greek, Hebrew, Hindi, Hungarian, Indonesian, Italian, Japanese, Korean, Latvian, \
        Lithuanian, Norwegian, Persian, Polish, Portuguese, Romanian, Russian, Serbian, Slovak, Slovenian, \
        Spanish, Swedish, Thai, Turkish, Ukrainian, Urdu, Vietnamese";

/// The language that a text asks to be written in: "in French", "to German".
pub fn language(text: &str) -> Option<&'static str> {
    let normalized = words::normalized(text);
    LANGUAGES.split(", ").find(|language| {
        let name = language.to_lowercase();
        ["in", "to", "into"].iter().any(|word| {
            // "in German banks" is about Germany.
            let phrase = format!(" {word} {name} ");
            normalized.find(&phrase).is_some_and(|at| {
                let next = normalized[at + phrase.len()..].split_whitespace().next().unwrap_or_default();
                next.is_empty() || words::is_stop_word(next) || next == "only" || next == "never"
            })
        })
    })
}

/// The rule that asks for a language.
pub fn language_rule(language: &str) -> String {
    format!("Write the whole answer in {language}; leave the titles of articles as they are.")
}

/// Words that are about our work and not about a subject.
const WORK_WORDS: &str = "analyse, analyses, analysis, analyze, answer, answers, article, articles, assistant, \
    auspex, build, create, day, design, draft, focus, focused, focusing, give, good, hello, help, hey, hi, level, \
    make, need, new, news, prompt, prompts, question, questions, report, reports, something, start, stuff, \
    summarise, summarize, summary, system, test, thing, things, topic, use, want, work, workshop, write";

/// Whether a text names a subject at all.
pub fn says_something(text: &str) -> bool {
    words::words(text)
        .iter()
        .any(|word| !words::is_stop_word(word) && !words::is_one_of(word, WORK_WORDS) && word.chars().count() > 1)
}

fn clauses(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for part in text.split_inclusive([',', ';', '.', '!', '?', '\n']) {
        let mut rest = part;
        while let Some((at, joint)) =
            [" and ", " but ", " with "].iter().filter_map(|j| rest.find(j).map(|at| (at, *j))).min()
        {
            found.push(&rest[..at]);
            rest = &rest[at + joint.len()..];
        }
        found.push(rest);
    }
    found
}

/// Whether a clause forbids something.
pub fn forbids(clause: &str) -> bool {
    let normalized = words::normalized(clause);
    words::opens_with(&normalized, "never, no, do not, dont, avoid, must not, without, not")
        || words::has(&normalized, "should never, must never, should not, must not, may not")
}

/// What a text forbids: its clauses that do.
pub fn prohibitions(text: &str) -> Vec<String> {
    let trimmed = |clause: &str| clause.trim().trim_end_matches([',', ';', '.', '!', '?']).trim().to_owned();
    clauses(text).into_iter().filter(|clause| forbids(clause)).map(trimmed).filter(|c| c.contains(' ')).collect()
}

/// A text without what it forbids.
pub fn without_prohibitions(text: &str) -> String {
    let mut left = text.to_owned();
    for clause in prohibitions(text) {
        left = left.replace(&clause, " ");
    }
    left
}

/// What a text is about, where it says so besides its focuses.
pub fn subject(text: &str) -> Option<String> {
    const BEFORE: &str = "about, regarding, concerning, covering, tracking, monitoring, track, monitor, follow, \
        following, on, of, into";
    const AFTER: &str =
        "for, with, so, that, which, who, aimed, written, including, focusing, focused, because, over, within";
    let tokens: Vec<&str> = text.split_whitespace().collect();
    let plain = |token: &str| token.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    for start in BEFORE.split(", ").filter_map(|word| tokens.iter().position(|token| plain(token) == word)) {
        let mut found: Vec<&str> = Vec::new();
        for token in tokens[start + 1..].iter().take(10) {
            if words::is_one_of(&plain(token), AFTER) {
                break;
            }
            found.push(token);
            if token.ends_with([',', '.', ';', ':', '?', '!']) {
                break;
            }
        }
        let subject = found.join(" ");
        let subject = subject.trim_matches(|c: char| !c.is_alphanumeric() && c != ')' && c != '(');
        let lead = subject.strip_prefix("the ").unwrap_or(subject);
        let normalized = words::normalized(lead);
        let own = normalized
            .split_whitespace()
            .any(|word| says_something(word) && focus::of(word).is_empty() && !words::has(&normalized, "focus"));
        if own {
            return Some(lead.to_owned());
        }
    }
    // A few words that name nothing we know are the subject themselves.
    (tokens.len() <= 6 && says_something(text) && focus::of(text).is_empty()).then(|| bare(text))
}

/// A request without "I need" and the like.
fn bare(text: &str) -> String {
    const LEADS: &str =
        "please|i need|i want|i would like|give me|write|make|create|help me with|a prompt for|a prompt on|news";
    let mut rest = text.trim();
    let lead_of = |text: &str| {
        let lower = text.to_lowercase();
        LEADS.split('|').find(|lead| lower.strip_prefix(lead).is_some_and(|rest| rest.starts_with(' ')))
    };
    while let Some(lead) = lead_of(rest) {
        rest = rest.get(lead.len()..).unwrap_or_default().trim_start();
    }
    rest.trim_end_matches(['.', '!', '?']).to_owned()
}

/// Names in a text, of companies, countries and people: words with a capital that do not open a sentence.
pub fn names(text: &str) -> Vec<String> {
    const NOT_NAMES: &str = "i, id, im, ive, auspex, ai, esg, ceo, cfo, cto, q1, q2, q3, q4, ok";
    let tokens: Vec<&str> = text.split_whitespace().collect();
    let is_name =
        |token: &str| token.trim_start_matches(|c: char| !c.is_alphanumeric()).starts_with(char::is_uppercase);
    if tokens.iter().filter(|token| is_name(token)).count() * 2 > tokens.len() {
        return Vec::new();
    }
    let mut found: Vec<String> = Vec::new();
    let mut open = false;
    for (at, token) in tokens.iter().enumerate() {
        let plain = token.trim_matches(|c: char| !c.is_alphanumeric());
        let lower = plain.replace(['\'', '’'], "").to_lowercase();
        let opens = at == 0 || tokens[at - 1].ends_with(['.', '!', '?', ':']);
        let known = words::is_one_of(&lower, NOT_NAMES)
            || words::is_one_of(plain, LANGUAGES)
                && tokens.get(at.wrapping_sub(1)).is_some_and(|t| ["in", "to"].contains(t));
        let named = is_name(token) && !known && (!opens || plain.chars().skip(1).any(char::is_uppercase));
        match found.last_mut() {
            Some(name) if named && open => {
                name.push(' ');
                name.push_str(plain);
            }
            _ if named => found.push(plain.to_owned()),
            _ => {}
        }
        open = named && !token.ends_with([',', '.', ';', ':', '!', '?']);
    }
    found
}

/// The periods in a text: "0-3 months", "6 to 12 months", "next two quarters".
pub fn periods(text: &str) -> Vec<String> {
    const UNITS: &str = "day, days, week, weeks, month, months, quarter, quarters, year, years";
    const NUMBERS: &str = "two, three, four, five, six, seven, eight, nine, ten, twelve";
    const JOINTS: &str = "to, and, or, -, –, next, last, past, coming, within, following, previous";
    let tokens: Vec<&str> = text.split_whitespace().collect();
    let plain = |token: &str| token.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let number = |token: &str| token.contains(|c: char| c.is_ascii_digit()) || words::is_one_of(&plain(token), NUMBERS);
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if !words::is_one_of(&plain(token), UNITS) || at == 0 || !number(tokens[at - 1]) {
            continue;
        }
        let mut start = at - 1;
        while start > 0 && (number(tokens[start - 1]) || words::is_one_of(&tokens[start - 1].to_lowercase(), JOINTS)) {
            start -= 1;
        }
        while start < at - 1 && words::is_one_of(&tokens[start].to_lowercase(), "and, or, to") {
            start += 1;
        }
        let period = tokens[start..=at].join(" ");
        found.push(period.trim_matches(|c: char| !c.is_alphanumeric()).to_owned());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_names_and_periods_are_kept_in_their_words() {
        for (request, about, named, over) in [
            ("track export controls for our board", Some("export controls"), vec![], vec![]),
            (
                "analysis of how TSMC and Samsung see South Korea over the next 12 months",
                Some("how TSMC and Samsung see South Korea"),
                vec!["TSMC", "Samsung", "South Korea"],
                vec!["next 12 months"],
            ),
            ("financial analysis with focus on risk", None, vec![], vec![]),
            ("risks at 0-3 months and 6 to 12 months", None, vec![], vec!["0-3 months", "6 to 12 months"]),
        ] {
            assert_eq!(subject(request).as_deref(), about, "{request}");
            assert_eq!(names(request), named, "{request}");
            assert_eq!(periods(request), over, "{request}");
        }
    }

    #[test]
    fn a_greeting_says_nothing_of_the_subject() {
        for vague in ["hi", "Hello, I need a prompt", "help me write something about the news"] {
            assert!(!says_something(vague), "{vague}");
        }
        assert!(says_something("wheat"));
    }

    #[test]
    fn a_language_is_asked_for_and_not_just_named() {
        assert_eq!(language("answer in French"), Some("French"));
        assert_eq!(language("in French, please"), Some("French"));
        assert_eq!(language("the mood in German industry"), None);
    }
}
