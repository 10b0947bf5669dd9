//! The citation check: does an answer rest on the articles that were found for it?
//!
//! - Every link is judged against the articles of the run: valid, a title that does not fit, or an address that is none
//!   of them.
//! - A **claim** is a sentence that states a figure (number, share, amount, date) or a quotation, or that carries a
//!   link. Headings, labels in bold, code, the heads of tables and the numbering of lists claim nothing; nor do questions
//!   and lines that end in a colon, unless they carry a link. A row of a table is one sentence. Lists that hold links
//!   and nothing else (a list of sources at the end) are no claims, though their links are judged.
//! - A claim is **cited** when one of its links points to an article of the run, whatever its title says; otherwise it is
//!   uncited, also when it has links that are unknown.
//! - A link alone behind a sentence's full stop, or in a paragraph or inner list item of its own below it, belongs to
//!   that sentence.

use crate::choice;
use crate::domain::passage::{self, Link, Passage, PassageKind};
use crate::domain::sentence::{self, is_between};
use crate::domain::{ArticleId, markdown, text};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt::Write as _;

/// How long an uncited sentence is told.
const SENTENCE_LENGTH: usize = 300;
/// Of ten words of the longer title, the shorter one must have these.
const TITLE_SHARE: usize = 6;
/// Link texts that name no article.
const NAMELESS: [&str; 12] = [
    "source",
    "sources",
    "link",
    "here",
    "article",
    "articles",
    "readmore",
    "clickhere",
    "url",
    "ref",
    "reference",
    "seehere",
];

/// An article that may be cited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source<'a> {
    /// Its id.
    pub id: ArticleId,
    /// Its address.
    pub uri: &'a str,
    /// Its title.
    pub title: &'a str,
}

choice! {
    /// What is to be thought of a citation.
    pub enum CitationVerdict {
        /// Address and title are those of an article of this run.
        Valid = "valid",
        /// The address is that of an article of this run, the title is not.
        TitleMismatch = "title_mismatch",
        /// No article of this run has the address.
        UnknownUrl = "unknown_url",
    }
}

/// A link of an answer, judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Citation {
    /// The text of the link.
    pub title: String,
    /// Where it points, as written.
    pub url: String,
    /// What is to be thought of it.
    pub verdict: CitationVerdict,
    /// The article it points to, when it is one of this run.
    #[schema(value_type = Option<i64>)]
    pub article_id: Option<ArticleId>,
    /// The character of the answer at which the link begins, from 0.
    pub start: u32,
    /// The first character of the answer behind the link.
    pub end: u32,
}

/// The check of every citation of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CitationCheck {
    /// Sentences that state a figure or a quotation, or carry a link.
    pub claims: u32,
    /// Claims with a link to an article of this run.
    pub cited: u32,
    /// Links whose address and title are those of an article of this run.
    pub valid: u32,
    /// Links to an article of this run with another title.
    pub mismatched: u32,
    /// Links to something else.
    pub unknown: u32,
    /// Claims without a link to an article of this run.
    pub uncited: u32,
    /// Every link, in order.
    pub items: Vec<Citation>,
    /// The uncited claims, each shortened to 300 characters.
    pub uncited_sentences: Vec<String>,
}

impl CitationCheck {
    /// The check in one line, such as "14 claims, 12 cited, 1 unknown link".
    pub fn line(&self) -> String {
        let plural = |count: u32| if count == 1 { "" } else { "s" };
        let mut line = format!("{} claim{}, {} cited", self.claims, plural(self.claims), self.cited);
        let rest = [(self.mismatched, "title mismatch", "es"), (self.unknown, "unknown link", "s")];
        for (count, what, many) in rest.into_iter().filter(|(count, ..)| *count > 0) {
            let _ = write!(line, ", {count} {what}{}", if count == 1 { "" } else { many });
        }
        line
    }
}

