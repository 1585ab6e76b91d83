//! Watches a folder of components and puts what changes in it into use.
//!
//! The writers of the folder are not trusted. A file is read once it has not been written for a while, and only if it is a
//! regular file of bounded size. Nothing uses its bytes before they are trusted, and an older version is not put into use.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use notify::{RecursiveMode, Watcher as _};
use provider_egress::Error as EgressError;
use provider_sandbox::{Digest, Error as SandboxError, Trust, read_component, read_signature};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::age;
use crate::candidate::Candidate;
use crate::changes::{Changes, component_of};
use crate::event::Event;
use crate::preflight::{Demand, Floor};
use crate::registry::Registry;
use crate::switch::SwitchOptions;
use crate::{Error, Result};

/// Refusals that are remembered, so that each is reported once.
const REFUSALS: usize = 1_000;

/// A watched folder; watching ends when this is dropped.
pub struct Watch {
    _watcher: notify::RecommendedWatcher,
    task: JoinHandle<()>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// By a file's name, what is to be trusted.
type TrustOf = dyn Fn(&str) -> Option<Trust> + Send + Sync;

/// What changed, and a signal for the task that waits for it.
struct Shared {
    trust: Box<TrustOf>,
    changes: Mutex<Changes>,
    changed: Notify,
}

impl Shared {
    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Some files changed. Names that are not of interest are dropped here.
    fn touched(&self, paths: Vec<PathBuf>) {
        for component in paths.into_iter().filter_map(component_of) {
            let is_known = (self.trust)(&name(&component)).is_some();
            let mut changes = self.changes();
            if is_known {
                changes.touched(component, Instant::now());
            } else {
                changes.touched_stranger(component);
            }
            drop(changes);
            self.changed.notify_one();
        }
    }
}

impl Registry {
    /// Puts into use what a folder holds (`*.wasm`, with a detached signature beside it as `*.wasm.sig`) and whatever is
    /// written to it later, each after its preflight. `trust` says by its file name what is to be trusted; a file that it
    /// knows nothing of is refused unread.
    ///
    /// * Only regular files of [`Pool::component_bytes`](provider_sandbox::Pool::component_bytes) at most are read; a symbolic link is
    ///   refused as well.
    /// * Of what the folder holds at the beginning, the latest version of each provider is put into use; of equal ones, the
    ///   file that was written last. Files that are written later are put into use unless their version is older than the
    ///   one in use, or cannot be compared with it ([`SwitchOptions::downgrade`] lets it in).
    /// * A file belongs to the provider that it was first put into use for, or to [`SwitchOptions::provider`].
    /// * Each refusal is reported as an [`Event`], once for each content.
    ///
    /// # Errors
    /// The folder cannot be watched.
    pub fn watch(
        &self,
        folder: &Path,
        options: SwitchOptions,
        trust: impl Fn(&str) -> Option<Trust> + Send + Sync + 'static,
    ) -> Result<Watch> {
        let unwatchable = |error: notify::Error| {
            Error::from(EgressError::Io { path: folder.to_owned(), source: std::io::Error::other(error) })
        };
        let (trust, changes, changed) = (Box::new(trust), Mutex::default(), Notify::new());
        let shared = Arc::new(Shared { trust, changes, changed });
        let (changed, root) = (Arc::clone(&shared), folder.to_owned());
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            if event.need_rescan() {
                // The system lost some changes: everything may have changed.
                changed.touched(files(&root));
            } else if !event.kind.is_access() {
                changed.touched(event.paths);
            }
        })
        .map_err(unwatchable)?;
        watcher.watch(folder, RecursiveMode::NonRecursive).map_err(unwatchable)?;
        let mut watched =
            Watched { registry: self.clone(), options, shared, owners: BTreeMap::new(), reported: VecDeque::new() };
        let folder = folder.to_owned();
        let task = tokio::spawn(async move {
            watched.begin(&folder).await;
            loop {
                let (quiet, strangers, has_missed, next) = {
                    let mut changes = watched.shared.changes();
                    let quiet = changes.take_quiet(Instant::now());
                    (quiet, changes.take_strangers(), changes.take_missed(), changes.next())
                };
                for path in &strangers {
                    watched.refuse(path, &Error::Untrusted { file: name(path) }, None);
                }
                for path in &quiet {
                    watched.take(path).await;
                }
                if has_missed {
                    let source = std::io::Error::other("too many of its components change at once");
                    watched.refuse(&folder, &EgressError::Io { path: folder.clone(), source }.into(), None);
                }
                if !quiet.is_empty() {
                    continue;
                }
                match next {
                    Some(next) => tokio::select! {
                        () = watched.shared.changed.notified() => {}
                        () = tokio::time::sleep_until(next.into()) => {}
                    },
                    None => watched.shared.changed.notified().await,
                }
            }
        });
        Ok(Watch { _watcher: watcher, task })
    }
}

/// The folder as it was found so far.
struct Watched {
    registry: Registry,
    options: SwitchOptions,
    shared: Arc<Shared>,
    /// The provider that each file was put into use for.
    owners: BTreeMap<PathBuf, String>,
    /// The latest refusals: a file, and what is wrong with which content.
    reported: VecDeque<(PathBuf, String)>,
}

/// A file that needs no action: it is gone, or in use.
struct Nothing;

