//! An account as a listing remembers it.

use provider_sdk::hash::fnv1a;
use provider_sdk::seen::Fingerprint;

/// An account on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mark {
    pub(super) key: Fingerprint,
    /// When it was created, in milliseconds since 1970.
    pub(super) created_ms: i64,
}

impl Mark {
    /// The mark of an account.
    #[must_use]
    pub fn of(id: &str, created_ms: i64) -> Self {
        Self { key: fingerprint(id), created_ms }
    }
}

/// The fingerprint of an account's id.
pub(super) fn fingerprint(id: &str) -> Fingerprint {
    Fingerprint::of(fnv1a(id.as_bytes()))
}
