//! Answers that change nothing: help, thanks, and questions about the draft and its tests.

use super::change;
use super::section::{self, Lines};
use super::{Context, Reply, TrialNote, words};
use crate::domain::conversation::Question;

/// What a message wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Thanks or praise.
    Thanks,
    /// What one can do here.
    Help,
    /// Why a test failed or was rated low.
    WhyFailed,
    /// How the tests went.
    Results,
    /// What the draft does.
    WhatItDoes,
    /// Making it better, without saying how.
    Improve,
    /// What people noted about tests is to be made into changes.
    UseNotes,
    /// To test or commit.
    NextStep,
    /// Anything else about the draft.
    AboutDraft,
}

/// Ways to ask for something better without saying what.
const BETTER: &str = "improve it, improve, improve this, make it better, better, improve the draft, improve the prompt, make \
                      this better, can you improve it, any suggestions, suggestions, what would you improve, how can i \
                      improve it, what should i change";

/// What a message wants to know; nothing when it asks for a change.
pub fn intent(message: &str) -> Option<Intent> {
    let normalized = words::normalized(message);
    let any = |keywords: &str| words::has(&normalized, keywords);
    let is = |whole: &str| words::is_one_of(normalized.trim(), whole);
    let length = normalized.split_whitespace().count();
    let asks = message.trim_end().ends_with('?') || starts_as_question(&normalized);
    if is_thanks(&normalized) {
        return Some(Intent::Thanks);
    }
    if is_help(&normalized) {
        return Some(Intent::Help);
    }
    if length <= 9
        && any("note, notes, rating, ratings, feedback")
        && any("use, apply, fix, follow, address, act on, work in")
        || is("fix it, fix this, fix the test, fix the last test, fix that, fix the problem")
    {
        return Some(Intent::UseNotes);
    }
    let tests = any("test, tests, trial, result, results, rating, ratings, stars, score, failed, fail");
    if asks && tests && any("why, wrong, fail*, bad, low, error, problem") || is("why did it fail, what went wrong") {
        return Some(Intent::WhyFailed);
    }
    if tests && length <= 9 && (asks || any("show, tell, summary, summarise, summarize")) {
        return Some(Intent::Results);
    }
    if asks
        && any("what does, what is in, explain, describe, summarise, summarize, what will, tell me about")
        && any("this, it, draft, prompt")
    {
        return Some(Intent::WhatItDoes);
    }
    if is(BETTER) {
        return Some(Intent::Improve);
    }
    if length <= 6
        && (any("commit, publish, save it")
            || normalized.starts_with(" test ")
            || is("what now, what next, and now, now what"))
    {
        return Some(Intent::NextStep);
    }
    asks.then_some(Intent::AboutDraft)
}

/// An answer to what is said beside the interview, before there is a draft.
pub fn aside(message: &str) -> Option<Reply> {
    let normalized = words::normalized(message);
    let text = if is_help(&normalized)
        || words::has(&normalized, "what is this, who are you, how does this work, what happens next")
    {
        "I help you write a system prompt: the instructions that shape how Auspex answers questions from news articles. You \
         say what you need, I write a draft, you test it on real articles, rate the answers and change the draft until it is \
         right. Then you commit it to the library."
    } else if normalized.split_whitespace().count() <= 8
        && words::has(&normalized, "why do you ask, why do you need, why these questions, why are you asking")
    {
        "The answers decide what the prompt tells Auspex: what to look at, for whom to write and in which form. You can change \
         all of it later."
    } else if is_thanks(&normalized) {
        "With pleasure."
    } else {
        return None;
    };
    Some(Reply { text: text.to_owned(), questions: Vec::new() })
}

