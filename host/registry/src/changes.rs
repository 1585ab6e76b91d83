//! Which files of a watched folder changed, and which of them have been left alone since.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a file must be left alone before it is read: a copy takes several writes.
pub(crate) const QUIET: Duration = Duration::from_millis(300);

/// Components that are waited for at once.
const FILES: usize = 1_000;

/// How many unknown components are reported in all: a writer of the folder can create any number of names.
const STRANGERS: usize = 100;

/// The components that changed. Each has a clock of its own, so that one that is written all the time holds up no other.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    last: BTreeMap<PathBuf, Instant>,
    strangers: BTreeSet<PathBuf>,
    new_strangers: Vec<PathBuf>,
    has_missed: bool,
}

impl Changes {
    /// A component, or its signature, was written, made or removed.
    pub(crate) fn touched(&mut self, component: PathBuf, now: Instant) {
        if self.last.len() >= FILES && !self.last.contains_key(&component) {
            self.has_missed = true;
        } else {
            self.last.insert(component, now);
        }
    }

    /// The same for an unknown component. It takes no room from the others.
    pub(crate) fn touched_stranger(&mut self, component: PathBuf) {
        if self.strangers.len() < STRANGERS && self.strangers.insert(component.clone()) {
            self.new_strangers.push(component);
        }
    }

    /// The components that have been left alone for long enough, in the order of their names.
    pub(crate) fn take_quiet(&mut self, now: Instant) -> Vec<PathBuf> {
        let is_quiet = |_: &PathBuf, last: &mut Instant| now.saturating_duration_since(*last) >= QUIET;
        self.last.extract_if(.., is_quiet).map(|(path, _)| path).collect()
    }

    /// The unknown components that were not asked for yet.
    pub(crate) fn take_strangers(&mut self) -> Vec<PathBuf> {
        std::mem::take(&mut self.new_strangers)
    }

    /// When the next one has been left alone for long enough.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.last.values().min().map(|last| *last + QUIET)
    }

    /// Whether there was no room for a component since this was asked.
    pub(crate) const fn take_missed(&mut self) -> bool {
        std::mem::replace(&mut self.has_missed, false)
    }
}

/// The component that a file belongs to by its name: itself, or the one beside a signature. `None` for all other files.
pub(crate) fn component_of(path: PathBuf) -> Option<PathBuf> {
    let has = |path: &Path, extension: &str| path.extension().is_some_and(|found| found == extension);
    let component = if has(&path, "sig") { path.with_extension("") } else { path };
    has(&component, "wasm").then_some(component)
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
            changes.touched_stranger(format!("stranger-{number}.wasm").into());
        }
        assert_eq!((changes.take_strangers().len(), changes.last.len(), changes.take_missed()), (STRANGERS, 0, false));
        changes.touched_stranger("stranger-0.wasm".into());
        assert_eq!(names(changes.take_strangers()), [""; 0], "each is reported once");
        for number in 0..3 * FILES {
            changes.touched(format!("{number}.wasm").into(), now);
        }
        assert_eq!((changes.last.len(), changes.take_missed()), (FILES, true));
        // Those that were there before go on.
        changes.touched("0.wasm".into(), now + QUIET);
        assert_eq!((changes.take_quiet(now + QUIET).len(), changes.take_missed()), (FILES - 1, false));
    }
}
