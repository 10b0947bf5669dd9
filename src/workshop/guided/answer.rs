//! Answers from articles: sentences quoted with their sources, or worded by a small model and checked against them.

use super::extract::{self, Extract, Fact};
use super::focus::{self, Focus};
use super::section::{self, Lines};
use super::words;
use crate::domain::article::FrozenArticle;
use crate::llm::{Script, Step};

/// The most parts of the prompt's output format that an answer is sorted into.
const MOST_GROUPS: usize = 6;
const LONGEST_FACT: usize = 320;

/// An answer of sentences quoted from the articles.
pub fn from_articles(prompt: &str, question: &str, articles: &[FrozenArticle]) -> String {
    quoted(prompt, articles, &extract::extract(question, articles), NO_MODEL)
}

const NO_MODEL: &str =
    "*Sentences from the articles, chosen by the words of the question; no language model took part.*";
const UNFIT: &str = "*Sentences from the articles: what the small model wrote could not be traced to them.*";

/// What a small model is asked; nothing when the articles do not hold the answer.
pub fn script(question: &str, articles: &[FrozenArticle]) -> Option<Script> {
    let found = extract::extract(question, articles);
    if found.facts.is_empty() {
        return None;
    }
    let facts: Vec<String> =
        found.facts.iter().map(|fact| format!("- {}", words::one_line(&fact.text, LONGEST_FACT))).collect();
    let stop = |marks: &[&str]| marks.iter().map(|mark| (*mark).to_owned()).collect::<Vec<_>>();
    Some(Script {
        system:
            "You answer questions from facts of news articles, in one to three short sentences. You repeat names and \
                 numbers exactly, you add nothing, and you say which fact is whose."
                .to_owned(),
        user: format!("Facts:\n{}\n\nQuestion: {}", facts.join("\n"), words::one_line(question, 500)),
        steps: vec![
            Step::Force("Do the facts bear on the question, yes or no?".to_owned()),
            Step::Generate { stop: stop(&["\n", ".", ","]), max_tokens: 3 },
            Step::Force("\nAnswer:".to_owned()),
            Step::Generate { stop: stop(&["\n\n", "\nQuestion", "\nFacts"]), max_tokens: 130 },
        ],
        temperature: 0.0,
    })
}

/// The answer, from what the model wrote for [`script`]: each sentence with the source it was traced to, or left out.
pub fn from_model(prompt: &str, question: &str, articles: &[FrozenArticle], written: &[String]) -> String {
    let found = extract::extract(question, articles);
    let gate = written.first().map(|gate| words::normalized(gate)).unwrap_or_default();
    let text = written.get(1).map(|text| words::one_line(text, 1_200)).unwrap_or_default();
    if gate.starts_with(" no ") || says_nothing(&text) {
        return nothing(articles, &found);
    }
    let mut traced: Vec<String> = Vec::new();
    for range in crate::domain::sentence::sentences(&text, &[]) {
        let sentence = text[range].trim();
        let Some(fact) = source_of(sentence, &found.facts) else { continue };
        let cited = cited(sentence, fact.article);
        if !traced.contains(&cited) {
            traced.push(cited);
        }
    }
    if traced.is_empty() {
        return quoted(prompt, articles, &found, UNFIT);
    }
    format!("{}.", traced.join(". "))
}

/// Whether a model says that it does not know.
fn says_nothing(text: &str) -> bool {
    const SIGNS: &str = "not mention*, not contain*, no information, not provide*, not state*, not specif*, do not \
        say, does not say, not enough information, cannot be determined, no mention, not given, no details";
    words::words(text).len() < 3 || words::has(&words::normalized(text), SIGNS)
}

