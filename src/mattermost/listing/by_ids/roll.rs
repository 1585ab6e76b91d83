//! The ids of everybody: sorted, 17 bytes each, in memory that is allocated once.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::id::Id;

/// So many new ids, or more, are collected before they are merged.
const RECENT: usize = 4_096;

/// There are more ids than there is room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

/// A set of ids that is filled in any order.
#[derive(Debug, Default)]
pub(super) struct Roll {
    ids: Vec<Id>,
    /// New ids that are not merged into `ids` yet.
    recent: BTreeSet<Id>,
    is_sorted: bool,
    most: usize,
}

impl Roll {
    /// An empty set with room for so many ids.
    #[must_use]
    pub(super) const fn with_room_for(most: usize) -> Self {
        Self { ids: Vec::new(), recent: BTreeSet::new(), is_sorted: true, most }
    }

    /// Adds an id that may be there already. Use it for many ids in any order, before [`insert`](Self::insert).
    ///
    /// # Errors
    /// The set is full.
    pub(super) fn push(&mut self, id: Id) -> Result<(), Full> {
        if self.ids.len() >= self.ids.capacity() {
            if self.ids.is_empty() {
                self.ids.try_reserve_exact(self.most).map_err(|_| Full)?;
            }
            self.sort();
            if self.ids.len() >= self.most {
                return Err(Full);
            }
        }
        self.is_sorted = false;
        self.ids.push(id);
        Ok(())
    }

    /// Sorts and deduplicates what was pushed.
    pub(super) fn sort(&mut self) {
        if !self.is_sorted {
            self.ids.sort_unstable();
            self.ids.dedup();
            self.is_sorted = true;
        }
    }

    /// Adds an id. Returns whether it is new.
    ///
    /// # Errors
    /// The set is full.
    pub(super) fn insert(&mut self, id: Id) -> Result<bool, Full> {
        self.sort();
        if self.ids.binary_search(&id).is_ok() || !self.recent.insert(id) {
            return Ok(false);
        }
        if self.len() > self.most {
            return Err(Full);
        }
        if self.recent.len() >= (self.ids.len() / 16).max(RECENT) {
            self.merge()?;
        }
        Ok(true)
    }

    /// How many there are, if no id was pushed twice.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.ids.len().saturating_add(self.recent.len())
    }

    /// All of them in ascending order.
    ///
    /// # Errors
    /// The set is full.
    pub(super) fn into_sorted(mut self) -> Result<Vec<Id>, Full> {
        self.sort();
        self.merge()?;
        Ok(self.ids)
    }

    /// Merges the new ids in place, from the end on.
    fn merge(&mut self) -> Result<(), Full> {
        let Some(first) = self.recent.first().copied() else { return Ok(()) };
        let mut from = self.ids.len();
        if self.ids.capacity() < self.most {
            let more = self.most.saturating_sub(from);
            self.ids.try_reserve_exact(more).map_err(|_| Full)?;
        }
        let mut to = from.saturating_add(self.recent.len());
        self.ids.resize(to, first);
        while let Some(id) = self.recent.last().copied() {
            to = to.saturating_sub(1);
            let before = from.checked_sub(1).and_then(|place| self.ids.get(place)).copied();
            let next = match before {
                Some(before) if before > id => {
                    from = from.saturating_sub(1);
                    before
                }
                _ => {
                    self.recent.pop_last();
                    id
                }
            };
            if let Some(place) = self.ids.get_mut(to) {
                *place = next;
            }
        }
        Ok(())
    }
}

/// Marks which ids of a list are named again.
#[derive(Debug)]
pub(super) struct Marks<'a> {
    ids: &'a [Id],
    bits: Vec<u64>,
    marked: usize,
    /// Ids that are not in the list.
    strays: usize,
}

impl<'a> Marks<'a> {
    /// Begins with all of these sorted ids unmarked.
    #[must_use]
    pub(super) fn of(ids: &'a [Id]) -> Self {
        Self { ids, bits: alloc::vec![0; ids.len().div_ceil(64)], marked: 0, strays: 0 }
    }