/// The answer to a message that wants no particular change.
pub fn reply(intent: Intent, context: &Context<'_>) -> Reply {
    let message = context.conversation.last().map(|said| said.content.as_str()).unwrap_or_default();
    let text = match intent {
        Intent::Thanks => thanks(context),
        Intent::Help => HELP.to_owned(),
        Intent::WhyFailed => why_failed(context.trials),
        Intent::Results => results(context.trials),
        Intent::WhatItDoes => what_it_does(context.draft),
        Intent::Improve | Intent::UseNotes => return improve(intent, context),
        Intent::NextStep => "Both are one step from here: test the draft on a question that a reader would ask, or commit it \
                             under a name when the answers are good. A commit without a test, or with fewer than three stars \
                             on average, asks you once more."
            .to_owned(),
        Intent::AboutDraft => about_draft(message, context.draft),
    };
    Reply { text, questions: Vec::new() }
}

const HELP: &str = "You can:\n\n\
    - change the draft: “make the timelines stronger”, “shorter answers”, “add a table of risks”, “never speculate”, “write \
    for engineers”, “in French”. You see each change with its reason and accept or reject it;\n\
    - ask: “what does this do?”, “why did the last test fail?”, “how did the tests go?”;\n\
    - turn what people noted on tests into changes: “use the notes”;\n\
    - test the draft on a question, rate the answer, and commit the draft when it is good.";

fn starts_as_question(normalized: &str) -> bool {
    const CHANGES: &str = "what about, how about, why not";
    const QUESTIONS: &str = "what, why, how, who, when, which, where, does, is, explain, describe, tell me";
    words::opens_with(normalized, QUESTIONS) && !words::opens_with(normalized, CHANGES)
}

fn is_thanks(normalized: &str) -> bool {
    const THANKS: &str = "thanks, thank you, thx, great, perfect, nice, cool, awesome, well done, good job, love \
        it, excellent, looks good, good, ok, okay, yes";
    normalized.split_whitespace().count() <= 5
        && words::opens_with(normalized, THANKS)
        && !words::has(normalized, "but, add, make, never, shorter, longer, more, less, write, draft")
}

fn is_help(normalized: &str) -> bool {
    const WHOLE: &str = "help, help me, help please, what can you do, what can i do, what can i say, commands, \
                         how do i use this";
    words::is_one_of(normalized.trim(), WHOLE)
}

fn quoted(text: &str, most: usize) -> String {
    format!("“{}”", words::escaped(&words::one_line(text, most)))
}

fn thanks(context: &Context<'_>) -> String {
    match context.trials.last() {
        None => "You are welcome. The draft has no test yet: try it on a question that a reader would ask.".to_owned(),
        Some(test) if test.failed.is_some() => {
            "You are welcome. The last test failed; ask me why, or run it again.".to_owned()
        }
        Some(test) if test.mean_stars.is_none() => {
            "You are welcome. The last test has no rating yet: stars and a note help to make the draft better."
                .to_owned()
        }
        Some(test) if test.mean_stars.is_some_and(|stars| stars < 3.0) => {
            "You are welcome. The last test was rated low: say “use the notes” and I turn the notes into changes."
                .to_owned()
        }
        Some(_) => "You are welcome. The last test was rated well: you can commit the draft to the library.".to_owned(),
    }
}

fn why_failed(trials: &[TrialNote]) -> String {
    let Some(last) = trials.last() else {
        return "No test has run on this draft yet. Try it on a question that a reader would ask.".to_owned();
    };
    let failed = trials.iter().rev().find(|test| test.failed.is_some());
    if let Some(TrialNote { question, failed: Some(why), .. }) = failed {
        let which = if last.failed.is_some() { "The last test" } else { "The last test that failed" };
        let why = words::sentence(&words::one_line(why, 600));
        let why = if why.is_empty() { "No reason was recorded.".to_owned() } else { words::escaped(&why) };
        return format!(
            "{which}, {}, did not finish: {why}\n\nThis has nothing to do with the text of the draft.",
            quoted(question, 200)
        );
    }
    let mut text = format!("No test failed. {}", told(last));
    let hints = hints(last);
    if !hints.is_empty() {
        text.push_str("\n\nWhat would help:\n\n");
        text.push_str(&hints.iter().map(|hint| format!("- {hint}")).collect::<Vec<_>>().join("\n"));
    }
    text
}

