//! What an instance remembers between two calls.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::super::listing::by_ids::{Id, Kept};
use super::super::listing::{AccountContext, Named};
use super::asks::AtOnce;

/// What the calls of one instance remember: data that is costly to read again. No answer depends on it.
#[derive(Debug)]
pub struct Memory {
    /// The id of the calls that it belongs to.
    id: u64,
    pub(super) context: AccountContext,
    /// The names that notices mention.
    pub(super) named: Named,
    /// Whether the server failed at the last request for activity.
    pub(super) activity_failed: bool,
    /// How many ids go into a request, if more were too many.
    pub(super) at_once: AtOnce,
    /// The ids that the lists gave.
    pub(super) kept: Kept,
    /// Those of them that have no profile.
    pub(super) absent: BTreeSet<Id>,
    /// The ids of the newest accounts, in ascending order.
    pub(super) newest: Vec<Id>,
}

impl Memory {
    /// An empty memory.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            id: 0,
            context: AccountContext::new(),
            named: Named::nothing(),
            activity_failed: false,
            at_once: AtOnce::unknown(),
            kept: Kept::nothing(),
            absent: BTreeSet::new(),
            newest: Vec::new(),
        }
    }

    /// Switches to the calls with this id, and forgets what it remembered for other calls.
    pub(super) fn take_up(&mut self, id: u64) {
        if self.id != id {
            *self = Self { id, activity_failed: self.activity_failed, at_once: self.at_once, ..Self::new() };
        }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}