    /// Marks an id.
    pub(super) fn mark(&mut self, id: Id) {
        let Ok(place) = self.ids.binary_search(&id) else {
            self.strays = self.strays.saturating_add(1);
            return;
        };
        let bit = 1_u64 << (place % 64);
        if let Some(word) = self.bits.get_mut(place / 64)
            && *word & bit == 0
        {
            *word |= bit;
            self.marked = self.marked.saturating_add(1);
        }
    }

    /// Whether all are marked.
    #[must_use]
    pub(super) const fn is_all(&self) -> bool {
        self.marked == self.ids.len()
    }

    /// Which are marked, and how many others were named.
    #[must_use]
    pub(super) fn finish(self) -> (Vec<u64>, usize) {
        (self.bits, self.strays)
    }
}

/// Keeps those of the ids whose bits are set.
pub(super) fn keep(ids: &mut Vec<Id>, bits: &[u64]) {
    let mut place = 0_usize;
    ids.retain(|_| {
        let is_set = bits.get(place / 64).is_some_and(|word| word >> (place % 64) & 1 == 1);
        place = place.saturating_add(1);
        is_set
    });
}

/// The place in sorted ids of the first one behind `last`; the beginning if `last` is `None`.
#[must_use]
pub fn place_behind(ids: &[Id], last: Option<Id>) -> usize {
    last.map_or(0, |last| ids.partition_point(|id| *id <= last))
}

/// A digest that is the same for two lists of the same ids, and hardly ever for others.
#[must_use]
pub(super) fn digest(ids: &[Id]) -> u64 {
    ids.iter().fold(0, |sum, id| sum.wrapping_add(id.hash()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use proptest::prelude::*;
    use std::collections::BTreeSet as Set;

    fn id(n: u32) -> Id {
        Id::parse(format!("{n:026}").as_bytes()).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn it_holds_the_same_ids_as_a_set(
            pushed in proptest::collection::vec(0..3_000_u32, 0..500),
            inserted in proptest::collection::vec(0..20_000_u32, 0..12_000),
        ) {
            let mut roll = Roll::with_room_for(20_000);
            let mut set = Set::new();
            for n in pushed {
                roll.push(id(n)).unwrap();
                set.insert(id(n));
            }
            roll.sort();
            for n in inserted {
                prop_assert_eq!(roll.insert(id(n)).unwrap(), set.insert(id(n)));
            }
            prop_assert_eq!(roll.len(), set.len());
            prop_assert_eq!(roll.into_sorted().unwrap(), set.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn marks_show_which_ids_were_named_again(named in proptest::collection::vec(0..300_u32, 0..400)) {
            let mut ids: Vec<_> = (0..200).map(id).collect();
            let mut marks = Marks::of(&ids);
            named.iter().for_each(|n| marks.mark(id(*n)));
            let expect: Set<_> = named.iter().copied().filter(|n| *n < 200).collect();
            prop_assert_eq!(marks.is_all(), expect.len() == 200);
            let (bits, strays) = marks.finish();
            prop_assert_eq!(strays, named.iter().filter(|n| **n >= 200).count());
            keep(&mut ids, &bits);
            prop_assert_eq!(ids, expect.into_iter().map(id).collect::<Vec<_>>());
        }
    }

    #[test]
    fn room_is_allocated_once_and_never_exceeded() {
        let mut roll = Roll::with_room_for(10);
        (0..10).for_each(|n| roll.push(id(n)).unwrap());
        (0..10).for_each(|n| assert_eq!(roll.push(id(n)), Err(Full)));
        assert_eq!(roll.insert(id(11)), Err(Full));
        let mut roll = Roll::with_room_for(2);
        assert_eq!([0, 1, 1, 0].map(|n| roll.insert(id(n))), [Ok(true), Ok(true), Ok(false), Ok(false)]);
        assert_eq!(roll.insert(id(2)), Err(Full));
    }
}
