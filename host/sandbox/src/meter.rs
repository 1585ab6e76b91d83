//! Measures the computing time of a call.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A clock of the thread that asks it: what it says of two threads cannot be compared.
pub(crate) type CpuClock = fn() -> Duration;

/// The processor time that the calling thread has used. It stands still while the thread does not run: while the machine
/// is busy with others, while the process is stopped, and while a virtual machine is paused.
#[cfg(unix)]
pub(crate) fn thread_cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// The wall clock, on systems where this library does not read the processor time of a thread.
#[cfg(not(unix))]
pub(crate) fn thread_cpu_time() -> Duration {
    static START: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    START.elapsed()
}

/// Adds up what a call computes: the processor time of the thread that polls it, poll by poll. Clones share the sum.
///
/// A poll stays on one thread from its beginning to its end, and the next one may run on another. The ticks of the engine
/// only wake a guest up so that its time is looked at: counting them would charge a whole tick for each time that a guest
/// wakes up, and a guest that waits for many answers wakes up often.
#[derive(Clone)]
pub(crate) struct Meter {
    clock: CpuClock,
    sum: Arc<Sum>,
}

/// Nanoseconds. Only the thread that runs the call writes or reads them, hence the relaxed ordering.
#[derive(Default)]
struct Sum {
    earlier: AtomicU64,
    since: AtomicU64,
}

impl Meter {
    /// A meter that reads this clock.
    pub(crate) fn new(clock: CpuClock) -> Self {
        Self { clock, sum: Arc::default() }
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
        u64::try_from((self.clock)().as_nanos()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        static TIME: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    }

    fn set_time() -> Duration {
        TIME.get()
    }

    fn compute(ms: u64) {
        TIME.set(TIME.get() + Duration::from_millis(ms));
    }

    #[tokio::test]
    async fn only_the_time_within_polls_counts() {
        let meter = Meter::new(set_time);
        for _ in 0..2 {
            compute(1_000);
            meter.reset();
            compute(500);
            let within = meter
                .run(async {
                    compute(30);
                    for _ in 0..5 {
                        tokio::task::yield_now().await;
                        compute(2);
                    }
                    meter.spent()
                })
                .await;
            assert_eq!(within, Duration::from_millis(40));
        }
    }

    /// A thread that sleeps in the middle of a poll is one that does not run: as when the process is stopped by a signal,
    /// when its machine is paused, or when others have the processor.
    #[cfg(unix)]
    #[tokio::test]
    async fn a_thread_that_does_not_run_spends_nothing() {
        let meter = Meter::new(thread_cpu_time);
        meter.reset();
        let pause = Duration::from_millis(500);
        let spent = meter
            .run(async {
                std::thread::sleep(pause);
                meter.spent()
            })
            .await;
        assert!(spent < pause / 2, "{spent:?} while the thread slept for {pause:?}");
    }

    /// However long that takes on a busy machine.
    #[tokio::test]
    async fn a_thread_that_computes_spends_its_time() {
        let meter = Meter::new(thread_cpu_time);
        meter.reset();
        let much = Duration::from_millis(20);
        meter.run(async { while meter.spent() < much {} }).await;
        assert!(meter.spent() >= much);
    }
}
