//! The deadline of a whole request, whatever timeouts its parts have.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::failure::Failure;

/// The timeout if a guest sets none.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

/// The moment after so long. One beyond the clock's range is as good as a year.
pub fn after(time: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(time).or_else(|| now.checked_add(Duration::from_secs(365 * 86_400))).unwrap_or(now)
}

/// The end of one request: its connection, its sending, the head and the body of its answer. It begins when the request's
/// turn has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    /// So long from now.
    pub(crate) fn of(time: Duration) -> Self {
        Self(after(time))
    }

    /// A moment after so long, and the deadline at the latest.
    pub(crate) fn at_most(self, pause: Duration) -> Instant {
        Instant::now().checked_add(pause).map_or(self.0, |moment| moment.min(self.0))
    }

    /// Whether it is over.
    pub(crate) fn has_passed(self) -> bool {
        Instant::now() >= self.0
    }

    /// Waits for a part of the request, as long as the guest says and no longer than to the deadline.
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
