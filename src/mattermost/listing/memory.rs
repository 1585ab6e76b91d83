//! Remembers which accounts a listing has seen, and what it knows beside the list, for as long as the instance lives.

use alloc::vec::Vec;

use provider_sdk::hash::fnv1a;
use provider_sdk::pace::Learnt;
use provider_sdk::seen::{Fingerprint, Seen};

use super::account_context::AccountContext;
use super::by_ids::Kept;
use super::census::Count;
use super::mark::Mark;
use super::notices::Named;
use super::page::Page;

/// The most passes of a listing: the number of a pass is kept in two bits.
pub const PASSES_AT_MOST: u8 = 3;

/// Whether the memory belongs to the listing that goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recall {
    /// It does, or the listing has not seen any account yet.
    Whole,
    /// The listing went on in another instance; which accounts it saw there is not known.
    Lost,
}

/// How far a listing is. The cursor has it too, so the two can be compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The pass through the list, from 1.
    pub pass: u8,
    /// Distinct accounts, dated before the first count's cutoff, that were seen in any pass.
    pub seen: u32,
    /// Distinct accounts that were seen in this pass and surely counted at its beginning.
    pub in_pass: u32,
    /// Distinct accounts that a later pass was the first to see.
    pub later: u32,
}

impl Tally {
    /// The same at the beginning of the next pass.
    #[must_use]
    pub const fn of_next_pass(self) -> Self {
        Self { pass: self.pass.saturating_add(1), in_pass: 0, ..self }
    }
}

/// The distinct accounts that one listing has seen, as 62-bit fingerprints of their ids with the pass that saw them
/// last: some 10 MB for a million. Two ids with the same fingerprint count as one. That can only make a listing
/// incomplete, never wrongly complete.
#[derive(Debug, Default)]
pub struct Memory {
    listing: u64,
    tally: Tally,
    seen: Seen,
    /// What the last step did, so that it can be undone if the cursor before it comes again.
    before: Tally,
    undo: Vec<(Fingerprint, Option<u8>)>,
    /// In how many calls up to the last one requests for activity failed.
    pub(super) activity_failures: u8,
    /// A hash of the accounts on the first page of this pass, in order.
    first_page: u64,
    /// The accounts and reasons that the notices name.
    pub(super) named: Named,
    /// How many ids a request for activity may have, if more were too many.
    pub(super) ids_at_once: Option<usize>,
    /// What the server says about accounts outside the list.
    pub context: AccountContext,
    /// What is known of the server.
    pub learnt: Learnt,
    /// The ids of a listing by ids.
    pub(super) kept: Kept,
    /// How many profiles a request may ask for, if the server accepted no more.
    pub(super) profiles_at_once: Option<usize>,
    /// Whether a request for profiles has failed once.
    pub(super) profiles_failed: bool,
    /// Whether the last step returned accounts that came apart.
    handed_apart: bool,
    /// Pages that were read and could not be returned, with the pass and the number of the first.
    carried: (u8, u32, Vec<Page>),
}

impl Memory {
    /// An empty memory.
    #[must_use]
    pub const fn new() -> Self {
        const NONE: Tally = Tally { pass: 0, seen: 0, in_pass: 0, later: 0 };
        Self {
            listing: 0,
            tally: NONE,
            seen: Seen::new(),
            before: NONE,
            undo: Vec::new(),
            first_page: 0,
            named: Named::nothing(),
            activity_failures: 0,
            ids_at_once: None,
            context: AccountContext::new(),
            learnt: Learnt::nothing(),
            kept: Kept::nothing(),
            profiles_at_once: None,
            profiles_failed: false,
            handed_apart: false,
            carried: (0, 0, Vec::new()),
        }
    }

    /// Returns the accounts that came apart, but nothing the second time in a row, so that the listing ends if the
    /// server keeps refusing the token.
    pub(super) fn hand_apart<T>(&mut self, apart: Vec<T>) -> Vec<T> {
        let is_second = core::mem::replace(&mut self.handed_apart, !apart.is_empty());
        if is_second { Vec::new() } else { apart }
    }

    /// Keeps pages that were read but lack their activity until that can be requested: at most those of one call.
    pub(super) fn carry(&mut self, pass: u8, first: u32, pages: Vec<Page>) {
        self.carried = (pass, first, pages);
    }

    /// Forgets the pages that were kept: they were read before a count that is to be proven.
    pub(super) fn forget_carried(&mut self) {
        self.carried = (0, 0, Vec::new());
    }

    /// The pages that were kept, from this one on.
    pub(super) fn carried(&mut self, pass: u8, first: u32) -> Vec<Page> {
        match core::mem::take(&mut self.carried) {
            (of_pass, from, pages) if (of_pass, from) == (pass, first) => pages,
            _ => Vec::new(),
        }
    }

    /// Turns to a listing that is so far. Forgets another listing. If the last step is asked for again, undoes what it
    /// noted.
    pub fn take_up(&mut self, listing: u64, tally: Tally) -> Recall {
        if self.listing != listing {
            // A listing whose first step failed begins again, with the same server.
            *self = Self {
                listing,
                activity_failures: self.activity_failures,
                profiles_failed: self.profiles_failed,
                ..Self::new()
            };
        } else if self.tally != tally && self.before == tally {
            self.take_back();
        }
        let is_new_pass = tally == self.tally.of_next_pass();
        let recall = if self.tally == tally || is_new_pass { Recall::Whole } else { Recall::Lost };
        if recall == Recall::Lost {
            self.seen = Seen::new();
        }
        self.tally = tally;
        self.before = tally;
        self.undo.clear();
        recall
    }

