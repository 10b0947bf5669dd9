//! Locks between processes on the same data. They end with the process that holds them, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::{fs, process};

use super::Error;

/// A lock that is held until this is dropped, or the process ends.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

/// Who holds a lock: the number of the process, where it has been written down already.
pub(super) type Holder = Option<u32>;

impl Lock {
    /// Takes the lock, or says who holds it.
    pub(super) fn take(path: &Path) -> Result<Result<Self, Holder>, Error> {
        let failed = |source| Error::io("lock", path, source);
        let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Err(holder(path))),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        file.set_len(0).and_then(|()| file.rewind()).map_err(failed)?;
        writeln!(file, "{}", process::id()).map_err(failed)?;
        Ok(Ok(Self { file }))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing alone is not enough: a process being forked at this moment has a copy of the file open for an instant.
        if let Err(error) = self.file.unlock() {
            tracing::warn!(%error, "A lock of the database directory could not be released");
        }
    }
}

fn holder(path: &Path) -> Holder {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// The lock that one serving process holds; a second one is refused.
pub(super) fn serving(directory: &Path) -> PathBuf {
    directory.join("serve.lock")
}

/// The lock of the process whose child the server is.
pub(super) fn owning(directory: &Path) -> PathBuf {
    directory.join("owner.lock")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_held_until_it_is_dropped_and_names_its_holder() {
        let path = std::env::temp_dir().join(format!("workshop-lock-{}", process::id()));
        let lock = Lock::take(&path).unwrap().unwrap();
        assert_eq!(Lock::take(&path).unwrap().unwrap_err(), Some(process::id()));
        drop(lock);
        drop(Lock::take(&path).unwrap().unwrap());
        fs::remove_file(path).unwrap();
    }
}