/// Checks the citations of an answer against the articles it was given.
pub fn check(answer: &str, sources: &[Source<'_>]) -> CitationCheck {
    let (passages, links) = passage::read(answer, sources.iter().map(|source| source.uri));
    let items = judge(answer, &links, sources);
    let mut check = CitationCheck::default();
    for claim in claims(&passages) {
        check.claims += 1;
        let rests_on_article = |link: &usize| items.get(*link).is_some_and(|item| item.article_id.is_some());
        if claim.links.iter().any(rests_on_article) {
            check.cited += 1;
        } else {
            check.uncited += 1;
            check.uncited_sentences.push(text::excerpt(&claim.text, SENTENCE_LENGTH));
        }
    }
    for item in &items {
        match item.verdict {
            CitationVerdict::Valid => check.valid += 1,
            CitationVerdict::TitleMismatch => check.mismatched += 1,
            CitationVerdict::UnknownUrl => check.unknown += 1,
        }
    }
    check.items = items;
    check
}

struct Sentence {
    text: String,
    /// It states a figure or a quotation.
    states: bool,
    links: Vec<usize>,
}

impl Sentence {
    fn is_claim(&self) -> bool {
        self.states || !self.links.is_empty()
    }
}

fn claims(passages: &[Passage]) -> Vec<Sentence> {
    let mut all: Vec<Sentence> = Vec::new();
    // The depth at which the last sentence stands, while links may still be added to it.
    let mut open: Option<usize> = None;
    for passage in passages {
        let (sentences, stray) = match passage.kind {
            PassageKind::Heading => (Vec::new(), Vec::new()),
            PassageKind::Paragraph | PassageKind::Item | PassageKind::Row => sentences_of(passage),
        };
        if !sentences.is_empty() {
            let introduces = sentences.last().is_some_and(|sentence| sentence.text.ends_with(':'));
            open = (!introduces).then_some(passage.depth);
            all.extend(sentences);
            continue;
        }
        let below = open.is_some_and(|depth| {
            passage.depth > depth || (passage.depth == depth && passage.kind == PassageKind::Paragraph)
        });
        match all.last_mut().filter(|_| below && !stray.is_empty()) {
            Some(sentence) => sentence.links.extend(stray),
            None => open = None,
        }
    }
    all.retain(Sentence::is_claim);
    all
}

/// The sentences of a passage with their links; when it has none, the links that stand in it alone.
fn sentences_of(passage: &Passage) -> (Vec<Sentence>, Vec<usize>) {
    let solid: Vec<_> = passage.links.iter().map(|(range, _)| range.clone()).collect();
    let whole = std::iter::once(0..passage.text.len()).collect();
    let ranges = match passage.kind {
        PassageKind::Row => whole,
        PassageKind::Heading | PassageKind::Paragraph | PassageKind::Item => sentence::sentences(&passage.text, &solid),
    };
    let said = without_links_and_code(passage);
    let mut found: Vec<Sentence> = Vec::new();
    let mut stray: Vec<usize> = Vec::new();
    let mut next_link = 0;
    for range in ranges {
        let first = next_link;
        while passage.links.get(next_link).is_some_and(|(link, _)| link.start < range.end) {
            next_link += 1;
        }
        let links = &passage.links[first..next_link];
        let ids = |links: &[(std::ops::Range<usize>, usize)]| links.iter().map(|(_, id)| *id).collect::<Vec<_>>();
        if is_bare(&said[range.clone()]) {
            match found.last_mut() {
                Some(sentence) => sentence.links.extend(ids(links)),
                None => stray.extend(ids(links)),
            }
            continue;
        }
        let mut start = range.start;
        let mut own = links;
        if let Some(before) = found.last_mut()
            && let Some((count, rest)) = leading_links(&passage.text[..range.end], start, links)
        {
            before.links.extend(ids(&links[..count]));
            (start, own) = (rest, &links[count..]);
        }
        let text = markdown::fold(&passage.text[start..range.end]);
        let states = states(&said[start..range.end], &text);
        let links = stray.drain(..).chain(ids(own)).collect();
        found.push(Sentence { text, states, links });
    }
    (found, stray)
}

/// The text of a passage with links and code blanked, so that their figures do not count.
fn without_links_and_code(passage: &Passage) -> String {
    let mut said = passage.text.clone();
    for range in passage.links.iter().map(|(range, _)| range).chain(&passage.code) {
        said.replace_range(range.clone(), &" ".repeat(range.len()));
    }
    said
}

fn states(said: &str, shown: &str) -> bool {
    let end = shown.trim_end_matches(|c: char| ")]\"”’'»* ".contains(c));
    // The number of an item that Markdown did not take for one.
    let said = said.trim_start();
    let unnumbered = said.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_numbered = (1..=2).contains(&(said.len() - unnumbered.len())) && unnumbered.starts_with([')', '.']);
    let said = unnumbered.get(1..).filter(|rest| is_numbered && rest.starts_with(' ')).unwrap_or(said);
    !end.ends_with(['?', ':']) && (sentence::states_figure(said) || sentence::states_quotation(said))
}

/// Whether nothing is said beside links: no words, or only such as "Source:" and "and".
fn is_bare(said: &str) -> bool {
    const CONNECTING: [&str; 10] = ["source", "sources", "see", "also", "and", "via", "cf", "read", "more", "from"];
    said.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .all(|word| CONNECTING.contains(&word.to_lowercase().as_str()))
}

/// How many links open a sentence without being part of it, and where it goes on. A link before a capital letter stands
/// by itself; before a small letter or a colon it is what the sentence is about.
fn leading_links(text: &str, start: usize, links: &[(std::ops::Range<usize>, usize)]) -> Option<(usize, usize)> {
    let mut at = start;
    let mut count = 0;
    for (range, _) in links {
        if !text[at..range.start].chars().all(is_between) {
            break;
        }
        at = range.end;
        count += 1;
    }
    let rest = text[at..].trim_start_matches(is_between);
    let opens = rest.trim_start_matches(|c: char| "\"“„«'‘$€£".contains(c));
    let stands_alone = opens.starts_with(|c: char| c.is_numeric() || (c.is_alphabetic() && !c.is_lowercase()));
    (count > 0 && stands_alone).then(|| (count, text.len() - rest.len()))
}

fn judge(answer: &str, links: &[Link], sources: &[Source<'_>]) -> Vec<Citation> {
    let mut exact: HashMap<&str, &Source<'_>> = HashMap::new();
    let mut near: HashMap<String, &Source<'_>> = HashMap::new();
    for source in sources {
        exact.entry(source.uri.trim()).or_insert(source);
        near.entry(same_address(source.uri)).or_insert(source);
    }
    let (mut bytes, mut characters) = (0, 0);
    let mut character_at = |offset: usize| {
        characters += answer.get(bytes..offset).map_or(0, |piece| piece.chars().count());
        bytes = offset.max(bytes);
        u32::try_from(characters).unwrap_or(u32::MAX)
    };
    links
        .iter()
        .map(|link| {
            let source = exact.get(link.url.as_str()).or_else(|| near.get(&same_address(&link.url)));
            Citation {
                title: link.title.clone(),
                url: link.url.clone(),
                verdict: match source {
                    Some(source) if same_title(&link.title, source.title) => CitationVerdict::Valid,
                    Some(_) => CitationVerdict::TitleMismatch,
                    None => CitationVerdict::UnknownUrl,
                },
                article_id: source.map(|source| source.id),
                start: character_at(link.range.start),
                end: character_at(link.range.end),
            }
        })
        .collect()
}

/// An address in a form that is the same for all ways to write it: no fragment, no slash at the end, one way of percent
/// encoding.
fn same_address(url: &str) -> String {
    let url = url.trim().replace("&amp;", "&");
    let url = url.split('#').next().unwrap_or_default();
    let mut same = String::with_capacity(url.len());
    let mut rest = url.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let encoded = match rest {
            [b'%', high, low, ..] => hex(*high).zip(hex(*low)).map(|(high, low)| high * 16 + low),
            _ => None,
        };
        rest = if encoded.is_some() { &rest[3..] } else { after };
        match (encoded, *byte) {
            (Some(byte), _) if byte.is_ascii_alphanumeric() || b"-._~!'()*,;:@$".contains(&byte) => {
                same.push(byte.into())
            }
            (Some(byte), _) => push_encoded(&mut same, byte),
            (None, byte) if byte.is_ascii_graphic() => same.push(byte.into()),
            (None, byte) => push_encoded(&mut same, byte),
        }
    }
    same.truncate(same.trim_end_matches('/').len());
    same
}

fn push_encoded(text: &mut String, byte: u8) {
    let _ = write!(text, "%{byte:02X}");
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| value.try_into().ok())
}

