//! Which ids have come.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

/// The ids that have come, as 128-bit hashes under two random keys: at most 40 MB for a million users, and no server can
/// choose ids that are taken for one another. Where the list is read more than once, the ids of the present run are kept
/// apart, in as much again.
#[derive(Debug, Default)]
pub(super) struct Seen {
    keys: (RandomState, RandomState),
    /// In any run.
    all: HashSet<u128>,
    /// In the present run, unless that is the first.
    run: Option<HashSet<u128>>,
}

/// What is known of an id that comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arrival {
    /// It comes for the first time.
    pub(super) is_new: bool,
    /// It comes for the first time in this run.
    pub(super) is_new_in_run: bool,
}

impl Seen {
    /// Notes an id that comes now.
    pub(super) fn note(&mut self, id: &str) -> Arrival {
        let hash = self.hash(id);
        let is_new = self.all.insert(hash);
        let is_new_in_run = self.run.as_mut().map_or(is_new, |run| run.insert(hash));
        Arrival { is_new, is_new_in_run }
    }

    /// Takes up an id that came before this process began, last in this run or in an earlier one.
    pub(super) fn recall(&mut self, id: &str, in_this_run: bool) {
        let hash = self.hash(id);
        self.all.insert(hash);
        if let Some(run) = self.run.as_mut().filter(|_| in_this_run) {
            run.insert(hash);
        }
    }

    /// From now on another run is under way.
    pub(super) fn begin_run(&mut self) {
        self.run = Some(HashSet::new());
    }

    fn hash(&self, id: &str) -> u128 {
        let (high, low) = (self.keys.0.hash_one(id), self.keys.1.hash_one(id));
        u128::from(high) << 64 | u128::from(low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids() -> impl Iterator<Item = String> {
        (0..10_000).map(|n| format!("{n:026}"))
    }

    #[test]
    fn an_id_is_new_once() {
        let mut seen = Seen::default();
        assert!(ids().all(|id| seen.note(&id) == Arrival { is_new: true, is_new_in_run: true }));
        assert!(ids().all(|id| seen.note(&id) == Arrival { is_new: false, is_new_in_run: false }));
    }

    #[test]
    fn an_id_is_new_once_in_each_run() {
        let mut seen = Seen::default();
        assert_eq!(ids().filter(|id| seen.note(id).is_new).count(), 10_000);
        seen.begin_run();
        assert!(ids().all(|id| seen.note(&id) == Arrival { is_new: false, is_new_in_run: true }));
        assert!(ids().all(|id| seen.note(&id) == Arrival { is_new: false, is_new_in_run: false }));
    }

    #[test]
    fn what_came_in_another_process_is_known() {
        let mut seen = Seen::default();
        seen.begin_run();
        seen.recall("a", true);
        seen.recall("b", false);
        assert_eq!(seen.note("a"), Arrival { is_new: false, is_new_in_run: false });
        assert_eq!(seen.note("b"), Arrival { is_new: false, is_new_in_run: true });
        assert_eq!(seen.note("c"), Arrival { is_new: true, is_new_in_run: true });
    }
}
