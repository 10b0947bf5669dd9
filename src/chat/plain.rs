//! What is said in a workshop's thread without a marker: talk, or a command that it cannot well be taken for.

use super::command::{Command, first_word, parse};
use super::errand;

/// Reads what is said in a workshop's thread without a marker: a command only if it cannot well be talk.
///
/// "test What changed?" is one; "commit to a calmer tone", "list the risks first" and "open questions remain" are not.
pub fn parse_plain(said: &str) -> Command {
    let talk = || Command::Say(said.trim().to_owned());
    let (_, rest) = first_word(said);
    let bare = rest.is_empty();
    let named = |name: &str| name.contains('_') || name.contains(|c: char| c.is_ascii_digit());
    match parse(said) {
        Ok(Command::Say(_) | Command::Topic(_) | Command::Quit) | Err(_) => talk(),
        // Words of two parts are hardly said by chance.
        Ok(Command::Errand(errand)) => match bare || errand::is_grouped(said) {
            true => Command::Errand(errand),
            false => talk(),
        },
        Ok(
            command @ (Command::Help
            | Command::List
            | Command::Draft
            | Command::Tests
            | Command::Diff
            | Command::Reject
            | Command::Ready
            | Command::Web),
        ) => {
            if bare {
                command
            } else {
                talk()
            }
        }
        Ok(command @ (Command::Open(_) | Command::Restore(_) | Command::Accept(_) | Command::Rate { .. })) => command,
        Ok(command @ (Command::Test { .. } | Command::Improve { .. })) => command,
        Ok(Command::New(need)) if need.split_whitespace().count() == 1 => talk(),
        Ok(command @ Command::New(_)) => command,
        Ok(command @ Command::Commit { .. }) => match &command {
            Command::Commit { name, .. } if name.is_empty() || named(name) => command,
            _ => talk(),
        },
        Ok(Command::Clone(name)) => {
            if named(&name) && !name.contains(' ') {
                Command::Clone(name)
            } else {
                talk()
            }
        }
        Ok(Command::Library(words)) => {
            if words.split_whitespace().count() <= 3 {
                Command::Library(words)
            } else {
                talk()
            }
        }
        Ok(Command::Ask { prompt, question }) => {
            if named(&prompt) {
                Command::Ask { prompt, question }
            } else {
                talk()
            }
        }
        Ok(Command::Link(code)) => {
            if bare || code.contains('-') {
                Command::Link(code)
            } else {
                talk()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn talk_that_begins_like_a_command_stays_talk() {
        for talk in [
            "open questions remain at the end",
            "list the risks first",
            "commit to a calmer tone",
            "help me with the timelines",
            "rate the risks by severity",
            "ask for sources in every paragraph",
            "clone the structure of a memo",
            "draft something shorter",
            "make the timelines stronger",
            "link every claim",
        ] {
            assert_eq!(parse_plain(talk), Command::Say(talk.to_owned()), "{talk}");
        }
        for command in [
            "help",
            "list",
            "open 3",
            "test How did premiums move?",
            "accept",
            "accept 1 2",
            "reject",
            "rate 4 good timelines",
            "commit",
            "commit financial_risk_executive Financial risk",
            "ask financial_risk_executive What are the risks?",
            "clone financial_risk_executive",
            "link ABCD-EFGH-JKLM",
        ] {
            assert!(!matches!(parse_plain(command), Command::Say(_)), "{command}");
        }
    }
}
