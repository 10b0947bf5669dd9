//! Slack's own markup ("mrkdwn"), made from the Markdown that models and people write.
//!
//! Whatever a text says, what comes out of here pings no one: `&`, `<` and `>` are always escaped, so the only control
//! sequences are those of `link`. The marks for formatting are written by `writer`; anything else that looks like one
//! is text, kept so by a zero-width space (`guard`).

mod guard;
mod link;
mod writer;

use crate::chat::split::split;
use guard::GUARD;
pub use guard::escape;
use pulldown_cmark::utils::TextMergeWithOffset;
use pulldown_cmark::{BrokenLink, BrokenLinkCallback, CowStr, Options, Parser};
use writer::{Look, Writer};

const OPTIONS: Options = Options::ENABLE_STRIKETHROUGH.union(Options::ENABLE_TABLES).union(Options::ENABLE_TASKLISTS);
/// The least that [`split`] cuts to.
const SHORTEST_PART: usize = 200;
/// Longer addresses behind a `[label]` are not repeated in every piece that names it.
const LONGEST_SHARED_URL: usize = 1000;

/// Markdown as Slack's markup.
pub fn mrkdwn(markdown: &str) -> String {
    convert(Parser::new_ext(markdown, OPTIONS), markdown, Look::Mrkdwn)
}

/// Markdown as lines of text without markup, for notifications; escaped for Slack.
pub fn plain(markdown: &str) -> String {
    convert(Parser::new_ext(markdown, OPTIONS), markdown, Look::Plain)
}

/// Markdown as pieces of Slack's markup, each at most `most` characters long and formatted by itself.
pub fn sections(markdown: &str, most: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    fill_sections(markdown, most, most, &Parser::new_ext(markdown, OPTIONS), &mut pieces);
    pieces
}

/// Converts parts of at most `limit` characters, smaller ones where markup makes them grow too much. `whole` knows the
/// addresses behind labels, which may be told in another part.
fn fill_sections(markdown: &str, limit: usize, most: usize, whole: &Parser<'_>, pieces: &mut Vec<String>) {
    for part in split(markdown, limit.max(SHORTEST_PART)) {
        let labels = |link: BrokenLink<'_>| {
            let known = whole.reference_definitions().get(&link.reference)?;
            let is_short = known.dest.len() <= LONGEST_SHARED_URL;
            is_short.then(|| (CowStr::from(known.dest.to_string()), CowStr::Borrowed("")))
        };
        let piece = convert(Parser::new_with_broken_link_callback(&part, OPTIONS, Some(labels)), &part, Look::Mrkdwn);
        if piece.chars().count() <= most {
            pieces.extend(Some(piece).filter(|piece| !piece.is_empty()));
        } else if limit > SHORTEST_PART {
            fill_sections(&part, limit * 2 / 3, most, whole, pieces);
        } else {
            pieces.extend(unformatted(&part, most));
        }
    }
}

/// The last resort, for what grows many times over: the source as it is, cut anywhere.
fn unformatted(text: &str, most: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut count = 0;
    for c in text.chars() {
        let mut shown = escape(&c.to_string());
        if guard::is_mark(c) || c == '@' {
            shown.push(GUARD);
        }
        let length = shown.chars().count();
        if count + length > most {
            pieces.push(String::new());
            count = 0;
        }
        count += length;
        if let Some(piece) = pieces.last_mut() {
            piece.push_str(&shown);
        }
    }
    pieces.retain(|piece| !piece.trim().is_empty());
    pieces
}

fn convert<'a, F: BrokenLinkCallback<'a>>(parser: Parser<'a, F>, markdown: &str, look: Look) -> String {
    let mut writer = Writer::new(look);
    for (event, range) in TextMergeWithOffset::new(parser.into_offset_iter()) {
        writer.event(event, markdown, &range);
    }
    writer.finish()
}

