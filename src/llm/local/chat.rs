//! Text to tokens and back, and the form in which Qwen expects a conversation (ChatML).

use candle_core::quantized::gguf_file::Content;
use candle_core::quantized::tokenizer::TokenizerFromGguf as _;
use tokenizers::Tokenizer;

use crate::llm::{Error, Role};

const START: &str = "<|im_start|>";
const END: &str = "<|im_end|>";
const END_OF_TEXT: &str = "<|endoftext|>";

/// The tokens that a model knows.
#[derive(Debug)]
pub struct Vocabulary {
    tokenizer: Tokenizer,
    start: u32,
    end: u32,
    end_of_text: Option<u32>,
}

impl Vocabulary {
    /// Reads it from a model's file.
    pub fn from_gguf(content: &Content) -> Result<Self, Error> {
        let mut tokenizer = Tokenizer::from_gguf(content).map_err(|error| Error::Local(error.to_string()))?;
        // A person or an article that writes `<|im_end|>` means these characters, not the end of the message.
        tokenizer.set_encode_special_tokens(true);
        let special = |token: &str| tokenizer.token_to_id(token);
        let needed = |token: &str| special(token).ok_or_else(|| Error::Local(format!("it has no token {token}")));
        let (start, end, end_of_text) = (needed(START)?, needed(END)?, special(END_OF_TEXT));
        Ok(Self { tokenizer, start, end, end_of_text })
    }

    /// The tokens of plain text.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, Error> {
        let encoding = self.tokenizer.encode_fast(text, false).map_err(|error| Error::Local(error.to_string()))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The bytes of a token; a token that controls the conversation has none.
    pub fn bytes(&self, id: u32) -> Vec<u8> {
        if self.is_control(id) {
            return Vec::new();
        }
        self.tokenizer.id_to_token(id).map(|token| token.chars().filter_map(byte).collect()).unwrap_or_default()
    }

    /// Whether the model says with this token that it is done.
    pub fn is_end(&self, id: u32) -> bool {
        id == self.end || Some(id) == self.end_of_text
    }

    /// The tokens of a conversation up to where the assistant's message begins.
    pub fn prompt<'a>(
        &self,
        system: &str,
        messages: impl IntoIterator<Item = (Role, &'a str)>,
    ) -> Result<Vec<u32>, Error> {
        let mut tokens = Vec::new();
        self.message(&mut tokens, "system", system)?;
        for (role, content) in messages {
            self.message(&mut tokens, speaker(role), content)?;
        }
        tokens.push(self.start);
        tokens.extend(self.encode(&format!("{}\n", speaker(Role::Assistant)))?);
        Ok(tokens)
    }

    fn message(&self, tokens: &mut Vec<u32>, speaker: &str, content: &str) -> Result<(), Error> {
        tokens.push(self.start);
        tokens.extend(self.encode(&format!("{speaker}\n{content}"))?);
        tokens.push(self.end);
        tokens.extend(self.encode("\n")?);
        Ok(())
    }

    fn is_control(&self, id: u32) -> bool {
        self.tokenizer.get_added_tokens_decoder().get(&id).is_some_and(|token| token.special)
    }
}

fn speaker(role: Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}

/// The byte that a character of a byte-level vocabulary stands for.
///
/// Printable characters of Latin-1 stand for themselves; the other 68 bytes, in order, are written from U+0100 on.
fn byte(character: char) -> Option<u8> {
    let is_plain = |byte: &u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let code = u32::from(character);
    match u8::try_from(code) {
        Ok(byte) => Some(byte).filter(is_plain),
        Err(_) => (0..=u8::MAX).filter(|byte| !is_plain(byte)).nth(usize::try_from(code - 0x100).ok()?),
    }
}

#[cfg(test)]
mod tests {
    use super::byte;

    #[test]
    fn every_byte_has_one_character() {
        let mut bytes: Vec<u8> = (0..0x200).filter_map(char::from_u32).filter_map(byte).collect();
        assert_eq!(bytes.len(), 256);
        bytes.sort_unstable();
        assert_eq!(bytes, (0..=u8::MAX).collect::<Vec<_>>());
        assert_eq!((byte('\u{120}'), byte('\u{10a}'), byte('a')), (Some(b' '), Some(b'\n'), Some(b'a')));
    }
}
