//! A folder of components: what changes in it is put into use.

use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::{Event, Registry, SwitchOptions};
use crate::identity::signature_of;
use crate::{Error, Result, Trust};

/// How long a folder must be quiet before its files are read: a copy takes several writes.
const QUIET: Duration = Duration::from_millis(300);

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

impl Registry {
    /// Puts into use what a folder holds (`*.wasm`, with a detached signature beside it as `*.wasm.sig`) and whatever is
    /// written to it later, each after its preflight. `trust` says by its file name what is to be trusted; a file that it
    /// knows nothing of is refused. What happens is told as [`Event`]s.
    ///
    /// # Errors
    /// The folder cannot be watched.
    pub fn watch(
        &self,
        folder: &Path,
        options: SwitchOptions,
        trust: impl Fn(&str) -> Option<Trust> + Send + Sync + 'static,
    ) -> Result<Watch> {
        let unwatchable = |error: notify::Error| Error::Io {
            path: folder.to_owned(),
            source: std::io::Error::other(error.to_string()),
        };
        let (changed, mut changes) = mpsc::unbounded_channel();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let is_read = |event: &notify::Event| event.kind.is_access();
            for path in event.ok().filter(|event| !is_read(event)).into_iter().flat_map(|event| event.paths) {
                let _ = changed.send(path);
            }
        })
        .map_err(unwatchable)?;
        watcher.watch(folder, RecursiveMode::NonRecursive).map_err(unwatchable)?;
        let (registry, folder) = (self.clone(), folder.to_owned());
        let task = tokio::spawn(async move {
            let mut files = components(&folder);
            loop {
                for file in &files {
                    registry.take_file(file, &options, &trust).await;
                }
                files = match changes.recv().await {
                    Some(path) => vec![component_of(path)],
                    None => return,
                };
                while let Ok(Some(path)) = tokio::time::timeout(QUIET, changes.recv()).await {
                    files.push(component_of(path));
                }
                files.sort_unstable();
                files.dedup();
                files.retain(|file| is_component(file));
            }
        });
        Ok(Watch { _watcher: watcher, task })
    }

    async fn take_file(&self, path: &Path, options: &SwitchOptions, trust: &impl Fn(&str) -> Option<Trust>) {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Err(error) = self.try_file(path, &file, options, trust).await {
            self.shared.events.tell(Event::Refused { file, code: error.code().to_owned(), reason: error.to_string() });
        }
    }

    async fn try_file(
        &self,
        path: &Path,
        file: &str,
        options: &SwitchOptions,
        trust: &impl Fn(&str) -> Option<Trust>,
    ) -> Result<()> {
        let bytes = match tokio::fs::read(path).await {
            Ok(bytes) => bytes,
            // A file that has gone takes nothing out of use.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(Error::Io { path: path.to_owned(), source }),
        };
        let signature = tokio::fs::read(signature_of(path)).await.ok();
        let trust =
            trust(file).ok_or_else(|| Error::Untrusted { file: file.to_owned(), found: crate::Digest::of(&bytes) })?;
        trust.check(&bytes, signature.as_deref())?;
        if self.is_in_use(&bytes) {
            return Ok(());
        }
        let candidate = self.load(bytes).await?;
        self.switch(&candidate, options).await.map(drop)
    }

    fn is_in_use(&self, bytes: &[u8]) -> bool {
        let digest = crate::Digest::of(bytes);
        let lines = self.shared.lines.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        lines.values().any(|line| line.active().name().digest == digest)
    }
}

fn components(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).filter(|path| is_component(path)).collect();
    files.sort_unstable();
    files
}

fn is_component(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "wasm")
}

/// The component that a changed file belongs to: itself, or the one beside a signature.
fn component_of(path: PathBuf) -> PathBuf {
    if path.extension().is_some_and(|extension| extension == "sig") { path.with_extension("") } else { path }
}
