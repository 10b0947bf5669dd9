//! The words of HTML, as feeds send it: without tags, with entities read, in paragraphs.

/// Elements whose content nobody reads.
const SILENT: &[&str] = &["script", "style", "head", "template", "noscript", "iframe", "svg"];

/// Elements that begin or end a paragraph.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "div",
    "dl",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "ul",
];

/// Elements that begin a line.
const LINES: &[&str] = &["br", "dd", "dt", "figcaption", "li", "tr"];

/// Entities that are common in feeds, beside those with a number.
const ENTITIES: &[(&str, &str)] = &[
    ("amp", "&"),
    ("lt", "<"),
    ("gt", ">"),
    ("quot", "\""),
    ("apos", "'"),
    ("nbsp", " "),
    ("shy", ""),
    ("ensp", " "),
    ("emsp", " "),
    ("thinsp", " "),
    ("zwj", ""),
    ("zwnj", ""),
    ("ndash", "–"),
    ("mdash", "—"),
    ("hellip", "…"),
    ("lsquo", "‘"),
    ("rsquo", "’"),
    ("sbquo", "‚"),
    ("ldquo", "“"),
    ("rdquo", "”"),
    ("bdquo", "„"),
    ("laquo", "«"),
    ("raquo", "»"),
    ("lsaquo", "‹"),
    ("rsaquo", "›"),
    ("bull", "•"),
    ("middot", "·"),
    ("copy", "©"),
    ("reg", "®"),
    ("trade", "™"),
    ("euro", "€"),
    ("pound", "£"),
    ("yen", "¥"),
    ("cent", "¢"),
    ("sect", "§"),
    ("para", "¶"),
    ("deg", "°"),
    ("plusmn", "±"),
    ("times", "×"),
    ("divide", "÷"),
    ("frac12", "½"),
    ("frac14", "¼"),
    ("frac34", "¾"),
    ("sup2", "²"),
    ("sup3", "³"),
    ("micro", "µ"),
    ("rarr", "→"),
    ("larr", "←"),
    ("iexcl", "¡"),
    ("iquest", "¿"),
    ("agrave", "à"),
    ("aacute", "á"),
    ("acirc", "â"),
    ("atilde", "ã"),
    ("auml", "ä"),
    ("aring", "å"),
    ("aelig", "æ"),
    ("ccedil", "ç"),
    ("egrave", "è"),
    ("eacute", "é"),
    ("ecirc", "ê"),
    ("euml", "ë"),
    ("igrave", "ì"),
    ("iacute", "í"),
    ("icirc", "î"),
    ("iuml", "ï"),
    ("ntilde", "ñ"),
    ("ograve", "ò"),
    ("oacute", "ó"),
    ("ocirc", "ô"),
    ("otilde", "õ"),
    ("ouml", "ö"),
    ("oslash", "ø"),
    ("ugrave", "ù"),
    ("uacute", "ú"),
    ("ucirc", "û"),
    ("uuml", "ü"),
    ("yacute", "ý"),
    ("yuml", "ÿ"),
    ("szlig", "ß"),
    ("oelig", "œ"),
    ("scaron", "š"),
    ("Auml", "Ä"),
    ("Ouml", "Ö"),
    ("Uuml", "Ü"),
    ("Eacute", "É"),
    ("Agrave", "À"),
    ("Ccedil", "Ç"),
    ("Ntilde", "Ñ"),
    ("Aring", "Å"),
    ("Oslash", "Ø"),
    ("AElig", "Æ"),
    ("Aacute", "Á"),
    ("Iacute", "Í"),
    ("Oacute", "Ó"),
    ("Uacute", "Ú"),
];

/// The words of HTML, or of text that only may be HTML: paragraphs apart by an empty line, white space folded.
pub fn text_of(html: &str) -> String {
    let mut words = Words::default();
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        words.push(&rest[..at]);
        rest = &rest[at..];
        rest = if rest.starts_with('<') { words.tag(rest) } else { words.entity(rest) };
    }
    words.push(rest);
    words.text.trim_end().to_owned()
}

/// What stands between two words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    #[default]
    Nothing,
    Space,
    Line,
    Paragraph,
}

#[derive(Default)]
struct Words {
    text: String,
    gap: Gap,
}

