//! The deadline of a whole request, whatever timeouts its parts have.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::failure::Failure;

/// The timeout if a guest sets none.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

/// The moment this long from now; a year from now if that is beyond the clock's range.
pub fn after(time: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(time).or_else(|| now.checked_add(Duration::from_secs(365 * 86_400))).unwrap_or(now)
}

/// The deadline of one request for everything: connection, sending, head and body of the answer. The time starts when
/// it is the request's turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    /// The deadline this long from now.
    pub(crate) fn of(time: Duration) -> Self {
        Self(after(time))
    }

    /// The moment after `pause`, or the deadline if that is earlier.
    pub(crate) fn at_most(self, pause: Duration) -> Instant {
        Instant::now().checked_add(pause).map_or(self.0, |moment| moment.min(self.0))
    }

    /// Whether the deadline has passed.
    pub(crate) fn has_passed(self) -> bool {
        Instant::now() >= self.0
    }

    /// Waits for a part of the request, for the guest's time but not beyond the deadline.
    ///
    /// # Errors
    /// `slow` after the guest's time, and [`Failure::RequestTimeout`] at the deadline.
    pub(crate) async fn within<T>(
        self,
        time: Option<Duration>,
        slow: Failure,
        part: impl Future<Output = T>,
    ) -> Result<T, Failure> {
        let until = self.at_most(time.unwrap_or(TIMEOUT));
        timeout_at(until, part).await.map_err(|_| if self.has_passed() { Failure::RequestTimeout } else { slow })
    }
}
