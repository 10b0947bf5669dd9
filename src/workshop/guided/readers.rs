//! Who reads the answers, and how to write for them.
//!
//! A new kind of reader is an entry in `AUDIENCES`.

use super::words;

const LONGEST_NAME: usize = 200;

/// A kind of reader, and how to write for it.
#[derive(Debug, PartialEq, Eq)]
pub struct Audience {
    /// What they are called.
    pub name: &'static str,
    keywords: &'static str,
    manner: &'static str,
}

const AUDIENCES: &[Audience] = &[
    Audience {
        name: "executives",
        keywords: "executive*, ceo, cfo, cto, c level, c suite, leadership, board, the board, directors, decision maker*, \
                   senior management",
        manner: "who decide and have two minutes: the conclusion first, then why it matters and what is to be decided. \
                 Formal, calm and direct; no jargon, no preamble",
    },
    Audience {
        name: "investors",
        keywords: "investor*, portfolio manager*, fund manager*, shareholders, traders",
        manner: "who know finance: the effect on value first, figures before adjectives, upside and downside side by side. \
                 Sober and exact",
    },
    Audience {
        name: "engineers and technical teams",
        keywords: "engineer*, developer*, technical team*, technical audience, technical readers, architects",
        manner: "who want to know how it works: exact terms, versions, figures and limits; no marketing language. Plain and \
                 precise",
    },
    Audience {
        name: "policy makers",
        keywords: "policy maker*, policymaker*, legislators, civil servants, diplomats, ministers, officials",
        manner: "who weigh interests: options and consequences side by side, positions attributed, nothing partisan. Formal \
                 and even-handed",
    },
    Audience {
        name: "compliance and legal teams",
        keywords: "compliance team*, compliance officer*, compliance department*, lawyers, counsel, legal team*, auditors",
        manner: "who must act on rules: the obligation, whom it binds and the date first; exact names of rules and \
                 authorities. Formal and literal",
    },
    Audience {
        name: "product, marketing and sales teams",
        keywords: "product manager*, product team*, marketing team*, marketer*, sales team*, sales people",
        manner: "who look for what customers want next: the consequence for the offer first, concrete examples. Lively and \
                 plain",
    },
    Audience {
        name: "journalists",
        keywords: "journalist*, editors, reporters, newsroom*",
        manner: "who check everything: who said what, when and where; quotations short and exact. Neutral",
    },
    Audience {
        name: "general readers",
        keywords: "general public, the public, general reader*, general audience, laypeople, layperson, non expert*, \
                   beginners, newcomers, everyone, students, pupils",
        manner: "without previous knowledge: everyday words, each technical term explained in a few words, one thought a \
                 sentence. Friendly and plain",
    },
    Audience {
        name: "analysts",
        keywords: "analyst*, researchers, experts, specialists",
        manner: "who check and reuse the work: the answer first, then the evidence, its strength and what it leaves open. \
                 Neutral and precise",
    },
];

/// Who reads the answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readers {
    /// A kind we know how to write for.
    Known(&'static Audience),
    /// Somebody else, in the person's words.
    Named(String),
}

impl Readers {
    /// Executives: the readers whose answers are short unless they ask otherwise.
    pub fn are_executives(&self) -> bool {
        matches!(self, Self::Known(audience) if audience.name == "executives")
    }

    /// Who they are, within a sentence.
    pub fn name(&self) -> &str {
        match self {
            Self::Known(audience) => audience.name,
            Self::Named(name) => name,
        }
    }

    /// How to write for them.
    pub fn line(&self) -> String {
        match self {
            Self::Known(Audience { name, manner, .. }) => format!("Write for {name} {manner}."),
            Self::Named(name) => format!(
                "Write for {name}: say what matters to them first, in words they use themselves, and explain what they \
                 may not know. Clear and direct."
            ),
        }
    }

    /// The readers that an answer to "who reads this?" names.
    pub fn answered(text: &str) -> Option<Self> {
        let normalized = words::normalized(text);
        let found = AUDIENCES.iter().find(|audience| words::has(&normalized, audience.keywords));
        let line = words::one_line(text, LONGEST_NAME);
        let bare = ["for ", "to ", "the ", "Write for "].iter().find_map(|lead| line.strip_prefix(lead));
        let name = bare.unwrap_or(&line).trim_end_matches(['.', '!']).trim();
        match found {
            Some(audience) => Some(Self::Known(audience)),
            None if !name.is_empty() => Some(Self::Named(name.to_owned())),
            None => None,
        }
    }

    /// The readers that a request names in passing: "executive-level", "for our procurement team".
    pub fn mentioned(text: &str) -> Option<Self> {
        let normalized = words::normalized(text);
        for audience in AUDIENCES {
            for keyword in audience.keywords.split(", ") {
                let Some(at) = words::find_keyword(&normalized, keyword) else { continue };
                let before: Vec<&str> = normalized[..at].split_whitespace().rev().take(4).collect();
                let meant = before.iter().any(|word| words::is_one_of(word, "for, to, audience, readers"));
                if meant || keyword.starts_with("executive") || keyword.starts_with("c ") {
                    return Some(Self::Known(audience));
                }
            }
        }
        named_group(text).map(Self::Named)
    }
}

/// "our procurement team" in "weekly news for our procurement team, please".
fn named_group(text: &str) -> Option<String> {
    const OWNERS: &str = "my, our, the, a, an";
    const GROUPS: &str = "team, teams, department, committee, unit, group, clients, customers, readers, office, \
        staff, colleagues, people, managers, members, partners, council, boss, manager";
    let tokens: Vec<&str> = text.split_whitespace().collect();
    for (at, window) in tokens.windows(2).enumerate() {
        if !window[0].eq_ignore_ascii_case("for") || !words::is_one_of(&window[1].to_lowercase(), OWNERS) {
            continue;
        }
        let group: Vec<&str> = tokens[at + 1..].iter().take(6).copied().collect();
        let plain = |token: &str| token.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        if let Some(end) = group.iter().position(|token| words::is_one_of(&plain(token), GROUPS)) {
            let name = words::one_line(&group[..=end].join(" "), LONGEST_NAME);
            return Some(name.trim_end_matches(|c: char| !c.is_alphanumeric()).to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_are_heard_in_passing() {
        for (request, expected) in [
            ("I need executive-level financial analysis with risk focus", Some("executives")),
            ("a weekly digest for our procurement team, please", Some("our procurement team")),
            ("write it for engineers", Some("engineers and technical teams")),
            ("act as a financial analyst", None),
            ("coverage of public opinion", None),
            ("regulatory news for the compliance team of a bank", Some("compliance and legal teams")),
        ] {
            assert_eq!(Readers::mentioned(request).as_ref().map(Readers::name), expected, "{request}");
        }
    }
}
