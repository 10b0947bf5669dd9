//! The `.prompt` file: one version of a prompt as a text file that people keep beside their code.
//!
//! ```text
//! file    = [BOM] "---" end *( line end ) "---" end text
//! line    = key ":" value | "#" comment | ""
//! key     = "name" | "title" | "description" | "note"        with a string
//!         | "tags"                                           with a list
//!         | "version"                                        with a number
//! value   = string | number | list
//! string  = a JSON string, such as "two\nlines"; or plain words on one line, without quotes
//! list    = "[" [ string *( "," string ) ] "]"               a JSON list of strings
//! end     = LF | CR LF
//! text    = everything that follows, exactly as it is
//! ```
//!
//! What is written is also YAML, so that other tools read it; of YAML nothing more is read than this. The text may hold
//! anything, also lines of `---`: only the first two of them mean something.

use super::text::Invalid;

/// What begins and ends the front matter.
const FENCE: &str = "---";

/// One version of a prompt, as a `.prompt` file has it. Nothing is checked but the shape of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PromptFile {
    /// The prompt's name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// Words that it is found by.
    pub tags: Vec<String>,
    /// The number of the version; `None` when the file names none.
    pub version: Option<i32>,
    /// Why the version was made.
    pub note: String,
    /// The text.
    pub text: String,
}

impl PromptFile {
    /// The file; reading it gives the very same back.
    pub fn write(&self) -> String {
        let Self { name, title, description, tags, version, note, text } = self;
        let tags: Vec<String> = tags.iter().map(|tag| quoted(tag)).collect();
        let version = version.map(|version| format!("version: {version}\n")).unwrap_or_default();
        format!(
            "{FENCE}\nname: {}\ntitle: {}\ndescription: {}\ntags: [{}]\n{version}note: {}\n{FENCE}\n{text}",
            quoted(name),
            quoted(title),
            quoted(description),
            tags.join(", "),
            quoted(note),
        )
    }

    /// Reads a file; a refusal names the line.
    pub fn read(file: &str) -> Result<Self, Invalid> {
        let file = file.strip_prefix('\u{feff}').unwrap_or(file);
        let (first, mut rest) = split_line(file);
        if first != FENCE {
            return Err(at(1, "must be ---: a .prompt file begins with its front matter"));
        }
        let mut read = Self::default();
        let mut seen: Vec<&str> = Vec::new();
        for number in 2.. {
            if rest.is_empty() {
                return Err(at(number, "is missing: the front matter must end with a line of ---"));
            }
            let (line, after) = split_line(rest);
            rest = after;
            if line == FENCE {
                break;
            }
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let (key, value) = line.split_once(':').ok_or_else(|| at(number, "must be like title: \"Some title\""))?;
            let key = key.trim_end();
            if seen.contains(&key) {
                return Err(at(number, &format!("says {} a second time", shown(key))));
            }
            seen.push(key);
            read.set(key, value.trim()).map_err(|reason| at(number, &reason))?;
        }
        if !seen.contains(&"name") {
            return Err(at(1, "must be followed by a line such as name: some_prompt"));
        }
        Ok(Self { text: rest.to_owned(), ..read })
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "name" => self.name = string(value)?,
            "title" => self.title = string(value)?,
            "description" => self.description = string(value)?,
            "note" => self.note = string(value)?,
            "tags" => {
                let wrong = |_| "must be a list such as tags: [\"risk\", \"shipping\"]".to_owned();
                self.tags = serde_json::from_str(value).map_err(wrong)?;
            }
            "version" => {
                let version = value.parse().ok().filter(|version| *version >= 1);
                self.version = Some(version.ok_or_else(|| "must be a whole number from 1".to_owned())?);
            }
            other => {
                let known = "name, title, description, tags, version and note";
                return Err(format!("has the unknown key {}; there are {known}", shown(other)));
            }
        }
        Ok(())
    }
}

/// The first line without its end, and what follows.
fn split_line(text: &str) -> (&str, &str) {
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    (line.strip_suffix('\r').unwrap_or(line), rest)
}

