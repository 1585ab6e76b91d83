//! Which files of a watched folder changed, and which of them have been left alone since.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a file must be left alone before it is read: a copy takes several writes.
pub(super) const QUIET: Duration = Duration::from_millis(300);

/// Components that are waited for at once; whoever can write to the folder can make names without end.
const FILES: usize = 1_000;

/// The components that changed. Each has a clock of its own, so that one that is written all the time holds up no other.
#[derive(Debug, Default)]
pub(super) struct Changes {
    last: BTreeMap<PathBuf, Instant>,
    /// A component for which there was no room.
    missed: Option<PathBuf>,
}

impl Changes {
    /// A file was written, made or removed. Only components and their signatures matter. Whether it does.
    pub(super) fn touched(&mut self, path: PathBuf, now: Instant) -> bool {
        let Some(component) = component_of(path) else { return false };
        if self.last.len() >= FILES && !self.last.contains_key(&component) {
            self.missed = Some(component);
        } else {
            self.last.insert(component, now);
        }
        true
    }

    /// The components that have been left alone for long enough, in the order of their names.
    pub(super) fn take_quiet(&mut self, now: Instant) -> Vec<PathBuf> {
        let is_quiet = |_: &PathBuf, last: &mut Instant| now.saturating_duration_since(*last) >= QUIET;
        self.last.extract_if(.., is_quiet).map(|(path, _)| path).collect()
    }

    /// When the next one has been left alone for long enough.
    pub(super) fn next(&self) -> Option<Instant> {
        self.last.values().min().map(|last| *last + QUIET)
    }

    /// A component for which there was no room since this was asked.
    pub(super) fn take_missed(&mut self) -> Option<PathBuf> {
        self.missed.take()
    }
}

/// Whether a file is a component by its name.
pub(super) fn is_component(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "wasm")
}

/// The component that a file belongs to: itself, or the one beside a signature.
fn component_of(path: PathBuf) -> Option<PathBuf> {
    let is_signature = path.extension().is_some_and(|extension| extension == "sig");
    let component = if is_signature { path.with_extension("") } else { path };
    is_component(&component).then_some(component)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(paths: Vec<PathBuf>) -> Vec<String> {
        paths.into_iter().map(|path| path.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn a_file_that_is_written_all_the_time_holds_up_no_other() {
        let (mut changes, start) = (Changes::default(), Instant::now());
        let at = |millis| start + Duration::from_millis(millis);
        changes.touched("other.wasm".into(), at(0));
        for millis in (0..=1_000).step_by(100) {
            assert!(!changes.touched("notes.log".into(), at(millis)));
            changes.touched("busy.wasm".into(), at(millis));
            let expect: &[&str] = if millis == 300 { &["other.wasm"] } else { &[] };
            assert_eq!(names(changes.take_quiet(at(millis))), expect, "after {millis} ms");
        }
        assert_eq!(changes.next(), Some(at(1_300)));
        assert_eq!(names(changes.take_quiet(at(1_299))), [""; 0]);
        assert_eq!(names(changes.take_quiet(at(1_300))), ["busy.wasm"]);
        assert_eq!(changes.next(), None);
    }

    #[test]
    fn a_signature_stands_for_its_component_and_other_names_for_nothing() {
        let cases = [
            ("a.wasm", Some("a.wasm")),
            ("a.wasm.sig", Some("a.wasm")),
            ("a.sig", None),
            ("a.wasm.tmp", None),
            ("wasm", None),
            (".wasm", None),
            ("a.WASM", None),
            ("notes.log", None),
        ];
        for (name, expect) in cases {
            assert_eq!(component_of(name.into()), expect.map(PathBuf::from), "{name}");
        }
    }

    #[test]
    fn names_without_end_are_not_remembered() {
        let (mut changes, now) = (Changes::default(), Instant::now());
        for number in 0..3 * FILES {
            changes.touched(format!("{number}.wasm").into(), now);
        }
        assert_eq!((changes.last.len(), changes.take_missed().is_some()), (FILES, true));
        // Those that were there before go on.
        assert!(changes.touched("0.wasm".into(), now + QUIET));
        assert_eq!((changes.take_quiet(now + QUIET).len(), changes.take_missed()), (FILES - 1, None));
    }
}
