//! The ids that a listing has returned.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

/// The lists that hashes are spread over, by their first 12 bits.
const LISTS: usize = 1 << 12;

/// The ids that a listing has returned, as hashes of 107 bits with random keys: 13 MB for a million users, however
/// often the list is read. A server cannot choose ids that collide, and with a hundred million ids two collide by
/// chance in one of 10^16 listings.
///
/// The hashes are in many sorted lists. A new id moves half of one list: some 2 KB. A hash table of a million would
/// take 36 MB, and half as much again while it grows.
#[derive(Debug, Default)]
pub(super) struct Seen {
    keys: (RandomState, RandomState),
    /// Empty before the first id.
    lists: Vec<List>,
}

/// Whether an id was returned before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arrival {
    /// It is returned for the first time.
    pub(super) is_new: bool,
    /// It is returned for the first time in this run.
    pub(super) is_new_in_run: bool,
}

impl Seen {
    /// Records an id that is returned now.
    pub(super) fn note(&mut self, id: &str) -> Arrival {
        self.take(id, true)
    }

    /// Records an id that an earlier process returned, last in this run or in an earlier one.
    pub(super) fn recall(&mut self, id: &str, in_this_run: bool) {
        self.take(id, in_this_run);
    }

    /// Begins another run.
    pub(super) fn begin_run(&mut self) {
        for mark in self.lists.iter_mut().flat_map(|list| &mut list.marks) {
            mark.set_run(false);
        }
    }

    /// How many ids were returned in an earlier run and not in this one.
    pub(super) fn not_of_this_run(&self) -> u64 {
        let marks = self.lists.iter().flat_map(|list| &list.marks);
        u64::try_from(marks.filter(|mark| !mark.is_of_run()).count()).unwrap_or(u64::MAX)
    }

    fn take(&mut self, id: &str, in_this_run: bool) -> Arrival {
        let hash = u128::from(self.keys.0.hash_one(id)) << 64 | u128::from(self.keys.1.hash_one(id));
        let [first, second, _, _, rest @ ..] = hash.to_be_bytes();
        if self.lists.is_empty() {
            self.lists.resize_with(LISTS, List::default);
        }
        let list = usize::from(u16::from_be_bytes([first, second])) % LISTS;
        // There always is such a list. If there were none, returning a user twice would be better than not at all.
        let nobody = Arrival { is_new: true, is_new_in_run: true };
        self.lists.get_mut(list).map_or(nobody, |list| list.take(Mark(rest), in_this_run))
    }
}

#[derive(Debug, Default)]
struct List {
    marks: Vec<Mark>,
}

impl List {
    fn take(&mut self, mut mark: Mark, in_this_run: bool) -> Arrival {
        mark.set_run(in_this_run);
        let found = self.marks.binary_search_by_key(&mark.id(), Mark::id);
        match found {
            Ok(place) => {
                let known = self.marks.get_mut(place);
                let is_new_in_run = in_this_run && known.as_ref().is_some_and(|known| !known.is_of_run());
                if let Some(known) = known.filter(|_| is_new_in_run) {
                    known.set_run(true);
                }
                Arrival { is_new: false, is_new_in_run }
            }
            Err(place) => {
                // All lists grow at about the same time, so that doubling would leave as much memory unused as is used.
                if self.marks.len() == self.marks.capacity() {
                    self.marks.reserve_exact(4 + self.marks.len() / 8);
                }
                self.marks.insert(place, mark);
                Arrival { is_new: true, is_new_in_run: in_this_run }
            }
        }
    }
}

/// 95 bits of a hash; the last bit says whether the id was returned in the present run.
#[derive(Clone, Copy, Debug)]
struct Mark([u8; 12]);

impl Mark {
    fn set_run(&mut self, in_this_run: bool) {
        let [.., last] = &mut self.0;
        *last = *last & !1 | u8::from(in_this_run);
    }

    const fn is_of_run(&self) -> bool {
        let [.., last] = &self.0;
        *last & 1 == 1
    }

    /// The mark without the bit of the run.
    fn id(&self) -> [u8; 12] {
        let mut mark = *self;
        mark.set_run(false);
        mark.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Event {
        Note(u16),
        Recall(u16, bool),
        BeginRun,
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        // Few ids, so that most come again.
        let event = prop_oneof![
            8 => (0_u16..300).prop_map(Event::Note),
            2 => (0_u16..300, any::<bool>()).prop_map(|(id, in_this_run)| Event::Recall(id, in_this_run)),
            1 => Just(Event::BeginRun),
        ];
        proptest::collection::vec(event, 0..600)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_knows_what_two_sets_of_ids_know(events in events()) {
            let mut seen = Seen::default();
            let (mut all, mut run) = (HashSet::new(), HashSet::new());
            for event in events {
                match event {
                    Event::Note(id) => {
                        let expect = Arrival { is_new: all.insert(id), is_new_in_run: run.insert(id) };
                        prop_assert_eq!(seen.note(&id.to_string()), expect);
                    }
                    Event::Recall(id, in_this_run) => {
                        seen.recall(&id.to_string(), in_this_run);
                        all.insert(id);
                        if in_this_run {
                            run.insert(id);
                        }
                    }
                    Event::BeginRun => {
                        seen.begin_run();
                        run.clear();
                    }
                }
                prop_assert_eq!(seen.not_of_this_run(), (all.len() - run.len()) as u64);
            }
        }
    }

    #[test]
    fn ids_fill_all_lists_and_each_is_new_once_in_each_run() {
        let mut seen = Seen::default();
        let ids = || (0..200_000).map(|n| format!("{n:026}"));
        for is_new in [true, false] {
            assert!(ids().all(|id| seen.note(&id) == Arrival { is_new, is_new_in_run: true }));
            assert!(ids().all(|id| seen.note(&id) == Arrival { is_new: false, is_new_in_run: false }));
            seen.begin_run();
        }
        let (mut marks, mut room) = (0, 0);
        for list in &seen.lists {
            assert!((10..120).contains(&list.marks.len()), "a list has {} of 200,000 in 4,096", list.marks.len());
            marks += list.marks.len();
            room += list.marks.capacity();
        }
        assert_eq!(marks, 200_000);
        assert!(room < marks * 9 / 8, "no more than an eighth of the memory is unused: {room}");
        assert_eq!(size_of::<Mark>(), 12);
    }
}
