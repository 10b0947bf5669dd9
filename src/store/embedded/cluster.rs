//! The folders of a cluster: making them, what the server writes into them, what is read back.

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs, io};

use rand::Rng;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::account::Account;
use super::binaries::Binaries;
use super::{Error, Options, USER, process};

/// The address of a Unix socket is at most this long on every system, its closing zero included.
const LONGEST_SOCKET_ADDRESS: usize = 104;

/// The log starts anew when it is larger than this at the start of the server.
const LARGEST_LOG: u64 = 10 * 1024 * 1024;

/// How many lines of the log an error quotes.
const QUOTED_LINES: usize = 8;

/// One cluster and who runs it with which programs.
#[derive(Debug)]
pub(super) struct Cluster {
    directory: PathBuf,
    pub(super) account: Account,
    pub(super) binaries: Binaries,
    pub(super) sockets: PathBuf,
    pub(super) password: SecretString,
}

impl Cluster {
    /// Makes whatever of the cluster is missing; on the first start that is all of it.
    pub(super) fn prepare(directory: &Path, options: &Options) -> Result<Self, Error> {
        let data = data(directory);
        let account = Account::choose(&data)?;
        let made_by = made_by(&data)?;
        let binaries = Binaries::find(options.binaries.as_deref(), made_by)?;
        probe(directory, &account, &binaries)?;
        let sockets = socket_folder(directory);
        if sockets.starts_with(directory) {
            own_folder(&sockets, &account)?;
        } else {
            own_folder_among_others(&sockets, &account)?;
        }
        own_folder(&directory.join("log"), &account)?;
        let password = if made_by.is_some() {
            account.own_tree(&data)?;
            read_password(directory)?
        } else {
            let password = write_password(directory, &account)?;
            initialise(directory, options, &account, &binaries)?;
            password
        };
        Ok(Self { directory: directory.to_owned(), account, binaries, sockets, password })
    }

    /// The folder that PostgreSQL calls its data directory.
    pub(super) fn data(&self) -> PathBuf {
        data(&self.directory)
    }

    /// Opens the server's log for writing and says how long it is now.
    pub(super) fn open_log(&self) -> io::Result<(fs::File, u64)> {
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(self.log())?;
        if file.metadata()?.len() > LARGEST_LOG {
            file.set_len(0)?;
        }
        let length = file.metadata()?.len();
        Ok((file, length))
    }

    /// The last lines that the server wrote after the log was `from` bytes long.
    pub(super) fn log_since(&self, from: u64) -> String {
        let read = || {
            let mut file = fs::File::open(self.log())?;
            file.seek(SeekFrom::Start(from))?;
            let mut bytes = Vec::new();
            file.take(LARGEST_LOG).read_to_end(&mut bytes)?;
            io::Result::Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        read().map_or_else(|error| format!("(its log cannot be read: {error})"), |text| last_lines(&text))
    }

    /// Where the server's log is.
    pub(super) fn log(&self) -> PathBuf {
        self.directory.join("log").join("postgres.log")
    }
}

/// What a running server says about itself in `postmaster.pid`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Postmaster {
    pub(super) pid: u32,
    pub(super) sockets: PathBuf,
    pub(super) ready: bool,
}

impl Postmaster {
    /// Reads the file; `None` while there is none, or only a part of it.
    pub(super) fn read(directory: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(pid_file(directory)).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().collect();
        let ready = lines.get(7).is_some_and(|status| status.trim() == "ready");
        let sockets = PathBuf::from(lines.get(4).copied().unwrap_or_default());
        Some(Self { pid: lines.first()?.trim().parse().ok()?, sockets, ready })
    }

    /// Whether that process still exists and is the server of this cluster, not another with the same number.
    pub(super) fn is_alive(&self, directory: &Path) -> bool {
        if !process::exists(self.pid) {
            return false;
        }
        // The server is told its data directory, and works in it. Where the system says neither, the number has to do.
        let data = data(directory);
        let about = PathBuf::from(format!("/proc/{}", self.pid));
        let told = |line: Vec<u8>| line.split(|&byte| byte == 0).any(|word| word == data.as_os_str().as_bytes());
        !Path::new("/proc/self/cmdline").exists()
            || fs::read(about.join("cmdline")).is_ok_and(told)
            || fs::read_link(about.join("cwd")).is_ok_and(|folder| folder == data)
    }
}

