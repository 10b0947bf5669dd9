//! Keeps what a reasoning model thinks aloud out of its answer.
//!
//! Most servers send thoughts beside the text; some local ones leave them in it, as a leading `<think>…</think>`.

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// Where in the answer we are.
#[derive(Debug)]
pub enum Thoughts {
    /// So far the text may still become an opening tag: it is held back.
    Unsure(String),
    /// Within the thoughts; what is kept may hold the beginning of the closing tag.
    Inside(String),
    /// Between the thoughts and the first word.
    Between,
    /// In the answer.
    Over,
}

impl Default for Thoughts {
    fn default() -> Self {
        Self::Unsure(String::new())
    }
}

impl Thoughts {
    /// The part of this piece of text that belongs to the answer.
    pub fn strip(&mut self, chunk: &str) -> String {
        match self {
            Self::Over => chunk.to_owned(),
            Self::Between => {
                let spoken = chunk.trim_start();
                if !spoken.is_empty() {
                    *self = Self::Over;
                }
                spoken.to_owned()
            }
            Self::Inside(kept) => {
                kept.push_str(chunk);
                match kept.split_once(CLOSE) {
                    Some((_, answer)) => {
                        let answer = answer.to_owned();
                        *self = Self::Between;
                        self.strip(&answer)
                    }
                    None => {
                        let start = kept.floor_char_boundary(kept.len().saturating_sub(CLOSE.len()));
                        kept.drain(..start);
                        String::new()
                    }
                }
            }
            Self::Unsure(held) => {
                held.push_str(chunk);
                let begun = held.trim_start();
                if let Some(thoughts) = begun.strip_prefix(OPEN) {
                    let thoughts = thoughts.to_owned();
                    *self = Self::Inside(String::new());
                    self.strip(&thoughts)
                } else if OPEN.starts_with(begun) {
                    String::new()
                } else {
                    let spoken = std::mem::take(held);
                    *self = Self::Over;
                    spoken
                }
            }
        }
    }

    /// What was held back and turned out to be the answer.
    pub fn rest(&mut self) -> String {
        match self {
            Self::Unsure(held) => std::mem::take(held),
            Self::Inside(_) | Self::Between | Self::Over => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spoken(chunks: &[&str]) -> String {
        let mut thoughts = Thoughts::default();
        let mut text: String = chunks.iter().map(|chunk| thoughts.strip(chunk)).collect();
        text.push_str(&thoughts.rest());
        text
    }

    #[test]
    fn leading_thoughts_are_left_out() {
        assert_eq!(spoken(&["\n<think>hm <b>", " é</think>\n\n", " Yes"]), "Yes");
        assert_eq!(spoken(&["<think>never ends"]), "");
    }

    #[test]
    fn text_that_only_looks_alike_stays() {
        assert_eq!(spoken(&["<th", "ree>"]), "<three>");
        assert_eq!(spoken(&["<thi"]), "<thi");
        assert_eq!(spoken(&["Use <think>x</think>."]), "Use <think>x</think>.");
        assert_eq!(spoken(&["  indented"]), "  indented");
    }

    proptest! {
        #[test]
        fn where_the_stream_is_split_does_not_matter(cuts in proptest::collection::vec(0usize..60, 0..8)) {
            let whole = " <think>naïve: 3 < 4, </thin no</think>\n\nThe answer is <4>.";
            let mut cuts: Vec<usize> = cuts.into_iter().map(|at| whole.floor_char_boundary(at)).collect();
            cuts.extend([0, whole.len()]);
            cuts.sort_unstable();
            let chunks: Vec<&str> = cuts.windows(2).map(|pair| &whole[pair[0]..pair[1]]).collect();
            prop_assert_eq!(spoken(&chunks), "The answer is <4>.");
        }
    }
}
