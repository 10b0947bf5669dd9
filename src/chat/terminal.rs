//! The terminal: Markdown as it is, colour where there is a terminal, progress rewritten in place.

use std::io::{self, IsTerminal, Write};

use super::Platform;
use super::reply::Reply;

/// Standard output.
pub struct Terminal {
    out: io::Stdout,
    styled: bool,
    /// Whether progress or streamed text stands on the last line.
    open_line: Line,
    /// The progress shown last, so that a file does not get the same line again and again.
    last_progress: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Fresh,
    Progress,
    Text,
}

impl Default for Terminal {
    fn default() -> Self {
        let out = io::stdout();
        let styled = out.is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { out, styled, open_line: Line::Fresh, last_progress: String::new() }
    }
}

impl Terminal {
    /// Whether people sit in front of it.
    pub fn is_interactive(&self) -> bool {
        self.styled || self.out.is_terminal()
    }

    fn fresh_line(&mut self) -> io::Result<()> {
        match self.open_line {
            Line::Fresh => Ok(()),
            Line::Progress if self.out.is_terminal() => write!(self.out, "\r\x1b[2K"),
            Line::Progress | Line::Text => writeln!(self.out),
        }?;
        self.open_line = Line::Fresh;
        Ok(())
    }
}

/// Text from models and articles may hold codes that move the cursor or change the title: they are left out.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

impl Platform for Terminal {
    type Error = io::Error;

    fn post(&mut self, reply: &Reply) -> io::Result<()> {
        self.fresh_line()?;
        let text = plain(&reply.as_text());
        if text.is_empty() {
            return self.out.flush();
        }
        if self.styled && reply.is_error {
            writeln!(self.out, "\x1b[33m{text}\x1b[0m\n")?;
        } else {
            writeln!(self.out, "{text}\n")?;
        }
        self.out.flush()
    }

    fn progress(&mut self, line: &str) -> io::Result<()> {
        if self.open_line == Line::Progress && self.last_progress == line {
            return Ok(());
        }
        self.last_progress = line.to_owned();
        self.fresh_line()?;
        if self.styled {
            write!(self.out, "\x1b[2m{line}\x1b[0m")?;
        } else {
            write!(self.out, "{line}")?;
        }
        self.open_line = Line::Progress;
        self.out.flush()
    }

    fn stream(&mut self, text: &str) -> io::Result<()> {
        if self.open_line == Line::Progress {
            self.fresh_line()?;
        }
        write!(self.out, "{}", plain(text))?;
        self.open_line = Line::Text;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn text_cannot_steer_the_terminal() {
        assert_eq!(plain("a\x1b[2Jb\u{9b}31mc\r\n\td"), "a[2Jb31mc\n\td");
    }
}
