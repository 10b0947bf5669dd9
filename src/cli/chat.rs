//! `workshop chat`: the workshop in a terminal.

use std::io::{self, BufRead, IsTerminal, Write};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::chat::Platform;
use crate::chat::command::{self, Command};
use crate::chat::dialogue::Dialogue;
use crate::chat::reply::{self, Reply};
use crate::chat::terminal::Terminal;
use crate::config::Config;
use crate::domain::DraftId;
use crate::domain::account::{Identity, Platform as Where};
use crate::llm::engine::Engine;

/// What stands before a command.
const MARKER: &str = "/";

pub(super) async fn run(config: Config, user: Option<String>, draft: Option<i32>) -> anyhow::Result<()> {
    let app = super::open(config).await?;
    let workshop = app.workshop().clone();
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    app.listen(&stop, &tasks);
    let alone = !workshop.has_workers().await?;
    if alone {
        app.work(&stop, &tasks);
    }
    let name = user.or_else(|| std::env::var("USER").ok().filter(|name| !name.is_empty()));
    let name = name.unwrap_or_else(|| "analyst".to_owned());
    let identity = Identity { platform: Where::Terminal, workspace: String::new(), user: name.clone() };
    let actor = workshop.identify(&identity, &name).await?;
    let mut terminal = Terminal::default();
    let mut dialogue = Dialogue::new(workshop.clone(), actor.clone(), identity, MARKER);
    terminal.post(&Reply::said(greeting(&name, alone, &workshop.models().engine())))?;
    for told in workshop.take_notices(&actor).await? {
        terminal.post(&reply::told(&told, MARKER))?;
    }
    if alone && workshop.import_samples().await? > 0 {
        terminal.post(&Reply::said("Loaded the sample articles (fictional) into the empty database."))?;
    }
    if let Some(id) = draft {
        dialogue.carry_out(Command::Open(DraftId(id)), &mut terminal).await?;
    }
    let talked = talk(&mut dialogue, &mut terminal).await;
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    app.close().await;
    talked
}

fn greeting(name: &str, alone: bool, engine: &Engine) -> String {
    let jobs = if alone { " No service is running, so that tests run in this process." } else { "" };
    format!(
        "Prompt Workshop, as {name}. {}{jobs}\nSay what you need, for example: I need executive-level financial analysis \
         with risk focus. {MARKER}help shows what else can be said.",
        engine.meaning()
    )
}

/// Reads lines until the input ends or the person leaves.
async fn talk(dialogue: &mut Dialogue, terminal: &mut Terminal) -> anyhow::Result<()> {
    let mut lines = read_lines();
    loop {
        if terminal.is_interactive() {
            print!("> ");
            io::stdout().flush()?;
        }
        let Some(line) = lines.recv().await else { return Ok(()) };
        let said = line.trim();
        let command = match said.strip_prefix(MARKER) {
            Some(rest) => command::parse(rest),
            None if said.is_empty() => continue,
            None => Ok(Command::Say(said.to_owned())),
        };
        match command {
            Ok(command) => {
                let leaves = command == Command::Quit;
                dialogue.carry_out(command, terminal).await?;
                if leaves {
                    return Ok(());
                }
            }
            Err(unclear) => terminal.post(&Reply::refused(unclear.to_string()))?,
        }
    }
}

/// Lines of standard input, read on a thread of their own: reading one cannot be cancelled.
fn read_lines() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(1);
    std::thread::spawn(move || {
        let input = io::stdin();
        let echo = !input.is_terminal() && io::stdout().is_terminal();
        for line in input.lock().lines() {
            let Ok(line) = line else { return };
            if echo {
                println!("{line}");
            }
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