    fn take_back(&mut self) {
        for (key, earlier) in self.undo.drain(..).rev() {
            match earlier {
                Some(pass) => _ = self.seen.put(key, pass),
                None => self.seen.remove(key),
            }
        }
        self.tally = self.before;
    }

    /// The accounts that this step was the first to note, in that order.
    pub(super) fn first_seen(&self) -> impl Iterator<Item = Fingerprint> {
        self.undo.iter().filter(|(_, earlier)| earlier.is_none()).map(|(key, _)| *key)
    }

    /// Whether this listing has seen the account in any pass.
    #[must_use]
    pub fn knows(&self, mark: Mark) -> bool {
        self.seen.get(mark.key).is_some()
    }

    /// Whether a page repeats the first one of its pass, account by account. In a sound list this happens only if a
    /// whole page of accounts was created between the two and all of them sort first.
    pub(super) fn repeats(&mut self, page: u32, marks: &[Mark]) -> bool {
        let hash = marks.iter().fold(0, |hash, mark| fnv1a(&(hash ^ mark.key.bits()).to_le_bytes()));
        if page == 0 {
            self.first_page = hash;
        }
        page > 0 && !marks.is_empty() && self.first_page == hash
    }

    /// Notes an account of a pass. `begin` is the first count of the listing, `pass` that of the pass. Returns whether
    /// the pass sees the account for the first time.
    ///
    /// An account was surely counted when a pass began if it is dated before that count, or if an earlier pass has seen
    /// it too: it was then there before and after the count, whatever its date.
    pub fn note(&mut self, mark: Mark, begin: &Count, pass: &Count) -> bool {
        let earlier = self.seen.put(mark.key, self.tally.pass);
        if earlier == Some(self.tally.pass) {
            return false;
        }
        self.undo.push((mark.key, earlier));
        let is_new = earlier.is_none();
        let add = |number: &mut u32, is: bool| *number = number.saturating_add(u32::from(is));
        add(&mut self.tally.in_pass, !is_new || pass.surely_has(mark.created_ms));
        add(&mut self.tally.seen, is_new && begin.surely_has(mark.created_ms));
        add(&mut self.tally.later, is_new && self.tally.pass > 1);
        true
    }

    /// How far the listing is.
    #[must_use]
    pub const fn tally(&self) -> Tally {
        self.tally
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(pass: u8, seen: u32, in_pass: u32) -> Tally {
        Tally { pass, seen, in_pass, later: 0 }
    }

    /// A count that surely has accounts that are dated before this.
    fn count(cutoff_ms: i64) -> Count {
        Count { server_ms: cutoff_ms, cutoff_ms: Some(cutoff_ms), total: None }
    }

    #[test]
    fn accounts_count_once_a_pass_and_once_in_all() {
        let mut memory = Memory::new();
        assert_eq!(memory.take_up(7, tally(1, 0, 0)), Recall::Whole);
        let marks = [("a", 1), ("b", 2), ("c", 30)].map(|(id, created)| Mark::of(id, created));
        assert!(marks.iter().all(|mark| memory.note(*mark, &count(10), &count(10))));
        assert!(marks.iter().all(|mark| !memory.note(*mark, &count(10), &count(10)) && memory.knows(*mark)));
        assert_eq!(memory.tally(), tally(1, 2, 2));

        assert_eq!(memory.take_up(7, tally(2, 2, 0)), Recall::Whole);
        assert!(marks.iter().all(|mark| memory.note(*mark, &count(10), &count(20))));
        // The third is dated after both counts, but was there before the second.
        assert!(memory.note(Mark::of("d", 3), &count(10), &count(20)));
        assert!(memory.note(Mark::of("e", 30), &count(10), &count(20)));
        assert_eq!(memory.tally(), Tally { later: 2, ..tally(2, 3, 4) });
    }

    #[test]
    fn a_step_that_is_asked_for_again_is_taken_back() {
        let mut memory = Memory::new();
        memory.take_up(7, tally(1, 0, 0));
        let (a, b) = (Mark::of("a", 1), Mark::of("b", 1));
        memory.note(a, &count(10), &count(10));
        assert_eq!(memory.take_up(7, tally(1, 1, 1)), Recall::Whole);
        memory.note(b, &count(10), &count(10));
        assert_eq!(memory.tally(), tally(1, 2, 2));
        assert_eq!(memory.take_up(7, tally(1, 1, 1)), Recall::Whole);
        assert!(memory.knows(a) && !memory.knows(b));
        assert!(memory.note(b, &count(10), &count(10)));
        assert_eq!(memory.tally(), tally(1, 2, 2));
    }

    #[test]
    fn another_listing_and_an_unknown_place_are_lost() {
        let mut memory = Memory::new();
        memory.take_up(7, tally(1, 0, 0));
        memory.note(Mark::of("a", 1), &count(10), &count(10));
        assert_eq!(memory.take_up(7, tally(1, 5, 5)), Recall::Lost);
        assert!(!memory.knows(Mark::of("a", 1)));
        assert_eq!(memory.take_up(8, tally(1, 0, 0)), Recall::Whole);
        assert_eq!(memory.take_up(9, tally(1, 3, 3)), Recall::Lost);
    }
}
