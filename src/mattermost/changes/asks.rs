//! What is asked beside the accounts, how much at once, and what comes of it.

use core::cell::Cell;

use super::super::code::NoticeCode;
use super::super::listing::Census;
use super::super::version::Version;

/// What is asked beside the accounts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asks<'a> {
    /// For their last activity.
    pub(super) activity: bool,
    /// The server failed at that before.
    pub(super) failed_before: bool,
    /// How many ids go into a question, where more were too many.
    pub(super) at_once: &'a Cell<AtOnce>,
}

/// How many ids a question may have at most, as the server's refusals have shown; `None` where it has refused none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AtOnce {
    /// One for when accounts were last active.
    pub(super) activity: Option<usize>,
    /// One for accounts.
    pub(super) accounts: Option<usize>,
}

impl AtOnce {
    /// Nothing was refused yet.
    pub(super) const fn unknown() -> Self {
        Self { activity: None, accounts: None }
    }
}

/// What came of a step, or why nobody can say what changed.
#[derive(Clone, Debug)]
pub(super) enum Verdict<T> {
    Well(T),
    Impossible(NoticeCode),
}

/// The bytes of a request's body that the server takes. One that does not tell its version may be an old one.
pub(super) fn body_bytes(census: &Census) -> usize {
    census.version.unwrap_or(Version::new(0, 0)).body_bytes()
}