/// Text that Slack reads as Markdown itself, with nothing in it that Slack would take for a mention or a link of its own.
pub fn neutral(text: &str) -> String {
    let text = text.replace('<', "<\u{200b}");
    ["channel", "here", "everyone"]
        .iter()
        .fold(text, |text, word| text.replace(&format!("@{word}"), &format!("@\u{200b}{word}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// With the guards made visible.
    fn shown(text: &str) -> String {
        text.replace(GUARD, "^")
    }

    fn check(cases: &[(&str, &str)]) {
        for (markdown, expected) in cases {
            assert_eq!(shown(&mrkdwn(markdown)), *expected, "{markdown}");
        }
    }

    #[test]
    fn inline_formatting() {
        check(&[
            ("**bold** *italic* _too_ ~~gone~~ `code`", "*bold* _italic_ _too_ ~gone~ `code`"),
            ("***both*** **bold _and_ italic**", "_*both*_ *bold _and_ italic*"),
            ("a**b**c *it*alic `x`s", "a^*b*^c _it_^alic `x`^s"),
            ("**a**! (*b*)", "*a*! (_b_)"),
            ("**one\ntwo**", "*one*\n*two*"),
            ("**a [b](https://c.d) e**", "*a <https://c.d|b> e*"),
            ("这是**重点**内容", "这是^*重点*^内容"),
            ("`` a`b <c> ``", "`aˋb &lt;c&gt;`"),
            ("one  \ntwo", "one\ntwo"),
        ]);
    }

    #[test]
    fn literal_marks_stay_literal() {
        check(&[
            ("2*3*4 and 2 * 3 * 4", "2*3*4 and 2 * 3 * 4"),
            ("snake_case_name", "snake_case_name"),
            (r"\*not bold\*", "*^not bold*"),
            ("_private and ~5 to ~6", "_^private and ~^5 to ~^6"),
            (r"**a\* b**", "*a^*^ b*"),
            ("a lone ` backtick", "a lone `^ backtick"),
            ("see https://example.com/_next_/a", "see https://example.com/_next_/a"),
            (r"\> no quote", "^&gt; no quote"),
        ]);
    }

    #[test]
    fn nothing_of_the_text_controls_slack() {
        check(&[
            ("<!channel> <@U1> <#C1>", "&lt;!channel&gt; &lt;@U1&gt; &lt;#C1&gt;"),
            ("&lt;!here&gt; `<!here>`", "&lt;!here&gt; `&lt;!here&gt;`"),
            ("<!subteam^S1|a> <!date^1^{date}|x>", "&lt;!subteam^S1|a&gt; &lt;!date^1^{date}|x&gt;"),
            ("<b>a & b</b>", "&lt;b&gt;a &amp; b&lt;/b&gt;"),
            ("<div>\n<!everyone>\n</div>", "&lt;div&gt;\n&lt;!everyone&gt;\n&lt;/div&gt;"),
            ("@channel @Here @everyone @anna `@here`", "@^channel @^Here @^everyone @anna `@here`"),
            ("# @**channel**", "*@^channel*"),
            ("[<!here>](https://a.b)", "<https://a.b|&lt;!here&gt;>"),
            ("[x](<https://a.b/c|<!here>>)", "[x](&lt;https://a.b/c|&lt;!here&gt;&gt;)"),
        ]);
        assert_eq!(shown(&plain("@**channel** <!here>")), "@^channel &lt;!here&gt;");
    }

    #[test]
    fn links_and_images() {
        check(&[
            ("[A | B](https://a.b/?x=1&y=2)", "<https://a.b/?x=1&amp;y=2|A ¦ B>"),
            ("[a](<https://a.b/c d|e>)", "<https://a.b/c%20d%7Ce|a>"),
            ("<https://a.b> <me@a.b>", "<https://a.b> <mailto:me@a.b|me@a.b>"),
            ("[one\ntwo **three**](http://a.b)", "<http://a.b|one two three>"),
            (
                "[x](javascript:alert(1)) [y](docs/a.md) [z](#top) [e]()",
                "x (javascript:alert(1)) y (docs/a.md) z (#top) e",
            ),
            ("![alt](https://a.b/i.png) ![](https://a.b)", "<https://a.b/i.png|alt> <https://a.b>"),
            ("[![badge](https://i.j)](https://a.b)", "<https://a.b|badge>"),
            ("[a][b]\n\n[b]: https://c.d", "<https://c.d|a>"),
        ]);
    }

    #[test]
    fn blocks() {
        check(&[
            ("# A **big** `x`\ntext\n## B", "*A big `x`*\n\ntext\n\n*B*"),
            ("a\n\n***\n\nb", "a\n\n───\n\nb"),
            ("> a\n> b\n>\n> c\n\nd", "> a\n> b\n> \n> c\n\nd"),
            ("> - a\n>\n> > b", "> • a\n> \n> > b"),
            ("```rust\nlet a = &b;\n\n  *x*\n```\nend", "```\nlet a = &amp;b;\n\n  *x*\n```\n\nend"),
            ("````\n```\na\n```\n````", "```\n`^``\na\n`^``\n```"),
            ("    code", "```\ncode\n```"),
            ("> ```\n> a\n> ```", "> ```\n> a\n> ```"),
            ("#", ""),
        ]);
    }

    #[test]
    fn lists() {
        check(&[
            ("- a\n- b\n  more\n\nend", "• a\n• b\n    more\n\nend"),
            ("1. a\n   - b\n     1. c\n2. d", "1. a\n    • b\n        1. c\n2. d"),
            ("3. a\n\n   again\n\n4. b", "3. a\n    again\n4. b"),
            ("- [ ] a\n- [x] b\n\n1. [x] c", "☐ a\n☑ b\n\n1. ☑ c"),
            ("- - a\n-\n- b", "• \n    • a\n• \n• b"),
            ("1. ```\n   a\n   ```\n   b", "1. \n```\na\n```\n    b"),
            ("- **a**: b\n- *c*", "• *a*: b\n• _c_"),
        ]);
    }

    #[test]
    fn tables_are_columns() {
        check(&[(
            "| Name | No |\n|:--|--:|\n| **a** | 1 |\n| `b<` [c](https://d.e) @here | 200 |",
            "```\n\
             Name                     |  No\n\
             -------------------------|----\n\
             a                        |   1\n\
             b&lt; c (https://d.e) @^here | 200\n\
             ```",
        )]);
    }

    #[test]
    fn plain_text_has_no_markup() {
        let markdown = "# A **b**\n\n- [x] c `d`\n- e\n\n> [f](https://g.h) & <i@j.k>\n\n```\n*l*\n\nm\n```\n---\n\n|n|o|\n|-|-|\n|p|q|";
        let expected = "A b\n☑ c d\n• e\nf (https://g.h) &amp; i@j.k\n*l*\nm\nn | o\np | q";
        assert_eq!(plain(markdown), expected);
    }

    #[test]
    fn sections_fit_after_conversion() {
        for text in ["<".repeat(3000), "&".repeat(9000), "a|".repeat(2000), format!("```\n{}\n```", "<\n".repeat(3000))]
        {
            let pieces = sections(&text, 3000);
            assert!(pieces.iter().all(|piece| piece.chars().count() <= 3000), "{text}");
            let (kept, given) = (escape(&text).matches(';').count(), pieces.concat().matches(';').count());
            assert_eq!(kept, given);
        }
        let table = format!("|{}|b|\n|-|-|\n{}", "a".repeat(40), "|1|2|\n".repeat(300));
        assert!(sections(&table, 3000).iter().all(|piece| piece.chars().count() <= 3000));
        assert_eq!(sections("", 3000), Vec::<String>::new());
        assert_eq!(sections("**a**", 3000), ["*a*"]);
    }

    #[test]
    fn a_label_is_known_in_every_section() {
        let text = format!("See [a][x].\n\n{}\n\n[x]: https://y.z\n", "word ".repeat(100));
        assert!(sections(&text, 300)[0].starts_with("See <https://y.z|a>."));
    }

    /// What is left once the links that may be there are taken out.
    fn without_links(text: &str) -> String {
        let mut rest = text;
        let mut out = String::new();
        while let Some((before, after)) = rest.split_once('<') {
            out.push_str(before);
            let link = after.split_once('>').filter(|(link, _)| {
                let url = link.split('|').next().unwrap_or_default();
                let is_link = ["https://", "http://", "mailto:"].iter().any(|scheme| url.starts_with(scheme));
                is_link
                    && !link.contains(['<', '\n'])
                    && !url.contains(char::is_whitespace)
                    && link.matches('|').count() < 2
            });
            match link {
                Some((_, after)) => rest = after,
                None => {
                    out.push('<');
                    rest = after;
                }
            }
        }
        out + rest
    }

    const ANYTHING: &str = "([a-z0-9é中*_`~#>|<&@!\\[\\]()\\\\^:.+=\t -]{0,20}|\n|\n\n|```\n|\n~~~\n|> |- |  - |    |1\\. |- \\[ \\] |\\|a\\|b\\|\n\\|-\\|-\\|\n|\n# |\r\n|<!channel>|<@U1>|<#C1\\|x>|<!here>|<https://a\\.b>|\\[a\\]\\(https://b\\.c\\)|\\[b\\]\\(<http://x y\\|>\\)|!\\[c\\]\\(d\\)|\\*\\*|&lt;|&#64;|@channel|@here|```|<div>\n|\\[k\\]: http://l\n|\\[k\\]){0,80}";

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn no_text_controls_slack(text in ANYTHING) {
            for out in [mrkdwn(&text), sections(&text, 250).join("\n"), plain(&text)] {
                prop_assert!(!without_links(&out).contains('<'), "{}", out);
                let ends = ["&amp;", "&lt;", "&gt;"];
                prop_assert!(out.match_indices('&').all(|(at, _)| ends.iter().any(|end| out[at..].starts_with(end))), "{}", out);
            }
            prop_assert!(!plain(&text).to_lowercase().contains("@channel"));
            prop_assert!(!plain(&text).to_lowercase().contains("@here"));
        }

        #[test]
        fn pieces_fit_and_close_their_code(text in ANYTHING, most in 200usize..600) {
            for piece in sections(&text, most) {
                prop_assert!(piece.chars().count() <= most);
                prop_assert!(piece.matches("```").count().is_multiple_of(2), "{}", piece);
                prop_assert!(!piece.trim().is_empty());
            }
            prop_assert!(mrkdwn(&text).matches("```").count().is_multiple_of(2));
        }

        #[test]
        fn no_letter_is_lost(text in "([a-z0-9]{1,12}|[ *_~#>.()&<!-]{1,4}|\n|\n\n|\n- |\n1\\. |\n> |\n\\*\\*|\\*\\*|`){0,150}") {
            let letters = |text: &str| text.chars().filter(|c| c.is_ascii_lowercase()).collect::<String>();
            let unescaped = |text: &str| text.replace("&lt;", "").replace("&gt;", "").replace("&amp;", "");
            // What follows a fence is not shown.
            prop_assume!(!text.contains("```") && !text.contains("~~~"));
            prop_assume!(!text.contains("&lt") && !text.contains("&gt") && !text.contains("&amp"));
            prop_assert_eq!(letters(&unescaped(&mrkdwn(&text))), letters(&text));
            prop_assert_eq!(letters(&unescaped(&plain(&text))), letters(&text));
            prop_assert_eq!(letters(&unescaped(&sections(&text, 200).concat())), letters(&text));
        }
    }
}
