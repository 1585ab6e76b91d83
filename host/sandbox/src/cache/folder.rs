//! A private folder of the user. It is opened once and all access is relative to it, so that nobody can replace it.

use std::fs::{self, DirBuilder, File, Metadata, TryLockError};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use rustix::fs::{AtFlags, CWD, Dir, Mode, OFlags, linkat, openat, renameat, unlinkat};
use rustix::process::geteuid;

use super::entry_file::Found;
use provider_egress::io_reason;

/// How files are named that are not whole yet.
const UNFINISHED: &str = "new-";

/// How files are named that are locked while an entry is made.
const LOCK: &str = "lock-";

/// How often a lock is tried that somebody else holds.
const LOCK_INTERVAL: Duration = Duration::from_millis(20);

/// After this time, the process that wrote an unfinished file is assumed to have died.
const WRITING_TIME: Duration = Duration::from_secs(60 * 60);

/// What others may do, in the bits of a mode.
const OTHERS: u32 = 0o077;

/// The bits that let others write, and the bit that keeps them from replacing files of others.
const OTHERS_WRITE: u32 = 0o022;
const STICKY: u32 = 0o1000;

/// An open folder that only this user may use.
pub(super) struct Folder {
    folder: File,
    user: u32,
}

impl Folder {
    /// Opens the folder, and creates it and those above it if they are missing.
    ///
    /// # Errors
    /// Why it is not used.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let failed = |error: io::Error| io_reason(&error);
        let user = geteuid().as_raw();
        match DirBuilder::new().recursive(true).mode(0o700).create(path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(failed(error)),
            Ok(()) | Err(_) => {}
        }
        let name = path.file_name().ok_or("it has no name")?;
        let above = path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let above = fs::canonicalize(above).map_err(failed)?;
        for folder in above.ancestors() {
            let found = fs::metadata(folder).map_err(failed)?;
            let is_safe =
                [0, user].contains(&found.uid()) && (found.mode() & OTHERS_WRITE == 0 || found.mode() & STICKY != 0);
            if !is_safe {
                return Err(format!("others may change what lies in {}", folder.display()));
            }
        }
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::RDONLY | OFlags::CLOEXEC;
        let path = above.join(name);
        if !fs::symlink_metadata(&path).map_err(failed)?.is_dir() {
            return Err("it is a link or a file".to_owned());
        }
        let folder = File::from(openat(CWD, path, flags, Mode::empty()).map_err(|error| failed(error.into()))?);
        let found = folder.metadata().map_err(failed)?;
        if found.uid() != user {
            return Err("it belongs to another user".to_owned());
        }
        if found.mode() & OTHERS != 0 {
            return Err(format!("others may use it (mode {:o})", found.mode() & 0o777));
        }
        Ok(Self { folder, user })
    }

    /// Reads a whole file that only this user may use, and notes that it was used; `None` if it is missing or too large.
    pub(super) fn read(&self, name: &str, at_most: u64) -> Option<Vec<u8>> {
        // Opening a pipe must not wait for its writer.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::RDONLY | OFlags::CLOEXEC;
        let file = File::from(openat(&self.folder, name, flags, Mode::empty()).ok()?);
        let found = file.metadata().ok()?;
        if !self.is_own(&found) || found.len() > at_most {
            return None;
        }
        // An entry that cannot be marked is only taken for older than it is.
        drop(file.set_modified(SystemTime::now()));
        let mut bytes = Vec::with_capacity(usize::try_from(found.len()).ok()?);
        file.take(at_most).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    fn is_own(&self, found: &Metadata) -> bool {
        found.is_file() && found.uid() == self.user && found.mode() & OTHERS == 0
    }

    /// Writes a file and replaces one of the same name atomically: a reader gets the old one or the new one.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let unfinished = self.unfinished(bytes, Flush::Later)?;
        let renamed = renameat(&self.folder, &unfinished, &self.folder, name);
        if renamed.is_err() {
            drop(self.remove(&unfinished));
        }
        Ok(renamed?)
    }

    /// Writes a file unless there is one of its name already.
    pub(super) fn create(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let unfinished = self.unfinished(bytes, Flush::Now)?;
        let linked = linkat(&self.folder, &unfinished, &self.folder, name, AtFlags::empty());
        drop(self.remove(&unfinished));
        match linked.map_err(io::Error::from) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        }
    }

    /// Writes a file under a name that nobody else uses.
    fn unfinished(&self, bytes: &[u8], flush: Flush) -> io::Result<String> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let name = format!("{UNFINISHED}{:016x}", u64::from_ne_bytes(random));
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::WRONLY | OFlags::CLOEXEC;
        let mut file = File::from(openat(&self.folder, &name, flags, Mode::RUSR | Mode::WUSR)?);
        let written = file.write_all(bytes).and_then(|()| match flush {
            Flush::Now => file.sync_all(),
            Flush::Later => Ok(()),
        });
        if written.is_err() {
            drop(self.remove(&name));
        }
        written.map(|()| name)
    }

    /// Locks a name against other processes while an entry is made; the system unlocks it when they end. `None` if
    /// another process holds it for longer than `patience`, or there can be no lock: then the entry is made without one.
    pub(super) fn lock(&self, name: &str, patience: Duration) -> Option<Lock<'_>> {
        let name = format!("{LOCK}{name}");
        let begun = Instant::now();
        loop {
            let flags = OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::RDWR | OFlags::CLOEXEC;
            let file = File::from(openat(&self.folder, &name, flags, Mode::RUSR | Mode::WUSR).ok()?);
            match file.try_lock() {
                // Who held it before has removed the file, and another process may have made the next one.
                Ok(()) if self.is_there(&name, &file)? => return Some(Lock { folder: self, name, _file: file }),
                Ok(()) => {}
                Err(TryLockError::WouldBlock) if begun.elapsed() < patience => std::thread::sleep(LOCK_INTERVAL),
                Err(TryLockError::WouldBlock | TryLockError::Error(_)) => return None,
            }
        }
    }

    /// Whether the name still leads to this file; `None` if the file is not this user's own.
    fn is_there(&self, name: &str, file: &File) -> Option<bool> {
        let found = file.metadata().ok()?;
        if !self.is_own(&found) {
            return None;
        }
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::RDONLY | OFlags::CLOEXEC;
        let named = openat(&self.folder, name, flags, Mode::empty()).ok().map(File::from);
        let named = named.and_then(|named| named.metadata().ok());
        Some(named.is_some_and(|named| (named.dev(), named.ino()) == (found.dev(), found.ino())))
    }

    /// Removes a file, if it is there.
    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        match unlinkat(&self.folder, name, AtFlags::empty()).map_err(io::Error::from) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    /// The files that only this user may use. Those that were never finished are removed.
    pub(super) fn list(&self) -> io::Result<Vec<Found>> {
        let mut found = Vec::new();
        for entry in Dir::read_from(&self.folder)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str() else { continue };
            let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::RDONLY | OFlags::CLOEXEC;
            // It may have been removed meanwhile.
            let Ok(file) = openat(&self.folder, name, flags, Mode::empty()) else { continue };
            let metadata = File::from(file).metadata()?;
            let used = metadata.modified()?;
            if name.starts_with(UNFINISHED) || name.starts_with(LOCK) {
                if used.elapsed().is_ok_and(|age| age > WRITING_TIME) {
                    self.remove(name)?;
                }
            } else if self.is_own(&metadata) {
                found.push(Found { name: name.to_owned(), bytes: metadata.len(), used });
            }
        }
        Ok(found)
    }
}

/// A name that is locked as long as this lives.
pub(super) struct Lock<'a> {
    folder: &'a Folder,
    name: String,
    _file: File,
}

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        // Removed while it is locked, so that nobody else's is.
        drop(self.folder.remove(&self.name));
    }
}

/// Whether a file outlives a loss of power whole. An entry that does not is recognised and replaced.
#[derive(Clone, Copy)]
enum Flush {
    Now,
    Later,
}
