//! Finding the programs of an installed PostgreSQL. Another system's usual folder is one more line in [`FOLDERS`].

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use super::Error;

/// The oldest PostgreSQL that will do.
const OLDEST: u32 = 14;

/// Where systems keep the programs of each version: the parent, and how a version's folder begins.
const FOLDERS: [(&str, &str); 3] =
    [("/usr/lib/postgresql", ""), ("/usr", "pgsql-"), ("/opt/homebrew/opt", "postgresql@")];

/// The programs of one installed PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    folder: PathBuf,
}

impl Binaries {
    /// Finds the programs: in `given` alone if the operator named a folder, else on the search path, else in the usual
    /// folders, newest version first. A cluster made by one major version can be run by that one only.
    pub(super) fn find(given: Option<&Path>, made_by: Option<u32>) -> Result<Self, Error> {
        let places = match given {
            Some(folder) => vec![folder.to_owned()],
            None => {
                let path = env::var_os("PATH").unwrap_or_default();
                env::split_paths(&path).chain(usual_folders()).collect()
            }
        };
        choose(places, made_by, given, version)
    }

    /// The full path of a program.
    pub(super) fn program(&self, name: impl AsRef<OsStr>) -> PathBuf {
        self.folder.join(name.as_ref())
    }

    /// The folder of the programs.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

fn choose(
    places: Vec<PathBuf>,
    made_by: Option<u32>,
    given: Option<&Path>,
    version: impl Fn(&Path) -> Option<u32>,
) -> Result<Binaries, Error> {
    let mut found = Vec::new();
    for folder in places {
        let whole = folder.join("initdb").is_file();
        if let Some(major) = whole.then(|| version(&folder.join("postgres"))).flatten() {
            if made_by.map_or(major >= OLDEST, |wanted| major == wanted) {
                return Ok(Binaries { folder });
            }
            found.push(major);
        }
    }
    match (found.is_empty(), made_by, given) {
        (false, Some(made_by), _) => Err(Error::WrongVersion { made_by, found }),
        (false, None, _) => Err(Error::TooOld { found, oldest: OLDEST }),
        (true, _, Some(folder)) => Err(Error::NotThere { folder: folder.to_owned() }),
        (true, _, None) => Err(Error::NotInstalled),
    }
}

/// The usual folders that exist, newest version first.
fn usual_folders() -> Vec<PathBuf> {
    let mut folders: Vec<(u32, PathBuf)> = FOLDERS
        .iter()
        .flat_map(|(parent, prefix)| fs::read_dir(parent).into_iter().flatten().flatten().map(move |e| (e, *prefix)))
        .filter_map(|(entry, prefix)| {
            let version = entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    folders.sort_by(|one, other| other.cmp(one));
    folders.into_iter().map(|(_, folder)| folder).collect()
}

/// The major version a `postgres` program says it is; `None` where it cannot be run.
fn version(postgres: &Path) -> Option<u32> {
    let said = Command::new(postgres).arg("--version").stdin(Stdio::null()).output().ok()?.stdout;
    major_in(std::str::from_utf8(&said).ok()?)
}

/// Reads `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)` and `postgres (PostgreSQL) 19beta1`.
fn major_in(said: &str) -> Option<u32> {
    let number = said.strip_prefix("postgres (PostgreSQL) ")?;
    number[..number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len())].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stands for running the program: its file holds what it would say.
    fn reads(postgres: &Path) -> Option<u32> {
        major_in(&fs::read_to_string(postgres).ok()?)
    }

    /// A folder that looks like an installed version.
    fn installed(name: &str, version: &str) -> PathBuf {
        let folder = env::temp_dir().join(format!("workshop-binaries-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("initdb"), "").unwrap();
        fs::write(folder.join("postgres"), format!("postgres (PostgreSQL) {version}\n")).unwrap();
        folder
    }

    #[test]
    fn the_version_is_read_from_what_the_program_says() {
        assert_eq!(major_in("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n"), Some(15));
        assert_eq!(major_in("postgres (PostgreSQL) 19beta1\n"), Some(19));
        assert_eq!(major_in("postgres (EnterpriseDB) 15"), None);
    }

    #[test]
    fn the_first_place_wins_unless_the_cluster_was_made_by_another_version() {
        let (old, new) = (installed("old", "15.2"), installed("new", "17.1 (Debian)"));
        let places = || vec![PathBuf::from("/nonexistent"), new.clone(), old.clone()];
        assert_eq!(choose(places(), None, None, reads).unwrap().folder(), new);
        assert_eq!(choose(places(), Some(15), None, reads).unwrap().folder(), old);
        let error = choose(places(), Some(16), None, reads).unwrap_err().to_string();
        assert!(error.contains("made by PostgreSQL 16") && error.contains("17, 15"), "{error}");
        fs::remove_dir_all(old).unwrap();
        fs::remove_dir_all(new).unwrap();
    }

    #[test]
    fn an_old_version_is_refused_by_number() {
        let ancient = installed("ancient", "9.6.24");
        let error = choose(vec![ancient.clone()], None, None, reads).unwrap_err().to_string();
        assert!(error.contains("is 9") && error.contains("14 or newer"), "{error}");
        fs::remove_dir_all(ancient).unwrap();
    }

    #[test]
    fn nothing_installed_names_the_packages() {
        let error = choose(vec![PathBuf::from("/nonexistent")], None, None, reads).unwrap_err().to_string();
        assert!(error.contains("apt install postgresql postgresql-contrib"), "{error}");
    }
}