/// A test in a few sentences.
fn told(test: &TrialNote) -> String {
    let mut text = format!("The last test, {}, ", quoted(&test.question, 200));
    text.push_str(&match (&test.failed, test.article_count) {
        (Some(why), _) => format!("failed: {}", words::escaped(&words::sentence(&words::one_line(why, 300)))),
        (None, 0) => "found no article.".to_owned(),
        (None, 1) => "was answered from one article.".to_owned(),
        (None, count) => format!("was answered from {count} articles."),
    });
    if !test.citation_line.is_empty() {
        text.push_str(&format!(
            " Citation check: {}.",
            words::escaped(words::one_line(&test.citation_line, 200).trim_end_matches('.'))
        ));
    }
    match test.mean_stars {
        Some(stars) => text.push_str(&format!(" Rated {stars:.1} of 5 stars.")),
        None if test.failed.is_none() => text.push_str(" Nobody has rated it yet."),
        None => {}
    }
    if !test.notes.is_empty() {
        let notes: Vec<String> = test.notes.iter().take(3).map(|note| quoted(note, 200)).collect();
        text.push_str(&format!(" Notes: {}.", notes.join("; ")));
    }
    text
}

fn hints(test: &TrialNote) -> Vec<String> {
    let mut found = Vec::new();
    if test.failed.is_none() && test.article_count == 0 {
        found.push("Ask in other words, without a period, or choose another topic: no article matched.".to_owned());
    }
    let line = words::normalized(&test.citation_line);
    if line.contains(" unknown ") || line.contains(" mismatch") {
        found.push(
            "Some links do not match the articles given: say “copy each title and URL exactly as given”.".to_owned(),
        );
    }
    if line.contains(" uncited ") || line.contains(" without ") {
        found.push(
            "Some statements have no source: say “end every sentence that has a number with its source”.".to_owned(),
        );
    }
    if !test.notes.is_empty() {
        found.push("Say “use the notes” and I turn the notes into changes.".to_owned());
    } else if test.mean_stars.is_some_and(|stars| stars < 3.0) {
        found.push("The rating is low and has no note: tell me what was missing and I change the draft.".to_owned());
    }
    found
}

fn results(trials: &[TrialNote]) -> String {
    let Some(last) = trials.last() else { return why_failed(trials) };
    let rated: Vec<f32> = trials.iter().filter_map(|test| test.mean_stars).collect();
    let failed = trials.iter().filter(|test| test.failed.is_some()).count();
    let mut text = told(last);
    if trials.len() > 1 {
        text.push_str(&format!("\n\nOf the last {} tests, {failed} failed", trials.len()));
        if rated.is_empty() {
            text.push_str(" and none is rated.");
        } else {
            let mean = rated.iter().sum::<f32>() / rated.len() as f32;
            text.push_str(&format!("; {} rated, {mean:.1} of 5 stars on average.", rated.len()));
        }
    }
    text
}

fn what_it_does(draft: &str) -> String {
    let lines = Lines::of(draft);
    let body = |names: &[&str]| {
        let section = lines.section(names)?;
        let text = lines.all()[section.heading + 1..section.end]
            .iter()
            .map(|line| line.trim())
            .find(|line| !line.is_empty())?;
        Some(text.trim_start_matches(['-', '*', ' ']).to_owned())
    };
    let role = body(&["role"]).or_else(|| draft.lines().find(|line| !line.trim().is_empty()).map(str::to_owned));
    let mut told = vec![format!("The draft tells Auspex: {}", quoted(&role.unwrap_or_default(), 300))];
    if let Some(readers) = body(&["audience", "tone", "reader"]) {
        told.push(format!("For its readers: {}", quoted(&readers, 300)));
    }
    let parts: Vec<String> = lines
        .all()
        .iter()
        .filter_map(|line| section::bold_name(line))
        .map(|name| words::escaped(&words::one_line(name, 60)))
        .collect();
    if !parts.is_empty() {
        let noun = if parts.len() == 1 { "part" } else { "parts" };
        told.push(format!(
            "An answer has the {noun} {}.",
            words::listed(&parts.iter().map(String::as_str).collect::<Vec<_>>())
        ));
    }
    let cites = words::has(&words::normalized(draft), "cite*, citation*");
    told.push(
        if cites {
            "Every claim is cited."
        } else {
            "It says nothing about citing sources; say “cite every claim” to add that."
        }
        .to_owned(),
    );
    told.join("\n\n")
}