/// Makes what a killed server left behind harmless. Only for the owner, and only when no server runs.
///
/// PostgreSQL refuses to start while the number in a left-over `postmaster.pid` is some process', be it an unrelated
/// one. The file must stay, since the server finds out from it whether parts of its predecessor are still running, so
/// only the number is replaced, by that of the new server's parent, which it accepts. The socket's lock guards nothing
/// that our own does not.
pub(super) fn clear_remains(directory: &Path, sockets: &Path) -> Result<(), Error> {
    let lock = sockets.join(".s.PGSQL.5432.lock");
    match fs::remove_file(&lock) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => return Err(Error::io("remove", &lock, source)),
        Ok(()) | Err(_) => {}
    }
    let path = pid_file(directory);
    let failed = |source| Error::io("repair", &path, source);
    let Some(stale) = Postmaster::read(directory).filter(|found| process::exists(found.pid)) else { return Ok(()) };
    let text = fs::read_to_string(&path).map_err(failed)?;
    let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
    tracing::info!("The database was not shut down, and its process number {} is another's by now", stale.pid);
    fs::write(&path, format!("{}\n{rest}", std::process::id())).map_err(failed)
}

/// The password of the cluster.
pub(super) fn read_password(directory: &Path) -> Result<SecretString, Error> {
    let path = password_file(directory);
    let text = fs::read_to_string(&path).map_err(|source| Error::io("read", &path, source))?;
    Ok(text.trim().to_owned().into())
}

/// Makes the folder that holds everything and returns its full path.
pub(super) fn make_directory(directory: &Path) -> Result<PathBuf, Error> {
    let failed = |source| Error::io("make", directory, source);
    if !directory.exists() {
        fs::create_dir_all(directory).map_err(failed)?;
        // The server's account has to pass through; what must not be seen is closed by itself.
        fs::set_permissions(directory, Permissions::from_mode(0o711)).map_err(failed)?;
    }
    directory.canonicalize().map_err(failed)
}

fn data(directory: &Path) -> PathBuf {
    directory.join("data")
}

fn pid_file(directory: &Path) -> PathBuf {
    data(directory).join("postmaster.pid")
}

fn password_file(directory: &Path) -> PathBuf {
    directory.join("password")
}

/// The major version that made the cluster; `None` when there is no cluster yet.
fn made_by(data: &Path) -> Result<Option<u32>, Error> {
    let path = data.join("PG_VERSION");
    match fs::read_to_string(&path) {
        Ok(text) => Ok(text.trim().parse().ok()),
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::io("read", &path, source)),
    }
}

/// Sees whether the account can work in the folder, which it cannot below another's private home.
fn probe(directory: &Path, account: &Account, binaries: &Binaries) -> Result<(), Error> {
    if !account.is_another() {
        return Ok(());
    }
    let run_in = |folder: &Path| {
        let mut command = Command::new(binaries.program("postgres"));
        account.apply(&mut command);
        command.arg("--version").current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).status()
    };
    let Err(source) = run_in(directory) else { return Ok(()) };
    if source.kind() != io::ErrorKind::PermissionDenied {
        return Err(Error::io("run a program in", directory, source));
    }
    let blocked = if run_in(Path::new("/")).is_ok() { directory } else { binaries.folder() };
    Err(Error::Unreachable { account: account.name().to_owned(), path: blocked.to_owned() })
}

