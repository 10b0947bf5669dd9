//! The real program, run as an operator runs it, against a database of its own.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use secrecy::ExposeSecret;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

use super::database::Database;

/// The program with its settings, and nothing else in its environment but the path to programs.
pub struct Program {
    pub database: Option<Arc<Database>>,
    settings: Vec<(String, String)>,
}

impl Program {
    /// With a database of its own.
    pub async fn new() -> Self {
        Self::beside(Arc::new(Database::create().await))
    }

    /// With the database of a service that runs in this process.
    pub fn beside(database: Arc<Database>) -> Self {
        let url = database.url().expose_secret().to_owned();
        Self { database: Some(database), settings: Vec::new() }.set("DATABASE__URL", url)
    }

    /// With a Postgres server of the program's own, in a directory.
    pub fn alone(data_dir: &Path) -> Self {
        Self { database: None, settings: Vec::new() }.set("DATA_DIR", data_dir.to_str().unwrap())
    }

    /// With one more setting, named without `WORKSHOP_`.
    pub fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.settings.push((format!("WORKSHOP_{name}"), value.into()));
        self
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_workshop"));
        command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.envs(self.settings.iter().map(|(name, value)| (name, value))).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// Runs a command with a text on its standard input to the end.
    pub async fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = self.command(arguments).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_owned();
        // A program that ends early closes the pipe; what it says of that is what counts.
        let writing = tokio::spawn(async move { drop(stdin.write_all(input.as_bytes()).await) });
        let output = child.wait_with_output().await.unwrap();
        writing.await.unwrap();
        output
    }

    /// What a command that succeeds prints.
    pub async fn prints(&self, arguments: &[&str], input: &str) -> String {
        let output = self.run(arguments, input).await;
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stdout) + text(&output.stderr).as_str());
        text(&output.stdout)
    }

    /// What a command that fails says on standard error.
    pub async fn refuses(&self, arguments: &[&str], input: &str) -> String {
        let output = self.run(arguments, input).await;
        assert!(!output.status.success(), "{arguments:?} was not refused: {}", text(&output.stdout));
        text(&output.stderr)
    }

    /// Starts the service and waits until it says that it is ready.
    pub async fn serve(&self) -> Service {
        let mut child = self.command(&["serve"]).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut service = Service { child, lines, log: Vec::new() };
        while !service.log.last().is_some_and(|line| line.contains("Ready.")) {
            let line = service.lines.next_line().await.unwrap();
            let line = line.unwrap_or_else(|| panic!("the service ended before it was ready: {:#?}", service.log));
            service.log.push(line);
        }
        service
    }

    /// Removes the database, if nobody else uses it.
    pub async fn close(self) {
        if let Some(database) = self.database.and_then(Arc::into_inner) {
            database.drop().await;
        }
    }
}

/// The running service.
pub struct Service {
    child: Child,
    lines: Lines<BufReader<ChildStderr>>,
    log: Vec<String>,
}

impl Service {
    /// Ends it at once, in the middle of whatever it does.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Stops it as an operator does, and returns every line it logged.
    pub async fn stop(mut self) -> Vec<String> {
        let id = self.child.id().expect("it runs").to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
        while let Some(line) = self.lines.next_line().await.unwrap() {
            self.log.push(line);
        }
        let ended = self.child.wait().await.unwrap();
        assert!(ended.success(), "{ended}: {:#?}", self.log);
        self.log
    }
}

/// What a program wrote.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A directory of a test's own, that other users may enter; removed in the end.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        use std::os::unix::fs::PermissionsExt;
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("workshop-program-{}-{count}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o711)).unwrap();
        Self(path)
    }

    /// Writes a file into it; its path.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}
