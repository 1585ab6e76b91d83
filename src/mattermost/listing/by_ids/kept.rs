//! The ids that an instance keeps from one call to the next.

use alloc::vec::Vec;

use super::id::Id;

/// The ids of a pass, kept for as long as the instance lives.
#[derive(Debug, Default)]
pub struct Kept {
    pub(super) pass: u8,
    pub(super) ids: Vec<Id>,
}

impl Kept {
    /// Nothing is kept yet.
    #[must_use]
    pub const fn nothing() -> Self {
        Self { pass: 0, ids: Vec::new() }
    }
}
