//! What is asked beside the accounts, how much at once, and what comes of it.

use super::super::code::NoticeCode;
use super::super::listing::Census;
use super::super::version::Version;

/// What is asked beside the accounts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asks {
    /// For their last activity.
    pub(super) activity: bool,
    /// The server failed at that before.
    pub(super) failed_before: bool,
}

/// What came of a step, or why what changed cannot be told.
#[derive(Clone, Debug)]
pub(super) enum Verdict<T> {
    Well(T),
    Impossible(NoticeCode),
}

/// The bytes of a request's body that the server takes. One that does not tell its version may be an old one.
pub(super) fn body_bytes(census: &Census) -> usize {
    census.version.unwrap_or(Version::new(0, 0)).body_bytes()
}