/// Whether two titles are the same but for case, punctuation and white space, or one holds most of the other.
fn same_title(given: &str, title: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
    };
    let (given, title) = (words(given), words(title));
    let joined = given.concat();
    if joined.chars().all(char::is_numeric) || NAMELESS.contains(&joined.as_str()) {
        return false;
    }
    if joined == title.concat() {
        return true;
    }
    let (shorter, longer) = if given.len() < title.len() { (given, title) } else { (title, given) };
    let most = shorter.len() * 10 >= longer.len() * TITLE_SHARE;
    !shorter.is_empty() && most && longer.windows(shorter.len()).any(|part| part == shorter.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SOURCES: [Source<'static>; 5] = [
        Source { id: ArticleId(1), uri: "https://news.example/rates", title: "Fed raises rates by 0.25 points" },
        Source { id: ArticleId(2), uri: "https://en.example/wiki/Mercury_(planet)", title: "Mercury (planet)" },
        Source {
            id: ArticleId(3),
            uri: "https://news.example/oil?a=1&b=2",
            title: "Oil, \"black gold\": U.S. output peaks",
        },
        Source { id: ArticleId(4), uri: "https://news.example/caf%c3%a9/", title: "Café culture returns to Vienna" },
        Source { id: ArticleId(5), uri: "https://news.example/a)b", title: "An odd address" },
    ];

    const RATES: &str = "[Fed raises rates by 0.25 points](https://news.example/rates)";
    const OIL: &str = "[Oil, black gold: U.S. output peaks](https://news.example/oil?a=1&b=2)";
    const UNKNOWN: &str = "[Made up](https://nowhere.example/x)";

    fn counts(answer: &str) -> (u32, u32) {
        let check = check(answer, &SOURCES);
        assert_eq!(check.claims, check.cited + check.uncited, "{answer}");
        (check.claims, check.cited)
    }

    fn verdict(link: &str) -> (&'static str, i64) {
        let check = check(link, &SOURCES);
        assert_eq!(check.items.len(), 1, "{link}");
        (check.items[0].verdict.as_str(), check.items[0].article_id.map_or(0, |id| id.0))
    }

    #[test]
    fn an_answer_is_checked_as_a_whole() {
        let answer = format!(
            "# Rates in 2024\n\nThe Fed raised rates by 0.25 points {RATES}. Markets shrugged. Output rose 3.5 % in the U.S. \
             last year. {OIL} Growth reached 2 %.\n\n- Café sales doubled, [Sales](https://news.example/caf%C3%A9).\n\
             - Gold hit $2,000 {UNKNOWN}\n"
        );
        let check = check(&answer, &SOURCES);
        assert_eq!(check.line(), "5 claims, 3 cited, 1 title mismatch, 1 unknown link");
        assert_eq!((check.valid, check.mismatched, check.unknown, check.uncited), (2, 1, 1, 2));
        assert_eq!(check.uncited_sentences, ["Growth reached 2 %.", "Gold hit $2,000 Made up"]);
        let characters: Vec<char> = answer.chars().collect();
        let at = |item: &Citation| characters[item.start as usize..item.end as usize].iter().collect::<String>();
        assert_eq!(at(&check.items[0]), RATES);
        assert_eq!(at(&check.items[2]), "[Sales](https://news.example/caf%C3%A9)");
        assert_eq!(at(&check.items[3]), UNKNOWN);
    }

    #[test]
    fn the_line_has_right_numbers_and_no_zeros() {
        let line = |claims, cited, mismatched, unknown| {
            CitationCheck { claims, cited, mismatched, unknown, ..CitationCheck::default() }.line()
        };
        assert_eq!(line(14, 12, 0, 1), "14 claims, 12 cited, 1 unknown link");
        assert_eq!(line(1, 1, 1, 0), "1 claim, 1 cited, 1 title mismatch");
        assert_eq!(line(0, 0, 2, 2), "0 claims, 0 cited, 2 title mismatches, 2 unknown links");
    }

    #[test]
    fn addresses_are_compared_without_their_ways_of_writing() {
        for (link, expected) in [
            ("[Mercury (planet)](https://en.example/wiki/Mercury_(planet))", ("valid", 2)),
            ("[Mercury (planet)](https://en.example/wiki/Mercury_(planet)", ("valid", 2)),
            ("[Mercury (planet)](<https://en.example/wiki/Mercury_(planet)>)", ("valid", 2)),
            ("[Mercury \\(planet\\)](https://en.example/wiki/Mercury_%28planet%29)", ("valid", 2)),
            ("[**Mercury** _(planet)_](https://en.example/wiki/Mercury_\\(planet\\)#orbit)", ("valid", 2)),
            ("[An odd address](https://news.example/a)b)", ("valid", 5)),
            ("[Mercury (planet)][o]\n\n[o]: https://en.example/wiki/Mercury_(planet)", ("valid", 2)),
            ("[Café culture returns to Vienna](https://news.example/caf%C3%A9)", ("valid", 4)),
            ("[Café culture returns to Vienna](https://news.example/café/)", ("valid", 4)),
            ("[oil black gold US output peaks](https://news.example/oil?a=1&amp;b=2)", ("valid", 3)),
            ("[Oil](https://news.example/oil?a=1&b=3)", ("unknown_url", 0)),
            ("[Fed raises rates by 0.25 points](http://news.example/rates)", ("unknown_url", 0)),
            ("[Fed raises rates by 0.25 points]()", ("unknown_url", 0)),
            ("<https://news.example/rates>", ("title_mismatch", 1)),
        ] {
            assert_eq!(verdict(link), expected, "{link}");
        }
    }

    #[test]
    fn titles_are_compared_by_their_words() {
        for (title, expected) in [
            ("FED RAISES RATES — by 0.25 points!", "valid"),
            ("Fed raises rates by 0.25 points - The Example News", "valid"),
            ("Fed raises rates by", "title_mismatch"),
            ("Fed raises rates by 0.25", "valid"),
            ("Fed raises points by 0.25 rates", "title_mismatch"),
            ("1", "title_mismatch"),
            ("Source", "title_mismatch"),
            ("link", "title_mismatch"),
            ("", "title_mismatch"),
            ("![Fed raises rates by 0.25 points](x)", "title_mismatch"),
        ] {
            assert_eq!(verdict(&format!("[{title}](https://news.example/rates)")).0, expected, "{title}");
        }
    }

    #[test]
    fn figures_and_quotations_are_claims_and_little_else() {
        for claim in ["It grew 3.5 %.", "In 2024 it fell.", "She said \"we will not rest\".", "Some 3 million left."] {
            assert_eq!(counts(claim), (1, 0), "{claim}");
        }
        for other in [
            "It grew.",
            "The G7 met.",
            "# 5 things in 2024",
            "**5 things**",
            "What fell in 2024?",
            "Three things stood out in 2024:",
            "1. It grew.\n2. It fell.",
            "`x = 5`",
            "```\n5 %\n```",
            "![5](x)",
            "",
            "2) **Oil**: it grew.",
        ] {
            assert_eq!(counts(other), (0, 0), "{other}");
        }
        assert_eq!(counts(&format!("It grew {RATES}.")), (1, 1));
        assert_eq!(counts(&format!("It grew {UNKNOWN}.")), (1, 0));
        assert_eq!(counts(&format!("See, in 2024: {RATES}")), (1, 1));
    }

    #[test]
    fn a_citation_behind_the_full_stop_belongs_to_the_sentence() {
        for answer in [
            format!("It grew 3 %. {RATES}"),
            format!("It grew 3 %.{RATES}"),
            format!("It grew 3 %. ({RATES}; {OIL})."),
            format!("It grew 3 %.\n{RATES}\n"),
            format!("It grew 3 %.\n\n{RATES}\n"),
            format!("It grew 3 %. Source: {RATES}"),
            format!("- It grew 3 %.\n  - {RATES}\n  - {OIL}"),
            format!("It grew 3 % in the U.S. {RATES}"),
            format!("{RATES}: It grew 3 %."),
            format!("{RATES}. It grew 3 %."),
            format!("\"It grew a lot.\" {RATES}"),
        ] {
            assert_eq!(counts(&answer), (1, 1), "{answer}");
        }
        assert_eq!(counts(&format!("It grew 3 %. {RATES} It fell 2 %. {OIL} It ended in 2024.")), (3, 2));
        assert_eq!(counts(&format!("It grew 3 % in the U.S. {RATES} The rest fell 2 %.")), (2, 1));
        assert_eq!(counts(&format!("It grew 3 %. {RATES} says that it fell.")), (2, 1));
    }

    #[test]
    fn a_list_of_sources_is_no_claim_but_is_judged() {
        let answer = format!("It grew 3 % {RATES}.\n\n## Sources\n\n- {RATES}\n- {UNKNOWN}\n");
        let check = check(&answer, &SOURCES);
        assert_eq!((check.line().as_str(), check.valid), ("1 claim, 1 cited, 1 unknown link", 2));
        assert_eq!(counts(&format!("It grew 3 %.\n\nSources:\n\n- {RATES}")), (1, 0));
        assert_eq!(counts(&format!("It grew 3 %.\n\n- {RATES}\n- {OIL}")).0, 1);
    }

    #[test]
    fn a_row_of_a_table_is_one_claim() {
        let answer = format!(
            "| What | 2024 {OIL} |\n|---|---|\n| Growth. Rise | 3.5 % {RATES} |\n| Oil | 80 |\n| Gold | up |\n"
        );
        let check = check(&answer, &SOURCES);
        assert_eq!((check.line().as_str(), check.items.len()), ("2 claims, 1 cited", 2));
        assert_eq!(check.uncited_sentences, ["Oil | 80"]);
    }

    #[test]
    fn links_in_code_and_images_are_not_judged() {
        let check = check(&format!("`{RATES}`\n\n```\n{OIL}\n```\n\n!{RATES}"), &SOURCES);
        assert_eq!(check, CitationCheck::default());
    }

    #[test]
    fn an_uncited_sentence_is_shortened() {
        let check = check(&format!("In 2024 {}.", "ä ".repeat(400)), &SOURCES);
        assert_eq!(check.uncited_sentences[0].chars().count(), SENTENCE_LENGTH);
    }

    #[test]
    fn the_check_is_stored_as_it_is() {
        let check = check(&format!("It grew 3 %. {RATES} It fell. {UNKNOWN}"), &SOURCES);
        let stored = serde_json::to_value(&check).unwrap();
        assert_eq!(stored["items"][0]["verdict"], "valid");
        assert_eq!(stored["items"][0]["article_id"], 1);
        assert_eq!(serde_json::from_value::<CitationCheck>(stored).unwrap(), check);
    }

    #[test]
    fn a_long_answer_is_checked_in_time() {
        let uris: Vec<(String, String)> = (0..200)
            .map(|i| (format!("https://news.example/{i}_({i})"), format!("Article number {i} of many (part {i})")))
            .collect();
        let sources: Vec<Source<'_>> =
            (0..).zip(&uris).map(|(id, (uri, title))| Source { id: ArticleId(id), uri, title }).collect();
        let filler = "Markets moved without much reason, observers noted. ".repeat(8);
        let answer: String =
            uris.iter().map(|(uri, title)| format!("It grew 3.5 % [{title}]({uri}). {filler}\n\n")).collect();
        let one_paragraph = answer.replace("\n\n", " ");
        let hostile = ["[", "](http(", "](http://x/(a", "\"", "! ", "`", "[a](b", "**", "1. ", "| a |\n|---|\n", "> "];
        assert!(answer.len() > 90_000);
        let begun = std::time::Instant::now();
        for text in [&answer, &one_paragraph] {
            let check = check(text, &sources);
            assert_eq!((check.claims, check.cited, check.valid), (200, 200, 200));
        }
        for piece in hostile {
            check(&piece.repeat(50_000 / piece.len()), &sources);
        }
        // Unoptimised and next to other tests; what is quadratic takes minutes.
        assert!(begun.elapsed().as_secs() < 15, "took {:?}", begun.elapsed());
    }

    proptest! {
        #[test]
        fn the_counts_add_up_for_any_answer(
            answer in "([a-zA-Z0-9 .!?\"()\\[\\]*`|é\n-]|\\[Made up\\]\\(http://x/y\\)|\\[Mercury \\(planet\\)\\]\\(https://en\\.example/wiki/Mercury_\\(planet\\)|\n- |# ){0,60}"
        ) {
            let check = check(&answer, &SOURCES);
            prop_assert_eq!(check.claims, check.cited + check.uncited);
            prop_assert_eq!(check.uncited as usize, check.uncited_sentences.len());
            prop_assert_eq!((check.valid + check.mismatched + check.unknown) as usize, check.items.len());
            let length = answer.chars().count() as u32;
            prop_assert!(check.items.iter().all(|item| item.start < item.end && item.end <= length));
            prop_assert!(check.items.windows(2).all(|pair| pair[0].end <= pair[1].start));
        }

        #[test]
        fn a_correct_citation_is_always_valid(title in "[a-zA-Z][a-zA-Z0-9 .,:()é'-]{3,40}[a-z]", path in "[a-z0-9_/()%-]{1,30}") {
            prop_assume!(!NAMELESS.contains(&title.to_lowercase().replace(|c: char| !c.is_alphanumeric(), "").as_str()));
            let uri = format!("https://news.example/{path}");
            let sources = [Source { id: ArticleId(7), uri: &uri, title: &title }];
            let check = check(&format!("It grew 3 % [{title}]({uri})."), &sources);
            prop_assert_eq!((check.claims, check.cited, check.valid, check.items.len()), (1, 1, 1, 1));
        }
    }
}