/// Where the socket goes: into the cluster's own folder unless the address would be too long.
fn socket_folder(directory: &Path) -> PathBuf {
    let own = directory.join("run");
    let short = format!("workshop-{}", &hex(&Sha256::digest(directory.as_os_str().as_bytes()))[..16]);
    [own, env::temp_dir().join(&short)]
        .into_iter()
        .find(|folder| folder.as_os_str().len() + "/.s.PGSQL.5432".len() < LONGEST_SOCKET_ADDRESS)
        .unwrap_or_else(|| Path::new("/tmp").join(short))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Makes a folder of the cluster that nobody but the account may enter.
fn own_folder(path: &Path, account: &Account) -> Result<(), Error> {
    let failed = |source| Error::io("make", path, source);
    if !path.is_dir() {
        DirBuilder::new().mode(0o700).create(path).map_err(failed)?;
    }
    account.own(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(failed)
}

/// Makes such a folder where others may write too. One that is there already must be the account's.
fn own_folder_among_others(path: &Path, account: &Account) -> Result<(), Error> {
    let failed = |source| Error::io("make", path, source);
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => return account.own(path),
        Err(exists) if exists.kind() == io::ErrorKind::AlreadyExists => {}
        Err(source) => return Err(failed(source)),
    }
    // Not following links: anybody could have put one there.
    let found = path.symlink_metadata().map_err(failed)?;
    if found.is_dir() && account.owns(&found) && found.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    Err(Error::NotPrivate { path: path.to_owned(), account: account.name().to_owned() })
}

fn write_password(directory: &Path, account: &Account) -> Result<SecretString, Error> {
    let path = password_file(directory);
    let failed = |source| Error::io("write", &path, source);
    let password: String = rand::rng().sample_iter(rand::distr::Alphanumeric).take(32).map(char::from).collect();
    match fs::remove_file(&path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => return Err(failed(source)),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path).map_err(failed)?;
    file.write_all(password.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    account.own(&path)?;
    Ok(password.into())
}

/// Makes the cluster beside its place and moves it there when it is whole.
fn initialise(directory: &Path, options: &Options, account: &Account, binaries: &Binaries) -> Result<(), Error> {
    let unfinished = directory.join("data.new");
    let failed = |source| Error::io("make", &unfinished, source);
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(failed)?;
    }
    own_folder(&unfinished, account)?;
    let mut initdb = process::command(&binaries.program("initdb"), account);
    initdb.args(["--username", USER, "--encoding=UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256", "--pwfile"]);
    initdb.arg(password_file(directory)).arg("--pgdata").arg(&unfinished);
    if !options.durable {
        initdb.arg("--no-sync");
    }
    let outcome = initdb.output().map_err(failed)?;
    if !outcome.status.success() {
        let said = [outcome.stdout, outcome.stderr].concat();
        return Err(Error::Initialise { said: last_lines(&String::from_utf8_lossy(&said)) });
    }
    fs::rename(&unfinished, data(directory)).map_err(failed)?;
    fs::File::open(directory).and_then(|folder| folder.sync_all()).map_err(failed)
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(QUOTED_LINES)..].join("\n")
}

/// The URL of a database of the server, as libpq and sqlx read it.
pub(super) fn url(sockets: &Path, password: &SecretString, database: &str) -> SecretString {
    let folder: String = sockets
        .as_os_str()
        .as_bytes()
        .iter()
        .map(|&byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    // Port and TLS are spelled out, since both programs would otherwise take them from the environment.
    format!("postgres://{USER}:{}@{folder}:5432/{database}?sslmode=disable", password.expose_secret()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_is_ready_when_line_eight_says_so() {
        let text = "7\n/d/data\n1700000000\n5432\n/d/run\n\n  5432001    32769\nready   \n";
        let found = Postmaster::parse(text).unwrap();
        assert_eq!(found, Postmaster { pid: 7, sockets: "/d/run".into(), ready: true });
        assert!(!Postmaster::parse(&text.replace("ready   ", "starting")).unwrap().ready);
        assert!(!Postmaster::parse("7\n/d/data\n").unwrap().ready);
        assert_eq!(Postmaster::parse(""), None);
    }

    #[test]
    fn a_long_path_gets_a_short_socket_folder_of_its_own() {
        assert_eq!(socket_folder(Path::new("/srv/workshop/postgres")), Path::new("/srv/workshop/postgres/run"));
        let long = |end: &str| socket_folder(&Path::new("/srv").join("deep/".repeat(30)).join(end));
        assert!(long("a").as_os_str().len() < 89, "{}", long("a").display());
        assert_ne!(long("a"), long("b"));
    }

    #[test]
    fn the_url_survives_any_path() {
        let url = url(Path::new("/a b/@ü%/run"), &"secret".to_owned().into(), "workshop");
        let wanted = "postgres://workshop:secret@%2Fa%20b%2F%40%C3%BC%25%2Frun:5432/workshop?sslmode=disable";
        assert_eq!(url.expose_secret(), wanted);
    }

    #[test]
    fn an_error_quotes_the_last_lines_only() {
        let text: String = (0..20).map(|n| format!("line {n}\n\n")).collect();
        let quoted = last_lines(&text);
        assert!(quoted.starts_with("line 12\n") && quoted.ends_with("line 19"), "{quoted}");
    }
}
