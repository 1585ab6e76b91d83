//! When a request must be over, whatever its parts may take.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::failure::Failure;
use crate::clock;

/// What holds where a guest asks for no timeout.
pub(super) const TIMEOUT: Duration = Duration::from_secs(60);

/// The end of one request: its connection, its sending, the head and the body of its answer. It begins when the request's
/// turn has come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(Instant);

impl Deadline {
    /// So long from now.
    pub(super) fn of(time: Duration) -> Self {
        Self(clock::after(time))
    }

    /// A moment after so long, and the deadline at the latest.
    pub(super) fn at_most(self, pause: Duration) -> Instant {
        Instant::now().checked_add(pause).map_or(self.0, |moment| moment.min(self.0))
    }

    /// Whether it is over.
    pub(super) fn has_passed(self) -> bool {
        Instant::now() >= self.0
    }

    /// Waits for a part of the request, as long as the guest says and no longer than to the deadline.
    ///
    /// # Errors
    /// `slow` after the guest's time, and [`Failure::RequestTimeout`] at the deadline.
    pub(super) async fn within<T>(
        self,
        time: Option<Duration>,
        slow: Failure,
        part: impl Future<Output = T>,
    ) -> Result<T, Failure> {
        let until = self.at_most(time.unwrap_or(TIMEOUT));
        timeout_at(until, part).await.map_err(|_| if self.has_passed() { Failure::RequestTimeout } else { slow })
    }
}
