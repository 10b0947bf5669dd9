//! Turns the bytes of tokens into text and ends it exactly before a stop string.
//!
//! A token can hold half a character or run past a stop string, so what may be shown trails what was generated:
//! nothing is shown that a later token could still take back.

/// The text of one generation.
#[derive(Debug)]
pub struct Tail<'a> {
    stops: Vec<&'a str>,
    /// Whole characters generated so far.
    text: String,
    /// The beginning of a character whose rest has not come yet.
    partial: Vec<u8>,
    /// How much of `text` has been shown.
    shown: usize,
    /// For each token, the length of `text` after it, and whether it ended between characters.
    ends: Vec<(usize, bool)>,
    cut: Option<usize>,
}

impl<'a> Tail<'a> {
    /// An empty text that will end before the first of `stops`.
    pub fn new(stops: &'a [String]) -> Self {
        let stops = stops.iter().map(String::as_str).filter(|stop| !stop.is_empty()).collect();
        Self { stops, text: String::new(), partial: Vec::new(), shown: 0, ends: Vec::new(), cut: None }
    }

    /// Adds a token's bytes and answers what can be shown now.
    pub fn push(&mut self, bytes: &[u8]) -> &str {
        self.partial.extend_from_slice(bytes);
        self.take_whole_characters();
        self.ends.push((self.text.len(), self.partial.is_empty()));
        let fresh = &self.text[self.shown..];
        self.cut = self.stops.iter().filter_map(|stop| fresh.find(stop)).min().map(|at| self.shown + at);
        let until = self.cut.unwrap_or(self.text.len() - self.held_back());
        let from = std::mem::replace(&mut self.shown, until);
        &self.text[from..until]
    }

    /// Whether a stop string has come.
    pub fn is_stopped(&self) -> bool {
        self.cut.is_some()
    }

    /// Ends the text and answers what had been held back.
    pub fn finish(&mut self) -> &str {
        let until = *self.cut.get_or_insert(self.text.len());
        let from = std::mem::replace(&mut self.shown, until);
        &self.text[from..until]
    }

    /// The text before the stop string.
    pub fn text(&self) -> &str {
        &self.text[..self.cut.unwrap_or(self.text.len())]
    }

    /// How many of the tokens lie wholly before the cut, and the text after them up to the cut.
    pub fn kept(&self) -> (usize, &str) {
        let text = self.text();
        let whole = |&(end, clean): &(usize, bool)| clean && end <= text.len();
        match self.ends.iter().rposition(whole) {
            Some(last) => (last + 1, &text[self.ends[last].0..]),
            None => (0, text),
        }
    }

    fn take_whole_characters(&mut self) {
        let mut used = 0;
        while used < self.partial.len() {
            match std::str::from_utf8(&self.partial[used..]) {
                Ok(whole) => {
                    self.text.push_str(whole);
                    used = self.partial.len();
                }
                Err(error) => {
                    let valid = used + error.valid_up_to();
                    self.text.push_str(&String::from_utf8_lossy(&self.partial[used..valid]));
                    used = valid;
                    let Some(broken) = error.error_len() else { break };
                    self.text.push(char::REPLACEMENT_CHARACTER);
                    used += broken;
                }
            }
        }
        self.partial.drain(..used);
    }

    /// The length of the longest end of the text that could be the beginning of a stop string.
    fn held_back(&self) -> usize {
        let fresh = &self.text[self.shown..];
        let longest = |stop: &&str| {
            (1..stop.len()).rev().find(|&length| stop.is_char_boundary(length) && fresh.ends_with(&stop[..length]))
        };
        self.stops.iter().filter_map(longest).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::Tail;

    fn shown(stops: &[&str], pieces: &[&[u8]]) -> (Vec<String>, String, usize, String) {
        let stops: Vec<String> = stops.iter().map(|stop| (*stop).to_owned()).collect();
        let mut tail = Tail::new(&stops);
        let mut shown = Vec::new();
        for piece in pieces {
            shown.push(tail.push(piece).to_owned());
            if tail.is_stopped() {
                break;
            }
        }
        shown.push(tail.finish().to_owned());
        let (kept, rest) = tail.kept();
        (shown, tail.text().to_owned(), kept, rest.to_owned())
    }

    #[test]
    fn the_beginning_of_a_stop_string_is_held_back_until_it_is_clear() {
        let (shown, text, kept, rest) = shown(&["\n\n"], &[b"one", b"\n", b"two", b".\n", b"\nthree"]);
        assert_eq!(shown, ["one", "", "\ntwo", ".", "", ""]);
        assert_eq!(text, "one\ntwo.");
        assert_eq!((kept, rest.as_str()), (3, "."), "the token `.\\n` runs past the cut and is taken back");
    }

    #[test]
    fn a_token_that_swallows_the_stop_string_is_cut_inside() {
        let (shown, text, kept, rest) = shown(&["\n\n", "##"], &[b"end", b".\n\n## Next"]);
        assert_eq!(shown, ["end", ".", ""]);
        assert_eq!((text.as_str(), kept, rest.as_str()), ("end.", 1, "."));
    }

    #[test]
    fn what_was_held_back_comes_at_the_end() {
        let (shown, text, ..) = shown(&["STOP"], &[b"a ST"]);
        assert_eq!(shown, ["a ", "ST"]);
        assert_eq!(text, "a ST");
    }

    #[test]
    fn a_character_in_two_tokens_is_shown_once_it_is_whole() {
        let (shown, text, kept, _) = shown(&[], &[b"caf\xc3", b"\xa9", b"\xff!"]);
        assert_eq!(shown, ["caf", "\u{e9}", "\u{fffd}!", ""]);
        assert_eq!((text.as_str(), kept), ("caf\u{e9}\u{fffd}!", 3));
    }

    #[test]
    fn overlapping_beginnings_end_before_the_right_one() {
        let (shown, text, ..) = shown(&["aab"], &[b"a", b"a", b"a", b"b", b"x"]);
        assert_eq!(shown, ["", "", "a", "", ""]);
        assert_eq!(text, "a");
    }
}