/// The fact that a sentence words: it shares most words and has every number, and its article has every name.
fn source_of<'f, 'a>(sentence: &str, facts: &'f [Fact<'a>]) -> Option<&'f Fact<'a>> {
    let stems = words::stems(sentence);
    let numbers = words::numbers(sentence);
    let shared = |fact: &Fact<'_>| stems.iter().filter(|stem| fact.stems.contains(*stem)).count();
    let holds = |fact: &&Fact<'_>| {
        let known = words::numbers(&fact.text);
        numbers.iter().all(|number| known.contains(number))
            && has_names(sentence, fact)
            && shared(fact) * 2 > stems.len()
    };
    facts.iter().filter(holds).max_by_key(|fact| shared(fact))
}

/// Whether every name of a sentence is in the article of a fact.
fn has_names(sentence: &str, fact: &Fact<'_>) -> bool {
    let article = fact.article;
    let text = format!("{} {} {}", article.title, article.summary, article.body.as_deref().unwrap_or_default());
    let known = words::normalized(&text);
    sentence.split_whitespace().enumerate().all(|(at, token)| {
        let token = token.trim_matches(|c: char| !c.is_alphanumeric());
        let word = words::normalized(token);
        // A capital opens every sentence; there it is a name only if the word is unknown as any other.
        let named = token.starts_with(char::is_uppercase) && !(at == 0 && words::is_stop_word(word.trim()));
        !named || known.contains(&word) || known.contains(&format!(" {} ", words::stem(word.trim())))
    })
}

/// Sentences as they stand in the articles, under the headings of the prompt's output format where they fit.
fn quoted(prompt: &str, articles: &[FrozenArticle], found: &Extract<'_>, note: &str) -> String {
    if found.facts.is_empty() {
        return nothing(articles, found);
    }
    let groups = grouped(&groups_of(prompt), &found.facts);
    let headed = groups.len() > 1;
    let mut text = note.to_owned();
    for (name, facts) in groups {
        text.push_str("\n\n");
        if headed {
            text.push_str(&format!("### {}\n\n", words::escaped(&name)));
        }
        let items: Vec<String> = facts.iter().map(|fact| format!("- {}", cited(&fact.text, fact.article))).collect();
        text.push_str(&items.join("\n"));
    }
    if !found.missing.is_empty() {
        text.push_str(&format!("\n\nThe articles do not mention: {}.", missing(found)));
    }
    text
}

fn missing(found: &Extract<'_>) -> String {
    let quoted: Vec<String> = found.missing.iter().take(4).map(|word| format!("*{}*", words::escaped(word))).collect();
    quoted.join(", ")
}

/// The answer when there is none.
fn nothing(articles: &[FrozenArticle], found: &Extract<'_>) -> String {
    if articles.is_empty() {
        return "The articles do not contain the answer: none was found for this question. Ask in other words or choose \
                another topic."
            .to_owned();
    }
    let mut text = "The articles do not contain the answer to this question.".to_owned();
    if !found.missing.is_empty() {
        text.push_str(&format!(" They do not mention: {}.", missing(found)));
    }
    let covered: Vec<String> =
        articles.iter().take(3).map(|article| words::link(&article.title, &article.uri)).collect();
    text.push_str(&format!(" The nearest of them: {}.", covered.join("; ")));
    text
}

/// A sentence and its source. The link stands before any full stop, so that it belongs to its sentence.
fn cited(sentence: &str, article: &FrozenArticle) -> String {
    let text = words::one_line(sentence, usize::MAX);
    let (body, close) = match text.strip_suffix(['"', '”']) {
        Some(body) => (body, &text[body.len()..]),
        None => (text.as_str(), ""),
    };
    let body = body.strip_suffix('.').filter(|body| !body.ends_with('.')).unwrap_or(body);
    format!("{}{close} {}", words::escaped(body), words::link(&article.title, &article.uri))
}

