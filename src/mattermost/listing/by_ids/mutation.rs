//! Steps that the proof needs. Tests leave them out one by one, and check that this is noticed.

/// A step that is left out or done wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// The count is requested before the first list has come.
    CountBesideList,
    /// The lists are read once.
    NoSecondList,
    /// Ids without an account count as accounts.
    CountsOrphans,
    /// A fresh instance that continues the listing skips the first id behind the cursor.
    SkipsBehindCursor,
    /// A sync does not mind new accounts that no list names.
    IgnoresUnlisted,
}

/// Whether a test makes this go wrong now.
#[cfg(not(test))]
pub const fn is(_: Mutation) -> bool {
    false
}

#[cfg(test)]
std::thread_local! {
    pub(in crate::mattermost) static NOW: core::cell::Cell<Option<Mutation>> = const { core::cell::Cell::new(None) };
}

/// Whether this goes wrong now.
#[cfg(test)]
pub fn is(mutation: Mutation) -> bool {
    NOW.get() == Some(mutation)
}