impl Words {
    fn push(&mut self, raw: &str) {
        for c in raw.chars() {
            if c.is_whitespace() || c.is_control() {
                self.gap = self.gap.max(Gap::Space);
                continue;
            }
            if !self.text.is_empty() {
                self.text.push_str(match self.gap {
                    Gap::Nothing => "",
                    Gap::Space => " ",
                    Gap::Line => "\n",
                    Gap::Paragraph => "\n\n",
                });
            }
            self.gap = Gap::Nothing;
            self.text.push(c);
        }
    }

    /// Reads what begins with `<`, and says what follows it. A `<` that begins no tag is a word.
    fn tag<'a>(&mut self, rest: &'a str) -> &'a str {
        if let Some(comment) = rest.strip_prefix("<!--") {
            return comment.split_once("-->").map_or("", |(_, after)| after);
        }
        let inside = &rest[1..];
        let begins = inside.trim_start_matches('/').starts_with(|c: char| c.is_ascii_alphabetic());
        if !begins && !inside.starts_with(['!', '?']) {
            self.push("<");
            return inside;
        }
        let Some(end) = end_of_tag(inside) else { return "" };
        let (tag, after) = (&inside[..end], &inside[end + 1..]);
        let closes = tag.starts_with('/');
        let name = tag.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        let is = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        if is(BLOCKS) {
            self.gap = Gap::Paragraph;
        } else if is(LINES) {
            self.gap = self.gap.max(Gap::Line);
        }
        if is(SILENT) && !closes && !tag.ends_with('/') { after_element(after, name) } else { after }
    }

    /// Reads what begins with `&`, and says what follows it. An `&` that begins no entity is a word.
    fn entity<'a>(&mut self, rest: &'a str) -> &'a str {
        let inside = &rest[1..];
        let length = inside.bytes().take(32).take_while(|b| b.is_ascii_alphanumeric() || *b == b'#').count();
        let name = &inside[..length];
        let Some(read) = entity(name) else {
            self.push("&");
            return inside;
        };
        self.push(&read);
        let after = &inside[length..];
        after.strip_prefix(';').unwrap_or(after)
    }
}

/// Where a tag ends, minding quotes.
fn end_of_tag(inside: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in inside.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    // A quote that nothing closes: the tag ends as if there were none.
    inside.find('>')
}

/// What follows the end of an element whose content is left out.
fn after_element<'a>(rest: &'a str, name: &str) -> &'a str {
    let mut left = rest;
    while let Some(at) = left.find("</") {
        let tag = &left[at + 2..];
        if tag.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name)) {
            return tag.find('>').map_or("", |end| &tag[end + 1..]);
        }
        left = tag;
    }
    ""
}

fn entity(name: &str) -> Option<String> {
    let Some(number) = name.strip_prefix('#') else {
        return ENTITIES.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned());
    };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
        None => number.parse().ok()?,
    };
    // What old Windows programs mean by these numbers, and browsers show.
    let code = match code {
        0x91 | 0x92 => 0x2019,
        0x93 => 0x201C,
        0x94 => 0x201D,
        0x96 => 0x2013,
        0x97 => 0x2014,
        0x85 => 0x2026,
        code => code,
    };
    char::from_u32(code).map(String::from)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::text_of;

    #[test]
    fn tags_go_and_paragraphs_stay() {
        let html = "<p>One <b>bold</b>\n word.</p><p>Two<br/>lines</p><ul><li>a<li>b</ul>";
        assert_eq!(text_of(html), "One bold word.\n\nTwo\nlines\n\na\nb");
    }

    #[test]
    fn entities_are_read_and_what_is_none_stays() {
        assert_eq!(text_of("AT&amp;T &ndash; 3 &lt; 4 &#8364;5 &#x41; &nope; & R&D"), "AT&T – 3 < 4 €5 A &nope; & R&D");
        assert_eq!(text_of("2 < 3 and x<y"), "2 < 3 and x", "what looks like a tag that never ends is one");
    }

    #[test]
    fn what_nobody_reads_is_left_out() {
        let html =
            "a<script>if (1 < 2) { alert('</p>') }</SCRIPT >b<!-- <p>no</p> -->c<style>p{}</style><img alt=\">\">d";
        assert_eq!(text_of(html), "abcd");
    }

    proptest! {
        #[test]
        fn text_without_markup_is_only_folded(text in "[a-zA-Z .,!?äöü]{0,200}") {
            let folded: Vec<&str> = text.split_whitespace().collect();
            prop_assert_eq!(text_of(&text), folded.join(" "));
        }

        #[test]
        fn anything_is_read(html in "[<>&;#/a-z\"' !-]{0,300}") {
            text_of(&html);
        }
    }
}
