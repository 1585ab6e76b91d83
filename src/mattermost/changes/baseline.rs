//! The listing since which changes are asked for.

use provider_sdk::time::timestamp_ms;

use super::super::code::Code;
use super::super::failure::Failure;

/// How far before the watermark (milliseconds) accounts count as recent and changes are asked for again. A second would do
/// for one server, whose `Date` has whole seconds; the servers of a cluster have clocks of their own. What is asked for
/// twice costs next to nothing.
const MARGIN_MS: i64 = 60_000;

/// What a host keeps of an earlier listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Baseline {
    /// When it began, in the server's time in milliseconds since 1970.
    pub watermark_ms: i64,
    /// How many users it has.
    pub users: u32,
}

impl Baseline {
    /// The baseline with this watermark.
    ///
    /// # Errors
    /// The watermark is none of a listing of this provider.
    pub fn new(watermark: &str, users: u32) -> Result<Self, Failure> {
        let watermark_ms = timestamp_ms(watermark)
            .ok_or_else(|| Failure::new(Code::CursorStale, "the watermark is none that this version has given"))?;
        Ok(Self { watermark_ms, users })
    }

    /// From when on accounts may be new, in milliseconds since 1970.
    pub(super) const fn recent_from_ms(self) -> i64 {
        self.watermark_ms.saturating_sub(MARGIN_MS)
    }

    pub(super) const fn is_recent(self, created_ms: i64) -> bool {
        created_ms >= self.recent_from_ms()
    }
}
