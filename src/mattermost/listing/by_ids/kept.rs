//! The ids that an instance keeps from one call to the next.

use alloc::vec::Vec;

use super::called::Called;
use super::id::Id;
use super::roll::place_behind;

/// The ids of a pass, kept for as long as the instance lives.
#[derive(Debug, Default)]
pub struct Kept {
    pass: u8,
    /// The roll call that the ids are from.
    called: Option<Called>,
    ids: Vec<Id>,
    /// Some of the ids whose profile did not come.
    absent: Vec<Id>,
}

/// The most ids without a profile that are kept: as many as go into one request.
const ABSENT_AT_MOST: usize = 1_000;

impl Kept {
    /// Nothing is kept yet.
    #[must_use]
    pub const fn nothing() -> Self {
        Self { pass: 0, called: None, ids: Vec::new(), absent: Vec::new() }
    }

    /// Keeps the ids that a pass is still to read, and perhaps some before them.
    #[must_use]
    pub const fn of(pass: u8, called: Called, ids: Vec<Id>) -> Self {
        Self { pass, called: Some(called), ids, absent: Vec::new() }
    }

    /// Whether these are the ids that a pass is still to read behind an id: of the same list and count, and as many. A
    /// failed step may have left those of another list.
    #[must_use]
    pub fn are_of(&self, pass: u8, called: Called, last: Option<Id>) -> bool {
        let is_same = self.pass == pass && self.called.is_some_and(|own| own.is_of_same_list(called));
        is_same && usize::try_from(called.behind) == Ok(self.behind(last).len())
    }

    /// The roll call of an earlier pass, and some of the ids whose profile did not come then.
    #[must_use]
    pub(super) fn of_before(self, pass: u8) -> Option<(Called, Vec<Id>)> {
        let Self { called, absent, .. } = self;
        called.filter(|_| self.pass < pass).map(|called| (called, absent))
    }

    /// Notes ids whose profile did not come.
    pub(super) fn note_absent(&mut self, ids: &[Id]) {
        let room = ABSENT_AT_MOST.saturating_sub(self.absent.len());
        self.absent.extend(ids.iter().take(room));
    }

    /// The ids behind an id.
    #[must_use]
    pub fn behind(&self, last: Option<Id>) -> &[Id] {
        self.ids.get(place_behind(&self.ids, last)..).unwrap_or_default()
    }
}
