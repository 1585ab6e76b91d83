//! The server's time.

use std::time::Instant;

use axum::http::HeaderValue;
use chrono::DateTime;

/// A clock that never goes back: the time of the start, and what has passed since. New accounts and the `Date` of every
/// answer take their time from it, so that no account is older than an answer that could not yet know of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start_ms: i64,
    started: Instant,
}

impl Clock {
    pub(crate) fn starting_at(start_ms: i64) -> Self {
        Self { start_ms, started: Instant::now() }
    }

    /// Milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> i64 {
        let passed = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.start_ms.saturating_add(passed)
    }

    /// The value of a `Date` header, in full seconds.
    pub(crate) fn date(&self) -> Option<HeaderValue> {
        let now = DateTime::from_timestamp_millis(self.now_ms())?;
        HeaderValue::from_str(&now.format("%a, %d %b %Y %H:%M:%S GMT").to_string()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_as_http_wants_it() {
        let clock = Clock::starting_at(784_111_777_000);
        assert_eq!(clock.date().unwrap(), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert!(clock.now_ms() >= 784_111_777_000);
    }
}
