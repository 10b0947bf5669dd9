//! Changing a draft: a request is split into wishes, each wish becomes edits of lines, and every other line stays.

use super::edit::{Edited, title_of};
use super::section::Lines;
use super::wish::wishes;
use super::{Reply, draft, words};
use crate::llm::{Script, Step};

/// The most new parts that a model is asked for in one message.
const MOST_WRITTEN: usize = 3;

/// The message with the changed draft, made by rules alone.
pub fn by_rules(message: &str, draft: &str) -> Reply {
    let mut edited = Edited::new(draft);
    for (words, wish) in wishes(message, draft) {
        edited.apply(&words, &wish);
    }
    edited.reply("These changes follow fixed rules, made without a model.")
}

/// What the model is asked to write for a message; nothing when rules do it better.
pub fn script(message: &str, draft: &str) -> Option<Script> {
    let open: Vec<String> = wishes(message, draft)
        .into_iter()
        .filter(|(_, wish)| wish.is_open())
        .map(|(words, _)| words)
        .take(MOST_WRITTEN)
        .collect();
    if open.is_empty() {
        return None;
    }
    let mut steps = Vec::new();
    for words in &open {
        steps.push(Step::Force(format!("## {}\n-", title_of(words))));
        steps.push(Step::Generate {
            stop: vec!["\n\n".to_owned(), "\n#".to_owned(), "```".to_owned()],
            max_tokens: 110,
        });
        steps.push(Step::Force("\n\n".to_owned()));
    }
    let role = Lines::of(draft).section(&["role"]).map(|s| Lines::of(draft).all()[s.heading + 1..s.end].join(" "));
    Some(Script {
        system: "You add one part to the instructions of a news research assistant. You write three or four short rules that \
                 do exactly what is asked and keep its numbers and periods word for word."
            .to_owned(),
        user: format!(
            "The assistant: {}\n\nAsked for: {}",
            words::one_line(&role.unwrap_or_else(|| draft.to_owned()), 300),
            open.join("; ")
        ),
        steps,
        temperature: 0.3,
    })
}

/// The message with the changed draft, from what the model wrote for [`script`].
pub fn from_model(message: &str, draft: &str, written: &[String]) -> Reply {
    let mut edited = Edited::new(draft);
    let mut pieces = written.iter();
    let (mut by_model, mut unfit, mut left) = (0, 0, MOST_WRITTEN);
    for (words, wish) in wishes(message, draft) {
        let piece = if wish.is_open() && left > 0 { pieces.next() } else { None };
        left -= usize::from(wish.is_open() && left > 0);
        let rules = piece.map(|piece| rules_for(&words, draft, piece)).unwrap_or_default();
        match (piece, rules.is_empty()) {
            (Some(_), false) => {
                by_model += 1;
                edited.write_section(&words, &rules);
            }
            (Some(_), true) => {
                unfit += 1;
                edited.apply(&words, &wish);
            }
            (None, _) => edited.apply(&words, &wish),
        }
    }
    let how = match (by_model, unfit) {
        (0, 0) => "These changes follow fixed rules; the small model was not needed.",
        (0, _) => "What the small model wrote did not keep to your request, so these changes follow fixed rules.",
        (_, 0) => "The small model on this machine wrote the new part; read it before you accept it.",
        (_, _) => "The small model wrote a part of this; where it did not keep to your request, fixed rules were used.",
    };
    edited.reply(how)
}

