//! How long a call has computed.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Adds up the time during which a call is being run. Clones share the sum.
///
/// Counting the ticks of the engine instead would charge a whole tick for each time that a guest wakes up, and a guest
/// that waits for many answers wakes up often.
#[derive(Clone)]
pub(crate) struct Meter {
    zero: Instant,
    sum: Arc<Sum>,
}

/// Nanoseconds. Only the thread that runs the call writes or reads them, hence the relaxed ordering.
#[derive(Default)]
struct Sum {
    earlier: AtomicU64,
    since: AtomicU64,
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self { zero: Instant::now(), sum: Arc::default() }
    }

    /// Begins a new call.
    pub(crate) fn reset(&self) {
        self.sum.earlier.store(0, Ordering::Relaxed);
        self.sum.since.store(self.now(), Ordering::Relaxed);
    }

    /// What the call has computed; asked from within it.
    pub(crate) fn spent(&self) -> Duration {
        let current = self.now().saturating_sub(self.sum.since.load(Ordering::Relaxed));
        Duration::from_nanos(self.sum.earlier.load(Ordering::Relaxed).saturating_add(current))
    }

    /// Runs a call and measures it.
    pub(crate) async fn run<F: Future>(&self, call: F) -> F::Output {
        let mut call = pin!(call);
        poll_fn(|context| {
            self.sum.since.store(self.now(), Ordering::Relaxed);
            let polled = call.as_mut().poll(context);
            let spent = self.spent();
            self.sum.earlier.store(u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
            polled
        })
        .await
    }

    fn now(&self) -> u64 {
        u64::try_from(self.zero.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiting_is_free_and_computing_is_not() {
        let meter = Meter::new();
        meter.reset();
        let spent = meter
            .run(async {
                for _ in 0..5 {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                let waited = meter.spent();
                std::thread::sleep(Duration::from_millis(30));
                (waited, meter.spent())
            })
            .await;
        assert!(spent.0 < Duration::from_millis(30), "after waiting: {:?}", spent.0);
        assert!(spent.1 >= Duration::from_millis(30), "after computing: {:?}", spent.1);
    }
}