/// A part of an answer, by its name in the prompt.
#[derive(Debug)]
struct Group {
    name: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    /// The answer in short.
    Lead,
    /// What fits nowhere else.
    General,
    /// What bears on a focus.
    Focus(&'static Focus),
    /// What is to come.
    Ahead,
}

/// The parts that a prompt's output format names, without those that only a model can fill.
fn groups_of(prompt: &str) -> Vec<Group> {
    let lines = Lines::of(prompt);
    let Some(section) = lines.section(&["output", "format", "structure"]) else { return Vec::new() };
    let named = lines.all()[section.heading + 1..section.end].iter().filter_map(|line| section::bold_name(line));
    let mut names: Vec<String> = named.map(str::to_owned).collect();
    names.extend(lines.subheadings(&section));
    let groups = names.into_iter().filter_map(|name| {
        let name = words::one_line(&name, 60);
        let normalized = words::normalized(&name);
        let has = |keywords: &str| words::has(&normalized, keywords);
        let kind = match focus::of(&name).first() {
            _ if has("evidence, gap*, source*, citation*, length, limit*, confidence") => return None,
            _ if has("summary, bottom line, answer, conclusion, overview") => Kind::Lead,
            _ if has("watch, ahead, next, outlook, signals, decisions*") => Kind::Ahead,
            Some(focus) => Kind::Focus(focus),
            None if has("key, finding*, main, fact*, detail*, development*") => Kind::General,
            None => return None,
        };
        Some(Group { name, kind })
    });
    groups.take(MOST_GROUPS).collect()
}

/// The facts under the parts they belong to, in the order of the parts; one part without a name when none is named.
fn grouped<'f, 'a>(groups: &[Group], facts: &'f [Fact<'a>]) -> Vec<(String, Vec<&'f Fact<'a>>)> {
    let position = |wanted: fn(Kind) -> bool| groups.iter().position(|group| wanted(group.kind));
    let lead = position(|kind| matches!(kind, Kind::Lead));
    let general = position(|kind| matches!(kind, Kind::General)).or(lead).unwrap_or(0);
    let mut sorted: Vec<(String, Vec<&Fact<'_>>)> =
        groups.iter().map(|group| (group.name.clone(), Vec::new())).collect();
    if sorted.is_empty() {
        sorted.push((String::new(), Vec::new()));
    }
    for (index, fact) in facts.iter().enumerate() {
        let normalized = words::normalized(&fact.text);
        let fitting = groups.iter().position(|group| match group.kind {
            Kind::Focus(focus) if focus.name == "timelines" => is_dated(&fact.text),
            Kind::Focus(focus) => extract::bears_on(&normalized, focus),
            Kind::Ahead => words::has(&normalized, "will, plans to, planned, expected to, scheduled, is due, upcoming"),
            Kind::Lead | Kind::General => false,
        });
        let place = if index == 0 { lead.or(fitting) } else { fitting };
        sorted[place.unwrap_or(general)].1.push(fact);
    }
    for (group, (_, facts)) in groups.iter().zip(&mut sorted) {
        if matches!(group.kind, Kind::Focus(focus) if focus.name == "timelines") {
            facts.sort_by_key(|fact| fact.article.publication_date);
        }
    }
    sorted.retain(|(_, facts)| !facts.is_empty());
    sorted
}

fn is_dated(text: &str) -> bool {
    const TIMES: &str = "january, february, march, april, june, july, august, september, october, november, \
        december, monday, tuesday, wednesday, thursday, friday, saturday, sunday, yesterday";
    words::has(&words::normalized(text), TIMES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ArticleId, Instant};
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Parser, Tag, TagEnd};

    fn article(id: i64, title: &str, body: &str) -> FrozenArticle {
        FrozenArticle {
            id: ArticleId(id),
            uri: format!("https://news.example/{id}_(x)"),
            title: title.to_owned(),
            summary: body.split_inclusive(". ").next().unwrap_or_default().to_owned(),
            body: Some(body.to_owned()),
            news_source: "Example".to_owned(),
            publication_date: Instant::UNIX_EPOCH + chrono::Duration::days(id),
            sentiment: String::new(),
            content_hash: vec![0; 32],
        }
    }

    fn shipping() -> Vec<FrozenArticle> {
        vec![
            article(
                1,
                "Insurers raise war-risk premiums [update]",
                "Insurers raised war-risk premiums to 0.9% of hull value on Monday. Shipping lines said the cost would reach \
                 customers within weeks. Analysts warned of further losses if attacks on tankers go on.",
            ),
            article(
                2,
                "Canal authority cuts daily transits",
                "The canal authority will cut daily transits to 24 ships from March because of drought. Shipping lines lost \
                 $240 million last quarter. Freight rates rose by a third.",
            ),
            article(
                3,
                "Local bakery wins prize",
                "A bakery in Bern won the national bread prize on Saturday. Its owner was pleased.",
            ),
        ]
    }

    /// Every link as a CommonMark parser reads it: text and address.
    fn links(markdown: &str) -> Vec<(String, String)> {
        let (mut found, mut open) = (Vec::new(), None);
        for event in Parser::new(markdown) {
            match event {
                Event::Start(Tag::Link { dest_url, .. }) => open = Some((String::new(), dest_url.to_string())),
                Event::End(TagEnd::Link) => found.extend(open.take()),
                Event::Text(text) | Event::Code(text) => {
                    if let Some((title, _)) = &mut open {
                        title.push_str(&text);
                    }
                }
                _ => {}
            }
        }
        found
    }

    #[test]
    fn sentences_are_quoted_with_their_sources() {
        insta::assert_snapshot!(from_articles("", "What happened to shipping premiums and transits?", &shipping()), @r#"
        *Sentences from the articles, chosen by the words of the question; no language model took part.*

        - The canal authority will cut daily transits to 24 ships from March because of drought [Canal authority cuts daily transits](https://news.example/2_\(x\))
        - Insurers raised war-risk premiums to 0.9% of hull value on Monday [Insurers raise war-risk premiums \[update\]](https://news.example/1_\(x\))
        - Shipping lines said the cost would reach customers within weeks [Insurers raise war-risk premiums \[update\]](https://news.example/1_\(x\))
        - Shipping lines lost $240 million last quarter [Canal authority cuts daily transits](https://news.example/2_\(x\))
        "#);
    }

    #[test]
    fn sentences_stand_under_the_headings_of_the_prompt() {
        let prompt = "## Output format\n- **Bottom line**: x\n- **Risks**: x\n- **What to watch**: x\n- **Evidence and gaps**: x";
        insta::assert_snapshot!(from_articles(prompt, "What are the risks for shipping lines?", &shipping()), @r#"
        *Sentences from the articles, chosen by the words of the question; no language model took part.*

        ### Bottom line

        - Shipping lines said the cost would reach customers within weeks [Insurers raise war-risk premiums \[update\]](https://news.example/1_\(x\))
        - Shipping lines lost $240 million last quarter [Canal authority cuts daily transits](https://news.example/2_\(x\))

        ### Risks

        - Insurers raised war-risk premiums to 0.9% of hull value on Monday [Insurers raise war-risk premiums \[update\]](https://news.example/1_\(x\))

        ### What to watch

        - The canal authority will cut daily transits to 24 ships from March because of drought [Canal authority cuts daily transits](https://news.example/2_\(x\))
        "#);
    }

    #[test]
    fn what_is_not_in_the_articles_is_not_answered() {
        insta::assert_snapshot!(from_articles("", "Which dividend did Tesla announce?", &shipping()), @r#"
        The articles do not contain the answer to this question. They do not mention: *dividend*, *Tesla*, *announce*. The nearest of them: [Insurers raise war-risk premiums \[update\]](https://news.example/1_\(x\)); [Canal authority cuts daily transits](https://news.example/2_\(x\)); [Local bakery wins prize](https://news.example/3_\(x\)).
        "#);
        insta::assert_snapshot!(from_articles("", "Which dividend did Tesla announce?", &[]), @r#"
        The articles do not contain the answer: none was found for this question. Ask in other words or choose another topic.
        "#);
        assert!(script("Which dividend did Tesla announce?", &shipping()).is_none());
    }

    #[test]
    fn a_general_question_gets_what_there_is() {
        let answer = from_articles("", "What are the latest news?", &shipping());
        assert_eq!(links(&answer).len(), 3, "{answer}");
    }

    #[test]
    fn an_article_opens_nothing_in_the_answer() {
        let hostile = article(
            9,
            "<b>x</b> ![a](b) `c",
            "# Shipping heading that is quite long enough. ```sh shipping commands and more text here. @everyone \
             should ask <@U123> about shipping today. 1. Shipping item with [a link](https://evil.example) in it.",
        );
        let answer = from_articles("", "shipping", &[hostile]);
        for event in Parser::new(&answer) {
            match event {
                Event::Start(Tag::Heading { .. } | Tag::CodeBlock(_) | Tag::Image { .. } | Tag::HtmlBlock)
                | Event::Code(_)
                | Event::Html(_)
                | Event::InlineHtml(_) => panic!("{event:?} in {answer}"),
                _ => {}
            }
        }
        let links = links(&answer);
        assert!(!links.is_empty() && links.iter().all(|(_, uri)| uri == "https://news.example/9_(x)"), "{answer}");
        assert!(!answer.contains("@everyone") && !answer.contains("<@U123>"), "{answer}");
    }

    fn worded(text: &str) -> String {
        from_model("", "What happened to shipping?", &shipping(), &["yes".to_owned(), text.to_owned()])
    }

    #[test]
    fn sentences_of_the_model_are_traced_to_their_sources() {
        assert_eq!(
            worded(
                " Insurers raised war-risk premiums to 0.9% of hull value. Shipping lines lost $240 million last quarter."
            ),
            "Insurers raised war-risk premiums to 0.9% of hull value \
             [Insurers raise war-risk premiums \\[update\\]](https://news.example/1_\\(x\\)). Shipping lines lost $240 million last \
             quarter [Canal authority cuts daily transits](https://news.example/2_\\(x\\))."
        );
    }

    #[test]
    fn sentences_that_cannot_be_traced_are_left_out() {
        for invented in [
            "Insurers raised war-risk premiums to 1.9% of hull value.",
            "Tesla raised war-risk premiums of hull value on Monday.",
            "Insurers raised war-risk premiums to 0.9%, costing shipping lines $240 million.",
            "Interest rates of the central bank made insurance dearer everywhere.",
        ] {
            let answer = worded(invented);
            assert!(answer.starts_with(UNFIT), "{answer}");
            assert!(!answer.contains("1.9%") && !answer.contains("Tesla"), "{answer}");
        }
    }

    #[test]
    fn a_model_that_does_not_know_is_believed() {
        for written in [["no", "Something."], ["yes", "The facts do not mention it."], ["yes", ""]] {
            let answer = from_model("", "What happened to shipping?", &shipping(), &written.map(str::to_owned));
            assert!(answer.starts_with("The articles do not contain the answer"), "{answer}");
        }
    }

    proptest! {
        #[test]
        fn every_link_leads_to_a_source(
            titles in prop::collection::vec("[ -~é“”]{1,40}", 1..5),
            uris in prop::collection::vec("https?://[!-~é]{1,30}( [!-~]{1,5})?", 1..5),
            bodies in prop::collection::vec("([!-~é]{1,9} ){5,20}shipping[.!?]", 1..5),
        ) {
            let articles: Vec<FrozenArticle> = titles
                .iter()
                .zip(&uris)
                .zip(&bodies)
                .map(|((title, uri), body)| FrozenArticle { uri: uri.clone(), ..article(1, title, body) })
                .filter(|article| !article.title.trim().is_empty())
                .collect();
            let answer = from_articles("", "shipping", &articles);
            for (title, uri) in links(&answer) {
                let known = articles.iter().any(|article| {
                    article.uri == uri && words::one_line(&article.title, usize::MAX) == title
                });
                prop_assert!(known, "{title:?} {uri:?} in {answer}");
            }
        }
    }
}