/// What the model wrote for a wish, if it keeps the numbers of the wish and brings in none of its own.
fn rules_for(wish: &str, draft: &str, written: &str) -> Vec<String> {
    let known = format!("{wish} {draft}");
    let rules = draft::items(written, &known);
    let kept = words::numbers(&rules.join(" "));
    let about = words::stems(&rules.join(" "));
    let on_subject = words::stems(&title_of(wish)).iter().any(|stem| about.contains(stem));
    let complete = words::numbers(wish).iter().all(|number| kept.contains(number));
    if complete && on_subject { rules } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fence::{draft_block, reasons};
    use crate::domain::proposal;
    use crate::workshop::guided::brief::Brief;
    use proptest::prelude::*;

    fn draft() -> String {
        let mut brief = Brief::default();
        brief.hear("I need executive-level financial analysis with risk focus");
        draft_block(&draft::from_templates(&brief).text).unwrap().text
    }

    fn changed(message: &str, draft: &str) -> (String, Vec<String>) {
        parts(&by_rules(message, draft))
    }

    fn parts(reply: &Reply) -> (String, Vec<String>) {
        let block = draft_block(&reply.text).unwrap_or_else(|| panic!("no block in {}", reply.text));
        let reasons = reasons(&reply.text[block.range.end..]);
        (block.text, reasons)
    }

    /// What a change does to the draft, as a person sees it.
    fn diff(message: &str, draft: &str) -> String {
        let (after, reasons) = changed(message, draft);
        let changes = proposal::changes(draft, &after, &reasons);
        assert_eq!(changes.len(), reasons.len(), "one reason a change: {reasons:?}");
        let shown = changes.iter().map(|c| {
            let lines =
                |mark: &str, text: &str| text.lines().map(|line| format!("{mark} {line}\n")).collect::<String>();
            format!("{}{}= {}\n", lines("-", &c.before), lines("+", &c.after), c.reason)
        });
        shown.collect()
    }

    #[test]
    fn the_common_wishes_change_only_their_lines() {
        let draft = draft();
        insta::assert_snapshot!(diff("make the timelines stronger", &draft), @r#"
        + - For each development, three horizons where the articles allow it: what happens now, what follows within the year, and what is expected later; name the event that moves it from one to the next.
        = Goes deeper into timelines; you asked: “make the timelines stronger”.
        + - **Timeline**: dated entries, oldest first, then what is expected next with its date or horizon.
        = A part of the answer for timelines; you asked: “make the timelines stronger”.
        "#);
        insta::assert_snapshot!(diff("shorter answers, please", &draft.replace("250", "500")), @r#"
        - - Keep the whole answer within 500 words: only what changes the reader's view or decision.
        + - Keep the whole answer within 250 words: only what changes the reader's view or decision.
        = Another length of the whole answer; you asked: “shorter answers”.
        "#);
        insta::assert_snapshot!(diff("add a table of risks", &draft), @r#"
        - - **Risks**: the most important first; for each one the cause, who is exposed, likelihood and impact (low, medium, high), the time horizon and the early sign to watch.
        + - **Risks**: a table with the columns Risk, Cause, Likelihood, Impact, Horizon, Source; one row each, the most important first.
        = A table for risk; you asked: “add a table of risks”.
        "#);
        insta::assert_snapshot!(diff("never speculate about share prices", &draft), @r#"
        + - Never speculate about share prices.
        = Your rule, word for word; you asked: “never speculate about share prices”.
        "#);
        insta::assert_snapshot!(diff("write for engineers", &draft), @r#"
        - Write for executives who decide and have two minutes: the conclusion first, then why it matters and what is to be decided. Formal, calm and direct; no jargon, no preamble.
        + Write for engineers and technical teams who want to know how it works: exact terms, versions, figures and limits; no marketing language. Plain and precise.
        = Written for engineers and technical teams; you asked: “write for engineers”.
        "#);
        insta::assert_snapshot!(diff("in French", &draft), @r#"
        + - Write the whole answer in French; leave the titles of articles as they are.
        = Answers in French; you asked: “in French”.
        "#);
        insta::assert_snapshot!(diff("remove the financial picture", &draft), @r#"
        - - **Financial picture**: the figures that matter, what moved them, and the direction compared with the period before.
        = Gone; you asked: “remove the financial picture”.
        "#);
        insta::assert_snapshot!(diff("Could you add a section on competitors and never name individuals?", &draft), @r#"
        + - Competitors: launches, deals, hires, prices, partnerships and failures, company by company, and what they show about the strategy.
        = Looks for competitors; you asked: “add a section on competitors”.
        + - Never name individuals.
        = Your rule, word for word; you asked: “never name individuals”.
        + - **Competitor moves**: company by company: the move, its date, and what it means for others in the field.
        = A part of the answer for competitors; you asked: “add a section on competitors”.
        "#);
        insta::assert_snapshot!(diff("at most 300 words; use bullet points", &draft.replace("bullet points", "points")), @r#"
        - - Keep the whole answer within 250 words: only what changes the reader's view or decision.
        + - Keep the whole answer within 300 words.
        + - Set each part under its heading, as short bullet points with one claim each.
        = The length you named; you asked: “at most 300 words”. Another layout; you asked: “use bullet points”.
        "#);
    }

    #[test]
    fn a_prompt_without_our_parts_gets_one() {
        let (after, _) = changed("never speculate", "You are an analyst. Answer from the articles.");
        assert_eq!(after, "You are an analyst. Answer from the articles.\n\n## Guidelines\n- Never speculate.");
        let numbered = "# Rules\n1. Be short.\n\n# Citations\nAs links.";
        assert_eq!(
            changed("never speculate", numbered).0,
            "# Rules\n1. Be short.\n2. Never speculate.\n\n# Citations\nAs links."
        );
    }

    #[test]
    fn a_rule_that_stands_is_not_added_twice() {
        let (once, _) = changed("never speculate on prices", &draft());
        let reply = by_rules("Never speculate on prices.", &once);
        assert!(draft_block(&reply.text).is_none(), "{}", reply.text);
        assert!(reply.text.contains("It already says: “Never speculate on prices.”"), "{}", reply.text);
    }

    #[test]
    fn a_part_by_the_model_is_taken_when_it_keeps_to_the_request() {
        let draft = draft();
        let request = "add risk timelines for 0-3 months and 3-12 months";
        let good = " Give each risk a horizon of 0-3 months or 3-12 months.\n- Put the nearest risk first.".to_owned();
        let reply = from_model(request, &draft, &[good]);
        let (after, reasons) = parts(&reply);
        assert!(after.contains("## Risk timelines for 0-3 months and 3-12 months\n- Give each risk a horizon of 0-3 months or 3-12 months.\n- Put the nearest risk first.\n\n## Citations"), "{after}");
        assert_eq!(reasons.len(), 1);
        let wrong = " Give each risk a horizon of the next 3 to 6 months.".to_owned();
        let reply = from_model(request, &draft, &[wrong]);
        assert!(reply.text.contains("did not keep to your request"), "{}", reply.text);
        assert!(!parts(&reply).0.contains("3 to 6 months"));
    }

    #[test]
    fn the_model_is_only_asked_for_new_parts() {
        assert!(script("shorter answers, in French; never speculate", &draft()).is_none());
        let script = script("add a section on competitors and strengthen the timelines", &draft()).unwrap();
        assert_eq!(script.steps.iter().filter(|step| matches!(step, Step::Generate { .. })).count(), 2);
    }

    proptest! {
        #[test]
        fn every_other_line_is_kept(
            body in "(# [A-Z][a-z]{2,6}\n|[0-9]\\. [a-z ]{1,12}\n|- [a-z]{1,9}\n|\n|```\n| {4}x\r\n|[a-zé ]{1,15}\n){0,14}",
            index in 0..9_usize,
        ) {
            let message = [
                "make the timelines stronger", "shorter answers", "add a table of risks", "never guess", "write for engineers",
                "in French", "add a section on wheat", "at most 90 words", "use bullet points",
            ][index];
            let reply = by_rules(message, &body);
            let Some(block) = draft_block(&reply.text) else { return Ok(()) };
            let after: Vec<&str> = block.text.lines().map(str::trim_end).collect();
            let mut from = 0;
            for line in body.trim_matches(['\n', '\r', ' ']).lines().map(str::trim_end).filter(|line| !line.is_empty()) {
                let found = after[from..].iter().position(|other| other.trim_start() == line.trim_start());
                prop_assert!(found.is_some(), "{line:?} lost in {:?}", block.text);
                from += found.unwrap_or_default() + 1;
            }
        }

        #[test]
        fn any_message_gets_a_reply(message in ".{0,120}", draft in "(.{0,30}\n){0,6}") {
            let reply = by_rules(&message, &draft);
            prop_assert!(!reply.text.is_empty());
        }
    }
}