fn about_draft(question: &str, draft: &str) -> String {
    let wanted = words::stems(question);
    let score = |line: &str| {
        let stems = words::stems(line);
        wanted.iter().filter(|stem| stems.contains(stem)).count()
    };
    let best = draft.lines().filter(|line| !line.trim_start().starts_with('#')).max_by_key(|line| score(line));
    match best.filter(|line| score(line) > 0) {
        Some(line) => format!(
            "The draft says: {}\n\nIf that is not what you want, tell me how it should be.",
            quoted(line.trim_start_matches(['-', '*', ' ']), 400)
        ),
        None => "The draft says nothing about that. Tell me as a rule what it should do, for example “always name the \
                 source”, and I add it. Say “help” to see what else I can do."
            .to_owned(),
    }
}

/// Notes on low-rated tests become changes; without any, ways to improve are offered.
fn improve(intent: Intent, context: &Context<'_>) -> Reply {
    let low = |test: &&TrialNote| test.mean_stars.is_none_or(|stars| stars < 4.0);
    let mut notes: Vec<String> = Vec::new();
    for note in context.trials.iter().rev().filter(low).flat_map(|test| &test.notes) {
        let note = words::one_line(note, 400);
        if !notes.contains(&note) && notes.len() < 3 {
            notes.push(note);
        }
    }
    if !notes.is_empty() {
        return change::by_rules(&notes.join("\n"), context.draft);
    }
    let start = match intent {
        Intent::UseNotes => "No test has a note to work from.",
        Intent::Thanks
        | Intent::Help
        | Intent::WhyFailed
        | Intent::Results
        | Intent::WhatItDoes
        | Intent::Improve
        | Intent::NextStep
        | Intent::AboutDraft => "Gladly.",
    };
    let options = [
        "Shorter answers",
        "Make the timelines stronger",
        "Add a table of risks",
        "Name at least two sources for each main point",
    ];
    let question = Question {
        text: "What should be better?".to_owned(),
        options: options.iter().map(|option| (*option).to_owned()).collect(),
        default: options[0].to_owned(),
    };
    let text = format!(
        "{start} A test with a rating and a note shows best what to change. Or choose:\n\n1. {}\n   Options: {}\n   Default: {}",
        question.text,
        options.join(" / "),
        question.default
    );
    Reply { text, questions: vec![question] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::conversation::MessageRole;
    use crate::domain::fence::draft_block;
    use crate::workshop::guided::Said;

    const DRAFT: &str = "## Role\nYou are a risk analyst.\n\n## Guidelines\n- When sources conflict, give both.\n\n## Output format\n- **Summary**: two sentences.\n\n## Citations\nCite every claim.";

    fn test(failed: Option<&str>, stars: Option<f32>, notes: &[&str]) -> TrialNote {
        TrialNote {
            question: "What are the risks?".to_owned(),
            failed: failed.map(str::to_owned),
            citation_line: "14 claims, 12 cited, 1 unknown link".to_owned(),
            mean_stars: stars,
            notes: notes.iter().map(|note| (*note).to_owned()).collect(),
            article_count: 12,
        }
    }

    fn say(message: &str, trials: &[TrialNote]) -> Reply {
        let conversation = [Said { role: MessageRole::Person, content: message.to_owned(), questions: Vec::new() }];
        reply(intent(message).unwrap(), &Context { conversation: &conversation, draft: DRAFT, trials })
    }

    #[test]
    fn questions_are_told_from_changes() {
        for (message, expected) in [
            ("Thanks!", Some(Intent::Thanks)),
            ("great, but shorter", None),
            ("help", Some(Intent::Help)),
            ("Why did the last test fail?", Some(Intent::WhyFailed)),
            ("how did the tests go?", Some(Intent::Results)),
            ("What does this do?", Some(Intent::WhatItDoes)),
            ("make it better", Some(Intent::Improve)),
            ("use the notes", Some(Intent::UseNotes)),
            ("commit it", Some(Intent::NextStep)),
            ("does it handle conflicting sources?", Some(Intent::AboutDraft)),
            ("make the timelines stronger", None),
            ("how about a table of risks", None),
            ("test the claims against two sources before stating them", None),
        ] {
            assert_eq!(intent(message), expected, "{message}");
        }
    }

    #[test]
    fn a_failed_test_is_explained() {
        let trials = [test(Some("The model did not answer within 60 s."), None, &[])];
        insta::assert_snapshot!(say("why did the last test fail?", &trials).text, @r#"
        The last test, “What are the risks?”, did not finish: The model did not answer within 60 s.

        This has nothing to do with the text of the draft.
        "#);
        insta::assert_snapshot!(say("why did the last test fail?", &[]).text, @r#"
        No test has run on this draft yet. Try it on a question that a reader would ask.
        "#);
        let low = [test(None, Some(2.0), &["Too long", "no *dates*"])];
        insta::assert_snapshot!(say("why was the last test so bad?", &low).text, @r#"
        No test failed. The last test, “What are the risks?”, was answered from 12 articles. Citation check: 14 claims, 12 cited, 1 unknown link. Rated 2.0 of 5 stars. Notes: “Too long”; “no \*dates\*”.

        What would help:

        - Some links do not match the articles given: say “copy each title and URL exactly as given”.
        - Say “use the notes” and I turn the notes into changes.
        "#);
        insta::assert_snapshot!(say("how did the tests go?", &[trials[0].clone(), low[0].clone()]).text, @r#"
        The last test, “What are the risks?”, was answered from 12 articles. Citation check: 14 claims, 12 cited, 1 unknown link. Rated 2.0 of 5 stars. Notes: “Too long”; “no \*dates\*”.

        Of the last 2 tests, 1 failed; 1 rated, 2.0 of 5 stars on average.
        "#);
    }

    #[test]
    fn the_draft_is_explained() {
        insta::assert_snapshot!(say("what does this do?", &[]).text, @r#"
        The draft tells Auspex: “You are a risk analyst.”

        An answer has the part Summary.

        Every claim is cited.
        "#);
        insta::assert_snapshot!(say("does it handle conflicting sources?", &[]).text, @r#"
        The draft says: “When sources conflict, give both.”

        If that is not what you want, tell me how it should be.
        "#);
        insta::assert_snapshot!(say("which weather is it?", &[]).text, @r#"
        The draft says nothing about that. Tell me as a rule what it should do, for example “always name the source”, and I add it. Say “help” to see what else I can do.
        "#);
    }

    #[test]
    fn notes_become_changes() {
        let reply = say("use the notes", &[test(None, Some(2.0), &["shorter answers", "Always give dates"])]);
        let text = draft_block(&reply.text).unwrap().text;
        assert!(text.contains("250 words") && text.contains("- Always give dates."), "{text}");
        let reply = say("use the notes", &[test(None, Some(5.0), &["perfect"])]);
        assert!(draft_block(&reply.text).is_none());
        assert_eq!(reply.questions.len(), 1);
    }

    #[test]
    fn explanations_change_nothing() {
        for message in ["thanks", "help", "why did it fail?", "what does this do?", "make it better", "what now"] {
            assert!(draft_block(&say(message, &[]).text).is_none(), "{message}");
        }
    }
}
