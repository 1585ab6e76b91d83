//! The saved listing since which changes are requested.

use provider_sdk::time::timestamp_ms;

use super::super::code::Code;
use super::super::failure::Failure;

/// How far before the watermark, in milliseconds, accounts count as recent and changes are requested again. A second
/// would be enough for one server, whose `Date` has whole seconds; the servers of a cluster have clocks of their own.
/// Requesting a change twice costs next to nothing.
const MARGIN_MS: i64 = 60_000;

/// What a host reports about the listing that it keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Baseline {
    /// When it began, in the server's time in milliseconds since 1970; `None` if that is not known.
    pub watermark_ms: Option<i64>,
    /// How many users it has.
    pub users: u32,
    /// Whether it was proven to be complete.
    pub proven: bool,
    /// Whether its records come from another version of the provider, or from other settings.
    pub outdated: bool,
}

impl Baseline {
    /// The baseline with this watermark.
    ///
    /// # Errors
    /// The watermark is not one that this provider returns.
    pub fn new(watermark: Option<&str>, users: u32, proven: bool, outdated: bool) -> Result<Self, Failure> {
        let stale = || Failure::new(Code::CursorStale, "the watermark is not one that this version returns");
        let watermark_ms = watermark.map(|text| timestamp_ms(text).ok_or_else(stale)).transpose()?;
        Ok(Self { watermark_ms, users, proven, outdated })
    }

    /// The time from which on accounts may be new, in milliseconds since 1970.
    pub(super) fn recent_from_ms(self) -> i64 {
        self.watermark_ms.unwrap_or_default().saturating_sub(MARGIN_MS)
    }

    pub(super) fn is_recent(self, created_ms: i64) -> bool {
        created_ms >= self.recent_from_ms()
    }

    /// Whether a saved record may be outdated although the server reports no change since the watermark: then every
    /// account is read.
    pub(super) const fn needs_everything(self) -> bool {
        self.outdated || !self.proven || self.watermark_ms.is_none()
    }
}