/// A component that is trusted and compiled.
struct Found {
    path: PathBuf,
    candidate: Candidate,
    written: Option<SystemTime>,
}

impl Watched {
    /// Puts the latest version of each provider into use. The others are reported: none of them takes its place.
    async fn begin(&mut self, folder: &Path) {
        let (mut found, mut strangers) = (Vec::new(), Vec::new());
        for path in files(folder).into_iter().filter(|path| component_of(path.clone()).as_ref() == Some(path)) {
            if (self.shared.trust)(&name(&path)).is_some() {
                found.extend(self.find(&path).await);
            } else {
                strangers.push(path);
            }
        }
        // They are reported with those that come later.
        self.shared.touched(strangers);
        // The latest first; of equal ones, the one that was written last.
        found.sort_by(|one, other| {
            let by_version = age::order(other.version(), one.version());
            by_version.then_with(|| other.written.cmp(&one.written)).then_with(|| one.path.cmp(&other.path))
        });
        for found in found {
            self.put(&found, Floor::Newer).await;
        }
    }

    /// Puts a file into use that was left alone.
    async fn take(&mut self, path: &Path) {
        if let Some(found) = self.find(path).await {
            self.put(&found, Floor::NotOlder).await;
        }
    }

    async fn find(&mut self, path: &Path) -> Option<Found> {
        let mut digest = None;
        match self.try_find(path, &mut digest).await {
            Ok(Ok(found)) => Some(found),
            Ok(Err(Nothing)) => None,
            Err(error) => {
                self.refuse(path, &error, digest);
                None
            }
        }
    }

    async fn try_find(&mut self, path: &Path, digest: &mut Option<Digest>) -> Result<Result<Found, Nothing>> {
        let file = name(path);
        let trust = (self.shared.trust)(&file).ok_or(Error::Untrusted { file })?;
        let (largest, of) = (self.registry.sandbox().pool().component_bytes, path.to_owned());
        let reading = tokio::task::spawn_blocking(move || {
            let Some(Read { bytes, signature, written }) = read(&of, largest)? else { return Ok::<_, Error>(None) };
            let trusted = trust.check(&bytes, signature.as_deref());
            Ok(Some((Digest::of(&bytes), trusted.map(|()| (bytes, written)))))
        });
        let read = reading.await.map_err(|error| SandboxError::Runtime { reason: error.into() })??;
        let Some((found, trusted)) = read else { return Ok(Err(Nothing)) };
        *digest = Some(found);
        let (bytes, written) = trusted?;
        if let Some(provider) = self.registry.provider_in_use(found) {
            self.owners.entry(path.to_owned()).or_insert(provider);
            return Ok(Err(Nothing));
        }
        let candidate = self.registry.load(bytes).await?;
        Ok(Ok(Found { path: path.to_owned(), candidate, written }))
    }

    async fn put(&mut self, Found { path, candidate, .. }: &Found, floor: Floor) {
        let mut options = self.options.clone();
        options.provider = options.provider.or_else(|| self.owners.get(path).cloned());
        let floor = if options.downgrade && floor == Floor::NotOlder { Floor::Any } else { floor };
        match self.registry.put_into_use(candidate, &Demand { options: &options, floor }).await {
            Ok(_) => drop(self.owners.insert(path.clone(), candidate.description().id.clone())),
            Err(error) => self.refuse(path, &error, Some(candidate.name().digest)),
        }
    }

    /// Reports a refusal, unless it was reported for this content.
    fn refuse(&mut self, path: &Path, error: &Error, digest: Option<Digest>) {
        // What cannot be read has no content, and may look different each time.
        let what = digest.map_or_else(|| error.code().to_owned(), |digest| format!("{digest} {error}"));
        let refusal = (path.to_owned(), what);
        if self.reported.contains(&refusal) {
            return;
        }
        if self.reported.len() >= REFUSALS {
            self.reported.pop_front();
        }
        self.reported.push_back(refusal);
        let (file, code, reason) = (name(path), error.code().to_owned(), error.to_string());
        self.registry.reports().report(Event::Refused { file, code, reason });
    }
}

impl Found {
    fn version(&self) -> &str {
        &self.candidate.description().version
    }
}

struct Read {
    bytes: Vec<u8>,
    signature: Option<Vec<u8>>,
    written: Option<SystemTime>,
}

/// Reads a component and its signature; `None` if it has gone, which takes nothing out of use.
fn read(path: &Path, largest: usize) -> Result<Option<Read>> {
    let gone = |error: &SandboxError| matches!(error, SandboxError::Egress(EgressError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound);
    let look = std::fs::symlink_metadata(path).map_err(|source| EgressError::Io { path: path.to_owned(), source });
    let look = look.map_err(SandboxError::from);
    let looked = match look {
        Ok(looked) if looked.is_file() => looked,
        Ok(_) => return Err(EgressError::NotAFile { path: path.to_owned() }.into()),
        Err(error) if gone(&error) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let bytes = match read_component(path, largest) {
        Ok(bytes) => bytes,
        Err(error) if gone(&error) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    Ok(Some(Read { bytes, signature: read_signature(path)?, written: looked.modified().ok() }))
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// What the folder holds, in the order of the names.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
    files.sort_unstable();
    files
}
