//! The system account the server runs as. PostgreSQL refuses to run as root, so root hands over to another account.

use std::ffi::{CStr, CString};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;
use std::process::Command;
use std::{fs, io, ptr};

use super::Error;

/// A system account, and whether this process has to change to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    name: String,
    uid: u32,
    gid: u32,
    /// This process is root: what it makes is given to the account, what it starts runs as the account.
    hand_over: bool,
}

impl Account {
    /// The account for the cluster whose data is (or will be) in `data`.
    ///
    /// Root takes the owner of existing data, else `postgres`, else `nobody`. Anyone else is themself, must have an
    /// entry in the account database (`initdb` insists), and must own the data.
    pub(super) fn choose(data: &Path) -> Result<Self, Error> {
        // SAFETY: geteuid has no preconditions and cannot fail.
        let me = unsafe { libc::geteuid() };
        let owner = match fs::metadata(data) {
            Ok(found) => Some(found.uid()),
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(Error::io("read", data, source)),
        };
        if me != 0 {
            return match owner {
                Some(owner) if owner != me => Err(Error::Foreign { path: data.to_owned(), owner, me }),
                Some(_) | None => find(Key::Uid(me)).ok_or(Error::NoAccount { uid: me }),
            };
        }
        let chosen = owner
            .filter(|&uid| uid != 0)
            .and_then(|uid| find(Key::Uid(uid)))
            .or_else(|| find(Key::Name(c"postgres")))
            .or_else(|| find(Key::Name(c"nobody")))
            .ok_or(Error::NoAccount { uid: 0 })?;
        Ok(Self { hand_over: true, ..chosen })
    }

    /// Makes `command` run as this account, without the groups of the account that starts it.
    pub(super) fn apply(&self, command: &mut Command) {
        use std::os::unix::process::CommandExt;
        if self.hand_over {
            // The standard library empties the supplementary groups when root changes the user.
            command.uid(self.uid).gid(self.gid);
        }
    }

    /// Gives a file or directory to this account.
    pub(super) fn own(&self, path: &Path) -> Result<(), Error> {
        if self.hand_over {
            chown(path, Some(self.uid), Some(self.gid))
                .map_err(|source| Error::io("change the owner of", path, source))?;
        }
        Ok(())
    }

    /// Gives a whole tree to this account if its top belongs to root, as it does after a backup was restored by root.
    pub(super) fn own_tree(&self, top: &Path) -> Result<(), Error> {
        let failed = |source| Error::io("read", top, source);
        if !self.hand_over || top.symlink_metadata().map_err(failed)?.uid() != 0 {
            return Ok(());
        }
        let mut open = vec![top.to_owned()];
        while let Some(path) = open.pop() {
            if path.symlink_metadata().map_err(failed)?.is_dir() {
                for entry in fs::read_dir(&path).map_err(failed)? {
                    open.push(entry.map_err(failed)?.path());
                }
                self.own(&path)?;
            } else {
                std::os::unix::fs::lchown(&path, Some(self.uid), Some(self.gid)).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Whether this account owns what was found at a path.
    pub(super) fn owns(&self, found: &fs::Metadata) -> bool {
        found.uid() == self.uid
    }

    /// Whether the account is another one than this process'.
    pub(super) fn is_another(&self) -> bool {
        self.hand_over
    }

    /// The account's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

enum Key<'a> {
    Uid(u32),
    Name(&'a CStr),
}

/// Looks an account up in the system's account database.
fn find(key: Key<'_>) -> Option<Account> {
    let mut buffer = vec![0; 16 * 1024];
    let mut found = ptr::null_mut();
    // SAFETY: passwd is a plain C struct of integers and pointers, for which all zeroes is a valid value.
    let mut entry: libc::passwd = unsafe { std::mem::zeroed() };
    // SAFETY: every pointer is valid for the call, and the length given is the buffer's.
    let failed = unsafe {
        match key {
            Key::Uid(uid) => libc::getpwuid_r(uid, &mut entry, buffer.as_mut_ptr(), buffer.len(), &mut found),
            Key::Name(name) => {
                libc::getpwnam_r(name.as_ptr(), &mut entry, buffer.as_mut_ptr(), buffer.len(), &mut found)
            }
        }
    };
    if failed != 0 || found.is_null() {
        return None;
    }
    // SAFETY: the call succeeded, so pw_name is a C string that lives in `buffer`, which is still here.
    let name: CString = unsafe { CStr::from_ptr(entry.pw_name) }.to_owned();
    let name = name.to_string_lossy().into_owned();
    Some(Account { name, uid: entry.pw_uid, gid: entry.pw_gid, hand_over: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_found_by_name_and_number() {
        let root = find(Key::Name(c"root")).expect("every system has root");
        assert_eq!((root.uid, root.name()), (0, "root"));
        assert_eq!(find(Key::Uid(0)), Some(root));
        assert_eq!(find(Key::Name(c"no such account")), None);
        assert_eq!(find(Key::Uid(3_999_999_999)), None);
    }
}
