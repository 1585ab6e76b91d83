//! What the proof must not do without: tests take it away, to see that they would notice.

/// A step that is left out or done wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// The count was asked for before the first list was there.
    CountBesideList,
    /// The lists are read once.
    NoSecondList,
    /// Ids without an account count as accounts.
    CountsOrphans,
    /// The first id behind the cursor is passed over by an instance that takes the listing up.
    SkipsBehindCursor,
    /// A sync does not mind new accounts that no list names.
    IgnoresUnlisted,
}

/// Whether this goes wrong now, which only tests make it do.
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
