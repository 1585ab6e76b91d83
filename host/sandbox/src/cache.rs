//! Compiled components, kept in a folder from one process to the next.

mod entry_file;
#[cfg(unix)]
mod folder;
#[cfg(not(unix))]
#[path = "cache/no_folder.rs"]
mod folder;
mod sealed;
#[cfg(test)]
mod tests;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ring::digest::{Context, SHA256};
use tracing::{debug, warn};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::{Digest, Error, Result};
use entry_file::Found;
use folder::Folder;
use provider_egress::io_reason;
pub(crate) use sealed::Genuine;
use sealed::Key;

/// What the names of entries are made of beside the component and the engine: another number for another form of entries.
const FORM: &[u8] = b"provider-host compiled component 1";

/// The file that holds the key of the entries' checksums.
const KEY: &str = "key";

/// Entries that are kept at most.
const MOST_ENTRIES: usize = 32;

/// Bytes that the kept entries have at most together, and so the largest one. A provider has some 2 MiB.
const MOST_BYTES: u64 = 256 * 1024 * 1024;

/// A folder with compiled components, so that a component is compiled once and not by every process that loads it. Give it
/// to a sandbox with [`Sandbox::cached_in`](crate::Sandbox::cached_in).
///
/// Its content runs as native code, outside of the sandbox. So the folder must belong to the user of this process and be
/// closed to everybody else, no folder above it may be writable for others, and each entry carries a checksum under a key
/// that lies beside it. This protects against other users, against files that are damaged, cut off or renamed, and against
/// entries of another machine or user. It does not protect against somebody who acts as this user or as root, who could
/// change this program as well, nor against a copy of the whole folder, key included: use one only from a source from
/// which you would run a program.
///
/// Trust in a component is checked by its own bytes, with or without a cache. Entries are found by the component's digest,
/// the version of the runtime and its settings. An unusable entry is compiled again and replaced. A folder that is no
/// longer writable costs only time.
///
/// Systems that are not Unix-like have no cache: they record in other ways who may write to a folder.
pub struct Cache {
    path: PathBuf,
    folder: Folder,
    key: Key,
}

impl Cache {
    /// Keeps compiled components in this folder, and creates it if it is missing.
    ///
    /// # Errors
    /// [`Error::CacheUnusable`]: the folder cannot be made or written, is a link, belongs to somebody else, or others may use it
    /// or write to one above it.
    pub fn open(folder: &Path) -> Result<Self> {
        let unusable = |reason: String| Error::CacheUnusable { folder: folder.to_owned(), reason: reason.into() };
        let opened = Folder::open(folder).map_err(unusable)?;
        let key = key(&opened).map_err(|error| unusable(format!("no key can be kept there: {}", io_reason(&error))))?;
        Ok(Self { path: folder.to_owned(), folder: opened, key })
    }

    /// The same in the user's folder for what can be made again: `name` in `$XDG_CACHE_HOME`, or in `~/.cache`.
    ///
    /// # Errors
    /// Those of [`open`](Self::open), or the user has no such folder.
    pub fn in_user_folder(name: &str) -> Result<Self> {
        let named = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
        let folder = named.or_else(|| std::env::home_dir().map(|home| home.join(".cache")));
        match folder {
            Some(folder) => Self::open(&folder.join(name)),
            None => Err(Error::CacheUnusable { folder: name.into(), reason: "the user has no home".into() }),
        }
    }

    /// The compiled component of this digest, if it is there and whole.
    pub(crate) fn find(&self, engine: &Engine, component: &Digest) -> Option<Component> {
        let name = entry(engine, component);
        let bytes = self.folder.read(&name.to_string(), MOST_BYTES)?;
        let Some(genuine) = self.key.open(&name, &bytes) else {
            debug!(folder = %self.path.display(), entry = %name, "a damaged or foreign entry is not used");
            return None;
        };
        match genuine.load(engine) {
            Ok(component) => Some(component),
            Err(error) => {
                debug!(folder = %self.path.display(), entry = %name, error = %error, "an entry cannot be used");
                None
            }
        }
    }

    /// Waits while another process makes the entry of this component. Held for as long as this process makes it; `None` if
    /// the other one takes longer than `patience`, so that nothing waits for ever.
    pub(crate) fn lock(&self, engine: &Engine, component: &Digest, patience: Duration) -> Option<impl Sized + use<'_>> {
        self.folder.lock(&entry(engine, component).to_string(), patience)
    }

    /// Keeps a compiled component, and removes old entries if there are too many.
    pub(crate) fn keep(&self, engine: &Engine, component: &Digest, compiled: &Component) {
        let kept = compiled.serialize().map_err(io::Error::other).and_then(|code| {
            let name = entry(engine, component);
            self.folder.write(&name.to_string(), &self.key.seal(&name, &code))?;
            for name in superfluous(self.folder.list()?) {
                self.folder.remove(&name)?;
            }
            Ok(())
        });
        if let Err(error) = kept {
            warn!(folder = %self.path.display(), %error, "a compiled component is not kept");
        }
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("folder", &self.path).finish_non_exhaustive()
    }
}

/// Which entries are removed: the least recently used ones beyond the limits.
fn superfluous(mut found: Vec<Found>) -> Vec<String> {
    found.retain(|found| found.name.parse::<Digest>().is_ok());
    found.sort_by_key(|found| std::cmp::Reverse(found.used));
    let mut sum = 0_u64;
    let mut kept = 0_usize;
    let goes = |found: &Found| {
        sum = sum.saturating_add(found.bytes);
        let fits = sum <= MOST_BYTES && kept < MOST_ENTRIES;
        kept = kept.saturating_add(1);
        !fits
    };
    found.into_iter().filter(goes).map(|found| found.name).collect()
}

/// The name of an entry: what was compiled, and by what.
fn entry(engine: &Engine, component: &Digest) -> Digest {
    let mut settings = Sum(Context::new(&SHA256));
    engine.precompile_compatibility_hash().hash(&mut settings);
    let settings = settings.0.finish();
    Digest::of(&[FORM, component.bytes(), settings.as_ref()].concat())
}

/// A hasher that keeps all of a digest.
struct Sum(Context);

impl Hasher for Sum {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let sum = self.0.clone().finish();
        sum.as_ref().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}

/// The folder's key. Creates one if there is no usable one; if several processes do so, the first one's stays.
fn key(folder: &Folder) -> io::Result<Key> {
    let found = || folder.read(KEY, sealed::KEY_BYTES).and_then(|bytes| Key::new(&bytes));
    let make = || {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        folder.create(KEY, &bytes)
    };
    if let Some(key) = found() {
        return Ok(key);
    }
    // A file is removed only if it is certainly not a key: another process may just have made one.
    make()?;
    if let Some(key) = found() {
        return Ok(key);
    }
    folder.remove(KEY)?;
    make()?;
    found().ok_or_else(|| io::Error::other("it cannot be read back"))
}