/// A value in quotes, or plain words.
fn string(value: &str) -> Result<String, String> {
    if value.starts_with('"') {
        return serde_json::from_str(value)
            .map_err(|_| "has a broken string; write it as \"some \\\"words\\\"\"".into());
    }
    // What these mean in YAML is not what they look like.
    let special = value.starts_with(['\'', '[', ']', '{', '}', '&', '*', '!', '|', '>', '%', '@', '`', '#', ','])
        || value.contains(" #")
        || value.contains(": ")
        || value.ends_with(':');
    match special {
        true => Err("has a character that means something else in YAML; put the words into double quotes".to_owned()),
        false => Ok(value.to_owned()),
    }
}

/// A string in double quotes, as JSON and YAML both read it, on one line in every editor.
fn quoted(text: &str) -> String {
    let mut written = String::with_capacity(text.len() + 2);
    written.push('"');
    for c in text.chars() {
        match c {
            '"' => written.push_str("\\\""),
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            // Separators of lines to some readers, and what editors swallow.
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                written.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => written.push(c),
        }
    }
    written.push('"');
    written
}

fn shown(key: &str) -> String {
    format!("{:?}", super::text::excerpt(key, 40))
}

fn at(line: usize, reason: &str) -> Invalid {
    Invalid::new("file", format!("line {line} {reason}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refusal(file: &str) -> String {
        PromptFile::read(file).unwrap_err().reason
    }

    #[test]
    fn a_file_written_by_hand_is_read() {
        let file = "---\r\n# ours\r\nname: shipping_risks\r\ntitle: Risks, and what they cost\r\n\r\n\
                    tags: [\"risk\"]\r\nversion: 3\r\n---\r\nYou are…\r\n---\r\nMore.";
        let read = PromptFile::read(file).unwrap();
        assert_eq!((read.name.as_str(), read.version), ("shipping_risks", Some(3)));
        assert_eq!((read.title.as_str(), read.tags), ("Risks, and what they cost", vec!["risk".to_owned()]));
        assert_eq!(read.text, "You are…\r\n---\r\nMore.");
    }

    #[test]
    fn a_refusal_names_the_line() {
        assert!(refusal("You are…").starts_with("line 1 must be ---"));
        assert!(refusal("---\nname: a_b\n").starts_with("line 3 is missing"));
        assert!(refusal("---\nname: a_b\nmodel: x\n---\n").starts_with("line 3 has the unknown key \"model\""));
        assert!(refusal("---\nname: a_b\nname: b_c\n---\n").starts_with("line 3 says \"name\" a second time"));
        assert!(refusal("---\ntitle: Some title\n---\n").contains("name: some_prompt"));
        assert!(refusal("---\nname: \"a\n---\n").starts_with("line 2 has a broken string"));
        assert!(refusal("---\nname: a_b\nversion: 0\n---\n").starts_with("line 3 must be a whole number"));
        for special in ["'quoted'", "a: b", "a #b", "[a]", "|", "*a"] {
            assert!(refusal(&format!("---\nname: {special}\n---\n")).contains("double quotes"), "{special}");
        }
    }

    #[test]
    fn it_is_written_on_one_line_a_value() {
        let file = PromptFile {
            name: "a_b".to_owned(),
            description: "two\nlines \u{2028}\u{85} \"quoted\"".to_owned(),
            ..PromptFile::default()
        };
        let written = "---\nname: \"a_b\"\ntitle: \"\"\ndescription: \"two\\nlines \\u2028\\u0085 \\\"quoted\\\"\"\n\
                       tags: []\nnote: \"\"\n---\n";
        assert_eq!(file.write(), written);
    }

    /// Any text, most of all what could be taken for something else.
    fn any_text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("---\n".to_owned()),
            Just("\r\n---\r\n".to_owned()),
            Just("\r\n".to_owned()),
            Just("name: \"x\"\n".to_owned()),
            Just("\u{feff}".to_owned()),
            Just("\\\"#:".to_owned()),
            "\\PC{0,12}",
            any::<String>(),
        ];
        proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_the_same(
            name in any_text(), title in any_text(), description in any_text(), note in any_text(), text in any_text(),
            tags in proptest::collection::vec(any_text(), 0..4), version in proptest::option::of(1_i32..),
        ) {
            let file = PromptFile { name, title, description, tags, version, note, text };
            prop_assert_eq!(PromptFile::read(&file.write()), Ok(file));
        }

        #[test]
        fn no_file_is_too_odd_to_be_read_or_refused(file in any_text()) {
            let _ = PromptFile::read(&format!("---\n{file}"));
        }
    }
}
