//! The server's time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use axum::http::HeaderValue;
use chrono::DateTime;

/// A clock that never goes back: the time of the start, and what has passed since. New accounts and the `Date` of every
/// answer take their time from it, so that no account is older than an answer that could not yet know of it.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    start_ms: i64,
    started: Instant,
    /// By how much it has leapt ahead, in milliseconds.
    ahead_ms: Arc<AtomicI64>,
}

impl Clock {
    pub(crate) fn starting_at(start_ms: i64) -> Self {
        Self { start_ms, started: Instant::now(), ahead_ms: Arc::default() }
    }

    /// Milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> i64 {
        let passed = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.start_ms.saturating_add(passed).saturating_add(self.ahead_ms.load(Ordering::Relaxed))
    }

    /// Lets so many milliseconds pass at once.
    pub(crate) fn leap(&self, ms: i64) {
        self.ahead_ms.fetch_add(ms, Ordering::Relaxed);
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
        clock.leap(60_000);
        assert_eq!(clock.clone().date().unwrap(), "Sun, 06 Nov 1994 08:50:37 GMT");
    }
}
